/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/file.h"

#include "support/case.h"
#include "support/folder.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static int setup(void **state)
{
	struct folder *f = calloc(1, sizeof(*f));

	folder_make(f);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	folder_remove(*state);
	free(*state);
	return 0;
}

static void assert_reads(
	const char *path, size_t max, enum result want, const char *text)
{
	struct buf b;

	buf_init(&b, max);
	assert_string_equal(
		result_name(file_read(path, &b)), result_name(want));
	assert_string_equal(buf_text(&b), text);
	buf_clear(&b);
}

static void writes_and_reads(void **state)
{
	char path[FOLDER_PATH_MAX];
	struct stat st;

	folder_path(*state, "f", path);
	assert_int_equal(file_write(path, 0640, slice_of("one\n")), RES_OK);
	assert_reads(path, 100, RES_OK, "one\n");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(file_write(path, 0600, slice_of("two")), RES_OK);
	assert_reads(path, 100, RES_OK, "two");
	assert_int_equal(folder_count(*state), 1);
}

static void what_was_read_is_added(void **state)
{
	char path[FOLDER_PATH_MAX];
	struct buf b;

	folder_path(*state, "f", path);
	assert_int_equal(file_write(path, 0600, slice_of("b")), RES_OK);
	buf_init(&b, 10);
	buf_add_char(&b, 'a');
	assert_int_equal(file_read(path, &b), RES_OK);
	assert_string_equal(buf_text(&b), "ab");
	buf_clear(&b);
}

static void the_bound_is_exact(void **state)
{
	char path[FOLDER_PATH_MAX];

	folder_path(*state, "f", path);
	assert_int_equal(file_write(path, 0600, slice_of("12345")), RES_OK);
	assert_reads(path, 5, RES_OK, "12345");
	assert_reads(path, 4, RES_TOOBIG, "");
	assert_int_equal(file_write(path, 0600, slice_of("")), RES_OK);
	assert_reads(path, 0, RES_OK, "");
}

static void a_large_file_is_whole(void **state)
{
	enum { LEN = 300000 };
	char path[FOLDER_PATH_MAX];
	char *data = malloc(LEN);
	struct buf b;

	assert_non_null(data);
	for (size_t i = 0; i < LEN; i++)
		data[i] = (char)(i * 7 + i / 256);
	folder_path(*state, "f", path);
	assert_int_equal(file_write(path, 0600, slice_make(data, LEN)), RES_OK);
	buf_init(&b, LEN);
	assert_int_equal(file_read(path, &b), RES_OK);
	assert_int_equal(buf_slice(&b).len, LEN);
	assert_memory_equal(buf_slice(&b).at, data, LEN);
	buf_clear(&b);
	free(data);
}

static void errors_are_told_apart(void **state)
{
	char path[FOLDER_PATH_MAX];
	const struct folder *f = *state;

	assert_reads(folder_path(f, "none", path), 10, RES_MISSING, "");
	assert_reads(f->path, 10, RES_DOWN, "");
	assert_string_equal(
		result_name(file_write(
			folder_path(f, "no/file", path), 0600, slice_of("x"))),
		result_name(RES_MISSING));
	/* Root may read anything; everybody else is refused. */
	if (geteuid() != 0) {
		folder_path(f, "secret", path);
		assert_int_equal(file_write(path, 0000, slice_of("x")), RES_OK);
		assert_reads(path, 10, RES_DENIED, "");
	}
}

static void a_failed_write_leaves_all_as_it_was(void **state)
{
	char path[FOLDER_PATH_MAX];

	/* A file cannot be renamed over a folder. */
	folder_path(*state, "d", path);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_string_equal(result_name(file_write(path, 0600, slice_of("x"))),
		result_name(RES_DOWN));
	assert_int_equal(folder_count(*state), 1);
	assert_int_equal(rmdir(path), 0);
}

static void a_path_without_folder_is_written(void **state)
{
	const struct folder *f = *state;
	char *before = getcwd(NULL, 0);

	assert_non_null(before);
	assert_int_equal(chdir(f->path), 0);
	assert_int_equal(file_write("plain", 0600, slice_of("x")), RES_OK);
	assert_reads("plain", 10, RES_OK, "x");
	assert_int_equal(chdir(before), 0);
	free(before);
}

static void a_full_disk_keeps_the_old_file(void **state)
{
	const struct rlimit little = { 4, RLIM_INFINITY };
	struct rlimit before;
	char path[FOLDER_PATH_MAX];
	enum result res;

	folder_path(*state, "f", path);
	assert_int_equal(file_write(path, 0600, slice_of("old")), RES_OK);
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &little), 0);
	res = file_write(path, 0600, slice_of("much longer"));
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_string_equal(result_name(res), result_name(RES_DOWN));
	assert_reads(path, 10, RES_OK, "old");
	assert_int_equal(folder_count(*state), 1);
}

#define IN_FOLDER(text, function)                                             \
	{                                                                     \
		.name = (text), .test_func = (function), .setup_func = setup, \
		.teardown_func = teardown                                     \
	}

int main(void)
{
	const struct CMUnitTest cases[] = {
		IN_FOLDER("what was written is read, with its mode",
			writes_and_reads),
		IN_FOLDER("what was read is added to the buffer",
			what_was_read_is_added),
		IN_FOLDER("a file of exactly the bound is read",
			the_bound_is_exact),
		IN_FOLDER("a large file is read whole", a_large_file_is_whole),
		IN_FOLDER("missing, refused and broken are told apart",
			errors_are_told_apart),
		IN_FOLDER("a failed write leaves all as it was",
			a_failed_write_leaves_all_as_it_was),
		IN_FOLDER("a name without a folder is written here",
			a_path_without_folder_is_written),
		IN_FOLDER("a disk that takes no more keeps the old file",
			a_full_disk_keeps_the_old_file),
	};

	return cmocka_run_group_tests_name("base/file", cases, NULL, NULL);
}
