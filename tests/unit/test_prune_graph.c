/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "image/prune/prune_graph.h"
#include "in_image_room.h"
#include "oci/media_type.h"
#include "repository/backend.h"

static struct descriptor
add_index(const char *more, const char *entries)
{
	return image_room_add(room, MEDIA_OCI_INDEX,
			      "{\"schemaVersion\":2,\"mediaType\":\"%s\"%s,\"manifests\":[%s]}",
			      MEDIA_OCI_INDEX, more, entries);
}

static int
read_graph(struct prune_graph *graph, struct error **err)
{
	graph->repository = &room->repository;
	return prune_graph_read(graph, err);
}

static const struct prune_node *
find(const struct prune_graph *graph, const struct descriptor *descriptor)
{
	const struct prune_node *node = prune_graph_find(graph, &descriptor->digest);

	assert_non_null(node);
	return node;
}

static void
all_that_a_tag_leads_to_is_read_once(void **state)
{
	AUTO_DESCRIPTOR struct descriptor image = image_room_add_image(room, "linux/amd64", "a");
	AUTO_DESCRIPTOR struct descriptor inner =
		add_index("", image_room_entry(&image, "linux/amd64"));
	AUTO_DESCRIPTOR struct descriptor outer = add_index("", image_room_entry(&inner, NULL));
	AUTO_PRUNE_GRAPH struct prune_graph graph = { 0 };
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	image_room_tag(room, &outer, "v1");
	image_room_tag(room, &outer, "latest");
	image_room_tag(room, &inner, "inner");
	assert_int_equal(read_graph(&graph, &err), 0);
	assert_int_equal(graph.count, 3);
	assert_int_equal(find(&graph, &outer)->tags.count, 2);
	assert_int_equal(find(&graph, &inner)->tags.count, 1);
	assert_int_equal(find(&graph, &outer)->kind, DOCUMENT_INDEX);
	assert_int_equal(find(&graph, &image)->kind, DOCUMENT_MANIFEST);
	assert_int_equal(find(&graph, &image)->manifest.layers.count, 1);
	assert_int_equal(image_room_count(room, "get:"), 1);
}

static void
what_an_index_lists_and_is_not_there_is_absent(void **state)
{
	AUTO_DESCRIPTOR struct descriptor image = image_room_add_image(room, "linux/amd64", "a");
	AUTO_DESCRIPTOR struct descriptor index =
		add_index("", image_room_entry(&image, "linux/amd64"));
	AUTO_PRUNE_GRAPH struct prune_graph graph = { 0 };
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	image_room_tag(room, &index, "v1");
	image_room_forget(room, &image);
	assert_int_equal(read_graph(&graph, &err), 0);
	assert_true(find(&graph, &image)->is_absent);
	assert_false(find(&graph, &index)->is_absent);
}

static void
a_document_that_cannot_be_read_ends_it(void **state)
{
	AUTO_DESCRIPTOR struct descriptor broken =
		image_room_add(room, MEDIA_OCI_MANIFEST, "{\"schemaVersion\":2}");
	AUTO_DESCRIPTOR struct descriptor index = add_index("", image_room_entry(&broken, NULL));
	AUTO_PRUNE_GRAPH struct prune_graph graph = { 0 };
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	image_room_tag(room, &index, "v1");
	assert_int_equal(read_graph(&graph, &err), -1);
	assert_true(error_is(err, ERROR_CONTENT));
	assert_non_null(strstr(error_text(err), digest_text(&broken.digest).text));
}

static void
an_index_that_lists_itself_in_a_circle_is_read_to_its_end(void **state)
{
	AUTO_DESCRIPTOR struct descriptor other = add_index("", "");
	AUTO_DESCRIPTOR struct descriptor index = add_index("", image_room_entry(&other, NULL));
	AUTO_PRUNE_GRAPH struct prune_graph graph = { 0 };
	AUTO_ERROR struct error *err = NULL;
	AUTO_FREE char *circle = xasprintf("{\"schemaVersion\":2,\"mediaType\":\"%s\","
					   "\"manifests\":[%s]}",
					   MEDIA_OCI_INDEX, image_room_entry(&index, NULL));

	(void)state;
	/* No hash makes that possible; this place says that it is so. */
	free(room->documents[0].bytes);
	room->documents[0].bytes = TAKE_PTR(circle);
	image_room_tag(room, &index, "v1");
	assert_int_equal(read_graph(&graph, &err), 0);
	assert_int_equal(graph.count, 2);
}

