/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctl/dmarcletter - an aggregate report as a letter (RFC 9990 s3.5.2), and the
 * names that its parts have.
 *
 * The Report-ID is made of who reports, whom about, the day and the part, so
 * that a report that is sent again is the same. Threads: plain data.
 */
#pragma once

#include "base/buf.h"

struct conf;

enum {
	DMARCLETTER_ID_MAX = 64,
	DMARCLETTER_NAME_MAX = 600,
	DMARCLETTER_HEAD_MAX = 4096 /* what a letter has besides its report */
};

struct dmarcletter {
	const struct conf *conf;
	const char *domain;
	const char *day; /* "20260131" */
	int64_t begin_s, end_s;
	unsigned part; /* 0: all of it; or 1, 2 ... */
};

/* "20260131" as seconds since 1970. RES_SYNTAX. */
enum result dmarcletter_day(const char *day, int64_t *begin_s) MUST_USE;

/* Letters and digits. RES_NOMEM. */
enum result dmarcletter_id(
	const struct dmarcletter *l, char out[DMARCLETTER_ID_MAX]) MUST_USE;

/* "mx.example.net!example.org!BEGIN!END!ID.xml.gz" */
const char *dmarcletter_name(const struct dmarcletter *l, const char *id,
	char out[DMARCLETTER_NAME_MAX]);

/* Our address in reports: dmarc.email, portal.from or postmaster@host. */
const char *dmarcletter_email(const struct conf *conf, struct buf *room);
/* dmarc.org_name, or host. Borrowed from conf. */
struct slice dmarcletter_org(const struct conf *conf);

/* Octets of a letter with so many octets of gzip. */
size_t dmarcletter_size(size_t packed);

/* Lines end in LF. to: an address of auth/dmarcuri. */
enum result dmarcletter_write(const struct dmarcletter *l, const char *to,
	struct slice packed, int64_t now_ms, struct buf *out) MUST_USE;
