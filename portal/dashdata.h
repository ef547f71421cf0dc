/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * portal/dashdata - all that a sender's own page shows: the numbers of each
 * day, those of the addresses of a network, and what the block list says and
 * said of them. Nothing of anybody else is in it.
 *
 * Of a domain there are days only: who else sends from an address is not its
 * business. Threads: the visit's own.
 */
#pragma once

#include "store/fbl.h"
#include "store/standing.h"
#include "store/traffic.h"

struct visit;

enum {
	DASHDATA_ROWS_MAX = 4096, /* an address and day each */
	DASHDATA_ADDRESSES_MAX = 64, /* with something on the list to tell */
	DASHDATA_DAY_MS = 86400000
};

enum dashdata_list {
	DASHDATA_UNKNOWN = 0, /* the list could not be asked */
	DASHDATA_CLEAR,
	DASHDATA_LISTED
};

/* An address (IPv4 /32, IPv6 /64) that is listed now, or was in these days. */
struct dashdata_address {
	struct cidr net;
	enum dashdata_list list; /* now */
	struct standing standing;
};

struct dashdata {
	const struct fbl_subject *subject; /* borrowed */
	int64_t now_ms;
	size_t days; /* traffic.keep_days */
	struct traffic_day *day; /* 0: today */
	struct traffic_row *row; /* of a network */
	size_t row_count;
	size_t row_days; /* of so many days the rows are all there */
	bool is_list_known; /* the list could be asked */
	struct dashdata_address *address;
	size_t address_count;
	bool has_more; /* addresses than can be shown */
};

/* RES_NOMEM, RES_RANGE (a subject without numbers), and those of Redis; there
 * is nothing to clear then. */
enum result dashdata_read(struct redis *r, struct visit *v,
	const struct fbl_subject *subject, struct dashdata *out) MUST_USE;
void dashdata_clear(struct dashdata *d);

/* Days from 0 (today) on; more than d->days: before all that is shown. */
size_t dashdata_day_of(const struct dashdata *d, int64_t wall_ms);
/* "2026-01-31" */
enum { DASHDATA_DATE_MAX = 11 };
const char *dashdata_date(
	const struct dashdata *d, size_t day, char out[DASHDATA_DATE_MAX]);

/* Messages that reached a mailbox: what a rate of complaints refers to. */
uint64_t dashdata_delivered(const struct traffic_day *t);
bool dashdata_is_empty(const struct traffic_day *t);
void dashdata_sum(struct traffic_day *to, const struct traffic_day *more);
