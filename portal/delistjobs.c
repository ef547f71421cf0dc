/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the worker does for requests of removal: the letter with the link, the
 * letter with the answer, the ticket of a review.
 */
#include "portal/jobs.h"

#include "base/arena.h"
#include "base/clock.h"
#include "conf/conf.h"
#include "net/cidr.h"
#include "policy/grant.h"
#include "portal/findings.h"
#include "portal/letter.h"
#include "portal/origin.h"
#include "portal/reasons.h"
#include "store/delist.h"
#include "store/standing.h"
#include "store/ticket.h"
#include "web/view.h"

#include <stdio.h>

enum { MESSAGE_ID_MAX = 64, EVIDENCE_MAX = 4096 };

/* What every letter about a request needs. */
struct affair {
	struct delist_request q;
	enum language language;
	struct view *view;
	char message_id[MESSAGE_ID_MAX];
};

/* state: in the Message-ID, for there is one letter for each. */
static enum result begin(struct job *j, struct affair *a)
{
	const struct conf *conf = j->site->conf;
	bool has_reason;
	enum result res = delist_read(
		j->redis, conf, j->job->id, j->now_ms, j->arena, &a->q);

	if (res == RES_SYNTAX)
		return RES_MISSING;
	if (res != RES_OK)
		return res;
	if (a->q.mail.len == 0)
		return RES_MISSING;
	has_reason = a->q.reason.len > 0 &&
		!slice_is_equal(a->q.reason,
			slice_of(grant_reason_name(GRANT_REASON_NONE)));
	a->language = job_language(j, a->q.language);
	a->view = job_view(j, a->language);
	snprintf(a->message_id, sizeof(a->message_id), "%.*s-%s-%s",
		SLICE_ARG(slice_part(j->job->kind, 0, 16)), a->q.rid,
		delist_state_name(a->q.state));
	job_ip(a->view, "ip", &a->q.ip);
	view_format(a->view, "status_link", "%s/status/%s?lang=%s",
		conf->portal_url, a->q.rid, language_tag(a->language));
	view_format(a->view, "help_link", "%s/help/delisting?lang=%s%s%.*s",
		conf->portal_url, language_tag(a->language),
		has_reason ? "#" : "",
		SLICE_ARG(has_reason ? a->q.reason : slice_of("")));
	return RES_OK;
}

static enum result send_letter(
	struct job *j, const struct affair *a, const char *template)
{
	const struct job_letter letter = {
		.template = template,
		.language = a->language,
		.view = a->view,
		.to = a->q.mail,
		.reply_to = "",
		.bounce_id = slice_of(a->q.rid),
		.message_id = a->message_id,
	};

	return job_send(j, &letter);
}

/* ---- confirm ---- */

static enum result add_links(const struct job *j, const struct affair *a)
{
	static const struct {
		enum token_purpose purpose;
		const char *name;
		const char *end;
	} links[] = {
		{ TOKEN_MAIL, "link", "" },
		{ TOKEN_CANCEL, "cancel_link", "/cancel" },
	};
	char token[TOKEN_TEXT_MAX];

	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
		if (token_make(j->site->secret, links[i].purpose,
			    slice_of(a->q.rid), token) != RES_OK)
			return RES_NOMEM;
		view_format(a->view, links[i].name, "%s/c/%s%s?r=%s&lang=%s",
			j->site->conf->portal_url, token, links[i].end,
			a->q.rid, language_tag(a->language));
	}
	job_time(j, a->language, a->view, "until", a->q.expires_ms);
	return RES_OK;
}

/* The letter that was queued with a request. In any state but QUEUED it has
 * gone already, or nobody wants it any more. */
static enum result confirm(struct job *j)
{
	const struct conf *conf = j->site->conf;
	struct affair a;
	enum result res = begin(j, &a);

	if (res == RES_OK && a.q.state != DELIST_QUEUED)
		return RES_MISSING;
	if (res == RES_OK)
		res = findings_renew(j->site, j->redis, j->arena, &a.q);
	if (res == RES_OK)
		res = add_links(j, &a);
	if (res == RES_OK)
		res = send_letter(j, &a, "letter-confirm");
	if (res == RES_OK)
		return delist_sent(
			j->redis, conf, slice_of(a.q.rid), j->now_ms);
	if (res == RES_DENIED || res == RES_SYNTAX)
		return delist_bounced(
			j->redis, conf, slice_of(a.q.rid), j->now_ms);
	return res;
}

/* ---- answer ---- */

static enum result say_granted(struct job *j, struct affair *a)
{
	const struct conf *conf = j->site->conf;
	const struct cidr net = cidr_of_client(&a->q.ip);
	struct standing standing;
	enum result res =
		standing_read(j->redis, conf, &net, j->now_ms, &standing);

	if (res != RES_OK)
		return res;
	view_flag(a->view, "is_not_listed",
		slice_is_equal(a->q.reason,
			slice_of(grant_reason_name(GRANT_NOT_LISTED))));
	job_span(j, a->language, a->view, "exception_span",
		(int64_t)conf->delist.exception_s);
	view_flag(a->view, "is_exception", standing.state == STANDING_EXCEPTED);
	view_flag(a->view, "warn_ptr",
		grant_ptr_parse(a->q.ptr) == GRANT_PTR_MISSING ||
			grant_ptr_parse(a->q.ptr) == GRANT_PTR_MISMATCH);
	if (standing.state == STANDING_PAROLE)
		job_time(j, a->language, a->view, "parole_until",
			standing.parole_until_ms);
	return RES_OK;
}

