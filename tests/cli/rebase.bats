#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# An image's upper layers on another base, all of its layers as one, and its layers and documents in
# another form.

load ../lib/rig
load ../lib/unpack_ways

both=(--platform linux/amd64 --platform linux/arm64)
name_of_base=org.opencontainers.image.base.name
digest_of_base=org.opencontainers.image.base.digest

setup() {
	need python3 jq ocifp
	rig_setup
	cd "$T" || return
	mkdir old new more top
	echo old >old/release
	echo new >new/release
	echo more >more/more
	echo top >top/app
}

teardown() {
	rig_teardown
}

# bases [OPTION...]: oci:base:old of one layer, oci:base:new of two
bases() {
	ocifp append "$@" -o oci:base:old old
	ocifp append "$@" -o oci:base:new --env FROM=base new more
}

# app BASE [OPTION...]: oci:app:v1 with a layer and a setting on it
app() {
	ocifp append --base "$1" -o oci:app:v1 --env A=b --created-by 'make app' "${@:2}" top
}

# rebase ARGUMENT...: oci:app:v1 into oci:out:v1
rebase() {
	rm -rf out
	ocifp_run rebase -o oci:out:v1 "$@" oci:app:v1
}

refused() {
	local wanted=$1 text=$2
	shift 2
	rebase "$@"
	assert_failed "$wanted"
	assert_stderr_has "$text"
	[ ! -e out ] || fail "left: $(find out)"
}

# child LAYOUT TAG ARCHITECTURE: gives that manifest of an index a tag of its name
child() {
	ocifp copy --platform "linux/$3" "oci:$1:$2" "oci:$1:$3"
}

@test "rebase: the lower layers and their history are the new base's, the rest is the image's" {
	bases
	app oci:base:old
	rebase --old-base oci:base:old --new-base oci:base:new
	assert_status 0
	assert_stdout "oci:out@$(mkimage digest out v1)"
	assert_equal "$(manifest_of out v1 | jq -c .layers)" \
		"$( (manifest_of base new | jq -c '.layers[]' && manifest_of app v1 | jq -c '.layers[1]') | jq -sc .)"
	assert_equal "$(config_of out v1 | jq -c '[.history[].created_by]')" '["ocifp append","ocifp append","make app"]'
	assert_equal "$(config_of out v1 | jq -c 'del(.rootfs, .history)')" "$(config_of app v1 | jq -c 'del(.rootfs, .history)')"
	ocifp_run export oci:out:v1
	assert_equal "$(tar -xOf "$T/stdout" release more app)" $'new\nmore\ntop'
	rebase --old-base oci:base:old --new-base oci:base:old
	assert_equal "$(manifest_of out v1 | jq -c '[.layers, .config]')" "$(manifest_of app v1 | jq -c '[.layers, .config]')"
}

@test "rebase: what an image says of its base is no file or directory here" {
	local base
	bases
	for base in "oci:$T/base:new" oci-archive:- rootfs:base 'No Name' ''; do
		app oci:base:old -a "$name_of_base=$base" -a "$digest_of_base=$(ocifp digest oci:base:old)"
		refused 2 "--new-base is required: the annotation '$name_of_base' names '$base', which is not in a registry"
		refused 2 "--new-base is required" --old-base oci:base:old
	done
}

@test "rebase: each platform of an index goes on the same platform of the bases" {
	bases "${both[@]}"
	app oci:base:old
	rebase --old-base oci:base:old --new-base oci:base:new
	assert_status 0
	assert_equal "$(manifest_of out v1 | jq -c '[.manifests[].platform.architecture]')" '["amd64","arm64"]'
	child out v1 arm64
	assert_equal "$(config_of out arm64 | jq -c '[.architecture, (.rootfs.diff_ids | length)]')" '["arm64",3]'
	rebase --old-base oci:base:old --new-base oci:base:new --platform linux/arm64
	assert_equal "$(config_of out v1 | jq -r .architecture)" arm64
	ocifp append --platform linux/amd64 -o oci:base:amd64 new
	refused 8 "cannot rebase 'oci:app:v1' for linux/arm64: new base 'oci:base:amd64': the image is for linux/amd64" \
		--old-base oci:base:old --new-base oci:base:amd64
}

@test "rebase: an image that is not based on the old base is refused" {
	bases
	app oci:base:old
	refused 9 "cannot rebase 'oci:app:v1': it is not based on 'oci:base:new': its layer 1 is sha256:" \
		--old-base oci:base:new --new-base oci:base:old
	assert_stderr_has '; --old-base takes the image that it was built on'
	ocifp append --base oci:app:v1 -o oci:base:three more
	refused 9 'it has 2 layers, the base has 3' --old-base oci:base:three --new-base oci:base:new
	refused 3 "new base 'oci:base:none'" --old-base oci:base:old --new-base oci:base:none
}

@test "rebase: a layer that was compressed once more is the same layer" {
	bases
	app oci:base:old
	ocifp mutate --compression zstd -o oci:base:zstd oci:base:old
	rebase --old-base oci:base:zstd --new-base oci:base:new
	assert_status 0
}

