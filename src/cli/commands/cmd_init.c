/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/output/json.h"
#include "cli/output/page.h"
#include "project/project.h"
#include "project/survey.h"

struct init_values {
	bool github;
	bool gitlab;
};

static const struct option_spec init_options[] = {
	{ "github", 0, OPTION_FLAG, offsetof(struct init_values, github), NULL,
	  "also write .github/workflows/ocifp.yml" },
	{ "gitlab", 0, OPTION_FLAG, offsetof(struct init_values, gitlab), NULL,
	  "also write .gitlab-ci.yml, or .gitlab/ocifp.yml if that is there" },
	{ 0 },
};

/* A plain word of YAML, or one in quotes. */
static char *
quoted(const char *text)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789._/-";
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ./";

	char *result;
	char *to;

	if (strchr(letters, *text) && !text[strspn(text, plain)] && strcmp(text, "true") != 0 &&
	    strcmp(text, "false") != 0 && strcmp(text, "null") != 0)
		return xstrdup(text);
	result = xcalloc(2 * strlen(text) + 3, 1);
	to = result;
	*to++ = '"';
	for (; *text; text++) {
		if (strchr("\"\\", *text))
			*to++ = '\\';
		*to++ = *text;
	}
	*to = '"';
	return result;
}

static void
add_list(struct page *page, const struct strings *words)
{
	page_add(page, "[");
	for (size_t i = 0; i < words->count; i++) {
		AUTO_FREE char *word = quoted(words->items[i]);

		page_add(page, "%s%s", i > 0 ? ", " : "", word);
	}
	page_add(page, "]");
}

/* The name under which both a job and a developer find the image. */
static char *
repository_of(const struct survey *survey, const struct init_values *values, const char *name)
{
	const char *host = survey->remote_host;

	if (host && strcmp(host, "gitlab.com") == 0)
		return xasprintf("registry.gitlab.com/%s/%s", survey->remote_name, name);
	if ((values->gitlab && !host) || (host && strstr(host, "gitlab")))
		return xasprintf("${CI_REGISTRY_IMAGE}/%s", name);
	if (host && strcmp(host, "github.com") != 0)
		return xasprintf("%s/%s-%s", host, survey->remote_name, name);
	return xasprintf("ghcr.io/${GITHUB_REPOSITORY}-%s", name);
}

static void
add_inputs(struct page *page, const struct survey *survey, const struct survey_image *image)
{
	bool has_all = image->copies_all && survey->has_git;

	if (!has_all)
		page_add(page,
			 "    # The files that it is made of: a change of one of them makes a "
			 "new image.\n");
	if (image->copies_all && !has_all)
		page_add(page, "    # The Dockerfile copies the whole directory. In a checkout of "
			       "git, the image can\n"
			       "    # follow every file: inputs: [.] and tracked: true\n");
	for (size_t i = 0; i < image->absent.count; i++)
		page_add(page, "    # It copies '%s', which is not here: name what makes it.\n",
			 QUOTED(image->absent.items[i]));
	if (has_all) {
		/* The image must change when sources that are built into it change.  The user may
		 * narrow its inputs. */
		page_add(page,
			 "    # The Dockerfile copies the whole directory: each change of a file "
			 "that "
			 "git tracks\n"
			 "    # makes a new image.  If it is what jobs run in, with the sources "
			 "mounted, use:\n"
			 "    # inputs: ");
		add_list(page, &image->inputs);
		page_add(page, "\n    inputs: [%s]\n    tracked: true\n",
			 *image->context ? image->context : ".");
		return;
	}
	page_add(page, "    inputs: ");
	add_list(page, &image->inputs);
	page_add(page, "\n");
}

