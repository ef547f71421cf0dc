/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/ticket.h"

#include "base/arena.h"
#include "base/buf.h"
#include "conf/conf.h"
#include "store/edit.h"
#include "store/filing.h"
#include "store/keys.h"
#include "store/mailq.h"
#include "store/secret.h"
#include "store/tagged.h"
#include "store/ticketread.h"

#include <stdio.h>

enum { LIST_MEMORY_MAX = 1024 * 1024, MS_PER_S = 1000 };

#define ALL_MAX "20000" /* of the index */

/* ---- names and moves ---- */

static const char *const names[] = {
	[TICKET_UNKNOWN] = "unknown",
	[TICKET_NEW] = "new",
	[TICKET_OPEN] = "open",
	[TICKET_WAITING] = "waiting",
	[TICKET_ESCALATED] = "escalated",
	[TICKET_RESOLVED] = "resolved",
	[TICKET_CLOSED] = "closed",
	[TICKET_REOPENED] = "reopened",
	[TICKET_SPAM] = "spam",
};

enum { NAMES = sizeof(names) / sizeof(names[0]) };

const char *ticket_state_name(enum ticket_state s)
{
	return (size_t)s < NAMES ? names[s] : names[TICKET_UNKNOWN];
}

bool ticket_state_parse(struct slice word, enum ticket_state *out)
{
	for (size_t i = TICKET_NEW; i < NAMES; i++)
		if (slice_is_equal_nocase(word, slice_of(names[i]))) {
			*out = (enum ticket_state)i;
			return true;
		}
	return false;
}

bool ticket_is_ours(enum ticket_state s)
{
	return s == TICKET_OPEN || s == TICKET_ESCALATED ||
		s == TICKET_REOPENED;
}

/* What a message does: TICKET_UNKNOWN in "to" stands for the sender's. All that
 * is not here is not allowed. */
static const struct move {
	enum ticket_state to;
	enum ticket_state from;
	enum ticket_state becomes;
} moves[] = {
	{ TICKET_UNKNOWN, TICKET_OPEN, TICKET_OPEN },
	{ TICKET_UNKNOWN, TICKET_WAITING, TICKET_OPEN },
	{ TICKET_UNKNOWN, TICKET_ESCALATED, TICKET_ESCALATED },
	{ TICKET_UNKNOWN, TICKET_REOPENED, TICKET_REOPENED },
	{ TICKET_UNKNOWN, TICKET_RESOLVED, TICKET_REOPENED },
	{ TICKET_UNKNOWN, TICKET_CLOSED, TICKET_REOPENED },
	{ TICKET_WAITING, TICKET_OPEN, TICKET_WAITING },
	{ TICKET_WAITING, TICKET_WAITING, TICKET_WAITING },
	{ TICKET_WAITING, TICKET_ESCALATED, TICKET_WAITING },
	{ TICKET_WAITING, TICKET_REOPENED, TICKET_WAITING },
	{ TICKET_WAITING, TICKET_RESOLVED, TICKET_WAITING },
	{ TICKET_WAITING, TICKET_CLOSED, TICKET_WAITING },
	{ TICKET_ESCALATED, TICKET_OPEN, TICKET_ESCALATED },
	{ TICKET_ESCALATED, TICKET_WAITING, TICKET_ESCALATED },
	{ TICKET_ESCALATED, TICKET_ESCALATED, TICKET_ESCALATED },
	{ TICKET_ESCALATED, TICKET_REOPENED, TICKET_ESCALATED },
	{ TICKET_RESOLVED, TICKET_OPEN, TICKET_RESOLVED },
	{ TICKET_RESOLVED, TICKET_WAITING, TICKET_RESOLVED },
	{ TICKET_RESOLVED, TICKET_ESCALATED, TICKET_RESOLVED },
	{ TICKET_RESOLVED, TICKET_REOPENED, TICKET_RESOLVED },
	{ TICKET_RESOLVED, TICKET_RESOLVED, TICKET_RESOLVED },
	{ TICKET_RESOLVED, TICKET_CLOSED, TICKET_RESOLVED },
	{ TICKET_CLOSED, TICKET_NEW, TICKET_CLOSED },
	{ TICKET_CLOSED, TICKET_OPEN, TICKET_CLOSED },
	{ TICKET_CLOSED, TICKET_WAITING, TICKET_CLOSED },
	{ TICKET_CLOSED, TICKET_ESCALATED, TICKET_CLOSED },
	{ TICKET_CLOSED, TICKET_REOPENED, TICKET_CLOSED },
	{ TICKET_CLOSED, TICKET_RESOLVED, TICKET_CLOSED },
	{ TICKET_SPAM, TICKET_NEW, TICKET_SPAM },
	{ TICKET_SPAM, TICKET_OPEN, TICKET_SPAM },
	{ TICKET_SPAM, TICKET_WAITING, TICKET_SPAM },
	{ TICKET_SPAM, TICKET_ESCALATED, TICKET_SPAM },
	{ TICKET_SPAM, TICKET_REOPENED, TICKET_SPAM },
	{ TICKET_SPAM, TICKET_RESOLVED, TICKET_SPAM },
	{ TICKET_SPAM, TICKET_CLOSED, TICKET_SPAM },
};

