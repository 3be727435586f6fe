/* SPDX-License-Identifier: Apache-2.0 */
#include "project/survey.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "fingerprint/git.h"
#include "fingerprint/paths.h"
#include "project/dockerfile.h"
#include "project/named_files.h"
#include "project/remote_url.h"

/* Characters that a shell command may have without quotes. */
static bool
is_plain(const char *text)
{
	return *text && *text != '-' &&
	       !text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				  "0123456789._/-")];
}

/* A file of the project as text; NULL: missing, too large, or not text. */
static char *
read_text(const char *directory, const char *path)
{
	AUTO_FREE char *full = xasprintf("%s/%s", directory, path);
	AUTO_BUF struct buf bytes = BUF_INIT(PROJECT_FILE_LIMIT_BYTES);
	AUTO_ERROR struct error *ignored = NULL;

	if (file_read(AT_FDCWD, full, &bytes, &ignored) < 0 || bytes.size == 0 ||
	    memchr(bytes.data, '\0', bytes.size))
		return NULL;
	return xstrndup(bytes.data, bytes.size);
}

static bool
is_there(const char *directory, const char *path, struct stat *ret_status)
{
	AUTO_FREE char *full = xasprintf("%s/%s", directory, path);

	return stat(full, ret_status) == 0;
}

/* Adds a stage and all stages that it copies from, each once. */
static void
take_stage(const struct dockerfile *dockerfile, const struct stage *stage, bool *taken,
	   struct survey_image *image)
{
	if (taken[stage - dockerfile->stages])
		return;
	taken[stage - dockerfile->stages] = true;
	image->copies_all |= stage->copies_all;
	for (size_t i = 0; i < stage->inputs.count; i++)
		if (!path_is_below_any(stage->inputs.items[i], &image->inputs))
			strings_add(&image->inputs, stage->inputs.items[i]);
	for (size_t i = 0; i < stage->absent.count; i++)
		if (!strings_has(&image->absent, stage->absent.items[i]))
			strings_add(&image->absent, stage->absent.items[i]);
	if (stage->base && !strings_has(&image->bases, stage->base))
		strings_add(&image->bases, stage->base);
	for (size_t i = 0; i < stage->sources.count; i++) {
		const struct stage *source = dockerfile_stage(dockerfile, stage->sources.items[i]);

		if (source)
			take_stage(dockerfile, source, taken, image);
	}
}

/* In the form that the project file allows. */
static char *
clean_name(const char *name)
{
	char *clean = xcalloc(strlen(name) + 1, 1);
	size_t length = 0;

	for (; *name; name++) {
		char letter = (char)(*name >= 'A' && *name <= 'Z' ? *name - 'A' + 'a' : *name);

		if (strchr("abcdefghijklmnopqrstuvwxyz0123456789", letter) ||
		    (strchr("-_", letter) && length > 0))
			clean[length++] = letter;
	}
	if (length > 0)
		return clean;
	free(clean);
	return xstrdup("ci");
}

static bool
is_one_of(const char *name, const char *const *names)
{
	while (*names)
		if (strcmp(name, *names++) == 0)
			return true;
	return false;
}

/* "Dockerfile" is the image "ci", "Dockerfile.base" and "base.Dockerfile" are "base", and that of
 * "services/api" is "api". */
static char *
name_of_dockerfile(const char *folder, const char *file)
{
	static const char *const general[] = { "",   "docker", ".docker", "build", ".build",
					       "ci", ".ci",    "src",     NULL };
	size_t size = strlen(folder);

	if (text_starts(file, "Dockerfile.") || text_starts(file, "Containerfile."))
		return xstrdup(strchr(file, '.') + 1);
	if (text_ends(file, ".Dockerfile"))
		return xstrndup(file, strlen(file) - strlen(".Dockerfile"));
	while (size > 0) {
		size_t end = size;
		AUTO_FREE char *last = NULL;

		while (size > 0 && folder[size - 1] != '/')
			size--;
		last = xstrndup(folder + size, end - size);
		if (!is_one_of(last, general))
			return TAKE_PTR(last);
		size -= size > 0;
	}
	return xstrdup("ci");
}

