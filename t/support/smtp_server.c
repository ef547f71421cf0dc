/* SPDX-License-Identifier: BSD-2-Clause */
#include "support/smtp_server.h"

#include "support/case.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LINE_MAX_OCTETS = 4096, PATIENCE_MS = 20000 };

struct smtp_server {
	int listener;
	int stop[2];
	uint16_t port;
	pthread_t thread;
	pthread_mutex_t lock; /* of what follows */
	enum smtp_mood mood;
	size_t count;
	size_t tries;
	struct smtp_letter last;
};

/* One conversation. */
struct talk {
	struct smtp_server *server;
	int fd;
	char line[LINE_MAX_OCTETS];
	struct smtp_letter *letter;
};

static enum smtp_mood mood_of(struct smtp_server *s)
{
	enum smtp_mood mood;

	pthread_mutex_lock(&s->lock);
	mood = s->mood;
	pthread_mutex_unlock(&s->lock);
	return mood;
}

/* False: told to stop, or nothing came. */
static bool wait_readable(struct smtp_server *s, int fd)
{
	struct pollfd polled[] = {
		{ .fd = fd, .events = POLLIN },
		{ .fd = s->stop[0], .events = POLLIN },
	};

	return poll(polled, 2, PATIENCE_MS) > 0 && polled[1].revents == 0;
}

static bool say(const struct talk *t, const char *text)
{
	return send(t->fd, text, strlen(text), MSG_NOSIGNAL) > 0;
}

static bool read_line(struct talk *t)
{
	size_t len = 0;

	while (len + 1 < sizeof(t->line)) {
		if (!wait_readable(t->server, t->fd) ||
			recv(t->fd, t->line + len, 1, 0) != 1)
			return false;
		if (t->line[len++] == '\n')
			break;
	}
	t->line[len] = '\0';
	return true;
}

static bool begins(const char *line, const char *word)
{
	return strncasecmp(line, word, strlen(word)) == 0;
}

static void keep(char out[SMTP_ADDRESS_MAX], const char *text)
{
	snprintf(out, SMTP_ADDRESS_MAX, "%.*s", (int)strcspn(text, "\r\n"),
		text);
}

static bool read_text(struct talk *t)
{
	size_t len = 0;

	while (read_line(t)) {
		const char *line = t->line;

		if (strcmp(line, ".\r\n") == 0)
			return true;
		if (line[0] == '.')
			line++;
		if (len + strlen(line) < sizeof(t->letter->text)) {
			memcpy(t->letter->text + len, line, strlen(line) + 1);
			len += strlen(line);
		}
	}
	return false;
}

static bool take_text(struct talk *t, enum smtp_mood mood)
{
	struct smtp_server *s = t->server;

	if (!say(t, "354 go on\r\n") || !read_text(t) || mood == SMTP_CLOSES)
		return false;
	if (mood == SMTP_NO_TEXT)
		return say(t, "554 5.7.1 not this text\r\n");
	if (mood == SMTP_LATER_TEXT)
		return say(t, "452 4.3.1 no room\r\n");
	pthread_mutex_lock(&s->lock);
	s->last = *t->letter;
	s->count++;
	pthread_mutex_unlock(&s->lock);
	return say(t, "250 2.0.0 taken\r\n");
}

static bool take_rcpt(struct talk *t, enum smtp_mood mood)
{
	struct smtp_server *s = t->server;

	pthread_mutex_lock(&s->lock);
	s->tries++;
	pthread_mutex_unlock(&s->lock);
	keep(t->letter->rcpt, t->line + strlen("RCPT TO:"));
	if (mood == SMTP_LATER)
		return say(t, "451 4.2.1 try later\r\n");
	if (mood == SMTP_NO_MAILBOX)
		return say(t, "550 5.1.1 no such mailbox\r\n");
	return say(t, "250 2.1.5 ok\r\n");
}

