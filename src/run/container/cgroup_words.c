#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "run/container/cgroup.h"

static const uint64_t memory_least_bytes = 4 << 20; /* less holds no job: runc has the same */
static const uint64_t memory_most_bytes = (uint64_t)1 << 60;
static const uint64_t cpus_most = 100000;

static int
refuse(const char *option, const char *text, const char *hint, struct error **err)
{
	error_set(err, ERROR_USAGE, "invalid %s '%s'", option, QUOTED(text));
	return error_set_hint(err, "%s", hint);
}

/* How many bits a unit shifts by; -1: it is none. */
static int
unit_bits(char unit)
{
	switch (unit) {
	case 'b':
		return 0;
	case 'k':
		return 10;
	case 'm':
		return 20;
	case 'g':
		return 30;
	default:
		return -1;
	}
}

static bool
parse_memory(const char *text, uint64_t *ret_bytes)
{
	size_t size = strlen(text);
	int bits = size > 0 ? unit_bits(text[size - 1]) : -1;
	AUTO_FREE char *digits = xstrndup(text, bits < 0 ? size : size - 1);
	uint64_t value;

	if (!text_parse_uint(digits, memory_most_bytes >> (bits < 0 ? 0 : bits), &value))
		return false;
	*ret_bytes = value << (bits < 0 ? 0 : bits);
	return *ret_bytes >= memory_least_bytes;
}

/* "2", "0.5", "1.25": up to three digits behind the point. */
static bool
parse_cpus(const char *text, uint64_t *ret_thousandths)
{
	const char *point = strchr(text, '.');
	AUTO_FREE char *whole = xstrndup(text, point ? (size_t)(point - text) : strlen(text));
	size_t decimals = point ? strlen(point + 1) : 0;
	uint64_t value;
	uint64_t part = 0;

	if (!text_parse_uint(whole, cpus_most, &value) || decimals > 3 ||
	    (point && !text_parse_uint(point + 1, 999, &part)))
		return false;
	for (; decimals > 0 && decimals < 3; decimals++)
		part *= 10;
	*ret_thousandths = value * 1000 + part;
	return *ret_thousandths >= 10;
}

int
job_limits_parse(const char *memory, const char *cpus, unsigned pids, struct job_limits *ret_limits,
		 struct error **err)
{
	struct job_limits limits = { .pids = pids };

	if (memory && !parse_memory(memory, &limits.memory_bytes))
		return refuse("--memory", memory,
			      "expected a size of at least 4m, such as 512m or 2g", err);
	if (cpus && !parse_cpus(cpus, &limits.cpu_thousandths))
		return refuse("--cpus", cpus,
			      "expected a number of at least 0.01, such as 2 or 0.5", err);
	*ret_limits = limits;
	return 0;
}
