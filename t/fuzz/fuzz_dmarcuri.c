/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rua= of a stranger: whatever stands in it, what comes out are a few plain
 * addresses that an MTA can be given, each once, and the same again when they
 * are written down and read.
 */
#include "auth/dmarcuri.h"
#include "base/buf.h"
#include "t/fuzz/target.h"

#include <inttypes.h>
#include <string.h>

static void check_one(const struct dmarcuri *uri)
{
	char again[MAILBOX_TEXT_MAX];

	target_promise(mailbox_parse(slice_of(uri->mailbox), again) == RES_OK &&
			strcmp(again, uri->mailbox) == 0,
		"it is a plain address");
	for (const char *c = uri->mailbox; *c != '\0'; c++)
		target_promise(*c > ' ' && *c <= '~' &&
				strchr("<>,;!%\"\\", *c) == NULL,
			"nothing in it that means more than an address");
}

static void check_again(const struct dmarcuri *uri, size_t count)
{
	struct dmarcuri again[DMARCURI_MAX];
	struct buf text;
	size_t ignored;

	buf_init(&text, 65536);
	for (size_t i = 0; i < count; i++) {
		buf_add_format(&text, "mailto:%s", uri[i].mailbox);
		if (uri[i].limit > 0)
			buf_add_format(&text, "!%" PRIu64, uri[i].limit);
		buf_add_text(&text, " , ");
	}
	/* "?" in an address would begin header fields. */
	if (memchr(buf_text(&text), '?', text.len) == NULL) {
		target_promise(dmarcuri_parse(buf_slice(&text), again,
				       &ignored) == count &&
				ignored == 0,
			"what is written anew is read the same");
		for (size_t i = 0; i < count; i++)
			target_promise(
				strcmp(again[i].mailbox, uri[i].mailbox) == 0 &&
					again[i].limit == uri[i].limit,
				"in the same order");
	}
	buf_clear(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dmarcuri uri[DMARCURI_MAX];
	size_t ignored;
	size_t count = dmarcuri_parse(slice_make(data, size), uri, &ignored);

	target_promise(count <= DMARCURI_MAX, "no more than there is room for");
	for (size_t i = 0; i < count; i++) {
		check_one(&uri[i]);
		for (size_t k = 0; k < i; k++)
			target_promise(
				!slice_is_equal_nocase(slice_of(uri[i].mailbox),
					slice_of(uri[k].mailbox)),
				"each once");
	}
	check_again(uri, count);
	return 0;
}
