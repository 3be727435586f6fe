# SPDX-License-Identifier: Apache-2.0
# assert.bash - running the program and saying what should have come out

fail() {
	printf '%s\n' "$@" >&2
	return 1
}

# split_run COMMAND...: sets $status, $stdout, $stderr and $seconds; the output also stays, byte for
# byte, in $T/stdout and $T/stderr.  Always succeeds.
split_run() {
	local began=${EPOCHREALTIME//[.,]/}
	status=0
	"$@" >"$T/stdout" 2>"$T/stderr" 3>&- || status=$?
	seconds=$(((${EPOCHREALTIME//[.,]/} - began) / 1000000))
	# bash tells of zero bytes, which it leaves out.
	{
		stdout=$(<"$T/stdout")
		stderr=$(<"$T/stderr")
	} 2>/dev/null
	printf -v told 'command: %s\nstatus: %s\nstdout: %.2000s\nstderr: %.4000s' \
		"$*" "$status" "$stdout" "$stderr"
}

# ocifp_run ARGUMENTS...: ends after a minute at the latest, so that a hang is a failure.
ocifp_run() {
	split_run timeout -k 5 "${OCIFP_TEST_LIMIT_S:-60}" ocifp "$@"
}

assert_equal() {
	[ "$1" = "$2" ] || fail "expected: $2" "found:    $1" "${told:-}"
}

assert_status() {
	[ "$status" -eq "$1" ] || fail "expected status $1" "$told"
}

# The last line on stderr names the failure, as every failure's must.
assert_failed() {
	assert_status "$1"
	[[ $(tail -n 1 "$T/stderr") == "ocifp: "* ]] || fail "the last line does not say what failed" "$told"
}

assert_stdout() {
	[ "$stdout" = "$1" ] || fail "expected on stdout: $1" "$told"
}

assert_stderr_has() {
	grep -Eq -- "$1" "$T/stderr" || fail "expected on stderr: $1" "$told"
}

refute_stderr_has() {
	! grep -Eq -- "$1" "$T/stderr" || fail "not expected on stderr: $1" "$told"
}

assert_within() {
	[ "$seconds" -le "$1" ] || fail "took $seconds s, not $1 s" "$told"
}

# assert_json FILTER: the jq filter is true of stdout, which is one JSON value.
assert_json() {
	jq -es "if length != 1 then error(\"stdout is not one JSON value\") else .[0] | $1
		end" <"$T/stdout" >/dev/null || fail "not so in the JSON: $1" "$told"
}

assert_same_file() {
	cmp "$1" "$2" || fail "files differ: $1 $2"
}

# Nothing but printable text came out: no escape sequence, no control character, no bidi override.
assert_clean_terminal() {
	python3 - "$@" <<-'PYTHON' || fail "hostile bytes came through" "$told"
		import sys, unicodedata
		for path in sys.argv[1:]:
		    text = open(path, "rb").read().decode("utf-8")
		    for c in text:
		        bad = unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp") and c not in "\n\t"
		        assert not bad, "%s: %r" % (path, c)
	PYTHON
}

# After any failure: the store is sound, and nothing unfinished shows.
assert_sound_store() {
	[ -d "$OCIFP_STORE" ] || return 0
	local blob
	for blob in "$OCIFP_STORE"/blobs/sha256/*; do
		[ -e "$blob" ] || continue
		assert_equal "$(sha256sum <"$blob" | cut -d ' ' -f 1)" "${blob##*/}"
	done
	ocifp help store >/dev/null 2>&1 || return 0
	split_run ocifp store fsck
	assert_status 0
}
