/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * milter_load - many SMTP sessions as a milter sees them, without an MTA.
 *
 * milter_load SOCKET AT_ONCE SESSIONS LISTED_PERCENT LISTED_COUNT [whole]
 *
 * SOCKET as Postfix writes it: unix:PATH or inet:ADDRESS:PORT. Each session is
 * a connection of its own: negotiate, CONNECT, HELO, MAIL, RCPT and, with
 * "whole", one small message when RCPT was taken. LISTED_PERCENT of the
 * sessions come from one of LISTED_COUNT addresses 10.0.0.0 + n, the rest
 * from 172.16.0.0/12. Prints one line:
 *   sessions seconds rate p50_us p99_us max_us refused accepted broken
 * where the times are from CONNECT sent to the answer that decided: RCPT, or
 * with "whole" the end of the message. broken: a listed one was not refused,
 * a clean one was, or the milter closed the connection.
 */
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
	PACKET_MAX = 4096,
	EVENTS = 256,
	NR_CONN = 0x1000,
	NR_HELO = 0x2000,
	NR_MAIL = 0x4000,
	NR_RCPT = 0x8000,
	NR_HDR = 0x80,
	NR_EOH = 0x40000,
	NR_BODY = 0x80000,
	NO_HELO = 0x2,
	NO_BODY = 0x10,
	NO_EOH = 0x40,
	OFFER_STEPS = 0x1fffff
};

enum stage {
	STAGE_NEGOTIATE,
	STAGE_CONNECT,
	STAGE_HELO,
	STAGE_MAIL,
	STAGE_RCPT,
	STAGE_HEADER,
	STAGE_EOH,
	STAGE_BODY,
	STAGE_END,
	STAGE_DONE
};

struct step {
	char command;
	uint32_t never; /* bits that say: do not send */
	uint32_t silent; /* bits that say: no answer comes */
	const char *data;
	size_t len;
};

#define TEXT(s) s, sizeof(s) /* with the NUL that ends it on the wire */
static const struct step steps[] = {
	[STAGE_NEGOTIATE] = { 'O', 0, 0, NULL, 0 },
	[STAGE_CONNECT] = { 'C', 0, NR_CONN, NULL, 0 },
	[STAGE_HELO] = { 'H', NO_HELO, NR_HELO, TEXT("mail.example.org") },
	[STAGE_MAIL] = { 'M', 0, NR_MAIL, TEXT("<someone@example.org>") },
	[STAGE_RCPT] = { 'R', 0, NR_RCPT, TEXT("<somebody@box.test>") },
	[STAGE_HEADER] = { 'L', 0, NR_HDR, TEXT("Subject\0 a subject") },
	[STAGE_EOH] = { 'N', NO_EOH, NR_EOH, NULL, 0 },
	[STAGE_BODY] = { 'B', NO_BODY, NR_BODY, TEXT("A line of text.\r\n") },
	[STAGE_END] = { 'E', 0, 0, NULL, 0 },
	[STAGE_DONE] = { 'Q', 0, 0, NULL, 0 },
};

struct client {
	int fd;
	enum stage stage;
	uint32_t agreed;
	bool listed;
	int64_t start_ns;
	size_t have;
	unsigned char in[PACKET_MAX];
};

struct load {
	const char *where;
	int epoll;
	long sessions;
	long started;
	long done;
	unsigned percent;
	uint32_t listed_count;
	bool whole;
	uint64_t seed;
	uint32_t *took_us;
	long timed;
	long refused, accepted, broken;
};

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static uint32_t random_of(struct load *l, uint32_t below)
{
	l->seed = l->seed * 6364136223846793005U + 1442695040888963407U;
	return (uint32_t)((l->seed >> 33) % below);
}

static int dial(const char *where)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct sockaddr_in in = { .sin_family = AF_INET };
	const char *colon = strrchr(where, ':');
	char host[INET_ADDRSTRLEN] = "";
	int one = 1;
	int fd;

	if (strncmp(where, "unix:", 5) == 0) {
		snprintf(un.sun_path, sizeof(un.sun_path), "%s", where + 5);
		fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (fd >= 0 &&
			connect(fd, (struct sockaddr *)&un, sizeof(un)) == 0)
			return fd;
	} else if (strncmp(where, "inet:", 5) == 0 && colon > where + 5 &&
		(size_t)(colon - where) < sizeof(host) + 5) {
		memcpy(host, where + 5, (size_t)(colon - where) - 5);
		in.sin_port = htons((uint16_t)strtoul(colon + 1, NULL, 10));
		inet_pton(AF_INET, host, &in.sin_addr);
		fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		if (fd >= 0 &&
			connect(fd, (struct sockaddr *)&in, sizeof(in)) == 0)
			return fd;
	} else {
		fd = -1;
	}
	if (fd >= 0)
		close(fd);
	return -1;
}

