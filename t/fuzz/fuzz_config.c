/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any text as a config file: no crash, each message of the form
 * "FILE:LINE: TEXT" with a line that the text has, and what loads prints as a
 * file that loads to the same.
 */
#include "conf/conf.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { OUT_MAX = 1 << 22 };

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void check_lines(struct slice errors, uint64_t lines)
{
	struct slice line, number;

	while (slice_cut(&errors, '\n', &line)) {
		uint64_t at = 0;

		must(slice_cut(&line, ':', &number));
		must(slice_is_equal(number, slice_of("f")));
		must(slice_cut(&line, ':', &number));
		must(slice_parse_u64(number, 1, lines, &at) == RES_OK);
		must(line.len > 1 && line.at[0] == ' ');
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
	must(conf_load_text("f", buf_slice(&first), &again, &errors) ==
		RES_OK);
	conf_print(again, &second);
	must(slice_is_equal(buf_slice(&first), buf_slice(&second)));
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
	must((res == RES_OK) == (c != NULL));
	must(res == RES_OK || errors.len > 0);
	check_lines(buf_slice(&errors), lines);
	if (c != NULL)
		check_print(c);
	conf_release(c);
	buf_clear(&errors);
	return 0;
}
