/* SPDX-License-Identifier: Apache-2.0 */
/* annotation.h - the names of the annotations that we read and write
 *
 * image-spec, annotations.md; for "dev.ocifp." see ocifp-fingerprint(7).
 */
#ifndef OCIFP_OCI_ANNOTATION_H
#define OCIFP_OCI_ANNOTATION_H

#define ANNOTATION_FINGERPRINT "dev.ocifp.fingerprint" /* 64 hex digits */
#define ANNOTATION_SCHEME "dev.ocifp.scheme"           /* "tree" or "concat" */
#define ANNOTATION_INPUTS "dev.ocifp.inputs"           /* digest of the record's blob */
#define ANNOTATION_BASE_DIGEST "org.opencontainers.image.base.digest"
#define ANNOTATION_BASE_NAME "org.opencontainers.image.base.name"
#define ANNOTATION_CREATED "org.opencontainers.image.created"
#define ANNOTATION_SOURCE "org.opencontainers.image.source"
#define ANNOTATION_REF_NAME "org.opencontainers.image.ref.name" /* of an entry of index.json */
#define ANNOTATION_REVISION "org.opencontainers.image.revision"

#endif
