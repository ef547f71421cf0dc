/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any text as a config file: no crash, each message of the form
 * "FILE:LINE: TEXT" with a line that the text has, and what loads prints as a
 * file that loads to the same.
 */
#include "conf/conf.h"
#include "t/fuzz/target.h"

enum { OUT_MAX = 1 << 22 };

static void check_lines(struct slice errors, uint64_t lines)
{
	struct slice line, file, number;

	while (slice_cut(&errors, '\n', &line)) {
		uint64_t at = 0;

		target_promise(slice_cut(&line, ':', &file) &&
				slice_is_equal(file, slice_of("f")),
			"a message begins with the file");
		target_promise(slice_cut(&line, ':', &number) &&
				slice_parse_u64(number, 1, lines, &at) ==
					RES_OK,
			"a message names a line of the file");
		target_promise(line.len > 1 && line.at[0] == ' ',
			"a message says something");
	}
}

static void check_print(const struct conf *c)
{
	struct conf *again = NULL;
	struct buf first, second, errors;

	buf_init(&first, OUT_MAX);
	buf_init(&second, OUT_MAX);
	buf_init(&errors, OUT_MAX);
	conf_print(c, &first);
	target_promise(conf_load_text("f", buf_slice(&first), &again,
			       &errors) == RES_OK,
		"what is printed loads");
	conf_print(again, &second);
	target_promise(slice_is_equal(buf_slice(&first), buf_slice(&second)),
		"what is printed loads to the same");
	conf_release(again);
	buf_clear(&first);
	buf_clear(&second);
	buf_clear(&errors);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct conf *c = NULL;
	struct buf errors;
	uint64_t lines = 1;
	enum result res;

	for (size_t i = 0; i < size; i++)
		lines += data[i] == '\n';
	buf_init(&errors, OUT_MAX);
	res = conf_load_text("f", slice_make(data, size), &c, &errors);
	target_promise((res == RES_OK) == (c != NULL),
		"there is a snapshot exactly when all is well");
	target_promise(
		res == RES_OK || errors.len > 0, "what is wrong is said");
	check_lines(buf_slice(&errors), lines);
	if (c != NULL)
		check_print(c);
	conf_release(c);
	buf_clear(&errors);
	return 0;
}
