/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/sources/source_times.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/compat.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "cache/sources/foreign_files.h"
#include "cache/sources/time_journal.h"
#include "cache/sources/worktree.h"
#include "fingerprint/input_files.h"
#include "fingerprint/paths.h"

static const int64_t ns_per_s = 1000000000;

enum action { LEAVE, SET, SET_NOW };

struct step {
	enum action action;
	int64_t time_ns; /* of SET */
	bool is_changed;
};

struct work {
	const struct source_times_request *request;
	const struct sources *recorded;
	const struct sources *now;
	struct source_times_result *result;
	int64_t newest_ns; /* of the artifact's files, as on disk now */
	int dir_fd;
	struct worktree *worktree;
	struct strings touched; /* and not by a restore */
	struct time_journal journal;
	struct foreign_files foreign;
	struct step *steps; /* one for each item of `now` */
};

static void
work_release(struct work *work)
{
	if (work->dir_fd >= 0)
		(void)close(work->dir_fd);
	worktree_free(work->worktree);
	strings_release(&work->touched);
	time_journal_release(&work->journal);
	foreign_files_release(&work->foreign);
	free(work->steps);
}

void
source_times_result_release(struct source_times_result *result)
{
	free(result->left_alone);
	free(result->notice);
	*result = (struct source_times_result){ 0 };
}

static int64_t
time_ns(const struct timespec *time)
{
	return (int64_t)time->tv_sec * ns_per_s + time->tv_nsec;
}

/* The clock that the kernel takes file times from. */
static int64_t
file_clock_ns(void)
{
	struct timespec now = { 0 };

	(void)clock_gettime(CLOCK_REALTIME_COARSE, &now);
	return time_ns(&now);
}

/* Removes from `paths` those whose time a restore has set: git takes such a time for a change. */
static void
remove_own(const struct work *work, struct strings *paths)
{
	size_t kept = 0;

	for (size_t i = 0; i < paths->count; i++) {
		const struct source *source = sources_find(work->now, paths->items[i]);

		if (source && time_journal_match(&work->journal, source))
			free(paths->items[i]);
		else
			paths->items[kept++] = paths->items[i];
	}
	paths->count = kept;
}

static int
check_committed(struct work *work, struct error **err)
{
	AUTO_STRINGS struct strings uncommitted = { 0 };
	AUTO_FREE char *quoted = NULL;

	if (worktree_uncommitted(work->worktree, &uncommitted, err) < 0)
		return -1;
	remove_own(work, &uncommitted);
	if (uncommitted.count == 0)
		return 0;
	quoted = text_quote_string(uncommitted.items[0]);
	work->result->left_alone = uncommitted.count == 1
					   ? xasprintf("'%s' has an uncommitted change", quoted)
					   : xasprintf("'%s' and %zu more have uncommitted changes",
						       quoted, uncommitted.count - 1);
	return 0;
}

static int
compare_times(const void *left, const void *right)
{
	int64_t a = *(const int64_t *)left;
	int64_t b = *(const int64_t *)right;

	return a < b ? -1 : a > b;
}

/* A checkout writes its files without a pause.  A pause means that a later checkout has overwritten
 * an earlier one, and a build may have run in between. */
static void
check_fresh(struct work *work)
{
	AUTO_FREE int64_t *times = xcalloc(work->now->count, sizeof(*times));
	size_t count = 0;

	if (work->request->by_hand)
		return;
	if (!work->request->is_ci) {
		work->result->left_alone =
			xstrdup("this is not a CI job; --source-times sets them by hand");
		return;
	}
	for (size_t i = 0; i < work->now->count; i++) {
		const struct source *source = &work->now->items[i];

		if (source->mode != S_IFDIR && !strings_has_sorted(&work->touched, source->path) &&
		    !time_journal_match(&work->journal, source))
			times[count++] = source->ctime_ns;
	}
	qsort(times, count, sizeof(*times), compare_times);
	for (size_t i = 1; i < count && !work->result->left_alone; i++)
		if ((times[i] - times[i - 1]) / ns_per_s > CHECKOUT_PAUSE_LIMIT_S)
			work->result->left_alone = xasprintf(
				"the checkout is not fresh: some files are %" PRId64
				" minutes older than others; --source-times sets them by hand",
				(times[i] - times[i - 1]) / ns_per_s / 60);
}

static bool
is_same(const struct source *a, const struct source *b)
{
	return a && b && a->mode == b->mode && a->size == b->size &&
	       memcmp(a->sha256, b->sha256, sizeof(a->sha256)) == 0;
}

