#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A project's whole base-image workflow, two runners on one machine: each asks for the image of the
# current fingerprint, builds its own platform of both images where that is absent, pushes it, and
# joins.  Then once more, with nothing to build; and what both cost, from the registry's own log.

load ../lib/rig

setup() {
	need python3 jq curl skopeo docker-registry ocifp
	rig_setup
	start_registry reg
}

teardown() {
	rig_teardown
}

# The files whose content names the images, and how they become one: $T/builder says the tool.
kroki_project() {
	mkdir -p src-scripts
	echo 'FROM debian:bookworm-slim' >Dockerfile
	printf 'base:\n\t./build.sh base\n' >Makefile
	echo 'apt-get install -y clang' >install.sh
	echo 'echo fetch' >src-scripts/fetch.sh
	echo '[toolchain]' >rust-toolchain.toml
	cp "$T/builder" build.sh
	chmod +x build.sh
	cat >.ocifp.yaml <<-YAML
		version: 1
		images:
		  base:
		    repository: $reg_host/kroki-rs-base
		    inputs: [Dockerfile, Makefile, install.sh, src-scripts/]
		    platforms: [linux/amd64, linux/arm64]
		    build: ./build.sh base
		  ci:
		    default: true
		    repository: $reg_host/kroki-rs-ci
		    needs: [base]
		    inputs: [Dockerfile, rust-toolchain.toml]
		    platforms: [linux/amd64, linux/arm64]
		    build: ./build.sh ci
	YAML
}