static enum result answer(struct job *j)
{
	struct affair a;
	const char *template = NULL;
	enum result res = begin(j, &a);

	if (res != RES_OK)
		return res;
	reasons_say(a.view, a.q.reason);
	switch (a.q.state) {
	case DELIST_GRANTED:
		template = "letter-granted";
		res = say_granted(j, &a);
		break;
	case DELIST_WAIT:
		template = "letter-wait";
		job_time(j, a.language, a.view, "until", a.q.until_ms);
		break;
	case DELIST_DENIED:
		template = "letter-denied";
		break;
	case DELIST_REVIEW:
		template = "letter-review";
		job_span(j, a.language, a.view, "review_span",
			j->site->conf->delist.review_s);
		break;
	case DELIST_QUEUED:
	case DELIST_SENT:
	case DELIST_BOUNCED:
	case DELIST_UNKNOWN:
	case DELIST_EXPIRED:
	case DELIST_CANCELLED:
		return RES_MISSING;
	}
	if (res == RES_OK)
		res = send_letter(j, &a, template);
	/* The page of the request says the same. */
	return res == RES_DENIED || res == RES_SYNTAX ? RES_OK : res;
}

/* ---- review ---- */

static void add_line(struct buf *out, const char *label, struct slice value)
{
	if (value.len == 0)
		return;
	buf_add_format(out, "%s: ", label);
	buf_add(out, value);
	buf_add_char(out, '\n');
}

static void add_origin(
	const struct job *j, const struct delist_request *q, struct buf *out)
{
	struct origin o;

	if (q->ref.len == 0 ||
		origin_read(j->redis, j->site->conf, q->ref, j->arena, &o) !=
			RES_OK)
		return;
	add_line(out, "Case", slice_of(o.ref));
	add_line(out, "Code", o.code);
	add_line(out, "Reply", o.reply);
	add_line(out, "Class", o.class);
	add_line(out, "Reason of the entry", o.reason);
	add_line(out, "First seen", o.first_seen);
	add_line(out, "Last seen", o.last_seen);
	add_line(out, "How often", o.count);
}

static void add_standing(
	const struct job *j, const struct delist_request *q, struct buf *out)
{
	const struct cidr net = cidr_of_client(&q->ip);
	struct standing s;
	char when[CLOCK_TEXT_MAX];

	if (standing_read(j->redis, j->site->conf, &net, j->now_ms, &s) !=
		RES_OK)
		return;
	buf_add_format(out,
		"Standing: %s, level %u, %u removals by self-service\n",
		standing_state_name(s.state), s.level, s.removals);
	for (size_t i = 0; i < s.log_count; i++)
		buf_add_format(out, "  %s %s, level %u\n",
			clock_format_utc(s.log[i].at_ms, when), s.log[i].what,
			s.log[i].level);
}

/* What a person of ours needs to know; they read English. */
static void add_evidence(
	const struct job *j, const struct delist_request *q, struct buf *out)
{
	char ip[IPADDR_TEXT_MAX];

	buf_add_format(out,
		"Removal of %s was asked for and confirmed; the rules want a "
		"person to look at it.\n\n",
		ipaddr_format(&q->ip, ip));
	add_line(out, "Why", q->reason);
	add_line(out, "Proof", q->proof);
	add_line(out, "PTR", q->ptr);
	add_line(out, "Name", q->ptr_name);
	add_line(out, "The mailbox fits", q->fits);
	add_line(out, "By", q->fits_by);
	add_origin(j, q, out);
	add_standing(j, q, out);
}

static enum result file_ticket(
	struct job *j, const struct delist_request *q, struct ticket_filed *out)
{
	char ip[IPADDR_TEXT_MAX];
	char subject[IPADDR_TEXT_MAX + 32];
	struct buf text;
	struct ticket_form form = {
		.mail = q->mail,
		.language = q->language,
		.ref = q->ref,
		.rid = slice_of(q->rid),
		.ip = slice_of(ipaddr_format(&q->ip, ip)),
	};
	const size_t max = j->site->conf->support.text_max;
	enum result res;

	buf_init(&text, EVIDENCE_MAX);
	add_evidence(j, q, &text);
	snprintf(subject, sizeof(subject), "Removal of %s", ip);
	form.subject = slice_of(subject);
	form.text = slice_part(buf_slice(&text), 0, max);
	res = ticket_file(j->redis, j->site->conf, j->site->secret, j->now_ms,
		&form, out);
	buf_clear(&text);
	return res;
}

static enum result review(struct job *j)
{
	struct delist_request q;
	struct ticket_filed filed;
	enum result res = delist_read(
		j->redis, j->site->conf, j->job->id, j->now_ms, j->arena, &q);

	if (res == RES_SYNTAX ||
		(res == RES_OK &&
			(q.state != DELIST_REVIEW || q.ticket.len > 0)))
		return RES_MISSING;
	if (res == RES_OK)
		res = file_ticket(j, &q, &filed);
	if (res != RES_OK)
		return res;
	if (filed.filing == TICKET_LIMITED)
		return RES_FULL;
	return delist_ticket(
		j->redis, j->site->conf, slice_of(q.rid), slice_of(filed.id));
}

const struct job_kind jobs_delist[] = {
	{ "confirm", confirm },
	{ "answer", answer },
	{ "review", review },
	{ NULL, NULL },
};
