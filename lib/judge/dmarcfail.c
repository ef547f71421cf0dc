/* SPDX-License-Identifier: BSD-2-Clause */
#include "judge/dmarcfail.h"

#include "auth/authres.h"
#include "auth/dmarcrecord.h"
#include "base/clock.h"
#include "fact/message.h"
#include "judge/record.h"
#include "mail/arf.h"
#include "net/hostname.h"

#include <string.h>

enum { LINE_MAX = 900, FIELD_MAX = 4096, RESULTS_MAX = 4096 };

/* ---- is it wanted ---- */

static bool has_option(struct slice fo, char option)
{
	struct slice word;

	while (slice_cut(&fo, ':', &word)) {
		word = slice_trim(word);
		if (word.len == 1 && (word.at[0] | 0x20) == (option | 0x20))
			return true;
	}
	return false;
}

static bool has_bad_signature(const struct auth_facts *auth)
{
	for (unsigned i = 0; i < auth->dkim_count; i++)
		if (auth->dkim[i].result == AUTH_FAIL ||
			auth->dkim[i].result == AUTH_PERMERROR)
			return true;
	return false;
}

static bool has_bad_spf(const struct auth_facts *auth)
{
	return auth->mailfrom.result == AUTH_FAIL ||
		auth->mailfrom.result == AUTH_SOFTFAIL ||
		auth->mailfrom.result == AUTH_PERMERROR;
}

/* RFC 9989 s4.7. A message that fails DMARC has neither aligned. */
static bool matches(const struct auth_facts *auth, struct slice fo)
{
	if (slice_is_empty(slice_trim(fo)))
		return true;
	return has_option(fo, '0') || has_option(fo, '1') ||
		(has_option(fo, 'd') && has_bad_signature(auth)) ||
		(has_option(fo, 's') && has_bad_spf(auth));
}

static struct slice value_of(const struct message *m, const char *name)
{
	size_t i = message_find(m, slice_of(name), 0);

	return i < m->field_count ? slice_trim(m->fields[i].value)
				  : slice_of("");
}

/* RFC 6650 s5.6, RFC 3834 s2. */
static bool is_of_machine(const struct record *r)
{
	const struct message *m = r->message;
	struct slice automatic = value_of(m, "Auto-Submitted");

	return r->envelope->sender.is_null ||
		slice_has_prefix_nocase(value_of(m, "Content-Type"),
			slice_of("multipart/report")) ||
		(!slice_is_empty(automatic) &&
			!slice_has_prefix_nocase(automatic, slice_of("no")));
}

static bool is_failure(const struct record *r)
{
	const struct verdict *v = r->verdict;

	return v != NULL && r->auth != NULL && r->message != NULL &&
		strcmp(r->stage, "eom") == 0 && r->conn->kind == CONN_REMOTE &&
		v->action != ACTION_TEMPFAIL && v->action != ACTION_NONE &&
		r->auth->dmarc.result == AUTH_FAIL &&
		slice_is_empty(r->auth->dmarc.override);
}

bool dmarcfail_is_wanted(const struct record *r, struct slice *ruf)
{
	struct dmarcrecord record;

	if (!is_failure(r) ||
		dmarcrecord_parse(r->auth->dmarc.record, &record) != RES_OK ||
		slice_is_empty(record.ruf) || record.psd == DMARCRECORD_PSD_Y ||
		is_of_machine(r))
		return false;
	*ruf = record.ruf;
	return matches(r->auth, record.fo);
}

/* ---- the report ---- */

/* RFC 6591 s3.2.2 */
static const char *delivery(const struct record *r)
{
	switch (r->verdict->action) {
	case ACTION_REJECT:
		return "reject";
	case ACTION_QUARANTINE:
		return "policy";
	case ACTION_MARK:
		return "spam";
	case ACTION_NONE:
	case ACTION_ACCEPT:
	case ACTION_TEMPFAIL:
		break;
	}
	return "delivered";
}

static const struct dkim_fact *failed_signature(const struct auth_facts *auth)
{
	for (unsigned i = 0; i < auth->dkim_count; i++)
		if (auth->dkim[i].result != AUTH_PASS &&
			slice_is_equal(
				auth->dkim[i].domain, auth->dmarc.from_domain))
			return &auth->dkim[i];
	return NULL;
}

