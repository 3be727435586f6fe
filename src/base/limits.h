/* SPDX-License-Identifier: Apache-2.0 */
/* limits.h - the most that we accept from anyone
 *
 * Each limit has its unit in its name, its reason, and its source if there is one.  Each has a test
 * at the limit and one past it; limits of a struct buf above 64 MiB are covered by the buffer's own
 * test (test_buf.c).
 */
#ifndef OCIFP_BASE_LIMITS_H
#define OCIFP_BASE_LIMITS_H

#include <stddef.h>
#include <stdint.h>

#define KIB ((size_t)1024)
#define MIB ((size_t)1024 * 1024)
#define GIB ((uint64_t)1024 * 1024 * 1024)

/* Documents */
#define MANIFEST_LIMIT_BYTES (4 * MIB) /* distribution-spec: registries SHOULD take 4 MiB */
#define CONFIG_LIMIT_BYTES (4 * MIB)   /* an image config is a document like a manifest */
#define JSON_LIMIT_DEPTH 64            /* no specification nests deeper than about ten */
#define JSON_LIMIT_TOKENS 100000       /* about 23 MiB in jansson, whose cost is 229 bytes each */
#define LAYERS_LIMIT_COUNT 1024        /* overlayfs stacks 500; builders create fewer than 130 */
#define INDEX_LIMIT_DEPTH 4            /* index in index; tools make two levels at most */
#define TREE_LIMIT_BYTES (64 * MIB)    /* documents of one image together: 10,000 of 6 KiB */
#define RECORD_LIMIT_BYTES (64 * MIB)  /* published input list: 500,000 paths of 128 bytes */

/* Signatures */
#define SIGNATURE_PAYLOAD_LIMIT_BYTES (64 * KIB) /* cosign's have about 250 bytes */
#define SIGNATURES_LIMIT_COUNT 100               /* of one image; each takes a request or two */
#define BUNDLE_LIMIT_BYTES (8 * MIB)             /* attested SBOMs of images have 1 to 4 MiB */
#define SUBJECTS_LIMIT_COUNT 1024 /* subjects of a statement: GitHub attests at most 1024 */
#define BUNDLE_CERTIFICATES_LIMIT_COUNT 10   /* a chain has three */
#define BUNDLE_ENTRIES_LIMIT_COUNT 32        /* log entries, as sigstore-go; bundles have one */
#define BUNDLE_TIMESTAMPS_LIMIT_COUNT 32     /* timestamps, as sigstore-go; bundles have one */
#define PROOF_HASHES_LIMIT_COUNT 64          /* a tree of 2^63 leaves has this height */
#define CHECKPOINT_LIMIT_BYTES (64 * KIB)    /* of a log: 200 bytes, and as much for a witness */
#define CHECKPOINT_SIGNATURES_LIMIT_COUNT 16 /* with the log's hint: each is verified */
#define TRUSTED_ROOT_LIMIT_BYTES (1 * MIB)   /* the public one has 7 KiB */

/* Names: distribution-spec, "Pulling manifests" */
#define NAME_LIMIT_CHARS 255 /* host and name together: many clients stop here */
#define TAG_LIMIT_CHARS 128
#define REFERRER_TAG_HEX_CHARS 64  /* distribution-spec, "Referrers Tag Schema" */
#define REF_NAME_LIMIT_CHARS 524   /* in a layout: 255 + 1 + 128 + 1 + 139, host/name:tag@digest */
#define MEDIA_TYPE_LIMIT_CHARS 255 /* RFC 6838, 4.2: 127 for each of its two names */
#define URL_LIMIT_CHARS 8192       /* signed blob URLs are 1 to 2 KiB long */

