#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Manifests, indexes and configs as hostile or careless writers make them.

load ../lib/rig

setup() {
	need python3 jq ocifp
	rig_setup
}

teardown() {
	rig_teardown
}

# Each jq filter in turn on a good manifest; the pull must end with STATUS.
each_edit() {
	local expected=$1 good=$digest filter
	shift
	for filter in "$@"; do
		digest=$good
		manifest_with "$filter"
		rm -rf "$OCIFP_STORE"
		pull "$ref"
		[ "$status" -eq "$expected" ] || fail "after $filter: expected $expected" "$told"
		assert_failed "$expected"
	done
	digest=$good
}

# serve_text: stdin is the manifest; then a pull into a new store.
serve_text() {
	serve_manifest ""
	rm -rf "$OCIFP_STORE"
	pull "$ref"
}

@test "M01 the four manifest types are pulled: OCI and Docker, image and index" {
	local options
	for options in '' '--docker' '--platform linux/amd64 --platform linux/arm64' \
		'--docker --platform linux/amd64 --platform linux/arm64'; do
		rm -rf "$OCIFP_STORE"
		# shellcheck disable=SC2086
		serve_image $options
		pull "$ref"
		assert_pulled
	done
}

@test "M03 sizes that are negative, absent, too big or no integers are wrong content" {
	serve_image
	each_edit 7 '.layers[0].size = -1' '.layers[0].size = 1e3 + 0.5' '.layers[0].size = "12"' \
		'.layers[0].size = null' 'del(.layers[0].size)' 'del(.layers[0].digest)' \
		'.config.size = -5' '.layers[0] = []' '.layers = {}' '.config = null' 'del(.config)'
	sed "s/\"size\":[0-9]*/\"size\":9223372036854775808/" \
		"$(blob_path "$T/reg.root/app" "$digest")" >"$T/huge"
	serve_text <"$T/huge"
	assert_failed 7
	serve_image
	sed "s/\"size\":[0-9]*/\"size\":1e3/" "$(blob_path "$T/reg.root/app" "$digest")" >"$T/huge"
	serve_text <"$T/huge"
	assert_failed 7
}

@test "M03 sizes whose sum overflows are wrong content" {
	serve_image --layers 1k,2k,3k
	sed 's/"size":\(1\|2\|3\|4\)[0-9]*/"size":9223372036854775807/g' \
		"$(blob_path "$T/reg.root/app" "$digest")" >"$T/huge"
	serve_text <"$T/huge"
	assert_failed 7
	assert_requests reg 0 GET blobs
}

@test "M04 digests of wrong length, in upper case or with a path are wrong content" {
	serve_image
	each_edit 7 '.layers[0].digest = "sha256:abc"' '.layers[0].digest = "md5:../passwd"' \
		'.layers[0].digest |= ascii_upcase' '.layers[0].digest = "sha256:../../../../etc/passwd"' \
		'.layers[0].digest = ("sha256:" + ("0" * 63) + "/")' '.layers[0].digest += "\u0000"' '.config.digest = ""'
}

@test "M04 an image with a digest of an algorithm that we lack is unsupported, not wrong" {
	serve_image
	each_edit 1 '.layers[0].digest = "md5:d41d8cd98f00b204e9800998ecf8427e"' '.layers[0].digest = "blake3:00"' \
		'.config.digest = "sha512+b64u:AA=="'
	assert_stderr_has "only sha256 and sha512 are supported"
}

# with_blake3 FILTER: app:one is an index of linux/amd64 and, changed by FILTER, of a blake3 manifest
with_blake3() {
	serve_image --platform linux/amd64 --platform linux/arm64
	amd64=$(jq -r '.manifests[0].digest' "$(blob_path "$T/reg.root/app" "$digest")")
	manifest_with '.manifests[1].digest = "blake3:00"' application/vnd.oci.image.index.v1+json
}

