/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * support/redis_server - a real redis-server of a test's own.
 *
 * In a mkdtemp folder, on a unix socket only (no TCP port), nothing saved to
 * disk, DEBUG allowed. It ends when it is stopped, and also when the test
 * program dies. Threads: one.
 */
#pragma once

#include <stdbool.h>

struct redis_server;

/* Starts one and waits until it answers PING. NULL: it did not within 10 s
 * (why is on standard error). */
struct redis_server *redis_server_start(void);
/* Kills it and deletes its folder. NULL is fine. */
void redis_server_stop(struct redis_server *s);

/* Its socket, e.g. "/tmp/reprieve.XXXXXX/s". */
const char *redis_server_socket(const struct redis_server *s);
/* Its folder, for more files of the test; deleted by stop. */
const char *redis_server_folder(const struct redis_server *s);

/* Kills it (SIGKILL) and starts it again, empty, on the same socket. */
bool redis_server_restart(struct redis_server *s);
/* Kills it; redis_server_restart brings it back. */
void redis_server_kill(struct redis_server *s);
/* SIGSTOP and SIGCONT: it accepts connections and says nothing. */
void redis_server_freeze(struct redis_server *s);
void redis_server_thaw(struct redis_server *s);

/*
 * One command as redis-cli has it: words, no quoting; prints nothing. The
 * answer's first line without its mark is put into answer (may be NULL),
 * a bulk string's text instead of its length. False: an error reply or none.
 */
bool redis_server_do(struct redis_server *s, const char *const *argv,
	char *answer, unsigned long size);
/* The same for literal words: REDIS_DO(s, "SET", "a", "b"). */
#define REDIS_DO(s, ...) \
	redis_server_do( \
		(s), (const char *const[]){ __VA_ARGS__, NULL }, NULL, 0)
