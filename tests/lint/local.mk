lint_tests = %D%/layers.sh
dist_check_SCRIPTS += $(lint_tests)
TESTS += $(lint_tests)
