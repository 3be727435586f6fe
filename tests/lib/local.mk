# What the bats tests stand on, and its own test.
rig_tests = tests/rig.bats
EXTRA_DIST += $(rig_tests) \
	%D%/actions.py \
	%D%/assert.bash \
	%D%/bundles.bash \
	%D%/caches.bash \
	%D%/canary.c \
	%D%/describe_tree.py \
	%D%/faults.bash \
	%D%/disks.bash \
	%D%/dns_server.py \
	%D%/durable.py \
	%D%/fingerprint.py \
	%D%/images.bash \
	%D%/in_vm.sh \
	%D%/late_file.c \
	%D%/layers.bash \
	%D%/lying_helper.py \
	%D%/mkcache.py %D%/package_index.py \
	%D%/mkimage.py \
	%D%/mklayer.py \
	%D%/modern.bash \
	%D%/nginx.bash \
	%D%/on_nfs.c \
	%D%/projects.bash \
	%D%/racer.c \
	%D%/random_project.py \
	%D%/read_cache.py \
	%D%/registry.bash \
	%D%/rig.bash \
	%D%/roots.bash \
	%D%/screens.bash \
	%D%/scenes.bash \
	%D%/screen.py \
	%D%/sigstore.py \
	%D%/sigstore_server.py \
	%D%/source_times_fuzz.py \
	%D%/systems.bash \
	%D%/tls.bash \
	%D%/trees.py \
	%D%/token_server.py \
	%D%/unpack_ways.bash \
	%D%/without_openat2.py
if HAVE_BATS
TESTS += $(rig_tests)
endif

check_PROGRAMS += %D%/open_layers %D%/source_times %D%/verify_bundle
%C%_open_layers_SOURCES = %D%/open_layers.c
%C%_open_layers_LDADD = $(image_libs)
%C%_source_times_SOURCES = %D%/source_times.c
%C%_source_times_LDADD = $(cache_libs)
%C%_verify_bundle_SOURCES = %D%/verify_bundle.c
%C%_verify_bundle_LDADD = $(image_libs)
