/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include <jansson.h>

#include "base/xalloc.h"
#include "oci/document.h"
#include "run/engine/bundle.h"
#include "run/engine/denied_calls.h"
#include "run/engine/job_engine.h"
#include "run/job.h"
#include "run/root/mounts.h"
#include "sandbox/id_map.h"

/* As runtime-spec's config.md has it. */
static json_t *
config_of(const struct job_user *user, const struct id_map *map, const struct job_mounts *mounts,
	  bool own_network)
{
	AUTO_JOB struct job job = {
		.directory = xstrdup("/work"),
		.hostname = xstrdup("name"),
		.user = *user,
		.read_only = true,
	};
	const struct engine_start start = {
		.job = &job,
		.map = map,
		.own_network = own_network,
		.terminal_fd = -1,
		.mounts = mounts,
	};
	AUTO_FREE char *text = NULL;
	json_t *config;

	job.user.groups = xcalloc(user->group_count + 1, sizeof(gid_t));
	for (size_t i = 0; i < user->group_count; i++)
		job.user.groups[i] = user->groups[i];
	strings_add(&job.args, "/bin/sh");
	strings_add(&job.args, "a b");
	strings_add(&job.env, "X=\"1\"");
	text = bundle_config(&start, "/the/root");
	config = json_loads(text, 0, NULL);
	assert_non_null(config);
	return config;
}

static const json_t *
at(const json_t *object, const char *first, const char *second)
{
	const json_t *found = json_object_get(object, first);

	return second ? json_object_get(found, second) : found;
}

static bool
has(const json_t *array, const char *key, const char *value)
{
	size_t index;
	const json_t *item;

	json_array_foreach (array, index, item) {
		const json_t *text = key ? json_object_get(item, key) : item;

		if (json_is_string(text) && strcmp(json_string_value(text), value) == 0)
			return true;
	}
	return false;
}

static const struct job_user root_user = { .uid = 0 };
static const struct id_map host = { .kind = ID_MAP_HOST };

static void
a_job_is_what_was_said(void **state)
{
	AUTO_JSON json_t *config = config_of(&root_user, &host, NULL, false);

	(void)state;
	assert_true(has(at(config, "process", "args"), NULL, "a b"));
	assert_true(has(at(config, "process", "env"), NULL, "X=\"1\""));
	assert_string_equal(json_string_value(at(config, "process", "cwd")), "/work");
	assert_string_equal(json_string_value(at(config, "root", "path")), "/the/root");
	assert_true(json_is_true(at(config, "root", "readonly")));
	assert_true(json_is_false(at(config, "process", "terminal")));
}

/* What is set up already is inherited; of what is not, the engine makes all. */
static void
an_engine_of_ours_inherits_namespaces_and_others_make_them(void **state)
{
	const struct job_mounts none = { NULL, 0 };
	AUTO_JSON json_t *ours = config_of(&root_user, &host, NULL, true);
	AUTO_JSON json_t *theirs = config_of(&root_user, &host, &none, true);
	AUTO_JSON json_t *shared = config_of(&root_user, &host, &none, false);

	(void)state;
	assert_int_equal(json_array_size(at(ours, "linux", "namespaces")), 1);
	assert_true(has(at(ours, "linux", "namespaces"), "type", "mount"));
	assert_true(has(at(theirs, "linux", "namespaces"), "type", "pid"));
	assert_true(has(at(theirs, "linux", "namespaces"), "type", "network"));
	assert_true(has(at(theirs, "linux", "namespaces"), "type", "user"));
	assert_false(has(at(shared, "linux", "namespaces"), "type", "network"));
}

