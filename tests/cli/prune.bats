#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What branches and tags of git still mean.

load ../lib/rig

setup() {
	need python3 jq git ocifp
	rig_setup
	git_of_its_own
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

# checkout_fingerprint REF: that of a fresh checkout.
checkout_fingerprint() {
	git worktree add -q --detach "$T/checkout" "$1"
	(cd "$T/checkout" && ocifp fingerprint app 3>&-)
	git worktree remove --force "$T/checkout"
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
	assert_stderr_has "'refs/heads/theirs' of origin was not fetched"
	prune --keep-git local
	assert_kept "$here"
	git fetch -q --depth 1 origin '+refs/heads/*:refs/remotes/origin/*'
	prune
	assert_kept "$here" "$there"
	git remote set-url origin "$T/nowhere.git"
	ocifp_run prune app --yes
	assert_failed 5
	assert_stderr_has 'cannot list the branches and tags of origin'
	assert_equal "$(ocifp tags "oci:$T/lay" 3>&- | wc -l)" 3
}

@test "a ref whose fingerprint cannot be computed stops it: nothing is deleted on a guess" {
	project
	local tag
	tag=$(change good)
	make_image "$tag" dead
	git checkout -qb broken
	local breakage
	for breakage in 'rm -r src' 'echo "version: 7" >.ocifp.yaml' 'echo "src/* filter=secret" >.gitattributes' \
		'ln -s /etc src/../link; sed -i s/src/link/ .ocifp.yaml'; do
		git checkout -q -B broken main
		eval "$breakage"
		commit
		git checkout -q main
		ocifp_run prune app --yes
		assert_failed 2
		assert_stderr_has "cannot compute the fingerprints of 'refs/heads/broken'"
		assert_equal "$(ocifp tags "oci:$T/lay" 3>&- | wc -l)" 2
	done
	prune --keep-git-ref refs/heads/main
	assert_kept "$tag"
}

@test "line ends, keywords and encodings count as git writes them to the disk" {
	project
	mkdir src
	printf 'one\ntwo\n' >src/a.txt
	printf 'of $Id$\n' >src/id
	printf 'gr\303\274n\n' >src/wide
	printf 'x\r\ny\n' >src/mixed
	printf '*.txt text eol=crlf\n[attr]mine ident\nid mine\nmixed text=auto eol=crlf\n' >src/.gitattributes
	printf 'src/wide text working-tree-encoding=UTF-16LE\n*.other filter=secret\n' >.gitattributes
	touch elsewhere.other
	commit
	local raw first second
	raw=$(ocifp fingerprint app 3>&-)
	first=$(checkout_fingerprint main)
	[ "$first" != "$raw" ] || fail 'the checkout has what git has'
	git checkout -qb next
	echo 'a.txt -text' >>src/.gitattributes
	commit
	second=$(checkout_fingerprint next)
	sed -i 's/inputs: .*/inputs: [src]\n    scheme: concat/' .ocifp.yaml
	commit concat
	git checkout -qb third
	make_image "$first" "$second" "$(checkout_fingerprint third)" dead
	git checkout -q main
	git branch -f next third~1
	prune
	assert_json '[.removed[].tags[]] == ["dead"]'
	git config core.attributesFile "$T/attributes"
	echo '* eol=crlf' >"$T/attributes"
	prune
	assert_json '[.removed[].tags[]] == ["dead"]'
	[ -z "$(find "${TMPDIR:-/tmp}" -maxdepth 1 -name 'ocifp-git-*' -newer "$T/attributes")" ]
	git config core.autocrlf yes
	ocifp_run prune app
	assert_failed 2
	assert_stderr_has 'core.autocrlf'
}

# lfs_pointer TEXT: what git has of a file with this text that LFS keeps.
lfs_pointer() {
	printf 'version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize %d\n' \
		"$(printf %s "$1" | sha256sum | cut -d ' ' -f 1)" ${#1}
}

@test "what LFS keeps counts as its pointer and as itself, as jobs check out the one or the other" {
	project
	local pointers contents
	mkdir src && echo x >src/file
	echo '*.bin filter=lfs diff=lfs merge=lfs -text' >.gitattributes
	lfs_pointer 'the large file' >src/a.bin
	echo 'was never given to LFS' >src/b.bin
	: >src/empty.bin
	commit
	pointers=$(ocifp fingerprint app 3>&-)
	printf %s 'the large file' >src/a.bin
	contents=$(ocifp fingerprint app 3>&-)
	make_image "$pointers" "$contents" dead
	git -c filter.lfs.clean=false checkout -q . 2>/dev/null || true
	prune
	assert_kept "$pointers" "$contents"

	sed -i 's/inputs: .*/inputs: [src]\n    scheme: concat/' .ocifp.yaml
	git add .ocifp.yaml && git commit -qm concat
	ocifp_run prune app
	assert_failed 2
	assert_stderr_has "'src/a.bin' is kept by LFS"
	git checkout -qb unknown HEAD~1
	printf 'version https://git-lfs.github.com/spec/v1\next-0-foo sha256:00\n' >src/b.bin
	git -c filter.lfs.clean=cat commit -qam extension
	ocifp_run prune app --keep-git-ref refs/heads/unknown
	assert_failed 2
	assert_stderr_has "'src/b.bin' is an LFS pointer in an unknown form"
}

@test "git-lfs itself: a checkout with it and one without it are both kept" {
	need git_lfs
	git lfs install --skip-repo >/dev/null
	git lfs track '*.bin' >/dev/null
	project
	mkdir src && head -c 100000 /dev/zero >src/zeros.bin && echo short >src/short.bin
	commit
	git cat-file blob HEAD:src/zeros.bin | grep -q '^version https://git-lfs'
	local with without
	with=$(checkout_fingerprint main)
	without=$(GIT_LFS_SKIP_SMUDGE=1 checkout_fingerprint main)
	[ "$with" != "$without" ] || fail 'LFS did nothing'
	make_image "$with" "$without" dead
	prune
	assert_kept "$with" "$without"
}

@test "a submodule stops it only where an input lies in it" {
	git init -q "$T/library"
	(cd "$T/library" && mkdir in && echo l >in/file && git add -A && git commit -qm l)
	git submodule --quiet add "$T/library" lib
	project
	local tag inputs
	tag=$(change one)
	make_image "$tag" dead
	prune
	assert_kept "$tag"
	for inputs in '[src, lib]' '[src, .]' '[src, lib/in/file]' '[src, lib/in]\n    optional: [lib/in]' \
		'[src, lib/]\n    optional: [lib]\n    scheme: concat' '[link]'; do
		git checkout -q -B broken main
		ln -s lib/in/file link
		sed -i "s/inputs: .*/inputs: ${inputs//\//\\/}/" .ocifp.yaml
		commit
		git checkout -q main
		ocifp_run prune app --yes
		assert_failed 2
		assert_stderr_has 'is, contains or is in a submodule'
	done
	git checkout -q broken
	sed -i 's/inputs: .*/inputs: [src, .]\n    exclude: [lib, .gitmodules, link]/' .ocifp.yaml
	commit
	make_image "$(ocifp fingerprint app 3>&-)"
	prune
	[ "$status" -eq 0 ] || fail "$told"
	assert_json '[.removed[].tags[]] == ["dead"]'
}

# A plain http server of a repository that wants a password and a header of its own.
serve_git() {
	git init -q --bare "$T/origin.git"
	git push -q "$T/origin.git" main
	git -C "$T/origin.git" update-server-info
	cat >"$T/serve.py" <<-'PYTHON'
		import base64, http.server, sys
		class Handler(http.server.SimpleHTTPRequestHandler):
		    def do_GET(self):
		        wanted = "Basic " + base64.b64encode(b"me:pw").decode()
		        if self.headers.get("X-Rig") != "yes":
		            return self.send_error(403)
		        if self.headers.get("Authorization") != wanted:
		            self.send_response(401)
		            self.send_header("WWW-Authenticate", "Basic realm=x")
		            self.send_header("Content-Length", "0")
		            return self.end_headers()
		        super().do_GET()
		server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
		print(server.server_port, file=open(sys.argv[1] + ".new", "w"), flush=True)
		__import__("os").rename(sys.argv[1] + ".new", sys.argv[1])
		server.serve_forever()
	PYTHON
	(cd "$T" && exec python3 "$T/serve.py" "$T/port") >/dev/null 2>&1 3>&- &
	echo $! >"$T/pids/git"
	wait_for test -s "$T/port"
}

@test "a local repository that git cannot read is a local error" {
	need git
	project
	make_image "$(change here)" dead
	rm -rf .git/objects && mkdir .git/objects
	ocifp_run prune --keep-git local app
	assert_failed 10
	assert_stderr_has 'git .* ended with status'
}

@test "origin is asked with the credential helper and the header of .git/config" {
	need python3 git
	project
	local here
	here=$(change here)
	make_image "$here" dead
	serve_git
	git remote add origin "http://127.0.0.1:$(cat "$T/port")/origin.git"
	ocifp_run prune app
	assert_failed 5
	git config credential.helper '!f() { printf "username=me\npassword=pw\n"; }; f'
	git config http.extraheader 'X-Rig: yes'
	prune
	assert_kept "$here"
}

@test "a project in a folder that is a bare repository asks no origin of that" {
	local here
	git init -q --bare sub
	git -C sub config remote.origin.url ssh://nobody@localhost/x
	git -C sub config core.sshCommand "touch $T/ran; false"
	(cd sub && project && mkdir src && echo x >src/file)
	git add -f sub/.ocifp.yaml sub/src sub/HEAD sub/config
	git commit -qm sub
	here=$(ocifp fingerprint -C sub app 3>&-)
	make_image "$here" dead
	prune -C sub
	assert_kept "$here"
	[ ! -e "$T/ran" ] || fail "the sshCommand of the folder ran"
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
			[ -z "$expected" ] || assert_stderr_has 'submodule|is the whole directory|link that leaves' ||
				fail "b$branch has $expected" "$(cat "$T/tree$branch/.ocifp.yaml")" "$told"
			continue
		fi
		[ -n "$expected" ] || fail "b$branch: $(cat "$T/why$branch")" "$(cat "$T/tree$branch/.ocifp.yaml")" "$told"
		assert_kept "$expected" dead
		told_count=$((told_count + 1))
	done
	[ "$told_count" -gt $((count / 3)) ] || fail "only $told_count of $count could be told"
}
