#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Files as artifacts of their own: what oras pushes and pulls

load ../lib/rig

setup() {
	need python3 jq curl docker-registry ocifp
	rig_setup
	start_registry reg
	ref=$reg_host/reports:1
	cd "$T" || return
	mkdir -p in/sub
	echo '{"tests": 3}' >in/report.json
	head -c 300000 /dev/urandom >in/sub/core.bin
}

teardown() {
	rig_teardown
}

push_both() {
	ocifp_run push --artifact --artifact-type application/x-report --annotation a=b \
		in/report.json:application/json in/sub/core.bin "$ref"
	assert_status 0
}

# edit_titles JQ_FILTER: the manifest of "1", with other titles, becomes "2"
edit_titles() {
	raw reports 1 | jq -c "$1" >edited
	curl -sf -X PUT -H 'Content-Type: application/vnd.oci.image.manifest.v1+json' --data-binary @edited \
		"http://$reg_host/v2/reports/manifests/2"
}

@test "push --artifact makes what oras makes, and pull -o files: gives the files back" {
	push_both
	raw reports 1 >manifest
	assert_equal "$stdout" "$reg_host/reports@$(digest_of <manifest)"
	assert_equal "$(jq -c '[.artifactType, .config.mediaType, .annotations, has("subject")]' manifest)" \
		'["application/x-report","application/vnd.oci.empty.v1+json",{"a":"b"},false]'
	assert_equal "$(jq -c '[.layers[] | [.mediaType, .annotations["org.opencontainers.image.title"]]]' manifest)" \
		'[["application/json","report.json"],["application/octet-stream","core.bin"]]'
	ocifp_run pull -o files:out "$ref"
	assert_status 0
	assert_equal "$(ls -A out)" $'core.bin\nreport.json'
	cmp in/report.json out/report.json
	cmp in/sub/core.bin out/core.bin
}

@test "more tags, a type of its own, and a layout as the place" {
	ocifp_run push --artifact --tag latest in/report.json "$ref"
	assert_status 0
	assert_equal "$(ocifp digest "$reg_host/reports:latest")" "$(ocifp digest "$ref")"
	assert_equal "$(raw reports 1 | jq -r .artifactType)" application/vnd.unknown.artifact.v1
	ocifp_run push --artifact in/report.json oci:lay:one
	assert_status 0
	ocifp_run pull -o files:out oci:lay:one
	assert_status 0
	cmp in/report.json out/report.json
}

@test "without a tag a layout lists what it was given, or it would be lost" {
	echo one >"$T/one"
	ocifp_run push --artifact "$T/one" "oci:$T/layout"
	assert_status 0
	ocifp_run pull -o "files:$T/out" "$stdout"
	assert_status 0
	assert_equal "$(cat "$T/out/one")" one
	ocifp manifest "oci:$T/layout@$(jq -r '.manifests[0].digest' "$T/layout/index.json")" >"$T/manifest"
	ocifp_run manifest --put "$T/manifest" "oci:$T/other"
	assert_status 0
	assert_equal "$(jq -c '[.manifests[].digest]' "$T/other/index.json")" "$(jq -c '[.manifests[].digest]' "$T/layout/index.json")"
}

