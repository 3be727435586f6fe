#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What lies under HTTP: TLS, HTTP/2, proxies.

load ../lib/rig

setup() {
	need python3 jq ocifp
	rig_setup
}

teardown() {
	rig_teardown
}

@test "H27 HTTP/2 that goes away, refuses or resets a stream is tried again" {
	local fault
	make_cert server
	for fault in goaway goaway-calm refused-stream rst-stream settings-flood garbage; do
		start_faults reg --tls "$T/tls/server.pem:$T/tls/server.key" --h2-fault $fault
		rm -rf "$OCIFP_STORE"
		serve_image
		pull --tls-ca "$T/tls/ca.pem" "$ref"
		assert_pulled
		stop reg
	done
}

@test "H18 a redirect from https to plain http is not followed, not even to this machine" {
	make_cert server
	start_faults plain
	start_faults reg --tls "$T/tls/server.pem:$T/tls/server.key"
	serve_image
	rules reg <<<"{\"path\": \"blobs/\", \"action\": {\"redirect\": \"http://$plain_host@PATH@\"}}"
	pull --tls-ca "$T/tls/ca.pem" "$ref"
	assert_failed 5
	assert_stderr_has 'cannot follow a redirect from https to plain http'
	assert_requests plain 0 . .
}

@test "H29 a bad certificate is refused at once, on one connection, and never falls to http" {
	make_cert server
	make_cert elsewhere DNS:elsewhere.example
	make_self_signed self
	local cert
	for cert in elsewhere self; do
		start_faults reg --tls "$T/tls/$cert.pem:$T/tls/$cert.key"
		exists --tls-ca "$T/tls/ca.pem" "$reg_host/app:one"
		assert_failed 9
		assert_equal "$(connections reg)" 1
		assert_requests reg 0 . .
		stop reg
		rm "$T/reg.log"
	done
}

@test "H29 a server that knows TLS 1.0 alone is refused, and what may be amiss is told" {
	make_cert server
	start_faults reg --tls "$T/tls/server.pem:$T/tls/server.key" --tls-1-0
	exists --tls-ca "$T/tls/ca.pem" "$reg_host/app:one"
	assert_failed 9
	assert_stderr_has 'the server may not speak TLS 1.2 or later'
	refute_stderr_has 'clock'
	assert_equal "$(connections reg)" 1
}

@test "H31 a clock that is years off is told by its date" {
	need faketime preload
	make_cert server
	start_faults reg --tls "$T/tls/server.pem:$T/tls/server.key"
	serve_image
	local offset
	for offset in -5y +10y; do
		ASAN_OPTIONS=verify_asan_link_order=0 split_run faketime -f $offset \
			ocifp exists "${on[@]}" --tls-ca "$T/tls/ca.pem" "$ref"
		assert_failed 9
		assert_stderr_has "local date $(faketime -f $offset date +%Y-%m)-"
		assert_stderr_has "check this machine's clock"
	done
}

@test "H29 an expired certificate is refused, and the message tells the local date" {
	need faketime
	make_cert expired IP:127.0.0.1 -3d
	start_faults reg --tls "$T/tls/expired.pem:$T/tls/expired.key"
	exists --tls-ca "$T/tls/ca.pem" "$reg_host/app:one"
	assert_failed 9
	assert_stderr_has "$(date +%Y-%m)"
	assert_equal "$(connections reg)" 1
}

@test "H29 a server that speaks plain http where TLS was expected gets no request" {
	make_ca
	serve_image
	exists --timeout 3 --tls-ca "$T/tls/ca.pem" "$ref"
	# The server waits for a line: where the random bytes of a hello have a line feed it answers and closes.
	[ "$status" -eq 5 ] || assert_failed 124
	assert_requests reg 0 . .
}

# hashed_directory NAME CERTIFICATE: $T/tls/NAME as c_rehash makes it, and a bundle of the same.
hashed_directory() {
	mkdir "$T/tls/$1"
	cp "$2" "$T/tls/$1/$(openssl x509 -hash -noout -in "$2").0"
	cp "$2" "$T/tls/$1/ca-certificates.crt"
}

