/* SPDX-License-Identifier: BSD-2-Clause */
#include "judge/record.h"

#include "base/buf.h"
#include "base/log.h"
#include "conf/conf.h"
#include "judge/evidence.h"

#include <stdio.h>
#include <string.h>

static void put(struct logline *l, const char *key, struct slice value)
{
	if (!slice_is_empty(value))
		log_slice(l, key, value);
}

static void put_text(struct logline *l, const char *key, const char *value)
{
	put(l, key, slice_of(value));
}

static const char *code_name(const struct verdict *v)
{
	const struct code_row *row = code_row(v->code);

	return row == NULL ? "" : row->name;
}

static void put_shadow(struct logline *l, const struct verdict *v)
{
	struct buf text;

	buf_init(&text, LOG_VALUE_MAX);
	for (unsigned i = 0; i < v->shadow_count; i++)
		buf_add_format(&text, "%s%s:%s", i > 0 ? "," : "",
			v->shadow[i].check, action_name(v->shadow[i].action));
	put(l, "shadow", buf_slice(&text));
	buf_clear(&text);
}

static bool is_told_before(const struct findings *findings, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (findings->item[j].outcome == OUTCOME_UNKNOWN &&
			strcmp(findings->item[j].check,
				findings->item[i].check) == 0)
			return true;
	return false;
}

/* Our own lists have "unchecked". */
static void put_untold(struct logline *l, const struct findings *findings)
{
	struct buf text;

	buf_init(&text, LOG_VALUE_MAX);
	for (size_t i = 0; findings != NULL && i < findings->count; i++) {
		const struct finding *f = &findings->item[i];

		if (f->outcome == OUTCOME_UNKNOWN && !ruling_is_of_lists(f) &&
			!is_told_before(findings, i))
			buf_add_format(&text, "%s%s", text.len > 0 ? "," : "",
				f->check);
	}
	put(l, "untold", buf_slice(&text));
	buf_clear(&text);
}

static void put_verdict(struct logline *l, const struct record *r)
{
	const struct verdict *v = r->verdict;
	const struct finding *f = v->cause;
	char text[32];

	put_text(l, "action", action_name(v->action));
	put_text(l, "would_be", action_name(v->would_be));
	put_text(l, "mode", v->mode);
	put_text(l, "code", code_name(v));
	if (r->reply != NULL) {
		snprintf(text, sizeof(text), "%s %s", r->reply->smtp,
			r->reply->xcode);
		put_text(l, "reply", text);
	}
	put_text(l, "ref", r->ref);
	if (f != NULL) {
		put_text(l, "check", f->check);
		put(l, "key", f->subject);
		put(l, "reason", f->evidence);
	}
	if (r->scope.domain != NULL && v->policy != 0)
		put_text(l, "policy", r->scope.domain->name);
	put_shadow(l, v);
	if (v->is_exempt)
		put_text(l, "exempt", "yes");
	if (v->unchecked)
		put_text(l, "unchecked", "lists");
	put_untold(l, r->findings);
}

static void put_result(struct logline *l, const char *key, enum auth_result r)
{
	if (r != AUTH_UNKNOWN)
		put_text(l, key, auth_result_name(r));
}

static void put_dkim(struct logline *l, const struct auth_facts *auth)
{
	struct buf text;

	if (!auth->dkim_is_known)
		return;
	buf_init(&text, LOG_VALUE_MAX);
	for (unsigned i = 0; i < auth->dkim_count; i++) {
		const struct dkim_fact *f = &auth->dkim[i];

		buf_add_format(&text, "%s%s:%.*s/%.*s", i > 0 ? "," : "",
			auth_result_name(f->result), SLICE_ARG(f->domain),
			SLICE_ARG(f->selector));
	}
	put(l, "dkim",
		auth->dkim_count == 0 ? slice_of("none") : buf_slice(&text));
	buf_clear(&text);
}

