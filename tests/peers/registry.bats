#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Beside docker-registry, nginx, skopeo, umoci and buildah: what one side writes, the other reads,
# byte for byte.

load ../lib/rig

both=(--platform linux/amd64 --platform linux/arm64)

setup() {
	need python3 jq curl skopeo docker-registry ocifp
	rig_setup
	printf s3cret >"$T/password"
}

teardown() {
	rig_teardown
}

# assert_same_blobs A B: all that A has is in B too
assert_same_blobs() {
	local blob
	for blob in "$1"/blobs/sha256/*; do
		[ -e "$2/blobs/sha256/${blob##*/}" ] || fail "missing: ${blob##*/}" "${told:-}"
		assert_same_file "$blob" "$2/blobs/sha256/${blob##*/}"
	done
}

# log_in MODE: options that get us in
log_in() {
	options=()
	[ "$1" = open ] || options=(--username tester --password-stdin)
}

@test "what skopeo pushes to docker-registry, open or with passwords or tokens, ocifp pulls" {
	need umoci
	umoci_index "$T/src" one >"$T/digest"
	# Only what the index names: umoci leaves older blobs behind.
	skopeo_copy --all "oci:$T/src:one" "oci:$T/clean:one"
	local mode host
	for mode in open htpasswd token; do
		start_registry "reg_$mode" $mode
		host=reg_${mode}_host
		skopeo_copy --all --dest-creds tester:s3cret "oci:$T/clean:one" "docker://${!host}/team/app:one"
		log_in $mode
		OCIFP_STORE=$T/store-$mode ocifp_run pull "${both[@]}" "${options[@]}" "${!host}/team/app:one" <"$T/password"
		assert_status 0
		assert_stdout "${!host}/team/app@$(cat "$T/digest")"
		assert_same_blobs "$T/clean" "$T/store-$mode"
	done
}

@test "what ocifp pulls, skopeo inspects and umoci unpacks" {
	need umoci
	start_registry reg
	umoci_index "$T/src" one >"$T/digest"
	skopeo_copy --all "oci:$T/src:one" "docker://$reg_host/app:one"
	ocifp_run pull --platform linux/arm64 -o "oci:$T/out:one" "$reg_host/app:one"
	assert_status 0
	assert_equal "$(skopeo inspect "oci:$T/out:one" | jq -r .Architecture)" arm64
	umoci unpack --rootless --image "$T/out:one" "$T/bundle" >&2
	grep -q 'on arm64' "$T/bundle/rootfs/hello"
	assert_equal "$("$T/bundle/rootfs/bin/run")" arm64
}

@test "what ocifp pushes, skopeo copies back: index, both platforms, byte for byte" {
	start_registry reg token
	mkimage image "$T/src" one "${both[@]}" --attestation --layers 10k,200k --compress gzip >"$T/digest"
	ocifp_run push --username tester --password-stdin "oci:$T/src:one" "$reg_host/app:one" <"$T/password"
	assert_status 0
	assert_stdout "$reg_host/app@$(cat "$T/digest")"
	need skopeo_attestations
	skopeo_copy --all "docker://$reg_host/app:one" "oci:$T/back:one"
	assert_same_blobs "$T/src" "$T/back"
	ocifp_run push --username tester --password-stdin "oci:$T/src:one" "$reg_host/app:one" <"$T/password"
	assert_status 0
}

@test "an image in Docker's media types, as docker push makes it, keeps its bytes" {
	start_registry reg
	umoci_image "$T/src" one amd64
	skopeo_copy --format v2s2 "oci:$T/src:one" "docker://$reg_host/app:one"
	ocifp_run pull --platform linux/amd64 "$reg_host/app:one"
	assert_status 0
	assert_equal "${stdout#*@}" "sha256:$(skopeo inspect --raw --tls-verify=false "docker://$reg_host/app:one" | sha256sum | cut -d ' ' -f 1)"
	ocifp_run push "$reg_host/app:one" "$reg_host/copy:one"
	assert_status 0
	skopeo inspect --tls-verify=false "docker://$reg_host/copy:one" >"$T/inspect"
	assert_equal "$(jq -r .Digest "$T/inspect")" "${stdout#*@}"
}

@test "what buildah makes is pulled for both platforms" {
	start_registry reg
	buildah_index "$T/src" both
	skopeo_copy --all "oci:$T/src:both" "docker://$reg_host/app:one"
	ocifp_run pull "${both[@]}" "$reg_host/app:one"
	assert_status 0
	assert_same_blobs "$T/src" "$OCIFP_STORE"
}

@test "behind nginx: TLS, HTTP/2 and a blob host that sees no credential" {
	need nginx openssl
	start_registry reg
	start_front front reg
	mkimage image "$T/src" one --count 6 --size 50k --compress gzip >"$T/digest"
	ocifp_run push --tls-ca "$T/tls/ca.pem" "oci:$T/src:one" "$front_host/app:one"
	assert_status 0
	ocifp_run pull --tls-ca "$T/tls/ca.pem" --platform linux/amd64 "$front_host/app:one"
	assert_status 0
	assert_same_blobs "$T/src" "$OCIFP_STORE"
	assert_equal "$(nginx_requests front_blobs GET /data)" 7
	assert_no_authorization front_blobs
	grep -q 'HTTP/2.0 connection' "$T/front.access"
	ocifp_run exists --platform linux/amd64 "$front_host/app:one"
	assert_failed 5
}

