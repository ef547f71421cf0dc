/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/fblcore.h"

#include "conf/conf.h"
#include "mail/mailbox.h"
#include "store/filing.h"
#include "store/mailq.h"

#include <stdio.h>

enum { SERIAL_MAX = CASE_REF_MAX + 32 };

/*
 * KEYS: registration, token, mailq, quiet mailbox. ARGV: id, now, life, letter
 * ("0": none), subject, mail, language, hash of the mailbox.
 */
static const char file_script[] = MAILQ_LUA_ADD
	"local id, now, life = ARGV[1], ARGV[2], ARGV[3]\n"
	"redis.call('HSET', KEYS[1], 'state', 'new', 'created', now,\n"
	"  'subject', ARGV[5], 'mail', ARGV[6], 'language', ARGV[7],\n"
	"  'hash', ARGV[8])\n"
	"redis.call('EXPIRE', KEYS[1], life)\n"
	"if ARGV[4] == '0' or redis.call('EXISTS', KEYS[4]) == 1 then\n"
	"  return 'full'\n"
	"end\n"
	"redis.call('HSET', KEYS[2], 'purpose', 'fbl', 'id', id)\n"
	"redis.call('EXPIRE', KEYS[2], life)\n"
	"mailq_add(KEYS[3], 'fbl-link', id, '', now)\n"
	"return 'ok'\n";

/*
 * KEYS: those of the mailbox, mailq, quiet mailbox. ARGV: now, prefix of
 * registrations. How many there are is told to nobody.
 */
static const char relink_script[] = MAILQ_LUA_ADD
	"if redis.call('EXISTS', KEYS[3]) == 1 then return 'full' end\n"
	"local ids = redis.call('SMEMBERS', KEYS[1])\n"
	"for i = 1, math.min(#ids, 20) do\n"
	"  local state = redis.call('HGET', ARGV[2] .. ids[i], 'state')\n"
	"  if state == 'active' then\n"
	"    mailq_add(KEYS[2], 'fbl-ready', ids[i], ARGV[1], ARGV[1])\n"
	"  elseif state == 'confirmed' or state == 'lapsed' then\n"
	"    mailq_add(KEYS[2], 'fbl-link', ids[i], ARGV[1], ARGV[1])\n"
	"  elseif not state or state == 'ended' then\n"
	"    redis.call('SREM', KEYS[1], ids[i])\n"
	"  end\n"
	"end\n"
	"return 'ok'\n";

/*
 * The token stays: who follows the link once more sees the same page.
 * KEYS: registration, token, checks, all, audit. ARGV: id, now, prefix of the
 * sets of mailboxes.
 */
static const char confirm_script[] = FBL_LUA
	"local id, now = ARGV[1], ARGV[2]\n"
	"local token = redis.call('HMGET', KEYS[2], 'purpose', 'id', 'used')\n"
	"if token[1] ~= 'fbl' or token[2] ~= id then return 'missing' end\n"
	"local f = redis.call('HMGET', KEYS[1], 'state', 'hash')\n"
	"if not f[1] then return 'missing' end\n"
	"if token[3] or f[1] ~= 'new' then return 'exists' end\n"
	"redis.call('HSET', KEYS[2], 'used', '1')\n"
	"redis.call('EXPIRE', KEYS[2], " FBL_KEEP ")\n"
	"redis.call('HSET', KEYS[1], 'state', 'confirmed', 'confirmed', now)\n"
	"redis.call('EXPIRE', KEYS[1], " FBL_KEEP ")\n"
	"redis.call('ZADD', KEYS[3], now + 600000, id)\n"
	"redis.call('ZADD', KEYS[4], now, id)\n"
	"redis.call('ZREMRANGEBYRANK', KEYS[4], 0, -20001)\n"
	"local own = ARGV[3] .. (f[2] or '')\n"
	"redis.call('SADD', own, id)\n"
	"redis.call('EXPIRE', own, " FBL_INDEX ")\n"
	"audit(KEYS[5], KEYS[1], 'new', 'confirmed', 'sender', '')\n"
	"return 'ok'\n";

