/* listed.h - a member of a tar on its way from the confined helper: a message each
 *
 * The helper lists, the program looks at the list alone.
 */
#ifndef OCIFP_LAYER_LISTED_H
#define OCIFP_LAYER_LISTED_H

#include <stdint.h>

struct error;
struct message;

enum listed_kind { LISTED_FILE, LISTED_HARD_LINK, LISTED_SYMBOLIC_LINK };

struct listed {
	enum listed_kind kind;
	const char *path; /* raw, as the tar has it */
	const char *link; /* "" for a file */
	uint64_t offset_bytes;
	uint64_t size_bytes;
};

/* Files and links of the tar in `fd`, a file; directories and devices are passed over.
 * ERROR_CONTENT: no tar, cut short, a sparse file, a name too long, or what only some readers
 * believe (layer/helper/tar_filter.h). */
typedef int listed_visit(void *context, const struct listed *listed, struct error **err);
int list_tar(int fd, listed_visit *visit, void *context, struct error **err);

void listed_put(struct message *message, const struct listed *listed);

/* Texts belong to the message. */
int listed_get(struct message *message, struct listed *ret_listed, struct error **err);

#endif
