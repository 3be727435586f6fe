#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The fingerprint of inputs, on the command line: held against the shell, and against itself under
# other circumstances.

load ../lib/rig

setup() {
	rig_setup
}

teardown() {
	rig_teardown
}

# fingerprint OPTION...: all 64 digits
fingerprint() {
	ocifp fingerprint --length 64 "$@" 3>&-
}

# concat_by_shell FILES... -- DIRS...: what concat means
concat_by_shell() {
	local files=()
	while [ "$1" != -- ]; do
		files+=("$1")
		shift
	done
	shift
	{
		[ ${#files[@]} -eq 0 ] || cat "${files[@]}"
		[ $# -eq 0 ] || find "$@" -type f -print0 | LC_ALL=C sort -z | xargs -0 cat
	} | sha256sum | cut -d ' ' -f 1
}

# entry PATH: of the record of tree, by the shell
entry() {
	local mode=100644 hash size
	if [ -L "$1" ]; then
		mode=120000
		hash=$(readlink -n "$1" | sha256sum)
		size=$(readlink -n "$1" | wc -c)
	else
		[ -z "$(find "$1" -maxdepth 0 -perm -100)" ] || mode=100755
		hash=$(sha256sum <"$1")
		size=$(wc -c <"$1")
	fi
	printf '%s %s %s %s\0' $mode "$size" "${hash%% *}" "$1"
}

# tree_by_shell DIR [ARG...]: what tree means; arguments in byte order
tree_by_shell() {
	local path argument
	{
		printf 'ocifp-tree-1\n'
		find "$1" -name .git -prune -o ! -name .ocifp.lock \( -type f -o -type l \) -print0 |
			LC_ALL=C sort -z | while IFS= read -r -d '' path; do entry "$path"; done
		for argument in "${@:2}"; do printf 'arg %s\0' "$argument"; done
	} | sha256sum | cut -d ' ' -f 1
}

odd_tree() {
	mkdir -p "$1/sub/deep" "$1/hollow" "$1/.git" "$1/ "
	printf one >"$1/a b"
	printf two >"$1/new"$'\n'line
	printf three >"$1/"$'\xff\xfe'
	printf four >"$1/é"
	printf five >"$1/-rf"
	printf six >"$1/sub.d"
	printf seven >"$1/sub/deep/x"
	printf eight >"$1/ /\\"
	printf nine >"$1/.git/HEAD"
	printf ten >"$1/.ocifp.lock"
	: >"$1/empty"
	printf '\0\0' >"$1/nul"
	printf '#!/bin/sh\n' >"$1/run" && chmod 755 "$1/run"
	ln -s run "$1/link"
	ln -s nowhere "$1/dangling"
}

@test "tree is what its manual says, on odd names" {
	odd_tree in
	assert_equal "$(fingerprint --input in)" "$(tree_by_shell in)"
	assert_equal "$(fingerprint --input in --arg B=2 --arg "A=x y")" "$(tree_by_shell in 'A=x y' B=2)"
}

@test "concat is what the shell computes, on odd names" {
	odd_tree in
	odd_tree 'other dir'
	echo first >b && echo second >a && ln -s b link
	mkdir empty
	assert_equal "$(fingerprint --scheme concat --input in)" "$(concat_by_shell -- in)"
	assert_equal "$(fingerprint --scheme concat --input b --input in/ --input a --input 'other dir')" \
		"$(concat_by_shell b a -- in/ 'other dir')"
	assert_equal "$(fingerprint --scheme concat --input link --input a --input a)" \
		"$(concat_by_shell link a a --)"
	assert_equal "$(fingerprint --scheme concat --input 'other dir' --input ./in --input in//)" \
		"$(concat_by_shell -- 'other dir' ./in in//)"
	assert_equal "$(fingerprint --scheme concat --input in/sub --input in)" \
		"$(concat_by_shell -- in/sub in)"
	assert_equal "$(fingerprint --scheme concat --input empty --input b)" "$(concat_by_shell b -- empty)"
	assert_equal "$(fingerprint --scheme concat --input empty)" "$(concat_by_shell -- empty)"
}

@test "concat equals the pipeline that people have, for ordinary names" {
	mkdir -p src-scripts/lib
	for name in Dockerfile Makefile install.sh src-scripts/{b,a}.sh src-scripts/lib/c.sh; do
		echo "$name" >"$name"
	done
	assert_equal "$(fingerprint --scheme concat --input Dockerfile --input Makefile --input install.sh --input src-scripts)" \
		"$( (cat Dockerfile Makefile install.sh; find src-scripts -type f | LC_ALL=C sort | xargs cat) |
			openssl dgst -sha256 | sed 's/.* //')"
}

@test "the example of the manual" {
	mkdir src
	echo 'FROM scratch' >Dockerfile
	printf '#!/bin/sh\necho hi\n' >src/install.sh && chmod 755 src/install.sh
	assert_equal "$(fingerprint --input Dockerfile --input src --arg RUST_VERSION=1.93.1)" \
		21b8dec7ca54cfd39956088d3148efd203a722f85e530f161d03ac560a10d3ea
	assert_equal "$(fingerprint --scheme concat --input Dockerfile --input src)" \
		d1242d908ccb89c027855f28f5e9d2ad706238dddef8bcd39620d1df94909aa5
}

@test "locale, time zone, umask and the working directory's name do not matter" {
	odd_tree in
	local expected
	expected=$(fingerprint --input in)
	assert_equal "$(LC_ALL=de_DE.UTF-8 fingerprint --input in)" "$expected"
	assert_equal "$(LC_ALL=C fingerprint --input in)" "$expected"
	assert_equal "$(TZ=Pacific/Kiritimati fingerprint --input in)" "$expected"
	assert_equal "$(umask 077 && fingerprint --input in)" "$expected"
	cp -a in .. && touch ../in/run
	assert_equal "$(cd .. && fingerprint --input in)" "$expected"
	ln -s "$PWD" ../linked
	assert_equal "$(cd ../linked && fingerprint --input in)" "$expected"
	assert_equal "$(cd / && fingerprint --directory "$PWD/../..$OLDPWD" --input in)" "$expected"
}

@test "prints the tag, or as many digits as are asked for" {
	printf x >x
	ocifp_run fingerprint --input x
	assert_status 0
	[[ $stdout =~ ^[0-9a-f]{12}$ ]] || fail "no tag: $stdout"
	local tag=$stdout
	ocifp_run fingerprint --input x --length 64
	[[ $stdout =~ ^${tag}[0-9a-f]{52}$ ]] || fail "not 64 digits: $stdout"
	ocifp_run fingerprint --input x --length 1
	assert_stdout "${tag:0:1}"
	for length in 65 -1 x 99999999999; do
		ocifp_run fingerprint --input x --length $length
		assert_failed 2
	done
}

@test "the project file gives inputs, length and what is needed" {
	printf x >x
	printf 'version: 1\nimages:\n  a: {inputs: [x], length: 20}\n  b: {inputs: [x], needs: [a], default: true}\n' >.ocifp.yaml
	ocifp_run fingerprint a
	assert_stdout "$(fingerprint --input x | cut -c -20)"
	local needed
	needed=$(fingerprint a)
	ocifp_run fingerprint --explain
	assert_stdout "100644 1 2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881 x
needs a tree $needed
$(fingerprint b | cut -c -12)"
	mkdir sub .git
	assert_equal "$(cd sub && ocifp fingerprint)" "$(ocifp fingerprint)"
	printf y >x
	[ "$(fingerprint a)" != "$needed" ]
	ocifp_run fingerprint none
	assert_failed 2
	assert_stderr_has 'its images: a, b'
}

@test "explain lists every input, and JSON has them exactly" {
	need jq
	odd_tree in
	ocifp_run fingerprint --input in --arg A=1=1 --explain
	assert_status 0
	assert_clean_terminal "$T/stdout"
	assert_equal "$(wc -l <"$T/stdout")" 15
	grep -qxF "100644 3 3fc4ccfe745870e2c0d99f71f30ff0656c8dedd41cc1d7d3d376b0dbe685e2f3 in/new\\x0aline" "$T/stdout"
	ocifp_run fingerprint --input in --arg A=1=1 --explain --json
	assert_json ".fingerprint == \"$(fingerprint --input in --arg A=1=1)\" and .scheme == \"tree\""
	assert_json '.tag == .fingerprint[:12] and (has("image") | not)'
	assert_json '.inputs | length == 14'
	assert_json '.inputs[-1] == {kind: "arg", name: "A", value: "1=1"}'
	assert_json '.inputs[] | select(.path == "in/new\nline") | .size == 3 and .mode == "100644"'
	assert_json '.inputs[] | select(.path_hex == "696e2ffffe") | .path == "in/\\xff\\xfe"'
	assert_json '.inputs[] | select(.path == "in/link") | .mode == "120000" and .size == 3'
	ocifp_run fingerprint --input in --json
	assert_json 'has("inputs") | not'
}

@test "tracked takes what git lists" {
	need git
	odd_tree in && rm -rf in/.git in/.ocifp.lock
	git init -q . && git add in
	local expected
	expected=$(fingerprint --input in)
	echo new >in/untracked
	[ "$(fingerprint --input in)" != "$expected" ]
	assert_equal "$(fingerprint --input in --tracked)" "$expected"
	assert_equal "$(cd in/sub && fingerprint --input . --tracked)" "$(cd in/sub && fingerprint --input .)"
	ocifp_run fingerprint --input in/untracked --tracked
	assert_failed 2
	rm -rf .git
	ocifp_run fingerprint --input in --tracked
	assert_failed 2
	assert_stderr_has 'not in a git repository'
	refute_stderr_has 'x0a'
}

@test "a folder of tracked files that is a repository too runs nothing" {
	need git
	git init -q --bare sub
	git -C sub config core.bare false
	git -C sub config core.worktree .
	echo hello >sub/Dockerfile
	GIT_DIR=sub GIT_WORK_TREE=sub git add Dockerfile
	git -C sub config core.fsmonitor "touch $T/ran"
	printf 'version: 1\nimages: {ci: {repository: "oci:reg", tracked: true, inputs: [Dockerfile]}}\n' >sub/.ocifp.yaml
	git init -q .
	git add -f sub/Dockerfile sub/.ocifp.yaml
	cd sub
	assert_equal "$(ocifp fingerprint 3>&-)" "$(fingerprint --input Dockerfile | cut -c 1-12)"
	[ ! -e "$T/ran" ] || fail "the fsmonitor of the folder ran"
}

@test "another user's project above is not used" {
	need root git
	printf 'version: 1\nimages: {ci: {inputs: [in]}}\n' >.ocifp.yaml
	echo x >in
	mkdir .git own
	ocifp_run fingerprint -C own
	assert_status 0
	chown 4322 .ocifp.yaml
	ocifp_run fingerprint -C own
	assert_failed 9
	assert_stderr_has "cannot use '$PWD/.ocifp.yaml': it belongs to another user, uid 4322"
	assert_stderr_has "--file, or run 'git config --global --add safe.directory $PWD'"
	ocifp_run fingerprint
	assert_status 0
	ocifp_run fingerprint --file .ocifp.yaml
	assert_status 0
	chown 0 .ocifp.yaml
	chown 4322 .git
	ocifp_run fingerprint -C own
	assert_failed 9
	assert_stderr_has "cannot use '$PWD/.git': it belongs to another user, uid 4322"
	git config --global --add safe.directory "$PWD"
	ocifp_run fingerprint -C own
	assert_status 0
}

@test "in a container job root uses the project of the workspace's owner, from a folder below it too" {
	need root git
	printf 'version: 1\nimages: {ci: {inputs: [in], tracked: true, repository: "h.io/${GITHUB_REPOSITORY}"}}\n' >.ocifp.yaml
	echo x >in
	mkdir below
	git init -q .
	git remote add origin https://h.io/owner/name
	git add in
	chown -R 1001 .
	ocifp_run fingerprint -C below
	assert_failed 9
	export GITHUB_WORKSPACE=$PWD
	local directory
	for directory in . below; do
		ocifp_run fingerprint -C "$directory"
		assert_status 0
	done
	(cd below && ocifp_run fingerprint && assert_status 0)
}

@test "options of inputs and an image contradict each other" {
	printf x >x
	printf 'version: 1\nimages: {a: {inputs: [x]}}\n' >.ocifp.yaml
	for option in '--input x' '--arg A=1' '--exclude x' '--optional x' '--scheme tree' --tracked; do
		# Unquoted: an option and its argument.
		# shellcheck disable=SC2086
		ocifp_run fingerprint $option a
		assert_failed 2
	done
	ocifp_run fingerprint --scheme md5 --input x
	assert_failed 2
	ocifp_run fingerprint --arg A --input x
	assert_failed 2
	ocifp_run fingerprint a b
	assert_failed 2
}

@test "an input that is a pattern, and a mistake in the project file, say what to do" {
	printf 'version: 1\nimages: {ci: {inputs: ["*.sh"]}}\n' >.ocifp.yaml
	ocifp_run fingerprint
	assert_failed 2
	assert_stderr_has "is missing; an input is a file or a directory, not a pattern"
	printf 'version: 1\nimages: {ci: {inputs: in}}\n' >.ocifp.yaml
	ocifp_run fingerprint
	assert_failed 2
	assert_stderr_has "'inputs' expects a list, not a text; ocifp.yaml\(5\) describes the file"
	rm .ocifp.yaml
}

@test "without a project file and without inputs it says what to do" {
	ocifp_run fingerprint
	assert_failed 2
	assert_stderr_has 'no project file'
	assert_stderr_has "'ocifp init' writes one"
}

@test "GitHub's outputs are the fingerprint and the tag" {
	printf x >x
	export GITHUB_ACTIONS=true GITHUB_OUTPUT=$T/output
	: >"$T/output"
	ocifp_run fingerprint --input x
	assert_status 0
	grep -q "$(fingerprint --input x)" "$T/output"
}

@test "a hundred thousand files" {
	need python3
	python3 -c '
import os
for d in range(100):
    os.makedirs("in/%d" % d)
    for f in range(1000):
        open("in/%d/%d" % (d, f), "w").write(str(f))'
	assert_equal "$(fingerprint --scheme concat --input in)" "$(concat_by_shell -- in)"
	ocifp_run fingerprint --input in --length 64
	assert_status 0
	assert_equal "$stdout" "$(python3 "$RIG_LIB/fingerprint.py" tree in)"
}

@test "a big file takes little memory" {
	need /usr/bin/time
	truncate -s 1G in
	local expected_kib=32768 peak_kib
	split_run /usr/bin/time -f %M -o "$T/peak" ocifp fingerprint --input in
	assert_status 0
	peak_kib=$(cat "$T/peak")
	# Shadow memory is not ours.
	if nm "$(command -v ocifp)" 2>/dev/null | grep -q __asan_init; then
		expected_kib=262144
	fi
	[ "$peak_kib" -le $expected_kib ] || fail "$peak_kib KiB"
}

@test "digests of many files are kept for the next run, and a change that keeps size and time is seen" {
	mkdir many
	seq 2100 | (cd many && split -l 1)
	ocifp_run fingerprint --input many
	assert_status 0
	first=$stdout
	[ ! -e "$HOME/.cache/ocifp/fingerprints" ] || assert_equal "$(stat -c %a "$HOME/.cache/ocifp/fingerprints")" 700
	ocifp_run fingerprint --input many
	assert_equal "$stdout" "$first"
	touch -r many/xaa time
	echo 7 >many/xaa && touch -r time many/xaa
	ocifp_run fingerprint --input many
	[ "$stdout" != "$first" ] || fail "the change is not seen"
}

@test "digests of a few files are kept nowhere" {
	ocifp_run fingerprint --input Dockerfile
	assert_equal "$(find "$HOME" -name fingerprints)" ""
}