@test "M04 an entry of an index whose digest we cannot check spoils itself alone" {
	with_blake3
	ocifp_run pull --platform linux/amd64 "$ref"
	assert_status 0
	assert_stored "$amd64"
	ocifp_run inspect "$ref"
	assert_status 0
	grep -q "$amd64" "$T/stdout"
	ocifp_run tree "$ref"
	assert_status 0
	ocifp_run store gc
	assert_status 0
	ocifp_run pull --platform linux/arm64 "$ref"
	assert_failed 8
	ocifp_run pull --all "$ref"
	assert_failed 1
	assert_stderr_has "cannot check digest 'blake3:00'"
	assert_stderr_has '--platform'
	ocifp_run copy "$ref" "oci:$T/out:one"
	assert_failed 1
}

@test "M04 a reference of a layout whose digest we cannot check spoils itself alone" {
	mkimage image "$T/lay" one >"$T/digest"
	jq '.manifests += [.manifests[0] | .digest = "blake3:00" | .annotations[] = "two"]' "$T/lay/index.json" >"$T/index"
	cp "$T/index" "$T/lay/index.json"
	tar cf "$T/lay.tar" -C "$T/lay" .
	local transport
	for transport in "oci:$T/lay" "oci-archive:$T/lay.tar"; do
		ocifp_run pull "$transport:one"
		assert_status 0
		ocifp_run tags "$transport"
		assert_status 0
		assert_stdout one
		ocifp_run pull "$transport:two"
		assert_failed 1
		assert_stderr_has "cannot check digest 'blake3:00'"
	done
	OCIFP_STORE=$T/lay ocifp_run store ls
	assert_status 0
	# What the other image needs cannot be told, so nothing is removed.
	OCIFP_STORE=$T/lay ocifp_run store gc
	assert_failed 1
	OCIFP_STORE=$T/lay ocifp_run store fsck
	assert_status 0
	grep -q blake3 "$T/lay/index.json"
}

@test "M05 a key that occurs twice is wrong content" {
	serve_image
	sed 's/"digest":/"digest":"sha256:'"$(printf %064d 0)"'","digest":/' \
		"$(blob_path "$T/reg.root/app" "$digest")" >"$T/double"
	serve_text <"$T/double"
	assert_failed 7
}

@test "M06 bytes that are not one JSON text in UTF-8 are wrong content" {
	serve_image
	local good transform
	good=$(blob_path "$T/reg.root/app" "$digest")
	for transform in "sed s/layers/lay\\xff\\xfeers/" "sed s/^/\\xef\\xbb\\xbf/" "sed s/\$/garbage/" \
		"sed s/\$/{}/" "head -c 50" "head -c 0" "iconv -t UTF-16" 'sed s/{/{"a":"\\ud800",/' \
		'sed s/{/{"a\\u0000b":1,/'; do
		$transform <"$good" >"$T/bent"
		serve_text <"$T/bent"
		[ "$status" -eq 7 ] || fail "after $transform" "$told"
		assert_failed 7
	done
}

@test "M06 JSON that is too deep or has too many tokens is wrong content, in bounded memory" {
	printf '%065536d' 0 | tr 0 '[' >"$T/deep"
	serve_text <"$T/deep"
	assert_failed 7
	python3 -c 'print("{\"schemaVersion\":2,\"layers\":[" + ",".join(["{}"] * 1000000) + "]}")' >"$T/many"
	serve_text <"$T/many"
	assert_failed 7
	echo "{\"schemaVersion\":2,\"a\":\"$(head -c 5000000 /dev/zero | tr '\0' a)\"}" >"$T/long"
	serve_text <"$T/long"
	assert_failed 7
}

@test "M07 an index without our platform is status 8 and says what it has" {
	serve_image --platform linux/arm64 --platform linux/s390x
	pull "$ref"
	assert_failed 8
	assert_stderr_has s390x
	serve_image --platform linux/arm64
	pull "$ref"
	assert_failed 8
}

