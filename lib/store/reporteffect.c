/* SPDX-License-Identifier: BSD-2-Clause */
/* What one original does: decided, counted and written down by one script, so
 * that it happens once, whoever dies when. */
#include "store/reportcore.h"

#include "base/clock.h"
#include "base/utf8.h"
#include "conf/conf.h"
#include "net/cidr.h"
#include "store/fbl.h"
#include "store/ledgerlua.h"
#include "store/mailq.h"
#include "store/own.h"
#include "store/repute.h"

#include <stdio.h>
#include <string.h>

enum {
	MORE_MAX = 64,
	SOURCE_MAX = 512,
	COUNTED_MAX = HOSTNAME_MAX + 80,
	DOMAINS_MAX = 5,
	NETWORK_V4 = 24, /* as of heur/sender */
	NETWORK_V6 = 48,
	MAPPED_BITS = 96,
	TRACE_LIVES = 2 /* of a key, while a trace may hold */
};

/*
 * KEYS: report, original, counts, train, mailq, audit, octets of the day, who
 * has told of that message, that this reporter has counted for that source.
 * ARGV: now, life, "ID:N", reporter, counter and recipients, life of a trace,
 * where the fields of the original begin, what is picked first, kind, does it
 * go to training, its message, octets that a day has. The answer: effect,
 * reporters, pause, evidence, traffic.
 */
#define LUA_COMMON                                                                       \
	LEDGER_LUA LEDGER_LUA_REPUTE MAILQ_LUA_ADD                                       \
		"local now, reporter = tonumber(ARGV[1]), ARGV[4]\n"                     \
		"local function kind(key) return redis.call('TYPE', key).ok end\n"       \
		"local function answer()\n"                                              \
		"  local f = redis.call('HMGET', KEYS[2], 'effect', 'reporters',\n"      \
		"    'pause', 'evidence', 'traffic')\n"                                  \
		"  if not f[1] then return nil end\n"                                    \
		"  return {f[1], f[2] or '0', f[3] or '0', f[4] or '',\n"                \
		"    f[5] or ''}\n"                                                      \
		"end\n"                                                                  \
		"local was = answer()\n"                                                 \
		"if was then return was end\n"                                           \
		"local function told()\n"                                                \
		"  local counter, most = string.match(ARGV[5], '(%a) (%d+)')\n"          \
		"  if redis.call('HEXISTS', KEYS[8], reporter) == 1 then\n"              \
		"    return 'duplicate'\n"                                               \
		"  end\n"                                                                \
		"  if number(redis.call('HGET', KEYS[8], counter)) >=\n"                 \
		"    tonumber(most) then\n"                                              \
		"    return 'spent'\n"                                                   \
		"  end\n"                                                                \
		"  local again = redis.call('EXISTS', KEYS[9]) == 1\n"                   \
		"  redis.call('HSET', KEYS[8], reporter, again and '0' or '1')\n"        \
		"  redis.call('EXPIRE', KEYS[8], ARGV[6])\n"                             \
		"  if again then return 'again' end\n"                                   \
		"  redis.call('HINCRBY', KEYS[8], counter, 1)\n"                         \
		"  redis.call('SET', KEYS[9], '1', 'EX', 86400)\n"                       \
		"  return 'counted'\n"                                                   \
		"end\n"                                                                  \
		"local function room(n)\n"                                               \
		"  local used = number(redis.call('GET', KEYS[7]))\n"                    \
		"  if used + n > tonumber(ARGV[11]) then return false end\n"             \
		"  redis.call('INCRBY', KEYS[7], n)\n"                                   \
		"  redis.call('EXPIRE', KEYS[7], 172800)\n"                              \
		"  return true\n"                                                        \
		"end\n"                                                                  \
		"local function keep(effect, ...)\n"                                     \
		"  local f, first = {'effect', effect, ...}, tonumber(ARGV[7])\n"        \
		"  local size = #ARGV[10]\n"                                             \
		"  if ARGV[9] == 'yes' then size = size + #ARGV[first + 1] end\n"        \
		"  local kept = effect ~= 'duplicate' and effect ~= 'spent' and\n"       \
		"    room(size)\n"                                                       \
		"  local waits = ARGV[9] == 'yes' and kept\n"                            \
		"  f[#f + 1] = 'waits'\n"                                                \
		"  f[#f + 1] = waits and '1' or '0'\n"                                   \
		"  f[#f + 1] = 'message'\n"                                              \
		"  f[#f + 1] = kept and ARGV[10] or ''\n"                                \
		"  if waits then f[#f + 1], f[#f + 2] = 'lesson', ARGV[first + 1] end\n" \
		"  size = #ARGV[first + 3] + #ARGV[first + 5] + #ARGV[first + 7]\n"      \
		"  first = first + (room(size) and 2 or 8)\n"                            \
		"  for i = first, #ARGV do f[#f + 1] = ARGV[i] end\n"                    \
		"  redis.call('HSET', KEYS[2], unpack(f))\n"                             \
		"  redis.call('EXPIRE', KEYS[2], ARGV[2])\n"                             \
		"  redis.call('HINCRBY', KEYS[3], ARGV[8] .. ':' .. effect, 1)\n"        \
		"  redis.call('EXPIRE', KEYS[3], 34560000)\n"                            \
		"  if not waits then return end\n"                                       \
		"  redis.call('ZADD', KEYS[4], ARGV[1], ARGV[3])\n"                      \
		"  redis.call('ZREMRANGEBYSCORE', KEYS[4], '-inf',\n"                    \
		"    whole(now - 1000 * tonumber(ARGV[2])))\n"                           \
		"  redis.call('ZREMRANGEBYRANK', KEYS[4], 0, -20001)\n"                  \
		"  redis.call('EXPIRE', KEYS[4], ARGV[2])\n"                             \
		"end\n"                                                                  \
		"local function complain(key, field)\n"                                  \
		"  redis.call('HINCRBY', key, field, 1)\n"                               \
		"  redis.call('EXPIRE', key, 7776000)\n"                                 \
		"end\n"

