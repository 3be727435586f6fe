#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The objects that --json prints, held against their published JSON Schema.  cat, manifest, blob get,
# completion and runner-hook print none; those of run and shell are their jobs'.

load ../lib/rig

setup() {
	need python3 python3_jsonschema git openssl ocifp
	rig_setup
	git_of_its_own
	schema=$RIG_TESTS/../contrib/ocifp-results.schema.json
	cd "$T" || return
	mkdir results
}

teardown() {
	rig_teardown
}

# result NAME [ARGUMENT...]: what the command NAME prints with --json and these arguments
result() {
	local name=$1
	shift
	# shellcheck disable=SC2086
	ocifp_run --json $name "$@"
	assert_status 0
	made=$((made + 1))
	cp "$T/stdout" "$T/results/${name// /_}.$made"
}

project() {
	mkdir project
	cd project || return
	git init -q
	echo 'FROM scratch' >Dockerfile
	printf '%s\n' 'version: 1' 'images:' '  ci:' "    repository: oci:$T/ci" '    inputs: [Dockerfile]' \
		'    platforms: [linux/amd64]' "    build: cp -R '$T/src' \"\$OCIFP_OUTPUT\"" \
		'caches:' '  files: {paths: [kept], key: [Dockerfile], variant: x}' >.ocifp.yaml
	git add -A
	git commit -qm one
}

