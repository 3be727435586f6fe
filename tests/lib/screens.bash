# SPDX-License-Identifier: Apache-2.0
# screens.bash - what a terminal shows, held against files in tests/data/screens

# screen_of COLUMNS COMMAND...: as split_run, in a pseudo-terminal of 24 rows; $T/screen has what it
# shows at the end, $T/frames what it showed on the way.
screen_of() {
	local columns=$1
	shift
	split_run timeout -k 5 60 python3 -S "$RIG_LIB/screen.py" "$columns" 24 "$T/frames" "$@"
	cp "$T/stdout" "$T/screen"
}

# What differs from run to run: rates, times, ports.  A blob that came in a moment has no rate.
without_chance() {
	sed -E 's/ +[0-9.]+ [kMG]?B\/s/ RATE/; s/ in [0-9.]+ (s|min.*)/ in TIME/; s/^(unpacked .*) in TIME/\1/; s/127\.0\.0\.1:[0-9]+/HOST/g; s/( [0-9]{1,3}| [0-9]{1,2}\.[0-9]) (B|kB) RATE$/\1 \2/'
}

# assert_screen NAME: with OCIFP_NEW_SCREENS set, the file is written, to be looked at.
assert_screen() {
	local golden=$RIG_TESTS/data/screens/$1
	without_chance <"$T/screen" >"$T/shown"
	[ -z "${OCIFP_NEW_SCREENS:-}" ] || cp "$T/shown" "$golden"
	diff -u "$golden" "$T/shown" >&2 || fail "the screen is not as in $golden" "$told"
}