static void
who_is_not_root_has_a_user_namespace_and_maps(void **state)
{
	const struct job_mounts none = { NULL, 0 };
	const struct id_map map = {
		.kind = ID_MAP_RANGES,
		.uids = { .items = { { 0, 1000, 1 }, { 1, 100000, 65536 } }, .count = 2 },
		.gids = { .items = { { 0, 1000, 1 } }, .count = 1 },
	};
	AUTO_JSON json_t *config = config_of(&root_user, &map, &none, false);
	const json_t *second = json_array_get(at(config, "linux", "uidMappings"), 1);

	(void)state;
	assert_true(has(at(config, "linux", "namespaces"), "type", "user"));
	assert_int_equal(json_integer_value(json_object_get(second, "hostID")), 100000);
	assert_int_equal(json_integer_value(json_object_get(second, "size")), 65536);
	assert_int_equal(json_array_size(at(config, "linux", "gidMappings")), 1);
}

static void
a_user_with_his_own_ids_alone_has_no_more_groups(void **state)
{
	gid_t groups[] = { 10, 44 };
	const struct job_user member = { .groups = groups, .group_count = 2 };
	const struct id_map own = { .kind = ID_MAP_OWN };
	const struct job_mounts none = { NULL, 0 };
	AUTO_JSON json_t *of_root = config_of(&member, &host, &none, false);
	AUTO_JSON json_t *of_user = config_of(&member, &own, &none, false);

	(void)state;
	assert_int_equal(
		json_array_size(json_object_get(at(of_root, "process", "user"), "additionalGids")),
		2);
	assert_int_equal(
		json_array_size(json_object_get(at(of_user, "process", "user"), "additionalGids")),
		0);
}

static void
root_of_a_job_has_few_capabilities_and_others_none(void **state)
{
	const struct job_user other = { .uid = 1000, .gid = 1000 };
	AUTO_JSON json_t *config = config_of(&root_user, &host, NULL, false);
	AUTO_JSON json_t *others = config_of(&other, &host, NULL, false);
	const json_t *effective =
		json_object_get(at(config, "process", "capabilities"), "effective");

	(void)state;
	assert_true(has(effective, NULL, "CAP_CHOWN"));
	assert_false(has(effective, NULL, "CAP_SYS_ADMIN"));
	assert_false(has(effective, NULL, "CAP_SYS_PTRACE"));
	effective = json_object_get(at(others, "process", "capabilities"), "effective");
	assert_int_equal(json_array_size(effective), 0);
}

static void
calls_and_places_that_reach_the_host_are_closed(void **state)
{
	AUTO_JSON json_t *config = config_of(&root_user, &host, NULL, false);
	const json_t *denied = json_object_get(
		json_array_get(json_object_get(at(config, "linux", "seccomp"), "syscalls"), 0),
		"names");
	size_t count = 0;

	(void)state;
	for (const struct denied_call *call = denied_calls; call->name; call++, count++)
		assert_true(has(denied, NULL, call->name));
	assert_int_equal(json_array_size(denied), count);
	assert_true(has(at(config, "linux", "maskedPaths"), NULL, "/proc/kcore"));
	assert_true(has(at(config, "linux", "readonlyPaths"), NULL, "/proc/sys"));
}

/* moby/profiles 0.3.0, seccomp/default.json: what it has for no container with our capabilities, of
 * the calls that x86-64 and arm64 have in Linux 6.1. */
static const char docker_refuses[] =
	" acct add_key afs_syscall bpf clock_settime create_module delete_module fanotify_init "
	"finit_module fsconfig fsmount fsopen fspick get_kernel_syms get_mempolicy init_module "
	"io_uring_enter io_uring_register io_uring_setup ioperm iopl kcmp kexec_file_load "
	"kexec_load keyctl lookup_dcookie mbind migrate_pages mount mount_setattr move_mount "
	"move_pages nfsservctl open_by_handle_at open_tree perf_event_open pidfd_getfd pivot_root "
	"process_madvise query_module quotactl quotactl_fd reboot request_key set_mempolicy "
	"set_mempolicy_home_node setdomainname sethostname setns settimeofday swapoff swapon "
	"_sysctl sysfs syslog umount2 unshare uselib userfaultfd ustat vhangup vserver ";

static const char docker_keeps_open[] =
	" chroot clone execve name_to_handle_at openat2 personality ptrace seccomp socket ";

