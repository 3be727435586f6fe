#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Copying many images: all tags of a repository, or what a list names

load ../lib/rig

setup() {
	need python3 jq docker-registry ocifp
	rig_setup
	start_registry reg
	start_registry other
	cd "$T" || return
	local tag size=1
	for tag in 1.0 1.1 2.0-rc1 nightly; do
		mkimage image "$T/src" "$tag" --layers $((size++))k >/dev/null
		ocifp copy "oci:$T/src:$tag" "$reg_host/app:$tag" 2>/dev/null >"$T/$tag"
	done
	from=$reg_host/app to=$other_host/mirror/app
}

teardown() {
	rig_teardown
}

# outcomes: the table's first and last column, the digests checked
outcomes() {
	local outcome digest name
	while read -r outcome digest name; do
		[ "$outcome" = failed ] || [[ $(cat "$T/${name##*:}") == *"@sha256:$digest"* ]] ||
			fail "$name has the digest $digest"
		echo "$outcome ${name##*:}"
	done <"$T/stdout"
}

tags_there() {
	ocifp tags "$to" | paste -sd ' '
}

@test "--all-tags copies each tag; the next run finds them there with two requests a tag" {
	ocifp_run copy --all-tags "$from" "$to"
	assert_status 0
	assert_equal "$(outcomes)" $'copied 1.0\ncopied 1.1\ncopied 2.0-rc1\ncopied nightly'
	assert_equal "$(tags_there)" '1.0 1.1 2.0-rc1 nightly'
	: >"$T/reg.out"
	: >"$T/other.out"
	ocifp_run copy --all-tags --json "$from" "$to"
	assert_status 0
	assert_json '[.copies[].outcome] | unique == ["present"]'
	assert_equal "$(registry_requests reg HEAD /app/manifests/)" 4
	assert_equal "$(registry_requests reg '.*' /app/)" 5
	assert_equal "$(registry_requests other '.*' /mirror/app/)" 4
}

@test "--include and --exclude choose tags; --missing leaves those that are there" {
	ocifp_run copy --all-tags --include '[0-9]*' --exclude '*-rc*' "$from" "$to"
	assert_status 0
	assert_equal "$(outcomes)" $'copied 1.0\ncopied 1.1'
	cp "$T/2.0-rc1" "$T/1.1"
	ocifp_run copy "$from:2.0-rc1" "$from:1.1"
	assert_status 0
	ocifp_run copy --all-tags --missing --dry-run "$from" "$to"
	assert_status 0
	assert_equal "$(outcomes)" $'present 1.0\nkeep 1.1\ncopy 2.0-rc1\ncopy nightly'
	assert_equal "$(tags_there)" '1.0 1.1'
	ocifp_run copy --all-tags --missing --exclude nightly "$from" "$to"
	assert_status 0
	assert_equal "$(outcomes)" $'present 1.0\nkept 1.1\ncopied 2.0-rc1'
	ocifp_run copy --all-tags --include 1.1 "$from" "$to"
	assert_equal "$(outcomes)" 'moved 1.1'
	ocifp_run copy --all-tags --include 'x*' "$from" "$to"
	assert_status 0
	assert_stdout ''
	assert_stderr_has 'no tag matches'
}

@test "--list copies what its lines name, into layouts too, and --all-tags makes them repositories" {
	printf '%s\n' '# mirrors' "$from:1.0 $to:one" '' "  $from:1.1	oci:lay:two" >list
	ocifp_run copy --list list
	assert_status 0
	assert_equal "$(cut -d ' ' -f 1 "$T/stdout" | paste -sd ' ')" 'copied copied'
	assert_equal "$(ocifp digest "$to:one")" "$(ocifp digest "$from:1.0")"
	assert_equal "$(ocifp digest "oci:lay:two")" "$(ocifp digest "$from:1.1")"
	ocifp_run copy --all-tags --list - <<<"$from $to"
	assert_status 0
	assert_equal "$(tags_there)" '1.0 1.1 2.0-rc1 nightly one'
}

