/* SPDX-License-Identifier: BSD-2-Clause */
#include "judge/tracing.h"

#include "auth/aligned.h"
#include "base/clock.h"
#include "base/log.h"
#include "conf/conf.h"
#include "judge/sessioncore.h"
#include "judge/telemetry.h"
#include "judge/transaction.h"
#include "store/account.h"

#include <stdio.h>
#include <string.h>

enum { MS_PER_S = 1000 };

/* ---- the store, as functions ---- */

static enum result keys(void *at, struct tracekeys_ring *out)
{
	return tracekeys_copy(at, out);
}

static void seen(
	void *at, const struct conf *conf, const char *hash, struct slice name)
{
	accounts_seen(at, conf, hash, name);
}

struct tracing tracing_of(struct tracekeys *k, struct accounts *accounts,
	const struct secret *secret, const struct psl *psl)
{
	return (struct tracing){ keys, seen, secret, psl, k, accounts };
}

/* ---- which messages ---- */

static bool is_wanted(const struct session *s)
{
	return s->env->tracing != NULL && s->conf->trace.enabled &&
		(s->may & SESSION_MAY_INSERT) != 0;
}

void tracing_header(struct session *s, struct slice name, struct slice value)
{
	if (is_wanted(s))
		tracingnote_add(&s->at->trace, s->at->arena, name, value);
}

static void skip_signed(const struct session *s)
{
	struct logline l;

	log_start(&l, LOG_LEVEL_INFO, "trace");
	log_text(&l, "session", s->conn.id);
	log_slice(&l, "queue_id", s->at->envelope.queue_id);
	log_text(&l, "why", "signed");
	log_send(&l);
	telemetry_trace(s->env->telemetry, TELEMETRY_TRACE_SIGNED);
}

/* What signs it. False: there is to be none. */
static bool start(const struct session *s, struct tracekeys_ring *ring)
{
	const struct tracing *t = s->env->tracing;

	if (s->at->trace.is_signed) {
		skip_signed(s);
		return false;
	}
	if (t->keys(t->keys_at, ring) == RES_OK)
		return true;
	telemetry_trace(s->env->telemetry, TELEMETRY_TRACE_NO_KEY);
	return false;
}

/* ---- what it says ---- */

static struct trace common(
	const struct session *s, enum trace_direction direction)
{
	unsigned taken = s->at->envelope.rcpt_accepted;
	struct trace t = {
		.direction = direction,
		.at_s = clock_wall_ms(s->env->clock) / MS_PER_S,
		.recipients = taken == 0 ? 1
			: taken > TRACE_RECIPIENTS_MAX
			? (unsigned)TRACE_RECIPIENTS_MAX
			: taken,
	};

	snprintf(t.by, sizeof(t.by), "%s", s->conf->host);
	return t;
}

static bool sign(struct session *s, const struct tracekeys_ring *ring,
	struct trace *t, struct buf *out)
{
	enum result res = tracekeys_sign(ring, t, &s->at->trace.bind, out);

	if (res == RES_OK) {
		telemetry_trace(s->env->telemetry,
			t->direction == TRACE_IN ? TELEMETRY_TRACE_IN
						 : TELEMETRY_TRACE_OUT);
		return true;
	}
	log_message(LOG_LEVEL_ERROR, "trace", "session %s: %s", s->conn.id,
		result_name(res));
	return false;
}

bool tracing_inbound(struct session *s, struct buf *out)
{
	const struct auth_facts *auth = &s->at->auth;
	struct tracekeys_ring ring;
	const struct psl *psl;
	struct slice domain;
	struct trace t;

	if (!is_wanted(s) || !start(s, &ring))
		return false;
	psl = s->env->tracing->psl;
	t = common(s, TRACE_IN);
	t.has_ip = s->conn.kind == CONN_REMOTE;
	t.ip = s->conn.ip;
	domain = aligned_signer(auth, psl);
	if (domain.len < sizeof(t.domain))
		memcpy(t.domain, domain.at, domain.len);
	t.has_cfbl = aligned_cfbl(&s->at->fields.message, auth, psl);
	return sign(s, &ring, &t, out);
}

static struct slice account_of(const struct envelope *e)
{
	if (!slice_is_empty(e->auth_type) && !slice_is_empty(e->auth_name))
		return e->auth_name;
	return e->sender.whole;
}

/* A filter behind the MTA has sent it back through it. */
static bool is_traced(
	const struct session *s, const struct tracekeys_ring *ring)
{
	enum tracekeys_word word = TRACEKEYS_NONE;
	struct trace known;

	return !slice_is_empty(s->at->trace.own) &&
		tracekeys_verify(ring, slice_of(s->conf->host),
			s->at->trace.own, &s->at->trace.bind, &word,
			&known) == RES_OK &&
		word == TRACEKEYS_VALID;
}

bool tracing_outbound(struct session *s, struct buf *out)
{
	const struct envelope *e = &s->at->envelope;
	struct slice name = account_of(e);
	struct tracekeys_ring ring;
	struct trace t;

	if (!is_wanted(s) || !s->conf->trace.outbound || e->sender.is_null ||
		slice_is_empty(name) || !start(s, &ring) || is_traced(s, &ring))
		return false;
	t = common(s, TRACE_OUT);
	if (account_hash(s->env->tracing->secret, name, t.account) != RES_OK ||
		!sign(s, &ring, &t, out))
		return false;
	s->env->tracing->seen(
		s->env->tracing->seen_at, s->conf, t.account, name);
	return true;
}
