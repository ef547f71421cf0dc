/* SPDX-License-Identifier: BSD-2-Clause */
/* Files a report, step by step; each may be done again. */
#include "store/reportcore.h"

#include "base/buf.h"
#include "base/utf8.h"
#include "conf/conf.h"
#include "mail/mailbox.h"
#include "store/account.h"
#include "store/filing.h"
#include "store/limit.h"
#include "store/mailq.h"
#include "store/traffic.h"

#include <stdio.h>
#include <string.h>

enum {
	NAME_MAX_LEN = 512 * 1024, /* of what makes the ID */
	LIMITS = 2, /* of acknowledgements, and of tickets */
	SHED_MOST = 4, /* reports at a time */
	SHED_ITEMS = 20,
	SHED_NAME_MAX = 64,
	CLIENT_MAX = 64,
	LANGUAGE_MAX = 16,
	ORGANISATION_MAX = MAILBOX_TEXT_MAX + 16
};

/*
 * KEYS: report, all, octets of the day, those of the two limits of tickets.
 * ARGV: now, life, ID, text, octets that a day has, would it become a ticket,
 * the limits, then fields. The answer: when it was filed first, is it done,
 * effect, valid, ticket, ack, is there no room for its ticket; how many reports
 * there are.
 */
static const char claim_text[] = LIMIT_LUA
	"local function room(n)\n"
	"  local used = tonumber(redis.call('GET', KEYS[3]) or '0') or 0\n"
	"  if used + n > tonumber(ARGV[5]) then return false end\n"
	"  redis.call('INCRBY', KEYS[3], n)\n"
	"  redis.call('EXPIRE', KEYS[3], 172800)\n"
	"  return true\n"
	"end\n"
	"local function quiet()\n"
	"  if ARGV[6] ~= 'yes' then return '' end\n"
	"  local a, b = limit_at(4, 7), limit_at(6, 10)\n"
	"  if limit_wait(a) > 0 or limit_wait(b) > 0 then return '1' end\n"
	"  limit_add(a)\n"
	"  limit_add(b)\n"
	"  return ''\n"
	"end\n"
	"if redis.call('EXISTS', KEYS[1]) == 0 then\n"
	"  local f = {'at', ARGV[1], 'quiet', quiet(),\n"
	"    'text', room(#ARGV[4]) and ARGV[4] or ''}\n"
	"  for i = 13, #ARGV do f[#f + 1] = ARGV[i] end\n"
	"  redis.call('HSET', KEYS[1], unpack(f))\n"
	"  redis.call('EXPIRE', KEYS[1], ARGV[2])\n"
	"  redis.call('ZADD', KEYS[2], ARGV[1], ARGV[3])\n"
	"  redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf',\n"
	"    string.format('%.0f', ARGV[1] - 1000 * ARGV[2]))\n"
	"  redis.call('EXPIRE', KEYS[2], ARGV[2])\n"
	"end\n"
	"local f = redis.call('HMGET', KEYS[1], 'at', 'filed', 'effect',\n"
	"  'valid', 'ticket', 'ack', 'quiet')\n"
	"for i = 1, 7 do f[i] = f[i] or '' end\n"
	"f[8] = tostring(redis.call('ZCARD', KEYS[2]))\n"
	"return f\n";

/* KEYS: all, report, its originals. ARGV: ID. */
static const char shed_text[] =
	"redis.call('ZREM', KEYS[1], ARGV[1])\n"
	"for i = 2, #KEYS do redis.call('DEL', KEYS[i]) end\n"
	"return 1\n";

/* KEYS: report, mailq, counts, those of two limits. ARGV: now, ID, effect,
 * valid, ticket, state, what is counted or "", is there an acknowledgement, the
 * limits. The answer as above. */