/* A time later than everything in the artifact is kept: outputs that were built from the changed
 * file since then stay newer than it. */
static enum action
action_of_changed(const struct work *work, const struct source *source, bool was_changed)
{
	return was_changed && source->mtime_ns > work->newest_ns ? LEAVE : SET_NOW;
}

static struct step
step_of_file(const struct work *work, const struct source *source)
{
	const struct source *recorded = sources_find(work->recorded, source->path);
	const struct time_entry *own = time_journal_match(&work->journal, source);
	bool was_touched = !own && strings_has_sorted(&work->touched, source->path);
	bool was_changed = was_touched || (own && own->is_changed);
	int64_t wanted_ns;

	if (!is_same(source, recorded))
		return (struct step){ .action = action_of_changed(work, source, was_changed),
				      .is_changed = true };
	wanted_ns = recorded->mtime_ns - work->request->shift_ns;
	if (was_changed || (own && wanted_ns <= own->mtime_ns))
		return (struct step){ .action = LEAVE, .is_changed = was_changed };
	return (struct step){ .action = SET, .time_ns = wanted_ns };
}

/* The directory changed only because a tree was moved into it. */
static bool
is_above_placed(const struct work *work, const char *path)
{
	for (size_t i = 0; i < work->request->placed->count; i++)
		if (path_is_below(work->request->placed->items[i], path))
			return true;
	return false;
}

static struct step
step_of_directory(const struct work *work, const struct source *source)
{
	const struct source *recorded = sources_find(work->recorded, source->path);
	const struct time_entry *own = time_journal_find(&work->journal, source->path);
	bool is_own = own && own->inode == source->inode &&
		      memcmp(own->sha256, source->sha256, sizeof(own->sha256)) == 0 &&
		      (own->ctime_ns == source->ctime_ns || is_above_placed(work, source->path));
	int64_t wanted_ns;

	if (!is_same(source, recorded))
		return (struct step){ .action = action_of_changed(work, source,
								  is_own && own->is_changed),
				      .is_changed = true };
	if (own && !is_own)
		return (struct step){ .action = SET_NOW, .is_changed = true };
	wanted_ns = recorded->mtime_ns - work->request->shift_ns;
	if (own && (own->is_changed || own->mtime_ns > wanted_ns))
		wanted_ns = own->mtime_ns;
	if (wanted_ns < source->mtime_ns &&
	    foreign_files_find_between(&work->foreign, wanted_ns, source->mtime_ns))
		return (struct step){ .action = SET_NOW, .is_changed = true };
	return (struct step){ .action = SET,
			      .time_ns = wanted_ns,
			      .is_changed = own && own->is_changed };
}

/* Tools use the time of a link's target, not the link's; the target is another file now. */
static void
change_what_link_leads_to(const struct work *work, const char *link)
{
	const char *directory = work->request->tree.directory;
	size_t size = strlen(directory);
	AUTO_FREE char *path = xasprintf("%s/%s", directory, link);
	AUTO_FREE char *real = realpath(path, NULL);

	if (!real || strncmp(real, directory, size) != 0 || real[size] != '/')
		return;
	for (size_t i = 0; i < work->now->count; i++) {
		const struct source *source = &work->now->items[i];
		struct step *step = &work->steps[i];

		if (path_is_below(source->path, real + size + 1))
			*step = (struct step){
				.action = action_of_changed(work, source, step->is_changed),
				.is_changed = true,
			};
	}
}

/* Another user's file cannot be touched.  Its own time is good enough if it is later than anything
 * that was built from other content. */
static int
perform(const struct work *work, const struct source *source, struct step *step, struct error **err)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_nsec = UTIME_NOW } };
	int64_t seconds = step->time_ns / ns_per_s;
	int64_t rest = step->time_ns % ns_per_s;
	struct stat status;

	if (step->action == LEAVE)
		return 0;
	/* The file may have changed since it was read. */
	if (source->mode != S_IFDIR && step->action == SET &&
	    fstatat(work->dir_fd, source->path, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
	    ((uint64_t)status.st_ino != source->inode ||
	     time_ns(&status.st_ctim) != source->ctime_ns))
		*step = (struct step){ .action = SET_NOW, .is_changed = true };
	if (step->action == SET)
		times[1] = (struct timespec){ .tv_sec = seconds - (rest < 0),
					      .tv_nsec = rest + (rest < 0 ? ns_per_s : 0) };
	else
		times[0].tv_nsec = UTIME_NOW; /* with both set to now, write permission is enough */
	if (utimensat(work->dir_fd, path_to_open(source->path), times, AT_SYMLINK_NOFOLLOW) == 0)
		return 0;
	if (errno == EPERM && source->mtime_ns > work->newest_ns) {
		*step = (struct step){ .action = LEAVE, .is_changed = true };
		return 0;
	}
	return error_set_path(err, errno, "set the time of", path_to_open(source->path));
}

