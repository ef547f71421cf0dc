/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/writer.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "base/wake.h"
#include "conf/conf.h"
#include "store/link.h"
#include "store/worker.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum {
	JOB_MAX = 1 << 20, /* octets of one job */
	ARGS_MAX = 256, /* arguments of one command */
	BATCH_MAX = 64, /* jobs in one pipeline */
	CLOSE_MS = 2000, /* for the last writes */
	BACKOFF_MS = 100, /* first pause, doubled up to ... */
	BACKOFF_MAX_MS = 500, /* what Redis missed is due within a second */
	GATHER_MS = 5,
	CURRENT_MS = 3000, /* sentinels are asked this often */
	LOG_EVERY_MS = 60000
};

/* The commands one after the other: argc, then length and octets of each. */
struct writer_job {
	struct buf data;
	uint32_t commands;
	bool failed;
	struct writer_job *next;
};

enum outcome_of_job {
	JOB_RETRY = 0, /* no answer */
	JOB_WRITTEN,
	JOB_REFUSED
};

struct queue {
	struct writer_job *head;
	struct writer_job *tail;
	size_t count;
};

/* Says the same kind of thing once a minute. */
struct throttle {
	int64_t next_ms;
	uint64_t untold;
};

struct writer {
	struct conf *conf;
	const struct clock *clock;
	pthread_t thread;
	bool is_started;
	int cancel;

	pthread_mutex_t lock;
	pthread_cond_t wake; /* the thread has something to do */
	pthread_cond_t stopped; /* it has ended */
	struct queue queue;
	bool stopping;
	bool has_ended;
	struct throttle dropping;
	struct writer_counts counts;

	/* The thread's own. */
	struct redis *redis;
	struct endpoint server;
	int64_t current_ms; /* when the sentinels were asked last */
	unsigned backoff_ms;
	bool was_down;
	struct throttle refusing;
};

/* ---- jobs ---- */

struct writer_job *writer_job_new(void)
{
	struct writer_job *j = calloc(1, sizeof(*j));

	if (j != NULL)
		buf_init(&j->data, JOB_MAX);
	return j;
}

void writer_job_free(struct writer_job *j)
{
	if (j == NULL)
		return;
	buf_clear(&j->data);
	free(j);
}

static void add_number(struct buf *b, uint32_t n)
{
	buf_add(b, slice_make(&n, sizeof(n)));
}

void writer_job_command(
	struct writer_job *j, const struct slice *argv, size_t argc)
{
	if (j == NULL)
		return;
	if (argc == 0 || argc > ARGS_MAX) {
		j->failed = true;
		return;
	}
	add_number(&j->data, (uint32_t)argc);
	for (size_t i = 0; i < argc; i++) {
		/* A longer one does not fit anyway, and must not wrap. */
		if (argv[i].len > JOB_MAX) {
			j->failed = true;
			return;
		}
		add_number(&j->data, (uint32_t)argv[i].len);
		buf_add(&j->data, argv[i]);
	}
	j->commands++;
}

static uint32_t cut_number(struct slice *rest)
{
	uint32_t n;

	memcpy(&n, rest->at, sizeof(n));
	*rest = slice_part(*rest, sizeof(n), rest->len);
	return n;
}

static enum result append_command(struct redis *r, struct slice *rest)
{
	struct slice argv[ARGS_MAX];
	uint32_t argc = cut_number(rest);

	for (uint32_t i = 0; i < argc; i++) {
		uint32_t len = cut_number(rest);

		argv[i] = slice_part(*rest, 0, len);
		*rest = slice_part(*rest, len, rest->len);
	}
	return redis_append(r, argv, argc);
}

static enum result append_job(struct redis *r, const struct writer_job *j)
{
	const struct slice multi = slice_of("MULTI"), exec = slice_of("EXEC");
	struct slice rest = buf_slice(&j->data);
	enum result res = RES_OK;

	if (j->commands > 1)
		res = redis_append(r, &multi, 1);
	while (res == RES_OK && rest.len > 0)
		res = append_command(r, &rest);
	if (res == RES_OK && j->commands > 1)
		res = redis_append(r, &exec, 1);
	return res;
}

