#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Images out of directories, tars and other images.

load ../lib/rig

setup() {
	need python3 jq
	rig_setup
	make_tree root
}

teardown() {
	rig_teardown
}

# append ARGUMENT...: into oci:out:v1
append() {
	rm -rf out
	ocifp_run append -o oci:out:v1 "$@"
	assert_status 0
}

refused() {
	local wanted=$1 text=$2 before
	shift 2
	before=$(find out 2>/dev/null | sort)
	ocifp_run append -o oci:out:v1 "$@"
	assert_failed "$wanted"
	assert_stderr_has "$text"
	assert_equal "$(find out 2>/dev/null | sort)" "$before"
}

@test "a directory is one layer of an image for this machine" {
	append root
	[[ $stdout == oci:out@sha256:* ]] || fail "$told"
	assert_equal "$(config_of out v1 | jq -c '[.os, .created, (.rootfs.diff_ids | length)]')" \
		'["linux","1970-01-01T00:00:00Z",1]'
	assert_equal "$(layer_names out v1 0 | head -5 | tr '\n' ' ')" \
		"bin/ bin/again bin/hello bin/hi etc/ "
	assert_equal "$(manifest_of out v1 | jq -r '.layers[0].mediaType')" \
		application/vnd.oci.image.layer.v1.tar+gzip
	assert_equal "$(config_of out v1 | jq -r '.rootfs.diff_ids[0]')" \
		"sha256:$(layer_tar out v1 0 | sha256sum | cut -d' ' -f1)"
}

@test "a path in the image puts the files below it" {
	append root/bin://usr//local/bin/
	assert_equal "$(layer_names out v1 0 | tr '\n' ' ')" \
		"usr/ usr/local/ usr/local/bin/ usr/local/bin/again usr/local/bin/hello usr/local/bin/hi "
	append root/bin:/
	assert_equal "$(layer_names out v1 0 | tr '\n' ' ')" "again hello hi "
	mkdir 'odd:'
	touch 'odd:/x'
	append 'odd:/'
	assert_equal "$(layer_names out v1 0)" x
}

@test "each operand is a layer, and the base's stay below" {
	append root/bin root/etc
	mv out base
	ocifp_run append --base oci:base:v1 -o oci:out:v1 root/bin:/opt
	assert_status 0
	assert_equal "$(manifest_of out v1 | jq -c '.layers[:2]')" "$(manifest_of base v1 | jq -c .layers)"
	assert_equal "$(config_of out v1 | jq '[(.history | length), (.rootfs.diff_ids | length)] | add')" 6
	[ "$(find out/blobs -type f | wc -l)" = 5 ]
}

@test "the configuration is what the options say" {
	append root -e A=1 -e B=2 -e A=3=4 --entrypoint /bin/hello --entrypoint -v --cmd x \
		-u 1000:1000 -w /opt -l a=b -l c= --expose 80 --expose 53/udp --volume /data \
		--stop-signal SIGINT -a note=yes
	assert_equal "$(config_of out v1 | jq -Sc .config)" "$(jq -Sc . <<-'JSON'
		{"Env":["A=3=4","B=2"],"Entrypoint":["/bin/hello","-v"],"Cmd":["x"],"User":"1000:1000",
		"WorkingDir":"/opt","Labels":{"a":"b","c":""},"ExposedPorts":{"80/tcp":{},"53/udp":{}},
		"Volumes":{"/data":{}},"StopSignal":"SIGINT"}
	JSON
	)"
	assert_equal "$(manifest_of out v1 | jq -c .annotations)" '{"note":"yes"}'
}

