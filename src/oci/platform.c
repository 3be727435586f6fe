/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/platform.h"

#include <ctype.h>
#include <limits.h>
#include <string.h>
#include <strings.h>
#include <sys/utsname.h>

#include "base/error.h"
#include "base/suggest.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "oci/document.h"

struct alias {
	const char *name;
	const char *architecture;
	const char *variant; /* NULL: the given one, if any */
};

/* Names of uname(1) and distributions for Go's GOARCH. */
static const struct alias aliases[] = {
	{ "x86_64", "amd64", NULL },  { "x86-64", "amd64", NULL },
	{ "i386", "386", "" },        { "i486", "386", "" },
	{ "i586", "386", "" },        { "i686", "386", "" },
	{ "aarch64", "arm64", NULL }, { "armhf", "arm", "v7" },
	{ "armel", "arm", "v6" },     { "armv7l", "arm", "v7" },
	{ "armv6l", "arm", "v6" },    { "armv5l", "arm", "v5" },
	{ "armv8l", "arm", "v8" },    { "loongarch64", "loong64", NULL },
};

static const char *
empty_if_null(const char *text)
{
	return text ? text : "";
}

/* The variant that an architecture without one stands for; "": none. */
static const char *
implied_variant(const char *architecture)
{
	if (strcmp(architecture, "arm64") == 0)
		return "v8";
	if (strcmp(architecture, "arm") == 0)
		return "v7";
	if (strcmp(architecture, "amd64") == 0)
		return "v1";
	return "";
}

/* Borrowed strings, no NULL among them. */
struct view {
	const char *os;
	const char *architecture;
	const char *variant;
	const char *os_version;
};

static const char *
normal_os(const char *os)
{
	return strcasecmp(os, "macos") == 0 ? "darwin" : os;
}

static const char *
normal_variant(const char *architecture, const char *variant)
{
	static const char *const arm_variants[] = { "v5", "v6", "v7", "v8" };

	if (*variant == '\0')
		return implied_variant(architecture);
	if (variant[0] >= '5' && variant[0] <= '8' && variant[1] == '\0')
		return arm_variants[variant[0] - '5'];
	if (strcmp(architecture, "arm64") == 0 && strcmp(variant, "v8.0") == 0)
		return "v8";
	if (strcmp(architecture, "arm64") == 0 && strcmp(variant, "v9.0") == 0)
		return "v9";
	return variant;
}

static struct view
normalise(const struct platform *platform)
{
	struct view view = {
		.os = normal_os(empty_if_null(platform->os)),
		.architecture = empty_if_null(platform->architecture),
		.variant = empty_if_null(platform->variant),
		.os_version = empty_if_null(platform->os_version),
	};

	for (size_t i = 0; i < COUNT_OF(aliases); i++) {
		if (strcasecmp(view.architecture, aliases[i].name) != 0)
			continue;
		view.architecture = aliases[i].architecture;
		if (aliases[i].variant)
			view.variant = aliases[i].variant;
		break;
	}
	view.variant = normal_variant(view.architecture, view.variant);
	return view;
}

static bool
says_variant(const struct view *view)
{
	return strcmp(view->architecture, "arm") == 0 ||
	       strcmp(view->variant, implied_variant(view->architecture)) != 0;
}

char *
platform_format(const struct platform *platform)
{
	struct view view = normalise(platform);

	if (!says_variant(&view))
		return xasprintf("%s/%s", view.os, view.architecture);
	return xasprintf("%s/%s/%s", view.os, view.architecture, view.variant);
}

static bool
name_is_valid(const char *name)
{
	size_t size = strlen(name);

	return size > 0 && size <= 64 &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") ==
		       size;
}

static void
fold_case(char *text)
{
	for (; *text; text++)
		*text = (char)tolower((unsigned char)*text);
}

/* Owned strings as the normal form has them. */
static struct platform
own(const struct view *view)
{
	return (struct platform){
		.os = xstrdup(view->os),
		.architecture = xstrdup(view->architecture),
		.variant = *view->variant ? xstrdup(view->variant) : NULL,
		.os_version = *view->os_version ? xstrdup(view->os_version) : NULL,
	};
}

/* Go's names, which registries use. */
static const char *const known_systems[] = {
	"aix",     "android", "darwin", "dragonfly", "freebsd", "hurd",    "illumos",
	"ios",     "js",      "linux",  "nacl",      "netbsd",  "openbsd", "plan9",
	"solaris", "unknown", "wasip1", "windows",   "zos",     NULL,
};

static const char *const known_architectures[] = {
	"386",     "amd64",   "amd64p32", "arm",      "arm64",     "arm64be",     "armbe",
	"loong64", "mips",    "mips64",   "mips64le", "mips64p32", "mips64p32le", "mipsle",
	"ppc",     "ppc64",   "ppc64le",  "riscv",    "riscv64",   "s390",        "s390x",
	"sparc",   "sparc64", "unknown",  "wasm",     NULL,
};