/* ---- scripts ---- */

/* For each of them: a message for the log, and the audit. */
#define LUA_COMMON                                                       \
	MAILQ_LUA_ADD                                                    \
	"local function say(log, at, who, text, state)\n"                \
	"  redis.call('RPUSH', log, cjson.encode({at = at, who = who,\n" \
	"    text = text, state = state}))\n"                            \
	"end\n"                                                          \
	"local function audit(stream, who, key, before, after)\n"        \
	"  redis.call('XADD', stream, 'MAXLEN', '~', " EDIT_AUDIT_MAX    \
	", '*',\n"                                                       \
	"    'who', who, 'what', 'ticket', 'key', key,\n"                \
	"    'before', before, 'after', after, 'why', '')\n"             \
	"end\n"                                                          \
	"local function live(life, ...)\n"                               \
	"  for _, key in ipairs({...}) do\n"                             \
	"    if life == 0 then redis.call('PERSIST', key)\n"             \
	"    else redis.call('EXPIRE', key, life) end\n"                 \
	"  end\n"                                                        \
	"end\n"

/*
 * KEYS: ticket, log, open, all, mailq, audit, the ticket of that rid, of that
 * ref, the sponsor of that ref, the quiet mailbox, and the token.
 * ARGV: id, now, state, due, life, life of the token ("0": no letter), life of
 * what is "of", mail, language, subject, text, ref, rid, ip, Message-ID.
 */