static const char nothing_text[] = LUA_COMMON "keep('nothing')\n"
					      "return answer()\n";

/*
 * Who reports while the account is paused does not count when it is resumed:
 * late reports of the same mail would pause it again at once.
 * KEYS from 10: reporters of the account, up to when they have had their
 * effect, complaints of the day, the account on the block list, and on the
 * allow list. ARGV from 12: window, reporters that pause, does anything pause,
 * for how long, now as text, the account's field of the day, the report.
 */
static const char out_text[] = LUA_COMMON SCRIPT_LUA_DESCRIBE
	"local effect, n, pause = told(), 0, '0'\n"
	"local function stop()\n"
	"  local reason = 'reported by ' .. whole(n) ..\n"
	"    (n == 1 and ' reporter' or ' reporters')\n"
	"  redis.call('HSET', KEYS[13], 'reason', reason, 'class', 'review',\n"
	"    'origin', 'reports', 'since', ARGV[16], 'by', 'reports',\n"
	"    'ref', ARGV[18])\n"
	"  if ARGV[15] ~= '0' then\n"
	"    redis.call('EXPIRE', KEYS[13], ARGV[15])\n"
	"  end\n"
	"  redis.call('XADD', KEYS[6], 'MAXLEN', '~', 100000, '*',\n"
	"    'who', 'reports', 'what', 'pause', 'key', KEYS[13],\n"
	"    'before', '', 'after', describe(KEYS[13]), 'why', reason)\n"
	"end\n"
	"if effect == 'counted' then\n"
	"  redis.call('ZADD', KEYS[10], ARGV[1], reporter)\n"
	"  redis.call('ZREMRANGEBYSCORE', KEYS[10], '-inf',\n"
	"    whole(now - 1000 * tonumber(ARGV[12])))\n"
	"  redis.call('ZREMRANGEBYRANK', KEYS[10], 0, -20001)\n"
	"  redis.call('EXPIRE', KEYS[10], ARGV[12])\n"
	"  complain(KEYS[12], ARGV[17])\n"
	"  local since = redis.call('GET', KEYS[11])\n"
	"  n = redis.call('ZCOUNT', KEYS[10],\n"
	"    since and '(' .. since or '-inf', '+inf')\n"
	"  local mark = true\n"
	"  if redis.call('EXISTS', KEYS[13]) == 1 then\n"
	"    pause = '4'\n"
	"  elseif n < tonumber(ARGV[13]) then\n"
	"    mark = false\n"
	"  elseif redis.call('EXISTS', KEYS[14]) == 1 then\n"
	"    pause, mark = '3', false\n"
	"  elseif ARGV[14] ~= 'yes' then\n"
	"    pause, mark = '2', false\n"
	"  else\n"
	"    pause, effect = '1', 'paused'\n"
	"    stop()\n"
	"  end\n"
	"  if mark then\n"
	"    redis.call('SET', KEYS[11], ARGV[1], 'EX', ARGV[12])\n"
	"  end\n"
	"end\n"
	"keep(effect, 'reporters', whole(n), 'pause', pause)\n"
	"return answer()\n";

