#!/usr/bin/env bats
# What branches and tags of git still mean, read out of git without a checkout.

load ../lib/rig

setup() {
	need python3 jq git ocifp
	rig_setup
	export GIT_CONFIG_GLOBAL=$T/gitconfig GIT_CONFIG_NOSYSTEM=1
	git config --global user.name rig
	git config --global user.email rig@localhost
	git config --global init.defaultBranch main
	git config --global protocol.file.allow always
	git init -q .
}

teardown() {
	rig_teardown
}

commit() {
	git add -A
	git commit -qm "${1:-change}"
}

# make_image TAG...: each in the layout, each another one.
make_image() {
	local tag
	for tag; do
		mkimage image "$T/lay" "$tag" --layers 1k --annotate "tag=$tag" --platform linux/amd64 >/dev/null
	done
}

project() {
	printf 'version: 1\nimages:\n  app:\n    repository: "oci:%s"\n    inputs: [src]\n' "$T/lay" >.ocifp.yaml
}

# change TEXT: the source changes, and is committed; prints the tag.
change() {
	mkdir -p src
	echo "$1" >src/file
	commit >&2
	ocifp fingerprint app 3>&-
}

# prune ARGUMENTS...: the plan, and in $kept the tags that stay.
prune() {
	ocifp_run prune --json app "$@"
	kept=$(jq -r '[.kept[]?.tags[]] | sort | join(" ")' <<<"$stdout")
}

# assert_kept TAG...
assert_kept() {
	assert_status 0
	assert_equal "$kept" "$(printf '%s\n' "$@" | sort | xargs)"
}

@test "images of branches and tags are kept, what no ref means any longer goes" {
	project
	local old tagged branch now
	old=$(change old)
	tagged=$(change tagged)
	git tag -a -m release v1
	git checkout -qb topic
	branch=$(change branch)
	git checkout -q main
	now=$(change now)
	make_image "$old" "$tagged" "$branch" "$now" "$now-linux-amd64" latest
	prune
	assert_kept "$tagged" "$branch" "$now" "$now-linux-amd64"
	assert_json '[.removed[].tags[]] | sort == (["latest", "'"$old"'"] | sort)'
	assert_json '[.kept[].why] | any(test("^the fingerprint of refs/tags/v1$"))'
	prune --keep-tag latest --keep-git-ref refs/heads/topic
	assert_kept "$branch" latest "$now" "$now-linux-amd64"
	prune --keep-tag latest --keep-git never
	assert_kept latest
}

@test "what .ocifp.lock of a ref locks is kept by its digest" {
	project
	local tag
	tag=$(change one)
	make_image "$tag" elsewhere other
	jq -n --arg f "$(ocifp fingerprint --length 64 app)" --arg d "$(mkimage digest "$T/lay" elsewhere)" \
		'{images: {app: {fingerprint: $f, digest: $d}}, pins: {}, version: 1}' >.ocifp.lock
	commit lock
	prune
	assert_kept "$tag" elsewhere
}

@test "the project file of each ref decides, in a directory of the repository too" {
	mkdir deep && cd deep
	project
	local first second
	first=$(change first)
	git checkout -qb renamed
	mkdir other && echo x >other/file
	printf 'version: 1\nimages:\n  base:\n    repository: "oci:/x"\n    inputs: [other]\n    length: 20\n  app:\n    needs: [base]\n    repository: "oci:/y"\n    inputs: [src]\n' >.ocifp.yaml
	commit
	second=$(ocifp fingerprint base 3>&-)\ $(ocifp fingerprint app 3>&-)
	git checkout -q main
	# shellcheck disable=SC2086
	make_image $first $second dead
	prune
	# shellcheck disable=SC2086
	assert_kept $first $second
}

