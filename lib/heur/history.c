/* SPDX-License-Identifier: BSD-2-Clause */
#include "heur/history.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/hex.h"
#include "base/hmac.h"
#include "conf/conf.h"
#include "heur/greylist.h"
#include "heur/rate.h"
#include "heur/reputation.h"
#include "heur/sender.h"
#include "store/ledger.h"
#include "web/metrics.h"

#include <stdlib.h>
#include <string.h>

struct state {
	size_t count;
	char recipient[HISTORY_RECIPIENTS_MAX][SECRET_HASH_MAX];
	/* The one at hand, when so many had been taken: whether it was, shows
	 * at the next event. */
	bool is_pending;
	char pending[SECRET_HASH_MAX];
	unsigned taken;
};

/* The texts that a question points to. */
struct names {
	struct sender sender;
	char mail_from[HOSTNAME_MAX]; /* its domain, SPF passes; "" */
	char network[CIDR_TEXT_MAX]; /* of the greylist */
	char tuple[SECRET_HASH_MAX];
};

/* ---- metrics ---- */

static const double bounds[] = { 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1,
	0.2, 0.5, 1 };

static const char *const limits[] = { "address", "network", "domain",
	"recipient", "user", "ramp", NULL };

/* In the order of enum ledger_grey. */
static const char *const answers[] = { "none", "first", "early", "passed",
	"known", "skipped", NULL };

enum result history_meters_init(struct history_meters *out, struct metrics *m)
{
	out->metrics = m;
	out->seconds = metrics_histogram(m, "reprieve_ledger_seconds",
		"Time a question about limits, reputation and greylist took.",
		bounds, sizeof(bounds) / sizeof(bounds[0]));
	out->limited = metrics_counter(m, "reprieve_rate_limited_total",
		"Messages and recipients over a limit.", "limit", limits);
	out->greylist = metrics_counter(m, "reprieve_greylist_total",
		"Messages by what the greylist says.", "answer", answers);
	return out->seconds >= 0 && out->limited >= 0 && out->greylist >= 0
		? RES_OK
		: RES_NOMEM;
}

void history_count_limited(const struct history_service *s, const char *word)
{
	if (s->meters.metrics == NULL)
		return;
	for (size_t i = 0; limits[i] != NULL; i++)
		if (strcmp(limits[i], word) == 0)
			metrics_add(s->meters.metrics, s->meters.limited, i, 1);
}

static void count_grey(
	const struct history_service *s, const struct ledger_question *q)
{
	if (s->meters.metrics != NULL && q->grey.answer != LEDGER_GREY_NONE)
		metrics_add(s->meters.metrics, s->meters.greylist,
			(size_t)q->grey.answer, 1);
}

enum result history_ask(const struct check_input *in, struct ledger_question *q)
{
	const struct history_service *s = in->service;
	int64_t start_ms = clock_mono_ms(s->clock);
	enum result res;
	int64_t took_ms;

	if (ledger_is_nothing(q))
		return RES_OK;
	res = ledger_ask(s->ledger, in->conf, q);
	took_ms = clock_mono_ms(s->clock) - start_ms;
	/* Whoever need not wait for a Redis that is away has not asked. */
	if (s->meters.metrics != NULL && (res != RES_DOWN || took_ms > 0))
		metrics_observe(s->meters.metrics, s->meters.seconds,
			(double)took_ms / 1000.0);
	return res;
}

/* ---- recipients ---- */

/* What stands behind a "+" is a detail of the same mailbox (RFC 5233 s4). */
enum result history_recipient(const struct secret *secret,
	const struct address *rcpt, char out[SECRET_HASH_MAX])
{
	size_t plus = slice_find(rcpt->local, '+');
	struct buf text;
	enum result res;

	if (plus == 0 || plus == rcpt->local.len)
		return secret_hash(secret, rcpt->whole, out);
	buf_init(&text, rcpt->whole.len + 1);
	buf_add(&text, slice_part(rcpt->local, 0, plus));
	buf_add_char(&text, '@');
	buf_add(&text, rcpt->domain);
	res = buf_result(&text);
	if (res == RES_OK)
		res = secret_hash(secret, buf_slice(&text), out);
	buf_clear(&text);
	return res;
}

static void settle(struct state *s, const struct envelope *e)
{
	if (s->is_pending && e->rcpt_accepted > s->taken &&
		s->count < HISTORY_RECIPIENTS_MAX)
		memcpy(s->recipient[s->count++], s->pending, SECRET_HASH_MAX);
	s->is_pending = false;
}

/* Without memory a recipient has no limit. */
static struct state *gather(const struct check_input *in)
{
	const struct history_service *service = in->service;
	struct state *s = *in->state;

	if (in->envelope == NULL)
		return NULL;
	if (s == NULL)
		*in->state = s = calloc(1, sizeof(*s));
	if (s == NULL)
		return NULL;
	settle(s, in->envelope);
	if (slice_is_empty(in->envelope->rcpt.whole))
		return s;
	s->is_pending = history_recipient(service->secret, &in->envelope->rcpt,
				s->pending) == RES_OK;
	s->taken = in->envelope->rcpt_accepted;
	return s;
}

void history_clear(void *state)
{
	free(state);
}

