/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/lessons.h"

#include "conf/conf.h"
#include "store/keys.h"
#include "store/script.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { AUDIT_MAX = 100000, ABOUT_FIELDS = 5, FIRST_ROOM = 1 << 16 };

/*
 * KEYS: about, examples, spam, ham. ARGV: now, most of a kind, then ID, kind
 * and packed lesson. The head of a lesson is its version and kind.
 */
static const char add_text[] =
	"local set = { s = KEYS[3], h = KEYS[4] }\n"
	"local other = { s = KEYS[4], h = KEYS[3] }\n"
	"local added, moved, dropped = 0, 0, 0\n"
	"for i = 3, #ARGV, 3 do\n"
	"  local id, kind, packed = ARGV[i], ARGV[i + 1], ARGV[i + 2]\n"
	"  local was = redis.call('HGET', KEYS[2], id)\n"
	"  if not was or string.sub(was, 1, 2) ~= string.sub(packed, 1, 2) "
	"then\n"
	"    redis.call('HSET', KEYS[2], id, packed)\n"
	"    redis.call('ZREM', other[kind], id)\n"
	"    redis.call('ZADD', set[kind], ARGV[1], id)\n"
	"    if was then moved = moved + 1 else added = added + 1 end\n"
	"  end\n"
	"end\n"
	"for _, key in pairs(set) do\n"
	"  while redis.call('ZCARD', key) > tonumber(ARGV[2]) do\n"
	"    redis.call('HDEL', KEYS[2], redis.call('ZPOPMIN', key)[1])\n"
	"    dropped = dropped + 1\n"
	"  end\n"
	"end\n"
	"if added + moved > 0 then\n"
	"  redis.call('HINCRBY', KEYS[1], 'edits', 1)\n"
	"end\n"
	"return { added, moved, dropped }\n";

/* KEYS: about, examples, spam, ham. ARGV: IDs. */
static const char remove_text[] =
	"local n = 0\n"
	"for _, id in ipairs(ARGV) do\n"
	"  n = n + redis.call('HDEL', KEYS[2], id)\n"
	"  redis.call('ZREM', KEYS[3], id)\n"
	"  redis.call('ZREM', KEYS[4], id)\n"
	"end\n"
	"if n > 0 then redis.call('HINCRBY', KEYS[1], 'edits', 1) end\n"
	"return n\n";

/* KEYS: about, model, audit. ARGV: edits, weights, spam, ham, now, who, why,
 * length of the audit. */
static const char install_text[] =
	"local edits = redis.call('HGET', KEYS[1], 'edits') or '0'\n"
	"if edits ~= ARGV[1] then return 0 end\n"
	"local function what()\n"
	"  local f = redis.call('HMGET', KEYS[1], 'version', 'spam', 'ham')\n"
	"  return cjson.encode({ version = f[1] or '0', spam = f[2] or '0',\n"
	"    ham = f[3] or '0' })\n"
	"end\n"
	"local before = what()\n"
	"local version = redis.call('HINCRBY', KEYS[1], 'version', 1)\n"
	"redis.call('SET', KEYS[2], ARGV[2])\n"
	"redis.call('HSET', KEYS[1], 'spam', ARGV[3], 'ham', ARGV[4],\n"
	"  'learnt_ms', ARGV[5])\n"
	"redis.call('XADD', KEYS[3], 'MAXLEN', '~', ARGV[8], '*',\n"
	"  'who', ARGV[6], 'what', 'learn', 'key', KEYS[2],\n"
	"  'before', before, 'after', what(), 'why', ARGV[7])\n"
	"return version\n";

static void add_key(
	struct script_call *c, const struct conf *conf, const char *name)
{
	script_key_of(c, slice_of(conf->redis.prefix), name, slice_of(""));
}

static struct script_call *call_new(const struct conf *conf)
{
	struct script_call *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	add_key(c, conf, "content:about");
	add_key(c, conf, "content:examples");
	add_key(c, conf, "content:spam");
	add_key(c, conf, "content:ham");
	return c;
}

static size_t number_at(const struct redis_reply *reply, size_t i)
{
	struct redis_reply n = redis_element(reply, i);

	return n.type == REDIS_NUMBER && n.number > 0 ? (size_t)n.number : 0;
}

/* ---- changes ---- */

