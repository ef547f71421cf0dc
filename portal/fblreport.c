/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The job fbl-report: tells one sender of one original of a report. id: of the
 * report; more: "N ID" of who registered, or "N cfbl".
 */
#include "portal/jobs.h"

#include "base/arena.h"
#include "base/hex.h"
#include "base/hmac.h"
#include "base/log.h"
#include "conf/conf.h"
#include "mail/param.h"
#include "portal/feedback.h"
#include "portal/letter.h"
#include "portal/mailtext.h"
#include "portal/meters.h"
#include "portal/redact.h"
#include "portal/texts.h"
#include "store/fbl.h"
#include "store/report.h"
#include "store/secret.h"
#include "web/mailer.h"
#include "web/template.h"
#include "web/view.h"

#include <stdio.h>
#include <string.h>

enum {
	READ_MEMORY_MAX = 16 * 1024 * 1024,
	ID_LEN_MAX = 128,
	BOUNDARY_OCTETS = 12,
	MTA_MAX = HOSTNAME_MAX + 8
};

/* One report to one sender. */
struct affair {
	struct arena *arena;
	struct report report;
	const struct report_item *item;
	struct fbl f;
	bool is_cfbl;
	unsigned incidents;
	enum language language;
	struct redact redact;
	struct buf original; /* redacted */
	enum redact_extent extent; /* of it */
	struct buf text;
	char arrived[MAILTEXT_DATE_MAX];
	char mta[MTA_MAX];
	struct arf arf;
};

/* ---- may it go out? ---- */

static bool is_local(const struct job *j, struct slice domain)
{
	const struct conf *conf = j->site->conf;

	if (slice_is_equal_nocase(domain, slice_of(conf->host)))
		return true;
	for (size_t i = 0; i < conf->portal.local_domain_count; i++)
		if (slice_is_equal_nocase(
			    domain, slice_of(conf->portal.local_domains[i])))
			return true;
	return false;
}

/* Only what came in with a valid trace and was reported as unwanted. */
static bool is_reportable(const struct report_item *i)
{
	return i->trace_word == TRACEKEYS_VALID &&
		i->trace.direction == TRACE_IN &&
		(i->kind == REPORT_ABUSE || i->kind == REPORT_JUNK ||
			i->kind == REPORT_PHISH);
}

/* RFC 6591 s5, RFC 6650: two reporting machines would never end. */
static bool is_feedback(struct slice message)
{
	struct slice rest = slice_part(message, 0, REDACT_HEADER_MAX);
	struct redact_field f;
	struct buf type;
	bool is_so = false;

	while (!is_so && redact_next(&rest, &f)) {
		if (!slice_is_equal_nocase(f.name, slice_of("Content-Type")) ||
			!slice_is_equal_nocase(param_value(f.value),
				slice_of("multipart/report")))
			continue;
		buf_init(&type, 64);
		is_so = param_find(f.value, "report-type", &type) != RES_OK ||
			slice_is_equal_nocase(slice_trim(buf_slice(&type)),
				slice_of("feedback-report"));
		buf_clear(&type);
	}
	return is_so;
}

static enum result find_item(struct job *j, struct affair *a, struct slice *who)
{
	struct slice rest = j->job->more, number;
	uint64_t n;
	enum result res;

	if (!slice_cut(&rest, ' ', &number) ||
		slice_parse_u64(number, 0, REPORT_ORIGINALS_MAX, &n) != RES_OK)
		return RES_MISSING;
	*who = rest;
	res = report_read(j->redis, j->site->conf, j->job->id, true, a->arena,
		&a->report);
	if (res == RES_SYNTAX || (res == RES_OK && n >= a->report.count))
		return RES_MISSING;
	if (res != RES_OK)
		return res;
	a->item = &a->report.item[n];
	return is_reportable(a->item) && !is_feedback(a->item->message)
		? RES_OK
		: RES_MISSING;
}

/* RFC 9477 s5.1: an address, and which form of report is liked best; of those
 * there is one here. */
static struct slice cfbl_address(struct slice value)
{
	struct slice text =
		slice_trim(slice_part(value, 0, slice_find(value, ';')));

	if (text.len > 2 && text.at[0] == '<' && text.at[text.len - 1] == '>')
		text = slice_part(text, 1, text.len - 2);
	return text;
}

/* RFC 9477 s3.1: by the milter's word that a signature covers the field. */
static enum result find_cfbl(
	struct job *j, struct affair *a, char id[CASE_REF_MAX])
{
	const struct slice address = cfbl_address(a->item->cfbl_address);
	const size_t at = slice_find_last(address, '@');
	const char *text = arena_text(a->arena, address);

	if (!j->site->conf->fbl.cfbl || !a->item->trace.has_cfbl ||
		text == NULL || !mailtext_is_fit(address) ||
		is_local(j, slice_part(address, at + 1, address.len)))
		return RES_MISSING;
	return fbl_of_cfbl(j->redis, j->site->conf, j->site->secret, address,
		j->now_ms, id);
}