static bool
is_one_of(const char *const *names, const char *word)
{
	for (; *names; names++)
		if (strcmp(*names, word) == 0)
			return true;
	return false;
}

bool
platform_knows_architecture(const char *name)
{
	for (size_t i = 0; i < COUNT_OF(aliases); i++)
		if (strcasecmp(aliases[i].name, name) == 0)
			return true;
	return strcmp(name, "unknown") != 0 && is_one_of(known_architectures, name);
}

/* An unknown name may be new; a nearly known one is a typing error. */
static int
check_known(const struct view *view, const char *text, struct error **err)
{
	AUTO_STRINGS struct strings systems = { 0 };
	AUTO_STRINGS struct strings architectures = { 0 };
	const char *system = view->os;
	const char *architecture = view->architecture;

	for (const char *const *name = known_systems; *name; name++)
		strings_add(&systems, *name);
	for (const char *const *name = known_architectures; *name; name++)
		strings_add(&architectures, *name);
	if (!strings_has(&systems, system))
		system = suggest(&systems, system);
	if (!strings_has(&architectures, architecture))
		architecture = suggest(&architectures, architecture);
	system = system ? system : view->os;
	architecture = architecture ? architecture : view->architecture;
	if (strcmp(system, view->os) == 0 && strcmp(architecture, view->architecture) == 0)
		return 0;
	error_set(err, ERROR_USAGE, "unknown platform '%s'", QUOTED(text));
	return error_set_hint(err, "did you mean '%s/%s'?", system, architecture);
}

int
platform_parse(const char *text, struct platform *ret_platform, struct error **err)
{
	AUTO_FREE char *copy = xstrdup(text);
	struct platform parts = { 0 };
	struct view view;
	char *rest = copy;

	fold_case(copy);
	parts.os = strsep(&rest, "/");
	parts.architecture = strsep(&rest, "/");
	parts.variant = strsep(&rest, "/");
	if (rest || !parts.architecture || !name_is_valid(parts.os) ||
	    !name_is_valid(parts.architecture) ||
	    (parts.variant && !name_is_valid(parts.variant))) {
		error_set(err, ERROR_USAGE, "invalid platform '%s'", QUOTED(text));
		return error_set_hint(err,
				      "expected OS/ARCHITECTURE[/VARIANT], such as linux/arm64");
	}
	view = normalise(&parts);
	if (check_known(&view, text, err) < 0)
		return -1;
	*ret_platform = own(&view);
	return 0;
}

void
platform_host(struct platform *ret_platform)
{
	struct utsname host = { 0 };
	struct platform raw = { .os = host.sysname, .architecture = host.machine };
	struct view view;

	(void)uname(&host);
	fold_case(host.sysname);
	view = normalise(&raw);
	*ret_platform = own(&view);
}

void
platform_copy(const struct platform *platform, struct platform *ret_copy)
{
	*ret_copy = (struct platform){
		.os = xstrdup_null(platform->os),
		.architecture = xstrdup_null(platform->architecture),
		.variant = xstrdup_null(platform->variant),
		.os_version = xstrdup_null(platform->os_version),
	};
}

void
platform_copy_plain(const struct platform *platform, struct platform *ret_copy)
{
	struct view view = normalise(platform);

	platform_copy(platform, ret_copy);
	if (says_variant(&view))
		return;
	free(ret_copy->variant);
	ret_copy->variant = NULL;
}

bool
platform_equal(const struct platform *a, const struct platform *b)
{
	struct view left = normalise(a);
	struct view right = normalise(b);

	return strcmp(left.os, right.os) == 0 &&
	       strcmp(left.architecture, right.architecture) == 0 &&
	       strcmp(left.variant, right.variant) == 0 &&
	       strcmp(left.os_version, right.os_version) == 0;
}

/* "v8" is 8.0, "v9.2" is 9.2; false for "rva22u64". */
static bool
parse_version(const char *variant, unsigned *ret_major, unsigned *ret_minor)
{
	if (variant[0] != 'v' || !isdigit((unsigned char)variant[1]))
		return false;
	*ret_major = (unsigned)(variant[1] - '0');
	*ret_minor = 0;
	if (variant[2] == '\0')
		return true;
	if (variant[2] != '.' || !isdigit((unsigned char)variant[3]) || variant[4] != '\0')
		return false;
	*ret_minor = (unsigned)(variant[3] - '0');
	return true;
}

