/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "run/job.h"
#include "run/root/in_root.h"

/* 2^32-1 is -1, which means "unchanged" to the kernel; the id before it is mapped for nobody. */
static const uint64_t id_most = UINT32_MAX - 2;

/* passwd(5): name:password:uid:gid:gecos:home:shell; group(5): name:password:gid:members */
enum { FIELDS_COUNT = 7, PASSWD_FIELDS = 6, GROUP_FIELDS = 4 };
enum {
	FIELD_NAME = 0,
	FIELD_ID = 2,
	FIELD_GID = 3,
	FIELD_MEMBERS = 3,
	FIELD_HOME = 5,
	FIELD_SHELL = 6
};

struct row {
	const char *fields[FIELDS_COUNT];
};

/* The file as text; *ret_found false: the image does not have it. */
static int
read_table(int root_fd, const char *path, struct buf *buf, bool *ret_found, struct error **err)
{
	AUTO_IN_ROOT struct in_root place = IN_ROOT_INIT;
	AUTO_CLOSE int fd = -1;

	if (in_root_find(root_fd, path, &place, ret_found, err) < 0)
		return -1;
	if (!*ret_found)
		return 0;
	fd = in_root_open(&place);
	if (fd < 0)
		return error_set_errno(err, errno, "cannot read the image's '%s'", path);
	return fd_read_all(fd, buf, path, err);
}

/* Splits the line into its fields. */
static bool
split_row(char *line, size_t field_count, struct row *ret_row)
{
	size_t count = 0;
	char *field;

	*ret_row = (struct row){ 0 };
	while (count < FIELDS_COUNT && (field = strsep(&line, ":")))
		ret_row->fields[count++] = field;
	return count >= field_count;
}

static bool
parse_id(const char *text, uint32_t *ret_id)
{
	uint64_t value;

	if (!text_parse_uint(text, id_most, &value))
		return false;
	*ret_id = (uint32_t)value;
	return true;
}

/* Looks a name or an id up; the row points into the buffer. */
static bool
find_row(struct buf *table, const char *name, const uint32_t *id, size_t field_count,
	 struct row *ret_row)
{
	char *rest = table->data;
	char *line;
	uint32_t row_id;

	while (rest && (line = strsep(&rest, "\n"))) {
		if (!split_row(line, field_count, ret_row))
			continue;
		if (!parse_id(ret_row->fields[FIELD_ID], &row_id))
			continue;
		if (id ? row_id == *id : strcmp(ret_row->fields[FIELD_NAME], name) == 0)
			return true;
	}
	return false;
}

static bool
lists_member(const char *members, const char *name)
{
	size_t size = strlen(name);

	for (; members; members = strchr(members, ',') ? strchr(members, ',') + 1 : NULL)
		if (strncmp(members, name, size) == 0 && (!members[size] || members[size] == ','))
			return true;
	return false;
}

static void
add_group(struct job_user *user, gid_t gid)
{
	for (size_t i = 0; i < user->group_count; i++)
		if (user->groups[i] == gid)
			return;
	user->groups = xgrow(user->groups, user->group_count, sizeof(*user->groups));
	user->groups[user->group_count++] = gid;
}

/* The groups that name the user among their members. */
static int
add_groups(int root_fd, const char *name, struct job_user *user, struct error **err)
{
	AUTO_BUF struct buf table = BUF_INIT(USER_TABLE_LIMIT_BYTES);
	struct row row;
	bool found = false;
	char *rest;
	char *line;
	uint32_t gid;

	if (read_table(root_fd, "/etc/group", &table, &found, err) < 0)
		return -1;
	rest = found ? table.data : NULL;
	while (rest && (line = strsep(&rest, "\n")) && user->group_count < GROUPS_LIMIT_COUNT)
		if (split_row(line, GROUP_FIELDS, &row) && parse_id(row.fields[FIELD_ID], &gid) &&
		    lists_member(row.fields[FIELD_MEMBERS], name))
			add_group(user, gid);
	return 0;
}

static int
refuse(const char *what, const char *name, struct error **err)
{
	error_set(err, ERROR_CONTENT, "the image has no %s '%s'", what, QUOTED(name));
	return error_set_hint(err, "choose another with '--user', by number for instance");
}

/* A number needs no row; an existing row gives group and home. */
static int
find_user(int root_fd, const char *name, struct job_user *user, struct error **err)
{
	AUTO_BUF struct buf table = BUF_INIT(USER_TABLE_LIMIT_BYTES);
	AUTO_ERROR struct error *unread = NULL;
	bool is_number = parse_id(name, &user->uid);
	uint32_t uid = user->uid;
	bool found = false;
	struct row row;

	if (read_table(root_fd, "/etc/passwd", &table, &found, &unread) < 0 && !is_number)
		return error_pass(err, TAKE_PTR(unread));
	if (found && !unread &&
	    find_row(&table, name, is_number ? &uid : NULL, PASSWD_FIELDS, &row)) {
		if (!parse_id(row.fields[FIELD_ID], &user->uid) ||
		    !parse_id(row.fields[FIELD_GID], &user->gid))
			return error_set(err, ERROR_CONTENT,
					 "the image's '/etc/passwd' has a bad number");
		if (*row.fields[FIELD_HOME] == '/')
			user->home = xstrdup(row.fields[FIELD_HOME]);
		if (row.fields[FIELD_SHELL] && *row.fields[FIELD_SHELL] == '/')
			user->shell = xstrdup(row.fields[FIELD_SHELL]);
		return is_number && unread ? 0
					   : add_groups(root_fd, row.fields[FIELD_NAME], user, err);
	}
	return is_number ? 0 : refuse("user", name, err);
}

static int
find_group(int root_fd, const char *name, struct job_user *user, struct error **err)
{
	AUTO_BUF struct buf table = BUF_INIT(USER_TABLE_LIMIT_BYTES);
	bool found = false;
	struct row row;

	if (parse_id(name, &user->gid))
		return 0;
	if (read_table(root_fd, "/etc/group", &table, &found, err) < 0)
		return -1;
	if (!found || !find_row(&table, name, NULL, GROUP_FIELDS, &row))
		return refuse("group", name, err);
	(void)parse_id(row.fields[FIELD_ID], &user->gid);
	return 0;
}

int
job_find_user(int root_fd, const char *text, struct job_user *ret_user, struct error **err)
{
	const char *colon = strchr(text, ':');
	AUTO_FREE char *name = xstrndup(text, colon ? (size_t)(colon - text) : strlen(text));

	if (find_user(root_fd, *name ? name : "0", ret_user, err) < 0)
		return -1;
	if (!colon || !colon[1])
		return 0;
	/* A named group replaces all others. */
	ret_user->group_count = 0;
	return find_group(root_fd, colon + 1, ret_user, err);
}
