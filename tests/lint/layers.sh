#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every #include of our own points to the same layer or to one that this layer may use; between the
# rooms of one layer, to the same room or to an earlier one.  Files of a layer that are in no room
# may use its rooms and be used by them.  A file's name is there once.
set -eu
cd "${top_srcdir:-.}/src"

echo 1..4
if find -- * -name '*.[ch]' -exec awk '
	function allow(layer, list) { allowed[layer] = " " layer " " list " " }
	function rooms(layer, list,   names, count, i) {
		count = split(list, names)
		for (i = 1; i <= count; i++)
			rank[layer "/" names[i]] = i
	}
	function room_of(words) { return words[3] == "" ? "" : words[1] "/" words[2] }
	BEGIN {
		allow("base", "")
		allow("oci", "base")
		allow("stream", "base oci")
		allow("http", "base oci stream")
		allow("sandbox", "base")
		allow("store", "base oci stream")
		allow("layer", "base oci stream sandbox")
		allow("archive", "base oci stream layer store sandbox")
		allow("registry", "base oci stream http")
		allow("repository", "base oci stream http sandbox store layer archive registry")
		allow("fingerprint", "base oci")
		allow("project", "base oci fingerprint")
		below_image = "base oci stream http sandbox store layer archive registry repository fingerprint project"
		allow("image", below_image)
		allow("cache", below_image " image")
		allow("run", below_image " image cache")
		allow("cli", below_image " image cache run")
		rooms("layer", "pack helper")
		rooms("registry", "auth upload github")
		rooms("project", "git")
		rooms("image", "document resolve trust transfer make unpack prune ensure")
		rooms("cache", "sources key format tree transfer")
		rooms("run", "root container engine")
		rooms("cli", "output options doctor complete caches jobs commands")
	}
	/^#include "/ {
		split("", here); split("", there)
		split(FILENAME, here, "/"); split($2, quoted, "\""); split(quoted[2], there, "/")
		to = room_of(there); from = room_of(here)
		if (index(allowed[here[1]], " " there[1] " ") == 0 ||
		    (here[1] == there[1] && from != "" && to != "" && rank[to] > rank[from]) ||
		    (from != "" && !(from in rank))) {
			print "# src/" FILENAME " includes " $2; bad = 1
		}
	}
	END { exit bad }
' {} +; then
	echo "ok 1 - includes point downward"
else
	echo "not ok 1 - includes point downward"
fi

repeated=$(find -- * -name '*.c' | sed 's,.*/,,' | sort | uniq -d)
if [ -z "$repeated" ]; then
	echo "ok 2 - each file name is there once"
else
	for name in $repeated; do
		echo "# $(find -- * -name "$name" | tr '\n' ' ')"
	done
	echo "not ok 2 - each file name is there once"
fi

# Headers that hold what the files of one layer share, and nobody else may know.
private='_private\.h|store/state\.h|repository/backend\.h|project/reading\.h|registry/answer\.h'
foreign=$(grep -rnE "#include \"[^\"]*($private)\"" --include='*.[ch]' . | sed 's,^\./,,' |
	awk -F'[/:"]' '{ from = $1; for (i = 2; i <= NF; i++) if ($i ~ /include/) to = $(i + 1) } from != to')
if [ -z "$foreign" ]; then
	echo "ok 3 - private headers stay in their layer"
else
	echo "$foreign" | sed 's/^/# /'
	echo "not ok 3 - private headers stay in their layer"
fi

# A header that moved and kept its guard hides the next one of that name.
guards=$(find -- * -name '*.h' | while read -r header; do
	guard=OCIFP_$(printf %s "$header" | tr 'a-z/.' 'A-Z__')
	grep -q "^#ifndef $guard\$" "$header" || echo "$header: not $guard"
done)
if [ -z "$guards" ]; then
	echo "ok 4 - guards are named after their files"
else
	echo "$guards" | sed 's/^/# /'
	echo "not ok 4 - guards are named after their files"
fi
