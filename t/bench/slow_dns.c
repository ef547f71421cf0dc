/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * slow_dns - hands DNS questions on and each answer back later.
 *
 *     slow_dns LISTEN SERVER DELAY_MS
 *
 * Two IPv4 addresses, port 53, UDP only. An answer leaves DELAY_MS after its
 * question came, in the order of the questions' answers. One thread; good for
 * some 50,000 answers a second. Runs until it is killed.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	PORT = 53,
	PACKET_MAX = 1500,
	IDS = 65536,
	RING = 8192,
	BUFFER = 1 << 22
};

struct question {
	struct sockaddr_in from;
	int64_t due_ns;
	uint16_t id; /* the asker's */
};

struct answer {
	struct question to;
	size_t len;
	unsigned char data[PACKET_MAX];
};

/* Answers wait in a ring: the delay is the same for all. */
struct relay {
	int asked;
	int server;
	int64_t delay_ns;
	struct question *questions; /* by the id that the server sees */
	uint16_t next;
	struct answer *ring;
	size_t head;
	size_t count;
};

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int udp(const char *where, bool is_server)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_port = htons(PORT) };
	const struct sockaddr *sa = (const struct sockaddr *)&in;
	int size = BUFFER;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0 || inet_pton(AF_INET, where, &in.sin_addr) != 1)
		return -1;
	/* As root past the system's limit: a burst must not be lost. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (is_server ? connect(fd, sa, sizeof(in)) != 0
		      : bind(fd, sa, sizeof(in)) != 0)
		return -1;
	return fd;
}

static void take_questions(struct relay *r)
{
	unsigned char data[PACKET_MAX];

	for (;;) {
		struct question q;
		socklen_t size = sizeof(q.from);
		ssize_t len = recvfrom(r->asked, data, sizeof(data), 0,
			(struct sockaddr *)&q.from, &size);

		if (len < 0)
			return;
		if (len < 12)
			continue;
		q.due_ns = now_ns() + r->delay_ns;
		memcpy(&q.id, data, 2);
		memcpy(data, &r->next, 2);
		r->questions[r->next++] = q;
		if (send(r->server, data, (size_t)len, 0) < 0)
			return;
	}
}

static void take_answers(struct relay *r)
{
	while (r->count < RING) {
		struct answer *a = &r->ring[(r->head + r->count) % RING];
		ssize_t len = recv(r->server, a->data, sizeof(a->data), 0);
		uint16_t id;

		if (len < 0)
			return;
		if (len < 12)
			continue;
		a->len = (size_t)len;
		memcpy(&id, a->data, 2);
		a->to = r->questions[id];
		memcpy(a->data, &a->to.id, 2);
		r->count++;
	}
}

/* Sends what is due; the time until the next is, in nanoseconds, or -1. */
static int64_t give_answers(struct relay *r)
{
	int64_t now = now_ns();

	while (r->count > 0) {
		const struct answer *a = &r->ring[r->head];

		if (a->to.due_ns > now)
			return a->to.due_ns - now;
		sendto(r->asked, a->data, a->len, 0,
			(const struct sockaddr *)&a->to.from,
			sizeof(a->to.from));
		r->head = (r->head + 1) % RING;
		r->count--;
	}
	return -1;
}

static void serve(struct relay *r)
{
	struct pollfd fds[2] = { { .fd = r->asked, .events = POLLIN },
		{ .fd = r->server, .events = POLLIN } };

	for (;;) {
		int64_t wait = give_answers(r);
		struct timespec t = { .tv_nsec = wait };

		if (ppoll(fds, 2, wait < 0 ? NULL : &t, NULL) < 0 &&
			errno != EINTR)
			return;
		take_questions(r);
		take_answers(r);
	}
}

int main(int argc, char **argv)
{
	struct relay r = { .next = 1 };

	if (argc != 4) {
		fprintf(stderr, "usage: slow_dns LISTEN SERVER DELAY_MS\n");
		return 2;
	}
	r.delay_ns = strtol(argv[3], NULL, 10) * 1000000;
	if (r.delay_ns < 0 || r.delay_ns >= 1000000000)
		return 2;
	r.asked = udp(argv[1], false);
	r.server = udp(argv[2], true);
	r.questions = calloc(IDS, sizeof(*r.questions));
	r.ring = calloc(RING, sizeof(*r.ring));
	if (r.asked < 0 || r.server < 0 || r.questions == NULL ||
		r.ring == NULL) {
		perror("slow_dns");
		return 1;
	}
	serve(&r);
	return 1;
}
