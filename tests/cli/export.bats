#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# An image's root filesystem as one tar, and single files of it.  That the tar makes the tree that
# unpack makes is a way of unpack.bats.

load ../lib/rig
load ../lib/unpack_ways

setup() {
	need python3 tar ocifp
	rig_setup
	layer lower <<-TAR
		dir etc mode=700 mtime=5
		file etc/os-release text=lower
		file etc/passwd text=root
		link etc/mtab link=../proc/mounts
		dir opt
		file opt/kept text=kept
		hard opt/also link=opt/kept
		file opt/other text=old
	TAR
	layer upper <<-TAR
		dir etc mode=711 mtime=7.25 uid=3
		file etc/os-release text=upper
		link etc/release link=/etc/os-release
		file etc/.wh.passwd
		file opt/.wh.kept
		hard opt/link link=opt/other
		file opt/other text=new
		char dev/null major=1 minor=3
	TAR
	layered one lower upper
	image=oci:$T/lay:one
	cd "$T" || return
}

teardown() {
	rig_teardown
}

@test "the tar has what is left of the layers, each directory before what is in it" {
	ocifp_run export -o out.tar "$image"
	assert_status 0
	assert_stdout "oci:$T/lay@$(<digest)"
	assert_equal "$(tar -tf out.tar | paste -sd ' ')" \
		'etc/ etc/mtab opt/ opt/also opt/link etc/os-release etc/release opt/other dev/ dev/null'
	assert_equal "$(tar -xOf out.tar etc/os-release opt/also opt/link opt/other)" keptolduppernew
	assert_equal "$(tar --numeric-owner --full-time -tvf out.tar etc/ | head -n 1 | awk '{print $1, $2, $5}')" \
		'drwx--x--x 3/0 00:00:07.25'
}

@test "a further name is a link to the first that is left, and follows it" {
	layer links <<-TAR
		file a text=a
		hard b link=a
		hard z/c link=b
	TAR
	layer less <<<'file .wh.a'
	layered links links less
	ocifp_run export -o out.tar "oci:$T/lay:links"
	assert_status 0
	assert_equal "$(tar -tvf out.tar | awk '{print $1, $6, $7, $8, $9}')" \
		$'-rw-r--r-- b   \ndrwxr-xr-x z/   \nhrw-r--r-- z/c link to b'
}

@test "the same image makes the same bytes, whatever its layers are compressed with" {
	ocifp_run export "$image"
	assert_status 0
	gzip -k lower upper
	layered two lower.gz upper.gz
	ocifp export "oci:$T/lay:two" >two.tar
	assert_same_file "$T/stdout" two.tar
}

@test "a file appears whole or not at all, and a terminal gets no tar" {
	layer wrong <<<'hard x link=nothing'
	layered wrong lower wrong
	ocifp_run export -o out.tar "oci:$T/lay:wrong"
	assert_failed 7
	assert_stderr_has "layer 2 of 2: cannot create 'x': hard link to 'nothing', which does not exist"
	[ ! -e out.tar ]
	ocifp_run export --platform linux/amd64,linux/arm64 "$image"
	assert_failed 2
	need script
	run script -qec "ocifp export $image" /dev/null </dev/null
	[ "$status" -eq 2 ]
	[[ $output == *'cannot write an archive to a terminal'* ]]
}

@test "a reader that has seen enough is no failure to speak of" {
	layer large <<<'file large size=3000000'
	layered large large
	set +o pipefail
	ocifp export "oci:$T/lay:large" 2>err | head -c 100 >/dev/null
	! grep -v copied err || fail "$(cat err)"
}

