/* SPDX-License-Identifier: Apache-2.0 */
#include "base/secret.h"

#include <string.h>

#include "base/base64.h"
#include "base/buf.h"
#include "base/compat.h"
#include "base/xalloc.h"

void
secret_free(char *secret)
{
	if (secret)
		explicit_bzero(secret, strlen(secret));
	free(secret);
}

void
secret_buf_release(struct buf *buf)
{
	if (buf->data)
		explicit_bzero(buf->data, buf->capacity);
	buf_release(buf);
}

char *
secret_encode(const char *text)
{
	return base64_encode(text, strlen(text));
}

char *
secret_decode(const char *base64)
{
	AUTO_SECRET char *plain = xstrdup(base64);
	char *end = plain;
	size_t size = 0;
	char *text;

	for (const char *next = base64; *next; next++)
		if (*next != '\r' && *next != '\n')
			*end++ = *next;
	*end = '\0';
	text = (char *)base64_decode(plain, &size);
	while (text && size > 0 && text[size - 1] == '\0')
		size--;
	if (text && size > 0 && strlen(text) == size)
		return text;
	secret_free(text);
	return NULL;
}

char *
secret_basic(const char *username, const char *password)
{
	AUTO_SECRET char *pair = xasprintf("%s:%s", username, password);
	AUTO_SECRET char *base64 = secret_encode(pair);

	return xasprintf("Basic %s", base64);
}