static int
note(struct work *work, struct time_journal *journal, struct error **err)
{
	for (size_t i = 0; i < work->now->count; i++) {
		const struct source *source = &work->now->items[i];
		struct time_entry entry = { .path = source->path,
					    .is_changed = work->steps[i].is_changed };
		struct stat status;

		if (fstatat(work->dir_fd, path_to_open(source->path), &status,
			    AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		entry.inode = status.st_ino;
		entry.ctime_ns = time_ns(&status.st_ctim);
		entry.mtime_ns = time_ns(&status.st_mtim);
		memcpy(entry.sha256, source->sha256, sizeof(entry.sha256));
		time_journal_add(journal, &entry);
	}
	for (size_t i = 0; i < work->journal.count; i++)
		if (!sources_find(work->now, work->journal.items[i].path))
			time_journal_add(journal, &work->journal.items[i]);
	return time_journal_write(work->request->state_directory, work->request->tree.directory,
				  journal, err);
}

static void
count(struct work *work)
{
	for (size_t i = 0; i < work->now->count; i++) {
		if (work->now->items[i].mode == S_IFDIR)
			continue;
		if (work->steps[i].is_changed)
			work->result->changed++;
		else
			work->result->unchanged++;
	}
	for (size_t i = 0; i < work->recorded->count; i++)
		if (work->recorded->items[i].mode != S_IFDIR &&
		    !sources_find(work->now, work->recorded->items[i].path))
			work->result->removed++;
}

static int
prepare(struct work *work, struct error **err)
{
	const char *directory = work->request->tree.directory;

	work->dir_fd = dir_open(directory, err);
	if (work->dir_fd < 0 || worktree_open(directory, &work->worktree, err) < 0)
		return -1;
	if (!work->worktree) {
		work->result->left_alone = xstrdup("the directory is not in a git repository");
		return 0;
	}
	if (time_journal_read(work->request->state_directory, directory, &work->journal, err) < 0 ||
	    worktree_touched(work->worktree, &work->touched, err) < 0)
		return -1;
	remove_own(work, &work->touched);
	check_fresh(work);
	return work->result->left_alone ? 0 : check_committed(work, err);
}

/* If no time may move back, a changed file still has to be newer than the artifact's files.  A
 * fresh checkout is, unless the artifact was saved after it. */
static int
check_left_alone(const struct work *work, struct error **err)
{
	for (size_t i = 0; i < work->now->count; i++) {
		const struct source *source = &work->now->items[i];
		AUTO_FREE char *quoted = NULL;

		if (source->mtime_ns > work->newest_ns ||
		    is_same(source, sources_find(work->recorded, source->path)))
			continue;
		quoted = text_quote_string(path_to_open(source->path));
		error_set(err, ERROR_REFUSED,
			  "cannot use the cache: '%s' differs from what the cache was built from, "
			  "looks older, and its time must not be set: %s",
			  quoted, work->result->left_alone);
		return error_set_class(err, CLASS_SOURCE_TIMES);
	}
	return 0;
}

static int
look(struct work *work, struct error **err)
{
	if (prepare(work, err) < 0)
		return -1;
	if (work->result->left_alone)
		return 0;
	if (foreign_files_list(work->dir_fd, worktree_files(work->worktree), work->request->placed,
			       &work->foreign, err) < 0)
		return -1;
	work->steps = xcalloc(work->now->count, sizeof(*work->steps));
	for (size_t i = 0; i < work->now->count; i++)
		work->steps[i] = work->now->items[i].mode == S_IFDIR
					 ? step_of_directory(work, &work->now->items[i])
					 : step_of_file(work, &work->now->items[i]);
	for (size_t i = 0; i < work->now->count; i++)
		if (work->now->items[i].mode == INPUT_LINK && work->steps[i].is_changed)
			change_what_link_leads_to(work, work->now->items[i].path);
	for (size_t i = 0; i < work->now->count; i++) {
		const struct source *source = &work->now->items[i];
		const struct foreign_file *foreign;

		if (source->mode == S_IFDIR || work->steps[i].action != SET ||
		    work->steps[i].time_ns >= source->mtime_ns)
			continue;
		foreign = foreign_files_find_between(&work->foreign, work->steps[i].time_ns,
						     source->mtime_ns);
		if (foreign) {
			AUTO_FREE char *quoted = text_quote_string(foreign->path);

			work->result->left_alone = xasprintf("'%s', which git does not track, may "
							     "have been built from other sources",
							     quoted);
			return 0;
		}
	}
	return 0;
}

/* Adds at least a second, for file systems with whole seconds, and rounds up to whole hours, so
 * that caches that were saved together still agree when they are restored one after the other. */
static int64_t
round_shift(int64_t needed_ns)
{
	const int64_t hour_ns = 3600 * ns_per_s;

	return (needed_ns + ns_per_s + hour_ns - 1) / hour_ns * hour_ns;
}

int
source_times_shift(const struct source_times_request *request, const struct sources *recorded,
		   const struct sources *now, int64_t *ret_shift_ns, struct error **err)
{
	AUTO_SOURCE_TIMES_RESULT struct source_times_result result = { 0 };
	CLEANUP(work_release)
	struct work work = {
		.request = request,
		.recorded = recorded,
		.now = now,
		.result = &result,
		.dir_fd = -1,
	};
	int64_t newest_ns = request->newest_ns;
	int64_t clock_ns = file_clock_ns();

	for (size_t i = 0; i < recorded->count; i++)
		if (recorded->items[i].mtime_ns > newest_ns)
			newest_ns = recorded->items[i].mtime_ns;
	*ret_shift_ns = newest_ns < clock_ns ? 0 : round_shift(newest_ns - clock_ns);
	if (look(&work, err) < 0)
		return error_wrap(err, "cannot look at the times of the sources");
	if (!result.left_alone)
		return 0;
	for (size_t i = 0; i < now->count; i++) {
		const struct source *source = &now->items[i];

		if (request->newest_ns - *ret_shift_ns >= source->mtime_ns &&
		    !is_same(source, sources_find(recorded, source->path)))
			*ret_shift_ns = round_shift(request->newest_ns - source->mtime_ns);
	}
	return 0;
}

int
source_times_apply(const struct source_times_request *request, const struct sources *recorded,
		   const struct sources *now, struct source_times_result *ret_result,
		   struct error **err)
{
	AUTO_SOURCE_TIMES_RESULT struct source_times_result result = { 0 };
	CLEANUP(work_release)
	struct work work = {
		.request = request,
		.recorded = recorded,
		.now = now,
		.result = &result,
		.newest_ns = request->newest_ns - request->shift_ns,
		.dir_fd = -1,
	};

	if (look(&work, err) < 0)
		return error_wrap(err, "cannot set the times of the sources");
	if (result.left_alone) {
		if (check_left_alone(&work, err) < 0)
			return -1;
	} else {
		AUTO_TIME_JOURNAL struct time_journal journal = { 0 };

		/* Files first: setting their times does not change a directory's. */
		for (int directories = 0; directories < 2; directories++)
			for (size_t i = 0; i < work.now->count; i++)
				if ((work.now->items[i].mode == S_IFDIR) == directories &&
				    perform(&work, &work.now->items[i], &work.steps[i], err) < 0)
					return -1;
		if (note(&work, &journal, err) < 0)
			return -1;
		count(&work);
	}
	if (request->shift_ns > 0 && request->newest_ns > file_clock_ns())
		result.notice =
			xasprintf("the cache's newest file is %" PRId64
				  " s ahead of this machine's clock: all times of the cache "
				  "were set back",
				  (request->newest_ns - file_clock_ns()) / ns_per_s);
	*ret_result = result;
	result = (struct source_times_result){ 0 };
	return 0;
}

int
source_times_drop_touched(const struct sources_request *request, const char *state_directory,
			  struct sources *sources, struct error **err)
{
	AUTO_WORKTREE struct worktree *worktree = NULL;
	AUTO_TIME_JOURNAL struct time_journal journal = { 0 };
	AUTO_STRINGS struct strings touched = { 0 };
	size_t kept = 0;

	if (worktree_open(request->directory, &worktree, err) < 0)
		return -1;
	if (!worktree)
		return 0;
	if (worktree_touched(worktree, &touched, err) < 0 ||
	    time_journal_read(state_directory, request->directory, &journal, err) < 0)
		return -1;
	for (size_t i = 0; i < sources->count; i++) {
		struct source *source = &sources->items[i];

		if (source->mode != S_IFDIR && strings_has_sorted(&touched, source->path) &&
		    !time_journal_match(&journal, source)) {
			free(source->path);
			sources->file_count--;
		} else {
			sources->items[kept++] = *source;
		}
	}
	sources->count = kept;
	return 0;
}
