/* SPDX-License-Identifier: BSD-2-Clause */
#include "portal/context.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/wake.h"
#include "conf/conf.h"
#include "judge/services.h"
#include "portal/meters.h"
#include "portal/texts.h"
#include "store/blocklist.h"
#include "store/link.h"
#include "store/mirror.h"
#include "store/secret.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { LOAN_AGE_MS = 60000, WHY_MAX = 1024 };

/* conf and texts of one load; whoever holds it sees no other. */
struct setup {
	atomic_uint holds;
	struct conf *conf;
	struct texts *texts;
};

struct context_loan {
	struct redis *redis;
	struct conf *conf; /* it was opened with */
	int64_t opened_ms;
	bool is_taken;
	bool is_spoilt;
};

struct context {
	const struct clock *clock;
	struct secret secret;
	struct meters *meters;
	struct conf *started; /* what mirror and DNS are of */
	struct mirror *mirror;
	struct blocklist *blocklist;
	struct services services;
	pthread_mutex_t lock; /* of all below, but for a taken loan */
	pthread_cond_t given;
	struct setup *setup;
	struct context_loan loan[CONTEXT_LOANS];
	int64_t next_try_ms;
	bool is_down; /* and the log says so */
};

/* ---- conf and texts ---- */

static void setup_release(struct setup *s)
{
	if (s == NULL || atomic_fetch_sub(&s->holds, 1) != 1)
		return;
	texts_close(s->texts);
	conf_release(s->conf);
	free(s);
}

static enum result setup_open(
	struct setup **out, struct conf *conf, struct buf *why)
{
	struct setup *s = calloc(1, sizeof(*s));
	enum result res;

	*out = NULL;
	if (s == NULL)
		return RES_NOMEM;
	atomic_init(&s->holds, 1);
	s->conf = conf_hold(conf);
	res = texts_open(&s->texts, conf->portal.site, why);
	if (res != RES_OK) {
		setup_release(s);
		return res;
	}
	*out = s;
	return RES_OK;
}

void context_enter(struct context *c, struct context_view *out)
{
	struct setup *s;

	pthread_mutex_lock(&c->lock);
	s = c->setup;
	atomic_fetch_add(&s->holds, 1);
	pthread_mutex_unlock(&c->lock);
	*out = (struct context_view){
		.context = c,
		.conf = s->conf,
		.texts = s->texts,
		.secret = &c->secret,
		.clock = c->clock,
		.hold = s,
	};
}

void context_leave(struct context_view *v)
{
	setup_release(v->hold);
	v->hold = NULL;
}

/* What a DNS list says counts only while it works, as in a milter. Without
 * memory new ones are asked untested. */
static void follow_zones(struct context *c, struct conf *conf)
{
	if (c->services.watch != NULL &&
		services_follow(&c->services, conf) != RES_OK)
		log_message(LOG_LEVEL_ERROR, "dnsbl",
			"no memory: new DNS lists are not tested");
}

enum result context_reload(
	struct context *c, struct conf *conf, struct buf *why)
{
	struct setup *s = NULL;
	struct setup *old;
	enum result res = setup_open(&s, conf, why);

	if (res != RES_OK)
		return res;
	pthread_mutex_lock(&c->lock);
	old = c->setup;
	c->setup = s;
	/* It may name another server, or the right password. */
	c->next_try_ms = 0;
	pthread_mutex_unlock(&c->lock);
	setup_release(old);
	follow_zones(c, conf);
	return RES_OK;
}

/* ---- birth and death ---- */

enum result context_open(struct context **out, struct conf *conf,
	const struct clock *clock, struct buf *why)
{
	struct context *c = calloc(1, sizeof(*c));
	enum result res;

	*out = NULL;
	if (c == NULL)
		return RES_NOMEM;
	wake_init(&c->given);
	pthread_mutex_init(&c->lock, NULL);
	c->clock = clock;
	c->started = conf_hold(conf);
	secret_load(&c->secret, conf->milter.secret_file);
	c->meters = meters_new();
	res = c->meters == NULL ? RES_NOMEM : setup_open(&c->setup, conf, why);
	if (res != RES_OK) {
		context_close(c);
		return res;
	}
	*out = c;
	return RES_OK;
}

