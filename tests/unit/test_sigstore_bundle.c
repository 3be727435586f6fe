/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "image/trust/sigstore_bundle.h"

#define KEY "\"publicKey\":{\"hint\":\"h\"}"
#define ENVELOPE \
	"\"dsseEnvelope\":{\"payload\":\"bm8=\",\"payloadType\":\"t\",\"signatures\":[{\"sig\":" \
	"\"AAAA\"}]}"
#define ENTRY \
	"{\"logIndex\":\"7\",\"logId\":{\"keyId\":\"AAAA\"},\"kindVersion\":{\"kind\":\"dsse\"," \
	"\"version\":\"0.0.1\"},\"canonicalizedBody\":\"AAAA\"%s}"

static char *
bundle_of(const char *material)
{
	return xasprintf("{\"mediaType\":\"" MEDIA_SIGSTORE_BUNDLE
			 "\",\"verificationMaterial\":{%s}," ENVELOPE "}",
			 material);
}

static int
parse(const char *text, struct sigstore_bundle *ret_bundle)
{
	AUTO_ERROR struct error *failure = NULL;
	int ret = sigstore_bundle_parse(text, strlen(text), ret_bundle, &failure);

	if (ret < 0)
		assert_true(error_is(failure, ERROR_CONTENT));
	return ret;
}

static int
parse_material(const char *material)
{
	AUTO_FREE char *text = bundle_of(material);
	AUTO_SIGSTORE_BUNDLE struct sigstore_bundle bundle = { 0 };

	return parse(text, &bundle);
}

/* `extra` begins with a comma. */
static int
parse_entry(const char *extra)
{
	AUTO_FREE char *entry = xasprintf(ENTRY, extra);
	AUTO_FREE char *material = xasprintf(KEY ",\"tlogEntries\":[%s]", entry);

	return parse_material(material);
}

static void
what_is_written_is_read(void **state)
{
	AUTO_FREE char *text = sigstore_bundle_format("some/type", "payload", "AAAA", "hint");
	AUTO_SIGSTORE_BUNDLE struct sigstore_bundle bundle = { 0 };

	(void)state;
	assert_int_equal(parse(text, &bundle), 0);
	assert_int_equal(bundle.minor, 3);
	assert_true(bundle.is_envelope);
	assert_string_equal(bundle.payload_type, "some/type");
	assert_int_equal(bundle.payload.size, 7);
	assert_memory_equal(bundle.payload.data, "payload", 7);
	assert_int_equal(bundle.signature.size, 3);
	assert_string_equal(bundle.key_hint, "hint");
	assert_int_equal(bundle.entry_count, 0);
}

static void
an_entry_of_a_log_is_read(void **state)
{
	static const char material[] =
		"\"certificate\":{\"rawBytes\":\"MDA=\"},\"timestampVerificationData\":"
		"{\"rfc3161Timestamps\":[{\"signedTimestamp\":\"MDA=\"}]},\"tlogEntries\":[{"
		"\"logIndex\":\"7\",\"logId\":{\"keyId\":\"AAAA\"},\"kindVersion\":{\"kind\":"
		"\"dsse\",\"version\":\"0.0.1\"},\"integratedTime\":\"1700000000\","
		"\"inclusionPromise\":{\"signedEntryTimestamp\":\"AAAA\"},\"inclusionProof\":{"
		"\"logIndex\":5,\"treeSize\":\"9223372036854775807\",\"rootHash\":\"AAAA\","
		"\"hashes\":[\"AAAA\",\"BBBB\"],\"checkpoint\":{\"envelope\":\"c\\n\"}},"
		"\"canonicalizedBody\":\"e30=\"}]";
	AUTO_FREE char *text = bundle_of(material);
	AUTO_SIGSTORE_BUNDLE struct sigstore_bundle bundle = { 0 };

	(void)state;
	assert_int_equal(parse(text, &bundle), 0);
	assert_null(bundle.key_hint);
	assert_int_equal(bundle.certificates.count, 1);
	assert_int_equal(bundle.timestamps.count, 1);
	assert_int_equal(bundle.entry_count, 1);
	assert_int_equal(bundle.entries[0].index, 7);
	assert_int_equal(bundle.entries[0].integrated_s, 1700000000);
	assert_int_equal(bundle.entries[0].promise.size, 3);
	assert_true(bundle.entries[0].has_proof);
	assert_int_equal(bundle.entries[0].proof.index, 5);
	assert_true(bundle.entries[0].proof.tree_size == INT64_MAX);
	assert_int_equal(bundle.entries[0].proof.hashes.count, 2);
	assert_string_equal(bundle.entries[0].proof.checkpoint, "c\n");
}

