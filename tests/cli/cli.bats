#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What holds for every command: options, streams, exit status, help, completion.

load ../lib/rig

setup() {
	rig_setup
}

teardown() {
	rig_teardown
}

# complete_bash LINE: what bash offers at its end, one a line
complete_bash() {
	bash --norc --noprofile -c '
		source <(ocifp completion bash)
		COMP_LINE="ocifp $1 behind" COMP_POINT=$((6 + ${#1}))
		_ocifp
		printf "%s\n" "${COMPREPLY[@]}"' bash "$1"
}

# complete_zsh LINE: the line as zsh leaves it when TAB is typed behind it
complete_zsh() {
	python3 - "$T/_ocifp" "$1" <<-'PYTHON'
		import os, pty, re, select, sys
		script, line = sys.argv[1:]
		pid, fd = pty.fork()
		if pid == 0:
		    os.environ["TERM"] = "dumb"
		    os.execvp("zsh", ["zsh", "-f", "-i"])
		def told(until):
		    text = b""
		    while not re.search(until, text):
		        ready, _, _ = select.select([fd], [], [], 20)
		        if not ready:
		            sys.exit("zsh said %r" % text)
		        text += os.read(fd, 4096)
		    return text
		setup = ("PS1= PROMPT_EOL_MARK=; unsetopt zle_bracketed_paste; autoload -Uz compinit; compinit -D -u; "
		         "source %s; show() { zle -I; print -r -- \"<$BUFFER>\"; exit; }; "
		         "zle -N show; bindkey '^X' show; print re''ady\n" % script)
		os.write(fd, setup.encode())
		told(b"ready")
		os.write(fd, line.encode() + b"\t\x18")
		print(re.search(rb"<(.*)>", told(rb"<.*>")).group(1).decode())
	PYTHON
}

@test "an option that takes a host does not swallow a reference" {
	local option
	for option in --plain-http --trust-realm; do
		ocifp_run pull $option 127.0.0.1:5055/app:v1 -o oci:there
		assert_failed 2
		assert_stderr_has "^ocifp: $option: invalid registry '127.0.0.1:5055/app:v1'; "
		[ ! -e there ]
	done
}

@test "a mistake on the command line is a usage error and does nothing" {
	local line
	while read -r line; do
		# Unquoted: the words of a command line.
		# shellcheck disable=SC2086
		ocifp_run $line
		assert_failed 2
		assert_stdout ''
		[ ! -e "$OCIFP_STORE" ] || fail "a store was made" "$told"
	done <<-'LINES'
		bogus
		--bogus
		help --bogus
		help -x
		version operand
		version -- --json
		version --json=1
		version --vers
		version --timeout
		version --timeout soon
		version --progress sometimes
		help help help help
		help no-such-command
		completion
		completion csh
	LINES
}

@test "an output that is none is told what there are" {
	local output
	for output in dir:out debian:12 oci: ghcr.io/a/b:1; do
		ocifp_run pull -o "$output" 127.0.0.1:1/app:v1
		assert_failed 2
		assert_stderr_has 'takes oci:DIR, oci-archive:FILE, docker-archive:FILE, rootfs:DIR or files:DIR'
	done
}

@test "without a command the commands are listed and the status is 2" {
	ocifp_run
	assert_failed 2
	assert_stdout ''
	assert_stderr_has '^  version '
}

@test "a mistyped command gets a suggestion" {
	ocifp_run verison
	assert_failed 2
	assert_stderr_has "did you mean 'version'"
	ocifp_run qqqqqqqq
	assert_failed 2
	refute_stderr_has 'did you mean'
}

@test "missing operands are told by the usage" {
	ocifp_run copy oci:x
	assert_failed 2
	assert_stderr_has 'operands are missing; usage: ocifp copy .* DESTINATION'
}

@test "no option that is refused is suggested" {
	ocifp_run run --nam=x -- true
	assert_failed 125
	assert_stderr_has "option '--nam' is not known"
	refute_stderr_has "did you mean '--name'"
}

@test "with --json each failure is one object on stdout" {
	ocifp_run version --bogus --json
	assert_failed 2
	assert_json '.error | .status == 2 and .kind == "usage" and .retryable == false and
		(.message | test("--bogus")) and (.hint | test("ocifp help version")) and
		has("class") and has("http_status") and has("code") and has("request_id")'
}

@test "the status file tells success and failure" {
	ocifp_run version --status-file "$T/status"
	assert_status 0
	jq -e '.error | .status == 0 and .class == null' "$T/status"
	ocifp_run version --status-file "$T/status" --bogus
	assert_failed 2
	jq -e '.error.status == 2' "$T/status"
	ocifp_run version --status-file "$T/no/such/folder"
	assert_failed 10
}

@test "a device is not replaced by the status file" {
	ocifp_run version --status-file /dev/null
	assert_failed 10
	[ -c /dev/null ]
}

@test "standard output that cannot be written is exit 10" {
	local command
	for command in version --version --help 'help --list' 'completion bash' 'version --json'; do
		status=0
		# shellcheck disable=SC2086
		ocifp $command >/dev/full 2>"$T/stderr" || status=$?
		assert_failed 10
		status=0
		# shellcheck disable=SC2086
		ocifp $command >&- 2>"$T/stderr" || status=$?
		assert_failed 10
	done
}

@test "a reader that is gone is exit 10, no signal and no word" {
	{ sleep 0.3; ocifp version 2>"$T/stderr" || echo $? >"$T/status"; } | true
	assert_equal "$(cat "$T/status")" 10
	assert_equal "$(cat "$T/stderr")" ''
}

@test "descriptors that are closed at the start are not given to files" {
	need strace_arguments
	strace -f -qq -e trace=openat,open -o "$T/trace" ocifp version --status-file "$T/status" \
		0<&- 1>&- 2>&- || true
	# /dev/null takes their places before anything of ours is opened for writing.
	! grep -E "$T.* = [012]\$" "$T/trace" || fail 'a file got the number of a standard stream'
	[ -s "$T/status" ]
}

@test "the locale changes nothing" {
	local locale
	ocifp help >"$T/c"
	for locale in C tr_TR.UTF-8 de_DE.UTF-8 C.UTF-8 no_SUCH; do
		LC_ALL=$locale ocifp help >"$T/other"
		assert_same_file "$T/c" "$T/other"
		LC_ALL=$locale ocifp_run version --timeout 1.5s
		assert_status 0
	done
}

@test "hostile words come out harmless" {
	ocifp_run $'\033]52;c;AAAA\a\xc2\x9b\xe2\x80\xae\xff##[error]'
	assert_failed 2
	assert_clean_terminal "$T/stderr"
	refute_stderr_has '##\['
	ocifp_run $'::set-output name=x::y\nb'
	assert_failed 2
	assert_equal "$(wc -l <"$T/stderr")" 1
	ocifp_run version --status-file $'no\nsuch/\033file'
	assert_failed 10
	assert_clean_terminal "$T/stderr"
}

@test "a very long argument is a usage error" {
	ocifp_run "$(head -c 120000 /dev/zero | tr '\0' x)"
	assert_failed 2
	[ "$(wc -c <"$T/stderr")" -lt 8192 ]
}

@test "an annotation is made of our own last line alone" {
	GITHUB_ACTIONS=true ocifp_run 'b%s'
	assert_failed 2
	assert_equal "$(grep -c '^::' "$T/stderr")" 1
	assert_stderr_has "^::error title=ocifp::'b%25s' is not a command"
	ocifp_run bogus
	refute_stderr_has '^::'
}

@test "a copy with another user's privileges refuses to run" {
	need root
	local copy
	copy=$(mktemp -d "${TMPDIR:-/tmp}/ocifp-setuid.XXXXXX")
	chmod 755 "$copy"
	cp "$(command -v ocifp)" "$copy/ocifp"
	chown nobody "$copy/ocifp"
	chmod 4755 "$copy/ocifp"
	split_run "$copy/ocifp" version
	rm -r "$copy"
	# With sanitizers 1: the one for leaks cannot work there, and changes the status.
	assert_status "$(can no_sanitizers && echo 2 || echo 1)"
	assert_stdout ''
	assert_stderr_has '^ocifp: refusing to run setuid'
}

@test "help knows every command and both ways to ask" {
	local name
	while read -r name; do
		# shellcheck disable=SC2086
		ocifp_run help $name
		assert_status 0
		cp "$T/stdout" "$T/help"
		# shellcheck disable=SC2086
		ocifp_run $name --help
		assert_status 0
		assert_same_file "$T/stdout" "$T/help"
	done < <(ocifp help --list)
}

@test "a command that has others is helped by --help, too" {
	local name
	for name in store index cache auth blob; do
		ocifp_run "$name" --help
		assert_status 0
		assert_stdout "$(ocifp help "$name")"
		ocifp_run "$name" -h
		assert_stdout "$(ocifp help "$name")"
	done
}

@test "no line of help is wider than a terminal" {
	local name
	while read -r name; do
		# shellcheck disable=SC2086
		ocifp_run help --all $name
		! grep -E '.{81}' "$T/stdout" || fail "in help of $name"
	done < <(ocifp help --list; echo options; echo exit-status; echo)
}

@test "bash completes commands, options and choices" {
	assert_equal "$(complete_bash vers)" version
	assert_equal "$(complete_bash "help exit")" exit-status
	assert_equal "$(complete_bash "run vers")" ''
	assert_equal "$(complete_bash "version --stat")" --status-file
	assert_equal "$(complete_bash "version --progress pl")" plain
	assert_equal "$(complete_bash "version --progress=pl")" plain
	assert_equal "$(complete_bash "completion f")" fish
	assert_equal "$(complete_bash "version --status-file ")" ''
	assert_equal "$(complete_bash "'version' --progress \"p")" plain
}

@test "what the store has is completed: volumes, where jobs can run" {
	need namespaces
	ocifp_run append -t localhost:5000/team/app:v1 .
	assert_status 0
	mkdir -p "$OCIFP_STORE/.ocifp/volumes/data"
	assert_equal "$(ocifp __complete store rm --volume '')" $'data\n:none'
	assert_equal "$(ocifp __complete run -v da)" $'data:\n:files'
	assert_equal "$(ocifp __complete run -v data:/x)" :none
}

@test "what the store has is completed: references; bash breaks words at a colon" {
	ocifp_run append -t localhost:5000/team/app:v1 .
	assert_status 0
	assert_equal "$(ocifp __complete pull local)" $'localhost:5000/team/app:v1\n:files'
	assert_equal "$(ocifp __complete store rm '')" $'localhost:5000/team/app:v1\n:files'
	assert_equal "$(complete_bash "pull localh")" localhost:5000/team/app:v1
	assert_equal "$(complete_bash "pull localhost:50")" 5000/team/app:v1
	assert_equal "$(complete_bash "pull localhost:5000/team/app:")" v1
	assert_equal "$(env OCIFP_STORE="$T/none" ocifp __complete pull --store "$OCIFP_STORE" local)" $'localhost:5000/team/app:v1\n:files'
	[ ! -e "$T/none" ] || fail 'a completion made a store'
}

@test "the operands of ensure are images, not the words of its options" {
	printf 'version: 1\nimages: {ci: {repository: 127.0.0.1:1/y, inputs: [f]}}\n' >.ocifp.yaml
	assert_equal "$(ocifp __complete ensure '')" $'ci\n:files'
	assert_equal "$(ocifp __complete ensure --push '')" $'auto\nalways\nnever\n:none'
	# What is being typed is no value yet: no file is written.
	assert_equal "$(ocifp __complete version --status-file sta)" :files
	[ ! -e sta ] || fail "$(cat sta)"
}

@test "help shows six options at first, and all of them on request" {
	local name
	while read -r name; do
		# shellcheck disable=SC2086
		[ "$(ocifp help $name | grep -Ec '^ {2,6}(-[a-zA-Z], )?--[a-z]')" -le 6 ] || fail "$name"
	done < <(ocifp help --list)
	ocifp_run pull --help
	assert_stdout "$(ocifp help pull)"
	ocifp_run pull --help-all
	assert_stdout "$(ocifp help --all pull)"
	grep -q -e --trust-realm "$T/stdout"
}

@test "a letter is completed, and explained, as the option that it is" {
	# Of run it is --volume, of all others --verbose.
	assert_equal "$(ocifp help --all run | grep -e '^  -v, ' | cut -d ' ' -f 3-4)" '-v, --volume'
	assert_equal "$(ocifp help --all pull | grep -e '^  -v, ' | cut -d ' ' -f 3-4)" '-v, --verbose'
	assert_equal "$(ocifp __complete run -v | cut -d ' ' -f 1-3)" $'-v\tmount a path\n:none'
	assert_equal "$(ocifp __complete pull -v | cut -f 1)" $'-v\n:none'
}

@test "what is completed: values behind =, paths, images, nothing of a job's words" {
	printf 'version: 1\nimages: {base: {repository: 127.0.0.1:1/x, inputs: [f]},
		ci: {repository: 127.0.0.1:1/y, inputs: [f]}}\n' >.ocifp.yaml
	assert_equal "$(ocifp __complete version --progress=pl)" $'--progress=plain\n:none'
	assert_equal "$(ocifp __complete version --status-file '')" :files
	assert_equal "$(ocifp __complete version --status-file=/tm)" :files
	assert_equal "$(ocifp __complete pull --store '')" :directories
	assert_equal "$(ocifp __complete pull '')" $'base\nci\n:files'
	assert_equal "$(ocifp __complete run c)" $'ci\n:files'
	assert_equal "$(ocifp __complete run -- --st)" :files
	assert_equal "$(ocifp __complete store l | cut -f 1)" $'ls\n:none'
	assert_equal "$(ocifp __complete no-such-command '')" :files
	assert_equal "$(ocifp __complete)" "$(ocifp __complete '')"
	printf 'bogus: 1\n' >.ocifp.yaml
	assert_equal "$(ocifp __complete pull '' 2>&1)" :files
}

@test "zsh takes the script as the completion of ocifp" {
	need zsh
	ocifp completion zsh >"$T/_ocifp"
	zsh -n "$T/_ocifp"
	assert_equal "$(zsh -f -c 'autoload -Uz compinit && compinit -D -u && . "$1" && echo $_comps[ocifp]' zsh "$T/_ocifp")" _ocifp
	# zsh completes in a terminal alone: TAB is typed into one.
	touch status.json
	assert_equal "$(complete_zsh 'ocifp vers')" 'ocifp version '
	assert_equal "$(complete_zsh 'ocifp version --progress pl')" 'ocifp version --progress plain '
	assert_equal "$(complete_zsh 'ocifp version --status-file=sta')" \
		'ocifp version --status-file=status.json '
	assert_equal "$(complete_zsh 'ocifp run -v ./sta')" 'ocifp run -v ./status.json '
	assert_equal "$(complete_zsh 'ocifp run --volu')" 'ocifp run --volume '
	assert_equal "$(complete_zsh 'ocifp run -v a:/x:ro vers')" 'ocifp run -v a:/x:ro vers'
	assert_equal "$(complete_zsh 'ocifp ensure --push al')" 'ocifp ensure --push always '
}

@test "fish completes commands, options and choices" {
	need fish
	ocifp completion fish >"$T/ocifp.fish"
	complete_fish() {
		fish -c 'source $argv[1]; complete -C $argv[2]' "$T/ocifp.fish" "$1" | cut -f 1 | xargs
	}
	assert_equal "$(complete_fish 'ocifp vers')" version
	assert_equal "$(complete_fish 'ocifp help exit-')" exit-status
	assert_equal "$(complete_fish 'ocifp version --stat')" --status-file
	assert_equal "$(complete_fish 'ocifp version --progress pl')" plain
	assert_equal "$(complete_fish 'ocifp version --progress=pl')" --progress=plain
	assert_equal "$(complete_fish 'ocifp completion f')" fish
	touch "$T/work/status.json"
	assert_equal "$(complete_fish 'ocifp version --status-file sta')" status.json
	assert_equal "$(complete_fish 'ocifp version --status-file=sta')" --status-file=status.json
}

@test "version names the libraries" {
	ocifp_run version --json
	assert_status 0
	assert_json '.version and (.libraries | .libcurl and .jansson and .libcrypto and .libyaml)'
	ocifp_run --version
	assert_status 0
	[[ $stdout == "ocifp "* ]]
}

@test "doctor tells of the host, the store, the credentials and the registry" {
	start_faults reg
	ocifp_run doctor --json "$reg_host"
	assert_status 0
	assert_json ".libraries.libcurl.state == \"ok\" and .store.path.text == \"$OCIFP_STORE\" and
		(.sandbox | has(\"jobs\") or has(\"landlock\") and has(\"user namespaces\")) and
		.project.file.state == \"note\" and
		.credentials[\"$reg_host\"].state == \"ok\" and .registries[\"$reg_host\"].state == \"ok\""
	[ ! -e "$OCIFP_STORE" ] || fail 'a store was made'
	ocifp_run doctor --offline 'no host'
	assert_failed 2
	ocifp_run doctor --json 127.0.0.1:1
	assert_status 0
	assert_json '.registries["127.0.0.1:1"].state == "problem"'
}

@test "doctor says in a container that its masked /proc keeps jobs from running" {
	need namespaces mounts userns_proc
	ocifp_run doctor --offline --json
	assert_json '.sandbox.proc.state == "ok"'
	split_run with_masked_proc ocifp doctor --offline --json
	assert_status 0
	assert_json '.sandbox.proc | .state == "problem" and (.text | contains("must not be masked"))'
}

@test "doctor, and a fingerprint, need no remote that says where the images are" {
	printf 'version: 1\nimages: {a: {repository: "ghcr.io/${GITHUB_REPOSITORY}-a", inputs: [.ocifp.yaml]}}\n' >.ocifp.yaml
	local words
	for words in doctor 'doctor --offline' fingerprint 'fingerprint --explain'; do
		ocifp_run $words
		assert_status 0
	done
	for words in exists pull ensure lock tags run; do
		ocifp_run $words a
		assert_failed "$([ $words = run ] && echo 125 || echo 2)"
	done
}

# dumps_core COMMAND...: it waits for its input, and is ended by SIGSEGV
dumps_core() {
	python3 - "$@" <<-'PYTHON'
		import os, resource, signal, subprocess, sys, time
		resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY,) * 2)
		process = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE)
		time.sleep(0.5)
		process.send_signal(signal.SIGSEGV)
		status = os.waitpid(process.pid, 0)[1]
		assert os.WTERMSIG(status) == signal.SIGSEGV, status
		sys.exit(0 if os.WCOREDUMP(status) else 1)
	PYTHON
}

@test "a process that may hold a password leaves no core file" {
	need python3 core_files
	dumps_core cat
	split_run dumps_core ocifp login --username me --password-stdin reg.example
	assert_status 1
}

@test "the compiler's defences of the stack and of jumps are on" {
	need objdump gcc guarded_jumps
	local program
	program=$(command -v ocifp)
	case $(uname -m) in
	x86_64) objdump -d --disassemble=main "$program" | grep -q endbr64 ;;
	aarch64) objdump -d --disassemble=main "$program" | grep -Eq 'paciasp|bti' ;;
	esac
}

