/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fields of a feedback report: what is read lies within the text, and what was
 * written of it is read and written the same.
 */
#include "mail/arf.h"
#include "t/fuzz/target.h"

#include <string.h>

static bool lies_within(struct slice part, struct slice whole)
{
	return part.len == 0 ||
		(part.at >= whole.at &&
			part.at + part.len <= whole.at + whole.len);
}

static void check_bounds(const struct arf *a, struct slice text)
{
	target_promise(a->rcpt_count <= ARF_LIST_MAX &&
			a->domain_count <= ARF_LIST_MAX &&
			a->uri_count <= ARF_LIST_MAX &&
			a->results_count <= ARF_LIST_MAX,
		"lists are bounded");
	target_promise(a->incidents >= 1, "there is one incident at least");
	target_promise(a->is_malformed == (a->why != NULL),
		"what is malformed is told why");
	target_promise(lies_within(a->user_agent, text) &&
			lies_within(a->mail_from, text) &&
			lies_within(a->arrival_date, text),
		"what is read lies within the text");
	for (size_t i = 0; i < a->uri_count; i++)
		target_promise(lies_within(a->reported_uri[i], text),
			"so does what is in a list");
}

static void check_lines(struct slice text)
{
	struct slice line;

	while (slice_cut(&text, '\n', &line))
		for (size_t i = 0; i < line.len; i++)
			target_promise(
				(line.at[i] >= ' ' && line.at[i] <= '~') ||
					i + 1 == line.len,
				"printable octets only, and an end of line");
}

static void check_again(const struct arf *a)
{
	struct arf again;
	struct buf one, two;

	buf_init(&one, 1048576);
	buf_init(&two, 1048576);
	target_promise(arf_format(a, &one) == RES_OK, "it can be written");
	check_lines(buf_slice(&one));
	if (one.len > 0 && one.len <= ARF_OCTETS_MAX) {
		target_promise(arf_parse(buf_slice(&one), &again) == RES_OK,
			"what was written is read");
		target_promise(arf_format(&again, &two) == RES_OK &&
				strcmp(buf_text(&one), buf_text(&two)) == 0,
			"and is the same");
		target_promise(again.type == a->type &&
				again.incidents == a->incidents &&
				again.source_port == a->source_port &&
				again.has_source_ip == a->has_source_ip,
			"numbers too");
	}
	buf_clear(&one);
	buf_clear(&two);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct slice text = slice_make(data, size);
	struct arf a;

	if (arf_parse(text, &a) != RES_OK)
		return 0;
	check_bounds(&a, text);
	check_again(&a);
	return 0;
}
