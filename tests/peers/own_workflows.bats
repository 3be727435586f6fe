#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# This project's own workflows, check, release and site: every `run:` step of every job, as a runner runs
# it.  What builds for minutes, changes the machine or needs GitHub is a double, which takes no argument
# that the real one would refuse; notes, sums, the list of parts, the image and the site are made.

load ../lib/rig

setup() {
	need python3 python3_yaml jq ocifp
	rig_setup
	top=$(cd "$RIG_TESTS/.." && pwd)
	workflows=$top/.github/workflows
	export TREE=$T/tree DONE=$T/done ARTIFACTS=$T/artifacts
	mkdir "$T/bin" "$ARTIFACTS"
	: >"$DONE"
	copy_tree
	programs
	builders
	PATH=$T/bin:$PATH
}

teardown() {
	rig_teardown
}

# The tree that actions/checkout would bring, with the version that it will release.
copy_tree() {
	mkdir "$TREE"
	(cd "$top" && tar -cf - .github .ci contrib man README.md NEWS HACKING.md configure.ac Makefile.am tests/abilities \
		tests/local.mk) | tar -xf - -C "$TREE"
	mkdir "$TREE/tests/lint"
	sed -i '1s/.*/1.2.3 (2026-01-01)/' "$TREE/NEWS"
	sed -i 's/^AC_INIT(\[ocifp\], \[[^]]*\]/AC_INIT([ocifp], [1.2.3]/' "$TREE/configure.ac"
}

# double PATH: a program of bash, which notes how it was called
double() {
	{
		printf '#!/bin/bash\nset -euo pipefail\necho "%s $*" >>"$DONE"\n' "${1##*/}"
		cat
	} >"$1"
	chmod 755 "$1"
}

# What changes the machine, builds, or speaks with GitHub.
programs() {
	local name
	double "$T/bin/sudo" <<-'SH'
		while [[ $1 == -* ]]; do shift; done
		[ "$1" = sysctl ] || exec "$@"
	SH
	double "$T/bin/apt-get" <<-'SH'
		[[ " $* " != *' build-dep '* ]] || [ -e "${!#}/debian/control" ]
	SH
	double "$T/bin/brew" <<<'[ "$1" != --prefix ] || echo /opt/homebrew'
	double "$T/bin/pkg" </dev/null
	double "$T/bin/autoreconf" <<-'SH'
		printf '#!/bin/sh\n[ -e "${0%%/*}/configure.ac" ]\n' >configure && chmod 755 configure
	SH
	for name in make gmake; do
		double "$T/bin/$name" <<-'SH'
			for target; do
				case $target in
				-* | *=*) ;;
				*) grep -qE "^$target:" "$TREE/Makefile.am" "$TREE/tests/local.mk" ;;
				esac
			done
			printf '#!/bin/sh\nexec "%s" "$@"\n' "$OCIFP_TESTED" >ocifp && chmod 755 ocifp
		SH
	done
	double "$T/bin/python3" <<-'SH'
		[ "$*" = "-m venv ${!#}" ] || exec /usr/bin/python3 "$@"
		mkdir -p "$3/bin"
		printf '#!/bin/bash\ngrep -q sha256: "${!#}" && echo "pip $*" >>"$DONE"\n' >"$3/bin/pip"
		chmod 755 "$3/bin/pip"
	SH
	double "$T/bin/gh" <<-'SH'
		[ "$1 $2 $4 $5 $7" = 'release create --verify-tag --title --notes-file' ]
		cp "$8" "$T_RELEASE.notes"
		mkdir "$T_RELEASE" && cp "${@:9}" "$T_RELEASE"
	SH
	export OCIFP_TESTED T_RELEASE=$T/released
	OCIFP_TESTED=$(command -v ocifp)
}