static void
add_image(struct page *page, const struct survey *survey, const struct init_values *values,
	  const struct survey_image *image, bool is_default)
{
	AUTO_FREE char *repository = repository_of(survey, values, image->name);

	page_add(page, "  %s:\n", image->name);
	if (is_default && survey->image_count > 1)
		page_add(page, "    default: true\n");
	page_add(page, "    # Where it is published; the tag is the fingerprint of the inputs.\n");
	page_add(page, "    repository: %s\n", repository);
	add_inputs(page, survey, image);
	if (survey->hashes_files)
		page_add(page, "    # The tags that `cat FILES | openssl dgst -sha256` gives:\n"
			       "    # scheme: concat\n");
	page_add(page,
		 "    # Run by `ocifp ensure` if the registry has no such image.\n"
		 "    build: >-\n"
		 "      docker buildx build --platform \"$OCIFP_PLATFORMS\"\n"
		 "      --output \"type=oci,dest=$OCIFP_OUTPUT\" -f %s%s%s %s\n",
		 image->dockerfile, image->target ? " --target " : "",
		 image->target ? image->target : "", *image->context ? image->context : ".");
	page_add(page,
		 "    %splatforms: [linux/amd64, linux/arm64]\n"
		 "    # tags: [latest]\n",
		 survey->builds_arm ? "" : "# ");
	if (image->bases.count == 0)
		return;
	page_add(page, "    # Make the digests of its bases inputs, too, after `ocifp lock`:\n"
		       "    # pin: ");
	add_list(page, &image->bases);
	page_add(page, "\n");
}

static const struct survey_image *
default_image(const struct survey *survey)
{
	for (size_t i = 0; i < survey->image_count; i++)
		if (strcmp(survey->images[i].name, "ci") == 0)
			return &survey->images[i];
	return survey->image_count > 0 ? &survey->images[0] : NULL;
}

static bool
is_preset(const struct survey *survey, const char *name)
{
	return survey->preset && strcmp(survey->preset, name) == 0;
}

static void
add_caches(struct page *page, const struct survey *survey, const struct init_values *values,
	   const struct survey_image *image)
{
	AUTO_FREE char *repository = repository_of(survey, values, "cache");
	AUTO_FREE char *places =
		xasprintf("    repository: %s\n    pull_requests: %s-pr\n", repository, repository);
	AUTO_FREE char *of_image = image ? xasprintf("    image: %s\n", image->name) : xstrdup("");

	if (!survey->preset || !*survey->preset)
		return;
	page_add(page,
		 "\n# What `ocifp cache restore` and `ocifp cache save` carry from job to job.\n"
		 "caches:\n");
	if (is_preset(survey, "cargo"))
		page_add(page,
			 "  cargo:\n    preset: cargo-home\n%s"
			 "  target:\n    preset: cargo\n    paths: [target]\n%s%s",
			 places, of_image, places);
	else
		page_add(page, "  %s:\n    preset: %s\n%s%s", survey->preset, survey->preset,
			 of_image, places);
}

static char *
format_project(const struct survey *survey, const struct init_values *values)
{
	const struct survey_image *image = default_image(survey);
	AUTO_PAGE struct page page = { 0 };
	AUTO_FREE char *text = NULL;

	page_add(&page,
		 "# Made by `ocifp init` from what it found; `man ocifp.yaml` has every key.\n"
		 "version: 1\n");
	page_add(&page,
		 image ? "images:\n"
		       : "# No Dockerfile is here: `man ocifp-build` has images without one.\n");
	for (size_t i = 0; i < survey->image_count; i++)
		add_image(&page, survey, values, &survey->images[i], &survey->images[i] == image);
	if (image) {
		AUTO_FREE char *workdir =
			quoted(image->workdir && image->workdir[1] ? image->workdir : "/app");
		const char *plain = *workdir == '"' ? "/app" : workdir;
		/* A service of several has its own folder there; .devcontainer is not one. */
		const char *part = *image->context == '.' ? "" : image->context;

		page_add(&page,
			 "\n# What `ocifp run -- COMMAND` and `ocifp shell` do here.\n"
			 "run:\n  image: %s\n  workdir: %s\n",
			 image->name, plain);
		page_add(&page, "  volumes:\n    - .%s%s:%s\n", *part ? "/" : "", part, plain);
		if (!*part && is_preset(survey, "cargo"))
			page_add(&page, "    - target:%s/target    # a volume of this project\n",
				 plain);
		if (!*part && survey->has_node)
			page_add(&page,
				 "    - node_modules:%s/node_modules    # a volume of this "
				 "project\n",
				 plain);
		page_add(&page, "  # pass: [JOBS, VERBOSE]    # variables of the caller\n");
	}
	add_caches(&page, survey, values, image);
	text = page_take(&page);
	return xasprintf("%s\n", text);
}