/* RFC 9991 s3: of an SPF failure of the author's own domain. */
static void add_spf(const struct auth_facts *auth, struct buf *out)
{
	struct buf line;

	if (auth->mailfrom.result == AUTH_PASS ||
		slice_is_empty(auth->mailfrom.record) ||
		!slice_is_equal_nocase(
			auth->mailfrom.domain, auth->dmarc.from_domain))
		return;
	buf_init(&line, LINE_MAX);
	buf_add_format(&line, "SPF-DNS: txt : %.*s : \"",
		SLICE_ARG(auth->dmarc.from_domain));
	for (size_t i = 0; i < auth->mailfrom.record.len; i++) {
		char c = auth->mailfrom.record.at[i];

		if (c >= ' ' && c <= '~' && c != '"' && c != '\\')
			buf_add_char(&line, c);
	}
	buf_add_text(&line, "\"\r\n");
	if (buf_result(&line) == RES_OK)
		buf_add(out, buf_slice(&line));
	buf_clear(&line);
}

/* Octets of a name for a field: what is none stands in no field. */
static void add_sender(const struct record *r, struct buf *out)
{
	char name[HOSTNAME_MAX];
	size_t len;

	if (hostname_parse(r->envelope->sender.domain, name, &len) == RES_OK)
		buf_add_format(out, "<redacted@%s>", name);
}

/* i= has "@" and d= for its default (RFC 6376 s3.5). */
static void add_signature(
	const struct dkim_fact *d, struct arf *a, struct buf *identity)
{
	if (slice_is_empty(d->identity))
		buf_add_char(identity, '@');
	buf_add(identity,
		slice_is_empty(d->identity) ? d->domain : d->identity);
	a->dkim_domain = d->domain;
	a->dkim_identity = buf_slice(identity);
	a->dkim_selector = d->selector;
}

static void fill(const struct record *r, struct arf *a)
{
	const struct auth_facts *auth = r->auth;

	a->type = ARF_AUTH_FAILURE;
	a->version = 1;
	a->user_agent = slice_of("Reprieve/" PACKAGE_VERSION);
	a->source_ip = r->conn->ip;
	a->has_source_ip = true;
	a->source_port = r->conn->port;
	a->incidents = 1;
	a->reported_domain[0] = auth->dmarc.from_domain;
	a->domain_count = 1;
	a->auth_failure = slice_of("dmarc");
	a->delivery_result = slice_of(delivery(r));
	a->identity_alignment = slice_of("dkim, spf");
}

static void add_results(
	const struct record *r, struct arf *a, struct buf *results)
{
	const struct authres_input in = {
		.authserv_id = slice_of(r->scope.conf->host),
		.auth = r->auth,
		.ip = &r->conn->ip,
	};

	if (authres_format(&in, results) != RES_OK)
		return;
	a->authentication_results[0] = slice_trim(buf_slice(results));
	a->results_count = 1;
}

enum result dmarcfail_fields(const struct record *r, struct buf *out)
{
	const struct dkim_fact *signature = failed_signature(r->auth);
	struct buf results, sender, identity;
	struct arf a = { .incidents = 1 };
	enum result res;

	buf_init(&identity, LINE_MAX);
	buf_init(&results, RESULTS_MAX);
	buf_init(&sender, LINE_MAX);
	fill(r, &a);
	add_sender(r, &sender);
	a.mail_from = buf_slice(&sender);
	add_results(r, &a, &results);
	if (signature != NULL)
		add_signature(signature, &a, &identity);
	res = arf_format(&a, out);
	if (res == RES_OK)
		add_spf(r->auth, out);
	buf_clear(&results);
	buf_clear(&sender);
	buf_clear(&identity);
	return res == RES_OK ? buf_result(out) : res;
}

/* ---- the header ---- */

