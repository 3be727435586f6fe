/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/descriptor.h"

#include <string.h>

#include "base/error.h"
#include "base/xalloc.h"

void
descriptors_add(struct descriptors *descriptors, const struct descriptor *descriptor)
{
	struct descriptor copy;

	descriptor_copy(descriptor, &copy);
	descriptors_take(descriptors, &copy);
}

void
descriptors_take(struct descriptors *descriptors, struct descriptor *descriptor)
{
	descriptors->items = xgrow(descriptors->items, descriptors->count, sizeof(*descriptor));
	descriptors->items[descriptors->count++] = *descriptor;
	*descriptor = (struct descriptor){ 0 };
}

/* Into the descriptors, or into `unsupported` unless that is NULL. */
static int
parse_item(json_t *item, struct descriptors *descriptors, json_t *unsupported, struct error **err)
{
	AUTO_ERROR struct error *failure = NULL;
	struct descriptor descriptor;

	if (descriptor_parse(item, &descriptor, &failure) == 0) {
		descriptors_take(descriptors, &descriptor);
		return 0;
	}
	if (unsupported && error_has_class(failure, CLASS_UNSUPPORTED))
		return json_array_append(unsupported, item);
	return error_pass(err, TAKE_PTR(failure));
}

int
descriptors_parse(const json_t *array, const char *name, struct descriptors *ret_descriptors,
		  json_t *unsupported, struct error **err)
{
	AUTO_DESCRIPTORS struct descriptors descriptors = { 0 };

	for (size_t i = 0; i < json_array_size(array); i++)
		if (parse_item(json_array_get(array, i), &descriptors, unsupported, err) < 0)
			return error_wrap(err, "%s[%zu]", name, i);
	*ret_descriptors = descriptors;
	descriptors = (struct descriptors){ 0 };
	return 0;
}

json_t *
descriptors_json(const struct descriptors *descriptors)
{
	json_t *array = json_array();

	for (size_t i = 0; i < descriptors->count; i++)
		json_array_append_new(array, descriptor_json(&descriptors->items[i]));
	return array;
}

void
descriptors_release(struct descriptors *descriptors)
{
	for (size_t i = 0; i < descriptors->count; i++)
		descriptor_release(&descriptors->items[i]);
	free(descriptors->items);
	*descriptors = (struct descriptors){ 0 };
}

bool
descriptors_has(const struct descriptors *descriptors, const struct digest *digest)
{
	for (size_t i = 0; i < descriptors->count; i++)
		if (digest_equal(&descriptors->items[i].digest, digest))
			return true;
	return false;
}