static bool
is_dockerfile(const char *name)
{
	static const char *const others[] = { ".dockerignore", ".md", "~", ".orig", ".j2", ".in" };

	for (size_t i = 0; i < COUNT_OF(others); i++)
		if (text_ends(name, others[i]))
			return false;
	return strcmp(name, "Dockerfile") == 0 || strcmp(name, "Containerfile") == 0 ||
	       text_starts(name, "Dockerfile.") || text_starts(name, "Containerfile.") ||
	       text_ends(name, ".Dockerfile");
}

static bool
has_image(const struct survey *survey, const char *name)
{
	for (size_t i = 0; i < survey->image_count; i++)
		if (strcmp(survey->images[i].name, name) == 0)
			return true;
	return false;
}

static void
add_image(const struct dockerfile *dockerfile, const char *path, const char *of_file,
	  const char *name, const struct stage *stage, bool is_target, struct survey *survey)
{
	AUTO_FREE char *own = clean_name(name);
	AUTO_FREE bool *taken = xcalloc(dockerfile->stage_count, sizeof(*taken));
	struct survey_image *image;

	/* Stages of several Dockerfiles have the same names: "cuda-server". */
	if (has_image(survey, own)) {
		AUTO_FREE char *both = xasprintf("%s-%s", of_file, own);

		free(own);
		own = clean_name(both);
	}
	if (has_image(survey, own) || survey->image_count >= SURVEY_IMAGES_LIMIT_COUNT)
		return;
	survey->images = xgrow(survey->images, survey->image_count, sizeof(*survey->images));
	image = &survey->images[survey->image_count++];
	*image = (struct survey_image){
		.name = TAKE_PTR(own),
		.dockerfile = xstrdup(path),
		.context = xstrdup(dockerfile->context),
		.target = is_target ? xstrdup(stage->name) : NULL,
		.workdir = xstrdup_null(stage->workdir),
	};
	named_files_add(dockerfile->directory, path, &image->inputs);
	take_stage(dockerfile, stage, taken, image);
}

static const char *
find_preset(const char *directory)
{
	static const struct {
		const char *file;
		const char *preset;
	} kinds[] = {
		{ "Cargo.toml", "cargo" },
		{ "go.mod", "go" },
		{ "CMakeLists.txt", "ccache" },
		{ "configure.ac", "ccache" },
		{ "meson.build", "ccache" },
		{ "pnpm-lock.yaml", "pnpm" },
		{ "yarn.lock", "" },
		{ "bun.lock", "" },
		{ "package.json", "npm" },
		{ "uv.lock", "uv" },
		{ "pyproject.toml", "pip" },
		{ "requirements.txt", "pip" },
	};
	struct stat status;

	for (size_t i = 0; i < COUNT_OF(kinds); i++)
		if (is_there(directory, kinds[i].file, &status))
			return kinds[i].preset;
	return NULL;
}

/* Whether one of the forms precedes the name, as in "--target NAME" or "context: ./NAME". */
static bool
is_named(const char *builders, const char *const *forms, const char *name)
{
	for (; *forms; forms++)
		for (const char *at = builders; (at = strstr(at, *forms));) {
			const char *end;

			at += strlen(*forms);
			at += strspn(at, "\"'");
			at += text_starts(at, "./") ? strlen("./") : 0;
			end = at + strlen(name);
			if (text_starts(at, name) && strchr(" \t\r\n\"',}", end[*end == '/']))
				return true;
		}
	return false;
}

/* Whether something builds the stage on its own. */
static bool
is_target(const char *builders, const char *name)
{
	static const char *const forms[] = { "--target ",
					     "--target=", "target: ", "target = ", NULL };

	return is_named(builders, forms, name);
}

static size_t
count_inputs(const char *directory, const char *context, const char *dockerfile_text)
{
	AUTO_DOCKERFILE
	struct dockerfile dockerfile = { .directory = directory, .context = context };
	AUTO_FREE char *text = xstrdup(dockerfile_text);
	size_t count = 0;

	dockerfile_read(&dockerfile, text);
	for (size_t i = 0; i < dockerfile.stage_count; i++)
		count += dockerfile.stages[i].inputs.count;
	return count;
}

/* Whether COPY refers to the Dockerfile's own directory: a pipeline says so, or the copied files
 * exist, or, if it copies everything, a workspace does. */