static const char finish_text[] = LIMIT_LUA MAILQ_LUA_ADD
	"if redis.call('HEXISTS', KEYS[1], 'filed') == 0 then\n"
	"  local ack = ARGV[8] == 'yes'\n"
	"  local a, b\n"
	"  if ack then\n"
	"    a, b = limit_at(4, 9), limit_at(6, 12)\n"
	"    ack = limit_wait(a) == 0 and limit_wait(b) == 0\n"
	"  end\n"
	"  redis.call('HSET', KEYS[1], 'filed', ARGV[1], 'effect', ARGV[3],\n"
	"    'valid', ARGV[4], 'ticket', ARGV[5], 'ack', ack and '1' or '')\n"
	"  if redis.call('HGET', KEYS[1], 'state') ~= 'closed' then\n"
	"    redis.call('HSET', KEYS[1], 'state', ARGV[6])\n"
	"  end\n"
	"  if ARGV[7] ~= '' then\n"
	"    redis.call('HINCRBY', KEYS[3], ARGV[7], 1)\n"
	"    redis.call('EXPIRE', KEYS[3], 34560000)\n"
	"  end\n"
	"  if ack then\n"
	"    limit_add(a)\n"
	"    limit_add(b)\n"
	"    mailq_add(KEYS[2], 'report-ack', ARGV[2], '', ARGV[1])\n"
	"  end\n"
	"  return 1\n"
	"end\n"
	"return 0\n";

/* KEYS: original. Is it ours to count? */
static const char traffic_text[] =
	"if redis.call('HGET', KEYS[1], 'traffic') ~= '1' then return 0 end\n"
	"redis.call('HSET', KEYS[1], 'traffic', '')\n"
	"return 1\n";

/* ---- who, and which ---- */

/* The same mail makes the same ID, whoever takes it, when. */
static enum result name_of_mail(
	const struct report_work *w, char id[CASE_REF_MAX])
{
	const struct report_filing *f = w->filing;
	uint8_t octets[SHA256_LEN];
	struct buf text;
	enum result res;

	buf_init(&text, NAME_MAX_LEN);
	buf_add(&text, f->message_id);
	buf_add_char(&text, '\0');
	buf_add(&text, f->reporter);
	buf_add_char(&text, '\0');
	buf_add(&text, slice_part(f->text, 0, REPORT_TEXT_MAX));
	for (size_t i = 0; i < w->count; i++) {
		const struct report_original *o = &f->original[i];

		buf_add_format(&text, "\n%zu %s ", o->message.len,
			o->trace_word > TRACEKEYS_FORGED ? o->trace.id : "");
		buf_add(&text,
			slice_part(o->message_id, 0, REPORT_SUBJECT_MAX));
	}
	res = buf_result(&text);
	if (res == RES_OK)
		res = secret_sign(
			w->secret, "report", buf_slice(&text), octets);
	if (res == RES_OK)
		case_ref_of(octets, id);
	buf_clear(&text);
	return res;
}

static enum result choose_id(struct report_work *w)
{
	if (w->filing->id.len > 0)
		return case_ref_parse(w->filing->id, w->id);
	if (w->filing->message_id.len > 0)
		return name_of_mail(w, w->id);
	case_ref_new(w->id);
	return RES_OK;
}

/* Mailboxes of one organisation are one: they cost it nothing. */
static enum result name_organisation(struct report_work *w)
{
	const struct report_filing *f = w->filing;
	const struct slice domain =
		f->organisation.len > 0 ? f->organisation : slice_of(w->domain);
	char text[ORGANISATION_MAX];

	if (domain.len == 0)
		return RES_OK;
	snprintf(text, sizeof(text), "organisation %.*s", SLICE_ARG(domain));
	return secret_hash(w->secret, slice_of(text), w->reporter);
}

static enum result choose_reporter(struct report_work *w)
{
	const struct report_filing *f = w->filing;
	struct filing_mailbox mailbox;
	struct slice domain;
	enum result res;

	snprintf(w->reporter, sizeof(w->reporter), "%s", REPORT_NOBODY);
	if (f->proof == REPORT_UNPROVEN)
		return RES_OK;
	res = filing_name(w->secret, f->reporter, &mailbox);
	if (res == RES_OK && f->reporter.len > 0) {
		domain = mailbox_domain(slice_of(mailbox.name));
		snprintf(w->domain, sizeof(w->domain), "%.*s",
			SLICE_ARG(domain));
		snprintf(w->mailbox, sizeof(w->mailbox), "%s", mailbox.hash);
	}
	/* An address that cannot be one is nobody's. */
	if (res == RES_TOOBIG || res == RES_SYNTAX)
		res = RES_OK;
	if (f->proof == REPORT_LOCAL && account_is_hash(f->account))
		snprintf(w->reporter, sizeof(w->reporter), "%.*s",
			SLICE_ARG(f->account));
	else if (res == RES_OK)
		res = name_organisation(w);
	return res;
}