static const char file_script[] = LUA_COMMON
	"local id, now, state, due = ARGV[1], ARGV[2], ARGV[3], ARGV[4]\n"
	"local ref, rid = ARGV[12], ARGV[13]\n"
	"if rid ~= '' then\n"
	"  local was = redis.call('GET', KEYS[7])\n"
	"  if was then return {'exists', was} end\n"
	"  redis.call('SET', KEYS[7], id, 'EX', ARGV[7])\n"
	"end\n"
	"redis.call('HSET', KEYS[1], 'state', state, 'created', now,\n"
	"  'changed', now, 'due', due, 'mail', ARGV[8], 'language', ARGV[9],\n"
	"  'subject', ARGV[10], 'ref', ref, 'rid', rid, 'ip', ARGV[14])\n"
	"if ref ~= '' then\n"
	"  redis.call('SET', KEYS[8], id, 'EX', ARGV[7])\n"
	"  if redis.call('EXISTS', KEYS[9]) == 1 then\n"
	"    redis.call('HSET', KEYS[1], 'sponsored', '1')\n"
	"  end\n"
	"end\n"
	"if ARGV[15] ~= '' then\n"
	"  redis.call('HSET', KEYS[1], 'seen:' .. redis.sha1hex(ARGV[15]), '1')\n"
	"end\n"
	"say(KEYS[2], now, '', ARGV[11], state)\n"
	"live(tonumber(ARGV[5]), KEYS[1], KEYS[2])\n"
	"redis.call('ZADD', KEYS[4], now, id)\n"
	"redis.call('ZREMRANGEBYRANK', KEYS[4], 0, -1 - " ALL_MAX ")\n"
	"if state == 'open' then\n"
	"  audit(KEYS[6], 'portal', KEYS[1], '', state)\n"
	"  redis.call('ZADD', KEYS[3], due, id)\n"
	"  mailq_add(KEYS[5], 'ticket-admin', id, '0', now)\n"
	"  return {'ok', id}\n"
	"end\n"
	"if ARGV[6] == '0' or redis.call('EXISTS', KEYS[10]) == 1 then\n"
	"  return {'full', id}\n"
	"end\n"
	"redis.call('HSET', KEYS[11], 'purpose', 'ticket', 'id', id)\n"
	"redis.call('EXPIRE', KEYS[11], ARGV[6])\n"
	"mailq_add(KEYS[5], 'ticket-link', id, '', now)\n"
	"return {'ok', id}\n";

/*
 * A token stays to its end, so that who follows the link once more is led to
 * his ticket; it is "used".
 * KEYS: ticket, log, open, token, mailq, audit. ARGV: id, now, due.
 */
static const char confirm_script[] = LUA_COMMON
	"local id, now, due = ARGV[1], ARGV[2], ARGV[3]\n"
	"local token = redis.call('HMGET', KEYS[4], 'purpose', 'id', 'used')\n"
	"if token[1] ~= 'ticket' or token[2] ~= id then return 'missing' end\n"
	"local state = redis.call('HGET', KEYS[1], 'state')\n"
	"if not state then return 'missing' end\n"
	"if token[3] or state ~= 'new' then return 'exists' end\n"
	"redis.call('HSET', KEYS[4], 'used', '1')\n"
	"redis.call('HSET', KEYS[1], 'state', 'open', 'changed', now,\n"
	"  'due', due)\n"
	"live(0, KEYS[1], KEYS[2])\n"
	"redis.call('ZADD', KEYS[3], due, id)\n"
	"mailq_add(KEYS[5], 'ticket-admin', id, '0', now)\n"
	"audit(KEYS[6], 'sender', KEYS[1], 'new', 'open')\n"
	"return 'ok'\n";

/*
 * KEYS: ticket, log, open, mailq, audit. ARGV: id, now, who, text, outcome,
 * Message-ID, close, reopen and review (ms), most messages, life, then pairs of
 * a state and what it becomes.
 */
