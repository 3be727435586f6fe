#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Instructions that run in our own program, not in its libraries: what the compiler of one system makes of
# our sources, so that a change that costs more is seen without a clock.  Who makes one cheaper, or needs
# more for a reason, writes the new number.

load ../lib/rig

setup() {
	need counted_instructions python3
	rig_setup
	start_faults reg
	mkimage image "$T/src" one --layers 300k,20k,30k,40k,50k,60k,70k,80k --compress none >/dev/null
	cp -r "$T/src" "$T/reg.root/app"
	ref=$reg_host/app:one
}

teardown() {
	rig_teardown
}

# own_instructions FILE: what callgrind counted in the object files named ocifp
own_instructions() {
	awk '/^c?ob=/ {
		match($0, /\([0-9]+\)/)
		id = substr($0, RSTART, RLENGTH)
		if (length($0) > RSTART + RLENGTH)
			name[id] = substr($0, RSTART + RLENGTH + 1)
		if (/^ob=/)
			own = name[id] ~ /\/ocifp$/
	}
	/^calls=/ { inclusive = 1; next }
	/^[0-9+*-]/ {
		if (!inclusive && own)
			sum += $2
		inclusive = 0
	}
	END { print sum + 0 }' "$1"
}

# counts THOUSANDS COMMAND...: it takes so many, three in a hundred more at most.  On a loaded machine more
# arrives at once and a push takes up to four in a hundred less; with a tenth less the number is old.
counts() {
	local thousands
	split_run valgrind -q --tool=callgrind --callgrind-out-file="$T/calls" ocifp "${@:2}"
	assert_status 0
	thousands=$(($(own_instructions "$T/calls") / 1000))
	[ $((thousands * 100)) -le $(($1 * 103)) ] && [ $((thousands * 100)) -ge $(($1 * 90)) ] ||
		fail "${*:2}: $thousands thousand instructions, not $1"
}

@test "a fingerprint, questions, a pull and a push" {
	local i
	mkdir -p "$T/project/src"
	cd "$T/project"
	for ((i = 0; i < 500; i++)); do echo "$i" >"src/$i"; done
	counts 548 fingerprint --input src
	counts 73 digest "$ref"
	counts 69 exists "$ref"
	counts 615 pull "${on[@]}" "$ref"
	counts 150 pull "${on[@]}" "$ref"
	counts 103 inspect "oci:$T/src:one"
	counts 79 tree "oci:$T/src:one"
	counts 157 push "oci:$T/src:one" "$ref"
	counts 1153 push "oci:$T/src:one" "$reg_host/other:one"
}
