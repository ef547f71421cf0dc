/* SPDX-License-Identifier: BSD-2-Clause */
#include "judge/dmarcrows.h"

#include "auth/dmarceval.h"
#include "auth/dmarcrecord.h"
#include "judge/record.h"
#include "net/hostname.h"
#include "store/aggregate.h"

#include <string.h>

enum { VALUE_MAX = HOSTNAME_MAX, LAST_PRINTABLE = 0x7e };

/* ---- what became of it ---- */

/* What the domain could see as done to its message, at most. */
static enum dmarc_policy applied(const struct record *r)
{
	switch (r->verdict->action) {
	case ACTION_REJECT:
		return DMARC_POLICY_REJECT;
	case ACTION_QUARANTINE:
	case ACTION_MARK:
		return DMARC_POLICY_QUARANTINE;
	case ACTION_NONE:
	case ACTION_ACCEPT:
	case ACTION_TEMPFAIL:
		break;
	}
	return DMARC_POLICY_NONE;
}

struct outcome_of {
	const char *disposition;
	const char *type; /* of the reason, NULL: none is needed */
	const char *comment;
};

static void explain(const struct record *r, const struct dmarc_fact *f,
	enum dmarc_policy done, struct outcome_of *out)
{
	const struct verdict *v = r->verdict;

	if (slice_is_equal(f->override, slice_of("known mailing list"))) {
		out->type = "mailing_list";
	} else if (!slice_is_empty(f->override)) {
		out->type = "trusted_forwarder";
		out->comment = "trusted ARC sealer";
	} else if (f->is_testing && done == dmarceval_policy(f)) {
		out->type = "policy_test_mode";
	} else {
		out->type = "local_policy";
		if (v->is_monitored)
			out->comment = "nothing is enforced here";
		else if (v->is_exempt)
			out->comment = "a recipient that takes all mail";
		else if (v->is_trusted)
			out->comment = "a sender that is known here";
	}
}

static struct outcome_of outcome_of(
	const struct record *r, const struct dmarc_fact *f)
{
	struct outcome_of out = { .disposition = "none", .comment = "" };
	enum dmarc_policy done = applied(r);

	if (f->result == AUTH_PASS) {
		if (f->policy != DMARC_POLICY_NONE)
			out.disposition = "pass";
		return out;
	}
	if (done > dmarceval_policy(f))
		done = dmarceval_policy(f);
	out.disposition = dmarc_policy_name(done);
	if (done != f->policy)
		explain(r, f, done, &out);
	return out;
}

/* ---- alignment ---- */

/* Of a pass not all that is aligned was asked for (auth/dmarceval): what is of
 * the organisation is. */
static bool is_aligned(
	const struct dmarc_fact *f, struct slice domain, bool is_strict)
{
	char name[HOSTNAME_MAX];
	size_t len;
	struct slice folded;

	if (hostname_parse(domain, name, &len) != RES_OK)
		return false;
	folded = slice_make(name, len);
	if (slice_is_equal(folded, f->from_domain))
		return true;
	return !is_strict && !slice_is_empty(f->org_domain) &&
		hostname_is_within(folded, f->org_domain);
}

static bool is_spf_aligned(const struct auth_facts *auth)
{
	const struct dmarc_fact *f = &auth->dmarc;

	return f->spf_aligned ||
		(f->result == AUTH_PASS && auth->mailfrom.result == AUTH_PASS &&
			is_aligned(f, auth->mailfrom.domain, f->strict_spf));
}

static bool is_dkim_aligned(const struct auth_facts *auth)
{
	const struct dmarc_fact *f = &auth->dmarc;

	if (f->dkim_aligned || f->result != AUTH_PASS)
		return f->dkim_aligned;
	for (unsigned i = 0; i < auth->dkim_count; i++)
		if (auth->dkim[i].result == AUTH_PASS &&
			is_aligned(f, auth->dkim[i].domain, f->strict_dkim))
			return true;
	return false;
}

/* ---- writing ---- */

static void add_value(struct buf *out, struct slice value)
{
	value = slice_part(value, 0, VALUE_MAX);
	for (size_t i = 0; i < value.len; i++) {
		char c = value.at[i];

		buf_add_char(out, c < ' ' || c > LAST_PRINTABLE ? '?' : c);
	}
}

static void add_field(struct buf *out, const char *key, struct slice value)
{
	if (out->len > 0)
		buf_add_char(out, '\t');
	buf_add_text(out, key);
	buf_add_char(out, '=');
	add_value(out, value);
}

