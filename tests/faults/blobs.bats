#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Blobs: what is kept is what its digest says, whatever the size, the header or the disk.

load ../lib/rig

setup() {
	need python3 jq ocifp
	rig_setup
}

teardown() {
	rig_teardown
}

@test "B01 a blob with one bit wrong is fetched once more, then it is wrong content" {
	serve_image --layers 300k
	pull_with_rules <<<'{"path": "LAYER", "nth": 1, "action": {"flip_at": 200000}}'
	assert_pulled
	assert_requests reg 2 GET "blobs/${layers[0]}"
	rm -rf "$OCIFP_STORE"
	forget_log reg
	pull_with_rules <<<'{"path": "LAYER", "action": {"flip_at": 200000}}'
	assert_failed 7
	assert_requests reg 2 GET "blobs/${layers[0]}"
	refute_stored "${layers[0]}"
	assert_sound_store
}

@test "B01 a blob that comes too short or too long once is fetched once more, and no oftener" {
	local change
	serve_image --layers 300k
	for change in '"body": "short"' '"fill": 400000'; do
		rm -rf "$OCIFP_STORE"
		forget_log reg
		pull_with_rules <<<"{\"path\": \"LAYER\", \"nth\": 1, \"action\": {$change}}"
		assert_pulled
		assert_requests reg 2 GET "blobs/${layers[0]}"
		rm -rf "$OCIFP_STORE"
		forget_log reg
		pull_with_rules <<<"{\"path\": \"LAYER\", \"action\": {$change}}"
		assert_failed 7
		assert_requests reg 2 GET "blobs/${layers[0]}"
		refute_stored "${layers[0]}"
	done
}

@test "B01 a manifest by digest whose bytes are others is wrong content" {
	serve_image
	rules reg <<<'{"path": "manifests/sha256", "action": {"flip_at": 20}}'
	pull "$reg_host/app@$digest"
	assert_failed 7
}

@test "B01 a blob longer or shorter than its descriptor says is wrong content" {
	serve_image --layers 10k
	local good=$digest filter
	for filter in '.layers[0].size += 1' '.layers[0].size -= 1'; do
		digest=$good
		manifest_with "$filter"
		rm -rf "$OCIFP_STORE"
		pull "$ref"
		assert_failed 7
		refute_stored "${layers[0]}"
	done
}

@test "B02 a wrong Docker-Content-Digest on what was asked by digest does not matter" {
	serve_image --layers 10k
	rules reg <<-JSON
		{"path": "blobs|manifests/sha256", "action": {"headers": {"Docker-Content-Digest": "sha256:$(printf %064d 7)"}}}
	JSON
	pull "$reg_host/app@$digest"
	assert_pulled
}

@test "B03 a blob that rotted in the store is noticed, set aside and fetched again" {
	serve_image --layers 10k
	pull "$ref"
	assert_pulled
	local file damage
	file=$(blob_path "$OCIFP_STORE" "${layers[0]}")
	for damage in 'printf x | dd of="$file" bs=1 seek=700 conv=notrunc status=none' ': >"$file"'; do
		chmod u+w "$file"
		eval "$damage"
		ocifp_run store fsck
		assert_failed 7
		ocifp_run store fsck --repair
		forget_log reg
		pull "$ref"
		assert_pulled
		assert_requests reg 1 GET blobs
	done
}

@test "B03 a layer that is gone from the store is no damage, and is fetched again" {
	serve_image --layers 10k
	pull "$ref"
	assert_pulled
	rm -f "$(blob_path "$OCIFP_STORE" "${layers[0]}")"
	ocifp_run store fsck
	assert_status 0
	grep -q "^incomplete: ${layers[0]}" "$T/stdout" || fail "$told"
	forget_log reg
	pull "$ref"
	assert_pulled
	assert_requests reg 1 GET blobs
}

@test "B03 what is no file in a blob's place is named, with the remedy, and fetched again after it" {
	serve_image --layers 10k
	pull "$ref"
	assert_pulled
	local file make
	file=$(blob_path "$OCIFP_STORE" "${layers[0]}")
	for make in 'mkdir "$file"; : >"$file/x"' 'mkfifo "$file"' 'mkdir "$file"; : >"$file/x"'; do
		rm -rf "$file"
		eval "$make"
		pull "$ref"
		assert_failed 10
		assert_within 5
		assert_stderr_has "'$file' is not a regular file; .*'ocifp store fsck --repair'"
		ocifp_run store fsck
		assert_failed 7
		ocifp_run store fsck --repair
		assert_status 0
		pull "$ref"
		assert_pulled
	done
	ocifp_run store gc
	assert_status 0
	[ "$(find "$OCIFP_STORE/.ocifp/quarantine" -name x | wc -l)" -eq 2 ] || fail 'what was set aside is gone'
	assert_sound_store
}

# rot DIGEST: one byte of it in the store is another one.
rot() {
	local file
	file=$(blob_path "$OCIFP_STORE" "$1")
	chmod u+w "$file"
	printf ' ' | dd of="$file" bs=1 seek=1 conv=notrunc status=none
}