@test "M07 arm64 is arm64/v8; of two that match the first is taken" {
	serve_image --platform linux/arm64/v8 --platform linux/amd64
	ocifp_run pull --platform linux/arm64 "$ref"
	assert_status 0
	serve_image --platform linux/arm64 --platform linux/amd64
	ocifp_run pull --platform linux/arm64/v8 "$ref"
	assert_status 0
	serve_image --platform linux/amd64 --platform linux/amd64 --layers 3k
	local first second
	first=$(jq -r '.manifests[0].digest' "$(blob_path "$T/reg.root/app" "$digest")")
	second=$(jq -r '.manifests[1].digest' "$(blob_path "$T/reg.root/app" "$digest")")
	pull "$ref"
	assert_status 0
	assert_stored "$first"
	refute_stored "$second"
}

@test "M07 attestations are no platform of ours" {
	serve_image --platform linux/amd64 --platform linux/arm64 --attestation
	pull "$ref"
	assert_pulled
	assert_requests reg 2 GET manifests
}

@test "M08 an index in an index is followed, five deep it is refused" {
	serve_image --platform linux/amd64 --platform linux/arm64 --nest 1
	pull "$ref"
	assert_pulled
	serve_image --platform linux/amd64 --platform linux/arm64 --nest 5
	pull "$ref"
	assert_failed 7
}

@test "M08 an index in an index that says its platform is followed too" {
	serve_image --platform linux/amd64 --platform linux/arm64
	local inner=$digest size
	size=$(stat -c %s "$(blob_path "$T/reg.root/app" "$inner")")
	jq -n --arg digest "$inner" --argjson size "$size" --arg type application/vnd.oci.image.index.v1+json \
		'{schemaVersion: 2, mediaType: $type, manifests: [{mediaType: $type, digest: $digest, size: $size,
			platform: {os: "linux", architecture: "amd64"}}]}' >"$T/outer"
	serve_manifest application/vnd.oci.image.index.v1+json <"$T/outer"
	pull "$ref"
	assert_pulled
}

@test "M08 an index of five thousand entries is read" {
	serve_image --platform linux/arm64 --platform linux/amd64
	manifest_with '.manifests = [range(4999) as $i | .manifests[0]] + [.manifests[1]]' \
		application/vnd.oci.image.index.v1+json
	pull "$ref"
	assert_status 0
}

@test "M09 no layers at all are fine; one layer a hundred times is fetched once" {
	serve_image --count 0
	pull "$ref"
	assert_pulled
	serve_image --layers 2k
	local config
	config=$(jq -c '.rootfs.diff_ids = [range(100) as $i | .rootfs.diff_ids[0]]' \
		"$(blob_path "$T/reg.root/app" "$(jq -r .config.digest "$(blob_path "$T/reg.root/app" "$digest")")")" |
		tr -d '\n' | mkimage blob "$T/reg.root/app" --media-type application/vnd.oci.image.config.v1+json)
	manifest_with ".config = $config | .layers = [range(100) as \$i | .layers[0]]"
	pull "$ref"
	assert_pulled
	assert_requests reg 1 GET "blobs/${layers[0]}"
}

@test "M09 one layer more than the limit is wrong content" {
	serve_image --layers 1k
	each_edit 7 '.layers = [range(1025) as $i | .layers[0]]'
	assert_requests reg 0 GET blobs
}

@test "M10 a manifest or a config that comes damaged once is asked for once more, and no oftener" {
	serve_image
	local config path
	config=$(jq -r .config.digest "$(blob_path "$T/reg.root/app" "$digest")")
	for path in 'manifests/one' "blobs/$config"; do
		rm -rf "$OCIFP_STORE"
		forget_log reg
		rules reg <<<"{\"path\": \"$path\", \"nth\": 1, \"action\": {\"flip_at\": 20}}"
		pull "$ref"
		assert_pulled
		assert_requests reg 2 GET "$path"
		rm -rf "$OCIFP_STORE"
		forget_log reg
		rules reg <<<"{\"path\": \"$path\", \"action\": {\"flip_at\": 20}}"
		pull "$ref"
		assert_failed 7
		assert_requests reg 2 GET "$path"
	done
}