static bool
is_context(const char *directory, const char *folder, const char *text, const char *builders)
{
	static const char *const forms[] = { "context: ", "context = ", "build: ", NULL };
	AUTO_FREE char *path = xasprintf("%s/%s", directory, folder);
	size_t inside;

	if (!*folder)
		return false;
	if (is_named(builders, forms, folder))
		return true;
	inside = count_inputs(directory, folder, text) + (find_preset(path) != NULL);
	return inside > count_inputs(directory, "", text);
}

static void
add_dockerfile(const char *directory, const char *folder, const char *file, const char *builders,
	       struct survey *survey)
{
	AUTO_DOCKERFILE
	struct dockerfile dockerfile = { .directory = directory, .context = "" };
	AUTO_FREE char *path = *folder ? xasprintf("%s/%s", folder, file) : xstrdup(file);
	AUTO_FREE char *name = name_of_dockerfile(folder, file);
	AUTO_FREE char *text = read_text(directory, path);
	bool is_service = strcmp(file, "Dockerfile") == 0 && strcmp(name, "ci") != 0;
	bool has_target = false;

	if (!text || !is_plain(path) || survey->image_count >= SURVEY_IMAGES_LIMIT_COUNT)
		return;
	if (is_context(directory, folder, text, builders))
		dockerfile.context = folder;
	dockerfile_read(&dockerfile, text);
	for (size_t i = 0; i < dockerfile.stage_count; i++) {
		const struct stage *stage = &dockerfile.stages[i];
		AUTO_FREE char *both = NULL;

		if (!stage->name || !is_plain(stage->name) ||
		    !(strcmp(stage->name, "ci") == 0 || is_target(builders, stage->name)))
			continue;
		/* Of several services each has a stage "dev": "api-dev". */
		both = is_service ? xasprintf("%s-%s", name, stage->name) : xstrdup(stage->name);
		add_image(&dockerfile, path, name, both, stage, true, survey);
		has_target = true;
	}
	if (!has_target && dockerfile.stage_count > 0)
		add_image(&dockerfile, path, folder, name,
			  &dockerfile.stages[dockerfile.stage_count - 1], false, survey);
}

/* Words that end in ".sh", or directories of scripts. */
static void
add_scripts(const char *directory, const char *makefile, struct strings *inputs)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789._/-";

	for (const char *at = makefile; *at;) {
		size_t size = strspn(at, letters);
		AUTO_FREE char *word = xstrndup(at, size);
		AUTO_FREE char *folder = xstrndup(word, strcspn(word, "/"));
		struct stat status;

		at += size ? size : 1;
		if (strstr(folder, "scripts") && *folder != '-' &&
		    is_there(directory, folder, &status) && S_ISDIR(status.st_mode))
			named_files_add(directory, folder, inputs);
		else if (text_ends(word, ".sh"))
			named_files_add(directory, word, inputs);
	}
}

static bool
builds_images(const char *makefile)
{
	static const char *const words[] = { "docker build", "docker buildx", "podman build",
					     "buildah " };

	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (strstr(makefile, words[i]))
			return true;
	return false;
}

/* For an image that `make` builds, the Makefile and the scripts that it names are inputs. */
static void
follow_makefile(const char *directory, struct survey *survey)
{
	AUTO_FREE char *makefile = read_text(directory, "Makefile");

	if (!makefile)
		return;
	for (size_t i = 0; i < survey->image_count; i++) {
		struct strings *inputs = &survey->images[i].inputs;

		if (builds_images(makefile))
			named_files_add(directory, "Makefile", inputs);
		if (strings_has(inputs, "Makefile"))
			add_scripts(directory, makefile, inputs);
	}
}

static void
find_remote(const char *directory, struct survey *survey)
{
	CLEANUP(remote_url_release) struct remote_url remote = { 0 };
	AUTO_ERROR struct error *ignored = NULL;
	AUTO_GIT struct git *git = NULL;
	AUTO_FREE char *url = NULL;

	if (git_open(directory, &git, &ignored) < 0 || !git)
		return;
	survey->has_git = true;
	url = git_setting(git, "remote.origin.url");
	if (!url || !remote_url_parse(url, &remote))
		return;
	survey->remote_host = text_lower(remote.host);
	survey->remote_name = text_lower(remote.repository);
}