/*
 * A domain is remembered under its own name or that of its organisation
 * (heur/sender), which is the one that was written last.
 * KEYS from 10: complaints of the day, then records of reputation, at the end
 * those that the domain may have.
 * ARGV from 12: half life and life of these in ms, good, bad, is it evidence,
 * does it go to the traffic, the report, number of fields of the day, number of
 * jobs, of keys of the domain; then these, and "more" of each job.
 */
static const char in_text[] = LUA_COMMON
	"local effect = told()\n"
	"local function yes(i) return ARGV[i] == 'yes' and '1' or '' end\n"
	"if effect ~= 'counted' then\n"
	"  keep(effect)\n"
	"  return answer()\n"
	"end\n"
	"local function add(key)\n"
	"  repute(key, tonumber(ARGV[12]), now, ARGV[13], ARGV[14], ARGV[15])\n"
	"end\n"
	"local domain, latest\n"
	"for i = 11, #KEYS do\n"
	"  if i <= #KEYS - tonumber(ARGV[21]) then\n"
	"    add(KEYS[i])\n"
	"  else\n"
	"    local at = number(redis.call('HMGET', KEYS[i], 'at')[1])\n"
	"    if not domain or at > latest then\n"
	"      domain, latest = KEYS[i], at\n"
	"    end\n"
	"  end\n"
	"end\n"
	"if domain then add(domain) end\n"
	"local first = 22 + tonumber(ARGV[19])\n"
	"for i = 22, first - 1 do complain(KEYS[10], ARGV[i]) end\n"
	"for i = first, first + tonumber(ARGV[20]) - 1 do\n"
	"  mailq_add(KEYS[5], 'fbl-report', ARGV[18], ARGV[i], ARGV[1])\n"
	"end\n"
	"keep(effect, 'evidence', yes(16), 'traffic', yes(17))\n"
	"return answer()\n";

/* ---- what the script is told ---- */

/* One original on its way. */
struct errand {
	struct report_work *work;
	const struct report_original *o;
	size_t number;
	struct script_call call;
	char name[REPORT_NAME_MAX];
	char trace[REPORT_TRACE_MAX];
	char ip[IPADDR_TEXT_MAX];
	char day[REPORT_DAY_MAX];
	char since[CLOCK_TEXT_MAX];
	char most[MORE_MAX];
	char weight[MORE_MAX];
	char counted[3][COUNTED_MAX];
	size_t counted_count;
	char more[FBL_FOUND_MAX + 1][MORE_MAX];
	size_t job_count;
	size_t domain_count; /* keys */
};

bool report_is_traced(const struct report_original *o)
{
	const struct trace *t = &o->trace;

	if (o->trace_word != TRACEKEYS_VALID || t->id[0] == '\0')
		return false;
	return t->direction == TRACE_OUT
		? t->account[0] != '\0'
		: t->direction == TRACE_IN && t->has_ip;
}

/* Where it comes from, as one reporter counts for it. */
static const char *source_of(
	const struct report_original *o, char out[SOURCE_MAX])
{
	char net[CIDR_TEXT_MAX];
	struct cidr client;

	if (o->trace.direction == TRACE_OUT) {
		snprintf(out, SOURCE_MAX, "user:%s", o->trace.account);
		return out;
	}
	client = cidr_of_client(&o->trace.ip);
	snprintf(out, SOURCE_MAX, "ip:%s", cidr_format(&client, net));
	return out;
}

