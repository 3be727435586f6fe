/* upload_parse.h - the numbers in what a registry says about an upload */
#ifndef OCIFP_REGISTRY_UPLOAD_PARSE_H
#define OCIFP_REGISTRY_UPLOAD_PARSE_H

#include <stdbool.h>
#include <stdint.h>

/* Range of a session: "0-<last byte>", by some with "bytes=" before it.  "0-0" stands for nothing,
 * as docker-registry means it.  False: NULL, or nothing of the kind. */
bool upload_parse_range(const char *value, uint64_t *ret_taken_bytes);

/* "... exceeds the maximum permissible limit of 4.00MiB": the size after "limit of".  False: NULL,
 * or none. */
bool upload_parse_limit(const char *message, uint64_t *ret_bytes);

#endif
