/* SPDX-License-Identifier: Apache-2.0 */
/* failure.h - the error for a request without an HTTP answer */
#ifndef OCIFP_HTTP_FAILURE_H
#define OCIFP_HTTP_FAILURE_H

#include <stdbool.h>

struct error;

struct failure {
	int curl_code;
	const char *detail; /* libcurl's message */
	const char *url;
	const char *tries;  /* of request_tries() */
	long proxy_status;  /* of a CONNECT; 0: none */
	bool used_proxy;    /* or may have used one: curl_compat.h */
	bool trusts_nobody; /* this machine has no certificate authorities */
};

/* TLS refuses the server: its certificate, its version, or it does not speak TLS. */
bool failure_is_tls_refusal(const struct failure *failure);

/* ERROR_UNAVAILABLE with class "dns", "connect", "timeout", "protocol" or "interrupted";
 * ERROR_REFUSED, class "tls"; ERROR_DENIED, class "proxy"; ERROR_USAGE for one of
 * our certificate files.  Returns -1. */
int failure_set(const struct failure *failure, struct error **err);

#endif
