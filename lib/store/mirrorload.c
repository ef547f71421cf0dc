/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/mirrorload.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/once.h"
#include "base/random.h"
#include "base/table.h"
#include "conf/conf.h"
#include "store/link.h"
#include "store/loss.h"
#include "store/mirrorapply.h"
#include "store/mirrortrust.h"
#include "store/trustnames.h"

#include <string.h>

enum {
	DRAIN_READS = 64,
	CURSOR_MAX = 24,
	WRITE_MS = 1000, /* patience with the primary */
	PATTERN_MAX = 2 * LIST_NAME_MAX
};

/* ---- pushes ---- */

static void touched(void *ctx, struct slice key)
{
	struct mirror *m = ctx;
	struct slice rest = slice_part(key, m->prefix.len, key.len);

	m->touched++;
	if (slice_is_equal(rest, slice_of("lists:generation"))) {
		m->generation_touched = true;
		return;
	}
	if (mirror_trust_is_key(m, key)) {
		if (mirror_trust_push(m, key) != RES_OK)
			m->overflown = true;
		return;
	}
	/* A longer one is nonsense, see mirror_add_aside. */
	if (key.len > LIST_NAME_MAX)
		return;
	if (pending_push(m->pending, key, clock_mono_ms(m->clock)) != RES_OK)
		m->overflown = true;
}

static void flushed(void *ctx)
{
	struct mirror *m = ctx;

	m->flushed = true;
}

enum result mirror_drain(struct mirror *m, bool *more)
{
	const struct feed_sink sink = {
		.touched = touched, .flushed = flushed, .ctx = m
	};
	uint64_t before = m->touched;
	enum result res = feed_drain(&m->feed, &sink, DRAIN_READS, more);

	if (m->touched != before) {
		pthread_mutex_lock(&m->status_lock);
		m->status.pushes += m->touched - before;
		pthread_mutex_unlock(&m->status_lock);
	}
	return res;
}

/* ---- SCAN ---- */

/* P"[abt][lr][lou][ocs][wkt]*" with the prefix taken word for word: block...,
 * allow... and trust..., and few others. */
static void format_pattern(struct buf *out, struct slice prefix)
{
	for (size_t i = 0; i < prefix.len; i++) {
		if (memchr("*?[]\\^-", prefix.at[i], 7) != NULL)
			buf_add_char(out, '\\');
		buf_add_char(out, prefix.at[i]);
	}
	buf_add_text(out, "[abt][lr][lou][ocs][wkt]*");
}

struct scan {
	struct slice pattern;
	char cursor[CURSOR_MAX];
	bool is_asked; /* the answer is on its way */
	bool is_done;
};

static enum result ask_scan(struct mirror *m, struct scan *s)
{
	const struct slice argv[] = { slice_of("SCAN"), slice_of(s->cursor),
		slice_of("MATCH"), s->pattern, slice_of("COUNT"),
		slice_of("1000") };
	enum result res = redis_append(m->feed.ask, argv, 6);

	s->is_asked = res == RES_OK;
	redis_flush(m->feed.ask);
	return res;
}

static enum result read_cursor(
	struct mirror *m, const struct redis_reply *reply, struct scan *s)
{
	struct slice cursor = redis_element(reply, 0).text;
	uint64_t number;

	if (reply->type == REDIS_ERROR) {
		struct buf why;

		buf_init(&why, MIRROR_ERROR_MAX - 1);
		buf_add(&why, reply->text);
		mirror_set_error(m, buf_text(&why));
		buf_clear(&why);
		return redis_error_kind(reply->text);
	}
	if (cursor.len >= CURSOR_MAX ||
		slice_parse_u64(cursor, 0, UINT64_MAX, &number) != RES_OK)
		return RES_INTERNAL;
	memcpy(s->cursor, cursor.at, cursor.len);
	s->cursor[cursor.len] = '\0';
	s->is_done = number == 0;
	return RES_OK;
}

/* One answer. While nothing is pending the next question goes out before
 * this answer is worked off, so that both sides are busy. */
static enum result scan_once(struct mirror *m, struct scan *s)
{
	struct redis_reply reply, keys;
	enum result res = RES_OK;

	if (!s->is_asked)
		res = ask_scan(m, s);
	if (res == RES_OK)
		res = redis_read(m->feed.ask, &reply);
	s->is_asked = false;
	if (res == RES_OK)
		res = read_cursor(m, &reply, s);
	if (res == RES_OK && !s->is_done && pending_count(m->pending) == 0)
		res = ask_scan(m, s);
	if (res != RES_OK)
		return res;
	keys = redis_element(&reply, 1);
	for (size_t i = 0; i < keys.count && res == RES_OK; i++)
		res = mirror_add_aside(m, redis_element(&keys, i).text);
	return res;
}

/* What was pushed; applied only while no answer of SCAN is on its way. */
static enum result catch_up(struct mirror *m, bool may_ask)
{
	bool more;
	enum result res = mirror_drain(m, &more);

	if (res != RES_OK)
		return res;
	if (m->overflown || m->flushed)
		return RES_FULL;
	if (mirror_is_stopping(m))
		return RES_DOWN;
	if (may_ask && pending_count(m->pending) > 0)
		res = mirror_apply_pending(m);
	/* Those that SCAN has found so far are among them. */
	if (may_ask && res == RES_OK)
		res = mirror_trust_apply(m);
	return res;
}

static enum result scan_all(struct mirror *m, struct slice pattern)
{
	struct scan s = { .pattern = pattern, .cursor = "0" };
	enum result res = RES_OK;

