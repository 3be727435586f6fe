# SPDX-License-Identifier: Apache-2.0
# layers.bash - what is in an image that was made: its documents and its layers' tars

# manifest_of LAYOUT TAG, config_of LAYOUT TAG: the document, of an image that is no index
manifest_of() {
	cat "$(blob_path "$1" "$(jq -r --arg tag "$2" \
		'.manifests[] | select(.annotations["org.opencontainers.image.ref.name"] == $tag)
		.digest' "$1/index.json")")"
}

config_of() {
	cat "$(blob_path "$1" "$(manifest_of "$1" "$2" | jq -r .config.digest)")"
}

# layer_tar LAYOUT TAG NUMBER: the tar of a layer, uncompressed
layer_tar() {
	local blob
	blob=$(blob_path "$1" "$(manifest_of "$1" "$2" | jq -r ".layers[$3].digest")")
	case $(head -c 2 "$blob" | od -An -tx1) in
	' 1f 8b') gzip -dc "$blob" ;;
	' 28 b5') zstd -qdc "$blob" ;;
	*) cat "$blob" ;;
	esac
}

# layer_names LAYOUT TAG NUMBER
layer_names() {
	layer_tar "$@" | tar -t
}

# make_tree DIRECTORY: files, links and modes, in an order that differs each time
make_tree() {
	local name
	mkdir -p "$1/bin" "$1/etc/app" "$1/var"
	for name in $(seq 20 | shuf); do echo "$name" >"$1/etc/app/$name"; done
	printf '#!/bin/sh\necho hello\n' >"$1/bin/hello"
	ln -s hello "$1/bin/hi"
	ln "$1/bin/hello" "$1/bin/again"
	find "$1" -type d -exec chmod 755 {} +
	find "$1" -type f -exec chmod 644 {} +
	chmod 755 "$1/bin/hello"
	chmod 1777 "$1/var"
}
