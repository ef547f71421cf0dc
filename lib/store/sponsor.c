/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/sponsor.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "conf/conf.h"
#include "net/cidr.h"
#include "store/edit.h"
#include "store/filing.h"
#include "store/keys.h"
#include "store/mailq.h"
#include "store/secret.h"
#include "store/token.h"

#include <stdio.h>

enum { MS_PER_S = 1000, READ_MEMORY_MAX = 8192 };

#define SCOPE_END ".mailbox.invalid"

/*
 * KEYS: sponsorship, token, mailq, quiet mailbox. ARGV: sid, now, life, letter
 * ("0": none), ref, ip, mail, language.
 */
static const char file_script[] = MAILQ_LUA_ADD
	"local sid, now, life = ARGV[1], ARGV[2], ARGV[3]\n"
	"redis.call('HSET', KEYS[1], 'ref', ARGV[5], 'ip', ARGV[6],\n"
	"  'mail', ARGV[7], 'language', ARGV[8], 'state', 'new',\n"
	"  'created', now)\n"
	"redis.call('EXPIRE', KEYS[1], life)\n"
	"if ARGV[4] == '0' or redis.call('EXISTS', KEYS[4]) == 1 then\n"
	"  return 'full'\n"
	"end\n"
	"redis.call('HSET', KEYS[2], 'purpose', 'sponsor', 'id', sid)\n"
	"redis.call('EXPIRE', KEYS[2], life)\n"
	"mailq_add(KEYS[3], 'sponsor-link', sid, '', now)\n"
	"return 'ok'\n";

/*
 * KEYS: sponsorship, token, exception, audit, the sponsor and the ticket of
 * that case. ARGV: sid, now, life, until, ref, since, prefix of tickets' keys,
 * the open tickets. The ticket's key is known only in here.
 */
static const char confirm_script[] =
	"local sid, now, life = ARGV[1], ARGV[2], ARGV[3]\n"
	"local token = redis.call('HMGET', KEYS[2], 'purpose', 'id', 'used')\n"
	"if token[1] ~= 'sponsor' or token[2] ~= sid then return 'missing' end\n"
	"local state = redis.call('HGET', KEYS[1], 'state')\n"
	"if not state then return 'missing' end\n"
	"if token[3] or state ~= 'new' then return 'exists' end\n"
	"redis.call('HSET', KEYS[2], 'used', '1')\n"
	"redis.call('HSET', KEYS[1], 'state', 'confirmed', 'until', ARGV[4])\n"
	"redis.call('EXPIRE', KEYS[1], life)\n"
	"redis.call('DEL', KEYS[3])\n"
	"redis.call('HSET', KEYS[3], 'reason', 'a recipient vouches',\n"
	"  'origin', 'sponsor', 'ref', ARGV[5], 'since', ARGV[6])\n"
	"redis.call('EXPIRE', KEYS[3], life)\n"
	"redis.call('SET', KEYS[5], sid, 'EX', life)\n"
	"redis.call('XADD', KEYS[4], 'MAXLEN', '~', "
	"'" EDIT_AUDIT_MAX "'"
	", '*',\n"
	"  'who', 'recipient', 'what', 'sponsor', 'key', KEYS[3],\n"
	"  'before', '', 'after', cjson.encode({origin = 'sponsor',\n"
	"  ref = ARGV[5], ttl_s = tonumber(life)}), 'why', '')\n"
	"local id = redis.call('GET', KEYS[6])\n"
	"if not id then return 'ok' end\n"
	"local ticket = ARGV[7] .. id\n"
	"if redis.call('EXISTS', ticket) == 0 then return 'ok' end\n"
	"redis.call('HSET', ticket, 'sponsored', '1')\n"
	"local due = tonumber(redis.call('HGET', ticket, 'due') or '0') or 0\n"
	"if due > tonumber(now) then\n"
	"  due = string.format('%.0f', now + (due - now) / 2)\n"
	"  redis.call('HSET', ticket, 'due', due)\n"
	"  redis.call('ZADD', ARGV[8], 'XX', due, id)\n"
	"end\n"
	"return 'ok'\n";

enum result sponsor_scope(
	const struct secret *s, struct slice mailbox, char out[HOSTNAME_MAX])
{
	char hash[SECRET_HASH_MAX];
	enum result res = secret_hash(s, mailbox, hash);

	out[0] = '\0';
	if (res == RES_OK)
		snprintf(out, HOSTNAME_MAX, "%s" SCOPE_END, hash);
	return res;
}