static size_t put_packet(
	unsigned char *out, char command, const void *data, size_t len)
{
	uint32_t size = htonl((uint32_t)len + 1);

	memcpy(out, &size, 4);
	out[4] = (unsigned char)command;
	if (len > 0)
		memcpy(out + 5, data, len);
	return len + 5;
}

static size_t put_connect(struct load *l, struct client *c, unsigned char *out)
{
	static const char macros[] = "C{daemon_name}\0mx.example.net\0"
				     "{client_ptr}\0unknown\0"
				     "{client_resolve}\0FAIL";
	unsigned char data[128];
	char text[INET_ADDRSTRLEN];
	size_t sent;
	struct in_addr a;
	uint16_t port = htons(25000);
	uint32_t n;
	int len;

	c->listed = random_of(l, 100) < l->percent;
	n = random_of(l, c->listed ? l->listed_count : 1U << 20);
	a.s_addr = htonl((c->listed ? 0x0a000000U : 0xac100000U) + n);
	inet_ntop(AF_INET, &a, text, sizeof(text));
	len = snprintf((char *)data, sizeof(data), "[%s]", text) + 1;
	data[len++] = '4';
	memcpy(data + len, &port, 2);
	len += 2;
	len += snprintf((char *)data + len, sizeof(data) - (size_t)len, "%s",
		       text) +
		1;
	c->start_ns = now_ns();
	/* What both MTAs send before it. */
	sent = put_packet(out, 'D', macros, sizeof(macros));
	return sent + put_packet(out + sent, 'C', data, (size_t)len);
}

/* The packets from this stage on, up to the first that must be answered. */
static bool send_on(struct load *l, struct client *c)
{
	unsigned char out[1024];
	size_t len = 0;

	while (c->stage != STAGE_DONE) {
		const struct step *s = &steps[c->stage];

		if (c->stage == STAGE_CONNECT)
			len += put_connect(l, c, out + len);
		else if ((c->agreed & s->never) == 0)
			len += put_packet(
				out + len, s->command, s->data, s->len);
		if ((c->agreed & (s->never | s->silent)) == 0)
			break;
		c->stage++;
	}
	if (c->stage == STAGE_DONE)
		len += put_packet(out + len, 'Q', NULL, 0);
	return len == 0 || write(c->fd, out, len) == (ssize_t)len;
}

static bool begin(struct load *l, struct client *c)
{
	uint32_t offer[3] = { htonl(6), htonl(0x1ff), htonl(OFFER_STEPS) };
	struct epoll_event e = { .events = EPOLLIN, .data.ptr = c };
	unsigned char out[32];
	size_t len = put_packet(out, 'O', offer, sizeof(offer));

	*c = (struct client){ .fd = dial(l->where) };
	l->started++;
	if (c->fd < 0)
		return false;
	return epoll_ctl(l->epoll, EPOLL_CTL_ADD, c->fd, &e) == 0 &&
		write(c->fd, out, len) == (ssize_t)len;
}

static void finish(struct load *l, struct client *c, bool good)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	l->done++;
	if (!good)
		l->broken++;
}

/* Ends this session; the next takes its place. */
static void next(struct load *l, struct client *c, bool good)
{
	finish(l, c, good);
	while (l->started < l->sessions && !begin(l, c))
		finish(l, c, false);
}

static void judged(struct load *l, struct client *c, bool was_refused)
{
	l->took_us[l->timed++] = (uint32_t)((now_ns() - c->start_ns) / 1000);
	if (was_refused != c->listed)
		l->broken++;
	if (was_refused)
		l->refused++;
	else
		l->accepted++;
	c->stage = STAGE_DONE;
}

