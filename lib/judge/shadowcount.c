/* SPDX-License-Identifier: BSD-2-Clause */
#include "judge/shadowcount.h"

#include "judge/record.h"

#include <string.h>

/* One that was taken comes back with its message. */
static bool is_last_word(const struct record *r)
{
	return strcmp(r->stage, "eom") == 0 ||
		action_is_refusal(r->verdict->action);
}

void shadowcount_judged(void *at, const struct record *r)
{
	struct shadowcount *c = at;

	if (r->verdict == NULL || !is_last_word(r))
		return;
	for (unsigned i = 0; i < r->verdict->shadow_count; i++) {
		const struct verdict_shadow *s = &r->verdict->shadow[i];
		unsigned check = checkindex_of(s->check);

		if (check < CHECKINDEX_COUNT)
			atomic_fetch_add(&c->count[check][s->action], 1);
	}
}

void shadowcount_format(struct shadowcount *c, struct buf *out)
{
	static const char name[] = "reprieve_shadow_total";

	buf_add_format(out,
		"# HELP %s Messages and refused recipients that a check in "
		"shadow would have treated so.\n# TYPE %s counter\n",
		name, name);
	for (unsigned i = 0; i < CHECKINDEX_COUNT; i++)
		for (unsigned a = 0; a <= ACTION_REJECT; a++) {
			unsigned long long n = atomic_load(&c->count[i][a]);

			if (n > 0)
				buf_add_format(out,
					"%s{check=\"%s\",action=\"%s\"} %llu\n",
					name, checkindex_name(i),
					action_name((enum action)a), n);
		}
}
