/* SPDX-License-Identifier: BSD-2-Clause */
/* judge/factfile: any octets are refused or read, and what was read is written
 * and read as the same. */
#include "judge/factfile.h"
#include "t/fuzz/target.h"

#include <stdlib.h>
#include <string.h>

enum { OUT_MAX = 1 << 20 };

static bool is_head_same(const struct fact *a, const struct fact *b)
{
	return a->wall_ms == b->wall_ms && a->session == b->session &&
		a->stage == b->stage && a->action == b->action &&
		a->findings.count == b->findings.count &&
		strcmp(a->ref, b->ref) == 0 &&
		strcmp(a->rcpt_domain, b->rcpt_domain) == 0;
}

static bool is_same(const struct fact *a, const struct fact *b)
{
	if (!is_head_same(a, b))
		return false;
	for (size_t i = 0; i < a->findings.count; i++) {
		const struct finding *x = &a->findings.item[i];
		const struct finding *y = &b->findings.item[i];

		if (x->outcome != y->outcome || x->shadow != y->shadow ||
			strcmp(x->check, y->check) != 0 ||
			strcmp(x->detail, y->detail) != 0)
			return false;
	}
	return true;
}

static void check_copy(const struct fact *f)
{
	struct factfile_writer *w = calloc(1, sizeof(*w));
	struct fact *copy = calloc(1, sizeof(*copy));
	struct factfile_reader *r;
	struct buf out;

	buf_init(&out, OUT_MAX);
	buf_add_text(&out, FACTFILE_MAGIC);
	if (w == NULL || copy == NULL)
		abort();
	factfile_add(w, f, &out);
	if (factfile_open(&r, buf_slice(&out)) != RES_OK ||
		factfile_next(r, copy) != RES_OK || !is_same(f, copy))
		abort();
	factfile_close(r);
	buf_clear(&out);
	free(copy);
	free(w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct factfile_reader *r;
	struct fact *f = calloc(1, sizeof(*f));

	if (f != NULL &&
		factfile_open(&r, slice_make((const char *)data, size)) ==
			RES_OK) {
		while (factfile_next(r, f) == RES_OK)
			check_copy(f);
		factfile_close(r);
	}
	free(f);
	return 0;
}
