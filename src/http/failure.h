/* failure.h - why there was no HTTP answer, as an error */
#ifndef OCIFP_HTTP_FAILURE_H
#define OCIFP_HTTP_FAILURE_H

#include <stdbool.h>

struct error;

struct failure {
	int curl_code;
	const char *detail; /* libcurl's own words */
	const char *url;
	long proxy_status;  /* of a CONNECT; 0: none */
	bool used_proxy;    /* or may have: curl_compat.h */
	bool trusts_nobody; /* this machine has no certificate authorities */
};

/* The peer is there and TLS says no: certificate, version, or no TLS at all. */
bool failure_is_tls_refusal(const struct failure *failure);

/* ERROR_UNAVAILABLE with class "dns", "connect", "timeout", "protocol" or "interrupted";
 * ERROR_REFUSED, class "tls"; ERROR_DENIED, class "proxy"; ERROR_USAGE for a certificate file of
 * ours that cannot be used.  Returns -1. */
int failure_set(const struct failure *failure, struct error **err);

#endif