# builder: the script on stdin is given $image, $arch and a directory $root to put into the image.
builder() {
	{
		cat <<-SH
			#!/bin/bash
			set -eu
			image=\$1 arch=\${OCIFP_PLATFORMS#linux/} root=\$(mktemp -d "$T/root.XXXXXX")
			echo "\$image \$OCIFP_PLATFORMS" >>"$T/builds"
			mkdir -p "\$root/usr/lib"
			seq 1 50000 | sed "s/^/\$image \$arch /" >"\$root/usr/lib/\$image"
		SH
		cat
	} >"$T/builder"
}

builds_with_append() {
	builder <<-'SH'
		base=scratch
		[ "$image" = base ] || base=$OCIFP_NEEDS_BASE
		ocifp append --base "$base" --platform "$OCIFP_PLATFORMS" --output "oci:$OCIFP_OUTPUT:made" "$root"
	SH
}

builds_with_buildah() {
	need buildah
	builder <<-SH
		buildah() { command buildah --root "$T/buildah-\$arch" --runroot "$T/run-\$arch" --storage-driver vfs "\$@"; }
	SH
	cat >>"$T/builder" <<-'SH'
		base=scratch
		[ "$image" = base ] || base=docker://$OCIFP_NEEDS_BASE
		container=$(buildah from -q --tls-verify=false --arch "$arch" "$base")
		buildah copy -q "$container" "$root" / >&2
		buildah config --arch "$arch" "$container"
		buildah commit -q "$container" "oci:$OCIFP_OUTPUT:made" >&2
	SH
}

# runner ARCHITECTURE: one job of the matrix, on a machine that has nothing yet.
runner() {
	local architecture=$1
	cp -r "$T/work" "$T/machine-$architecture"
	cd "$T/machine-$architecture" || return 1
	export OCIFP_STORE=$T/store-$architecture
	timeout 120 ocifp ensure --push always --platform "linux/$architecture" --platform-tag 3>&- &&
		timeout 60 ocifp index join --wait 60s 3>&-
}

both_runners() {
	local status=0
	(runner amd64) >"$T/amd64.out" 2>"$T/amd64.err" &
	(runner arm64) >"$T/arm64.out" 2>"$T/arm64.err" || status=$?
	wait $! || status=$?
	rm -rf "$T"/machine-* "$T"/store-*
	[ "$status" -eq 0 ] || fail "$(cat "$T/amd64.err")" "$(cat "$T/arm64.err")"
}

# measure NAME COMMAND...: sets $asks, $writes, $received and $stored, and tells them.
measure() {
	local name=$1 before stored_before
	shift
	sleep 0.2
	before=$(wc -l <"$T/reg.out")
	stored_before=$(du -sb "$T/reg.data" | cut -f 1)
	"$@"
	sleep 0.2
	tail -n +$((before + 1)) "$T/reg.out" | grep -E '"[A-Z]+ /v2/[^ ]* HTTP' >"$T/requests" || true
	asks=$(grep -Ec '"(GET|HEAD) ' "$T/requests" || true)
	writes=$(grep -Ec '"(PUT|POST|PATCH|DELETE) ' "$T/requests" || true)
	received=$(sed -n 's/.*" [0-9]* \([0-9]*\) "[^"]*" "[^"]*"$/\1/p' "$T/requests" | awk '{ n += $1 } END { print n + 0 }')
	stored=$(($(du -sb "$T/reg.data" | cut -f 1) - stored_before))
	echo "# $name: $asks asks, $writes writes, $received bytes from the registry, $stored bytes more in it" >&3
}

at_most() {
	[ "$2" -le "$3" ] || fail "$1: $2, expected at most $3" "$(cat "$T/requests")"
}

# The images are what the project says, for those who use them without ocifp.
assert_images() {
	local image architecture layers
	for image in base ci; do
		for architecture in amd64 arm64; do
			layers=1
			[ $image = base ] || layers=2
			skopeo inspect --tls-verify=false --override-os linux --override-arch $architecture \
				"docker://$reg_host/kroki-rs-$image:$(image_tag $image)" >"$T/inspected"
			assert_equal "$(jq -r '.Architecture + " " + (.Layers | length | tostring)' "$T/inspected")" \
				"$architecture $layers"
		done
	done
}

exists_step() {
	[ "$(ocifp exists --print 3>&-)" = present ]
}

fresh_ensure() {
	new_store
	ocifp_run ensure --no-build --platform linux/arm64
	assert_status 0
}

whole_workflow() {
	kroki_project
	measure "first run, two runners" both_runners
	assert_equal "$(sort "$T/builds" | xargs)" 'base linux/amd64 base linux/arm64 ci linux/amd64 ci linux/arm64'
	assert_images
	assert_equal "$(tail -n 1 "$T/amd64.out")" "$reg_host/kroki-rs-ci@$(raw kroki-rs-ci "$(image_tag)" | digest_of)"
	at_most asks "$asks" "$1"
	at_most writes "$writes" "$2"
	: >"$T/builds"
	measure "second run, two runners" both_runners
	assert_builds
	at_most asks "$asks" 24
	assert_equal "$writes" 0
	assert_equal "$stored" 0
	measure "second run, its exists step" exists_step
	assert_equal "$asks $writes" '1 0'
	at_most received "$received" 2000
	measure "a job that needs the image" fresh_ensure
	local cold=$received
	measure "the same job, warm" ocifp_run ensure --no-build --platform linux/arm64
	assert_equal "$asks $writes" '1 0'
	[ "$received" -lt $((cold / 10)) ] || fail "warm: $received bytes, cold: $cold"
	assert_builds
}

@test "two runners with ocifp append: built once, joined; the second run builds and writes nothing" {
	builds_with_append
	whole_workflow 120 64
}

@test "two runners with buildah: built once, joined; the second run builds and writes nothing" {
	builds_with_buildah
	whole_workflow 120 64
}

@test "one file changed: the image above it is new, the base is found" {
	builds_with_append
	kroki_project
	both_runners
	: >"$T/builds"
	echo 'channel = "1.93.1"' >>rust-toolchain.toml
	measure "one file changed, two runners" both_runners
	assert_equal "$(sort "$T/builds" | xargs)" 'ci linux/amd64 ci linux/arm64'
	assert_images
}
