#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Images in tars, beside skopeo, umoci and buildah: what one side writes, the other reads.

load ../lib/rig

both=(--platform linux/amd64 --platform linux/arm64)

setup() {
	need python3 jq skopeo docker-registry ocifp
	rig_setup
}

teardown() {
	rig_teardown
}

# serve [MKIMAGE OPTION...]: app:one at a registry, and its digest
serve() {
	start_registry reg
	mkimage image "$T/src" one --layers 10k,300k "$@" >"$T/digest"
	skopeo_copy --all --preserve-digests "oci:$T/src:one" "docker://$reg_host/app:one"
	digest=$(cat "$T/digest")
}

pull() {
	ocifp_run pull --platform linux/amd64 "$@"
	assert_status 0
}

# push SOURCE: as app:pushed
push() {
	ocifp_run push "$1" "$reg_host/app:pushed"
	assert_status 0
}

config_of() {
	skopeo inspect --raw --config "$@"
}

@test "an oci-archive that ocifp writes, skopeo reads with the same digest" {
	serve --compress gzip
	pull -o "oci-archive:$T/o.tar:named" "$reg_host/app:one"
	assert_stdout "$reg_host/app@$digest"
	assert_equal "$(skopeo inspect "oci-archive:$T/o.tar:named" | jq -r .Digest)" "$digest"
	skopeo_copy "oci-archive:$T/o.tar:named" "oci:$T/back:one"
	assert_same_file "$(blob_path "$T/src" "$digest")" "$(blob_path "$T/back" "$digest")"
}

# as_ordinary_user COMMAND...: as this user, or, for root, as one without any rights; HOME is $T/user.
as_ordinary_user() {
	mkdir -p "$T/user"
	if [ "$(id -u)" -ne 0 ]; then
		HOME=$T/user "$@"
		return
	fi
	need setpriv
	chmod 711 "$T" && chown 4343:4344 "$T/user"
	setpriv --reuid 4343 --regid 4344 --clear-groups env HOME="$T/user" OCIFP_STORE="$T/user/store" "$@"
}

@test "an oci-archive that ocifp writes for an ordinary user, skopeo reads as that user" {
	serve --compress gzip
	local kind
	for kind in oci-archive docker-archive; do
		as_ordinary_user ocifp pull -o "$kind:$T/user/$kind.tar:named" "$reg_host/app:one"
		assert_equal "$(as_ordinary_user skopeo inspect --tmpdir "$T/user" \
			"oci-archive:$T/user/$kind.tar" | jq -r .Digest)" "$digest"
	done
}

@test "an oci-archive of every platform keeps the index" {
	serve --compress gzip "${both[@]}"
	ocifp_run pull --all -o "oci-archive:$T/o.tar" "$reg_host/app:one"
	assert_status 0
	skopeo_copy --all "oci-archive:$T/o.tar:one" "oci:$T/back:one"
	assert_same_file "$(blob_path "$T/src" "$digest")" "$(blob_path "$T/back" "$digest")"
	push "oci-archive:$T/o.tar"
	assert_equal "$(skopeo inspect --tls-verify=false "docker://$reg_host/app:pushed" | jq -r .Digest)" "$digest"
}

@test "an oci-archive that ocifp writes, umoci unpacks" {
	need umoci
	start_registry reg
	umoci_image "$T/src" one
	skopeo_copy "oci:$T/src:one" "docker://$reg_host/app:one"
	pull -o "oci-archive:$T/o.tar" "$reg_host/app:one"
	mkdir "$T/layout"
	tar xf "$T/o.tar" -C "$T/layout"
	umoci unpack --rootless --image "$T/layout:one" "$T/bundle" >&2
	assert_equal "$("$T/bundle/rootfs/bin/run")" amd64
}

@test "a docker-archive that ocifp writes, skopeo reads by its whole name" {
	serve --compress gzip
	pull -o "docker-archive:$T/d.tar" "$reg_host/app:one"
	skopeo_copy "docker-archive:$T/d.tar:$reg_host/app:one" "oci:$T/back:one"
	# skopeo writes it anew, in an order of its own.
	assert_equal "$(config_of "oci:$T/back:one" | jq -cS .)" "$(config_of "oci:$T/src:one" | jq -cS .)"
	# It is an oci-archive too, with the very manifest.
	assert_equal "$(skopeo inspect "oci-archive:$T/d.tar" | jq -r .Digest)" "$digest"
}

@test "a docker-archive that ocifp writes, buildah takes in" {
	need buildah
	serve --compress gzip
	pull -o "docker-archive:$T/d.tar:myapp" "$reg_host/app:one"
	rig_buildah pull -q "docker-archive:$T/d.tar" >"$T/id"
	assert_equal "sha256:$(cat "$T/id")" "$(config_of "oci:$T/src:one" | sha256sum | sed 's/ .*//; s/^/sha256:/')"
	assert_equal "$(rig_buildah images --format '{{.Name}}:{{.Tag}}')" localhost/myapp:latest
}