static enum result find_sender(
	struct job *j, struct affair *a, struct slice who)
{
	char id[CASE_REF_MAX];
	enum result res = RES_OK;

	a->is_cfbl = slice_is_equal(who, slice_of("cfbl"));
	if (a->is_cfbl)
		res = find_cfbl(j, a, id);
	else if (!j->site->conf->fbl.enabled ||
		case_ref_parse(who, id) != RES_OK)
		res = RES_MISSING;
	if (res == RES_OK)
		res = fbl_read(
			j->redis, j->site->conf, slice_of(id), a->arena, &a->f);
	if (res == RES_SYNTAX || (res == RES_OK && a->f.state != FBL_ACTIVE))
		res = RES_MISSING;
	return res;
}

static enum result take_one(struct job *j, struct affair *a)
{
	char name[ID_LEN_MAX];

	snprintf(name, sizeof(name), "%s.%.*s", a->report.id,
		SLICE_ARG(slice_part(
			j->job->more, 0, slice_find(j->job->more, ' '))));
	return fbl_take(j->redis, j->site->conf, slice_of(a->f.id),
		slice_of(name), j->now_ms, &a->incidents);
}

/* ---- its parts ---- */

/* What we found ourselves: fields that bear our name. */
static void add_results(
	struct affair *a, const struct conf *conf, struct slice original)
{
	const char *own = conf->auth.authserv_id[0] != '\0'
		? conf->auth.authserv_id
		: conf->host;
	struct redact_field f;

	while (redact_next(&original, &f)) {
		const struct slice value = slice_trim(f.value);
		const struct slice id = slice_trim(
			slice_part(value, 0, slice_find(value, ';')));

		if (slice_is_equal_nocase(
			    f.name, slice_of("Authentication-Results")) &&
			slice_is_equal_nocase(id, slice_of(own)) &&
			a->arf.results_count < ARF_LIST_MAX)
			a->arf.authentication_results[a->arf.results_count++] =
				value;
	}
}

static void fill_arf(const struct job *j, struct affair *a)
{
	const struct trace *t = &a->item->trace;

	snprintf(a->mta, sizeof(a->mta), "dns; %s", j->site->conf->host);
	a->arf = (struct arf){
		.type = a->item->kind == REPORT_PHISH ? ARF_FRAUD : ARF_ABUSE,
		.version = 1,
		.user_agent = slice_of("Reprieve/" PACKAGE_VERSION),
		.arrival_date = slice_of(
			mailtext_date(t->at_s * (int64_t)1000, a->arrived)),
		.reporting_mta = slice_of(a->mta),
		.source_ip = t->ip,
		.has_source_ip = t->has_ip,
		.incidents = a->incidents,
	};
	if (t->domain[0] != '\0')
		a->arf.reported_domain[a->arf.domain_count++] =
			slice_of(t->domain);
}

/* As much as may go out and has room. */
static enum result show_original(const struct job *j, struct affair *a)
{
	enum result res;

	a->extent = a->is_cfbl		  ? REDACT_FEWEST
		: j->site->conf->fbl.text ? REDACT_WHOLE
					  : REDACT_HEADER;
	for (;;) {
		buf_reset(&a->original);
		res = redact_message(
			&a->redact, a->item->message, a->extent, &a->original);
		if (res != RES_TOOBIG || a->extent == REDACT_FEWEST)
			return res;
		a->extent--;
	}
}

static enum result redact_original(const struct job *j, struct affair *a)
{
	struct buf header;
	struct slice kept;
	enum result res = redact_begin(&a->redact, j->site->secret,
		a->item->message, a->report.reporter);

	if (res == RES_OK)
		res = show_original(j, a);
	if (res != RES_OK || a->extent == REDACT_FEWEST)
		return res;
	buf_init(&header, FEEDBACK_MAX);
	res = redact_message(
		&a->redact, a->item->message, REDACT_HEADER, &header);
	if (res == RES_OK)
		res = arena_copy(a->arena, buf_slice(&header), &kept);
	if (res == RES_OK)
		add_results(a, j->site->conf, kept);
	buf_clear(&header);
	return res;
}

static enum result write_text(const struct job *j, struct affair *a)
{
	const struct trace *t = &a->item->trace;
	struct view *view = job_view(j, a->language);
	char token[TOKEN_TEXT_MAX], net[CIDR_TEXT_MAX];
	enum result res = fbl_grant(j->redis, j->site->conf, j->site->secret,
		TOKEN_FBL_END, slice_of(a->f.id), slice_of(""), token);

	if (res != RES_OK)
		return res;
	view_text(view, "token", token);
	view_flag(view, "is_fraud", a->arf.type == ARF_FRAUD);
	view_flag(view, "is_cfbl", a->is_cfbl);
	view_flag(view, "is_many", a->incidents > 1);
	view_number(view, "incidents", a->incidents);
	view_text(view, "subject",
		a->f.subject.is_net ? cidr_format(&a->f.subject.net, net)
				    : a->f.subject.domain);
	if (t->has_ip)
		job_ip(view, "ip", &t->ip);
	view_text(view, "domain", t->domain);
	job_time(j, a->language, view, "arrived", t->at_s * (int64_t)1000);
	res = template_render(texts_templates(j->site->texts),
		slice_of("fbl-report"), view,
		texts_catalog(j->site->texts, a->language), &a->text);
	return res == RES_OK ? buf_result(&a->text) : res;
}

