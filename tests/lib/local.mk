# What the bats tests stand on, and its own test.
rig_tests = tests/rig.bats
EXTRA_DIST += $(rig_tests) \
	%D%/assert.bash \
	%D%/faults.bash \
	%D%/fingerprint.py \
	%D%/images.bash \
	%D%/mkimage.py \
	%D%/nginx.bash \
	%D%/projects.bash \
	%D%/registry.bash \
	%D%/rig.bash \
	%D%/scenes.bash \
	%D%/tls.bash \
	%D%/token_server.py
if HAVE_BATS
TESTS += $(rig_tests)
endif