static void start_dns(struct context *c)
{
	struct buf why;

	buf_init(&why, WHY_MAX);
	if (services_start(&c->services, c->started, c->clock, &why) != RES_OK)
		log_message(LOG_LEVEL_ERROR, "dns",
			"no name can be asked for: %s", buf_text(&why));
	buf_clear(&why);
}

enum result context_start(struct context *c)
{
	enum result res = mirror_open(&c->mirror, c->started, c->clock);

	if (res == RES_OK) {
		mirror_observe(c->mirror);
		res = blocklist_open(
			&c->blocklist, c->started, c->mirror, c->clock);
	}
	if (res == RES_OK)
		res = services_open(
			&c->services, c->started, c->mirror, c->blocklist);
	if (res != RES_OK)
		return res;
	/* Whoever asks us about a server shows no message of his. */
	services_forgo_content(&c->services);
	follow_zones(c, c->started);
	start_dns(c);
	if (mirror_start(c->mirror) != RES_OK)
		log_message(LOG_LEVEL_ERROR, "start",
			"the copy of the lists does not start: pages that "
			"need it say that they cannot tell");
	return RES_OK;
}

static void disconnect(struct context_loan *loan)
{
	redis_close(loan->redis);
	conf_release(loan->conf);
	loan->redis = NULL;
	loan->conf = NULL;
	loan->is_spoilt = false;
}