/* Where a message is from. None of these names who it is for, but in words. */
static const struct {
	const char *name;
	bool is_of_sender; /* its addresses are the sender's own */
} shown[] = {
	{ "From", true },
	{ "Sender", true },
	{ "Date", true },
	{ "Message-ID", true },
	{ "Subject", false },
	{ "DKIM-Signature", true },
	{ "List-Id", false },
	{ "MIME-Version", false },
	{ "Content-Type", false },
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Words with "@" are "redacted" (RFC 6590). */
static void add_redacted(struct buf *out, struct slice value)
{
	for (size_t i = 0; i < value.len;) {
		size_t end = i;

		while (end < value.len && !is_blank(value.at[end]))
			end++;
		if (end == i) {
			buf_add_char(out, value.at[i++]);
			continue;
		}
		struct slice word = slice_part(value, i, end - i);

		if (slice_find(word, '@') < word.len)
			buf_add_text(out, "redacted");
		else
			buf_add(out, word);
		i = end;
	}
}

static bool is_fold(struct slice value, size_t i)
{
	return i + 2 < value.len && value.at[i] == '\r' &&
		value.at[i + 1] == '\n' &&
		(value.at[i + 2] == ' ' || value.at[i + 2] == '\t');
}

/* Folds stay, other controls go: no field begins within another. A line that
 * is too long for mail is folded where it stands. */
static void add_clean(struct buf *out, struct slice value)
{
	size_t column = 0;

	for (size_t i = 0; i < value.len; i++) {
		char c = value.at[i];

		if (is_fold(value, i)) {
			buf_add_text(out, "\r\n");
			i++;
			column = 0;
			continue;
		}
		if (column++ >= LINE_MAX) {
			buf_add_text(out, "\r\n ");
			column = 0;
		}
		if ((unsigned char)c > '~')
			c = '?';
		buf_add_char(out, c < ' ' && c != '\t' ? ' ' : c);
	}
}

static void add_field(struct buf *out, const char *name, struct slice value,
	bool is_of_sender)
{
	struct buf redacted, field;

	buf_init(&redacted, FIELD_MAX);
	buf_init(&field, FIELD_MAX);
	value = slice_trim(value);
	if (is_of_sender)
		buf_add(&redacted, value);
	else
		add_redacted(&redacted, value);
	buf_add_format(&field, "%s: ", name);
	add_clean(&field, buf_slice(&redacted));
	buf_add_text(&field, "\r\n");
	if (buf_result(&redacted) == RES_OK && buf_result(&field) == RES_OK &&
		out->len + field.len <= out->max)
		buf_add(out, buf_slice(&field));
	buf_clear(&redacted);
	buf_clear(&field);
}

enum result dmarcfail_header(const struct record *r, struct buf *out)
{
	const struct message *m = r->message;

	for (size_t i = 0; i < m->field_count; i++)
		for (size_t k = 0; k < sizeof(shown) / sizeof(shown[0]); k++)
			if (slice_is_equal_nocase(
				    m->fields[i].name, slice_of(shown[k].name)))
				add_field(out, shown[k].name,
					m->fields[i].value,
					shown[k].is_of_sender);
	return buf_result(out);
}

/* ---- watching ---- */

static void judged(void *at, const struct record *r)
{
	const struct dmarcfail *d = at;
	const struct conf *conf = r->scope.conf;
	struct failure f;
	struct buf fields, header;
	enum result dropped;

	if (conf == NULL || !conf->dmarc.failure_reports ||
		!dmarcfail_is_wanted(r, &f.ruf))
		return;
	buf_init(&fields, FAILURE_FIELDS_MAX);
	buf_init(&header, FAILURE_HEADER_MAX);
	if (dmarcfail_fields(r, &fields) == RES_OK &&
		dmarcfail_header(r, &header) == RES_OK) {
		f.domain = r->auth->dmarc.policy_domain;
		f.fields = buf_slice(&fields);
		f.header = buf_slice(&header);
		/* Few are to be sent anyway. */
		dropped = failure_add(
			d->writer, conf, &f, clock_wall_ms(d->clock));
		(void)dropped;
	}
	buf_clear(&fields);
	buf_clear(&header);
}

void dmarcfail_init(struct dmarcfail *out, struct writer *writer,
	const struct clock *clock, const struct session_watch *next)
{
	*out = (struct dmarcfail){
		.writer = writer,
		.clock = clock,
		.watch = { judged, out, next },
	};
}