/* False: the conversation is over. */
static bool answer(struct talk *t, enum smtp_mood mood)
{
	if (begins(t->line, "EHLO ")) {
		keep(t->letter->hello, t->line + strlen("EHLO "));
		return say(t, "250-test\r\n250 8BITMIME\r\n");
	}
	if (begins(t->line, "MAIL FROM:")) {
		keep(t->letter->sender, t->line + strlen("MAIL FROM:"));
		return say(t,
			mood == SMTP_NO_SENDER ? "553 5.1.8 not you\r\n"
					       : "250 2.1.0 ok\r\n");
	}
	if (begins(t->line, "RCPT TO:"))
		return take_rcpt(t, mood);
	if (begins(t->line, "DATA"))
		return take_text(t, mood);
	if (begins(t->line, "QUIT")) {
		say(t, "221 2.0.0 bye\r\n");
		return false;
	}
	return say(t, "502 5.5.2 what\r\n");
}

static void converse(struct talk *t)
{
	const enum smtp_mood mood = mood_of(t->server);

	if (mood == SMTP_SILENT) {
		/* Until the client gives up, which shows as an end of file. */
		while (read_line(t))
			;
		return;
	}
	if (mood == SMTP_NO_SERVICE || mood == SMTP_BUSY_GREETING) {
		say(t,
			mood == SMTP_NO_SERVICE ? "554 no service\r\n"
						: "421 too busy\r\n");
		read_line(t);
		return;
	}
	if (!say(t, "220 test ESMTP\r\n"))
		return;
	while (read_line(t) && answer(t, mood))
		;
}

static void *serve(void *ctx)
{
	struct smtp_server *s = ctx;
	struct talk *talk = calloc(1, sizeof(*talk));
	struct smtp_letter *letter = calloc(1, sizeof(*letter));

	for (;;) {
		struct pollfd polled[] = {
			{ .fd = s->listener, .events = POLLIN },
			{ .fd = s->stop[0], .events = POLLIN },
		};

		if (poll(polled, 2, -1) < 0 || polled[1].revents != 0)
			break;
		memset(letter, 0, sizeof(*letter));
		*talk = (struct talk){
			.server = s,
			.fd = accept(s->listener, NULL, NULL),
			.letter = letter,
		};
		if (talk->fd < 0)
			continue;
		converse(talk);
		close(talk->fd);
	}
	free(talk);
	free(letter);
	return NULL;
}

struct smtp_server *smtp_server_start(void)
{
	struct smtp_server *s = calloc(1, sizeof(*s));
	struct sockaddr_in at = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t size = sizeof(at);

	assert_non_null(s);
	s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(pipe(s->stop), 0);
	assert_int_equal(
		bind(s->listener, (const struct sockaddr *)&at, size), 0);
	assert_int_equal(listen(s->listener, 16), 0);
	assert_int_equal(
		getsockname(s->listener, (struct sockaddr *)&at, &size), 0);
	s->port = ntohs(at.sin_port);
	pthread_mutex_init(&s->lock, NULL);
	assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
	return s;
}

void smtp_server_stop(struct smtp_server *s)
{
	if (s == NULL)
		return;
	assert_int_equal(write(s->stop[1], "x", 1), 1);
	pthread_join(s->thread, NULL);
	close(s->listener);
	close(s->stop[0]);
	close(s->stop[1]);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

uint16_t smtp_server_port(const struct smtp_server *s)
{
	return s->port;
}

void smtp_server_mood(struct smtp_server *s, enum smtp_mood mood)
{
	pthread_mutex_lock(&s->lock);
	s->mood = mood;
	pthread_mutex_unlock(&s->lock);
}

size_t smtp_server_count(struct smtp_server *s)
{
	size_t count;

	pthread_mutex_lock(&s->lock);
	count = s->count;
	pthread_mutex_unlock(&s->lock);
	return count;
}

size_t smtp_server_tries(struct smtp_server *s)
{
	size_t tries;

	pthread_mutex_lock(&s->lock);
	tries = s->tries;
	pthread_mutex_unlock(&s->lock);
	return tries;
}

void smtp_server_last(struct smtp_server *s, struct smtp_letter *out)
{
	pthread_mutex_lock(&s->lock);
	*out = s->last;
	pthread_mutex_unlock(&s->lock);
}