@test "behind nginx with HTTP/2: large blobs come over HTTP/1.1, a connection each, small ones share one" {
	need nginx openssl
	start_registry reg
	start_front front reg
	mkimage image "$T/src" one --layers 20k,5000k,30k,5001k,40k,5002k --compress none >"$T/digest"
	# skopeo 1.4 compresses what is not.
	ocifp copy "oci:$T/src:one" "$reg_host/app:one"
	: >"$T/front_blobs.access"
	ocifp_run pull --tls-ca "$T/tls/ca.pem" "${on[@]}" "$front_host/app:one"
	assert_status 0
	assert_same_blobs "$T/src" "$OCIFP_STORE"
	assert_equal "$(nginx_connections front_blobs HTTP/1.1 | wc -l)" 3
	assert_equal "$(nginx_connections front_blobs HTTP/1.1 | sort -u | wc -l)" 3
	assert_equal "$(nginx_connections front_blobs HTTP/2.0 | wc -l)" 4
	assert_equal "$(nginx_connections front_blobs HTTP/2.0 | sort -u | wc -l)" 1
	assert_no_authorization front_blobs
}

@test "behind nginx without HTTP/2: large blobs use the connections of the small ones" {
	need nginx openssl
	start_registry reg
	make_cert server
	start_proxy front reg
	sed -i 's/ ssl http2;/ ssl;/' "$T/front.conf"
	stop front
	spawn front nginx -p "$T/front.tmp" -c "$T/front.conf"
	wait_for curl -sko /dev/null "https://$front_host/"
	mkimage image "$T/src" one --layers 5000k --compress none >"$T/digest"
	# skopeo 1.4 compresses what is not.
	ocifp copy "oci:$T/src:one" "$reg_host/app:one"
	: >"$T/front.access"
	ocifp_run pull --tls-ca "$T/tls/ca.pem" "${on[@]}" "$front_host/app:one"
	assert_status 0
	# The config comes over the manifest's, the layer beside it.
	assert_equal "$(nginx_connections front HTTP/1.1 | sort -u | wc -l)" 2
}

@test "with tokens: a cold anonymous question is at most three requests, a warm one is one" {
	start_registry reg token
	mkimage image "$T/src" one "${both[@]}" >/dev/null
	skopeo_copy --all --dest-creds tester:s3cret "oci:$T/src:one" "docker://$reg_host/app:one"
	local before after
	before=$(asked)
	ocifp_run exists --platform linux/amd64 "$reg_host/app:one"
	assert_status 0
	after=$(asked)
	[ $((after - before)) -le 3 ] || fail "$((after - before)) requests"
	ocifp_run exists --platform linux/amd64 "$reg_host/app:one"
	assert_status 0
	assert_equal $(($(asked) - after)) 1
	ocifp_run exists --platform linux/amd64 "$reg_host/app:none"
	assert_failed 3
	assert_equal $(($(asked) - after)) 2
}

# Requests to the registry and to its token server.
asked() {
	sleep 0.2
	echo $(($(registry_requests reg GET /v2/) + $(requests reg_tokens GET /)))
}

@test "login against docker-registry is kept for later commands, by us and by skopeo" {
	start_registry reg htpasswd
	ocifp_run login --username tester --password-stdin "$reg_host" <"$T/password"
	assert_status 0
	mkimage image "$T/src" one >/dev/null
	ocifp_run push "oci:$T/src:one" "$reg_host/app:one"
	assert_status 0
	skopeo inspect --tls-verify=false --authfile "$(grep -rl "$reg_host" "$T/home" | head -n 1)" "docker://$reg_host/app:one" >/dev/null
	printf wrong >"$T/password"
	ocifp_run login --username tester --password-stdin "$reg_host" <"$T/password"
	assert_failed 4
}

@test "archives: skopeo reads ours, we read skopeo's" {
	start_registry reg
	mkimage image "$T/src" one --layers 10k,20k --compress gzip >"$T/digest"
	skopeo_copy "oci:$T/src:one" "docker://$reg_host/app:one"
	local kind
	for kind in oci-archive docker-archive; do
		ocifp_run pull --platform linux/amd64 -o "$kind:$T/ours.$kind" "$reg_host/app:one"
		assert_status 0
		skopeo inspect "$kind:$T/ours.$kind" >"$T/inspect"
		assert_equal "$(jq '.Layers | length' "$T/inspect")" 2
		skopeo_copy "oci:$T/src:one" "$kind:$T/theirs.$kind:app:one"
		ocifp_run push "$kind:$T/theirs.$kind" "$reg_host/$kind:one"
		assert_status 0
		skopeo inspect --tls-verify=false "docker://$reg_host/$kind:one" >/dev/null
	done
}

@test "sixty layers and an image of twenty megabytes come and go whole" {
	start_registry reg
	mkimage image "$T/src" many --count 60 --size 2k --compress gzip >/dev/null
	mkimage image "$T/src" big --layers 20M >/dev/null
	local tag
	for tag in many big; do
		ocifp_run push "oci:$T/src:$tag" "$reg_host/app:$tag"
		assert_status 0
		ocifp_run pull --platform linux/amd64 "$reg_host/app:$tag"
		assert_status 0
	done
	assert_same_blobs "$T/src" "$OCIFP_STORE"
}
