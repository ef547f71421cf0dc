/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * auth_load - whole messages through one milter or a chain, as Postfix would.
 *
 *     auth_load [OPTIONS] FOLDER NAME SOCKET...
 *
 * FOLDER and NAME: messages of auth_messages. SOCKET: the path of each milter,
 * in the order of smtpd_milters; the second sees the header as the first left
 * it. A session is one message and one connection to each milter.
 *
 *     -c N   sessions at once (20)
 *     -s S   seconds (5); messages that end later do not count
 *     -n N   messages at most; without it they come again and again
 *     -f N   the first of them
 *     -H     hold -c sessions open after MAIL, print "held N", end with
 *            standard input
 *     -v     show the fields that the milters write, on standard error
 *
 * As seen on the wire of Postfix 3.7: what needs no answer waits in a buffer
 * of 4,096 octets until an answer is due or it is full; a macro packet comes
 * before every event and each header field, with the names of the milter's
 * own list, or with the usual ones where that list is empty; two times ABORT,
 * then QUIT. The time of a message is from connecting to the last
 * milter's verdict, in which the generator itself never waits.
 */
#include "bench/auth_wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { WRITE_SIZE = 4096, READ_SIZE = 8192, EVENTS = 256, SILENCE_MS = 30000 };

struct load {
	struct leg legs[LEGS_MAX];
	unsigned leg_count;
	struct pool pool;
	struct tally tally;
	int epoll;
	bool holds;
	bool shows;
	size_t first;
	size_t limit; /* 0: none */
	size_t started;
	size_t open;
	size_t held;
	size_t undialled;
};

/* ---- changes that a milter makes ---- */

static char *keep(struct client *c, const char *text, bool with_blank)
{
	size_t len = strlen(text);
	char *copy = malloc(len + 2);

	if (copy == NULL ||
		c->added_count == sizeof(c->added) / sizeof(c->added[0])) {
		free(copy);
		return NULL;
	}
	copy[0] = ' ';
	memcpy(copy + with_blank, text, len + 1);
	c->added[c->added_count++] = copy;
	return copy;
}

static void insert(struct load *l, struct client *c, size_t at,
	const char *name, const char *value)
{
	bool is_exact = wire_keeps_blank(&l->legs[c->leg]);
	struct pool_field f = { keep(c, name, false),
		keep(c, value, !is_exact) };

	tally_field(&l->tally, name, value);
	if (l->shows)
		fprintf(stderr, "%s:%s\n", name, value);
	if (f.name == NULL || f.value == NULL || c->field_count == FIELDS_MAX)
		return;
	if (at > c->field_count)
		at = c->field_count;
	memmove(&c->fields[at + 1], &c->fields[at],
		(c->field_count - at) * sizeof(f));
	c->fields[at] = f;
	c->field_count++;
}

static void delete (struct client *c, uint32_t number, const char *name)
{
	for (size_t i = 0; i < c->field_count; i++)
		if (strcasecmp(c->fields[i].name, name) == 0 && number-- <= 1) {
			c->field_count--;
			memmove(&c->fields[i], &c->fields[i + 1],
				(c->field_count - i) * sizeof(c->fields[0]));
			return;
		}
}

/* The packets end in NUL: the caller looked. */
static void change(
	struct load *l, struct client *c, const char *packet, size_t len)
{
	uint32_t number = 0;
	const char *name = packet + 1;
	const char *value;

	if (packet[0] != 'h') {
		if (len < 7)
			return;
		memcpy(&number, packet + 1, 4);
		number = ntohl(number);
		name += 4;
	}
	value = name + strlen(name) + 1;
	if (value >= packet + len)
		return;
	if (packet[0] == 'h')
		insert(l, c, FIELDS_MAX, name, value);
	else if (packet[0] == 'i')
		insert(l, c, number, name, value);
	else if (value[0] == '\0')
		delete (c, number, name);
}

/* ---- a session ---- */

static void forget(struct client *c)
{
	while (c->added_count > 0)
		free(c->added[--c->added_count]);
}

