#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Pulling from real registries, in every way that one is set up, into everything that takes an image.

load ../lib/rig

both=(--platform linux/amd64 --platform linux/arm64)

setup() {
	need python3 jq curl docker-registry skopeo ocifp
	rig_setup
	printf s3cret >"$T/password"
}

teardown() {
	rig_teardown
}

# serve_index [MKIMAGE OPTION...]: app:one in the registry "reg", for two platforms; sets $digest.
serve_index() {
	[ -n "${reg_host:-}" ] || start_registry reg
	digest=$(mkimage image "$T/src" one "${both[@]}" --layers 10k,200k --compress gzip "$@")
	skopeo_copy --all --preserve-digests "oci:$T/src:one" "docker://$reg_host/app:one"
}

child() {
	jq -r --arg arch "$1" '.manifests[] | select(.platform.architecture == $arch).digest' "$(blob_path "$T/src" "$digest")"
}

# assert_holds LAYOUT DIGEST: this manifest with all that it names, byte for byte
assert_holds() {
	local blob
	for blob in "$2" $(jq -r '.config.digest, .layers[].digest' "$(blob_path "$T/src" "$2")"); do
		assert_same_file "$(blob_path "$T/src" "$blob")" "$(blob_path "$1" "$blob")"
	done
}

named_by() {
	jq -r --arg tag "$2" '.manifests[] | select(.annotations["org.opencontainers.image.ref.name"] == $tag).digest' "$1/index.json"
}

@test "into the store: the index as it came, the wanted platform alone; then more of it" {
	serve_index
	ocifp_run pull --platform linux/arm64 "$reg_host/app:one"
	assert_status 0
	assert_stdout "$reg_host/app@$digest"
	assert_equal "$(named_by "$OCIFP_STORE" "$reg_host/app:one")" "$digest"
	assert_same_file "$(blob_path "$T/src" "$digest")" "$(blob_path "$OCIFP_STORE" "$digest")"
	assert_holds "$OCIFP_STORE" "$(child arm64)"
	[ ! -e "$(blob_path "$OCIFP_STORE" "$(child amd64)")" ]
	assert_sound_store
	ocifp_run pull --all "$reg_host/app:one"
	assert_status 0
	assert_holds "$OCIFP_STORE" "$(child amd64)"
	assert_sound_store
}

@test "a trace has each blob's request, and is valid JSON" {
	local blob
	serve_index
	ocifp_run pull --platform linux/arm64 --trace "$T/trace" "$reg_host/app:one"
	assert_status 0
	for blob in $(jq -r '.config.digest, .layers[].digest' "$(blob_path "$T/src" "$(child arm64)")"); do
		assert_equal "$(jq --arg blob "$blob" '[.[] | select(.name == "request" and (.args.what |
			contains("/blobs/" + $blob + ": status 200")))] | length' "$T/trace")" 1
	done
}

@test "without --platform, what this machine runs" {
	local arch
	arch=$(uname -m | sed 's/x86_64/amd64/; s/aarch64/arm64/')
	[[ " ${both[*]} " == *" linux/$arch "* ]] || both[1]=linux/$arch
	serve_index
	ocifp_run pull "$reg_host/app:one"
	assert_status 0
	assert_holds "$OCIFP_STORE" "$(child "$arch")"
	assert_equal "$(find "$OCIFP_STORE/blobs/sha256" -type f | wc -l)" 5
}

@test "into a layout: one platform's manifest, a new index of several, with --all the original" {
	serve_index --attestation
	ocifp_run pull --platform linux/amd64 -o "oci:$T/out:single" "$reg_host/app:one"
	assert_status 0
	assert_stdout "$reg_host/app@$digest"
	assert_stderr_has "$(child amd64)"
	assert_equal "$(named_by "$T/out" single)" "$(child amd64)"
	ocifp_run pull "${both[@]}" -o "oci:$T/out:several" "$reg_host/app:one"
	assert_status 0
	local part
	part=$(named_by "$T/out" several)
	[ "$part" != "$digest" ]
	assert_equal "$(jq -r '.manifests[].digest' "$(blob_path "$T/out" "$part")" | xargs)" "$(child amd64) $(child arm64)"
	ocifp_run pull --all -o "oci:$T/out:all" "$reg_host/app:one"
	assert_status 0
	assert_equal "$(named_by "$T/out" all)" "$digest"
	skopeo_copy --all "oci:$T/out:all" "oci:$T/again:all"
	assert_equal "$(named_by "$T/again" all)" "$digest"
	local tag
	for tag in single several; do
		skopeo inspect --override-arch amd64 --override-os linux "oci:$T/out:$tag" | jq -e '.Architecture == "amd64"' >/dev/null
	done
}

