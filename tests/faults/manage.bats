#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Tags, deletions, referrers and blobs at registries that have half of it, or misbehave.

load ../lib/rig

setup() {
	need python3 jq curl ocifp
	rig_setup
	start_faults reg --referrers
	serve_image --layers 10k
	printf 'all well\n' >report.txt
}

teardown() {
	rig_teardown
}

# without_api: the same content at a registry that has no referrers API
without_api() {
	stop reg
	start_faults reg
	ref=$reg_host/app:one
}

attach() {
	ocifp_run attach --type application/x-report "$ref" report.txt
	assert_status 0
	artifact=${stdout##*@}
}

referrers() {
	ocifp_run referrers "$@"
	assert_status 0
}

listed() {
	ocifp manifest "$reg_host/app:${digest/:/-}" | jq -r '.manifests[].digest'
}

@test "a registry with the referrers API is left to list them" {
	attach
	assert_requests reg 0 GET manifests/sha256-
	referrers "$ref"
	assert_stdout "$artifact application/x-report"
	referrers --artifact-type application/x-other "$ref"
	assert_stdout ''
	assert_requests reg 1 GET 'referrers/.*artifactType=application%2[fF]x-other'
}

@test "referrers of later pages count, whatever other links the answers have" {
	attach
	local first=$artifact entry
	ocifp_run attach --type application/x-other "$ref" report.txt
	local second=${stdout##*@}
	entry() {
		jq -n --arg digest "$1" --arg type "$2" '{schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json",
			manifests: [{mediaType: "application/vnd.oci.image.manifest.v1+json", digest: $digest, size: 1, artifactType: $type}]}'
	}
	jq -n --argjson one "$(entry "$first" application/x-report)" --argjson two "$(entry "$second" application/x-other)" '
		{"Content-Type": "application/vnd.oci.image.index.v1+json"} as $type |
		{path: "referrers/.*at=2", action: {json: $two, headers: $type}},
		{path: "referrers/", action: {json: $one, headers: ($type + {Link: ["</x.css>; rel=preload", "<@PATH@?at=2>; rel=next"]})}}' |
		rules reg
	referrers "$ref"
	assert_stdout "$(printf '%s\n' "$first application/x-report" "$second application/x-other")"
}

@test "without the API the index under the subject's tag is kept, by whoever attaches and removes" {
	without_api
	attach
	local first=$artifact
	ocifp_run attach --type application/x-other "$ref" report.txt
	local second=${stdout##*@}
	assert_equal "$(listed)" "$(printf '%s\n' "$first" "$second")"
	referrers "$ref"
	assert_stdout "$(printf '%s\n' "$first application/x-report" "$second application/x-other")"
	ocifp_run rm "$reg_host/app@$first"
	assert_status 0
	assert_equal "$(listed)" "$second"
}

# lists_nothing STATUS ACTION
lists_nothing() {
	rules reg <<<"{\"path\": \"/referrers/\", \"action\": {$2}}"
	ocifp_run referrers "$ref"
	assert_failed "$1"
	assert_stdout ''
}

@test "whatever says that there is no API leads to the tag; what proves nothing is an error" {
	without_api
	attach
	local action
	for action in '"redirect": "http://127.0.0.2:1/", "status": 303' '"status": 404' '"status": 405' '"status": 429' \
		'"body": "<html>sorry</html>", "status": 200, "headers": {"Content-Type": "text/html"}'; do
		rules reg <<<"{\"path\": \"/referrers/\", \"action\": {$action}}"
		referrers "$ref"
		assert_stdout "$artifact application/x-report"
	done
	lists_nothing 5 '"status": 503'
	lists_nothing 5 '"drop": "reset"'
	lists_nothing 4 '"status": 401'
}

@test "two who attach to one image at once are both listed, one after the other" {
	without_api
	rules reg <<<'{"method": "PUT", "path": "manifests/sha256-", "nth": 1, "action": {"status": 201}}'
	# The first PUT is as good as overwritten by another writer.
	attach
	assert_requests reg 2 PUT manifests/sha256-
	assert_equal "$(listed)" "$artifact"
}

@test "a list of referrers that goes on elsewhere, or for ever, is not followed" {
	attach
	start_canary other
	rules reg <<<"{\"path\": \"/referrers/\", \"action\": {\"headers\": {\"Link\": \"<http://$other_host/x>; rel=\\\"next\\\"\"}}}"
	ocifp_run referrers "$ref"
	assert_failed 5
	assert_requests other 0 GET .
	rules reg <<<"{\"path\": \"/referrers/\", \"action\": {\"headers\": {\"Link\": \"<@TARGET@>; rel=\\\"next\\\"\"}}}"
	ocifp_run referrers "$ref"
	assert_failed 5
}

@test "copy --referrers between registries with and without the API" {
	attach
	start_faults to
	ocifp_run copy --referrers "$ref" "$to_host/app"
	assert_status 0
	assert_equal "$(ocifp referrers "$to_host/app:one")" "$artifact application/x-report"
	# They are there before the tag is.
	assert_equal "$(select_log to request PUT manifests/ | jq -r .path | tail -n 1)" /v2/app/manifests/one
	start_faults back --referrers
	ocifp_run copy --referrers "$to_host/app:one" "$back_host/app"
	assert_status 0
	assert_equal "$(ocifp referrers "$back_host/app:one")" "$artifact application/x-report"
	assert_requests back 0 PUT manifests/sha256-
}

@test "copy --referrers takes cosign's signatures along" {
	mkimage image "$T/reg.root/app" "${digest/:/-}.sig" --layers 1k >/dev/null
	start_faults to
	ocifp_run copy --referrers "$ref" "$to_host/app"
	assert_status 0
	assert_equal "$(ocifp digest "$to_host/app:${digest/:/-}.sig")" "$(ocifp digest "$reg_host/app:${digest/:/-}.sig")"
	ocifp_run copy "$ref" "$to_host/without"
	assert_equal "$(ocifp tags "$to_host/without")" one
}

@test "rm of a digest asks every tag what it names, and says which go" {
	ocifp_run tag "$ref" two
	mkimage image "$T/reg.root/app" other --layers 20k >/dev/null
	ocifp_run rm "$reg_host/app@$digest"
	assert_status 0
	assert_equal "$(sort <<<"$stdout")" "$(printf '%s\n' "$reg_host/app:one" "$reg_host/app:two" "$reg_host/app@$digest")"
	assert_requests reg 1 DELETE .
	ocifp_run rm "$reg_host/app@$digest"
	assert_failed 3
}

@test "what a registry has deleted without a word is gone, also when libcurl has sent it again" {
	ocifp_run tag "$ref" two
	rules reg <<<'{"method": "DELETE", "nth": [1, 3], "action": {"execute": true, "drop": "close"}}'
	# On a connection of its own; then on one that was used before.
	ocifp_run rm "$ref"
	assert_status 0
	ocifp_run rm "$reg_host/app@$digest"
	assert_status 0
	assert_requests reg 4 DELETE .
	ocifp_run rm "$ref"
	assert_failed 3
}

@test "a registry that does not delete is told apart from one that refuses, and nothing else goes" {
	rules reg <<<'{"method": "DELETE", "path": "manifests", "action": {"status": 405, "json": {"errors": [{"code": "UNSUPPORTED", "message": "no"}]}}}'
	ocifp_run rm "$reg_host/app@$digest"
	assert_failed 1
	assert_stderr_has 'does not delete manifests'
	ocifp_run rm "$ref"
	assert_failed 1
	assert_stderr_has 'does not delete tags'
	# The manifest was not deleted in the tag's place.
	assert_requests reg 1 DELETE "manifests/sha256:"
	rules reg <<<'{"method": "DELETE", "action": {"status": 403}}'
	ocifp_run rm "$ref"
	assert_failed 4
	exists "$ref"
	assert_status 0
}

@test "a tag that cannot be asked keeps the manifest" {
	ocifp_run tag "$ref" two
	rules reg <<<'{"method": "GET", "path": "manifests/two", "action": {"status": 503}}'
	ocifp_run rm "$reg_host/app@$digest"
	assert_failed 5
	assert_requests reg 0 DELETE .
}

@test "2000 tags are asked what they name, and one more is too many" {
	local count
	for count in 2000 2001; do
		jq -n --argjson n $count '{path: "tags/list", action: {status: 200, json: {name: "app", tags: [range($n) | "t\(.)"]}}}' | rules reg
		ocifp_run rm -n "$reg_host/app@$digest"
		[ $count = 2001 ] || assert_status 0
	done
	assert_failed 1
	assert_requests reg 2000 GET manifests/t
}

@test "blob get: what breaks off goes on; what is wrong is never written whole" {
	local last
	serve_image --layers 3M
	last=$(($(stat -c %s "$(blob_path "$T/reg.root/app" "${layers[0]}")") - 1))
	rules reg <<<"{\"path\": \"blobs/${layers[0]}\", \"method\": \"GET\", \"nth\": 1, \"action\": {\"cut_after\": 1000000}}"
	ocifp_run blob get "$reg_host/app@${layers[0]}"
	assert_status 0
	assert_same_file "$T/stdout" "$(blob_path "$T/reg.root/app" "${layers[0]}")"
	rules reg <<<"{\"path\": \"blobs/${layers[0]}\", \"method\": \"GET\", \"action\": {\"flip_at\": $last}}"
	ocifp_run blob get "$reg_host/app@${layers[0]}"
	assert_failed 7
	[ "$(stat -c %s "$T/stdout")" -le "$last" ]
}

@test "blob head: absent is what the registry itself says" {
	ocifp_run blob head "$reg_host/app@sha256:$(printf %064d 7)"
	assert_failed 3
	rules reg <<<'{"path": "blobs/", "action": {"status": 404, "body": "<html>", "headers": {"Content-Type": "text/html"}}}'
	ocifp_run blob head "$reg_host/app@${layers[0]}"
	assert_failed 5
	rules reg <<<'{"path": "blobs/", "action": {"status": 403}}'
	ocifp_run blob head "$reg_host/app@${layers[0]}"
	assert_failed 4
}

@test "manifest --put: what it lists must be there" {
	jq -c '.layers[0].digest = "sha256:'"$(printf %064d 7)"'"' "$(blob_path "$T/reg.root/app" "$digest")" >edited.json
	ocifp_run manifest --put edited.json "$reg_host/app:two"
	assert_failed 7
	ocifp_run manifest --put "$(blob_path "$T/reg.root/app" "$digest")" "$reg_host/app:two"
	assert_status 0
	assert_stdout "$reg_host/app@$digest"
	echo junk >junk
	ocifp_run manifest --put junk "$reg_host/app:three"
	assert_failed 7
	assert_stderr_has "cannot upload 'junk': invalid JSON"
}

@test "doctor --push cancels an upload whose PATCH was answered without a Location" {
	rules reg <<<'{"method": "PATCH", "path": "uploads", "action": {"headers": {"Location": null}}}'
	ocifp_run doctor --push "$ref"
	assert_status 0
	[[ $stdout == *'chunks '*'accepted (202)'* ]] || fail "$told"
	assert_requests reg 1 PATCH uploads
	assert_requests reg "$(requests reg POST 'uploads/$')" DELETE uploads
}

@test "doctor --push leaves no upload behind where one cannot be cancelled, and tells what is refused" {
	rules reg <<<'{"method": "DELETE", "path": "uploads", "action": {"status": 405}}'
	ocifp_run doctor --push "$ref"
	assert_status 0
	[[ $stdout == *'cancelling '*'refused: an upload that ends early expires'* ]] || fail "$told"
	assert_requests reg 0 PATCH uploads
	assert_requests reg 0 POST mount=
	rules reg <<-'JSON'
		{"method": "PATCH", "path": "uploads", "action": {"status": 405}}
		{"method": "POST", "path": "mount=", "action": {"status": 403}}
	JSON
	ocifp_run doctor --push "$ref"
	assert_status 0
	[[ $stdout == *'chunks '*'refused: blobs are sent whole (405)'* ]] || fail "$told"
	[[ $stdout == *'mounts '*'refused (403)'* ]] || fail "$told"
	rules reg <<<'{"method": "POST", "path": "uploads", "action": {"headers": {"OCI-Chunk-Min-Length": "5242880"}}}'
	ocifp_run doctor --push "$ref"
	[[ $stdout == *'of at least 5242880 bytes'* ]] || fail "$told"
}
