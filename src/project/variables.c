/* SPDX-License-Identifier: Apache-2.0 */
#include "project/variables.h"

#include <stdlib.h>
#include <string.h>

#include "base/environment.h"
#include "base/error.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "project/ci.h"

static char *
find_registry_image(void)
{
	const char *image = ci_is_gitlab() ? environment_find("CI_REGISTRY_IMAGE") : NULL;

	return image ? text_lower(image) : NULL;
}

/* GitLab's groups nest, and all of them are the owner. */
void
variables_find(const char *directory, struct variables *ret_variables)
{
	AUTO_ERROR struct error *ignored = NULL;
	char *repository = ci_repository(directory, &ignored);
	const char *slash = repository ? strrchr(repository, '/') : NULL;

	*ret_variables = (struct variables){
		.repository = repository,
		.owner = slash ? xstrndup(repository, (size_t)(slash - repository)) : NULL,
		.registry_image = find_registry_image(),
	};
}

void
variables_release(struct variables *variables)
{
	free(variables->repository);
	free(variables->owner);
	free(variables->registry_image);
	*variables = (struct variables){ 0 };
}

struct expansion {
	char *text;
	const char *unknown; /* the variable without a value; NULL: all have one */
};

static void
append(struct expansion *expansion, const char *piece, size_t size)
{
	AUTO_FREE char *before = expansion->text;

	expansion->text = xasprintf("%s%.*s", before ? before : "", (int)size, piece);
}

static int
append_variable(struct expansion *expansion, const char *name, const struct variables *variables,
		struct error **err)
{
	const struct {
		const char *name;
		const char *value;
	} known[] = {
		{ "GITHUB_REPOSITORY", variables->repository },
		{ "GITHUB_REPOSITORY_OWNER", variables->owner },
		{ "CI_REGISTRY_IMAGE", variables->registry_image },
	};

	for (size_t i = 0; i < COUNT_OF(known); i++) {
		if (strcmp(name, known[i].name) != 0)
			continue;
		if (known[i].value)
			append(expansion, known[i].value, strlen(known[i].value));
		else
			expansion->unknown = known[i].name;
		return 0;
	}
	error_set(err, ERROR_USAGE, "unknown variable '%s'", QUOTED(name));
	return error_set_hint(
		err, "expected GITHUB_REPOSITORY, GITHUB_REPOSITORY_OWNER or CI_REGISTRY_IMAGE");
}

/* *text points at a '$', and is moved behind its expansion. */
static int
expand_dollar(struct expansion *expansion, const char **text, const struct variables *variables,
	      struct error **err)
{
	AUTO_FREE char *name = NULL;
	const char *end;

	if (text_starts(*text, "$$")) {
		append(expansion, "$", 1);
		*text += 2;
		return 0;
	}
	end = strchr(*text, '}');
	if (!text_starts(*text, "${") || !end) {
		error_set(err, ERROR_USAGE, "a '$' starts neither ${NAME} nor $$");
		return error_set_hint(err, "'$$' stands for one '$'");
	}
	name = xstrndup(*text + 2, (size_t)(end - *text) - 2);
	*text = end + 1;
	return append_variable(expansion, name, variables, err);
}

int
variables_expand(const char *text, const struct variables *variables, char **ret_text,
		 const char **ret_unknown, struct error **err)
{
	struct expansion expansion = { 0 };

	while (*text) {
		size_t size = strcspn(text, "$");

		append(&expansion, text, size);
		text += size;
		if (*text && expand_dollar(&expansion, &text, variables, err) < 0) {
			free(expansion.text);
			return -1;
		}
	}
	if (expansion.unknown) {
		free(expansion.text);
		expansion.text = NULL;
	}
	*ret_text = expansion.text;
	*ret_unknown = expansion.unknown;
	return 0;
}
