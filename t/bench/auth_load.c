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
#include "bench/auth_pool.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum {
	LEGS_MAX = 2,
	ADDED_MAX = 16,
	FIELDS_MAX = 96,
	WRITE_SIZE = 4096,
	CHUNK = 65535,
	PACKET_MAX = 65536,
	EVENTS = 256,
	LISTS = 7,
	SILENCE_MS = 30000,
	OFFER_STEPS = 0x1fffff,
	OFFER_ACTIONS = 0x1ff,
	LEADSPC = 0x100000
};

enum stage {
	STAGE_NEGOTIATE,
	STAGE_CONNECT,
	STAGE_HELO,
	STAGE_MAIL,
	STAGE_RCPT,
	STAGE_DATA,
	STAGE_HEADER, /* from here on one milter after the other */
	STAGE_EOH,
	STAGE_BODY,
	STAGE_END,
	STAGE_COUNT
};

/* The letter of the event; bits that say "do not send", "no answer comes";
 * the number of the macro list; its names when the milter has none. */
static const struct step {
	char command;
	uint32_t never;
	uint32_t silent;
	int list;
	const char *usual;
} steps[STAGE_COUNT] = {
	[STAGE_NEGOTIATE] = { 'O', 0, 0, -1, "" },
	[STAGE_CONNECT] = { 'C', 0x1, 0x1000, 0,
		"j {daemon_name} {daemon_addr} v _" },
	[STAGE_HELO] = { 'H', 0x2, 0x2000, 1, "" },
	[STAGE_MAIL] = { 'M', 0x4, 0x4000, 2,
		"{mail_addr} {mail_host} {mail_mailer}" },
	[STAGE_RCPT] = { 'R', 0x8, 0x8000, 3,
		"{rcpt_addr} {rcpt_host} {rcpt_mailer}" },
	[STAGE_DATA] = { 'T', 0x200, 0x10000, 4, "i" },
	[STAGE_HEADER] = { 'L', 0x20, 0x80, 6, "i" },
	[STAGE_EOH] = { 'N', 0x40, 0x40000, 6, "i" },
	[STAGE_BODY] = { 'B', 0x10, 0x80000, 6, "i" },
	[STAGE_END] = { 'E', 0, 0, 5, "i" },
};

/* One milter, as it wants to be spoken to; the same in every session. */
struct leg {
	struct sockaddr_un where;
	bool is_agreed;
	uint32_t steps;
	char *macros[LISTS];
};

struct octets {
	unsigned char *at;
	size_t len;
	size_t sent;
	size_t room;
};

struct client {
	int fd[LEGS_MAX];
	unsigned leg;
	enum stage stage;
	size_t field; /* of STAGE_HEADER */
	size_t body; /* octets of the body that were sent */
	bool is_waiting; /* for an answer */
	bool is_held;
	bool wants_dial; /* the milter's queue was full */
	const struct pool_message *message;
	unsigned id;
	int64_t start_ns;
	struct octets out[LEGS_MAX];
	struct octets in;
	struct pool_field fields[FIELDS_MAX]; /* the header as it is now */
	size_t field_count;
	char *added[ADDED_MAX * 2]; /* to be freed */
	size_t added_count;
};

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

/* ---- octets ---- */

static unsigned char *room_for(struct octets *o, size_t more)
{
	if (o->len + more > o->room) {
		o->room = (o->len + more) * 2;
		o->at = realloc(o->at, o->room);
		if (o->at == NULL)
			exit(1);
	}
	return o->at + o->len;
}

static void put(struct octets *o, const void *data, size_t len)
{
	unsigned char *at = room_for(o, len);

	if (len > 0)
		memcpy(at, data, len);
	o->len += len;
}

static void put_text(struct octets *o, const char *text)
{
	put(o, text, strlen(text) + 1);
}

static size_t open_packet(struct octets *o, char command)
{
	size_t at = o->len;

	put(o, "\0\0\0", 4);
	put(o, &command, 1);
	return at;
}

static void close_packet(struct octets *o, size_t at)
{
	uint32_t size = htonl((uint32_t)(o->len - at - 4));

	memcpy(o->at + at, &size, 4);
}

static struct octets *out_of(struct client *c)
{
	return &c->out[c->leg];
}

/* ---- macros ---- */

static void put_address(struct octets *o, const char *address, const char *what)
{
	if (strcmp(what, "addr}") == 0)
		put_text(o, address);
	else if (strcmp(what, "host}") == 0)
		put_text(o, strchr(address, '@') + 1);
	else
		put_text(o, "smtp");
}