@test "what ocifp pulls, umoci unpacks byte for byte as what it was made of" {
	need umoci
	start_registry reg
	umoci_index "$T/src" one >"$T/digest"
	skopeo_copy --all "oci:$T/src:one" "docker://$reg_host/app:one"
	local arch
	for arch in amd64 arm64; do
		ocifp_run pull --platform "linux/$arch" -o "oci:$T/out:$arch" "$reg_host/app:one"
		assert_status 0
		umoci unpack --rootless --image "$T/out:$arch" "$T/ours-$arch" >&2
		umoci unpack --rootless --image "$T/src:one-$arch" "$T/theirs-$arch" >&2
		diff -r "$T/ours-$arch/rootfs" "$T/theirs-$arch/rootfs"
	done
}

@test "into archives that skopeo reads, to a file and to standard output" {
	serve_index
	local kind
	for kind in oci-archive docker-archive; do
		ocifp_run pull --platform linux/arm64 -o "$kind:$T/file.$kind" "$reg_host/app:one"
		assert_status 0
		ocifp_run pull --platform linux/arm64 -o "$kind:-" "$reg_host/app:one"
		assert_status 0
		assert_same_file "$T/stdout" "$T/file.$kind"
		assert_stderr_has "$reg_host/app@$digest"
		assert_equal "$(skopeo inspect --override-arch arm64 "$kind:$T/file.$kind" | jq -r .Architecture)" arm64
		skopeo_copy --override-arch arm64 --preserve-digests "$kind:$T/file.$kind" "dir:$T/$kind" ||
			skopeo_copy --override-arch arm64 "$kind:$T/file.$kind" "dir:$T/$kind"
	done
	tar -xOf "$T/file.docker-archive" manifest.json | jq -e --arg name "$reg_host/app:one" '.[0].RepoTags == [$name]' >/dev/null
	ocifp_run pull --all -o "oci-archive:$T/all.tar" "$reg_host/app:one"
	assert_status 0
	mkdir "$T/untarred" && tar -xf "$T/all.tar" -C "$T/untarred"
	assert_equal "$(jq -r '.manifests[0].digest' "$T/untarred/index.json")" "$digest"
	ocifp_run pull "${both[@]}" -o "docker-archive:$T/both.tar" "$reg_host/app:one"
	assert_failed 2
	[ ! -e "$T/both.tar" ] || fail "an archive was left behind" "$told"
}

@test "by digest with everything here nothing is asked, and with the registry gone it works" {
	serve_index
	ocifp_run pull "${both[@]}" "$reg_host/app:one"
	assert_status 0
	stop reg
	ocifp_run pull "${both[@]}" "$reg_host/app@$digest"
	assert_status 0
	assert_stdout "$reg_host/app@$digest"
	ocifp_run pull "${both[@]}" --offline "$reg_host/app:one"
	assert_status 0
	assert_stdout "$reg_host/app@$digest"
	ocifp_run pull --offline -o "oci:$T/out:one" --platform linux/amd64 "$reg_host/app:one"
	assert_status 0
	assert_holds "$T/out" "$(child amd64)"
	ocifp_run pull --platform linux/amd64 "$reg_host/app:one"
	assert_failed 5
	ocifp_run pull --offline "$reg_host/app:other"
	assert_failed 5
}

@test "--offline for a platform that was never fetched fails" {
	serve_index
	ocifp_run pull --platform linux/amd64 "$reg_host/app:one"
	assert_status 0
	ocifp_run pull --offline --platform linux/arm64 "$reg_host/app:one"
	assert_failed 7
	assert_sound_store
}

@test "what the store has, also of another image, is not asked for again" {
	serve_index
	ocifp_run pull "${both[@]}" "$reg_host/app:one"
	assert_status 0
	mkimage image "$T/src" two --platform linux/amd64 --layers 10k,200k,30k --compress gzip >/dev/null
	skopeo_copy "oci:$T/src:two" "docker://$reg_host/app:two"
	local before
	before=$(registry_requests reg GET /blobs/)
	ocifp_run pull --platform linux/amd64 "$reg_host/app:two"
	assert_status 0
	# The config and the one new layer.
	assert_equal $(($(registry_requests reg GET /blobs/) - before)) 2
}

