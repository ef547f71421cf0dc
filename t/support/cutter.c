/* SPDX-License-Identifier: BSD-2-Clause */
#include "support/cutter.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { PIECE = 65536, POLLED = 3 };

typedef void cutter_function(void *ctx);

struct cutter {
	struct sockaddr_un server;
	int listener;
	int stop[2]; /* a pipe */
	pthread_t thread;
	atomic_int left; /* -1: no end */
	atomic_bool is_answer;
	_Atomic(cutter_function *) at; /* instead of breaking; or NULL */
	_Atomic(void *) ctx;
	char piece[PIECE];
};

static bool name_socket(struct sockaddr_un *out, const char *path)
{
	out->sun_family = AF_UNIX;
	return snprintf(out->sun_path, sizeof(out->sun_path), "%s", path) <
		(int)sizeof(out->sun_path);
}

/* False: that is the end. */
static bool hand_on(struct cutter *c, int from, int to, bool is_lost)
{
	ssize_t n = read(from, c->piece, sizeof(c->piece));

	if (n <= 0 || is_lost)
		return false;
	for (ssize_t done = 0; done < n;) {
		ssize_t m = send(
			to, c->piece + done, (size_t)(n - done), MSG_NOSIGNAL);

		if (m <= 0)
			return false;
		done += m;
	}
	return true;
}

/* A question begins: is it one too many? */
static bool is_too_many(struct cutter *c)
{
	int left = atomic_load(&c->left);
	cutter_function *at = atomic_load(&c->at);

	if (left > 0)
		atomic_store(&c->left, left - 1);
	if (left != 0 || at == NULL)
		return left == 0;
	atomic_store(&c->left, -1);
	at(atomic_load(&c->ctx));
	return false;
}

static void serve(struct cutter *c, int client, int server)
{
	bool is_asking = false, is_over = false, goes_on = true;

	while (goes_on) {
		struct pollfd p[POLLED] = { { client, POLLIN, 0 },
			{ server, POLLIN, 0 }, { c->stop[0], POLLIN, 0 } };

		if (poll(p, POLLED, -1) < 0 || p[2].revents != 0)
			return;
		if (p[1].revents != 0) {
			goes_on = hand_on(c, server, client, is_over);
			is_asking = false;
		} else if (p[0].revents != 0) {
			if (!is_asking && is_too_many(c))
				is_over = true;
			is_asking = true;
			goes_on = hand_on(c, client, server,
				is_over && !atomic_load(&c->is_answer));
		}
	}
}

static void *run(void *arg)
{
	struct cutter *c = arg;

	for (;;) {
		struct pollfd p[] = { { c->listener, POLLIN, 0 },
			{ c->stop[0], POLLIN, 0 } };
		int client, server;

		if (poll(p, 2, -1) < 0 || p[1].revents != 0)
			return NULL;
		client = accept(c->listener, NULL, NULL);
		server = socket(AF_UNIX, SOCK_STREAM, 0);
		if (client >= 0 && server >= 0 &&
			connect(server, (struct sockaddr *)&c->server,
				sizeof(c->server)) == 0)
			serve(c, client, server);
		if (client >= 0)
			close(client);
		if (server >= 0)
			close(server);
	}
}

struct cutter *cutter_start(const char *server, const char *path)
{
	struct cutter *c = calloc(1, sizeof(*c));
	struct sockaddr_un own = { .sun_family = AF_UNIX };

	if (c == NULL)
		return NULL;
	atomic_store(&c->left, -1);
	c->listener = socket(AF_UNIX, SOCK_STREAM, 0);
	if (!name_socket(&c->server, server) || !name_socket(&own, path) ||
		(unlink(path) != 0 && errno != ENOENT) || c->listener < 0 ||
		pipe(c->stop) != 0 ||
		bind(c->listener, (struct sockaddr *)&own, sizeof(own)) != 0 ||
		listen(c->listener, 8) != 0 ||
		pthread_create(&c->thread, NULL, run, c) != 0) {
		free(c);
		return NULL;
	}
	return c;
}

void cutter_stop(struct cutter *c)
{
	if (c == NULL)
		return;
	(void)!write(c->stop[1], "x", 1);
	pthread_join(c->thread, NULL);
	close(c->listener);
	close(c->stop[0]);
	close(c->stop[1]);
	free(c);
}

void cutter_call(
	struct cutter *c, int questions, void (*at)(void *ctx), void *ctx)
{
	atomic_store(&c->at, at);
	atomic_store(&c->ctx, ctx);
	atomic_store(&c->left, questions);
}

void cutter_allow(struct cutter *c, int questions, bool is_answer)
{
	atomic_store(&c->at, NULL);
	atomic_store(&c->is_answer, is_answer);
	atomic_store(&c->left, questions);
}