static const char add_script[] = LUA_COMMON
	"local id, now, who, text = ARGV[1], ARGV[2], ARGV[3], ARGV[4]\n"
	"local f = redis.call('HMGET', KEYS[1], 'state', 'ended', 'due')\n"
	"local before, at = f[1], tonumber(now)\n"
	"local ended = tonumber(f[2] or '0') or 0\n"
	"if not before then return 'missing' end\n"
	"local seen = 'seen:' .. redis.sha1hex(ARGV[6])\n"
	"if ARGV[6] ~= '' and redis.call('HEXISTS', KEYS[1], seen) == 1 then\n"
	"  return 'ok'\n"
	"end\n"
	"local over = before == 'resolved' or before == 'closed'\n"
	"if before == 'resolved' and at >= ended + ARGV[7] then\n"
	"  before = 'closed'\n"
	"end\n"
	"local after\n"
	"for i = 12, #ARGV, 2 do\n"
	"  if ARGV[i] == before then after = ARGV[i + 1] end\n"
	"end\n"
	"if not after then return 'denied' end\n"
	"local count = redis.call('LLEN', KEYS[2])\n"
	"if who == '' then\n"
	"  if over and at > ended + ARGV[8] then return 'denied' end\n"
	"  if count >= tonumber(ARGV[10]) then return 'full' end\n"
	"end\n"
	"say(KEYS[2], now, who, text, after)\n"
	"local mine = after == 'open' or after == 'reopened' or\n"
	"  after == 'escalated'\n"
	"local due = '0'\n"
	"if mine then\n"
	"  due = f[3] or '0'\n"
	"  if due == '0' then\n"
	"    due = string.format('%.0f', at + ARGV[9])\n"
	"  end\n"
	"  redis.call('ZADD', KEYS[3], due, id)\n"
	"else\n"
	"  redis.call('ZREM', KEYS[3], id)\n"
	"end\n"
	"redis.call('HSET', KEYS[1], 'state', after, 'changed', now,\n"
	"  'due', due)\n"
	"if ARGV[6] ~= '' then redis.call('HSET', KEYS[1], seen, '1') end\n"
	"if after == 'resolved' or after == 'closed' then\n"
	"  redis.call('HSET', KEYS[1], 'ended', now)\n"
	"end\n"
	"if after == 'resolved' then\n"
	"  redis.call('HSET', KEYS[1], 'outcome', ARGV[5])\n"
	"elseif after ~= 'closed' then\n"
	"  redis.call('HDEL', KEYS[1], 'outcome')\n"
	"end\n"
	"live(mine and 0 or tonumber(ARGV[11]), KEYS[1], KEYS[2])\n"
	"if who == '' then\n"
	"  mailq_add(KEYS[4], 'ticket-admin', id, tostring(count), now)\n"
	"elseif before ~= 'new' and after ~= 'spam' and\n"
	"  (text ~= '' or after == 'resolved') then\n"
	"  mailq_add(KEYS[4], 'ticket-answer', id, tostring(count), now)\n"
	"end\n"
	"audit(KEYS[5], who ~= '' and who or 'sender', KEYS[1], before, after)\n"
	"return 'ok'\n";

/* KEYS: ticket, log. Every message as a list, so that nobody here reads JSON;
 * what is none is left out. */
static const char read_script[] =
	"local out = {}\n"
	"for i, line in ipairs(redis.call('LRANGE', KEYS[2], 0, -1)) do\n"
	"  local good, m = pcall(cjson.decode, line)\n"
	"  if good and type(m) == 'table' then\n"
	"    out[#out + 1] = {tostring(m.at or '0'), tostring(m.who or ''),\n"
	"      tostring(m.text or ''), tostring(m.state or '')}\n"
	"  end\n"
	"end\n"
	"return {redis.call('HGETALL', KEYS[1]), out}\n";

/* ---- filing ---- */

static int64_t due_ms(const struct conf *conf, int64_t now_ms)
{
	return now_ms + (int64_t)conf->delist.review_s * MS_PER_S;
}

/* How long a ticket is kept that nobody of us has to answer. */
static int64_t life_s(const struct conf *conf)
{
	return (int64_t)conf->support.keep_s + conf->support.reopen_s;
}

static void ticket_keys(struct edit *e, struct slice id)
{
	edit_key(e, "ticket:", id, "");
	edit_key(e, "ticket:", id, ":log");
}

static void index_keys(struct edit *e)
{
	edit_key(e, "ticket:", slice_of("open"), "");
	edit_key(e, "ticket:", slice_of("all"), "");
}

static void file_keys(struct edit *e, const struct ticket_form *form,
	const char *id, const char *mailbox, const char *token)
{
	ticket_keys(e, slice_of(id));
	index_keys(e);
	edit_key(e, "mailq", slice_of(""), "");
	edit_key(e, "audit", slice_of(""), "");
	edit_key(e, "ticket:of:", form->rid, "");
	edit_key(e, "ticket:of:", form->ref, "");
	edit_key(e, "sponsor:of:", form->ref, "");
	edit_key(e, "delist:quiet:", slice_of(mailbox), "");
	edit_token(e, token);
}

