/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/redis - the only file that knows hiredis.
 *
 * A struct redis is one connection to one server, with a deadline a command.
 * After any error but one the server answered with ("-ERR ..."), it is broken
 * and every call says RES_DOWN until redis_close and a new redis_open: a late
 * answer must never be taken for that of the next question.
 * Commands are arguments with lengths, never pasted text.
 * Threads: one at a time a connection.
 */
#pragma once

#include "base/slice.h"
#include "net/endpoint.h"

#include <stdbool.h>
#include <stdint.h>

struct buf;
struct redis;

/* All borrowed while open runs. user/password "": not sent. */
struct redis_login {
	const char *user;
	const char *password;
	unsigned database;
	unsigned timeout_ms; /* connect, and each command */
	/* A descriptor (above 0) that ends every wait with RES_DOWN when it
	 * becomes readable, e.g. an eventfd; 0: none. */
	int cancel;
};

enum redis_type {
	REDIS_NIL = 0,
	REDIS_STRING, /* bulk and status */
	REDIS_NUMBER,
	REDIS_ARRAY,
	REDIS_ERROR /* text is the server's, e.g. "WRONGTYPE ..." */
};

/* A view of an answer; lives until the next command, read or poll on its
 * connection (append and flush leave it alone). */
struct redis_reply {
	enum redis_type type;
	struct slice text;
	int64_t number;
	size_t count;
	void *opaque;
};

/* Connects, AUTH, SELECT, CLIENT SETNAME. RES_TIMEOUT, RES_DOWN, RES_DENIED
 * (the server's words go to *why, may be NULL). */
enum result redis_open(struct redis **out, const struct endpoint *server,
	const struct redis_login *login, struct buf *why) MUST_USE;
void redis_close(struct redis *r); /* NULL is fine */
bool redis_is_broken(const struct redis *r);
/* For poll(2). */
int redis_descriptor(const struct redis *r);

/* One command and its answer. RES_OK also for REDIS_ERROR replies. */
enum result redis_command(struct redis *r, const struct slice *argv,
	size_t argc, struct redis_reply *out) MUST_USE;

/* Pipelining: append any number, then read as many answers in order. */
enum result redis_append(
	struct redis *r, const struct slice *argv, size_t argc) MUST_USE;
/* Sends what was appended, as far as the socket takes it now. */
void redis_flush(struct redis *r);
enum result redis_read(struct redis *r, struct redis_reply *out) MUST_USE;

/*
 * What has come in without being asked (pushed messages): reads the socket
 * once if "fill", then gives the next whole message. *found false: none yet.
 */
enum result redis_poll(struct redis *r, bool fill, bool *found,
	struct redis_reply *out) MUST_USE;

/* The last fill got something: the socket may hold more. */
bool redis_has_more(const struct redis *r);

/* Element i of an array reply; REDIS_NIL when there is none. */
struct redis_reply redis_element(const struct redis_reply *array, size_t i);

/* What a server's error text means: RES_READONLY (READONLY, MASTERDOWN),
 * RES_DENIED (NOAUTH, NOPERM, WRONGPASS), RES_TYPE (WRONGTYPE), RES_FULL
 * (OOM, max clients), RES_DOWN (LOADING, BUSY, CLUSTERDOWN, MISCONF),
 * RES_INTERNAL else. */
enum result redis_error_kind(struct slice text);
