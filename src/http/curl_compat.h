/* SPDX-License-Identifier: Apache-2.0 */
/* curl_compat.h - differences between versions of libcurl
 *
 * From 7.81 (Ubuntu 22.04) on.  No other file tests LIBCURL_VERSION_NUM.
 */
#ifndef OCIFP_HTTP_CURL_COMPAT_H
#define OCIFP_HTTP_CURL_COMPAT_H

#include <curl/curl.h>
#include <stdbool.h>

#include "base/cleanup.h"
#include "base/environment.h"

/* Before 7.87 any count other than the given one ends a transfer; libcurl never passes 0 bytes. */
#if LIBCURL_VERSION_NUM < 0x075700
#define CURL_WRITEFUNC_ERROR 0
#endif

static inline CURLcode
compat_allow_protocols(CURL *easy)
{
#if LIBCURL_VERSION_NUM >= 0x075500
	return curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
#else
	return curl_easy_setopt(easy, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
}

/* The first environment variable that sets a proxy; NULL: none. */
static inline const char *
compat_proxy_variable(void)
{
	static const char *const names[] = { "https_proxy", "HTTPS_PROXY", "http_proxy",
					     "all_proxy", "ALL_PROXY" };

	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (environment_find(names[i]))
			return names[i];
	return NULL;
}

/* Whether the last transfer went through a proxy; before 8.7: whether it may have. */
static inline bool
compat_used_proxy(CURL *easy)
{
#if LIBCURL_VERSION_NUM >= 0x080700
	long used = 0;

	curl_easy_getinfo(easy, CURLINFO_USED_PROXY, &used);
	return used != 0;
#else
	(void)easy;
	return compat_proxy_variable() != NULL;
#endif
}

#endif