@test "B03 a manifest that rotted in the store is noticed when it is used, and fetched again" {
	serve_image --platform linux/amd64 --platform linux/arm64
	pull "$ref"
	assert_pulled
	local child rotten
	child=$(jq -r '.manifests[0].digest' "$(blob_path "$T/reg.root/app" "$digest")")
	for rotten in "$digest" "$child"; do
		rot "$rotten"
		pull "$ref"
		assert_pulled
		assert_stored "$rotten"
	done
	rot "$child"
	pull --offline "$ref"
	assert_failed 7
	pull "$ref"
	assert_pulled
	assert_stored "$child"
}

@test "B04 empty, one byte and exact buffer sizes" {
	serve_image --layers 1k
	local size entry
	: >"$T/entries"
	for size in 0 1 65536 262144 262145; do
		head -c $size /dev/urandom | mkimage blob "$T/reg.root/app" --media-type application/vnd.oci.image.layer.v1.tar
	done | jq -sc . >"$T/entries"
	entry=$(jq -c '.rootfs.diff_ids = $e[0] | .rootfs.diff_ids |= map(.digest)' --slurpfile e "$T/entries" \
		"$(blob_path "$T/reg.root/app" "$(jq -r .config.digest "$(blob_path "$T/reg.root/app" "$digest")")")" |
		mkimage blob "$T/reg.root/app" --media-type application/vnd.oci.image.config.v1+json)
	manifest_with ".config = $entry | .layers = $(cat "$T/entries")"
	mapfile -t layers < <(layers_of "$digest")
	pull "$ref"
	assert_pulled
}

@test "B06 an image of one manifest for another platform is refused as soon as its config has come" {
	serve_image --layers 10k,3M
	rules reg <<<"{\"path\": \"${layers[1]}\", \"action\": {\"stall_after\": 1000}}"
	ocifp_run pull --platform linux/s390x "$ref"
	assert_failed 8
	assert_stderr_has 'not for linux/s390x'
	refute_stored "${layers[1]}"
	assert_sound_store
}

@test "B04 memory does not grow with the image" {
	need /usr/bin/time no_sanitizers
	serve_image --layers 200M
	split_run /usr/bin/time -f %M -o "$T/rss" ocifp pull "${on[@]}" "$ref"
	assert_pulled
	[ "$(cat "$T/rss")" -lt 32768 ] || fail "$(cat "$T/rss") KiB"
}

@test "B04 a blob of more than 4 GiB goes on beyond them" {
	need holes
	serve_image --layers 1k
	# Zeros, of which no disk holds any.
	local zeros=47330b4e9578d8ea3b771713efa25d0e2f03a554c9b3c66308f82fa0986dc027 size=4294968296 config
	truncate -s $size "$T/reg.root/app/blobs/sha256/$zeros" "$T/zeros"
	config=$(jq -c ".rootfs.diff_ids = [\"sha256:$zeros\"]" \
		"$(blob_path "$T/reg.root/app" "$(jq -r .config.digest "$(blob_path "$T/reg.root/app" "$digest")")")" |
		mkimage blob "$T/reg.root/app" --media-type application/vnd.oci.image.config.v1+json)
	manifest_with ".config = $config | .layers[0].digest = \"sha256:$zeros\" | .layers[0].size = $size"
	layers=("sha256:$zeros")
	ocifp store ls >/dev/null
	mkdir -m 700 -p "$OCIFP_STORE/.ocifp/ingest"
	truncate -s 4294967297 "$OCIFP_STORE/.ocifp/ingest/sha256-$zeros.part"
	# All of them are hashed.
	OCIFP_TEST_LIMIT_S=${OCIFP_TEST_LIMIT_S:-400} pull "$ref"
	assert_status 0
	assert_equal "$(request_header reg GET "blobs/sha256:$zeros" range)" "bytes=4294967297-$((size - 1))"
	assert_equal "$(stat -c %s "$(blob_path "$OCIFP_STORE" "sha256:$zeros")")" $size
}

@test "B05 an image addressed by sha512 is pulled" {
	serve_image --algorithm sha512
	pull "$reg_host/app@$digest"
	assert_status 0
	assert_stdout "$reg_host/app@$digest"
	[ -e "$(blob_path "$OCIFP_STORE" "${layers[0]}")" ] || fail "$told"
}

@test "B12 content that is there is not asked for again, under any name" {
	serve_image --count 4 --size 20k
	pull "$ref"
	assert_pulled
	cp -r "$T/reg.root/app" "$T/reg.root/other"
	forget_log reg
	pull "$reg_host/other:one"
	assert_status 0
	assert_requests reg 0 GET blobs
}

@test "B13 each output is what its readers take" {
	need skopeo
	serve_image --layers 10k,20k --compress gzip
	pull -o "oci:$T/oci:one" "$ref"
	assert_status 0
	pull -o "oci-archive:$T/oci.tar" "$ref"
	assert_status 0
	pull -o "docker-archive:$T/docker.tar" "$ref"
	assert_status 0
	assert_equal "$(skopeo inspect --raw "oci:$T/oci:one" | sha256sum | cut -d ' ' -f 1)" "${digest#*:}"
	skopeo_copy "oci-archive:$T/oci.tar" "oci:$T/back1:one"
	skopeo_copy "docker-archive:$T/docker.tar" "dir:$T/back2"
}