@test "doctor reads the project" {
	printf 'version: 1\nimages: {a: {repository: 127.0.0.1:1/x, inputs: [f]}}\n' >.ocifp.yaml
	ocifp_run doctor --offline
	assert_status 0
	grep -q '^  127.0.0.1:1 ' "$T/stdout" || fail "$told"
	printf 'bogus: 1\n' >.ocifp.yaml
	ocifp_run doctor --offline --json
	assert_status 0
	assert_json '.project.file.state == "problem"'
}

@test "a run that does not end is ended after --timeout" {
	truncate -s 1T "$T/work/endless"
	ocifp_run fingerprint --timeout 1 --input endless --json --status-file "$T/status"
	assert_failed 124
	assert_within 4
	assert_json '.error.kind == "timeout"'
	jq -e '.error.status == 124' "$T/status"
}

@test "a signal ends it by that signal" {
	truncate -s 1T "$T/work/endless"
	split_run timeout --preserve-status -s TERM 1 ocifp fingerprint --input endless
	assert_equal "$status" 143
	split_run timeout --preserve-status -s INT 1 ocifp fingerprint --input endless
	assert_equal "$status" 130
}

@test "a file size limit is an error and no signal" {
	bash -c 'ulimit -f 0; ocifp version --status-file "$1/status" 2>&1' bash "$T/work" | cat >"$T/stderr"
	status=${PIPESTATUS[0]}
	assert_failed 10
	assert_equal "$(ls -A "$T/work")" ''
}

