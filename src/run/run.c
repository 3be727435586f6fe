/* SPDX-License-Identifier: Apache-2.0 */
#include "run/run.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/observer.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "image/document/local_image.h"
#include "image/unpack/layer_jobs.h"
#include "layer/pack/pack.h"
#include "layer/unpacker.h"
#include "repository/session.h"
#include "run/commit_job.h"
#include "run/container/console.h"
#include "run/container/container.h"
#include "run/container/user_map.h"
#include "run/engine/job_engine.h"
#include "run/root/in_root.h"
#include "run/root/kept_root.h"
#include "run/root/mounts.h"
#include "run/root/own_files.h"
#include "run/root/root.h"
#include "run/root/root_base.h"
#include "run/root/upper_snapshot.h"
#include "run/roots.h"
#include "store/store.h"
#include "stream/sink.h"

static int
unpack_layers(int tree_fd, struct session *session, const struct run_base *base, struct error **err)
{
	AUTO_LOCAL_IMAGE struct local_image image = { 0 };
	AUTO_LAYER_JOBS struct layer_jobs jobs = {
		.source = {
			.store = session_store(session, err),
			.image = &image,
			.map = &base->layers.map,
			.observer = session_observer(session),
		},
	};

	if (!jobs.source.store ||
	    local_image_read(session, &base->manifest, NULL, &image, err) < 0 ||
	    layer_jobs_add_directory(&jobs, tree_fd, -1, err) < 0 || layer_jobs_run(&jobs, err) < 0)
		return -1;
	store_release_blobs(jobs.source.store);
	return 0;
}

struct packing {
	const char *path;
	int tar_fd;
};

static int
pack(void *context, struct error **err)
{
	const struct packing *packing = context;
	AUTO_CLOSE int fd = open(packing->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const struct pack_options options = {
		.root_fd = fd,
		.mtime_limit_s = INT64_MAX,
		.keep_owners = true,
	};
	struct pack_counts counts;

	if (fd < 0)
		return error_set_path(err, errno, "open", packing->path);
	return pack_tree(&options, sink_fd(packing->tar_fd, "a tar"), &counts, err);
}

static int
unpack(int tree_fd, int tar_fd, const struct id_map *map, struct error **err)
{
	const struct unpack_request request = { .layer_count = 1, .map = *map };
	AUTO_UNPACKER struct unpacker *unpacker = unpacker_start(tree_fd, -1, &request, err);
	struct unpack_result result;
	struct digest digest;
	bool ended = false;
	struct stat status;
	void *bytes;

	if (!unpacker)
		return -1;
	if (fstat(tar_fd, &status) < 0 || lseek(tar_fd, 0, SEEK_SET) < 0)
		return error_set_errno(err, errno, "cannot look at a tar");
	bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, tar_fd, 0);
	if (bytes == MAP_FAILED)
		return error_set_errno(err, errno, "cannot read a tar");
	digest = digest_of(DIGEST_SHA256, bytes, (size_t)status.st_size);
	(void)munmap(bytes, (size_t)status.st_size);
	if (unpacker_send(unpacker, &digest, tar_fd, err) < 0)
		return -1;
	while (!ended)
		if (unpacker_receive(unpacker, &ended, &result, err) < 0)
			return -1;
	return 0;
}

/* As root of the map, who may read everything that the job may. */
static int
copy_directory(int tree_fd, const struct root *root, const struct run_base *base,
	       struct error **err)
{
	AUTO_CLOSE int tar_fd = openat(root->fd, ".", O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
	struct packing packing = { base->layers.paths.items[0], tar_fd };
	struct container container = {
		.map = &base->layers.map,
		.main = pack,
		.context = &packing,
	};
	int status;

	if (tar_fd < 0)
		return error_set_path(err, errno, "make a file in", root->path);
	if (container_run(&container, &status, err) < 0)
		return -1;
	return unpack(tree_fd, tar_fd, &base->layers.map, err);
}

/* For a new root: unpacks all layers again, over each other.  A directory that is not an image of
 * the store is packed and unpacked. */
static int
root_flatten(struct root *root, struct session *session, const struct run_base *base,
	     struct error **err)
{
	AUTO_CLOSE int fd = root_open_upper(root);