static void
the_calls_are_those_that_docker_refuses(void **state)
{
	size_t missing_count = 0;
	AUTO_JSON json_t *names = json_array();

	(void)state;
	for (const struct denied_call *call = denied_calls; call->name; call++) {
		AUTO_FREE char *word = xasprintf(" %s ", call->name);

		json_array_append_new(names, json_string(call->name));
		if (!strstr(docker_refuses, word) || strstr(docker_keeps_open, word))
			fail_msg("docker allows %s", call->name);
	}
	for (const char *word = docker_refuses; word[1]; word = strchr(word + 1, ' ')) {
		AUTO_FREE char *name = xstrndup(word + 1, strcspn(word + 1, " "));

		missing_count += !has(names, NULL, name);
	}
	assert_true(missing_count > 0);
	/* afs_syscall has no entry in any kernel. */
#if defined(__x86_64__) && defined(SYS_set_mempolicy_home_node)
	assert_int_equal(missing_count, 1);
#endif
}

static void
masked_is_what_docker_masks(void **state)
{
	static const char *const paths[] = {
		"/proc/acpi",       "/proc/asound",      "/proc/interrupts",
		"/proc/kcore",      "/proc/keys",        "/proc/latency_stats",
		"/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug",
		"/proc/scsi",       "/sys/firmware",     "/sys/devices/virtual/powercap",
	};
	static const char *const read_only[] = { "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys",
						 "/proc/sysrq-trigger" };
	AUTO_JSON json_t *config = config_of(&root_user, &host, NULL, false);

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++)
		assert_true(has(at(config, "linux", "maskedPaths"), NULL, paths[i]));
	for (size_t i = 0; i < sizeof(read_only) / sizeof(*read_only); i++)
		assert_true(has(at(config, "linux", "readonlyPaths"), NULL, read_only[i]));
	assert_int_equal(json_array_size(at(config, "linux", "readonlyPaths")), 5);
}

/* docker 28 masks it for each processor that has it. */
static void
the_temperature_of_each_processor_is_masked(void **state)
{
	char sysfs[] = "/tmp/test_bundle-XXXXXX";
	AUTO_FREE char *command = NULL;
	AUTO_STRINGS struct strings masked = { 0 };

	(void)state;
	assert_non_null(mkdtemp(sysfs));
	command =
		xasprintf("cd %s && mkdir -p devices/system/cpu/cpu0/thermal_throttle "
			  "devices/system/cpu/cpu1/cache devices/system/cpu/cpu17/thermal_throttle "
			  "devices/system/cpu/cpuidle/thermal_throttle",
			  sysfs);
	assert_int_equal(system(command), 0);
	job_masked_paths(sysfs, &masked);
	free(command);
	command = xasprintf("rm -r %s", sysfs);
	assert_int_equal(system(command), 0);
	assert_true(strings_has(&masked, "/proc/kcore"));
	assert_true(strings_has(&masked, "/sys/devices/system/cpu/cpu0/thermal_throttle"));
	assert_true(strings_has(&masked, "/sys/devices/system/cpu/cpu17/thermal_throttle"));
	assert_false(strings_has(&masked, "/sys/devices/system/cpu/cpu1/thermal_throttle"));
	assert_false(strings_has(&masked, "/sys/devices/system/cpu/cpuidle/thermal_throttle"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_job_is_what_was_said),
		cmocka_unit_test(an_engine_of_ours_inherits_namespaces_and_others_make_them),
		cmocka_unit_test(who_is_not_root_has_a_user_namespace_and_maps),
		cmocka_unit_test(a_user_with_his_own_ids_alone_has_no_more_groups),
		cmocka_unit_test(root_of_a_job_has_few_capabilities_and_others_none),
		cmocka_unit_test(calls_and_places_that_reach_the_host_are_closed),
		cmocka_unit_test(the_calls_are_those_that_docker_refuses),
		cmocka_unit_test(masked_is_what_docker_masks),
		cmocka_unit_test(the_temperature_of_each_processor_is_masked),
	};

	return cmocka_run_group_tests_name("bundle", tests, NULL, NULL);
}
