/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/fblcore.h"

#include "base/clock.h"
#include "conf/conf.h"
#include "store/filing.h"
#include "store/mailq.h"

#include <stdio.h>

enum {
	MS_PER_S = 1000,
	ALL_UP_TO = 100, /* reports of a day that are all sent */
	EACH = 10, /* then each of so many */
	PUT_OFF_MS = 300000,
	TAIL_MAX = 10
};

/* KEYS: registration, mailq. ARGV: id, now. */
static const char want_script[] = MAILQ_LUA_ADD
	"local f = redis.call('HMGET', KEYS[1], 'state', 'wanted')\n"
	"if f[1] ~= 'confirmed' and f[1] ~= 'active' and f[1] ~= 'lapsed' then\n"
	"  return 'missing'\n"
	"end\n"
	"if math.abs(ARGV[2] - (tonumber(f[2] or '0') or 0)) < 10000 then\n"
	"  return 'ok'\n"
	"end\n"
	"redis.call('HSET', KEYS[1], 'wanted', ARGV[2])\n"
	"mailq_add(KEYS[2], 'fbl-look', ARGV[1], '', ARGV[2])\n"
	"return 'ok'\n";

/* KEYS: checks. ARGV: now, until when it is put off, prefix of registrations.
 * One that nobody confirmed or proved in time is forgotten. */
static const char due_script[] =
	"for _ = 1, 100 do\n"
	"  local due = redis.call('ZRANGE', KEYS[1], '-inf', ARGV[1], 'BYSCORE',\n"
	"    'LIMIT', 0, 1)[1]\n"
	"  if not due then break end\n"
	"  if redis.call('EXISTS', ARGV[3] .. due) == 1 then\n"
	"    redis.call('ZADD', KEYS[1], ARGV[2], due)\n"
	"    return {'ok', due}\n"
	"  end\n"
	"  redis.call('ZREM', KEYS[1], due)\n"
	"end\n"
	"return {'missing'}\n";

/*
 * KEYS: registration, who is active for the subject, checks, mailq, audit.
 * ARGV: id, now, seen, recheck_ms, prefix of registrations, prefix of sets of
 * mailboxes. A record that is gone is believed gone after a second look.
 */
static const char looked_script[] = MAILQ_LUA_ADD FBL_LUA
	"local id, now, seen = ARGV[1], tonumber(ARGV[2]), ARGV[3]\n"
	"local recheck, hour = tonumber(ARGV[4]), 3600000\n"
	"local f = redis.call('HMGET', KEYS[1], 'state', 'gone', 'hash')\n"
	"local state, gone = f[1], tonumber(f[2] or '0') or 0\n"
	"if state ~= 'confirmed' and state ~= 'active' and state ~= 'lapsed' then\n"
	"  redis.call('ZREM', KEYS[3], id)\n"
	"  return 'missing'\n"
	"end\n"
	"local function next_look(wait)\n"
	"  redis.call('ZADD', KEYS[3], string.format('%.0f', now + wait), id)\n"
	"end\n"
	"local function replace()\n"
	"  local was = redis.call('GET', KEYS[2])\n"
	"  if not was or was == id then return end\n"
	"  local key = ARGV[5] .. was\n"
	"  redis.call('ZREM', KEYS[3], was)\n"
	"  if redis.call('HGET', key, 'state') ~= 'active' then return end\n"
	"  redis.call('HSET', key, 'state', 'ended')\n"
	"  redis.call('EXPIRE', key, " FBL_KEEP ")\n"
	"  audit(KEYS[5], key, 'active', 'ended', 'sender', 'replaced')\n"
	"end\n"
	"local function activate()\n"
	"  replace()\n"
	"  redis.call('HSET', KEYS[1], 'state', 'active')\n"
	"  redis.call('PERSIST', KEYS[1])\n"
	"  redis.call('SET', KEYS[2], id)\n"
	"  mailq_add(KEYS[4], 'fbl-ready', id, ARGV[2], ARGV[2])\n"
	"  audit(KEYS[5], KEYS[1], state, 'active', 'sender', '')\n"
	"end\n"
	"local function lapse()\n"
	"  redis.call('HSET', KEYS[1], 'state', 'lapsed')\n"
	"  redis.call('EXPIRE', KEYS[1], " FBL_KEEP ")\n"
	"  if redis.call('GET', KEYS[2]) == id then\n"
	"    redis.call('DEL', KEYS[2])\n"
	"  end\n"
	"  mailq_add(KEYS[4], 'fbl-lapsed', id, ARGV[2], ARGV[2])\n"
	"  audit(KEYS[5], KEYS[1], 'active', 'lapsed', 'portal',\n"
	"    'the record is gone')\n"
	"end\n"
	"if seen == 'unknown' then\n"
	"  redis.call('HSET', KEYS[1], 'failed', ARGV[2])\n"
	"  next_look(math.min(hour, recheck))\n"
	"  return 'ok'\n"
	"end\n"
	"redis.call('HSET', KEYS[1], 'looked', ARGV[2])\n"
	"if seen == 'record' then\n"
	"  redis.call('HSET', KEYS[1], 'proved', ARGV[2])\n"
	"  redis.call('HDEL', KEYS[1], 'gone')\n"
	"  if state ~= 'active' then activate() end\n"
	"  redis.call('EXPIRE', ARGV[6] .. (f[3] or ''), " FBL_INDEX ")\n"
	"  next_look(recheck)\n"
	"elseif state ~= 'active' then\n"
	"  next_look(state == 'confirmed' and math.min(hour, recheck)\n"
	"    or recheck)\n"
	"elseif gone == 0 then\n"
	"  redis.call('HSET', KEYS[1], 'gone', ARGV[2])\n"
	"  next_look(recheck)\n"
	"elseif now - gone >= recheck then\n"
	"  lapse()\n"
	"  next_look(recheck)\n"
	"else\n"
	"  next_look(gone + recheck - now)\n"
	"end\n"
	"return 'ok'\n";

