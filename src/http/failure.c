#include "http/failure.h"

#include <curl/curl.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "http/curl_compat.h"

/* An OpenSSL error and not one of the socket beneath it. */
static bool
is_handshake_refusal(const char *detail)
{
	return strstr(detail, "SSL routines") && !strstr(detail, "unexpected eof");
}

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
		return is_handshake_refusal(failure->detail);
	default:
		return false;
	}
}

static const char *
class_of(int curl_code)
{
	switch (curl_code) {
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
		return "dns";
	case CURLE_COULDNT_CONNECT:
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_PROXY:
		return "connect";
	case CURLE_OPERATION_TIMEDOUT:
		return "timeout";
	case CURLE_PARTIAL_FILE:
	case CURLE_GOT_NOTHING:
	case CURLE_SEND_ERROR:
	case CURLE_SEND_FAIL_REWIND:
	case CURLE_RECV_ERROR:
	case CURLE_HTTP2:
	case CURLE_HTTP2_STREAM:
		return "interrupted";
	default:
		return "protocol";
	}
}

/* A clock that is wrong is the commonest reason why good certificates are refused; before there is
 * one to judge, that something else than TLS answers. */
static const char *
remedy(const struct failure *failure)
{
	if (failure->trusts_nobody)
		return "no certificate authorities were found: install ca-certificates, or name "
		       "a file of them in SSL_CERT_FILE";
	if (failure->curl_code == CURLE_SSL_CONNECT_ERROR)
		return "there may be no TLS of version 1.2 or later, or one that wants --tls-cert; "
		       "for http name the host with --plain-http";
	return "check this machine's clock, or name the server's certificate authority with "
	       "--tls-ca FILE";
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
	return error_set_class(err, "tls");
}

static int
set_proxy_failure(const char *url, long status, struct error **err)
{
	if (status == 407) {
		error_set(err, ERROR_DENIED, "the proxy on the way to '%s' wants credentials", url);
		error_set_hint(err, "put them into the proxy's URL in https_proxy");
		return error_set_class(err, "proxy");
	}
	error_set(err, ERROR_UNAVAILABLE, "the proxy on the way to '%s' answered %ld", url, status);
	error_set_remote(err, &(struct error_remote){ .retryable = status >= 500 });
	return error_set_class(err, "proxy");
}

static int
set_local_failure(const char *detail, struct error **err)
{
	error_set(err, ERROR_USAGE, "cannot use the certificate files: %s", detail);
	error_set_hint(err, "--tls-ca, --tls-cert and --tls-key name PEM files");
	return error_set_class(err, "tls");
}

/* Its name stands in no message of libcurl's but that it cannot be found. */
static void
hint_at_proxy(struct error **err)
{
	const char *name = compat_proxy_variable();

	if (name)
		error_set_hint(err, "%s is set: is that the proxy to use?", name);
}

static const char *
words_of(const struct failure *failure)
{
	/* So libcurl before 8.3 calls a header line of more than 100 KiB. */
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
	if (failure_is_tls_refusal(failure))
		return set_tls_refusal(failure, url, QUOTED(words), err);
	if (failure->curl_code == CURLE_SSL_CACERT_BADFILE ||
	    failure->curl_code == CURLE_SSL_CERTPROBLEM)
		return set_local_failure(QUOTED(words), err);
	error_set(err, ERROR_UNAVAILABLE, "cannot get an answer from '%s': %s", url, QUOTED(words));
	error_set_remote(err, &(struct error_remote){ .retryable = true });
	if (failure->used_proxy)
		hint_at_proxy(err);
	return error_set_class(err, class_of(failure->curl_code));
}
