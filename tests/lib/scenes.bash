# SPDX-License-Identifier: Apache-2.0
# scenes.bash - what most tests begin with: a server, an image in it, its names
#
# serve_image [MKIMAGE OPTION...]: the server "reg" unless it runs, and in it app:one, for
# linux/amd64 and, lest the machine matters, linux/arm64 at once: a plain manifest fits every
# --platform that it names itself, so tests ask for $on.  Sets $ref, $digest and ${layers[@]}.

on=(--platform linux/amd64)

serve_image() {
	[ -n "${reg_host:-}" ] || start_faults reg
	digest=$(made_image "$T/reg.root/app" one "$@")
	ref=$reg_host/app:one
	mapfile -t layers < <(layers_of "$digest")
}

# layers_of DIGEST: of the manifest, or of the first one that an index lists.
layers_of() {
	local found
	found=$(jq -r 'if .manifests then "index", .manifests[0].digest else .layers[].digest end' \
		"$T/reg.root/app/blobs/${1/://}")
	case $found in
	index*) layers_of "${found#*$'\n'}" ;;
	*) echo "$found" ;;
	esac
}

# serve_manifest [MEDIA_TYPE]: stdin becomes the manifest app:one; sets $digest and $ref.
serve_manifest() {
	[ -n "${reg_host:-}" ] || start_faults reg
	digest=$(mkimage manifest "$T/reg.root/app" one ${1:+--media-type "$1"})
	ref=$reg_host/app:one
}

# manifest_with JQ_FILTER: the manifest served by serve_image, edited, in its place.
manifest_with() {
	jq -c "$1" "$(blob_path "$T/reg.root/app" "$digest")" >"$T/edited"
	serve_manifest "${2:-}" <"$T/edited"
}

# serve_image_afar: the same under the name reg.test, which only proxies resolve (tests/faults/proxy.py,
# socks.py); plain http is allowed to it.
serve_image_afar() {
	serve_image "$@"
	reg_host=reg.test:${reg_host#*:}
	ref=$reg_host/app:one
	on+=(--plain-http reg.test)
}

pull() {
	ocifp_run pull "${on[@]}" "$@"
}

exists() {
	ocifp_run exists "${on[@]}" "$@"
}

# The store has this blob whole.
assert_stored() {
	local file digest_wanted
	for digest_wanted in "$@"; do
		file=$(blob_path "$OCIFP_STORE" "$digest_wanted")
		[ -e "$file" ] || fail "not in the store: $digest_wanted" "${told:-}"
		assert_equal "$(sha256sum <"$file" | cut -d ' ' -f 1)" "${digest_wanted#*:}"
	done
}

refute_stored() {
	local digest_wanted
	for digest_wanted in "$@"; do
		[ ! -e "$(blob_path "$OCIFP_STORE" "$digest_wanted")" ] ||
			fail "in the store, but should not be: $digest_wanted" "${told:-}"
	done
}

assert_pulled() {
	assert_status 0
	assert_stdout "$reg_host/app@$digest"
	assert_stored "$digest" "${layers[@]}"
}

# One layer, the rules from stdin with LAYER for its path, then a pull.
pull_with_rules() {
	sed "s|LAYER|blobs/${layers[0]}|" | rules reg
	pull "$ref"
}

# make_source [MKIMAGE OPTION...]: the layout $T/src with the image "one"; sets $digest and layers.
make_source() {
	digest=$(made_image "$T/src" one "$@")
	mapfile -t layers < <(jq -r '.layers[].digest' "$(blob_path "$T/src" "$digest")")
}

push() {
	ocifp_run push "oci:$T/src:one" "$reg_host/app:one" "$@"
}

assert_pushed() {
	assert_status 0
	assert_stdout "$reg_host/app@$digest"
	local blob
	for blob in "$digest" "${layers[@]}"; do
		assert_same_file "$(blob_path "$T/src" "$blob")" "$(blob_path "$T/reg.root/app" "$blob")"
	done
	assert_equal "$(mkimage digest "$T/reg.root/app" one)" "$digest"
}
