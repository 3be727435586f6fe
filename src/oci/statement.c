/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/statement.h"

#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "oci/document.h"

static const char type_v1[] = "https://in-toto.io/Statement/v1";
static const char type_v01[] = "https://in-toto.io/Statement/v0.1";
static const char fingerprint_key[] = "dev.ocifp.fingerprint";

struct top {
	const char *type;
	const char *predicate_type;
	const json_t *subjects;
};

struct subject {
	const char *name;
	const json_t *digest;
	const json_t *annotations;
};

struct digests {
	const char *sha256;
	const char *sha512;
};

static const struct field top_fields[] = {
	FIELD("_type", FIELD_STRING, true, top, type),
	FIELD("predicateType", FIELD_STRING, true, top, predicate_type),
	FIELD("subject", FIELD_ARRAY, true, top, subjects),
};

static const struct field subject_fields[] = {
	FIELD("name", FIELD_STRING, false, subject, name),
	FIELD("digest", FIELD_OBJECT, false, subject, digest),
	FIELD("annotations", FIELD_OBJECT, false, subject, annotations),
};

static const struct field digest_fields[] = {
	FIELD("sha256", FIELD_STRING, false, digests, sha256),
	FIELD("sha512", FIELD_STRING, false, digests, sha512),
};

char *
statement_format(const char *predicate_type, const struct statement_subject *subject)
{
	json_t *described =
		json_pack("{s:{s:s}}", "digest", digest_algorithm_name(subject->digest.algorithm),
			  digest_hex(&subject->digest).text);
	AUTO_JSON json_t *document = NULL;

	if (subject->name)
		json_object_set_new(described, "name", json_string(subject->name));
	if (subject->fingerprint)
		json_object_set_new(described, "annotations",
				    json_pack("{s:s}", fingerprint_key, subject->fingerprint));
	document = json_pack("{s:s, s:[o], s:s, s:{}}", "_type", type_v1, "subject", described,
			     "predicateType", predicate_type, "predicate");
	return document_format(document);
}

static int
add_subject(struct statement *statement, const struct subject *said, const char *algorithm,
	    const char *hex, struct error **err)
{
	struct statement_subject *subject = &statement->subjects[statement->subject_count];
	AUTO_FREE char *text = hex ? xasprintf("%s:%s", algorithm, hex) : NULL;

	if (text && digest_parse(text, &subject->digest, err) < 0)
		return -1;
	subject->name = said->name && *said->name ? xstrdup(said->name) : NULL;
	subject->fingerprint = xstrdup_null(
		json_string_value(json_object_get(said->annotations, fingerprint_key)));
	statement->subject_count++;
	return 0;
}

/* A registry may know the image by two digests: these are two subjects here.  Digests with other
 * algorithms are ignored. */
static int
read_subject(const json_t *object, struct statement *statement, struct error **err)
{
	struct subject said = { 0 };
	struct digests digests = { NULL, NULL };

	if (!json_is_object(object))
		return error_set(err, ERROR_CONTENT, "a subject is not an object");
	if (DOCUMENT_READ(object, subject_fields, &said, err) < 0 ||
	    (said.digest && DOCUMENT_READ(said.digest, digest_fields, &digests, err) < 0))
		return -1;
	if ((digests.sha256 || !digests.sha512) &&
	    add_subject(statement, &said, "sha256", digests.sha256, err) < 0)
		return -1;
	return digests.sha512 ? add_subject(statement, &said, "sha512", digests.sha512, err) : 0;
}

int
statement_parse(const void *bytes, size_t size, struct statement *ret_statement, struct error **err)
{
	AUTO_JSON json_t *document = document_parse(bytes, size, err);
	AUTO_STATEMENT struct statement statement = { 0 };
	struct top top = { 0 };
	size_t count;

	if (!document || DOCUMENT_READ(document, top_fields, &top, err) < 0)
		return -1;
	if (strcmp(top.type, type_v1) != 0 && strcmp(top.type, type_v01) != 0)
		return error_set(err, ERROR_CONTENT, "unknown type of statement '%s'",
				 QUOTED(top.type));
	count = json_array_size(top.subjects);
	if (count == 0 || count > SUBJECTS_LIMIT_COUNT)
		return error_set(err, ERROR_CONTENT, "a statement has %zu subjects, not 1 to %d",
				 count, SUBJECTS_LIMIT_COUNT);
	statement.subjects = xcalloc(2 * count, sizeof(*statement.subjects));
	for (size_t i = 0; i < count; i++)
		if (read_subject(json_array_get(top.subjects, i), &statement, err) < 0)
			return error_wrap(err, "subject[%zu]", i);
	statement.predicate_type = xstrdup(top.predicate_type);
	*ret_statement = statement;
	statement = (struct statement){ 0 };
	return 0;
}

void
statement_release(struct statement *statement)
{
	for (size_t i = 0; i < statement->subject_count; i++) {
		free(statement->subjects[i].name);
		free(statement->subjects[i].fingerprint);
	}
	free(statement->subjects);
	free(statement->predicate_type);
	*statement = (struct statement){ 0 };
}