/* KEYS: registration, token. ARGV: id, purpose, life, then states. */
static const char grant_script[] =
	"local state = redis.call('HGET', KEYS[1], 'state')\n"
	"for i = 4, #ARGV do\n"
	"  if state == ARGV[i] then\n"
	"    redis.call('HSET', KEYS[2], 'purpose', ARGV[2], 'id', ARGV[1])\n"
	"    redis.call('EXPIRE', KEYS[2], ARGV[3])\n"
	"    return 'ok'\n"
	"  end\n"
	"end\n"
	"return 'missing'\n";

/* ---- filing ---- */

struct owner {
	struct filing_mailbox mailbox;
	enum fbl_filing filing;
};

static enum result take_limits(struct redis *r, const struct conf *conf,
	int64_t now_ms, const struct fbl_form *form, struct owner *o,
	int64_t *wait_s)
{
	const struct filing_question question = {
		.client_limit = "fbl-client",
		.mailbox_limit = "fbl-mailbox",
		.client = form->has_client ? &form->client : NULL,
		.mailbox = slice_of(o->mailbox.hash),
		.mailbox_most = conf->fbl.per_mailbox,
		.domain_limit = "fbl-domain",
		.domain = mailbox_domain(slice_of(o->mailbox.name)),
	};
	enum filing_answer answer;
	enum result res =
		filing_ask(r, conf, &question, now_ms, &answer, wait_s);

	o->filing = answer == FILING_LIMITED ? FBL_LIMITED
		: answer == FILING_SILENT    ? FBL_SILENT
					     : FBL_FILED;
	return res;
}

static enum result file_now(struct edit *e, const struct conf *conf,
	int64_t now_ms, const struct fbl_form *form, const struct owner *o,
	struct fbl_filed *out)
{
	char subject[FBL_SUBJECT_MAX];
	enum result res;

	edit_text(e, slice_of(out->id));
	edit_number(e, now_ms);
	edit_number(e, conf->delist.token_s);
	edit_text(e, slice_of(out->filing == FBL_FILED ? "1" : "0"));
	edit_text(e, slice_of(fbl_subject_format(&form->subject, subject)));
	edit_text(e, form->mail);
	edit_text(e, form->language);
	edit_text(e, slice_of(o->mailbox.hash));
	res = edit_run(e, file_script);
	if (res != RES_FULL)
		return res;
	out->filing = FBL_SILENT;
	return RES_OK;
}

enum result fbl_file(struct redis *r, const struct conf *conf,
	const struct secret *secret, int64_t now_ms,
	const struct fbl_form *form, struct fbl_filed *out)
{
	char token[TOKEN_TEXT_MAX];
	struct owner o;
	struct edit e;
	enum result res;

	*out = (struct fbl_filed){ .filing = FBL_FILED };
	case_ref_new(out->id);
	res = filing_name(secret, form->mail, &o.mailbox);
	if (res == RES_OK)
		res = token_make(secret, TOKEN_FBL, slice_of(out->id), token);
	if (res == RES_OK)
		res = take_limits(r, conf, now_ms, form, &o, &out->wait_s);
	if (res != RES_OK)
		return res;
	out->filing = o.filing;
	if (out->filing == FBL_LIMITED)
		return RES_OK;
	edit_begin(&e, r, conf);
	edit_key(&e, "fbl:", slice_of(out->id), "");
	edit_token(&e, token);
	edit_key(&e, "mailq", slice_of(""), "");
	edit_key(&e, "delist:quiet:", slice_of(o.mailbox.hash), "");
	res = file_now(&e, conf, now_ms, form, &o, out);
	edit_end(&e);
	return res;
}

