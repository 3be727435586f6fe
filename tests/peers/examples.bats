#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
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

# examples PAGE: the lines of its section, with what the machine of the test has; "sha256:..." is
# $some_digest.
examples() {
	sed -n '/^\.Sh EXAMPLES/,/^\.Sh SEE/p' "$RIG_TESTS/../man/$1" |
		sed -e ':more' -e '/\\$/{N;s/\\\n//;bmore' -e '}' |
		sed -n -e 's/^\.Dl //p' -e '/^\.Bd/,/^\.Ed/{/^\./d;p;}' |
		sed -e "s/sha256:\.\.\./${some_digest:-}/" -e "s|registry\.example|${mirror_host:-}|" \
			-e "s|backup\.example|${mirror_host:-}/backup|" -e "s|docker\.io|$reg_host|" -e 's/^build: //' \
			-e "s|/mnt/caches|$T/caches|" |
		sed -e 's/\\(dq/"/g' -e "s|ghcr\.io|$reg_host|g" -e 's/--username me/--username tester/' \
			-e "s/0b8e93c1a2d4/$(image_tag ci)/" -e "s|owner/app-ci:[0-9a-f]*|owner/app-ci:$(image_tag ci)|" \
			-e 's/| docker load/| tar -t/'
}

try_page() {
	local line tried=0
	while IFS= read -r line; do
		tried=$((tried + 1))
		[ ! -e ci.key ] || SIGNING_KEY=$(cat ci.key)
		SIGNING_KEY=${SIGNING_KEY:-} bash -e -o pipefail -c "$line" >"$T/stdout" 2>"$T/stderr" 3>&- ||
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
	git init -q . && git config user.email rig@localhost && git config user.name rig
	git add -A && git commit -qm all && git commit -qm again --allow-empty
	mkimage image out v1 --platform linux/amd64 --platform linux/arm64 --layers 10k >/dev/null
	export TOKEN=s3cret
	try_page ocifp-login.1
	ocifp push oci:out:v1 "$reg_host/owner/name:1.2" 3>&-
	ocifp ensure --push always 3>&-
	for page in ocifp ocifp-auth ocifp-completion ocifp-digest ocifp-doctor ocifp-ensure \
		ocifp-exists ocifp-fingerprint ocifp-help ocifp-inspect ocifp-manifest ocifp-pull \
		ocifp-push ocifp-tags ocifp-tree ocifp-why ocifp-store ocifp-logout; do
		try_page "$page.1"
	done
	mkdir project && echo 'FROM scratch' >project/Dockerfile
	git -C project init -q && git -C project remote add origin https://github.com/owner/name.git
	try_page ocifp-init.1
	[ -e project/.ocifp.yaml ]
}

# push_image REF: with something to run, for two platforms.
push_image() {
	mkimage image made "${1##*:}" --platform linux/amd64 --platform linux/arm64 --layers 10k --compress gzip \
		--annotate "for=$1" >/dev/null
	ocifp push "oci:made:${1##*:}" "$1" 3>&-
}

@test "each works as it stands there: copies, changes, signatures, deletions" {
	local tag some_digest
	start_registry mirror
	git init -q . && git config user.email rig@localhost && git config user.name rig
	make_project "repository: $reg_host/owner/app-ci" 'signed_by: [ci.pub]' \
		"pin: [\"$reg_host/library/debian:bookworm-slim\"]"
	sed -i 's/^  app:/  ci:/' .ocifp.yaml
	ocifp login --username tester --password-stdin "$reg_host" <<<s3cret 3>&-
	for tag in name:1.2 name:1.2-amd64 name:1.2-arm64 name:1.2.3 base:1 base:2 app:rc; do
		push_image "$reg_host/owner/$tag"
	done
	push_image "$reg_host/library/debian:bookworm-slim"
	try_page ocifp-lock.1
	git add -A && git commit -qm all
	ocifp ensure --push always 3>&-
	OCIFP_PUSH=always try_page ocifp-index.1
	mkdir -p dist root && echo hello >dist/run && echo '{}' >sbom.json
	printf 'install:\n\tmkdir -p $(DESTDIR)/bin\n' >Makefile
	OCIFP_OUTPUT=$T/built try_page ocifp-append.1
	ocifp inspect "oci:$T/built" >/dev/null 3>&-
	try_page ocifp-mutate.1
	try_page ocifp-rebase.1
	try_page ocifp-flatten.1
	mkdir target && touch Cargo.lock && echo built >target/object
	try_page ocifp-cache.1
	try_page ocifp-copy.1
	try_page ocifp-tag.1
	try_page ocifp-attach.1
	try_page ocifp-referrers.1
	grep -q spdx "$T/stdout"
	try_page ocifp-sign.1
	cp ci.pub cosign.pub
	ocifp sign --key ci.key "$reg_host/owner/name:1.2" 3>&-
	try_page ocifp-verify.1
	try_page ocifp-unpack.1
	some_digest=$(ocifp manifest --platform linux/amd64 "$reg_host/owner/name:1.2" 3>&- | jq -r '.layers[0].digest')
	try_page ocifp-blob.1
	some_digest=$(ocifp digest "$reg_host/owner/name:1.2.3" 3>&-)
	try_page ocifp-rm.1
	mkdir -p tree/usr/share/doc/pkg && echo '{"name": "pkg"}' >tree/usr/share/doc/pkg/sbom.json
	ocifp push rootfs:tree "$reg_host/owner/name:1.2" 3>&-
	try_page ocifp-cat.1
	try_page ocifp-export.1
	git add -A && git commit -qm more
	try_page ocifp-prune.1
}

@test "no page's examples are passed over" {
	local page
	for page in "$RIG_TESTS"/../man/ocifp*.1; do
		grep -q '^\.Dl' "$page" || continue
		page=$(basename "$page" .1)
		# Jobs have tests of their own.
		[[ $page == ocifp-@(run|shell|runner-hook) ]] || grep -Eq "[[:space:]]$page(\.1|[ ;]|\$)" "${BASH_SOURCE[0]}" || fail "$page"
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
