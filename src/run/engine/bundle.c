/* SPDX-License-Identifier: Apache-2.0 */
#include "run/engine/bundle.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/strings.h"
#include "base/xalloc.h"
#include "image/document/local_image.h"
#include "image/unpack/unpack.h"
#include "oci/document.h"
#include "repository/session.h"
#include "run/container/user_map.h"
#include "run/engine/denied_calls.h"
#include "run/engine/job_engine.h"
#include "run/job.h"
#include "run/root/mounts.h"
#include "run/root/own_files.h"
#include "run/root/root.h"
#include "run/run.h"

const char *const job_capabilities[] = {
	"CAP_CHOWN",   "CAP_DAC_OVERRIDE",     "CAP_FOWNER",     "CAP_FSETID",
	"CAP_KILL",    "CAP_SETGID",           "CAP_SETUID",     "CAP_SETPCAP",
	"CAP_SETFCAP", "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT", NULL,
};

static const char *const masked_paths[] = {
	/* docker's, which adds thermal_throttle of each processor */
	"/proc/acpi",
	"/proc/asound",
	"/proc/interrupts",
	"/proc/kcore",
	"/proc/keys",
	"/proc/latency_stats",
	"/proc/sched_debug",
	"/proc/scsi",
	"/proc/timer_list",
	"/proc/timer_stats",
	"/sys/devices/virtual/powercap",
	"/sys/firmware",
	/* podman's */
	"/sys/dev/block",
	"/sys/fs/selinux",
	/* accessible to the machine's root, who may run jobs */
	"/proc/kpagecgroup",
	"/proc/kpagecount",
	"/proc/kpageflags",
	"/proc/pagetypeinfo",
	"/proc/slabinfo",
	"/proc/vmallocinfo",
	"/sys/kernel/debug",
	"/sys/kernel/tracing",
	NULL,
};

const char *const job_read_only_paths[] = {
	"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger", NULL,
};

void
job_masked_paths(const char *sysfs, struct strings *ret_paths)
{
	AUTO_FREE char *pattern =
		xasprintf("%s/devices/system/cpu/cpu[0-9]*/thermal_throttle", sysfs);
	glob_t found = { 0 };

	for (const char *const *path = masked_paths; *path; path++)
		strings_add(ret_paths, *path);
	if (glob(pattern, GLOB_NOSORT, NULL, &found) == 0)
		for (size_t i = 0; i < found.gl_pathc; i++)
			strings_take(ret_paths,
				     xasprintf("/sys%s", found.gl_pathv[i] + strlen(sysfs)));
	globfree(&found);
}

static json_t *
array_of(const char *const *words)
{
	json_t *array = json_array();

	for (; words && *words; words++)
		json_array_append_new(array, json_string(*words));
	return array;
}

/* Another user than root has only capabilities that a file or a change of user gives. */
static json_t *
capabilities(const struct job *job)
{
	bool is_root = job->user.uid == 0;
	json_t *object = json_object();

	json_object_set_new(object, "bounding", array_of(job_capabilities));
	json_object_set_new(object, "effective", array_of(is_root ? job_capabilities : NULL));
	json_object_set_new(object, "permitted", array_of(is_root ? job_capabilities : NULL));
	return object;
}

/* For a user with only his own id, setgroups(2) is denied, and runc refuses to start. */
static json_t *
groups(const struct job_user *user, const struct id_map *map)
{
	size_t count = map->kind == ID_MAP_OWN ? 0 : user->group_count;
	json_t *array = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(array, json_integer(user->groups[i]));
	return array;
}

static json_t *
process(const struct job *job, const struct id_map *map)
{
	json_t *user =
		json_pack("{s:I, s:I, s:o}", "uid", (json_int_t)job->user.uid, "gid",
			  (json_int_t)job->user.gid, "additionalGids", groups(&job->user, map));

	return json_pack("{s:b, s:o, s:o, s:o, s:s, s:o, s:b}", "terminal", job->terminal, "user",
			 user, "args", array_of((const char *const *)job->args.items), "env",
			 array_of((const char *const *)job->env.items), "cwd", job->directory,
			 "capabilities", capabilities(job), "noNewPrivileges", 0);
}