/* A lesson of a header alone would teach little but headers. */
static bool has_text(struct slice message)
{
	for (size_t i = 0; i + 2 < message.len; i++) {
		if (message.at[i] != '\n')
			continue;
		if (message.at[i + 1] == '\n')
			return true;
		if (message.at[i + 1] == '\r' && message.at[i + 2] == '\n')
			return i + 3 < message.len;
	}
	return false;
}

/* Does it count for anything? */
static bool counts(const struct report_work *w, const struct report_original *o)
{
	if (!report_is_traced(o) || o->kind == REPORT_AUTH_FAILURE)
		return false;
	if (report_is_junk(o->kind))
		return true;
	return o->trace.direction == TRACE_IN &&
		w->filing->proof == REPORT_LOCAL;
}

static bool may_teach(const struct errand *e)
{
	return e->work->conf->reports.learn && counts(e->work, e->o) &&
		e->o->trace.direction == TRACE_IN &&
		(e->o->lesson.len > 0 || has_text(e->o->message));
}

static enum result put_once(struct errand *e)
{
	const struct report_work *w = e->work;
	char source[SOURCE_MAX], text[SOURCE_MAX + SECRET_HASH_MAX + 16];
	char hash[SECRET_HASH_MAX];
	enum result res;

	snprintf(text, sizeof(text), "once %s %s", w->reporter,
		source_of(e->o, source));
	res = secret_hash(w->secret, slice_of(text), hash);
	if (res == RES_OK)
		report_key(&e->call, w->conf, "report:once:", hash);
	return res;
}

static enum result put_keys(struct errand *e)
{
	const struct conf *conf = e->work->conf;

	report_key(&e->call, conf, "report:", e->work->id);
	report_key(&e->call, conf, "report:", e->name);
	report_key(&e->call, conf, "report:count", "");
	report_key(&e->call, conf, "report:train", "");
	report_key(&e->call, conf, "mailq", "");
	report_key(&e->call, conf, "audit", "");
	report_key(&e->call, conf,
		"report:octets:", report_day(e->work->now_ms, e->day));
	if (!report_is_traced(e->o))
		return RES_OK;
	report_key(&e->call, conf, "report:told:", e->o->trace.id);
	return put_once(e);
}

/* before: arguments that stand between these and the fields. */
static void put_args(struct errand *e, size_t before)
{
	enum { ARGS = 11 };
	const struct report_work *w = e->work;

	script_number(&e->call, w->now_ms);
	script_number(&e->call, w->conf->reports.keep_s);
	script_arg(&e->call, slice_of(e->name));
	script_arg(&e->call, slice_of(w->reporter));
	snprintf(e->most, MORE_MAX, "%c %u",
		w->filing->proof == REPORT_LOCAL ? 'u' : 'n',
		e->o->trace.recipients);
	script_arg(&e->call, slice_of(e->most));
	script_number(&e->call,
		(int64_t)TRACE_LIVES * w->conf->trace.key_s + REPORT_DAY_S);
	script_number(&e->call, (int64_t)(ARGS + before + 1));
	script_arg(&e->call, slice_of(report_kind_name(e->o->kind)));
	script_arg(&e->call, slice_of(may_teach(e) ? "yes" : "no"));
	script_arg(&e->call,
		slice_part(e->o->message, 0, w->conf->reports.original_max));
	script_number(&e->call, report_octets(w->conf, report_is_traced(e->o)));
}

static void put_fields(struct errand *e)
{
	const struct report_original *o = e->o;
	struct script_call *c = &e->call;

	/* These first, and in this order: the script picks them. */
	report_pair(c, "lesson", o->lesson);
	report_pair(c, "from", utf8_cut(o->from, REPORT_SUBJECT_MAX));
	report_pair(c, "subject", utf8_cut(o->subject, REPORT_SUBJECT_MAX));
	report_pair(
		c, "message_id", utf8_cut(o->message_id, REPORT_SUBJECT_MAX));
	report_pair(c, "form", slice_of(report_form_name(o->form)));
	report_pair(c, "kind", slice_of(report_kind_name(o->kind)));
	report_pair(c, "word", slice_of(tracekeys_word_name(o->trace_word)));
	if (o->trace_word > TRACEKEYS_FORGED) {
		report_trace_format(&o->trace, e->trace);
		report_pair(c, "trace", slice_of(e->trace));
	}
	report_pair(c, "cfbl_address", o->cfbl_address);
	report_pair(c, "cfbl_id", o->cfbl_id);
	if (o->has_claimed_ip)
		report_pair(c, "ip",
			slice_of(ipaddr_format(&o->claimed_ip, e->ip)));
}