static void hang_up(struct load *l, struct client *c)
{
	static const unsigned char bye[] = "\0\0\0\1A\0\0\0\1A\0\0\0\1Q";

	for (unsigned i = 0; i < l->leg_count; i++)
		if (c->fd[i] >= 0) {
			send(c->fd[i], bye, sizeof(bye) - 1, MSG_NOSIGNAL);
			close(c->fd[i]);
			c->fd[i] = -1;
		}
	forget(c);
}

/* Before each negotiation. False: try again soon. */
static bool dial(struct load *l, struct client *c)
{
	struct epoll_event e = {
		.events = EPOLLIN | EPOLLOUT | EPOLLET,
		.data.ptr = c,
	};
	const struct sockaddr_un *un = &l->legs[c->leg].where;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		exit(1);
	if (connect(fd, (const struct sockaddr *)un, sizeof(*un)) != 0) {
		close(fd);
		if (errno != EAGAIN) {
			perror(un->sun_path);
			exit(1);
		}
		return false;
	}
	if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, fd, &e) != 0)
		exit(1);
	c->fd[c->leg] = fd;
	return true;
}

static bool is_over(const struct load *l)
{
	return now_ns() >= l->tally.end_ns ||
		(l->limit > 0 && l->started >= l->limit);
}

static void begin(struct load *l, struct client *c)
{
	const struct pool_message *m =
		&l->pool.messages[(l->first + l->started) % l->pool.count];

	wire_begin(c, m, (unsigned)l->started++);
	c->start_ns = now_ns();
	c->wants_dial = true;
	l->undialled++;
	l->open++;
}

static void end(struct load *l, struct client *c, bool is_good)
{
	if (is_good)
		tally_add(&l->tally, c->message, c->start_ns);
	else
		l->tally.broken++;
	hang_up(l, c);
	l->open--;
	if (!is_over(l) && !l->holds)
		begin(l, c);
}

enum outcome { OUTCOME_MORE, OUTCOME_ANSWERED, OUTCOME_OVER };

/* One packet of the milter; it is followed by a NUL. */
static enum outcome take(
	struct load *l, struct client *c, const char *packet, size_t len)
{
	switch (packet[0]) {
	case 'O':
		wire_learn(&l->legs[c->leg], packet, len);
		return OUTCOME_ANSWERED;
	case 'c':
		return OUTCOME_ANSWERED;
	case 's':
		c->body = c->message->body_size;
		return OUTCOME_ANSWERED;
	case 'a': /* earlier: it trusts somebody, and sees no message */
		return c->stage == STAGE_END ? OUTCOME_ANSWERED : OUTCOME_OVER;
	case 'r':
	case 't':
	case 'y':
	case 'd':
		l->tally.refused++;
		return OUTCOME_OVER;
	case 'i':
	case 'h':
	case 'm':
		change(l, c, packet, len);
		return OUTCOME_MORE;
	default:
		return OUTCOME_MORE; /* progress, quarantine */
	}
}

static enum outcome read_answer(struct load *l, struct client *c)
{
	struct octets *in = &c->in;
	size_t at = 0;
	enum outcome outcome = OUTCOME_MORE;

	while (outcome == OUTCOME_MORE && in->len - at >= 5) {
		char packet[PACKET_MAX + 1];
		uint32_t size;

		memcpy(&size, in->at + at, 4);
		size = ntohl(size);
		if (size < 1 || size > PACKET_MAX)
			return OUTCOME_OVER;
		if (in->len - at < size + 4)
			break;
		memcpy(packet, in->at + at + 4, size);
		packet[size] = '\0';
		at += size + 4;
		outcome = take(l, c, packet, size);
	}
	in->len -= at;
	if (in->len > 0)
		memmove(in->at, in->at + at, in->len);
	return outcome;
}

