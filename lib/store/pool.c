/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/pool.h"

#include "base/wake.h"
#include "conf/conf.h"
#include "store/link.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

struct pool_loan {
	struct redis *redis;
	int timer; /* readable when the deadline is over; ends every wait */
	bool is_taken;
	bool is_reused;
};

struct pool {
	struct conf *conf;
	enum link_purpose purpose;
	pthread_mutex_t lock;
	pthread_cond_t given;
	size_t count;
	struct pool_loan loan[];
};

static struct pool *new_for(struct conf *conf, enum link_purpose purpose)
{
	size_t count = conf->redis.pool > 0 ? conf->redis.pool : 1;
	struct pool *p = calloc(1, sizeof(*p) + count * sizeof(p->loan[0]));

	if (p == NULL)
		return NULL;
	wake_init(&p->given);
	pthread_mutex_init(&p->lock, NULL);
	p->conf = conf_hold(conf);
	/* A timer of 0 is none: descriptor 0 is standard input. */
	p->count = count;
	p->purpose = purpose;
	return p;
}

struct pool *pool_new(struct conf *conf)
{
	return new_for(conf, LINK_READ);
}

struct pool *pool_new_to_write(struct conf *conf)
{
	return new_for(conf, LINK_WRITE);
}

void pool_free(struct pool *p)
{
	size_t i;

	if (p == NULL)
		return;
	for (i = 0; i < p->count; i++) {
		redis_close(p->loan[i].redis);
		if (p->loan[i].timer > 0)
			close(p->loan[i].timer);
	}
	pthread_cond_destroy(&p->given);
	pthread_mutex_destroy(&p->lock);
	conf_release(p->conf);
	free(p);
}

/* An open one if there is one. Under the lock. */
static struct pool_loan *find_free(struct pool *p)
{
	struct pool_loan *found = NULL;
	size_t i;

	for (i = 0; i < p->count; i++) {
		struct pool_loan *loan = &p->loan[i];

		if (loan->is_taken)
			continue;
		if (loan->redis != NULL)
			return loan;
		if (found == NULL)
			found = loan;
	}
	return found;
}

static struct pool_loan *wait_for_free(
	struct pool *p, const struct timespec *deadline)
{
	struct pool_loan *loan;
	int timed_out = 0;

	pthread_mutex_lock(&p->lock);
	loan = find_free(p);
	while (loan == NULL && timed_out == 0) {
		timed_out =
			pthread_cond_timedwait(&p->given, &p->lock, deadline);
		loan = find_free(p);
	}
	if (loan != NULL)
		loan->is_taken = true;
	pthread_mutex_unlock(&p->lock);
	return loan;
}

static enum result set_timer(
	struct pool_loan *loan, const struct timespec *deadline)
{
	struct itimerspec when = { .it_value = *deadline };

	if (loan->timer <= 0)
		loan->timer = timerfd_create(
			CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (loan->timer <= 0 ||
		timerfd_settime(loan->timer, TFD_TIMER_ABSTIME, &when, NULL) !=
			0)
		return RES_NOMEM;
	return RES_OK;
}

static bool is_over(const struct pool_loan *loan)
{
	uint64_t times;

	return read(loan->timer, &times, sizeof(times)) ==
		(ssize_t)sizeof(times);
}

enum result pool_reopen(struct pool *p, struct pool_loan *loan)
{
	const struct link_request request = {
		.purpose = p->purpose,
		.timeout_ms = p->conf->redis.timeout_ms,
		.cancel = loan->timer,
	};
	struct endpoint server;

	redis_close(loan->redis);
	loan->redis = NULL;
	loan->is_reused = false;
	return link_open(p->conf, &request, &loan->redis, &server, NULL);
}

enum result pool_take(struct pool *p, struct pool_loan **out)
{
	struct timespec deadline = wake_in(p->conf->redis.timeout_ms);
	struct pool_loan *loan = wait_for_free(p, &deadline);
	enum result res;

	*out = NULL;
	if (loan == NULL)
		return RES_TIMEOUT;
	loan->is_reused = loan->redis != NULL;
	res = set_timer(loan, &deadline);
	if (res == RES_OK && loan->redis == NULL)
		res = pool_reopen(p, loan);
	if (res != RES_OK) {
		pool_give(p, loan);
		return res;
	}
	*out = loan;
	return RES_OK;
}

struct redis *pool_redis(const struct pool_loan *loan)
{
	return loan->redis;
}

bool pool_is_reused(const struct pool_loan *loan)
{
	return loan->is_reused;
}

void pool_give(struct pool *p, struct pool_loan *loan)
{
	const struct itimerspec never = { .it_value = { 0, 0 } };

	/* Past its deadline it may be in the middle of an answer. */
	if (loan->redis != NULL &&
		(is_over(loan) || redis_is_broken(loan->redis))) {
		redis_close(loan->redis);
		loan->redis = NULL;
	}
	if (loan->timer > 0)
		(void)timerfd_settime(loan->timer, 0, &never, NULL);
	pthread_mutex_lock(&p->lock);
	loan->is_taken = false;
	pthread_cond_signal(&p->given);
	pthread_mutex_unlock(&p->lock);
}
