/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/modelcopy.h"

#include "base/log.h"
#include "base/wake.h"
#include "conf/conf.h"
#include "store/link.h"
#include "store/worker.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { TRIES = 5 };

struct held {
	struct modelcopy_model model; /* first: it stands for the whole */
	size_t holders; /* the copy is one */
};

struct modelcopy {
	const struct conf *conf;
	pthread_mutex_t lock; /* of current, state, stopping and holders */
	pthread_cond_t wake;
	bool stopping;
	struct held *current; /* NULL: none yet */
	enum result state; /* of the last look; RES_MISSING: no model */
	bool has_looked;
	pthread_mutex_t look_lock; /* one look at a time */
	struct redis *redis; /* NULL: not connected */
	int cancel;
	pthread_t thread;
	bool is_started;
};

static void release(struct held *h)
{
	if (h == NULL || --h->holders > 0)
		return;
	free(h->model.weights);
	free(h);
}

static struct held *held_new(void)
{
	struct held *h = calloc(1, sizeof(*h));

	if (h == NULL)
		return NULL;
	h->holders = 1;
	h->model.weights = malloc(LESSON_WEIGHTS_LEN);
	if (h->model.weights != NULL)
		return h;
	free(h);
	return NULL;
}

/* ---- a look ---- */

static enum result connect(struct modelcopy *m)
{
	const struct link_request request = {
		.purpose = LINK_READ,
		.timeout_ms = m->conf->redis.sync_timeout_ms,
		.cancel = m->cancel,
	};
	struct endpoint server;

	if (m->redis != NULL && !redis_is_broken(m->redis))
		return RES_OK;
	redis_close(m->redis);
	m->redis = NULL;
	return link_open(m->conf, &request, &m->redis, &server, NULL);
}

static uint64_t version_held(struct modelcopy *m)
{
	uint64_t version;

	pthread_mutex_lock(&m->lock);
	version = m->current == NULL ? 0 : m->current->model.about.version;
	pthread_mutex_unlock(&m->lock);
	return version;
}

/* Between two looks at its version, so that both are of one model. RES_EXISTS:
 * somebody has learnt meanwhile. */
static enum result read_model(struct modelcopy *m, struct modelcopy_model *out)
{
	struct lessons_about after;
	enum result res = lessons_weights(m->redis, m->conf, out->weights);

	if (res == RES_TOOBIG || res == RES_RANGE || res == RES_MISSING)
		return RES_CORRUPT;
	if (res == RES_OK)
		res = lessons_about(m->redis, m->conf, &after);
	if (res == RES_OK && after.version != out->about.version)
		res = RES_EXISTS;
	return res;
}

/* *out stays NULL when there is nothing new. */
static enum result fetch(struct modelcopy *m, struct held **out)
{
	struct lessons_about about;
	struct held *h = NULL;
	enum result res = lessons_about(m->redis, m->conf, &about);

	if (res == RES_OK && about.version == 0)
		res = RES_MISSING;
	if (res != RES_OK || about.version == version_held(m))
		return res;
	h = held_new();
	if (h == NULL)
		return RES_NOMEM;
	h->model.about = about;
	res = read_model(m, &h->model);
	if (res == RES_OK)
		*out = h;
	else
		release(h);
	return res;
}

static void log_change(enum result was, enum result is)
{
	if (is == was)
		return;
	if (is == RES_OK || is == RES_MISSING)
		log_message(LOG_LEVEL_NOTICE, "content",
			is == RES_OK ? "the model is read"
				     : "nothing has been learnt yet");
	else
		log_message(
			is == RES_CORRUPT ? LOG_LEVEL_ERROR : LOG_LEVEL_WARNING,
			"content", "cannot read the model: %s",
			result_name(is));
}

enum result modelcopy_look(struct modelcopy *m)
{
	struct held *fresh = NULL, *old = NULL;
	enum result res, was;

