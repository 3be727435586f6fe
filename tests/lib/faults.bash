# SPDX-License-Identifier: Apache-2.0
# faults.bash - the misbehaving registry of tests/faults/server.py
#
# NAME is a shell word: several servers may stand side by side.  Each has $T/NAME.root (its layouts),
# $T/NAME.rules (its scenario) and $T/NAME.log (its JSON lines); its host:port is in $NAME_host.

# start_faults NAME [OPTION...]: see server.py --help; --address, if given, comes first.
start_faults() {
	local name=$1 host=127.0.0.1
	shift
	[ "${1:-}" != --address ] || host=$2
	mkdir -p "$T/$name.root"
	[ -e "$T/$name.rules" ] || echo '{"rules": []}' >"$T/$name.rules"
	rm -f "$T/$name.port"
	BATS_RUN_TMPDIR=${BATS_RUN_TMPDIR:-$T} spawn "$name" python3 -S "$RIG_TESTS/faults/server.py" --root "$T/$name.root" \
		--port-file "$T/$name.port" --log "$T/$name.log" --rules "$T/$name.rules" "$@"
	wait_for test -e "$T/$name.port"
	printf -v "${name}_host" '%s' "$host:$(<"$T/$name.port")"
}

# The other host: on 127.0.0.2, fails assert_no_secrets once it saw a credential.
start_canary() {
	local name=$1
	shift
	start_faults "$name" --address 127.0.0.2 --canary "$T/$name.secrets" "$@"
}

assert_no_secrets() {
	[ ! -e "$T/$1.secrets" ] || fail "$1 saw a credential:" "$(cat "$T/$1.secrets")"
}

# rules NAME: the scenario, from stdin: JSON objects, one after the other.
rules() {
	jq -s '{rules: .}' >"$T/$1.rules.new" && mv "$T/$1.rules.new" "$T/$1.rules"
}

# requests NAME METHOD REGEX: how many were made; METHOD may be a regular expression too.
requests() {
	count_requests "$@"
	echo "$count"
}

# count_requests NAME METHOD REGEX: sets $count, without a process
count_requests() {
	local lines line rest path method=$2
	[ "$method" != . ] || method='.*'
	mapfile -t lines <"$T/$1.log"
	count=0
	for line in "${lines[@]}"; do
		[[ $line == '{"event": "request", '* ]] || continue
		rest=${line#*', "method": "'}
		path=${rest#*', "path": "'}
		[[ ${rest%%\"*} =~ ^($method)$ && ${path%%\"*} =~ $3 ]] || continue
		count=$((count + 1))
	done
}

# assert_requests NAME COUNT METHOD REGEX
assert_requests() {
	local count
	count_requests "$1" "$3" "$4"
	[ "$count" -eq "$2" ] || fail "expected $2 requests $3 $4, found $count:" \
		"$(select_log "$1" request . . | jq -r '.method + " " + .path')" "${told:-}"
}

# sent_bytes NAME METHOD REGEX: bytes of body that were really sent.
sent_bytes() {
	select_log "$1" response "$2" "$3" | jq -s 'map(.sent) | add // 0'
}

# received_bytes NAME METHOD REGEX: bytes of request bodies.
received_bytes() {
	select_log "$1" response "$2" "$3" | jq -s 'map(.received) | add // 0'
}

# request_header NAME METHOD REGEX HEADER: its value in each such request, one a line.
request_header() {
	select_log "$1" request "$2" "$3" | jq -r --arg name "$4" '.headers[$name] // "-"'
}

connections() {
	jq -c 'select(.event == "connection")' "$T/$1.log" | wc -l
}

forget_log() {
	: >"$T/$1.log"
}

select_log() {
	jq -c --arg event "$2" --arg method "^(?:${3/#./.*})\$" --arg path "$4" \
		'select(.event == $event and (.method | test($method)) and (.path | test($path)))' "$T/$1.log"
}

need_hosts() {
	need mounts
}

# with_hosts LINES COMMAND...: where /etc/hosts has these lines
with_hosts() {
	printf '%s\n' "$1" >"$T/hosts"
	shift
	[ -e /etc/hosts ] || touch /etc/hosts
	split_run unshare -m sh -c 'mount --bind "$1" /etc/hosts && shift && exec timeout -k 5 60 "$@"' sh \
		"$T/hosts" "$@"
}
