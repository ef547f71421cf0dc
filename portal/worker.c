/* SPDX-License-Identifier: BSD-2-Clause */
#include "portal/worker.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "base/wake.h"
#include "conf/conf.h"
#include "portal/findings.h"
#include "portal/jobs.h"
#include "web/mailer.h"

#include "store/standing.h"

#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	JOB_MEMORY_MAX = 1024 * 1024,
	NAME_LEN_MAX = 128,
	IDLE_MS = 100, /* until the queue is looked at again */
	AWAY_MS = 500, /* the same while Redis cannot be asked */
	LOOK_MS = 10000, /* between looks for exceptions that are due */
	RETRY_MS = 10000, /* the first wait of a job; it doubles */
	RETRY_MAX_MS = 3600000,
	RETRY_STEPS = 9, /* 10 s doubled nine times is past an hour */
	HOUR_MS = 3600000
};

struct worker_thread {
	struct context *context;
	char name[NAME_LEN_MAX]; /* in the group of the queue */
	int64_t next_look_ms; /* monotonic, as the next */
	int64_t next_record_ms;
	pthread_t thread;
	bool is_started;
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t wake;
	bool is_ending;
};

/* Two portals of one host, or one that was started again, are two workers. */
static void make_name(char out[NAME_LEN_MAX])
{
	char host[64] = "";

	if (gethostname(host, sizeof(host) - 1) != 0)
		host[0] = '\0';
	snprintf(out, NAME_LEN_MAX, "%.63s-%ld-%08" PRIx32, host,
		(long)getpid(), (uint32_t)random_u64());
}

enum result worker_thread_open(struct worker_thread **out, struct context *c)
{
	struct worker_thread *w = calloc(1, sizeof(*w));

	*out = NULL;
	if (w == NULL || mailer_open() != RES_OK) {
		free(w);
		return RES_NOMEM;
	}
	w->context = c;
	make_name(w->name);
	pthread_mutex_init(&w->lock, NULL);
	wake_init(&w->wake);
	*out = w;
	return RES_OK;
}

/* ---- one job ---- */

static int64_t retry_delay_ms(unsigned tries)
{
	if (tries >= RETRY_STEPS)
		return RETRY_MAX_MS;
	return (int64_t)RETRY_MS << tries;
}

static bool is_for_later(enum result res)
{
	return res == RES_TIMEOUT || res == RES_DOWN || res == RES_READONLY ||
		res == RES_NOMEM || res == RES_FULL;
}

static void note_given_up(const struct mailq_job *job, const char *why)
{
	struct logline line;

	log_start(&line, LOG_LEVEL_ERROR, "job");
	log_slice(&line, "kind", job->kind);
	log_slice(&line, "id", job->id);
	log_text(&line, "outcome", "given up");
	log_text(&line, "why", why);
	log_send(&line);
}

/* The job goes back to the queue or leaves it. When Redis does not answer it
 * stays where it is, and is taken again when its claim is over. */
static void finish(const struct job *j, enum result res)
{
	const struct slice prefix = slice_of(j->site->conf->redis.prefix);

	if (is_for_later(res)) {
		res = mailq_later(j->redis, prefix, j->job,
			clock_wall_ms(j->site->clock),
			retry_delay_ms(j->job->tries));
	} else {
		if (res != RES_OK && res != RES_MISSING)
			note_given_up(j->job, result_name(res));
		res = mailq_done(j->redis, prefix, j->job);
	}
	if (res != RES_OK)
		log_message(LOG_LEVEL_WARNING, "job",
			"the queue does not answer: %s", result_name(res));
}

static void run_job(struct job *j)
{
	job_function *run = job_find(j->job->kind);

	finish(j, run == NULL ? RES_TYPE : run(j));
}

/* True: there was one. */
static bool take_job(struct worker_thread *w, struct job *j, bool *is_away)
{
	const struct conf *conf = j->site->conf;
	struct mailq_job job;
	const struct mailq_taking how = {
		.worker = slice_of(w->name),
		.now_ms = j->now_ms,
		.slow_ms = HOUR_MS / conf->delist.queue_at,
	};
	const enum result res = mailq_take(
		j->redis, slice_of(conf->redis.prefix), &how, j->arena, &job);

	*is_away = res != RES_OK && res != RES_MISSING;
	if (res != RES_OK)
		return false;
	j->job = &job;
	run_job(j);
	return true;
}