/* ---- filing ---- */

static enum result take_limits(struct redis *r, const struct conf *conf,
	int64_t now_ms, const struct sponsor_form *form, const char *mailbox,
	struct sponsor_filed *out)
{
	const struct filing_question question = {
		.client_limit = "sponsor-client",
		.mailbox_limit = "sponsor-mailbox",
		.client = form->has_client ? &form->client : NULL,
		.mailbox = slice_of(mailbox),
		.mailbox_most = conf->support.per_mailbox,
	};
	enum filing_answer answer;
	enum result res =
		filing_ask(r, conf, &question, now_ms, &answer, &out->wait_s);

	if (res == RES_OK && answer == FILING_LIMITED)
		out->filing = SPONSOR_LIMITED;
	if (res == RES_OK && answer == FILING_SILENT)
		out->filing = SPONSOR_SILENT;
	return res;
}

static enum result file_now(struct edit *e, const struct conf *conf,
	int64_t now_ms, const struct sponsor_form *form,
	struct sponsor_filed *out)
{
	char ip[IPADDR_TEXT_MAX];
	enum result res;

	edit_text(e, slice_of(out->sid));
	edit_number(e, now_ms);
	edit_number(e, conf->delist.token_s);
	edit_text(e, slice_of(out->filing == SPONSOR_FILED ? "1" : "0"));
	edit_text(e, form->ref);
	edit_text(e, slice_of(ipaddr_format(&form->ip, ip)));
	edit_text(e, form->mailbox);
	edit_text(e, form->language);
	res = edit_run(e, file_script);
	if (res != RES_FULL)
		return res;
	out->filing = SPONSOR_SILENT;
	return RES_OK;
}

enum result sponsor_file(struct redis *r, const struct conf *conf,
	const struct secret *secret, int64_t now_ms,
	const struct sponsor_form *form, struct sponsor_filed *out)
{
	struct filing_mailbox mailbox;
	char token[TOKEN_TEXT_MAX];
	struct edit e;
	enum result res;

	*out = (struct sponsor_filed){ .filing = SPONSOR_FILED };
	case_ref_new(out->sid);
	res = filing_name(secret, form->mailbox, &mailbox);
	if (res == RES_OK)
		res = token_make(
			secret, TOKEN_SPONSOR, slice_of(out->sid), token);
	if (res == RES_OK)
		res = take_limits(r, conf, now_ms, form, mailbox.hash, out);
	if (res != RES_OK || out->filing == SPONSOR_LIMITED)
		return res;
	edit_begin(&e, r, conf);
	edit_key(&e, "sponsor:", slice_of(out->sid), "");
	edit_token(&e, token);
	edit_key(&e, "mailq", slice_of(""), "");
	edit_key(&e, "delist:quiet:", slice_of(mailbox.hash), "");
	res = file_now(&e, conf, now_ms, form, out);
	edit_end(&e);
	return res;
}

/* ---- reading ---- */

static enum result copy_texts(struct arena *a, const struct redis_reply *fields,
	struct sponsorship *out)
{
	struct slice until = redis_element(fields, 5).text;
	struct slice ref = redis_element(fields, 0).text;
	uint64_t ms = 0;

	if (fields->type != REDIS_ARRAY ||
		redis_element(fields, 4).type == REDIS_NIL)
		return RES_MISSING;
	if (case_ref_parse(ref, out->ref) != RES_OK ||
		ipaddr_parse(&out->ip, redis_element(fields, 1).text) != RES_OK)
		return RES_CORRUPT;
	out->is_confirmed = slice_is_equal(
		redis_element(fields, 4).text, slice_of("confirmed"));
	if (slice_parse_u64(until, 0, INT64_MAX, &ms) == RES_OK)
		out->until_ms = (int64_t)ms;
	if (arena_copy(a, redis_element(fields, 2).text, &out->mailbox) !=
			RES_OK ||
		arena_copy(a, redis_element(fields, 3).text, &out->language) !=
			RES_OK)
		return RES_NOMEM;
	return RES_OK;
}

enum result sponsor_read(struct redis *r, const struct conf *conf,
	struct slice sid, struct arena *a, struct sponsorship *out)
{
	struct redis_reply reply;
	struct buf key;
	enum result res;

