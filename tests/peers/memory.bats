#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Memory does not grow with the image.  $OCIFP_TEST_PULL_MIB: how large it is (512).

load ../lib/rig

setup() {
	need python3 jq ocifp no_sanitizers
	rig_setup
	start_faults reg
}

teardown() {
	rig_teardown
}

# assert_peak_mib MOST COMMAND...: of its resident memory
assert_peak_mib() {
	split_run python3 - "${@:2}" <<-'PYTHON'
		import resource, subprocess, sys
		status = subprocess.run(sys.argv[1:]).returncode
		print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)
		sys.exit(status)
	PYTHON
	assert_status 0
	local peak
	peak=$(tail -n 1 "$T/stdout")
	[ "$peak" -lt "$1" ] || fail "$peak MiB, not below $1" "$told"
}

# large_image MIB: app:one in four layers
large_image() {
	local layer=$(($1 / 4))M
	need disk_space
	serve_image --layers "$layer,$layer,$layer,$layer"
}

@test "a large pull stays below 32 MiB" {
	large_image "${OCIFP_TEST_PULL_MIB:-512}"
	assert_peak_mib 32 ocifp pull "${on[@]}" "$ref"
	assert_stored "$digest" "${layers[@]}"
}

@test "archives and pushes stay below 32 MiB" {
	large_image 96
	local kind
	for kind in oci-archive docker-archive; do
		assert_peak_mib 32 ocifp pull "${on[@]}" -o "$kind:$T/out.tar" "$ref"
		assert_peak_mib 32 ocifp push "$kind:$T/out.tar" "$reg_host/$kind:one"
	done
	ocifp_run pull "${on[@]}" "$ref"
	assert_status 0
	assert_peak_mib 32 ocifp push "$ref" "$reg_host/copy:one"
	assert_same_file "$(blob_path "$OCIFP_STORE" "${layers[0]}")" "$(blob_path "$T/reg.root/copy" "${layers[0]}")"
}
