/* SPDX-License-Identifier: BSD-2-Clause */
#include "web/reaper.h"

#include "base/clock.h"
#include "base/wake.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>

struct reaper_entry {
	struct reaper_entry *prev;
	struct reaper_entry *next;
	int64_t begun_ms;
	int64_t due_ms;
	int fd;
	bool is_linked;
};

/* The list is in order of due_ms. Nearly all deadlines are equally long, so the
 * place of a new entry is near the end. */
struct reaper {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	pthread_t thread;
	struct reaper_entry *first;
	struct reaper_entry *last;
	unsigned deadline_ms;
	bool stopping;
};

static void unlink_entry(struct reaper *r, struct reaper_entry *e)
{
	if (!e->is_linked)
		return;
	if (e->prev != NULL)
		e->prev->next = e->next;
	else
		r->first = e->next;
	if (e->next != NULL)
		e->next->prev = e->prev;
	else
		r->last = e->prev;
	e->is_linked = false;
}

/* Behind all that are due no later. */
static void link_entry(struct reaper *r, struct reaper_entry *e)
{
	struct reaper_entry *before = r->last;

	while (before != NULL && before->due_ms > e->due_ms)
		before = before->prev;
	e->prev = before;
	e->next = before == NULL ? r->first : before->next;
	if (e->next != NULL)
		e->next->prev = e;
	else
		r->last = e;
	if (before != NULL)
		before->next = e;
	else
		r->first = e;
	e->is_linked = true;
	if (r->first == e)
		pthread_cond_signal(&r->changed);
}

static void wait_ms(struct reaper *r, int64_t ms)
{
	const struct timespec until = wake_in(ms);

	(void)pthread_cond_timedwait(&r->changed, &r->lock, &until);
}

static void *reap(void *arg)
{
	struct reaper *r = arg;

	pthread_mutex_lock(&r->lock);
	while (!r->stopping) {
		struct reaper_entry *e = r->first;
		int64_t now = clock_mono_ms(clock_system());

		if (e == NULL) {
			pthread_cond_wait(&r->changed, &r->lock);
		} else if (e->due_ms > now) {
			wait_ms(r, e->due_ms - now);
		} else {
			/* Still open: an entry leaves before its close. */
			(void)shutdown(e->fd, SHUT_RDWR);
			unlink_entry(r, e);
		}
	}
	pthread_mutex_unlock(&r->lock);
	return NULL;
}

enum result reaper_open(struct reaper **out, unsigned deadline_ms)
{
	struct reaper *r = calloc(1, sizeof(*r));

	*out = NULL;
	if (r == NULL)
		return RES_NOMEM;
	r->deadline_ms = deadline_ms;
	pthread_mutex_init(&r->lock, NULL);
	wake_init(&r->changed);
	if (pthread_create(&r->thread, NULL, reap, r) != 0) {
		pthread_cond_destroy(&r->changed);
		pthread_mutex_destroy(&r->lock);
		free(r);
		return RES_NOMEM;
	}
	*out = r;
	return RES_OK;
}

void reaper_close(struct reaper *r)
{
	if (r == NULL)
		return;
	pthread_mutex_lock(&r->lock);
	r->stopping = true;
	pthread_cond_signal(&r->changed);
	pthread_mutex_unlock(&r->lock);
	pthread_join(r->thread, NULL);
	pthread_cond_destroy(&r->changed);
	pthread_mutex_destroy(&r->lock);
	free(r);
}

struct reaper_entry *reaper_enter(struct reaper *r, int fd)
{
	struct reaper_entry *e = calloc(1, sizeof(*e));

	if (e == NULL) {
		(void)shutdown(fd, SHUT_RDWR);
		return NULL;
	}
	e->fd = fd;
	e->begun_ms = clock_mono_ms(clock_system());
	e->due_ms = e->begun_ms + (int64_t)r->deadline_ms;
	pthread_mutex_lock(&r->lock);
	link_entry(r, e);
	pthread_mutex_unlock(&r->lock);
	return e;
}

void reaper_extend(
	struct reaper *r, struct reaper_entry *e, unsigned deadline_ms)
{
	if (e == NULL)
		return;
	pthread_mutex_lock(&r->lock);
	/* One that is not linked has been ended. */
	if (e->is_linked) {
		unlink_entry(r, e);
		e->due_ms = e->begun_ms + (int64_t)deadline_ms;
		link_entry(r, e);
	}
	pthread_mutex_unlock(&r->lock);
}

void reaper_leave(struct reaper *r, struct reaper_entry *e)
{
	if (e == NULL)
		return;
	pthread_mutex_lock(&r->lock);
	unlink_entry(r, e);
	pthread_mutex_unlock(&r->lock);
	free(e);
}
