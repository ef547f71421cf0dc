/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A reported message of a stranger: no address of a recipient is left, lines
 * have a bound, and nothing of ours goes out.
 */
#include "portal/redact.h"
#include "store/secret.h"
#include "t/fuzz/target.h"

#include <stdlib.h>
#include <string.h>

enum { OUT_MAX = 1024 * 1024 };

static bool is_mentioned(struct slice text, struct slice what)
{
	for (size_t i = 0; i + what.len <= text.len; i++)
		if (slice_is_equal_nocase(slice_part(text, i, what.len), what))
			return true;
	return false;
}

/* May a hash and what stands beside it be this address by chance? */
static bool is_like_a_hash(const char *address)
{
	const size_t local = (size_t)(strchr(address, '@') - address);

	return local < 4 || strspn(address, "0123456789abcdef") == local ||
		strstr("redacted.invalid", strrchr(address, '@') + 1) != NULL;
}

static void check(const struct redact *r, struct slice text)
{
	struct slice rest = text, line;
	struct redact_field f;

	for (size_t i = 0; i < r->count; i++)
		target_promise(is_like_a_hash(r->address[i]) ||
				!is_mentioned(text, slice_of(r->address[i])),
			"no recipient is left");
	while (slice_cut(&rest, '\n', &line))
		target_promise(line.len <= 998, "lines have a bound");
	rest = text;
	while (redact_next(&rest, &f))
		target_promise(!slice_has_prefix_nocase(
				       f.name, slice_of("X-Reprieve")),
			"nothing of ours goes out");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct secret secret = { .len = 16 };
	const struct slice message = slice_make(data, size);
	struct redact *r = malloc(sizeof(*r));
	struct buf out;

	if (r == NULL)
		abort();
	buf_init(&out, OUT_MAX);
	if (redact_begin(r, &secret, message, slice_of("joe@example.net")) !=
		RES_OK)
		abort();
	if (redact_message(r, message, REDACT_WHOLE, &out) == RES_OK)
		check(r, buf_slice(&out));
	buf_clear(&out);
	free(r);
	return 0;
}
