/* SPDX-License-Identifier: BSD-2-Clause */
#include "judge/autolist.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "conf/conf.h"
#include "conf/conftrap.h"
#include "judge/autoreason.h"
#include "judge/record.h"
#include "store/link.h"
#include "store/offences.h"
#include "store/own.h"
#include "store/standing.h"
#include "store/worker.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum {
	QUEUE_MAX = 1024,
	TRIES_MAX = 3, /* of one piece, each with a connection of its own */
	REASON_MAX = 256
};

/* What a session hands over: all that the thread has to know. */
struct piece {
	struct cidr net;
	int64_t at_ms; /* wall */
	char ref[CASE_REF_MAX];
	char id[OFFENCE_ID_MAX];
	double score;
	double score_at;
	unsigned messages;
	unsigned window_s;
	bool is_enabled;
	bool is_trap;
	bool is_evidence;
	bool is_mark;
};

struct autolist {
	struct conf *conf;
	const struct clock *clock;
	struct session_watch watch;
	pthread_t thread;
	bool is_started;
	int stop_fd; /* eventfd: ends every wait for Redis */
	struct redis *redis; /* of the thread */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	/* Under the lock: */
	bool is_stopping;
	size_t first;
	size_t count;
	struct piece queue[QUEUE_MAX];
	struct autolist_counts counts;
};

/* ---- what sessions see ---- */

static void add(struct autolist *a, const struct piece *p)
{
	pthread_mutex_lock(&a->lock);
	if (a->count < QUEUE_MAX) {
		a->queue[(a->first + a->count) % QUEUE_MAX] = *p;
		a->count++;
		pthread_cond_signal(&a->changed);
	} else {
		a->counts.dropped++;
	}
	pthread_mutex_unlock(&a->lock);
}

/* Is this verdict about a client whose conduct counts? */
static bool is_judged(const struct record *r)
{
	return r->verdict != NULL && r->scope.conf != NULL &&
		r->conn->kind == CONN_REMOTE && !r->conn->is_trusted &&
		!r->verdict->is_exempt && !r->verdict->is_trusted;
}

static bool is_bad(const struct record *r)
{
	const struct verdict *v = r->verdict;
	double at = conf_policy_for(r->scope.conf, r->scope.domain)->mark_at;

	return v->would_be == ACTION_REJECT ||
		v->would_be == ACTION_QUARANTINE || (at > 0 && v->score >= at);
}

/* A bounce to one says that somebody else has forged it. */
static bool is_of_trap(const struct record *r)
{
	const struct address *rcpt = &r->envelope->rcpt;

	return strcmp(r->stage, "rcpt") == 0 && !r->envelope->sender.is_null &&
		conftrap_has(&r->scope.conf->listing, rcpt->local,
			slice_of(r->envelope->rcpt_domain));
}

/* A trap counts once in a session, a message each time. */
static void name_piece(struct piece *p, const struct record *r)
{
	if (p->is_trap)
		snprintf(p->id, sizeof(p->id), "trap%s", r->conn->id);
	else
		snprintf(p->id, sizeof(p->id), "%016llx",
			(unsigned long long)random_u64());
}

static void judged(void *at, const struct record *r)
{
	struct autolist *a = at;
	const struct conf_listing *l;
	struct piece p = { .is_trap = false };

	if (!is_judged(r))
		return;
	l = &r->scope.conf->listing;
	p.is_trap = is_of_trap(r);
	if (strcmp(r->stage, "eom") == 0) {
		p.is_evidence = r->verdict->score >= l->score_at;
		p.is_mark = is_bad(r);
	}
	p.is_evidence = p.is_evidence || p.is_trap;
	p.is_mark = (p.is_mark || p.is_trap) && l->enabled;
	if (!p.is_evidence && !p.is_mark)
		return;
	p.net = cidr_of_client(&r->conn->ip);
	p.at_ms = clock_wall_ms(a->clock);
	snprintf(p.ref, sizeof(p.ref), "%s", r->ref);
	p.score = r->verdict->score;
	p.score_at = l->score_at;
	p.messages = l->messages;
	p.window_s = l->window_s;
	p.is_enabled = l->enabled;
	name_piece(&p, r);
	add(a, &p);
}

const struct session_watch *autolist_watch(
	struct autolist *a, const struct session_watch *next)
{
	a->watch = (struct session_watch){ judged, a, next };
	return &a->watch;
}