/* ---- mail of ours ---- */

static void put_out(struct errand *e)
{
	enum { ARGS = 7 };
	const struct conf *conf = e->work->conf;
	const char *account = e->o->trace.account;
	struct script_call *c = &e->call;

	report_key(c, conf, "complaint:user:", account);
	report_key(c, conf, "complaint:paused:", account);
	report_key(
		c, conf, "complaint:day:", report_day(e->work->now_ms, e->day));
	report_key(c, conf, "block:user:", account);
	report_key(c, conf, "allow:user:", account);
	put_args(e, ARGS);
	script_number(c, conf->reports.window_s);
	script_number(c, conf->reports.pause_at);
	script_arg(c, slice_of(conf->reports.pause ? "yes" : "no"));
	script_number(c, conf->reports.pause_s);
	script_arg(c, slice_of(clock_format_utc(e->work->now_ms, e->since)));
	snprintf(e->counted[0], COUNTED_MAX, "user:%s", account);
	script_arg(c, slice_of(e->counted[0]));
	script_arg(c, slice_of(e->work->id));
	put_fields(e);
}

/* ---- mail that came in ---- */

/* All mail may come from it. */
static bool is_ours(const struct conf *conf, const struct ipaddr *ip)
{
	const struct cidr net = cidr_of_client(ip);

	return own_is_trusted(&conf->milter.trusted, &net);
}

static size_t labels_of(struct slice domain)
{
	size_t count = 1;

	for (size_t i = 0; i < domain.len; i++)
		count += domain.at[i] == '.';
	return count;
}

/* The domain, and those above it that are more than a top level. */
static void put_domains(struct errand *e)
{
	struct slice domain = slice_of(e->o->trace.domain);

	while (domain.len > 0 && e->domain_count < DOMAINS_MAX &&
		(e->domain_count == 0 || labels_of(domain) > 1)) {
		script_key_of(&e->call, slice_of(e->work->conf->redis.prefix),
			repute_key(LEDGER_DOMAIN), domain);
		e->domain_count++;
		domain = slice_part(
			domain, slice_find(domain, '.') + 1, domain.len);
	}
}

static void put_reputation(struct errand *e)
{
	const struct conf *conf = e->work->conf;
	const struct trace *t = &e->o->trace;
	char text[CIDR_TEXT_MAX];
	struct cidr net;

	if (!conf->reputation.enabled)
		return;
	if (!is_ours(conf, &t->ip)) {
		net = cidr_of_client(&t->ip);
		report_key(&e->call, conf, repute_key(LEDGER_ADDRESS),
			cidr_format(&net, text));
		net = cidr_around(&t->ip,
			ipaddr_is_v4(&t->ip) ? MAPPED_BITS + NETWORK_V4
					     : NETWORK_V6);
		report_key(&e->call, conf, repute_key(LEDGER_NETWORK),
			cidr_format(&net, text));
	}
	put_domains(e);
}

static void note_complaints(struct errand *e)
{
	const struct trace *t = &e->o->trace;
	const struct cidr net = cidr_of_client(&t->ip);
	char text[CIDR_TEXT_MAX];

	if (!report_is_junk(e->o->kind))
		return;
	if (!is_ours(e->work->conf, &t->ip))
		snprintf(e->counted[e->counted_count++], COUNTED_MAX,
			"ip:%s/%u", ipaddr_format(&net.net, text),
			cidr_length(&net));
	if (t->domain[0] != '\0')
		snprintf(e->counted[e->counted_count++], COUNTED_MAX,
			"domain:%s", t->domain);
}

static void add_job(struct errand *e, const char *whose)
{
	snprintf(e->more[e->job_count++], MORE_MAX, "%u %.20s",
		(unsigned)e->number, whose);
}

