#!/usr/bin/env bats
# The examples of the manual, as they stand there, against a registry that stands in for ghcr.io.

load ../lib/rig

setup() {
	need python3 jq docker-registry htpasswd openssl ocifp
	rig_setup
	start_registry reg htpasswd
}

teardown() {
	rig_teardown
}

# examples PAGE: the lines of its section, with what the machine of the test has
examples() {
	sed -n '/^\.Sh EXAMPLES/,/^\.Sh SEE/s/^\.Dl //p' "$RIG_TESTS/../man/$1" |
		sed -e 's/\\(dq/"/g' -e "s|ghcr\.io|$reg_host|g" -e 's/--username me/--username tester/' \
			-e "s/0b8e93c1a2d4/$(image_tag ci)/" -e "s|owner/app-ci:[0-9a-f]*|owner/app-ci:$(image_tag ci)|" \
			-e 's/| docker load/| tar -t/'
}

try_page() {
	local line tried=0
	while IFS= read -r line; do
		tried=$((tried + 1))
		bash -e -o pipefail -c "$line" >"$T/stdout" 2>"$T/stderr" 3>&- ||
			fail "$1: $line" "$(cat "$T/stderr")"
	done < <(examples "$1")
	[ "$tried" -gt 0 ] || fail "$1 has no examples"
}

@test "each works as it stands there" {
	local page
	mkdir -p src-scripts "$HOME/.zsh/completions"
	echo 'echo hello' >src-scripts/run.sh
	make_project "repository: $reg_host/owner/app-ci" 'inputs: [Dockerfile, src-scripts/]'
	sed -i 's/^  app:/  ci:/' .ocifp.yaml
	mkimage image out v1 --platform linux/amd64 --platform linux/arm64 --layers 10k >/dev/null
	export TOKEN=s3cret
	try_page ocifp-login.1
	ocifp push oci:out:v1 "$reg_host/owner/name:1.2" 3>&-
	ocifp ensure --push always 3>&-
	for page in ocifp ocifp-auth ocifp-completion ocifp-digest ocifp-ensure ocifp-exists \
		ocifp-fingerprint ocifp-inspect ocifp-manifest ocifp-pull ocifp-push ocifp-tags \
		ocifp-tree ocifp-why ocifp-store ocifp-logout; do
		try_page "$page.1"
	done
}

@test "the project file of ocifp.yaml(5) is read as it stands there" {
	sed -n '/^\.Sh EXAMPLES/,/^\.Sh SEE/p' "$RIG_TESTS/../man/ocifp.yaml.5" |
		sed -n '/^\.Bd/,/^\.Ed/{/^\./d;p}' >.ocifp.yaml
	mkdir src-scripts
	touch Dockerfile Makefile rust-toolchain.toml src-scripts/run.sh
	jq -n --arg digest "sha256:$(printf %064d 1)" \
		'{version: 1, pins: {"docker.io/library/debian:bookworm-slim": $digest}, images: {}}' >.ocifp.lock
	GITHUB_REPOSITORY=Owner/App ocifp_run fingerprint --explain
	assert_status 0
	[[ $stdout == *"needs base tree "* ]] || fail "$told"
}
