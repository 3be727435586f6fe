/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/xalloc.h"
#include "project/lock_file.h"
#include "project/project.h"

const struct lock_file *
project_lock(const struct project *project, struct lock_file **ret_own, struct error **err)
{
	if (project->lock)
		return project->lock;
	*ret_own = lock_file_read(project->directory, err);
	return *ret_own;
}

int
project_pins(const struct project *project, const struct project_image *image,
	     struct fingerprint_pairs *pins, struct error **err)
{
	AUTO_LOCK_FILE struct lock_file *own = NULL;
	const struct lock_file *lock;

	if (image->pins.count == 0)
		return 0;
	lock = project_lock(project, &own, err);
	if (!lock)
		return -1;
	/* Uses the locked digest of the base image, not what its tag names today. */
	for (size_t i = 0; i < image->pins.count; i++) {
		struct digest digest;
		bool found;

		if (lock_file_pin(lock, image->pins.items[i], &digest, &found, err) < 0)
			return -1;
		if (!found) {
			error_set(err, ERROR_USAGE, "'%s' is pinned but not in .ocifp.lock",
				  image->pins.items[i]);
			return error_set_hint(err, "run 'ocifp lock'");
		}
		fingerprint_pairs_add(pins, image->pins.items[i], digest_text(&digest).text);
	}
	return 0;
}

/* Images in the order of project_order(), with the fingerprints computed so far. */
struct chain {
	const struct project *project;
	const struct project_image **images;
	struct fingerprint *fingerprints;
	size_t count; /* of fingerprints */
};

static void
add_needs(const struct chain *chain, const struct project_image *image,
	  struct fingerprint_pairs *needs)
{
	for (size_t i = 0; i < chain->count; i++) {
		const struct fingerprint *fingerprint = &chain->fingerprints[i];
		AUTO_FREE char *value = NULL;

		if (!strings_has(&image->needs, chain->images[i]->name))
			continue;
		value = xasprintf("%s %s", fingerprint_scheme_name(fingerprint->scheme),
				  digest_hex(&fingerprint->digest).text);
		fingerprint_pairs_add(needs, chain->images[i]->name, value);
	}
}

char *
project_image_caveat(const struct project_image *image)
{
	if (image->scheme != SCHEME_CONCAT || image->needs.count + image->pins.count == 0)
		return NULL;
	return xasprintf("image '%s': the scheme concat leaves out 'needs' and 'pin', so its tag "
			 "stays when what it is built on changes",
			 image->name);
}

static int
compute_next(struct chain *chain, struct buf *record, struct error **err)
{
	const struct project_image *image = chain->images[chain->count];
	AUTO_FINGERPRINT_INPUTS struct fingerprint_inputs inputs = {
		.scheme = image->scheme,
		.directory = chain->project->directory,
		.filter = chain->project->filter,
		.tracked = image->tracked,
	};
	CLEANUP(fingerprint_pairs_release) struct fingerprint_pairs pins = { 0 };

	strings_copy(&image->inputs, &inputs.paths);
	strings_copy(&image->optional, &inputs.optional);
	strings_copy(&image->exclude, &inputs.exclude);
	for (size_t i = 0; i < image->args.count; i++)
		fingerprint_pairs_add(&inputs.args, image->args.items[i].key,
				      image->args.items[i].value);
	if (project_pins(chain->project, image, &pins, err) < 0)
		return error_wrap(err, "image '%s'", image->name);
	/* Tags of the scheme concat were published before `needs` and `pin` existed. */
	if (image->scheme != SCHEME_CONCAT) {
		add_needs(chain, image, &inputs.needs);
		for (size_t i = 0; i < pins.count; i++)
			fingerprint_pairs_add(&inputs.pins, pins.items[i].key, pins.items[i].value);
	}
	if (fingerprint_compute(&inputs, record, &chain->fingerprints[chain->count], err) < 0)
		return error_wrap(err, "image '%s'", image->name);
	chain->count++;
	return 0;
}

int
project_fingerprint(const struct project *project, const struct project_image *image,
		    struct buf *record, struct fingerprint *ret_fingerprint, struct error **err)
{
	size_t count;
	AUTO_FREE const struct project_image **images = project_order(project, image, &count);
	AUTO_FREE struct fingerprint *fingerprints = xcalloc(count, sizeof(*fingerprints));
	struct chain chain = { .project = project, .images = images, .fingerprints = fingerprints };

	while (chain.count < count)
		if (compute_next(&chain, chain.count + 1 == count ? record : NULL, err) < 0)
			return -1;
	*ret_fingerprint = fingerprints[count - 1];
	return 0;
}
