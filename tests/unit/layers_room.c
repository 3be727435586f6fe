/* SPDX-License-Identifier: Apache-2.0 */
#include "layers_room.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>

#include "base/buf.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "oci/media_type.h"
#include "store/store.h"
#include "store_room.h"

static void
read_tar(const struct digest *digest, struct buf *ret_bytes)
{
	AUTO_FREE char *path = xasprintf("%s.tar", digest_hex(digest).text);

	assert_int_equal(file_read(AT_FDCWD, path, ret_bytes, NULL), 0);
}

void
add_layer(struct local_image *image, const char *script)
{
	AUTO_FREE char *all = xasprintf(
		"rm -rf made; mkdir made; cd made; what=.; %s; tar --sort=name --mtime=@1 "
		"--owner=0 --group=0 -cf ../made.tar $what; cd ..; "
		"cp made.tar \"$(sha256sum made.tar | cut -d ' ' -f 1)\".tar",
		script);
	AUTO_BUF struct buf bytes = BUF_INIT(MIB);
	struct image_config *config = &image->config;
	AUTO_DESCRIPTOR struct descriptor layer = { .media_type = xstrdup(MEDIA_OCI_LAYER) };

	run(all);
	assert_int_equal(file_read(AT_FDCWD, "made.tar", &bytes, NULL), 0);
	layer.digest = digest_of(DIGEST_SHA256, bytes.data, bytes.size);
	layer.size_bytes = bytes.size;
	descriptors_add(&image->manifest.layers, &layer);
	config->diff_ids =
		xrealloc(config->diff_ids, (config->diff_id_count + 1) * sizeof(*config->diff_ids));
	config->diff_ids[config->diff_id_count++] = layer.digest;
	image->digest = digest_of(DIGEST_SHA256, config->diff_ids,
				  config->diff_id_count * sizeof(*config->diff_ids));
}

void
put_layer(struct store *store, const struct local_image *image, size_t number)
{
	const struct digest *digest = &image->manifest.layers.items[number].digest;
	AUTO_BUF struct buf bytes = BUF_INIT(MIB);

	read_tar(digest, &bytes);
	assert_int_equal(store_add(store, digest, bytes.data, bytes.size, NULL), 0);
}

void
put_layers(struct store *store, const struct local_image *image)
{
	for (size_t i = 0; i < image->manifest.layers.count; i++)
		put_layer(store, image, i);
}

void
assert_no_child(void)
{
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}