@test "M10 a config that does not fit its manifest is wrong content" {
	serve_image --layers 1k,2k
	local config good=$digest filter
	config=$(blob_path "$T/reg.root/app" "$(jq -r .config.digest "$(blob_path "$T/reg.root/app" "$digest")")")
	for filter in '.rootfs.diff_ids |= .[:1]' '.rootfs.diff_ids += ["sha256:" + "0" * 64]' \
		'.rootfs.diff_ids[0] = "junk"' '"text"' '.rootfs.diff_ids = "x"'; do
		digest=$good
		manifest_with ".config = $(jq -c "$filter" "$config" | mkimage blob "$T/reg.root/app" \
			--media-type application/vnd.oci.image.config.v1+json)"
		rm -rf "$OCIFP_STORE"
		pull "$ref"
		[ "$status" -eq 7 ] || fail "after $filter" "$told"
	done
	digest=$good
	manifest_with ".config = $(head -c 5242880 /dev/zero | tr '\0' ' ' | mkimage blob "$T/reg.root/app" \
		--media-type application/vnd.oci.image.config.v1+json)"
	pull "$ref"
	assert_failed 7
	digest=$good
	each_edit 7 '.config.digest = ("sha256:" + "0" * 64)'
}

# config_with FILTER: the manifest of serve_image with its config edited
config_with() {
	local config
	config=$(blob_path "$T/reg.root/app" "$(jq -r .config.digest "$(blob_path "$T/reg.root/app" "$digest")")")
	manifest_with ".config = $(jq -c "$1" "$config" | mkimage blob "$T/reg.root/app" \
		--media-type application/vnd.oci.image.config.v1+json)"
}

@test "M10 a config without a platform is pulled, inspected and copied alike" {
	serve_image --layers 1k
	local good=$digest filter
	for filter in 'del(.os)' 'del(.architecture)' '.os = "" | .architecture = ""' 'del(.os, .architecture, .config)'; do
		digest=$good
		rm -rf "$OCIFP_STORE" "$T/out" "$T/root"
		config_with "$filter"
		pull "$ref"
		assert_pulled
		ocifp_run inspect --json "$ref"
		assert_status 0
		assert_equal "$(jq -c '[.images[].platform]' <<<"$stdout")" '[null]'
		ocifp_run copy "$ref" "oci:$T/out:one"
		assert_status 0
		ocifp_run exists --platform linux/arm64 "$ref"
		assert_status 0
		ocifp_run copy --platform linux/arm64 "$ref" "oci:$T/out:two"
		assert_status 0
	done
	jq -n --arg digest "$digest" --argjson size "$(stat -c %s "$(blob_path "$T/reg.root/app" "$digest")")" \
		'{schemaVersion: 2, manifests: [{mediaType: "application/vnd.oci.image.manifest.v1+json",
			digest: $digest, size: $size, platform: {os: "linux", architecture: "riscv64"}}]}' >"$T/index"
	serve_manifest application/vnd.oci.image.index.v1+json <"$T/index"
	ocifp_run inspect --json "$ref"
	assert_equal "$(jq -c '[.images[].platform]' <<<"$stdout")" '["linux/riscv64"]'
	ocifp_run pull --platform linux/riscv64 "$ref"
	assert_status 0
	ocifp_run pull --platform linux/amd64 "$ref"
	assert_failed 8
}

@test "M10 a command that is one string is a command of one word" {
	serve_image --layers 1k
	config_with '.config.Cmd = "sh -l" | .config.Entrypoint = "/bin/e"'
	pull "$ref"
	assert_pulled
	ocifp_run inspect --json "$ref"
	assert_status 0
	assert_equal "$(jq -c '.images[0].config | [.cmd, .entrypoint]' <<<"$stdout")" '[["sh -l"],["/bin/e"]]'
}

# BuildKit's registry cache: an index that lists two layers and a cacheconfig.
serve_build_cache() {
	serve_image
	local blob=(mkimage blob "$T/reg.root/app" --media-type)
	jq -n --argjson one "$(echo one | gzip | "${blob[@]}" application/vnd.oci.image.layer.v1.tar+gzip)" \
		--argjson two "$(echo two | gzip | "${blob[@]}" application/vnd.oci.image.layer.v1.tar+gzip)" \
		--argjson config "$(echo '{"layers":[],"records":[]}' |
			"${blob[@]}" application/vnd.buildkit.cacheconfig.v0)" \
		'{schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json",
			manifests: [$one, $two, $config]}' >"$T/cache"
	serve_manifest application/vnd.oci.image.index.v1+json <"$T/cache"
	mapfile -t listed < <(jq -r '.manifests[].digest' "$T/cache")
}