/* Who is to hear of it. */
static enum result find_jobs(struct errand *e)
{
	const struct conf *conf = e->work->conf;
	const struct trace *t = &e->o->trace;
	char id[FBL_FOUND_MAX][CASE_REF_MAX];
	size_t count = 0;
	enum result res = RES_OK;

	if (!report_is_junk(e->o->kind))
		return RES_OK;
	if (conf->fbl.enabled)
		res = fbl_find(
			e->work->redis, conf, &t->ip, t->domain, id, &count);
	if (res != RES_OK)
		return res;
	for (size_t i = 0; i < count; i++)
		add_job(e, id[i]);
	if (conf->fbl.cfbl && t->has_cfbl && e->o->cfbl_address.len > 0)
		add_job(e, "cfbl");
	return RES_OK;
}

static bool is_evidence(const struct errand *e)
{
	const struct conf *conf = e->work->conf;

	return conf->reports.evidence && report_is_junk(e->o->kind) &&
		e->work->filing->proof == REPORT_LOCAL &&
		!is_ours(conf, &e->o->trace.ip);
}

static void put_in(struct errand *e)
{
	enum { ARGS = 10 };
	const struct conf *conf = e->work->conf;
	bool is_junk = report_is_junk(e->o->kind);
	struct script_call *c = &e->call;

	report_key(
		c, conf, "complaint:day:", report_day(e->work->now_ms, e->day));
	put_reputation(e);
	note_complaints(e);
	put_args(e, ARGS + e->counted_count + e->job_count);
	script_number(c, (int64_t)conf->reputation.half_life_s * REPORT_MS);
	script_number(c, repute_keep_s(conf) * REPORT_MS);
	snprintf(e->weight, MORE_MAX, "%.3f", conf->reports.weight);
	script_arg(c, slice_of(is_junk ? "0" : e->weight));
	script_arg(c, slice_of(is_junk ? e->weight : "0"));
	script_arg(c, slice_of(is_evidence(e) ? "yes" : "no"));
	script_arg(c, slice_of(conf->traffic.enabled ? "yes" : "no"));
	script_arg(c, slice_of(e->work->id));
	script_number(c, (int64_t)e->counted_count);
	script_number(c, (int64_t)e->job_count);
	script_number(c, (int64_t)e->domain_count);
	for (size_t i = 0; i < e->counted_count; i++)
		script_arg(c, slice_of(e->counted[i]));
	for (size_t i = 0; i < e->job_count; i++)
		script_arg(c, slice_of(e->more[i]));
	put_fields(e);
}

/* ---- the call ---- */

static uint64_t number_of(const struct redis_reply *reply, size_t i)
{
	uint64_t value = 0;

	if (slice_parse_u64(redis_element(reply, i).text, 0, UINT32_MAX,
		    &value) != RES_OK)
		return 0;
	return value;
}

static enum result run(
	struct errand *e, const char *text, struct report_outcome *out)
{
	struct redis_reply reply;
	enum result res = script_run(e->work->redis, text, &e->call, &reply);

	*out = (struct report_outcome){ .effect = REPORT_NOTHING };
	if (res != RES_OK)
		return res;
	if (!report_effect_parse(redis_element(&reply, 0).text, &out->effect))
		return RES_INTERNAL;
	out->reporters = (unsigned)number_of(&reply, 1);
	out->pause = (enum report_pause)number_of(&reply, 2);
	out->has_evidence = redis_element(&reply, 3).text.len > 0;
	out->has_traffic = redis_element(&reply, 4).text.len > 0;
	return RES_OK;
}

enum result report_effect_run(
	struct report_work *w, size_t number, struct report_outcome *out)
{
	struct errand e = {
		.work = w, .o = &w->filing->original[number], .number = number
	};
	enum result res;

	report_item_name(w->id, number, e.name);
	res = put_keys(&e);
	if (res != RES_OK)
		return res;
	if (!counts(w, e.o)) {
		put_args(&e, 0);
		put_fields(&e);
		return run(&e, nothing_text, out);
	}
	if (e.o->trace.direction == TRACE_OUT) {
		put_out(&e);
		return run(&e, out_text, out);
	}
	res = find_jobs(&e);
	if (res != RES_OK)
		return res;
	put_in(&e);
	return run(&e, in_text, out);
}