@test "under a digest goes that artifact alone" {
	push_both
	local pushed=${stdout#*@}
	ocifp_run push --artifact in/report.json "$reg_host/reports@$pushed"
	assert_failed 2
	ocifp_run push --artifact in/report.json "$reg_host/reports:3@$pushed"
	assert_failed 2
	assert_equal "$(ocifp tags "$reg_host/reports")" 1
	ocifp_run push --artifact --artifact-type application/x-report --annotation a=b \
		in/report.json:application/json in/sub/core.bin "$reg_host/reports@$pushed"
	assert_status 0
}

@test "a file that is there is left; one with other content is refused before anything is written" {
	push_both
	mkdir out
	cp in/report.json out/report.json
	local before
	before=$(stat -c '%i %z' out/report.json)
	ocifp_run pull -o files:out "$ref"
	assert_status 0
	assert_equal "$(stat -c '%i %z' out/report.json)" "$before"
	rm out/report.json
	echo mine >out/core.bin
	ocifp_run pull -o files:out "$ref"
	assert_failed 10
	assert_stderr_has "'out/core.bin' exists; remove it, or choose another directory"
	assert_equal "$(ls -A out)" core.bin
	ln -sf ../in/report.json out/core.bin
	ocifp_run pull -o files:out "$ref"
	assert_failed 10
}

@test "a file that another program makes meanwhile is not replaced" {
	need gcc preload
	push_both
	gcc -shared -fPIC -o "$T/late_file.so" "$RIG_LIB/late_file.c"
	local late=(env ASAN_OPTIONS=verify_asan_link_order=0 LD_PRELOAD="$T/late_file.so" LATE_FILE=core.bin)
	mkdir out
	echo mine >out/late
	split_run "${late[@]}" ocifp pull -o files:out "$ref"
	assert_failed 10
	assert_stderr_has "'out/core.bin' exists; remove it, or choose another directory"
	assert_equal "$(cat out/core.bin)" mine
	assert_equal "$(ls -A out)" $'core.bin\nreport.json'
	cp in/sub/core.bin out/late
	rm out/core.bin out/report.json
	split_run "${late[@]}" ocifp pull -o files:out "$ref"
	assert_status 0
	cmp in/sub/core.bin out/core.bin
	[ ! -e out/late ] || fail 'nothing was preloaded'
}

@test "titles name files below the directory, folders are made, links are not followed" {
	push_both
	edit_titles '.layers[1].annotations["org.opencontainers.image.title"] = "a/b/core.bin"'
	ocifp_run pull -o files:out "$reg_host/reports:2"
	assert_status 0
	cmp in/sub/core.bin out/a/b/core.bin
	rm -r out/a
	mkdir elsewhere
	ln -s ../elsewhere out/a
	ocifp_run pull -o files:out "$reg_host/reports:2"
	assert_failed 10
	assert_equal "$(ls -A elsewhere)" ''
}

@test "a title that leads elsewhere, or comes twice, is refused and nothing is written" {
	push_both
	local title
	for title in ../x /x a/../../x . .. a/. '' a//b 'a\nb' report.json "$(printf 'x%.0s' {1..5000})"; do
		edit_titles ".layers[1].annotations[\"org.opencontainers.image.title\"] = \"$title\""
		ocifp_run pull -o files:out "$reg_host/reports:2"
		assert_failed 7
		[ ! -e out ] && [ ! -e x ] || fail "written for '$title'"
	done
	edit_titles 'del(.layers[1].annotations)'
	ocifp_run pull -o files:out "$reg_host/reports:2"
	assert_status 0
	assert_stderr_has 'left out 1 layer'
	edit_titles 'del(.layers[].annotations)'
	ocifp_run pull -o files:none "$reg_host/reports:2"
	assert_failed 7
}

@test "what cannot be meant is refused before anything is pushed" {
	local words
	for words in '--artifact in/report.json' "--artifact in/none.json $ref" "--artifact in/report.json in/report.json $ref" \
		"--artifact --artifact-type x in/report.json $ref" "--artifact --no-clobber in/report.json $ref" \
		"--artifact --env A=b in/report.json $ref" "--artifact --owner 1:1 in/report.json $ref" \
		"--artifact-type application/x oci:lay:one $ref" "oci:a oci:b $ref"; do
		# shellcheck disable=SC2086
		ocifp_run push $words
		[[ $words == *none.json* ]] && assert_failed 10 || assert_failed 2
	done
	ocifp_run tags "$reg_host/reports"
	assert_failed 3
}

@test "oras pulls what ocifp pushed, and ocifp what oras pushed; both have the same layers" {
	need_peer oras
	local ours theirs
	: >"$T/reg.out"
	push_both
	ours=$(registry_requests reg '.*' /)
	: >"$T/reg.out"
	(cd in && oras push --plain-http --artifact-type application/x-report --annotation a=b "$reg_host/oras:1" \
		report.json:application/json sub/core.bin:application/octet-stream >/dev/null)
	theirs=$(registry_requests reg '.*' /)
	echo "push: $ours requests, oras $theirs"
	[ "$ours" -le "$theirs" ] || fail "$ours requests, oras $theirs"
	# oras has the content of the empty config in its descriptor, too.
	local same='[.artifactType, (.config | del(.data)), (.layers[] | del(.annotations))]'
	assert_equal "$(raw reports 1 | jq -c "$same")" "$(raw oras 1 | jq -c "$same")"
	: >"$T/reg.out"
	ocifp_run pull -o files:ours "$reg_host/oras:1"
	assert_status 0
	ours=$(registry_requests reg '.*' /)
	: >"$T/reg.out"
	oras pull --plain-http -o theirs "$reg_host/oras:1" >/dev/null
	theirs=$(registry_requests reg '.*' /)
	echo "pull: $ours requests, oras $theirs"
	[ "$ours" -le "$theirs" ] || fail "$ours requests, oras $theirs"
	diff -r ours theirs
	diff -r ours in
	oras pull --plain-http -o again "$ref" >/dev/null
	cmp again/core.bin in/sub/core.bin
	cmp again/report.json in/report.json
}
