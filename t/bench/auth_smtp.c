/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * auth_smtp - whole messages by SMTP, each from the address of its sender.
 *
 *     auth_smtp [-c AT_ONCE] [-s SECONDS] [-n MESSAGES] FOLDER NAME IP PORT
 *
 * Messages of auth_messages (no line of theirs begins with a dot), one a
 * session, no pipelining. The time of a message is from connecting to the
 * answer behind its end. Prints the line of auth_pool.
 */
#include "bench/auth_pool.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EVENTS = 256, REPLY_MAX = 4096, SILENCE_MS = 60000 };

/* What is sent once the answer before it came. */
enum stage {
	STAGE_HELO,
	STAGE_MAIL,
	STAGE_RCPT,
	STAGE_DATA,
	STAGE_TEXT,
	STAGE_QUIT
};

struct client {
	int fd;
	enum stage stage;
	const struct pool_message *message;
	int64_t start_ns;
	char *out;
	size_t len;
	size_t sent;
	char in[REPLY_MAX];
	size_t have;
};

struct load {
	struct sockaddr_in server;
	struct pool pool;
	struct tally tally;
	int epoll;
	size_t limit;
	size_t started;
	size_t open;
};

static int dial(struct load *l, const char *from)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	int one = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	inet_pton(AF_INET, from, &in.sin_addr);
	if (fd < 0 || bind(fd, (const struct sockaddr *)&in, sizeof(in)) != 0 ||
		(connect(fd, (const struct sockaddr *)&l->server,
			 sizeof(l->server)) != 0 &&
			errno != EINPROGRESS)) {
		perror(from);
		exit(1);
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return fd;
}

static void begin(struct load *l, struct client *c)
{
	struct epoll_event e = {
		.events = EPOLLIN | EPOLLOUT | EPOLLET,
		.data.ptr = c,
	};

	c->message = &l->pool.messages[l->started++ % l->pool.count];
	c->start_ns = now_ns();
	c->stage = STAGE_HELO;
	c->have = c->len = c->sent = 0;
	c->fd = dial(l, c->message->ip);
	if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, c->fd, &e) != 0)
		exit(1);
	l->open++;
}

static void end(struct load *l, struct client *c, bool is_good)
{
	if (!is_good)
		l->tally.broken++;
	close(c->fd);
	free(c->out);
	c->out = NULL;
	l->open--;
	if (now_ns() < l->tally.end_ns &&
		(l->limit == 0 || l->started < l->limit))
		begin(l, c);
}

static void put(
	struct client *c, const char *verb, const char *text, const char *tail)
{
	enum { COMMAND_MAX = 512 };

	free(c->out);
	c->out = malloc(COMMAND_MAX);
	if (c->out == NULL)
		exit(1);
	c->len = (size_t)snprintf(
		c->out, COMMAND_MAX, "%s%s%s\r\n", verb, text, tail);
	c->sent = 0;
}

static void put_message(struct client *c)
{
	const struct pool_message *m = c->message;
	char *at;

	free(c->out);
	c->len = m->header_size + 2 + m->body_size + 3;
	c->sent = 0;
	c->out = malloc(c->len);
	if (c->out == NULL)
		exit(1);
	at = memcpy(c->out, m->header, m->header_size);
	at = memcpy(at + m->header_size, "\r\n", 2);
	at = memcpy(at + 2, m->body, m->body_size);
	memcpy(at + m->body_size, ".\r\n", 3);
}

static void say(struct load *l, struct client *c)
{
	switch (c->stage) {
	case STAGE_HELO:
		put(c, "EHLO ", c->message->helo, "");
		break;
	case STAGE_MAIL:
		put(c, "MAIL FROM:<", c->message->sender, ">");
		break;
	case STAGE_RCPT:
		put(c, "RCPT TO:<", c->message->rcpt, ">");
		break;
	case STAGE_DATA:
		put(c, "DATA", "", "");
		break;
	case STAGE_TEXT:
		put_message(c);
		break;
	case STAGE_QUIT:
		tally_add(&l->tally, c->message, c->start_ns);
		put(c, "QUIT", "", "");
		break;
	}
}

