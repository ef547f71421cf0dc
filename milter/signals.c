/* SPDX-License-Identifier: BSD-2-Clause */
#include "milter/signals.h"

#include "base/notify.h"
#include "milter/context.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

struct signals {
	pthread_t thread;
	struct context *ctx;
	atomic_bool stop;
};

void signals_block(void)
{
	const int blocked[] = { SIGUSR1, SIGHUP, SIGINT, SIGTERM };
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(blocked) / sizeof(blocked[0]); i++)
		sigaddset(&set, blocked[i]);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	sigaction(SIGPIPE, &ignore, NULL);
}

static void *run(void *at)
{
	const struct timespec second = { .tv_sec = 1 };
	struct signals *s = at;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	while (!atomic_load(&s->stop)) {
		int got = sigtimedwait(&set, NULL, &second);

		if (atomic_load(&s->stop))
			break;
		if (got == SIGUSR1) {
			notify_reloading();
			/* A bad file is logged there and changes nothing. */
			(void)context_reload(s->ctx);
			notify_send("READY=1");
		}
		context_beat(s->ctx);
	}
	return NULL;
}

enum result signals_start(struct signals **out, struct context *ctx)
{
	struct signals *s = calloc(1, sizeof(*s));

	*out = NULL;
	if (s == NULL)
		return RES_NOMEM;
	s->ctx = ctx;
	if (pthread_create(&s->thread, NULL, run, s) != 0) {
		free(s);
		return RES_NOMEM;
	}
	*out = s;
	return RES_OK;
}

void signals_stop(struct signals *s)
{
	if (s == NULL)
		return;
	atomic_store(&s->stop, true);
	/* Wakes the wait; the thread sees stop before it takes it for more. */
	pthread_kill(s->thread, SIGUSR1);
	pthread_join(s->thread, NULL);
	free(s);
}
