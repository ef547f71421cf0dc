/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * auth_wire - the packets of one session, in the order of Postfix.
 *
 * Threads: one. Without memory the program ends.
 */
#pragma once

#include "bench/auth_pool.h"

#include <sys/un.h>

enum {
	LEGS_MAX = 2,
	ADDED_MAX = 32,
	FIELDS_MAX = 96,
	LISTS = 7,
	PACKET_MAX = 65536
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
	char *added[ADDED_MAX]; /* to be freed */
	size_t added_count;
};

/* A message from the first negotiation on; the descriptors are the caller's. */
void wire_begin(struct client *c, const struct pool_message *m, unsigned id);
/* Puts the event at hand into c->out[c->leg]. True: an answer comes. */
bool wire_emit(const struct leg *leg, struct client *c);
/* To the event behind this one; false after the last. */
bool wire_step(const struct leg *legs, unsigned count, struct client *c);
/* What the milter wants, out of its answer (it ends in NUL). */
void wire_learn(struct leg *leg, const char *packet, size_t len);
/* Does it want, and give, the blank behind the colon? */
bool wire_keeps_blank(const struct leg *leg);
/* Room for that much more at the end. */
unsigned char *wire_room(struct octets *o, size_t more);
void wire_clear(struct client *c);