/* The code of a whole reply in c->in, or 0. */
static int reply_of(const struct client *c)
{
	const char *line = c->in;
	const char *end;

	while ((end = memchr(line, '\n', c->have - (size_t)(line - c->in))) !=
		NULL) {
		if (end - line >= 4 && line[3] != '-')
			return (line[0] - '0') * 100 + (line[1] - '0') * 10 +
				line[2] - '0';
		line = end + 1;
	}
	return 0;
}

static bool flush(struct client *c)
{
	while (c->sent < c->len) {
		ssize_t did = send(c->fd, c->out + c->sent, c->len - c->sent,
			MSG_NOSIGNAL);

		if (did < 0)
			return false;
		c->sent += (size_t)did;
	}
	return true;
}

static void go_on(struct load *l, struct client *c)
{
	while (flush(c)) {
		ssize_t got = recv(
			c->fd, c->in + c->have, sizeof(c->in) - c->have, 0);
		int code;

		if (got < 0 && errno == EAGAIN)
			return;
		if (got <= 0)
			break;
		c->have += (size_t)got;
		code = reply_of(c);
		if (code == 0)
			continue;
		c->have = 0;
		if (code >= 400) {
			l->tally.refused++;
			break;
		}
		say(l, c);
		if (c->stage == STAGE_QUIT) {
			flush(c);
			end(l, c, true);
			return;
		}
		c->stage++;
	}
	if (c->sent == c->len || errno != EAGAIN)
		end(l, c, false);
}

static void run(struct load *l, struct client *clients, size_t count)
{
	for (size_t i = 0; i < count; i++)
		begin(l, &clients[i]);
	while (l->open > 0) {
		struct epoll_event events[EVENTS];
		int n = epoll_wait(l->epoll, events, EVENTS, SILENCE_MS);

		if (n == 0 || (n < 0 && errno != EINTR)) {
			l->tally.broken += l->open;
			break;
		}
		for (int i = 0; i < n; i++)
			go_on(l, events[i].data.ptr);
	}
	tally_print(&l->tally, stdout);
}

static bool parse(
	struct load *l, long *at_once, double *seconds, int argc, char **argv)
{
	int letter;

	while ((letter = getopt(argc, argv, "c:s:n:")) >= 0)
		switch (letter) {
		case 'c':
			*at_once = strtol(optarg, NULL, 10);
			break;
		case 's':
			*seconds = strtod(optarg, NULL);
			break;
		case 'n':
			l->limit = strtoul(optarg, NULL, 10);
			break;
		default:
			return false;
		}
	if (argc - optind != 4 || *at_once < 1)
		return false;
	l->server.sin_family = AF_INET;
	l->server.sin_port =
		htons((uint16_t)strtoul(argv[optind + 3], NULL, 10));
	return inet_pton(AF_INET, argv[optind + 2], &l->server.sin_addr) == 1 &&
		pool_read(&l->pool, argv[optind], argv[optind + 1]);
}

int main(int argc, char **argv)
{
	struct load l = { 0 };
	struct client *clients;
	long at_once = 20;
	double seconds = 5;

	if (!parse(&l, &at_once, &seconds, argc, argv)) {
		fprintf(stderr,
			"usage: auth_smtp [-c AT_ONCE] [-s SECONDS] "
			"[-n MESSAGES] FOLDER NAME IP PORT\n");
		return 2;
	}
	l.epoll = epoll_create1(EPOLL_CLOEXEC);
	clients = calloc((size_t)at_once, sizeof(*clients));
	if (clients == NULL || l.epoll < 0)
		return 1;
	tally_begin(&l.tally, seconds);
	run(&l, clients, (size_t)at_once);
	free(clients);
	pool_clear(&l.pool);
	tally_clear(&l.tally);
	close(l.epoll);
	return l.tally.broken == 0 ? 0 : 1;
}
