/* SPDX-License-Identifier: Apache-2.0 */
/* upload_session.h - the upload session that a registry opens: its URL, and the numbers in its
 * answers
 *
 * The URL is the Location of a 202: relative or absolute, with or without a query, sometimes on
 * another origin.  distribution-spec, "POST then PUT".
 */
#ifndef OCIFP_REGISTRY_UPLOAD_UPLOAD_SESSION_H
#define OCIFP_REGISTRY_UPLOAD_UPLOAD_SESSION_H

#include <stdbool.h>
#include <stdint.h>

struct endpoint;
struct error;
struct request;

/* The caller owns it.  ERROR_UNAVAILABLE, class "protocol": no Location, an invalid URL, or plain
 * http from an https registry. */
char *session_url_read(const struct endpoint *endpoint, const struct request *request,
		       struct error **err);

/* False: another origin, which gets no credentials. */
bool session_url_is_own(const struct endpoint *endpoint, const char *url);

/* The header Range, "0-<last byte>"; some registries write "bytes=" before it.  "0-0" means no
 * byte, as docker-registry means it.  False: NULL, or another form. */
bool session_parse_range(const char *value, uint64_t *ret_taken_bytes);

/* "... exceeds the maximum permissible limit of 4.00MiB": the size after "limit of".  False: NULL,
 * or no such size. */
bool session_parse_limit(const char *message, uint64_t *ret_bytes);

#endif
