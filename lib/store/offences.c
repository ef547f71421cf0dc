/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/offences.h"

#include "store/script.h"

#include <stdio.h>
#include <string.h>

enum { MS_PER_S = 1000, PIECE_MAX = CASE_REF_MAX + OFFENCE_ID_MAX };

/* ARGV: time, piece, window in ms, most. The answer: how many, then the pieces
 * that are left, the newest first. */
static const char add_text[] =
	"local at, window = tonumber(ARGV[1]), tonumber(ARGV[3])\n"
	"redis.call('ZADD', KEYS[1], ARGV[1], ARGV[2])\n"
	"redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf',\n"
	"  string.format('%.0f', at - window))\n"
	"redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -1 - tonumber(ARGV[4]))\n"
	"redis.call('PEXPIRE', KEYS[1], ARGV[3])\n"
	"local out = redis.call('ZREVRANGE', KEYS[1], 0, 9)\n"
	"table.insert(out, 1, redis.call('ZCARD', KEYS[1]))\n"
	"return out\n";

static const char forget_text[] = "return redis.call('DEL', KEYS[1])\n";

static void put_key(
	struct script_call *c, struct slice prefix, const struct cidr *net)
{
	char text[CIDR_TEXT_MAX];

	script_key_of(c, prefix, "evidence:", slice_of(cidr_format(net, text)));
}

static void find_ref(const struct redis_reply *reply, struct offences *out)
{
	for (size_t i = 1; i < reply->count && out->ref[0] == '\0'; i++) {
		struct slice piece = redis_element(reply, i).text;
		size_t len = slice_find(piece, '/');

		/* Whoever else writes there must not get into a listing. */
		if (len == piece.len ||
			case_ref_parse(slice_part(piece, 0, len), out->ref) !=
				RES_OK)
			out->ref[0] = '\0';
	}
}

enum result offences_add(struct redis *r, struct slice prefix,
	const struct cidr *net, const struct offence *o, unsigned most,
	unsigned window_s, struct offences *out)
{
	struct script_call call = { .count = 0 };
	struct redis_reply reply;
	char piece[PIECE_MAX];
	enum result res;

	*out = (struct offences){ .count = 0 };
	snprintf(piece, sizeof(piece), "%s/%s", o->ref, o->id);
	put_key(&call, prefix, net);
	script_number(&call, o->at_ms);
	script_arg(&call, slice_of(piece));
	script_number(&call, (int64_t)window_s * MS_PER_S);
	script_number(&call, most);
	res = script_run(r, add_text, &call, &reply);
	if (res != RES_OK)
		return res;
	out->count = (unsigned)redis_element(&reply, 0).number;
	find_ref(&reply, out);
	return RES_OK;
}

enum result offences_forget(
	struct redis *r, struct slice prefix, const struct cidr *net)
{
	struct script_call call = { .count = 0 };
	struct redis_reply reply;

	put_key(&call, prefix, net);
	return script_run(r, forget_text, &call, &reply);
}