@test "cat prints a file, through links as the image has them" {
	local path
	for path in etc/os-release /etc/release etc/../etc//release; do
		ocifp_run cat "$image" "$path"
		assert_status 0
		assert_stdout upper
	done
	assert_equal "$(ocifp cat "$image" /opt/link)" old
	assert_equal "$(ocifp cat "$image" /opt/also)" kept
	for path in etc/passwd opt/kept nowhere etc/os-release/x; do
		ocifp_run cat "$image" "$path"
		assert_failed 1
		assert_stderr_has "'$path' is not there in the image"
	done
	ocifp_run cat "$image" etc
	assert_failed 1
	assert_stderr_has "'etc' is not a regular file in the image"
	ocifp_run cat "$image" /dev/null
	assert_failed 1
	ocifp_run cat "$image" ''
	assert_failed 1
	assert_stdout ''
}

@test "holes are zeros" {
	need sparse_tar
	truncate -s 3M hole
	printf middle | dd of=hole bs=1 seek=1000000 conv=notrunc status=none
	tar --sparse --format=pax -cf sparse hole
	layered sparse sparse
	ocifp cat "oci:$T/lay:sparse" hole | cmp - hole
	ocifp export "oci:$T/lay:sparse" | tar -xOf - hole | cmp - hole
}

@test "a hole stays a hole: a small tar has hundreds of gigabytes of them" {
	need sparse_tar
	truncate -s 300G hole
	printf middle | dd of=hole bs=1 seek=5000000000 conv=notrunc status=none
	truncate -s 200G empty
	tar --sparse --format=gnu -cf sparse hole empty
	layered sparse sparse
	ocifp_run export -o out.tar "oci:$T/lay:sparse"
	assert_status 0
	[ "$(stat -c %s out.tar)" -lt 50000 ]
	mkdir back
	tar -C back -xf out.tar
	assert_equal "$(stat -c %s back/hole back/empty | paste -sd ' ')" '322122547200 214748364800'
	assert_equal "$(dd if=back/hole bs=1 skip=5000000000 count=6 status=none)" middle
	assert_equal "$(python3 -c 'import tarfile; print(*[(m.name, m.size) for m in tarfile.open("out.tar")])')" \
		"('hole', 322122547200) ('empty', 214748364800)"
	ocifp flatten -o oci:flat:v1 "oci:$T/lay:sparse"
	ocifp export oci:flat:v1 | cmp - out.tar
	ocifp unpack --platform linux/amd64 oci:flat:v1 tree
	cmp <(dd if=tree/hole bs=1M skip=4000 count=1000 status=none) <(dd if=hole bs=1M skip=4000 count=1000 status=none)
	[ "$(du -k tree/hole | cut -f 1)" -lt 1000 ]
}

@test "a sparse file that GNU tar would not write is the same file to it" {
	need sparse_tar python3
	python3 - <<-'PY'
		import io, tarfile
		regions = [(0, 10), (100, 3), (5000, 0), (6000, 1025), (7100, 5), (1 << 20, 600)]
		member = tarfile.TarInfo("hole")
		member.size = sum(size for _, size in regions)
		member.pax_headers = {"GNU.sparse.size": str(3 << 30), "GNU.sparse.numblocks": str(len(regions)),
		                      "GNU.sparse.map": ",".join("%d,%d" % region for region in regions),
		                      "GNU.sparse.name": "hole"}
		content = bytes(1 + n % 255 for n in range(member.size))
		with tarfile.open("sparse", "w", format=tarfile.PAX_FORMAT) as tar:
		    tar.addfile(member, io.BytesIO(content))
		with open("hole", "wb") as hole:
		    for offset, size in regions:
		        hole.seek(offset)
		        hole.write(content[:size])
		        content = content[size:]
		    hole.truncate(3 << 30)
	PY
	layered sparse sparse
	ocifp cat "oci:$T/lay:sparse" hole | cmp -n 2000000 - hole
	mkdir back
	ocifp export "oci:$T/lay:sparse" >out.tar
	tar -C back -xf out.tar
	assert_equal "$(stat -c %s back/hole)" $((3 << 30))
	cmp -n 2000000 back/hole hole
	python3 -c 'import tarfile; tar = tarfile.open("out.tar"); print(tar.getmembers()[0].size)'
	python3 -c 'import tarfile, sys; sys.stdout.buffer.write(tarfile.open("out.tar").extractfile("hole").read(2000000))' |
		cmp -n 2000000 - hole
}