/* HTTP */
#define HEADERS_LIMIT_BYTES (64 * KIB)
#define HEADERS_LIMIT_COUNT 200
#define CHALLENGE_LIMIT_BYTES (8 * KIB)
#define SCOPES_LIMIT_COUNT 16         /* of one token; a copy between two repositories needs two */
#define TOKEN_LIMIT_BYTES (128 * KIB) /* a token answer; tokens themselves are 1 to 8 KiB */
#define ERROR_BODY_LIMIT_BYTES (8 * KIB)
#define WARNINGS_LIMIT_BYTES (4 * KIB) /* distribution-spec: a registry sends no more */
#define TAGS_PAGE_LIMIT_BYTES MIB
#define PACKAGES_PAGE_LIMIT_BYTES (4 * MIB) /* 100 versions of about 1 KiB, and their tags */
#define TAGS_LIMIT_COUNT 1000000
#define TAGS_COMPARED_LIMIT_COUNT 2000   /* a request each, before a manifest is deleted */
#define TAGS_PAGES_LIMIT_COUNT 10000     /* a million, if every page has only 100 */
#define REFERRERS_LIMIT_COUNT 10000      /* of one manifest; a page is a document and holds 8000 */
#define REFERRERS_PAGES_LIMIT_COUNT 1000 /* 10,000, if every page has only 10 */
#define REFERRERS_UPDATES_LIMIT_COUNT 8  /* attempts to write a list that others change too */
#define REDIRECTS_LIMIT_COUNT 5
#define INTERIM_LIMIT_COUNT 100         /* 1xx responses before the real one */
#define PACKAGES_PAGES_LIMIT_COUNT 2000 /* of 100 versions: twice PRUNE_LIMIT_COUNT */
#define PRUNE_LIMIT_COUNT 100000        /* manifests of one repository: about 300 MiB here */
#define PRUNE_LIMIT_BYTES (512 * MIB)   /* all of them: 100,000 of 5 KiB */
#define JOIN_ROUNDS_LIMIT_COUNT 16      /* of one index; each runner that joins too costs one */

/* Retry: see http/retry.h */
#define ATTEMPTS_LIMIT_COUNT 6
#define RECONNECTS_LIMIT_COUNT 20 /* of one blob, progress or not */
#define BACKOFF_FIRST_MS 500
#define BACKOFF_LIMIT_MS 30000
#define RETRY_AFTER_LIMIT_MS 300000 /* a longer wait ends the request: rate limited */
#define PUT_OFF_LIMIT_MS 900000  /* of one request by rate limits: many jobs share a registry's */
#define GUESS_WAIT_MS 1000       /* a longer wait is a reason to fetch a token */
#define PROGRESS_RESET_BYTES MIB /* received after an attempt, this makes the attempts fresh */

/* Uploads: a blob is sent in one request unless the host refuses that */
#define UPLOAD_CHUNK_BYTES \
	(64 * MIB) /* the first chunk; proxies that limit bodies do so at 100 MB */
#define UPLOAD_CHUNK_FLOOR_BYTES (256 * KIB) /* a host that accepts less cannot take images */
#define SINGLE_POST_LIMIT_BYTES (64 * KIB)   /* the most that a refused request wastes */
#define WRITES_LIMIT_COUNT 1900 /* writes to a host; ghcr.io: "allowed: 2000/minute", for all */
#define WRITES_PERIOD_MS 60000

/* Time */
#define CONNECT_TIMEOUT_MS 30000
#define MIRROR_CONNECT_TIMEOUT_MS 3000 /* the origin has to be asked afterwards */
#define MIRROR_STALL_TIMEOUT_S 5
#define MIRROR_WARM_TIMEOUT_S 120 /* of one that fetches what it was asked for */
#define MIRROR_VERDICT_S 300      /* later runs do not ask a mirror that failed for this long */
#define STALL_TIMEOUT_S 30        /* below STALL_BYTES_PER_S for this long: the transfer is dead */
#define STALL_BYTES_PER_S 1024
#define UPLOAD_STALL_TIMEOUT_S 300    /* a registry hashes and moves the blob before it answers */
#define REQUEST_TIMEOUT_MS 60000      /* a request without a blob */
#define HELPER_TIMEOUT_MS 30000       /* a credential helper */
#define TOKEN_LIFE_FLOOR_S 60         /* distribution-spec token: the default of expires_in */
#define TOKEN_LIFE_LIMIT_S 3600       /* a token with a longer life is fetched again after this */
#define TAG_PUT_KEPT_S (30 * 86400)   /* the mark of a tag that we set */
#define DIRECT_BEARER_VERDICT_S 86400 /* ghcr.io is asked only with a token for this long */
#define TOKEN_MARGIN_S 5              /* a token so near its end may expire on the way */

/* Transfers: a large one fills its connection, which CDNs limit; a small one waits for round trips.
 * libcurl counts the wait for a free connection as time to connect, hence one for each. */