/* All of it, in the pieces that Postfix would write. False: no room now. */
static bool flush(struct client *c, bool *is_broken)
{
	struct octets *o = &c->out[c->leg];

	while (o->sent < o->len) {
		size_t size = o->len - o->sent;
		ssize_t did = send(c->fd[c->leg], o->at + o->sent,
			size < WRITE_SIZE ? size : WRITE_SIZE, MSG_NOSIGNAL);

		if (did < 0) {
			*is_broken = errno != EAGAIN;
			return false;
		}
		o->sent += (size_t)did;
	}
	o->len = o->sent = 0;
	return true;
}

/* What there is to read. False: nothing more for now, or broken. */
static bool fill(struct client *c, bool *is_broken)
{
	unsigned char *at = wire_room(&c->in, READ_SIZE);
	ssize_t got = recv(c->fd[c->leg], at, READ_SIZE, 0);

	if (got <= 0) {
		*is_broken = got == 0 || errno != EAGAIN;
		return false;
	}
	c->in.len += (size_t)got;
	return true;
}

/* After DATA smtpd hands the milter to another process, and flushes. */
static bool is_flush_due(const struct client *c)
{
	const struct octets *o = &c->out[c->leg];

	return c->is_waiting || c->stage == STAGE_DATA ||
		o->len - o->sent > 4 * PACKET_MAX;
}

enum progress { PROGRESS_ON, PROGRESS_WAIT, PROGRESS_DONE, PROGRESS_BROKEN };

static enum progress hold(struct load *l, struct client *c)
{
	bool is_broken = false;

	for (c->leg = 0; c->leg < l->leg_count; c->leg++)
		flush(c, &is_broken);
	c->leg = 0;
	l->held++;
	c->is_held = true;
	return is_broken ? PROGRESS_BROKEN : PROGRESS_WAIT;
}

/* The next event, if it may be sent now. */
static enum progress send_next(struct load *l, struct client *c)
{
	if (!wire_step(l->legs, l->leg_count, c))
		return PROGRESS_DONE;
	if (l->holds && c->stage == STAGE_RCPT)
		return hold(l, c);
	if (c->stage == STAGE_NEGOTIATE) {
		c->wants_dial = true;
		l->undialled++;
		return PROGRESS_WAIT;
	}
	c->is_waiting = wire_emit(&l->legs[c->leg], c);
	return PROGRESS_ON;
}

static enum progress step(struct load *l, struct client *c)
{
	bool is_broken = false;

	if (is_flush_due(c) && !flush(c, &is_broken))
		return is_broken ? PROGRESS_BROKEN : PROGRESS_WAIT;
	if (!c->is_waiting)
		return send_next(l, c);
	switch (read_answer(l, c)) {
	case OUTCOME_MORE:
		if (fill(c, &is_broken))
			return PROGRESS_ON;
		return is_broken ? PROGRESS_BROKEN : PROGRESS_WAIT;
	case OUTCOME_OVER:
		return PROGRESS_BROKEN;
	case OUTCOME_ANSWERED:
		break;
	}
	c->is_waiting = false;
	return send_next(l, c);
}

/* Until the session has to wait for the milter. */
static void go_on(struct load *l, struct client *c)
{
	enum progress p = PROGRESS_ON;

	while (p == PROGRESS_ON)
		p = step(l, c);
	if (p != PROGRESS_WAIT)
		end(l, c, p == PROGRESS_DONE);
}

static void dial_all(struct load *l, struct client *clients, size_t count)
{
	for (size_t i = 0; i < count && l->undialled > 0; i++) {
		struct client *c = &clients[i];

		if (!c->wants_dial || !dial(l, c))
			continue;
		c->wants_dial = false;
		l->undialled--;
		c->is_waiting = wire_emit(&l->legs[c->leg], c);
		go_on(l, c);
	}
}

/* Waits for events. False: nothing happened for long. */
static bool turn(struct load *l)
{
	struct epoll_event events[EVENTS];
	int n = epoll_wait(
		l->epoll, events, EVENTS, l->undialled > 0 ? 1 : SILENCE_MS);

	if (n < 0)
		return errno == EINTR;
	for (int i = 0; i < n; i++) {
		struct client *c = events[i].data.ptr;

		if (!c->wants_dial && !c->is_held)
			go_on(l, c);
	}
	return n > 0 || l->undialled > 0;
}