/* ---- what the thread does ---- */

static void tell(const struct piece *p, const char *what, struct slice reason,
	const char *ref)
{
	char net[CIDR_TEXT_MAX];
	struct logline line;

	log_start(&line, LOG_LEVEL_NOTICE, "listing");
	log_text(&line, "net", cidr_format(&p->net, net));
	log_text(&line, "what", what);
	log_slice(&line, "reason", reason);
	if (ref[0] != '\0')
		log_text(&line, "ref", ref);
	log_text(&line, "would", p->is_enabled ? "no" : "yes");
	log_send(&line);
}

static void count(struct autolist *a, uint64_t *which)
{
	pthread_mutex_lock(&a->lock);
	(*which)++;
	pthread_mutex_unlock(&a->lock);
}

static struct standing_evidence evidence_of(
	const struct piece *p, struct slice reason, const char *ref)
{
	return (struct standing_evidence){ .reason = reason,
		.code = slice_of(""),
		.origin = slice_of("auto"),
		.ref = slice_of(ref),
		.who = slice_of("milter"),
		.is_trap = p->is_trap };
}

static enum result mark(struct autolist *a, const struct piece *p, bool *listed)
{
	char text[REASON_MAX];
	const struct slice reason = slice_of(
		autoreason_of_mark(p->is_trap, p->score, text, sizeof(text)));
	const struct standing_evidence e = evidence_of(p, reason, p->ref);
	enum result res = standing_mark(a->redis, a->conf, &p->net,
		clock_wall_ms(a->clock), &e, listed);

	if (res == RES_OK && *listed) {
		tell(p, "struck", reason, p->ref);
		count(a, &a->counts.struck);
	}
	return res;
}

/* Enough is there. */
static enum result list(
	struct autolist *a, const struct piece *p, const struct offences *o)
{
	const struct autoreason why = { .count = o->count,
		.score_at = p->score_at,
		.window_s = p->window_s,
		.has_traps = p->is_trap };
	char text[REASON_MAX];
	const struct slice reason =
		slice_of(autoreason_of_listing(&why, text, sizeof(text)));
	const struct standing_evidence e = evidence_of(p, reason, o->ref);
	int64_t now_ms = clock_wall_ms(a->clock);
	struct standing after;
	enum result res = RES_OK;

	if (p->is_enabled)
		res = standing_list(
			a->redis, a->conf, &p->net, now_ms, &e, &after);
	if (res != RES_OK)
		return res;
	if (!p->is_enabled) {
		tell(p, "listed", reason, o->ref);
		count(a, &a->counts.would);
	} else if (after.listed_ms == now_ms) {
		tell(p, "listed", reason, o->ref);
		count(a, &a->counts.listed);
	}
	return offences_forget(
		a->redis, slice_of(a->conf->redis.prefix), &p->net);
}

static enum result weigh(struct autolist *a, const struct piece *p)
{
	const struct offence o = {
		.at_ms = p->at_ms, .ref = p->ref, .id = p->id
	};
	struct offences all;
	enum result res =
		offences_add(a->redis, slice_of(a->conf->redis.prefix), &p->net,
			&o, p->messages, p->window_s, &all);

	if (res == RES_OK && all.count >= p->messages)
		res = list(a, p, &all);
	return res;
}

static enum result process(struct autolist *a, const struct piece *p)
{
	bool listed = false;
	enum result res = RES_OK;

	if (p->is_mark)
		res = mark(a, p, &listed);
	if (res == RES_OK && p->is_evidence && !listed)
		res = weigh(a, p);
	return res;
}

static enum result connect_now(struct autolist *a)
{
	const struct link_request request = {
		.purpose = LINK_WRITE,
		.timeout_ms = a->conf->redis.sync_timeout_ms,
		.cancel = a->stop_fd,
	};
	struct endpoint server;

	if (a->redis != NULL && !redis_is_broken(a->redis))
		return RES_OK;
	redis_close(a->redis);
	a->redis = NULL;
	return link_open(a->conf, &request, &a->redis, &server, NULL);
}

/* Between two tries; true when it is time to end. */
static bool rest(struct autolist *a)
{
	int64_t wait_ms = a->conf->redis.breaker_probe_ms;
	struct timespec until;
	bool is_stopping;
	int code = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += wait_ms / 1000 + 1;
	pthread_mutex_lock(&a->lock);
	while (!a->is_stopping && code == 0)
		code = pthread_cond_timedwait(&a->changed, &a->lock, &until);
	is_stopping = a->is_stopping;
	pthread_mutex_unlock(&a->lock);
	return is_stopping;
}

