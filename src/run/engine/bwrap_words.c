#include "run/engine/bwrap_words.h"

#include <string.h>
#include <sys/stat.h>

#include "base/strings.h"
#include "base/xalloc.h"
#include "run/engine/bundle.h"
#include "run/engine/job_engine.h"
#include "run/job.h"
#include "run/root/root.h"

static void
add_words(struct strings *words, const char *const *more)
{
	for (; *more; more++)
		strings_add(words, *more);
}

static void
add_env(struct strings *words, const struct strings *env)
{
	strings_add(words, "--clearenv");
	for (size_t i = 0; i < env->count; i++) {
		const char *equals = strchr(env->items[i], '=');
		AUTO_FREE char *name = xstrndup(env->items[i], (size_t)(equals - env->items[i]));

		add_words(words, (const char *const[]){ "--setenv", name, equals + 1, NULL });
	}
}

static void
add_capabilities(struct strings *words)
{
	add_words(words, (const char *const[]){ "--cap-drop", "ALL", NULL });
	for (const char *const *name = job_capabilities; *name; name++)
		add_words(words, (const char *const[]){ "--cap-add", *name, NULL });
}

/* It leaves them as they are: who is root of this machine too could write to /proc/sys. */
static void
add_masks(struct strings *words)
{
	AUTO_STRINGS struct strings masked = { 0 };

	for (const char *const *path = job_read_only_paths; *path; path++)
		add_words(words, (const char *const[]){ "--ro-bind-try", *path, *path, NULL });
	job_masked_paths("/sys", &masked);
	for (size_t i = 0; i < masked.count; i++) {
		const char *path = masked.items[i];
		struct stat status;

		if (stat(path, &status) < 0)
			continue;
		if (S_ISDIR(status.st_mode))
			add_words(words, (const char *const[]){ "--tmpfs", path, "--remount-ro",
								path, NULL });
		else
			add_words(words,
				  (const char *const[]){ "--dev-bind", "/dev/null", path, NULL });
	}
}

void
bwrap_words(const struct engine_start *start, struct strings *words)
{
	AUTO_FREE char *root = xasprintf("%s/root", start->root->path);
	const char *const filesystem[] = { "--bind",
					   root,
					   "/",
					   "--proc",
					   "/proc",
					   "--dev",
					   "/dev",
					   "--ro-bind",
					   "/sys",
					   "/sys",
					   "--unshare-pid",
					   "--chdir",
					   start->job->directory,
					   NULL };

	add_words(words, filesystem);
	add_masks(words);
	/* "--ro-bind" would have the volumes read-only too. */
	if (start->job->read_only)
		add_words(words, (const char *const[]){ "--remount-ro", "/", NULL });
	/* With a terminal of its own the session's leader is the process that starts it. */
	if (!start->job->terminal)
		strings_add(words, "--new-session");
	add_capabilities(words);
	add_env(words, &start->job->env);
}