@test "M18 an index may list blobs, as BuildKit's cache does: they are copied, pulled, shown" {
	serve_build_cache
	local blob
	ocifp_run copy "$ref" "oci:$T/out:one"
	assert_status 0
	ocifp_run copy "$ref" "$reg_host/other:one"
	assert_status 0
	ocifp_run pull --all "$ref"
	assert_status 0
	ocifp_run pull --all -o "oci-archive:$T/out.tar:one" "$ref"
	assert_status 0
	for blob in "${listed[@]}"; do
		[ -e "$(blob_path "$T/out" "$blob")" ] || fail "$blob is not in the layout"
		[ -e "$(blob_path "$T/reg.root/other" "$blob")" ] || fail "$blob is not in the other repository"
		assert_stored "$blob"
		tar tf "$T/out.tar" "blobs/sha256/${blob#*:}" >&2
	done
	ocifp_run store gc
	assert_status 0
	for blob in "${listed[@]}"; do assert_stored "$blob"; done
	ocifp_run copy "oci:$T/out:one" "$reg_host/third:one"
	assert_status 0
	ocifp_run inspect "$ref"
	assert_status 0
	ocifp_run tree --digests "$ref"
	assert_status 0
	grep -q "blob ${listed[2]} .*buildkit.cacheconfig" "$T/stdout"
	ocifp_run pull "$ref"
	assert_failed 8
}

@test "M11 schema 1, hybrids, encrypted and foreign layers are refused by name" {
	echo '{"schemaVersion": 1, "name": "app", "tag": "one", "fsLayers": [], "history": [], "signatures": []}' >"$T/v1"
	start_faults reg
	jq -n --rawfile body "$T/v1" '{"path": "manifests", "action": {"body": $body, "headers":
		{"Content-Type": "application/vnd.docker.distribution.manifest.v1+prettyjws"}}}' | rules reg
	pull "$reg_host/app:one"
	assert_failed 7
	assert_stderr_has 'schema ?(version )?1'
	rules reg </dev/null
	serve_image --layers 1k
	local good=$digest
	manifest_with '.manifests = [.config]'
	pull "$ref"
	assert_failed 7
	assert_stderr_has "has both 'manifests' and 'layers'"
	local type
	for type in application/vnd.oci.image.layer.v1.tar+encrypted application/vnd.oci.image.layer.v1.tar+xz \
		application/vnd.docker.image.rootfs.foreign.diff.tar.gzip application/x-unknown \
		application/vnd.oci.image.layer.nondistributable.v1.tar+gzip; do
		digest=$good
		manifest_with ".layers[0].mediaType = \"$type\""
		ocifp_run pull "${on[@]}" --status-file "$T/failed.json" -o "rootfs:$T/rootfs" "$ref"
		assert_failed 7
		assert_stderr_has "a layer of type '${type/+/[+]}' cannot be unpacked"
		assert_equal "$(jq -r .error.class "$T/failed.json")" unsupported
		[ ! -e "$T/rootfs" ]
	done
}

@test "M12 annotations: hostile ones are made harmless, huge ones fit, other types are wrong content" {
	serve_image
	local good=$digest
	manifest_with '.annotations = {"a": "\u001b]52;c;x\u0007\n::set-env name=A::b\u202e", "b": ("x" * 1000000)}'
	pull "$ref"
	assert_status 0
	ocifp_run inspect "$ref"
	assert_clean_terminal "$T/stdout" "$T/stderr"
	! grep -q '^::' "$T/stdout" "$T/stderr" || fail 'a command reached the log'
	digest=$good
	each_edit 7 '.annotations = {"a": 7}' '.annotations = []' '.annotations = {"a": null}'
}

