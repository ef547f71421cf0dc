/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/delist.h"

#include "base/buf.h"
#include "conf/conf.h"
#include "mail/mailbox.h"
#include "store/delistcore.h"
#include "store/limit.h"
#include "store/mailq.h"

#include <string.h>

enum {
	HOUR_S = 3600,
	DAY_S = 86400,
	NO_BOUND = 1 << 30 /* of what is only counted */
};

/*
 * KEYS: request, open, quiet, requests, mailq, mailq:slow, three tokens, then
 * two for each limit: client, all, mailbox, domain, network.
 * ARGV: now, RID, mailbox ("" for no mail), expires, token_s, life of the
 * request, busy_at, queue_at, is_worked, most that may wait, most that are
 * remembered, the visitor, three for each limit, then fields and values.
 * Answers a word, a RID, milliseconds. It asks for nothing that tells whether
 * the address is listed.
 */
static const char file_text[] = LIMIT_LUA MAILQ_LUA_ADD
	"local now, rid, mailbox = tonumber(ARGV[1]), ARGV[2], ARGV[3]\n"
	"local limit = {}\n"
	"for i = 1, 5 do limit[i] = limit_at(8 + 2 * i, 10 + 3 * i) end\n"
	"local wait = limit_wait(limit[1])\n"
	"if wait > 0 then return {'limited', '', wait} end\n"
	"local open = redis.call('HMGET', KEYS[2], 'rid', 'mailbox',\n"
	"  'expires', 'client')\n"
	"local is_open = open[1] and tonumber(open[3] or '0') > now\n"
	"if mailbox ~= '' and is_open and open[2] == mailbox and\n"
	"  open[4] == ARGV[12] then\n"
	"  limit_add(limit[1])\n"
	"  return {'repeated', open[1], 0}\n"
	"end\n"
	"local waiting = redis.call('XLEN', KEYS[5])\n"
	"  + redis.call('XLEN', KEYS[6])\n"
	"if waiting >= tonumber(ARGV[10]) then return {'full', '', 0} end\n"
	"local used = limit_used(limit[2])\n"
	"local is_slow = used >= tonumber(ARGV[8])\n"
	"  or (used >= tonumber(ARGV[7]) and ARGV[9] ~= '1')\n"
	"limit_add(limit[1])\n"
	"limit_add(limit[2])\n"
	"local quiet = tonumber(redis.call('GET', KEYS[3]) or '0')\n"
	"local has_letter = mailbox ~= '' and not is_open and quiet <= now\n"
	"for i = 3, 5 do\n"
	"  has_letter = has_letter and limit_wait(limit[i]) == 0\n"
	"end\n"
	"redis.call('HSET', KEYS[1], 'letter', has_letter and '1' or '0',\n"
	"  unpack(ARGV, 28))\n"
	"redis.call('EXPIRE', KEYS[1], ARGV[6])\n"
	"local function token(key, purpose)\n"
	"  redis.call('HSET', key, 'purpose', purpose, 'id', rid)\n"
	"  redis.call('EXPIRE', key, ARGV[5])\n"
	"end\n"
	"token(KEYS[8], 'address')\n"
	"if has_letter then\n"
	"  for i = 3, 5 do limit_add(limit[i]) end\n"
	"  token(KEYS[7], 'mail')\n"
	"  token(KEYS[9], 'cancel')\n"
	"  redis.call('HSET', KEYS[2], 'rid', rid, 'mailbox', mailbox,\n"
	"    'expires', ARGV[4], 'client', ARGV[12])\n"
	"  redis.call('EXPIRE', KEYS[2], ARGV[5])\n"
	"  mailq_add(is_slow and KEYS[6] or KEYS[5], 'confirm', rid, '',\n"
	"    ARGV[1])\n"
	"end\n"
	"redis.call('ZADD', KEYS[4], ARGV[1], rid)\n"
	"redis.call('EXPIRE', KEYS[4], ARGV[6])\n"
	"redis.call('ZREMRANGEBYSCORE', KEYS[4], '-inf',\n"
	"  string.format('(%.0f', now - 1000 * ARGV[6]))\n"
	"redis.call('ZREMRANGEBYRANK', KEYS[4], 0, -1 - ARGV[11])\n"
	"if mailbox ~= '' and not has_letter then return {'silent', rid, 0} end\n"
	"if has_letter and is_slow then return {'later', rid, 0} end\n"
	"return {'filed', rid, 0}\n";

