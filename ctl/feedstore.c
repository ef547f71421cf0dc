/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/feedstore.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/random.h"
#include "ctl/ask.h"
#include "ctl/entry.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	LOCK_S = 15,
	LOCK_WAIT_MS = 20000,
	BATCH = 500,
	HEAD_KEYS = 2,
	HEAD_ARGS = 6,
	ITEM_ARGS = 4,
	MEMBER_MAX = CIDR_TEXT_MAX + 8,
	GONE_ARENA = 1 << 30
};

/* KEYS: lock, set, new. ARGV: token, seconds. What an import that died had
 * put in counts as ours from now on. */
static const char begin_text[] =
	"if not redis.call('SET', KEYS[1], ARGV[1], 'NX', 'EX', ARGV[2]) then\n"
	"  return 0\n"
	"end\n"
	"if redis.call('EXISTS', KEYS[3]) == 1 then\n"
	"  redis.call('SUNIONSTORE', KEYS[2], KEYS[2], KEYS[3])\n"
	"  redis.call('DEL', KEYS[3])\n"
	"end\n"
	"return 1\n";

/* KEYS: lock, new, entries. ARGV: token, seconds of the lock, origin, life,
 * class, now, then member, reason, ref, force of each entry. */
static const char put_text[] =
	"if redis.call('GET', KEYS[1]) ~= ARGV[1] then return {} end\n"
	"redis.call('EXPIRE', KEYS[1], ARGV[2])\n"
	"local origin, life = ARGV[3], tonumber(ARGV[4])\n"
	"local class, now = ARGV[5], ARGV[6]\n"
	"local added, changed, same, kept = 0, 0, 0, 0\n"
	"for i = 3, #KEYS do\n"
	"  local key, a = KEYS[i], 7 + (i - 3) * 4\n"
	"  local kind = redis.call('TYPE', key).ok\n"
	"  local old = {}\n"
	"  if kind == 'hash' then\n"
	"    old = redis.call('HMGET', key, 'origin', 'reason', 'class',\n"
	"      'ref', 'force')\n"
	"  end\n"
	"  if kind ~= 'none' and old[1] ~= origin then\n"
	"    kept = kept + 1\n"
	"  else\n"
	"    if kind == 'none' then\n"
	"      added = added + 1\n"
	"      redis.call('HSET', key, 'origin', origin, 'since', now,\n"
	"        'reason', ARGV[a + 1], 'class', class)\n"
	"    elseif old[2] ~= ARGV[a + 1] or old[3] ~= class or\n"
	"      (old[4] or '') ~= ARGV[a + 2] or\n"
	"      (old[5] or '') ~= ARGV[a + 3] then\n"
	"      changed = changed + 1\n"
	"      redis.call('HSET', key, 'reason', ARGV[a + 1], 'class', class)\n"
	"      redis.call('HDEL', key, 'ref', 'force')\n"
	"    else\n"
	"      same = same + 1\n"
	"    end\n"
	"    if ARGV[a + 2] ~= '' then\n"
	"      redis.call('HSET', key, 'ref', ARGV[a + 2])\n"
	"    end\n"
	"    if ARGV[a + 3] ~= '' then\n"
	"      redis.call('HSET', key, 'force', ARGV[a + 3])\n"
	"    end\n"
	"    if life > 0 then\n"
	"      redis.call('EXPIRE', key, life)\n"
	"    else\n"
	"      redis.call('PERSIST', key)\n"
	"    end\n"
	"    redis.call('SADD', KEYS[2], ARGV[a])\n"
	"  end\n"
	"end\n"
	"return {added, changed, same, kept}\n";

/* KEYS: lock, unused, entries. ARGV: token, seconds, origin. */
static const char drop_text[] =
	"if redis.call('GET', KEYS[1]) ~= ARGV[1] then return {} end\n"
	"redis.call('EXPIRE', KEYS[1], ARGV[2])\n"
	"local removed = 0\n"
	"for i = 3, #KEYS do\n"
	"  if redis.call('TYPE', KEYS[i]).ok == 'hash' and\n"
	"    redis.call('HGET', KEYS[i], 'origin') == ARGV[3] then\n"
	"    removed = removed + redis.call('DEL', KEYS[i])\n"
	"  end\n"
	"end\n"
	"return {removed}\n";

