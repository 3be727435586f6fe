/* SPDX-License-Identifier: Apache-2.0 */
#include "image/trust/keyless.h"

#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>

#include "base/base64.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "image/trust/inclusion.h"
#include "image/trust/log_body.h"
#include "image/trust/signer_certificate.h"
#include "image/trust/signing_key.h"
#include "image/trust/sigstore_bundle.h"
#include "image/trust/timestamp.h"
#include "image/trust/trusted_root.h"

struct checking {
	const struct sigstore_bundle *bundle;
	const struct trusted_root *root;
	X509 *certificate;
	X509 *issuer;            /* of the certificate, from the root */
	struct buf signed_bytes; /* of an envelope */
	int64_t now_s;
	size_t logs;    /* that list it */
	size_t times;   /* that are trusted */
	int64_t time_s; /* the last of these */
};

static void
checking_release(struct checking *checking)
{
	X509_free(checking->certificate);
	buf_release(&checking->signed_bytes);
}

/* A time from a trusted authority, or from a log's entry. */
static int
check_time(struct checking *checking, int64_t time_s, struct error **err)
{
	if (time_s > checking->now_s)
		return signature_refuse(err, "the time of the signature is in the future");
	return signer_certificate_check(checking->certificate, checking->root, time_s,
					&checking->issuer, err);
}

/* What an entry has to say was signed. */
static struct digest
expected_digest(const struct checking *checking, bool is_of_payload)
{
	const struct sigstore_bundle *bundle = checking->bundle;
	struct digest digest = { .algorithm = DIGEST_SHA256 };

	if (!bundle->is_envelope) {
		memcpy(digest.bytes, bundle->message_digest.data, bundle->message_digest.size);
		return digest;
	}
	if (is_of_payload)
		return digest_of(DIGEST_SHA256, bundle->payload.data, bundle->payload.size);
	return digest_of(DIGEST_SHA256, checking->signed_bytes.data, checking->signed_bytes.size);
}

static bool
is_same(const struct octets *a, const struct octets *b)
{
	return a->size == b->size && memcmp(a->data, b->data, a->size) == 0;
}

static int
check_body(const struct checking *checking, const struct log_body *body, struct error **err)
{
	const struct sigstore_bundle *bundle = checking->bundle;
	struct digest expected = expected_digest(checking, body->is_envelope);

	/* Version 2 has the same kind for both. */
	if (body->is_envelope ? !bundle->is_envelope : !body->is_second && bundle->is_envelope)
		return signature_refuse(err, "the log entry is of another kind than the bundle");
	if (!digest_equal(&body->digest, &expected))
		return signature_refuse(err,
					"the log entry is for other content than the bundle has");
	if (!is_same(&body->signature, &bundle->signature))
		return signature_refuse(err, "the log entry has another signature than the bundle");
	if (!is_same(&body->certificate, bundle->certificates.items))
		return signature_refuse(err,
					"the log entry has another certificate than the bundle");
	return 0;
}

static int
check_promise(struct checking *checking, const struct log_entry *entry,
	      const struct trusted_log *log, struct error **err)
{
	AUTO_FREE char *body = base64_encode(entry->body.data, entry->body.size);
	AUTO_FREE char *id = xcalloc(2, entry->log_id.size + 1);
	AUTO_FREE char *promised = NULL;

	/* JSON in its canonical form (RFC 8785). */
	text_hex(entry->log_id.data, entry->log_id.size, id);
	promised = xasprintf(
		"{\"body\":\"%s\",\"integratedTime\":%lld,\"logID\":\"%s\",\"logIndex\":%llu}",
		body, (long long)entry->integrated_s, id, (unsigned long long)entry->index);
	if (!validity_has(&log->validity, entry->integrated_s))
		return signature_refuse(err, "the log was not valid at the time of its entry");
	if (!public_key_verify(log->key, promised, strlen(promised), entry->promise.data,
			       entry->promise.size))
		return signature_refuse(err, "the log has not signed this entry");
	checking->times++;
	checking->time_s = entry->integrated_s;
	return 0;
}

/* Version 0.1 of the bundle needs the promise, later ones the proof; of Rekor 2 there is no
 * promise. */
static int
check_entry(struct checking *checking, const struct log_entry *entry, const struct trusted_log *log,
	    struct error **err)
{
	AUTO_LOG_BODY struct log_body body = { 0 };
	bool has_promise = entry->promise.data != NULL;

	if (log_body_parse(entry, &body, err) < 0 || check_body(checking, &body, err) < 0)
		return -1;
	if (body.is_second && has_promise)
		return signature_refuse(
			err, "the log entry has a promise, which its version does not make");
	if (!entry->has_proof && (body.is_second || checking->bundle->minor > 1))
		return signature_refuse(err, "the log entry has no proof");
	if (!has_promise && !body.is_second && checking->bundle->minor == 1)
		return signature_refuse(err, "the log entry has no promise");
	if (entry->integrated_s != 0 && check_time(checking, entry->integrated_s, err) < 0)
		return -1;
	if (!has_promise && checking->times > 0 && !validity_has(&log->validity, checking->time_s))
		return signature_refuse(err, "the log was not valid at the time of its entry");
	if (has_promise && check_promise(checking, entry, log, err) < 0)
		return -1;
	if (entry->has_proof &&
	    inclusion_check(&entry->proof, entry->body.data, entry->body.size, log, err) < 0)
		return -1;
	checking->logs++;
	return 0;
}