static void file_args(struct edit *e, const struct conf *conf, int64_t now_ms,
	const struct ticket_form *form, const struct ticket_filed *filed)
{
	bool is_open = form->rid.len > 0;

	edit_text(e, slice_of(filed->id));
	edit_number(e, now_ms);
	edit_text(e, slice_of(names[is_open ? TICKET_OPEN : TICKET_NEW]));
	edit_number(e, is_open ? due_ms(conf, now_ms) : 0);
	edit_number(e, is_open ? 0 : conf->delist.token_s);
	edit_number(e,
		is_open || filed->filing != TICKET_FILED
			? 0
			: conf->delist.token_s);
	edit_number(e, life_s(conf));
	edit_text(e, form->mail);
	edit_text(e, form->language);
	edit_text(e, form->subject);
	edit_text(e, form->text);
	edit_text(e, form->ref);
	edit_text(e, form->rid);
	edit_text(e, form->ip);
	edit_text(e, form->message_id);
}

/* RES_EXISTS and RES_FULL are answers, too. */
static enum result file_now(struct redis *r, const struct conf *conf,
	int64_t now_ms, const struct ticket_form *form,
	struct ticket_filed *out, const char *mailbox, const char *token)
{
	struct edit e;
	enum result res;

	edit_begin(&e, r, conf);
	file_keys(&e, form, out->id, mailbox, token);
	file_args(&e, conf, now_ms, form, out);
	res = edit_run(&e, file_script);
	if (res == RES_FULL)
		out->filing = TICKET_SILENT;
	if (res == RES_EXISTS)
		snprintf(out->id, sizeof(out->id), "%.*s",
			SLICE_ARG(redis_element(&e.reply, 1).text));
	edit_end(&e);
	return res == RES_FULL || res == RES_EXISTS ? RES_OK : res;
}

static enum result take_limits(struct redis *r, const struct conf *conf,
	int64_t now_ms, const struct ticket_form *form,
	const struct filing_mailbox *mailbox, struct ticket_filed *out)
{
	const struct filing_question question = {
		.client_limit = "ticket-client",
		.mailbox_limit = "ticket-mailbox",
		.client = form->has_client ? &form->client : NULL,
		.mailbox = slice_of(mailbox->hash),
		.mailbox_most = conf->support.per_mailbox,
		.domain_limit = "ticket-domain",
		.domain = mailbox_domain(slice_of(mailbox->name)),
	};
	enum filing_answer answer;
	enum result res =
		filing_ask(r, conf, &question, now_ms, &answer, &out->wait_s);

	if (res == RES_OK && answer == FILING_LIMITED)
		out->filing = TICKET_LIMITED;
	if (res == RES_OK && answer == FILING_SILENT)
		out->filing = TICKET_SILENT;
	return res;
}

enum result ticket_file(struct redis *r, const struct conf *conf,
	const struct secret *secret, int64_t now_ms,
	const struct ticket_form *form, struct ticket_filed *out)
{
	struct filing_mailbox mailbox;
	char token[TOKEN_TEXT_MAX];
	enum result res;

	*out = (struct ticket_filed){ .filing = TICKET_FILED };
	if (form->text.len > conf->support.text_max)
		return RES_TOOBIG;
	case_ref_new(out->id);
	res = filing_name(secret, form->mail, &mailbox);
	if (res == RES_OK)
		res = token_make(
			secret, TOKEN_TICKET, slice_of(out->id), token);
	if (res == RES_OK && form->rid.len == 0)
		res = take_limits(r, conf, now_ms, form, &mailbox, out);
	if (res == RES_OK && out->filing != TICKET_LIMITED)
		res = file_now(r, conf, now_ms, form, out, mailbox.hash, token);
	return res;
}