@test "a digest beside a tag decides, whatever the tag names by now" {
	local old
	old=$(ocifp digest "$from:1.0")
	echo "$from:1.0@$old $to:1.0" >list
	ocifp_run copy "$from:1.1" "$from:1.0"
	ocifp_run copy "$from:1.0" "$to:1.0"
	ocifp_run copy --dry-run --list list
	assert_status 0
	assert_equal "$(cut -d ' ' -f 1 "$T/stdout")" move
	ocifp_run copy --list list
	assert_status 0
	assert_equal "$(ocifp digest "$to:1.0")" "$old"
	ocifp_run copy --list list
	assert_equal "$(cut -d ' ' -f 1 "$T/stdout")" present
	echo "$from:1.0@$old $to:1.0@sha256:$(printf '0%.0s' {1..64})" >list
	ocifp_run copy --list list
	assert_failed 2
}

@test "archives are written; what is absent is not planned" {
	printf '%s\n' "$from:1.0 oci-archive:one.tar:1.0" "$from:1.0 docker-archive:two.tar" "$from:none $to:none" >list
	ocifp_run copy --dry-run --list list
	assert_failed 3
	assert_equal "$(cut -d ' ' -f 1 "$T/stdout" | paste -sd ' ')" 'copy copy failed'
	ocifp_run copy --list list
	assert_failed 3
	assert_equal "$(ocifp digest oci-archive:one.tar:1.0)" "$(ocifp digest "$from:1.0")"
	[ -s two.tar ] || fail 'no two.tar'
	echo "oci-archive:one.tar:1.0 $to:three" >list
	ocifp_run copy --list list
	assert_status 0
	assert_equal "$(ocifp digest "$to:three")" "$(ocifp digest "$from:1.0")"
}

@test "one image that fails does not stop the others, and decides about the exit status" {
	printf '%s\n' "$from:none $to:none" "$from:1.0 $to:1.0" >list
	ocifp_run copy --list list
	assert_failed 3
	assert_stderr_has '1 of 2 images were not copied'
	assert_equal "$(outcomes)" $'failed none\ncopied 1.0'
}

@test "what cannot be meant is refused before anything is asked" {
	: >"$T/reg.out"
	local words
	for words in "--all-tags $from" "--all-tags $from:1.0 $to" "--all-tags $from $to $to" "--all-tags oci-archive:x.tar $to" \
		"--missing $from:1.0 $to" "-n $from:1.0 $to" "--include 1 $from $to" "--list list $from $to" "--list none"; do
		# shellcheck disable=SC2086
		ocifp_run copy $words
		[ "$words" = '--list none' ] && assert_failed 10 || assert_failed 2
	done
	echo "$from:1.0" >list
	ocifp_run copy --list list
	assert_failed 2
	assert_stderr_has "'list', line 1: invalid line: expected a source and a destination"
	assert_equal "$(registry_requests reg '.*' /)" 0
}

# requests NAME: what both registries were asked since their logs were emptied
requests() {
	echo $(($(registry_requests reg '.*' /) + $(registry_requests other '.*' /)))
}

sync_with_skopeo() {
	: >"$T/reg.out"
	: >"$T/other.out"
	skopeo sync --all --preserve-digests --src docker --dest docker --src-tls-verify=false \
		--dest-tls-verify=false "$from" "$other_host/skopeo" 2>/dev/null
}

@test "--all-tags makes what skopeo sync makes, with fewer requests" {
	need skopeo
	! skopeo_is_old || skip 'this skopeo does not know --preserve-digests'
	local tag first again
	mkimage image "$T/src" arm --platform linux/arm64 --layers 9k >/dev/null
	mkimage index "$T/src" both nightly arm >/dev/null
	ocifp copy "oci:$T/src:both" "$from:both" >/dev/null
	sync_with_skopeo
	first=$(requests)
	sync_with_skopeo
	again=$(requests)
	: >"$T/reg.out"
	: >"$T/other.out"
	ocifp_run copy --all-tags "$from" "$to"
	assert_status 0
	[ "$(requests)" -le "$first" ] || fail "$(requests) requests, skopeo $first"
	echo "first run: $(requests) requests, skopeo $first"
	: >"$T/reg.out"
	: >"$T/other.out"
	ocifp_run copy --all-tags "$from" "$to"
	assert_status 0
	[ "$(requests)" -lt "$again" ] || fail "$(requests) requests, skopeo $again"
	echo "second run: $(requests) requests, skopeo $again"
	assert_equal "$(tags_there)" "$(ocifp tags "$other_host/skopeo/app" | paste -sd ' ')"
	for tag in $(ocifp tags "$to"); do
		assert_equal "$(ocifp digest "$to:$tag")" "$(ocifp digest "$other_host/skopeo/app:$tag")"
	done
}
