/* SPDX-License-Identifier: Apache-2.0 */
#include "base/base64.h"

#include <limits.h>
#include <string.h>

#include <openssl/evp.h>

#include "base/cleanup.h"
#include "base/xalloc.h"

char *
base64_encode(const void *bytes, size_t size)
{
	char *text = xcalloc(1, 4 * ((size + 2) / 3) + 1);

	EVP_EncodeBlock((unsigned char *)text, bytes, (int)size);
	return text;
}

/* EVP_DecodeBlock() counts the bytes that padding stands for, and skips white space at both ends.
 */
uint8_t *
base64_decode(const char *text, size_t *ret_size)
{
	size_t length = strlen(text);
	size_t padding = length - strcspn(text, "=");
	uint8_t *bytes = NULL;
	int decoded;

	if (length % 4 != 0 || length > INT_MAX || padding > 2 || strpbrk(text, " \t\r\n"))
		return NULL;
	bytes = xcalloc(1, length / 4 * 3 + 1);
	decoded = EVP_DecodeBlock(bytes, (const uint8_t *)text, (int)length);
	if (decoded < 0) {
		free(bytes);
		return NULL;
	}
	*ret_size = (size_t)decoded - padding;
	return bytes;
}