enum result fbl_relink(struct redis *r, const struct conf *conf,
	const struct secret *secret, int64_t now_ms,
	const struct fbl_form *form, struct fbl_filed *out)
{
	struct owner o;
	struct edit e;
	enum result res;

	*out = (struct fbl_filed){ .filing = FBL_FILED };
	res = filing_name(secret, form->mail, &o.mailbox);
	if (res == RES_OK)
		res = take_limits(r, conf, now_ms, form, &o, &out->wait_s);
	if (res != RES_OK)
		return res;
	out->filing = o.filing;
	if (out->filing != FBL_FILED)
		return RES_OK;
	edit_begin(&e, r, conf);
	edit_key(&e, "fbl:mail:", slice_of(o.mailbox.hash), "");
	edit_key(&e, "mailq", slice_of(""), "");
	edit_key(&e, "delist:quiet:", slice_of(o.mailbox.hash), "");
	edit_number(&e, now_ms);
	edit_prefix(&e, "fbl:");
	res = edit_run(&e, relink_script);
	edit_end(&e);
	if (res != RES_FULL)
		return res;
	out->filing = FBL_SILENT;
	return RES_OK;
}

/* ---- the link of the letter ---- */

enum result fbl_confirm(struct redis *r, const struct conf *conf,
	struct slice token, int64_t now_ms, char id[CASE_REF_MAX])
{
	char folded[TOKEN_TEXT_MAX];
	struct edit e;
	enum result res = fbl_of_token(r, conf, TOKEN_FBL, token, id);

	if (res == RES_OK && token_parse(token, folded) != RES_OK)
		res = RES_MISSING;
	if (res != RES_OK)
		return res;
	edit_begin(&e, r, conf);
	edit_key(&e, "fbl:", slice_of(id), "");
	edit_token(&e, folded);
	edit_key(&e, "fbl:checks", slice_of(""), "");
	edit_key(&e, "fbl:all", slice_of(""), "");
	edit_key(&e, "audit", slice_of(""), "");
	edit_text(&e, slice_of(id));
	edit_number(&e, now_ms);
	edit_prefix(&e, "fbl:mail:");
	res = edit_run(&e, confirm_script);
	edit_end(&e);
	return res;
}

static void add_states(struct edit *e, enum token_purpose purpose)
{
	static const char *const page[] = { "active" };
	static const char *const end[] = { "active", "ended" };
	static const char *const link[] = { "new", "confirmed", "lapsed" };
	const char *const *states = purpose == TOKEN_FBL ? link
		: purpose == TOKEN_FBL_END		 ? end
							 : page;
	const size_t count = purpose == TOKEN_FBL ? 3
		: purpose == TOKEN_FBL_END	  ? 2
						  : 1;

	for (size_t i = 0; i < count; i++)
		edit_text(e, slice_of(states[i]));
}

static int64_t life_of(const struct conf *conf, enum token_purpose purpose)
{
	if (purpose == TOKEN_FBL_PAGE)
		return conf->fbl.link_s;
	return purpose == TOKEN_FBL ? FBL_KEEP_S : FBL_INDEX_S;
}

enum result fbl_grant(struct redis *r, const struct conf *conf,
	const struct secret *secret, enum token_purpose purpose,
	struct slice id, struct slice serial, char out[TOKEN_TEXT_MAX])
{
	char text[SERIAL_MAX];
	struct edit e;
	enum result res;

	if (id.len >= CASE_REF_MAX ||
		serial.len > SERIAL_MAX - CASE_REF_MAX - 1)
		return RES_TOOBIG;
	snprintf(text, sizeof(text), "%.*s%s%.*s", SLICE_ARG(id),
		serial.len > 0 ? "." : "", SLICE_ARG(serial));
	res = token_make(secret, purpose, slice_of(text), out);
	if (res != RES_OK)
		return res;
	edit_begin(&e, r, conf);
	edit_key(&e, "fbl:", id, "");
	edit_token(&e, out);
	edit_text(&e, id);
	edit_text(&e, slice_of(token_purpose_name(purpose)));
	edit_number(&e, life_of(conf, purpose));
	add_states(&e, purpose);
	res = edit_run(&e, grant_script);
	edit_end(&e);
	return res;
}