static void put_dmarc(struct logline *l, const struct auth_facts *auth)
{
	const struct dmarc_fact *f = &auth->dmarc;
	char policy[32];

	if (auth->from_kind != FROM_UNKNOWN)
		put_text(l, "from_kind", from_kind_name(auth->from_kind));
	put_result(l, "dmarc", f->result);
	if (f->result == AUTH_FAIL && f->policy_tag != NULL &&
		f->policy_tag[0] != '\0') {
		snprintf(policy, sizeof(policy), "%s=%s", f->policy_tag,
			dmarc_policy_name(f->policy));
		put_text(l, "dmarc_policy", policy);
	}
	put(l, "dmarc_override", f->override);
	put_result(l, "dmarc_psl", auth->dmarc_other.result);
}

static void put_auth(struct logline *l, const struct auth_facts *auth)
{
	if (auth == NULL)
		return;
	put_result(l, "iprev", auth->iprev.result);
	put_result(l, "spf", auth->mailfrom.result);
	put_result(l, "spf_helo", auth->helo.result);
	put_dkim(l, auth);
	put_result(l, "arc", auth->arc.result);
	put_dmarc(l, auth);
}

void record_log(const struct record *r)
{
	const struct envelope *e = r->envelope;
	struct logline l;
	char score[32];

	log_start(&l, LOG_LEVEL_INFO, "verdict");
	put_text(&l, "stage", r->stage);
	put_text(&l, "session", r->conn->id);
	put_text(&l, "ip", r->conn->ip_text);
	put(&l, "host", r->conn->hostname);
	put(&l, "ptr", r->conn->ptr);
	put(&l, "resolve", r->conn->resolve);
	put(&l, "helo", r->conn->helo);
	put_text(&l, "country", r->conn->country);
	if (r->conn->asn != 0)
		log_number(&l, "asn", r->conn->asn);
	put(&l, "from_domain", e->sender.domain);
	put(&l, "rcpt", r->rcpt_domain);
	if (r->verdict != NULL)
		put_verdict(&l, r);
	else
		put_text(&l, "action", action_name(ACTION_ACCEPT));
	put_auth(&l, r->auth);
	put(&l, "queue_id", e->queue_id);
	if (r->verdict != NULL) {
		snprintf(score, sizeof(score), "%.1f", r->verdict->score);
		put_text(&l, "score", score);
	}
	if (strcmp(r->stage, "rcpt") != 0) {
		log_number(&l, "accepted", e->rcpt_accepted);
		log_number(&l, "refused", e->rcpt_refused);
	}
	put_text(&l, "judged", r->verdict != NULL ? "yes" : "no");
	put_text(&l, "why", r->why);
	log_send(&l);
}

void record_refer(const struct casework *w, const struct record *r,
	char ref[CASE_REF_MAX], bool *is_new)
{
	const struct finding *f = r->verdict->cause;
	const char *code = code_name(r->verdict);

	ref[0] = '\0';
	*is_new = true;
	if (code[0] == '\0' &&
		(f == NULL || f->outcome != OUTCOME_HIT ||
			r->verdict->would_be < ACTION_MARK))
		return;
	if (r->conn->kind == CONN_REMOTE)
		w->reference(w->at, &r->conn->ip,
			code[0] != '\0' ? code
					: action_name(r->verdict->action),
			f == NULL ? slice_of("") : f->subject, ref, is_new);
	else
		case_ref_new(ref);
}

/* In tenths where that is all of it, else in hundredths. */
static void add_score(struct buf *b, double score)
{
	double tenths = score * 10;
	bool is_short = tenths - (double)(long)tenths == 0;

	buf_add_format(b, is_short ? "%.1f" : "%.2f", score);
}

static void add_rule(struct buf *b, const struct ruling_scope *scope,
	const struct ruling *r, const struct finding *f)
{
	bool is_score = r->rule.action == CONF_ACTION_SCORE;

	buf_add_format(b, " rule=\"%s", conf_action_name(r->rule.action));
	if (is_score) {
		buf_add_char(b, ' ');
		add_score(b, r->rule.score);
	}
	buf_add_char(b, '"');
	if (r->is_of_domain)
		buf_add_format(b, " of=\"%s\"", scope->domain->name);
	if (is_score && f->factor != 0 && f->factor != 1) {
		buf_add_text(b, " factor=");
		add_score(b, f->factor);
	}
	if (r->is_advisory)
		buf_add_text(b, " advisory=yes");
}

