/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * judge/services - what checks need beyond facts, made once for a process.
 *
 * The pipeline with the services that its rows name, whom the operator
 * trusts, where addresses are, and DNS. The milter and "reprievectl
 * test-message" make the same, so that both judge alike. Threads: open, start
 * and close from main; what is inside as its own header says.
 */
#pragma once

#include "auth/dmarc.h"
#include "base/buf.h"
#include "fact/trust.h"
#include "heur/history.h"
#include "heur/zones.h"
#include "judge/pipeline.h"
#include "list/blocked.h"
#include "list/paused.h"

struct arc;
struct blocklist;
struct clock;
struct conf;
struct dkim_service;
struct geoip;
struct imitation;
struct mirror;
struct modelcopy;
struct resolver;
struct trust;
struct zonewatch;

struct services {
	struct pipeline pipeline;
	struct blocked_service blocked;
	struct paused_service paused;
	struct trust *trust;
	struct trust_source trusted; /* of trust, for checks */
	struct dkim_service *dkim;
	struct arc *arc;
	struct psl *psl; /* NULL: the library has no list */
	struct dmarc_service dmarc;
	struct imitation *imitation;
	struct modelcopy *model; /* of the content classifier, or NULL */
	struct geoip *geo;
	struct history_service history; /* zero: nothing is remembered */
	struct zonewatch *watch; /* of the DNS lists */
	struct zones_service zones;
	struct resolver *resolver; /* NULL: no name can be asked for */
};

/* conf, mirror and list are borrowed until services_close. s->blocked.secret
 * and s->paused.secret may be set then, for those who vouch and
 * for accounts, and s->history. Without a Public
 * Suffix List the rest works, the log says so. RES_NOMEM; to be closed then,
 * too. */
enum result services_open(struct services *s, const struct conf *conf,
	struct mirror *mirror, struct blocklist *list) MUST_USE;
/* The DNS lists of that snapshot are watched from now on; without it all are
 * asked, whether they work or not. RES_NOMEM: as before. */
enum result services_follow(struct services *s, struct conf *conf) MUST_USE;
/* Before the start: does without the classifier, which then finds nothing. For
 * who judges letters that nobody wrote. */
void services_forgo_content(struct services *s);
/*
 * Starts DNS, after any change of user. On an error there is none, *why says
 * what is wrong, and mail can go on: what hangs on DNS cannot be told.
 */
enum result services_start(struct services *s, const struct conf *conf,
	const struct clock *clock, struct buf *why) MUST_USE;
/* No session is left. Zeroed or half open is fine. */
void services_close(struct services *s);