	if (fd < 0)
		return error_set_path(err, errno, "open", root->path);
	root->is_flat = true;
	return base->manifest.algorithm == DIGEST_NONE ? copy_directory(fd, root, base, err)
						       : unpack_layers(fd, session, base, err);
}

/* State of one run.  The container changes only its own copy. */
struct run {
	const struct run_base *base;
	const struct run_options *options;
	const struct engine *engine;
	char *program;
	struct kept_root kept;
	struct root root;
	struct id_map map; /* of the job; the files of the root have that of its base */
	int userns_fd;     /* user namespace of that map, if the root is shifted; -1 */
	struct job_mounts mounts;
	struct job job;
	struct console console;
	struct cgroup cgroup;
	struct observer *observer;
	struct container container;
};

#define RUN_INIT \
	((struct run){ .kept = KEPT_ROOT_INIT, \
		       .root = ROOT_INIT, \
		       .userns_fd = -1, \
		       .console = CONSOLE_INIT })

static void
run_release(struct run *run)
{
	console_release(&run->console);
	cgroup_remove(&run->cgroup);
	job_release(&run->job);
	job_mounts_release(&run->mounts);
	root_release(&run->root);
	kept_root_release(&run->kept);
	close_at(&run->userns_fd);
	free(run->program);
}

static int
choose_ids(struct run *run, struct error **err)
{
	run->map = run->base->layers.map;
	if (!run->options->shift_ids)
		return 0;
	if (run->map.kind != ID_MAP_HOST) {
		error_set(err, ERROR_USAGE, "--userns auto requires root of this machine");
		return error_set_hint(err,
				      "leave it out: a job of another user has no ids of root");
	}
	if (id_map_choose_shifted(&run->map, err) < 0)
		return error_wrap(err, "--userns auto");
	run->userns_fd = user_map_open(&run->map, err);
	return run->userns_fd < 0 ? error_wrap(err, "--userns auto") : 0;
}

/* In the initial user and pid namespaces, root's /proc gives access to the whole machine. */
static bool
is_root_of_machine(void)
{
	static const ino_t first_pid_namespace = 0xeffffffc; /* linux/proc_ns.h */
	struct stat status;

	return geteuid() == 0 &&
	       (stat("/proc/self/ns/pid", &status) < 0 || status.st_ino == first_pid_namespace);
}

/* Only bubblewrap does not need its own processes by number. */
static int
check_isolation(const struct run_options *options, struct error **err)
{
	if (!options->keeps_proc)
		return 0;
	if (options->runtime && strcmp(options->runtime, engine_bwrap.name) != 0)
		return error_set(err, ERROR_USAGE, "--isolation chroot requires bwrap, not %s",
				 options->runtime);
	if (!is_root_of_machine())
		return 0;
	error_set(err, ERROR_USAGE, "--isolation chroot is refused for root of this machine");
	return error_set_hint(err, "its /proc would give the job the machine; run it as a user");
}

/* Checks before anything is created. */
static int
plan(struct run *run, struct error **err)
{
	const struct run_options *options = run->options;

	if (check_isolation(options, err) < 0)
		return -1;
	run->engine = engine_find(options->keeps_proc ? engine_bwrap.name : options->runtime,
				  &run->program, err);
	if (!run->engine || choose_ids(run, err) < 0 ||
	    job_make(&run->base->config, &options->job, &run->job, err) < 0)
		return -1;
	return job_mounts_parse(&run->mounts, options->volumes, options->tmpfs, err) < 0
		       ? -1
		       : job_mounts_parse_beneath(&run->mounts, options->project,
						  options->project_paths, err);
}

static int
prepare(struct run *run, struct store *store, struct error **err)
{
	const struct job_options *options = &run->options->job;
	const char *kept = run->options->kept_name;

	if (run->base->manifest.algorithm == DIGEST_NONE && (run->options->commit || kept))
		return error_set(err, ERROR_USAGE, "%s requires an image, not a rootfs: directory",
				 kept ? "--keep" : "--commit");
	if (run->options->filled)
		job_mounts_mark_filled(&run->mounts, run->options->filled);
	if (job_mounts_find(&run->mounts, store, err) < 0)
		return -1;
	if (kept &&
	    kept_root_open(store, kept, &run->base->manifest, &run->map, &run->kept, err) < 0)
		return -1;
	if (root_make(store, &run->base->layers.paths, run->base->layers.root_mode,
		      kept ? &run->kept : NULL, &run->root, err) < 0)
		return -1;
	if (!run->job.hostname)
		run->job.hostname = xstrndup(kept ? kept : run->root.id, HOST_NAME_LIMIT_BYTES);
	if (!env_find(&run->job.env, "HOSTNAME"))
		env_set(&run->job.env, "HOSTNAME", run->job.hostname);
	if (own_files_add(&run->root, run->job.hostname, options->own_network, &run->mounts, err) <
	    0)
		return -1;
	if (!options->terminal)
		return 0;
	/* Our terminal belongs to the host's root: root of a job with other ids could not open it.
	 */
	if (console_open(&run->root, run->engine->makes_terminal, run->options->job.interactive,
			 &run->console, err) < 0)
		return -1;
	if (run->userns_fd >= 0 && run->console.slave_fd >= 0 &&
	    fchown(run->console.slave_fd, run->map.uids.items[0].outside, (gid_t)-1) < 0)
		return error_set_errno(err, errno, "cannot give the job its terminal");
	return 0;
}

static int
check_user(const struct run *run, struct error **err)
{
	const struct job_user *user = &run->job.user;

	/* The caller's own ids can stand for any one user, but runc requires root in each
	 * namespace. */
	if (run->map.kind == ID_MAP_OWN) {
		if (run->engine != &engine_runc || (user->uid == 0 && user->gid == 0))
			return 0;
		error_set(err, ERROR_FAILURE,
			  "runc cannot run a job as user %u:%u without subordinate ids", user->uid,
			  user->gid);
		error_set_class(err, CLASS_ENGINE);
		return error_set_hint(err, "use crun or bwrap, '--user 0', or apt install uidmap "
					   "and see subuid(5)");
	}
	if (!user_map_has(&run->map, user->uid, user->gid)) {
		error_set(err, ERROR_FAILURE, "user %u:%u of the image is not available here",
			  user->uid, user->gid);
		return error_set_hint(err, "give the caller more subordinate ids: see subuid(5)");
	}
	if (user->uid == 0 || run->engine != &engine_bwrap)
		return 0;
	error_set(err, ERROR_FAILURE, "bwrap can only run jobs as root of the image");
	error_set_class(err, CLASS_ENGINE);
	return error_set_hint(err, "use crun or runc, or '--user 0'");
}

static int
set_up(struct run *run, int root_fd, struct strings *made, struct error **err)
{
	if (job_make_plain_folders(root_fd, made, err) < 0 ||
	    job_mounts_apply(&run->mounts, root_fd, made, err) < 0)
		return -1;
	run->job.owns_files = run->map.kind == ID_MAP_OWN;
	if (job_settle(&run->job, &run->base->config, &run->options->job, root_fd, made, err) < 0)
		return -1;
	if (check_user(run, err) < 0)
		return -1;
	/* If all files are the caller's, so are the job's. */
	return run->map.kind == ID_MAP_OWN
		       ? 0
		       : job_mounts_give(&run->mounts, run->job.user.uid, run->job.user.gid, err);
}

static int
run_in_container(void *context, struct error **err)
{
	struct run *run = context;
	CLEANUP(upper_snapshot_release) struct upper_snapshot snapshot = { 0 };
	AUTO_STRINGS struct strings made = { 0 };
	AUTO_CLOSE int root_fd = root_mount(&run->root, err);
	struct engine_start start = {
		.program = run->program,
		.root = &run->root,
		.job = &run->job,
		.map = &run->map,
		.own_network = run->options->job.own_network,
		.keeps_proc = run->options->keeps_proc,
		.terminal_fd = run->console.slave_fd,
	};
	int status;

	/* The terminal hangs up when ocifp does. */
	close_at(&run->console.master_fd);
	if (root_fd < 0 || set_up(run, root_fd, &made, err) < 0)
		return -1;
	container_hide_words();
	if (run->options->commit && upper_snapshot_note(&run->root, &made, &snapshot, err) < 0)
		return -1;
	status = run->engine->run(&start, err);
	if (status == 0 && run->options->commit &&
	    upper_snapshot_remove(&run->root, &snapshot, err) < 0)
		return -1;
	return status;
}

static void
limit(void *context, pid_t pid)
{
	const struct run *run = context;

	cgroup_enter(&run->cgroup, pid, run->observer);
}

static void
watch(void *context, bool is_resized)
{
	struct run *run = context;

	if (is_resized) {
		console_resize(&run->console);
		return;
	}
	console_handle(&run->console, run->container.watched);
	console_watched(&run->console, run->container.watched);
}

static int
run_container(struct run *run, int *ret_status, struct error **err)
{
	if (run->userns_fd >= 0 && (root_shift(&run->root, run->userns_fd, err) < 0 ||
				    job_mounts_shift(&run->mounts, run->userns_fd, err) < 0))
		return -1;
	run->container = (struct container){
		.map = &run->map,
		.own_network = run->options->job.own_network,
		.keeps_proc = run->options->keeps_proc,
		.hostname = run->job.hostname,
		.deadline_ms = run->options->deadline_ms,
		.main = run_in_container,
		.context = run,
		.started = limit,
		.watch = watch,
		.watched_count = run->options->job.terminal ? CONSOLE_POLLS_COUNT : 0,
	};
	console_watched(&run->console, run->container.watched);
	observer_count(run->observer, EVENT_YIELDED, 0);
	return container_run(&run->container, ret_status, err);
}

static int
run_anyhow(struct run *run, struct session *session, int *ret_status, struct error **err)
{
	AUTO_ERROR struct error *failure = NULL;

	if (cgroup_make(&run->root, &run->options->limits, run->observer, &run->cgroup, err) < 0)
		return -1;
	if (run_container(run, ret_status, &failure) == 0)
		return 0;
	if (!error_has_class(failure, CLASS_NO_OVERLAY))
		return error_pass(err, TAKE_PTR(failure));
	/* The image would undo the jobs' changes. */
	if (run->kept.path && !run->kept.is_new) {
		error_pass(err, TAKE_PTR(failure));
		return error_set_hint(err,
				      "root '%s' needs one: use another name, or remove it: ocifp "
				      "store rm --root %s",
				      run->options->kept_name, run->options->kept_name);
	}
	observer_tell(run->observer, EVENT_NOTICE, "%s: the job gets a copy of the image",
		      error_text(failure));
	if (run->kept.path && kept_root_begin_copy(&run->kept, err) < 0)
		return -1;
	if (root_flatten(&run->root, session, run->base, err) < 0)
		return -1;
	if (run->kept.path && kept_root_end_copy(&run->kept, err) < 0)
		return -1;
	return run_container(run, ret_status, err);
}

/* A failed job makes no image. */
static int
run_and_commit(struct run *run, struct session *session, int *ret_status,
	       struct derive_result *ret_made, struct error **err)
{
	const struct ended_job job = { &run->root, run->base, &run->job.args };

