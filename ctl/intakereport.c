/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/intakereport.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/hex.h"
#include "base/hmac.h"
#include "conf/conf.h"
#include "ctl/dmarcin.h"
#include "ctl/mailparts.h"
#include "ctl/originals.h"
#include "ctl/plaintext.h"
#include "ctl/reporter.h"
#include "mail/charset.h"
#include "net/psl.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

enum {
	ARENA_MAX = 32 * 1024 * 1024,
	MS_PER_S = 1000,
	CLIENT_MAX = 64,
	MESSAGE_ID_MAX = 255
};

struct work {
	struct intaking *in;
	struct arena *arena;
	struct mailparts parts;
	struct originals_claims claims;
	const char *robot; /* why nobody wrote it; NULL: somebody did */
	char host[HOSTNAME_MAX]; /* ours, folded */
	struct tracekeys_ring ring;
	struct psl *psl;
	int64_t now_ms;
	struct buf said; /* what the reporter wrote, in UTF-8 */
	struct buf text; /* the same, cleaned */
	struct reporter reporter;
	struct slice name; /* see name_mail */
	char digest[2 * SHA256_LEN + 1];
	struct originals originals;
	struct report_filed filed;
};

/* ---- whose mail it is ---- */

static bool is_for_machines(const struct work *w)
{
	return w->claims.is_arf || w->claims.is_xarf;
}

static const char *our_mailbox(const struct conf *conf, struct buf *room)
{
	if (conf->portal.from[0] != '\0')
		return conf->portal.from;
	buf_add_format(room, "postmaster@%s", conf->host);
	return buf_text(room);
}

/* Feedback and failure reports that we sent to somebody who is here. */
static bool is_own_letter(const struct work *w)
{
	const struct conf *conf = w->in->conf;
	char text[MAILBOX_TEXT_MAX];
	struct slice from;
	struct buf room;
	bool is_ours;

	reporter_author(&w->in->mail, text);
	from = slice_of(text);
	buf_init(&room, HOSTNAME_MAX + 16);
	is_ours = is_for_machines(w) && from.len > 0 &&
		(slice_is_equal_nocase(
			 from, slice_of(our_mailbox(conf, &room))) ||
			slice_is_equal_nocase(
				from, slice_of(conf->dmarc.email)));
	buf_clear(&room);
	return is_ours;
}

/* An acknowledgement to one of these would come back as a report. */
static bool is_own_desk(const struct work *w, struct slice mailbox)
{
	const struct conf *conf = w->in->conf;
	const struct slice domain = mailbox_domain(mailbox);
	struct mailfind found;

	return (slice_is_equal_nocase(domain, slice_of(conf->host)) ||
		       slice_is_equal_nocase(
			       domain, slice_of(conf->portal.mail_host))) &&
		mailfind_takes_reports(
			slice_part(mailbox, 0, slice_find_last(mailbox, '@')),
			&found);
}

/* A user of ours may write any address of others as his author: his trace
 * proves the account only. Where nobody said which domains are ours, all may
 * be. */
static bool is_foreign(const struct work *w)
{
	const struct conf_portal *conf = &w->in->conf->portal;
	const struct slice domain = mailbox_domain(slice_of(w->reporter.mail));

	if (w->reporter.proof != REPORT_LOCAL || conf->local_domain_count == 0)
		return false;
	for (size_t i = 0; i < conf->local_domain_count; i++)
		if (slice_is_equal_nocase(
			    domain, slice_of(conf->local_domains[i])))
			return false;
	return !slice_is_equal_nocase(domain, slice_of(w->in->conf->host));
}

/* ---- what the reporter wrote ---- */

/* Some of those who cannot be read lie about their charset. */
static enum result read_text(struct work *w)
{
	const struct mailpart *plain =
		mailparts_find(&w->parts, MAILPARTS_TEXT);
	const struct mailpart *html = mailparts_find(&w->parts, MAILPARTS_HTML);
	struct buf stripped;
	enum result res;

	buf_init(&stripped, 2 * MAILPARTS_TEXT_MAX + 2);
	if (plain == NULL && html != NULL)
		plaintext_strip(html->octets, &stripped);
	/* Without a name: UTF-8, or what it looks like. */
	res = charset_decode(slice_of(""),
		plain != NULL ? plain->octets : buf_slice(&stripped), &w->said);
	buf_clear(&stripped);
	return res == RES_NOMEM ? res : RES_OK;
}

/* "es-MX, en;q=0.8": the first that we know. */
static struct slice language_of(const struct savedmail *m)
{
	static const struct {
		const char *prefix, *tag;
	} known[] = {
		{ "en", "en" },
		{ "es", "es" },
		{ "pt", "pt-BR" },
	};
	struct slice value = mailfind_field(m, "Content-Language");

	if (value.len == 0)
		value = mailfind_field(m, "Accept-Language");
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		const struct slice prefix = slice_of(known[i].prefix);

		if (slice_has_prefix_nocase(value, prefix) &&
			(value.len == prefix.len ||
				strchr("-,; ", value.at[prefix.len]) != NULL))
			return slice_of(known[i].tag);
	}
	return slice_of("");
}

