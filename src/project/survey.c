/* SPDX-License-Identifier: Apache-2.0 */
#include "project/survey.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "fingerprint/git.h"
#include "fingerprint/paths.h"
#include "oci/reference.h"
#include "project/remote_url.h"

/* Where projects keep Dockerfiles, "" being their own directory. */
static const char *const folders[] = { "",   "docker", ".docker",       "build", ".build",
				       "ci", ".ci",    ".devcontainer", NULL };

static const char blanks[] = " \t";

/* What stands in a command of the shell as it is. */
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

/* As a fingerprint takes it: behind all links, too. */
static bool
is_inside(const char *directory, const char *path)
{
	AUTO_FREE char *full = xasprintf("%s/%s", directory, path);
	AUTO_FREE char *real = realpath(full, NULL);

	return real && (!directory[1] || path_is_below(real, directory));
}

/* What is there, in one spelling, once, and not below another input. */
static void
add_input(const char *directory, const char *named, struct strings *inputs)
{
	AUTO_ERROR struct error *outside = NULL;
	/* A project file with so many is refused, and says so. */
	bool is_full = inputs->count >= PROJECT_FILE_LIMIT_VALUES;
	AUTO_FREE char *path = is_full ? NULL : path_normalise(named, &outside);

	if (!path || !*path || !text_is_printable_ascii(path) || path_never_enters(path) ||
	    path_is_below_any(path, inputs) || !is_inside(directory, path))
		return;
	strings_add(inputs, path);
}

/* A few are enough to say that something is missing. */
static void
note_absent(const char *directory, const char *named, struct strings *absent)
{
	enum { ABSENT_MAX = 16 };
	AUTO_ERROR struct error *outside = NULL;
	AUTO_FREE char *path = path_normalise(named, &outside);
	AUTO_FREE char *full = path ? xasprintf("%s/%s", directory, path) : NULL;
	struct stat status;

	if (full && *path && text_is_printable_ascii(path) && absent->count < ABSENT_MAX &&
	    lstat(full, &status) < 0 && errno == ENOENT && !strings_has(absent, path))
		strings_add(absent, path);
}

/* No link is followed: it may lead out, or to where it stands. */
static void
add_matches(const char *directory, int dir_fd, const char *above, const char *pattern,
	    struct strings *inputs)
{
	AUTO_FREE char *first = xstrndup(pattern, strcspn(pattern, "/"));
	const char *rest = pattern + strlen(first);
	AUTO_STRINGS struct strings names = { 0 };

	if (dir_names(dir_fd, INPUTS_LIMIT_COUNT, &names) < 0)
		return;
	for (size_t i = 0; i < names.count; i++) {
		AUTO_FREE char *path =
			xasprintf("%s%s%s", above, *above ? "/" : "", names.items[i]);
		AUTO_CLOSE int fd = -1;

		if (fnmatch(first, names.items[i], FNM_PERIOD) != 0)
			continue;
		if (!*rest) {
			add_input(directory, path, inputs);
			continue;
		}
		fd = dir_open_at(dir_fd, names.items[i]);
		if (fd >= 0)
			add_matches(directory, fd, path, rest + 1, inputs);
	}
}

static void
add_pattern(const char *directory, const char *named, struct strings *inputs)
{
	AUTO_ERROR struct error *outside = NULL;
	AUTO_FREE char *pattern = path_normalise(named, &outside);
	AUTO_CLOSE int fd = pattern ? dir_open_at(AT_FDCWD, directory) : -1;

	if (fd >= 0)
		add_matches(directory, fd, "", pattern, inputs);
}

/* Words without quotes and, in the form of a JSON array, without its brackets and commas. */
static void
split_words(const char *text, struct strings *words)
{
	const char *separators = *text == '[' ? " \t[]\"," : " \t\"'";

	while (*(text += strspn(text, separators))) {
		size_t size = strcspn(text, separators);

		strings_take(words, xstrndup(text, size));
		text += size;
	}
}