@test "mutate changes what it is told, and keeps what it does not know" {
	append root -e A=1 -e PATH=/bin --cmd old -l a=b
	mv out base
	local config
	config=$(config_of base v1 | jq -c '. + {"x-ours": {"deep": [1, 2.5]}} |
		.config["x-run"] = true')
	python3 - "$config" <<-'PY'
		import hashlib, json, sys
		def add(text):
		    name = hashlib.sha256(text).hexdigest()
		    open("base/blobs/sha256/" + name, "wb").write(text)
		    return {"digest": "sha256:" + name, "size": len(text)}
		index = json.load(open("base/index.json"))
		old = "base/blobs/" + index["manifests"][0]["digest"].replace(":", "/")
		manifest = json.load(open(old))
		manifest["config"].update(add(sys.argv[1].encode()))
		manifest["x-theirs"] = "kept"
		index["manifests"][0].update(add(json.dumps(manifest).encode()))
		json.dump(index, open("base/index.json", "w"))
	PY
	ocifp_run mutate -o oci:out:v1 oci:base:v1 -e A=2 --entrypoint /x -l c=d
	assert_status 0
	assert_equal "$(config_of out v1 | jq -c '[."x-ours", .config["x-run"], .config.Env, .config.Labels]')" \
		'[{"deep":[1,2.5]},true,["A=2","PATH=/bin"],{"a":"b","c":"d"}]'
	assert_equal "$(config_of out v1 | jq -c '[.config.Entrypoint, .config.Cmd]')" '[["/x"],null]'
	assert_equal "$(config_of out v1 | jq -c '.history[-1].empty_layer')" true
	assert_equal "$(manifest_of out v1 | jq -r '."x-theirs"')" kept
	assert_equal "$(manifest_of out v1 | jq -c .layers)" "$(manifest_of base v1 | jq -c .layers)"
}

@test "mutate without a change is a usage error" {
	append root
	ocifp_run mutate -o oci:other oci:out:v1
	assert_failed 2
}

@test "what is cleared is gone, and what is set besides is there alone" {
	append root -e A=1 --entrypoint /e --cmd c -u 1 -w /w -l a=b --expose 80 --volume /v --stop-signal SIGINT -a k=v
	mv out base
	local words=(env entrypoint cmd user workdir label expose volume stop-signal healthcheck
		annotation)
	ocifp_run mutate -o oci:out:v1 oci:base:v1 "${words[@]/#/--clear=}"
	assert_status 0
	assert_equal "$(config_of out v1 | jq -c .config)" '{}'
	assert_equal "$(manifest_of out v1 | jq -c .annotations)" null
	ocifp_run mutate -o oci:other:v1 oci:base:v1 --clear env -e B=2 --clear annotation -a n=w
	assert_equal "$(config_of other v1 | jq -c '[.config.Env, .config.Cmd]')" '[["B=2"],["c"]]'
	assert_equal "$(manifest_of other v1 | jq -c .annotations)" '{"n":"w"}'
	ocifp_run mutate -o oci:no:v1 oci:base:v1 --clear env,cmd
	assert_failed 2
	assert_stderr_has 'stop-signal'
}

@test "an author, and what made it" {
	append root --author 'Some One <so@localhost>' --created-by 'make image'
	assert_equal "$(config_of out v1 | jq -r '.author, .history[-1].created_by')" \
		$'Some One <so@localhost>\nmake image'
}

@test "an image of one platform can be said to be for another, in the index too" {
	append root --platform linux/arm64 --platform linux/s390x
	mv out base
	ocifp_run mutate -o oci:out:v1 --platform linux/s390x --set-platform linux/arm/v6 oci:base:v1
	assert_status 0
	assert_equal "$(config_of out v1 | jq -c '[.os, .architecture, .variant]')" '["linux","arm","v6"]'
	ocifp_run mutate -o oci:out:v2 --set-platform windows/amd64 oci:out:v1
	assert_equal "$(config_of out v2 | jq -c '[.os, .architecture, .variant]')" '["windows","amd64",null]'
	ocifp_run mutate -o oci:no --set-platform linux/amd64 oci:base:v1
	assert_failed 2
	assert_stderr_has '--platform needs an image of a single platform'
	ocifp_run mutate -o oci:no --set-platform nonsense oci:out:v1
	assert_failed 2
}

@test "the annotations of the base are its digest, and its name where others know that" {
	append root
	ocifp_run append --base oci:out:v1 --set-base-image-annotations -a org.opencontainers.image.base.name=mine \
		-o oci:on:v1 root
	assert_status 0
	assert_equal "$(manifest_of on v1 | jq -c '.annotations | to_entries | map(.value)')" \
		"$(jq -nc --arg d "$(mkimage digest out v1)" '[$d, "mine"]')"
	ocifp_run append --set-base-image-annotations -o oci:none:v1 root
	assert_equal "$(manifest_of none v1 | jq -c .annotations)" null
}

@test "a compressed tar is taken byte for byte, another one is compressed" {
	need zstd
	tar -C root -cf plain.tar .
	gzip -kn plain.tar
	zstd -q plain.tar
	append plain.tar.gz plain.tar.zst plain.tar
	assert_equal "$(manifest_of out v1 | jq -r '.layers[].mediaType' | sed 's/.*tar//' | tr '\n' ' ')" \
		"+gzip +zstd +gzip "
	cmp "$(blob_path out "$(manifest_of out v1 | jq -r '.layers[0].digest')")" plain.tar.gz
	cmp "$(blob_path out "$(manifest_of out v1 | jq -r '.layers[1].digest')")" plain.tar.zst
	assert_equal "$(config_of out v1 | jq -r '.rootfs.diff_ids | unique[]')" \
		"sha256:$(sha256sum <plain.tar | cut -d' ' -f1)"
	append --compression none plain.tar
	cmp "$(blob_path out "$(manifest_of out v1 | jq -r '.layers[0].digest')")" plain.tar
}

@test "a layer of several blocks has the same digest on every machine and is one gzip member" {
	mkdir fixed
	seq 1 300000 >fixed/numbers
	chmod 755 fixed && chmod 644 fixed/numbers
	append fixed
	gzip -t <"$(blob_path out "$(manifest_of out v1 | jq -r ".layers[0].digest")")"
	assert_equal "$(manifest_of out v1 | jq -r '.layers[0].digest')" "sha256:87f2b9e8b245c9c44ccc740257626b92f77cfa1061132dc0d5b3ee2b06063608"
	append --level 1 fixed
	assert_equal "$(manifest_of out v1 | jq -r '.layers[0].digest')" "sha256:77c701d47f586306e7da4b9a48a709f4ed5a7c347e8c455b1a46ceea1cdc2626"
}

@test "a level is one that the compression has" {
	refused 2 "invalid --level '10': expected 1 to 9" --level 10 root
	refused 2 "invalid --level '20': expected 1 to 19" --level 20 --compression zstd root
	refused 2 "--level requires a compression" --level 1 --compression none root
	append --level 19 --compression zstd root
}

@test "what is no tar is refused, and nothing is left" {
	echo text >text
	gzip -k text
	head -c 2048 /dev/urandom >noise
	tar -C root -czf cut.tgz . && truncate -s -20 cut.tgz
	head -c 10000 /dev/urandom >root/large
	tar -C root -cf plain.tar large
	: >empty
	head -c 3000 plain.tar >cut.tar
	gzip -k cut.tar
	refused 7 'cannot read the tar' text
	refused 7 'cannot read the tar: .*; a layer is a directory or a tar' text.gz
	refused 7 'cannot read the tar' noise
	refused 7 'cannot read the tar' empty
	refused 7 'cut short' cut.tgz
	refused 7 'Truncated' cut.tar
	refused 7 'Truncated' cut.tar.gz
	mkfifo pipe
	refused 2 'neither a directory nor a file' pipe
	refused 10 'missing' missing
	[ -z "$(find . "$OCIFP_STORE" -name '*.part' 2>&1)" ]
}

@test "what is refused leaves no layout, and leaves alone what was there" {
	echo text >text
	refused 7 'cannot read the tar' root text
	refused 10 'missing' root missing
	refused 2 'neither' root/bin /dev/null
	refused 10 'No such file' --base oci:none:v1 root
	[ ! -e out ] || fail "left: $(find out)"
	mkdir out
	refused 7 'cannot read the tar' root text
	[ -d out ]
	append root
	refused 7 'cannot read the tar' --base oci:out:v1 root/bin text
	ocifp_run mutate oci:out:v1 -o oci:new:v1 --platform linux/s390x -e A=b
	assert_failed 8
	[ ! -e new ] || fail "left: $(find new)"
	ocifp_run append -t here.example/app:v1 root/bin text
	assert_failed 7
	[ -z "$(find "$OCIFP_STORE" -name '*.part')" ]
	ocifp_run pull oci:out:none -o oci:new:v1
	assert_status 3
	[ ! -e new ] || fail "left: $(find new)"
}

@test "a tar may come through a pipe, and is the layer that it is as a file" {
	head -c 1000000 /dev/urandom >root/large
	tar -cf plain.tar -C root .
	gzip -9nk plain.tar
	local file
	for file in plain.tar plain.tar.gz; do
		ocifp_run append -o oci:out:file "$file"
		assert_status 0
		ocifp_run append -o oci:out:pipe - < <(cat "$file")
		assert_status 0
		assert_equal "$(mkimage digest out pipe)" "$(mkimage digest out file)"
	done
	head -c 3000 plain.tar >cut.tar
	ocifp_run append -o oci:out:cut - < <(cat cut.tar)
	assert_failed 7
	assert_stderr_has "layer '-'"
	ocifp_run append -o oci:out:none - </dev/null
	assert_failed 7
	ocifp_run append -o oci:out:none -:/opt </dev/null
	assert_failed 2
	assert_equal "$(ocifp tags oci:out | sort | xargs)" 'file pipe'
}

@test "an index is changed platform by platform, and attestations are left out" {
	mkimage image base v1 --platform linux/amd64 --platform linux/arm64/v8 --attestation \
		--layers 10k >/dev/null
	ocifp_run append --base oci:base:v1 -o oci:out:v1 root
	assert_status 0
	assert_equal "$(manifest_of out v1 | jq -c '[.manifests[].platform | [.architecture, .variant]]')" \
		'[["amd64",null],["arm64","v8"]]'
	rm -rf out
	ocifp_run append --base oci:base:v1 --platform linux/arm64 -o oci:out:v1 root
	assert_status 0
	assert_equal "$(config_of out v1 | jq -r .architecture)" arm64
	rm -rf out
	refused 8 'linux/s390x' --base oci:base:v1 --platform linux/s390x root
}

@test "nothing for several platforms is an index" {
	append --platform linux/amd64,linux/arm64 root
	assert_equal "$(manifest_of out v1 | jq -c '[.manifests[].platform.architecture]')" \
		'["amd64","arm64"]'
}

@test "into the store under a name, and into archives" {
	ocifp_run append -t localhost:5000/app root
	assert_status 0
	local named=$stdout
	ocifp_run store ls --json
	assert_json ".references[0] | .digest == \"${named#*@}\" and .name == \"localhost:5000/app:latest\""
	ocifp_run append -o oci-archive:app.tar:v1 root
	assert_stdout "oci-archive:app.tar@${named#*@}"
	ocifp_run append -o docker-archive:- root
	assert_status 0
	tar -tf "$T/stdout" | grep -qx manifest.json
}

@test "usage: where it goes, owners, ports, pairs, paths" {
	local arguments
	for arguments in 'root' '-o oci:o -t h:1/n root' '-o oci:o --push root' '-o h:1/n root' \
		'-t oci:o root' '-t h:1/n@sha256:00 root' '-o oci:o' '-o oci:o --owner root root' \
		'-o oci:o --owner 1:4294967295 root' '-o oci:o --expose 65536 root' \
		'-o oci:o --expose 1/x root' '-o oci:o -e =x root' '-o oci:o -e x root' \
		'-o oci:o -w rel root' '-o oci:o --volume rel root' '-o oci:o root:/a/../b' \
		'-o oci:o --compression xz root' '-o oci:o root:/.wh.x'; do
		# shellcheck disable=SC2086
		ocifp_run append $arguments
		assert_failed 2
		[ ! -e o ]
	done
	SOURCE_DATE_EPOCH=now ocifp_run append -o oci:o root
	assert_failed 2
	ocifp_run append -o oci:o root -e "$(printf 'A=\xff')"
	assert_failed 2
}

@test "owners are 0, a number, or kept" {
	local expected
	expected=$(stat -c %u/%g root/bin/hello)
	append --owner 1000:1001 root/bin:/opt/app
	assert_equal "$(layer_tar out v1 0 | tar --numeric-owner -tv | awk '{print $2}' | uniq | tr '\n' ' ')" \
		"0/0 1000/1001 "
	append --owner keep root/bin
	assert_equal "$(layer_tar out v1 0 | tar --numeric-owner -tv | awk '{print $2}' | uniq)" "$expected"
}

@test "SOURCE_DATE_EPOCH is the time of the image and the latest of its files" {
	touch -d @1500000000 root/bin/hello
	SOURCE_DATE_EPOCH=1600000000 append root/bin
	assert_equal "$(config_of out v1 | jq -r '.created, .history[0].created' | uniq)" \
		2020-09-13T12:26:40Z
	assert_equal "$(layer_tar out v1 0 | tar --full-time -tv | awk '{print $4, $5}' | sort -u | tr '\n' ' ')" \
		"2017-07-14 02:40:00 2020-09-13 12:26:40 "
}

@test "the same files make the same image: order, umask, locale, time zone, time, place" {
	local first second
	append root -e A=b
	first=$stdout
	mkdir -m 700 elsewhere
	(umask 077 && make_tree elsewhere/tree)
	find elsewhere -exec touch -h -d '2001-02-03 04:05:06' {} +
	rm -rf out
	second=$(umask 077 && cd elsewhere && TZ=Asia/Kathmandu LC_ALL=C \
		ocifp append -o oci:../out:v1 tree -e A=b 3>&-)
	assert_equal "${second#*@}" "${first#*@}"
	# The tar alone: compressors differ from version to version.
	assert_equal "$(config_of out v1 | jq -r '.rootfs.diff_ids[0]')" \
		sha256:eafa994cfda6e2d8282e3edcbf684d1b83d1054b55355d62d8bd1d8332def9dc
}

@test "the same files on another file system make the same image" {
	local other=/dev/shm first
	need second_file_system
	append root
	first=$stdout
	other=$(mktemp -d $other/ocifp-test.XXXXXX)
	make_tree "$other/root"
	append "$other/root" || { rm -rf "$other" && return 1; }
	rm -rf "$other"
	assert_stdout "$first"
}

@test "a docker image stays one" {
	append root
	ocifp_run append -o docker-archive:d.tar:app:1 root
	python3 - <<-'PY'
		import hashlib, json, glob
		index = json.load(open("out/index.json"))
		path = "out/blobs/" + index["manifests"][0]["digest"].replace(":", "/")
		manifest = json.load(open(path))
		docker = "application/vnd.docker."
		manifest["mediaType"] = docker + "distribution.manifest.v2+json"
		manifest["config"]["mediaType"] = docker + "container.image.v1+json"
		manifest["layers"][0]["mediaType"] = docker + "image.rootfs.diff.tar.gzip"
		text = json.dumps(manifest).encode()
		name = hashlib.sha256(text).hexdigest()
		open("out/blobs/sha256/" + name, "wb").write(text)
		index["manifests"][0].update(mediaType=manifest["mediaType"], size=len(text), digest="sha256:" + name)
		json.dump(index, open("out/index.json", "w"))
	PY
	ocifp_run append --base oci:out:v1 -o oci:more:v1 root/bin
	assert_status 0
	assert_equal "$(manifest_of more v1 | jq -r '[.mediaType, .config.mediaType, .layers[].mediaType] |
		map(contains("docker")) | unique | length')" 1
}

@test "a build command without a daemon: append as ocifp ensure's builder" {
	make_tree src
	cat >.ocifp.yaml <<-YAML
		version: 1
		images:
		  app:
		    repository: oci:$T/registry
		    inputs: [src/]
		    platforms: [linux/amd64, linux/arm64]
		    build: echo built >>$T/builds && ocifp append --platform \$OCIFP_PLATFORMS -o oci:\$OCIFP_OUTPUT src:/opt/app --cmd /opt/app/bin/hello
	YAML
	ocifp_run ensure --push always
	assert_status 0
	ocifp_run ensure --push always
	assert_status 0
	assert_equal "$(cat "$T/builds")" built
	ocifp_run pull app --platform linux/arm64 -o oci:pulled:v1
	assert_status 0
	assert_equal "$(config_of pulled v1 | jq -c '[.architecture, .config.Cmd]')" \
		'["arm64",["/opt/app/bin/hello"]]'
}

@test "push rootfs: a directory is an image" {
	ocifp_run push "rootfs:$PWD/root" oci:out:v1 --cmd /bin/hello --owner 7:8 -a a=b
	assert_status 0
	assert_equal "$(config_of out v1 | jq -c '[.config.Cmd, .history[0].created_by]')" \
		'[["/bin/hello"],"ocifp push"]'
	assert_equal "$(layer_names out v1 0 | head -3 | tr '\n' ' ')" "bin/ bin/again bin/hello "
	ocifp_run push "rootfs:$PWD/root" oci:untagged
	assert_status 0
	ocifp_run inspect --json "$stdout"
	assert_status 0
	ocifp_run push "oci:out:v1" oci:again
	ocifp_run digest "$stdout"
	assert_status 0
	ocifp_run push rootfs:root oci:out:many --platform linux/amd64,linux/arm64
	assert_status 0
	assert_equal "$(manifest_of out many | jq -c '[.manifests[].platform.architecture]')" \
		'["amd64","arm64"]'
	ocifp_run push --by-hash rootfs:root oci:out --input root
	assert_status 0
	assert_equal "$(manifest_of out "$(ocifp fingerprint --input root --length 12 3>&- | head -c 12)" |
		jq -r '.manifests | length')" 2
	ocifp_run push oci:out:v1 oci:more:v1 --env A=b
	assert_failed 2
}

@test "a tar that takes its helper over does not say what it is" {
	local helper=$T/liar/ocifp-layer
	need python3
	mkdir "$T/liar"
	printf '%s\n' '#!/bin/sh' "exec python3 '$RIG_LIB/lying_helper.py' \"\$@\"" >"$helper"
	chmod 755 "$helper"
	tar -cf plain.tar -C root .
	OCIFP_LIBEXEC=$T/liar append plain.tar
	assert_equal "$(config_of out v1 | jq -r '.rootfs.diff_ids[0]')" \
		"sha256:$(sha256sum <plain.tar | cut -d ' ' -f 1)"
}
