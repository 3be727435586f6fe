#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The image that this project's own checks can run in, made by contrib/ci-image for real.
# $OCIFP_TEST_CI_PACKAGES: "small" for a compiler and make, "all" for what quickstart installs, with
# which the project itself is built in it, too.  Without it nothing is done: it takes minutes.

load ../lib/rig

setup() {
	[ -n "${OCIFP_TEST_CI_PACKAGES:-}" ] || skip 'it takes minutes; make check-full STEPS=ci_image'
	need debootstrap docker-registry python3 jq curl ocifp
	need root debootstrap
	rig_setup
	start_registry reg
	top=$(cd "$RIG_TESTS/.." && pwd)
	export OCIFP_TEST_LIMIT_S=1700
}

teardown() {
	rig_teardown
}

# The project file and what it names, with a registry of ours, and this machine's platform alone.
take_project() {
	mkdir contrib
	cp -p "$top/contrib/ci-image" "$top/contrib/quickstart" contrib/
	sed -e "s,ghcr.io/\${GITHUB_REPOSITORY}-ci,$reg_host/ocifp-ci," -e '/fallback:/d' \
		-e "s,platforms: .*,platforms: [linux/$(dpkg --print-architecture)]," "$top/.ocifp.yaml" >.ocifp.yaml
	grep -q "$reg_host" .ocifp.yaml
}

choose_packages() {
	[ "$OCIFP_TEST_CI_PACKAGES" = all ] || export CI_PACKAGES='gcc libc6-dev make'
	CI_SUITE=$(. /etc/os-release && echo "$VERSION_CODENAME")
	DEBIAN_MIRROR=$(apt-get indextargets --format '$(REPO_URI)' 'Identifier: Packages' 2>/dev/null | head -n 1)
	export CI_SUITE DEBIAN_MIRROR
}

# job COMMAND...: in the image, with the working directory.
job() {
	ocifp_run run -v .:/app -w /app ci -- "$@"
}

@test "ensure makes the image where it is absent, and a job in it builds with its compiler" {
	take_project
	choose_packages
	ocifp_run ensure --push always --json
	if [ "$status" -eq 11 ]; then
		grep -Eq "^E: (Failed|Couldn't)|Failed getting release" "$T/stderr" &&
			skip "no packages could be fetched: $(grep '^E: ' "$T/stderr" | tail -n 1)"
	fi
	assert_status 0
	assert_json '.built and .pushed'
	local digest
	digest=$(jq -r .digest <<<"$stdout")
	printf '%s\n' '#include <stdio.h>' 'int main(void) { puts("made in the image"); return 0; }' >hello.c
	printf '%s\n' 'hello: hello.c' '	gcc -Wall -o $@ hello.c' >Makefile
	job make
	assert_status 0
	job ./hello
	assert_status 0
	assert_equal "$stdout" 'made in the image'
	job sh -c 'ls -A /var/lib/apt/lists /var/cache/apt /etc/machine-id'
	assert_equal "$stdout" $'/var/cache/apt:\n\n/var/lib/apt/lists:'

	OCIFP_STORE=$T/other ocifp_run ensure --json
	assert_status 0
	assert_json '(.built | not) and .digest == "'"$digest"'"'
	[ "$OCIFP_TEST_CI_PACKAGES" = all ] || return 0
	mkdir tree && (cd "$top" && tar -c --exclude=./build-ci --exclude=./.git .) | tar -xC tree
	job sh -c 'mkdir build && cd tree && autoreconf -fi && cd ../build && ../tree/configure --quiet && make -j2 &&
		./ocifp version'
	assert_status 0
}