/* ---- the queue ---- */

static void push(struct queue *q, struct writer_job *j)
{
	j->next = NULL;
	if (q->tail != NULL)
		q->tail->next = j;
	else
		q->head = j;
	q->tail = j;
	q->count++;
}

static struct writer_job *pop(struct queue *q)
{
	struct writer_job *j = q->head;

	if (j == NULL)
		return NULL;
	q->head = j->next;
	if (q->head == NULL)
		q->tail = NULL;
	q->count--;
	return j;
}

/* True when it is time to say it; *count is how many since the last time. */
static bool may_tell(struct throttle *t, int64_t now_ms, uint64_t *count)
{
	t->untold++;
	if (now_ms < t->next_ms)
		return false;
	*count = t->untold;
	t->untold = 0;
	t->next_ms = now_ms + LOG_EVERY_MS;
	return true;
}

enum result writer_add(struct writer *w, struct writer_job *j)
{
	uint64_t dropped = 0;
	bool tell = false;
	enum result res;

	if (j == NULL)
		return RES_NOMEM;
	res = buf_result(&j->data);
	if (res == RES_OK && j->failed)
		res = RES_TOOBIG;
	if (res != RES_OK || j->commands == 0) {
		writer_job_free(j);
		return res;
	}
	pthread_mutex_lock(&w->lock);
	if (w->counts.waiting >= w->conf->redis.queue || w->stopping) {
		w->counts.dropped++;
		tell = may_tell(
			&w->dropping, clock_mono_ms(w->clock), &dropped);
		res = RES_FULL;
	} else {
		push(&w->queue, j);
		w->counts.waiting++;
		pthread_cond_signal(&w->wake);
	}
	pthread_mutex_unlock(&w->lock);
	if (tell)
		log_message(LOG_LEVEL_ERROR, "writer",
			"queue of %u is full, writes dropped: %llu",
			w->conf->redis.queue, (unsigned long long)dropped);
	if (res != RES_OK)
		writer_job_free(j);
	return res;
}

/* ---- one pipeline ---- */

struct batch {
	struct writer_job *job[BATCH_MAX];
	enum outcome_of_job outcome[BATCH_MAX];
	size_t count;
	bool lost; /* the connection must go */
};

/* The server's word about a job. What time may heal is tried again. */
static void judge_error(struct writer *w, struct slice text, size_t commands,
	struct batch *b, size_t i)
{
	enum result kind = redis_error_kind(text);
	uint64_t count = 0;

	if (kind == RES_READONLY || kind == RES_DOWN) {
		b->outcome[i] = JOB_RETRY;
		b->lost = true;
		return;
	}
	b->outcome[i] = JOB_REFUSED;
	if (may_tell(&w->refusing, clock_mono_ms(w->clock), &count))
		log_message(LOG_LEVEL_ERROR, "writer",
			"the server refuses writes (%llu, last of %zu "
			"commands): %.*s",
			(unsigned long long)count, commands, SLICE_ARG(text));
}

/* First error among the elements of EXEC's answer. */
static bool find_error(const struct redis_reply *reply, struct slice *text)
{
	for (size_t i = 0; i < reply->count; i++) {
		struct redis_reply e = redis_element(reply, i);

		if (e.type == REDIS_ERROR) {
			*text = e.text;
			return true;
		}
	}
	return false;
}

/* All answers of job i. RES_OK: outcome is set. */
static enum result read_job(struct writer *w, struct batch *b, size_t i)
{
	uint32_t commands = b->job[i]->commands;
	uint32_t answers = commands > 1 ? commands + 2 : 1;
	bool refused = false;
	struct redis_reply reply;