/* ---- the first step ---- */

static uint64_t number_of(struct slice text)
{
	uint64_t value = 0;

	if (slice_parse_u64(text, 0, INT64_MAX, &value) != RES_OK)
		return 0;
	return value;
}

static void keep_ref(char out[CASE_REF_MAX], struct slice text)
{
	if (case_ref_parse(text, out) != RES_OK)
		out[0] = '\0';
}

/* The two of tickets: of all reporters, and of those who are not proved. */
static void make_ticket_limits(
	const struct report_work *w, struct limit out[LIMITS])
{
	unsigned most = w->conf->reports.tickets_day;
	bool is_nobody = w->filing->proof == REPORT_UNPROVEN;

	out[0] = (struct limit){ "report-ticket", slice_of(""), most,
		REPORT_DAY_S };
	out[1] = (struct limit){ "report-ticket-nobody", slice_of(""), most / 2,
		is_nobody ? REPORT_DAY_S : 0 };
}

/* Names it nothing of ours? */
static bool is_plain(const struct report_work *w)
{
	for (size_t i = 0; i < w->count; i++)
		if (w->filing->original[i].trace_word == TRACEKEYS_VALID)
			return false;
	return true;
}

static void put_limits(struct report_work *w, struct script_call *c,
	const struct limit *limits, bool is_key)
{
	for (size_t i = 0; i < LIMITS; i++) {
		if (is_key)
			limit_keys(c, slice_of(w->conf->redis.prefix),
				w->now_ms, &limits[i]);
		else
			limit_args(c, w->now_ms, &limits[i]);
	}
}

static void put_fields(struct report_work *w, struct script_call *c)
{
	const struct report_filing *f = w->filing;

	report_pair(c, "state", slice_of(report_state_name(REPORT_OPEN)));
	report_pair(c, "proof", slice_of(report_proof_name(f->proof)));
	report_pair(
		c, "reporter", slice_part(f->reporter, 0, MAILBOX_TEXT_MAX));
	report_pair(
		c, "account", slice_part(f->account, 0, SECRET_HASH_MAX - 1));
	report_pair(c, "client", slice_part(f->client, 0, CLIENT_MAX));
	report_pair(c, "language", slice_part(f->language, 0, LANGUAGE_MAX));
	script_arg(c, slice_of("count"));
	script_number(c, (int64_t)w->count);
}

static void put_claim(struct report_work *w, struct script_call *c)
{
	struct limit limits[LIMITS];
	char day[REPORT_DAY_MAX];

	make_ticket_limits(w, limits);
	report_key(c, w->conf, "report:", w->id);
	report_key(c, w->conf, "report:all", "");
	report_key(c, w->conf, "report:octets:", report_day(w->now_ms, day));
	put_limits(w, c, limits, true);
	script_number(c, w->now_ms);
	script_number(c, w->conf->reports.keep_s);
	script_arg(c, slice_of(w->id));
	script_arg(c, utf8_cut(w->filing->text, REPORT_TEXT_MAX));
	script_number(c, report_octets(w->conf, !is_plain(w)));
	script_arg(c, slice_of(is_plain(w) ? "yes" : "no"));
	put_limits(w, c, limits, false);
	put_fields(w, c);
}

/* What an earlier try wrote goes to *out. */
static enum result claim(struct report_work *w, struct report_filed *out)
{
	struct script_call call = { .count = 0 };
	struct redis_reply reply;
	enum result res;

