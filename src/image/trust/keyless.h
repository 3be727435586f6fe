/* SPDX-License-Identifier: Apache-2.0 */
/* keyless.h - a bundle is by an identity, without any request
 *
 *     log entries ... the entry is what the bundle has; the log promised to list it (its signed
 *                     time counts), or lists it (inclusion.h)
 *     time stamps ... of the signature (timestamp.h)
 *     certificate ... valid at each of these times (signer_certificate.h)
 *     signature ..... by the certificate's key
 *
 * At least one trusted time and, unless the identity is of an instance without a log, one log and
 * one certificate log.  Entries of logs and stamps of authorities that the root does not have count
 * for nothing; a wrong entry of one that it has refuses the bundle.  Not looked at: revocation.
 *
 * Sigstore, "Client specification"; sigstore-go answers the same.
 */
#ifndef OCIFP_IMAGE_TRUST_KEYLESS_H
#define OCIFP_IMAGE_TRUST_KEYLESS_H

#include <stdbool.h>
#include <stdint.h>

struct error;
struct signer_identity;
struct sigstore_bundle;
struct trusted_root;

/* The required signer. */
struct keyless_identity {
	const char *issuer;
	const char *subject;
	bool is_logged; /* false: GitHub's instance for private repositories has no logs */
};

/* Everything but whose identity it is, which *ret_identity says.  ERROR_REFUSED, class "signature",
 * or ERROR_CONTENT. */
int keyless_check(const struct sigstore_bundle *bundle, const struct trusted_root *root,
		  bool is_logged, int64_t now_s, struct signer_identity *ret_identity,
		  struct error **err);

/* The same, and it is this identity. */
int keyless_verify(const struct sigstore_bundle *bundle, const struct trusted_root *root,
		   const struct keyless_identity *identity, int64_t now_s, struct error **err);

#endif
