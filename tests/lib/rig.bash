# SPDX-License-Identifier: Apache-2.0
# rig.bash - all that the tests stand on; `load ../lib/rig`
#
# setup() calls rig_setup and teardown() calls rig_teardown.  Between them $T is a directory of this
# test alone, the environment is bare, and every server started is killed by its process id.
# Works with bats 1.2.1: no `run -N`, no BATS_TEST_TMPDIR.

RIG_LIB=$(cd "${BASH_SOURCE[0]%/*}" && pwd -P)
RIG_TESTS=$(cd "$RIG_LIB/.." && pwd)
export PYTHONDONTWRITEBYTECODE=1

source "$RIG_TESTS/abilities"
source "$RIG_LIB/assert.bash"
source "$RIG_LIB/disks.bash"
source "$RIG_LIB/faults.bash"
source "$RIG_LIB/images.bash"
source "$RIG_LIB/layers.bash"
source "$RIG_LIB/modern.bash"
source "$RIG_LIB/nginx.bash"
source "$RIG_LIB/projects.bash"
source "$RIG_LIB/registry.bash"
source "$RIG_LIB/roots.bash"
source "$RIG_LIB/scenes.bash"
source "$RIG_LIB/tls.bash"

rig_setup() {
	T=$(mktemp -d "${TMPDIR:-/tmp}/ocifp-test.XXXXXX")
	mkdir "$T/home" "$T/work" "$T/pids"
	rig_bare_environment
	export HOME=$T/home OCIFP_STORE=$T/store OCIFP_BACKOFF_MS=${OCIFP_BACKOFF_MS:-10}
	export LSAN_OPTIONS=${LSAN_OPTIONS:-exitcode=86} ASAN_OPTIONS=${ASAN_OPTIONS:-exitcode=87}
	rig_watch "${OCIFP_TEST_SECONDS:-600}"
	cd "$T/work" || return 1
}

rig_teardown() {
	[ -n "${T:-}" ] || return 0
	local pid_file in_time=1
	kill "$(<"$T/watch")" 2>/dev/null
	for pid_file in "$T"/pids/*; do
		[ -e "$pid_file" ] && kill_and_wait "$(<"$pid_file")"
	done
	[ ! -s "$T/overdue" ] || { cat "$T/overdue" && in_time=0; }
	cd / && rm -rf "$T" 2>/dev/null || { chmod -R u+rwX "$T" && rm -rf "$T"; }
	[ $in_time -eq 1 ]
}

# rig_watch SECONDS: then a test that stands still is told of and ended, lest nobody learns which it was.
rig_watch() {
	{
		# More than once: it may be just about to start something.
		read -rt "$1" <> <(:) || true
		for _ in {1..60}; do
			rig_kill_all "$1"
			read -rt 1 <> <(:) || true
		done
	} >"$T/overdue" 2>&1 </dev/null 3>&- 4>&- &
	echo $! >"$T/watch"
	disown $!
}

# What a test starts has its HOME; the shell that runs the test has it not.
rig_kill_all() {
	local environment pid
	grep -lsaF "HOME=$T/home" /proc/[0-9]*/environ | while read -r environment; do
		pid=$(basename "${environment%/environ}")
		echo "killed after $1 s: $(tr '\0' ' ' <"/proc/$pid/cmdline")"
		kill -9 "$pid"
	done
}

# Nothing of the developer's or the CI's may reach a test.
rig_bare_environment() {
	unset CI OCIFP_STORE SOURCE_DATE_EPOCH NO_COLOR "${!GITHUB_@}" "${!GH_@}" "${!GITEA_@}" "${!FORGEJO_@}" "${!JENKINS_@}" "${!BUILDKITE@}" \
		"${!GITLAB_@}" "${!RUNNER_@}" "${!CI_@}" "${!DOCKER_@}" "${!REGISTRY_@}" "${!XDG_@}" \
		"${!SSL_CERT_@}" "${!CURL_@}" {http,https,ftp,all,no}_proxy {HTTP,HTTPS,FTP,ALL,NO}_PROXY
	export LC_ALL=C.UTF-8 TZ=UTC
}