@test "M13 data in a descriptor that is not its content is wrong content" {
	serve_image
	local config
	config=$(base64 -w 0 "$(blob_path "$T/reg.root/app" "$(jq -r .config.digest "$(blob_path "$T/reg.root/app" "$digest")")")")
	each_edit 7 '.config.data = "aGVsbG8="' '.config.data = "!!"'
	manifest_with ".config.data = \"$config\""
	pull "$ref"
	assert_status 0
}

@test "M14 odd white space and order of keys stay as they came, in the store, in an output, pushed again" {
	serve_image
	jq --indent 7 'to_entries | reverse | from_entries' "$(blob_path "$T/reg.root/app" "$digest")" >"$T/odd"
	printf '\n\n  ' >>"$T/odd"
	serve_manifest <"$T/odd"
	pull "$ref"
	assert_pulled
	assert_same_file "$T/odd" "$(blob_path "$OCIFP_STORE" "$digest")"
	rm -rf "$OCIFP_STORE"
	pull -o "oci:$T/out:one" "$ref"
	assert_status 0
	assert_same_file "$T/odd" "$(blob_path "$T/out" "$digest")"
	ocifp_run push "oci:$T/out:one" "$reg_host/again:one"
	assert_status 0
	assert_same_file "$T/odd" "$(blob_path "$T/reg.root/again" "$digest")"
	ocifp_run manifest "$reg_host/again:one"
	assert_same_file "$T/odd" "$T/stdout"
}

@test "M15 tags: pages are followed, loops end, another host is not asked" {
	start_canary evil
	serve_image
	local tag
	for tag in b c d; do mkimage image "$T/reg.root/app" $tag >/dev/null; done
	ocifp_run tags "$reg_host/app"
	assert_status 0
	assert_stdout $'b\nc\nd\none'
	rules reg <<<'{"path": "tags/list$|tags/list.n=1000$", "action": {"json": {"name": "app", "tags": ["a"]}, "headers": {"Link": "</v2/app/tags/list?n=1&last=a>; rel=\"next\""}}}'
	ocifp_run tags "$reg_host/app"
	assert_status 0
	rules reg <<<'{"path": "tags/list", "action": {"json": {"name": "app", "tags": ["a"]}, "headers": {"Link": "<@TARGET@>; rel=\"next\""}}}'
	forget_log reg
	ocifp_run tags "$reg_host/app"
	assert_failed 5
	assert_requests reg 1 GET tags/list
	rules reg <<<"{\"path\": \"tags/list\", \"action\": {\"json\": {\"name\": \"app\", \"tags\": [\"a\"]}, \"headers\": {\"Link\": \"<http://$evil_host/v2/app/tags/list>; rel=next\"}}}"
	ocifp_run tags "$reg_host/app"
	assert_failed 5
	assert_requests evil 0 . .
}

# link_rule PATH LINK...: PATH's answer gets these Link headers, with JSON's quotes, instead of its own.
link_rule() {
	local path=$1
	shift
	printf '%s\n' "$@" | jq -R . | jq -s --arg path "$path" '{path: $path, action: {headers: {Link: .}}}'
}

@test "M15 the next page is found among all links of an answer, however they are written" {
	serve_image
	local tag next='</v2/app/tags/list?n=2&last=c>'
	for tag in b c d; do mkimage image "$T/reg.root/app" $tag >/dev/null; done
	stop reg
	start_faults reg --tags-page 2
	# The client's n would give all at once: the first page is cut by the rule.
	try() {
		{
			link_rule 'tags/list.n=1000$' "$@" |
				jq '.action += {json: {name: "app", tags: ["b", "c"]}}'
		} | rules reg
		ocifp_run tags "$reg_host/app"
	}
	listed() {
		try "$@"
		assert_status 0
		assert_stdout $'b\nc\nd\none'
	}
	listed "$next; rel=next"
	listed '</v2/app/tags/list?n=2>; rel="first"' "$next; rel=\"next\""
	listed '</style.css>; rel=preload; as=style' "$next; rel=\"next\""
	listed "</v2/app/tags/list?n=2>; rel=\"prev\", $next; rel=\"next\""
	listed "$next; title=\"more, and; more\"; REL=\"last Next\", </x>; rel=last"
	try '</style.css>; rel=preload' '</v2/app/tags/list>; rel=prev; title="next to come"'
	assert_status 0
	assert_stdout $'b\nc'
	try "$next; rel=\"next"
	assert_failed 5
	assert_stderr_has "cannot read the answer's Link header"
	try "$next; rel=next" '</v2/app/tags/list?n=2&last=d>; rel=next'
	assert_failed 5
	assert_stderr_has 'names two next pages'
}