static char *
format_github(const struct survey_image *image)
{
	return xasprintf(
		"# Made by `ocifp init`: the image of .ocifp.yaml, and a job that runs in it.\n"
		"name: ocifp\n"
		"on:\n"
		"  push:\n"
		"  pull_request:\n"
		"permissions: {}\n"
		"jobs:\n"
		"  image:\n"
		"    uses: ocifp/ocifp/.github/workflows/base-image.yml@main\n"
		"    permissions: {contents: read, packages: write}\n"
		"    with: {image: %s}\n"
		"  test:\n"
		"    needs: image\n"
		"    if: needs.image.outputs.digest    # empty for a pull request of a fork\n"
		"    runs-on: ubuntu-24.04\n"
		"    permissions: {contents: read, packages: read}\n"
		"    container:\n"
		"      image: ${{ needs.image.outputs.image }}@${{ needs.image.outputs.digest }}\n"
		"      credentials: {username: \"${{ github.actor }}\", password: \"${{ "
		"github.token "
		"}}\"}\n"
		"    steps:\n"
		"      - uses: actions/checkout@v4\n"
		"      - run: make test    # what the project does in its image\n",
		image->name);
}

static char *
format_gitlab(const struct survey_image *image)
{
	return xasprintf("# Made by `ocifp init`: the image of .ocifp.yaml, before the jobs that "
			 "run in it.\n"
			 "ocifp:\n"
			 "  stage: .pre\n"
			 "  image: docker:28\n"
			 "  services: ['docker:28-dind']\n"
			 "  script:\n"
			 "    - wget -qO /usr/local/bin/ocifp "
			 "\"https://github.com/ocifp/ocifp/releases/latest/"
			 "download/ocifp-linux-amd64\"\n"
			 "    - chmod +x /usr/local/bin/ocifp\n"
			 "    - ocifp ensure %s\n"
			 "    - echo \"IMAGE=$(ocifp digest %s)\" >image.env\n"
			 "  artifacts: {reports: {dotenv: image.env}}\n"
			 "test:\n"
			 "  image: $IMAGE\n"
			 "  script: make test    # what the project does in its image\n",
			 image->name, image->name);
}

/* Files to write; none of them exists. */
struct drafts {
	struct strings paths; /* below the directory */
	struct strings texts;
};

static void
drafts_release(struct drafts *drafts)
{
	strings_release(&drafts->paths);
	strings_release(&drafts->texts);
}

static bool
is_there(const char *directory, const char *path)
{
	AUTO_FREE char *full = xasprintf("%s/%s", directory, path);
	struct stat status;

	return lstat(full, &status) == 0;
}

/* The first parent directory that is a link, which may leave the project; the caller owns it. */
static char *
find_link_above(const char *directory, const char *path)
{
	for (const char *slash = path; (slash = strchr(slash, '/')); slash++) {
		AUTO_FREE char *folder = xstrndup(path, (size_t)(slash - path));
		AUTO_FREE char *full = xasprintf("%s/%s", directory, folder);
		struct stat status;

		if (lstat(full, &status) == 0 && S_ISLNK(status.st_mode))
			return TAKE_PTR(folder);
	}
	return NULL;
}

static int
add_draft(const char *directory, const char *path, char *text, struct drafts *drafts,
	  struct error **err)
{
	AUTO_FREE char *link = find_link_above(directory, path);

