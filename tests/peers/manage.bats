#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Tags, deletions and artifacts at a real registry, and what other tools make of them.

load ../lib/rig

setup() {
	need python3 jq curl docker-registry ocifp
	rig_setup
	printf 'all well\n' >report.txt
}

teardown() {
	rig_teardown
}

publish() {
	digest=$(mkimage image "$T/src" one --layers 10k)
	ocifp_run push "oci:$T/src:one" "$reg_host/app:one"
	assert_status 0
	ref=$reg_host/app:one
}

attach() {
	ocifp_run attach --type application/x-report "$ref" report.txt:text/plain
	assert_status 0
	artifact=${stdout##*@}
}

@test "a further tag costs a request, and no byte of a blob" {
	start_registry reg
	publish
	local before
	before=$(asked reg)
	ocifp_run tag "$ref" two three
	assert_status 0
	assert_equal $(($(asked reg) - before)) 3
	assert_equal "$(raw app three | digest_of)" "$digest"
}

@test "a manifest is deleted with all its tags, which are told" {
	start_registry reg
	publish
	ocifp_run tag "$ref" two
	ocifp_run rm "$reg_host/app@$digest"
	assert_status 0
	assert_equal "$(sort <<<"$stdout")" "$(printf '%s\n' "$reg_host/app:one" "$reg_host/app:two" "$reg_host/app@$digest")"
	ocifp_run exists --platform linux/amd64 "$ref"
	assert_status 3
	ocifp_run rm "$reg_host/app@$digest"
	assert_failed 3
}

@test "--ignore-missing asks whether a tag is there when the registry deletes none" {
	start_registry reg
	publish
	ocifp_run rm --ignore-missing "$reg_host/app:none" "$reg_host/none:one" "$reg_host/app@sha256:$(printf %064d 7)"
	assert_status 0
	assert_stdout ''
	ocifp_run rm "$reg_host/app:none"
	assert_failed 3
	ocifp_run rm --ignore-missing "127.0.0.1:$(free_port)/app:none"
	assert_failed 5
}

@test "the config and the tags are what skopeo has" {
	need skopeo
	start_registry reg
	publish
	ocifp tag "$ref" 1.0 "${digest/:/-}.sig"
	ocifp_run inspect --config "$ref"
	assert_equal "$stdout" "$(skopeo inspect --config --raw --tls-verify=false "docker://$ref")"
	ocifp_run tags --json --no-digest-tags "$reg_host/app"
	assert_equal "$(jq -c .tags <<<"$stdout")" "$(skopeo list-tags --tls-verify=false "docker://$reg_host/app" |
		jq -c '[.Tags[] | select(startswith("sha256-") | not)] | sort')"
	need_peer crane
	assert_equal "$(ocifp inspect --config "$ref")" "$(crane config --insecure "$ref")"
	assert_equal "$(ocifp tags --no-digest-tags "$reg_host/app" | sort)" "$(crane ls --insecure --omit-digest-tags "$reg_host/app" | sort)"
}

@test "a registry that deletes no tags keeps the tag, and the manifest" {
	start_registry reg
	publish
	ocifp_run tag "$ref" two
	ocifp_run rm "$ref"
	assert_equal "$(raw app two | digest_of)" "$digest"
	if [ "$status" -eq 0 ]; then
		ocifp_run exists --platform linux/amd64 "$ref"
		assert_status 3
	else
		assert_failed 1
		assert_equal "$(raw app one | digest_of)" "$digest"
	fi
}

@test "an artifact is listed under the tag of its subject, where oras finds it too" {
	start_registry reg
	publish
	attach
	assert_equal "$(raw app "${digest/:/-}" | jq -r '.manifests[0].digest')" "$artifact"
	ocifp_run referrers "$ref"
	assert_stdout "$artifact application/x-report"
	need_peer oras
	assert_equal "$(oras discover --plain-http --format json "$ref" | jq -r '(.referrers // .manifests)[0].digest')" "$artifact"
	oras pull --plain-http -o "$T/pulled" "$reg_host/app@$artifact" >/dev/null
	assert_same_file "$T/pulled/report.txt" report.txt
	oras attach --plain-http --artifact-type application/x-other "$ref" report.txt >/dev/null
	ocifp_run referrers --artifact-type application/x-other "$ref"
	assert_equal "$(wc -l <"$T/stdout")" 1
}

@test "two who attach one after the other are both listed; what is removed is not" {
	start_registry reg
	publish
	attach
	ocifp_run attach --type application/x-other "$ref" report.txt
	local other=${stdout##*@}
	ocifp_run rm "$reg_host/app@$artifact"
	assert_status 0
	ocifp_run referrers "$ref"
	assert_stdout "$other application/x-other"
}

@test "a blob goes there and back" {
	start_registry reg
	head -c 3000000 /dev/urandom >data
	ocifp_run blob put data "$reg_host/app"
	assert_status 0
	local blob=$stdout
	ocifp_run blob head "$blob"
	assert_stdout 3000000
	ocifp_run blob get "$blob"
	assert_same_file "$T/stdout" data
	ocifp_run blob head "$reg_host/app@sha256:$(printf %064d 7)"
	assert_failed 3
}

@test "a manifest of one's own is put as it is" {
	start_registry reg
	publish
	ocifp manifest "$ref" | jq -c '.annotations = {k: "v"}' >edited.json
	ocifp_run manifest --put edited.json "$reg_host/app:edited"
	assert_status 0
	assert_stdout "$reg_host/app@$(digest_of <edited.json)"
	raw app edited >back.json
	assert_same_file back.json edited.json
}

# ends FILTER: what doctor has found of the repository
ends() {
	jq -r --arg place "$reg_host/app" "[.[\$place] | to_entries[] | \"\\(.key) \\(.value.state)\"] | join(\", \")" "$T/stdout"
}

@test "doctor HOST/NAME: which ends of the protocol the registry answers, by reading alone" {
	start_registry reg
	publish
	ocifp tag "$ref" two
	local before
	before=$(raw app one)
	: >"$T/reg.out"
	ocifp_run doctor --json "$reg_host/app"
	assert_status 0
	assert_equal "$(ends)" 'tags ok, pages note, login ok, manifests ok, ranges ok, referrers note'
	assert_equal "$(registry_requests reg '(POST|PUT|PATCH|DELETE)' /)" 0
	ocifp_run doctor --push --json "$reg_host/app:one"
	assert_status 0
	assert_equal "$(ends)" 'tags ok, pages note, login ok, manifests ok, ranges ok, referrers note, uploads ok, cancelling ok, chunks ok, mounts ok, deletion ok'
	assert_equal "$(raw app one)" "$before"
	[ -z "$(find "$T" -path '*_uploads/*' -name data)" ] || fail 'an upload stayed'
	ocifp_run doctor "$reg_host/none"
	assert_status 0
	[[ $stdout == *'tags             note     not listed (404)'* ]]
	ocifp_run doctor --push "$reg_host"
	assert_failed 2
	ocifp_run doctor oci:x/y
	assert_failed 2
}
