/* The parts of the project file beside its images. */
#include <ctype.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "oci/reference.h"
#include "project/config_fields.h"
#include "project/image_values.h"
#include "project/reading.h"

static int
fail_value(const struct reading *reading, const struct config_mark *mark, const char *value,
	   const char *reason, struct error **err)
{
	return config_fail(reading->config, mark, err, "'%s' %s", QUOTED(value), reason);
}

bool
project_name_is_valid(const char *name)
{
	static const char characters[] = "abcdefghijklmnopqrstuvwxyz0123456789_-";

	return *name && *name != '_' && *name != '-' && !name[strspn(name, characters)];
}

static bool
is_url(const char *text)
{
	const char *rest = strstr(text, "://");

	if (!rest || !(text_starts(text, "https://") || text_starts(text, "http://")))
		return false;
	rest += strlen("://");
	return *rest && *rest != '/' && text_is_printable_ascii(text) && !strpbrk(text, " @?#\"");
}

static int
check_urls(const struct reading *reading, const struct config_node *node, struct error **err)
{
	for (size_t i = 0; i < node->count; i++)
		if (!is_url(node->items[i].text))
			return fail_value(reading, &node->items[i].mark, node->items[i].text,
					  "is not a valid mirror URL", err);
	return 0;
}

static char *
lower_case(const char *text)
{
	char *lower = xstrdup(text);

	for (char *next = lower; *next; next++)
		*next = (char)tolower((unsigned char)*next);
	return lower;
}

static int
read_mirror(const struct reading *reading, const struct config_node *node,
	    struct project_mirror *mirror, struct error **err)
{
	if (!reference_host_is_valid(node->key))
		return fail_value(reading, &node->key_mark, node->key, "is not a valid host", err);
	mirror->host = lower_case(node->key);
	if (config_read_texts(reading->config, node, &mirror->urls, err) < 0)
		return -1;
	return check_urls(reading, node, err);
}

int
project_mirrors_read(const struct reading *reading, const struct config_node *node,
		     struct error **err)
{
	struct project *project = reading->project;

	if (config_expect(reading->config, node, CONFIG_MAP, err) < 0)
		return -1;
	project->mirrors = xcalloc(node->count + 1, sizeof(*project->mirrors));
	for (size_t i = 0; i < node->count; i++)
		if (read_mirror(reading, &node->items[i],
				&project->mirrors[project->mirror_count++], err) < 0)
			return -1;
	return 0;
}