@test "a file that is nothing but a hole, and has no map that says so, is refused" {
	python3 - <<-'PY'
		header = bytearray(512)
		header[:4] = b"hole"
		header[100:108] = b"0000644\0"
		header[124:136] = header[136:148] = b"00000000000\0"
		header[156:157] = b"S"
		header[257:265] = b"ustar  \0"
		header[483:495] = b"77777777777\0"
		header[148:156] = b" " * 8
		header[148:156] = b"%06o\0 " % sum(header)
		open("sparse", "wb").write(header + bytes(1024))
	PY
	layered sparse sparse
	ocifp_run export -o out.tar "oci:$T/lay:sparse"
	assert_failed 7
	assert_stderr_has "'hole': its sparse map does not fit"
}

@test "cat: bytes are as they are, and loops end" {
	layer odd <<-TAR
		file bytes text=\\\\xff\\\\n\\\\x1b[0m
		link loop link=loop
	TAR
	layered odd odd
	assert_equal "$(ocifp cat "oci:$T/lay:odd" bytes | od -An -tx1 | tr -d ' \n')" ff0a1b5b306d
	ocifp_run cat "oci:$T/lay:odd" loop
	assert_failed 7
}

@test "cat: a terminal gets no control characters" {
	need script
	layer odd <<-TAR
		file plain text=gr\\\\xc3\\\\xbc\\\\xc3\\\\x9f\\\\xe2\\\\x82\\\\x9c\\\\n
		file seven text=\\\\x1b[0m
		file eight text=\\\\xc2\\\\x9b
		file raw text=\\\\x9b31m
		file broken text=\\\\xc3\\\\xb6\\\\x9b31m
	TAR
	layered odd odd
	run script -qec "ocifp -q cat oci:$T/lay:odd plain" /dev/null </dev/null
	[ "$status" -eq 0 ]
	[[ $output == *grüß* ]]
	for file in seven eight raw broken; do
		run script -qec "ocifp -q cat oci:$T/lay:odd $file" /dev/null </dev/null
		[ "$status" -eq 2 ]
		[[ $output == *'cannot write control characters to a terminal; redirect standard output'* ]]
	done
}

@test "IMAGE is that of the project file, by hash" {
	need git
	echo 'FROM x' >Dockerfile
	printf '%s\n' 'version: 1' 'images:' '  ci:' "    repository: oci:$T/ci" '    inputs: [Dockerfile]' >.ocifp.yaml
	ocifp push --by-hash "$image" ci 2>/dev/null
	ocifp_run cat etc/os-release
	assert_status 0
	assert_stdout upper
	ocifp_run export -o ci.tar ci
	assert_status 0
}

@test "a helper that was taken over gets no layer that the image lacks" {
	helper_with liar '#!/usr/bin/env python3' 'import socket, struct' \
		'channel = socket.socket(fileno=3)' 'channel.recv(4096)' \
		'channel.sendall(struct.pack("IIQ", 5, 8, 2))' 'channel.recv(1)'
	OCIFP_LIBEXEC=$T/way-liar ocifp_run export -o out.tar "$image"
	assert_failed 1
	assert_stderr_has 'the confined helper asked for another layer'
	[ ! -e out.tar ]
}

@test "a helper that says no more is waited for, without work" {
	helper_with mute '#!/usr/bin/env python3' 'import os, time' 'os.close(4)' 'time.sleep(4)'
	ulimit -t 2
	OCIFP_LIBEXEC=$T/way-mute ocifp_run export -o out.tar "$image"
	assert_failed 1
	assert_stderr_has 'the confined helper ended without an answer'
}
