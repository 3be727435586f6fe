/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/libraries.h"

#include <curl/curl.h>
#include <openssl/crypto.h>
#include <yaml.h>

static void
add(json_t *object, const char *name, const char *version)
{
	(void)json_object_set_new(object, name, version ? json_string(version) : json_null());
}

json_t *
libraries_object(void)
{
	const curl_version_info_data *curl = curl_version_info(CURLVERSION_NOW);
	json_t *object = json_object();

	add(object, "libcurl", curl->version);
	add(object, "tls", curl->ssl_version);
	add(object, "nghttp2",
	    curl->age >= CURLVERSION_SIXTH && curl->nghttp2_version ? curl->nghttp2_version : NULL);
	add(object, "libcrypto", OpenSSL_version(OPENSSL_VERSION_STRING));
	add(object, "jansson", jansson_version_str());
	add(object, "libyaml", yaml_get_version_string());
	return object;
}