void record_finding(struct buf *b, const struct ruling_scope *scope,
	const struct finding *f)
{
	struct ruling ruling = { .is_shadow = f->shadow };

	buf_add_format(b, "%s=%s", f->check, outcome_name(f->outcome));
	if (f->detail != NULL && f->detail[0] != '\0')
		buf_add_format(b, " detail=%s", f->detail);
	if (scope->conf != NULL) {
		ruling = ruling_of(scope, f);
		add_rule(b, scope, &ruling, f);
	}
	if (ruling.is_shadow)
		buf_add_text(b, " shadow=yes");
	if (!slice_is_empty(f->subject)) {
		buf_add_text(b, " key=\"");
		buf_add_escaped(b, f->subject);
		buf_add_char(b, '"');
	}
	if (!slice_is_empty(f->evidence)) {
		buf_add_text(b, " seen=\"");
		buf_add_escaped(b, f->evidence);
		buf_add_char(b, '"');
	}
	buf_add_char(b, '\n');
}

void record_policy(struct buf *b, const struct ruling_scope *scope)
{
	const struct conf_policy *p =
		conf_policy_for(scope->conf, scope->domain);

	buf_add_format(b,
		"mark_at=%g greylist_at=%g quarantine_at=%g reject_at=%g",
		p->mark_at, p->greylist_at, p->quarantine_at, p->reject_at);
	if (scope->domain != NULL && scope->domain->number != 0)
		buf_add_format(b, " of=\"%s\"", scope->domain->name);
}

enum { FINDINGS_TEXT_MAX = 8192, POLICY_TEXT_MAX = 512 };

void record_case(const struct casework *w, const struct record *r, bool is_new)
{
	const struct finding *f = r->verdict->cause;
	struct case_facts facts = {
		.ip = r->conn->ip,
		.has_ip = r->conn->kind == CONN_REMOTE,
		.code = code_name(r->verdict),
		.action = action_name(r->verdict->would_be),
		.stage = r->stage,
		.mode = r->verdict->mode,
		.country = r->conn->country,
		.asn = r->conn->asn,
		.helo = r->conn->helo,
		.sender = r->envelope->sender.whole,
		.sender_domain = r->envelope->sender.domain,
		.rcpt = r->envelope->rcpt.whole,
		.rcpt_domain = r->rcpt_domain,
		.session = slice_of(r->conn->id),
		.queue_id = r->envelope->queue_id,
	};
	struct evidence evidence;
	struct buf reply;
	struct buf lines;
	struct buf policy;
	char score[32];

	buf_init(&reply, REPLY_TEXT_MAX + 32);
	buf_init(&lines, FINDINGS_TEXT_MAX);
	buf_init(&policy, POLICY_TEXT_MAX);
	if (r->scope.conf != NULL)
		record_policy(&policy, &r->scope);
	facts.policy = buf_slice(&policy);
	if (r->reply != NULL)
		reply_format(r->reply, &reply);
	for (size_t i = 0; r->findings != NULL && i < r->findings->count; i++)
		record_finding(&lines, &r->scope, &r->findings->item[i]);
	facts.reply = buf_slice(&reply);
	facts.findings = buf_slice(&lines);
	snprintf(score, sizeof(score), "%.1f", r->verdict->score);
	facts.score = slice_of(score);
	evidence_init(&evidence, r->auth);
	facts.auth = evidence.field;
	if (f != NULL) {
		facts.subject = f->subject;
		if (strcmp(f->check, "blocked") == 0)
			facts.class = slice_of(f->detail);
		facts.reason = f->evidence;
		facts.until_s = f->until_s;
	}
	/* Evidence that does not fit is dropped and counted by the writer;
	 * the refusal stands. */
	if (w->record(w->at, r->ref, is_new, &facts) != RES_OK)
		log_message(
			LOG_LEVEL_DEBUG, "case", "%s was not queued", r->ref);
	evidence_clear(&evidence);
	buf_clear(&policy);
	buf_clear(&lines);
	buf_clear(&reply);
}