	put_claim(w, &call);
	res = script_run(w->redis, claim_text, &call, &reply);
	if (res != RES_OK)
		return res;
	w->at_ms = (int64_t)number_of(redis_element(&reply, 0).text);
	w->is_quiet = redis_element(&reply, 6).text.len > 0;
	w->kept = (size_t)number_of(redis_element(&reply, 7).text);
	snprintf(out->id, sizeof(out->id), "%s", w->id);
	out->is_known = redis_element(&reply, 1).text.len > 0;
	if (!out->is_known)
		return RES_OK;
	(void)report_effect_parse(redis_element(&reply, 2).text, &out->effect);
	out->valid = (size_t)number_of(redis_element(&reply, 3).text);
	keep_ref(out->ticket, redis_element(&reply, 4).text);
	out->has_ack = redis_element(&reply, 5).text.len > 0;
	return RES_OK;
}

/* ---- more than are kept ---- */

static enum result shed_one(struct report_work *w, const char *name)
{
	struct script_call call = { .count = 0 };
	char item[REPORT_NAME_MAX], id[CASE_REF_MAX];
	bool is_ours = case_ref_parse(slice_of(name), id) == RES_OK;
	struct redis_reply reply;

	report_key(&call, w->conf, "report:all", "");
	if (is_ours)
		report_key(&call, w->conf, "report:", id);
	/* What is past these goes with its time. */
	for (size_t i = 0; is_ours && i < SHED_ITEMS; i++)
		report_key(&call, w->conf,
			"report:", report_item_name(id, i, item));
	script_arg(&call, slice_of(name));
	return script_run(w->redis, shed_text, &call, &reply);
}

/* Some of the oldest, when there are too many. */
static enum result shed(struct report_work *w)
{
	struct script_call key = { .count = 0 };
	char name[SHED_MOST][SHED_NAME_MAX];
	struct redis_reply reply;
	size_t count = 0;
	enum result res;

	if (w->kept <= REPORT_KEPT_MAX)
		return RES_OK;
	report_key(&key, w->conf, "report:all", "");
	const struct slice argv[] = { slice_of("ZRANGE"), key.argv[0],
		slice_of("0"), slice_of("3") };

	res = redis_command(w->redis, argv, 4, &reply);
	if (res == RES_OK && reply.type == REDIS_ERROR)
		res = redis_error_kind(reply.text);
	for (; res == RES_OK && count < reply.count && count < SHED_MOST;
		count++)
		snprintf(name[count], SHED_NAME_MAX, "%.*s",
			SLICE_ARG(redis_element(&reply, count).text));
	for (size_t i = 0; res == RES_OK && i < count; i++)
		res = shed_one(w, name[i]);
	return res;
}

/* ---- each original ---- */

/* Taken before it is counted: a number of a page may be one too low, never
 * too high. */
static enum result count_traffic(
	struct report_work *w, size_t number, const struct report_outcome *o)
{
	const struct report_original *original = &w->filing->original[number];
	struct script_call call = { .count = 0 };
	char item[REPORT_NAME_MAX];
	struct redis_reply reply;
	enum result res;

	if (!o->has_traffic)
		return RES_OK;
	report_key(&call, w->conf,
		"report:", report_item_name(w->id, number, item));
	res = script_run(w->redis, traffic_text, &call, &reply);
	if (res != RES_OK || reply.number != 1)
		return res;
	return traffic_complain(w->redis, w->conf, &original->trace.ip,
		original->trace.domain, report_is_junk(original->kind),
		w->now_ms);
}

static bool is_for_ticket(
	const struct report_original *o, const struct report_outcome *outcome)
{
	return o->trace.direction == TRACE_OUT &&
		(outcome->effect == REPORT_COUNTED ||
			outcome->effect == REPORT_AGAIN ||
			outcome->effect == REPORT_PAUSED);
}

static enum result file_one(
	struct report_work *w, size_t number, struct report_filed *out)
{
	const struct report_original *o = &w->filing->original[number];
	struct report_outcome outcome;
	enum result res = report_effect_run(w, number, &outcome);

	if (res == RES_OK)
		res = report_evidence_run(w, number, &outcome);
	if (res == RES_OK)
		res = count_traffic(w, number, &outcome);
	if (res == RES_OK && is_for_ticket(o, &outcome))
		res = report_ticket_account(w, number, &outcome, out->ticket);
	if (res != RES_OK)
		return res;
	if (o->trace_word == TRACEKEYS_VALID)
		out->valid++;
	if (report_effect_rank(outcome.effect) >
		report_effect_rank(out->effect))
		out->effect = outcome.effect;
	return RES_OK;
}