/* ---- the link of the letter ---- */

enum result ticket_find(struct redis *r, const struct conf *conf,
	struct slice token, char id[CASE_REF_MAX])
{
	char folded[TOKEN_TEXT_MAX];

	if (token_parse(token, folded) != RES_OK)
		return RES_MISSING;
	return filing_find(
		r, conf, folded, token_purpose_name(TOKEN_TICKET), id);
}

enum result ticket_confirm(struct redis *r, const struct conf *conf,
	struct slice token, int64_t now_ms, char id[CASE_REF_MAX])
{
	char folded[TOKEN_TEXT_MAX];
	struct edit e;
	enum result res = ticket_find(r, conf, token, id);

	if (res == RES_OK && token_parse(token, folded) != RES_OK)
		res = RES_MISSING;
	if (res != RES_OK)
		return res;
	edit_begin(&e, r, conf);
	ticket_keys(&e, slice_of(id));
	edit_key(&e, "ticket:", slice_of("open"), "");
	edit_token(&e, folded);
	edit_key(&e, "mailq", slice_of(""), "");
	edit_key(&e, "audit", slice_of(""), "");
	edit_text(&e, slice_of(id));
	edit_number(&e, now_ms);
	edit_number(&e, due_ms(conf, now_ms));
	res = edit_run(&e, confirm_script);
	edit_end(&e);
	return res;
}

/* ---- a message ---- */

static bool may_go_to(enum ticket_state to)
{
	return to == TICKET_WAITING || to == TICKET_ESCALATED ||
		to == TICKET_RESOLVED || to == TICKET_CLOSED ||
		to == TICKET_SPAM;
}

static void add_args(struct edit *e, const struct conf *conf, const char *id,
	const struct ticket_entry *entry, int64_t now_ms)
{
	bool is_ours = entry->who.len > 0;

	edit_text(e, slice_of(id));
	edit_number(e, now_ms);
	edit_text(e, entry->who);
	edit_text(e, entry->text);
	edit_text(e, entry->outcome);
	edit_text(e, entry->message_id);
	edit_number(e, (int64_t)conf->support.close_s * MS_PER_S);
	edit_number(e, (int64_t)conf->support.reopen_s * MS_PER_S);
	edit_number(e, (int64_t)conf->delist.review_s * MS_PER_S);
	edit_number(e, conf->support.messages_max);
	edit_number(e, life_s(conf));
	for (size_t i = 0; i < sizeof(moves) / sizeof(moves[0]); i++) {
		if (moves[i].to != (is_ours ? entry->to : TICKET_UNKNOWN))
			continue;
		edit_text(e, slice_of(names[moves[i].from]));
		edit_text(e, slice_of(names[moves[i].becomes]));
	}
}

enum result ticket_add(struct redis *r, const struct conf *conf,
	const struct ticket_entry *entry, int64_t now_ms)
{
	char id[CASE_REF_MAX];
	struct edit e;
	enum result res;

	if (case_ref_parse(entry->id, id) != RES_OK)
		return RES_SYNTAX;
	if (entry->who.len > 0 && !may_go_to(entry->to))
		return RES_DENIED;
	if (entry->text.len > conf->support.text_max)
		return RES_TOOBIG;
	edit_begin(&e, r, conf);
	ticket_keys(&e, slice_of(id));
	edit_key(&e, "ticket:", slice_of("open"), "");
	edit_key(&e, "mailq", slice_of(""), "");
	edit_key(&e, "audit", slice_of(""), "");
	add_args(&e, conf, id, entry, now_ms);
	res = edit_run(&e, add_script);
	edit_end(&e);
	return res;
}

/* ---- reading ---- */

enum result ticket_read(struct redis *r, const struct conf *conf,
	struct slice id, int64_t now_ms, struct arena *a, struct ticket *out)
{
	struct redis_reply fields, messages;
	struct edit e;
	enum result res;

