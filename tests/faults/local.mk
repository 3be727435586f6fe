# The program against a registry that misbehaves, and the whole life of what it leaves behind.
fault_tests = \
	%D%/append.bats \
	%D%/auth.bats \
	%D%/blobs.bats \
	%D%/bundles.bats \
	%D%/budgets.bats \
	%D%/cache.bats \
	%D%/cli.bats \
	%D%/copy.bats \
	%D%/direct.bats \
	%D%/fingerprint.bats \
	%D%/http.bats \
	%D%/keyless.bats \
	%D%/index.bats \
	%D%/manage.bats \
	%D%/manifests.bats \
	%D%/mirrors.bats \
	%D%/mistakes.bats \
	%D%/packages.bats \
	%D%/presence.bats \
	%D%/prune.bats \
	%D%/push.bats \
	%D%/ranges.bats \
	%D%/rebase.bats \
	%D%/redirects.bats \
	%D%/screens.bats \
	%D%/signatures.bats \
	%D%/space.bats \
	%D%/store.bats \
	%D%/terminal.bats \
	%D%/tls.bats \
	%D%/trace.bats \
	%D%/unpack.bats \
	%D%/uploads.bats
EXTRA_DIST += $(fault_tests) tests/data/screens \
	%D%/auth.py \
	%D%/h2.py \
	%D%/packages.py \
	%D%/proxy.py \
	%D%/registry.py \
	%D%/rules.py \
	%D%/server.py \
	%D%/socks.py \
	%D%/wire.py
if HAVE_BATS
TESTS += $(fault_tests)
endif
