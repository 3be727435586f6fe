/* SPDX-License-Identifier: Apache-2.0 */
#include "image/document/named_digest.h"

#include "base/error.h"
#include "oci/digest.h"

int
named_digest_check(const struct digest *named, const struct digest *content, struct error **err)
{
	if (named->algorithm == DIGEST_NONE || digest_equal(named, content))
		return 0;
	error_set(err, ERROR_USAGE, "the digest of the content is %s, not the one in the reference",
		  digest_text(content).text);
	return error_set_hint(err, "give a tag, or neither tag nor digest");
}
