/* SPDX-License-Identifier: Apache-2.0 */
/* survey.h - what a project's own files say of its images: for `ocifp init`
 *
 *     Dockerfiles, a few folders deep --> their stages: what each copies, is FROM, takes from
 * others; WORKDIR Makefile    --> the scripts that it names, when an image is made of it Makefile,
 * workflows, compose files --> which stages are built for themselves, from which folder, for which
 * platforms Cargo.toml, go.mod, package.json ... --> the kind of workspace
 *
 * It reads and guesses; nothing of the project is run.
 */
#ifndef OCIFP_PROJECT_SURVEY_H
#define OCIFP_PROJECT_SURVEY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/strings.h"

struct error;

struct survey_image {
	char *name;
	char *dockerfile;      /* relative to the directory */
	char *context;         /* the context directory of its COPY; "": the directory */
	char *target;          /* the stage; NULL: the last one */
	char *workdir;         /* NULL: not stated */
	struct strings inputs; /* existing files and directories; the Dockerfile first */
	struct strings absent; /* copied, but missing: possibly made by the build */
	struct strings bases;  /* its base, without its own stages */
	bool copies_all;       /* "COPY . ." */
};

struct survey {
	struct survey_image *images;
	size_t image_count;
	bool builds_arm;    /* something builds images for linux/arm64 */
	bool hashes_files;  /* something makes a tag of `cat FILES | openssl dgst -sha256` */
	const char *preset; /* the `preset` of ocifp.yaml(5) for the workspace: "cargo"; "": a
			       workspace without one; NULL: no workspace */
	bool has_node;      /* packages go to node_modules */
	bool has_git;       /* it is in a checkout */
	char *remote_host;  /* of git's origin: "github.com"; NULL: there is none */
	char *remote_name;  /* "owner/name", in lower case */
};

int survey_read(const char *directory, struct survey *ret_survey, struct error **err);
void survey_release(struct survey *survey);
#define AUTO_SURVEY CLEANUP(survey_release)

#endif