static void add_outcome(
	const struct record *r, const struct dmarc_fact *f, struct buf *out)
{
	struct outcome_of o = outcome_of(r, f);

	add_field(out, "by", slice_of(f->discovery));
	add_field(out, "ip", slice_of(r->conn->ip_text));
	add_field(out, "do", slice_of(o.disposition));
	add_field(out, "dkim",
		slice_of(is_dkim_aligned(r->auth) ? "pass" : "fail"));
	add_field(out, "spf",
		slice_of(is_spf_aligned(r->auth) ? "pass" : "fail"));
	if (o.type == NULL)
		return;
	add_field(out, "why", slice_of(o.type));
	if (o.comment[0] != '\0') {
		buf_add_char(out, '/');
		buf_add_text(out, o.comment);
	}
}

/* A domain in its one spelling; what is none, as it came. */
static void add_domain(struct buf *out, const char *key, struct slice domain)
{
	char name[HOSTNAME_MAX];
	size_t len;

	if (hostname_parse(domain, name, &len) == RES_OK)
		domain = slice_make(name, len);
	add_field(out, key, domain);
}

static void add_identifiers(const struct record *r, struct buf *out)
{
	const struct auth_facts *auth = r->auth;
	const struct address *sender = &r->envelope->sender;

	add_field(out, "from", auth->dmarc.from_domain);
	if (sender->is_null || !slice_is_empty(sender->domain))
		add_domain(out, "sender",
			sender->is_null ? slice_of("") : sender->domain);
	if (!slice_is_empty(r->rcpt_domain))
		add_domain(out, "to", r->rcpt_domain);
	if (auth->mailfrom.result != AUTH_UNKNOWN &&
		!slice_is_empty(auth->mailfrom.domain)) {
		add_domain(out, "spfof", auth->mailfrom.domain);
		buf_add_char(out, '/');
		buf_add_text(out, auth_result_name(auth->mailfrom.result));
	}
}

/* RFC 9990 s3.1.4: the lower the more it matters. */
static unsigned rank(const struct auth_facts *auth, const struct dkim_fact *d)
{
	if (d->result != AUTH_PASS)
		return 3;
	if (slice_is_equal(d->domain, auth->dmarc.from_domain))
		return 0;
	return is_aligned(&auth->dmarc, d->domain, false) ? 1 : 2;
}

static void add_signature(struct buf *out, const struct dkim_fact *d)
{
	struct buf field;

	if (d->result == AUTH_UNKNOWN || slice_is_empty(d->domain) ||
		slice_is_empty(d->selector))
		return;
	buf_init(&field, AGGREGATE_ROW_MAX);
	buf_add_char(&field, '\t');
	buf_add_text(&field, "sig=");
	add_value(&field, d->domain);
	buf_add_char(&field, '/');
	add_value(&field, d->selector);
	buf_add_char(&field, '/');
	buf_add_text(&field, auth_result_name(d->result));
	if (buf_result(&field) == RES_OK &&
		out->len + field.len <= AGGREGATE_ROW_MAX)
		buf_add(out, buf_slice(&field));
	buf_clear(&field);
}

static void add_signatures(const struct auth_facts *auth, struct buf *out)
{
	for (unsigned r = 0; r <= 3; r++)
		for (unsigned i = 0; i < auth->dkim_count; i++)
			if (rank(auth, &auth->dkim[i]) == r)
				add_signature(out, &auth->dkim[i]);
}

static bool is_wanted(const struct record *r)
{
	const struct verdict *v = r->verdict;
	const struct dmarc_fact *f;
	struct dmarcrecord record;

	if (v == NULL || r->auth == NULL || strcmp(r->stage, "eom") != 0 ||
		r->conn->kind != CONN_REMOTE || v->action == ACTION_TEMPFAIL ||
		v->action == ACTION_NONE)
		return false;
	f = &r->auth->dmarc;
	return (f->result == AUTH_PASS || f->result == AUTH_FAIL) &&
		!slice_is_empty(f->policy_domain) &&
		dmarcrecord_parse(f->record, &record) == RES_OK &&
		!slice_is_empty(record.rua);
}

