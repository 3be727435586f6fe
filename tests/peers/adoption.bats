#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A project adopts ocifp, from the first minute to every day: two images, two platforms, a registry, two hosts.

load ../lib/rig
load ../lib/projects

# What the project had before: a Dockerfile with two stages, scripts, a hash in a workflow; and, in the
# place of docker buildx, a builder that needs no network.
setup() {
	need git python3 jq curl openssl engine
	rig_setup
	start_registry reg
	mkdir -p "$T/project/.github/workflows" "$T/project/src" && cd "$T/project" || return
	busybox_root "$T/project/rootfs"
	printf '%s\n' 'FROM scratch AS base' 'COPY rootfs /' 'WORKDIR /app' 'FROM base AS ci' 'COPY tools.sh /bin/tools' >Dockerfile
	printf '#!/bin/sh\necho tools\n' >tools.sh && chmod +x tools.sh
	printf 'test:\n\ttools\n\t@cat src/main\n' >Makefile
	printf '%s\n' '  target: base' '  target: ci' '  platforms: linux/amd64,linux/arm64' '  HASH=$(cat x | openssl dgst -sha256)' \
		>.github/workflows/base-image.yml
	echo sources >src/main
	git init -qb main . && git config user.email rig@example && git config user.name rig
	git init -q --bare "$T/origin.git" && git remote add origin "$T/origin.git"
	export GITHUB_REPOSITORY=owner/project
}

teardown() {
	rig_teardown
}

# adopt: what a person changes in the proposal, here
adopt() {
	ocifp_run init
	assert_status 0
	sed -i -e "s|ghcr.io/|$reg_host/|" -e 's/^    # tags:/    tags:/' .ocifp.yaml
	python3 - <<-'PY'
		import re
		text = open(".ocifp.yaml").read()
		base = 'ocifp append --platform "$OCIFP_PLATFORMS" -o "oci:$OCIFP_OUTPUT" rootfs'
		ci = 'mkdir -p out/bin && cp tools.sh out/bin/tools && ocifp append --base "$OCIFP_NEEDS_BASE" --workdir /app -o "oci:$OCIFP_OUTPUT" out'
		parts = re.split(r"build: >-\n.*\n.*\n", text)
		text = parts[0] + "build: " + base + "\n" + parts[1] + "needs: [base]\n    build: " + ci + "\n" + parts[2]
		open(".ocifp.yaml", "w").write(text)
	PY
	echo out >.gitignore
}

# host NAME COMMAND...: another machine with a checkout of its own
host() {
	local name=$1
	shift
	[ -d "$T/$name" ] || git clone -qb main "$T/origin.git" "$T/$name"
	cd "$T/$name" || return
	OCIFP_STORE=$T/$name.store split_run "$@"
}

push_main() {
	git add -A && git commit -qm "$1" && git push -q origin main 2>/dev/null
	GITHUB_SHA=$(git rev-parse HEAD) actions push refs/heads/main split_run ocifp ensure --all
	assert_status 0
}

@test "adopt, build, edit, run without a push, push, a second host, offline" {
	# The first minute: a proposal that every command reads.
	adopt
	ocifp_run fingerprint --explain ci
	assert_status 0
	grep -q ' tools.sh$' "$T/stdout" || fail 'tools.sh is no input' "$told"
	ocifp_run exists ci
	assert_failed 3

	# The local loop: built here, run with no option, not pushed.
	ocifp_run ensure
	assert_status 0
	assert_stderr_has 'not pushed: outside the CI systems that ocifp knows .use --push always.'
	ocifp_run run -- sh -c 'pwd; tools; cat src/main; touch made'
	assert_stdout "$(printf '%s\n' /app tools sources)"
	assert_equal "$(stat -c %u made)" "$(id -u)"
	rm made
	printf '#!/bin/sh\necho better tools\n' >tools.sh
	ocifp_run run -- tools
	assert_failed 125
	assert_stderr_has "'ocifp ensure ci' builds it"
	ocifp_run ensure
	ocifp_run run -- tools
	assert_stdout 'better tools'
	ocifp_run exists ci
	assert_failed 3

	# CI on main: both images for both platforms, latest on them.
	push_main adopt
	assert_equal "$(raw owner/project-ci latest | jq -r '[.manifests[].platform | select(.os == "linux") | .architecture] | join(" ")')" \
		'amd64 arm64'
	local first
	first=$(raw owner/project-ci latest | digest_of)

	# A second host builds nothing.
	host second ocifp ensure ci
	assert_status 0
	assert_stderr_has 'is present; nothing to build'
	host second ocifp run -- tools
	assert_stdout 'better tools'

	# Only sources change: no image does.
	cd "$T/project" || return
	echo more >>src/main
	push_main sources
	assert_stderr_has 'project-ci:[0-9a-f]+ is present; nothing to build'
	assert_equal "$(raw owner/project-ci latest | digest_of)" "$first"

	# The base changes, and ci with it; why says so.
	echo 1 >rootfs/etc/release
	ocifp_run why ci --against latest
	assert_status 0
	grep -q 'changed needs base' "$T/stdout" || fail 'why does not name base' "$told"
	push_main base
	[ "$(raw owner/project-ci latest | digest_of)" != "$first" ] || fail 'latest stayed'

	# What the second host has, it has offline.
	stop reg
	host second ocifp run --offline -- sh -c 'tools; cat src/main'
	assert_stdout "$(printf '%s\n' 'better tools' sources)"
	host second ocifp exists ci
	assert_failed 5
}
