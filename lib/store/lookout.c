/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/lookout.h"

#include "base/log.h"
#include "base/wake.h"
#include "conf/conf.h"
#include "store/redis.h"
#include "store/worker.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct lookout {
	const struct conf *conf;
	struct lookout_job job;
	pthread_mutex_t look_lock; /* of redis, state and has_looked */
	struct redis *redis; /* NULL: not connected */
	enum result state; /* of the last look */
	bool has_looked;
	int cancel;
	pthread_mutex_t lock; /* of stopping */
	pthread_cond_t wake;
	bool stopping;
	pthread_t thread;
	bool is_started;
};

/* ---- a look ---- */

static enum result connect(struct lookout *l)
{
	const struct link_request request = {
		.purpose = l->job.purpose,
		.timeout_ms = l->conf->redis.sync_timeout_ms,
		.cancel = l->cancel,
	};
	struct endpoint server;

	if (l->redis != NULL && !redis_is_broken(l->redis))
		return RES_OK;
	redis_close(l->redis);
	l->redis = NULL;
	return link_open(l->conf, &request, &l->redis, &server, NULL);
}

enum result lookout_now(struct lookout *l)
{
	enum result res;

	pthread_mutex_lock(&l->look_lock);
	res = connect(l);
	if (res == RES_OK)
		res = l->job.look(l->job.ctx, l->redis);
	if (res == RES_READONLY) {
		redis_close(l->redis);
		l->redis = NULL;
	}
	if (!l->has_looked || res != l->state)
		l->job.changed(l->job.ctx, res);
	l->has_looked = true;
	l->state = res;
	pthread_mutex_unlock(&l->look_lock);
	return res;
}

/* ---- the thread ---- */

/* False: told to stop. */
static bool wait_a_while(struct lookout *l)
{
	const struct timespec until = wake_in(l->job.wait_ms(l->job.ctx));
	bool go_on;
	int rc = 0;

	pthread_mutex_lock(&l->lock);
	while (!l->stopping && rc == 0)
		rc = pthread_cond_timedwait(&l->wake, &l->lock, &until);
	go_on = !l->stopping;
	pthread_mutex_unlock(&l->lock);
	return go_on;
}

static void *run(void *arg)
{
	struct lookout *l = arg;

	do {
		/* What is wrong was told, and is looked at again. */
		if (lookout_now(l) != RES_OK)
			continue;
	} while (wait_a_while(l));
	return NULL;
}

/* ---- birth and death ---- */

enum result lookout_open(struct lookout **out, const struct conf *conf,
	const struct lookout_job *job)
{
	struct lookout *l = calloc(1, sizeof(*l));

	*out = NULL;
	if (l == NULL)
		return RES_NOMEM;
	l->cancel = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (l->cancel < 0) {
		free(l);
		return RES_NOMEM;
	}
	wake_init(&l->wake);
	pthread_mutex_init(&l->lock, NULL);
	pthread_mutex_init(&l->look_lock, NULL);
	l->conf = conf;
	l->job = *job;
	*out = l;
	return RES_OK;
}

enum result lookout_start(struct lookout *l)
{
	enum result res = worker_start(&l->thread, l->job.name, run, l);

	l->is_started = res == RES_OK;
	return res;
}

void lookout_close(struct lookout *l)
{
	static const uint64_t one = 1;

	if (l == NULL)
		return;
	pthread_mutex_lock(&l->lock);
	l->stopping = true;
	pthread_cond_signal(&l->wake);
	pthread_mutex_unlock(&l->lock);
	/* A wait for Redis ends; if this fails, it ends by its deadline. */
	if (write(l->cancel, &one, sizeof(one)) < 0)
		log_message(LOG_LEVEL_WARNING, l->job.name, "cannot cancel");
	if (l->is_started)
		pthread_join(l->thread, NULL);
	redis_close(l->redis);
	close(l->cancel);
	pthread_cond_destroy(&l->wake);
	pthread_mutex_destroy(&l->lock);
	pthread_mutex_destroy(&l->look_lock);
	free(l);
}