	b->outcome[i] = JOB_WRITTEN;
	for (uint32_t n = 0; n < answers; n++) {
		struct slice text = { 0 };
		enum result res = redis_read(w->redis, &reply);

		if (res != RES_OK) {
			b->outcome[i] = JOB_RETRY;
			return res;
		}
		if (reply.type == REDIS_ERROR)
			text = reply.text;
		else if (reply.type != REDIS_ARRAY ||
			!find_error(&reply, &text))
			continue;
		/* The first error is the cause, EXECABORT its echo. */
		if (!refused)
			judge_error(w, text, commands, b, i);
		refused = true;
	}
	return RES_OK;
}

static void run_batch(struct writer *w, struct batch *b)
{
	enum result res = RES_OK;

	for (size_t i = 0; i < b->count && res == RES_OK; i++)
		res = append_job(w->redis, b->job[i]);
	for (size_t i = 0; i < b->count && res == RES_OK; i++)
		res = read_job(w, b, i);
	if (res != RES_OK)
		b->lost = true;
}

/* ---- the thread ---- */

static void note_connected(struct writer *w, bool is)
{
	pthread_mutex_lock(&w->lock);
	w->counts.is_connected = is;
	pthread_mutex_unlock(&w->lock);
}

static void hang_up(struct writer *w)
{
	redis_close(w->redis);
	w->redis = NULL;
	note_connected(w, false);
}

static bool connect_writer(struct writer *w)
{
	const struct link_request q = {
		.purpose = LINK_WRITE,
		.timeout_ms = w->conf->redis.sync_timeout_ms,
		.cancel = w->cancel,
	};
	/* With little patience: jobs wait meanwhile. */
	const struct link_request ask = {
		.purpose = LINK_WRITE,
		.timeout_ms = w->conf->redis.timeout_ms,
		.cancel = w->cancel,
	};
	int64_t now_ms = clock_mono_ms(w->clock);
	struct buf why;
	enum result res;

	if (w->redis != NULL && now_ms - w->current_ms >= CURRENT_MS) {
		w->current_ms = now_ms;
		if (!link_is_current(w->conf, &ask, &w->server))
			hang_up(w);
	}
	if (w->redis != NULL)
		return true;
	buf_init(&why, 1024);
	res = link_open(w->conf, &q, &w->redis, &w->server, &why);
	if (res == RES_OK) {
		w->current_ms = now_ms;
		note_connected(w, true);
		if (w->was_down)
			log_message(LOG_LEVEL_NOTICE, "writer",
				"writes to Redis go on");
	} else if (!w->was_down) {
		log_message(LOG_LEVEL_ERROR, "writer",
			"no primary to write to, writes wait: %s",
			buf_text(&why));
	}
	w->was_down = res != RES_OK;
	buf_clear(&why);
	return res == RES_OK;
}

/* Takes up to a pipeline of jobs; waits for the first. False: time to end. */
static bool take_batch(struct writer *w, struct batch *b)
{
	b->count = 0;
	b->lost = false;
	pthread_mutex_lock(&w->lock);
	while (w->queue.head == NULL && !w->stopping)
		pthread_cond_wait(&w->wake, &w->lock);
	while (b->count < BATCH_MAX && w->queue.head != NULL) {
		b->outcome[b->count] = JOB_RETRY;
		b->job[b->count++] = pop(&w->queue);
	}
	pthread_mutex_unlock(&w->lock);
	return b->count > 0;
}

/* Counts what is done; what is not goes back to the front, in order. */
static void settle_batch(struct writer *w, struct batch *b)
{
	struct queue again = { 0 };

	pthread_mutex_lock(&w->lock);
	for (size_t i = 0; i < b->count; i++) {
		if (b->outcome[i] == JOB_RETRY) {
			push(&again, b->job[i]);
			continue;
		}
		w->counts.waiting--;
		if (b->outcome[i] == JOB_WRITTEN)
			w->counts.written++;
		else
			w->counts.failed++;
		writer_job_free(b->job[i]);
	}
	if (again.tail != NULL) {
		again.tail->next = w->queue.head;
		if (w->queue.tail == NULL)
			w->queue.tail = again.tail;
		w->queue.head = again.head;
		w->queue.count += again.count;
	}
	pthread_mutex_unlock(&w->lock);
}