static void
add_mount(json_t *mounts, const char *target, const char *type, const char *source,
	  const char *const *options)
{
	json_array_append_new(mounts,
			      json_pack("{s:s, s:s, s:s, s:o}", "destination", target, "type", type,
					"source", source, "options", array_of(options)));
}

/* sysfs may only be mounted by the owner of the network namespace. */
static void
add_sys(json_t *mounts, bool own_network)
{
	static const char *const fresh[] = { "nosuid", "noexec", "nodev", "ro", NULL };
	static const char *const bound[] = { "rbind",   "nosuid",  "noexec", "nodev", "ro",
					     "rnosuid", "rnoexec", "rnodev", "rro",   NULL };

	if (own_network)
		add_mount(mounts, "/sys", "sysfs", "sysfs", fresh);
	else
		add_mount(mounts, "/sys", "none", "/sys", bound);
}

static void
add_tmpfs(json_t *mounts, const struct job_mount *mount)
{
	AUTO_FREE char *words =
		xasprintf("nosuid,nodev,%s", mount->source ? mount->source : "mode=1777");
	AUTO_STRINGS struct strings options = { 0 };
	char *rest = words;
	char *word;

	while ((word = strsep(&rest, ",")))
		strings_add(&options, word);
	add_mount(mounts, mount->target, "tmpfs", "tmpfs", (const char *const *)options.items);
}

static json_t *
mounts(const struct engine_start *start)
{
	static const char *const proc[] = { "nosuid", "noexec", "nodev", NULL };
	static const char *const dev[] = { "nosuid", "strictatime", "mode=755", "size=65536k",
					   NULL };
	static const char *const shm[] = { "nosuid", "noexec", "nodev", "mode=1777", NULL };
	static const char *const bound[] = { "rbind", "nosuid", "noexec", "nodev", NULL };
	/* Its user namespace does not own the other namespaces, so the container's mounts are
	 * bound. */
	bool is_nested = !start->mounts && engine_maps_user(start);
	json_t *array = json_array();
	static const char *const writable[] = { "rbind", "rw", NULL };
	static const char *const read_only[] = { "rbind", "ro", "rro", NULL };
	static const char *const plain[] = { "nosuid",        "noexec",    "newinstance",
					     "ptmxmode=0666", "mode=0620", NULL };
	static const char *const with_group[] = {
		"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5", NULL
	};

	if (is_nested)
		add_mount(array, "/proc", "none", "/proc", bound);
	else
		add_mount(array, "/proc", "proc", "proc", proc);
	add_mount(array, "/dev", "tmpfs", "tmpfs", dev);
	/* Group 5 is "tty" by convention; if it is not mapped, the option would be refused. */
	add_mount(array, "/dev/pts", "devpts", "devpts",
		  user_map_has(start->map, 0, 5) ? with_group : plain);
	add_mount(array, "/dev/shm", "tmpfs", "shm", shm);
	if (!is_nested)
		add_mount(array, "/dev/mqueue", "mqueue", "mqueue", proc);
	add_sys(array, start->own_network && !is_nested);
	/* The targets are free of links: job_mounts_settle() has resolved them. */
	for (size_t i = 0; start->mounts && i < start->mounts->count; i++) {
		const struct job_mount *volume = &start->mounts->items[i];

		if (volume->kind == MOUNT_TMPFS)
			add_tmpfs(array, volume);
		else
			add_mount(array, volume->target, "bind", volume->source,
				  volume->read_only ? read_only : writable);
	}
	return array;
}

static void
refuse_argument(json_t *calls, const char *name, const char *op, unsigned value, unsigned value_two)
{
	json_t *argument = json_pack("{s:i, s:I, s:I, s:s}", "index", 0, "value", (json_int_t)value,
				     "valueTwo", (json_int_t)value_two, "op", op);

	json_array_append_new(calls, json_pack("{s:[s], s:s, s:[o]}", "names", name, "action",
					       "SCMP_ACT_ERRNO", "args", argument));
}

/* Allows few values of personality(2).  A rule cannot express "neither of these", so: all ones is
 * the query, and each other bit but two is refused, if set without the highest or missing with it.
 */
