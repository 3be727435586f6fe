#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Images for several platforms under one tag, on a real registry.

load ../lib/rig

setup() {
	need python3 jq curl docker-registry ocifp
	rig_setup
	start_registry reg
}

teardown() {
	rig_teardown
}

platforms_of() {
	raw "$1" "$2" | jq -r '[.manifests[].platform | .os + "/" + .architecture] | sort | join(" ")'
}

# runner PLATFORM ARGUMENTS...: on a machine of its own.
runner() {
	local platform=$1
	shift
	OCIFP_STORE=$T/store-${platform#*/} timeout 60 ocifp ensure --push always --platform-tag \
		--platform "$platform" "$@" 3>&-
}

# both_tags TAG: app:TAG-linux-amd64 and -arm64, a manifest each.
both_tags() {
	local architecture
	for architecture in amd64 arm64; do
		mkimage image "$T/src-$architecture" one --platform "linux/$architecture" --layers 5k >/dev/null
		ocifp push "oci:$T/src-$architecture:one" "$reg_host/app:$1-linux-$architecture" 3>&-
	done
}

@test "each runner builds and pushes its own platform; the join lists both under the fingerprint" {
	make_project
	runner linux/amd64 >"$T/amd64"
	runner linux/arm64 >"$T/arm64"
	assert_builds linux/amd64 linux/arm64
	local tag children
	tag=$(image_tag)
	ocifp_run exists
	assert_failed 3
	ocifp_run index join --json
	assert_status 0
	assert_json '.platforms == ["linux/amd64", "linux/arm64"] and .missing == [] and .present == false'
	assert_equal "$(jq -r .digest <<<"$stdout")" "$(raw app "$tag" | digest_of)"
	assert_equal "$(platforms_of app "$tag")" 'linux/amd64 linux/arm64 unknown/unknown'
	children=$(for one in amd64 arm64; do raw app "$tag-linux-$one" | jq -r '.manifests[0].digest'; done)
	assert_equal "$(raw app "$tag" | jq -r '.manifests[:2][].digest')" "$children"
	assert_equal "$(raw app "$tag" | jq -r '.annotations["dev.ocifp.fingerprint"]')" \
		"$(ocifp fingerprint --length 64 3>&-)"
	ocifp_run exists
	assert_status 0
	ocifp_run why --against "$tag"
	assert_status 0
	OCIFP_STORE=$T/fresh ocifp_run ensure --platform linux/arm64
	assert_status 0
	assert_builds linux/amd64 linux/arm64
}

@test "a runner whose platform is there builds nothing, joined or not" {
	make_project
	runner linux/amd64 2>"$T/log" >"$T/first"
	runner linux/amd64 >"$T/second"
	assert_same_file "$T/first" "$T/second"
	runner linux/arm64 >/dev/null
	ocifp index join 3>&- >/dev/null
	curl -sf -X DELETE "http://$reg_host/v2/app/manifests/$(cut -d @ -f 2 "$T/first")"
	runner linux/amd64 >"$T/third"
	assert_equal "$(cut -d @ -f 2 "$T/third")" "$(raw app "$(image_tag)" | digest_of)"
	assert_builds linux/amd64 linux/arm64
}

@test "a join that finds all as it should be writes nothing" {
	make_project
	runner linux/amd64 >/dev/null
	runner linux/arm64 >/dev/null
	ocifp_run index join
	assert_status 0
	local resolved=$stdout before
	before=$(registry_requests reg 'PUT|POST|PATCH' /v2/)
	OCIFP_STORE=$T/fresh ocifp_run index join --json
	assert_status 0
	assert_json '.present == true'
	assert_equal "$(jq -r '.image + "@" + .digest' <<<"$stdout")" "$resolved"
	assert_equal "$(registry_requests reg 'PUT|POST|PATCH' /v2/)" "$before"
}

@test "without one platform nothing is written, status 8 names it; --partial publishes the rest" {
	make_project
	runner linux/amd64 >/dev/null
	ocifp_run index join
	assert_failed 8
	assert_stderr_has 'no image was pushed for linux/arm64'
	ocifp_run exists
	assert_failed 3
	ocifp_run index join --partial --json
	assert_status 0
	assert_json '.platforms == ["linux/amd64"] and .missing == ["linux/arm64"]'
	assert_stderr_has 'without linux/arm64'
	ocifp_run exists
	assert_failed 3
	ocifp_run exists --platform linux/amd64
	assert_status 0
	runner linux/arm64 >/dev/null
	ocifp_run index join --partial
	assert_status 0
	ocifp_run exists
	assert_status 0
}

@test "--partial with nothing at all is still status 8" {
	make_project
	ocifp_run index join --partial
	assert_failed 8
}

@test "--wait joins when the slower runner has pushed, and gives up in time when it does not" {
	make_project
	runner linux/amd64 >/dev/null
	ocifp_run index join --wait 1
	assert_failed 8
	assert_within 4
	(
		sleep 1
		runner linux/arm64 >/dev/null 2>&1
	) 3>&- &
	ocifp_run index join --wait 40
	assert_status 0
	assert_within 20
	wait
	ocifp_run exists
	assert_status 0
}

@test "two joins at the same time, twenty times: both platforms are listed" {
	make_project
	local round tag
	for round in $(seq 20); do
		echo "$round" >src/round
		tag=$(image_tag)
		for platform in linux/amd64 linux/arm64; do
			(
				runner "$platform" && OCIFP_STORE=$T/store-${platform#*/} timeout 60 ocifp index join --partial
			) >"$T/${platform#*/}.log" 2>&1 3>&- &
		done
		wait
		assert_equal "$(platforms_of app "$tag")" 'linux/amd64 linux/arm64 unknown/unknown'
	done
	assert_equal "$(wc -l <"$T/builds")" 40
}

@test "needed images are joined first, for the same platforms" {
	make_project 'needs: [base]'
	cat >>.ocifp.yaml <<-YAML
		    default: true
		  base:
		    repository: $reg_host/base
		    inputs: [Dockerfile]
		    build: ./build.sh
	YAML
	runner linux/amd64 >/dev/null
	assert_equal "$(sed -n 's/^OCIFP_NEEDS_BASE=//p' "$T/build.env")" \
		"$reg_host/base@$(raw base "$(image_tag base)-linux-amd64" | digest_of)"
	runner linux/arm64 >/dev/null
	ocifp_run index join
	assert_status 0
	assert_equal "$(platforms_of base "$(image_tag base)")" 'linux/amd64 linux/arm64 unknown/unknown'
	assert_equal "$(platforms_of app "$(image_tag app)")" 'linux/amd64 linux/arm64 unknown/unknown'
}

@test "a fallback that has the whole image leaves nothing to join" {
	make_project
	ocifp ensure --push always 3>&- >"$T/upstream"
	sed -i "s|repository: .*|repository: $reg_host/fork\n    fallback: [$reg_host/app]|" .ocifp.yaml
	ocifp_run index join --wait 30
	assert_status 0
	assert_within 5
	assert_stdout "$(cat "$T/upstream")"
}

@test "what another fingerprint left under a platform's tag is not joined" {
	make_project
	runner linux/amd64 >/dev/null
	local before
	before=$(image_tag)
	echo change >src/more
	raw app "$before-linux-amd64" >"$T/old"
	curl -sf -X PUT "http://$reg_host/v2/app/manifests/$(image_tag)-linux-amd64" \
		-H 'Content-Type: application/vnd.oci.image.index.v1+json' --data-binary @"$T/old"
	ocifp_run index join --partial
	assert_failed 9
	assert_stderr_has 'fingerprint'
}

@test "an image of another architecture under a platform's tag is status 8, not a wrong index" {
	both_tags v1 >/dev/null
	ocifp push "oci:$T/src-amd64:one" "$reg_host/app:v1-linux-arm64" 3>&-
	ocifp_run index join --platform linux/amd64,linux/arm64 "$reg_host/app:v1"
	assert_failed 8
	assert_stderr_has 'v1-linux-arm64'
}

@test "push --platform-tag is for those who build by themselves, with and without a project file" {
	make_project
	local platform
	for platform in linux/amd64 linux/arm64; do
		mkimage image "$T/src" "${platform#*/}" --platform "$platform" --layers 5k >/dev/null
		ocifp_run push --by-hash --platform-tag --platform "$platform" "oci:$T/src:${platform#*/}"
		assert_status 0
		ocifp_run push --platform-tag --platform "$platform" "oci:$T/src:${platform#*/}" "$reg_host/app:v2"
		assert_status 0
	done
	ocifp_run index join
	assert_status 0
	ocifp_run exists
	assert_status 0
	ocifp_run index join --platform linux/amd64 --platform linux/arm64 "$reg_host/app:v2" \
		--annotation org.opencontainers.image.description=two
	assert_status 0
	assert_equal "$(platforms_of app v2)" 'linux/amd64 linux/arm64'
	assert_equal "$(raw app v2 | jq -r '.annotations["org.opencontainers.image.description"]')" two
	ocifp_run index join "$reg_host/app:v2"
	assert_failed 2
	ocifp_run push --platform-tag --platform linux/amd64,linux/arm64 "oci:$T/src:amd64" "$reg_host/app:v2"
	assert_failed 2
}

@test "what BuildKit attests about a platform comes along" {
	mkimage image "$T/src" one --platform linux/amd64 --platform linux/arm64 --attestation --layers 5k >/dev/null
	ocifp_run push "oci:$T/src:one" "$reg_host/app:v1-linux-amd64"
	assert_status 0
	ocifp_run index join --platform linux/amd64 "$reg_host/app:v1"
	assert_status 0
	raw app v1 >"$T/joined"
	assert_equal "$(jq '[.manifests[] | select(.annotations["vnd.docker.reference.digest"])] | length' "$T/joined")" 1
}

@test "create, add, rm and ls: entries byte for byte, a platform once" {
	both_tags v1 >/dev/null
	ocifp_run index create --annotation org.opencontainers.image.title=T "$reg_host/app:all" \
		"$reg_host/app:v1-linux-amd64"
	assert_status 0
	assert_stdout "$reg_host/app@$(raw app all | digest_of)"
	ocifp_run index add "$reg_host/app:all" "$reg_host/app:v1-linux-arm64"
	assert_status 0
	assert_equal "$(platforms_of app all)" 'linux/amd64 linux/arm64'
	assert_equal "$(raw app all | jq -r '.annotations["org.opencontainers.image.title"]')" T
	assert_equal "$(raw app all | jq -r '.manifests[].digest')" \
		"$(for one in amd64 arm64; do raw app "v1-linux-$one" | digest_of; done)"
	mkimage image "$T/other" one --platform linux/arm64 --layers 7k >/dev/null
	ocifp push "oci:$T/other:one" "$reg_host/app:other" 3>&-
	ocifp_run index add "$reg_host/app:all" "$reg_host/app:other"
	assert_status 0
	ocifp_run index ls "$reg_host/app:all"
	assert_stdout "$(printf '%s linux/amd64\n%s linux/arm64' "$(raw app v1-linux-amd64 | digest_of)" \
		"$(raw app other | digest_of)")"
	ocifp_run index ls --json "$reg_host/app:all"
	assert_json '.manifests | length == 2'
	ocifp_run index rm "$reg_host/app:all" linux/arm64
	assert_status 0
	assert_equal "$(platforms_of app all)" linux/amd64
	ocifp_run index rm "$reg_host/app:all" linux/arm64
	assert_failed 8
	ocifp_run index rm "$reg_host/app:all" "$(raw app v1-linux-amd64 | digest_of)"
	assert_failed 2
	assert_stderr_has 'the index would be empty'
	ocifp_run index create "$reg_host/app:all" "$reg_host/app:nothing"
	assert_failed 3
}

@test "--entry-annotation is for the images that are put in, and no others" {
	mkimage image "$T/src" amd --platform linux/amd64 --attestation --layers 5k >/dev/null
	mkimage image "$T/src" arm --platform linux/arm64 --layers 6k >/dev/null
	ocifp push "oci:$T/src:arm" "$reg_host/app:arm" 3>&-
	ocifp_run index create --entry-annotation dev.x=1 "$reg_host/app:all" "oci:$T/src:amd"
	assert_status 0
	ocifp_run index add --entry-annotation dev.x=2 --entry-annotation dev.y=3 "$reg_host/app:all" "$reg_host/app:arm"
	assert_status 0
	assert_equal "$(raw app all | jq -c '[.manifests[] | {"\(.platform.os)/\(.platform.architecture)": .annotations}] | map(to_entries[])
		| map(select(.key != "unknown/unknown")) | from_entries')" \
		'{"linux/amd64":{"dev.x":"1"},"linux/arm64":{"dev.x":"2","dev.y":"3"}}'
	assert_equal "$(raw app all | jq -c '[.manifests[].annotations | has("dev.x")]')" '[true,false,true]'
	assert_equal "$(raw app all | jq '.annotations')" null
	ocifp_run index add --entry-annotation dev.x=4 "$reg_host/app:all" "$reg_host/app:arm"
	assert_status 0
	assert_equal "$(raw app all | jq -c '[.manifests[].annotations["dev.x"]]')" '["1",null,"4"]'
	ocifp_run index rm --entry-annotation dev.x=1 "$reg_host/app:all" linux/arm64
	assert_failed 2
}

@test "sources in another repository, at another registry and in a layout are copied there" {
	mkimage image "$T/src" one --platform linux/amd64 --layers 5k >/dev/null
	mkimage image "$T/src" two --platform linux/arm64 --layers 6k >/dev/null
	mkimage image "$T/src" three --platform linux/arm/v7 --layers 7k >/dev/null
	start_registry far
	ocifp push "oci:$T/src:one" "$reg_host/near:one" 3>&- >/dev/null
	ocifp push "oci:$T/src:two" "$far_host/far:two" 3>&- >/dev/null
	ocifp_run index create "$reg_host/app:all" "$reg_host/near:one" "$far_host/far:two" "oci:$T/src:three"
	assert_status 0
	assert_equal "$(platforms_of app all)" 'linux/amd64 linux/arm linux/arm64'
	assert_equal "$(raw app all | jq -r '.manifests[].digest')" \
		"$(for one in one two three; do mkimage digest "$T/src" "$one"; done)"
	assert_equal "$(ocifp tags "$reg_host/app" 3>&-)" all
	local platform
	for platform in linux/amd64 linux/arm64 linux/arm/v7; do
		OCIFP_STORE=$T/fresh ocifp_run pull --platform "$platform" "$reg_host/app:all"
		assert_status 0
	done
}

@test "a layout lists an index that is made in it, and not its parts" {
	mkimage image "$T/parts" amd64 --platform linux/amd64 >/dev/null
	mkimage image "$T/parts" arm64 --platform linux/arm64 >/dev/null
	ocifp_run index create "oci:$T/whole:ci" "oci:$T/parts:amd64" "oci:$T/parts:arm64"
	assert_status 0
	assert_equal "$(jq -c '[.manifests[].annotations["org.opencontainers.image.ref.name"]]' "$T/whole/index.json")" '["ci"]'
	ocifp_run inspect "oci:$T/whole"
	assert_status 0
	ocifp_run copy "oci:$T/whole" "oci:$T/again:ci"
	assert_status 0
}

@test "what an index that was not made leaves in a layout is unlisted, and gc takes it" {
	mkimage image "$T/parts" amd64 --platform linux/amd64 >/dev/null
	ocifp_run index create "oci:$T/whole:ci" "oci:$T/parts:amd64" "oci:$T/parts:nothing"
	assert_failed 3
	assert_equal "$(jq -c '.manifests // []' "$T/whole/index.json")" '[]'
	ocifp_run store fsck --store "$T/whole"
	assert_status 0
	ocifp_run store gc --store "$T/whole"
	assert_status 0
	assert_equal "$(find "$T/whole/blobs" -type f)" ""
}

@test "an index in a layout is made and joined as in a registry" {
	mkimage image "$T/lay" v1-linux-amd64 --platform linux/amd64 --layers 5k >/dev/null
	mkimage image "$T/lay" v1-linux-arm64 --platform linux/arm64 --layers 5k >/dev/null
	ocifp_run index join --platform linux/amd64,linux/arm64 "oci:$T/lay:v1"
	assert_status 0
	ocifp_run index ls "oci:$T/lay:v1"
	assert_status 0
	assert_equal "$(wc -l <"$T/stdout")" 2
	ocifp_run index create "oci:$T/lay:v2" "oci:$T/lay:v1"
	assert_status 0
	ocifp_run store fsck --store "$T/lay"
	assert_status 0
}