/* Pauses; false when it was told to stop meanwhile. */
static bool back_off(struct writer *w)
{
	uint64_t half = w->backoff_ms / 2;
	int64_t wait_ms = (int64_t)(half + random_u64() % (half + 1));
	const struct timespec until = wake_in(wait_ms);
	int rc = 0;

	w->backoff_ms = w->backoff_ms * 2 > BACKOFF_MAX_MS ? BACKOFF_MAX_MS
							   : w->backoff_ms * 2;
	pthread_mutex_lock(&w->lock);
	while (!w->stopping && rc == 0)
		rc = pthread_cond_timedwait(&w->wake, &w->lock, &until);
	pthread_mutex_unlock(&w->lock);
	return rc != 0;
}

/* What comes within a few milliseconds goes out together: in a flood neither
 * we nor Redis wake up for each refusal. The first one did not wait. */
static void gather(const struct batch *b)
{
	const struct timespec pause = { .tv_nsec = GATHER_MS * 1000000 };

	if (b->count < BATCH_MAX)
		nanosleep(&pause, NULL);
}

static void *run(void *arg)
{
	struct writer *w = arg;
	struct batch b;

	while (take_batch(w, &b)) {
		if (!connect_writer(w))
			b.lost = true;
		else
			run_batch(w, &b);
		settle_batch(w, &b);
		if (!b.lost) {
			w->backoff_ms = BACKOFF_MS;
			gather(&b);
			continue;
		}
		hang_up(w);
		/* At the end there is one try, not a wait. */
		if (!back_off(w))
			break;
	}
	hang_up(w);
	pthread_mutex_lock(&w->lock);
	w->has_ended = true;
	pthread_cond_signal(&w->stopped);
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

/* ---- doors ---- */

enum result writer_open(
	struct writer **out, struct conf *conf, const struct clock *clock)
{
	struct writer *w = calloc(1, sizeof(*w));

	*out = NULL;
	if (w == NULL)
		return RES_NOMEM;
	w->cancel = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (w->cancel < 0) {
		free(w);
		return RES_NOMEM;
	}
	pthread_mutex_init(&w->lock, NULL);
	wake_init(&w->wake);
	wake_init(&w->stopped);
	w->conf = conf_hold(conf);
	w->clock = clock;
	w->backoff_ms = BACKOFF_MS;
	*out = w;
	return RES_OK;
}

enum result writer_start(struct writer *w)
{
	enum result res = worker_start(&w->thread, "writer", run, w);

	w->is_started = res == RES_OK;
	return res;
}

static void stop(struct writer *w)
{
	const struct timespec until = wake_in(CLOSE_MS);
	uint64_t one = 1;
	int rc = 0;

	pthread_mutex_lock(&w->lock);
	w->stopping = true;
	pthread_cond_signal(&w->wake);
	while (!w->has_ended && rc == 0)
		rc = pthread_cond_timedwait(&w->stopped, &w->lock, &until);
	pthread_mutex_unlock(&w->lock);
	/* Whatever it waits for in Redis ends now. */
	if (rc != 0 && write(w->cancel, &one, sizeof(one)) < 0)
		log_message(LOG_LEVEL_ERROR, "writer", "cannot be stopped");
	pthread_join(w->thread, NULL);
}

void writer_close(struct writer *w)
{
	struct writer_job *j;
	size_t lost = 0;

	if (w == NULL)
		return;
	if (w->is_started)
		stop(w);
	while ((j = pop(&w->queue)) != NULL) {
		writer_job_free(j);
		lost++;
	}
	if (lost > 0)
		log_message(LOG_LEVEL_ERROR, "writer",
			"stopped with %zu writes that Redis did not take",
			lost);
	close(w->cancel);
	pthread_cond_destroy(&w->wake);
	pthread_cond_destroy(&w->stopped);
	pthread_mutex_destroy(&w->lock);
	conf_release(w->conf);
	free(w);
}

void writer_count(struct writer *w, struct writer_counts *out)
{
	pthread_mutex_lock(&w->lock);
	*out = w->counts;
	pthread_mutex_unlock(&w->lock);
}
