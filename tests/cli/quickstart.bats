#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# contrib/quickstart: what it says around the build, the sample and the suite, all three of which are
# doubles here.

load ../lib/rig

setup() {
	rig_setup
	# Of the quickstart that runs this.
	unset "${!QUICKSTART_@}"
	mkdir -p "$T/tree/contrib/sample" "$T/tree/build/tests/cli" "$T/bin"
	cp "$top_srcdir/contrib/quickstart" "$T/tree/contrib/quickstart"
	double "$T/tree/configure" <<<'exit 0'
	double "$T/bin/dpkg-query" <<<'echo installed'
	# `ocifp doctor` is the real one.
	double "$T/tree/build/ocifp" <<-SH
		[ "\$1" != doctor ] || exec '$(command -v ocifp)' "\$@"
		[ -e ../built ] || { echo '{"built":true,"pushed":true,"digest":"x"}' && exec touch ../built; }
		echo '{"present":true,"built":false,"moved_bytes":0,"digest":"x"}'
	SH
	suite 3 0 </dev/null
}

teardown() {
	rig_teardown
}

# double PATH: a program of sh
double() {
	{
		echo '#!/bin/sh'
		cat
	} >"$1"
	chmod 755 "$1"
}

# suite PASSED FAILED: what `make check` leaves; the lines of a.bats come from standard input
suite() {
	cat >"$T/tree/build/tests/cli/a.log"
	[ "$2" -eq 0 ] || echo ':test-result: FAIL' >"$T/tree/build/tests/cli/a.trs"
	double "$T/bin/make" <<-SH
		case "\$*" in *check*) ;; *) exit 0 ;; esac
		{
			printf '# TOTAL: %s\n# PASS:  %s\n# SKIP:  %s\n# FAIL:  %s\n# XPASS: 0\n# ERROR: 0\n' \
				$(($1 + $2 + $(grep -c '# SKIP' "$T/tree/build/tests/cli/a.log"))) $1 \
				$(grep -c '# SKIP' "$T/tree/build/tests/cli/a.log") $2
			sed -n 's,^not ok,FAIL: tests/cli/a.bats,p' tests/cli/a.log
		} >test-suite.log
		exit $2
	SH
}

quickstart() {
	PATH=$T/bin:$PATH "$T/tree/contrib/quickstart" "$@"
}

@test "in a container it says what run cannot do there, and goes on" {
	need mounts userns_proc
	split_run quickstart check
	assert_status 0
	[[ $stdout != *'cannot start jobs'* ]] || fail "said where jobs can start: $stdout"
	split_run with_masked_proc env "PATH=$T/bin:$PATH" "$T/tree/contrib/quickstart" check
	assert_status 0
	[[ $stdout == *'`ocifp run` cannot start jobs here: proc: '*'must not be masked'* ]]
	assert_equal "$(tail -n 1 <<<"$stdout")" 'quickstart: 3 tests: 3 passed, 0 skipped, 0 failed'
}

@test "the last line counts the tests; above it each missing ability has its own count" {
	suite 2 0 <<-'TAP'
		ok 1 one # SKIP needs userns: it is not permitted
		ok 2 two # SKIP needs userns: it is not permitted
		ok 3 three # SKIP needs buildah: buildah is missing
	TAP
	split_run quickstart check
	assert_status 0
	[[ $stdout == *'quickstart: skipped for lack of userns: 2'*'quickstart: skipped for lack of buildah: 1'* ]]
	assert_equal "$(tail -n 1 <<<"$stdout")" 'quickstart: 5 tests: 2 passed, 3 skipped, 0 failed'
}

@test "when red it names the first failure, and the one command that runs that alone" {
	local command
	suite 1 2 <<-'TAP'
		ok 1 one
		not ok 2 it's (or more): a+b
		not ok 3 three
	TAP
	split_run quickstart check
	assert_status 1
	[[ $stdout == *'failed: '*tests/cli/a.log* ]]
	[[ $stderr == *'quickstart: 3 tests: 1 passed, 0 skipped, 2 failed
quickstart: first failure: tests/cli/a.bats 2 it'* ]]
	command=$(sed -n 's/^quickstart: to run it alone: //p' <<<"$stderr")
	assert_equal "$(tail -n 1 <<<"$stderr")" "quickstart: to run it alone: $command"
	# The command gives make what it needs, and the pattern names that test alone.
	double "$T/bin/make" <<<'printf "%s\n" "$@"'
	PATH=$T/bin:$PATH run sh -c "$command"
	assert_equal "$(head -n 4 <<<"$output")" "-C
$T/tree/build
check
TESTS=tests/cli/a.bats"
	printf '%s {\n\ttrue\n}\n' "@""test 'one'" "@""test \"it's (or more): a+b\"" >"$T/a.bats"
	eval "run bats ${output##*BATS_LOG_FLAGS=} '$T/a.bats'"
	[ "$status" -eq 0 ]
	[[ $output == *1..1* ]] || fail "$output"
}
