/* SPDX-License-Identifier: Apache-2.0 */
/* tags_order.h - tags in the order of the versions that they name
 *
 * 1.9 before 1.10, 2.0-rc1 before 2.0.
 */
#ifndef OCIFP_OCI_TAGS_ORDER_H
#define OCIFP_OCI_TAGS_ORDER_H

struct strings;

void tags_sort(struct strings *tags);

#endif