# spawn NAME COMMAND...: in the background, output to $T/NAME.out, killed at the end of the test.
spawn() {
	local name=$1
	shift
	# Emptied here: the background process may come to it after we have looked for its words.
	: >"$T/$name.out"
	"$@" >"$T/$name.out" 2>&1 </dev/null 3>&- 4>&- &
	echo $! >"$T/pids/$name"
	disown $!
}

# stop NAME: ends what spawn started.
stop() {
	kill_and_wait "$(cat "$T/pids/$1")"
	rm -f "$T/pids/$1"
}

kill_and_wait() {
	local tries=0
	kill "$1" 2>/dev/null || return 0
	while kill -0 "$1" 2>/dev/null; do
		tries=$((tries + 1))
		[ $tries -lt 200 ] || kill -9 "$1" 2>/dev/null
		[ $tries -lt 500 ] || return 0 # dead, but nobody reaps it
		rig_sleep 0.01
	done
}

# wait_for COMMAND...: until it succeeds, ten seconds at most.
wait_for() {
	local tries=0
	until "$@" >/dev/null 2>&1; do
		tries=$((tries + 1))
		[ $tries -lt 500 ] || fail "gave up waiting for: $*"
		rig_sleep 0.02
	done
}

# rig_sleep SECONDS: without a program; in a subshell, for the pipe's process would become $!
rig_sleep() (
	read -rt "$1" <> <(:) || true
)

# need NAME...: at the head of a test, each ability and tool without which it is skipped; or fails, where
# OCIFP_REQUIRE_ABILITIES wants it (tests/abilities).
need() {
	local why status=0
	# LeakSanitizer looks for leaks by ptrace, which a process that is traced already has no more.
	case " $* " in *strace*|*unpack_traced*) export ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0" ;; esac
	! are_known "$@" || return 0
	PATH=$PATH:/usr/sbin:/sbin
	why=$(require "$@") || status=$?
	case $status in
	0) ;;
	77) skip "$why" ;;
	*)
		fail "$why" || exit 1
		;;
	esac
}

# can NAME: for a test that also says something without.
can() {
	are_known "$1" || ability "$1" >/dev/null
}

# peer_variable TOOL: the variable that names the tool's program
peer_variable() {
	local upper=OCIFP_PEER_${1^^}
	echo "${upper//-/_}"
}

# has_peer TOOL: one that Debian does not have, in $OCIFP_PEER_<TOOL>, PATH or /opt/peers/bin.
has_peer() {
	local named
	named=$(peer_variable "$1")
	PATH=$PATH:/opt/peers/bin
	if [ -n "${!named:-}" ]; then
		mkdir -p "$T/peers"
		ln -sf "${!named}" "$T/peers/$1"
		PATH=$T/peers:$PATH
	fi
	command -v "$1" >/dev/null
}

# need_peer TOOL: skips the test without it.
need_peer() {
	has_peer "$1" || skip "$1 is missing ($(origin_of "$1"), then \$$(peer_variable "$1"))"
}

origin_of() {
	case $1 in
	actionlint) echo 'go install github.com/rhysd/actionlint/cmd/actionlint@latest' ;;
	buildkitd) echo 'go build ./cmd/buildkitd in a clone of github.com/moby/buildkit' ;;
	buildx) echo 'go install github.com/docker/buildx/cmd/buildx@latest' ;;
	cosign) echo 'go install github.com/sigstore/cosign/v3/cmd/cosign@latest' ;;
	cosign2) echo 'go install github.com/sigstore/cosign/v2/cmd/cosign@latest' ;;
	crane) echo 'go install github.com/google/go-containerregistry/cmd/crane@latest' ;;
	olareg) echo 'go install github.com/olareg/olareg/cmd/olareg@latest' ;;
	oras) echo 'go install oras.land/oras/cmd/oras@latest' ;;
	renovate-config-validator) echo 'npm install --ignore-scripts renovate' ;;
	regctl) echo 'go install github.com/regclient/regclient/cmd/regctl@latest' ;;
	zot) echo 'go install zotregistry.dev/zot/v2/cmd/zot@latest' ;;
	zizmor) echo 'pipx install zizmor' ;;
	esac
}

# A port that was free just now, on ADDRESS.
free_port() {
	python3 -c 'import socket,sys
with socket.create_server((sys.argv[1], 0)) as s: print(s.getsockname()[1])' "${1:-127.0.0.1}"
}