# unfitting: prints each result that does not fit its definition, or has a member that it lacks
unfitting() {
	python3 - "$schema" "$T"/results/* <<-'PYTHON'
		import json, os, sys, jsonschema
		schema = json.load(open(sys.argv[1]))
		jsonschema.Draft7Validator.check_schema(schema)

		def close(part):
		    if isinstance(part, dict):
		        if "properties" in part and "required" in part:
		            part.setdefault("additionalProperties", False)
		        for value in part.values():
		            close(value)
		    elif isinstance(part, list):
		        for value in part:
		            close(value)

		close(schema)
		for path in sys.argv[2:]:
		    name = os.path.basename(path).split(".")[0].replace("_", " ")
		    name = "digest result" if name == "digest" else name
		    one = {"$ref": "#/definitions/" + name, "definitions": schema["definitions"]}
		    for error in jsonschema.Draft7Validator(one).iter_errors(json.load(open(path))):
		        print(name, list(error.path), error.message)
	PYTHON
}

@test "what each command prints with --json fits the published schema" {
	local image=oci:$T/lay made=0
	mkimage image src one --platform linux/amd64 --layers 10k >digest
	mkimage image lay one --platform linux/amd64 --layers 10k --annotate a=b >digest
	mkimage image lay arm --platform linux/arm64 --layers 10k >/dev/null
	echo text >file
	project
	cd "$T" || return
	result inspect "$image:one"
	result tags "$image"
	result tags --long "$image"
	result digest "$image:one"
	result tree "$image:one"
	result exists --platform linux/amd64 "$image:one"
	result pull --platform linux/amd64 "$image:one"
	result unpack --platform linux/amd64 "$image:one" root
	result export -o tar --platform linux/amd64 "$image:one"
	result push "$image:one" oci:to:one
	result push --artifact file oci:to:file
	result attach --type application/x-report "$image:one" file
	result referrers "$image:one"
	result copy "$image:one" oci:to:two
	result copy --all-tags "$image" oci:many
	result copy --all-tags --dry-run --missing "$image" oci:more
	result tag "$image:one" three
	result rm --dry-run "$image:three"
	result rm "$image@$(ocifp digest "$image:three")"
	result 'index create' "$image:all" oci:to:one "$image:arm"
	result 'index ls' "$image:all"
	result append -o oci:new:one root
	result mutate --label a=b -o oci:new:two "$image:arm"
	result rebase --old-base "$image:arm" --new-base "$image:arm" -o oci:new:three "$image:arm"
	result flatten -o oci:new:four "$image:arm"
	result 'blob put' file oci:to
	result 'blob head' "oci:to@sha256:$(sha256sum <file | cut -d ' ' -f 1)"
	result 'store ls'
	result 'store fsck'
	result 'store gc'
	ocifp pull --platform linux/arm64 "$image:arm"
	result 'store rm' "$image:arm"
	result doctor --offline
	result version
	result help
	result help --list
	result 'auth explain' ghcr.io
	cd project || return
	result fingerprint
	result fingerprint --explain
	cd .. || return
	ocifp_run digest --json "$image:none"
	assert_status 3
	cp "$T/stdout" results/error.0
	assert_equal "$(unfitting)" ''
}

@test "what project commands print with --json fits it too" {
	local made=0
	mkimage image src one --platform linux/amd64 --layers 10k >digest
	openssl genpkey -algorithm ed25519 -out key 2>/dev/null
	openssl pkey -in key -pubout -out key.pub
	project
	result ensure --push always --platform-tag
	result ensure --push always
	result ensure --all --push always
	result ensure --dry-run
	echo changed >>Dockerfile
	result why --against git:HEAD
	git checkout -q Dockerfile
	result lock
	result lock --check
	result sign --key "$T/key"
	result verify --key "$T/key.pub"
	result 'index join'
	result prune --keep-newest 1 "oci:$T/ci"
	mkdir kept && echo text >kept/file
	result 'cache save' --repository "oci:$T/cache" --push always
	result 'cache save' --repository "oci:$T/cache" --push always
	result 'cache save' --repository "oci:$T/cache" --push never
	result 'cache key' --repository "oci:$T/cache"
	result 'cache why' --repository "oci:$T/cache"
	result 'cache ls' --repository "oci:$T/cache"
	result 'cache export' --repository "oci:$T/cache" -o "$T/cache.tar" files
	result 'cache prune' --repository "oci:$T/cache"
	rm -rf kept
	result 'cache restore' --repository "oci:$T/cache"
	result 'cache restore' --repository "oci:$T/nothing"
	assert_equal "$(unfitting)" ''
}

@test "and what index add and rm, login, logout and init print" {
	need python3
	local made=0 image=oci:$T/lay
	start_faults reg
	mkimage image lay one --platform linux/amd64 --layers 10k >/dev/null
	mkimage image lay arm --platform linux/arm64 --layers 10k >/dev/null
	ocifp index create "$image:all" "$image:one"
	result 'index add' "$image:all" "$image:arm"
	result 'index rm' "$image:all" linux/arm64
	rules reg <<-'JSON'
		{"path": "^/v2/", "header": {"authorization": ""}, "action": {"status": 401, "headers": {"WWW-Authenticate": "Basic realm=\"rig\""}}}
	JSON
	result login --username me --password-stdin "$reg_host" <<<secret
	result logout "$reg_host"
	mkdir fresh
	cd fresh || return
	git init -q
	git remote add origin https://github.com/owner/name.git
	echo 'FROM scratch' >Dockerfile
	result init
	assert_equal "$(unfitting)" ''
}

@test "every definition is held against a result" {
	need jq
	local name
	while IFS= read -r name; do
		case $name in
		descriptor | digest | finding) ;;
		*) grep -qE "^	result '?${name% result}'?( |\$)" "$BATS_TEST_FILENAME" || fail "no result of $name" ;;
		esac
	done < <(jq -r '.definitions | keys[]' "$schema" | grep -v '^error$')
}

@test "every command that prints an object has a definition" {
	need jq
	local name
	while IFS= read -r name; do
		case $name in
		cat | completion | manifest | 'blob get' | 'runner-hook'* | run | shell) continue ;;
		digest) name='digest result' ;;
		esac
		jq -e --arg name "$name" '.definitions | has($name)' "$schema" >/dev/null || fail "no definition of $name"
	done < <(ocifp help --list --json | jq -r '.commands[]')
}
