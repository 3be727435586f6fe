# The program beside real registries and the tools that people use.
peer_tests =
EXTRA_DIST += $(peer_tests)
if HAVE_BATS
TESTS += $(peer_tests)
endif
