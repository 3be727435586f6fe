# SPDX-License-Identifier: Apache-2.0
# modern.bash - registries that have what newer versions of the specification say
#
# The referrers API, a blob in one POST, SHA-512, tags put together.  Debian has neither of the two.
# start_olareg NAME [OPTION...] and start_zot NAME: host:port in $NAME_host, the log with every request in
# $T/NAME.out, data in $T/NAME.data.

start_olareg() {
	need_peer olareg
	start_modern "$1" olareg serve -v trace --addr 127.0.0.1 --port @PORT@ --dir "$T/$1.data" \
		--api-delete --api-blob-delete "${@:2}"
}

# olareg_users FILE: "tester" with the password "s3cret" may do everything, anonymous users may pull "app".
olareg_users() {
	need htpasswd
	cat >"$1" <<-YAML
		users: {tester: {cred: "$(htpasswd -Bbn tester s3cret | cut -d : -f 2)"}}
		acls:
		  - {repo: "*", members: [tester], access: [read, write, delete]}
		  - {repo: "app", anonymous: true, access: [read]}
	YAML
}

# start_zot NAME [EXTENSIONS]: these as JSON
start_zot() {
	need_peer zot
	zot_extensions=${2:-null} start_modern "$1" zot serve "$T/$1.json"
}

# start_modern NAME COMMAND...: a port may be taken under our feet, hence the tries.
start_modern() {
	local name=$1 port try
	shift
	mkdir -p "$T/$name.data"
	for try in 1 2 3 4 5; do
		port=$(free_port)
		zot_config "$name" "$port" >"$T/$name.json"
		spawn "$name" "${@//@PORT@/$port}"
		wait_for_or_end "$name" curl -s "http://127.0.0.1:$port/v2/" && break
		[ $try -lt 5 ] || fail "$1 does not start:" "$(cat "$T/$name.out")"
	done
	printf -v "${name}_host" '127.0.0.1:%s' "$port"
}

# wait_for_or_end NAME COMMAND...: until it succeeds, or what was spawned has ended.
wait_for_or_end() {
	local name=$1 tries=0
	shift
	until "$@" >/dev/null 2>&1; do
		tries=$((tries + 1))
		{ [ $tries -lt 200 ] && kill -0 "$(cat "$T/pids/$name")" 2>/dev/null; } || return 1
		sleep 0.05
	done
}

zot_config() {
	jq -n --arg root "$T/$1.data" --arg port "$2" --argjson extensions "${zot_extensions:-null}" '{
		storage: {rootDirectory: $root, gc: false},
		http: {address: "127.0.0.1", port: $port, compat: ["docker2s2"]},
		log: {level: "info"}} + if $extensions then {extensions: $extensions} else {} end'
}

# modern_requests NAME METHOD REGEX
modern_requests() {
	sleep 0.1
	grep -aEc "method=($2) url=\"?[^ \"]*$3|\"method\":\"($2)\",\"path\":\"[^\"]*$3" "$T/$1.out" || true
}
