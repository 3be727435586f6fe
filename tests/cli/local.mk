# The program against doubles.
cli_tests = %D%/fingerprint.bats %D%/cli.bats %D%/prune.bats %D%/store.bats
cli_tests = %D%/append.bats %D%/fingerprint.bats %D%/cli.bats %D%/store.bats
EXTRA_DIST += $(cli_tests)
if HAVE_BATS
TESTS += $(cli_tests)
endif
