#include "registry/secret.h"

#include <string.h>

#include <openssl/evp.h>

#include "base/buf.h"
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
	size_t size = strlen(text);
	char *base64 = xcalloc(1, 4 * ((size + 2) / 3) + 1);

	EVP_EncodeBlock((unsigned char *)base64, (const unsigned char *)text, (int)size);
	return base64;
}

/* EVP_DecodeBlock() counts the bytes that padding stands for; the NUL they become ends the text. */
char *
secret_decode(const char *base64)
{
	size_t size = strlen(base64);
	size_t padding = size - strcspn(base64, "=");
	char *text = NULL;
	int decoded;

	if (size == 0 || size % 4 != 0 || padding > 2)
		return NULL;
	text = xcalloc(1, size);
	decoded = EVP_DecodeBlock((unsigned char *)text, (const unsigned char *)base64, (int)size);
	if (decoded < 0 || strlen(text) != (size_t)decoded - padding) {
		secret_free(text);
		return NULL;
	}
	return text;
}

char *
secret_basic(const char *username, const char *password)
{
	AUTO_SECRET char *pair = xasprintf("%s:%s", username, password);
	AUTO_SECRET char *base64 = secret_encode(pair);

	return xasprintf("Basic %s", base64);
}