/* FROM ... to the next one. */
struct stage {
	char *name;             /* NULL: it has none */
	char *workdir;          /* NULL: that of what it is FROM */
	char *base;             /* a reference; NULL: it is FROM another stage, or from scratch */
	struct strings sources; /* names and numbers of stages that it takes files from */
	struct strings inputs;
	struct strings absent;
	bool copies_all;
};

struct dockerfile {
	const char *directory;
	struct stage *stages;
	size_t stage_count;
	struct strings arguments; /* "NAME=DEFAULT" before the first FROM */
};

static void
dockerfile_release(struct dockerfile *dockerfile)
{
	for (size_t i = 0; i < dockerfile->stage_count; i++) {
		struct stage *stage = &dockerfile->stages[i];

		free(stage->name);
		free(stage->workdir);
		free(stage->base);
		strings_release(&stage->sources);
		strings_release(&stage->inputs);
		strings_release(&stage->absent);
	}
	free(dockerfile->stages);
	strings_release(&dockerfile->arguments);
}

/* By its name, or by its number from 0. */
static const struct stage *
find_stage(const struct dockerfile *dockerfile, const char *name)
{
	uint64_t number;

	for (size_t i = 0; i < dockerfile->stage_count; i++)
		if (dockerfile->stages[i].name && strcasecmp(dockerfile->stages[i].name, name) == 0)
			return &dockerfile->stages[i];
	return text_parse_uint(name, UINT16_MAX, &number) && number < dockerfile->stage_count
		       ? &dockerfile->stages[number]
		       : NULL;
}

/* Flags stand before the words: "--from=STAGE", "--mount=type=cache,from=STAGE". */
static const char *
take_flags(const char *rest, struct stage *stage, bool *ret_from_stage)
{
	while (text_starts(rest, "--")) {
		size_t size = strcspn(rest, blanks);
		AUTO_FREE char *flag = xstrndup(rest, size);
		const char *from = strstr(flag, "from=");

		if (from) {
			from += strlen("from=");
			strings_take(&stage->sources, xstrndup(from, strcspn(from, ",")));
			*ret_from_stage = true;
		}
		rest += size;
		rest += strspn(rest, blanks);
	}
	return rest;
}

/* The last word is where it goes. */
static void
take_copy(const struct dockerfile *dockerfile, const char *rest, struct stage *stage)
{
	AUTO_STRINGS struct strings words = { 0 };
	bool is_from_stage = false;

	rest = take_flags(rest, stage, &is_from_stage);
	if (is_from_stage)
		return;
	split_words(rest, &words);
	for (size_t i = 0; i + 1 < words.count; i++) {
		const char *path = words.items[i] + strspn(words.items[i], "/");

		if (!*path || strcmp(path, ".") == 0 || strcmp(path, "./") == 0)
			stage->copies_all = true;
		else if (strstr(path, "://") || strchr(path, '$') || text_starts(path, "<<"))
			continue;
		else if (strpbrk(path, "*?["))
			add_pattern(dockerfile->directory, path, &stage->inputs);
		else {
			add_input(dockerfile->directory, path, &stage->inputs);
			note_absent(dockerfile->directory, path, &stage->absent);
		}
	}
}

/* As docker reads it: without a host it is Docker Hub's. */
static char *
whole_reference(const char *name)
{
	size_t size = strcspn(name, "/");
	AUTO_FREE char *first = xstrndup(name, size);

	if (!name[size])
		return xasprintf("docker.io/library/%s", name);
	return strpbrk(first, ".:") || strcmp(first, "localhost") == 0
		       ? xstrdup(name)
		       : xasprintf("docker.io/%s", name);
}