/* What a form means, in the words of Redis. */
struct filing {
	const struct conf *conf;
	const struct delist_form *form;
	int64_t now_ms;
	struct delist_base base;
	char mailbox[MAILBOX_TEXT_MAX]; /* its name */
	struct slice domain; /* in it */
	char client[CIDR_TEXT_MAX];
	char ip[IPADDR_TEXT_MAX];
	int64_t expires_ms;
};

/* One mailbox in all its spellings. */
static enum result name_mailbox(struct filing *f, const struct secret *secret)
{
	enum result res;

	if (f->form->mail.len == 0)
		return RES_OK;
	res = mailbox_name(f->form->mail, f->mailbox);
	if (res != RES_OK)
		return res;
	f->domain = mailbox_domain(slice_of(f->mailbox));
	return secret_hash(secret, slice_of(f->mailbox), f->base.mailbox);
}

static enum result name_tokens(struct filing *f, const struct secret *secret)
{
	static const enum token_purpose purposes[DELIST_TOKENS] = { TOKEN_MAIL,
		TOKEN_ADDRESS, TOKEN_CANCEL };
	enum result res = RES_OK;

	for (size_t i = 0; i < DELIST_TOKENS && res == RES_OK; i++) {
		char token[TOKEN_TEXT_MAX];
		struct buf key;

		buf_init(&key, 128);
		res = token_make(
			secret, purposes[i], slice_of(f->base.rid), token);
		if (res == RES_OK)
			res = token_key(token, slice_of(""), &key);
		if (res == RES_OK)
			memcpy(f->base.token[i],
				buf_text(&key) + strlen("token:"),
				TOKEN_HASH_MAX);
		buf_clear(&key);
	}
	return res;
}

static enum result prepare(struct filing *f, const struct secret *secret)
{
	const struct delist_form *form = f->form;
	struct cidr net = cidr_of_client(&form->ip);
	enum result res;

	if (form->mail.len > DELIST_MAIL_MAX ||
		form->language.len > DELIST_WORD_MAX ||
		form->ref.len >= CASE_REF_MAX)
		return RES_TOOBIG;
	f->base.ip = form->ip;
	(void)ipaddr_format(&form->ip, f->ip);
	(void)cidr_format(&net, f->base.net);
	net = cidr_of_client(&form->client);
	(void)cidr_format(&net, f->client);
	f->expires_ms =
		f->now_ms + (int64_t)f->conf->delist.token_s * DELIST_MS;
	case_ref_new(f->base.rid);
	res = name_mailbox(f, secret);
	return res == RES_OK ? name_tokens(f, secret) : res;
}

static void add_keys(struct script_call *c, const struct filing *f)
{
	struct slice prefix = slice_of(f->conf->redis.prefix);
	struct buf open;

	script_key_of(c, prefix, "delist:", slice_of(f->base.rid));
	buf_init(&open, CIDR_TEXT_MAX + sizeof(":ref"));
	buf_add_format(
		&open, "%s%s", f->base.net, f->form->ref.len > 0 ? ":ref" : "");
	script_key_of(c, prefix, "delist:open:", buf_slice(&open));
	buf_clear(&open);
	script_key_of(c, prefix, "delist:quiet:", slice_of(f->base.mailbox));
	script_key_of(c, prefix, "delist:requests", slice_of(""));
	script_key_of(c, prefix, "mailq", slice_of(""));
	script_key_of(c, prefix, "mailq:slow", slice_of(""));
	delist_token_keys(c, f->conf, &f->base);
}

/* Of all requests of an hour: counted, never full. */
static const struct limit of_all = { "delist-all", { "", 0 }, NO_BOUND,
	HOUR_S };

static void add_limits(struct script_call *c, const struct filing *f,
	void (*add)(struct script_call *c, const struct filing *f,
		const struct limit *limit))
{
	const struct conf_delist *d = &f->conf->delist;
	unsigned hour_s = f->form->has_client ? HOUR_S : 0;
	unsigned day_s = f->form->mail.len > 0 ? DAY_S : 0;
	const struct limit limits[] = {
		{ "delist-client", slice_of(f->client), d->per_client, hour_s },
		of_all,
		{ "delist-mailbox", slice_of(f->base.mailbox), d->per_mailbox,
			day_s },
		{ "delist-domain", f->domain, d->per_domain, day_s },
		/* Who files for others must not use up what is theirs. */
		{ f->form->ref.len > 0 ? "delist-network-ref"
				       : "delist-network",
			slice_of(f->base.net), d->per_network, day_s },
	};

	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
		add(c, f, &limits[i]);
}