#define LARGE_TRANSFERS_LIMIT_COUNT 6 /* at once, of at least LARGE_BLOB_BYTES */
#define TRANSFERS_LIMIT_COUNT 32      /* at once, in all; 60 blobs at 50 ms: 0.80 of 16, 50: 0.85 */
#define LARGE_BLOB_BYTES (4 * MIB)
#define LARGE_CONNECTIONS_LIMIT_COUNT 16 /* at once, with ranges: http/ramp.h */
/* To one host; two are for tokens. */
#define CONNECTIONS_LIMIT_COUNT (TRANSFERS_LIMIT_COUNT + LARGE_CONNECTIONS_LIMIT_COUNT + 2)
#define TRANSFER_BUFFER_BYTES (256 * KIB)
#define SMALL_TRANSFER_BUFFER_BYTES (64 * KIB) /* below LARGE_BLOB_BYTES */
#define GZIP_BLOCK_BYTES (512 * KIB) /* part of every digest that we make; 0.3 % larger layers */
#define GZIP_THREADS_LIMIT_COUNT 16  /* one thread reads and hashes for as many; 1.3 MiB each */
#define RANGE_BYTES (16 * MIB)       /* of a large download */
#define RAMP_BYTES_PER_S (150 * MIB) /* a faster download gets no further connections */
#define RAMP_WINDOW_MS 500           /* until new connections are at their speed */
#define LANDING_MARGIN_S 30          /* a signed URL that ends earlier gets no new range */
#define RELAY_BUFFER_BYTES MIB /* of one blob between two registries: four reads of a socket */

/* The store */
#define SYNC_EACH_LIMIT_COUNT 64     /* files synced one by one: 0.03 to 0.16 s here */
#define WRITE_BEHIND_BYTES (8 * MIB) /* of a download: then the kernel starts writing to disk */
#define HOLE_MARGIN_BYTES (2 * MIB)  /* before a hole in a part: the largest page is not whole */
#define HASH_BEHIND_BYTES MIB        /* of a download: then a thread hashes it */
#define HASH_BUFFER_BYTES (64 * KIB) /* stays in the processor's cache between read and hash */
#define HASH_THREADS_LIMIT_COUNT 4   /* more threads only wait for the disk and each other */

/* Paths */
#define LINKS_LIMIT_COUNT 40       /* in one path, as the kernel */
#define MEMBER_LINKS_LIMIT_COUNT 8 /* of an archive, one behind another; docker save: 1 */

/* Jobs in a root filesystem */
#define USER_TABLE_LIMIT_BYTES (1 * MIB) /* an image's passwd and group: 10,000 users */
#define GROUPS_LIMIT_COUNT 1024          /* of one user; Linux takes 65,536 */
#define ENV_FILE_LIMIT_BYTES (1 * MIB)
#define HOST_NAME_LIMIT_BYTES 64 /* Linux; musl's HOST_NAME_MAX is 255 */
#define VOLUME_NAME_LIMIT_CHARS 128
#define RUNNER_HOOK_LIMIT_BYTES (4 * MIB) /* with all variables of a step */
#define KEPT_ROOT_IMAGE_LIMIT_BYTES 256   /* of the line with its image */
#define ENGINE_LOG_LIMIT_BYTES (64 * KIB)
#define ANSWER_LIMIT_BYTES (128 * KIB)    /* of a container: an error of two paths, quoted twice */
#define ENGINE_ARGS_LIMIT_BYTES (2 * MIB) /* what execve() takes of arguments and environment */

/* Local files */
#define COPY_LIST_LIMIT_BYTES (16 * MIB) /* 100,000 lines of two references */
#define PROJECT_FILE_LIMIT_BYTES (1 * MIB)
#define PROJECT_FILE_LIMIT_DEPTH 8        /* four levels have a meaning */
#define PROJECT_FILE_LIMIT_VALUES 10000   /* duplicate keys are found by comparing every pair */
#define SURVEY_STAGES_LIMIT_COUNT 256     /* of a Dockerfile, each looked up in the build command */
#define SURVEY_IMAGES_LIMIT_COUNT 64      /* in a new project file; projects have a few */
#define SURVEY_FOLDERS_LIMIT_COUNT 10000  /* looked through; the largest monorepos have more */
#define SURVEY_DEPTH_LIMIT 3              /* as in services/api/docker/Dockerfile */
#define SURVEY_TEXT_LIMIT_BYTES (4 * MIB) /* the Makefile and workflows together */
#define AUTH_FILE_LIMIT_BYTES (1 * MIB)
#define KEY_FILE_LIMIT_BYTES (64 * KIB) /* a PEM key has some hundred bytes */
#define LOCK_FILE_LIMIT_BYTES (4 * MIB)
#define EVENT_FILE_LIMIT_BYTES (32 * MIB) /* GitHub cuts webhook payloads at 25 MB */
#define HELPER_OUTPUT_LIMIT_BYTES (64 * KIB)
#define SPARE_BYTES \
	(64 * KIB) /* besides index.json: directories that removal creates, on any file system */
