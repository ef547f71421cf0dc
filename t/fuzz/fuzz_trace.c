/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A trace as a stranger writes it: what is read is written again with the same
 * octets but for blanks, and all that it says is of its kind.
 */
#include "base/buf.h"
#include "mail/trace.h"
#include "mail/tracebind.h"
#include "t/fuzz/target.h"

#include <string.h>

static void add_dense(struct buf *out, struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if (strchr(" \t\r\n", text.at[i]) == NULL || text.at[i] == '\0')
			buf_add_char(out, text.at[i]);
}

static void check_again(const struct trace *t, struct slice text)
{
	struct buf want, value, got;

	buf_init(&want, TRACE_VALUE_MAX);
	buf_init(&value, TRACE_VALUE_MAX);
	buf_init(&got, TRACE_VALUE_MAX);
	target_promise(trace_format(t, &value) == RES_OK &&
			trace_finish(t->mac, &value) == RES_OK,
		"what was read is written");
	add_dense(&want, text);
	add_dense(&got, buf_slice(&value));
	target_promise(slice_is_equal(buf_slice(&want), buf_slice(&got)),
		"and is the same but for blanks");
	buf_reset(&want);
	buf_reset(&got);
	target_promise(trace_covered(text, &want) == RES_OK &&
			trace_covered(buf_slice(&value), &got) == RES_OK &&
			slice_is_equal(buf_slice(&want), buf_slice(&got)),
		"what is covered is the same");
	buf_clear(&want);
	buf_clear(&value);
	buf_clear(&got);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = slice_make(data, size);
	struct tracebind bind = { .failed = false };
	uint8_t digest[SHA256_LEN];
	struct buf covered;
	struct trace t;

	buf_init(&covered, TRACE_VALUE_MAX);
	(void)!trace_covered(text, &covered);
	buf_clear(&covered);
	tracebind_add(&bind, slice_of("From"), text);
	if (trace_parse(text, &t) != RES_OK)
		return 0;
	target_promise(t.direction != TRACE_UNKNOWN, "it has a direction");
	target_promise(t.recipients > 0, "it has a recipient");
	target_promise(strlen(t.id) == TRACE_ID_LEN, "it has an id");
	target_promise((t.direction == TRACE_OUT) == (t.account[0] != '\0'),
		"an account is of what went out");
	(void)!tracebind_digest(&bind, t.bound, digest);
	check_again(&t, text);
	return 0;
}
