/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mail/archive: no more entries than told, and a cut never breaks anything.
 */
#include "mail/archive.h"

#include "t/fuzz/target.h"

enum { ENTRIES_MAX = 50 };

struct sum {
	unsigned entries;
	size_t octets;
};

static bool take(void *ctx, const struct archive_entry *e)
{
	struct sum *s = ctx;

	s->entries++;
	for (size_t i = 0; i < e->name.len; i++)
		s->octets += (unsigned char)e->name.at[i] > ' ';
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sum s = { .entries = 0 };
	const struct archive a = archive_list(
		slice_make(data, size), false, ENTRIES_MAX, take, &s);

	target_promise(a.entries == s.entries && a.entries <= ENTRIES_MAX,
		"what is shown is counted and bounded");
	target_promise(s.octets <= size * ENTRIES_MAX, "names are of the file");
	return 0;
}