/* ---- the question ---- */

/* Who forges a domain must not use up its limit. */
static void read_mail_from(
	const struct auth_facts *auth, char out[HOSTNAME_MAX])
{
	size_t len;

	if (auth == NULL || auth->is_null_sender ||
		auth->mailfrom.result != AUTH_PASS ||
		hostname_parse(auth->mailfrom.domain, out, &len) != RES_OK)
		out[0] = '\0';
}

static void ask_rate(const struct conf *conf, const struct names *n,
	const struct state *s, struct ledger_question *q)
{
	ledger_add_limit(q, conf, LEDGER_ADDRESS, slice_of(n->sender.address));
	ledger_add_limit(q, conf, LEDGER_NETWORK, slice_of(n->sender.network));
	ledger_add_limit(q, conf, LEDGER_DOMAIN, slice_of(n->mail_from));
	for (size_t i = 0; s != NULL && i < s->count; i++)
		ledger_add_limit(
			q, conf, LEDGER_RECIPIENT, slice_of(s->recipient[i]));
}

static bool has_domain(const struct names *n)
{
	return n->sender.domain[0] != '\0';
}

/* The domain's record, when there is one, is the last. */
static void ask_records(const struct conf *conf, const struct names *n,
	struct ledger_question *q)
{
	const struct sender *s = &n->sender;
	bool is_ramp = conf->rate.ramp_first > 0;

	if (conf->reputation.enabled || (is_ramp && !has_domain(n)))
		q->ramp.record = ledger_add_record(
			q, LEDGER_ADDRESS, slice_of(s->address));
	if (conf->reputation.enabled)
		(void)ledger_add_record(
			q, LEDGER_NETWORK, slice_of(s->network));
	if (has_domain(n) && (conf->reputation.enabled || is_ramp))
		q->ramp.record = ledger_add_record(
			q, LEDGER_DOMAIN, slice_of(s->domain));
	q->ramp.is_wanted = is_ramp;
}

static enum result make_tuple(const struct check_input *in, struct slice who,
	const struct state *s, char out[SECRET_HASH_MAX])
{
	const struct history_service *service = in->service;
	char sender[SECRET_HASH_MAX];
	uint8_t digest[SHA256_LEN];
	struct buf text;
	enum result res = secret_hash(
		service->secret, in->envelope->sender.whole, sender);

	if (res != RES_OK)
		return res;
	buf_init(&text, HOSTNAME_MAX + 2 * SECRET_HASH_MAX);
	buf_add_format(
		&text, "%.*s %s%s", SLICE_ARG(who), sender, s->recipient[0]);
	res = buf_result(&text);
	if (res == RES_OK)
		res = secret_sign(
			service->secret, "greylist", buf_slice(&text), digest);
	if (res == RES_OK)
		hex_format(digest, SECRET_HASH_OCTETS, out);
	buf_clear(&text);
	return res;
}

static void ask_grey(const struct check_input *in, const struct state *s,
	struct names *n, struct ledger_question *q)
{
	const struct conf *conf = in->conf;
	struct ledger_greylist *g = &q->grey;

	if (!conf->greylist.enabled || s == NULL || s->count == 0)
		return;
	if (has_domain(n) && !conf->reputation.enabled) {
		g->answer = LEDGER_GREY_SKIPPED;
		return;
	}
	sender_network(&in->conn->ip, conf->greylist.ipv4_bits,
		conf->greylist.ipv6_bits, n->network);
	g->who = slice_of(has_domain(n) ? n->sender.domain : n->network);
	g->record = has_domain(n) ? (int)q->record_count - 1 : -1;
	g->is_wanted = make_tuple(in, g->who, s, n->tuple) == RES_OK;
	g->tuple = slice_of(n->tuple);
}

/* Their findings say that their part of in->auth is complete. Without the body
 * nothing is evaluated. */
static bool is_auth_over(const struct check_input *in, const struct findings *f)
{
	return !in->conf->auth.enabled || !in->body_ended ||
		(findings_find(f, "spf") != NULL &&
			findings_find(f, "dkim") != NULL &&
			findings_find(f, "dmarc") != NULL);
}

enum check_progress history_step(
	const struct check_input *in, struct findings *out)
{
	const struct history_service *service = in->service;
	struct ledger_question q = { .take = 1 };
	struct names n;
	struct state *s;
	enum result res;

	if (service == NULL || service->ledger == NULL)
		return CHECK_DONE;
	s = gather(in);
	if (out == NULL)
		return CHECK_WAITING;
	if (!is_auth_over(in, out))
		return CHECK_WAITING;
	if (in->envelope == NULL || in->conn->kind != CONN_REMOTE)
		return CHECK_DONE;
	sender_read(&n.sender, &in->conn->ip, in->auth);
	read_mail_from(in->auth, n.mail_from);
	ask_rate(in->conf, &n, s, &q);
	ask_records(in->conf, &n, &q);
	ask_grey(in, s, &n, &q);
	res = history_ask(in, &q);
	rate_report(in, res, &q, out);
	reputation_report(in, res, &q, out);
	greylist_report(in, res, &q, out);
	if (res == RES_OK)
		count_grey(service, &q);
	return CHECK_DONE;
}
