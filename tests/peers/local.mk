# The program beside real registries and the tools that people use.
peer_tests = \
	%D%/actions.bats \
	%D%/adoption.bats \
	%D%/append.bats \
	%D%/artifacts.bats \
	%D%/archives.bats \
	%D%/cache.bats \
	%D%/cache_presets.bats \
	%D%/cache_story.bats \
	%D%/ci_image.bats \
	%D%/concurrency.bats \
	%D%/cosign.bats \
	%D%/copy.bats \
	%D%/copy_many.bats \
	%D%/ensure.bats \
	%D%/ensure_project.bats \
	%D%/events.bats \
	%D%/examples.bats \
	%D%/index.bats \
	%D%/interop.bats \
	%D%/kill.bats \
	%D%/lock.bats \
	%D%/manage.bats \
	%D%/memory.bats \
	%D%/mirrors.bats \
	%D%/modern.bats \
	%D%/other_ci.bats \
	%D%/own_workflows.bats \
	%D%/package.bats \
	%D%/prune.bats \
	%D%/pull.bats \
	%D%/push.bats \
	%D%/rebase.bats \
	%D%/recipes.bats \
	%D%/registry.bats \
	%D%/requests.bats \
	%D%/run.bats \
	%D%/run_cache.bats \
	%D%/run_images.bats \
	%D%/runner_hook.bats \
	%D%/run_project.bats \
	%D%/settings.bats \
	%D%/sign.bats \
	%D%/static.bats \
	%D%/unpack.bats \
	%D%/unpack_images.bats \
	%D%/uploads.bats \
	%D%/workflow.bats
EXTRA_DIST += $(peer_tests)
if HAVE_BATS
TESTS += $(peer_tests)
endif
