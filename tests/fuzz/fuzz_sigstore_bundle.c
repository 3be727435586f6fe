/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include <openssl/x509.h>

#include "base/error.h"
#include "fuzz.h"
#include "image/trust/inclusion.h"
#include "image/trust/keyless.h"
#include "image/trust/log_body.h"
#include "image/trust/sigstore_bundle.h"
#include "image/trust/trusted_root.h"
#include "oci/statement.h"

static void
read_entry(const struct log_entry *entry)
{
	AUTO_LOG_BODY struct log_body body = { 0 };
	AUTO_ERROR struct error *ignored = NULL;

	INSIST(entry->kind && entry->version && entry->body.data && entry->integrated_s >= 0);
	if (log_body_parse(entry, &body, &ignored) == 0)
		INSIST(body.signature.data && body.certificate.data &&
		       body.digest.algorithm == DIGEST_SHA256);
}

/* What is taken is whole; nothing that it says is believed by a root that trusts nobody. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct trusted_root nobody;
	static const struct keyless_identity identity = { "issuer", "subject", false };
	AUTO_SIGSTORE_BUNDLE struct sigstore_bundle bundle = { 0 };
	AUTO_STATEMENT struct statement statement = { 0 };
	AUTO_ERROR struct error *ignored = NULL;
	AUTO_ERROR struct error *refusal = NULL;
	AUTO_ERROR struct error *err = NULL;

	if (sigstore_bundle_parse(data, size, &bundle, &err) < 0)
		return 0;
	INSIST(bundle.minor >= 1 && bundle.minor <= 3 && bundle.signature.size > 0);
	INSIST(!bundle.key_hint == (bundle.certificates.count > 0));
	INSIST(bundle.is_envelope ? bundle.payload.data && bundle.payload_type
				  : bundle.message_digest.size == 32);
	if (bundle.is_envelope &&
	    statement_parse(bundle.payload.data, bundle.payload.size, &statement, &ignored) == 0)
		INSIST(statement.subject_count > 0 && statement.predicate_type);
	for (size_t i = 0; i < bundle.entry_count; i++)
		read_entry(&bundle.entries[i]);
	INSIST(keyless_verify(&bundle, &nobody, &identity, 1800000000, &refusal) < 0);
	return 0;
}
