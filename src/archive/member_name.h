/* SPDX-License-Identifier: Apache-2.0 */
/* member_name.h - names within a tar, made comparable
 *
 * "./a/b" and "a//b" are "a/b".  What no path beneath the top can be, an absolute name or one with
 * "..", has no name here: nobody asks for it, and nothing is ever unpacked.
 */
#ifndef OCIFP_ARCHIVE_MEMBER_NAME_H
#define OCIFP_ARCHIVE_MEMBER_NAME_H

/* The caller's; NULL: not usable. */
char *member_name(const char *path);

/* What a symbolic link in the folder of `name` leads to; NULL: out of the archive. */
char *member_name_follow(const char *name, const char *target);

#endif