enum result lessons_add(struct redis *r, const struct conf *conf,
	const struct lessons_batch *batch, struct lessons_change *out)
{
	struct script_call *c = call_new(conf);
	struct buf packed[LESSONS_BATCH];
	struct redis_reply reply;
	enum result res = RES_OK;

	assert(batch->count <= LESSONS_BATCH);
	if (c == NULL)
		return RES_NOMEM;
	script_number(c, batch->now_ms);
	script_number(c, (int64_t)(conf->content.examples_max / 2));
	for (size_t i = 0; i < batch->count; i++) {
		const struct lesson *l = &batch->lesson[i];

		buf_init(&packed[i], LESSON_PACKED_MAX);
		lesson_pack(l, &packed[i]);
		if (res == RES_OK)
			res = buf_result(&packed[i]);
		script_arg(c, slice_of(l->id));
		script_arg(c, slice_of(l->is_spam ? "s" : "h"));
		script_arg(c, buf_slice(&packed[i]));
	}
	if (res == RES_OK)
		res = script_run(r, add_text, c, &reply);
	if (res == RES_OK) {
		out->added += number_at(&reply, 0);
		out->moved += number_at(&reply, 1);
		out->dropped += number_at(&reply, 2);
	}
	for (size_t i = 0; i < batch->count; i++)
		buf_clear(&packed[i]);
	free(c);
	return res;
}

enum result lessons_remove(struct redis *r, const struct conf *conf,
	const struct lessons_batch *batch, struct lessons_change *out)
{
	struct script_call *c = call_new(conf);
	struct redis_reply reply;
	enum result res;

	assert(batch->count <= LESSONS_BATCH);
	if (c == NULL)
		return RES_NOMEM;
	for (size_t i = 0; i < batch->count; i++)
		script_arg(c, slice_of(batch->lesson[i].id));
	res = script_run(r, remove_text, c, &reply);
	if (res == RES_OK && reply.type == REDIS_NUMBER && reply.number > 0)
		out->removed += (size_t)reply.number;
	free(c);
	return res;
}

enum result lessons_install(struct redis *r, const struct conf *conf,
	const struct lessons_model *m, int64_t now_ms, uint64_t *version)
{
	struct script_call *c = calloc(1, sizeof(*c));
	struct redis_reply reply;
	struct buf weights;
	enum result res = c == NULL ? RES_NOMEM : RES_OK;

	buf_init(&weights, LESSON_WEIGHTS_LEN);
	lesson_weights_pack(m->weights, &weights);
	if (res == RES_OK)
		res = buf_result(&weights);
	if (res == RES_OK) {
		add_key(c, conf, "content:about");
		add_key(c, conf, "content:model");
		add_key(c, conf, "audit");
		script_number(c, (int64_t)m->edits);
		script_arg(c, buf_slice(&weights));
		script_number(c, (int64_t)m->spam);
		script_number(c, (int64_t)m->ham);
		script_number(c, now_ms);
		script_arg(c, m->who);
		script_arg(c, m->why);
		script_number(c, AUDIT_MAX);
		res = script_run(r, install_text, c, &reply);
	}
	if (res == RES_OK && (reply.type != REDIS_NUMBER || reply.number <= 0))
		res = RES_EXISTS;
	if (res == RES_OK)
		*version = (uint64_t)reply.number;
	buf_clear(&weights);
	free(c);
	return res;
}

/* ---- what is there ---- */

static enum result command(struct redis *r, const struct slice *argv,
	size_t argc, struct redis_reply *out)
{
	enum result res = redis_command(r, argv, argc, out);

	if (res == RES_OK && out->type == REDIS_ERROR)
		res = redis_error_kind(out->text);
	return res;
}

static void format_key(
	struct buf *out, const struct conf *conf, const char *name)
{
	buf_init(out, LIST_NAME_MAX);
	keys_format(out, slice_of(conf->redis.prefix), name, slice_of(""));
}

/* What an editor by hand got wrong counts as 0. */
static uint64_t number_of(struct redis_reply reply)
{
	uint64_t n = 0;

	if (reply.type != REDIS_STRING ||
		slice_parse_u64(reply.text, 0, INT64_MAX, &n) != RES_OK)
		return 0;
	return n;
}

enum result lessons_about(
	struct redis *r, const struct conf *conf, struct lessons_about *out)
{
	struct redis_reply reply;
	struct buf key;
	enum result res;

	format_key(&key, conf, "content:about");
	res = command(r,
		(struct slice[]){ slice_of("HMGET"), buf_slice(&key),
			slice_of("version"), slice_of("edits"),
			slice_of("spam"), slice_of("ham"),
			slice_of("learnt_ms") },
		2 + ABOUT_FIELDS, &reply);
	buf_clear(&key);
	if (res != RES_OK)
		return res;
	out->version = number_of(redis_element(&reply, 0));
	out->edits = number_of(redis_element(&reply, 1));
	out->spam = number_of(redis_element(&reply, 2));
	out->ham = number_of(redis_element(&reply, 3));
	out->learnt_ms = (int64_t)number_of(redis_element(&reply, 4));
	return RES_OK;
}

enum result lessons_weights(
	struct redis *r, const struct conf *conf, float *weights)
{
	struct redis_reply reply;
	struct buf key;
	enum result res;

	format_key(&key, conf, "content:model");
	res = command(r, (struct slice[]){ slice_of("GET"), buf_slice(&key) },
		2, &reply);
	buf_clear(&key);
	if (res != RES_OK)
		return res;
	if (reply.type == REDIS_NIL)
		return RES_MISSING;
	return lesson_weights_unpack(reply.text, weights);
}