# What takes minutes, in the tree; what each leaves behind is there.
builders() {
	double "$TREE/.ci/run" </dev/null
	double "$TREE/contrib/quickstart" <<-'SH'
		[[ $1 == @(packages|test-packages|check) ]]
		for ability in ${OCIFP_REQUIRE_ABILITIES:-}; do
			grep -qE "^probe_$ability\(|[ ']$ability([ ']|\$)" "$TREE/tests/abilities" || { echo "no ability $ability" && exit 1; }
		done
	SH
	double "$TREE/contrib/release/build" <<-'SH'
		[[ "$*" == @(|-a amd64|-a arm64) ]]
		mkdir -p release
		cat >"release/ocifp-linux-${2:-$(dpkg --print-architecture)}" <<-PROGRAM
			#!/bin/bash
			[ "\$1" != version ] || exec echo '{"version": "1.2.3"}'
			exec "$OCIFP_TESTED" "\${@//ghcr.io/${REGISTRY:-}}"
		PROGRAM
		chmod 755 release/*
	SH
	double "$TREE/contrib/release/deb" <<<'mkdir release && echo package >"release/ocifp_$PACKAGE.deb"'
	double "$TREE/tests/stranger.sh" <<<'[ -s "$1" ] && [ "$*" = "$1 here" ]'
	double "$TREE/tests/full.sh" <<<'[ -d "$1" ] && grep -q "^step $3 " "$top/tests/full.sh" && [ "$FUZZ_SECONDS" -gt 0 ]'
	double "$TREE/tests/lint/portable.sh" <<<'[ -x configure ] && [[ $OCIFP_ZIG == */python3* ]] && echo "${COMPILED-ok 1}"'
	export top
}

# runs WORKFLOW JOB [OPTION...]: in a checkout of its own, which becomes $desk; sets $answer
runs() {
	local workflow=$1 job=$2 status=0
	shift 2
	desk=$T/desk-$((++desks))
	mkdir -p "$T/temp"
	cp -R "$TREE" "$desk"
	answer=$(cd "$desk" && python3 "$RIG_LIB/actions.py" job "$workflows/$workflow.yml" "$job" --repository "$top" \
		--temp "$T/temp" "$@" 2>"$T/log" 3>&-) || status=$?
	[ "$status" -eq 0 ] || fail "$workflow $job $*: $(cat "$T/log")" "$(cat "$DONE")"
}

# rows WORKFLOW JOB: each combination of its matrix
rows() {
	python3 - "$workflows/$1.yml" "$2" <<-'PYTHON'
		import itertools, json, sys, yaml
		job = yaml.safe_load(open(sys.argv[1]))["jobs"][sys.argv[2]]
		matrix = job.get("strategy", {}).get("matrix", {})
		for values in itertools.product(*matrix.values()):
		    print(json.dumps(dict(zip(matrix, values))))
	PYTHON
}

jobs_of() {
	python3 -c 'import sys, yaml; print(*yaml.safe_load(open(sys.argv[1]))["jobs"], sep="\n")' "$workflows/$1.yml"
}

# jobs_on EVENT REF: every job of check that runs then, each row of its matrix
jobs_on() {
	local job row
	for job in $(jobs_of check); do
		while read -r row; do
			runs check "$job" --event "$1" --ref "refs/$2" --matrix "$row"
			[ "$(jq .skipped <<<"$answer")" = true ] || echo "$job" >>"$T/ran"
			rm -rf "$desk"
		done < <(rows check "$job")
	done
	sort -u "$T/ran" | xargs
	rm "$T/ran"
}

@test "check: a push and a pull request run all but the nightly jobs, and each step passes" {
	assert_equal "$(jobs_on push heads/main)" 'check first freebsd machine macos targets'
	assert_equal "$(grep -c '^run $' "$DONE")" 8
	local line
	for line in 'make -j4 check-lint' 'make -j4 check-unit' 'make check-portable' 'gmake check-portable' \
		'sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0' 'quickstart check'; do
		grep -qxF "$line" "$DONE" || fail "no '$line'" "$(cat "$DONE")"
	done
	assert_equal "$(jobs_on pull_request pull/7/merge)" 'check first freebsd machine macos targets'
}

