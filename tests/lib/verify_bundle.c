/* SPDX-License-Identifier: Apache-2.0 */
/* verify_bundle BUNDLE ROOT ISSUER SUBJECT ARTIFACT: whether a bundle of a file is good, as
 * sigstore-conformance asks; "--no-log" before them for an instance without a log. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <fcntl.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "image/trust/keyless.h"
#include "image/trust/sigstore_bundle.h"
#include "image/trust/trusted_root.h"
#include "oci/statement.h"

static int
check_artifact(const struct sigstore_bundle *bundle, const struct digest *artifact,
	       struct error **err)
{
	AUTO_STATEMENT struct statement statement = { 0 };

	if (!bundle->is_envelope)
		return memcmp(bundle->message_digest.data, artifact->bytes,
			      bundle->message_digest.size) == 0
			       ? 0
			       : error_set(err, ERROR_REFUSED, "it is of another file");
	if (strcmp(bundle->payload_type, STATEMENT_PAYLOAD_TYPE) != 0 ||
	    statement_parse(bundle->payload.data, bundle->payload.size, &statement, err) < 0)
		return -1;
	for (size_t i = 0; i < statement.subject_count; i++)
		if (digest_equal(&statement.subjects[i].digest, artifact))
			return 0;
	return error_set(err, ERROR_REFUSED, "it is about another file");
}

static int
verify(char **args, bool is_logged, struct error **err)
{
	AUTO_BUF struct buf bytes = BUF_INIT(BUNDLE_LIMIT_BYTES);
	AUTO_BUF struct buf file = BUF_INIT(BUNDLE_LIMIT_BYTES);
	AUTO_SIGSTORE_BUNDLE struct sigstore_bundle bundle = { 0 };
	AUTO_TRUSTED_ROOT struct trusted_root root = { 0 };
	struct keyless_identity identity = { args[2], args[3], is_logged };
	struct digest artifact;

	if (file_read(AT_FDCWD, args[0], &bytes, err) < 0 ||
	    file_read(AT_FDCWD, args[4], &file, err) < 0 ||
	    trusted_root_read(args[1], &root, err) < 0 ||
	    sigstore_bundle_parse(bytes.data, bytes.size, &bundle, err) < 0 ||
	    keyless_verify(&bundle, &root, &identity, (int64_t)time(NULL), err) < 0)
		return -1;
	artifact = digest_of(DIGEST_SHA256, file.data, file.size);
	return check_artifact(&bundle, &artifact, err);
}

int
main(int argc, char **argv)
{
	AUTO_ERROR struct error *failure = NULL;
	bool is_logged = argc < 2 || strcmp(argv[1], "--no-log") != 0;
	char **args = argv + (is_logged ? 1 : 2);

	if (argc - (args - argv) != 5)
		return 2;
	if (verify(args, is_logged, &failure) == 0)
		return 0;
	(void)printf("%s\n", error_text(failure));
	return 1;
}