static void
refuse_personalities(json_t *calls)
{
	const unsigned allowed_bits = 0x20008;
	const unsigned highest = 0x80000000;

	for (unsigned bit = 1; bit < highest; bit <<= 1) {
		if (!(bit & allowed_bits))
			refuse_argument(calls, "personality", "SCMP_CMP_MASKED_EQ", bit | highest,
					bit);
		refuse_argument(calls, "personality", "SCMP_CMP_MASKED_EQ", bit | highest, highest);
	}
}

static json_t *
seccomp(void)
{
	json_t *names = json_array();
	json_t *calls;

	for (const struct denied_call *call = denied_calls; call->name; call++)
		json_array_append_new(names, json_string(call->name));
	calls = json_pack("[{s:o, s:s}, {s:[s], s:s, s:i}]",
			  /* regardless of arguments */
			  "names", names, "action", "SCMP_ACT_ERRNO",
			  /* as if the kernel did not have it */
			  "names", "clone3", "action", "SCMP_ACT_ERRNO", "errnoRet", ENOSYS);
	/* MASKED_EQ compares one bit at a time. */
	for (unsigned bit = 1; bit; bit <<= 1)
		if (DENIED_CLONE_FLAGS & bit)
			refuse_argument(calls, "clone", "SCMP_CMP_MASKED_EQ", bit, bit);
	for (const unsigned *family = denied_families; *family; family++)
		refuse_argument(calls, "socket", "SCMP_CMP_EQ", *family, 0);
	refuse_argument(calls, "socket", "SCMP_CMP_GE", denied_family_first, 0);
	refuse_personalities(calls);
	return json_pack("{s:s, s:o}", "defaultAction", "SCMP_ACT_ALLOW", "syscalls", calls);
}

static json_t *
namespaces(const struct engine_start *start)
{
	json_t *array = json_pack("[{s:s}]", "type", "mount");
	static const char *const others[] = { "pid", "ipc", "uts", NULL };

	for (const char *const *name = others; start->mounts && *name; name++)
		json_array_append_new(array, json_pack("{s:s}", "type", *name));
	if (start->mounts && start->own_network)
		json_array_append_new(array, json_pack("{s:s}", "type", "network"));
	if (start->mounts || engine_maps_user(start))
		json_array_append_new(array, json_pack("{s:s}", "type", "user"));
	return array;
}

static json_t *
mappings(const struct id_map *map, const struct id_ranges *ranges, const struct id_range *own)
{
	/* Root's: see user_map.c, which explains why it is not all ids. */
	const struct id_range one =
		map->kind == ID_MAP_HOST ? (struct id_range){ 0, 0, UINT32_MAX - 1 } : *own;
	json_t *array = json_array();

	for (size_t i = 0; i < (ranges->count ? ranges->count : 1); i++) {
		const struct id_range *range = ranges->count ? &ranges->items[i] : &one;

		json_array_append_new(array, json_pack("{s:I, s:I, s:I}", "containerID",
						       (json_int_t)range->inside, "hostID",
						       (json_int_t)range->outside, "size",
						       (json_int_t)range->count));
	}
	return array;
}

static json_t *
linux_part(const struct engine_start *start)
{
	const struct id_map *map = start->map;
	AUTO_STRINGS struct strings masked = { 0 };
	json_t *object;

	job_masked_paths("/sys", &masked);
	object = json_pack("{s:o, s:o, s:o, s:o}", "namespaces", namespaces(start), "maskedPaths",
			   array_of((const char *const *)masked.items), "readonlyPaths",
			   array_of(job_read_only_paths), "seccomp", seccomp());
	if (start->mounts || engine_maps_user(start)) {
		/* In the container the caller's ids are already 0. */
		const struct job_user *user = &start->job->user;
		const struct id_range uid = { user->uid, start->mounts ? geteuid() : 0, 1 };
		const struct id_range gid = { user->gid, start->mounts ? getegid() : 0, 1 };

		json_object_set_new(object, "uidMappings", mappings(map, &map->uids, &uid));
		json_object_set_new(object, "gidMappings", mappings(map, &map->gids, &gid));
	}
	return object;
}

char *
bundle_config(const struct engine_start *start, const char *root_path)
{
	AUTO_JSON json_t *config = json_pack(
		"{s:s, s:o, s:{s:s, s:b}, s:o, s:o}", "ociVersion", "1.0.2", "process",
		process(start->job, start->map), "root", "path", root_path, "readonly",
		start->job->read_only, "mounts", mounts(start), "linux", linux_part(start));

	if (start->mounts)
		json_object_set_new(config, "hostname", json_string(start->job->hostname));
	return document_format(config);
}

