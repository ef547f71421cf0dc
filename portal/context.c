/* SPDX-License-Identifier: BSD-2-Clause */
#include "portal/context.h"

#include "base/clock.h"
#include "base/log.h"
#include "conf/conf.h"
#include "store/case.h"
#include "store/link.h"
#include "store/redis.h"

#include <pthread.h>
#include <stdlib.h>

struct context {
	pthread_mutex_t lock; /* of conf only */
	struct conf *conf;
	const struct clock *clock;
	/* The rest belongs to the thread that answers requests. */
	struct redis *redis;
	struct conf *redis_conf; /* the connection was opened with it */
	int64_t next_try_ms;
	bool is_down; /* and the log says so */
};

enum result context_open(
	struct context **out, struct conf *conf, const struct clock *clock)
{
	struct context *c = calloc(1, sizeof(*c));

	*out = NULL;
	if (c == NULL)
		return RES_NOMEM;
	pthread_mutex_init(&c->lock, NULL);
	c->conf = conf_hold(conf);
	c->clock = clock;
	*out = c;
	return RES_OK;
}

static void disconnect(struct context *c)
{
	redis_close(c->redis);
	conf_release(c->redis_conf);
	c->redis = NULL;
	c->redis_conf = NULL;
}

void context_close(struct context *c)
{
	if (c == NULL)
		return;
	disconnect(c);
	conf_release(c->conf);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

void context_reload(struct context *c, struct conf *conf)
{
	struct conf *old;

	pthread_mutex_lock(&c->lock);
	old = c->conf;
	c->conf = conf_hold(conf);
	pthread_mutex_unlock(&c->lock);
	conf_release(old);
}

struct conf *context_conf(struct context *c)
{
	struct conf *conf;

	pthread_mutex_lock(&c->lock);
	conf = conf_hold(c->conf);
	pthread_mutex_unlock(&c->lock);
	return conf;
}

static void note_down(struct context *c, const struct conf *conf,
	enum result res, struct slice words)
{
	struct logline line;

	disconnect(c);
	c->next_try_ms =
		clock_mono_ms(c->clock) + (int64_t)conf->redis.breaker_probe_ms;
	if (c->is_down)
		return;
	c->is_down = true;
	log_start(&line, LOG_LEVEL_ERROR, "redis_down");
	log_text(&line, "result", result_name(res));
	log_slice(&line, "message", words);
	log_send(&line);
}

static void note_up(struct context *c)
{
	if (!c->is_down)
		return;
	c->is_down = false;
	log_message(LOG_LEVEL_NOTICE, "redis_up", "Redis answers again");
}

static enum result connect_now(struct context *c, struct conf *conf)
{
	const struct link_request request = {
		.purpose = LINK_READ,
		.timeout_ms = conf->redis.sync_timeout_ms,
	};
	struct endpoint server;
	struct buf why;
	enum result res;

	if (clock_mono_ms(c->clock) < c->next_try_ms)
		return RES_DOWN;
	buf_init(&why, 1024);
	res = link_open(conf, &request, &c->redis, &server, &why);
	if (res == RES_OK)
		c->redis_conf = conf_hold(conf);
	else
		note_down(c, conf, res, buf_slice(&why));
	buf_clear(&why);
	return res;
}

/*
 * One question, once more over a new connection when the old one turns out to
 * be dead: a server that was restarted while we were idle is not "down".
 */
static enum result ask(struct context *c, struct conf *conf,
	enum result (*question)(struct context *c, void *q), void *q)
{
	enum result res = RES_DOWN;

	/* A new conf may name another server or another password. */
	if (c->redis != NULL && c->redis_conf != conf)
		disconnect(c);
	for (unsigned i = 0; i < 2; i++) {
		bool was_open = c->redis != NULL;

		if (!was_open) {
			res = connect_now(c, conf);
			if (res != RES_OK)
				return res;
		}
		res = question(c, q);
		if (!redis_is_broken(c->redis)) {
			note_up(c);
			return res;
		}
		disconnect(c);
		if (!was_open || res == RES_TIMEOUT)
			break;
	}
	note_down(c, conf, res, slice_of("the connection broke"));
	return res;
}

struct case_question {
	struct slice prefix;
	struct slice ref;
	void (*each)(void *ctx, struct slice field, struct slice value);
	void *ctx;
};

static enum result ask_case(struct context *c, void *q)
{
	struct case_question *cq = q;

	return case_read(c->redis, cq->prefix, cq->ref, cq->each, cq->ctx);
}

enum result context_read_case(struct context *c, struct slice ref,
	void (*each)(void *ctx, struct slice field, struct slice value),
	void *ctx)
{
	struct conf *conf = context_conf(c);
	struct case_question q = {
		.prefix = slice_of(conf->redis.prefix),
		.ref = ref,
		.each = each,
		.ctx = ctx,
	};
	enum result res = ask(c, conf, ask_case, &q);

	conf_release(conf);
	return res;
}

static enum result ask_ping(struct context *c, void *q)
{
	const struct slice word = slice_of("PING");
	struct redis_reply reply;
	enum result res = redis_command(c->redis, &word, 1, &reply);

	(void)q;
	if (res == RES_OK && reply.type == REDIS_ERROR)
		return redis_error_kind(reply.text);
	return res;
}

enum result context_ping(struct context *c)
{
	struct conf *conf = context_conf(c);
	enum result res = ask(c, conf, ask_ping, NULL);

	conf_release(conf);
	return res;
}