	pthread_mutex_lock(&m->look_lock);
	res = connect(m);
	if (res == RES_OK)
		res = RES_EXISTS;
	for (unsigned i = 0; i < TRIES && res == RES_EXISTS; i++)
		res = fetch(m, &fresh);
	pthread_mutex_lock(&m->lock);
	if (fresh != NULL || res == RES_MISSING) {
		old = m->current;
		m->current = fresh;
	}
	was = m->has_looked ? m->state : RES_INTERNAL;
	m->has_looked = true;
	m->state = res;
	release(old);
	pthread_mutex_unlock(&m->lock);
	pthread_mutex_unlock(&m->look_lock);
	log_change(was, res);
	return res == RES_MISSING ? RES_OK : res;
}

/* ---- the thread ---- */

/* False: told to stop. */
static bool wait_a_while(struct modelcopy *m)
{
	const struct timespec until =
		wake_in((int64_t)m->conf->content.refresh_s * 1000);
	bool go_on;
	int rc = 0;

	pthread_mutex_lock(&m->lock);
	while (!m->stopping && rc == 0)
		rc = pthread_cond_timedwait(&m->wake, &m->lock, &until);
	go_on = !m->stopping;
	pthread_mutex_unlock(&m->lock);
	return go_on;
}

static void *run(void *arg)
{
	struct modelcopy *m = arg;

	do {
		/* What is wrong was logged, and is asked for again. */
		if (modelcopy_look(m) != RES_OK)
			continue;
	} while (wait_a_while(m));
	return NULL;
}

/* ---- birth and death ---- */

enum result modelcopy_open(struct modelcopy **out, const struct conf *conf)
{
	struct modelcopy *m = calloc(1, sizeof(*m));

	*out = NULL;
	if (m == NULL)
		return RES_NOMEM;
	m->cancel = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (m->cancel < 0) {
		free(m);
		return RES_NOMEM;
	}
	wake_init(&m->wake);
	pthread_mutex_init(&m->lock, NULL);
	pthread_mutex_init(&m->look_lock, NULL);
	m->conf = conf;
	m->state = RES_DOWN;
	*out = m;
	return RES_OK;
}

enum result modelcopy_start(struct modelcopy *m)
{
	enum result res = worker_start(&m->thread, "model", run, m);

	m->is_started = res == RES_OK;
	return res;
}

void modelcopy_close(struct modelcopy *m)
{
	static const uint64_t one = 1;

	if (m == NULL)
		return;
	pthread_mutex_lock(&m->lock);
	m->stopping = true;
	pthread_cond_signal(&m->wake);
	pthread_mutex_unlock(&m->lock);
	/* A wait for Redis ends; if this fails, it ends by its deadline. */
	if (write(m->cancel, &one, sizeof(one)) < 0)
		log_message(LOG_LEVEL_WARNING, "content", "cannot cancel");
	if (m->is_started)
		pthread_join(m->thread, NULL);
	redis_close(m->redis);
	release(m->current);
	close(m->cancel);
	pthread_cond_destroy(&m->wake);
	pthread_mutex_destroy(&m->lock);
	pthread_mutex_destroy(&m->look_lock);
	free(m);
}

/* ---- readers ---- */

enum result modelcopy_hold(
	struct modelcopy *m, const struct modelcopy_model **out)
{
	enum result res;

	*out = NULL;
	pthread_mutex_lock(&m->lock);
	res = m->state;
	if (m->current != NULL) {
		m->current->holders++;
		*out = &m->current->model;
		res = RES_OK;
	}
	pthread_mutex_unlock(&m->lock);
	return res;
}

void modelcopy_release(struct modelcopy *m, const struct modelcopy_model *model)
{
	if (model == NULL)
		return;
	pthread_mutex_lock(&m->lock);
	/* It was handed out as the first member, not const. */
	release((struct held *)(uintptr_t)model);
	pthread_mutex_unlock(&m->lock);
}