static size_t
depth_of(const char *folder)
{
	size_t depth = *folder ? 1 : 0;

	for (; *folder; folder++)
		depth += *folder == '/';
	return depth;
}

/* The Dockerfiles of the directory, then those of its subdirectories; packages of others and trees
 * of tests are left out. */
static void
add_folder(const char *directory, int fd, const char *folder, const char *builders,
	   size_t *folder_count, struct survey *survey)
{
	static const char *const foreign[] = { ".git",     "node_modules", "vendor",
					       "target",   "third_party",  ".venv",
					       "testdata", "fixtures",     NULL };
	AUTO_STRINGS struct strings names = { 0 };

	if (fd < 0 || ++*folder_count > SURVEY_FOLDERS_LIMIT_COUNT ||
	    dir_names(fd, INPUTS_LIMIT_COUNT, &names) < 0)
		return;
	strings_sort(&names);
	for (size_t i = 0; i < names.count; i++)
		if (is_dockerfile(names.items[i]))
			add_dockerfile(directory, folder, names.items[i], builders, survey);
	for (size_t i = 0; i < names.count && depth_of(folder) < SURVEY_DEPTH_LIMIT; i++) {
		AUTO_FREE char *below = *folder ? xasprintf("%s/%s", folder, names.items[i])
						: xstrdup(names.items[i]);
		AUTO_CLOSE int below_fd =
			is_one_of(names.items[i], foreign) ? -1 : dir_open_at(fd, names.items[i]);

		add_folder(directory, below_fd, below, builders, folder_count, survey);
	}
}

int
survey_read(const char *directory, struct survey *ret_survey, struct error **err)
{
	AUTO_SURVEY struct survey survey = { 0 };
	static const char *const patterns[] = {
		"Makefile",       ".github/workflows/*.yml", ".github/workflows/*.yaml",
		".gitlab-ci.yml", "compose*.y*ml",           "docker-compose*.y*ml",
		"docker-bake.hcl"
	};
	AUTO_STRINGS struct strings paths = { 0 };
	AUTO_BUF struct buf all = BUF_INIT(SURVEY_TEXT_LIMIT_BYTES);
	AUTO_ERROR struct error *full = NULL;
	AUTO_FREE char *builders = NULL;
	AUTO_CLOSE int root = -1;
	size_t folders = 0;
	struct stat status;

	/* What builds images: the Makefile, workflows and pipelines, one after the other. */
	for (size_t i = 0; i < COUNT_OF(patterns); i++)
		named_files_match(directory, patterns[i], &paths);
	for (size_t i = 0; i < paths.count; i++) {
		AUTO_FREE char *text = read_text(directory, paths.items[i]);

		if (text && (buf_append_text(&all, text, &full) < 0 ||
			     buf_append_text(&all, "\n", &full) < 0))
			break;
	}
	builders = all.data ? TAKE_PTR(all.data) : xstrdup("");
	root = dir_open_at(AT_FDCWD, directory);
	add_folder(directory, root, "", builders, &folders, &survey);
	follow_makefile(directory, &survey);
	survey.builds_arm = strstr(builders, "linux/arm64");
	survey.hashes_files = strstr(builders, "openssl dgst -sha256");
	survey.preset = find_preset(directory);
	survey.has_node = is_there(directory, "package.json", &status);
	find_remote(directory, &survey);
	if (survey.image_count == 0 && (!survey.preset || !*survey.preset)) {
		error_set(err, ERROR_USAGE,
			  "'%s' has no Dockerfile, and no workspace for which a cache is known",
			  QUOTED(directory));
		return error_set_hint(err, "ocifp-build(7) has images without a Dockerfile");
	}
	*ret_survey = survey;
	survey = (struct survey){ 0 };
	return 0;
}

void
survey_release(struct survey *survey)
{
	for (size_t i = 0; i < survey->image_count; i++) {
		struct survey_image *image = &survey->images[i];

		free(image->name);
		free(image->dockerfile);
		free(image->context);
		free(image->target);
		free(image->workdir);
		strings_release(&image->inputs);
		strings_release(&image->absent);
		strings_release(&image->bases);
	}
	free(survey->images);
	free(survey->remote_host);
	free(survey->remote_name);
	*survey = (struct survey){ 0 };
}
