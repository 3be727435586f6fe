#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What a repository holds, piece by piece, where no server is needed: an OCI layout.

load ../lib/rig

setup() {
	need python3 jq ocifp
	rig_setup
	digest=$(mkimage image "$T/layout" one --layers 10k)
	image=oci:$T/layout
	printf 'all well\n' >report.txt
}

teardown() {
	rig_teardown
}

# tags: those of the layout, in one line
tags() {
	ocifp tags "$image" | sort | tr '\n' ' '
}

# attach [ARGUMENT...]: report.txt to the image; sets $artifact
attach() {
	ocifp_run attach --type application/x-report "$image:one" report.txt:text/plain "$@"
	assert_status 0
	artifact=${stdout##*@}
}

@test "tag: further names for the same bytes" {
	ocifp_run tag "$image:one" two three
	assert_status 0
	assert_stdout "$image@$digest"
	assert_equal "$(tags)" 'one three two '
	ocifp_run tag --json "$image:two" four
	assert_json ".digest == \"$digest\" and .tags == [\"four\"]"
}

@test "tag --no-clobber leaves a tag that names another image" {
	other=$(mkimage image "$T/layout" other --layers 20k)
	ocifp_run tag --no-clobber "$image:one" other
	assert_failed 9
	assert_equal "$(ocifp digest "$image:other")" "$other"
	ocifp_run tag "$image:one" other
	assert_status 0
	assert_equal "$(ocifp digest "$image:other")" "$digest"
}

@test "tag: what is no tag, or not there, is told apart" {
	ocifp_run tag "$image:one" 'no tag'
	assert_failed 2
	ocifp_run tag "$image:none" two
	assert_failed 3
	ocifp_run tag "$image:one"
	assert_failed 2
}

@test "rm of a tag leaves the other tags of the image" {
	ocifp_run tag "$image:one" two
	ocifp_run rm "$image:one"
	assert_status 0
	assert_stdout "$image:one"
	assert_equal "$(tags)" 'two '
	ocifp_run rm "$image:one"
	assert_failed 3
}

@test "rm of a digest takes all its tags along, and says so first with --dry-run" {
	ocifp_run tag "$image:one" two
	mkimage image "$T/layout" other --layers 20k >/dev/null
	attach
	ocifp_run rm -n "$image@$digest"
	assert_status 0
	assert_equal "$(sort <<<"$stdout")" "$(printf '%s\n' "$image:one" "$image:two" "$image@$digest")"
	assert_stderr_has '1 referrers'
	assert_equal "$(tags)" 'one other two '
	ocifp_run rm --json "$image@$digest"
	assert_status 0
	assert_json '.dry_run == false and (.removed[0].tags | sort) == ["one", "two"] and .removed[0].referrers == 1'
	assert_equal "$(tags)" 'other '
}

@test "rm --ignore-missing goes on behind what is absent, and only that" {
	ocifp_run rm --ignore-missing "$image:none" "$image:one"
	assert_status 0
	assert_stdout "$image:one"
	assert_stderr_has "cannot remove '$image:none'"
	ocifp_run rm --ignore-missing --json "$image:one" "$image@sha256:$(printf %064d 7)"
	assert_status 0
	assert_json '.removed == []'
	ocifp_run rm --ignore-missing "$image"
	assert_failed 2
}

@test "rm without tag and digest is a usage error" {
	ocifp_run rm "$image"
	assert_failed 2
	assert_equal "$(tags)" 'one '
}

@test "attach: files become layers of an artifact that names the image as its subject" {
	attach --annotation k=v
	ocifp_run manifest "$image@$artifact"
	assert_json '.artifactType == "application/x-report" and .annotations == {k: "v"}'
	assert_json '.config.mediaType == "application/vnd.oci.empty.v1+json" and .config.size == 2'
	assert_json ".subject.digest == \"$digest\""
	assert_json '.layers[0].mediaType == "text/plain" and .layers[0].annotations["org.opencontainers.image.title"] == "report.txt"'
	ocifp_run blob get "$image@$(jq -r '.layers[0].digest' <"$T/stdout")"
	assert_same_file "$T/stdout" report.txt
	assert_equal "$(tags)" 'one '
}

@test "inspect --config: the config of one platform, byte for byte" {
	mkimage image "$T/layout" arm --platform linux/arm64/v8 --layers 10k >/dev/null
	mkimage index "$T/layout" both one arm >/dev/null
	local name platform
	for name in one:--platform=linux/amd64 both:--platform=linux/arm64 one: arm:; do
		platform=${name#*:}
		ocifp_run inspect --config ${platform:+"$platform"} "$image:${name%%:*}"
		assert_status 0
		ocifp blob get "$image@$(ocifp manifest ${platform:+"$platform"} "$image:${name%%:*}" |
			jq -r .config.digest)" >"$T/config"
		assert_same_file "$T/stdout" "$T/config"
	done
	ocifp_run inspect --config --platform linux/s390x "$image:both"
	assert_failed 8
	ocifp_run inspect --config --platform linux/amd64,linux/arm64 "$image:both"
	assert_failed 2
	ocifp_run inspect --config --signers "$image:both"
	assert_failed 2
	ocifp attach --type application/x-report "$image:one" report.txt 2>/dev/null >"$T/artifact"
	ocifp_run inspect --config "$(<"$T/artifact")"
	assert_stdout '{}'
}

@test "inspect --config: a terminal gets no control characters" {
	need script
	printf '\033]0;owned\007' >"$T/config"
	local config manifest
	config=$(sha256sum <"$T/config" | cut -c -64)
	cp "$T/config" "$T/layout/blobs/sha256/$config"
	jq -nc --arg digest "sha256:$config" '{schemaVersion: 2, mediaType: "application/vnd.oci.image.manifest.v1+json",
		artifactType: "application/x-odd", config: {mediaType: "application/x-odd", digest: $digest, size: 10}, layers: []}' >"$T/manifest"
	ocifp manifest --put "$T/manifest" "$image:odd"
	ocifp inspect --config "$image:odd" | cmp - "$T/config"
	run script -qec "ocifp -q inspect --config $image:odd" /dev/null </dev/null
	[ "$status" -eq 2 ]
	[[ $output == *'cannot write control characters to a terminal'* && $output != *owned* ]]
}

