/* SPDX-License-Identifier: Apache-2.0 */
/* sealed_program.h - a program of the host that runs in a job and that the job cannot change
 *
 * A job can open /proc/1/exe of an engine that is its process 1, and write to the host's file as
 * soon as the file is not busy (the class of CVE-2019-5736).  In order of preference the engine
 * runs from
 *
 *     a read-only clone of its mount   open_tree(2), mount_setattr(2): Linux 5.12
 *     a sealed copy in memory          memfd_create(2)
 *     the file itself                  if no user of the job may write to it
 */
#ifndef OCIFP_RUN_ENGINE_SEALED_PROGRAM_H
#define OCIFP_RUN_ENGINE_SEALED_PROGRAM_H

#include <stddef.h>

struct error;

/* In the container: a descriptor for sealed_program_execute().  -1: ERROR_FAILURE, class "engine".
 */
int sealed_program_open(const char *path, struct error **err);

/* A sealed copy in memory, which cannot be changed; -1: not available, or the program is a script.
 */
int sealed_program_copy(const char *path);

/* Returns only on failure, with errno. */
void sealed_program_execute(int fd, char *const *argv, char *const *environment);

/* A memory file for data, which cannot be executed; -1 with errno. */
int memory_file_make(const char *name);

#endif
