/* SPDX-License-Identifier: BSD-2-Clause */
/* Originals that wait until an administrator lets them be learnt. */
#include "store/reportcore.h"

#include "base/arena.h"
#include "base/buf.h"
#include "conf/conf.h"

#include <stdio.h>

enum { INDEX_MAX = 2 * 1024 * 1024, ITEM_MEMORY_MAX = 64 * 1024 };

static const char *const fields[] = { "kind", "lesson", "from", "subject" };

enum { FIELDS = sizeof(fields) / sizeof(fields[0]) };

/* KEYS: train, original, report. ARGV: "ID:N", open, acted. */
static const char taken_text[] =
	"if redis.call('ZREM', KEYS[1], ARGV[1]) == 0 then return 0 end\n"
	"if redis.call('EXISTS', KEYS[2]) == 1 then\n"
	"  redis.call('HSET', KEYS[2], 'waits', '0')\n"
	"end\n"
	"if redis.call('HGET', KEYS[3], 'state') == ARGV[2] then\n"
	"  redis.call('HSET', KEYS[3], 'state', ARGV[3])\n"
	"end\n"
	"return 1\n";

static struct slice kept(
	struct arena *a, const struct redis_reply *reply, size_t i)
{
	struct slice out = { 0 };

	if (arena_copy(a, redis_element(reply, i).text, &out) != RES_OK)
		return slice_of("");
	return out;
}

/* each may use r: what it is handed is a copy. */
struct handing {
	void (*each)(void *ctx, const struct report_waiting *w);
	void *ctx;
};

static enum result hand_one(struct redis *r, const struct conf *conf,
	struct slice name, const struct handing *to, size_t *found)
{
	struct report_waiting w = { .number = 0 };
	char item[REPORT_NAME_MAX];
	enum report_kind kind;
	struct redis_reply reply;
	struct arena *a = NULL;
	enum result res;

	if (report_item_parse(name, w.id, &w.number) != RES_OK)
		return RES_OK;
	report_item_name(w.id, w.number, item);
	res = report_ask(r, conf, item, fields, FIELDS, &reply);
	if (res != RES_OK ||
		!report_kind_parse(redis_element(&reply, 0).text, &kind))
		return res;
	a = arena_new(ITEM_MEMORY_MAX);
	if (a == NULL)
		return RES_NOMEM;
	w.is_spam = kind != REPORT_NOTJUNK;
	w.lesson = kept(a, &reply, 1);
	w.from = kept(a, &reply, 2);
	w.subject = kept(a, &reply, 3);
	to->each(to->ctx, &w);
	(*found)++;
	arena_free(a);
	return RES_OK;
}

enum result report_pending(struct redis *r, const struct conf *conf,
	size_t most, void (*each)(void *ctx, const struct report_waiting *w),
	void *ctx)
{
	const struct handing to = { each, ctx };
	struct slice rest, name;
	struct buf names;
	enum result res;
	size_t found = 0;

	buf_init(&names, INDEX_MAX);
	res = report_index(r, conf, "ZRANGE", "report:train", "19999", &names);
	rest = buf_slice(&names);
	while (res == RES_OK && found < most && slice_cut(&rest, ' ', &name))
		res = hand_one(r, conf, name, &to, &found);
	buf_clear(&names);
	return res;
}

enum result report_taken(struct redis *r, const struct conf *conf,
	struct slice id, unsigned number)
{
	struct script_call call = { .count = 0 };
	struct redis_reply reply;
	char name[CASE_REF_MAX], item[REPORT_NAME_MAX];
	enum result res;

	if (case_ref_parse(id, name) != RES_OK)
		return RES_MISSING;
	report_item_name(name, number, item);
	report_key(&call, conf, "report:train", "");
	report_key(&call, conf, "report:", item);
	report_key(&call, conf, "report:", name);
	script_arg(&call, slice_of(item));
	script_arg(&call, slice_of(report_state_name(REPORT_OPEN)));
	script_arg(&call, slice_of(report_state_name(REPORT_ACTED)));
	res = script_run(r, taken_text, &call, &reply);
	if (res != RES_OK)
		return res;
	return reply.number == 1 ? RES_OK : RES_MISSING;
}