	if (run_anyhow(run, session, ret_status, err) < 0)
		return -1;
	/* apt drops privileges before it downloads, and dpkg changes owners: without other ids both
	 * fail in calls whose messages do not name the cause. */
	if (*ret_status != 0 && run->map.kind == ID_MAP_OWN)
		observer_tell(run->observer, EVENT_NOTICE,
			      "the job has no ids but its own: if it failed in setgroups or chown, "
			      "as apt does, give this user subordinate ids: apt install uidmap, "
			      "and see subuid(5)");
	if (*ret_status != 0 || !run->options->commit)
		return 0;
	return run_commit(session, &job, run->options->commit, ret_made, err);
}

int
run_job(struct session *session, const struct run_base *base, const struct run_options *options,
	int *ret_status, struct derive_result *ret_made, struct error **err)
{
	CLEANUP(run_release) struct run run = RUN_INIT;
	AUTO_ERROR struct error *unremoved = NULL;
	struct store *store = session_store(session, err);
	int result;

	run.base = base;
	run.options = options;
	run.observer = session_observer(session);
	if (!store || plan(&run, err) < 0 || prepare(&run, store, err) < 0)
		return -1;
	if (options->keeps_proc)
		observer_tell(run.observer, EVENT_NOTICE,
			      "--isolation chroot: nothing keeps the job from the caller's other "
			      "processes");
	/* A job may take long: gc may run meanwhile, and leaves locked content alone. */
	store_release_blobs(store);
	result = run_and_commit(&run, session, ret_status, ret_made, err);
	/* gc removes what cannot be removed now. */
	(void)roots_remove(&run.root, &base->layers.map, &unremoved);
	return result;
}
