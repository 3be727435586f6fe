#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Fingerprints and differences of git commits: what a checkout of them would have, without one.

load ../lib/rig

setup() {
	need python3 jq git ocifp
	rig_setup
	git_of_its_own
	git init -q project
	cd project || return
	printf 'version: 1\nimages:\n  app:\n    repository: "oci:%s"\n    inputs: [Dockerfile, src]\n' "$T/lay" >.ocifp.yaml
	mkdir src
	echo one >src/file
	echo 'FROM scratch' >Dockerfile
	commit first
}

teardown() {
	rig_teardown
}

commit() {
	git add -A
	git commit -qm "$1"
}

@test "the fingerprint of a commit is that of its checkout, whatever the working tree has" {
	local first second
	first=$(ocifp fingerprint 3>&-)
	echo two >src/file
	commit second
	second=$(ocifp fingerprint 3>&-)
	echo three >src/file
	rm Dockerfile
	sed -i 's/src/lib/' .ocifp.yaml
	ocifp_run fingerprint --rev HEAD~1
	assert_status 0
	assert_stdout "$first"
	ocifp_run fingerprint --rev main app --json
	assert_json ".tag == \"$second\" and .commit == \"$(git rev-parse HEAD)\""
	ocifp_run fingerprint --rev HEAD --explain --length 64
	assert_status 0
	[[ $stdout == *' src/file'* ]] || fail "$told"
}

@test "a link that is named leads to the file in the commit" {
	mkdir -p real/deep
	echo inside >real/deep/file
	ln -s ../real/./deep src-link
	mkdir links && mv src-link links/one
	ln -s links/one/.. two
	sed -i 's/inputs: .*/inputs: [links\/one, two\/deep\/file, src\/..\/two]/; s/, src\/..\/two//' .ocifp.yaml
	commit links
	local expected
	expected=$(ocifp fingerprint 3>&-)
	rm -r real
	ocifp_run fingerprint --rev HEAD
	assert_status 0
	assert_stdout "$expected"
}

@test "a commit that is not there, or has no project file, is named" {
	ocifp_run fingerprint --rev nowhere
	assert_failed 2
	assert_stderr_has "git knows no commit 'nowhere'"
	ocifp_run fingerprint --rev --all
	assert_failed 2
	assert_stderr_has "git knows no commit '--all'"
	ocifp_run fingerprint --rev ^HEAD
	assert_failed 2
	assert_stderr_has "git knows no commit '\^HEAD'"
	git checkout -q --orphan other
	git rm -rfq .
	git commit -q --allow-empty -m empty
	git checkout -q main
	ocifp_run fingerprint --rev other
	assert_failed 2
	assert_stderr_has "commit 'other' has no project file '.ocifp.yaml'; commit the file"
	ocifp_run fingerprint --rev HEAD --input src
	assert_failed 2
	rm -rf .git
	ocifp_run fingerprint --rev HEAD
	assert_failed 2
	assert_stderr_has 'not in a git repository'
}

@test "a git that fails is not a commit that is missing, nor a branch that a clone does not know" {
	mkdir "$T/bin"
	printf '#!/bin/sh\ncase " $* " in *" rev-parse "*) echo broken >&2; exit 128 ;; esac\nexec %s "$@"\n' \
		"$(command -v git)" >"$T/bin/git"
	chmod +x "$T/bin/git"
	PATH=$T/bin:$PATH ocifp_run fingerprint --rev HEAD
	assert_failed 10
	assert_stderr_has 'git rev-parse ended with status 128: broken'
	PATH=$T/bin:$PATH ocifp_run why
	assert_failed 10
	assert_stderr_has 'status 128: broken'
	mkimage image "$T/lay" "$(ocifp fingerprint 3>&-)" --layers 1k --platform linux/amd64 >/dev/null
	PATH=$T/bin:$PATH ocifp_run prune app --yes
	assert_failed 10
}

@test "an object that a partial clone lacks is not fetched, and the hint says how" {
	git config uploadpack.allowFilter true
	git clone -q --no-checkout --filter=blob:none "file://$PWD" "$T/partial"
	cd "$T/partial"
	git checkout -q HEAD -- .ocifp.yaml
	ocifp_run fingerprint --rev HEAD
	assert_failed 10
	assert_stderr_has 'but not its content'
	assert_stderr_has 'git fetch --refetch'
	[ -n "$(git rev-list --objects --missing=print HEAD | grep '^?')" ]
}