/*
 * KEYS: registration, checks, audit. ARGV: id, who, prefix of who is active,
 * prefix of sets of mailboxes.
 */
static const char end_script[] = FBL_LUA
	"local id = ARGV[1]\n"
	"local f = redis.call('HMGET', KEYS[1], 'state', 'subject', 'hash',\n"
	"  'cfbl')\n"
	"if not f[1] then return 'missing' end\n"
	"if f[1] == 'ended' then return 'exists' end\n"
	"redis.call('HSET', KEYS[1], 'state', 'ended')\n"
	"redis.call('EXPIRE', KEYS[1], f[4] and " FBL_INDEX " or " FBL_KEEP
	")\n"
	"redis.call('ZREM', KEYS[2], id)\n"
	"redis.call('SREM', ARGV[4] .. (f[3] or ''), id)\n"
	"local of = ARGV[3] .. (f[2] or '')\n"
	"if redis.call('GET', of) == id then redis.call('DEL', of) end\n"
	"audit(KEYS[3], KEYS[1], f[1], 'ended', ARGV[2], '')\n"
	"return 'ok'\n";

/*
 * Who said no more is asked no more: an ended one lives on as long as reports
 * come.
 * KEYS: ID of that address. ARGV: a new id, now, prefix of registrations,
 * subject, mail.
 */
static const char cfbl_script[] =
	"local id = redis.call('GET', KEYS[1])\n"
	"local key = ARGV[3] .. (id or ARGV[1])\n"
	"if not id or redis.call('EXISTS', key) == 0 then\n"
	"  id, key = ARGV[1], ARGV[3] .. ARGV[1]\n"
	"  redis.call('HSET', key, 'state', 'active', 'cfbl', '1',\n"
	"    'created', ARGV[2], 'subject', ARGV[4], 'mail', ARGV[5],\n"
	"    'language', '')\n"
	"end\n"
	"redis.call('SET', KEYS[1], id, 'EX', " FBL_INDEX ")\n"
	"redis.call('EXPIRE', key, " FBL_INDEX ")\n"
	"return {'ok', id}\n";

/*
 * KEYS: registration, what was sent that day. ARGV: report, per_day, all up
 * to, each. Answers a word and a number.
 */