static void
what_is_about_something_is_known_by_its_field_or_by_its_tag(void **state)
{
	AUTO_DESCRIPTOR struct descriptor image = image_room_add_image(room, "linux/amd64", "a");
	AUTO_FREE char *subject = xasprintf(",\"subject\":%s", image_room_entry(&image, NULL));
	AUTO_DESCRIPTOR struct descriptor by_field = add_index(subject, "");
	AUTO_DESCRIPTOR struct descriptor by_tag = add_index("", image_room_entry(&by_field, NULL));
	AUTO_FREE char *tag = xasprintf("sha256-%s.sig", digest_hex(&image.digest).text);
	AUTO_PRUNE_GRAPH struct prune_graph graph = { 0 };
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	image_room_tag(room, &image, "sha256-abc");
	image_room_tag(room, &by_tag, "one-of-several");
	image_room_tag(room, &by_tag, tag);
	assert_int_equal(read_graph(&graph, &err), 0);
	assert_true(digest_equal(&find(&graph, &by_field)->subject, &image.digest));
	assert_true(digest_equal(&find(&graph, &by_tag)->subject, &image.digest));
	assert_int_equal(find(&graph, &image)->subject.algorithm, DIGEST_NONE);
}

static void
referrers_are_put_in_when_they_are_asked_for(void **state)
{
	AUTO_DESCRIPTOR struct descriptor image = image_room_add_image(room, "linux/amd64", "a");
	AUTO_FREE char *subject = xasprintf(",\"subject\":%s", image_room_entry(&image, NULL));
	AUTO_DESCRIPTOR struct descriptor about = add_index(subject, "");
	AUTO_PRUNE_GRAPH struct prune_graph graph = { 0 };
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	image_room_tag(room, &image, "v1");
	image_room_refer(room, &image, &about);
	assert_int_equal(read_graph(&graph, &err), 0);
	assert_null(prune_graph_find(&graph, &about.digest));
	for (int twice = 0; twice < 2; twice++)
		assert_int_equal(prune_graph_add_referrers(&graph, find(&graph, &image), &err), 0);
	assert_int_equal(graph.count, 2);
	assert_true(digest_equal(&find(&graph, &about)->subject, &image.digest));
}

static void
an_image_is_dated_by_annotation_else_by_the_newest_config(void **state)
{
	static const char created[] =
		",\"annotations\":{\"org.opencontainers.image.created\":\"%s\"}";
	AUTO_DESCRIPTOR struct descriptor image = image_room_add_image(room, "linux/amd64", "a");
	AUTO_FREE char *good = xasprintf(created, "1970-01-01T00:00:07Z");
	AUTO_FREE char *bad = xasprintf(created, "yesterday");
	AUTO_DESCRIPTOR struct descriptor dated = add_index(good, image_room_entry(&image, NULL));
	AUTO_DESCRIPTOR struct descriptor undated = add_index(bad, image_room_entry(&image, NULL));
	AUTO_PRUNE_GRAPH struct prune_graph graph = { 0 };
	AUTO_ERROR struct error *err = NULL;
	struct prune_node *node;

	(void)state;
	image_room_tag(room, &dated, "dated");
	image_room_tag(room, &undated, "undated");
	assert_int_equal(read_graph(&graph, &err), 0);
	node = prune_graph_find(&graph, &dated.digest);
	assert_int_equal(prune_graph_date(&graph, node, &err), 0);
	assert_int_equal(node->created_s, 7);
	node = prune_graph_find(&graph, &undated.digest);
	assert_int_equal(prune_graph_date(&graph, node, &err), 0);
	assert_null(node->dated_by);
}

/* As many manifests as a place may list: the same bytes under so many digests. */
static size_t listed_count;

static int
list_many(struct repository *repository, struct holdings *holdings, struct error **err)
{
	static const char text[] = "{\"schemaVersion\":2,\"manifests\":[]}";

	(void)repository;
	for (size_t i = 0; i < listed_count; i++) {
		struct digest digest = digest_of(DIGEST_SHA256, &i, sizeof(i));
		struct holding *holding = holdings_add(holdings, &digest, err);

		if (!holding)
			return -1;
		holding->root.media_type = xstrdup(MEDIA_OCI_INDEX);
		holding->bytes = BUF_INIT(MANIFEST_LIMIT_BYTES);
		assert_int_equal(buf_append_text(&holding->bytes, text, err), 0);
	}
	return 0;
}

static int
read_many(size_t count, struct error **err)
{
	struct repository_ops ops = *room->repository.ops;
	AUTO_PRUNE_GRAPH struct prune_graph graph = { 0 };

	ops.list_holdings = list_many;
	room->repository.ops = &ops;
	listed_count = count;
	return read_graph(&graph, err);
}