static void
numbers_are_in_range(void **state)
{
	(void)state;
	assert_int_equal(parse_entry(""), 0);
	assert_int_equal(parse_entry(",\"integratedTime\":\"9223372036854775807\""), 0);
	assert_int_equal(parse_entry(",\"integratedTime\":\"9223372036854775808\""), -1);
	assert_int_equal(parse_entry(",\"integratedTime\":\"-1\""), -1);
	assert_int_equal(parse_entry(",\"integratedTime\":-1"), -1);
	assert_int_equal(parse_entry(",\"integratedTime\":1.5"), -1);
	assert_int_equal(parse_entry(",\"integratedTime\":\"\""), -1);
	assert_int_equal(parse_entry(",\"integratedTime\":true"), -1);
}

static void
who_signed_is_said_once(void **state)
{
	(void)state;
	assert_int_equal(parse_material(KEY), 0);
	assert_int_equal(parse_material(""), -1);
	assert_int_equal(parse_material(KEY ",\"certificate\":{\"rawBytes\":\"MDA=\"}"), -1);
	assert_int_equal(parse_material("\"certificate\":{\"rawBytes\":\"\"}"), -1);
	assert_int_equal(parse_material("\"certificate\":{\"rawBytes\":\"M\"}"), -1);
	assert_int_equal(parse_material("\"x509CertificateChain\":{\"certificates\":[]}"), -1);
	assert_int_equal(parse_material("\"x509CertificateChain\":{}"), -1);
}

/* `count` copies of `item`, in a list that `head` begins and `tail` ends. */
static int
parse_many(const char *head, const char *item, size_t count, const char *tail)
{
	struct buf material = BUF_INIT(MIB);
	int ret;

	assert_int_equal(buf_append_text(&material, head, NULL), 0);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(buf_append_text(&material, i ? "," : "", NULL), 0);
		assert_int_equal(buf_append_text(&material, item, NULL), 0);
	}
	assert_int_equal(buf_append_text(&material, tail, NULL), 0);
	ret = parse_material(material.data);
	buf_release(&material);
	return ret;
}

static void
lists_have_limits(void **state)
{
	static const struct {
		const char *head, *item;
		size_t limit;
		const char *tail;
	} rows[] = {
		{ "\"x509CertificateChain\":{\"certificates\":[", "{\"rawBytes\":\"MDA=\"}",
		  BUNDLE_CERTIFICATES_LIMIT_COUNT, "]}" },
		{ KEY ",\"tlogEntries\":[",
		  "{\"logId\":{\"keyId\":\"AAAA\"},\"kindVersion\":{\"kind\":\"k\",\"version\":"
		  "\"1\"},\"canonicalizedBody\":\"AAAA\"}",
		  BUNDLE_ENTRIES_LIMIT_COUNT, "]" },
		{ KEY ",\"timestampVerificationData\":{\"rfc3161Timestamps\":[",
		  "{\"signedTimestamp\":\"MDA=\"}", BUNDLE_TIMESTAMPS_LIMIT_COUNT, "]}" },
		{ KEY ",\"tlogEntries\":[{\"logId\":{\"keyId\":\"AAAA\"},\"kindVersion\":{\"kind\":"
		      "\"k\",\"version\":\"1\"},\"canonicalizedBody\":\"AAAA\",\"inclusionProof\":{"
		      "\"rootHash\":\"AAAA\",\"hashes\":[",
		  "\"AAAA\"", PROOF_HASHES_LIMIT_COUNT, "]}}]" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		assert_int_equal(
			parse_many(rows[i].head, rows[i].item, rows[i].limit, rows[i].tail), 0);
		assert_int_equal(
			parse_many(rows[i].head, rows[i].item, rows[i].limit + 1, rows[i].tail),
			-1);
	}
}

static void
an_envelope_is_encoded_as_dsse_says(void **state)
{
	AUTO_BUF struct buf buf = BUF_INIT(KIB);

	(void)state;
	/* The example of secure-systems-lab/dsse, protocol.md. */
	assert_int_equal(
		dsse_encode("http://example.com/HelloWorld", "hello world", 11, &buf, NULL), 0);
	assert_string_equal(buf.data, "DSSEv1 29 http://example.com/HelloWorld 11 hello world");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(an_entry_of_a_log_is_read),
		cmocka_unit_test(numbers_are_in_range),
		cmocka_unit_test(who_signed_is_said_once),
		cmocka_unit_test(lists_have_limits),
		cmocka_unit_test(an_envelope_is_encoded_as_dsse_says),
	};

	return cmocka_run_group_tests_name("sigstore_bundle", tests, NULL, NULL);
}