struct bundle {
	struct job_mounts mounts;
	struct job job;
	bool own_network;
};

static void
bundle_release(struct bundle *bundle)
{
	job_mounts_release(&bundle->mounts);
	job_release(&bundle->job);
}

static bool
is_image(const struct run_base *base)
{
	return base->manifest.algorithm != DIGEST_NONE;
}

/* The path of the root; the caller owns it. */
static char *
make_root(struct session *session, const struct run_base *base, const char *directory,
	  struct error **err)
{
	AUTO_FREE char *path = xasprintf("%s/rootfs", directory);
	AUTO_LOCAL_IMAGE struct local_image image = { 0 };
	const struct unpack_options unpack = { .directory = path };
	struct unpack_result result = { 0 };

	if (dir_make(directory, 0700, err) < 0)
		return NULL;
	if (!is_image(base))
		return xstrdup(base->layers.paths.items[0]);
	if (local_image_read(session, &base->manifest, NULL, &image, err) < 0 ||
	    unpack_image(session, &image, &unpack, &result, err) < 0)
		return NULL;
	return TAKE_PTR(path);
}

/* Beside the configuration; in a run they are beside its root. */
static int
add_own_files(struct bundle *bundle, const char *directory, struct error **err)
{
	AUTO_CLOSE int fd = dir_open(directory, err);
	AUTO_FREE char *path = realpath(directory, NULL);
	const struct root place = { .path = path, .fd = fd, .lock_fd = -1 };

	if (fd < 0)
		return -1;
	if (!path)
		return error_set_path(err, errno, "find", directory);
	return own_files_add(&place, bundle->job.hostname, bundle->own_network, &bundle->mounts,
			     err);
}

static int
settle(struct bundle *bundle, const struct run_base *base, const struct run_options *options,
       const char *root, struct error **err)
{
	AUTO_CLOSE int root_fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (root_fd < 0)
		return error_set_path(err, errno, "open", root);
	if (job_make_plain_folders(root_fd, NULL, err) < 0 ||
	    job_mounts_settle(&bundle->mounts, root_fd, err) < 0)
		return -1;
	bundle->job.unmounted = &bundle->mounts;
	return job_settle(&bundle->job, &base->config, &options->job, root_fd, NULL, err);
}

static int
write_config(const struct bundle *bundle, const struct run_base *base, const char *root,
	     const char *directory, struct error **err)
{
	const struct engine_start start = {
		.job = &bundle->job,
		.map = &base->layers.map,
		.own_network = bundle->own_network,
		.terminal_fd = -1,
		.mounts = &bundle->mounts,
	};
	AUTO_FREE char *text = bundle_config(&start, is_image(base) ? "rootfs" : root);
	AUTO_CLOSE int fd = dir_open(directory, err);

	if (fd < 0)
		return -1;
	return file_replace_unsynced(fd, "config.json", 0644, text, strlen(text), err);
}

int
bundle_write(struct session *session, const struct run_base *base,
	     const struct run_options *options, const char *directory, struct error **err)
{
	CLEANUP(bundle_release) struct bundle bundle = { 0 };
	AUTO_FREE char *root = NULL;
	struct store *store = session_store(session, err);

	/* Checks that need nothing of the root. */
	bundle.own_network = options->job.own_network;
	if (!store || job_make(&base->config, &options->job, &bundle.job, err) < 0 ||
	    job_mounts_parse(&bundle.mounts, options->volumes, options->tmpfs, err) < 0 ||
	    job_mounts_parse_beneath(&bundle.mounts, options->project, options->project_paths,
				     err) < 0 ||
	    job_mounts_find(&bundle.mounts, store, err) < 0)
		return -1;
	if (!bundle.job.hostname)
		bundle.job.hostname = xstrdup("job");
	root = make_root(session, base, directory, err);
	if (!root || add_own_files(&bundle, directory, err) < 0 ||
	    settle(&bundle, base, options, root, err) < 0)
		return -1;
	return write_config(&bundle, base, root, directory, err);
}
