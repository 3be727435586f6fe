#!/usr/bin/env bats
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
	assert_stderr_has 'no TLS of version 1.2 or later'
	refute_stderr_has 'clock'
	assert_equal "$(connections reg)" 1
}

@test "H31 a clock that is years off is told by its date" {
	need faketime
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
	[ "$status" -ne 0 ] && [ "$status" -ne 3 ] || fail "$told"
	assert_requests reg 0 . .
}

@test "H30 a proxy is used, its password is not shown, NO_PROXY goes past it" {
	serve_image
	start_faults proxy --proxy-user p:s3cret
	http_proxy=http://p:s3cret@$proxy_host ocifp_run pull "${on[@]}" -v "$ref"
	assert_pulled
	[ "$(requests proxy GET .)" -ge 1 ]
	refute_stderr_has s3cret
	rm -rf "$OCIFP_STORE"
	forget_log proxy
	http_proxy=http://p:s3cret@$proxy_host NO_PROXY=127.0.0.1 ocifp_run pull "${on[@]}" "$ref"
	assert_pulled
	assert_requests proxy 0 . .
}

@test "H30 a proxy that wants another password is a refusal; one that fails is trouble" {
	serve_image
	start_faults proxy --proxy-user p:other
	http_proxy=http://p:s3cret@$proxy_host ocifp_run exists "${on[@]}" "$ref"
	assert_failed 4
	rules proxy <<<'{"action": {"status": 502, "body": "<html>bad gateway</html>"}}'
	http_proxy=http://p:s3cret@$proxy_host ocifp_run exists "${on[@]}" "$ref"
	assert_failed 5
}

@test "H30 through a proxy TLS reaches to the registry, and the proxy's password goes no further" {
	make_cert server
	start_faults reg --tls "$T/tls/server.pem:$T/tls/server.key"
	serve_image
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
	assert_stderr_has 'the proxy on the way .* wants credentials; put them into'
	refute_stderr_has other
}

@test "H30 a proxy may speak SOCKS" {
	serve_image
	spawn socks python3 "$RIG_TESTS/faults/socks.py" "$T/socks.port"
	wait_for test -e "$T/socks.port"
	http_proxy=socks5h://127.0.0.1:$(cat "$T/socks.port") ocifp_run pull "${on[@]}" "$ref"
	assert_pulled
	grep -q "^to $reg_host$" "$T/socks.out" || fail 'nothing went through it' "$(cat "$T/socks.out")"
}

@test "H30 where the proxy is not there, the message says what names it" {
	serve_image
	local port
	port=$(free_port)
	http_proxy=http://127.0.0.1:$port ocifp_run exists "${on[@]}" "$ref"
	assert_failed 5
	assert_stderr_has "connect to 127.0.0.1 port $port .*; http_proxy is set: is that the proxy to use\\?"
	assert_requests reg 0 . .
}