static void add_limit_keys(struct script_call *c, const struct filing *f,
	const struct limit *limit)
{
	limit_keys(c, slice_of(f->conf->redis.prefix), f->now_ms, limit);
}

static void add_limit_args(struct script_call *c, const struct filing *f,
	const struct limit *limit)
{
	limit_args(c, f->now_ms, limit);
}

static void add_args(struct script_call *c, const struct filing *f)
{
	const struct conf_delist *d = &f->conf->delist;

	script_number(c, f->now_ms);
	script_arg(c, slice_of(f->base.rid));
	script_arg(c, slice_of(f->base.mailbox));
	script_number(c, f->expires_ms);
	script_number(c, d->token_s);
	script_number(c, (int64_t)d->token_s + DELIST_KEEP_S);
	script_number(c, d->busy_at);
	script_number(c, d->queue_at);
	script_number(c, f->form->is_worked);
	script_number(c, MAILQ_WAITING_MAX);
	script_number(c, DELIST_REQUESTS_MAX);
	script_arg(c, slice_of(f->form->has_client ? f->client : "none"));
}

static void add_field(
	struct script_call *c, const char *name, struct slice value)
{
	if (slice_is_empty(value))
		return;
	script_arg(c, slice_of(name));
	script_arg(c, value);
}

static void add_fields(struct script_call *c, const struct filing *f)
{
	add_field(c, "state", slice_of(delist_state_name(DELIST_QUEUED)));
	add_field(c, "proof", slice_of("none"));
	add_field(c, "ip", slice_of(f->ip));
	add_field(c, "mail", f->form->mail);
	add_field(c, "mailbox", slice_of(f->base.mailbox));
	add_field(c, "ref", f->form->ref);
	add_field(c, "language", f->form->language);
	add_field(c, "token_mail", slice_of(f->base.token[0]));
	add_field(c, "token_address", slice_of(f->base.token[1]));
	add_field(c, "token_cancel", slice_of(f->base.token[2]));
	script_arg(c, slice_of("created"));
	script_number(c, f->now_ms);
	script_arg(c, slice_of("changed"));
	script_number(c, f->now_ms);
	script_arg(c, slice_of("expires"));
	script_number(c, f->expires_ms);
}

static enum result read_answer(
	const struct redis_reply *reply, struct delist_filed *out)
{
	static const struct {
		const char *word;
		enum delist_filing filing;
	} words[] = {
		{ "filed", DELIST_FILED },
		{ "later", DELIST_FILED_LATER },
		{ "repeated", DELIST_REPEATED },
		{ "silent", DELIST_SILENT },
		{ "limited", DELIST_LIMITED },
	};
	struct slice word = redis_element(reply, 0).text;
	int64_t wait_ms = redis_element(reply, 2).number;
	struct delist_filed filed = { .rid = "" };

	if (slice_is_equal(word, slice_of("full")))
		return RES_FULL;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (!slice_is_equal(word, slice_of(words[i].word)))
			continue;
		filed.filing = words[i].filing;
		filed.wait_s = (wait_ms + DELIST_MS - 1) / DELIST_MS;
		if (filed.filing != DELIST_LIMITED &&
			case_ref_parse(redis_element(reply, 1).text,
				filed.rid) != RES_OK)
			return RES_CORRUPT;
		*out = filed;
		return RES_OK;
	}
	return RES_INTERNAL;
}

enum result delist_file(struct redis *r, const struct conf *conf,
	const struct secret *secret, int64_t now_ms,
	const struct delist_form *form, struct delist_filed *out)
{
	struct script_call call = { 0 };
	struct filing f = { .conf = conf, .form = form, .now_ms = now_ms };
	struct redis_reply reply;
	enum result res;

	res = prepare(&f, secret);
	if (res == RES_OK) {
		add_keys(&call, &f);
		add_limits(&call, &f, add_limit_keys);
		add_args(&call, &f);
		add_limits(&call, &f, add_limit_args);
		add_fields(&call, &f);
		res = script_run(r, file_text, &call, &reply);
	}
	if (res == RES_OK)
		res = read_answer(&reply, out);
	return res;
}

enum result delist_recent(struct redis *r, const struct conf *conf,
	int64_t now_ms, unsigned *count)
{
	return limit_read(
		r, slice_of(conf->redis.prefix), now_ms, &of_all, count);
}