#define LAYOUT_INDEX_LIMIT_BYTES (16 * MIB)  /* index.json of a layout with many tags */
#define STAT_CACHE_FILES_MIN_COUNT 2000      /* fewer are read in milliseconds */
#define STAT_CACHE_FILES_LIMIT_COUNT 1000000 /* 72 MB; with more files, each is read */
#define STAT_CACHE_QUIET_S 60                /* before that, a file may still change */
#define STAT_CACHE_BOOT_LIMIT_BYTES 39       /* a UUID and a line's end have 37 */
#define STAT_CACHE_UNUSED_RUNS 8
#define STAT_CACHE_LIFE_S (30 * 86400)
#define STAT_CACHE_SWEPT_LIMIT_COUNT 10000
#define INPUTS_LIMIT_COUNT 2000000         /* files of one fingerprint: about 400 MiB of paths */
#define GIT_REFS_LIMIT_COUNT 20000         /* commits: some ms each, a few minutes together */
#define GIT_ORIGIN_TIMEOUT_MS 60000        /* ls-remote: as a request without a blob */
#define GIT_CHECKOUT_LIMIT_BYTES (4 * GIB) /* inputs of one commit, in $TMPDIR */
#define GIT_LINKS_LIMIT_COUNT 40           /* rounds of links in a commit, as in the kernel */
#define LFS_POINTER_LIMIT_BYTES 1024       /* git-lfs, docs/spec.md: "smaller than 1024 bytes" */
#define PATH_LIMIT_BYTES 4096
#define ARCHIVE_MEMBERS_LIMIT_COUNT 32768  /* `docker save` makes 3 a layer; 20 MiB of names */
#define ARCHIVE_NAME_LIMIT_BYTES 512       /* blobs/sha512/<hex> has 141 */
#define ARCHIVE_IMAGES_LIMIT_COUNT 1000    /* each costs a config of up to CONFIG_LIMIT_BYTES */
#define GIT_OUTPUT_LIMIT_BYTES (512 * MIB) /* paths of `git ls-files`, up to INPUTS_LIMIT_COUNT */

/* Caches: cache/ */
#define SOURCES_LIMIT_BYTES (256 * MIB)  /* INPUTS_LIMIT_COUNT of about 128 bytes */
#define SUBMODULES_LIMIT_COUNT 1000      /* of one checkout, nested ones too */
#define CHECKOUT_PAUSE_LIMIT_S 300       /* a large file over a slow line takes this long */
#define CACHE_NAME_LIMIT_CHARS 64        /* it is part of a tag, of TAG_LIMIT_CHARS */
#define CACHE_MAX_FLOOR_BYTES (64 * MIB) /* two packs: with less, nothing would be kept */
#define KEY_INPUT_LIMIT_BYTES (16 * MIB) /* a key file: the largest lock files have 3 MiB */

#define CACHE_RECORD_LIMIT_BYTES (4 * MIB) /* of a key: 50,000 packages of 80 bytes */
#define TOOLCHAIN_TIMEOUT_MS 600000        /* rustup may have to install the project's toolchain */

/* Tars that we write */
#define PAX_LIMIT_BYTES MIB            /* records of one member: Go's archive/tar reads no more */
#define PACK_LIMIT_DEPTH 256           /* directories: each holds a descriptor meanwhile */
#define PACK_NAMES_LIMIT_COUNT 1000000 /* in one folder: about 64 MiB */
#define PACK_HARD_LINKS_LIMIT_COUNT 500000 /* files with several names: about 64 MiB */
#define XATTR_LIMIT_BYTES (64 * KIB)       /* Linux: XATTR_SIZE_MAX of one value, XATTR_LIST_MAX */