/* "${NAME}" and "$NAME" by the defaults; NULL: one has none, or no reference is so long. */
static char *
expand(const struct dockerfile *dockerfile, const char *text)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789_";
	AUTO_FREE char *result = xstrdup("");

	while (*text) {
		size_t plain = strcspn(text, "$");
		const char *name = text + plain + 1;
		size_t size;
		const char *value = NULL;
		AUTO_FREE char *before = result;

		if (!text[plain]) {
			result = xasprintf("%s%s", before, text);
			break;
		}
		name += *name == '{';
		size = strspn(name, letters);
		for (size_t i = 0; i < dockerfile->arguments.count && !value; i++)
			if (strncmp(dockerfile->arguments.items[i], name, size) == 0 &&
			    dockerfile->arguments.items[i][size] == '=')
				value = dockerfile->arguments.items[i] + size + 1;
		result = xasprintf("%s%.*s%s", before, (int)plain, text, value ? value : "");
		if (!value || strlen(result) > PATH_LIMIT_BYTES)
			return NULL;
		text = name + size + (name[size] == '}');
	}
	return TAKE_PTR(result);
}

static char *
find_base(const struct dockerfile *dockerfile, const char *name)
{
	AUTO_REFERENCE struct reference reference = { 0 };
	AUTO_ERROR struct error *invalid = NULL;
	AUTO_FREE char *expanded = expand(dockerfile, name);
	AUTO_FREE char *whole = expanded ? whole_reference(expanded) : NULL;

	if (!whole || strcmp(expanded, "scratch") == 0 ||
	    reference_parse(whole, &reference, &invalid) < 0 ||
	    reference.digest.algorithm != DIGEST_NONE)
		return NULL;
	return TAKE_PTR(whole);
}

/* FROM [--platform=P] IMAGE [AS STAGE] */
static void
take_from(struct dockerfile *dockerfile, const char *rest)
{
	AUTO_STRINGS struct strings words = { 0 };
	struct stage stage = { 0 };
	const struct stage *parent;
	bool ignored;

	if (dockerfile->stage_count >= SURVEY_STAGES_LIMIT_COUNT)
		return;
	rest = take_flags(rest, &stage, &ignored);
	split_words(rest, &words);
	if (words.count == 0)
		return;
	parent = find_stage(dockerfile, words.items[0]);
	if (parent)
		strings_add(&stage.sources, words.items[0]);
	else
		stage.base = find_base(dockerfile, words.items[0]);
	if (words.count == 3 && strcasecmp(words.items[1], "AS") == 0)
		stage.name = xstrdup(words.items[2]);
	if (parent && parent->workdir)
		stage.workdir = xstrdup(parent->workdir);
	dockerfile->stages =
		xgrow(dockerfile->stages, dockerfile->stage_count, sizeof(*dockerfile->stages));
	dockerfile->stages[dockerfile->stage_count++] = stage;
}

static char *
without_quotes(const char *text)
{
	char *plain = xcalloc(strlen(text) + 1, 1);
	size_t length = 0;

	for (; *text; text++)
		if (!strchr("\"'", *text))
			plain[length++] = *text;
	return plain;
}

static void
take_line(struct dockerfile *dockerfile, const char *line)
{
	size_t size = strcspn(line, blanks);
	AUTO_FREE char *word = xstrndup(line, size);
	const char *rest = line + size + strspn(line + size, blanks);
	struct stage *stage = dockerfile->stage_count > 0
				      ? &dockerfile->stages[dockerfile->stage_count - 1]
				      : NULL;
	bool ignored;

	if (strcasecmp(word, "FROM") == 0) {
		take_from(dockerfile, rest);
	} else if (!stage) {
		if (strcasecmp(word, "ARG") == 0 && strchr(rest, '='))
			strings_take(&dockerfile->arguments, without_quotes(rest));
	} else if (strcasecmp(word, "COPY") == 0 || strcasecmp(word, "ADD") == 0) {
		take_copy(dockerfile, rest, stage);
	} else if (strcasecmp(word, "RUN") == 0) {
		(void)take_flags(rest, stage, &ignored);
	} else if (strcasecmp(word, "WORKDIR") == 0 && *rest == '/' && !strchr(rest, '$') &&
		   text_is_printable_ascii(rest)) {
		free(stage->workdir);
		stage->workdir = xstrndup(rest, strcspn(rest, blanks));
		for (size_t end = strlen(stage->workdir); end > 1 && stage->workdir[--end] == '/';)
			stage->workdir[end] = '\0';
	}
}

