/* trust.h - how the system's certificate authorities are read
 *
 * Debian keeps them twice: in one bundle, which OpenSSL parses whole for every connection (50 ms),
 * and in a directory of hashed names (c_rehash), of which it reads only the one that it needs.
 */
#ifndef OCIFP_HTTP_TRUST_H
#define OCIFP_HTTP_TRUST_H

#include <stdbool.h>

/* The directory has hashed names, and both were written together: whoever puts a bundle of their
 * own in place of the system's is heard.  NULL for either: false. */
bool trust_directory_suffices(const char *bundle, const char *directory);

/* For a libcurl that was built without the paths of one distribution: the first readable bundle of
 * those of Debian, Red Hat, SUSE and Alpine; a directory of hashed names.  NULL: none. */
const char *trust_find_bundle(void);
const char *trust_find_directory(void);

#endif
