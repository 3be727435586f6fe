/* SPDX-License-Identifier: Apache-2.0 */
/* verify_bundle [--no-log] BUNDLE ROOT ISSUER SUBJECT ARTIFACT
 * verify_bundle BUNDLE --key FILE ARTIFACT
 *
 * Whether a bundle of a file is good, as sigstore-conformance asks; "--no-log" for an instance
 * without a log. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <fcntl.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "image/trust/keyless.h"
#include "image/trust/signing_key.h"
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
read_files(const char *bundle_path, const char *artifact_path, struct sigstore_bundle *bundle,
	   struct buf *artifact, struct error **err)
{
	AUTO_BUF struct buf bytes = BUF_INIT(BUNDLE_LIMIT_BYTES);

	if (file_read(AT_FDCWD, bundle_path, &bytes, err) < 0 ||
	    file_read(AT_FDCWD, artifact_path, artifact, err) < 0)
		return -1;
	return sigstore_bundle_parse(bytes.data, bytes.size, bundle, err);
}

static int
verify(char **args, bool is_logged, struct error **err)
{
	AUTO_BUF struct buf file = BUF_INIT(BUNDLE_LIMIT_BYTES);
	AUTO_SIGSTORE_BUNDLE struct sigstore_bundle bundle = { 0 };
	AUTO_TRUSTED_ROOT struct trusted_root root = { 0 };
	struct keyless_identity identity = { args[2], args[3], is_logged };
	struct digest artifact;

	if (read_files(args[0], args[4], &bundle, &file, err) < 0 ||
	    trusted_root_read(args[1], &root, err) < 0 ||
	    keyless_verify(&bundle, &root, &identity, (int64_t)time(NULL), err) < 0)
		return -1;
	artifact = digest_of(DIGEST_SHA256, file.data, file.size);
	return check_artifact(&bundle, &artifact, err);
}

static int
verify_by_key(char **args, struct error **err)
{
	AUTO_BUF struct buf file = BUF_INIT(BUNDLE_LIMIT_BYTES);
	AUTO_SIGSTORE_BUNDLE struct sigstore_bundle bundle = { 0 };
	AUTO_SIGNING_KEYS struct signing_keys keys = { 0 };

	if (read_files(args[0], args[3], &bundle, &file, err) < 0 ||
	    signing_keys_add_public(&keys, args[2], err) < 0)
		return -1;
	if (!bundle.is_envelope && bundle.key_hint &&
	    signing_keys_verify(&keys, file.data, file.size, bundle.signature.data,
				bundle.signature.size))
		return 0;
	return error_set(err, ERROR_REFUSED, "the key has not signed this file");
}

int
main(int argc, char **argv)
{
	AUTO_ERROR struct error *failure = NULL;
	bool is_logged = argc < 2 || strcmp(argv[1], "--no-log") != 0;
	char **args = argv + (is_logged ? 1 : 2);
	int ret;

	if (argc == 5 && strcmp(args[1], "--key") == 0)
		ret = verify_by_key(args, &failure);
	else if (argc - (args - argv) == 5)
		ret = verify(args, is_logged, &failure);
	else
		return 2;
	if (ret == 0)
		return 0;
	(void)printf("%s\n", error_text(failure));
	return 1;
}