static int
check_entries(struct checking *checking, struct error **err)
{
	const struct sigstore_bundle *bundle = checking->bundle;

	for (size_t i = 0; i < bundle->entry_count; i++) {
		const struct log_entry *entry = &bundle->entries[i];
		const struct trusted_log *log =
			trusted_logs_find(&checking->root->logs, &entry->log_id);

		if (log && check_entry(checking, entry, log, err) < 0)
			return -1;
	}
	return 0;
}

static int
check_timestamps(struct checking *checking, struct error **err)
{
	const struct sigstore_bundle *bundle = checking->bundle;

	for (size_t i = 0; i < bundle->timestamps.count; i++) {
		int64_t time_s;

		if (!timestamp_verify(&bundle->timestamps.items[i], &bundle->signature,
				      &checking->root->time_authorities, &time_s))
			continue;
		if (check_time(checking, time_s, err) < 0)
			return -1;
		checking->times++;
		checking->time_s = time_s;
	}
	return 0;
}

/* A file's digest is all that the bundle has of it. */
static bool
verify_message(EVP_PKEY *key, const struct sigstore_bundle *bundle)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);
	bool is_good =
		context && EVP_PKEY_verify_init(context) == 1 &&
		EVP_PKEY_CTX_set_signature_md(context, EVP_sha256()) == 1 &&
		EVP_PKEY_verify(context, bundle->signature.data, bundle->signature.size,
				bundle->message_digest.data, bundle->message_digest.size) == 1;

	EVP_PKEY_CTX_free(context);
	ERR_clear_error();
	return is_good;
}

static int
check_signature(const struct checking *checking, struct error **err)
{
	const struct sigstore_bundle *bundle = checking->bundle;
	EVP_PKEY *key = X509_get0_pubkey(checking->certificate);
	bool is_good =
		key && (bundle->is_envelope
				? public_key_verify(key, checking->signed_bytes.data,
						    checking->signed_bytes.size,
						    bundle->signature.data, bundle->signature.size)
				: verify_message(key, bundle));

	return is_good ? 0
		       : signature_refuse(err, "the certificate's key has not made this signature");
}

static int
prepare(struct checking *checking, struct error **err)
{
	const struct sigstore_bundle *bundle = checking->bundle;

	if (bundle->certificates.count == 0)
		return signature_refuse(err, "it is signed with a key, not by an identity");
	checking->certificate = signer_certificate_parse(&bundle->certificates, err);
	if (!checking->certificate)
		return -1;
	if (!bundle->is_envelope)
		return 0;
	return dsse_encode(bundle->payload_type, bundle->payload.data, bundle->payload.size,
			   &checking->signed_bytes, err);
}

static int
check_thresholds(const struct checking *checking, bool is_logged, struct error **err)
{
	if (checking->times == 0)
		return signature_refuse(
			err,
			"no log or time authority in the trusted root says when it was signed");
	if (is_logged && checking->logs == 0)
		return signature_refuse(err, "no log of the trusted root lists the signature");
	if (!is_logged)
		return 0;
	return signer_certificate_check_listed(checking->certificate, checking->issuer,
					       checking->root, checking->now_s, err);
}

static int
check_by_line(const struct sigstore_bundle *bundle, const struct trusted_root *root, bool is_logged,
	      int64_t now_s, struct signer_identity *ret_identity, struct error **err)
{
	CLEANUP(checking_release)
	struct checking checking = {
		.bundle = bundle,
		.root = root,
		.now_s = now_s,
		.signed_bytes = BUF_INIT(BUNDLE_LIMIT_BYTES),
	};

	if (prepare(&checking, err) < 0 || check_signature(&checking, err) < 0 ||
	    check_timestamps(&checking, err) < 0 || check_entries(&checking, err) < 0 ||
	    check_thresholds(&checking, is_logged, err) < 0)
		return -1;
	return signer_certificate_identity(checking.certificate, ret_identity, err);
}

int
keyless_check(const struct sigstore_bundle *bundle, const struct trusted_root *root, bool is_logged,
	      int64_t now_s, struct signer_identity *ret_identity, struct error **err)
{
	AUTO_ERROR struct error *first = NULL;

	for (; root; root = root->next) {
		AUTO_ERROR struct error *failure = NULL;

		if (check_by_line(bundle, root, is_logged, now_s, ret_identity, &failure) == 0)
			return 0;
		if (!first)
			first = TAKE_PTR(failure);
	}
	return error_pass(err, TAKE_PTR(first));
}

int
keyless_verify(const struct sigstore_bundle *bundle, const struct trusted_root *root,
	       const struct keyless_identity *wanted, int64_t now_s, struct error **err)
{
	AUTO_SIGNER_IDENTITY struct signer_identity identity = { 0 };

	if (keyless_check(bundle, root, wanted->is_logged, now_s, &identity, err) < 0)
		return -1;
	if (strcmp(identity.issuer, wanted->issuer) == 0 &&
	    strcmp(identity.subject, wanted->subject) == 0)
		return 0;
	error_set(err, ERROR_REFUSED, "it is signed by another identity, '%s' of '%s'",
		  QUOTED(identity.subject), QUOTED(identity.issuer));
	return error_set_class(err, CLASS_SIGNATURE);
}