@test "docker's own types come as they are" {
	start_registry reg
	digest=$(mkimage image "$T/src" one "${both[@]}" --layers 10k --compress gzip)
	skopeo_copy --all --format v2s2 "oci:$T/src:one" "docker://$reg_host/app:one"
	ocifp_run pull --all "$reg_host/app:one"
	assert_status 0
	assert_equal "${stdout#*@}" "$(skopeo inspect --raw --tls-verify=false "docker://$reg_host/app:one" | digest_of)"
	jq -e '.mediaType == "application/vnd.docker.distribution.manifest.list.v2+json"' \
		"$(blob_path "$OCIFP_STORE" "${stdout#*@}")" >/dev/null
	ocifp_run pull --platform linux/arm64 -o "docker-archive:$T/out.tar" "$reg_host/app:one"
	assert_status 0
	assert_equal "$(skopeo inspect --override-arch arm64 "docker-archive:$T/out.tar" | jq -r .Architecture)" arm64
}

# by_hash COMMAND...: of the one input "in"
by_hash() {
	ocifp_run "$1" --by-hash --input in "${@:2}"
}

@test "by hash, without a project file: the whole fingerprint is checked" {
	start_registry reg
	echo content >in
	mkimage image "$T/src" one "${both[@]}" >/dev/null
	ocifp_run push --by-hash --input in "oci:$T/src:one" "$reg_host/app"
	assert_status 0
	local resolved=$stdout tag
	tag=$(ocifp fingerprint --input in)
	by_hash exists "$reg_host/app"
	assert_status 0
	by_hash pull --platform linux/amd64 "$reg_host/app"
	assert_status 0
	assert_stdout "$resolved"
	mkimage image "$T/src" other "${both[@]}" --index-annotate "dev.ocifp.fingerprint=${tag}0000000000000000000000000000000000000000000000000000" >/dev/null
	skopeo_copy --all "oci:$T/src:other" "docker://$reg_host/app:$tag"
	by_hash pull --platform linux/amd64 "$reg_host/app"
	assert_failed 9
	by_hash exists "$reg_host/app"
	assert_failed 9
	skopeo_copy --all "oci:$T/src:one" "docker://$reg_host/app:$tag"
	by_hash pull --platform linux/amd64 "$reg_host/app"
	assert_status 0
	assert_equal "$(grep -c 'has no fingerprint annotation' "$T/stderr")" 1
}

@test "an image that has no fingerprint annotation is refused where the project requires it" {
	start_registry reg
	make_project 'require: [fingerprint]'
	mkimage image "$T/src" one "${both[@]}" >/dev/null
	skopeo_copy --all "oci:$T/src:one" "docker://$reg_host/app:$(image_tag)"
	ocifp_run pull
	assert_failed 9
	ocifp_run ensure
	assert_failed 9
	assert_builds
}

@test "passwords: none, wrong and right, by every way that a user gives them" {
	start_registry reg htpasswd
	mkimage image "$T/src" one >/dev/null
	skopeo_copy --dest-creds tester:s3cret "oci:$T/src:one" "docker://$reg_host/app:one"
	ocifp_run pull "${on[@]}" "$reg_host/app:one"
	assert_failed 4
	printf wrong >"$T/wrong"
	ocifp_run pull "${on[@]}" --username tester --password-stdin "$reg_host/app:one" <"$T/wrong"
	assert_failed 4
	ocifp_run pull "${on[@]}" --username tester --password-stdin "$reg_host/app:one" <"$T/password"
	assert_status 0
	# Written by skopeo for docker, podman and everybody else.
	echo s3cret | skopeo login --tls-verify=false --authfile "$T/auth.json" -u tester --password-stdin "$reg_host" >&2
	REGISTRY_AUTH_FILE=$T/auth.json ocifp_run exists "${on[@]}" "$reg_host/app:one"
	assert_status 0
	ocifp_run exists --auth-file "$T/auth.json" "${on[@]}" "$reg_host/app:one"
	assert_status 0
	mkdir -p "$HOME/.docker" && cp "$T/auth.json" "$HOME/.docker/config.json"
	ocifp_run exists "${on[@]}" "$reg_host/app:one"
	assert_status 0
	ocifp_run exists --anonymous "${on[@]}" "$reg_host/app:one"
	assert_failed 4
}

@test "tokens: anonymous for reading, a password for writing" {
	start_registry reg token
	mkimage image "$T/src" one >"$T/digest"
	ocifp_run push "oci:$T/src:one" "$reg_host/app:one"
	assert_failed 4
	ocifp_run push --username tester --password-stdin "oci:$T/src:one" "$reg_host/app:one" <"$T/password"
	assert_status 0
	ocifp_run pull "${on[@]}" "$reg_host/app:one"
	assert_status 0
	assert_stdout "$reg_host/app@$(cat "$T/digest")"
	printf wrong >"$T/wrong"
	ocifp_run pull "${on[@]}" --username tester --password-stdin "$reg_host/app:one" <"$T/wrong"
	assert_failed 4
}

@test "behind nginx with TLS and passwords, blobs come from a host that sees no credential" {
	need nginx openssl
	start_registry reg htpasswd
	start_front front reg
	mkimage image "$T/src" one --count 5 --size 50k --compress gzip >"$T/digest"
	skopeo_copy --dest-creds tester:s3cret "oci:$T/src:one" "docker://$reg_host/app:one"
	ocifp_run pull --tls-ca "$T/tls/ca.pem" "${on[@]}" --username tester --password-stdin "$front_host/app:one" <"$T/password"
	assert_status 0
	assert_stdout "$front_host/app@$(cat "$T/digest")"
	assert_holds "$OCIFP_STORE" "$(cat "$T/digest")"
	assert_equal "$(nginx_requests front_blobs GET /data)" 6
	assert_no_authorization front_blobs
	make_self_signed other
	ocifp_run pull --tls-ca "$T/tls/other.pem" "${on[@]}" --username tester --password-stdin "$front_host/app:one" <"$T/password"
	assert_failed 9
}

@test "a server that asks for a client certificate gets ours, and refuses who has none" {
	need nginx openssl
	serve_index
	make_cert server
	make_cert user
	make_self_signed stranger
	start_nginx strict 127.0.0.1 "
		ssl_client_certificate \"$T/tls/ca.pem\";
		ssl_verify_client on;
		location / { proxy_pass http://$reg_host; proxy_set_header Host \$http_host; }"
	local ref=$strict_host/app:one who=("--tls-ca" "$T/tls/ca.pem" "--tls-cert" "$T/tls/user.pem")
	ocifp_run pull "${who[@]}" --tls-key "$T/tls/user.key" "${both[@]}" "$ref"
	assert_status 0
	assert_stdout "$strict_host/app@$digest"
	ocifp_run exists --tls-ca "$T/tls/ca.pem" "$ref"
	assert_failed 5
	ocifp_run exists --tls-ca "$T/tls/ca.pem" --tls-cert "$T/tls/stranger.pem" --tls-key "$T/tls/stranger.key" "$ref"
	assert_failed 5
	ocifp_run exists "${who[@]}" --tls-key "$T/tls/stranger.key" "$ref"
	assert_failed 2
	ocifp_run exists "${who[@]}" "$ref"
	assert_failed 2
}

@test "our client certificate is not shown to a host that the registry sends us to" {
	need nginx openssl
	serve_index
	make_cert server
	make_cert user
	# It would take the certificate, and has nothing for who shows one.
	local asks="ssl_client_certificate \"$T/tls/ca.pem\"; ssl_verify_client"
	start_nginx blobs 127.0.0.2 "$asks optional;
		location / {
			if (\$ssl_client_verify != NONE) { return 403; }
			proxy_pass http://$reg_host; proxy_set_header Host \$http_host;
		}"
	start_nginx strict 127.0.0.1 "$asks on;
		location / { proxy_pass http://$reg_host; proxy_set_header Host \$http_host; }
		location ~ /blobs/ { return 307 https://$blobs_host\$request_uri; }"
	ocifp_run pull --tls-ca "$T/tls/ca.pem" --tls-cert "$T/tls/user.pem" --tls-key "$T/tls/user.key" \
		"${both[@]}" "$strict_host/app:one"
	assert_status 0
	[ "$(nginx_requests blobs GET /blobs/)" -gt 0 ]
}