static void start_all(struct load *l, struct client *clients, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		for (unsigned k = 0; k < LEGS_MAX; k++)
			clients[i].fd[k] = -1;
		if (!is_over(l))
			begin(l, &clients[i]);
	}
}

/* Until all messages are through, or all sessions are held. */
static void run(struct load *l, struct client *clients, size_t count)
{
	start_all(l, clients, count);
	while (l->open > 0 && (!l->holds || l->held < count)) {
		dial_all(l, clients, count);
		if (l->open > 0 && !turn(l)) {
			fprintf(stderr, "%zu sessions: no answer\n", l->open);
			l->tally.broken += l->open;
			return;
		}
	}
}

static void report(struct load *l)
{
	if (!l->holds) {
		tally_print(&l->tally, stdout);
		return;
	}
	printf("held %zu\n", l->held);
	fflush(stdout);
	while (getchar() != EOF)
		;
}

static void end_all(struct load *l, struct client *clients, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		hang_up(l, &clients[i]);
		wire_clear(&clients[i]);
	}
}

static bool add_leg(struct load *l, const char *path)
{
	struct leg *leg = &l->legs[l->leg_count];

	if (l->leg_count == LEGS_MAX ||
		strlen(path) >= sizeof(leg->where.sun_path))
		return false;
	leg->where.sun_family = AF_UNIX;
	memcpy(leg->where.sun_path, path, strlen(path) + 1);
	l->leg_count++;
	return true;
}

static void raise_limit(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) == 0) {
		r.rlim_cur = r.rlim_max;
		setrlimit(RLIMIT_NOFILE, &r);
	}
}

struct choice {
	long at_once;
	double seconds;
};

static bool parse(struct load *l, struct choice *c, int argc, char **argv)
{
	int letter;

	while ((letter = getopt(argc, argv, "c:s:n:f:Hv")) >= 0)
		switch (letter) {
		case 'c':
			c->at_once = strtol(optarg, NULL, 10);
			break;
		case 's':
			c->seconds = strtod(optarg, NULL);
			break;
		case 'n':
			l->limit = strtoul(optarg, NULL, 10);
			break;
		case 'f':
			l->first = strtoul(optarg, NULL, 10);
			break;
		case 'H':
			l->holds = true;
			break;
		case 'v':
			l->shows = true;
			break;
		default:
			return false;
		}
	for (int i = optind + 2; i < argc; i++)
		if (!add_leg(l, argv[i]))
			return false;
	return l->leg_count > 0 && c->at_once > 0 &&
		pool_read(&l->pool, argv[optind], argv[optind + 1]);
}

static void clear(struct load *l)
{
	for (unsigned i = 0; i < l->leg_count; i++)
		for (size_t k = 0; k < LISTS; k++)
			free(l->legs[i].macros[k]);
	pool_clear(&l->pool);
	tally_clear(&l->tally);
	close(l->epoll);
}

int main(int argc, char **argv)
{
	struct load l = { 0 };
	struct choice choice = { 20, 5 };
	struct client *clients;
	int code;

	if (!parse(&l, &choice, argc, argv)) {
		fprintf(stderr,
			"usage: auth_load [-c AT_ONCE] [-s SECONDS] "
			"[-n MESSAGES] [-f FIRST] [-H] [-v] FOLDER NAME "
			"SOCKET [SOCKET]\n");
		return 2;
	}
	raise_limit();
	l.epoll = epoll_create1(EPOLL_CLOEXEC);
	clients = calloc((size_t)choice.at_once, sizeof(*clients));
	if (clients == NULL || l.epoll < 0)
		return 1;
	tally_begin(&l.tally, choice.seconds);
	run(&l, clients, (size_t)choice.at_once);
	report(&l);
	end_all(&l, clients, (size_t)choice.at_once);
	code = l.tally.broken == 0 ? 0 : 1;
	free(clients);
	clear(&l);
	return code;
}
