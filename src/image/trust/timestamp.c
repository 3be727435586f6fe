/* SPDX-License-Identifier: Apache-2.0 */
#include "image/trust/timestamp.h"

#include <limits.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ts.h>

#include "base/cleanup.h"
#include "image/trust/trusted_root.h"

/* OpenSSL 3.4 renamed what takes ownership. */
#if OPENSSL_VERSION_NUMBER < 0x30400000L
#define TS_VERIFY_CTX_set0_data TS_VERIFY_CTX_set_data
#define TS_VERIFY_CTX_set0_store TS_VERIFY_CTX_set_store
#define TS_VERIFY_CTX_set0_certs TS_VERIFY_CTX_set_certs
#endif

DEFINE_CLEANUP(TS_RESP, TS_RESP_free)
DEFINE_CLEANUP(TS_VERIFY_CTX, TS_VERIFY_CTX_free)

/* DER and nothing behind it. */
static TS_RESP *
parse(const struct octets *response)
{
	const uint8_t *at = response->data;
	TS_RESP *parsed =
		response->size <= LONG_MAX ? d2i_TS_RESP(NULL, &at, (long)response->size) : NULL;

	if (parsed && at != response->data + response->size) {
		TS_RESP_free(parsed);
		return NULL;
	}
	return parsed;
}

static bool
read_time(TS_TST_INFO *info, int64_t *ret_time_s)
{
	static const struct tm epoch = { .tm_year = 70, .tm_mday = 1 };
	struct tm time;
	int days;
	int seconds;

	if (ASN1_TIME_to_tm(TS_TST_INFO_get_time(info), &time) != 1 ||
	    OPENSSL_gmtime_diff(&days, &seconds, &epoch, &time) != 1)
		return false;
	*ret_time_s = (int64_t)days * 86400 + seconds;
	return true;
}

static bool
is_hash_strong(TS_TST_INFO *info)
{
	const X509_ALGOR *algorithm = TS_MSG_IMPRINT_get_algo(TS_TST_INFO_get_msg_imprint(info));
	const ASN1_OBJECT *object = NULL;

	X509_ALGOR_get0(&object, NULL, NULL, algorithm);
	switch (OBJ_obj2nid(object)) {
	case NID_sha256:
	case NID_sha384:
	case NID_sha512:
		return true;
	default:
		return false;
	}
}

/* Only the root is trusted, at that time; the other certificates may complete the chain. */
static X509_STORE *
make_store(const struct trusted_authority *authority, int64_t time_s)
{
	X509_STORE *store = X509_STORE_new();

	if (!store)
		return NULL;
	X509_VERIFY_PARAM_set_time(X509_STORE_get0_param(store), (time_t)time_s);
	if (X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN) == 1 &&
	    X509_STORE_add_cert(store, authority->chain[authority->length - 1]) == 1)
		return store;
	X509_STORE_free(store);
	return NULL;
}

static STACK_OF(X509) * make_certificates(const struct trusted_authority *authority)
{
	STACK_OF(X509) *certificates = sk_X509_new_null();

	for (size_t i = 0; certificates && i < authority->length; i++)
		if (X509_add_cert(certificates, authority->chain[i], X509_ADD_FLAG_UP_REF) != 1) {
			sk_X509_pop_free(certificates, X509_free);
			return NULL;
		}
	return certificates;
}

static bool
verify_token(TS_RESP *response, const struct octets *stamped,
	     const struct trusted_authority *authority, int64_t time_s)
{
	CLEANUP(TS_VERIFY_CTX_free_at) TS_VERIFY_CTX *context = TS_VERIFY_CTX_new();
	STACK_OF(X509) *certificates = make_certificates(authority);
	X509_STORE *store = make_store(authority, time_s);
	BIO *bytes = BIO_new_mem_buf(stamped->data, (int)stamped->size);

	if (!context || !store || !certificates || !bytes) {
		X509_STORE_free(store);
		sk_X509_pop_free(certificates, X509_free);
		BIO_free(bytes);
		return false;
	}
	/* The context owns them from here. */
	TS_VERIFY_CTX_set_flags(context, TS_VFY_VERSION | TS_VFY_SIGNATURE | TS_VFY_DATA);
	TS_VERIFY_CTX_set0_store(context, store);
	TS_VERIFY_CTX_set0_data(context, bytes);
	TS_VERIFY_CTX_set0_certs(context, certificates);
	return TS_RESP_verify_response(context, response) == 1;
}

/* An authority whose own certificate is known signs with no other that its root certified. */
static bool
is_signer(TS_RESP *response, const struct trusted_authority *authority)
{
	STACK_OF(X509) * certificates;
	STACK_OF(X509) * signers;
	bool is_same;

	if (X509_check_ca(authority->chain[0]) > 0)
		return true;
	certificates = make_certificates(authority);
	signers = PKCS7_get0_signers(TS_RESP_get_token(response), certificates, 0);
	is_same = sk_X509_num(signers) == 1 &&
		  X509_cmp(sk_X509_value(signers, 0), authority->chain[0]) == 0;
	sk_X509_free(signers);
	sk_X509_pop_free(certificates, X509_free);
	return is_same;
}

bool
timestamp_verify(const struct octets *response, const struct octets *stamped,
		 const struct trusted_authorities *authorities, int64_t *ret_time_s)
{
	CLEANUP(TS_RESP_free_at) TS_RESP *parsed = parse(response);
	TS_TST_INFO *info = parsed ? TS_RESP_get_tst_info(parsed) : NULL;
	bool is_good = false;
	int64_t time_s;

	if (info && is_hash_strong(info) && read_time(info, &time_s))
		for (size_t i = 0; i < authorities->count && !is_good; i++) {
			const struct trusted_authority *authority = &authorities->items[i];

			is_good = validity_has(&authority->validity, time_s) &&
				  verify_token(parsed, stamped, authority, time_s) &&
				  is_signer(parsed, authority);
		}
	ERR_clear_error();
	if (is_good)
		*ret_time_s = time_s;
	return is_good;
}
