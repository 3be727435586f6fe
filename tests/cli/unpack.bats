#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Layers become trees: good ones whole, hostile ones not outside of their directory.  Each case runs
# in every way of tests/lib/unpack_ways.bash: with openat2 and without, as we are, as another user and in
# a user namespace.

load ../lib/rig
load ../lib/unpack_ways

setup() {
	need python3 ocifp
	rig_setup
	unpack_ways
}

teardown() {
	rig_teardown
}

# breakout CHECK...: the layer on stdin, after one that has /etc
breakout() {
	python3 -S "$RIG_LIB/mklayer.py" tar "$T/hostile" image "$T/lay" hostile "$T/hostile" >"$T/digest"
	chmod -R a+rX "$T/lay"
	in_each_way hostile "$@"
}

unbroken() {
	unpacked
	says etc/unbroken inside
}

same_file() {
	unpacked
	[ "$(stat -c %i "$out/$1")" = "$(stat -c %i "$out/$2")" ] || fail "$1 and $2 are two files"
}

@test "a file behind an absolute link goes where the link leads within the root" {
	breakout unbroken <<-TAR
		dir etc
		link localetc link=/etc
		file localetc/unbroken text=inside
	TAR
}

@test "a file behind a relative link that climbs out stays within the root" {
	breakout unbroken <<-TAR
		dir etc
		dir dummy
		link dummy/localetc link=../../../../../../../../etc
		file dummy/localetc/unbroken text=inside
	TAR
	breakout unbroken <<-TAR
		dir etc
		link localetc link=upandout/../../../../../../etc
		dir upandout
		file localetc/unbroken text=inside
	TAR
}

@test "a file behind several links stays within the root" {
	breakout unbroken <<-TAR
		dir etc
		dir dummy
		link dummy/etc link=/etc
		link localetc link=/dummy/etc
		file localetc/unbroken text=inside
	TAR
	breakout unbroken <<-TAR
		dir etc
		dir dummy
		link dummy/etc link=/etc
		link localetc link=./dummy/etc
		file localetc/unbroken text=inside
	TAR
}

links_that_change() {
	assert_status 0
	assert_equal "$(cd "$out" && find a w -type f | sort | paste -sd ' ')" 'a/b/two a/one w/l/two w/one'
}

@test "a link that its own directory is named by leads elsewhere once the layer replaces or hides it" {
	layer links <<-TAR
		dir a
		dir a/b
		dir w
		link w/l link=.
		link a/l link=.
		file a/l/one
		link a/l/l link=b
		file a/l/two
	TAR
	layer hides <<-TAR
		file w/l/one
		file w/l/.wh.l
		file w/l/two
	TAR
	layered changing links hides
	in_each_way changing links_that_change
}

@test "a link to the outside as a parent makes its way within the root" {
	breakout unpacked <<-TAR
		link evil link=$T/canary
		file evil/file text=overwritten
		dir evil/sub mode=777
	TAR
	[ -f "$out$T/canary/file" ]
}

@test "names with dots and slashes stay within the root" {
	breakout unpacked <<-TAR
		file ../../../../../..$T/canary/file text=overwritten
		file $T/canary/absolute text=overwritten
		file a/../../b text=b
		file ./c text=c
		file d//e text=e
		dir . mode=755
	TAR
	says b b
	says c c
	says d/e e
}

@test "a file that comes again is made anew, not written into" {
	breakout unpacked <<-TAR
		dir etc
		file etc/emptied text=notempty
		link localetc link=/etc
		file localetc/emptied
		file a text=old
		hard b link=a
		file a text=new
	TAR
	says a new
	says b old
	[ ! -s "$out/etc/emptied" ]
}

@test "hard links lead to files within the root alone" {
	local target
	for target in /breakouts/d1/passwd breakouts/d1/passwd; do
		breakout same_file breakouts/mine etc/passwd <<-TAR
			dir etc mode=770
			file etc/passwd text=inside
			dir breakouts
			link breakouts/d1 link=../../etc
			hard breakouts/mine link=$target
		TAR
	done
	for target in ../../../../../etc/passwd /etc/passwd /localetc/passwd; do
		breakout same_file mine etc/passwd <<-TAR
			dir etc mode=770
			file etc/passwd text=inside
			link localetc link=../../../../../../../etc
			hard mine link=$target
		TAR
	done
	breakout refused_with 7 <<-TAR
		link evil link=$T/canary
		hard mine link=evil/file
	TAR
	breakout refused_with 7 <<-TAR
		hard mine link=$T/canary/file
	TAR
}

@test "a hard link to a symbolic link is one, and changes nothing behind it" {
	breakout same_link <<-TAR
		link evil link=$T/canary/file
		hard mine link=evil mode=777 uid=0
		hard evil link=evil
	TAR
}