	*out = (struct sponsorship){ 0 };
	if (case_ref_parse(sid, out->sid) != RES_OK)
		return RES_SYNTAX;
	buf_init(&key, LIST_NAME_MAX);
	keys_format(&key, slice_of(conf->redis.prefix),
		"sponsor:", slice_of(out->sid));
	const struct slice argv[] = { slice_of("HMGET"), buf_slice(&key),
		slice_of("ref"), slice_of("ip"), slice_of("mail"),
		slice_of("language"), slice_of("state"), slice_of("until") };

	res = redis_command(r, argv, sizeof(argv) / sizeof(argv[0]), &reply);
	if (res == RES_OK)
		res = reply.type == REDIS_ERROR ? redis_error_kind(reply.text)
						: copy_texts(a, &reply, out);
	buf_clear(&key);
	return res;
}

enum result sponsor_find(struct redis *r, const struct conf *conf,
	struct slice token, char sid[CASE_REF_MAX])
{
	char folded[TOKEN_TEXT_MAX];

	if (token_parse(token, folded) != RES_OK)
		return RES_MISSING;
	return filing_find(
		r, conf, folded, token_purpose_name(TOKEN_SPONSOR), sid);
}

/* ---- the link of the letter ---- */

/* The key of the exception, behind the prefix. */
static enum result add_exception_key(struct edit *e,
	const struct secret *secret, const struct sponsorship *s)
{
	struct list_name name = { .kind = LIST_ALLOW,
		.subject = SUBJECT_NET,
		.net = cidr_around(&s->ip, 128) };
	char key[LIST_NAME_MAX];
	enum result res = sponsor_scope(secret, s->mailbox, name.scope);

	if (res != RES_OK)
		return res;
	if (list_name_format(&name, slice_of(""), key) == 0)
		return RES_TOOBIG;
	edit_key(e, key, slice_of(""), "");
	return RES_OK;
}

static enum result confirm_now(struct edit *e, const struct conf *conf,
	int64_t now_ms, const struct sponsorship *s)
{
	char since[CLOCK_TEXT_MAX];
	struct buf open, tickets;
	enum result res;

	buf_init(&open, LIST_NAME_MAX);
	buf_init(&tickets, LIST_NAME_MAX);
	keys_format(&tickets, e->prefix, "ticket:", slice_of(""));
	keys_format(&open, e->prefix, "ticket:open", slice_of(""));
	edit_text(e, slice_of(s->sid));
	edit_number(e, now_ms);
	edit_number(e, conf->support.sponsor_s);
	edit_number(e, now_ms + (int64_t)conf->support.sponsor_s * MS_PER_S);
	edit_text(e, slice_of(s->ref));
	edit_text(e, slice_of(clock_format_utc(now_ms, since)));
	edit_text(e, buf_slice(&tickets));
	edit_text(e, buf_slice(&open));
	res = edit_run(e, confirm_script);
	buf_clear(&open);
	buf_clear(&tickets);
	return res;
}

static enum result confirm_read(struct redis *r, const struct conf *conf,
	const struct secret *secret, const char *token,
	const struct sponsorship *s, int64_t now_ms)
{
	struct edit e;
	enum result res;

	edit_begin(&e, r, conf);
	edit_key(&e, "sponsor:", slice_of(s->sid), "");
	edit_token(&e, token);
	res = add_exception_key(&e, secret, s);
	edit_key(&e, "audit", slice_of(""), "");
	edit_key(&e, "sponsor:of:", slice_of(s->ref), "");
	edit_key(&e, "ticket:of:", slice_of(s->ref), "");
	if (res == RES_OK)
		res = confirm_now(&e, conf, now_ms, s);
	edit_end(&e);
	return res;
}

enum result sponsor_confirm(struct redis *r, const struct conf *conf,
	const struct secret *secret, struct slice token, int64_t now_ms,
	char sid[CASE_REF_MAX])
{
	char folded[TOKEN_TEXT_MAX];
	struct sponsorship s;
	struct arena *a;
	enum result res = sponsor_find(r, conf, token, sid);

	if (res == RES_OK && token_parse(token, folded) != RES_OK)
		res = RES_MISSING;
	if (res != RES_OK)
		return res;
	a = arena_new(READ_MEMORY_MAX);
	if (a == NULL)
		return RES_NOMEM;
	res = sponsor_read(r, conf, slice_of(sid), a, &s);
	if (res == RES_OK)
		res = confirm_read(r, conf, secret, folded, &s, now_ms);
	arena_free(a);
	return res;
}
