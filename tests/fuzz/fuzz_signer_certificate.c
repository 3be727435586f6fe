/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/error.h"
#include "base/xalloc.h"
#include "fuzz.h"
#include "image/trust/signer_certificate.h"
#include "image/trust/sigstore_bundle.h"
#include "image/trust/trusted_root.h"

/* A certificate, which names one identity or none, and which nobody listed. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct trusted_root nobody;
	AUTO_FREE uint8_t *bytes = xcalloc(1, size + 1);
	struct octets der = { bytes, size };
	struct octets_list list = { &der, 1 };
	AUTO_SIGNER_IDENTITY struct signer_identity identity = { 0 };
	AUTO_ERROR struct error *ignored = NULL;
	AUTO_ERROR struct error *refusal = NULL;
	AUTO_ERROR struct error *err = NULL;
	X509 *certificate;

	memcpy(bytes, data, size);
	certificate = signer_certificate_parse(&list, &err);
	if (!certificate)
		return 0;
	if (signer_certificate_identity(certificate, &identity, &ignored) == 0)
		INSIST(*identity.issuer && *identity.subject);
	INSIST(signer_certificate_check_listed(certificate, certificate, &nobody, 1800000000,
					       &refusal) < 0);
	X509_free(certificate);
	return 0;
}