/* The confined helper: sandbox/ */
#define CHILD_FILES_LIMIT_COUNT 320          /* descriptors: TREE_DEPTH_LIMIT_COUNT and some */
#define CHILD_MEMORY_LIMIT_BYTES (768 * MIB) /* address space; two stacks of 8 MiB, libraries */
#define CHILD_CPU_LIMIT_S 14400              /* 4 h: 1 TiB of layer at 100 MB/s, nearly */
#define CHILD_STALL_LIMIT_MS 300000          /* without any processor time while we wait: stopped */
#define INTERRUPT_GRACE_MS 5000 /* after a signal, a program is killed when this has passed */
#define MESSAGE_LIMIT_BYTES (64 * KIB) /* two paths and some numbers */
#define MESSAGE_TIMEOUT_MS 10000       /* for the rest of a message that has begun */
#define ID_FILE_LIMIT_BYTES MIB        /* /etc/subuid: 30,000 users */

/* A layer that is unpacked */
#define LAYER_ENTRIES_LIMIT_COUNT 2000000       /* large distributions have 400,000 files */
#define IMAGE_NAMES_LIMIT_COUNT 2000000         /* of an export: 450 MB of memory */
#define IMAGE_NAMES_LIMIT_BYTES (448 * MIB)     /* with attributes; the helper has 768 MiB in all */
#define LAYER_UNPACKED_LIMIT_BYTES (1024 * GIB) /* with the holes of sparse files */
#define LAYER_RATIO_LIMIT 250                   /* of output to input ... */
#define LAYER_RATIO_FREE_BYTES \
	(512 * (uint64_t)MIB) /* ... beyond this much: zeros compress 1000 to 1 */
#define LAYER_RESERVE_BYTES (64 * (uint64_t)MIB)      /* kept free on the file system */
#define LAYER_RESERVE_STEP_BYTES (16 * (uint64_t)MIB) /* how often the free space is checked */
#define TAR_HEADERS_LIMIT_BYTES \
	(8 * MIB)                      /* of one member: names, records, a map of 300,000 regions */
#define XATTRS_LIMIT_COUNT 128         /* of one file */
#define LAYER_RING_COUNT 8             /* buffers between the inflating and the unpacking thread */
#define LAYER_BUFFER_BYTES (256 * KIB) /* bytes of each */
#define ZSTD_WINDOW_LIMIT_LOG 27 /* libzstd's own: `zstd --ultra -22`, and BuildKit's 32 MiB */
#define TREE_PATH_LIMIT_BYTES (256 * KIB) /* a path of 4 KiB behind 40 links of 4 KiB */
#define TREE_DEPTH_LIMIT_COUNT 256        /* directories open at once while a tree is removed */

#define UNPACKERS_LIMIT_COUNT 4             /* helpers at once; each has two threads */
#define TREE_RECORD_LIMIT_BYTES (256 * MIB) /* beside a tree: a path each */

/* Caches: cache/ */
#define CACHE_ROOTS_LIMIT_COUNT 16               /* paths of one cache: a tool's folders */
#define CACHE_CHUNK_LIMIT_BYTES MIB              /* part of the format, as the next two */
#define CACHE_FRAME_LIMIT_BYTES (MIB + 64 * KIB) /* of such a chunk: zstd adds 4 KiB at most */
#define CACHE_PACK_LIMIT_BYTES (32 * MIB)        /* one retry's worth; cache/format/frame.h */
#define CACHE_SMALL_FILE_BYTES (64 * KIB)        /* joined with others: zstd gains by it */
#define CACHE_HEAD_LIMIT_BYTES (4 * MIB)    /* of the index: 64 MiB in chunks of 4 KiB and more */
#define CACHE_STREAM_LIMIT_BYTES (64 * MIB) /* each part of an index: about 1,000,000 files */
#define CACHE_ENTRIES_LIMIT_COUNT 2000000   /* as in a layer */
#define CACHE_CHUNKS_LIMIT_COUNT \
	1500000                      /* in the packs: the number that a table of 64 MiB can have */
#define CACHE_PACKS_LIMIT_COUNT 1000 /* below LAYERS_LIMIT_COUNT; about 32 GB */
#define CACHE_PACKS_HELD_COUNT 16    /* of a restore: 8 that are read, 6 that come */
#define CACHE_INDEX_PACKS_LIMIT_COUNT 64 /* open at once; a save leaves 28 of 384 MiB at most */
#define CACHE_DEPTH_LIMIT_COUNT 256      /* of folders, as PACK_LIMIT_DEPTH */

/* gc removes a local build that was not used for this long: docker's builder prunes by less */
#define BUILT_KEPT_DAYS 30

/* Printed remote text */
#define REMOTE_TEXT_LIMIT_BYTES (1 * KIB)

#endif
