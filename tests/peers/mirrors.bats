#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Mirrors that are real: a pull-through cache, and one below a path, as Harbor and GitLab have it.

load ../lib/rig

setup() {
	need python3 jq docker-registry
	rig_setup
	cd "$T" || return
}

teardown() {
	rig_teardown
}

# serve_app [MKIMAGE OPTION...]: app:one in the registry "reg", a single manifest; sets $digest.
serve_app() {
	start_registry reg
	digest=$(mkimage image "$T/lay" one --layers 10k,200k "$@")
	ocifp copy "oci:$T/lay:one" "$reg_host/app:one" >/dev/null
}

# start_cache: "cache" fetches from "reg" what it is asked for and keeps it
start_cache() {
	start_registry cache open "proxy: {remoteurl: \"http://$reg_host\"}"
}

# pull_by MIRROR: app:one into an empty store
pull_by() {
	printf '%s\n' 'version: 1' 'images: {app: {repository: ghcr.io/x/app, inputs: [.ocifp.yaml]}}' \
		"mirrors: {\"$reg_host\": [\"$1\"]}" >.ocifp.yaml
	rm -rf "$OCIFP_STORE"
	ocifp_run pull --platform linux/amd64 "$reg_host/app:one"
	assert_status 0
	assert_stdout "$reg_host/app@$digest"
}

@test "a pull-through cache warms for all of a single-manifest image, and serves the second host" {
	serve_app
	start_cache
	pull_by "http://$cache_host"
	assert_equal "$(registry_requests cache GET /app/manifests/)" 1
	assert_equal "$(registry_requests cache GET /app/blobs/)" 3
	assert_equal "$(registry_requests cache 'GET|HEAD' /app/manifests/one)" 0
	assert_sound_store
	: >"$T/reg.out"
	pull_by "http://$cache_host"
	assert_equal "$(registry_requests cache GET /app/blobs/)" 6
	assert_equal "$(registry_requests reg GET /app/blobs/)" 0
	assert_equal "$(registry_requests reg HEAD /app/manifests/one)" 1
}

@test "a pull-through cache gives what an index lists; without the cache the registry does" {
	serve_app --platform linux/amd64 --platform linux/arm64
	start_cache
	pull_by "http://$cache_host"
	assert_equal "$(registry_requests cache GET /app/manifests/sha256)" 2
	stop cache
	pull_by "http://$cache_host"
	assert_stderr_has "cannot use the mirror '$cache_host': "
	pull_by "http://$cache_host"
	refute_stderr_has "cannot use the mirror"
}

@test "the path of a mirror's URL is a prefix of the repository's name" {
	need nginx
	serve_app
	start_cache
	make_cert server
	start_nginx harbor 127.0.0.1 "location /v2/proxy/ghcr/ { proxy_pass http://$cache_host/v2/; }"
	export SSL_CERT_FILE=$T/tls/ca.pem
	pull_by "https://$harbor_host/proxy/ghcr/"
	assert_equal "$(nginx_requests harbor GET /v2/proxy/ghcr/app/manifests/sha256)" 1
	assert_equal "$(nginx_requests harbor GET /v2/proxy/ghcr/app/blobs/)" 3
	assert_equal "$(registry_requests cache GET /app/blobs/)" 3
}

# origin_blobs: how often the registry gave a blob since its log was emptied
origin_blobs() {
	registry_requests reg GET /app/blobs/
}

# trouble WHAT BLOB: of the engine "cache", which keeps the large layer in the file BLOB
trouble() {
	case $1 in
	dead) stop cache ;;
	slow) kill -STOP "$(cat "$T/pids/cache")" ;;
	lying) printf '\377\377\377\377' | dd of="$2" bs=1 seek=100000 conv=notrunc status=none ;;
	half) truncate -s 100000 "$2" ;;
	esac
}

# kept HEX: files of "cache" that a blob is in, which may come after the answer
kept() {
	find "$T/cache.data" -path "*$1*" -type f -size +0
}

is_warm() {
	local hex
	for hex in $(jq -r '(.config, .layers[]).digest | split(":")[1]' "$(blob_path "$T/lay" "$digest")"); do
		[ "$(kept "$hex" | wc -l)" = "$files" ] || return 1
	done
}

# assert_troubles ENGINE: it starts "cache", which $mirror leads to, and says how many $files keep a blob;
# each trouble of it costs seconds, and at the registry what the mirror does not give.
assert_troubles() {
	local what large
	large=$(jq -r '.layers[1].digest | split(":")[1]' "$(blob_path "$T/lay" "$digest")")
	for what in dead slow lying half; do
		rm -rf "$T/cache.data" "$HOME/.cache/ocifp"
		"$1"
		pull_by "$mirror"
		wait_for is_warm
		trouble $what "$(kept "$large" | grep -v 'link$')"
		: >"$T/reg.out"
		pull_by "$mirror"
		assert_within 15
		printf '# %s: %s of 3 blobs by the registry, %s s\n' "$what" "$(origin_blobs)" "$seconds" >&3
		case $what in
		dead | slow)
			assert_equal "$(origin_blobs)" 3
			assert_stderr_has "cannot use the mirror"
			pull_by "$mirror"
			refute_stderr_has "cannot use the mirror"
			;;
		*) assert_equal "$(origin_blobs)" 1 ;;
		esac
		assert_sound_store
		[ $what != slow ] || kill -CONT "$(cat "$T/pids/cache")"
		[ $what = dead ] || stop cache
	done
}

