/* SPDX-License-Identifier: Apache-2.0 */
/* auth_home.h - a home directory of a test's own, and an environment that names no other */
#ifndef OCIFP_TESTS_AUTH_HOME_H
#define OCIFP_TESTS_AUTH_HOME_H

#include <sys/types.h>

/* cmocka fixtures: the test is in the directory, $HOME is it. */
int enter_home(void **state);
int leave_home(void **state);

/* Beneath the home; makes the folders on the way. */
void write_home_file(const char *path, mode_t mode, const char *text);
char *read_home_file(const char *path); /* the caller owns it */
mode_t home_file_mode(const char *path);

/* A program docker-credential-<name> in the PATH. */
void write_helper(const char *name, const char *script);

#endif