@test "a branch that only origin has stops it, until it is fetched" {
	project
	local here there
	here=$(change here)
	git clone -q --bare . "$T/origin.git"
	git clone -q "$T/origin.git" "$T/other"
	(cd "$T/other" && git checkout -qb theirs && echo there >src/file && git commit -qam there && git push -q origin theirs)
	there=$(cd "$T/other" && ocifp fingerprint app 3>&-)
	make_image "$here" "$there" dead
	git remote add origin "$T/origin.git"
	ocifp_run prune app --yes
	assert_failed 9
	assert_stderr_has "'refs/heads/theirs' of origin is not here"
	prune --keep-git local
	assert_kept "$here"
	git fetch -q --depth 1 origin '+refs/heads/*:refs/remotes/origin/*'
	prune
	assert_kept "$here" "$there"
	git remote set-url origin "$T/nowhere.git"
	ocifp_run prune app --yes
	assert_failed 5
	assert_stderr_has 'which branches and tags origin has'
	assert_equal "$(ocifp tags "oci:$T/lay" 3>&- | wc -l)" 3
}

@test "a ref whose fingerprint cannot be computed stops it: nothing is deleted on a guess" {
	project
	local tag
	tag=$(change good)
	make_image "$tag" dead
	git checkout -qb broken
	local breakage
	for breakage in 'rm -r src' 'echo "version: 7" >.ocifp.yaml' 'echo "*.png filter=lfs" >.gitattributes' \
		'echo "src/* text eol=crlf" >.gitattributes' 'ln -s /etc src/../link; sed -i s/src/link/ .ocifp.yaml'; do
		git checkout -q -B broken main
		eval "$breakage"
		commit
		git checkout -q main
		ocifp_run prune app --yes
		[ "$status" -ne 0 ] || fail "was not stopped by: $breakage" "$told"
		assert_stderr_has "the fingerprints of 'refs/heads/broken' cannot be told"
		assert_equal "$(ocifp tags "oci:$T/lay" 3>&- | wc -l)" 2
	done
	prune --keep-git-ref refs/heads/main
	assert_kept "$tag"
}

@test "outside git, or for a plain repository, a rule has to be named" {
	rm -rf .git
	project
	mkdir src && echo x >src/file
	make_image one
	ocifp_run prune app
	assert_failed 2
	ocifp_run prune --keep-git auto "oci:$T/lay"
	assert_failed 2
	prune --keep-tag one
	assert_kept one
}

@test "whatever a tree holds, a ref's fingerprint is that of its checkout, or it cannot be told" {
	local count=${OCIFP_TEST_BRANCHES:-40} branch expected told_count=0
	mkdir "$T/repo"
	git -C "$T/repo" init -q
	python3 "$RIG_LIB/random_project.py" "$T/repo" "$count" 7
	git -C "$T/repo" checkout -q --orphan empty
	git -C "$T/repo" rm -rfq .
	git -C "$T/repo" clean -fdqx
	git -C "$T/repo" commit -q --allow-empty -m empty
	for branch in $(seq 0 $((count - 1))); do
		git -C "$T/repo" worktree add -q "$T/tree$branch" "b$branch"
		expected=$(cd "$T/tree$branch" && ocifp fingerprint app 2>"$T/why$branch" 3>&-) || expected=
		echo "$expected" >"$T/expected$branch"
		[ -z "$expected" ] || make_image "$expected"
	done
	make_image dead
	cd "$T/repo"
	project
	for branch in $(seq 0 $((count - 1))); do
		expected=$(cat "$T/expected$branch")
		prune --keep-tag dead --keep-git-ref "refs/heads/b$branch"
		if [ "$status" -ne 0 ]; then
			[ -z "$expected" ] || assert_stderr_has 'submodule|is the whole directory|link out of' ||
				fail "b$branch has $expected" "$(cat "$T/tree$branch/.ocifp.yaml")" "$told"
			continue
		fi
		[ -n "$expected" ] || fail "b$branch: $(cat "$T/why$branch")" "$(cat "$T/tree$branch/.ocifp.yaml")" "$told"
		assert_kept "$expected" dead
		told_count=$((told_count + 1))
	done
	[ "$told_count" -gt $((count / 3)) ] || fail "only $told_count of $count could be told"
}