# survives_each SYSCALLS ERROR COMMAND...: the first calls fail, one after the other, each in a run of
# its own, until one run has fewer; none of them ends by a signal
survives_each() {
	local calls=$1 error=$2 at
	shift 2
	for at in {1..60}; do
		split_run timeout 20 strace -qq -o "$T/trace" -e "trace=$calls" \
			-e "inject=$calls:error=$error:when=$at" ocifp "$@"
		# Where the call serves the dynamic linker, 127; else a class of ours.  getpwuid(3) of glibc 2.35
		# crashes where it cannot look at "/".
		[ "$status" -le 11 ] || [ "$status" -eq 127 ] || grep -q '"/", .*INJECTED' "$T/trace" ||
			fail "call $at of $calls" "$(cat "$T/trace")" "$told"
		grep -q INJECTED "$T/trace" || break
	done
}

@test "a call of the system that fails is an error, whichever it is, and never a crash" {
	need strace
	printf 'version: 1\nimages: {a: {repository: "ghcr.io/${GITHUB_REPOSITORY}-a", inputs: [.ocifp.yaml]}}\n' >.ocifp.yaml
	local calls words
	for calls in openat read,pread64 newfstatat,statx,fstat mkdirat,renameat,unlinkat,ftruncate,fsync,fallocate,fchmod; do
		for words in fingerprint 'doctor --offline' 'store ls' 'inspect oci:lay:one' 'pull oci:lay:one'; do
			rm -rf "$OCIFP_STORE"
			survives_each $calls EIO $words
		done
	done
}

@test "version --licenses prints the license of ocifp, as text and in JSON" {
	ocifp_run version --licenses
	assert_status 0
	head -n "$(wc -l <"$top_srcdir/COPYING")" "$T/stdout" | cmp - "$top_srcdir/COPYING"
	ocifp_run version --licenses --json
	assert_json '.licenses | contains("Apache License")'
}
