# SPDX-License-Identifier: Apache-2.0
# disks.bash - disks that are too small, as root in a mount namespace of their own

need_small_disks() {
	export T
	need mounts
}

# on_small_disk SIZE COMMAND...: in $T/work, which is a tmpfs of that size; what is left there at the
# end is listed in $T/left
on_small_disk() {
	split_run unshare -m sh -c 'mount -t tmpfs -o "size=$1" none "$2" && shift 2 && "$@"; status=$?
		ls -A "$T/work" >"$T/left"; exit $status' sh "$1" "$T/work" sh -c 'cd "$0" && "$@"' "$T/work" "${@:2}"
}

# The class, which is for machines, and the words that say what and what to do are the same wherever
# a disk fills.
assert_no_space() {
	assert_failed "${1:-10}"
	[[ $(tail -n 1 "$T/stderr") == *': No space left on device; free some space there'* ]] ||
		fail 'the last line does not say that a disk is full, and what to do' "$told"
	assert_equal "$(jq -r .error.class "$T/failed.json")" space
}