@test "check: every night the static binary and each long check have their turn" {
	assert_equal "$(jobs_on schedule heads/main)" 'night static'
	assert_equal "$(sed -n 's|^full.sh .*/full ||p' "$DONE" | xargs)" 'fuzz tsan large analyzer tidy cppcheck'
	grep -q '^make check-binary OCIFP_BINARY=/.*/release/ocifp-linux-[a-z0-9]*$' "$DONE" || fail "$(cat "$DONE")"
}

@test "check: a system for which nothing was compiled is a failure" {
	local compiled
	for compiled in '1..0 # SKIP zig is missing' 'not ok 1' ''; do
		COMPILED=$compiled run runs check targets
		assert_equal "$status" 1
	done
}

@test "release: a tag becomes binaries, packages, sums, parts and notes, and an image that is signed" {
	need docker-registry openssl
	start_registry reg
	export REGISTRY=$reg_host
	openssl genpkey -algorithm ed25519 -out "$T/key"
	openssl pkey -in "$T/key" -pubout -out "$T/key.pub"
	local row number=0 tag=(--ref refs/tags/v1.2.3)
	while read -r row; do
		runs release binary "${tag[@]}" --matrix "$row"
	done < <(rows release binary)
	while read -r row; do
		PACKAGE=$((++number)) runs release package "${tag[@]}" --matrix "$row"
		mv "$ARTIFACTS/artifact-package-0" "$ARTIFACTS/artifact-package-at-$number"
	done < <(rows release package)
	assert_equal "$number" 8
	grep -q '^stranger.sh release/ocifp_8.deb here$' "$DONE" || fail "$(cat "$DONE")"
	runs release release "${tag[@]}" --secrets "$(jq -nc --rawfile key "$T/key" '{OCIFP_SIGNING_KEY: $key}')"
	assert_equal "$(find "$T/released" -type f -printf '%f\n' | LC_ALL=C sort | xargs)" \
		"SHA256SUMS ocifp-linux-amd64 ocifp-linux-arm64 ocifp.cdx.json $(printf 'ocifp_%d.deb ' {1..8} | xargs)"
	(cd "$T/released" && sha256sum --check --quiet SHA256SUMS)
	assert_equal "$(wc -l <"$T/released/SHA256SUMS")" 11
	jq -e '.bomFormat == "CycloneDX" and (.components | length > 6)' "$T/released/ocifp.cdx.json"
	grep -qF "$(sed -n 3p "$top/NEWS")" "$T/released.notes" || fail "$(cat "$T/released.notes")"
	grep -q '^gh release create v1.2.3 --verify-tag --title ocifp 1.2.3 ' "$DONE" || fail "$(cat "$DONE")"
	ocifp_run verify --key "$T/key.pub" "$reg_host/owner/name:1.2.3"
	assert_status 0
	ocifp_run cat --platform linux/arm64 "$reg_host/owner/name:1.2.3" /usr/local/bin/ocifp
	assert_status 0
	# Machines that build different bytes release nothing.
	echo other >>"$ARTIFACTS/artifact-binary-ubuntu-24.04-arm/ocifp-linux-arm64"
	rm -r "$T/released"
	run runs release release "${tag[@]}"
	assert_equal "$status" 1
	[ ! -e "$T/released" ]
}

@test "release: a tag that NEWS or configure.ac does not know ends before anything is built" {
	run runs release binary --ref refs/tags/v1.2.4 --matrix '{"runner": "ubuntu-24.04"}'
	assert_equal "$status" 1
	[[ $output == *'configure.ac has another version than 1.2.4'* ]] || fail "$output"
	! grep -q '^build ' "$DONE" || fail 'it was built'
}

@test "site: what is published is the site" {
	command -v cmark-gfm >/dev/null && command -v mandoc >/dev/null || skip 'cmark-gfm or mandoc is missing'
	runs site site
	[ -s "$ARTIFACTS/artifact-github-pages/ocifp-ensure.1.html" ] && [ -s "$ARTIFACTS/artifact-github-pages/index.html" ]
}
