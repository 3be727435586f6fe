/* SPDX-License-Identifier: Apache-2.0 */
#include "project/live.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "fingerprint/git.h"
#include "oci/digest_set.h"
#include "project/git/git_project.h"
#include "project/git/git_refs.h"
#include "project/lock_file.h"
#include "project/project.h"

void
live_release(struct live *live)
{
	strings_release(&live->names);
	strings_release(&live->refs);
}

static void
add(struct live *live, const char *name, const char *ref)
{
	if (strings_has(&live->names, name))
		return;
	strings_add(&live->names, name);
	strings_add(&live->refs, ref);
}

static int
add_image(const struct project *project, const struct project_image *image, const char *ref,
	  struct live *live, struct error **err)
{
	struct fingerprint fingerprint;
	AUTO_FREE char *tag = NULL;
	struct digest locked;
	bool found = false;

	if (project_fingerprint(project, image, NULL, &fingerprint, err) < 0)
		return -1;
	tag = fingerprint_tag(&fingerprint, image->length);
	add(live, tag, ref);
	if (lock_file_image(project->lock, image->name, digest_hex(&fingerprint.digest).text,
			    &locked, &found, err) < 0)
		return -1;
	if (found)
		add(live, digest_text(&locked).text, ref);
	return 0;
}

static int
add_commit(struct git_project *commits, struct digest_set *seen, const struct git_ref *ref,
	   struct live *live, struct error **err)
{
	const struct project *project;
	struct digest key;

	if (git_project_find(commits, ref->commit, &key, err) < 0)
		return -1;
	/* Another commit may have the same files. */
	if (key.algorithm == DIGEST_NONE || !digest_set_add(seen, &key))
		return 0;
	project = git_project_check_out(commits, err);
	if (!project)
		return -1;
	do
		for (size_t i = 0; i < project->image_count; i++)
			if (add_image(project, &project->images[i], QUOTED(ref->name), live, err) <
			    0)
				return -1;
	while (git_project_go_on_with_lfs(commits));
	return 0;
}

int
live_find(const struct project *project, const struct live_options *options, struct live *ret_live,
	  struct error **err)
{
	AUTO_GIT struct git *git = NULL;
	AUTO_GIT_PROJECT struct git_project *commits = NULL;
	AUTO_GIT_REFS struct git_refs refs = { 0 };
	AUTO_LIVE struct live live = { 0 };
	AUTO_DIGEST_SET struct digest_set seen = { 0 };

	if (git_open(project->directory, &git, err) < 0)
		return -1;
	if (!git)
		return error_set(err, ERROR_USAGE, "the project is not in a git repository");
	commits = git_project_new(git, project->path, err);
	if (!commits || git_refs_list(git, options->patterns, options->ask_origin, &refs, err) < 0)
		return -1;
	for (size_t i = 0; i < refs.count; i++) {
		if (add_commit(commits, &seen, &refs.items[i], &live, err) == 0)
			continue;
		error_wrap(err, "cannot compute the fingerprints of '%s'",
			   QUOTED(refs.items[i].name));
		return error_set_hint(err, "--keep-git-ref says which refs count, --keep-git never "
					   "leaves them aside");
	}
	*ret_live = live;
	live = (struct live){ 0 };
	return 0;
}
