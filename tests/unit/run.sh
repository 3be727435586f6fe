#!/bin/sh
# Usage: run.sh PROGRAM...
#
# A program that stands still is killed.  cmocka says "not ok N # SKIP" of a test that was skipped,
# which TAP takes for a failure.
exec 3>&1
status=$({
	{
		timeout -s KILL "${OCIFP_TEST_SECONDS:-600}" "$@" 3>&- 4>&-
		echo $? >&4
	} | sed 's/^not ok \([0-9]* # SKIP\)/ok \1/' >&3
} 4>&1)
exit "$status"