/* ---- the letter ---- */

static enum result make_boundary(
	const struct job *j, const char *id, char out[2 * BOUNDARY_OCTETS + 1])
{
	uint8_t digest[SHA256_LEN];
	enum result res = secret_sign(
		j->site->secret, "feedback boundary", slice_of(id), digest);

	if (res == RES_OK)
		hex_format(digest, BOUNDARY_OCTETS, out);
	return res;
}

static enum result write_letter(
	const struct job *j, struct affair *a, const char *to, struct buf *out)
{
	const struct conf *conf = j->site->conf;
	char id[ID_LEN_MAX + HOSTNAME_MAX];
	char boundary[2 * BOUNDARY_OCTETS + 1];
	struct buf room, subject;
	struct feedback f = {
		.from_name = conf->portal.name[0] != '\0' ? conf->portal.name
							  : conf->host,
		.to = to,
		.message_id = id,
		.boundary = boundary,
		.language = language_tag(a->language),
		.now_ms = j->now_ms,
		.text = buf_slice(&a->text),
		.arf = &a->arf,
		.original = buf_slice(&a->original),
		.is_whole = a->extent == REDACT_WHOLE && !a->redact.is_full,
	};
	enum result res;

	snprintf(id, sizeof(id), "fbl-report.%s.%.*s.%s@%s", a->report.id,
		SLICE_ARG(slice_part(
			j->job->more, 0, slice_find(j->job->more, ' '))),
		a->f.id, letter_host(conf));
	buf_init(&room, LETTER_FROM_MAX);
	buf_init(&subject, 4 * REPORT_SUBJECT_MAX);
	f.from = letter_from(conf, &room);
	redact_text(&a->redact, a->item->subject, &subject);
	if (!a->redact.is_full && a->extent != REDACT_FEWEST)
		f.subject = buf_slice(&subject);
	res = make_boundary(j, id, boundary);
	if (res == RES_OK)
		res = feedback_write(&f, out);
	buf_clear(&subject);
	buf_clear(&room);
	return res;
}

static enum result send(const struct job *j, struct affair *a)
{
	const char *to = arena_text(a->arena, a->f.mail);
	struct mailer_letter letter = { .sender = "", .rcpt = to };
	struct buf text, why;
	enum result res = RES_NOMEM;

	buf_init(&text, FEEDBACK_MAX);
	buf_init(&why, MAILER_WHY_MAX);
	if (to != NULL)
		res = write_letter(j, a, to, &text);
	if (res == RES_OK) {
		letter.text = buf_slice(&text);
		res = mailer_send(j->site->conf, &letter, &why);
	}
	job_note(j, res, &why);
	if (res == RES_OK)
		meters_feedback(context_meters(j->site->context), false);
	buf_clear(&text);
	buf_clear(&why);
	return res;
}

static void note_held(const struct job *j, const struct affair *a)
{
	struct logline line;

	log_start(&line, LOG_LEVEL_INFO, "feedback");
	log_slice(&line, "id", j->job->id);
	log_text(&line, "fbl", a->f.id);
	log_text(&line, "outcome", "held");
	log_send(&line);
	meters_feedback(context_meters(j->site->context), true);
}

static enum result run(struct job *j, struct affair *a)
{
	struct slice who;
	enum result res = find_item(j, a, &who);

	if (res == RES_OK)
		res = find_sender(j, a, who);
	if (res == RES_OK)
		res = take_one(j, a);
	if (res != RES_OK)
		return res;
	if (a->incidents == 0) {
		note_held(j, a);
		return RES_OK;
	}
	a->language = job_language(j, a->f.language);
	fill_arf(j, a);
	res = redact_original(j, a);
	if (res == RES_OK)
		res = write_text(j, a);
	if (res == RES_OK)
		res = send(j, a);
	/* The log has it; who registered a mailbox that takes none is not an
	 * administrator's concern. */
	return res == RES_DENIED || res == RES_SYNTAX ? RES_OK : res;
}

enum result fblreport_run(struct job *j)
{
	struct arena *arena = arena_new(READ_MEMORY_MAX);
	struct affair *a =
		arena == NULL ? NULL : arena_alloc(arena, sizeof(*a));
	enum result res = RES_NOMEM;

	if (a != NULL) {
		memset(a, 0, sizeof(*a));
		a->arena = arena;
		buf_init(&a->original, FEEDBACK_MAX);
		buf_init(&a->text, LETTER_TEXT_MAX);
		res = run(j, a);
		buf_clear(&a->original);
		buf_clear(&a->text);
	}
	arena_free(arena);
	return res;
}
