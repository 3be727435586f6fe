/* SPDX-License-Identifier: Apache-2.0 */
#include "http/failure.h"

#include <curl/curl.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "http/curl_compat.h"
#include "http/origin.h"

bool
failure_is_tls_refusal(const struct failure *failure)
{
	switch (failure->curl_code) {
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CIPHER:
	case CURLE_SSL_ISSUER_ERROR:
	case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
	case CURLE_SSL_INVALIDCERTSTATUS:
	case CURLE_SSL_CLIENTCERT:
	case CURLE_USE_SSL_FAILED:
		return true;
	case CURLE_SSL_CONNECT_ERROR:
		/* An error of OpenSSL, not of the socket. */
		return strstr(failure->detail, "SSL routines") &&
		       !strstr(failure->detail, "unexpected eof");
	default:
		return false;
	}
}

static enum error_class
class_of(int curl_code)
{
	switch (curl_code) {
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
		return CLASS_DNS;
	case CURLE_COULDNT_CONNECT:
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_PROXY:
		return CLASS_CONNECT;
	case CURLE_OPERATION_TIMEDOUT:
		return CLASS_TIMEOUT;
	case CURLE_PARTIAL_FILE:
	case CURLE_GOT_NOTHING:
	case CURLE_SEND_ERROR:
	case CURLE_SEND_FAIL_REWIND:
	case CURLE_RECV_ERROR:
	case CURLE_HTTP2:
	case CURLE_HTTP2_STREAM:
		return CLASS_INTERRUPTED;
	default:
		return CLASS_PROTOCOL;
	}
}

/* Valid certificates are refused mostly for a wrong clock.  Without a certificate to judge, the
 * server mostly does not speak TLS. */
static const char *
remedy(const struct failure *failure)
{
	if (failure->trusts_nobody)
		return "no certificate authorities were found: install ca-certificates, or name "
		       "a file of them in SSL_CERT_FILE";
	if (failure->curl_code == CURLE_SSL_CONNECT_ERROR)
		return "the server may not speak TLS 1.2 or later, or may require --tls-cert FILE; "
		       "use "
		       "--plain-http HOST for http";
	return "check this machine's clock, or use --tls-ca FILE to trust the server's certificate "
	       "authority";
}

/* What OpenSSL makes of the first bytes of an http answer. */
static bool
is_plain_http(const struct failure *failure)
{
	return failure->curl_code == CURLE_SSL_CONNECT_ERROR &&
	       (strstr(failure->detail, "wrong version number") ||
		strstr(failure->detail, "packet length too long") ||
		strstr(failure->detail, "http request"));
}

static int
set_plain_http(const char *url, const char *detail, struct error **err)
{
	AUTO_ORIGIN struct origin origin = { 0 };
	AUTO_ERROR struct error *ignored = NULL;

	error_set(err, ERROR_REFUSED, "the server of '%s' speaks plain http, not TLS (%s)", url,
		  detail);
	if (origin_parse(url, &origin, &ignored) == 0)
		error_set_hint(err, "to use plain http, pass --plain-http %s:%s",
			       QUOTED(origin.host), origin.port);
	return error_set_class(err, CLASS_TLS);
}

static int
set_tls_refusal(const struct failure *failure, const char *url, const char *detail,
		struct error **err)
{
	time_t now = time(NULL);
	char date[sizeof("2026-12-31")] = "?";
	struct tm today;

	if (localtime_r(&now, &today))
		(void)strftime(date, sizeof(date), "%Y-%m-%d", &today);
	error_set(err, ERROR_REFUSED, "cannot trust '%s': %s (local date %s)", url, detail, date);
	error_set_hint(err, "%s", remedy(failure));
	return error_set_class(err, CLASS_TLS);
}

static int
set_proxy_failure(const char *url, long status, struct error **err)
{
	if (status == 407) {
		error_set(err, ERROR_DENIED, "the proxy for '%s' requires credentials", url);
		error_set_hint(err, "add USER:PASSWORD@ to the proxy's URL in https_proxy");
		return error_set_class(err, CLASS_PROXY);
	}
	error_set(err, ERROR_UNAVAILABLE, "the proxy for '%s' answered %ld", url, status);
	error_set_remote(err, &(struct error_remote){ .retryable = status >= 500 });
	return error_set_class(err, CLASS_PROXY);
}

static const char *
words_of(const struct failure *failure)
{
	/* libcurl before 8.3 reports a header line of more than 100 KiB as out of memory. */
	if (failure->curl_code == CURLE_OUT_OF_MEMORY)
		return "its header is too long";
	if (*failure->detail)
		return failure->detail;
	return curl_easy_strerror((CURLcode)failure->curl_code);
}

int
failure_set(const struct failure *failure, struct error **err)
{
	const char *words = words_of(failure);
	AUTO_FREE char *url = text_quote_url(failure->url);

	if (failure->proxy_status >= 400)
		return set_proxy_failure(url, failure->proxy_status, err);
	if (is_plain_http(failure))
		return set_plain_http(url, QUOTED(words), err);
	if (failure_is_tls_refusal(failure))
		return set_tls_refusal(failure, url, QUOTED(words), err);
	if (failure->curl_code == CURLE_SSL_CACERT_BADFILE ||
	    failure->curl_code == CURLE_SSL_CERTPROBLEM) {
		error_set(err, ERROR_USAGE, "cannot use the certificate files: %s", QUOTED(words));
		error_set_hint(err, "--tls-ca, --tls-cert and --tls-key require PEM files");
		return error_set_class(err, CLASS_TLS);
	}
	error_set(err, ERROR_UNAVAILABLE, "cannot get an answer from '%s': %s%s", url,
		  QUOTED(words), failure->tries ? failure->tries : "");
	error_set_remote(err, &(struct error_remote){ .retryable = true });
	if (failure->used_proxy) {
		const char *name = compat_proxy_variable();

		/* libcurl's messages do not say that a proxy was used. */
		if (name)
			error_set_hint(err, "the proxy comes from %s; check that it is right",
				       name);
	}
	return error_set_class(err, class_of(failure->curl_code));
}
