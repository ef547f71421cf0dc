/* SPDX-License-Identifier: BSD-2-Clause */
#include "portal/origin.h"

#include "base/arena.h"
#include "conf/conf.h"

#include <stddef.h>

static const struct {
	const char *name;
	size_t offset; /* of a struct slice */
} fields[] = {
	{ "sender_domain", offsetof(struct origin, sender_domain) },
	{ "code", offsetof(struct origin, code) },
	{ "reply", offsetof(struct origin, reply) },
	{ "class", offsetof(struct origin, class) },
	{ "reason", offsetof(struct origin, reason) },
	{ "first_seen", offsetof(struct origin, first_seen) },
	{ "last_seen", offsetof(struct origin, last_seen) },
	{ "count", offsetof(struct origin, count) },
};

struct reading {
	struct arena *arena;
	struct origin origin;
	bool is_cut; /* there was no room */
};

static void add(void *ctx, struct slice field, struct slice value)
{
	struct reading *r = ctx;

	if (slice_is_equal(field, slice_of("ip"))) {
		r->origin.has_ip = ipaddr_parse(&r->origin.ip, value) == RES_OK;
		return;
	}
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (slice_is_equal(field, slice_of(fields[i].name)) &&
			arena_copy(r->arena, value,
				(struct slice *)(void *)((char *)&r->origin +
					fields[i].offset)) != RES_OK)
			r->is_cut = true;
}

enum result origin_read(struct redis *r, const struct conf *conf,
	struct slice ref, struct arena *a, struct origin *out)
{
	struct reading reading = { .arena = a };
	enum result res = case_ref_parse(ref, reading.origin.ref);

	if (res == RES_OK)
		res = case_read(r, slice_of(conf->redis.prefix),
			slice_of(reading.origin.ref), add, &reading);
	if (res == RES_OK && reading.is_cut)
		res = RES_NOMEM;
	if (res == RES_OK)
		*out = reading.origin;
	return res;
}
