# SPDX-License-Identifier: Apache-2.0
# images.bash - small real images without any network
#
# Made with the tools that people use, where these are the point; mkimage makes everything else.

mkimage() {
	python3 -S "$RIG_LIB/mkimage.py" "$@"
}

# made_image LAYOUT TAG [MKIMAGE OPTION...]: as `mkimage image`.  Tests of one file that want the same image
# in a new layout get copies of one: the same options make the same bytes.
made_image() {
	local options=${*:2} kept
	[ -n "${BATS_RUN_TMPDIR:-}" ] && [ ! -e "$1" ] && [ ${#options} -lt 200 ] || {
		mkimage image "$@"
		return
	}
	kept=$BATS_RUN_TMPDIR/image\ ${options//\//%}
	[ -e "$kept.digest" ] || {
		mkimage image "$kept" "${@:2}" >"$kept.made" && mv "$kept.made" "$kept.digest" || return
	}
	cp -r "$kept" "$1" && echo "$(<"$kept.digest")"
}

# blob_path LAYOUT DIGEST
blob_path() {
	echo "$1/blobs/${2/://}"
}

# umoci_image LAYOUT TAG [ARCHITECTURE]: two layers with a file each.
umoci_image() {
	local layout=$1 tag=$2 architecture=${3:-amd64} source=$T/umoci-source
	need umoci
	mkdir -p "$source" "${layout%/*}"
	[ -d "$layout" ] || umoci init --layout "$layout"
	umoci new --image "$layout:$tag"
	echo "hello from $tag on $architecture" >"$source/hello"
	printf '#!/bin/sh\necho %s\n' "$architecture" >"$source/run"
	chmod 755 "$source/run"
	umoci insert --rootless --image "$layout:$tag" "$source/hello" /hello
	umoci insert --rootless --image "$layout:$tag" "$source/run" /bin/run
	umoci config --image "$layout:$tag" --os linux --architecture "$architecture" \
		--config.cmd /bin/run --config.env "WHERE=$architecture"
} >&2

# umoci_index LAYOUT TAG: linux/amd64 and linux/arm64 under one tag.
umoci_index() {
	umoci_image "$1" "$2-amd64" amd64
	umoci_image "$1" "$2-arm64" arm64
	mkimage index "$1" "$2" "$2-amd64" "$2-arm64"
}

# buildah_index LAYOUT TAG: the same made by buildah, with its own storage below $T.
buildah_index() {
	local architecture container
	need buildah
	mkdir -p "$T/buildah-source" "${1%/*}"
	rig_buildah manifest create "list-$2" >&2
	for architecture in amd64 arm64; do
		echo "built for $architecture" >"$T/buildah-source/hello"
		container=$(rig_buildah from --arch "$architecture" scratch)
		rig_buildah copy -q "$container" "$T/buildah-source" / >&2
		rig_buildah config --arch "$architecture" --env "WHERE=$architecture" "$container"
		rig_buildah commit -q --manifest "list-$2" "$container" >&2
	done
	rig_buildah manifest push --all "list-$2" "oci:$1:$2" >&2
}

rig_buildah() {
	buildah --root "$T/buildah" --runroot "$T/buildah-run" --storage-driver vfs "$@" 2>>"$T/buildah.log"
}

# skopeo_copy ARGUMENT...: between registries of the rig, which speak plain HTTP.  Before 1.5 it does
# not know --preserve-digests: it preserves them where it need not convert, and cannot convert
# attestations.
skopeo_copy() {
	need skopeo
	local argument arguments=() may_convert=
	for argument; do
		if [ "$argument" = --preserve-digests ] && skopeo_is_old; then
			may_convert=yes
		else
			arguments+=("$argument")
		fi
	done
	skopeo --insecure-policy copy --quiet --src-tls-verify=false --dest-tls-verify=false \
		"${arguments[@]}" && return
	[ -z "$may_convert" ] || need skopeo_attestations
	return 1
}

skopeo_is_old() {
	! skopeo copy --help | grep -q -e --preserve-digests
}

# publish REF [MKIMAGE OPTION...]: such an image, of linux/amd64 unless they say another, in a
# registry; sets $digest.
publish() {
	local ref=$1
	shift
	rm -rf "$T/published"
	mkimage image "$T/published" made "$@" >/dev/null
	ocifp_run push "oci:$T/published:made" "$ref"
	assert_status 0
	digest=${stdout#*@}
}