@test "archives that ocifp writes, podman loads as docker does" {
	need podman
	serve --compress gzip
	local kind podman=(podman --root "$T/podman" --runroot "$T/podman-run" --storage-driver vfs)
	for kind in docker-archive oci-archive; do
		pull -o "$kind:$T/d.tar:myapp" "$reg_host/app:one"
		"${podman[@]}" load -q -i "$T/d.tar"
		"${podman[@]}" images --no-trunc --format '{{.ID}} {{.Repository}}:{{.Tag}}' >"$T/images"
		assert_equal "$(grep -o 'sha256:[0-9a-f]*' "$T/images")" \
			"$(config_of "oci:$T/src:one" | sha256sum | sed 's/ .*//; s/^/sha256:/')"
		grep -q myapp "$T/images"
		"${podman[@]}" rmi -af >/dev/null
	done
}

# A daemon that knows nothing of the machine's own, nor of its network; `docker` asks it.
start_dockerd() {
	need dockerd
	export DOCKER_HOST=unix://$T/docker.sock
	spawn dockerd dockerd --iptables=false --bridge=none --storage-driver=vfs --data-root="$T/docker" \
		--exec-root="$T/docker-run" --pidfile="$T/docker.pid" -H "$DOCKER_HOST"
	wait_for_or_end dockerd docker version
}

@test "a docker-archive that ocifp writes, docker loads by its name" {
	serve --compress gzip "${both[@]}"
	start_dockerd
	local name
	for name in '' myapp my/app:v1 127.0.0.1:5000/app; do
		pull -o "docker-archive:$T/d.tar${name:+:$name}" "$reg_host/app:one"
		docker load -q -i "$T/d.tar" >&2
		docker inspect -f '{{.Id}} {{.Architecture}}' "${name:-$reg_host/app:one}" >"$T/id"
		assert_equal "$(cat "$T/id")" "$(jq -r .[0].Config <(tar xOf "$T/d.tar" manifest.json) |
			sed 's,.*/,sha256:,') amd64"
		docker rmi -f "${name:-$reg_host/app:one}" >&2
	done
	docker load -q < <(ocifp pull -q -o docker-archive:- --platform linux/arm64 "$reg_host/app:one") >&2
	assert_equal "$(docker inspect -f '{{.Architecture}}' "$reg_host/app:one")" arm64
}

@test "what docker saves, ocifp pushes by any name it has there" {
	serve --compress gzip
	start_dockerd
	pull -o "docker-archive:$T/d.tar:myapp" "$reg_host/app:one"
	docker load -q -i "$T/d.tar" >&2
	docker tag myapp my/app:v1
	docker save myapp my/app:v1 >"$T/saved.tar"
	local name
	for name in '' :myapp :myapp:latest :docker.io/library/myapp:latest :my/app:v1 :v1; do
		push "docker-archive:$T/saved.tar$name"
		assert_equal "$(config_of --tls-verify=false "docker://$reg_host/app:pushed")" \
			"$(config_of "oci:$T/src:one")"
	done
	ocifp_run push "docker-archive:$T/saved.tar:other" "$reg_host/app:pushed"
	assert_status 10
}

@test "a docker-archive of several platforms is refused before anything is written" {
	serve --compress gzip "${both[@]}"
	ocifp_run pull --all -o "docker-archive:$T/d.tar" "$reg_host/app:one"
	assert_status 2
	assert_stderr_has "--platform"
	[ ! -e "$T/d.tar" ]
}

@test "archives go through pipes both ways" {
	serve --compress gzip
	pull -o "oci-archive:$T/o.tar" "$reg_host/app:one"
	ocifp pull --platform linux/amd64 -o oci-archive:- "$reg_host/app:one" >"$T/piped.tar" 2>"$T/err"
	assert_same_file "$T/o.tar" "$T/piped.tar"
	ocifp push oci-archive:- "$reg_host/app:pushed" <"$T/piped.tar" >"$T/out" 2>"$T/err"
	assert_equal "$(cat "$T/out")" "$reg_host/app@$digest"
}

@test "an oci-archive that skopeo writes, ocifp pushes with the same digest" {
	serve --compress gzip
	skopeo_copy "oci:$T/src:one" "oci-archive:$T/o.tar:one"
	push "oci-archive:$T/o.tar:one"
	assert_stdout "$reg_host/app@$digest"
	assert_equal "$(config_of --tls-verify=false "docker://$reg_host/app:pushed")" "$(config_of "oci:$T/src:one")"
}

@test "a docker-archive that skopeo writes, ocifp pushes" {
	serve --compress none
	skopeo_copy "oci:$T/src:one" "docker-archive:$T/d.tar:host.test/app:one"
	push "docker-archive:$T/d.tar:host.test/app:one"
	assert_equal "$(config_of --tls-verify=false "docker://$reg_host/app:pushed")" "$(config_of "oci:$T/src:one")"
	assert_equal \
		"$(skopeo inspect --tls-verify=false "docker://$reg_host/app:pushed" | jq -c .Layers)" \
		"$(skopeo inspect "oci:$T/src:one" | jq -c .Layers)"
	push "docker-archive:$T/d.tar:one"
}

