#!/bin/sh
# Every #include of our own points to the same layer or to one that this layer may use.
set -eu
cd "${top_srcdir:-.}/src"

echo 1..1
if find -- * -name '*.[ch]' -exec awk '
	function allow(layer, list) { allowed[layer] = " " layer " " list " " }
	BEGIN {
		allow("base", "")
		allow("oci", "base")
		allow("stream", "base oci")
		allow("http", "base stream")
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
		allow("run", below_image " image")
		allow("cli", below_image " image cache run")
	}
	/^#include "/ {
		split(FILENAME, here, "/"); split($2, there, /["\/]/)
		if (index(allowed[here[1]], " " there[2] " ") == 0) {
			print "# src/" FILENAME " includes " $2; bad = 1
		}
	}
	END { exit bad }
' {} +; then
	echo "ok 1 - includes point downward"
else
	echo "not ok 1 - includes point downward"
fi
