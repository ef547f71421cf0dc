/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dns/zonewatch - do the DNS lists of the configuration work (RFC 5782 s5)?
 *
 * Each zone is tested at start, when a reload brings it in, and every hour:
 * 127.0.0.2 (::ffff:7f00:2, TEST) must be listed, 127.0.0.1 (::ffff:7f00:1,
 * INVALID) must not, and no answer may be an error of the list. A zone that
 * fails is not asked until a later test passes; one that answers errors to
 * ZONEWATCH_ERRORS questions in a row is not asked for a while. Both are
 * errors in the log. That DNS could not tell is no failure of a zone: one that
 * was never tested is asked. Of a zone of both families, IPv6 can fail alone.
 * A zone that leaves ZONEWATCH_MISSES questions in a row without an answer is
 * silent for ZONEWATCH_RETRY_MS: nobody asks it or waits for it, so that a dead
 * one holds up few messages and fills no queue.
 * Threads: one of its own; open, start and close from main; the rest from any.
 */
#pragma once

#include "dns/asker.h"
#include "dns/dnsbl.h"

struct clock;
struct conf;
struct conf_zone;
struct zonewatch;

enum {
	ZONEWATCH_WHY_MAX = 128,
	ZONEWATCH_ERRORS = 3,
	ZONEWATCH_MISSES = 5,
	ZONEWATCH_TEST_MS = 3600 * 1000,
	ZONEWATCH_AGAIN_MS = 600 * 1000, /* after a failure */
	ZONEWATCH_RETRY_MS = 60 * 1000 /* when it could not be told; silence */
};

/* RES_NOMEM. */
enum result zonewatch_open(
	struct zonewatch **out, const struct clock *clock) MUST_USE;
/* Ends the thread. NULL is fine. */
void zonewatch_close(struct zonewatch *w);

/* The zones of that snapshot from now on; it is held. What is known of those
 * that stay is kept. RES_NOMEM: all is as it was. */
enum result zonewatch_follow(struct zonewatch *w, struct conf *conf) MUST_USE;

/* Starts the tests. source is borrowed until close. RES_DOWN: no thread. */
enum result zonewatch_start(
	struct zonewatch *w, const struct dns_source *source) MUST_USE;

/* Tests what is due now, in the thread that calls; for the thread above, and
 * for who has none. RES_NOMEM. */
enum result zonewatch_test(
	struct zonewatch *w, const struct dns_source *source) MUST_USE;

/* May it be asked about an IPv6 address, or anything else? A zone that is not
 * followed may. w NULL: every zone may. */
bool zonewatch_may_ask(
	struct zonewatch *w, const struct conf_zone *zone, bool is_v6);
bool zonewatch_is_silent(struct zonewatch *w, const struct conf_zone *zone);

/* What a question of a message came to. */
void zonewatch_note(struct zonewatch *w, const struct conf_zone *zone,
	const struct dnsbl_reading *r);

struct zonewatch_status {
	char name[DNSBL_NAME_MAX];
	bool is_up; /* is asked; of both families: about IPv4 */
	bool is_up_v6; /* is asked about IPv6 */
	bool is_tested; /* the last test could tell */
	char why[ZONEWATCH_WHY_MAX]; /* it is not up, or IPv6 is not; "" */
	uint64_t asked;
	uint64_t listed;
	uint64_t unknown;
};

/* The i-th zone. False: there are no more. */
bool zonewatch_read(
	struct zonewatch *w, size_t i, struct zonewatch_status *out);