@test "archives that buildah writes, ocifp pushes" {
	need buildah
	start_registry reg
	mkdir "$T/root"
	echo hello >"$T/root/hello"
	container=$(rig_buildah from scratch)
	rig_buildah copy -q "$container" "$T/root" / >&2
	rig_buildah config --os linux --arch amd64 "$container"
	rig_buildah commit -q "$container" app:one >&2
	rig_buildah push -q app:one "docker-archive:$T/d.tar:app:one"
	rig_buildah push -q app:one "oci-archive:$T/o.tar:one"
	for source in "docker-archive:$T/d.tar" "oci-archive:$T/o.tar"; do
		push "$source"
		skopeo_copy "docker://$reg_host/app:pushed" "oci:$T/back:${source%%:*}"
		config_of "oci:$T/back:${source%%:*}" | jq -e '.rootfs.diff_ids | length == 1'
	done
}

@test "a layout that umoci made, packed by tar, ocifp pushes" {
	need umoci
	start_registry reg
	umoci_image "$T/src" one
	tar cf "$T/o.tar" -C "$T/src" .
	push "oci-archive:$T/o.tar:one"
	skopeo_copy "docker://$reg_host/app:pushed" "oci:$T/back:one"
	umoci unpack --rootless --image "$T/back:one" "$T/bundle" >&2
	assert_equal "$("$T/bundle/rootfs/bin/run")" amd64
}

@test "what docker 25 saves by an image's ID, ocifp reads as skopeo does" {
	need tar
	serve --compress none
	skopeo_copy "oci:$T/src:one" "docker-archive:$T/d.tar"
	mkdir "$T/saved"
	tar xf "$T/d.tar" -C "$T/saved"
	echo '{"imageLayoutVersion": "1.0.0"}' >"$T/saved/oci-layout"
	local manifests config
	config=$(config_of "docker-archive:$T/d.tar")
	for manifests in null '[]'; do
		echo "{\"schemaVersion\":2,\"manifests\":$manifests}" >"$T/saved/index.json"
		tar cf "$T/saved.tar" -C "$T/saved" .
		assert_equal "$(config_of "docker-archive:$T/saved.tar")" "$config"
		ocifp_run inspect "docker-archive:$T/saved.tar"
		assert_status 0
		push "docker-archive:$T/saved.tar"
		assert_equal "$(config_of --tls-verify=false "docker://$reg_host/app:pushed")" "$config"
	done
	rm "$T/saved/manifest.json"
	tar cf "$T/saved.tar" -C "$T/saved" .
	ocifp_run inspect "docker-archive:$T/saved.tar"
	assert_status 3
}

@test "a message names an archive as its user did" {
	mkimage image "$T/src" one >"$T/digest"
	mkimage image "$T/src" two --layers 3k >&2
	tar cf "$T/o.tar" -C "$T/src" .
	ocifp_run inspect "oci-archive:$T/o.tar"
	assert_status 2
	assert_stderr_has "'oci-archive:$T/o.tar' contains several images"
}

# with_headers: an archive of the layout $T/src behind the members that the lines on stdin describe
with_headers() {
	python3 "$RIG_LIB/mklayer.py" tar "$T/head.tar" < <(cat && echo noend)
	(cat "$T/head.tar" && tar cf - -C "$T/src" .) >"$T/o.tar"
}

@test "headers of an archive are understood as GNU tar does, or refused" {
	mkimage image "$T/src" one >"$T/digest"
	with_headers <<-'TAR'
		dir d pax.size=512
		raw x type=x 'text=18 path=elsewhere\n'
		raw x type=x 'text=11 path=no\n'
		file f text=f pax.mtime=1
	TAR
	tar tf "$T/o.tar" >&2
	ocifp_run digest "oci-archive:$T/o.tar:one"
	assert_status 0
	assert_stdout "$(cat "$T/digest")"
	with_headers <<<"file f size=600 pax.GNU.sparse.realsize=9"
	ocifp_run digest "oci-archive:$T/o.tar:one"
	assert_failed 7
	assert_stderr_has "its sparse map does not fit"
	with_headers <<<'file f at.124=\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff'
	ocifp_run digest "oci-archive:$T/o.tar:one"
	assert_failed 7
	assert_stderr_has 'its size is not a number'
}

@test "a compressed archive is refused with the remedy" {
	serve --compress gzip
	skopeo_copy "oci:$T/src:one" "oci-archive:$T/o.tar:one"
	gzip "$T/o.tar"
	ocifp_run push "oci-archive:$T/o.tar.gz" "$reg_host/app:pushed"
	assert_status 7
	assert_stderr_has gunzip
}