/* Lines that end with a backslash go on; comments may stand between. */
static void
read_dockerfile(struct dockerfile *dockerfile, char *text)
{
	AUTO_FREE char *whole = xstrdup("");
	char *line;

	while ((line = strsep(&text, "\n"))) {
		size_t size;
		bool goes_on;
		AUTO_FREE char *before = NULL;

		line += strspn(line, blanks);
		size = strlen(line);
		if (size > 0 && line[size - 1] == '\r')
			line[--size] = '\0';
		if (*line == '#')
			continue;
		goes_on = size > 0 && line[size - 1] == '\\';
		if (goes_on)
			line[size - 1] = ' ';
		before = whole;
		whole = xasprintf("%s%s", before, line);
		if (goes_on)
			continue;
		take_line(dockerfile, whole);
		whole[0] = '\0';
	}
}

/* A stage and all that it takes files from, each once. */
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
		const struct stage *source = find_stage(dockerfile, stage->sources.items[i]);

		if (source)
			take_stage(dockerfile, source, taken, image);
	}
}

/* As the project file allows it. */
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

/* "Dockerfile" is the image "ci", "Dockerfile.base" and "base.Dockerfile" are "base". */
static char *
name_of_dockerfile(const char *folder, const char *file)
{
	if (text_starts(file, "Dockerfile.") || text_starts(file, "Containerfile."))
		return xstrdup(strchr(file, '.') + 1);
	if (text_ends(file, ".Dockerfile"))
		return xstrndup(file, strlen(file) - strlen(".Dockerfile"));
	return xstrdup(strcmp(folder, ".devcontainer") == 0 ? "devcontainer" : "ci");
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
add_image(const struct dockerfile *dockerfile, const char *path, const char *name,
	  const struct stage *stage, bool is_target, struct survey *survey)
{
	AUTO_FREE char *own = clean_name(name);
	AUTO_FREE bool *taken = xcalloc(dockerfile->stage_count, sizeof(*taken));
	struct survey_image *image;

	if (has_image(survey, own))
		return;
	survey->images = xgrow(survey->images, survey->image_count, sizeof(*survey->images));
	image = &survey->images[survey->image_count++];
	*image = (struct survey_image){
		.name = TAKE_PTR(own),
		.dockerfile = xstrdup(path),
		.target = is_target ? xstrdup(stage->name) : NULL,
		.workdir = xstrdup_null(stage->workdir),
	};
	add_input(dockerfile->directory, path, &image->inputs);
	take_stage(dockerfile, stage, taken, image);
}

/* Whether something builds the stage for itself: "--target NAME", "--target=NAME", "target: NAME".
 */
static bool
is_target(const char *builders, const char *name)
{
	static const char *const forms[] = { "--target ", "--target=", "target: " };

	for (size_t i = 0; i < COUNT_OF(forms); i++)
		for (const char *at = builders; (at = strstr(at, forms[i]));) {
			at += strlen(forms[i]);
			if (text_starts(at, name) && strchr(" \t\r\n\"'", at[strlen(name)]))
				return true;
		}
	return false;
}

static void
add_dockerfile(const char *directory, const char *folder, const char *file, const char *builders,
	       struct survey *survey)
{
	CLEANUP(dockerfile_release) struct dockerfile dockerfile = { .directory = directory };
	AUTO_FREE char *path = *folder ? xasprintf("%s/%s", folder, file) : xstrdup(file);
	AUTO_FREE char *name = name_of_dockerfile(folder, file);
	AUTO_FREE char *text = read_text(directory, path);
	bool has_target = false;

	if (!text || !is_plain(path) || survey->image_count >= SURVEY_IMAGES_LIMIT_COUNT)
		return;
	read_dockerfile(&dockerfile, text);
	for (size_t i = 0; i < dockerfile.stage_count; i++) {
		const struct stage *stage = &dockerfile.stages[i];

		if (!stage->name || !is_plain(stage->name) ||
		    !(strcmp(stage->name, "ci") == 0 || is_target(builders, stage->name)))
			continue;
		add_image(&dockerfile, path, stage->name, stage, true, survey);
		has_target = true;
	}
	if (!has_target && dockerfile.stage_count > 0)
		add_image(&dockerfile, path, name, &dockerfile.stages[dockerfile.stage_count - 1],
			  false, survey);
}

/* Words that are files with ".sh" at their end, or folders of scripts. */
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
			add_input(directory, folder, inputs);
		else if (text_ends(word, ".sh"))
			add_input(directory, word, inputs);
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

/* What an image is made of by `make` follows from the Makefile and the scripts that it names. */
static void
follow_makefile(const char *directory, struct survey *survey)
{
	AUTO_FREE char *makefile = read_text(directory, "Makefile");

	if (!makefile)
		return;
	for (size_t i = 0; i < survey->image_count; i++) {
		struct strings *inputs = &survey->images[i].inputs;

		if (builds_images(makefile))
			add_input(directory, "Makefile", inputs);
		if (strings_has(inputs, "Makefile"))
			add_scripts(directory, makefile, inputs);
	}
}

static const char *
find_preset(const char *directory)
{
	static const struct {
		const char *file;
		const char *preset;
	} kinds[] = {
		{ "Cargo.toml", "cargo" },     { "go.mod", "go" },
		{ "pnpm-lock.yaml", "pnpm" },  { "package.json", "npm" },
		{ "uv.lock", "uv" },           { "pyproject.toml", "pip" },
		{ "requirements.txt", "pip" }, { "CMakeLists.txt", "ccache" },
		{ "configure.ac", "ccache" },
	};
	struct stat status;

	for (size_t i = 0; i < COUNT_OF(kinds); i++)
		if (is_there(directory, kinds[i].file, &status))
			return kinds[i].preset;
	return NULL;
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

int
survey_read(const char *directory, struct survey *ret_survey, struct error **err)
{
	AUTO_SURVEY struct survey survey = { 0 };
	static const char *const patterns[] = { "Makefile", ".github/workflows/*.yml",
						".github/workflows/*.yaml", ".gitlab-ci.yml" };
	AUTO_STRINGS struct strings paths = { 0 };
	AUTO_BUF struct buf all = BUF_INIT(SURVEY_TEXT_LIMIT_BYTES);
	AUTO_ERROR struct error *full = NULL;
	AUTO_FREE char *builders = NULL;

	/* What builds images: the Makefile, workflows and pipelines, one after the other. */
	for (size_t i = 0; i < COUNT_OF(patterns); i++)
		add_pattern(directory, patterns[i], &paths);
	for (size_t i = 0; i < paths.count; i++) {
		AUTO_FREE char *text = read_text(directory, paths.items[i]);

		if (text && (buf_append_text(&all, text, &full) < 0 ||
			     buf_append_text(&all, "\n", &full) < 0))
			break;
	}
	builders = all.data ? TAKE_PTR(all.data) : xstrdup("");
	for (const char *const *folder = folders; *folder; folder++) {
		AUTO_FREE char *path = xasprintf("%s/%s", directory, *folder);
		AUTO_CLOSE int fd = dir_open_at(AT_FDCWD, path);
		AUTO_STRINGS struct strings names = { 0 };

		if (fd < 0 || dir_names(fd, SIZE_MAX, &names) < 0)
			continue;
		strings_sort(&names);
		for (size_t i = 0; i < names.count; i++)
			if (is_dockerfile(names.items[i]))
				add_dockerfile(directory, *folder, names.items[i], builders,
					       &survey);
	}
	follow_makefile(directory, &survey);
	survey.builds_arm = strstr(builders, "linux/arm64");
	survey.hashes_files = strstr(builders, "openssl dgst -sha256");
	survey.preset = find_preset(directory);
	find_remote(directory, &survey);
	if (survey.image_count == 0 && !survey.preset) {
		error_set(err, ERROR_USAGE,
			  "'%s' has no Dockerfile and no workspace of a known kind",
			  QUOTED(directory));
		return error_set_hint(err, "write .ocifp.yaml as ocifp.yaml(5) describes");
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