same_link() {
	unpacked
	[ -L "$out/mine" ]
	[ "$(readlink "$out/mine")" = "$T/canary/file" ]
}

@test "a hard link to itself removes nothing; to a directory, to nothing, is refused" {
	breakout unpacked <<-TAR
		file a text=a
		hard a link=a
		hard ./a link=/a
		fifo p
		hard q link=p
		hard b link=a size=512
	TAR
	says a a
	says b a
	breakout refused_with 7 <<-TAR
		dir d
		hard a link=d
	TAR
	breakout refused_with 7 <<-TAR
		hard a link=nothing
	TAR
}

@test "the metadata of a directory that became a link does not reach its target" {
	breakout unpacked <<-TAR
		dir victim mode=777 mtime=1
		file victim/x text=x
		link victim link=$T/canary
		dir other mode=777 mtime=1
		link other link=canary
		dir canary mode=700
	TAR
	[ -L "$out/victim" ]
	[ "$(stat -c %a "$out/canary")" = 700 ]
}

@test "entries that replace another of another type follow no link" {
	layer lower <<-TAR
		dir d
		file d/x text=x
		link l link=$T/canary
		file f text=f
		link dl link=d
		dir e
	TAR
	layer upper <<-TAR
		file d text=now-a-file
		dir l
		file l/file text=mine
		link f link=$T/canary/file
		dir dl
		file dl/y text=y
		fifo e
	TAR
	layered types lower upper
	in_each_way types replaced
}

replaced() {
	unpacked
	says d now-a-file
	[ -d "$out/l" ]
	[ ! -L "$out/l" ]
	says l/file mine
	[ -L "$out/f" ]
	[ -p "$out/e" ]
	[ -f "$out/dl/y" ]
	[ ! -L "$out/dl" ]
}

@test "a path through a link of a lower layer leaves the link alone" {
	layer lower <<-TAR
		dir usr
		dir usr/lib
		link lib link=usr/lib
	TAR
	layer upper <<-TAR
		file lib/x text=x
		dir lib/deep/er
	TAR
	layered merged lower upper
	in_each_way merged merged_usr
}

merged_usr() {
	unpacked
	[ -L "$out/lib" ]
	[ -d "$out/usr/lib/deep/er" ]
	says usr/lib/x x
}

@test "whiteouts and opaque directories hide what is below, wherever they stand" {
	layer lower <<-TAR
		dir op
		file op/old text=old
		dir op/sub
		file op/sub/old text=old
		dir again
		file again/old text=old
		file gone text=gone
		dir tree
		dir tree/deep
		file tree/deep/x text=x
		dir nested
		file nested/old text=old
		link keep link=op
	TAR
	layer upper <<-TAR
		file op/before text=before
		dir op/sub
		file op/sub/new text=new
		file op/.wh..wh..opq
		file op/after text=after
		dir again
		file again/new text=new
		file .wh.again
		file .wh.gone
		file .wh.tree
		file .wh.missing
		file missing/.wh.missing
		file .wh.nested
		dir nested
	TAR
	layered white lower upper
	in_each_way white hidden
}

hidden() {
	unpacked
	says op/before before
	says op/after after
	says op/sub/new new
	says again/new new
	[ ! -e "$out/op/old" ]
	[ ! -e "$out/op/sub/old" ]
	[ ! -e "$out/again/old" ]
	[ ! -e "$out/gone" ]
	[ ! -e "$out/tree" ]
	[ ! -e "$out/nested/old" ]
	[ -d "$out/nested" ]
	[ -L "$out/keep" ]
	[ ! -e "$out/missing" ]
	[ -z "$(find "$out" -name '.wh*')" ] || fail "whiteouts were made files"
}

@test "a further name for a file of a lower layer is this layer's, and stays" {
	layer lower <<-TAR
		file f text=f
		dir d
		file d/old text=old
	TAR
	layer upper <<-TAR
		hard d/before link=f
		file d/.wh..wh..opq
		hard d/after link=f
		hard again link=f
		file .wh.again
	TAR
	layered names lower upper
	in_each_way names new_names
}

new_names() {
	unpacked
	says d/before f
	says d/after f
	says again f
	[ ! -e "$out/d/old" ]
}

@test "a whiteout below what is not a directory hides nothing" {
	layer lower <<-TAR
		dir a
		file a/a text=a
		dir b
		file b/y text=y
		link s link=b/y
	TAR
	layer upper <<-TAR
		file a text=now-a-file
		file a/.wh.a
		file a/.wh..wh..opq
		file b/y/.wh.x
		file b/y/z/.wh.x
		file b/y/.wh..wh..opq
		file s/.wh.x
		file s/.wh..wh..opq
		file n text=n
	TAR
	layered below lower upper
	in_each_way below below_a_file
}

below_a_file() {
	unpacked
	says a now-a-file
	says b/y y
	says n n
	[ -L "$out/s" ]
}