# ask_where_system_trusts DIR COMMAND...: /etc/ssl/certs is DIR, and reg.test is the registry
ask_where_system_trusts() {
	with_hosts '127.0.0.1 reg.test' sh -c 'mount --bind "$1" /etc/ssl/certs && shift && exec "$@"' sh "$@"
}

@test "L05 --tls-ca, SSL_CERT_FILE and SSL_CERT_DIR each name all that is trusted" {
	need_hosts
	need certificates
	make_cert server DNS:reg.test
	make_self_signed other
	hashed_directory good "$T/tls/ca.pem"
	hashed_directory foreign "$T/tls/other.pem"
	start_faults reg --tls "$T/tls/server.pem:$T/tls/server.key"
	serve_image
	local good=$T/tls/good foreign=$T/tls/foreign age way
	local name=reg.test:${reg_host#*:}/app:one bundle=ca-certificates.crt
	local ask=(ocifp exists "${on[@]}" "$name")

	# Debian's bundle and directory, written together; and a bundle that somebody else put there later.
	for age in now '1 hour ago'; do
		touch -d "$age" "$good/$bundle"
		for way in SSL_CERT_FILE="$foreign/$bundle" SSL_CERT_DIR="$foreign" \
			"SSL_CERT_FILE=$foreign/$bundle SSL_CERT_DIR=$foreign"; do
			ask_where_system_trusts "$good" env $way "${ask[@]}"
			assert_failed 9
		done
		ask_where_system_trusts "$good" "${ask[@]}"
		assert_status 0
		ask_where_system_trusts "$good" "${ask[@]}" --tls-ca "$foreign/$bundle"
		assert_failed 9
	done
	for way in SSL_CERT_FILE="$good/$bundle" SSL_CERT_DIR="$good" \
		"SSL_CERT_FILE=$foreign/$bundle SSL_CERT_DIR=$good"; do
		ask_where_system_trusts "$foreign" env $way "${ask[@]}"
		assert_status 0
		ask_where_system_trusts "$foreign" env $way "${ask[@]}" --tls-ca "$foreign/$bundle"
		assert_failed 9
	done
	ask_where_system_trusts "$foreign" "${ask[@]}"
	assert_failed 9
	ask_where_system_trusts "$foreign" env SSL_CERT_FILE="$foreign/$bundle" "${ask[@]}" --tls-ca "$good/$bundle"
	assert_status 0
	# The system's own bundle, by its name, is that file alone.
	rm "$good/$bundle"
	cp "$foreign/$bundle" "$good/$bundle"
	ask_where_system_trusts "$good" env SSL_CERT_FILE=/etc/ssl/certs/$bundle "${ask[@]}"
	assert_failed 9
}

@test "L05 an authority that --tls-ca leaves empty is not the system's" {
	ocifp_run exists --tls-ca '' reg.example/app:one
	assert_failed 2
	assert_stderr_has "invalid --tls-ca '': expected a PEM file"
}

@test "L05 --tls-ca counts for a proxy that speaks TLS, too" {
	make_cert server DNS:reg.test,IP:127.0.0.1
	make_self_signed other
	start_faults reg --tls "$T/tls/server.pem:$T/tls/server.key"
	serve_image_afar
	on=(--platform linux/amd64)
	start_faults proxy --tls "$T/tls/server.pem:$T/tls/server.key"
	https_proxy=https://$proxy_host exists --tls-ca "$T/tls/ca.pem" "$ref"
	assert_status 0
	[ "$(requests proxy CONNECT .)" -ge 1 ]
	forget_log proxy
	https_proxy=https://$proxy_host exists --tls-ca "$T/tls/other.pem" "$ref"
	assert_failed 9
	assert_requests proxy 0 . .
}

@test "H30 a proxy is used, and its password is not shown" {
	serve_image_afar
	start_faults proxy --proxy-user p:s3cret
	http_proxy=http://p:s3cret@$proxy_host ocifp_run pull "${on[@]}" -v "$ref"
	assert_pulled
	[ "$(requests proxy GET .)" -ge 1 ]
	refute_stderr_has s3cret
}

@test "H30 NO_PROXY goes past the proxy" {
	need_hosts
	serve_image_afar
	start_faults proxy
	with_hosts '127.0.0.1 reg.test' env http_proxy=http://$proxy_host NO_PROXY=reg.test ocifp pull "${on[@]}" "$ref"
	assert_pulled
	assert_requests proxy 0 . .
}

@test "H30 loopback is reached without a proxy: its password and its content stay on this machine" {
	start_faults reg --auth basic --user me:pw
	serve_image
	printf pw >"$T/password"
	start_faults proxy
	local host variable
	for host in 127.0.0.1 localhost 127.1; do
		for variable in http_proxy all_proxy; do
			split_run env $variable=http://$proxy_host ocifp exists "${on[@]}" --username me \
				--password-stdin "$host:${reg_host#*:}/app:one" <"$T/password"
			assert_status 0
		done
	done
	assert_requests proxy 0 . .
	stop reg
	make_cert server
	start_faults reg --tls "$T/tls/server.pem:$T/tls/server.key"
	https_proxy=http://$proxy_host exists --tls-ca "$T/tls/ca.pem" "$reg_host/app:one"
	assert_status 0
	assert_requests proxy 0 . .
}

@test "H30 a proxy that wants another password is a refusal; one that fails is trouble" {
	serve_image_afar
	start_faults proxy --proxy-user p:other
	http_proxy=http://p:s3cret@$proxy_host ocifp_run exists "${on[@]}" "$ref"
	assert_failed 4
	rules proxy <<<'{"action": {"status": 502, "body": "<html>bad gateway</html>"}}'
	http_proxy=http://p:s3cret@$proxy_host ocifp_run exists "${on[@]}" "$ref"
	assert_failed 5
}

@test "H30 through a proxy TLS reaches to the registry, and the proxy's password goes no further" {
	make_cert server DNS:reg.test
	start_faults reg --tls "$T/tls/server.pem:$T/tls/server.key"
	serve_image_afar
	on=(--platform linux/amd64)
	start_faults proxy --proxy-user p:s3cret
	https_proxy=http://p:s3cret@$proxy_host ocifp_run pull "${on[@]}" -v --tls-ca "$T/tls/ca.pem" "$ref"
	assert_pulled
	[ "$(requests proxy CONNECT .)" -ge 1 ]
	assert_requests proxy 0 GET .
	assert_equal "$(request_header reg . . proxy-authorization | sort -u)" -
	refute_stderr_has s3cret
	rm -rf "$OCIFP_STORE"
	https_proxy=http://p:other@$proxy_host ocifp_run pull "${on[@]}" --tls-ca "$T/tls/ca.pem" "$ref"
	assert_failed 4
	assert_stderr_has 'the proxy for .* requires credentials; add USER:PASSWORD@'
	refute_stderr_has other
}

@test "H30 a proxy may speak SOCKS" {
	serve_image_afar
	spawn socks python3 "$RIG_TESTS/faults/socks.py" "$T/socks.port"
	wait_for test -e "$T/socks.port"
	http_proxy=socks5h://127.0.0.1:$(cat "$T/socks.port") ocifp_run pull "${on[@]}" "$ref"
	assert_pulled
	grep -q "^to $reg_host$" "$T/socks.out" || fail 'nothing went through it' "$(cat "$T/socks.out")"
}

@test "H30 where the proxy is not there, the message says what names it" {
	serve_image_afar
	local port
	port=$(free_port)
	http_proxy=http://127.0.0.1:$port ocifp_run exists "${on[@]}" "$ref"
	assert_failed 5
	assert_stderr_has "connect to 127.0.0.1 port $port .*; the proxy comes from http_proxy; check that it is right"
	assert_requests reg 0 . .
}
