/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/modelcopy.h"

#include "base/log.h"
#include "conf/conf.h"
#include "store/lookout.h"

#include <pthread.h>
#include <stdlib.h>

enum { TRIES = 5 };

struct held {
	struct modelcopy_model model; /* first: it stands for the whole */
	size_t holders; /* the copy is one */
};

struct modelcopy {
	const struct conf *conf;
	struct lookout *lookout;
	pthread_mutex_t lock; /* of current, state and holders */
	struct held *current; /* NULL: none yet */
	enum result state; /* of the last look; RES_MISSING: no model */
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
static enum result read_model(
	struct modelcopy *m, struct redis *r, struct modelcopy_model *out)
{
	struct lessons_about after;
	enum result res = lessons_weights(r, m->conf, out->weights);

	if (res == RES_TOOBIG || res == RES_RANGE || res == RES_MISSING)
		return RES_CORRUPT;
	if (res == RES_OK)
		res = lessons_about(r, m->conf, &after);
	if (res == RES_OK && after.version != out->about.version)
		res = RES_EXISTS;
	return res;
}

/* *out stays NULL when there is nothing new. */
static enum result fetch(
	struct modelcopy *m, struct redis *r, struct held **out)
{
	struct lessons_about about;
	struct held *h = NULL;
	enum result res = lessons_about(r, m->conf, &about);

	if (res == RES_OK && about.version == 0)
		res = RES_MISSING;
	if (res != RES_OK || about.version == version_held(m))
		return res;
	h = held_new();
	if (h == NULL)
		return RES_NOMEM;
	h->model.about = about;
	res = read_model(m, r, &h->model);
	if (res == RES_OK)
		*out = h;
	else
		release(h);
	return res;
}

static enum result look(void *ctx, struct redis *r)
{
	struct modelcopy *m = ctx;
	struct held *fresh = NULL, *old = NULL;
	enum result res = RES_EXISTS;

	for (unsigned i = 0; i < TRIES && res == RES_EXISTS; i++)
		res = fetch(m, r, &fresh);
	pthread_mutex_lock(&m->lock);
	if (fresh != NULL || res == RES_MISSING) {
		old = m->current;
		m->current = fresh;
	}
	m->state = res;
	release(old);
	pthread_mutex_unlock(&m->lock);
	return res;
}

static void changed(void *ctx, enum result is)
{
	struct modelcopy *m = ctx;

	pthread_mutex_lock(&m->lock);
	m->state = is; /* also when there was no connection to look by */
	pthread_mutex_unlock(&m->lock);
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
	enum result res = lookout_now(m->lookout);

	return res == RES_MISSING ? RES_OK : res;
}

/* ---- birth and death ---- */

static int64_t wait_ms(void *ctx)
{
	const struct modelcopy *m = ctx;

	return (int64_t)m->conf->content.refresh_s * 1000;
}

enum result modelcopy_open(struct modelcopy **out, const struct conf *conf)
{
	struct modelcopy *m = calloc(1, sizeof(*m));
	const struct lookout_job job = { .name = "model",
		.purpose = LINK_READ,
		.look = look,
		.changed = changed,
		.wait_ms = wait_ms,
		.ctx = m };
	enum result res;

	*out = NULL;
	if (m == NULL)
		return RES_NOMEM;
	res = lookout_open(&m->lookout, conf, &job);
	if (res != RES_OK) {
		free(m);
		return res;
	}
	pthread_mutex_init(&m->lock, NULL);
	m->conf = conf;
	m->state = RES_DOWN;
	*out = m;
	return RES_OK;
}

enum result modelcopy_start(struct modelcopy *m)
{
	return lookout_start(m->lookout);
}

void modelcopy_close(struct modelcopy *m)
{
	if (m == NULL)
		return;
	lookout_close(m->lookout);
	release(m->current);
	pthread_mutex_destroy(&m->lock);
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