static void
as_many_manifests_as_the_limit_are_looked_at_and_one_more_is_refused(void **state)
{
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	assert_int_equal(read_many(PRUNE_LIMIT_COUNT, &err), 0);
	assert_int_equal(read_many(PRUNE_LIMIT_COUNT + 1, &err), -1);
	assert_true(error_is(err, ERROR_FAILURE));
}

static void
what_an_index_lists_counts_too(void **state)
{
	AUTO_PRUNE_GRAPH struct prune_graph graph = { 0 };
	AUTO_DESCRIPTOR struct descriptor image = image_room_add_image(room, "linux/amd64", "a");
	AUTO_DESCRIPTOR struct descriptor index = add_index("", image_room_entry(&image, NULL));
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	image_room_tag(room, &index, "v1");
	graph.count = PRUNE_LIMIT_COUNT - 1;
	graph.nodes = xcalloc(PRUNE_LIMIT_COUNT, sizeof(struct prune_node *));
	for (size_t i = 0; i < graph.count; i++) {
		graph.nodes[i] = XNEW(struct prune_node);
		graph.nodes[i]->kind = DOCUMENT_MANIFEST;
	}
	assert_int_equal(read_graph(&graph, &err), -1);
	assert_true(error_is(err, ERROR_FAILURE));
}

static void
so_many_bytes_of_documents_are_read_and_one_more_is_not(void **state)
{
	AUTO_DESCRIPTOR struct descriptor image = image_room_add_image(room, "linux/amd64", "a");
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	image_room_tag(room, &image, "v1");
	for (int more = 0; more < 2; more++) {
		AUTO_PRUNE_GRAPH struct prune_graph graph = {
			.document_bytes = PRUNE_LIMIT_BYTES - image.size_bytes + (size_t)more,
		};

		assert_int_equal(read_graph(&graph, &err), more ? -1 : 0);
	}
	assert_true(error_is(err, ERROR_FAILURE));
}

/* Documents of half the limit each, of which nobody looks at a byte. */
static size_t one_more;

static int
resolve_large(struct repository *repository, const char *tag, const struct digest *digest,
	      struct resolution *resolution, struct error **err)
{
	(void)repository;
	(void)digest;
	(void)err;
	resolution->evidence.presence = PRESENCE_PRESENT;
	resolution->descriptor.media_type = xstrdup(MEDIA_OCI_INDEX);
	resolution->descriptor.digest = digest_of(DIGEST_SHA256, tag, 1);
	resolution->bytes.size = PRUNE_LIMIT_BYTES / 2 + (*tag == 'b' ? one_more : 0);
	return 0;
}

static void
so_many_bytes_of_named_documents_are_held_and_one_more_is_not(void **state)
{
	AUTO_DESCRIPTOR struct descriptor image = image_room_add_image(room, "linux/amd64", "a");
	struct repository_ops ops = *room->repository.ops;
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	image_room_tag(room, &image, "a");
	image_room_tag(room, &image, "b");
	ops.resolve = resolve_large;
	room->repository.ops = &ops;
	for (one_more = 0; one_more < 2; one_more++) {
		AUTO_HOLDINGS struct holdings holdings = { 0 };

		assert_int_equal(repository_list_holdings(&room->repository, &holdings, &err),
				 one_more ? -1 : 0);
	}
	assert_true(error_is(err, ERROR_FAILURE));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_ROOM(all_that_a_tag_leads_to_is_read_once),
		IN_ROOM(what_an_index_lists_and_is_not_there_is_absent),
		IN_ROOM(a_document_that_cannot_be_read_ends_it),
		IN_ROOM(an_index_that_lists_itself_in_a_circle_is_read_to_its_end),
		IN_ROOM(what_is_about_something_is_known_by_its_field_or_by_its_tag),
		IN_ROOM(referrers_are_put_in_when_they_are_asked_for),
		IN_ROOM(an_image_is_dated_by_annotation_else_by_the_newest_config),
		IN_ROOM(as_many_manifests_as_the_limit_are_looked_at_and_one_more_is_refused),
		IN_ROOM(what_an_index_lists_counts_too),
		IN_ROOM(so_many_bytes_of_documents_are_read_and_one_more_is_not),
		IN_ROOM(so_many_bytes_of_named_documents_are_held_and_one_more_is_not),
	};

	return cmocka_run_group_tests_name("prune_graph", tests, NULL, NULL);
}
