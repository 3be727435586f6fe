/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/state.h"

#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "oci/document.h"

static int
check_version(const struct archive_image *archive, struct error **err)
{
	AUTO_BUF struct buf buf = BUF_INIT(KIB);
	AUTO_JSON json_t *json = NULL;
	const char *version;

	if (member_read_named(archive, "oci-layout", &buf, err) < 0)
		return -1;
	json = document_parse(buf.data, buf.size, err);
	if (!json)
		return error_wrap(err, "oci-layout");
	version = json_string_value(json_object_get(json, "imageLayoutVersion"));
	if (version && text_starts(version, "1."))
		return 0;
	return error_set(err, ERROR_CONTENT, "it is not an image layout of version 1");
}

int
load_layout(struct archive_image *archive, struct error **err)
{
	static const struct field manifests_field = { "manifests", FIELD_ARRAY, true, 0 };
	AUTO_BUF struct buf buf = BUF_INIT(LAYOUT_INDEX_LIMIT_BYTES);
	AUTO_JSON json_t *index = NULL;
	const json_t *manifests = NULL;

	if (check_version(archive, err) < 0 ||
	    member_read_named(archive, "index.json", &buf, err) < 0)
		return -1;
	archive->unsupported = json_array();
	index = document_parse(buf.data, buf.size, err);
	if (!index || document_read_fields(index, &manifests_field, 1, &manifests, err) < 0 ||
	    descriptors_parse(manifests, "manifests", &archive->references, archive->unsupported,
			      err) < 0)
		return error_wrap(err, "index.json");
	return 0;
}