/* KEYS: lock, set, new, hash, audit. ARGV: token, who, why, length of the
 * audit, what came of it, then the fields of the hash. */
static const char end_text[] =
	"if redis.call('GET', KEYS[1]) ~= ARGV[1] then return {} end\n"
	"local was, f = {}, redis.call('HGETALL', KEYS[4])\n"
	"for i = 1, #f, 2 do was[f[i]] = f[i + 1] end\n"
	"redis.call('DEL', KEYS[2], KEYS[4])\n"
	"if redis.call('EXISTS', KEYS[3]) == 1 then\n"
	"  redis.call('RENAME', KEYS[3], KEYS[2])\n"
	"end\n"
	"redis.call('HSET', KEYS[4], unpack(ARGV, 6))\n"
	"redis.call('XADD', KEYS[5], 'MAXLEN', '~', ARGV[4], '*',\n"
	"  'who', ARGV[2], 'what', 'import', 'key', KEYS[4],\n"
	"  'before', #f > 0 and cjson.encode(was) or '',\n"
	"  'after', ARGV[5], 'why', ARGV[3])\n"
	"redis.call('DEL', KEYS[1])\n"
	"return {1}\n";

bool feedstore_name_is_valid(const char *name)
{
	size_t len = strlen(name);

	return len > 0 && len <= FEEDSTORE_NAME_MAX &&
		strspn(name,
			"abcdefghijklmnopqrstuvwxyz"
			"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == len;
}

enum feed_key { KEY_HASH = 0, KEY_SET, KEY_NEW, KEY_LOCK, KEYS };

struct work {
	struct ctl *ctl;
	const struct feedstore_request *rq;
	struct feedstore_counts *counts;
	struct buf key[KEYS];
	char token[20];
	char origin[FEEDSTORE_NAME_MAX + 8];
	/* members of the set that are not in the file */
	struct arena *text;
	struct slice *gone;
	size_t gone_count;
	size_t gone_size;
	size_t known; /* members of the set that are in the file */
};

static void work_init(
	struct work *w, struct ctl *ctl, const struct feedstore_request *rq)
{
	static const char *const behind[KEYS] = { "", ":set", ":new", ":lock" };

	memset(w, 0, sizeof(*w));
	w->ctl = ctl;
	w->rq = rq;
	for (size_t i = 0; i < KEYS; i++) {
		buf_init(&w->key[i], LIST_NAME_MAX);
		keys_format(&w->key[i], ctl_prefix(ctl),
			"feed:", slice_of(rq->name));
		buf_add_text(&w->key[i], behind[i]);
	}
	snprintf(w->token, sizeof(w->token), "%016" PRIx64, random_u64());
	snprintf(w->origin, sizeof(w->origin), "%s%s", ENTRY_ORIGIN_FEED,
		rq->name);
}

static void work_clear(struct work *w)
{
	for (size_t i = 0; i < KEYS; i++)
		buf_clear(&w->key[i]);
	arena_free(w->text);
	free(w->gone);
}

static struct slice key_of(const struct work *w, enum feed_key which)
{
	return buf_slice(&w->key[which]);
}

static enum ctl_exit lost(struct work *w)
{
	output_error(w->ctl->out,
		"another import of %s has taken over; nothing is lost, start "
		"again",
		w->rq->name);
	return CTL_REFUSED;
}

/* ---- what was there ---- */

/* "block:192.0.2.0/24" of the set. */
static bool member_read(
	struct slice member, enum list_kind *kind, struct cidr *net)
{
	size_t colon = slice_find(member, ':');
	struct slice name = slice_part(member, 0, colon);

	*kind = slice_is_equal(name, slice_of("allow")) ? LIST_ALLOW
							: LIST_BLOCK;
	return slice_is_equal(name, slice_of(list_kind_name(*kind))) &&
		cidr_parse(net, slice_part(member, colon + 1, member.len)) ==
		RES_OK;
}

static enum ctl_exit gone_add(struct work *w, struct slice member)
{
	struct slice kept;

	if (w->gone_count == w->gone_size) {
		size_t size = w->gone_size == 0 ? 256 : w->gone_size * 2;
		struct slice *grown = realloc(w->gone, size * sizeof(*grown));

		if (grown == NULL)
			return ask_failed(w->ctl, RES_NOMEM);
		w->gone = grown;
		w->gone_size = size;
	}
	if (arena_copy(w->text, member, &kept) != RES_OK)
		return ask_failed(w->ctl, RES_NOMEM);
	w->gone[w->gone_count++] = kept;
	return CTL_DONE;
}

static enum ctl_exit look_at(struct work *w, struct slice member)
{
	enum list_kind kind;
	struct cidr net;

	if (!member_read(member, &kind, &net))
		return CTL_DONE;
	if (kind == w->rq->kind && feedfile_has(w->rq->feed, &net)) {
		w->known++;
		return CTL_DONE;
	}
	return gone_add(w, member);
}

/* SSCAN may give a member twice: counts are then a little off, and removing
 * twice does nothing. */
static enum ctl_exit look_at_set(struct work *w, enum feed_key which)
{
	char cursor[32] = "0";
	struct redis_reply reply;
	enum ctl_exit code = CTL_DONE;

	if (w->text == NULL)
		w->text = arena_new(GONE_ARENA);
	if (w->text == NULL)
		return ask_failed(w->ctl, RES_NOMEM);
	do {
		const struct slice argv[] = { slice_of("SSCAN"),
			key_of(w, which), slice_of(cursor), slice_of("COUNT"),
			slice_of("1000") };

		code = ask_command(w->ctl, argv, 5, &reply);
		if (code != CTL_DONE)
			break;
		struct redis_reply list = redis_element(&reply, 1);

		snprintf(cursor, sizeof(cursor), "%.*s",
			SLICE_ARG(redis_element(&reply, 0).text));
		for (size_t i = 0; i < list.count && code == CTL_DONE; i++)
			code = look_at(w, redis_element(&list, i).text);
	} while (code == CTL_DONE && strcmp(cursor, "0") != 0);
	return code;
}

enum ctl_exit feedstore_look(struct ctl *ctl,
	const struct feedstore_request *rq, struct feedstore_state *out)
{
	struct work w;
	struct redis_reply reply;
	uint64_t entries = 0;

	work_init(&w, ctl, rq);
	const struct slice argv[] = { slice_of("HGET"), key_of(&w, KEY_HASH),
		slice_of("entries") };
	enum ctl_exit code = ask_command(ctl, argv, 3, &reply);

	if (code == CTL_DONE) {
		out->entries = -1;
		if (slice_parse_u64(reply.text, 0, UINT32_MAX, &entries) ==
			RES_OK)
			out->entries = (int64_t)entries;
		code = look_at_set(&w, KEY_SET);
	}
	if (code == CTL_DONE) {
		out->gone = w.gone_count;
		out->new = w.known < rq->feed->count ? rq->feed->count - w.known
						     : 0;
	}
	work_clear(&w);
	return code;
}

/* ---- the exchange ---- */

/* Another import, or what is left of one that died: wait for its lock. */
static enum ctl_exit begin(struct work *w)
{
	static const struct timespec nap = { .tv_nsec = 200 * 1000 * 1000 };
	struct ask_script script = { .text = begin_text, .digest = "" };
	int64_t end_ms = clock_mono_ms(clock_system()) + LOCK_WAIT_MS;
	struct redis_reply reply;
	char seconds[16];

	snprintf(seconds, sizeof(seconds), "%d", LOCK_S);
	const struct slice argv[] = { key_of(w, KEY_LOCK), key_of(w, KEY_SET),
		key_of(w, KEY_NEW), slice_of(w->token), slice_of(seconds) };

	for (;;) {
		enum ctl_exit code =
			ask_script(w->ctl, &script, argv, 5, 3, &reply);

		if (code != CTL_DONE || reply.number == 1)
			return code;
		if (clock_mono_ms(clock_system()) >= end_ms)
			break;
		nanosleep(&nap, NULL);
	}
	output_error(
		w->ctl->out, "another import of %s is running", w->rq->name);
	return CTL_REFUSED;
}

struct batch {
	struct slice argv[HEAD_KEYS + BATCH + HEAD_ARGS + BATCH * ITEM_ARGS];
	char key[BATCH][LIST_NAME_MAX];
	char member[BATCH][MEMBER_MAX];
};

static void format_item(struct work *w, const struct feedfile_item *item,
	char key[LIST_NAME_MAX], char member[MEMBER_MAX])
{
	struct list_name name = {
		.kind = w->rq->kind, .subject = SUBJECT_NET, .net = item->net
	};
	char net[CIDR_TEXT_MAX];

	list_name_format(&name, ctl_prefix(w->ctl), key);
	snprintf(member, MEMBER_MAX, "%s:%s", list_kind_name(w->rq->kind),
		cidr_format(&item->net, net));
}

static size_t fill_batch(struct work *w, struct batch *b, size_t from,
	size_t count, const char *const head[HEAD_ARGS])
{
	struct slice *keys = b->argv;
	struct slice *args = b->argv + HEAD_KEYS + count;

	*keys++ = key_of(w, KEY_LOCK);
	*keys++ = key_of(w, KEY_NEW);
	for (size_t i = 0; i < HEAD_ARGS; i++)
		*args++ = slice_of(head[i]);
	for (size_t i = 0; i < count; i++) {
		const struct feedfile_item *item = &w->rq->feed->item[from + i];
		bool force = list_net_needs_force(&item->net);

		format_item(w, item, b->key[i], b->member[i]);
		*keys++ = slice_of(b->key[i]);
		*args++ = slice_of(b->member[i]);
		*args++ = item->reason.len > 0 ? item->reason
					       : slice_of(w->rq->name);
		*args++ = item->ref;
		*args++ = slice_of(force ? "yes" : "");
	}
	return (size_t)(args - b->argv);
}

static enum ctl_exit put_all(struct work *w, struct batch *b)
{
	struct ask_script script = { .text = put_text, .digest = "" };
	struct feedstore_counts *c = w->counts;
	size_t all = w->rq->feed->count;
	char seconds[16], life[24], now[CLOCK_TEXT_MAX];
	struct redis_reply reply;

	snprintf(seconds, sizeof(seconds), "%d", LOCK_S);
	snprintf(life, sizeof(life), "%" PRId64, w->rq->life_s);
	clock_format_utc(ctl_now_s() * 1000, now);
	const char *const head[HEAD_ARGS] = { w->token, seconds, w->origin,
		life, w->rq->class, now };

	for (size_t from = 0; from < all; from += BATCH) {
		size_t count = all - from < BATCH ? all - from : BATCH;
		size_t argc = fill_batch(w, b, from, count, head);
		enum ctl_exit code = ask_script(w->ctl, &script, b->argv, argc,
			HEAD_KEYS + count, &reply);

		if (code != CTL_DONE)
			return code;
		if (reply.count != 4)
			return lost(w);
		c->added += redis_element(&reply, 0).number;
		c->changed += redis_element(&reply, 1).number;
		c->same += redis_element(&reply, 2).number;
		c->kept += redis_element(&reply, 3).number;
		w->rq->progress(w->rq->ctx, from + count);
	}
	return CTL_DONE;
}

static size_t fill_gone(
	struct work *w, struct batch *b, size_t from, size_t count)
{
	size_t keys = 0;

	b->argv[keys++] = key_of(w, KEY_LOCK);
	b->argv[keys++] = key_of(w, KEY_NEW);
	for (size_t i = 0; i < count; i++) {
		struct list_name name = { .subject = SUBJECT_NET };

		if (!member_read(w->gone[from + i], &name.kind, &name.net) ||
			list_name_format(
				&name, ctl_prefix(w->ctl), b->key[i]) == 0)
			continue;
		b->argv[keys++] = slice_of(b->key[i]);
	}
	return keys;
}

static enum ctl_exit drop_gone(struct work *w, struct batch *b)
{
	struct ask_script script = { .text = drop_text, .digest = "" };
	struct redis_reply reply;
	char seconds[16];

	snprintf(seconds, sizeof(seconds), "%d", LOCK_S);
	for (size_t from = 0; from < w->gone_count; from += BATCH) {
		size_t left = w->gone_count - from;
		size_t keys =
			fill_gone(w, b, from, left < BATCH ? left : BATCH);

		b->argv[keys] = slice_of(w->token);
		b->argv[keys + 1] = slice_of(seconds);
		b->argv[keys + 2] = slice_of(w->origin);
		enum ctl_exit code = ask_script(
			w->ctl, &script, b->argv, keys + 3, keys, &reply);

		if (code != CTL_DONE)
			return code;
		if (reply.count != 1)
			return lost(w);
		w->counts->removed += redis_element(&reply, 0).number;
	}
	return CTL_DONE;
}

static void format_counts(const struct feedstore_counts *c, size_t entries,
	char *out, size_t size)
{
	snprintf(out, size,
		"{\"entries\":%zu,\"added\":%" PRId64 ",\"changed\":%" PRId64
		",\"same\":%" PRId64 ",\"kept\":%" PRId64
		",\"removed\":%" PRId64 "}",
		entries, c->added, c->changed, c->same, c->kept, c->removed);
}

static enum ctl_exit finish(struct work *w)
{
	struct ask_script script = { .text = end_text, .digest = "" };
	size_t count = w->rq->feed->count;
	char entries[24], life[24], length[24], now[CLOCK_TEXT_MAX];
	char after[256];
	struct buf audit;
	struct redis_reply reply;

	buf_init(&audit, LIST_NAME_MAX);
	keys_format(&audit, ctl_prefix(w->ctl), "audit", slice_of(""));
	snprintf(entries, sizeof(entries), "%zu", count);
	snprintf(life, sizeof(life), "%" PRId64, w->rq->life_s);
	snprintf(length, sizeof(length), "%d", CHANGE_AUDIT_MAX);
	format_counts(w->counts, count, after, sizeof(after));
	clock_format_utc(ctl_now_s() * 1000, now);
	const struct slice argv[] = { key_of(w, KEY_LOCK), key_of(w, KEY_SET),
		key_of(w, KEY_NEW), key_of(w, KEY_HASH), buf_slice(&audit),
		slice_of(w->token), slice_of(w->ctl->who),
		slice_of(w->rq->file), slice_of(length), slice_of(after),
		slice_of("entries"), slice_of(entries), slice_of("updated"),
		slice_of(now), slice_of("by"), slice_of(w->ctl->who),
		slice_of("file"), slice_of(w->rq->file), slice_of("life_s"),
		slice_of(life), slice_of("list"),
		slice_of(list_kind_name(w->rq->kind)), slice_of("class"),
		slice_of(w->rq->class) };
	enum ctl_exit code = ask_script(w->ctl, &script, argv,
		sizeof(argv) / sizeof(argv[0]), 5, &reply);

	buf_clear(&audit);
	if (code != CTL_DONE)
		return code;
	if (reply.count != 1)
		return lost(w);
	change_log(w->ctl,
		&(struct change){ .what = "import",
			.why = after,
			.key = key_of(w, KEY_HASH) });
	return CTL_DONE;
}

enum ctl_exit feedstore_replace(struct ctl *ctl,
	const struct feedstore_request *rq, struct feedstore_counts *out)
{
	struct work w;
	struct batch *b = calloc(1, sizeof(*b));

	memset(out, 0, sizeof(*out));
	if (b == NULL)
		return ask_failed(ctl, RES_NOMEM);
	work_init(&w, ctl, rq);
	w.counts = out;
	enum ctl_exit code = begin(&w);

	if (code == CTL_DONE)
		code = look_at_set(&w, KEY_SET);
	if (code == CTL_DONE)
		code = put_all(&w, b);
	if (code == CTL_DONE)
		code = drop_gone(&w, b);
	if (code == CTL_DONE)
		code = finish(&w);
	work_clear(&w);
	free(b);
	return code;
}
