/* tar_writer.h - a tar that is the same whenever and by whomever it is made
 *
 * Plain ustar, with a pax header only where a size needs it; files alone, mode 0644, no time and
 * no owner.
 */
#ifndef OCIFP_ARCHIVE_TAR_WRITER_H
#define OCIFP_ARCHIVE_TAR_WRITER_H

#include <stddef.h>

#include "base/cleanup.h"
#include "oci/digest.h"

struct error;
struct source;
struct tar_writer;

/* `what` names `fd` in messages; both are borrowed. */
struct tar_writer *tar_writer_new(int fd, const char *what, struct error **err);
int tar_writer_add_bytes(struct tar_writer *writer, const char *name, const void *bytes,
			 size_t size, struct error **err);

/* ERROR_CONTENT, class "digest", when the content is not what the digest says. */
int tar_writer_add_blob(struct tar_writer *writer, const char *name, const struct source *source,
			const struct digest *digest, struct error **err);
int tar_writer_finish(struct tar_writer *writer, struct error **err);
void tar_writer_free(struct tar_writer *writer);
DEFINE_CLEANUP(struct tar_writer, tar_writer_free)
#define AUTO_TAR_WRITER CLEANUP(tar_writer_free_at)

#endif
