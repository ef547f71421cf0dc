/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/feed.h"

#include "base/buf.h"
#include "conf/conf.h"
#include "store/keys.h"
#include "store/link.h"

#include <string.h>

static const char channel[] = "__redis__:invalidate";

/* Runs a command of the setup; *reply must be of the wanted type. */
static enum result set_up(struct redis *r, const struct slice *argv,
	size_t argc, enum redis_type want, struct redis_reply *reply,
	struct buf *why)
{
	enum result kind, res = redis_command(r, argv, argc, reply);

	if (res != RES_OK) {
		buf_add_text(why, result_name(res));
		return res;
	}
	if (reply->type == want)
		return RES_OK;
	kind = RES_DOWN;
	buf_add(why, argv[0]);
	buf_add_text(why, ": ");
	if (reply->type == REDIS_ERROR) {
		buf_add(why, reply->text);
		if (redis_error_kind(reply->text) == RES_DENIED)
			kind = RES_DENIED;
	}
	return kind;
}

enum { NAMES = 4 };

static enum result start_tracking(
	struct redis *r, int64_t id, struct slice prefix, struct buf *why)
{
	struct slice argv[] = { slice_of("CLIENT"), slice_of("TRACKING"),
		slice_of("on"), slice_of("REDIRECT"), { 0 }, slice_of("BCAST"),
		slice_of("PREFIX"), { 0 }, slice_of("PREFIX"), { 0 },
		slice_of("PREFIX"), { 0 }, slice_of("PREFIX"), { 0 } };
	static const char *const names[] = { "block", "allow",
		"lists:generation", TRUST_KEY };
	struct buf number, key[NAMES];
	struct redis_reply reply;
	enum result res = RES_OK;

	buf_init(&number, 32);
	buf_add_format(&number, "%lld", (long long)id);
	argv[4] = buf_slice(&number);
	for (size_t i = 0; i < NAMES; i++) {
		buf_init(&key[i], LIST_NAME_MAX);
		keys_format(&key[i], prefix, names[i], slice_of(""));
		argv[7 + 2 * i] = buf_slice(&key[i]);
		if (buf_result(&key[i]) != RES_OK)
			res = buf_result(&key[i]);
	}
	if (res == RES_OK)
		res = set_up(r, argv, sizeof(argv) / sizeof(argv[0]),
			REDIS_STRING, &reply, why);
	for (size_t i = 0; i < NAMES; i++)
		buf_clear(&key[i]);
	buf_clear(&number);
	return res;
}

/* Tracking first: a subscriber may say nothing but SUBSCRIBE and PING. */
static enum result subscribe(
	struct feed *f, struct slice prefix, struct buf *why)
{
	const struct slice id[] = { slice_of("CLIENT"), slice_of("ID") };
	const struct slice listen[] = { slice_of("SUBSCRIBE"),
		slice_of(channel) };
	struct redis_reply reply;
	enum result res = set_up(f->push, id, 2, REDIS_NUMBER, &reply, why);

	if (res == RES_OK)
		res = start_tracking(f->push, reply.number, prefix, why);
	if (res == RES_OK)
		res = set_up(f->push, listen, 2, REDIS_ARRAY, &reply, why);
	return res;
}

enum result feed_open(
	struct feed *f, const struct conf *conf, int cancel, struct buf *why)
{
	const struct link_request q = {
		.purpose = LINK_READ,
		.timeout_ms = conf->redis.sync_timeout_ms,
		.cancel = cancel,
	};
	enum result res;

	memset(f, 0, sizeof(*f));
	res = link_open(conf, &q, &f->push, &f->server, why);
	if (res != RES_OK)
		return res;
	(void)endpoint_format(&f->server, f->name);
	res = subscribe(f, slice_of(conf->redis.prefix), why);
	if (res == RES_OK)
		res = link_open_at(conf, &q, &f->server, &f->ask, why);
	if (res != RES_OK)
		feed_close(f);
	return res;
}

void feed_close(struct feed *f)
{
	redis_close(f->push);
	redis_close(f->ask);
	memset(f, 0, sizeof(*f));
}

/* {"message", channel, keys or nil}, or the answer to a PING. */
static void take_message(struct feed *f, const struct redis_reply *message,
	const struct feed_sink *sink)
{
	struct slice what = redis_element(message, 0).text;
	struct redis_reply keys;

	if (slice_is_equal(what, slice_of("pong"))) {
		f->ping_ms = 0;
		return;
	}
	if (!slice_is_equal(what, slice_of("message")) ||
		!slice_is_equal(
			redis_element(message, 1).text, slice_of(channel)))
		return;
	keys = redis_element(message, 2);
	if (keys.type != REDIS_ARRAY) {
		sink->flushed(sink->ctx);
		return;
	}
	for (size_t i = 0; i < keys.count; i++)
		sink->touched(sink->ctx, redis_element(&keys, i).text);
}

enum result feed_drain(
	struct feed *f, const struct feed_sink *sink, unsigned most, bool *more)
{
	struct redis_reply message;
	bool fill = true;

	*more = true;
	for (unsigned reads = 0; reads < most;) {
		bool found = false;
		enum result res;

		res = redis_poll(f->push, fill, &found, &message);
		if (res != RES_OK)
			return res;
		if (found)
			take_message(f, &message, sink);
		if (!found && !redis_has_more(f->push)) {
			*more = false;
			break;
		}
		/* Whole messages first, then the socket again. */
		fill = !found;
		reads += fill;
	}
	return RES_OK;
}

enum result feed_ping(struct feed *f, int64_t now_ms)
{
	const struct slice ping = slice_of("PING");
	enum result res;

	if (f->ping_ms != 0)
		return RES_OK;
	res = redis_append(f->push, &ping, 1);
	if (res != RES_OK)
		return res;
	redis_flush(f->push);
	f->ping_ms = now_ms;
	return RES_OK;
}
