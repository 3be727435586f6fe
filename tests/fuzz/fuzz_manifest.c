/* SPDX-License-Identifier: Apache-2.0 */
/* The first byte chooses the parser: 'm' a manifest, 'i' an index, 'c' an image's config. */
#include <string.h>

#include "base/error.h"
#include "fuzz.h"
#include "oci/config.h"
#include "oci/document.h"
#include "oci/index.h"
#include "oci/manifest.h"

static void
fuzz_manifest(const uint8_t *data, size_t size, struct error **err)
{
	AUTO_MANIFEST struct manifest manifest = { 0 };
	AUTO_JSON json_t *value = document_parse(data, size, err);
	AUTO_ERROR struct error *no_index = NULL;
	struct image_index index;
	enum document_kind kind;

	if (!value || manifest_read(value, NULL, &manifest, err) < 0)
		return;
	INSIST(manifest_kind(value, NULL, &kind, err) == 0 && kind == DOCUMENT_MANIFEST);
	INSIST(image_index_parse(data, size, NULL, &index, &no_index) < 0);
}

static void
fuzz_index(const uint8_t *data, size_t size, struct error **err)
{
	struct platform wanted = { .os = (char *)(uintptr_t) "linux",
				   .architecture = (char *)(uintptr_t) "arm64" };
	AUTO_INDEX struct image_index index = { 0 };
	AUTO_INDEX struct image_index again = { 0 };
	AUTO_FREE char *text = NULL;
	AUTO_FREE char *text_again = NULL;
	AUTO_FREE char *platforms = NULL;

	if (image_index_parse(data, size, NULL, &index, err) < 0)
		return;
	platforms = image_index_platforms(&index);
	(void)image_index_find(&index, &wanted);
	text = image_index_format(&index);
	INSIST(image_index_parse(text, strlen(text), NULL, &again, err) == 0);
	text_again = image_index_format(&again);
	INSIST(strcmp(text, text_again) == 0);
}

static void
fuzz_config(const uint8_t *data, size_t size, struct error **err)
{
	AUTO_CONFIG struct image_config config = { 0 };

	if (image_config_parse(data, size, &config, err) < 0)
		return;
	INSIST(image_config_check_layers(&config, config.diff_id_count, err) == 0);
	INSIST(!config.platform.os == !config.platform.architecture);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_ERROR struct error *err = NULL;

	if (size == 0)
		return 0;
	if (data[0] == 'm')
		fuzz_manifest(data + 1, size - 1, &err);
	else if (data[0] == 'i')
		fuzz_index(data + 1, size - 1, &err);
	else if (data[0] == 'c')
		fuzz_config(data + 1, size - 1, &err);
	INSIST(!err || IS_REFUSED(err));
	return 0;
}
