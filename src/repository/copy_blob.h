/* copy_blob.h - bytes at rest into a body, as the wire would bring them */
#ifndef OCIFP_REPOSITORY_COPY_BLOB_H
#define OCIFP_REPOSITORY_COPY_BLOB_H

struct body;
struct error;
struct source;

/* All that the body wants, then its end. */
int copy_source(const struct source *source, struct body *body, struct error **err);

#endif
