#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Every source file compiles for macOS, FreeBSD and Linux with musl, without a warning, and names no
# function that the C library there does not have.  Nothing is run, and nothing of those systems is
# needed: zig (PyPI's ziglang, as contrib/release/toolchain pins it) has their headers and the names of
# their C libraries; the headers of the other libraries are this machine's.
#
#     OCIFP_ZIG              the command (default: zig, else `python3 -m ziglang`)
#     OCIFP_PORTABLE_CACHE   keeps objects between runs (default: portable in the build directory)
#     OCIFP_TARGETS          those to compile for
set -u
export LC_ALL=C
source=$(cd "${top_srcdir:-.}" && pwd)
targets=${OCIFP_TARGETS:-aarch64-macos x86_64-freebsd x86_64-linux-musl}
cache=${OCIFP_PORTABLE_CACHE:-${top_builddir:-$PWD}/portable}
mkdir -p "$cache" && cache=$(cd "$cache" && pwd) || exit 1

zig=${OCIFP_ZIG:-}
if [ -z "$zig" ] && command -v zig >/dev/null; then
	zig=zig
elif [ -z "$zig" ] && python3 -c 'import ziglang' 2>/dev/null; then
	zig='python3 -m ziglang'
fi
if [ -z "$zig" ]; then
	echo '1..0 # SKIP zig is missing (pip install -r contrib/release/toolchain)'
	exit 0
fi
if [ ! -x "$source/configure" ]; then
	echo '1..0 # SKIP there is no configure (autoreconf -fi)'
	exit 0
fi

# Includes of /usr/include would bring the C library of this machine with them.
collect_headers() {
	local dir name
	rm -rf "$cache/include" && mkdir -p "$cache/include"
	for dir in $(pkg-config --variable=includedir libcurl jansson libcrypto libarchive zlib libzstd yaml-0.1) \
		"/usr/include/$(cc -print-multiarch 2>/dev/null || cc -dumpmachine)" /usr/include; do
		for name in curl openssl jansson.h jansson_config.h archive.h archive_entry.h zlib.h zconf.h zstd.h \
			zstd_errors.h yaml.h; do
			[ ! -e "$dir/$name" ] || cp -RLn "$dir/$name" "$cache/include/"
		done
	done
}

write_compiler() {
	cat >"$cache/$1-cc" <<-EOF
		#!/bin/sh
		export ZIG_GLOBAL_CACHE_DIR='$cache/zig' ZIG_LOCAL_CACHE_DIR='$cache/zig'
		exec $zig cc -target $1 -fno-sanitize=all -isystem '$cache/include' "\$@"
	EOF
	printf '#!/bin/sh\nexec %s ar "$@"\n' "$zig" >"$cache/ar"
	printf '#!/bin/sh\nexec %s ranlib "$@"\n' "$zig" >"$cache/ranlib"
	chmod 755 "$cache/$1-cc" "$cache/ar" "$cache/ranlib"
}

host_of() {
	case $1 in
	aarch64-macos) echo aarch64-apple-darwin ;;
	x86_64-freebsd) echo x86_64-unknown-freebsd ;;
	*) echo "$1" ;;
	esac
}

# configure_for TARGET: again only when configure has changed.  pkg-config would find this machine's.
configure_for() {
	local sum library
	sum=$({ cat "$source/configure"; cat "$cache/$1-cc"; } | cksum)
	[ "$sum" != "$(cat "$cache/$1/configured" 2>/dev/null)" ] || return 0
	rm -rf "${cache:?}/$1" && mkdir -p "$cache/$1" && cd "$cache/$1" || return 1
	for library in LIBCURL JANSSON LIBCRYPTO LIBARCHIVE ZLIB LIBZSTD YAML; do
		export "${library}_CFLAGS=-DNDEBUG" "${library}_LIBS=-lm"
	done
	"$source/configure" -q --host="$(host_of "$1")" --without-isal --enable-werror \
		CC="$cache/$1-cc" AR="$cache/ar" RANLIB="$cache/ranlib" CFLAGS=-O1 >configure.log 2>&1 || return 1
	echo "$sum" >configured
}

# compile TARGET: all archives and the two programs' own objects
compile() {
	cd "$cache/$1" || return 1
	cat >objects.mk <<-'EOF'
		include Makefile
		portable-objects: $(filter src/%,$(LIBRARIES)) $(ocifp_OBJECTS) $(ocifp_layer_OBJECTS)
		.PHONY: portable-objects
	EOF
	make -s -k -j "$(nproc)" -f objects.mk portable-objects >make.log 2>&1
}

# The functions of the other libraries, which nobody has for these systems, as stand-ins.  Their names
# are read from what was compiled for a target whose files this machine's nm understands.
write_stub() {
	local ours names compiled=$cache/x86_64-linux-musl/src
	ours=$(find "$compiled" -name '*.o' -exec nm --defined-only {} + | awk 'NF == 3 { print $3 }' | sort -u)
	names=$(find "$compiled" -name '*.o' -exec nm -u {} + | awk '$1 == "U" { print $2 }' | sort -u |
		grep -E '^(curl_|json_|archive_|deflate|inflate|crc32|ZSTD_|yaml_|zlib|zError|jansson_|d2i_|i2d_|[A-Z][A-Za-z0-9]*_)')
	comm -23 <(echo "$names") <(echo "$ours") | sed 's/.*/int &(void) { return 0; }/' >"$cache/stub.c"
}

# link TARGET: both programs, with the C library of the system
link() {
	cd "$cache/$1" || return 1
	"$cache/$1-cc" -w -c "$cache/stub.c" -o stub.o >link.log 2>&1 &&
		make -s ocifp ocifp-layer LIBS="$PWD/stub.o" >>link.log 2>&1
}

number=0
# say STATUS NAME LOG
say() {
	number=$((number + 1))
	if [ "$1" = 0 ]; then
		echo "ok $number - $2"
	else
		grep -E 'error:|warning:|undefined' "$3" | head -n 40 | sed 's/^/# /'
		echo "not ok $number - $2"
	fi
}

collect_headers
echo "1..$(echo "$targets" | wc -w | awk '{ print 2 * $1 }')"
for target in $targets; do
	write_compiler "$target"
	if (configure_for "$target"); then
		(compile "$target")
		say $? "every file compiles for $target" "$cache/$target/make.log"
	else
		say 1 "configure knows $target" "$cache/$target/configure.log"
	fi
done
command -v nm >/dev/null && [[ " $targets " == *' x86_64-linux-musl '* ]] && write_stub
for target in $targets; do
	if [ -s "$cache/stub.c" ]; then
		(link "$target")
		say $? "the C library of $target has what is called" "$cache/$target/link.log"
	else
		number=$((number + 1))
		echo "ok $number - # SKIP no nm (binutils), or no target x86_64-linux-musl"
	fi
done
