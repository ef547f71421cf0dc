/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * support/cutter - a way to a Redis that breaks when a test says so.
 *
 * Hands on what two sides of a unix socket say, one connection at a time, and
 * counts questions: of one that is one too many either the question or its
 * answer is lost, and the connection with it. Threads: one of its own.
 */
#pragma once

#include <stdbool.h>

struct cutter;

/* server and path: sockets, there and to be made. NULL: it cannot. */
struct cutter *cutter_start(const char *server, const char *path);
void cutter_stop(struct cutter *c); /* NULL is fine */

/* From now on so many questions more; -1: any number. is_answer: the question
 * after them is carried out, and its answer lost. */
void cutter_allow(struct cutter *c, int questions, bool is_answer);

/* After so many questions at() is called, once, by the thread of c, before the
 * next one is handed on; nothing is lost. */
void cutter_call(
	struct cutter *c, int questions, void (*at)(void *ctx), void *ctx);