unsigned
platform_fit(const struct platform *offered, const struct platform *wanted)
{
	struct view left = normalise(offered);
	struct view right = normalise(wanted);
	unsigned offered_major;
	unsigned offered_minor;
	unsigned wanted_major;
	unsigned wanted_minor;

	if (strcmp(left.os, right.os) != 0 || strcmp(left.architecture, right.architecture) != 0)
		return 0;
	if (*left.os_version && *right.os_version && strcmp(left.os_version, right.os_version) != 0)
		return 0;
	/* A version runs images of lower ones; Arm's v9.n includes v8.(n+5). */
	if (strcmp(left.variant, right.variant) == 0)
		return UINT_MAX;
	if (*left.variant == '\0')
		return 1;
	if (!parse_version(left.variant, &offered_major, &offered_minor) ||
	    !parse_version(right.variant, &wanted_major, &wanted_minor))
		return 0;
	if (offered_major > wanted_major ||
	    offered_minor > wanted_minor + 5 * (wanted_major - offered_major))
		return 0;
	return 1 + 10 * offered_major + offered_minor;
}

bool
platform_is_unknown(const struct platform *platform)
{
	return strcmp(empty_if_null(platform->os), "unknown") == 0 ||
	       strcmp(empty_if_null(platform->architecture), "unknown") == 0;
}

void
platform_release(struct platform *platform)
{
	free(platform->os);
	free(platform->architecture);
	free(platform->variant);
	free(platform->os_version);
	*platform = (struct platform){ 0 };
}

void
platforms_add(struct platforms *platforms, const struct platform *platform)
{
	platforms->items = xgrow(platforms->items, platforms->count, sizeof(*platforms->items));
	platform_copy(platform, &platforms->items[platforms->count++]);
}

bool
platforms_has(const struct platforms *platforms, const struct platform *platform)
{
	for (size_t i = 0; i < platforms->count; i++)
		if (platform_equal(&platforms->items[i], platform))
			return true;
	return false;
}

void
platforms_copy(const struct platforms *platforms, struct platforms *ret_copy)
{
	struct platforms copy = { 0 };

	for (size_t i = 0; i < platforms->count; i++)
		platforms_add(&copy, &platforms->items[i]);
	*ret_copy = copy;
}

char *
platforms_format(const struct platforms *platforms, const char *separator)
{
	char *text = xstrdup("");

	for (size_t i = 0; i < platforms->count; i++) {
		AUTO_FREE char *before = text;
		AUTO_FREE char *name = platform_format(&platforms->items[i]);

		text = xasprintf("%s%s%s", before, i > 0 ? separator : "", name);
	}
	return text;
}

void
platforms_release(struct platforms *platforms)
{
	for (size_t i = 0; i < platforms->count; i++)
		platform_release(&platforms->items[i]);
	free(platforms->items);
	*platforms = (struct platforms){ 0 };
}

struct platform_fields {
	const char *os;
	const char *architecture;
	const char *variant;
	const char *os_version;
};

static const struct field fields[] = {
	FIELD("os", FIELD_STRING, false, platform_fields, os),
	FIELD("architecture", FIELD_STRING, false, platform_fields, architecture),
	FIELD("variant", FIELD_STRING, false, platform_fields, variant),
	FIELD("os.version", FIELD_STRING, false, platform_fields, os_version),
};

/* NULL for "", which some builders write for "none". */
static int
check_name(const char **name, struct error **err)
{
	if (*name && **name == '\0')
		*name = NULL;
	if (!*name || name_is_valid(*name))
		return 0;
	return error_set(err, ERROR_CONTENT, "invalid part of a platform: '%s'", QUOTED(*name));
}

int
platform_parse_json(const json_t *object, struct platform *ret_platform, struct error **err)
{
	struct platform_fields raw = { 0 };

	if (DOCUMENT_READ(object, fields, &raw, err) < 0)
		return -1;
	if (check_name(&raw.os, err) < 0 || check_name(&raw.architecture, err) < 0 ||
	    check_name(&raw.variant, err) < 0 || check_name(&raw.os_version, err) < 0)
		return -1;
	if (!raw.os || !raw.architecture) {
		*ret_platform = (struct platform){ 0 };
		return 0;
	}
	*ret_platform = (struct platform){
		.os = xstrdup(raw.os),
		.architecture = xstrdup(raw.architecture),
		.variant = xstrdup_null(raw.variant),
		.os_version = xstrdup_null(raw.os_version),
	};
	return 0;
}

static void
set_text(json_t *object, const char *name, const char *text)
{
	if (text)
		json_object_set_new(object, name, json_string(text));
}

json_t *
platform_json(const struct platform *platform)
{
	json_t *object = json_object();

	set_text(object, "architecture", platform->architecture);
	set_text(object, "os", platform->os);
	set_text(object, "os.version", platform->os_version);
	set_text(object, "variant", platform->variant);
	return object;
}
