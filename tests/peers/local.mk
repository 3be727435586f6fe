# The program beside real registries and the tools that people use.
peer_tests = \
	%D%/archives.bats \
	%D%/concurrency.bats \
	%D%/ensure.bats \
	%D%/kill.bats \
	%D%/memory.bats \
	%D%/pull.bats \
	%D%/push.bats \
	%D%/requests.bats
peer_tests_waiting = %D%/registry.bats
EXTRA_DIST += $(peer_tests) $(peer_tests_waiting)
if HAVE_BATS
TESTS += $(peer_tests)
endif
