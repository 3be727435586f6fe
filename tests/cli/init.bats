#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# ocifp init: a project file from what projects of different kinds have

load ../lib/rig

setup() {
	rig_setup
	mkdir "$T/desk" && cd "$T/desk" || return
}

teardown() {
	rig_teardown
}

# init [OPTION...]: the file is one that every command reads
init() {
	ocifp_run init "$@"
	assert_status 0
	split_run ocifp fingerprint
	assert_status 0
}

# cache NAME LINES: an entry under `caches`
cache() {
	assert_equal "$(sed -n "/^caches:/,\$ { /^  $1:\$/,/^  [^ ]/ { s/^    //p } }" .ocifp.yaml)" "$2"
}

# says KEY VALUE: a line of the file
says() {
	grep -qxF -- "$(printf '%s: %s' "$1" "$2")" <(sed 's/^ *//' .ocifp.yaml) || fail "not '$1: $2'" "$(cat .ocifp.yaml)"
}

@test "the user's own project: a Makefile, an installer and scripts" {
	need git
	printf '%s\n' 'FROM debian:bookworm-slim AS base' 'WORKDIR /work' 'COPY Makefile install.sh \' '# for make' '  /setup/' \
		'COPY --from=base /a /b' 'RUN make -C /setup install' >Dockerfile
	printf 'install:\n\t./install.sh && src-scripts/tools.sh\nother:\n\t./missing.sh\n' >Makefile
	mkdir src-scripts && touch install.sh src-scripts/tools.sh Cargo.toml Cargo.lock
	git init -q . && git remote add origin git@github.com:Owner/Project.git
	init
	assert_equal "$(sed -n 1p "$T/stdout" | wc -c)" 13
	says repository 'ghcr.io/${GITHUB_REPOSITORY}-ci'
	says inputs '[Dockerfile, Makefile, install.sh, src-scripts]'
	says '# pin' '["docker.io/library/debian:bookworm-slim"]'
	says workdir /work
	cache target "$(printf '%s\n' 'preset: cargo' 'paths: [target]' 'image: ci' 'repository: ghcr.io/${GITHUB_REPOSITORY}-cache' \
		'pull_requests: ghcr.io/${GITHUB_REPOSITORY}-cache-pr')"
	grep -q '^    - target:/work/target ' .ocifp.yaml
}

@test "what a Dockerfile copies and nothing is there is said: its maker would be forgotten" {
	printf "FROM scratch\nCOPY root /\nCOPY --from=x made /\nADD dist/app ../up /\n" >Dockerfile
	init
	says inputs '[Dockerfile]'
	assert_equal "$(grep -c "^    # It copies '.*', which is not here: name what makes it" .ocifp.yaml)" 2
	grep -q "It copies 'root'," .ocifp.yaml
	grep -q "It copies 'dist/app'," .ocifp.yaml
}

@test "a Node project that copies everything, and two more Dockerfiles" {
	mkdir -p docker .devcontainer app
	printf 'FROM node:20\nCOPY package*.json ./\nCOPY . .\n' >Dockerfile
	printf 'FROM ghcr.io/x/base:1\n' >docker/Dockerfile.base
	printf 'from alpine:${V}\ncopy --chown=1:1 app "/x/"\n' >.devcontainer/Dockerfile
	echo '{}' >package.json && echo '{}' >package-lock.json
	echo 'FROM x' >Dockerfile.md
	init
	says inputs '[Dockerfile, package-lock.json, package.json]'
	grep -q 'The Dockerfile copies the whole directory' .ocifp.yaml
	says inputs '[docker/Dockerfile.base]'
	says inputs '[.devcontainer/Dockerfile, app]'
	assert_equal "$(grep -c '^  [a-z]*:$' .ocifp.yaml)" 5 # ci, base, devcontainer; volumes; npm
	cache npm "$(printf '%s\n' 'preset: npm' 'image: ci' 'repository: ghcr.io/${GITHUB_REPOSITORY}-cache' \
		'pull_requests: ghcr.io/${GITHUB_REPOSITORY}-cache-pr')"
}

@test "an image that the sources are built into follows them; one that jobs run in need not" {
	need git
	printf 'FROM golang:1 AS build\nCOPY go.mod ./\nRUN go mod download\nCOPY . .\nRUN go build -o /app\nFROM scratch\nCOPY --from=build /app /app\n' >Dockerfile
	echo 'package main' >main.go
	echo 'module app' >go.mod
	git init -q . && git remote add origin git@github.com:owner/app.git && git add .
	init
	says inputs '[.]'
	says tracked true
	says '# inputs' '[Dockerfile, go.mod]'
	local before
	before=$(ocifp fingerprint 3>&-)
	echo 'func main() {}' >>main.go
	[ "$(ocifp fingerprint 3>&-)" != "$before" ] || fail 'the image stays when its sources change'
}

@test "workspaces without a Dockerfile have caches alone" {
	local file
	for file in go.mod:go pyproject.toml:pip uv.lock:uv pnpm-lock.yaml:pnpm CMakeLists.txt:ccache; do
		rm -rf ./.ocifp.yaml ./* && touch "${file%:*}"
		ocifp_run init
		assert_status 0
		says preset "${file#*:}"
		grep -q '^# No Dockerfile is here: .man ocifp-build. has images without one' .ocifp.yaml
		ocifp_run init --github -C "$T/desk"
		assert_failed 2
	done
}

@test "the stages that a workflow builds are images, with what they take from others" {
	need openssl
	printf '%s\n' 'ARG RUST_VERSION="1.93.1"' 'FROM rust:${RUST_VERSION}-slim AS toolchain' 'COPY rust-toolchain.toml /' \
		'FROM debian:bookworm-slim AS base' 'WORKDIR /app/' 'FROM base as ci' 'COPY --from=toolchain /usr/local /usr/local' \
		'RUN --mount=type=cache,target=/x true' 'FROM ci AS builder' 'COPY . .' 'FROM base' 'COPY --from=builder /app/x /' >Dockerfile
	printf 'FROM debian:12\nCOPY dist/x /\n' >Dockerfile.pack
	touch rust-toolchain.toml Cargo.toml && mkdir -p .github/workflows
	printf '%s\n' '  HASH=$(openssl dgst -sha256 Dockerfile)' '  target: base' '  target: "other"' '  platforms: linux/amd64,linux/arm64' \
		>.github/workflows/base-image.yml
	init
	says inputs '[Dockerfile]'
	says inputs '[Dockerfile, rust-toolchain.toml]'
	says '# pin' '["docker.io/library/debian:bookworm-slim", "docker.io/library/rust:1.93.1-slim"]'
	says platforms '[linux/amd64, linux/arm64]'
	grep -q '^    # scheme: concat' .ocifp.yaml
	grep -q -- '-f Dockerfile --target base \.$' .ocifp.yaml
	grep -q -- '-f Dockerfile --target ci \.$' .ocifp.yaml
	grep -q -- '-f Dockerfile.pack \.$' .ocifp.yaml
	says workdir /app
	assert_equal "$(ocifp fingerprint ci 3>&-)" "$(ocifp fingerprint 3>&-)"
	sed -i 's/# scheme: concat/scheme: concat/' .ocifp.yaml
	assert_equal "$(ocifp fingerprint base 3>&-)" "$(openssl dgst -sha256 Dockerfile | sed 's/.* //' | cut -c1-12)"
}

@test "a project of GitLab is published there, and another forge has its own registry" {
	need git
	echo 'FROM alpine' >Containerfile
	touch go.mod
	git init -q . && git remote add origin https://gitlab.com/Group/Sub/Project.git
	init --gitlab
	says repository registry.gitlab.com/group/sub/project/ci
	says repository registry.gitlab.com/group/sub/project/cache
	[ -e .gitlab-ci.yml ] || fail 'no pipeline'
	rm .ocifp.yaml && git remote set-url origin https://codeberg.org/owner/project
	init --gitlab
	says repository 'codeberg.org/owner/project-ci'
	says repository 'codeberg.org/owner/project-cache'
	[ -e .gitlab/ocifp.yml ] || fail 'no file to include'
}

# repository FILE...: a checkout in which these are there, empty where nothing stands in them
repository() {
	local file
	git init -q . && git remote add origin https://github.com/owner/app.git
	for file; do
		mkdir -p "$(dirname "$file")" && touch -a "$file"
	done
	git add .
}

# The kinds that follow are those of public repositories: each says of which, and has what mattered there.

@test "like junegunn/fzf: Go, one Dockerfile that copies all, and a Makefile that builds it" {
	need git
	printf 'FROM golang:1.23 AS build\nWORKDIR /fzf\nCOPY . .\nRUN make\nCMD tmux\n' >Dockerfile
	printf 'docker:\n\tdocker build -t fzf .\n' >Makefile
	repository main.go go.mod go.sum
	init
	says inputs '[.]'
	says tracked true
	says '# inputs' '[Dockerfile, Makefile]'
	says workdir /fzf
	grep -qx '    - .:/fzf' .ocifp.yaml
	cache go "$(printf '%s\n' 'preset: go' 'image: ci' 'repository: ghcr.io/${GITHUB_REPOSITORY}-cache' \
		'pull_requests: ghcr.io/${GITHUB_REPOSITORY}-cache-pr')"
}

@test "like astral-sh/uv-docker-example: Python with uv, whose lock file is a mount of RUN" {
	need git
	printf '%s\n' 'FROM ghcr.io/astral-sh/uv:python3.12-bookworm-slim' 'WORKDIR /app' \
		'RUN --mount=type=cache,target=/root/.cache/uv \' '    --mount=type=bind,source=uv.lock,target=uv.lock \' \
		'    --mount=type=bind,src=pyproject.toml,target=pyproject.toml uv sync --no-install-project' \
		'RUN --mount=from=other,source=none,target=/x true' 'COPY src /app/src' >Dockerfile
	repository uv.lock pyproject.toml src/app/main.py
	init
	says inputs '[Dockerfile, uv.lock, pyproject.toml, src]'
	says '# pin' '["ghcr.io/astral-sh/uv:python3.12-bookworm-slim"]'
	says preset uv
	assert_equal "$(grep -c 'which is not here' .ocifp.yaml)" 0
	printf 'FROM golang:1\nRUN --mount=target=. go build -o /app ./...\n' >Dockerfile && rm .ocifp.yaml
	init
	says inputs '[.]'
}

@test "like dockersamples/example-voting-app: services with a Dockerfile each, whose folders a compose file names" {
	need git
	mkdir vote result worker
	printf 'FROM python:3.11-slim AS base\nWORKDIR /usr/local/app\nCOPY requirements.txt ./\nFROM base AS dev\nFROM base AS final\nCOPY . .\n' >vote/Dockerfile
	printf 'FROM node:18-slim\nWORKDIR /usr/local/app\nCOPY package*.json ./\nCOPY . .\n' >result/Dockerfile
	printf 'FROM mcr.microsoft.com/dotnet/sdk:7.0\nWORKDIR /source\nCOPY . .\n' >worker/Dockerfile
	printf '%s\n' 'services:' '  vote:' '    build:' '      context: ./vote' '      target: dev' '  result:' '    build: ./result' \
		'  worker:' '    build:' '      context: "./worker/"' >docker-compose.yml
	repository vote/requirements.txt vote/app.py result/package.json result/server.js worker/Program.cs
	init
	assert_equal "$(sed -n '/^images/,/^run/s/^  \([a-z-]*\):$/\1/p' .ocifp.yaml | paste -sd' ')" 'result vote-dev worker'
	says inputs '[result]'
	says inputs '[vote/Dockerfile, vote/requirements.txt]'
	says inputs '[worker]'
	grep -q -- ' -f vote/Dockerfile --target dev vote$' .ocifp.yaml
	grep -q -- ' -f worker/Dockerfile worker$' .ocifp.yaml
	says default true
	says image result
	grep -qx '    - ./result:/usr/local/app' .ocifp.yaml
	echo more >>worker/Program.cs
	local before
	before=$(ocifp fingerprint result 3>&-)
	echo more >>result/server.js
	[ "$(ocifp fingerprint result 3>&-)" != "$before" ] || fail 'the image stays when its service changes'
}

@test "like GoogleCloudPlatform/microservices-demo: services of several languages, of which nothing tells but their files" {
	need git
	mkdir -p src/frontend/templates src/cartservice/src src/adservice/node_modules/x
	printf 'FROM golang:1.23-alpine AS builder\nWORKDIR /src\nCOPY go.mod go.sum ./\nCOPY . .\nFROM scratch\nWORKDIR /src\nCOPY --from=builder /go/bin/frontend /src/server\nCOPY ./templates ./templates\n' >src/frontend/Dockerfile
	printf 'FROM mcr.microsoft.com/dotnet/sdk:9.0 AS builder\nWORKDIR /app\nCOPY cartservice.csproj .\nCOPY . .\n' >src/cartservice/src/Dockerfile
	printf 'FROM eclipse-temurin:21\nCOPY . .\n' >src/adservice/Dockerfile
	printf 'FROM alpine\n' >src/adservice/node_modules/x/Dockerfile
	repository src/frontend/go.mod src/frontend/go.sum src/frontend/templates/home.html src/cartservice/src/cartservice.csproj \
		src/adservice/build.gradle
	init
	assert_equal "$(sed -n '/^images/,/^run/s/^  \([a-z-]*\):$/\1/p' .ocifp.yaml | paste -sd' ')" 'adservice cartservice frontend'
	says inputs '[src/frontend]'
	says inputs '[src/cartservice/src]'
	# Nothing tells whether it copies its folder or the project: the project holds both.
	says inputs '[.]'
}

@test "like microsoft/vscode: a dev container whose Dockerfile copies what lies beside it" {
	need git
	mkdir .devcontainer
	printf 'FROM mcr.microsoft.com/devcontainers/typescript-node:20\nARG USERNAME=node\nCOPY bin/init.sh /usr/local/share/\nCOPY fluxbox/* /root/.fluxbox/\nRUN cat <<EOT >/etc/x\nCOPY package.json /nowhere\nEOT\nCOPY bin/set /bin/\n' >.devcontainer/Dockerfile
	echo '{"build": {"dockerfile": "Dockerfile"}}' >.devcontainer/devcontainer.json
	repository package.json package-lock.json .devcontainer/bin/init.sh .devcontainer/bin/set .devcontainer/fluxbox/apps
	init
	grep -q '^  devcontainer:$' .ocifp.yaml
	says inputs '[.devcontainer/Dockerfile, .devcontainer/bin/init.sh, .devcontainer/fluxbox/apps, .devcontainer/bin/set]'
	grep -q -- ' -f .devcontainer/Dockerfile .devcontainer$' .ocifp.yaml
	grep -qx '    - .:/app' .ocifp.yaml
	grep -q '^    - node_modules:/app/node_modules ' .ocifp.yaml
	cache npm "$(printf '%s\n' 'preset: npm' 'image: devcontainer' 'repository: ghcr.io/${GITHUB_REPOSITORY}-cache' \
		'pull_requests: ghcr.io/${GITHUB_REPOSITORY}-cache-pr')"
}

@test "like ggml-org/llama.cpp: C++ with CMake, Dockerfiles of several machines with stages of the same names" {
	need git
	mkdir .devops
	printf 'ARG UBUNTU_VERSION=24.04\nFROM ubuntu:$UBUNTU_VERSION AS build\nWORKDIR /app\nCOPY . .\nRUN cmake -B build\nFROM ubuntu:$UBUNTU_VERSION AS base\nCOPY --from=build /app/lib /app\nFROM base AS full\nFROM base AS server\n' |
		tee .devops/cpu.Dockerfile >.devops/cuda.Dockerfile
	mkdir -p .github/workflows
	printf '%s\n' '          target: full' '          target: server' '          platforms: linux/amd64' >.github/workflows/docker.yml
	repository CMakeLists.txt src/llama.cpp
	init
	assert_equal "$(sed -n '/^images/,/^run/s/^  \([a-z-]*\):$/\1/p' .ocifp.yaml | paste -sd' ')" 'full server cuda-full cuda-server'
	assert_equal "$(grep -c '^    inputs: \[\.\]$' .ocifp.yaml)" 4
	grep -q -- ' -f .devops/cuda.Dockerfile --target server \.$' .ocifp.yaml
	says preset ccache
}

@test "like pallets/flask and facebook/docusaurus: no Dockerfile, but a dev container's image; yarn has no preset" {
	need git
	mkdir .devcontainer
	echo '{"image": "mcr.microsoft.com/devcontainers/python:3"}' >.devcontainer/devcontainer.json
	repository pyproject.toml src/flask/app.py
	ocifp_run init
	assert_status 0
	says preset pip
	rm .ocifp.yaml pyproject.toml
	touch package.json yarn.lock
	ocifp_run init
	assert_failed 2
	assert_stderr_has 'has no Dockerfile, and no workspace for which a cache is known; ocifp-build.7. has images without a Dockerfile'
	echo 'FROM node:20' >Dockerfile
	init
	assert_equal "$(grep -c '^caches:' .ocifp.yaml)" 0
	grep -q '^    - node_modules:/app/node_modules ' .ocifp.yaml
}

@test "a workflow is written beside it, and both can be read" {
	need python3_yaml
	echo 'FROM alpine' >Dockerfile
	ocifp_run init --github --json
	assert_status 0
	assert_equal "$(jq -c .files "$T/stdout")" '[".ocifp.yaml",".github/workflows/ocifp.yml"]'
	python3 -c 'import sys, yaml; print(yaml.safe_load(open(sys.argv[1]))["jobs"]["image"]["with"]["image"])' \
		.github/workflows/ocifp.yml >"$T/read"
	assert_equal "$(cat "$T/read")" ci
}

@test "nothing is overwritten, and then nothing is written" {
	echo 'FROM alpine' >Dockerfile
	mkdir -p .github/workflows && echo mine >.github/workflows/ocifp.yml
	ocifp_run init --github
	assert_failed 2
	assert_stderr_has "'.github/workflows/ocifp.yml' is there already; ocifp init overwrites nothing"
	[ ! -e .ocifp.yaml ] || fail 'the project file was written'
	ln -s "$T/elsewhere" .ocifp.yaml
	ocifp_run init
	assert_failed 2
	[ ! -e "$T/elsewhere" ] || fail 'a link was followed'
	rm .ocifp.yaml Dockerfile
	ocifp_run init
	assert_failed 2
	assert_stderr_has 'has no Dockerfile, and no workspace for which a cache is known'
}

@test "what a hostile Dockerfile names stays in the project, and is no key of the file" {
	touch 'a b' 'c"d' $'e\nf' x
	printf '%s\n' 'FROM x AS ci;evil' 'COPY --from=9 a b' 'COPY --from=0 a b' 'FROM alpine:3" ]' 'COPY /etc/passwd ../../etc/shadow ./../x "a b" /d/' 'COPY ["c\"d", "x", "/d/"]' \
		'COPY * /all/' 'WORKDIR /w: {evil: 1}' 'ADD --from=x y' 'COPY' 'FROM' 'WORKDIR' '\' >Dockerfile
	mkdir -p .github/workflows && echo 'target: ci;evil' >.github/workflows/x.yml
	touch "Dockerfile.a'b;evil" && echo 'FROM x' >"Dockerfile.a'b;evil"
	init
	! grep evil .ocifp.yaml | grep -v inputs: || fail 'it is in the file' "$(cat .ocifp.yaml)"
	says inputs "[Dockerfile, x, \"Dockerfile.a'b;evil\", \"a b\", \"c\\\"d\"]"
}

@test "a file whose name is more than a word of the shell is no Dockerfile" {
	echo 'FROM alpine' >Dockerfile
	echo 'FROM alpine' >"Dockerfile.a'; touch PWNED; '"
	echo 'FROM alpine' >'Dockerfile.$(touch PWNED)'
	init
	assert_equal "$(grep -c PWNED .ocifp.yaml)" 0
}

@test "no link of a hostile directory is followed, neither for inputs nor for what is written" {
	mkdir "$T/elsewhere" && touch "$T/elsewhere/secret"
	ln -s "$T/elsewhere" out && ln -s . here && ln -s ../desk/inside own
	touch inside
	printf 'FROM alpine\nCOPY out/* out out/secret own */*/*/*/*/*/* here/here/* ins* /x/\n' >Dockerfile
	ln -s "$T/elsewhere" .github
	ocifp_run init --github
	assert_failed 2
	assert_stderr_has "cannot make '.github/workflows/ocifp.yml': '.github' is a link"
	[ ! -e "$T/elsewhere/workflows" ] && [ ! -e .ocifp.yaml ] || fail 'something was written'
	init
	says inputs '[Dockerfile, own, inside]'
}

@test "a hostile project with many files, stages or workflows is looked at no further than people's" {
	local i
	mkdir -p d .github/workflows
	(cd d && seq 30000 | xargs touch)
	printf 'FROM alpine\nCOPY d/* /x/\n' >Dockerfile
	ocifp_run init
	assert_failed 2
	assert_stderr_has 'more than 10000 values'
	rm -r d
	python3 - <<-'EOF'
		text = ("#" * 1000 + "\n") * 1000
		for i in range(300):
		    open(".github/workflows/%d.yml" % i, "w").write(text)
		open("Dockerfile", "w").write("FROM a AS s0\n" + "".join("FROM s%d AS s%d\n" % (i, i + 1) for i in range(40000)))
		for i in range(200):
		    open("Dockerfile.i%d" % i, "w").write("FROM a\n")
	EOF
	# Sanitizers map far more than they use.
	(! can no_sanitizers || ulimit -v 1000000 && init) || fail "$told"
	assert_equal "$(grep -c '^    repository:' .ocifp.yaml)" 64
}

@test "lines that a hostile Dockerfile continues are put together in no more time than their bytes need" {
	python3 - <<-'EOF'
		open("Dockerfile", "w").write("FROM alpine\nRUN \\\n" + "a\\\n" * 340000 + "\nCOPY kept /\n")
		open("kept", "w").write("x")
		for i in range(20):
		    open("Dockerfile.i%d" % i, "w").write(open("Dockerfile").read())
	EOF
	# Put together anew for each line, they would need minutes.
	(ulimit -t 30 && ocifp_run init && assert_status 0) || fail "$stderr"
	grep -q 'kept' .ocifp.yaml || fail "$(cat .ocifp.yaml)"
}