@test "tags: patterns, and without those of signatures and referrers" {
	local hex
	hex=$(printf %064d 3)
	ocifp_run tag "$image:one" 1.0 1.1-rc1 1.1 "sha256-$hex" "sha256-$hex.sig" "sha512-$hex" sha256-abc "sha256-${hex}0"
	assert_status 0
	ocifp_run tags --include '1.*' --include o* --exclude '*-rc*' "$image"
	assert_stdout $'1.0\n1.1\none'
	ocifp_run tags --no-digest-tags "$image"
	assert_stdout "$(printf '%s\n' 1.0 1.1-rc1 1.1 one "sha256-${hex}0" sha256-abc)"
	ocifp_run tags --json --include 'none*' "$image"
	assert_json '.tags == []'
	ocifp_run tags --long --include 1.0 "$image"
	assert_equal "$(wc -l <"$T/stdout")" 2
	ocifp_run copy --all-tags --no-digest-tags --dry-run --json "$image" oci:there
	assert_json '[.copies[].destination] | length == 6'
	ocifp_run copy --no-digest-tags "$image:one" oci:there
	assert_failed 2
}

@test "inspect: an artifact is its type and its annotations; what stands alone has its own" {
	attach --annotation k=v
	ocifp_run inspect "$image@$artifact"
	assert_status 0
	assert_equal "$(tail -n +4 <<<"$stdout")" $'artifact type: application/x-report\nk: v'
	ocifp_run inspect --json "$image@$artifact"
	assert_json '.artifact_type == "application/x-report" and .annotations == {k: "v"} and .images == []'
	mkimage image "$T/src" annotated --layers 1k --annotate k=w >/dev/null
	ocifp_run inspect "oci:$T/src:annotated"
	assert_equal "$(sed -n '4p; 6p' <<<"$stdout" | cut -d , -f 1)" $'k: w\n  1 layer'
	ocifp_run inspect --json "oci:$T/src:annotated"
	assert_json '.artifact_type == null and .annotations == {k: "w"} and .annotations == .images[0].annotations'
}

@test "attach: the same files make the same artifact" {
	attach
	local first=$artifact
	mkdir elsewhere
	cp report.txt elsewhere
	touch -d 2001-01-01 elsewhere/report.txt
	ocifp_run attach --type application/x-report "$image:one" elsewhere/report.txt:text/plain
	assert_stdout "$image@$first"
	assert_equal "$(ocifp referrers "$image:one" | wc -l)" 1
}

@test "attach: a name with a colon is a name when there is such a file" {
	mkdir a:b
	printf x >a:b/c
	ocifp_run attach --type a/b "$image:one" a:b/c
	assert_status 0
	ocifp_run manifest "$image@${stdout##*@}"
	assert_json '.layers[0].mediaType == "application/octet-stream"'
}

