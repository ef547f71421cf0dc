/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/node - tells in Redis that this milter lives, and how far it is.
 *
 * rp:node:<id>, a HASH that lives 60 s and is written every 2 s, and at once
 * when the mirror changed or was proved to be in step after that (at most every
 * 100 ms): version entries state lag_ms pending build host pid started synced
 * synced_ms clock_ms generation error. clock_ms is this machine's wall clock
 * when it was written, synced_ms and synced are by the same clock; store/nodes
 * tells from them whether an edit has reached all milters.
 *
 * rp:node:ids, a HASH of each <id> that wrote one, with its time; lives 60 s
 * after the last beat of any.
 *
 * <id> is milter.id or the host name, then "." and 8 random hex digits of
 * this process, so that two on one host, or two hosts of one name, never
 * write the same key. Threads: one of its own; the doors from main only.
 */
#pragma once

#include "base/slice.h"

struct clock;
struct conf;
struct mirror;
struct node;
struct writer;

enum { NODE_ID_MAX = 96, NODE_LIFE_S = 60 };

/* In the place of an <id>, which always has a "." in it. */
#define NODE_IDS "ids"

/* conf is held; mirror, writer and clock are borrowed until node_close.
 * RES_NOMEM. */
enum result node_open(struct node **out, struct conf *conf,
	struct mirror *mirror, struct writer *writer,
	const struct clock *clock) MUST_USE;
/* Starts the thread (after any fork or change of user). RES_NOMEM. */
enum result node_start(struct node *n) MUST_USE;
/* Ends it; the key goes by itself within NODE_LIFE_S, or with the DEL queued
 * here. Close it before the writer and the mirror. NULL is fine. */
void node_close(struct node *n);

/* The <id>, with a NUL; lives as long as n. */
const char *node_id(const struct node *n);
