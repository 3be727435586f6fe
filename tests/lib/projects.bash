# SPDX-License-Identifier: Apache-2.0
# projects.bash - a project whose image is built in no time
#
# make_project [YAML LINE...]: .ocifp.yaml in the working directory with the image "app", for two
# platforms, in $reg_host/app, and ./build.sh that makes it; a line replaces the one with its key.

make_project() {
	local line
	mkdir -p src
	echo 'FROM scratch' >Dockerfile
	echo 'echo hello' >src/run.sh
	{
		printf 'version: 1\nimages:\n  app:\n'
		for line in "repository: $reg_host/app" 'inputs: [Dockerfile, src/]' \
			'platforms: [linux/amd64, linux/arm64]' 'build: ./build.sh'; do
			printf '%s\n' "$@" | grep -q "^${line%%:*}:" || printf '    %s\n' "$line"
		done
		[ $# -eq 0 ] || printf '    %s\n' "$@"
	} >.ocifp.yaml
	[ -e build.sh ] || build_with <<<'layout "$OCIFP_OUTPUT" built'
}

# build_with: the script on stdin becomes ./build.sh.  Every run adds a line to $T/builds, the
# platforms that are asked for, and leaves what it was told in $T/build.env and $T/build.pins.
# `layout DIR TAG [OPTION...]` makes an image for these platforms.
build_with() {
	{
		cat <<-SH
			#!/bin/sh
			set -eu
			echo "\$OCIFP_PLATFORMS" >>"$T/builds"
			env | grep ^OCIFP_ | LC_ALL=C sort >"$T/build.env"
			printf '%s\n' "\$OCIFP_PINS" >"$T/build.pins"
			layout() {
				python3 "$RIG_LIB/mkimage.py" image "\$@" --layers 10k,20k --compress gzip \\
					\$(echo ",\$OCIFP_PLATFORMS" | sed 's/,/ --platform /g')
			}
		SH
		cat
	} >build.sh
	chmod +x build.sh
}

# assert_builds [PLATFORMS...]: these builds have run, in this order.
assert_builds() {
	touch "$T/builds"
	assert_equal "$(cat "$T/builds")" "$(printf '%s\n' "$@" | sed '/^$/d')"
}

# The tag that the project's image has now.
image_tag() {
	ocifp fingerprint "$@" 3>&-
}

# A machine that has nothing yet.
new_store() {
	export OCIFP_STORE=$T/store-$RANDOM$RANDOM
}

# actions EVENT REF COMMAND...: as in a job of GitHub Actions, the default branch being "main".
actions() {
	local event=$1 ref=$2
	shift 2
	echo '{"repository": {"default_branch": "main"}}' >"$T/event.json"
	GITHUB_ACTIONS=true GITHUB_EVENT_NAME=$event GITHUB_REF=$ref GITHUB_EVENT_PATH=$T/event.json \
		GITHUB_OUTPUT=$T/outputs GITHUB_STEP_SUMMARY=$T/summary "$@"
}

# asked NAME: all requests to that docker-registry so far.
asked() {
	sleep 0.1
	registry_requests "$1" '[A-Z]+' /v2/
}

# raw REPOSITORY REFERENCE: the manifest that the registry "reg" has.
raw() {
	curl -sf "http://$reg_host/v2/$1/manifests/$2" -H 'Accept: application/vnd.oci.image.index.v1+json' \
		-H 'Accept: application/vnd.oci.image.manifest.v1+json'
}

digest_of() {
	echo "sha256:$(sha256sum | cut -d ' ' -f 1)"
}

# git_of_its_own: settings of git that are the test's alone, and a name to commit under.
git_of_its_own() {
	export GIT_CONFIG_GLOBAL=$T/gitconfig GIT_CONFIG_NOSYSTEM=1
	git config --global user.name rig
	git config --global user.email rig@localhost
	git config --global init.defaultBranch main
	git config --global protocol.file.allow always
}
