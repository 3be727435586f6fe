/* copy_blob.h - copies a local blob into a body */
#ifndef OCIFP_REPOSITORY_COPY_BLOB_H
#define OCIFP_REPOSITORY_COPY_BLOB_H

struct body;
struct error;
struct source;

/* Writes the bytes that the body lacks, then ends it. */
int copy_source(const struct source *source, struct body *body, struct error **err);

#endif
