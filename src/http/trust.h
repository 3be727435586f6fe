/* SPDX-License-Identifier: Apache-2.0 */
/* trust.h - the choice between the system's bundle and directory of certificate authorities
 *
 * Debian has the authorities in one bundle, which OpenSSL parses for every connection (50 ms), and
 * in a directory of hashed names (c_rehash), of which OpenSSL reads only the file that it needs.
 */
#ifndef OCIFP_HTTP_TRUST_H
#define OCIFP_HTTP_TRUST_H

#include <stdbool.h>

/* Whether the directory alone can be used: it has hashed names, and was written together with the
 * bundle.  A bundle that the administrator replaced is used.  NULL for either: false. */
bool trust_directory_suffices(const char *bundle, const char *directory);

/* For a libcurl that was built without a distribution's paths: the first readable bundle of Debian,
 * Red Hat, SUSE and Alpine; a directory of hashed names.  NULL: none. */
const char *trust_find_bundle(void);
const char *trust_find_directory(void);

#endif
