#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The recipes of ocifp-build(7), each as it stands there

load ../lib/rig
load ../lib/projects

setup() {
	need python3 jq curl
	rig_setup
	top=$(cd "$RIG_TESTS/.." && pwd)
	start_registry reg
	mkdir "$T/desk" && cd "$T/desk" || return
	busybox_root "$T/desk/rootfs"
	printf 'FROM scratch\nCOPY rootfs /\nCOPY tool.sh /bin/tool\nRUN ["/bin/busybox", "chmod", "755", "/bin/tool"]\n' >Dockerfile
	printf '#!/bin/sh\necho made\n' >tool.sh && chmod +x tool.sh
	storage
}

teardown() {
	rig_teardown
}

# Of podman and buildah, for this test alone.
storage() {
	mkdir -p "$T/containers"
	printf '[storage]\ndriver = "vfs"\ngraphroot = "%s"\nrunroot = "%s"\n' "$T/containers/graph" "$T/containers/run" \
		>"$T/storage.conf"
	export CONTAINERS_STORAGE_CONF=$T/storage.conf
}

# recipe NAME: becomes the project file, at our registry
recipe() {
	sed -n "/^\.\\\\\" recipe: $1\$/,/^\.Ed/{/^\./d;p;}" "$top/man/ocifp-build.7" |
		sed -e 's/\\e$/\\/' -e "s|ghcr\.io/owner|$reg_host/owner|" >.ocifp.yaml
	grep -q '^images:' .ocifp.yaml || fail "no recipe '$1'"
}

# base_image NAME: the root of busybox, which recipes are based on
base_image() {
	split_run ocifp push "rootfs:$T/desk/rootfs" "$reg_host/owner/$1"
	assert_status 0
	split_run ocifp lock
	assert_status 0
}

# works [COMMAND...]: it is built and pushed, and a job in it, pulled into a new store, says "made"
works() {
	ocifp_run ensure --push always
	assert_status 0
	new_store
	ocifp_run ensure --no-build
	assert_status 0
	ocifp_run run -- "${@:-/bin/tool}"
	assert_status 0
	assert_stdout made
}

# buildx_alone: `docker buildx` without docker, with a buildkitd of this test
buildx_alone() {
	need_peer buildx
	need_peer buildkitd
	need root runc
	local socket=unix://$T/buildkit.sock
	buildkitd --root "$T/buildkit" --addr "$socket" --oci-worker-binary runc --oci-worker-snapshotter native \
		--oci-worker-net host --oci-cni-binary-dir "$T" >"$T/buildkit.log" 2>&1 3>&- &
	echo $! >"$T/pids/buildkit"
	export BUILDX_CONFIG=$T/buildx.config BUILDKIT_HOST=$socket
	mkdir -p "$T/bin"
	printf '#!/bin/sh\nshift\nexec buildx "$@"\n' >"$T/bin/docker"
	chmod +x "$T/bin/docker"
	PATH=$T/bin:$PATH
	wait_for docker buildx create --driver remote --name here --use --bootstrap "$socket" || cat "$T/buildkit.log"
}

@test "docker buildx" {
	docker buildx version >"$T/buildx" 2>&1 && docker info >"$T/buildx" 2>&1 || buildx_alone
	recipe buildx
	works
}

@test "podman" {
	need podman container_limits engine
	recipe podman
	export BUILDAH_ISOLATION=chroot # crun starts nothing where control groups are hybrid
	works
}

@test "buildah in a container: chroot and vfs" {
	need buildah container_limits engine
	recipe buildah
	works
}

@test "a job, and no builder" {
	need engine
	recipe commit
	printf 'cp /src/install.sh /made\nprintf "#!/bin/sh\\necho made\\n" >/bin/tool; chmod +x /bin/tool\n' >install.sh
	base_image debian:12
	works
}

@test "files, and nothing that runs" {
	need engine
	recipe append
	mkdir -p toolchain/bin && cp tool.sh toolchain/bin/
	base_image debian:12
	works /opt/toolchain/bin/tool.sh
}

@test "a chain: base and ci, of which only what changed is built" {
	need engine
	recipe chain
	works
	local base ci
	base=$(image_tag base) ci=$(image_tag ci)
	echo '# changed' >>tool.sh
	assert_equal "$(image_tag base)" "$base"
	[ "$(image_tag ci)" != "$ci" ] || fail 'ci has its old tag'
	touch rootfs/changed
	[ "$(image_tag base)" != "$base" ] || fail 'base has its old tag'
	ocifp_run ensure --push never
	assert_status 0
	ocifp_run run -- /bin/tool
	assert_stdout made
	# The build ran in the base out of the store: that gives it no second name, which gc would keep.
	ocifp_run store ls --json
	assert_json '[.references[].name | select(startswith("oci:"))] == []'
}

@test "a Rust image for two platforms: each has its own toolchain, and one platform can be added" {
	need engine
	recipe rust
	touch rust-toolchain.toml
	cat >install.sh <<-'END'
		mkdir -p "$2/bin"
		echo "$1" >"$2/bin/of"
		printf '#!/bin/sh\necho made\n' >"$2/bin/cargo" && chmod 755 "$2/bin/cargo"
	END
	ocifp append --platform linux/amd64 --platform linux/arm64 -o "oci:$T/base:1" rootfs >/dev/null 2>&1 3>&-
	split_run ocifp push "oci:$T/base:1" "$reg_host/owner/debian:12"
	split_run ocifp lock
	assert_status 0
	# A native runner first, then the machine that has to make the rest.
	split_run ocifp ensure --push always --platform linux/amd64
	assert_status 0
	works /usr/local/bin/cargo
	local platform
	for platform in linux/amd64 linux/arm64; do
		ocifp_run cat --platform "$platform" ci /usr/local/bin/of
		assert_stdout "$platform"
	done
}

@test "dependencies of a Rust project: the image stays while only sources change" {
	need engine
	recipe cargo
	printf '[package]\nname = "x"\n' >Cargo.toml
	touch Cargo.lock rust-toolchain.toml
	# Not the real one, which needs the network: it notes what it was told.
	printf '#!/bin/sh\necho "$@" >/fetched\nprintf "#!/bin/sh\\necho made\\n" >/bin/tool; chmod +x /bin/tool\n' >rootfs/bin/cargo
	chmod +x rootfs/bin/cargo
	base_image rust:1
	works
	local tag
	tag=$(image_tag)
	mkdir src && touch src/main.rs
	assert_equal "$(image_tag)" "$tag"
}

@test "make ensure && make run: the loop with ocifp.mk, on an edited Dockerfile and without a push" {
	need buildah container_limits engine
	recipe buildah
	cp "$top/contrib/ocifp.mk" . && echo 'include ocifp.mk' >Makefile
	local run=(env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL)
	for word in one two; do
		printf '#!/bin/sh\necho %s\n' "$word" >tool.sh
		OCIFP_TEST_LIMIT_S=120 split_run "${run[@]}" sh -c 'make -s ensure && make -s run CMD=/bin/tool'
		assert_status 0
		assert_equal "$(tail -n 1 "$T/stdout")" "$word"
		assert_stderr_has 'was built for .* and not pushed'
	done
	OCIFP_TEST_LIMIT_S=120 split_run "${run[@]}" make -s run CMD=/bin/tool
	assert_stderr_has 'was built here before and is used'
	ocifp_run exists
	assert_failed 3
}
