#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What a repository need not keep any longer, on a real registry and in a layout.

load ../lib/rig

setup() {
	need python3 jq curl docker-registry ocifp
	rig_setup
	start_registry reg
}

teardown() {
	rig_teardown
}

# publish TAG [CREATED [MKIMAGE OPTION...]]: app:TAG, for two platforms, each time other content.
publish() {
	local tag=$1 created=${2:-2026-01-01T00:00:00Z}
	shift $(($# > 2 ? 2 : $#))
	mkimage image "$T/src" "$tag" --layers 5k --platform linux/amd64 --platform linux/arm64 \
		--annotate "tag=$tag" --index-annotate "org.opencontainers.image.created=$created" "$@" >/dev/null
	ocifp push "oci:$T/src:$tag" "$reg_host/app:$tag" 3>&- >/dev/null
}

prune() {
	ocifp_run prune "$reg_host/app" "$@"
}

is_there() {
	[ "$(curl -so /dev/null -w '%{http_code}' "http://$reg_host/v2/app/manifests/$1" \
		-H 'Accept: application/vnd.oci.image.index.v1+json' \
		-H 'Accept: application/vnd.oci.image.manifest.v1+json')" = 200 ]
}

children_of() {
	raw app "$1" | jq -r '.manifests[].digest'
}

@test "the plan is told, and without --yes nothing is deleted" {
	publish v1
	publish old
	prune --keep-tag 'v*'
	assert_status 0
	assert_equal "$(grep -c ^keep "$T/stdout")" 3
	assert_equal "$(grep -c ^remove "$T/stdout")" 3
	grep -q '^keep   sha256:[0-9a-f]* v1: tag v1 matches v\*$' "$T/stdout"
	grep -q '^remove sha256:[0-9a-f]* old: no rule keeps it$' "$T/stdout"
	assert_stderr_has 'nothing was deleted'
	assert_equal "$(registry_requests reg DELETE .)" 0
	is_there old
}

@test "--yes deletes the index before its manifests, and what is kept can still be pulled" {
	publish v1
	publish old
	local index children child
	index=$(raw app old | digest_of)
	children=$(children_of old)
	prune --keep-tag 'v*' --yes
	assert_status 0
	assert_stderr_has '3 manifests were deleted'
	assert_equal "$(sed -n 's/.*"DELETE [^ ]*manifests.\(sha256:[0-9a-f]*\).*/\1/p' "$T/reg.out" | head -n 1)" "$index"
	for child in old $children; do
		if is_there "$child"; then fail "still there: $child"; fi
	done
	OCIFP_STORE=$T/fresh ocifp_run pull --platform linux/arm64 "$reg_host/app:v1"
	assert_status 0
	prune --keep-tag 'v*' --yes
	assert_status 0
	assert_stderr_has '0 manifests were deleted'
}

@test "a manifest that a kept index lists stays, with the tag that alone would not keep it" {
	publish v1
	local child
	child=$(children_of v1 | head -n 1)
	raw app "$child" >"$T/child"
	curl -sf -X PUT "http://$reg_host/v2/app/manifests/part" --data-binary @"$T/child" \
		-H 'Content-Type: application/vnd.oci.image.manifest.v1+json'
	publish old
	prune --keep-tag v1 --yes
	assert_status 0
	is_there part
	grep -q "^keep   $child part: part of v1$" "$T/stdout"
	if is_there old; then fail "old is there"; fi
}

@test "several tags of one manifest are kept together" {
	publish v1
	ocifp push "oci:$T/src:v1" "$reg_host/app:other" 3>&- >/dev/null
	publish old
	prune --keep-tag other --yes
	assert_status 0
	is_there v1
	is_there other
}

@test "what is about something kept stays, what is about something gone goes" {
	publish v1
	publish old
	local tag digest
	for tag in v1 old; do
		digest=$(raw app "$tag" | digest_of)
		mkimage image "$T/sig" "$tag" --layers 1k --platform linux/amd64 --annotate "of=$tag" \
			--merge "$(jq -n --arg digest "$digest" --argjson size "$(raw app "$tag" | wc -c)" \
				'{subject: {mediaType: "application/vnd.oci.image.index.v1+json", digest: $digest, size: $size}}')" >/dev/null
		ocifp push "oci:$T/sig:$tag" "$reg_host/app:sig-of-$tag" 3>&- >/dev/null
		mkimage image "$T/sig" "cosign-$tag" --layers 2k --platform linux/amd64 --annotate "of=$tag" >/dev/null
		ocifp push "oci:$T/sig:cosign-$tag" "$reg_host/app:${digest/:/-}.sig" 3>&- >/dev/null
		[ "$tag" = old ] || kept=${digest/:/-} # push lists the first of them there
	done
	prune --keep-tag v1 --yes
	assert_status 0
	is_there sig-of-v1
	is_there "$kept.sig"
	assert_equal "$(curl -s "http://$reg_host/v2/app/tags/list" | jq -c '.tags | sort')" \
		"$(jq -nc --arg kept "$kept.sig" '["v1", "sig-of-v1", $kept, ($kept | rtrimstr(".sig"))] | sort')"
}

@test "the newest and the young, by annotation, else by config, are kept; what is dateless too" {
	publish a 2026-01-03T00:00:00Z
	publish b 2026-01-02T00:00:00+01:00
	publish c 2026-01-01T00:00:00.123Z
	publish d "$(date -u -d '-1 hour' +%FT%TZ)"
	publish e never
	prune --keep-newest 2 --json
	assert_status 0
	assert_json '[.kept[].tags[]] | sort == ["a", "d", "e"]'
	assert_json '[.removed[].tags[]] | sort == ["b", "c"]'
	assert_json '[.kept[] | select(.tags == ["a"]).why] == ["among the newest 2 by annotation org.opencontainers.image.created"]'
	prune --keep-younger 2h --json
	assert_json '[.kept[].tags[]] | sort == ["d", "e"]'
	assert_json '.freed_bytes > 4000'
}

@test "nothing to keep is refused, a rule or not" {
	publish v1
	prune --yes
	assert_failed 2
	prune --keep-tag 'no such*' --yes
	assert_failed 9
	assert_stderr_has 'the rules keep nothing of'
	prune --keep-tag 'v*' --yes --dry-run
	assert_failed 2
	assert_equal "$(registry_requests reg DELETE .)" 0
	is_there v1
}

@test "a registry that deletes nothing says so, and the plan was told" {
	publish v1
	publish old
	stop reg
	sed -i 's/delete: {enabled: true}/delete: {enabled: false}/' "$T/reg.yml"
	sed -i "s/127.0.0.1:0/$reg_host/" "$T/reg.yml"
	OTEL_TRACES_EXPORTER=none spawn reg docker-registry serve "$T/reg.yml"
	wait_for curl -sf "http://$reg_host/v2/"
	prune --keep-tag v1 --yes
	assert_failed 1
	assert_stderr_has '0 of 3 manifests were deleted'
	grep -q ^remove "$T/stdout"
	is_there old
}

@test "a layout is pruned too: references, then what nothing leads to" {
	local tag
	for tag in v1 v2 old; do
		mkimage image "$T/lay" "$tag" --layers 50k --annotate "tag=$tag" --platform linux/amd64 \
			--platform linux/arm64 >/dev/null
	done
	ocifp_run prune "oci:$T/lay" --keep-tag 'v*'
	assert_status 0
	assert_equal "$(ocifp tags "oci:$T/lay" 3>&- | sort | xargs)" 'old v1 v2'
	ocifp_run prune "oci:$T/lay" --keep-tag 'v*' --yes
	assert_status 0
	assert_stderr_has 'files were removed'
	assert_equal "$(ocifp tags "oci:$T/lay" 3>&- | sort | xargs)" 'v1 v2'
	ocifp_run store fsck --store "$T/lay"
	assert_status 0
	ocifp_run push "oci:$T/lay:v2" "$reg_host/app:v2"
	assert_status 0
}
