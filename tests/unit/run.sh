#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Usage: run.sh PROGRAM...
#
# A program that stands still is killed.  cmocka says "not ok N # SKIP NAME" of a test that was skipped,
# which TAP takes for a failure; the reason stands before it (tests/unit/ability.h).
exec 3>&1
status=$({
	{
		timeout -s KILL "${OCIFP_TEST_SECONDS:-600}" "$@" 3>&- 4>&-
		echo $? >&4
	} | awk '/^# needs / { why = substr($0, 3) }
		/^not ok [0-9]* # SKIP/ { print "ok " $3 " - " $6 " # SKIP " why; why = ""; next }
		{ print }' >&3
} 4>&1)
exit "$status"
