/* SPDX-License-Identifier: Apache-2.0 */
#include "base/random.h"

#include <errno.h>
#include <stdint.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/compat.h"
#include "base/error.h"
#include "base/text.h"
#include "base/xalloc.h"

char *
random_hex(size_t byte_count, struct error **err)
{
	AUTO_FREE uint8_t *bytes = xcalloc(1, byte_count);
	char *hex;

	if (getentropy(bytes, byte_count) < 0) {
		error_set_errno(err, errno, "cannot get random bytes");
		return NULL;
	}
	hex = xcalloc(1, 2 * byte_count + 1);
	text_hex(bytes, byte_count, hex);
	return hex;
}