/* ---- exceptions that hang on a name ---- */

static void look_at_exception(
	const struct job *j, const struct standing_exception *e)
{
	const struct proof_dns dns = findings_dns(j->site);
	enum result res = RES_OK;

	/* Unknown is never no: it is looked at again. */
	if (proof_is_held(&dns, &e->net, slice_of(e->ptr), j->arena) ==
		PROOF_HELD_NO)
		res = standing_exception_end(j->redis, j->site->conf, e,
			j->now_ms, slice_of("the name has changed"));
	if (res != RES_OK)
		log_message(LOG_LEVEL_WARNING, "exception",
			"cannot be ended: %s", result_name(res));
}

/* All that are due; each is claimed, so that no portal looks twice. */
static void look_at_exceptions(struct worker_thread *w, struct job *j)
{
	const int64_t now_ms = clock_mono_ms(j->site->clock);
	struct standing_exception e;

	if (now_ms < w->next_look_ms)
		return;
	w->next_look_ms = now_ms + LOOK_MS;
	if (standing_exception_due(j->redis, j->site->conf, j->now_ms, &e) ==
		RES_OK) {
		/* There may be more of them. */
		w->next_look_ms = now_ms;
		look_at_exception(j, &e);
	}
}

/* The records of who registered for feedback, as above. */
static void look_at_records(struct worker_thread *w, struct job *j)
{
	const int64_t now_ms = clock_mono_ms(j->site->clock);

	if (now_ms < w->next_record_ms)
		return;
	w->next_record_ms = now_ms + LOOK_MS;
	if (fbljobs_look_due(j) == RES_OK)
		w->next_record_ms = now_ms;
}

/* ---- the thread ---- */

/* How long to wait before the next round; 0: not at all. */
static unsigned work_once(struct worker_thread *w)
{
	struct context_view site;
	struct context_loan *loan = NULL;
	struct job j = { .site = &site };
	unsigned wait_ms = AWAY_MS;
	bool is_away = false;

	context_enter(w->context, &site);
	j.arena = arena_new(JOB_MEMORY_MAX);
	j.now_ms = clock_wall_ms(site.clock);
	if (j.arena != NULL && context_take(w->context, &loan) == RES_OK) {
		j.redis = context_redis(loan);
		if (take_job(w, &j, &is_away))
			wait_ms = 0;
		else if (!is_away)
			wait_ms = IDLE_MS;
		if (!is_away) {
			look_at_exceptions(w, &j);
			look_at_records(w, &j);
		}
	}
	context_give(w->context, loan);
	arena_free(j.arena);
	context_leave(&site);
	return wait_ms;
}

/* True: to end. */
static bool wait_for_more(struct worker_thread *w, unsigned wait_ms)
{
	const struct timespec until = wake_in(wait_ms);
	bool is_ending;

	pthread_mutex_lock(&w->lock);
	while (!w->is_ending && wait_ms > 0 &&
		pthread_cond_timedwait(&w->wake, &w->lock, &until) == 0)
		;
	is_ending = w->is_ending;
	pthread_mutex_unlock(&w->lock);
	return is_ending;
}

static void *work(void *ctx)
{
	struct worker_thread *w = ctx;

	while (!wait_for_more(w, work_once(w)))
		;
	return NULL;
}

enum result worker_thread_start(struct worker_thread *w)
{
	sigset_t all;
	sigset_t old;
	bool done;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &old);
	done = pthread_create(&w->thread, NULL, work, w) == 0;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	w->is_started = done;
	return done ? RES_OK : RES_NOMEM;
}

void worker_thread_close(struct worker_thread *w)
{
	if (w == NULL)
		return;
	pthread_mutex_lock(&w->lock);
	w->is_ending = true;
	pthread_cond_signal(&w->wake);
	pthread_mutex_unlock(&w->lock);
	if (w->is_started)
		pthread_join(w->thread, NULL);
	pthread_cond_destroy(&w->wake);
	pthread_mutex_destroy(&w->lock);
	mailer_close();
	free(w);
}