@test "a whiteout removes nothing of its own layer, nothing outside, and not the root" {
	breakout unpacked <<-TAR
		file f text=f
		file .wh.f
		link evil link=$T/canary
		file evil/.wh.file
		file evil/.wh..wh..opq
	TAR
	says f f
	for name in .wh. .wh.. .wh...; do
		breakout refused_with 7 <<-TAR
			file $name
		TAR
		breakout refused_with 7 <<-TAR
			dir d
			file d/$name
		TAR
	done
}

@test "modes are exact, set-id and sticky bits too, and directories that deny get their files" {
	breakout exact_modes <<-TAR
		dir locked mode=0
		file locked/f text=f mode=0
		dir readonly mode=555
		file readonly/f text=f mode=444
		dir sticky mode=1777
		file suid text=x mode=4755
		file sgid text=x mode=2755
		dir setgid mode=2755
	TAR
}

exact_modes() {
	unpacked
	local got
	[ "$way" = user ] && chmod 711 "$out"
	got=$(cd "$out" && stat -c '%a' locked readonly readonly/f sticky suid sgid setgid | tr '\n' ' ')
	[ "$got" = "0 555 444 1777 4755 2755 2755 " ] || fail "modes: $got"
}

@test "layers over directories that deny get their files too" {
	layer lower <<-TAR
		dir locked mode=0 mtime=5
		dir readonly mode=555 mtime=7.25
	TAR
	layer upper <<-TAR
		file locked/f text=f
		file readonly/f text=f
	TAR
	layered denied lower upper
	in_each_way denied denying
}

denying() {
	unpacked
	[ "$(stat -c '%a %Y' "$out/locked")" = "0 5" ] || fail "$(stat -c '%a %Y' "$out/locked")"
	[ "$(stat -c '%a %.2Y' "$out/readonly")" = "555 7.25" ]
}

@test "others cannot run what has a set-id bit" {
	layer suid <<-TAR
		dir . mode=755
		file suid text=x mode=4755
	TAR
	layered suid suid
	chmod 755 "$T"
	unpack_in plain suid
	unpacked
	[ "$(stat -c %a "$out")" = 700 ]
	assert_stderr_has 'set-id'
}

@test "devices and sockets are left out and counted, fifos made" {
	breakout no_devices <<-TAR
		char null major=1 minor=3
		block disk major=8 minor=0
		char whiteout major=0 minor=0
		fifo pipe mode=600
		file f text=f
	TAR
}

no_devices() {
	unpacked
	[ -p "$out/pipe" ]
	[ "$way" != exported ] || return 0
	[ ! -e "$out/null" ]
	[ ! -e "$out/disk" ]
	[ ! -e "$out/whiteout" ]
	assert_stderr_has 'devices and sockets of the image that were skipped: 3'
}

@test "root makes devices when asked" {
	need devices
	layer dev <<-TAR
		char null major=1 minor=3 mode=666
	TAR
	layered dev dev
	ocifp_run unpack --devices "oci:$T/lay:dev" out
	assert_status 0
	[ "$(stat -c '%t:%T %a' out/null)" = "1:3 666" ]
}

@test "extended attributes come in by an allow-list" {
	need user_xattrs
	breakout listed_xattrs <<-TAR
		file f text=f xattr.user.mine=1 xattr.user.overlay.opaque=y xattr.trusted.overlay.opaque=y xattr.security.selinux=s xattr.user.overlay.redirect=/etc
		dir d xattr.user.overlay.opaque=y xattr.user.dir=2
	TAR
}