@test "attach: what cannot be attached" {
	ocifp_run attach "$image:one" report.txt
	assert_failed 2
	ocifp_run attach --type nonsense "$image:one" report.txt
	assert_failed 2
	ocifp_run attach --type a/b "$image:one" none.txt
	assert_failed 10
	mkdir d && cp report.txt d
	ocifp_run attach --type a/b "$image:one" report.txt d/report.txt
	assert_failed 2
	ocifp_run attach --type a/b "$image:none" report.txt
	assert_failed 3
	assert_equal "$(ocifp referrers "$image:one")" ''
}

@test "referrers: by type, and by digest" {
	attach
	local first=$artifact
	ocifp_run attach --type application/x-other "$image:one" report.txt
	ocifp_run referrers "$image:one"
	assert_status 0
	assert_equal "$(wc -l <"$T/stdout")" 2
	ocifp_run referrers --artifact-type application/x-report "$image@$digest"
	assert_stdout "$first application/x-report"
	ocifp_run referrers --json "$image:one"
	assert_json ".subject == \"$image@$digest\" and (.referrers | length) == 2"
	ocifp_run referrers "$image@$first"
	assert_status 0
	assert_stdout ''
}

@test "copy --referrers brings along what refers to the image, and to that" {
	attach
	ocifp_run attach --type application/x-signature "$image@$artifact" report.txt
	local signature=${stdout##*@}
	ocifp_run copy "$image:one" "oci:$T/without"
	assert_status 0
	assert_equal "$(ocifp referrers "oci:$T/without:one")" ''
	ocifp_run copy --referrers "$image:one" "oci:$T/with"
	assert_status 0
	assert_stdout "oci:$T/with@$digest"
	assert_equal "$(ocifp referrers "oci:$T/with:one")" "$artifact application/x-report"
	assert_equal "$(ocifp referrers "oci:$T/with@$artifact")" "$signature application/x-signature"
	diff -r "$T/layout/blobs" "$T/with/blobs"
}

@test "blob: put, head and get; what is there is not put again" {
	head -c 300000 /dev/urandom >data
	ocifp_run blob put --json data "$image"
	assert_status 0
	assert_json '.size == 300000 and .present == false'
	local blob
	blob=$(jq -r '"\(.image)@\(.digest)"' <"$T/stdout")
	ocifp_run blob head "$blob"
	assert_stdout 300000
	ocifp_run blob get "$blob"
	assert_same_file "$T/stdout" data
	split_run ocifp blob put - "$image" <data
	assert_stdout "$blob"
	ocifp_run blob put --json data "$image"
	assert_json '.present'
}

@test "blob: what is absent, damaged or not named" {
	ocifp_run blob head "$image@sha256:$(printf %064d 7)"
	assert_failed 3
	ocifp_run blob get "$image:one"
	assert_failed 2
	ocifp_run blob put report.txt "$image"
	chmod u+w "$T"/layout/blobs/sha256/*
	printf 'all xell\n' >"$(blob_path "$T/layout" "${stdout##*@}")"
	ocifp_run blob get "${stdout}"
	assert_failed 7
	[ ! -s "$T/stdout" ]
	ocifp_run blob put none "$image"
	assert_failed 10
}

@test "blob get: a terminal gets no control characters" {
	need script
	printf 'a\033[35m' >coloured
	ocifp_run blob put coloured "$image"
	run script -qec "ocifp -q blob get $stdout" /dev/null </dev/null
	[ "$status" -eq 2 ]
	[[ $output == *'cannot write control characters to a terminal; redirect standard output'* ]]
	[[ $output != *'[35m'* ]]
}

@test "manifest --put: a document as it is, under a tag or its digest" {
	ocifp manifest "$image:one" | jq -c '.annotations = {k: "v"}' | tr -d '\n' >edited.json
	local edited
	edited=sha256:$(sha256sum <edited.json | cut -d ' ' -f 1)
	ocifp_run manifest --put edited.json "$image:two"
	assert_status 0
	assert_stdout "$image@$edited"
	ocifp manifest "$image:two" >back.json
	assert_same_file back.json edited.json
	ocifp_run manifest --put edited.json "$image@$edited"
	assert_status 0
	ocifp_run manifest --put edited.json "$image@$digest"
	assert_failed 2
	ocifp_run manifest --put report.txt "$image:two"
	assert_failed 7
	assert_equal "$(ocifp digest "$image:two")" "$edited"
}