/* ---- asking Redis ---- */

static enum result open_all(struct work *w)
{
	enum result res = intaking_redis(w->in);
	size_t len;

	if (res == RES_OK)
		res = tracekeys_read(w->in->redis, w->in->conf, &w->in->secret,
			false, &w->ring);
	if (res != RES_OK)
		return res;
	if (hostname_parse(slice_of(w->in->conf->host), w->host, &len) !=
		RES_OK)
		w->host[0] = '\0';
	/* Without the list only a domain itself is of its organisation. */
	if (psl_open(&w->psl) != RES_OK)
		w->psl = NULL;
	return RES_OK;
}

static enum result find_reporter(struct work *w)
{
	const struct reporter_input input = {
		.conf = w->in->conf,
		.ring = &w->ring,
		.host = slice_of(w->host),
		.psl = w->psl,
		.mail = &w->in->mail,
		.now_s = w->now_ms / MS_PER_S,
	};
	const struct slice mailbox =
		mailfind_field(&w->in->mail, "X-Reprieve-Form-Reporter");

	if (w->in->form_id == NULL)
		return reporter_find(&input, &w->reporter);
	w->reporter = (struct reporter){ .proof = REPORT_UNPROVEN };
	if (mailbox_parse(mailbox, w->reporter.mail) != RES_OK)
		w->reporter.mail[0] = '\0';
	return RES_OK;
}

static enum result find_originals(struct work *w)
{
	const bool is_form = w->in->form_id != NULL;
	struct originals_input input = {
		.conf = w->in->conf,
		.ring = &w->ring,
		.host = slice_of(w->host),
		.parts = &w->parts,
		.claims = &w->claims,
		.text = buf_slice(&w->said),
		.kind = w->in->found.report,
		.is_form = is_form,
		.is_local = w->reporter.proof == REPORT_LOCAL,
	};

	input.has_ip = is_form &&
		ipaddr_parse(&input.ip,
			mailfind_field(&w->in->mail, "X-Reprieve-Form-IP")) ==
			RES_OK;
	return originals_find(&input, w->arena, &w->originals);
}

static struct slice form_field(
	const struct work *w, const char *name, size_t most)
{
	return slice_part(mailfind_field(&w->in->mail, name), 0, most);
}

/* By what a mail is known when it comes again: its octets, when it has no name;
 * the line in front of it says when it was delivered. */
static enum result name_mail(struct work *w)
{
	const struct slice name = form_field(w, "Message-ID", MESSAGE_ID_MAX);
	uint8_t digest[SHA256_LEN];
	enum result res;

	w->name = name;
	if (name.len > 0)
		return RES_OK;
	res = sha256(intaking_message(w->in), digest);
	if (res == RES_OK) {
		hex_format(digest, sizeof(digest), w->digest);
		w->name = slice_of(w->digest);
	}
	return res;
}

static enum result file(struct work *w)
{
	const struct intaking *in = w->in;
	const bool is_form = in->form_id != NULL;
	struct report_filing f = {
		.id = slice_of(in->form_id),
		.reporter = slice_of(w->reporter.mail),
		.proof = w->reporter.proof,
		.account = slice_of(w->reporter.account),
		.organisation = slice_of(w->reporter.organisation),
		.language = language_of(&in->mail),
		.text = buf_slice(&w->text),
		.message_id = w->name,
		.original = w->originals.at,
		.count = w->originals.count,
	};

	if (is_form) {
		f.client = form_field(w, "X-Reprieve-Form-Client", CLIENT_MAX);
		f.language =
			form_field(w, "X-Reprieve-Form-Language", CLIENT_MAX);
	}
	f.may_ack = !is_form && w->robot == NULL && !is_for_machines(w) &&
		f.proof != REPORT_UNPROVEN && f.reporter.len > 0 &&
		!is_own_desk(w, f.reporter) && !is_foreign(w);
	return report_file(
		in->redis, in->conf, &in->secret, w->now_ms, &f, &w->filed);
}

static enum result take(struct work *w)
{
	enum result res = open_all(w);

	if (res == RES_OK)
		res = read_text(w);
	if (res == RES_OK)
		res = find_reporter(w);
	if (res == RES_OK)
		res = find_originals(w);
	if (res != RES_OK)
		return res;
	plaintext_clean(w->originals.text, REPORT_TEXT_MAX, &w->text);
	res = buf_result(&w->text);
	if (res == RES_OK)
		res = name_mail(w);
	return res == RES_OK ? file(w) : res;
}

/* ---- how it ends ---- */

static int tell(const struct work *w)
{
	struct logline line;

	intaking_start_line(w->in, &line, EX_OK);
	log_text(&line, "report", w->filed.id);
	log_text(&line, "about", report_kind_name(w->in->found.report));
	log_text(&line, "effect", report_effect_name(w->filed.effect));
	log_number(&line, "originals", (int64_t)w->originals.count);
	log_number(&line, "valid", (int64_t)w->originals.valid);
	log_text(&line, "proof", report_proof_name(w->reporter.proof));
	if (w->filed.ticket[0] != '\0')
		log_text(&line, "ticket", w->filed.ticket);
	if (w->parts.is_partial)
		log_text(&line, "partial", "yes");
	return intaking_end_line(
		&line, w->filed.is_known ? "known" : "filed", EX_OK);
}

