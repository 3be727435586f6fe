# SPDX-License-Identifier: Apache-2.0
# nginx.bash - what stands before real registries: TLS, HTTP/2, and a blob host of its own
#
# start_front NAME REGISTRY: nginx with TLS and HTTP/2 before the docker-registry REGISTRY (a NAME of
# start_registry); it answers GET of a blob with 307 to a second nginx on 127.0.0.2, with a signature
# in the query, which serves the registry's data files.  $NAME_host and $NAME_blobs_host; access logs
# $T/NAME.out and $T/NAME_blobs.out, each line with its connection's number and the Authorization header that came.

start_front() {
	local name=$1 registry=$2
	need nginx
	[ -e "$T/tls/server.pem" ] || make_cert server
	start_nginx "${name}_blobs" 127.0.0.2 "$(nginx_blob_server "$registry")"
	start_nginx "$name" 127.0.0.1 "$(nginx_front_server "$name" "$registry")"
}

# start_proxy NAME REGISTRY LINE...: nginx with TLS before it, with these lines in its configuration.
start_proxy() {
	local name=$1 upstream=$2_host
	need nginx
	[ -e "$T/tls/server.pem" ] || make_cert server
	start_nginx "$name" 127.0.0.1 "$(printf '%s\n' "${@:3}")
		location / {
			proxy_pass http://${!upstream};
			proxy_http_version 1.1;
			proxy_set_header Host \$http_host;
			proxy_set_header X-Forwarded-Proto https;
		}"
}

nginx_blob_server() {
	cat <<-NGINX
		root "$T/$1.data";
		location / { default_type application/octet-stream; }
	NGINX
}

nginx_front_server() {
	local upstream=$2_host blobs=$1_blobs_host
	cat <<-NGINX
		location / {
			proxy_pass http://${!upstream};
			proxy_http_version 1.1;
			proxy_request_buffering off;
			proxy_set_header Host \$http_host;
			proxy_set_header X-Forwarded-Proto https;
		}
		location ~ "^/v2/.+/blobs/sha256:(?<head>..)(?<tail>[0-9a-f]{62})\$" {
			if (\$request_method = GET) {
				return 307 https://${!blobs}/docker/registry/v2/blobs/sha256/\$head/\$head\$tail/data?se=2099&sig=rig;
			}
			proxy_pass http://${!upstream};
			proxy_set_header Host \$http_host;
			proxy_set_header X-Forwarded-Proto https;
		}
	NGINX
}

# start_nginx NAME ADDRESS LOCATIONS: a port may be taken under our feet, hence the tries.
start_nginx() {
	local name=$1 address=$2 port try
	for try in 1 2 3 4 5; do
		port=$(free_port "$address")
		nginx_config "$name" "$address:$port" "$3" >"$T/$name.conf"
		spawn "$name" nginx -p "$T/$name.tmp" -c "$T/$name.conf"
		sleep 0.2
		kill -0 "$(cat "$T/pids/$name")" 2>/dev/null && break
		[ $try -lt 5 ] || fail "nginx does not start:" "$(cat "$T/$name.out")"
	done
	wait_for curl -sko /dev/null "https://$address:$port/"
	printf -v "${name}_host" '%s' "$address:$port"
}

# One process, so that root's worker needs no other user who could not read $T.
nginx_config() {
	local path
	mkdir -p "$T/$1.tmp"
	cat <<-NGINX
		daemon off;
		master_process off;
		pid "$T/$1.tmp/pid";
		error_log stderr warn;
		events { worker_connections 512; }
		http {
			log_format rig '\$remote_addr "\$request" \$status \$body_bytes_sent \$server_protocol connection=\$connection authorization="\$http_authorization" cookie="\$http_cookie"';
			access_log "$T/$1.access" rig;
			client_max_body_size 0;
	NGINX
	for path in client_body proxy fastcgi uwsgi scgi; do
		echo "	${path}_temp_path \"$T/$1.tmp/$path\";"
	done
	cat <<-NGINX
			server {
				listen $2 ssl http2;
				ssl_certificate "$T/tls/server.pem";
				ssl_certificate_key "$T/tls/server.key";
				$3
			}
		}
	NGINX
}

# nginx_requests NAME METHOD REGEX
nginx_requests() {
	grep -Ec "\"($2) [^ ]*$3[^ ]* HTTP" "$T/$1.access" || true
}

# nginx_connections NAME PROTOCOL: the connections of its requests, a line each
nginx_connections() {
	sed -n "s,.* $2 connection=\([0-9]*\) .*,\1,p" "$T/$1.access"
}

# The blob host saw no credential.
assert_no_authorization() {
	! grep -vq 'authorization="-" cookie="-"' "$T/$1.access" ||
		fail "$1 saw a credential:" "$(cat "$T/$1.access")"
}
