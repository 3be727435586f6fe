#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The JSON Schema of the project file, for editors

load ../lib/rig

setup() {
	need ocifp
	rig_setup
	schema=$RIG_TESTS/../contrib/ocifp.schema.json
}

teardown() {
	rig_teardown
}

# accepted FILE...: prints each that the schema takes
accepted() {
	python3 - "$schema" "$@" <<-'PYTHON'
		import json, sys, yaml, jsonschema
		schema = json.load(open(sys.argv[1]))
		jsonschema.Draft7Validator.check_schema(schema)
		validator = jsonschema.Draft7Validator(schema)
		for name in sys.argv[2:]:
		    try:
		        document = yaml.safe_load(open(name))
		    except (yaml.YAMLError, ValueError):
		        continue
		    if validator.is_valid(document):
		        print(name)
	PYTHON
}

@test "the published schema is what the program says" {
	ocifp_run help schema
	assert_status 0
	assert_same_file "$T/stdout" "$schema"
}

@test "it takes every project file that ocifp takes" {
	need python3 python3_yaml python3_jsonschema
	local files=("$RIG_TESTS"/data/project/valid*.yaml "$RIG_TESTS/../.ocifp.yaml")
	[ "${#files[@]}" -gt 10 ]
	assert_equal "$(accepted "${files[@]}")" "$(printf '%s\n' "${files[@]}")"
}

@test "it refuses an unknown key, another kind of value and a missing version" {
	need python3 python3_yaml python3_jsonschema
	local number=0 text
	while read -r text; do
		number=$((number + 1))
		printf '%b\n' "$text" >"$T/$number.yaml"
	done <<-'LINES'
		images: {}
		version: 2\nimages: {}
		version: 1\nimage: {}
		version: 1\nimages: {ci: {input: [a]}}
		version: 1\nimages: {ci: {inputs: a}}
		version: 1\nimages: {Ci: {inputs: [a]}}
		version: 1\nimages: {ci: {length: 70}}
		version: 1\nimages: {ci: {tracked: perhaps}}
		version: 1\nimages: {ci: {scheme: other}}
		version: 1\nimages: {ci: {require: [notary]}}
		version: 1\nimages: {ci: {require: [{}]}}
		version: 1\nimages: {ci: {require: [{keyless: {issuer: a}}]}}
		version: 1\nmirrors: {ghcr.io: https://m.example}
		version: 1\ncaches: {target: {executables: sometimes}}
		version: 1\nrun: {volume: [a]}
	LINES
	assert_equal "$(accepted "$T"/*.yaml)" ''
	printf '%s\n' 'version: 1' 'x-other: {a: b}' 'images: {ci: {inputs: [a], args: {V: 1.9}, x-mine: 1}}' >"$T/good.yaml"
	assert_equal "$(accepted "$T/good.yaml")" "$T/good.yaml"
	printf '%s\n' 'version: 1' 'images: {ci: {trusted_root: a, require: [signature, {attestation: t},' \
		'{keyless: {issuer: i, subject: s, log: false}, attestation: t}]}}' >"$T/good.yaml"
	assert_equal "$(accepted "$T/good.yaml")" "$T/good.yaml"
}