void context_close(struct context *c)
{
	if (c == NULL)
		return;
	services_close(&c->services);
	blocklist_close(c->blocklist);
	mirror_close(c->mirror);
	for (size_t i = 0; i < CONTEXT_LOANS; i++)
		disconnect(&c->loan[i]);
	meters_free(c->meters);
	setup_release(c->setup);
	conf_release(c->started);
	pthread_cond_destroy(&c->given);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

/* ---- the way to Redis ---- */

static void note_down(struct context *c, unsigned probe_ms, enum result res,
	struct slice words)
{
	struct logline line;
	bool is_news;

	pthread_mutex_lock(&c->lock);
	c->next_try_ms = clock_mono_ms(c->clock) + (int64_t)probe_ms;
	is_news = !c->is_down;
	c->is_down = true;
	pthread_mutex_unlock(&c->lock);
	if (!is_news)
		return;
	log_start(&line, LOG_LEVEL_ERROR, "redis_down");
	log_text(&line, "result", result_name(res));
	log_slice(&line, "message", words);
	log_send(&line);
}

static void note_up(struct context *c)
{
	bool is_news;

	pthread_mutex_lock(&c->lock);
	is_news = c->is_down;
	c->is_down = false;
	/* What the one who tried has held back for the others. */
	if (is_news)
		c->next_try_ms = 0;
	pthread_mutex_unlock(&c->lock);
	if (is_news)
		log_message(
			LOG_LEVEL_NOTICE, "redis_up", "Redis answers again");
}

/* An open one if there is one. Under the lock. */
static struct context_loan *find_free(struct context *c)
{
	struct context_loan *found = NULL;

	for (size_t i = 0; i < CONTEXT_LOANS; i++) {
		struct context_loan *loan = &c->loan[i];

		if (loan->is_taken)
			continue;
		if (loan->redis != NULL)
			return loan;
		if (found == NULL)
			found = loan;
	}
	return found;
}

/*
 * RES_DOWN: it is not yet time to try again. While Redis is away one visit in
 * each period tries, and the others do not wait for how that ends.
 */
static enum result take_free(
	struct context *c, const struct conf *conf, struct context_loan **out)
{
	const struct timespec deadline = wake_in(conf->redis.sync_timeout_ms);
	const int64_t now_ms = clock_mono_ms(c->clock);
	struct context_loan *loan = NULL;
	enum result res = RES_OK;

	pthread_mutex_lock(&c->lock);
	if (now_ms < c->next_try_ms)
		res = RES_DOWN;
	else if (c->is_down)
		c->next_try_ms = now_ms + (int64_t)conf->redis.breaker_probe_ms;
	while (res == RES_OK && (loan = find_free(c)) == NULL)
		if (pthread_cond_timedwait(&c->given, &c->lock, &deadline) != 0)
			res = RES_TIMEOUT;
	if (loan != NULL) {
		loan->is_taken = true;
		/* Only a connection made now tells that Redis is back. */
		loan->is_spoilt = c->is_down;
	}
	pthread_mutex_unlock(&c->lock);
	*out = loan;
	return res;
}

/* Nothing was asked, so whatever is to be read is the end. */
static bool is_dead(const struct redis *r)
{
	struct pollfd p = { .fd = redis_descriptor(r), .events = POLLIN };

	return redis_is_broken(r) || poll(&p, 1, 0) != 0;
}

static enum result connect_now(
	struct context *c, struct context_loan *loan, struct conf *conf)
{
	const struct link_request request = {
		.purpose = LINK_WRITE,
		.timeout_ms = conf->redis.sync_timeout_ms,
	};
	const int64_t now_ms = clock_mono_ms(c->clock);
	struct endpoint server;
	struct buf why;
	enum result res;

	if (loan->redis != NULL &&
		(loan->is_spoilt || loan->conf != conf ||
			now_ms - loan->opened_ms > LOAN_AGE_MS ||
			is_dead(loan->redis)))
		disconnect(loan);
	if (loan->redis != NULL)
		return RES_OK;
	buf_init(&why, WHY_MAX);
	res = link_open(conf, &request, &loan->redis, &server, &why);
	loan->is_spoilt = false;
	if (res == RES_OK) {
		loan->conf = conf_hold(conf);
		loan->opened_ms = now_ms;
		note_up(c);
	} else {
		note_down(
			c, conf->redis.breaker_probe_ms, res, buf_slice(&why));
	}
	buf_clear(&why);
	return res;
}

enum result context_take(struct context *c, struct context_loan **out)
{
	struct context_view view;
	struct context_loan *loan = NULL;
	enum result res;

	*out = NULL;
	context_enter(c, &view);
	res = take_free(c, view.conf, &loan);
	if (res == RES_OK)
		res = connect_now(c, loan, view.conf);
	context_leave(&view);
	if (res != RES_OK) {
		context_give(c, loan);
		return res;
	}
	*out = loan;
	return RES_OK;
}

struct redis *context_redis(const struct context_loan *loan)
{
	return loan->redis;
}

void context_spoil(struct context_loan *loan)
{
	loan->is_spoilt = true;
}

void context_give(struct context *c, struct context_loan *loan)
{
	if (loan == NULL)
		return;
	if (loan->redis != NULL && redis_is_broken(loan->redis)) {
		note_down(c, loan->conf->redis.breaker_probe_ms, RES_DOWN,
			slice_of("the connection broke"));
		loan->is_spoilt = true;
	}
	if (loan->is_spoilt)
		disconnect(loan);
	pthread_mutex_lock(&c->lock);
	loan->is_taken = false;
	pthread_cond_signal(&c->given);
	pthread_mutex_unlock(&c->lock);
}

enum result context_ping(struct context *c)
{
	const struct slice word = slice_of("PING");
	struct context_loan *loan = NULL;
	struct redis_reply reply;
	enum result res = context_take(c, &loan);

	if (res != RES_OK)
		return res;
	res = redis_command(context_redis(loan), &word, 1, &reply);
	if (res == RES_OK && reply.type == REDIS_ERROR)
		res = redis_error_kind(reply.text);
	context_give(c, loan);
	return res;
}

/* ---- the rest ---- */

struct mirror *context_mirror(struct context *c)
{
	return c->mirror;
}

struct blocklist *context_blocklist(struct context *c)
{
	return c->blocklist;
}

const struct services *context_services(struct context *c)
{
	return &c->services;
}

struct meters *context_meters(struct context *c)
{
	return c->meters;
}
