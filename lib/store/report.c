/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/report.h"

#include "base/arena.h"
#include "base/buf.h"
#include "conf/conf.h"
#include "store/reportcore.h"

#include <stdio.h>

enum { LIST_MEMORY_MAX = 64 * 1024, INDEX_MAX = 4 * 1024 * 1024 };

/* KEYS: report, audit. ARGV: state, who, now. */
static const char close_text[] =
	"local was = redis.call('HGET', KEYS[1], 'state')\n"
	"if not was then return 0 end\n"
	"if was == ARGV[1] then return 1 end\n"
	"redis.call('HSET', KEYS[1], 'state', ARGV[1])\n"
	"redis.call('XADD', KEYS[2], 'MAXLEN', '~', 100000, '*',\n"
	"  'who', ARGV[2], 'what', 'report', 'key', KEYS[1],\n"
	"  'before', was, 'after', ARGV[1], 'why', '')\n"
	"return 1\n";

static enum result read_items(struct redis *r, const struct conf *conf,
	bool with_messages, struct arena *a, struct report *out)
{
	size_t fields = with_messages ? REPORT_ITEM_FIELDS : REPORT_ITEM_BRIEF;
	char name[REPORT_NAME_MAX];
	struct redis_reply reply;
	enum result res = RES_OK;

	out->item = arena_alloc(a, (out->count + 1) * sizeof(*out->item));
	if (out->item == NULL)
		return RES_NOMEM;
	for (size_t i = 0; i < out->count && res == RES_OK; i++) {
		report_item_name(out->id, i, name);
		res = report_ask(
			r, conf, name, report_item_fields, fields, &reply);
		if (res == RES_OK)
			res = report_take_item(&reply, a, &out->item[i]);
		/* One that is not written yet has nothing to say. */
		if (res == RES_MISSING)
			res = RES_OK;
	}
	return res;
}

enum result report_read(struct redis *r, const struct conf *conf,
	struct slice id, bool with_messages, struct arena *a,
	struct report *out)
{
	struct redis_reply reply;
	enum result res;

	*out = (struct report){ .state = REPORT_OPEN };
	if (case_ref_parse(id, out->id) != RES_OK)
		return RES_SYNTAX;
	res = report_ask(
		r, conf, out->id, report_fields, REPORT_FIELDS, &reply);
	if (res == RES_OK)
		res = report_take(&reply, a, out);
	if (res == RES_OK)
		res = read_items(r, conf, with_messages, a, out);
	if (res != RES_OK) {
		out->item = NULL;
		out->count = 0;
	}
	return res;
}

/* ---- the index ---- */

/* One that is gone is passed over. */
static enum result list_one(struct redis *r, const struct conf *conf,
	const struct report_listing *how, struct slice id, size_t *found)
{
	struct report p = { .state = REPORT_OPEN };
	struct redis_reply reply;
	struct arena *a = NULL;
	enum result res;

	if (case_ref_parse(id, p.id) != RES_OK)
		return RES_OK;
	a = arena_new(LIST_MEMORY_MAX);
	if (a == NULL)
		return RES_NOMEM;
	res = report_ask(r, conf, p.id, report_fields, REPORT_FIELDS, &reply);
	if (res == RES_OK && report_take(&reply, a, &p) == RES_OK &&
		(!how->only_open || p.state == REPORT_OPEN)) {
		how->each(how->ctx, &p);
		(*found)++;
	}
	arena_free(a);
	return res;
}

enum result report_list(struct redis *r, const struct conf *conf,
	const struct report_listing *how)
{
	struct slice rest, id;
	struct buf ids;
	enum result res;
	size_t found = 0;

	buf_init(&ids, INDEX_MAX);
	res = report_index(r, conf, "ZREVRANGE", "report:all", "199999", &ids);
	rest = buf_slice(&ids);
	while (res == RES_OK && found < how->most && slice_cut(&rest, ' ', &id))
		res = list_one(r, conf, how, id, &found);
	buf_clear(&ids);
	return res;
}

enum result report_close(struct redis *r, const struct conf *conf,
	struct slice id, int64_t now_ms, struct slice who)
{
	struct script_call call = { .count = 0 };
	struct redis_reply reply;
	char name[CASE_REF_MAX];
	enum result res;

	if (case_ref_parse(id, name) != RES_OK)
		return RES_SYNTAX;
	report_key(&call, conf, "report:", name);
	report_key(&call, conf, "audit", "");
	script_arg(&call, slice_of(report_state_name(REPORT_CLOSED)));
	script_arg(&call, who);
	script_number(&call, now_ms);
	res = script_run(r, close_text, &call, &reply);
	if (res != RES_OK)
		return res;
	return reply.number == 1 ? RES_OK : RES_MISSING;
}
