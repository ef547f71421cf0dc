/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/mailchild.h"

#include "support/case.h"

#include <fcntl.h>
#include <unistd.h>

enum { FIRST = 3, LAST = 64, SOME = 5 };

/* How many files it has, but for the first three, as "." each. */
static enum mailchild_end count_files(int fd, void *ctx)
{
	(void)ctx;
	for (int i = FIRST; i < LAST; i++)
		if (fcntl(i, F_GETFD) >= 0 && !mailchild_write(fd, ".", 1))
			return MAILCHILD_NONE;
	return MAILCHILD_FOUND;
}

/* As the connection to Redis, which may do what the parent may. */
static void has_no_file_of_its_parent(void **state)
{
	struct buf out;
	int fd[SOME];

	(void)state;
	for (int i = 0; i < SOME; i++) {
		fd[i] = open("/dev/null", O_RDWR | O_CLOEXEC);
		assert_true(fd[i] >= 0);
	}
	buf_init(&out, LAST);
	assert_int_equal(mailchild_run(count_files, NULL, &out), RES_OK);
	assert_string_equal(buf_text(&out), ".");
	buf_clear(&out);
	for (int i = 0; i < SOME; i++)
		close(fd[i]);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE("a child has its pipe and no file of its parent",
			has_no_file_of_its_parent, NULL),
	};

	return cmocka_run_group_tests_name("ctl/mailchild", cases, NULL, NULL);
}