static int end_report(struct work *w)
{
	const enum result res = take(w);

	if (res != RES_OK)
		return intaking_end(w->in, result_name(res), EX_TEMPFAIL);
	return tell(w);
}

/* ---- reports about DMARC ---- */

/* It gets no better by another try. */
static bool is_final(enum result res)
{
	return res == RES_SYNTAX || res == RES_CORRUPT || res == RES_TOOBIG ||
		res == RES_RANGE || res == RES_FULL;
}

/* Each that is attached; *taken: at least one was. */
static enum result take_dmarc(struct work *w, bool *taken)
{
	struct dmarcin_taken told;
	enum result res = RES_OK;

	*taken = false;
	for (size_t i = 0; i < w->parts.count && res == RES_OK; i++) {
		const struct mailpart *p = &w->parts.part[i];

		if (p->kind != MAILPARTS_DMARC)
			continue;
		res = intaking_redis(w->in);
		if (res != RES_OK)
			break;
		res = dmarcin_take(w->in->redis, w->in->conf, p->octets,
			p->name, w->now_ms, &told);
		/* One that is not kept is none that a person should see. */
		*taken = *taken || res == RES_OK || res == RES_FULL ||
			res == RES_RANGE;
		if (is_final(res))
			res = RES_OK;
	}
	return res;
}

/* A sender that is not proved may be somebody else, whom the MTA would tell.
 * Without keys nobody is of ours, which is not needed here. */
static bool may_bounce(struct work *w)
{
	return w->robot == NULL && find_reporter(w) == RES_OK &&
		w->reporter.proof != REPORT_UNPROVEN;
}

static int end_dmarc(struct work *w)
{
	bool taken;
	const enum result res = take_dmarc(w, &taken);

	if (res != RES_OK)
		return intaking_end(w->in, result_name(res), EX_TEMPFAIL);
	if (taken)
		return intaking_end(w->in, "taken", EX_OK);
	if (!may_bounce(w))
		return intaking_end(w->in, "no report, dropped", EX_OK);
	intaking_say(w->in, "This address takes reports about DMARC only.");
	return intaking_end(w->in, "no report", EX_NOUSER);
}

/* To abuse@, too, if nothing else is in it. */
static enum result try_dmarc(struct work *w, bool *taken)
{
	*taken = false;
	return is_for_machines(w) ||
			mailparts_find(&w->parts, MAILPARTS_ORIGINAL) != NULL
		? RES_OK
		: take_dmarc(w, taken);
}

/* ---- one mail ---- */

static int end_mail(struct work *w)
{
	bool taken;
	const enum result res = try_dmarc(w, &taken);

	if (res != RES_OK)
		return intaking_end(w->in, result_name(res), EX_TEMPFAIL);
	if (taken)
		return intaking_end(w->in, "report about DMARC", EX_OK);
	if (is_own_letter(w))
		return intaking_end(w->in, "letter of our own, dropped", EX_OK);
	if (w->robot != NULL && !is_for_machines(w))
		return intaking_end(w->in, w->robot, EX_OK);
	return end_report(w);
}

static int end(struct work *w)
{
	if (w->in->found.kind == MAILFIND_DMARC)
		return end_dmarc(w);
	return w->in->form_id != NULL ? end_report(w) : end_mail(w);
}

static enum result prepare(struct work *w)
{
	enum result res = mailparts_read(intaking_message(w->in), &w->parts);

	if (res == RES_NOMEM || w->arena == NULL)
		return RES_NOMEM;
	/* Else there is what the child told before it died. */
	w->robot = mailfind_robot(
		&w->in->envelope, buf_slice(&w->in->raw), &w->in->mail);
	return originals_claims_read(&w->parts, w->arena, &w->claims);
}

static int run(struct intaking *in)
{
	struct work *w = calloc(1, sizeof(*w));
	enum result res;
	int code;

	if (w == NULL)
		return intaking_end(in, result_name(RES_NOMEM), EX_TEMPFAIL);
	w->in = in;
	w->arena = arena_new(ARENA_MAX);
	w->now_ms = clock_wall_ms(clock_system());
	buf_init(&w->said, MAILPARTS_TEXT_MAX * 3);
	buf_init(&w->text, REPORT_TEXT_MAX);
	res = prepare(w);
	code = res == RES_OK ? end(w)
			     : intaking_end(in, result_name(res), EX_TEMPFAIL);
	psl_close(w->psl);
	mailparts_clear(&w->parts);
	buf_clear(&w->said);
	buf_clear(&w->text);
	arena_free(w->arena);
	free(w);
	return code;
}

int intakereport_take(struct intaking *in)
{
	if (in->conf->reports.enabled)
		return run(in);
	intaking_say(in, "Abuse reports are not taken by mail here.");
	return intaking_end(in, "reports are off", EX_NOUSER);
}

int intakereport_dmarc(struct intaking *in)
{
	return run(in);
}