/* ---- the last step ---- */

static bool may_ack(const struct report_work *w)
{
	const struct conf_reports *conf = &w->conf->reports;
	const struct report_filing *f = w->filing;

	return conf->ack && f->may_ack && f->proof != REPORT_UNPROVEN &&
		w->domain[0] != '\0' && conf->acks_mailbox > 0 &&
		conf->acks_domain > 0;
}

static bool is_acted(enum report_effect e)
{
	return e == REPORT_COUNTED || e == REPORT_PAUSED || e == REPORT_LISTED;
}

static void put_finish(struct report_work *w, struct script_call *c,
	const struct report_filed *out, const struct limit *limits)
{
	enum report_state state =
		is_acted(out->effect) ? REPORT_ACTED : REPORT_OPEN;

	report_key(c, w->conf, "report:", w->id);
	report_key(c, w->conf, "mailq", "");
	report_key(c, w->conf, "report:count", "");
	put_limits(w, c, limits, true);
	script_number(c, w->now_ms);
	script_arg(c, slice_of(w->id));
	script_arg(c, slice_of(report_effect_name(out->effect)));
	script_number(c, (int64_t)out->valid);
	script_arg(c, slice_of(out->ticket));
	script_arg(c, slice_of(report_state_name(state)));
	script_arg(c, slice_of(w->count == 0 ? "abuse:nothing" : ""));
	script_arg(c, slice_of(may_ack(w) ? "yes" : "no"));
	put_limits(w, c, limits, false);
}

static enum result finish(struct report_work *w, struct report_filed *out)
{
	const struct limit limits[LIMITS] = {
		{ "report-ack", slice_of(w->mailbox),
			w->conf->reports.acks_mailbox, REPORT_DAY_S },
		{ "report-ack-domain", slice_of(w->domain),
			w->conf->reports.acks_domain, REPORT_DAY_S },
	};
	struct script_call call = { .count = 0 };
	struct report_filed before;
	struct redis_reply reply;
	enum result res;

	put_finish(w, &call, out, limits);
	res = script_run(w->redis, finish_text, &call, &reply);
	if (res != RES_OK)
		return res;
	before = *out;
	/* Whoever else filed it at the same time may have been quicker. */
	res = claim(w, out);
	if (res == RES_OK && reply.number == 1)
		before.has_ack = out->has_ack;
	if (res == RES_OK && reply.number == 1)
		*out = before;
	return res;
}

/* How many originals are looked at. */
static size_t count_of(const struct conf *conf, const struct report_filing *f)
{
	size_t most = conf->reports.originals_max;

	if (most > REPORT_ORIGINALS_MAX)
		most = REPORT_ORIGINALS_MAX;
	return f->count < most ? f->count : most;
}

static enum result file_all(struct report_work *w, struct report_filed *out)
{
	enum result res = RES_OK;

	for (size_t i = 0; i < w->count && res == RES_OK; i++)
		res = file_one(w, i, out);
	if (res == RES_OK && out->valid == 0 && !w->is_quiet)
		res = report_ticket_plain(w, out->ticket);
	if (res == RES_OK)
		res = shed(w);
	return res == RES_OK ? finish(w, out) : res;
}

enum result report_file(struct redis *r, const struct conf *conf,
	const struct secret *s, int64_t now_ms, const struct report_filing *f,
	struct report_filed *out)
{
	struct report_work w = { .redis = r,
		.conf = conf,
		.secret = s,
		.filing = f,
		.count = count_of(conf, f),
		.now_ms = now_ms };
	enum result res;

	*out = (struct report_filed){ .effect = REPORT_NOTHING };
	res = choose_id(&w);
	if (res == RES_OK)
		res = choose_reporter(&w);
	if (res == RES_OK)
		res = claim(&w, out);
	if (res != RES_OK || out->is_known)
		return res;
	return file_all(&w, out);
}
