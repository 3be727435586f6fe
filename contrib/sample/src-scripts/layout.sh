#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Usage: layout.sh DIRECTORY PLATFORM[,PLATFORM...]
#
# Assembles an OCI image layout of rootfs/ARCHITECTURE.tar.gz: per platform a layer, a config and a
# manifest; one index over them.  No tool but those of every system.
set -eu
cd "$(dirname "$0")/.."
output=$1

sha256_of() {
	sha256sum "$1" | cut -d ' ' -f 1
}

# add_blob FILE MEDIA-TYPE [MEMBER]: the file moves into the layout; prints its descriptor
add_blob() {
	size=$(wc -c <"$1" | tr -d ' ')
	sha256=$(sha256_of "$1")
	mv "$1" "$output/blobs/sha256/$sha256"
	printf '{"mediaType":"application/vnd.oci.image.%s","digest":"sha256:%s","size":%s%s}' \
		"$2" "$sha256" "$size" "${3:-}"
}

# from_dockerfile INSTRUCTION: its argument
from_dockerfile() {
	sed -n "s/^$1 //p" Dockerfile
}

write_config() {
	printf '{"created":"1970-01-01T00:00:00Z","architecture":"%s","os":"linux",' "$1"
	printf '"config":{"Env":["%s"],"Cmd":%s},' "$(from_dockerfile ENV)" "$(from_dockerfile CMD)"
	printf '"rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' "$(sha256_of "rootfs/$1.tar")"
}

write_manifest() {
	layer=$(add_blob "rootfs/$1.tar.gz" layer.v1.tar+gzip)
	write_config "$1" >"$output/config"
	config=$(add_blob "$output/config" config.v1+json)
	printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",'
	printf '"config":%s,"layers":[%s]}' "$config" "$layer"
}

write_index() {
	printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json",'
	printf '"manifests":[%s]}' "$1"
}

manifests=
mkdir -p "$output/blobs/sha256"
for platform in $(echo "$2" | tr ',' ' '); do
	architecture=${platform#linux/}
	write_manifest "$architecture" >"$output/manifest"
	manifest=$(add_blob "$output/manifest" manifest.v1+json \
		",\"platform\":{\"architecture\":\"$architecture\",\"os\":\"linux\"}")
	manifests="$manifests${manifests:+,}$manifest"
done
write_index "$manifests" >"$output/index"
write_index "$(add_blob "$output/index" index.v1+json)" >"$output/index.json"
printf '{"imageLayoutVersion":"1.0.0"}' >"$output/oci-layout"