	while (res == RES_OK && !s.is_done) {
		res = scan_once(m, &s);
		if (res == RES_OK)
			res = catch_up(m, !s.is_asked);
	}
	/* What is still pending after some rounds comes in faster than we
	 * can ask; it is applied to the new table then. */
	for (unsigned round = 0; round < 64 && res == RES_OK; round++) {
		res = catch_up(m, true);
		if (mirror_waiting(m) == 0)
			break;
	}
	return res;
}

static enum result new_aside(struct mirror *m)
{
	const struct conf_lists *lists = &m->conf->lists;
	size_t count = prefixes_count(m->table);
	size_t v6 = prefixes_count_v6(m->table);

	m->aside = prefixes_new(lists->entries_max, lists->scopes_max);
	m->junk_aside = table_new(JUNK_MAX, NULL);
	m->trust_aside = trustnames_new(lists->trust_max);
	if (m->aside == NULL || m->junk_aside == NULL || m->trust_aside == NULL)
		return RES_NOMEM;
	return prefixes_reserve(m->aside, count - v6, v6);
}

enum result mirror_load(struct mirror *m)
{
	int64_t began_ms = clock_mono_ms(m->clock);
	struct buf pattern;
	enum result res;

	buf_init(&pattern, PATTERN_MAX);
	format_pattern(&pattern, m->prefix);
	m->flushed = false;
	m->overflown = false;
	m->is_full = false;
	m->touched = 0;
	once_forget(m->once, slice_of("entries_max"));
	once_forget(m->once, slice_of("trust_max"));
	pending_clear(m->pending);
	pending_clear(m->trust_pending);
	res = new_aside(m);
	if (res == RES_OK)
		res = scan_all(m, buf_slice(&pattern));
	buf_clear(&pattern);
	if (res != RES_OK) {
		mirror_drop_aside(m);
		return res;
	}
	pthread_mutex_lock(&m->status_lock);
	m->status.resyncs++;
	m->status.load_ms = clock_mono_ms(m->clock) - began_ms;
	pthread_mutex_unlock(&m->status_lock);
	return RES_OK;
}

/* ---- the generation ---- */

static enum result get_generation(
	struct redis *r, struct slice key, char out[GENERATION_MAX])
{
	/* Bounded: whatever an admin put there. */
	const struct slice argv[] = { slice_of("GETRANGE"), key, slice_of("0"),
		slice_of("126") };
	struct redis_reply reply;
	enum result res = redis_command(r, argv, 4, &reply);

	if (res != RES_OK)
		return res;
	out[0] = '\0';
	if (reply.type == REDIS_STRING && reply.text.len < GENERATION_MAX &&
		memchr(reply.text.at, '\0', reply.text.len) == NULL) {
		memcpy(out, reply.text.at, reply.text.len);
		out[reply.text.len] = '\0';
	}
	return RES_OK;
}

static void format_key(struct buf *key, struct slice prefix)
{
	buf_init(key, LIST_NAME_MAX);
	keys_format(key, prefix, "lists:generation", slice_of(""));
}

enum result mirror_read_generation(struct mirror *m, char out[GENERATION_MAX])
{
	struct buf key;
	enum result res;

	format_key(&key, m->prefix);
	res = get_generation(m->feed.ask, buf_slice(&key), out);
	buf_clear(&key);
	return res;
}

static void remember(struct mirror *m, const char *generation)
{
	memcpy(m->generation, generation, strlen(generation) + 1);
	pthread_mutex_lock(&m->status_lock);
	memcpy(m->status.generation, m->generation, sizeof(m->generation));
	pthread_mutex_unlock(&m->status_lock);
}

/* NX: of many milters one wins, and all read the same. */
static enum result write_generation(struct mirror *m, struct slice key,
	char out[GENERATION_MAX], struct buf *why)
{
	const struct link_request q = {
		.purpose = LINK_WRITE,
		/* Not for long: edits wait meanwhile. */
		.timeout_ms = m->conf->redis.sync_timeout_ms < WRITE_MS
			? m->conf->redis.sync_timeout_ms
			: WRITE_MS,
		.cancel = m->stop_fd,
	};
	struct endpoint server;
	struct redis *r = NULL;
	struct redis_reply reply;
	struct buf value;
	enum result res;

	buf_init(&value, GENERATION_MAX);
	buf_add_format(
		&value, LOSS_AUTO "%016llx", (unsigned long long)random_u64());
	res = link_open(m->conf, &q, &r, &server, why);
	if (res == RES_OK)
		res = redis_command(r,
			(struct slice[]){ slice_of("SET"), key,
				buf_slice(&value), slice_of("NX") },
			4, &reply);
	if (res == RES_OK && reply.type == REDIS_ERROR) {
		buf_add(why, reply.text);
		res = redis_error_kind(reply.text);
	}
	if (res == RES_OK)
		res = get_generation(r, key, out);
	redis_close(r);
	buf_clear(&value);
	return res;
}

void mirror_ensure_generation(struct mirror *m)
{
	char now[GENERATION_MAX] = "";
	struct buf key, why;
	enum result res = mirror_read_generation(m, now);

	if (res != RES_OK || now[0] != '\0' || m->is_observer) {
		if (res == RES_OK)
			remember(m, now);
		return;
	}
	format_key(&key, m->prefix);
	buf_init(&why, 512);
	res = write_generation(m, buf_slice(&key), now, &why);
	if (res == RES_OK)
		remember(m, now);
	else if (once_is_first(m->once, slice_of("generation")))
		log_message(LOG_LEVEL_WARNING, "mirror",
			"cannot write %s (%s): a loss of data is recognised "
			"less surely",
			buf_text(&key),
			why.len > 0 ? buf_text(&why) : result_name(res));
	buf_clear(&why);
	buf_clear(&key);
}
