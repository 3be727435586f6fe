#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What append writes, read by those who unpack images; and pushed to a real registry.

load ../lib/rig

setup() {
	need python3 jq ocifp
	rig_setup
}

teardown() {
	rig_teardown
}

describe() {
	python3 "$RIG_LIB/describe_tree.py" "$1"
}

# A tree with everything that a layer can say of a file; owners only as root.
make_rich_tree() {
	make_tree "$1"
	mkfifo -m 640 "$1/pipe"
	head -c 300000 /dev/zero >"$1/zeros"
	truncate -s 3000000 "$1/zeros"
	printf x >"$1/$(printf 'long%0200d' 1)"
	mkdir -p "$1/$(printf 'a%0120d' 1)/$(printf 'b%0120d' 1)"
	ln "$1/zeros" "$1/$(printf 'a%0120d' 1)/$(printf 'b%0120d' 1)/$(printf 'c%0120d' 1)"
	ln -s "$(printf 'd%0150d' 1)" "$1/far"
	touch "$1/with space" "$1/ümläut" "$1/$(printf 'bad\xff')"
	chmod 4711 "$1/with space"
	python3 -c 'import os, sys; os.setxattr(sys.argv[1], "user.note", b"a\0b")' "$1/zeros" || true
	if [ "$(id -u)" = 0 ]; then
		chown 1000:1001 "$1/bin/hello"
		chown -h 3000000:7 "$1/far"
	fi
	find "$1" -exec touch -h -d @1500000001 {} +
}

# made: oci:out:v1 of "tree", with the owners and times that it has
made() {
	make_rich_tree tree
	SOURCE_DATE_EPOCH=1600000000 ocifp_run append -o oci:out:v1 --owner keep "$@" tree
	assert_status 0
	describe tree >wanted
	[ "$(wc -l <wanted)" -gt 30 ]
}

same_tree() {
	describe "$1" >found
	diff -u wanted found
}

@test "GNU tar unpacks the same tree, gzip and zstd" {
	need zstd
	local compression
	for compression in gzip zstd none; do
		rm -rf out tree back && mkdir back
		made --compression $compression
		layer_tar out v1 0 | tar -xp --numeric-owner --xattrs --xattrs-include='user.*' -C back
		same_tree back
	done
}

@test "umoci unpacks the same tree" {
	need umoci
	need root
	made
	umoci unpack --image out:v1 bundle
	same_tree bundle/rootfs
}

@test "ocifp unpacks the same tree" {
	need root
	made
	ocifp_run unpack oci:out:v1 back
	assert_status 0
	same_tree back
}

# Of the file that "tree" has; its owner is not root, and to change a file's owner takes it away.
same_capability() {
	local wanted
	wanted=$(getcap tree/bin/hello | sed 's/^[^ ]* //')
	[ -n "$wanted" ]
	assert_equal "$(getcap "$1/bin/hello" | sed 's/^[^ ]* //')" "$wanted"
}

make_capable() {
	need file_capabilities getcap
	make_tree tree
	chown 1000:1001 tree/bin/hello
	setcap cap_net_bind_service,cap_net_raw=ep tree/bin/hello
	ocifp_run append -o oci:out:v1 --owner keep tree
	assert_status 0
}

@test "a file's capability is kept, as ocifp and GNU tar unpack it" {
	make_capable
	ocifp_run unpack oci:out:v1 back
	assert_status 0
	same_capability back
	mkdir tarred
	layer_tar out v1 0 | tar -xp --numeric-owner --xattrs --xattrs-include='*' -C tarred
	same_capability tarred
}

@test "a file's capability is kept, as umoci unpacks it" {
	need umoci
	make_capable
	umoci unpack --image out:v1 bundle
	same_capability bundle/rootfs
}

@test "buildah mounts the same tree, and what it commits on top is a base again" {
	need buildah_mounts
	made
	local container root
	container=$(rig_buildah from oci:out:v1)
	root=$(rig_buildah mount "$container")
	same_tree "$root"
	rig_buildah config --env FROM=buildah "$container"
	rig_buildah commit -q "$container" oci:committed:v1 >/dev/null
	ocifp_run append --base oci:committed:v1 -o oci:more:v1 -e MORE=1 tree/bin:/opt
	assert_status 0
	config_of more v1 | jq -e '.config.Env | contains(["FROM=buildah", "MORE=1"])'
	assert_equal "$(config_of more v1 | jq '.rootfs.diff_ids | length')" \
		$(($(config_of committed v1 | jq '.rootfs.diff_ids | length') + 1))
}

@test "skopeo takes the image, and copies it to docker's format" {
	need skopeo docker-registry curl
	start_registry reg
	made
	skopeo_copy oci:out:v1 "docker://$reg_host/app:oci"
	skopeo_copy --format v2s2 oci:out:v1 "docker://$reg_host/app:docker"
	ocifp_run append --base "$reg_host/app:docker" -t "$reg_host/app:more" --push tree/bin
	assert_status 0
	assert_equal "$(ocifp manifest "$reg_host/app:more" 3>&- | jq -r '[.mediaType, .layers[].mediaType] |
		map(contains("docker")) | unique | tostring')" '[true]'
	skopeo_copy "docker://$reg_host/app:more" oci:back:v1
	assert_equal "$(manifest_of back v1 | jq '.layers | length')" 2
}

@test "--push sends the image; the base's layers are mounted, not sent again" {
	need docker-registry curl
	start_registry reg
	make_tree tree
	mkimage image src base --platform linux/amd64 --platform linux/arm64 --layers 300k,100k \
		--compress gzip >/dev/null
	ocifp_run push oci:src:base "$reg_host/base:1"
	assert_status 0
	new_store
	ocifp_run append --base "$reg_host/base:1" -t "$reg_host/app:1" --push tree:/opt/app
	assert_status 0
	local digest=${stdout#*@}
	assert_equal "$(raw app 1 | digest_of)" "$digest"
	[ "$(registry_requests reg GET '/base/blobs/')" = 2 ] # the configs
	assert_equal "$(raw app 1 | jq -c '[.manifests[].platform.architecture]')" '["amd64","arm64"]'
	new_store
	ocifp_run pull "$reg_host/app:1" --all
	assert_status 0
	assert_stdout "$reg_host/app@$digest"
	# A layer and two configs are new.
	assert_equal "$(registry_requests reg 'PUT' '/app/blobs/uploads/')" 3
}

@test "again, the same digest, and nothing is sent" {
	need docker-registry curl
	start_registry reg
	make_tree tree
	ocifp_run append -t "$reg_host/app:1" --push tree
	assert_status 0
	local first=$stdout before
	new_store
	mv tree tree2
	make_tree tree
	ocifp_run append -t "$reg_host/app:1" --push tree
	assert_stdout "$first"
	assert_equal "$(registry_requests reg 'PUT' '/app/blobs/uploads/')" 2
}

@test "--push to another registry than the base's: its layers go there through memory" {
	need docker-registry curl
	start_registry reg
	local base_host=$reg_host
	make_tree tree
	mkimage image src base --layers 300k,100k --compress gzip >/dev/null
	ocifp_run push oci:src:base "$base_host/base:1"
	assert_status 0
	new_store
	start_registry other
	ocifp_run append --base "$base_host/base:1" -t "$other_host/app:1" --push tree
	assert_status 0
	local digest=${stdout#*@}
	ocifp_run pull "$other_host/app:1"
	assert_stdout "$other_host/app@$digest"
	[ "$(find "$OCIFP_STORE/blobs" -type f | wc -l)" = 5 ]
}