	strings_add(&drafts->paths, path);
	strings_take(&drafts->texts, text);
	if (link)
		return error_set(err, ERROR_USAGE, "cannot make '%s': '%s' is a link", QUOTED(path),
				 link);
	if (!is_there(directory, path))
		return 0;
	error_set(err, ERROR_USAGE, "'%s' is there already", QUOTED(path));
	return error_set_hint(err, "ocifp init overwrites nothing");
}

static int
draft(const char *directory, const struct init_values *values, struct drafts *drafts,
      struct error **err)
{
	AUTO_SURVEY struct survey survey = { 0 };
	AUTO_FREE char *path = NULL;
	AUTO_PROJECT struct project *project = NULL;
	const struct survey_image *image;
	char *text;

	if (is_there(directory, ".ocifp.yaml"))
		return add_draft(directory, ".ocifp.yaml", xstrdup(""), drafts, err);
	if (survey_read(directory, &survey, err) < 0)
		return -1;
	image = default_image(&survey);
	if ((values->github || values->gitlab) && !image)
		return error_set(err, ERROR_USAGE,
				 "a workflow needs an image, and there is no Dockerfile");
	text = format_project(&survey, values);
	if (add_draft(directory, ".ocifp.yaml", text, drafts, err) < 0)
		return -1;
	/* As every command will read it. */
	path = xasprintf("%s/.ocifp.yaml", directory);
	project = project_parse(path, text, strlen(text), err);
	if (!project)
		return error_wrap(err, "cannot make a project file of what the project has");
	if (values->github && add_draft(directory, ".github/workflows/ocifp.yml",
					format_github(image), drafts, err) < 0)
		return -1;
	if (!values->gitlab)
		return 0;
	return add_draft(directory,
			 is_there(directory, ".gitlab-ci.yml") ? ".gitlab/ocifp.yml"
							       : ".gitlab-ci.yml",
			 format_gitlab(image), drafts, err);
}

/* Writes nothing over a link or an existing file. */
static int
write_file(const char *directory, const char *path, const char *text, struct error **err)
{
	AUTO_FREE char *full = xasprintf("%s/%s", directory, path);
	AUTO_CLOSE int fd = -1;

	for (char *slash = full + strlen(directory) + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		if (mkdir(full, 0777) < 0 && errno != EEXIST)
			return error_set_path(err, errno, "make", full);
		*slash = '/';
	}
	fd = open(full, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
	if (fd < 0)
		return error_set_path(err, errno, "make", full);
	return fd_write_all(fd, text, strlen(text), full, err);
}

static int
run_init(struct context *context, const void *values, const struct strings *operands,
	 struct error **err)
{
	AUTO_FREE char *directory =
		realpath(context->options.directory ? context->options.directory : ".", NULL);
	CLEANUP(drafts_release) struct drafts drafts = { 0 };
	AUTO_PAGE struct page page = { 0 };
	json_t *files;

	(void)operands;
	if (!directory)
		return error_set_path(err, errno, "find", context->options.directory);
	if (draft(directory, values, &drafts, err) < 0)
		return -1;
	files = json_array();
	for (size_t i = 0; i < drafts.paths.count; i++) {
		if (write_file(directory, drafts.paths.items[i], drafts.texts.items[i], err) < 0) {
			json_decref(files);
			return -1;
		}
		page_add(&page, "%s\n", drafts.paths.items[i]);
		json_array_append_new(files, json_string(drafts.paths.items[i]));
	}
	context_notice(context,
		       "look through it, then see what it means: ocifp fingerprint --explain");
	return context_result_page(context, &page, json_pack("{s:o}", "files", files), err);
}

const struct command cmd_init = {
	.name = "init",
	.summary = "write a project file from what the project has",
	.usage = "[--github] [--gitlab]",
	.options = init_options,
	.values_size = sizeof(struct init_values),
	.groups = OPTIONS_PROJECT,
	.run = run_init,
};