static const char take_script[] =
	"if redis.call('HGET', KEYS[1], 'state') ~= 'active' then\n"
	"  return {'missing', 0}\n"
	"end\n"
	"local mark = 'r:' .. ARGV[1]\n"
	"local was = redis.call('HGET', KEYS[2], mark)\n"
	"if was then return {'ok', tonumber(was)} end\n"
	"local all, each = tonumber(ARGV[3]), tonumber(ARGV[4])\n"
	"local sent = tonumber(redis.call('HGET', KEYS[2], 'sent') or '0')\n"
	"local seen = redis.call('HINCRBY', KEYS[2], 'seen', 1)\n"
	"redis.call('EXPIRE', KEYS[2], 691200)\n"
	"local stands = 1\n"
	"if seen > all then stands = seen % each == 0 and each or 0 end\n"
	"if sent >= tonumber(ARGV[2]) then stands = 0 end\n"
	"if stands == 0 then\n"
	"  redis.call('HINCRBY', KEYS[2], 'held', 1)\n"
	"else\n"
	"  redis.call('HINCRBY', KEYS[2], 'sent', 1)\n"
	"  redis.call('HSET', KEYS[2], mark, stands)\n"
	"end\n"
	"return {'ok', stands}\n";

/* ---- proof of control ---- */

enum result fbl_want_look(struct redis *r, const struct conf *conf,
	struct slice id, int64_t now_ms)
{
	struct edit e;
	enum result res;

	edit_begin(&e, r, conf);
	edit_key(&e, "fbl:", id, "");
	edit_key(&e, "mailq", slice_of(""), "");
	edit_text(&e, id);
	edit_number(&e, now_ms);
	res = edit_run(&e, want_script);
	edit_end(&e);
	return res;
}

enum result fbl_due(struct redis *r, const struct conf *conf, int64_t now_ms,
	char id[CASE_REF_MAX])
{
	struct edit e;
	enum result res;

	edit_begin(&e, r, conf);
	edit_key(&e, "fbl:checks", slice_of(""), "");
	edit_number(&e, now_ms);
	edit_number(&e, now_ms + PUT_OFF_MS);
	edit_prefix(&e, "fbl:");
	res = edit_run(&e, due_script);
	if (res == RES_OK &&
		case_ref_parse(redis_element(&e.reply, 1).text, id) != RES_OK)
		res = RES_MISSING;
	edit_end(&e);
	return res;
}

static const char *seen_word(enum fbl_seen seen)
{
	if (seen == FBL_SEEN_RECORD)
		return "record";
	return seen == FBL_SEEN_NONE ? "none" : "unknown";
}

enum result fbl_looked(struct redis *r, const struct conf *conf,
	const struct fbl *f, enum fbl_seen seen, int64_t now_ms)
{
	char subject[FBL_SUBJECT_MAX];
	struct edit e;
	enum result res;

	edit_begin(&e, r, conf);
	edit_key(&e, "fbl:", slice_of(f->id), "");
	edit_key(&e,
		"fbl:of:", slice_of(fbl_subject_format(&f->subject, subject)),
		"");
	edit_key(&e, "fbl:checks", slice_of(""), "");
	edit_key(&e, "mailq", slice_of(""), "");
	edit_key(&e, "audit", slice_of(""), "");
	edit_text(&e, slice_of(f->id));
	edit_number(&e, now_ms);
	edit_text(&e, slice_of(seen_word(seen)));
	edit_number(&e, (int64_t)conf->fbl.recheck_s * MS_PER_S);
	edit_prefix(&e, "fbl:");
	edit_prefix(&e, "fbl:mail:");
	res = edit_run(&e, looked_script);
	edit_end(&e);
	return res;
}

/* ---- the end ---- */

enum result fbl_end_id(struct redis *r, const struct conf *conf,
	struct slice id, struct slice who)
{
	char ref[CASE_REF_MAX];
	struct edit e;
	enum result res = case_ref_parse(id, ref);

	if (res != RES_OK)
		return res;
	edit_begin(&e, r, conf);
	edit_key(&e, "fbl:", slice_of(ref), "");
	edit_key(&e, "fbl:checks", slice_of(""), "");
	edit_key(&e, "audit", slice_of(""), "");
	edit_text(&e, slice_of(ref));
	edit_text(&e, who);
	edit_prefix(&e, "fbl:of:");
	edit_prefix(&e, "fbl:mail:");
	res = edit_run(&e, end_script);
	edit_end(&e);
	return res;
}

