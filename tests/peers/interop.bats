#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Who writes, who reads, in which form: every pair of ocifp, skopeo, umoci and buildah.
#
# Paths are relative: buildah makes names of them, in which no upper case may be.
#
# Each test is one form and one compression, and goes through all 16 pairs; what a pair cannot do is
# told with its reason, and everything else has to come out as it went in.

load ../lib/rig

tools=(ocifp skopeo umoci buildah)

setup() {
	need python3 jq docker-registry skopeo umoci buildah zstd ocifp
	rig_setup
	umoci_image ./gzip one
	skopeo_copy --dest-compress-format zstd oci:gzip:one oci:zstd:one
	rig_buildah pull -q oci:gzip:one >"$T/seed"
}

teardown() {
	rig_teardown
}

# cannot WRITER READER: why this cell is impossible; nothing when it is not
cannot() {
	if [ "$form" != oci ]; then
		if [ "$1" = umoci ] || [ "$2" = umoci ]; then echo "umoci knows layouts alone"; fi
	elif [ "$compression" = zstd ]; then
		if [ "$1" = umoci ]; then echo "umoci writes gzip alone"; fi
		if [ "$2" = umoci ]; then echo "umoci reads no zstd"; fi
	fi
	if [ "$1" = buildah ] && [ "$compression" = zstd ] && ! buildah push --help | grep -q compression-format; then
		echo "this buildah writes no zstd"
	fi
}

# place TOOL: the form, as that tool spells it
place() {
	case $form in
	oci) echo oci:out:one ;;
	oci-archive) echo oci-archive:out.tar:one ;;
	docker-archive) echo "docker-archive:out.tar${2:+:app:one}" ;;
	registry) if [ "$1" = ocifp ]; then echo "$reg_host/app:one"; else echo "docker://$reg_host/app:one"; fi ;;
	esac
}

write_ocifp() {
	ocifp copy "oci:$compression:one" "$(place ocifp new)"
}

# A docker archive has plain tars alone; newer ones refuse to be told otherwise.
write_skopeo() {
	local options=()
	[ "$form" = docker-archive ] || options=(--dest-compress-format "$compression")
	skopeo_copy "${options[@]}" oci:gzip:one "$(place skopeo new)"
}

write_umoci() {
	umoci_image ./out one
}

write_buildah() {
	local options=()
	[ "$compression" = gzip ] || [ "$form" = docker-archive ] ||
		options=(--compression-format "$compression")
	rig_buildah push -q --tls-verify=false "${options[@]}" "$(cat "$T/seed")" "$(place buildah new)"
}

read_ocifp() {
	ocifp copy "$(place ocifp)" oci:back:one
}

read_skopeo() {
	skopeo_copy "$(place skopeo)" oci:back:one
}

# It unpacks alone: what it unpacked goes into a layout for the same look.
read_umoci() {
	umoci unpack --rootless --image out:one bundle
	mkimage image back one --layers 1 >/dev/null
	cp bundle/rootfs/hello back/hello
}

read_buildah() {
	rig_buildah pull -q --tls-verify=false "$(place buildah)" >"$T/id"
	rig_buildah push -q "$(cat "$T/id")" oci:back:one
	rig_buildah rmi -f "$(cat "$T/id")" >/dev/null 2>&1 || true
	rig_buildah pull -q oci:gzip:one >"$T/seed"
}

# said: what /hello in the layout "back" says
said() {
	local layer manifest
	if [ -e back/hello ]; then
		cat back/hello
		return
	fi
	manifest=$(blob_path back "$(jq -r '.manifests[0].digest' back/index.json)")
	for layer in $(jq -r '.layers[].digest' "$manifest"); do
		# umoci ends a tar so early that GNU tar complains.
		zstd -dcf "$(blob_path back "$layer")" | grep -ao 'hello from [a-z0-9 ]*' || true
	done
}

# compressions: those of the layers in the layout "back", each once
compressions() {
	jq -r '.layers[].mediaType' "$(blob_path back "$(jq -r '.manifests[0].digest' back/index.json)")" |
		sed 's/.*+//' | sort -u
}

# cell WRITER READER
cell() {
	rm -rf out out.tar back bundle "$T/reg.data/docker"
	"write_$1" >"$T/cell" 2>&1 || fail "$1 does not write $form, $compression:" "$(tail -n 20 "$T/cell")"
	"read_$2" >"$T/cell" 2>&1 || fail "$2 does not read $form, $compression of $1:" "$(tail -n 20 "$T/cell")"
	assert_equal "$(said)" 'hello from one on amd64'
	# ocifp changes nothing: what it read is what was written.
	[ "$2" != ocifp ] || [ "$form" = docker-archive ] || assert_equal "$(compressions)" "$compression"
}

# matrix FORM COMPRESSION: all 16 cells
matrix() {
	local writer reader reason cells=0 impossible=0
	form=$1 compression=$2
	[ "$form" != registry ] || start_registry reg
	for writer in "${tools[@]}"; do
		for reader in "${tools[@]}"; do
			reason=$(cannot "$writer" "$reader" | head -n 1)
			if [ -n "$reason" ]; then
				impossible=$((impossible + 1))
				echo "# $form, $compression: $writer to $reader: impossible, $reason" >&3
			else
				cell "$writer" "$reader"
				cells=$((cells + 1))
			fi
		done
	done
	assert_equal $((cells + impossible)) 16
	[ "$cells" -ge 9 ] || [ "$compression" = zstd ] || fail "only $cells cells"
}

@test "oci, gzip: what each writes, all read" {
	matrix oci gzip
}

@test "oci, zstd: what each writes, all read" {
	matrix oci zstd
}

@test "oci-archive, gzip: what each writes, all read" {
	matrix oci-archive gzip
}

@test "oci-archive, zstd: what each writes, all read" {
	matrix oci-archive zstd
}

@test "docker-archive, gzip: what each writes, all read" {
	matrix docker-archive gzip
}

@test "docker-archive, zstd: what each writes, all read" {
	matrix docker-archive zstd
}

@test "registry, gzip: what each writes, all read" {
	matrix registry gzip
}

@test "registry, zstd: what each writes, all read" {
	matrix registry zstd
}
