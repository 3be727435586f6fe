#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Registries with the referrers API, single POST and SHA-512: that ocifp uses what they have, and
# that crane, regctl and oras see the same there, both ways.

load ../lib/rig
load ../lib/caches

both=(--platform linux/amd64 --platform linux/arm64)

setup() {
	need python3 jq curl openssl ocifp
	rig_setup
	printf 'all well\n' >report.txt
}

teardown() {
	rig_teardown
}

# on KIND BODY: with a registry "reg" of that kind
on() {
	"start_$1" reg
	"$2"
}

# publish [MKIMAGE OPTION...]: app:one; sets $digest and $ref
publish() {
	ref=$reg_host/app:one
	digest=$(mkimage image "$T/src" one --layers 10k,200k --compress gzip "$@")
	ocifp_run push "oci:$T/src:one" "$ref"
	assert_status 0
	assert_stdout "$reg_host/app@$digest"
}

# attach TYPE: sets $artifact
attach() {
	ocifp_run attach --type "$1" "$ref" report.txt:text/plain
	assert_status 0
	artifact=${stdout##*@}
}

regctl_at() {
	HOME=$T/home regctl --host "reg=$reg_host,tls=disabled" "$@"
}

asked() {
	modern_requests reg '[A-Z]+' /v2/
}

there_and_back() {
	publish "${both[@]}" --attestation
	local before
	before=$(asked)
	ocifp_run push "oci:$T/src:one" "$reg_host/app:two" --tag two
	assert_status 0
	assert_equal $(($(asked) - before)) 2
	ocifp_run pull --all -o "oci:$T/back:one" "$ref"
	assert_status 0
	diff -r "$T/src/blobs" "$T/back/blobs"
	ocifp_run exists --platform linux/arm64 "$ref"
	assert_status 0
	ocifp_run exists --platform linux/amd64 "$reg_host/app:none"
	assert_failed 3
	ocifp_run exists --platform linux/amd64 "$reg_host/none:one"
	assert_failed 3
}

@test "olareg: an index goes there and back byte for byte, and costs what it costs elsewhere" {
	on olareg there_and_back
}

@test "zot: an index goes there and back byte for byte, and costs what it costs elsewhere" {
	on zot there_and_back
}

seen_by_crane() {
	need_peer crane
	publish "${both[@]}"
	assert_equal "$(crane digest "$ref")" "$digest"
	crane validate --remote "$ref" >&2
	crane copy "$ref" "$reg_host/theirs:one" >&2
	ocifp_run pull --all -o "oci:$T/back:one" "$reg_host/theirs:one"
	assert_status 0
	assert_stdout "$reg_host/theirs@$digest"
	diff -r "$T/src/blobs" "$T/back/blobs"
}

@test "olareg: crane finds nothing wrong with it, and what crane copies ocifp pulls" {
	on olareg seen_by_crane
}

@test "zot: crane finds nothing wrong with it, and what crane copies ocifp pulls" {
	on zot seen_by_crane
}

joined_here() {
	local architecture
	for architecture in amd64 arm64; do
		mkimage image "$T/src" $architecture --platform "linux/$architecture" --layers 5k >/dev/null
		ocifp_run push --platform-tag --platform "linux/$architecture" "oci:$T/src:$architecture" "$reg_host/app:v1"
		assert_status 0
	done
	ocifp_run index join "${both[@]}" "$reg_host/app:v1"
	assert_status 0
	local joined=${stdout#*@}
	assert_equal "$(raw app v1 | digest_of)" "$joined"
	assert_equal "$(raw app v1 | jq -r '[.manifests[].platform.architecture] | join(" ")')" 'amd64 arm64'
	ocifp_run index join "${both[@]}" "$reg_host/app:v1"
	assert_stdout "$reg_host/app@$joined"
	ocifp_run pull --all "$reg_host/app:v1"
	assert_status 0
}

@test "olareg: what runners push for their platforms is joined" {
	on olareg joined_here
}

@test "zot: what runners push for their platforms is joined" {
	on zot joined_here
}

copied_from_repository_to_repository() {
	publish "${both[@]}"
	local before
	before=$(modern_requests reg 'PUT|PATCH' /blobs/)
	ocifp_run copy "$ref" "$reg_host/mirror/app"
	assert_status 0
	assert_stdout "$reg_host/mirror/app@$digest"
	assert_equal "$(raw mirror/app one | digest_of)" "$digest"
	# Mounted, every one.
	assert_equal "$(modern_requests reg 'PUT|PATCH' /blobs/)" "$before"
	ocifp_run copy --platform linux/arm64 "$ref" "$reg_host/arm"
	assert_status 0
	assert_equal "$(raw arm one | jq -r .mediaType)" application/vnd.oci.image.manifest.v1+json
}

@test "olareg: a copy mounts its blobs and changes no byte" {
	on olareg copied_from_repository_to_repository
}

@test "zot: a copy mounts its blobs and changes no byte" {
	on zot copied_from_repository_to_repository
}

listed_by_the_api() {
	publish "${both[@]}"
	attach application/x-report
	local first=$artifact
	attach application/x-other
	ocifp_run referrers "$ref"
	assert_equal "$(sort <<<"$stdout")" \
		"$(printf '%s application/x-report\n%s application/x-other\n' "$first" "$artifact" | sort)"
	ocifp_run referrers --artifact-type application/x-other "$ref"
	assert_stdout "$artifact application/x-other"
	ocifp_run referrers --artifact-type application/x-none "$ref"
	assert_stdout ''
	# No list under a tag, and nobody has looked for one.
	assert_equal "$(ocifp tags "$reg_host/app")" one
	assert_equal "$(modern_requests reg '[A-Z]+' /manifests/sha256-)" 0
}

@test "olareg: what is attached is listed by the registry itself, by type too, and makes no tag" {
	on olareg listed_by_the_api
}

@test "zot: what is attached is listed by the registry itself, by type too, and makes no tag" {
	on zot listed_by_the_api
}

agreed_on_by_others() {
	need_peer oras
	need_peer regctl
	publish
	attach application/x-report
	assert_equal "$(oras discover --plain-http --format json "$ref" | jq -r '(.referrers // .manifests)[].digest')" "$artifact"
	assert_equal "$(regctl_at artifact list --format '{{range .Descriptors}}{{.Digest}}{{end}}' "$ref")" "$artifact"
	oras pull --plain-http -o "$T/pulled" "$reg_host/app@$artifact" >/dev/null
	assert_same_file "$T/pulled/report.txt" report.txt
	oras attach --plain-http --artifact-type application/x-oras "$ref" report.txt >/dev/null
	regctl_at artifact put --artifact-type application/x-regctl --subject "$ref" <report.txt >/dev/null
	ocifp_run referrers "$ref"
	assert_equal "$(cut -d ' ' -f 2 <<<"$stdout" | sort | xargs)" \
		'application/x-oras application/x-regctl application/x-report'
}

@test "olareg: oras and regctl list what ocifp attaches, and ocifp what they do" {
	on olareg agreed_on_by_others
}

@test "zot: oras and regctl list what ocifp attaches, and ocifp what they do" {
	on zot agreed_on_by_others
}

copied_with_referrers() {
	publish "${both[@]}"
	attach application/x-report
	ocifp_run copy --referrers "$ref" "oci:$T/layout"
	assert_status 0
	assert_equal "$(ocifp referrers "oci:$T/layout:one")" "$artifact application/x-report"
	ocifp_run copy --referrers "oci:$T/layout:one" "$reg_host/back"
	assert_status 0
	assert_equal "$(ocifp referrers "$reg_host/back:one")" "$artifact application/x-report"
	ocifp_run copy --referrers "$ref" "$reg_host/there"
	assert_status 0
	assert_equal "$(ocifp referrers "$reg_host/there:one")" "$artifact application/x-report"
	assert_equal "$(ocifp tags "$reg_host/there")" one
}

@test "olareg: referrers come along to a layout, back, and to another repository" {
	on olareg copied_with_referrers
}

@test "zot: referrers come along to a layout, back, and to another repository" {
	on zot copied_with_referrers
}

signed_here() {
	openssl genpkey -algorithm ec -pkeyopt ec_paramgen_curve:P-256 -out "$T/ec.key" 2>/dev/null
	openssl pkey -in "$T/ec.key" -pubout -out "$T/ec.pub"
	publish
	ocifp_run verify --key "$T/ec.pub" "$ref"
	assert_failed 9
	ocifp_run sign --key "$T/ec.key" "$ref"
	assert_status 0
	ocifp_run verify --key "$T/ec.pub" "$ref"
	assert_status 0
	assert_stdout "$reg_host/app@$digest"
	ocifp_run copy --referrers "$ref" "$reg_host/moved"
	assert_status 0
	assert_equal "$(raw moved "${digest/:/-}.sig" | digest_of)" "$(raw app "${digest/:/-}.sig" | digest_of)"
	has_peer cosign || return 0
	cosign verify --insecure-ignore-tlog --allow-http-registry --key "$T/ec.pub" "$ref" 2>"$T/cosign.log" ||
		fail "$(cat "$T/cosign.log")"
}

@test "olareg: what is signed is verified, by cosign too, and the signature comes along" {
	on olareg signed_here
}

@test "zot: what is signed is verified, by cosign too, and the signature comes along" {
	on zot signed_here
}

removed_here() {
	publish
	attach application/x-report
	ocifp_run tag "$ref" two three
	assert_status 0
	assert_equal "$(ocifp tags "$reg_host/app" | sort | xargs)" 'one three two'
	ocifp_run rm "$reg_host/app:two"
	assert_status 0
	assert_stdout "$reg_host/app:two"
	ocifp_run exists --platform linux/amd64 "$reg_host/app:two"
	assert_failed 3
	ocifp_run exists --platform linux/amd64 "$ref"
	assert_status 0
	ocifp_run rm "$reg_host/app:two"
	assert_failed 3
	ocifp_run rm "$reg_host/app@$artifact"
	assert_status 0
	assert_equal "$(ocifp referrers "$ref")" ''
	ocifp_run rm "$reg_host/app@$digest"
	assert_status 0
	assert_equal "$(sort <<<"$stdout")" \
		"$(printf "$reg_host/%s\n" app:one app:three "app@$digest")"
	ocifp_run exists --platform linux/amd64 "$ref"
	assert_failed 3
	assert_equal "$(modern_requests reg '[A-Z]+' /manifests/sha256-)" 0
}

@test "olareg: a tag goes alone, an artifact from the list, a manifest with all its tags" {
	on olareg removed_here
}

@test "zot: a tag goes alone, an artifact from the list, a manifest with all its tags" {
	on zot removed_here
}

many_tags() {
	publish
	local tags
	mapfile -t tags < <(seq -f 'v%04g' 1 120)
	ocifp_run tag "$ref" "${tags[@]}"
	assert_status 0
	assert_equal "$(ocifp tags "$reg_host/app" | sort)" "$(printf '%s\n' one "${tags[@]}")"
	! has_peer crane || assert_equal "$(crane ls "$reg_host/app" | sort)" "$(printf '%s\n' one "${tags[@]}")"
}

@test "olareg: a hundred tags are listed, as crane lists them" {
	on olareg many_tags
}

@test "zot: a hundred tags are listed, as crane lists them" {
	on zot many_tags
}

# A session and a PUT for those under way when the first one is tried; one request for the others.
sent_in_one_request() {
	digest=$(mkimage image "$T/src" many --count 40 --size 2k)
	ocifp_run push "oci:$T/src:many" "$reg_host/app:many"
	assert_status 0
	local single sessions
	single=$(modern_requests reg POST '/uploads/[?]digest=')
	sessions=$(modern_requests reg POST '/uploads/( |"|$)')
	assert_equal $((single + sessions)) 41
	[ "$single" -ge 20 ] || fail "$single blobs in one request, $sessions in a session"
	assert_equal "$(modern_requests reg PUT /blobs/uploads/)" "$sessions"
	ocifp_run pull "${on[@]}" -o "oci:$T/back:many" "$reg_host/app:many"
	assert_status 0
	diff -r "$T/src/blobs" "$T/back/blobs"
}

@test "olareg: most of many small blobs take one request each" {
	on olareg sent_in_one_request
}

@test "zot: most of many small blobs take one request each" {
	on zot sent_in_one_request
}

by_sha512() {
	publish "${both[@]}" --algorithm sha512
	[[ $digest == sha512:* ]]
	assert_equal "$(ocifp digest "$ref")" "$digest"
	ocifp_run pull --all -o "oci:$T/back:one" "$reg_host/app@$digest"
	assert_status 0
	assert_stdout "$reg_host/app@$digest"
	diff -r "$T/src/blobs/sha512" "$T/back/blobs/sha512"
	ocifp_run copy "$ref" "$reg_host/mirror"
	assert_status 0
	assert_stdout "$reg_host/mirror@$digest"
	ocifp_run tag "$ref" two
	assert_status 0
	assert_equal "$(ocifp digest "$reg_host/app:two")" "$digest"
	attach application/x-report
	ocifp_run referrers "$reg_host/app@$digest"
	assert_stdout "$artifact application/x-report"
	ocifp_run rm "$reg_host/app@$digest"
	assert_status 0
	ocifp_run exists --platform linux/amd64 "$ref"
	assert_failed 3
}

@test "olareg: an image that goes by SHA-512 keeps its name: tags, copies, referrers" {
	on olareg by_sha512
}

@test "zot: an image that goes by SHA-512 keeps its name: tags, copies, referrers" {
	on zot by_sha512
}

# Behind a proxy that takes 1 MiB at once; by SHA-512, which is said when the session is opened.
sent_in_chunks() {
	start_proxy front reg 'client_max_body_size 1m;'
	local algorithm
	for algorithm in sha256 sha512; do
		digest=$(mkimage image "$T/src" $algorithm "${on[@]}" --layers 3M,10k --algorithm $algorithm)
		ocifp_run push --tls-ca "$T/tls/ca.pem" "oci:$T/src:$algorithm" "$front_host/app:$algorithm"
		assert_status 0
		assert_stdout "$front_host/app@$digest"
		ocifp_run pull "${on[@]}" -o "oci:$T/back:$algorithm" "$reg_host/app:$algorithm"
		assert_status 0
		assert_stdout "$reg_host/app@$digest"
	done
	diff -r "$T/src/blobs" "$T/back/blobs"
	[ "$(nginx_requests front PATCH uploads)" -ge 8 ]
}

@test "olareg: what a proxy does not take at once goes in chunks, by SHA-512 too" {
	on olareg sent_in_chunks
}

@test "zot: what a proxy does not take at once goes in chunks, by SHA-512 too" {
	on zot sent_in_chunks
}

pruned_here() {
	publish "${both[@]}"
	attach application/x-report
	local kept=$artifact
	mkimage image "$T/other" two --layers 20k >/dev/null
	ocifp_run push "oci:$T/other:two" "$reg_host/app:two"
	assert_status 0
	ref=$reg_host/app:two attach application/x-report
	ocifp_run prune --yes --keep-tag one "$reg_host/app"
	assert_status 0
	assert_equal "$(ocifp tags "$reg_host/app")" one
	assert_equal "$(ocifp referrers "$ref")" "$kept application/x-report"
	! raw app "$artifact" >/dev/null || fail 'what refers to a removed image stays'
	ocifp_run pull --all "$ref"
	assert_status 0
}

@test "olareg: prune takes what refers to a removed image, and leaves what refers to another" {
	on olareg pruned_here
}

@test "zot: prune takes what refers to a removed image, and leaves what refers to another" {
	on zot pruned_here
}

in_docker_types() {
	publish --docker "${both[@]}"
	ocifp_run copy "$ref" "$reg_host/copy"
	assert_status 0
	ocifp_run pull --all -o "oci:$T/back:one" "$reg_host/copy:one"
	assert_status 0
	assert_stdout "$reg_host/copy@$digest"
	diff -r "$T/src/blobs" "$T/back/blobs"
}

@test "olareg: an image in Docker's media types keeps its bytes" {
	on olareg in_docker_types
}

@test "zot: an image in Docker's media types keeps its bytes" {
	on zot in_docker_types
}

with_an_account() {
	olareg_users "$T/users.yml"
	start_olareg reg "$1" "$T/users.yml" --external-url 'http://127.0.0.1:@PORT@'
	printf wrong >"$T/password"
	ocifp_run login --username tester --password-stdin "$reg_host" <"$T/password"
	assert_failed 4
	printf s3cret >"$T/password"
	ocifp_run login --username tester --password-stdin "$reg_host" <"$T/password"
	assert_status 0
	publish "${both[@]}"
	attach application/x-report
	ocifp_run copy --referrers "$ref" "$reg_host/mirror/app"
	assert_status 0
	assert_equal "$(modern_requests reg 'PUT|PATCH' /v2/mirror/app/blobs/)" 0
	assert_equal "$(ocifp referrers "$reg_host/mirror/app:one")" "$artifact application/x-report"
	ocifp_run rm "$reg_host/mirror/app@$artifact"
	assert_status 0
	ocifp_run logout "$reg_host"
	ocifp_run rm "$ref"
	assert_failed 4
	ocifp_run push "oci:$T/src:one" "$reg_host/app:two"
	assert_failed 4
	ocifp_run pull --all "$ref"
	assert_status 0
	ocifp_run exists --platform linux/amd64 "$reg_host/app:none"
	assert_failed 3
}

@test "olareg with tokens: who has an account writes, mounts and deletes, others read" {
	with_an_account --auth-token-opaque
}

@test "olareg with passwords: who has an account writes, mounts and deletes, others read" {
	with_an_account --auth-basic
}

@test "olareg that takes twenty requests a second is waited for" {
	start_olareg reg --rate-limit 20
	digest=$(mkimage image "$T/src" many --count 40 --size 2k)
	ocifp_run push "oci:$T/src:many" "$reg_host/app:many"
	assert_status 0
	assert_stdout "$reg_host/app@$digest"
	[ "$(grep -ac status=429 "$T/reg.out")" -gt 0 ] || fail 'nothing was limited'
}

# On another machine it comes back; `cache prune` deletes it there, where the registry can.
a_cache_there_and_back() {
	local where=(--path tree --key key --repository "$reg_host/cache") tag
	machine one
	mkdir tree
	noise a 3000000 >tree/big
	ln tree/big tree/again
	ocifp_run cache save --strict --push always "${where[@]}" --json
	assert_json '.caches[0].result == "saved"'
	ocifp_run cache save --strict --push always "${where[@]}"
	assert_stdout 'cache default: nothing new to save'
	machine two
	ocifp_run cache restore --strict "${where[@]}"
	assert_status 0
	cmp tree/big ../one/tree/big
	[ tree/big -ef tree/again ]
	sleep 1.1
	noise b 1000 >tree/more
	echo other >key
	ocifp_run cache save --strict --push always "${where[@]}" --json
	assert_json '.caches[0].new_bytes < 100000'
	ocifp_run cache ls --repository "$reg_host/cache"
	[[ $stdout == *'2 caches, '* ]] || fail "$told"
	ocifp_run cache prune --repository "$reg_host/cache" --keep-newest 1 --keep-younger 1ms --yes
	[[ $stdout == *'deleted 1 cache, '* ]] || fail "$told"
	machine three
	echo other >key
	ocifp_run cache restore --strict "${where[@]}"
	assert_status 0
	diff -r ../two/tree tree
}

@test "olareg: a cache goes there and back, is listed and pruned" {
	on olareg a_cache_there_and_back
}

@test "zot: a cache goes there and back, is listed and pruned" {
	on zot a_cache_there_and_back
}
