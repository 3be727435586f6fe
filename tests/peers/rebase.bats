#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# rebase, flatten and mutate --compression beside crane and regctl, against a real registry.

load ../lib/rig

setup() {
	need python3 jq docker-registry ocifp
	rig_setup
	start_registry reg
	cd "$T" || return
	mkdir old new more top
	echo old >old/release
	echo new >new/release
	echo more >more/more
	echo top >top/app
	base=$reg_host/base app=$reg_host/app
	bases --platform linux/amd64
}

teardown() {
	rig_teardown
}

# bases OPTION...: base:old and base:new, with history of what has no layer; app:v1 on base:old
bases() {
	local platform=${2#*/}
	ocifp append "$@" -o oci:made:old old
	ocifp mutate --env FROM=old --created-by 'ENV FROM' -o "oci:made:old-$platform" oci:made:old
	ocifp append "$@" -o oci:made:new new more
	ocifp mutate --env FROM=new --created-by 'ENV FROM' -o "oci:made:new-$platform" oci:made:new
	ocifp copy "oci:made:old-$platform" "$base:old"
	ocifp copy "oci:made:new-$platform" "$base:new"
	ocifp append --base "$base:old" --set-base-image-annotations -t "$app:v1" --push --env A=b --created-by 'COPY top' top
}

# peers_image TAG, peers_config TAG: documents of app
peers_image() {
	ocifp manifest --platform linux/amd64 "$app:$1"
}

peers_config() {
	ocifp inspect --config --platform linux/amd64 "$app:$1"
}

regctl_at() {
	HOME=$T/home regctl --host "reg=$reg_host,tls=disabled" "$@"
}

@test "rebase: the same layers, history, configuration and annotations as crane" {
	need_peer crane
	ocifp_run rebase --old-base "$base:old" --new-base "$base:new" -t "$app:ours" --push "$app:v1"
	assert_status 0
	crane rebase --old_base "$base:old" --new_base "$base:new" -t "$app:theirs" "$app:v1"
	local config='{os, architecture, config, rootfs, history: [.history[].created_by]}'
	assert_equal "$(peers_config ours | jq -Sc "$config")" "$(peers_config theirs | jq -Sc "$config")"
	assert_equal "$(peers_image ours | jq -Sc '[.layers, .annotations]')" "$(peers_image theirs | jq -Sc '[.layers, .annotations]')"
	crane validate --remote "$app:ours"
	crane rebase --old_base "$base:new" --new_base "$base:old" -t "$app:theirs" "$app:v1" && return 1
	ocifp_run rebase --old-base "$base:new" --new-base "$base:old" -t "$app:ours" --push "$app:v1"
	assert_failed 9
}

@test "rebase: by what the image says of its base, when the tag has moved" {
	need_peer crane
	ocifp copy "$base:new" "$base:old"
	ocifp_run rebase -t "$app:ours" --push "$app:v1"
	assert_status 0
	crane rebase -t "$app:theirs" "$app:v1"
	assert_equal "$(peers_image ours | jq -Sc '[.layers, .annotations]')" "$(peers_image theirs | jq -Sc '[.layers, .annotations]')"
	assert_equal "$(peers_image ours | jq -r '.annotations["org.opencontainers.image.base.digest"]')" "$(ocifp digest "$base:new")"
}

@test "rebase: within a registry layers are mounted and not moved, and the second time is the same" {
	: >"$T/reg.out"
	ocifp_run rebase --json --old-base "$base:old" --new-base "$base:new" -t "$app:ours" --push "$app:v1"
	assert_status 0
	assert_equal "$(registry_requests reg GET '/blobs/')" 2
	assert_equal "$(registry_requests reg POST '/app/blobs/uploads/.*mount=')" 2
	assert_equal "$(registry_requests reg PUT '/app/blobs/uploads/')" 1
	local digest
	digest=$(ocifp digest "$app:ours")
	ocifp_run rebase --old-base "$base:old" --new-base "$base:new" -t "$app:ours" --push "$app:v1"
	assert_stdout "$app@$digest"
	ocifp_run pull --platform linux/amd64 "$app:ours"
	assert_status 0
}

@test "rebase: bases and image in a registry, a layout and an archive give one digest" {
	local digest
	ocifp copy "$base:new" oci-archive:new.tar
	ocifp copy "$base:old" oci:bases:old
	ocifp_run rebase --old-base oci:bases:old --new-base oci-archive:new.tar -t "$app:ours" --push oci:made:old-amd64
	assert_status 0
	digest=${stdout#*@}
	ocifp_run rebase --old-base oci:bases:old --new-base oci-archive:new.tar -o oci:out:v1 "$base:old"
	assert_stdout "oci:out@$digest"
	ocifp_run rebase --old-base "$base:old" --new-base oci-archive:new.tar -o oci-archive:out.tar "$base:old"
	assert_stdout "oci-archive:out.tar@$digest"
	ocifp_run pull --platform linux/amd64 -o rootfs:tree "$app:ours"
	assert_status 0
	assert_equal "$(cat tree/release)" new
}

@test "flatten: the same files and configuration as crane" {
	need_peer crane
	ocifp_run flatten -t "$app:ours" --push "$app:v1"
	assert_status 0
	crane flatten -t "$app:theirs" "$app:v1"
	ocifp export --platform linux/amd64 "$app:ours" | tar -tv | sort -k 6 >ours
	ocifp export --platform linux/amd64 "$app:theirs" | tar -tv | sort -k 6 >theirs
	diff ours theirs
	local config='{os, architecture, config, layers: (.rootfs.diff_ids | length), history: (.history | length)}'
	assert_equal "$(peers_config ours | jq -Sc "$config")" "$(peers_config theirs | jq -Sc "$config")"
	assert_equal "$(peers_image ours | jq -Sc '.annotations')" "$(peers_image theirs | jq -Sc '.annotations')"
	crane validate --remote "$app:ours"
}

@test "compression and format: what regctl makes, but for the bytes of its compressors" {
	need_peer regctl
	local how from=v1
	for how in zstd gzip none; do
		regctl_at image mod --layer-compress $how --create "$app:theirs" "$app:$from" >/dev/null
		ocifp_run mutate --compression $how -t "$app:ours" --push "$app:$from"
		assert_status 0
		from=ours
		assert_equal "$(peers_image ours | jq -Sc '[.layers[].mediaType]')" "$(peers_image theirs | jq -Sc '[.layers[].mediaType]')"
		assert_equal "$(peers_config ours | jq -Sc .)" "$(peers_config theirs | jq -Sc .)"
		assert_equal "$(peers_image ours | jq -c .config)" "$(peers_image v1 | jq -c .config)"
		regctl_at image get-file "$app:ours" /app | cmp - top/app
	done
	ocifp_run mutate --format docker -t "$app:ours" --push "$app:v1"
	assert_status 0
	regctl_at image mod --to-docker --create "$app:theirs" "$app:v1" >/dev/null
	assert_equal "$(peers_image ours | jq -Sc 'del(.annotations)')" "$(peers_image theirs | jq -Sc 'del(.annotations)')"
	ocifp_run mutate --format oci -t "$app:back" --push "$app:ours"
	assert_status 0
	regctl_at image mod --to-oci --create "$app:theirs" "$app:ours" >/dev/null
	assert_equal "$(peers_image back | jq -Sc 'del(.annotations)')" "$(peers_image theirs | jq -Sc 'del(.annotations)')"
}

@test "what was made anew, skopeo and umoci take" {
	need skopeo umoci
	ocifp mutate --compression zstd -o oci:z:v1 "$app:v1"
	ocifp mutate --format docker -t "$app:docker" --push oci:z:v1 && return 1
	ocifp mutate --format docker --compression gzip -t "$app:docker" --push oci:z:v1
	skopeo_copy "docker://$app:docker" dir:by-skopeo
	ocifp flatten -o oci:flat:v1 oci:z:v1
	need root
	umoci unpack --image flat:v1 bundle
	assert_equal "$(cat bundle/rootfs/app bundle/rootfs/release)" $'top\nold'
}