enum result fbl_end(struct redis *r, const struct conf *conf,
	struct slice token, char id[CASE_REF_MAX])
{
	enum result res = fbl_of_token(r, conf, TOKEN_FBL_END, token, id);

	return res == RES_OK
		? fbl_end_id(r, conf, slice_of(id), slice_of("sender"))
		: res;
}

/* ---- sending ---- */

static enum result ask_cfbl(struct edit *e, const struct filing_mailbox *m,
	struct slice address, int64_t now_ms, char id[CASE_REF_MAX])
{
	char made[CASE_REF_MAX], text[FBL_SUBJECT_MAX];
	struct fbl_subject subject;
	const size_t at = slice_find_last(address, '@');
	enum result res = fbl_subject_parse(
		slice_part(address, at + 1, address.len), &subject);

	if (res != RES_OK || subject.is_net)
		return RES_SYNTAX;
	case_ref_new(made);
	edit_key(e, "fbl:cfbl:", slice_of(m->hash), "");
	edit_text(e, slice_of(made));
	edit_number(e, now_ms);
	edit_prefix(e, "fbl:");
	edit_text(e, slice_of(fbl_subject_format(&subject, text)));
	edit_text(e, address);
	res = edit_run(e, cfbl_script);
	if (res == RES_OK &&
		case_ref_parse(redis_element(&e->reply, 1).text, id) != RES_OK)
		res = RES_CORRUPT;
	return res;
}

enum result fbl_of_cfbl(struct redis *r, const struct conf *conf,
	const struct secret *secret, struct slice address, int64_t now_ms,
	char id[CASE_REF_MAX])
{
	struct filing_mailbox mailbox;
	struct edit e;
	enum result res = filing_name(secret, address, &mailbox);

	if (res != RES_OK)
		return res;
	edit_begin(&e, r, conf);
	res = ask_cfbl(&e, &mailbox, address, now_ms, id);
	edit_end(&e);
	return res;
}

/* ":20261126" */
static void format_day(int64_t now_ms, char out[TAIL_MAX])
{
	char day[CLOCK_TEXT_MAX];

	clock_format_utc(now_ms, day);
	snprintf(out, TAIL_MAX, ":%.4s%.2s%.2s", day, day + 5, day + 8);
}

enum result fbl_take(struct redis *r, const struct conf *conf, struct slice id,
	struct slice report, int64_t now_ms, unsigned *incidents)
{
	char tail[TAIL_MAX];
	struct edit e;
	enum result res;

	format_day(now_ms, tail);
	edit_begin(&e, r, conf);
	edit_key(&e, "fbl:", id, "");
	edit_key(&e, "fbl:sent:", id, tail);
	edit_text(&e, report);
	edit_number(&e, conf->fbl.per_day);
	edit_number(&e, ALL_UP_TO);
	edit_number(&e, EACH);
	res = edit_run(&e, take_script);
	if (res == RES_OK)
		*incidents = (unsigned)redis_element(&e.reply, 1).number;
	edit_end(&e);
	return res;
}

static const char sent_script[] =
	"local f = redis.call('HMGET', KEYS[1], 'seen', 'sent', 'held')\n"
	"return {tonumber(f[1] or '0') or 0, tonumber(f[2] or '0') or 0,\n"
	"  tonumber(f[3] or '0') or 0}\n";

enum result fbl_sent(struct redis *r, const struct conf *conf, struct slice id,
	int64_t now_ms, struct fbl_sent *out)
{
	char tail[TAIL_MAX];
	struct edit e;
	enum result res;

	format_day(now_ms, tail);
	edit_begin(&e, r, conf);
	edit_key(&e, "fbl:sent:", id, tail);
	res = edit_read(&e, sent_script);
	if (res == RES_OK)
		*out = (struct fbl_sent){
			.seen = (uint64_t)redis_element(&e.reply, 0).number,
			.sent = (uint64_t)redis_element(&e.reply, 1).number,
			.held = (uint64_t)redis_element(&e.reply, 2).number,
		};
	edit_end(&e);
	return res;
}
