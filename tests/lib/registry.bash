# SPDX-License-Identifier: Apache-2.0
# registry.bash - the reference: docker-registry, open or with passwords or tokens
#
# start_registry NAME [open|htpasswd|token [YAML]]: host:port in $NAME_host, access log in
# $T/NAME.out, data in $T/NAME.data.  The user is "tester", the password "s3cret"; YAML is more of
# its configuration.

start_registry() {
	local name=$1 mode=${2:-open}
	need docker-registry
	mkdir -p "$T/$name.data"
	{
		registry_config "$name"
		[ "$mode" = open ] || "registry_auth_$mode" "$name"
		printf '%s\n' "${3:-}"
	} >"$T/$name.yml"
	OTEL_TRACES_EXPORTER=none spawn "$name" docker-registry serve "$T/$name.yml"
	wait_for grep -q 'listening on' "$T/$name.out"
	printf -v "${name}_host" '127.0.0.1:%s' \
		"$(sed -n 's/.*listening on 127\.0\.0\.1:\([0-9]*\).*/\1/p' "$T/$name.out" | head -n 1)"
}

registry_config() {
	cat <<-YAML
		version: 0.1
		log: {level: info, accesslog: {disabled: false}}
		storage:
		  filesystem: {rootdirectory: "$T/$1.data"}
		  delete: {enabled: true}
		http:
		  addr: 127.0.0.1:0
		  secret: rig
	YAML
}

registry_auth_htpasswd() {
	need htpasswd
	htpasswd -Bbn tester s3cret >"$T/$1.htpasswd"
	printf 'auth:\n  htpasswd: {realm: rig, path: "%s"}\n' "$T/$1.htpasswd"
}

# Anonymous users may pull; tester may do everything.
registry_auth_token() {
	start_token_server "$1_tokens"
	local host=$1_tokens_host
	cat <<-YAML
		auth:
		  token:
		    realm: http://${!host}/token
		    service: rig
		    issuer: rig
		    rootcertbundle: "$T/$1_tokens.pem"
	YAML
}

# start_token_server NAME: its JSON lines in $T/NAME.log, its certificate in $T/NAME.pem.
start_token_server() {
	local name=$1
	need openssl python3
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=rig \
		-keyout "$T/$name.key" -out "$T/$name.pem" 2>/dev/null
	spawn "$name" python3 "$RIG_LIB/token_server.py" --key "$T/$name.key" --cert "$T/$name.pem" \
		--user tester:s3cret --anonymous --port-file "$T/$name.port" --log "$T/$name.log"
	wait_for test -e "$T/$name.port"
	printf -v "${name}_host" '127.0.0.1:%s' "$(cat "$T/$name.port")"
}

# registry_requests NAME METHOD REGEX: in the access log of docker-registry or nginx.
registry_requests() {
	grep -Ec "\"($2) [^ ]*$3[^ ]* HTTP" "$T/$1.out" || true
}
