/* SPDX-License-Identifier: Apache-2.0 */
#include "layer/helper/merged.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/compat.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/path.h"
#include "base/random.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "layer/helper/tree.h"

#define IMPLIED_MODE 0755

static int
refuse(const struct entry *entry, const char *why, struct error **err)
{
	return error_set(err, ERROR_CONTENT, "cannot create '%s': %s", QUOTED(entry->path), why);
}

/* The finalizer of splitmix64.  The seed keeps an image from choosing names that collide. */
static size_t
slot_of(const struct merged *merged, const struct merged_name *parent, const char *text,
	size_t size)
{
	uint64_t value = merged->seed ^ (uint64_t)(uintptr_t)parent;

	for (size_t i = 0; i <= size; i++) {
		value += i < size ? (uint8_t)text[i] + UINT64_C(1) : 0;
		value = (value ^ value >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
		value = (value ^ value >> 27) * UINT64_C(0x94d049bb133111eb);
	}
	return (size_t)(value ^ value >> 31) & (merged->capacity - 1);
}

static struct merged_name *
find_child(const struct merged *merged, const struct merged_name *parent, const char *text,
	   size_t size)
{
	struct merged_name *name = merged->slots[slot_of(merged, parent, text, size)];

	while (name && (name->parent != parent || strncmp(name->text, text, size) != 0 ||
			name->text[size] != '\0'))
		name = name->same_hash;
	return name;
}

static void
put_into_slot(struct merged *merged, struct merged_name *name)
{
	struct merged_name **slot =
		&merged->slots[slot_of(merged, name->parent, name->text, strlen(name->text))];

	name->same_hash = *slot;
	*slot = name;
}

static void
grow(struct merged *merged)
{
	free(merged->slots);
	merged->capacity = merged->capacity ? 2 * merged->capacity : 1024;
	merged->slots = xcalloc(merged->capacity, sizeof(*merged->slots));
	for (size_t i = 0; i < merged->name_count; i++)
		if (!merged->all[i]->is_gone)
			put_into_slot(merged, merged->all[i]);
}

static struct merged_file *
new_file(struct merged *merged, enum entry_type type)
{
	struct merged_file *file = XNEW(struct merged_file);

	file->type = type;
	file->names_end = &file->names;
	file->layer = merged->layer;
	file->entry = merged->entry;
	merged->held_bytes += sizeof(*file);
	merged->files = xgrow(merged->files, merged->file_count, sizeof(struct merged_file *));
	merged->files[merged->file_count++] = file;
	return file;
}

static int
check_held(const struct merged *merged, struct error **err)
{
	if (merged->held_bytes <= IMAGE_NAMES_LIMIT_BYTES)
		return 0;
	error_set(err, ERROR_CONTENT,
		  "the names and attributes of the image's files need more than %zu MiB of memory",
		  IMAGE_NAMES_LIMIT_BYTES / MIB);
	return error_set_class(err, CLASS_LIMIT);
}

/* Finds the name, or adds it.  ERROR_CONTENT: too long, or too many names. */
static int
add_name(struct merged *merged, struct merged_name *parent, const char *text, size_t size,
	 struct merged_file *file, const struct entry *entry, struct error **err)
{
	struct merged_name *name;
	size_t path_bytes = parent == merged->root ? size : parent->path_bytes + 1 + size;

	if (size > NAME_MAX || path_bytes >= PATH_LIMIT_BYTES)
		return refuse(entry, errno_text(ENAMETOOLONG).text, err);
	if (merged->name_count == IMAGE_NAMES_LIMIT_COUNT) {
		error_set(err, ERROR_CONTENT, "the image has more than %d files",
			  IMAGE_NAMES_LIMIT_COUNT);
		return error_set_class(err, CLASS_LIMIT);
	}
	if (4 * merged->name_count >= 3 * merged->capacity)
		grow(merged);
	name = xcalloc(1, sizeof(*name) + size + 1);
	merged->held_bytes += sizeof(*name) + size + 1;
	memcpy(name->text, text, size);
	name->parent = parent;
	name->file = file;
	name->layer = merged->layer;
	name->cleared = UINT32_MAX;
	name->path_bytes = path_bytes;
	name->next = parent->children;
	name->at = &parent->children;
	if (name->next)
		name->next->at = &name->next;
	parent->children = name;
	*file->names_end = name;
	file->names_end = &name->other;
	merged->all = xgrow(merged->all, merged->name_count, sizeof(struct merged_name *));
	merged->all[merged->name_count++] = name;
	put_into_slot(merged, name);
	return 0;
}

/* Removed names leave the list, so that it stays short when a layer names one file many times. */
static void
take_away(struct merged *merged, struct merged_name *name)
{
	struct merged_name **slot =
		&merged->slots[slot_of(merged, name->parent, name->text, strlen(name->text))];

	while (*slot != name)
		slot = &(*slot)->same_hash;
	*slot = name->same_hash;
	*name->at = name->next;
	if (name->next)
		name->next->at = name->at;
	name->is_gone = true;
}

static struct merged_name *
deepest(struct merged_name *name)
{
	while (name->children)
		name = name->children;
	return name;
}

/* Removes everything below the name, and the name itself unless it is only `emptied`.  `keep_made`:
 * names of this layer and their directories stay. */
static void
hide(struct merged *merged, struct merged_name *top, bool emptied, bool keep_made)
{
	struct merged_name *name = deepest(top);

	/* Once a layer: a repeated whiteout must not scan the directory again. */
	if (keep_made && top->cleared == merged->layer)
		name = top;
	top->cleared = keep_made ? merged->layer : top->cleared;
	while (name != top) {
		struct merged_name *next = name->next ? deepest(name->next) : name->parent;

		if (!name->children && !(keep_made && name->layer == merged->layer))
			take_away(merged, name);
		name = next;
	}
	if (!emptied && !top->children && !(keep_made && top->layer == merged->layer))
		take_away(merged, top);
}

void
member_of_entry(const struct entry *entry, struct tar_xattr *xattrs, struct tar_member *ret_member)
{
	static const enum tar_type types[] = {
		[ENTRY_FILE] = TAR_FILE,
		[ENTRY_DIRECTORY] = TAR_DIRECTORY,
		[ENTRY_SYMBOLIC_LINK] = TAR_SYMLINK,
		[ENTRY_HARD_LINK] = TAR_HARD_LINK,
		[ENTRY_FIFO] = TAR_FIFO,
		[ENTRY_DEVICE] = TAR_CHARACTER_DEVICE,
	};

	for (size_t i = 0; i < entry->xattr_count; i++)
		xattrs[i] = (struct tar_xattr){
			.name = (char *)(uintptr_t)entry->xattrs[i].name,
			.value = (void *)(uintptr_t)entry->xattrs[i].value,
			.size = entry->xattrs[i].size,
		};
	*ret_member = (struct tar_member){
		.type = S_ISBLK(entry->format) ? TAR_BLOCK_DEVICE : types[entry->type],
		.target = entry->link,
		.permissions = entry->mode,
		.uid = entry->uid,
		.gid = entry->gid,
		.mtime_s = entry->modified.tv_sec,
		.mtime_ns = entry->modified.tv_nsec,
		.size_bytes = entry->size_bytes,
		.device_major = major(entry->device),
		.device_minor = minor(entry->device),
		.xattrs = xattrs,
		.xattr_count = entry->xattr_count,
		.regions = entry->regions,
		.region_count = entry->region_count,
	};
}

static void
member_free(struct tar_member *member)
{
	for (size_t i = 0; member && i < member->xattr_count; i++) {
		free(member->xattrs[i].name);
		free(member->xattrs[i].value);
	}
	if (member)
		free((void *)(uintptr_t)member->xattrs);
	free(member);
}

static size_t
member_bytes(const struct tar_member *member)
{
	size_t bytes = member ? sizeof(*member) : 0;

	for (size_t i = 0; member && i < member->xattr_count; i++)
		bytes += sizeof(*member->xattrs) + strlen(member->xattrs[i].name) +
			 member->xattrs[i].size;
	return bytes;
}

/* Keeps a directory's attributes: they are written before its content, whichever layer they come
 * from. */
static void
dress(struct merged *merged, struct merged_file *directory, const struct entry *entry)
{
	struct tar_xattr borrowed[XATTRS_LIMIT_COUNT];
	struct tar_member *member = XNEW(struct tar_member);
	struct tar_xattr *kept = xcalloc(entry->xattr_count + 1, sizeof(*kept));

	member_of_entry(entry, borrowed, member);
	for (size_t i = 0; i < entry->xattr_count; i++) {
		kept[i] = (struct tar_xattr){ xstrdup(borrowed[i].name),
					      xcalloc(1, borrowed[i].size + 1), borrowed[i].size };
		memcpy(kept[i].value, borrowed[i].value, borrowed[i].size);
	}
	member->xattrs = kept;
	merged->held_bytes += member_bytes(member) - member_bytes(directory->written);
	member_free(directory->written);
	directory->written = member;
}

static int
add_directory(struct merged *merged, struct merged_name *parent, const char *text, size_t size,
	      const struct entry *entry, struct error **err)
{
	struct merged_name *there = find_child(merged, parent, text, size);
	struct merged_file *directory;

	if (there && there->file->type == ENTRY_DIRECTORY) {
		there->layer = merged->layer;
		dress(merged, there->file, entry);
		return 0;
	}
	if (there)
		hide(merged, there, false, false);
	directory = new_file(merged, ENTRY_DIRECTORY);
	dress(merged, directory, entry);
	return add_name(merged, parent, text, size, directory, entry, err);
}

/* The rest of a path, and the links in it that were followed. */
struct way {
	char *rest;
	unsigned links;
};

static int
follow(struct way *way, const char *target, const char *rest, const struct entry *entry,
       struct error **err)
{
	char *longer;

	if (++way->links > LINKS_LIMIT_COUNT)
		return refuse(entry, errno_text(ELOOP).text, err);
	if (strlen(target) + strlen(rest) + 1 >= PATH_LIMIT_BYTES)
		return refuse(entry, errno_text(ENAMETOOLONG).text, err);
	longer = xasprintf("%s/%s", target, rest);
	free(way->rest);
	way->rest = longer;
	return 0;
}

/* As beneath_open().  `imply` adds missing directories; without it *ret_name NULL: not found.
 * `last`: follows the last component too.  `entry` is for messages. */
static int
walk(struct merged *merged, struct way *way, bool imply, bool last, const struct entry *entry,
     struct merged_name **ret_name, struct error **err)
{
	struct entry implied = { .type = ENTRY_DIRECTORY,
				 .path = entry->path,
				 .mode = IMPLIED_MODE };
	struct merged_name *at = merged->root;
	char *rest = way->rest + strspn(way->rest, "/");

	*ret_name = NULL;
	while (*rest) {
		size_t size = strcspn(rest, "/");
		char *left = rest + size + strspn(rest + size, "/");
		struct merged_name *child;

		if (at->file->type != ENTRY_DIRECTORY)
			return imply ? refuse(entry, errno_text(ENOTDIR).text, err) : 0;
		if (size == 1 && *rest == '.') {
			rest = left;
			continue;
		}
		if (size == 2 && strncmp(rest, "..", 2) == 0) {
			at = at->parent;
			rest = left;
			continue;
		}
		child = find_child(merged, at, rest, size);
		if (!child && !imply)
			return 0;
		if (!child) {
			if (add_directory(merged, at, rest, size, &implied, err) < 0)
				return -1;
			child = find_child(merged, at, rest, size);
		}
		if (child->file->type == ENTRY_SYMBOLIC_LINK && (*left || last)) {
			const char *target = child->file->target;

			if (follow(way, target, left, entry, err) < 0)
				return -1;
			at = *target == '/' ? merged->root : at;
			rest = way->rest + strspn(way->rest, "/");
			continue;
		}
		at = child;
		rest = left;
	}
	*ret_name = at;
	return 0;
}

/* Resolves the directory part of a path; it has to be a directory. */
static int
walk_to_parent(struct merged *merged, const char *path, bool imply, const struct entry *entry,
	       struct merged_name **ret_parent, struct error **err)
{
	size_t size = (size_t)(path_name(path) - path);
	struct way way = { .rest = xstrndup(path, size) };
	int ret = walk(merged, &way, imply, true, entry, ret_parent, err);

	free(way.rest);
	if (ret < 0 || !*ret_parent || (*ret_parent)->file->type == ENTRY_DIRECTORY)
		return ret;
	*ret_parent = NULL;
	return imply ? refuse(entry, errno_text(ENOTDIR).text, err) : 0;
}

static int
add_whiteout(struct merged *merged, const struct entry *entry, struct error **err)
{
	const char *hidden = path_name(entry->path) + strlen(".wh.");
	struct merged_name *parent;
	struct merged_name *name;

	if (walk_to_parent(merged, entry->path, false, entry, &parent, err) < 0)
		return -1;
	if (!parent)
		return 0;
	if (strcmp(hidden, ".wh..opq") == 0) {
		hide(merged, parent, true, true);
		return 0;
	}
	if (!*hidden || strcmp(hidden, ".") == 0 || strcmp(hidden, "..") == 0)
		return error_set(err, ERROR_CONTENT,
				 "invalid whiteout '%s': expected the name of a file",
				 QUOTED(entry->path));
	name = find_child(merged, parent, hidden, strlen(hidden));
	/* Old layers contain names that AUFS uses internally; ignore them. */
	if (name && !text_starts(hidden, ".wh."))
		hide(merged, name, false, true);
	return 0;
}

static int
refuse_target(const struct entry *entry, bool is_directory, struct error **err)
{
	return error_set(err, ERROR_CONTENT, "cannot create '%s': hard link to '%s', %s",
			 QUOTED(entry->path), QUOTED(entry->link),
			 is_directory ? "which is a directory" : "which does not exist");
}

static int
add_hard_link(struct merged *merged, struct merged_name *parent, const char *text,
	      const struct entry *entry, struct error **err)
{
	const char *target_text = path_name(entry->link);
	struct merged_name *there = find_child(merged, parent, text, strlen(text));
	struct merged_name *target;

	if (walk_to_parent(merged, entry->link, false, entry, &target, err) < 0)
		return -1;
	target = target ? find_child(merged, target, target_text, strlen(target_text)) : NULL;
	if (!target || target->file->type == ENTRY_DIRECTORY)
		return refuse_target(entry, target != NULL, err);
	/* A link to itself, possibly by another path: keep it. */
	if (there && there->file == target->file)
		return 0;
	if (there)
		hide(merged, there, false, false);
	/* It was in the directory that the link replaces. */
	if (target->is_gone)
		return refuse_target(entry, false, err);
	return add_name(merged, parent, text, strlen(text), target->file, entry, err);
}

static int
add_file(struct merged *merged, struct merged_name *parent, const char *text,
	 const struct entry *entry, struct error **err)
{
	struct merged_name *there = find_child(merged, parent, text, strlen(text));
	struct merged_file *file;

	if (there)
		hide(merged, there, false, false);
	file = new_file(merged, entry->type);
	file->target = xstrdup_null(entry->link);
	merged->held_bytes += file->target ? strlen(file->target) : 0;
	return add_name(merged, parent, text, strlen(text), file, entry, err);
}

int
merged_add(struct merged *merged, const struct entry *entry, struct error **err)
{
	const char *text = path_name(entry->path);
	struct merged_name *parent;

	if (check_held(merged, err) < 0)
		return -1;
	if (entry_is_whiteout(entry))
		return add_whiteout(merged, entry, err);
	if (!*entry->path && entry->type == ENTRY_DIRECTORY) {
		dress(merged, merged->root->file, entry);
		return 0;
	}
	if (!*entry->path)
		return error_set(err, ERROR_CONTENT,
				 "the root of the tree is a link to '%s' instead of a directory",
				 QUOTED(entry->link ? entry->link : ""));
	if (walk_to_parent(merged, entry->path, true, entry, &parent, err) < 0)
		return -1;
	switch (entry->type) {
	case ENTRY_DIRECTORY:
		return add_directory(merged, parent, text, strlen(text), entry, err);
	case ENTRY_HARD_LINK:
		return add_hard_link(merged, parent, text, entry, err);
	case ENTRY_OTHER:
		return 0;
	default:
		return add_file(merged, parent, text, entry, err);
	}
}

int
merged_find(struct merged *merged, const char *path, struct merged_file **ret_file,
	    struct error **err)
{
	AUTO_FREE char *shown = xstrdup(path);
	const struct entry entry = { .path = shown };
	struct way way = { .rest = xstrdup(path) };
	struct merged_name *name;
	int ret = walk(merged, &way, false, true, &entry, &name, err);

	free(way.rest);
	*ret_file = ret == 0 && name ? name->file : NULL;
	return ret;
}

void
merged_path(const struct merged_name *name, char ret_path[PATH_LIMIT_BYTES])
{
	size_t end = name->path_bytes;

	ret_path[end] = '\0';
	for (; name->parent != name; name = name->parent) {
		size_t size = strlen(name->text);

		end -= size;
		memcpy(ret_path + end, name->text, size);
		if (end > 0)
			ret_path[--end] = '/';
	}
}

int
merged_init(struct merged *merged, struct error **err)
{
	AUTO_FREE char *seed = random_hex(sizeof(uint64_t), err);

	if (!seed)
		return -1;
	*merged = (struct merged){ .seed = strtoull(seed, NULL, 16) };
	grow(merged);
	merged->root = XNEW(struct merged_name);
	merged->root->parent = merged->root;
	merged->root->cleared = UINT32_MAX;
	merged->root->file = XNEW(struct merged_file);
	merged->root->file->type = ENTRY_DIRECTORY;
	return 0;
}

void
merged_release(struct merged *merged)
{
	for (size_t i = 0; i < merged->file_count; i++) {
		member_free(merged->files[i]->written);
		free(merged->files[i]->target);
		free(merged->files[i]);
	}
	for (size_t i = 0; i < merged->name_count; i++)
		free(merged->all[i]);
	if (merged->root) {
		member_free(merged->root->file->written);
		free(merged->root->file);
	}
	free(merged->root);
	free(merged->files);
	free(merged->all);
	free(merged->slots);
	*merged = (struct merged){ 0 };
}