/*
 * While there is no Redis it waits, and so does all behind it. What Redis
 * refuses (the account may not) is not tried again; store/script has logged it.
 */
static void carry_out(struct autolist *a, const struct piece *p)
{
	enum result res = RES_DOWN;
	unsigned tries = 0;

	while (res != RES_OK && tries < TRIES_MAX) {
		res = connect_now(a);
		if (res != RES_OK) {
			if (rest(a))
				break;
			continue;
		}
		res = process(a, p);
		if (res != RES_OK && !redis_is_broken(a->redis))
			break;
		tries++;
	}
	if (res != RES_OK)
		count(a, &a->counts.dropped);
	else if (p->is_evidence)
		count(a, &a->counts.evidence);
}

static bool take(struct autolist *a, struct piece *out)
{
	bool is_there;

	pthread_mutex_lock(&a->lock);
	while (!a->is_stopping && a->count == 0)
		pthread_cond_wait(&a->changed, &a->lock);
	is_there = !a->is_stopping;
	if (is_there) {
		*out = a->queue[a->first];
		a->first = (a->first + 1) % QUEUE_MAX;
		a->count--;
	}
	pthread_mutex_unlock(&a->lock);
	return is_there;
}

static void *run(void *arg)
{
	struct autolist *a = arg;
	struct piece p;

	while (take(a, &p))
		if (!own_is_ours(&a->conf->milter.trusted, &p.net))
			carry_out(a, &p);
	redis_close(a->redis);
	a->redis = NULL;
	return NULL;
}

/* ---- birth and death ---- */

enum result autolist_open(
	struct autolist **out, struct conf *conf, const struct clock *clock)
{
	struct autolist *a = calloc(1, sizeof(*a));
	pthread_condattr_t attr;

	*out = NULL;
	if (a == NULL)
		return RES_NOMEM;
	a->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (a->stop_fd < 0) {
		free(a);
		return RES_NOMEM;
	}
	a->conf = conf_hold(conf);
	a->clock = clock;
	pthread_mutex_init(&a->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&a->changed, &attr);
	pthread_condattr_destroy(&attr);
	*out = a;
	return RES_OK;
}

enum result autolist_start(struct autolist *a)
{
	enum result res = worker_start(&a->thread, "autolist", run, a);

	a->is_started = res == RES_OK;
	return res;
}

void autolist_close(struct autolist *a)
{
	const uint64_t one = 1;

	if (a == NULL)
		return;
	pthread_mutex_lock(&a->lock);
	a->is_stopping = true;
	pthread_cond_broadcast(&a->changed);
	pthread_mutex_unlock(&a->lock);
	if (write(a->stop_fd, &one, sizeof(one)) != (ssize_t)sizeof(one))
		log_message(LOG_LEVEL_DEBUG, "listing", "cannot be woken");
	if (a->is_started)
		pthread_join(a->thread, NULL);
	close(a->stop_fd);
	pthread_cond_destroy(&a->changed);
	pthread_mutex_destroy(&a->lock);
	conf_release(a->conf);
	free(a);
}

void autolist_count(struct autolist *a, struct autolist_counts *out)
{
	pthread_mutex_lock(&a->lock);
	*out = a->counts;
	out->waiting = a->count;
	pthread_mutex_unlock(&a->lock);
}

static void put(
	struct buf *out, const char *name, const char *help, uint64_t value)
{
	buf_add_format(out,
		"# HELP reprieve_listing_%s_total %s\n"
		"# TYPE reprieve_listing_%s_total counter\n"
		"reprieve_listing_%s_total %" PRIu64 "\n",
		name, help, name, name, value);
}

void autolist_format(struct autolist *a, struct buf *out)
{
	struct autolist_counts n;

	autolist_count(a, &n);
	put(out, "evidence", "Messages that are evidence for a listing.",
		n.evidence);
	put(out, "listed", "Addresses that the milter listed.", n.listed);
	put(out, "struck", "Of these, on parole and at once.", n.struck);
	put(out, "would",
		"Addresses it would have listed, were listing.enabled yes.",
		n.would);
	put(out, "dropped", "Evidence and marks that were lost.", n.dropped);
}