/* ---- all of them ---- */

/* Lessons in the making: features move while there are more to come, so each
 * is known by where it begins until all are there. */
struct gathering {
	struct lessons *out;
	size_t *from;
	size_t room; /* of lessons */
	size_t used; /* of features */
	size_t index_room;
	size_t most;
};

static enum result make_room(struct gathering *g)
{
	struct lessons *l = g->out;

	if (l->count >= g->most)
		return RES_TOOBIG;
	if (l->count == g->room) {
		size_t room = g->room == 0 ? FIRST_ROOM / 64 : g->room * 2;
		struct lesson *lesson =
			realloc(l->lesson, room * sizeof(*lesson));
		size_t *from = realloc(g->from, room * sizeof(*from));

		if (lesson != NULL)
			l->lesson = lesson;
		if (from != NULL)
			g->from = from;
		if (lesson == NULL || from == NULL)
			return RES_NOMEM;
		g->room = room;
	}
	if (g->index_room - g->used < LESSON_FEATURES_MAX) {
		size_t room =
			g->index_room == 0 ? FIRST_ROOM : g->index_room * 2;
		uint32_t *index = realloc(l->index, room * sizeof(*index));

		if (index == NULL)
			return RES_NOMEM;
		l->index = index;
		g->index_room = room;
	}
	return RES_OK;
}

static enum result take(
	struct gathering *g, struct slice id, struct slice packed)
{
	struct lessons *l = g->out;
	enum result res = make_room(g);
	struct lesson *to;

	if (res != RES_OK)
		return res;
	to = &l->lesson[l->count];
	if (id.len != LESSON_ID_MAX - 1 ||
		lesson_unpack(packed, l->index + g->used, to) != RES_OK) {
		l->unusable++;
		return RES_OK;
	}
	memcpy(to->id, id.at, id.len);
	to->id[id.len] = '\0';
	g->from[l->count++] = g->used;
	g->used += to->count;
	return RES_OK;
}

static enum result scan(
	struct gathering *g, struct redis *r, const struct conf *conf)
{
	char cursor[24] = "0";
	struct buf key;
	enum result res = RES_OK;

	format_key(&key, conf, "content:examples");
	do {
		struct redis_reply reply, pairs, next;

		res = command(r,
			(struct slice[]){ slice_of("HSCAN"), buf_slice(&key),
				slice_of(cursor), slice_of("COUNT"),
				slice_of("250") },
			5, &reply);
		if (res != RES_OK)
			break;
		next = redis_element(&reply, 0);
		pairs = redis_element(&reply, 1);
		for (size_t i = 0; i + 1 < pairs.count && res == RES_OK; i += 2)
			res = take(g, redis_element(&pairs, i).text,
				redis_element(&pairs, i + 1).text);
		if (next.text.len == 0 || next.text.len >= sizeof(cursor))
			res = RES_CORRUPT;
		if (res != RES_OK)
			break;
		memcpy(cursor, next.text.at, next.text.len);
		cursor[next.text.len] = '\0';
	} while (strcmp(cursor, "0") != 0);
	buf_clear(&key);
	return res;
}

static int compare(const void *a, const void *b)
{
	return strcmp(
		((const struct lesson *)a)->id, ((const struct lesson *)b)->id);
}

/* In order, and each once: a scan may show one twice. */
static void settle(struct gathering *g)
{
	struct lessons *l = g->out;
	size_t kept = 0;

	for (size_t i = 0; i < l->count; i++)
		l->lesson[i].index = l->index + g->from[i];
	if (l->count > 0)
		qsort(l->lesson, l->count, sizeof(*l->lesson), compare);
	for (size_t i = 0; i < l->count; i++) {
		if (kept > 0 &&
			compare(&l->lesson[i], &l->lesson[kept - 1]) == 0)
			continue;
		l->lesson[kept++] = l->lesson[i];
		l->spam += l->lesson[i].is_spam;
	}
	l->count = kept;
}

enum result lessons_read(
	struct redis *r, const struct conf *conf, struct lessons *out)
{
	struct gathering g = { .out = out,
		/* Some may be shown twice; and the bound may have been
		 * greater once. */
		.most = 2 * conf->content.examples_max + FIRST_ROOM };
	struct lessons_about about;
	enum result res;

	*out = (struct lessons){ .count = 0 };
	res = lessons_about(r, conf, &about);
	if (res == RES_OK)
		res = scan(&g, r, conf);
	if (res == RES_OK) {
		out->edits = about.edits;
		settle(&g);
	}
	free(g.from);
	if (res != RES_OK)
		lessons_clear(out);
	return res;
}

void lessons_clear(struct lessons *l)
{
	free(l->lesson);
	free(l->index);
	*l = (struct lessons){ .count = 0 };
}
