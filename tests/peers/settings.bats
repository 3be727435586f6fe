#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The user's and the machine's settings, ocifp-config(5): what they give, and in which order

load ../lib/rig

setup() {
	rig_setup
	export XDG_CONFIG_HOME=$T/config
	mkdir -p "$XDG_CONFIG_HOME/ocifp" "$T/desk"
	cd "$T/desk" || return
}

teardown() {
	rig_teardown
}

# settings [LINE...]: of the user
settings() {
	printf '%s\n' "$@" >"$XDG_CONFIG_HOME/ocifp/config.yaml"
}

# with_machine COMMAND...: the machine's settings are those on stdin
with_machine() {
	mkdir -p "$T/etc/ocifp" && cp -a /etc/. "$T/etc/"
	cat >"$T/etc/ocifp/config.yaml"
	split_run unshare -m sh -ec 'mount --bind "$1" /etc; shift; exec "$@"' sh "$T/etc" "$@"
}

# serve_app: the image one in "app" of a registry
serve_app() {
	need python3
	start_registry reg
	python3 "$RIG_LIB/mkimage.py" image "$T/lay" one --layers 10k,20k --platform linux/amd64 --platform linux/arm64
	split_run ocifp copy "oci:$T/lay:one" "$reg_host/app:one"
	assert_status 0
}

# 127.0.0.1:1: nobody answers there
origin=127.0.0.1:1

@test "a mirror that may resolve is asked for tags where the registry cannot be reached" {
	serve_app
	settings "mirrors: {\"$origin\": [{url: \"http://$reg_host\", resolve: true}]}"
	ocifp_run pull "$origin/app:one"
	assert_status 0
	ocifp_run exists --print "$origin/app:one"
	assert_stdout present
	ocifp_run exists "$origin/app:none"
	assert_failed 5
	settings "mirrors: {\"$origin\": [\"http://$reg_host\"]}"
	ocifp_run exists "$origin/app:one"
	assert_failed 5
}

@test "a tag that is set is compared with the registry's, whatever a mirror says of it" {
	serve_app
	start_registry old
	python3 "$RIG_LIB/mkimage.py" image "$T/lay" two --layers 30k >/dev/null
	local before
	before=$(ocifp digest "$reg_host/app:one")
	split_run ocifp copy "oci:$T/lay:two" "$old_host/app:one"
	assert_status 0
	settings "mirrors: {\"$reg_host\": [{url: \"http://$old_host\", resolve: true}]}"
	ocifp_run push --no-clobber "oci:$T/lay:two" "$reg_host/app:one"
	assert_failed 9
	rm "$XDG_CONFIG_HOME/ocifp/config.yaml"
	assert_equal "$(ocifp digest "$reg_host/app:one")" "$before"
}

@test "the store is that of the option, the environment, the user, the machine" {
	need mounts
	local list=(env -u OCIFP_STORE ocifp store ls --json)
	settings "store: $T/of-user"
	with_machine "${list[@]}" <<<"store: $T/of-machine"
	assert_equal "$(jq -r .path "$T/stdout")" "$T/of-user"
	OCIFP_STORE=$T/of-variable split_run ocifp store ls --json
	assert_equal "$(jq -r .path "$T/stdout")" "$T/of-variable"
	split_run "${list[@]}" --store "$T/of-option"
	assert_equal "$(jq -r .path "$T/stdout")" "$T/of-option"
	rm "$XDG_CONFIG_HOME/ocifp/config.yaml"
	with_machine "${list[@]}" <<<"store: $T/of-machine"
	assert_equal "$(jq -r .path "$T/stdout")" "$T/of-machine"
}

@test "doctor tells each setting with its file and line, and the machine may ignore the project's mirrors" {
	need mounts
	printf '%s\n' 'version: 1' 'images: {app: {repository: localhost:1/app, inputs: [.ocifp.yaml]}}' \
		'mirrors: {ghcr.io: [https://of-project.example]}' >.ocifp.yaml
	settings '# mine' 'plain_http: [a.example, "b.example:5000"]'
	with_machine env -u OCIFP_STORE ocifp doctor --offline <<<$'mirrors:\n  ghcr.io: [https://of-machine.example]\nproject_mirrors: false'
	assert_status 0
	local file=$XDG_CONFIG_HOME/ocifp/config.yaml
	sed -n '/^settings:/,/^$/p' "$T/stdout" >"$T/told"
	assert_equal "$(tr -s ' ' <"$T/told")" "$(printf '%s\n' settings: \
		" mirrors note ghcr.io at https://of-project.example, from $T/desk/.ocifp.yaml:3" \
		" plain_http ok a.example, from $file:2" " plain_http ok b.example:5000, from $file:2" \
		' mirrors ok ghcr.io at https://of-machine.example, from /etc/ocifp/config.yaml:2' \
		' project_mirrors ok false, from /etc/ocifp/config.yaml:3')"
}

@test "a file that others may write to is not used, and that is said" {
	need mounts
	settings "store: $T/of-user"
	chmod 666 "$XDG_CONFIG_HOME/ocifp/config.yaml"
	ocifp_run store ls --json
	assert_status 0
	assert_stderr_has "'$XDG_CONFIG_HOME/ocifp/config.yaml' is not used: it must be a regular file that belongs to you, and no other user may write to it"
	assert_equal "$(jq -r .path "$T/stdout")" "$OCIFP_STORE"
	rm "$XDG_CONFIG_HOME/ocifp/config.yaml"
	mkdir -p "$T/etc/ocifp" && install -o 1000 /dev/null "$T/etc/ocifp/config.yaml"
	with_machine env -u OCIFP_STORE ocifp store ls --json <<<"store: $T/of-machine"
	assert_stderr_has 'it must be a regular file that belongs to root, and no other user may write to it'
	assert_equal "$(jq -r .path "$T/stdout")" "$HOME/.local/share/ocifp"
}

@test "a mistake is told with its line" {
	settings 'store: here'
	ocifp_run store ls
	assert_failed 2
	assert_stderr_has "config.yaml:1:8: invalid 'store': expected an absolute path, or one in '~/'"
	settings 'x-mine: 1' 'tls: a'
	ocifp_run store ls
	assert_failed 2
	assert_stderr_has "config.yaml:2:1: unknown key 'tls' in the settings; known keys: .*; a newer ocifp may know it"
}
