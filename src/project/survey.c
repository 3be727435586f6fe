#include "project/survey.h"

#include <fcntl.h>
#include <glob.h>
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

/* A file of the project as text; NULL: it is not there, or is no text of a usual size. */
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

/* What is there, in one spelling, once, and not below another input. */
static void
add_input(const char *directory, const char *named, struct strings *inputs)
{
	AUTO_ERROR struct error *outside = NULL;
	AUTO_FREE char *path = path_normalise(named, &outside);
	struct stat status;

	if (!path || !*path || !text_is_printable_ascii(path) || path_never_enters(path) ||
	    path_is_below_any(path, inputs) || !is_there(directory, path, &status))
		return;
	strings_add(inputs, path);
}

static void
add_matches(const char *directory, const char *pattern, struct strings *inputs)
{
	AUTO_FREE char *full = xasprintf("%s/%s", directory, pattern);
	glob_t found = { 0 };

	if (strstr(pattern, "..") == NULL && glob(full, 0, NULL, &found) == 0)
		for (size_t i = 0; i < found.gl_pathc; i++)
			add_input(directory, found.gl_pathv[i] + strlen(directory) + 1, inputs);
	globfree(&found);
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

/* The last word is where it goes. */
static void
take_copy(const char *directory, const char *rest, struct survey_image *image)
{
	AUTO_STRINGS struct strings words = { 0 };
	AUTO_STRINGS struct strings paths = { 0 };

	while (text_starts(rest, "--")) {
		if (text_starts(rest, "--from="))
			return;
		rest += strcspn(rest, blanks);
		rest += strspn(rest, blanks);
	}
	split_words(rest, &words);
	for (size_t i = 0; i < words.count; i++)
		strings_add(&paths, words.items[i] + strspn(words.items[i], "/"));
	for (size_t i = 0; i + 1 < paths.count; i++) {
		const char *path = paths.items[i];

		if (!*path || strcmp(path, ".") == 0 || strcmp(path, "./") == 0)
			image->copies_all = true;
		else if (strstr(path, "://") || strchr(path, '$') || text_starts(path, "<<"))
			continue;
		else if (strpbrk(path, "*?["))
			add_matches(directory, path, &image->inputs);
		else
			add_input(directory, path, &image->inputs);
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

static void
add_base(const char *name, struct strings *bases)
{
	AUTO_REFERENCE struct reference reference = { 0 };
	AUTO_ERROR struct error *invalid = NULL;
	AUTO_FREE char *whole = whole_reference(name);

	if (reference_parse(whole, &reference, &invalid) == 0 &&
	    reference.digest.algorithm == DIGEST_NONE && !strings_has(bases, whole))
		strings_add(bases, whole);
}

/* FROM [--platform=P] IMAGE [AS STAGE] */
static void
take_from(const char *rest, struct strings *stages, struct survey_image *image)
{
	AUTO_STRINGS struct strings words = { 0 };
	size_t first = 0;

	split_words(rest, &words);
	while (first < words.count && text_starts(words.items[first], "--"))
		first++;
	if (first == words.count)
		return;
	if (!strchr(words.items[first], '$') && strcmp(words.items[first], "scratch") != 0 &&
	    !strings_has(stages, words.items[first]))
		add_base(words.items[first], &image->bases);
	if (words.count == first + 3)
		strings_add(stages, words.items[first + 2]);
}

static void
take_line(const char *directory, const char *line, struct strings *stages,
	  struct survey_image *image)
{
	size_t size = strcspn(line, blanks);
	const char *rest = line + size + strspn(line + size, blanks);

	if ((size == 4 && strncasecmp(line, "COPY", size) == 0) ||
	    (size == 3 && strncasecmp(line, "ADD", size) == 0)) {
		take_copy(directory, rest, image);
	} else if (size == 4 && strncasecmp(line, "FROM", size) == 0) {
		take_from(rest, stages, image);
	} else if (size == 7 && strncasecmp(line, "WORKDIR", size) == 0 && *rest == '/' &&
		   !strchr(rest, '$') && text_is_printable_ascii(rest)) {
		free(image->workdir);
		image->workdir = xstrndup(rest, strcspn(rest, blanks));
	}
}

/* Lines that end with a backslash go on; comments may stand between. */
static void
read_dockerfile(const char *directory, char *text, struct survey_image *image)
{
	AUTO_STRINGS struct strings stages = { 0 };
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
		take_line(directory, whole, &stages, image);
		whole[0] = '\0';
	}
}

/* "Dockerfile" is the image "ci", "Dockerfile.base" and "base.Dockerfile" are "base". */
static char *
name_of_dockerfile(const char *folder, const char *file)
{
	AUTO_FREE char *name = NULL;
	size_t length = 0;

	if (text_starts(file, "Dockerfile.") || text_starts(file, "Containerfile."))
		name = xstrdup(strchr(file, '.') + 1);
	else if (text_ends(file, ".Dockerfile"))
		name = xstrndup(file, strlen(file) - strlen(".Dockerfile"));
	else if (strcmp(folder, ".devcontainer") == 0)
		name = xstrdup("devcontainer");
	else
		name = xstrdup("ci");
	for (char *at = name; *at; at++) {
		char letter = (char)(*at >= 'A' && *at <= 'Z' ? *at - 'A' + 'a' : *at);

		if (strchr("abcdefghijklmnopqrstuvwxyz0123456789", letter) ||
		    (strchr("-_", letter) && length > 0))
			name[length++] = letter;
	}
	name[length] = '\0';
	return length > 0 ? TAKE_PTR(name) : xstrdup("ci");
}

static bool
is_dockerfile(const char *name)
{
	static const char *const others[] = { ".dockerignore", ".md", "~", ".orig", ".j2", ".in" };

	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
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
add_dockerfile(const char *directory, const char *folder, const char *file, struct survey *survey)
{
	AUTO_FREE char *path = *folder ? xasprintf("%s/%s", folder, file) : xstrdup(file);
	AUTO_FREE char *name = name_of_dockerfile(folder, file);
	AUTO_FREE char *text = read_text(directory, path);
	struct survey_image *image;

	if (!text || has_image(survey, name) || !text_is_printable_ascii(path))
		return;
	survey->images = xgrow(survey->images, survey->image_count, sizeof(*survey->images));
	image = &survey->images[survey->image_count++];
	*image = (struct survey_image){ .name = TAKE_PTR(name), .dockerfile = TAKE_PTR(path) };
	add_input(directory, image->dockerfile, &image->inputs);
	read_dockerfile(directory, text, image);
}

static void
find_dockerfiles(const char *directory, struct survey *survey)
{
	for (const char *const *folder = folders; *folder; folder++) {
		AUTO_FREE char *path = xasprintf("%s/%s", directory, *folder);
		AUTO_CLOSE int fd = dir_open_at(AT_FDCWD, path);
		AUTO_STRINGS struct strings names = { 0 };

		if (fd < 0 || dir_names(fd, SIZE_MAX, &names) < 0)
			continue;
		strings_sort(&names);
		for (size_t i = 0; i < names.count; i++)
			if (is_dockerfile(names.items[i]))
				add_dockerfile(directory, *folder, names.items[i], survey);
	}
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

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
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

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
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

	find_dockerfiles(directory, &survey);
	follow_makefile(directory, &survey);
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
		free(image->workdir);
		strings_release(&image->inputs);
		strings_release(&image->bases);
	}
	free(survey->images);
	free(survey->remote_host);
	free(survey->remote_name);
	*survey = (struct survey){ 0 };
}
