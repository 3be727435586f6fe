/* SPDX-License-Identifier: Apache-2.0 */
/* signer_certificate.h - a short-lived certificate that says who signed
 *
 *     a chain to an authority, valid at the time of the signature
 *     a certificate log has listed it (its SCT)
 *     whom it names: subject (URI, address, or a name of another kind) and issuer of the identity
 *
 * Fulcio, docs/certificate-specification.md and docs/oid-info.md; RFC 6962, 3.3.
 */
#ifndef OCIFP_IMAGE_TRUST_SIGNER_CERTIFICATE_H
#define OCIFP_IMAGE_TRUST_SIGNER_CERTIFICATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/x509.h>

struct error;
struct octets;
struct octets_list;
struct trusted_root;

struct signer_identity {
	char *issuer;
	char *subject;
};

/* The first thing in a file of PEM, if it is a certificate; the caller owns its DER. */
bool signer_certificate_read_pem(const void *pem, size_t size, struct octets *ret_der);

/* Of the first of the certificates, the others being its chain without a root.  ERROR_CONTENT; the
 * caller owns it. */
X509 *signer_certificate_parse(const struct octets_list *certificates, struct error **err);

/* An authority certified it and all of that chain was valid at this time; *ret_issuer, borrowed
 * from the root, is who signed it.  ERROR_REFUSED, class "signature", as the others. */
int signer_certificate_check(X509 *certificate, const struct trusted_root *root, int64_t time_s,
			     X509 **ret_issuer, struct error **err);

/* One of the certificate logs has promised to list it. */
int signer_certificate_check_listed(X509 *certificate, X509 *issuer,
				    const struct trusted_root *root, int64_t now_s,
				    struct error **err);

/* ERROR_REFUSED for one that names none, or several. */
int signer_certificate_identity(X509 *certificate, struct signer_identity *ret_identity,
				struct error **err);
void signer_identity_release(struct signer_identity *identity);
#define AUTO_SIGNER_IDENTITY CLEANUP(signer_identity_release)

#endif