	*out = (struct ticket){ 0 };
	if (case_ref_parse(id, out->id) != RES_OK)
		return RES_SYNTAX;
	edit_begin(&e, r, conf);
	ticket_keys(&e, slice_of(out->id));
	res = edit_read(&e, read_script);
	if (res == RES_OK) {
		fields = redis_element(&e.reply, 0);
		messages = redis_element(&e.reply, 1);
		res = ticketread_reply(out, &fields, &messages, a);
	}
	edit_end(&e);
	if (res == RES_OK)
		ticketread_time(out, conf, now_ms);
	return res;
}

/* ---- the index ---- */

/* One that is gone, or no ticket at all, is passed over. */
static enum result list_one(struct redis *r, const struct conf *conf,
	const struct ticket_listing *how, struct slice id, int64_t now_ms,
	size_t *found)
{
	struct ticket t = { 0 };
	struct arena *a = NULL;
	struct redis_reply reply;
	struct buf key;
	enum result res;

	if (case_ref_parse(id, t.id) != RES_OK)
		return RES_OK;
	a = arena_new(LIST_MEMORY_MAX);
	if (a == NULL)
		return RES_NOMEM;
	buf_init(&key, LIST_NAME_MAX);
	keys_format(
		&key, slice_of(conf->redis.prefix), "ticket:", slice_of(t.id));
	const struct slice argv[] = { slice_of("HGETALL"), buf_slice(&key) };

	res = redis_command(r, argv, 2, &reply);
	if (res == RES_OK && ticketread_reply(&t, &reply, NULL, a) == RES_OK) {
		ticketread_time(&t, conf, now_ms);
		if (how->state == TICKET_UNKNOWN || how->state == t.state) {
			how->each(how->ctx, &t);
			(*found)++;
		}
	}
	buf_clear(&key);
	arena_free(a);
	return res;
}

/* The IDs, newest first, as one text of ID by ID. */
static enum result read_index(
	struct redis *r, const struct conf *conf, struct buf *ids)
{
	struct redis_reply reply;
	struct buf key;
	enum result res;

	buf_init(&key, LIST_NAME_MAX);
	keys_format(
		&key, slice_of(conf->redis.prefix), "ticket:all", slice_of(""));
	const struct slice argv[] = { slice_of("ZREVRANGE"), buf_slice(&key),
		slice_of("0"), slice_of("-1") };

	res = redis_command(r, argv, 4, &reply);
	buf_clear(&key);
	if (res != RES_OK)
		return res;
	if (reply.type == REDIS_ERROR)
		return redis_error_kind(reply.text);
	for (size_t i = 0; i < reply.count; i++) {
		buf_add(ids, redis_element(&reply, i).text);
		buf_add_char(ids, ' ');
	}
	return buf_result(ids);
}

enum result ticket_list(struct redis *r, const struct conf *conf,
	const struct ticket_listing *how, int64_t now_ms)
{
	struct slice rest, id;
	struct buf ids;
	enum result res;
	size_t found = 0;

	buf_init(&ids, LIST_MEMORY_MAX);
	res = read_index(r, conf, &ids);
	rest = buf_slice(&ids);
	while (res == RES_OK && found < how->most && slice_cut(&rest, ' ', &id))
		res = list_one(r, conf, how, id, now_ms, &found);
	buf_clear(&ids);
	return res;
}

/* ---- addresses ---- */

enum result ticket_address(const struct secret *s, struct slice id,
	const char *host, char out[TICKET_ADDRESS_MAX])
{
	return tagged_format(s, TAGGED_TICKET, id, host, out);
}

enum result ticket_address_parse(
	const struct secret *s, struct slice local, char id[CASE_REF_MAX])
{
	return tagged_parse(s, TAGGED_TICKET, local, id);
}
