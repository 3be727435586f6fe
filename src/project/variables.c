#include "project/variables.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "project/ci.h"

void
variables_find(const char *directory, struct variables *ret_variables)
{
	AUTO_ERROR struct error *ignored = NULL;
	char *repository = ci_repository(directory, &ignored);

	*ret_variables = (struct variables){
		.repository = repository,
		.owner = repository ? xstrndup(repository, strcspn(repository, "/")) : NULL,
	};
}

void
variables_release(struct variables *variables)
{
	free(variables->repository);
	free(variables->owner);
	*variables = (struct variables){ 0 };
}

struct expansion {
	char *text;
	bool unknown; /* a variable had no value */
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
	AUTO_FREE char *quoted = text_quote_string(name);
	const char *value;

	if (strcmp(name, "GITHUB_REPOSITORY") == 0) {
		value = variables->repository;
	} else if (strcmp(name, "GITHUB_REPOSITORY_OWNER") == 0) {
		value = variables->owner;
	} else {
		error_set(err, ERROR_USAGE, "there is no variable '%s'", quoted);
		return error_set_hint(err,
				      "there are GITHUB_REPOSITORY and GITHUB_REPOSITORY_OWNER");
	}
	if (value)
		append(expansion, value, strlen(value));
	else
		expansion->unknown = true;
	return 0;
}

/* *text stands at a '$', and is moved behind what it starts. */
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
		 struct error **err)
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
	return 0;
}