/* RCPT decides, or the end of a message for a milter that waits for it. */
static void answered(struct load *l, struct client *c, unsigned char letter)
{
	bool was_refused = letter == 'y' || letter == 'r' || letter == 't';

	if (c->stage == STAGE_END ||
		(c->stage == STAGE_RCPT && (was_refused || !l->whole)))
		judged(l, c, was_refused);
	else
		c->stage++;
}

/* One packet of the milter. False: this session is over. */
static bool take(struct load *l, struct client *c, const unsigned char *packet,
	size_t len)
{
	uint32_t agreed;

	if (c->stage == STAGE_NEGOTIATE) {
		if (packet[0] != 'O' || len < 13)
			return false;
		memcpy(&agreed, packet + 9, 4);
		c->agreed = ntohl(agreed);
		c->stage = STAGE_CONNECT;
	} else if (strchr("carty", packet[0]) == NULL) {
		return true; /* a change of the message, macros ... */
	} else {
		answered(l, c, packet[0]);
	}
	return send_on(l, c);
}

static void readable(struct load *l, struct client *c)
{
	ssize_t got = read(c->fd, c->in + c->have, sizeof(c->in) - c->have);
	uint32_t size;

	if (got <= 0) {
		next(l, c, false);
		return;
	}
	c->have += (size_t)got;
	while (c->have >= 4) {
		memcpy(&size, c->in, 4);
		size = ntohl(size);
		if (size == 0 || size > PACKET_MAX - 4) {
			next(l, c, false);
			return;
		}
		if (c->have < size + 4)
			return;
		if (!take(l, c, c->in + 4, size)) {
			next(l, c, false);
			return;
		}
		if (c->stage == STAGE_DONE) {
			next(l, c, true);
			return;
		}
		c->have -= size + 4;
		memmove(c->in, c->in + size + 4, c->have);
	}
}

static int by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static void report(struct load *l, double seconds)
{
	uint32_t p50 = 0, p99 = 0, most = 0;

	qsort(l->took_us, (size_t)l->timed, sizeof(*l->took_us), by_value);
	if (l->timed > 0) {
		p50 = l->took_us[l->timed / 2];
		p99 = l->took_us[l->timed * 99 / 100];
		most = l->took_us[l->timed - 1];
	}
	printf("%ld %.3f %.1f %u %u %u %ld %ld %ld\n", l->done, seconds,
		(double)l->done / seconds, p50, p99, most, l->refused,
		l->accepted, l->broken);
}

static void run(struct load *l, struct client *clients, long at_once)
{
	struct epoll_event events[EVENTS];
	int64_t start = now_ns();

	for (long i = 0; i < at_once && l->started < l->sessions; i++)
		if (!begin(l, &clients[i]))
			next(l, &clients[i], false);
	while (l->done < l->sessions) {
		int n = epoll_wait(l->epoll, events, EVENTS, 30000);

		if (n == 0 || (n < 0 && errno != EINTR)) {
			fprintf(stderr, "no answer for 30 s\n");
			break;
		}
		for (int i = 0; i < n; i++)
			readable(l, events[i].data.ptr);
	}
	report(l, (double)(now_ns() - start) / 1e9);
}

int main(int argc, char **argv)
{
	struct load l = { .seed = 42 };
	struct client *clients;
	long at_once;

	if (argc < 6) {
		fprintf(stderr,
			"usage: milter_load SOCKET AT_ONCE SESSIONS "
			"LISTED_PERCENT LISTED_COUNT [whole]\n");
		return 2;
	}
	l.where = argv[1];
	at_once = strtol(argv[2], NULL, 10);
	l.sessions = strtol(argv[3], NULL, 10);
	l.percent = (unsigned)strtoul(argv[4], NULL, 10);
	l.listed_count = (uint32_t)strtoul(argv[5], NULL, 10);
	l.whole = argc > 6 && strcmp(argv[6], "whole") == 0;
	if (at_once < 1 || l.sessions < 1 || l.listed_count < 1)
		return 2;
	clients = calloc((size_t)at_once, sizeof(*clients));
	l.took_us = calloc((size_t)l.sessions, sizeof(*l.took_us));
	l.epoll = epoll_create1(EPOLL_CLOEXEC);
	if (clients == NULL || l.took_us == NULL || l.epoll < 0)
		return 1;
	run(&l, clients, at_once);
	free(clients);
	free(l.took_us);
	close(l.epoll);
	return l.broken == 0 && l.done == l.sessions ? 0 : 1;
}