@test "M15 a page that is missing later on is no proof that the repository is absent" {
	serve_image
	{
		link_rule 'tags/list.n=1000$' '</v2/app/tags/list?n=2>; rel=next'
		printf '%s\n' '{"path": "tags/list", "action": {"status": 404, "json": {"errors": [{"code": "NAME_UNKNOWN"}]}}}'
	} | rules reg
	ocifp_run tags "$reg_host/app"
	assert_failed 5
	rules reg <<<'{"path": "tags/list", "action": {"status": 404, "json": {"errors": [{"code": "NAME_UNKNOWN"}]}}}'
	ocifp_run tags "$reg_host/app"
	assert_failed 3
}

@test "M15 tags: null is none; other types are wrong content or server trouble" {
	serve_image
	rules reg <<<'{"path": "tags/list", "action": {"json": {"name": "app", "tags": null}}}'
	ocifp_run tags "$reg_host/app"
	assert_status 0
	assert_stdout ''
	local body
	for body in '{"tags": "a"}' '{"tags": [7]}' '[]' '"x"'; do
		rules reg <<<"{\"path\": \"tags/list\", \"action\": {\"json\": $body}}"
		ocifp_run tags "$reg_host/app"
		assert_clean_terminal "$T/stdout" "$T/stderr"
		assert_failed 5
	done
}

@test "M15 tags: a name that is not a valid tag is left out with a notice" {
	serve_image
	rules reg <<<"{\"path\": \"tags/list\", \"action\": {\"json\": {\"tags\": [\"$digest\", \"one\", \"-ot-beta\", \"a b\u001b[31m\"]}}}"
	ocifp_run tags "$reg_host/app"
	assert_status 0
	assert_stdout one
	assert_stderr_has "left out '$digest' and 2 more: not a valid tag"
	assert_clean_terminal "$T/stdout" "$T/stderr"
	ocifp_run tags --json "$reg_host/app"
	assert_json '.tags == ["one"]'
}

@test "M16 odd error bodies leave the status in charge" {
	serve_image
	local body
	for body in '{}' '{"errors": []}' '{"errors": {}}' '{"errors": [7]}' '{"errors": [{"code": 7}]}' \
		'{"errors": [{"code": "X", "message": {"a": 1}}]}' '[]' 'null' '"x"' '{"errors": null}'; do
		rules reg <<<"{\"path\": \"manifests\", \"action\": {\"status\": 403, \"json\": $body}}"
		exists "$ref"
		assert_failed 4
		rules reg <<<"{\"path\": \"manifests\", \"action\": {\"status\": 418, \"json\": $body}}"
		exists "$ref"
		assert_failed 5
	done
}

@test "M17 a tag that moves meanwhile: what is reported is what was pulled" {
	serve_image --layers 1k
	mkimage image "$T/reg.root/app" two --layers 2k >"$T/two"
	cp "$(blob_path "$T/reg.root/app" "$(cat "$T/two")")" "$T/manifest"
	jq -n --rawfile body "$T/manifest" --arg digest "$(cat "$T/two")" '{"path": "manifests/one", "nth": "2-",
		"action": {"body": $body, "headers": {"Content-Type": "application/vnd.oci.image.manifest.v1+json",
		"Docker-Content-Digest": $digest}}}' | rules reg
	pull "$ref"
	assert_status 0
	[[ $stdout == "$reg_host/app@sha256:"* ]] || fail "$told"
	assert_stored "${stdout#*@}"
}