@test "no filter, hook or setting of the repository runs" {
	echo 'src/* filter=evil' >.gitattributes
	commit filter
	git config filter.evil.smudge "touch $T/ran; cat"
	git config core.fsmonitor "touch $T/ran"
	printf '#!/bin/sh\ntouch %s\n' "$T/ran" >.git/hooks/post-checkout
	chmod +x .git/hooks/post-checkout
	ocifp_run fingerprint --rev HEAD
	assert_failed 2
	assert_stderr_has "input 'src/file' goes through the filter 'evil'"
	ocifp_run fingerprint --rev HEAD~1
	assert_status 0
	[ ! -e "$T/ran" ] || fail 'a program of the repository ran'
}

# commit_with NAME: a commit whose `src` holds that name besides "file"
commit_with() {
	python3 - "$1" <<'EOF'
import subprocess, sys

def git(*words, data=None):
    return subprocess.run(("git",) + words, input=data, stdout=subprocess.PIPE, check=True).stdout.decode().strip()

def tree(*entries):
    data = b"".join(b"%s %s\0%s" % (mode, name, bytes.fromhex(id)) for mode, name, id in entries)
    return git("hash-object", "-t", "tree", "-w", "--literally", "--stdin", data=data)

blob = git("hash-object", "-w", "--stdin", data=b"x")
file = lambda path: git("rev-parse", "HEAD:" + path)
src = tree((b"100644", sys.argv[1].encode(), blob), (b"100644", b"file", blob))
top = tree((b"100644", b".ocifp.yaml", file(".ocifp.yaml")), (b"100644", b"Dockerfile", file("Dockerfile")), (b"40000", b"src", src))
print(git("commit-tree", top, "-m", "hostile"))
EOF
}

@test "a commit with paths that git does not check out is refused, and none of them is removed" {
	local name commit
	for name in ../../precious .. .git .GIT 'git~1'; do
		commit=$(commit_with "$name")
		ocifp_run fingerprint --rev "$commit"
		assert_failed 2
		assert_stderr_has 'is not a path that a checkout can have'
	done
	commit=$(commit_with file2)
	ocifp_run fingerprint --rev "$commit"
	assert_status 0
}

@test "commits with the same inputs are checked out once, and nothing stays in TMPDIR" {
	local i real
	for i in 1 2 3 4 5; do
		echo "$i" >elsewhere
		commit "$i"
		git branch "b$i"
	done
	mkimage image "$T/lay" dead --layers 1k --platform linux/amd64 >/dev/null
	mkimage image "$T/lay" "$(ocifp fingerprint 3>&-)" --layers 2k --platform linux/amd64 >/dev/null
	real=$(command -v git)
	mkdir "$T/bin" "$T/tmp"
	printf '#!/bin/sh\necho "$@" >>%s\nexec %s "$@"\n' "$T/calls" "$real" >"$T/bin/git"
	chmod +x "$T/bin/git"
	PATH=$T/bin:$PATH TMPDIR=$T/tmp ocifp_run prune app
	assert_status 0
	assert_equal "$(grep -c checkout-index "$T/calls")" 1
	[ "$(grep -c ls-tree "$T/calls")" -le 10 ]
	assert_equal "$(ls -A "$T/tmp")" ''
}

@test "why compares with a commit, and with the default branch when nothing is named" {
	echo two >src/file
	echo new >src/new
	commit second
	ocifp_run why --against git:HEAD~1
	assert_status 0
	assert_stdout $'changed file src/file\nadded file src/new'
	git checkout -qb topic
	echo three >src/file
	ocifp_run why
	assert_status 0
	assert_stdout 'changed file src/file'
	assert_stderr_has 'compared with refs/heads/main'
	ocifp_run why --json --against git:topic
	assert_json '.against == "git:topic" and .differences[0].key == "src/file"'
	ocifp_run why --against git:gone
	assert_failed 2
	assert_stderr_has "git knows no commit 'gone'"
	git branch -D main -q
	mkimage image "$T/lay" other --layers 1k --platform linux/amd64 >/dev/null
	ocifp_run why
	assert_failed 3
	assert_stderr_has --against
}