static bool put_constant(struct octets *o, const char *name)
{
	static const char *const values[][2] = { { "j", "mx.example.net" },
		{ "{daemon_name}", "mx.example.net" },
		{ "{daemon_addr}", "192.0.2.1" }, { "v", "Postfix 3.7.11" },
		{ "{client_resolve}", "OK" }, { "{client_port}", "25000" },
		{ "{client_connections}", "0" } };

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		if (strcmp(name, values[i][0]) == 0) {
			put_text(o, name);
			put_text(o, values[i][1]);
			return true;
		}
	return false;
}

/* Names that stand for nothing are left out, as Postfix does. */
static void put_macro(struct client *c, const char *name)
{
	struct octets *o = out_of(c);
	const struct pool_message *m = c->message;
	char text[128];

	if (put_constant(o, name))
		return;
	if (strcmp(name, "i") == 0 && c->stage >= STAGE_DATA)
		snprintf(text, sizeof(text), "%08X4D", c->id);
	else if (strcmp(name, "_") == 0)
		snprintf(text, sizeof(text), "%s [%s]", m->helo, m->ip);
	else if (strcmp(name, "{client_addr}") == 0)
		snprintf(text, sizeof(text), "%s", m->ip);
	else if (strcmp(name, "{client_name}") == 0 ||
		strcmp(name, "{client_ptr}") == 0)
		snprintf(text, sizeof(text), "%s", m->helo);
	else if (strncmp(name, "{mail_", 6) == 0 ||
		strncmp(name, "{rcpt_", 6) == 0) {
		put_text(o, name);
		put_address(o, name[1] == 'm' ? m->sender : m->rcpt, name + 6);
		return;
	} else
		return;
	put_text(o, name);
	put_text(o, text);
}

static void put_macros(struct load *l, struct client *c)
{
	const struct step *s = &steps[c->stage];
	const char *own = l->legs[c->leg].macros[s->list];
	char names[512];
	char *rest = NULL;
	size_t at;

	snprintf(names, sizeof(names), "%s",
		own != NULL && own[0] != '\0' ? own : s->usual);
	at = open_packet(out_of(c), 'D');
	put(out_of(c), &s->command, 1);
	for (char *n = strtok_r(names, " ,", &rest); n != NULL;
		n = strtok_r(NULL, " ,", &rest))
		put_macro(c, n);
	close_packet(out_of(c), at);
}

/* ---- events ---- */

static void put_offer(struct client *c)
{
	uint32_t offer[3] = { htonl(6), htonl(OFFER_ACTIONS),
		htonl(OFFER_STEPS) };

	put(out_of(c), offer, sizeof(offer));
}

static void put_connect(struct client *c)
{
	uint16_t port = htons(25000);

	put_text(out_of(c), c->message->helo);
	put(out_of(c), "4", 1);
	put(out_of(c), &port, 2);
	put_text(out_of(c), c->message->ip);
}

static void put_bracketed(struct client *c, const char *address)
{
	put(out_of(c), "<", 1);
	put(out_of(c), address, strlen(address));
	put_text(out_of(c), ">");
}

static void put_field(struct load *l, struct client *c)
{
	const struct pool_field *f = &c->fields[c->field];
	const char *value = f->value;

	if ((l->legs[c->leg].steps & LEADSPC) == 0 && value[0] == ' ')
		value++;
	put_text(out_of(c), f->name);
	put_text(out_of(c), value);
}

static void put_body(struct client *c)
{
	size_t size = c->message->body_size - c->body;

	if (size > CHUNK)
		size = CHUNK;
	put(out_of(c), c->message->body + c->body, size);
	c->body += size;
}

static void put_data(struct load *l, struct client *c)
{
	switch (c->stage) {
	case STAGE_NEGOTIATE:
		put_offer(c);
		break;
	case STAGE_CONNECT:
		put_connect(c);
		break;
	case STAGE_HELO:
		put_text(out_of(c), c->message->helo);
		break;
	case STAGE_MAIL:
		put_bracketed(c, c->message->sender);
		break;
	case STAGE_RCPT:
		put_bracketed(c, c->message->rcpt);
		break;
	case STAGE_HEADER:
		put_field(l, c);
		break;
	case STAGE_BODY:
		put_body(c);
		break;
	case STAGE_DATA:
	case STAGE_EOH:
	case STAGE_END:
	case STAGE_COUNT:
		break;
	}
}

/* Puts the event out. True: its answer has to be waited for. */
static bool emit(struct load *l, struct client *c)
{
	const struct step *s = &steps[c->stage];
	uint32_t agreed = l->legs[c->leg].steps;
	size_t at;

	if (s->list >= 0)
		put_macros(l, c);
	if (c->stage != STAGE_NEGOTIATE && (agreed & s->never) != 0)
		return false;
	at = open_packet(out_of(c), s->command);
	put_data(l, c);
	close_packet(out_of(c), at);
	return c->stage == STAGE_NEGOTIATE || (agreed & s->silent) == 0;
}