bool dmarcrows_format(const struct record *r, struct buf *out)
{
	struct buf row;
	bool is_whole;

	if (!is_wanted(r))
		return false;
	buf_init(&row, AGGREGATE_ROW_MAX);
	add_outcome(r, &r->auth->dmarc, &row);
	add_identifiers(r, &row);
	add_signatures(r->auth, &row);
	is_whole = buf_result(&row) == RES_OK;
	if (is_whole)
		buf_add(out, buf_slice(&row));
	buf_clear(&row);
	return is_whole && buf_result(out) == RES_OK;
}

static void judged(void *at, const struct record *r)
{
	const struct dmarcrows *d = at;
	char domain[HOSTNAME_MAX];
	struct buf row;
	size_t len;

	if (r->scope.conf == NULL || !r->scope.conf->dmarc.rows)
		return;
	buf_init(&row, AGGREGATE_ROW_MAX);
	if (dmarcrows_format(r, &row) &&
		hostname_parse(r->auth->dmarc.policy_domain, domain, &len) ==
			RES_OK)
		aggregate_add(d->aggregate, r->scope.conf, domain,
			r->auth->dmarc.record, buf_slice(&row));
	buf_clear(&row);
}

void dmarcrows_init(struct dmarcrows *out, struct aggregate *aggregate,
	const struct session_watch *next)
{
	*out = (struct dmarcrows){
		.aggregate = aggregate,
		.watch = { judged, out, next },
	};
}

/* ---- reading ---- */

static void read_reason(struct dmarcrows_row *row, struct slice value)
{
	struct dmarcrows_reason *reason;
	size_t at = slice_find(value, '/');

	if (row->reason_count >= DMARCROWS_REASONS_MAX)
		return;
	reason = &row->reason[row->reason_count++];
	reason->type = slice_part(value, 0, at);
	reason->comment = slice_part(value, at + 1, value.len);
}

static void read_signature(struct dmarcrows_row *row, struct slice value)
{
	struct dmarcrows_signature *s;

	if (row->signature_count >= DMARCROWS_SIGNATURES_MAX)
		return;
	s = &row->signature[row->signature_count++];
	slice_cut(&value, '/', &s->domain);
	slice_cut(&value, '/', &s->selector);
	s->result = value;
}

static void read_spf(struct dmarcrows_row *row, struct slice value)
{
	size_t at = slice_find_last(value, '/');

	row->spf_domain = slice_part(value, 0, at);
	row->spf_result = slice_part(value, at + 1, value.len);
}

static void read_sender(struct dmarcrows_row *row, struct slice value)
{
	row->has_sender = true;
	row->envelope_from = value;
}

static void read_field(
	struct dmarcrows_row *row, struct slice key, struct slice value)
{
	static const struct {
		const char *key;
		size_t at;
	} plain[] = {
		{ "by", offsetof(struct dmarcrows_row, discovery) },
		{ "ip", offsetof(struct dmarcrows_row, ip) },
		{ "do", offsetof(struct dmarcrows_row, disposition) },
		{ "dkim", offsetof(struct dmarcrows_row, dkim) },
		{ "spf", offsetof(struct dmarcrows_row, spf) },
		{ "from", offsetof(struct dmarcrows_row, header_from) },
		{ "to", offsetof(struct dmarcrows_row, envelope_to) },
	};
	static const struct {
		const char *key;
		void (*read)(struct dmarcrows_row *row, struct slice value);
	} other[] = {
		{ "why", read_reason },
		{ "sender", read_sender },
		{ "spfof", read_spf },
		{ "sig", read_signature },
	};

	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
		if (slice_is_equal(key, slice_of(plain[i].key)))
			*(struct slice *)((char *)row + plain[i].at) = value;
	for (size_t i = 0; i < sizeof(other) / sizeof(other[0]); i++)
		if (slice_is_equal(key, slice_of(other[i].key)))
			other[i].read(row, value);
}

enum result dmarcrows_parse(struct slice text, struct dmarcrows_row *out)
{
	struct slice field;

	*out = (struct dmarcrows_row){ .has_sender = false };
	while (slice_cut(&text, '\t', &field)) {
		size_t at = slice_find(field, '=');

		if (at == field.len)
			return RES_SYNTAX;
		read_field(out, slice_part(field, 0, at),
			slice_part(field, at + 1, field.len));
	}
	return slice_is_empty(out->ip) || slice_is_empty(out->disposition) ||
			slice_is_empty(out->dkim) || slice_is_empty(out->spf) ||
			slice_is_empty(out->header_from)
		? RES_SYNTAX
		: RES_OK;
}
