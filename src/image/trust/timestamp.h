/* SPDX-License-Identifier: Apache-2.0 */
/* timestamp.h - a time stamp of a signature by a trusted time authority
 *
 * RFC 3161 and 5816.  The authority's chain has to be valid at the time that the stamp says, not
 * today.
 */
#ifndef OCIFP_IMAGE_TRUST_TIMESTAMP_H
#define OCIFP_IMAGE_TRUST_TIMESTAMP_H

#include <stdbool.h>
#include <stdint.h>

struct octets;
struct trusted_authorities;

/* Whether one of the authorities has stamped these bytes; also false for anything but a time stamp.
 */
bool timestamp_verify(const struct octets *response, const struct octets *stamped,
		      const struct trusted_authorities *authorities, int64_t *ret_time_s);

#endif