/* ---- the order of things ---- */

/* Fields and packets of body that are still to come. */
static bool has_more(const struct load *l, const struct client *c)
{
	uint32_t agreed = l->legs[c->leg].steps;

	if ((agreed & steps[c->stage].never) != 0)
		return false;
	if (c->stage == STAGE_HEADER)
		return c->field < c->field_count;
	return c->body < c->message->body_size;
}

static void next_stage(struct load *l, struct client *c)
{
	if (c->stage == STAGE_CONNECT && c->leg + 1 < l->leg_count) {
		c->leg++;
		c->stage = STAGE_NEGOTIATE;
	} else if (c->stage >= STAGE_HELO && c->stage <= STAGE_DATA &&
		c->leg + 1 < l->leg_count) {
		c->leg++;
	} else if (c->stage == STAGE_END) {
		c->leg++;
		c->stage = STAGE_HEADER;
	} else {
		if (c->stage >= STAGE_CONNECT && c->stage <= STAGE_DATA)
			c->leg = 0;
		c->stage++;
	}
	if (c->stage == STAGE_HEADER)
		c->field = c->body = 0;
}

/* To the event behind this one; false after the last. */
static bool step_on(struct load *l, struct client *c)
{
	if (c->stage == STAGE_HEADER)
		c->field++;
	else if (c->stage != STAGE_BODY)
		next_stage(l, c);
	while (c->leg < l->leg_count &&
		(c->stage == STAGE_HEADER || c->stage == STAGE_BODY) &&
		!has_more(l, c))
		next_stage(l, c);
	return c->leg < l->leg_count;
}

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
	bool is_exact = (l->legs[c->leg].steps & LEADSPC) != 0;
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

	c->message = m;
	c->id = (unsigned)l->started++;
	c->leg = 0;
	c->stage = STAGE_NEGOTIATE;
	c->is_waiting = false;
	c->in.len = 0;
	for (unsigned i = 0; i < LEGS_MAX; i++)
		c->out[i].len = c->out[i].sent = 0;
	memcpy(c->fields, m->fields, m->field_count * sizeof(m->fields[0]));
	c->field_count = m->field_count;
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

static void learn(struct leg *leg, const char *packet, size_t len)
{
	size_t at = 13;

	if (leg->is_agreed || len < 13)
		return;
	memcpy(&leg->steps, packet + 9, 4);
	leg->steps = ntohl(leg->steps);
	while (at + 5 <= len) {
		uint32_t list;

		memcpy(&list, packet + at, 4);
		list = ntohl(list);
		if (list < LISTS)
			leg->macros[list] = strdup(packet + at + 4);
		at += 4 + strlen(packet + at + 4) + 1;
	}
	leg->is_agreed = true;
}

enum outcome { OUTCOME_MORE, OUTCOME_ANSWERED, OUTCOME_OVER };

/* One packet of the milter; it is followed by a NUL. */
static enum outcome take(
	struct load *l, struct client *c, const char *packet, size_t len)
{
	switch (packet[0]) {
	case 'O':
		learn(&l->legs[c->leg], packet, len);
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
	struct octets *o = out_of(c);

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
	unsigned char *at = room_for(&c->in, 8192);
	ssize_t got = recv(c->fd[c->leg], at, 8192, 0);

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
	if (!step_on(l, c))
		return PROGRESS_DONE;
	if (l->holds && c->stage == STAGE_RCPT)
		return hold(l, c);
	if (c->stage == STAGE_NEGOTIATE) {
		c->wants_dial = true;
		l->undialled++;
		return PROGRESS_WAIT;
	}
	c->is_waiting = emit(l, c);
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
		c->is_waiting = emit(l, c);
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

static void run(struct load *l, struct client *clients, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		for (unsigned k = 0; k < LEGS_MAX; k++)
			clients[i].fd[k] = -1;
		if (!is_over(l))
			begin(l, &clients[i]);
	}
	while (l->open > 0 && (!l->holds || l->held < count)) {
		dial_all(l, clients, count);
		if (l->open > 0 && !turn(l)) {
			fprintf(stderr, "%zu sessions: no answer\n", l->open);
			l->tally.broken += l->open;
			break;
		}
	}
	if (l->holds) {
		printf("held %zu\n", l->held);
		fflush(stdout);
		while (getchar() != EOF)
			;
	} else {
		tally_print(&l->tally, stdout);
	}
	for (i = 0; i < count; i++) {
		hang_up(l, &clients[i]);
		free(clients[i].in.at);
		for (unsigned k = 0; k < LEGS_MAX; k++)
			free(clients[i].out[k].at);
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
	code = l.tally.broken == 0 ? 0 : 1;
	free(clients);
	clear(&l);
	return code;
}
