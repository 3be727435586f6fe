/* SPDX-License-Identifier: Apache-2.0 */
/* explain.h - a record of inputs as a list for people and as JSON */
#ifndef OCIFP_CLI_OUTPUT_EXPLAIN_H
#define OCIFP_CLI_OUTPUT_EXPLAIN_H

#include <jansson.h>

struct page;
struct record;

/* A line for each entry: "<mode> <size> <sha256> <path>", "arg NAME=VALUE" and so on, as they
 * stand in the record, made harmless. */
void explain_add_lines(const struct record *record, struct page *page);

/* The caller's reference.  A path or value that is not UTF-8 is quoted as above, and in hex. */
json_t *explain_array(const struct record *record);

#endif
