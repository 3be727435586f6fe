#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The static binary of contrib/release/build, which $OCIFP_BINARY names: on hosts that have nothing.
# `make check-binary OCIFP_BINARY=FILE` tries it with the rest of the suite too.

load ../lib/rig

setup() {
	[ -n "${OCIFP_BINARY:-}" ] || skip "OCIFP_BINARY does not name a static binary: contrib/release/build makes one"
	need root mounts netns python3 ocifp
	rig_setup
	root=$T/root
	mkdir -p "$root/bin" "$root/home/content" "$root/tmp"
	cp "$OCIFP_BINARY" "$root/bin/ocifp"
	echo hello >"$root/home/content/hello"
}

teardown() {
	rig_teardown
}

# inside WORD...: the binary in its root, where there is no /proc, no /dev, no library and no file but it
inside() {
	split_run env -i PATH="$PATH" HOME=/home "${variables[@]}" chroot "$root" /bin/ocifp "$@"
}

@test "in an empty root, without /proc and /dev, layers are made and unpacked" {
	variables=()
	inside append --platform linux/amd64 -o oci:/home/lay:x /home/content
	assert_status 0
	inside unpack oci:/home/lay:x /home/tree
	assert_status 0
	assert_same_file "$root/home/content/hello" "$root/home/tree/hello"
}

@test "as process 1, the helper is started and waited for" {
	variables=()
	inside append --platform linux/amd64 -o oci:/home/lay:x /home/content
	split_run env -i PATH="$PATH" HOME=/home unshare --pid --fork chroot "$root" /bin/ocifp unpack oci:/home/lay:x /home/tree
	assert_status 0
	assert_same_file "$root/home/content/hello" "$root/home/tree/hello"
}

@test "a file that is replaced while it runs does not become the helper" {
	(cd "$root/home" && "$OCIFP_BINARY" append --platform linux/amd64 -o oci:lay:x content)
	cp "$OCIFP_BINARY" "$T/ocifp"
	mkfifo "$T/tar"
	(cd "$T" && exec ./ocifp append --platform linux/amd64 -o "oci:$T/made:x" - <"$T/tar") &
	exec 4>"$T/tar"
	rm "$T/ocifp"
	printf '#!/bin/sh\nexit 1\n' >"$T/ocifp"
	tar -C "$root/home" -c content >&4
	exec 4>&-
	wait
	split_run "$OCIFP_BINARY" unpack "oci:$T/made:x" "$T/tree"
	assert_status 0
	assert_same_file "$root/home/content/hello" "$T/tree/content/hello"
}

@test "it is no helper by its name, in a terminal or out of one" {
	ln -s "$OCIFP_BINARY" "$T/ocifp-layer"
	split_run "$T/ocifp-layer" unpack
	assert_status 2
	assert_stderr_has '^ocifp-layer: cannot be started by hand'
	split_run script -qec "'$T/ocifp-layer' unpack" /dev/null
	assert_status 2
}

@test "answers of name servers over 512 bytes, search domains and IPv6" {
	printf 'nameserver 127.0.0.1\nsearch nowhere.test corp.test\n' >"$T/resolv.conf"
	echo '127.0.0.1 localhost' >"$T/hosts"
	cat >"$T/registry.yml" <<-YAML
		version: 0.1
		storage: {filesystem: {rootdirectory: "$T/registry"}}
		http: {addr: ":5000", secret: rig}
	YAML
	cat >"$T/ask" <<-'SH'
		ip link set lo up
		mount --bind "$T/resolv.conf" /etc/resolv.conf
		mount --bind "$T/hosts" /etc/hosts
		python3 "$RIG_LIB/dns_server.py" >"$T/questions" &
		names=$!
		OTEL_TRACES_EXPORTER=none docker-registry serve "$T/registry.yml" >"$T/registry.log" 2>&1 &
		registry=$!
		until grep -q ready "$T/questions" && grep -q 'listening on' "$T/registry.log"; do sleep 0.1; done
		for host in big big.corp.test six short; do
			status=0
			"$OCIFP_BINARY" exists --plain-http "$host:5000" "$host:5000/app:one" || status=$?
			echo "$host $status" >>"$T/answers"
		done
		kill $names $registry
	SH
	need docker-registry
	export T RIG_LIB OCIFP_BINARY
	split_run unshare -n -m sh "$T/ask"
	printf '%s 3\n' big big.corp.test six short | cmp - "$T/answers"
	grep -q '^tcp big.corp.test 1$' "$T/questions"
	grep -q '^udp six.nowhere.test 28$' "$T/questions"
}

@test "the authorities of Debian, Red Hat, SUSE and Alpine are found, and SSL_CERT_FILE stands above them" {
	local bundle host
	make_cert server DNS:registry.test
	start_faults reg --tls "$T/tls/server.pem:$T/tls/server.key"
	host=registry.test:${reg_host##*:}
	mkdir "$root/etc"
	echo '127.0.0.1 registry.test' >"$root/etc/hosts"
	variables=()
	inside exists "$host/app:one"
	assert_failed 9
	assert_stderr_has 'no certificate authorities were found: install ca-certificates'
	for bundle in ssl/certs/ca-certificates.crt pki/tls/certs/ca-bundle.crt ssl/ca-bundle.pem ssl/cert.pem; do
		rm -rf "${root:?}"/etc/{ssl,pki}
		mkdir -p "$root/etc/${bundle%/*}"
		cp "$T/tls/ca.pem" "$root/etc/$bundle"
		inside exists "$host/app:one"
		assert_status 3
	done
	make_self_signed other
	cp "$T/tls/other.pem" "$root/etc/ssl/cert.pem"
	inside exists "$host/app:one"
	assert_failed 9
	cp "$T/tls/ca.pem" "$root/home/mine.pem"
	variables=(SSL_CERT_FILE=/home/mine.pem)
	inside exists "$host/app:one"
	assert_status 3
}

@test "OpenSSL's configuration is read only where OPENSSL_CONF names it" {
	need strace
	split_run env -u OPENSSL_CONF strace -f -e trace=open,openat -o "$T/trace" "$OCIFP_BINARY" exists 127.0.0.1:9/app:one --timeout 1
	! grep -q openssl.cnf "$T/trace" || fail "$(grep openssl.cnf "$T/trace")"
	echo >"$T/mine.cnf"
	split_run env OPENSSL_CONF="$T/mine.cnf" strace -f -e trace=open,openat -o "$T/trace" "$OCIFP_BINARY" exists 127.0.0.1:9/app:one --timeout 1
	grep -q mine.cnf "$T/trace"
}
