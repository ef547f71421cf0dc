/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/privileges.h"

#include "support/case.h"

#include <grp.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct user_row {
	const char *user;
	enum result as_root;
	const char *why_as_root;
	const char *why_else;
};

/* Runs both ways: only root has anything to change. */
static void finds_a_user(void **state)
{
	const struct user_row *row = *state;
	bool root = geteuid() == 0;
	struct identity id;
	struct buf why;

	buf_init(&why, 512);
	assert_int_equal(privileges_find(row->user, "x.user", &id, &why),
		root ? row->as_root : RES_OK);
	assert_string_equal(
		buf_text(&why), root ? row->why_as_root : row->why_else);
	if (!root) {
		assert_false(id.change);
		assert_int_equal(id.uid, geteuid());
		assert_int_equal(privileges_drop(&id, &why), RES_OK);
	}
	buf_clear(&why);
}

static void finds_a_group(void **state)
{
	const struct group *own = getgrgid(0);
	struct buf why;
	gid_t gid = 77;

	(void)state;
	buf_init(&why, 512);
	assert_int_equal(
		privileges_find_group("", "x.group", &gid, &why), RES_OK);
	assert_int_equal(gid, (gid_t)-1);
	assert_non_null(own);
	assert_int_equal(
		privileges_find_group(own->gr_name, "x.group", &gid, &why),
		RES_OK);
	assert_int_equal(gid, 0);
	assert_int_equal(why.len, 0);
	assert_int_equal(
		privileges_find_group("no-such-group", "x.group", &gid, &why),
		RES_MISSING);
	assert_string_equal(
		buf_text(&why), "x.group: no such group: no-such-group");
	buf_clear(&why);
}

/* In a child: is there a way back, or a group of root's left? */
static bool is_gone_for_good(const struct identity *id, struct buf *why)
{
	gid_t groups[64];
	int count;

	if (privileges_drop(id, why) != RES_OK)
		return false;
	count = getgroups(64, groups);
	for (int i = 0; i < count; i++)
		if (groups[i] == 0)
			return false;
	return count >= 0 && geteuid() == id->uid && getuid() == id->uid &&
		getegid() == id->gid && getgid() == id->gid && setuid(0) != 0;
}

static void gives_root_up(void **state)
{
	struct identity id;
	struct buf why;
	int status = -1;
	pid_t child;

	(void)state;
	buf_init(&why, 512);
	assert_int_equal(
		privileges_find("nobody", "x.user", &id, &why), RES_OK);
	assert_int_equal(id.change, geteuid() == 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		_exit(!id.change || is_gone_for_good(&id, &why) ? 0 : 1);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	buf_clear(&why);
}

/* A drop that leaves root is none; nobody else can become anybody. */
static void notices_that_root_stays(void **state)
{
	struct identity id = { .change = true, .user = "root" };
	bool root = geteuid() == 0;
	struct buf why;
	int status = -1;
	pid_t child;

	(void)state;
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		buf_init(&why, 512);
		if (privileges_drop(&id, &why) != RES_DENIED)
			_exit(1);
		_exit(strstr(buf_text(&why),
			      root ? "cannot become root: this is still root"
				   : "cannot become root: ") != NULL
				? 0
				: 2);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

int main(void)
{
	static const struct user_row none = { "", RES_DENIED,
		"x.user is not set, and we do not serve as root", "" };
	static const struct user_row root = { "root", RES_DENIED,
		"x.user is root, and we do not serve as root",
		"not started as root: cannot become root" };
	static const struct user_row unknown = { "no-such-user", RES_MISSING,
		"x.user: no such user: no-such-user",
		"not started as root: cannot become no-such-user" };
	const struct CMUnitTest cases[] = {
		CASE("root needs a user to become", finds_a_user, &none),
		CASE("root is no user to become", finds_a_user, &root),
		CASE("a user that is not there is named", finds_a_user,
			&unknown),
		CASE("a group is found by its name", finds_a_group, NULL),
		CASE("root is given up for good", gives_root_up, NULL),
		CASE("staying root is an error", notices_that_root_stays, NULL),
	};

	return cmocka_run_group_tests_name(
		"base/privileges", cases, NULL, NULL);
}
