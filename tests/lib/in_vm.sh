#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Usage: in_vm.sh TEST...     (by tests/vm.sh, a service of the machine that it starts)
#
# Each TEST by root, then by the user `tester` as a service of his own systemd, which may have control
# groups.  What they say to /var/log/ocifp.tap, the status of all to /var/log/ocifp.status.
set -uo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

export top_srcdir=$top OCIFP_LIBEXEC=$top/build CMOCKA_MESSAGE_OUTPUT=TAP OCIFP_TEST_MACHINE=ours
# All abilities that a test needs are here: a skip would hide that one was lost.
export OCIFP_REQUIRE_ABILITIES=all
# Where every instruction is emulated, all takes longer.
export OCIFP_TEST_LIMIT_S=900 OCIFP_TEST_SECONDS=1800
export PATH=$top/build:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

passed=()
for variable in PATH top_srcdir OCIFP_LIBEXEC CMOCKA_MESSAGE_OUTPUT OCIFP_TEST_MACHINE \
	OCIFP_TEST_LIMIT_S OCIFP_TEST_SECONDS OCIFP_REQUIRE_ABILITIES; do
	passed+=("--setenv=$variable")
done

# as USER COMMAND...
as() {
	local user=$1
	shift
	if [ "$user" = root ]; then
		OCIFP_ABILITIES=/tmp/abilities.root "$@"
	else
		runuser -u "$user" -- env XDG_RUNTIME_DIR=/run/user/1000 systemd-run --user --quiet --wait \
			--pipe --same-dir "${passed[@]}" "--setenv=OCIFP_ABILITIES=/tmp/abilities.$user" "$@"
	fi
}

# find_abilities USER: what each test would probe again, once
find_abilities() {
	as "$1" env OCIFP_ABILITIES= timeout 3600 "$top/tests/abilities" >"/tmp/abilities.$1.new"
	mv "/tmp/abilities.$1.new" "/tmp/abilities.$1"
	sed "s/^/# $1 /" "/tmp/abilities.$1"
}

# run_test USER TEST
run_test() {
	local command=(bats --tap "$top/$2")
	[[ $2 == *.bats ]] || command=(sh "$top/tests/unit/run.sh" "./$2")
	echo "# in_vm: $1 $2 $(date +%T)"
	as "$1" timeout 3600 "${command[@]}"
}

run_all() {
	local status=0 user test
	uname -a
	cd "$top/build" || return 1
	for user in root tester; do
		find_abilities "$user"
		for test; do
			run_test "$user" "$test" || {
				echo "# failed: $user $test"
				status=1
			}
		done
	done
	return $status
}

run_all "$@" 2>&1 </dev/null | tee /var/log/ocifp.tap >/dev/console
echo "${PIPESTATUS[0]}" >/var/log/ocifp.status
