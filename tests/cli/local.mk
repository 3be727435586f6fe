# The program against doubles.
cli_tests = \
	%D%/append.bats \
	%D%/breakouts.bats \
	%D%/cache_keys.bats \
	%D%/cli.bats \
	%D%/commits.bats \
	%D%/elsewhere.bats \
	%D%/export.bats \
	%D%/fingerprint.bats \
	%D%/init.bats \
	%D%/instructions.bats \
	%D%/keyless.bats \
	%D%/manage.bats \
	%D%/prune.bats \
	%D%/quickstart.bats \
	%D%/rebase.bats \
	%D%/results.bats \
	%D%/run_limits.bats \
	%D%/run_refused.bats \
	%D%/schema.bats \
	%D%/signals.bats \
	%D%/store.bats \
	%D%/unpack.bats \
	%D%/unpack_faults.bats
EXTRA_DIST += $(cli_tests) tests/data/breakouts.txt
if HAVE_BATS
TESTS += $(cli_tests)
endif
