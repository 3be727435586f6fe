/* SPDX-License-Identifier: Apache-2.0 */
/* collect.h - the files that the inputs of a fingerprint stand for */
#ifndef OCIFP_FINGERPRINT_COLLECT_H
#define OCIFP_FINGERPRINT_COLLECT_H

struct error;
struct fingerprint_inputs;
struct input_files;

/* Scheme `tree`: in byte order of path, each path once. */
int collect_tree(int dir_fd, const struct fingerprint_inputs *inputs, struct input_files *ret_files,
		 struct error **err);

/* Scheme `concat`: in the order in which the shell would pass them to cat, paths as they were
 * spelled. */
int collect_concat(int dir_fd, const struct fingerprint_inputs *inputs,
		   struct input_files *ret_files, struct error **err);

#endif