listed_xattrs() {
	unpacked
	local got
	got=$(python3 -c "import os, sys
print(*[sorted(os.listxattr(os.path.join('$out', p))) for p in ('f', 'd')])")
	[ "$got" = "['user.mine'] ['user.dir']" ] || fail "attributes: $got"
	assert_stderr_has 'extended attributes of the image that were skipped'
}

@test "owners that no file can have are refused" {
	local id
	for id in 4294967295 1099511627776 -1; do
		breakout refused_with 7 <<-TAR
			file f uid=$id
		TAR
	done
}

@test "one user's tree has all files, and whose they should be beside it" {
	layer owned <<-TAR
		dir home
		file home/x text=x uid=1000 gid=1001
		link home/l link=x uid=7
		file root text=x
	TAR
	layered owned owned
	need root setpriv
	unpack_in user owned
	unpacked
	assert_equal "$(tr '\0' '\n' <"$out.owners" | sort)" \
		"$(printf 'owner 1000 1001 home/x\nowner 7 0 home/l\n')"
}

# given_back: an image whose last layer gives all that the one below gave to others to root
given_back() {
	layer given <<-TAR
		dir . uid=9 gid=9
		dir twice uid=1000 gid=1000
		dir twice
		dir d uid=1000 gid=1001
		file d/f text=f uid=1000
		link d/l link=f gid=1000
		dir gone uid=5
		file gone/x text=x uid=5
		dir way
		link by link=way
		file by/x text=x uid=5
		file stays text=stays uid=7 gid=8
		hard name link=stays
	TAR
	layer back <<-TAR
		dir .
		dir d
		file d/f text=f
		link d/l link=f
		file .wh.gone
		dir gone
		file gone/x text=x
		dir by
		file by/x text=x
	TAR
	layered given_back given back
}

@test "what a later layer, or a later entry, gives back to root is root's" {
	local way
	need root
	given_back
	for way in plain walk blocked; do
		unpack_in "$way" given_back
		unpacked
		assert_equal "$(cd "$out" && find . ! -user 0 -printf '%p %U:%G\n' -o ! -group 0 -printf '%p %U:%G\n' | sort)" \
			"$(printf '%s\n' './name 7:8' './stays 7:8' './way/x 5:0')"
	done
}

@test "with subordinate ids what is given back to root is the user's" {
	need subids
	given_back
	unpack_in ranges given_back
	unpacked
	assert_equal "$(cd "$out" && find . ! -user 4343 -printf '%p %U:%G\n' -o ! -group 4343 -printf '%p %U:%G\n' | sort)" \
		"$(printf '%s\n' './name 300006:300007' './stays 300006:300007' './way/x 300004:4343')"
}

@test "the record of owners tells of the tree as it is at last, by paths without links" {
	local way
	need root
	given_back
	unpack_in user given_back
	unpacked
	assert_equal "$(tr '\0' '\n' <"$out.owners")" \
		"$(printf 'owner %s\n' '7 8 name' '7 8 stays' '5 0 way/x')"
}

@test "a directory that was made through a link keeps its mode and time when the link goes" {
	layer lower <<-TAR
		dir d mtime=5
		link c link=d
		dir c/a mode=750 mtime=7.25
		dir c/a/b mode=0 mtime=8
		dir e
		link e/up link=..
		dir e/up/f mode=711 mtime=9
	TAR
	layer upper <<-TAR
		dir c mtime=6
		file e text=now-a-file
	TAR
	layered behind lower upper
	in_each_way behind modes_behind_links
}

modes_behind_links() {
	unpacked
	assert_equal "$(cd "$out" && stat -c '%n %a %.2Y' c d d/a d/a/b f)" \
		"$(printf '%s\n' 'c 755 6.00' 'd 755 5.00' 'd/a 750 7.25' 'd/a/b 0 8.00' 'f 711 9.00')"
}

@test "a root directory that no layer has an entry for has mode 755" {
	layer bare <<-TAR
		file d/f text=f
	TAR
	: >"$T/nothing"
	layered bare bare
	in_each_way bare has_root_mode 755
	layered nothing nothing
	in_each_way nothing has_root_mode 755
}

@test "a root directory has the mode of its entry, also one that denies its owner" {
	local mode
	for mode in 555 0 1777 750; do
		layer root <<-TAR
			dir . mode=$mode mtime=5
			file d/f text=f
		TAR
		layered root root
		in_each_way root has_root_mode $mode
		# What a killed unpacking left is emptied.
		mkdir -m 700 "$T/way-$way/.out.ocifp"
		chmod 700 "$out"
		mv "$out" "$T/way-$way/.out.ocifp/fs"
		chmod $mode "$T/way-$way/.out.ocifp/fs"
		[ "$(id -u)" -ne 0 ] || chown --reference="$T/way-$way" "$T/way-$way/.out.ocifp"
		unpack_in "$way" root
		has_root_mode $mode
	done
}

@test "uid 0 of a user namespace with few ids owns all files, and the record tells whose they are" {
	need userns
	layer owned <<-TAR
		dir home uid=1000 gid=1001
		file home/x text=x uid=1000 gid=1001
	TAR
	layered owned owned
	unpack_in userns owned
	unpacked
	assert_equal "$(tr '\0' '\n' <"$out.owners")" \
		"$(printf 'owner %s\n' '1000 1001 home/x' '1000 1001 home')"
}

has_root_mode() {
	unpacked
	assert_equal "$(stat -c %a "$out")" "$1"
}

@test "times are kept to the nanosecond, odd ones too" {
	breakout exact_times <<-TAR
		file a mtime=1.000000001
		file b mtime=-1
		dir d mtime=1234567890.123456789
		file d/x
		link l link=a mtime=99.5
	TAR
}

exact_times() {
	unpacked
	local got
	got=$(cd "$out" && stat -c '%.9Y' a b d l | tr '\n' ' ')
	[ "$got" = "1.000000001 -1.000000000 1234567890.123456789 99.500000000 " ] || fail "times: $got"
}

@test "times that are none, or that no file can have, are others and no failure" {
	local time
	for time in nan inf -1e20 1e10 1099511627776 9223372036854775807 1.99999999999; do
		breakout unpacked <<-TAR
			file f pax.mtime=$time
		TAR
	done
	[ "$(stat -c %.9Y "$out/f")" = 1.999999999 ] || fail "$(stat -c %.9Y "$out/f")"
}

@test "names of any bytes are kept, in any locale" {
	layer names <<-'TAR'
		file 'new\nline'
		file 'esc\x1b[31m'
		file -- text=x
		file -rf
		file 'raw\xff\xfe'
		file composed 'pax.path=nfc-\xc3\xa9'
		file decomposed 'pax.path=nfd-e\xcc\x81'
		file twin 'pax.path=twin-\xc3\xa9'
		file twin 'pax.path=twin-e\xcc\x81'
		file Case
		file case
	TAR
	layered names names
	in_each_way names exact_names
	LC_ALL=C unpack_in plain names
	exact_names
}

exact_names() {
	unpacked
	local got
	got=$(python3 -c "import os; print(sorted(os.listdir(b'$out')))")
	[ "$got" = "[b'--', b'-rf', b'Case', b'case', b'esc\\x1b[31m', b'new\\nline', b'nfc-\\xc3\\xa9', b'nfd-e\\xcc\\x81', b'raw\\xff\\xfe', b'twin-e\\xcc\\x81', b'twin-\\xc3\\xa9']" ] ||
		fail "names: $got"
}

@test "names and paths may be as long as the limits and no longer" {
	local name255 long
	name255=$(printf '%0255d' 0)
	breakout unpacked <<-TAR
		file $name255 pax.path=$name255
	TAR
	breakout refused_with 7 <<-TAR
		file ${name255}0 pax.path=${name255}0
	TAR
	long=$(printf '%0200d/' {1..20})$(printf '%075d' 0)
	breakout unpacked <<-TAR
		file long pax.path=$long
	TAR
	breakout refused_with 7 <<-TAR
		file long pax.path=${long}y
	TAR
}

@test "two thousand directories in each other are made and can be taken away" {
	local deep
	deep=$(printf 'd/%.0s' {1..200})f
	breakout unpacked <<-TAR
		file deep pax.path=$deep text=f
	TAR
	deep=$(printf 'd/%.0s' {1..2047})f
	layer deep <<-TAR
		file deep pax.path=$deep text=f
	TAR
	layered deep deep
	unpack_in plain deep
	unpacked
	[ "$(find "$out" -type f -printf %P)" = "$deep" ]
	rm -rf "$out"
}

@test "links are stored as they are; those that lead nowhere or in circles are no parents" {
	breakout unpacked <<-TAR
		link fd link=/proc/self/fd/3
		link circle link=circle
		link a link=b
		link b link=a
	TAR
	assert_equal "$(readlink "$out/fd")" /proc/self/fd/3
	breakout refused_with 7 <<-TAR
		link circle link=circle
		file circle/x
	TAR
	breakout refused_with 7 <<-TAR
		file f text=f
		file f/x
	TAR
	breakout refused_with 7 <<-TAR
		link empty
	TAR
}

@test "a sparse file has its size and takes little room" {
	need sparse_tar
	truncate -s 300M "$T/hole"
	printf middle | dd of="$T/hole" bs=1 seek=100000000 conv=notrunc status=none
	tar -C "$T" --sparse --format=pax -cf "$T/sparse.tar" hole
	tar -C "$T" --sparse --format=gnu -cf "$T/sparse-gnu.tar" hole
	for name in sparse.tar sparse-gnu.tar; do
		layered "$name" "$name"
		unpack_in plain "$name"
		unpacked
		cmp "$T/hole" "$out/hole"
		[ "$(stat -c %b "$out/hole")" -lt 1000 ]
	done
}

@test "tars that are cut, damaged or none are refused" {
	layer good <<-TAR
		file f text=0123456789
		file g size=5000
	TAR
	local size
	for size in 100 512 700 1600; do
		head -c $size "$T/good" >"$T/cut"
		layered cut cut
		in_each_way cut refused_with 7
	done
	head -c 1024 /dev/urandom >"$T/noise"
	layered noise noise
	in_each_way noise refused_with 7
	printf '#mtree\nf type=file contents=%s\n' "$T/canary/file" >"$T/mtree"
	layered mtree mtree
	in_each_way mtree refused_with 7
}

@test "a tar that ends with the last byte of its last file is one, and one byte less is none" {
	layer good <<-TAR
		file f text=0123456789
		file g text=all-of-it
	TAR
	head -c $((1024 + 512 + 9)) "$T/good" >"$T/bare"
	head -c $((1024 + 512 + 8)) "$T/good" >"$T/short"
	layered bare bare
	in_each_way bare unpacked
	says g all-of-it
	layered short short
	in_each_way short refused_with 7
}

@test "an empty layer is one" {
	: >"$T/nothing"
	head -c 1024 /dev/zero >"$T/zeros"
	layer f <<-TAR
		file f text=f
	TAR
	layered empty nothing zeros f
	in_each_way empty unpacked
}

@test "a layer that is not what its diff_id says is refused, to the end of its stream" {
	layer plain <<-TAR
		file f text=f
	TAR
	local good size
	good=sha256:$(sha256sum <"$T/plain" | cut -d ' ' -f 1)
	# Within the buffer that has the end of the tar, and some buffers behind it.
	for size in 7 2000000; do
		{ cat "$T/plain" && head -c $size /dev/zero | tr '\0' x; } >"$T/trailing"
		layered same trailing
		in_each_way same unpacked
		layered other trailing --diff-id "$good"
		in_each_way other refused_with 7
	done
}

@test "gzip of several members, zstd and none make the same tree" {
	need zstd gzip
	layer plain <<-TAR
		file a size=300000
		file b text=b
	TAR
	head -c 100000 "$T/plain" | gzip >"$T/members.gz"
	tail -c +100001 "$T/plain" | gzip >>"$T/members.gz"
	zstd -q "$T/plain" -o "$T/plain.zst"
	for name in members.gz plain.zst plain; do
		layered "$name" "$name"
		in_each_way "$name" unpacked
	done
	# The bytes say what they are, the media type does not.
	layered lies plain.zst --media-type application/vnd.oci.image.layer.v1.tar+gzip
	in_each_way lies unpacked
}

@test "compressed streams that are cut or damaged are refused" {
	need zstd gzip
	layer plain <<-TAR
		file a size=3000
	TAR
	local digest
	digest=sha256:$(sha256sum <"$T/plain" | cut -d ' ' -f 1)
	gzip -k "$T/plain"
	zstd -q "$T/plain"
	head -c -4 "$T/plain.gz" >"$T/cut.gz"
	head -c -1 "$T/plain.zst" >"$T/cut.zst"
	{ head -c -8 "$T/plain.gz"; printf 'xxxxxxxx'; } >"$T/crc.gz"
	for name in cut.gz cut.zst crc.gz; do
		raw_layer "$name" "$digest"
		in_each_way "$name" refused_with 7
	done
}

# raw_layer NAME DIFF_ID: a layer that mklayer.py cannot decompress
raw_layer() {
	python3 - "$RIG_LIB/mklayer.py" "$T/lay" "$T/$1" "$1" "$2" <<-'PYTHON'
		import runpy, sys
		script, layout, path, tag, diff_id = sys.argv[1:]
		sys.argv = ["mklayer", "tar", "/dev/null"]
		module = runpy.run_path(script)
		module["command_image"].__globals__["plain"] = lambda path: (b"", "+gzip")
		module["command_image"](layout, tag, [path, "--diff-id", diff_id])
	PYTHON
	chmod -R a+rX "$T/lay"
}

@test "a bomb is refused soon and leaves nothing" {
	head -c 1000000000 /dev/zero | gzip >"$T/part.gz"
	cat "$T/part.gz" "$T/part.gz" "$T/part.gz" "$T/part.gz" >"$T/bomb.gz"
	raw_layer bomb.gz "sha256:$(printf '%064d' 0)"
	unpack_in plain bomb.gz
	refused_with 7
	assert_stderr_has 'becomes more than'
	assert_within 30
}

# zstd_frames NAME BYTES: as often as that makes a million bytes and more, before the stream $T/plain
zstd_frames() {
	zstd -q "$T/plain" -c >"$T/end"
	python3 -c 'import sys
sys.stdout.buffer.write(bytes.fromhex(sys.argv[1]) * (1000000 // (len(sys.argv[1]) // 2) + 1))
sys.stdout.buffer.write(open(sys.argv[2], "rb").read())' "$2" "$T/end" >"$T/$1"
}

@test "zstd frames of nothing and frames to pass over come before a layer by the thousand" {
	need zstd
	layer plain <<-TAR
		file f text=f
	TAR
	local digest
	digest=sha256:$(sha256sum <"$T/plain" | cut -d ' ' -f 1)
	zstd_frames empty.zst 28b52ffd240001000099e9d851
	zstd_frames skipped.zst 522a4d180400000061626364
	for name in empty.zst skipped.zst; do
		raw_layer "$name" "$digest"
		unpack_in plain "$name"
		unpacked
		says f f
		assert_within 20
	done
}

@test "a zstd stream that needs a dictionary is refused" {
	need zstd
	layer plain <<-TAR
		file f text=f
	TAR
	# The same frame with a number of a dictionary in its header.
	zstd -q --no-check --no-content-size "$T/plain" -c | python3 -c 'import sys
frame = sys.stdin.buffer.read()
sys.stdout.buffer.write(frame[:4] + bytes([frame[4] | 1]) + frame[5:6] + b"\7" + frame[6:])' >"$T/dictionary.zst"
	raw_layer dictionary.zst "sha256:$(sha256sum <"$T/plain" | cut -d ' ' -f 1)"
	unpack_in plain dictionary.zst
	refused_with 7
}

@test "a zstd stream may have a window of 128 MiB, as zstd itself takes it, and none beyond" {
	need zstd
	layer plain <<-TAR
		file f size=300000
	TAR
	local log
	# Of a stream whose size it does not know it says the whole window.
	for log in 27 28; do zstd -q --long=$log <"$T/plain" >"$T/window-$log"; done
	layered window-27 window-27
	in_each_way window-27 unpacked
	layered window-28 window-28
	in_each_way window-28 refused_with 7
}

@test "sizes that no disk has are refused" {
	breakout refused_with 7 <<-TAR
		noend
		raw f type=0 pax.GNU.sparse.major=1 pax.GNU.sparse.minor=0 pax.GNU.sparse.name=f pax.GNU.sparse.realsize=9223372036854775807 'text=1\n0\n0\n'
	TAR
}

@test "holes that overlap, come backwards, or lie beyond the end are refused" {
	local map
	breakout small_file <<-TAR
		raw f type=0 pax.GNU.sparse.major=1 pax.GNU.sparse.minor=0 pax.GNU.sparse.name=f pax.GNU.sparse.realsize=100 text=$(mapped '2\n0\n10\n50\n10\n')
	TAR
	for map in '2\n0\n10\n5\n10\n' '2\n50\n10\n0\n10\n' '1\n0\n10\n' '1\n0\n30\n' '1\n1000\n10\n' '99999999\n0\n1\n' '1\n9223372036854775807\n10\n' '1\n-5\n10\n'; do
		breakout refused_with 7 <<-TAR
			raw f type=0 pax.GNU.sparse.major=1 pax.GNU.sparse.minor=0 pax.GNU.sparse.name=f pax.GNU.sparse.realsize=100 text=$(mapped "$map")
		TAR
	done
}

# mapped MAP: as the word of a line, filled to a block, and twenty bytes behind it
mapped() {
	local plain
	plain=$(printf "$1.")
	printf "'%s%s%s'" "$1" "$(printf '\\x00%.0s' $(seq ${#plain} 512))" xxxxxxxxxxxxxxxxxxxx
}

small_file() {
	unpacked
	[ "$(stat -c %s "$out/f")" -eq 100 ]
}

@test "headers that are damaged are refused and cost little" {
	breakout refused_with 7 <<-TAR
		file f pax.path=
		raw x type=x 'text=99999999999 path=f\n'
	TAR
	breakout refused_with 7 <<-TAR
		raw long type=L size=2000000
		file f
	TAR
	local record
	for record in '999 path=x' '-5 path=x' '0 path=x' '7 path' 'x'; do
		breakout refused_with 7 <<-TAR
			raw x type=x 'text=$record\n'
			file f
		TAR
	done
	{ printf "raw x type=x 'text="; printf '9 a=bcde\\n%.0s' {1..70000}; printf "'\nfile f text=f\n"; } >"$T/records"
	breakout small_and_soon <"$T/records"
	head -c 67108864 /dev/zero | tr '\0' 0 >"$T/zeros"
	python3 - "$RIG_LIB/mklayer.py" "$T/zeros" "$T/hostile" <<-'PYTHON'
		import runpy, sys
		script, content, path = sys.argv[1:]
		sys.argv = ["mklayer", "tar", "/dev/null"]
		header = runpy.run_path(script)["header"]
		with open(path, "wb") as file:
		    file.write(header(b"x", b"x", {}, 67108864) + open(content, "rb").read())
	PYTHON
	layered hostile hostile
	in_each_way hostile refused_with 7
	assert_within 10
}

small_and_soon() {
	unpacked
	says f f
	assert_within 10
}

@test "types that nobody knows do no harm" {
	local type
	for type in V M Q 7 g A; do
		layer odd <<-TAR
			raw odd type=$type
			file f text=f
		TAR
		layered odd odd
		for way in "${ways[@]}"; do
			unpack_in "$way" odd
			assert_status 0
			assert_canary
		done
	done
}

@test "a directory that holds something, a file and a link are not unpacked to" {
	layer f <<-TAR
		file f text=f
	TAR
	layered f f
	mkdir full empty
	echo mine >full/file
	echo mine >file
	ln -s empty link
	for place in full file link full/; do
		ocifp_run unpack "oci:$T/lay:f" "$place"
		assert_status 10
	done
	assert_equal "$(cat full/file file)" "$(printf 'mine\nmine')"
	ocifp_run unpack "oci:$T/lay:f" empty
	assert_status 0
	[ -f empty/f ]
	for place in . .. /; do
		ocifp_run unpack "oci:$T/lay:f" "$place"
		assert_status 10
	done
	ocifp_run unpack "oci:$T/lay:f" ''
	assert_status 2
}

@test "a mount point is not unpacked to, and what is mounted stays as it is" {
	need mounts
	layer f <<-TAR
		file f text=f
	TAR
	layered f f
	mkdir mounted
	split_run unshare -m sh -c 'mount -t tmpfs none mounted && ocifp unpack "$1" mounted; status=$?
		ls -A mounted .; exit $status' sh "oci:$T/lay:f"
	assert_failed 10
	assert_stderr_has "'mounted' is a mount point; name a directory that does not exist yet"
	assert_stdout $'.:\nmounted\n\nmounted:'
}

@test "where openat2 is not known at all, names are followed step by step" {
	need seccomp
	local real
	real=$(dirname "$(command -v ocifp)")/ocifp-layer
	helper_with old '#!/bin/sh' "exec python3 '$RIG_LIB/without_openat2.py' --unknown '$real' \"\$@\""
	layer hostile <<-TAR
		dir etc
		link localetc link=../../../../etc
		file localetc/unbroken text=inside
		link evil link=$T/canary
		file evil/file text=overwritten
		dir d
		file d/one text=one
		hard two link=d/one
	TAR
	layered hostile hostile
	unpack_in old hostile
	unbroken
	says two one
	assert_canary
}

@test "pull -o rootfs: is the same" {
	layer f <<-TAR
		file f text=f
	TAR
	layered f f
	ocifp_run pull -o rootfs:tree "oci:$T/lay:f"
	assert_status 0
	assert_stdout "oci:$T/lay@$(cat "$T/digest")"
	[ -f tree/f ]
	ocifp_run pull -o rootfs:tree "oci:$T/lay:f"
	assert_status 10
}

@test "an unpacking that was killed leaves no tree, and the next one takes its leftovers away" {
	head -c 300000000 /dev/zero >"$T/data"
	tar -C "$T" -cf "$T/big" data
	layered big big
	ocifp pull "oci:$T/lay:big" 2>/dev/null >&2
	helper_with slow '#!/bin/sh' 'sleep 30'
	OCIFP_LIBEXEC=$T/way-slow spawn killed ocifp unpack "oci:$T/lay:big" "$T/work/tree"
	local i=0
	until [ -d "$T/work/.tree.ocifp" ]; do
		i=$((i + 1))
		[ $i -lt 100 ] || fail "it does not start"
		sleep 0.1
	done
	kill -KILL "$(cat "$T/pids/killed")"
	[ ! -e tree ]
	ocifp_run unpack "oci:$T/lay:big" tree
	assert_status 0
	[ -f tree/data ]
	[ ! -e .tree.ocifp ]
}

@test "a folder that another user has put where a tree is made is not used" {
	need root
	layer f <<-TAR
		file f text=f
	TAR
	layered f f
	mkdir .tree.ocifp
	chown 4322 .tree.ocifp
	ocifp_run unpack "oci:$T/lay:f" tree
	assert_failed 10
	assert_stderr_has "cannot use '.tree.ocifp': it belongs to another user, uid 4322; remove it"
	[ ! -e tree ]
	assert_equal "$(stat -c '%u %a' .tree.ocifp)" "4322 755"
}

@test "no program is started and no foreign file opened, whatever a layer is packed in" {
	need unpack_traced strace_arguments
	layer f <<-TAR
		file f text=f
	TAR
	for magic in "#mtree\nf type=file contents=$T/canary/file\n" '\xfd7zXZ\x00' 'BZh91AY' 'LRZI\x00' 'GRZipII\x00\x02\x04:)' 'PK\x03\x04' '070701' '!<arch>\n'; do
		{ printf "$magic"; cat "$T/f"; } >"$T/odd"
		raw_layer odd "sha256:$(sha256sum <"$T/odd" | cut -d ' ' -f 1)"
		OCIFP_STORE=$T/strace-store split_run strace -f -qq -e trace=execve,execveat,open,openat,openat2 -o "$T/trace" ocifp unpack "oci:$T/lay:odd" "$T/odd-out"
		assert_status 7
		grep -q 'exec.*ocifp-layer"' "$T/trace" || fail "the helper was not seen to start"
		! grep 'execve\(at\)\?(' "$T/trace" | grep -v 'execve("[^"]*/ocifp\(-layer\)\?"\|execveat([0-9]*, "", \["ocifp-layer"' ||
			fail "another program was started"
		! grep "$T/canary" "$T/trace" || fail "a file was opened that the layer names"
	done
}

@test "the helper cannot be started by hand" {
	local helper
	helper=$(dirname "$(command -v ocifp)")/ocifp-layer
	split_run "$helper" unpack
	assert_status 2
	assert_stderr_has '^ocifp-layer: cannot be started by hand: ocifp starts it$'
	split_run "$helper" unpack 3</dev/null
	assert_status 2
}
