/* SPDX-License-Identifier: Apache-2.0 */
/* media_type.h - the media types that we know
 *
 * image-spec, media-types.md, and the Docker v2 schema 2 types it names as compatible.
 */
#ifndef OCIFP_OCI_MEDIA_TYPE_H
#define OCIFP_OCI_MEDIA_TYPE_H

#include <stdbool.h>

#define MEDIA_OCI_MANIFEST "application/vnd.oci.image.manifest.v1+json"
#define MEDIA_OCI_INDEX "application/vnd.oci.image.index.v1+json"
#define MEDIA_OCI_CONFIG "application/vnd.oci.image.config.v1+json"
#define MEDIA_OCI_LAYER "application/vnd.oci.image.layer.v1.tar"
#define MEDIA_OCI_LAYER_GZIP "application/vnd.oci.image.layer.v1.tar+gzip"
#define MEDIA_OCI_LAYER_ZSTD "application/vnd.oci.image.layer.v1.tar+zstd"
#define MEDIA_OCI_EMPTY "application/vnd.oci.empty.v1+json"
#define MEDIA_DOCKER_MANIFEST "application/vnd.docker.distribution.manifest.v2+json"
#define MEDIA_DOCKER_INDEX "application/vnd.docker.distribution.manifest.list.v2+json"
#define MEDIA_DOCKER_CONFIG "application/vnd.docker.container.image.v1+json"
#define MEDIA_DOCKER_LAYER "application/vnd.docker.image.rootfs.diff.tar"
#define MEDIA_DOCKER_LAYER_GZIP "application/vnd.docker.image.rootfs.diff.tar.gzip"
#define MEDIA_DOCKER_LAYER_ZSTD "application/vnd.docker.image.rootfs.diff.tar.zstd"
#define MEDIA_DOCKER_SCHEMA1 "application/vnd.docker.distribution.manifest.v1+json"
#define MEDIA_DOCKER_SCHEMA1_SIGNED "application/vnd.docker.distribution.manifest.v1+prettyjws"
#define MEDIA_INPUTS "application/vnd.ocifp.inputs.v1" /* artifactType and layer: our record */
#define MEDIA_SIMPLE_SIGNING "application/vnd.dev.cosign.simplesigning.v1+json"

/* The Accept header of every manifest request: ghcr.io answers 404 if it lacks a type. */
#define MEDIA_ACCEPT_MANIFESTS \
	MEDIA_OCI_INDEX ", " MEDIA_OCI_MANIFEST ", " MEDIA_DOCKER_INDEX ", " MEDIA_DOCKER_MANIFEST

enum document_kind { DOCUMENT_OTHER, DOCUMENT_MANIFEST, DOCUMENT_INDEX, DOCUMENT_SCHEMA1 };

/* TYPE/SUBTYPE in printable ASCII (RFC 6838, 4.2, which artifacts' types do not always follow). */
bool media_type_is_valid(const char *media_type);

/* Here and below, parameters ("; charset=utf-8") and case are ignored. */
bool media_type_is(const char *media_type, const char *known);
enum document_kind media_type_kind(const char *media_type);

/* A neutral type, which servers without a configured type send for everything. */
bool media_type_is_generic(const char *media_type);

enum compression { COMPRESSION_NONE, COMPRESSION_GZIP, COMPRESSION_ZSTD, COMPRESSION_UNKNOWN };

/* COMPRESSION_UNKNOWN for everything but a layer that we unpack: artifacts, encrypted
 * ("+encrypted") and non-distributable layers. */
enum compression media_type_compression(const char *media_type);
bool media_type_is_config(const char *media_type);

/* Each type of one family has an equivalent in the other. */
enum media_family { MEDIA_FAMILY_KEPT, MEDIA_FAMILY_OCI, MEDIA_FAMILY_DOCKER };
enum media_family media_type_family(const char *manifest_type);

/* The equivalent in that family; itself if there is none. */
const char *media_type_in(const char *media_type, enum media_family family);

#endif