# assert_asked_once ENGINE: five hosts pull one after the other; but the first, none costs the registry
# more than the tag's digest.
assert_asked_once() {
	local host
	"$1"
	pull_by "$mirror"
	wait_for is_warm
	: >"$T/reg.out"
	for host in 2 3 4 5; do
		pull_by "$mirror"
	done
	assert_equal "$(registry_requests reg '[A-Z]+' '')" 4
	assert_equal "$(registry_requests reg HEAD /app/manifests/one)" 4
	stop cache
}

by_distribution() {
	start_cache
	files=2 # a blob, and the repository's link to it
	mirror=http://$cache_host
}

# As Harbor and GitLab have it: the cache is behind nginx, below a path.
by_nginx() {
	need nginx
	start_cache
	files=2
	[ -e "$T/tls/server.pem" ] || make_cert server
	[ ! -e "$T/pids/harbor" ] || stop harbor
	start_nginx harbor 127.0.0.1 "location /v2/proxy/ghcr/ { proxy_pass http://$cache_host/v2/; }"
	export SSL_CERT_FILE=$T/tls/ca.pem
	mirror=https://$harbor_host/proxy/ghcr
}

by_zot() {
	start_zot_cache
	files=1
	mirror=http://$cache_host/ghcr
}

@test "distribution that is dead, slow, lying or has half of a blob" {
	serve_app
	assert_troubles by_distribution
}

@test "distribution behind nginx that is dead, slow, lying or has half of a blob" {
	serve_app
	assert_troubles by_nginx
}

@test "zot that is dead, slow, lying or has half of a blob" {
	serve_app
	assert_troubles by_zot
}

@test "hosts that pull one after the other by distribution or zot: the registry is asked for nothing twice" {
	serve_app
	assert_asked_once by_distribution
	assert_asked_once by_nginx
	rm -rf "$T/cache.data"
	assert_asked_once by_zot
}

# start_zot_cache: "cache", which fetches from "reg" on demand, below "/ghcr"
start_zot_cache() {
	start_zot cache "$(jq -n --arg url "http://$reg_host" '{sync: {enable: true, registries: [{
		urls: [$url], onDemand: true, tlsVerify: false, content: [{prefix: "**", destination: "/ghcr"}]}]}}')"
	! grep -q 'sync.*not.*built\|built without.*sync' "$T/cache.out" || skip "zot was built without sync"
}

# zot_hits REGEX: GETs that it answered with 200
zot_hits() {
	jq -Rr 'fromjson? | select(.method == "GET" and .statusCode == 200) | .path' "$T/cache.out" | grep -cE "$1" || true
}

@test "zot on demand warms for a single-manifest image, and serves the second host" {
	serve_app
	start_zot_cache
	pull_by "http://$cache_host/ghcr"
	assert_equal "$(zot_hits '/ghcr/app/manifests/sha256')" 1
	assert_equal "$(zot_hits '/ghcr/app/blobs/')" 3
	: >"$T/reg.out"
	pull_by "http://$cache_host/ghcr"
	assert_equal "$(zot_hits '/ghcr/app/blobs/')" 6
	assert_equal "$(registry_requests reg HEAD /app/manifests/one)" 1
	assert_equal "$(registry_requests reg GET /app/blobs/)" 0
	assert_sound_store
}

@test "zot on demand warms for what an index lists" {
	serve_app --platform linux/amd64 --platform linux/arm64
	start_zot_cache
	pull_by "http://$cache_host/ghcr"
	: >"$T/reg.out"
	pull_by "http://$cache_host/ghcr"
	assert_equal "$(registry_requests reg GET /app/)" 0
	assert_sound_store
}

# pull_at_once N: as N hosts, each with a store and a home of its own, that start together.
pull_at_once() {
	local host pids=()
	for ((host = 1; host <= $1; host++)); do
		mkdir -p "$T/host$host"
		HOME=$T/host$host OCIFP_STORE=$T/host$host/store ocifp pull --platform linux/amd64 "$reg_host/app:one" \
			>"$T/host$host/out" 2>"$T/host$host/err" &
		pids+=($!)
	done
	for host in "${pids[@]}"; do
		wait "$host" || fail "$(cat "$T"/host*/err)"
	done
}

# assert_burst ENGINE: of eight hosts that pull at once by a cold mirror, none goes to the registry
# itself for more than the tag's digest.
assert_burst() {
	rm -rf "$T/cache.data" "$T"/host*
	"$1"
	: >"$T/reg.out"
	printf '%s\n' 'version: 1' 'images: {app: {repository: ghcr.io/x/app, inputs: [.ocifp.yaml]}}' \
		"mirrors: {\"$reg_host\": [\"$mirror\"]}" >.ocifp.yaml
	pull_at_once 8
	assert_equal "$(cat "$T"/host*/out)" "$(yes "$reg_host/app@$digest" | head -n 8)"
	assert_equal "$(grep -a '"GET .*ocifp/' "$T/reg.out")" ""
	assert_equal "$(grep -ac '"HEAD .*/manifests/one .*ocifp/' "$T/reg.out")" 8
	printf '# %s: 3 blobs for 8 hosts, asked for %s times at the registry\n' "$1" "$(origin_blobs)" >&3
	stop cache
}

@test "hosts that pull at once by a cold mirror leave the blobs to it; zot asks for each once" {
	serve_app
	assert_burst by_distribution
	assert_burst by_zot
	assert_equal "$(origin_blobs)" 3
}
