/* git.h - the few things that git is asked about a directory */
#ifndef OCIFP_PROJECT_GIT_H
#define OCIFP_PROJECT_GIT_H

/* NULL, without an error, where there is no git, no checkout, or nothing to say. */
char *git_remote_url(const char *directory); /* of "origin" */
char *git_head(const char *directory);       /* the commit's 40 or 64 hex digits */

#endif