@test "rebase: what the image says of its base is the default, and what it says afterwards is new" {
	bases
	app oci:base:old --set-base-image-annotations --label $digest_of_base=x --label $name_of_base=y
	refused 2 "--new-base is required: the image has no annotation '$name_of_base'"
	rebase --new-base oci:base:new
	assert_status 0
	assert_equal "$(manifest_of out v1 | jq -r ".annotations[\"$digest_of_base\"]")" "$(mkimage digest base new)"
	assert_equal "$(config_of out v1 | jq -c .config.Labels)" "{\"$digest_of_base\":\"$(mkimage digest base new)\"}"
	app oci:base:old
	refused 2 "--old-base is required: the image has no annotation '$digest_of_base'" --new-base oci:base:new
}

@test "rebase: what an image says of its base is no host of our network" {
	bases
	app oci:base:old --set-base-image-annotations --annotation "$name_of_base=169.254.169.254/base:new"
	refused 9 "the annotation '$name_of_base' names '169.254.169.254/base:new', which has an internal address"
	rebase --new-base oci:base:new
	assert_status 0
}

@test "rebase: layers that nobody can read go along, in the image's media types" {
	local type=application/vnd.oci.image.layer.v1.tar+gzip+encrypted
	mkimage image base old --layers 1k >/dev/null
	mkimage image base new --layers 2k --docker --merge '{"x": 1}' >/dev/null
	mkimage image base all --layers 1k,3k --merge '{"x": 2}' >/dev/null
	manifest_of base all | jq -c ".layers[1].mediaType = \"$type\"" | mkimage manifest app v1 >/dev/null
	cp -R base/blobs/* app/blobs
	rebase --old-base oci:base:old --new-base oci:base:new
	assert_status 0
	assert_equal "$(manifest_of out v1 | jq -c '[.layers[].mediaType]')" "[\"application/vnd.oci.image.layer.v1.tar\",\"$type\"]"
	for how in flatten 'mutate --compression zstd'; do
		# shellcheck disable=SC2086
		ocifp_run $how -o oci:other oci:app:v1
		assert_failed 2
		assert_stderr_has "layer 2 of 2: its type '${type//+/.}' cannot be read; layers that are encrypted or not for distribution can only be copied and rebased"
	done
	ocifp_run mutate --format docker -o oci:other oci:app:v1
	assert_failed 2
	assert_stderr_has "layer 2: its type '${type//+/.}' stays as it is"
	[ ! -e other ]
}

@test "a name that only the store has can be rebased, flattened and changed" {
	start_faults reg
	bases
	ocifp append --base oci:base:old -t "$reg_host/app:v1" top
	ocifp_run rebase --old-base oci:base:old --new-base oci:base:new -t "$reg_host/app:v2" "$reg_host/app:v1"
	assert_status 0
	assert_stderr_has "'$reg_host/app:v1' is absent; using the image of that name in the store"
	ocifp_run flatten -o oci-archive:flat.tar "$reg_host/app:v2"
	assert_status 0
	ocifp_run mutate --compression none -o docker-archive:plain.tar oci-archive:flat.tar
	assert_status 0
	ocifp_run flatten -o oci:out:v1 "$reg_host/app:v3"
	assert_failed 3
}

@test "flatten: one layer makes the tree that all made, and the configuration stays" {
	layer lower <<-TAR
		dir etc mode=700
		file etc/gone text=gone
		file etc/kept text=kept mode=4755
		hard link link=etc/kept
	TAR
	layer upper <<-TAR
		file etc/.wh.gone
		file etc/new text=new
	TAR
	layered one lower upper
	ocifp_run flatten -o oci:out:v1 oci:lay:one
	assert_status 0
	ocifp export oci:lay:one >all.tar
	layer_tar out v1 0 | cmp - all.tar
	assert_equal "$(manifest_of out v1 | jq '.layers | length')" 1
	assert_equal "$(config_of out v1 | jq -c '[.rootfs.diff_ids, [.history[].created_by]]')" \
		"[[\"sha256:$(sha256sum <all.tar | cut -d ' ' -f 1)\"],[\"ocifp flatten\"]]"
	assert_equal "$(config_of out v1 | jq -c 'del(.rootfs, .history)')" "$(config_of lay one | jq -c 'del(.rootfs, .history)')"
	ocifp_run flatten --compression zstd -o oci:again:v1 oci:out:v1
	assert_status 0
	assert_equal "$(config_of again v1)" "$(config_of out v1)"
	assert_equal "$(manifest_of again v1 | jq -r '.layers[0].mediaType')" application/vnd.oci.image.layer.v1.tar+zstd
}

@test "flatten: of each platform of an index, and of an image without layers" {
	bases "${both[@]}"
	ocifp_run flatten -o oci:out:v1 oci:base:new
	assert_status 0
	child out v1 arm64
	assert_equal "$(config_of out arm64 | jq -c '[.architecture, (.rootfs.diff_ids | length)]')" '["arm64",1]'
	mkimage image empty v1 --count 0 >/dev/null
	ocifp_run flatten -o oci:out:empty oci:empty:v1
	assert_status 0
	ocifp_run unpack --platform linux/amd64 oci:out:empty tree
	assert_status 0
}

@test "compression: only layers change; those that have it, the config and the time stay" {
	bases "${both[@]}" --annotation a=b
	ocifp_run mutate --compression zstd -o oci:z:v1 oci:base:new
	assert_status 0
	assert_stderr_has packed
	child z v1 amd64
	child base new amd64
	assert_equal "$(manifest_of z amd64 | jq -c '[.layers[].mediaType] | unique')" '["application/vnd.oci.image.layer.v1.tar+zstd"]'
	assert_equal "$(manifest_of z amd64 | jq -c '[.config, .annotations]')" "$(manifest_of base amd64 | jq -c '[.config, .annotations]')"
	layer_tar z amd64 1 | cmp - <(layer_tar base amd64 1)
	ocifp_run mutate --compression gzip -o oci:back:v1 oci:z:v1
	assert_stdout "oci:back@$(mkimage digest base new)"
	ocifp_run mutate --compression gzip -o oci:same:v1 oci:base:new
	assert_stdout "oci:same@$(mkimage digest base new)"
	refute_stderr_has packed
	ocifp_run mutate --compression gzip --level 1 -o oci:fast:v1 oci:base:new
	assert_stderr_has packed
	ocifp_run mutate --level 1 -o oci:fast:v1 oci:base:new
	assert_failed 2
	ocifp_run mutate --compression none --label x=y -o oci:changed:v1 oci:base:amd64
	assert_equal "$(config_of changed v1 | jq -c '[.config.Labels, (.history | length)]')" '[{"x":"y"},3]'
	assert_equal "$(manifest_of changed v1 | jq -c '[.layers[].mediaType] | unique')" '["application/vnd.oci.image.layer.v1.tar"]'
}

@test "compression: what said something of the compressed bytes is gone" {
	mkimage image lay one --layers 1k,2k --compress gzip --merge '{"annotations": {"kept": "kept"}}' >/dev/null
	manifest_of lay one | jq -c '.layers[0].annotations = {"io.containers.estargz.uncompressed-size": "1",
		"containerd.io/snapshot/stargz/toc.digest": "sha256:0", "io.github.containers.zstd-chunked.x": "1", "mine": "x"} |
		.layers[0].urls = ["http://localhost/"]' | mkimage manifest lay two >/dev/null
	ocifp_run mutate --compression zstd -o oci:out:v1 oci:lay:two
	assert_status 0
	assert_equal "$(manifest_of out v1 | jq -c '.layers[0] | [.annotations, .urls]')" '[{"mine":"x"},null]'
}

@test "format: docker's media types and back, with the same config and layers" {
	bases "${both[@]}" --annotation a=b
	ocifp_run mutate --format docker -o oci:d:v1 oci:base:new
	assert_status 0
	assert_equal "$(manifest_of d v1 | jq -r '.mediaType, .manifests[0].mediaType')" \
		$'application/vnd.docker.distribution.manifest.list.v2+json\napplication/vnd.docker.distribution.manifest.v2+json'
	child d v1 arm64
	child base new arm64
	assert_equal "$(manifest_of d arm64 | jq -c '[.config.mediaType, .layers[0].mediaType, .annotations]')" \
		'["application/vnd.docker.container.image.v1+json","application/vnd.docker.image.rootfs.diff.tar.gzip",null]'
	assert_equal "$(manifest_of d arm64 | jq -c '[.config.digest, .layers[].digest]')" \
		"$(manifest_of base arm64 | jq -c '[.config.digest, .layers[].digest]')"
	ocifp_run mutate --format oci --annotation a=b -o oci:o:v1 oci:d:v1
	assert_status 0
	ocifp_run mutate --format docker --compression zstd -o oci:no:v1 oci:base:new
	assert_failed 2
	assert_stderr_has "layer 1: it is compressed with zstd, which Docker's format lacks; use --compression gzip as well"
	[ ! -e no ]
	ocifp mutate --compression zstd -o oci:z:v1 oci:base:new
	ocifp_run mutate --format docker --compression gzip -o oci:no:v1 oci:z:v1
	assert_stdout "oci:no@$(mkimage digest d v1)"
}

@test "layers whose content is not what the config says make nothing" {
	mkimage image lay one --layers 1k,2k --compress gzip >/dev/null
	local config
	config=$(config_of lay one | jq -c '.rootfs.diff_ids[1] = .rootfs.diff_ids[0]' | mkimage blob lay --media-type application/vnd.oci.image.config.v1+json)
	manifest_of lay one | jq -c --argjson config "$config" '.config = $config' | mkimage manifest lay two >/dev/null
	for how in flatten 'mutate --compression zstd'; do
		# shellcheck disable=SC2086
		ocifp_run $how -o oci:out:v1 oci:lay:two
		assert_failed 7
		assert_stderr_has "'oci:lay:two': layer 2 of 2: "
		[ ! -e out ] || fail "left: $(find out)"
	done
}

@test "copy says which command converts" {
	ocifp_run copy --format docker oci:a:v1 oci:b:v1
	assert_failed 2
	assert_stderr_has "copy keeps digests; 'ocifp mutate --format' converts an image"
}
