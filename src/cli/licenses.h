/* licenses.h - the license of ocifp, then those of the libraries that are linked into this file
 *
 * `configure --with-licenses=FILE` names the latter; without it there is only our own.
 */
#ifndef OCIFP_CLI_LICENSES_H
#define OCIFP_CLI_LICENSES_H

extern const char license_text[];

#endif
