/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/reporter.h"

#include "auth/aligned.h"
#include "auth/authresread.h"
#include "conf/conf.h"
#include "mail/from.h"
#include "net/psl.h"

#include <string.h>

enum {
	RESULTS_MAX = 100,
	SIGNATURE_MAX = 16384 /* the milter may not have seen all of it */
};

static size_t field_count(const struct savedmail *m)
{
	return m->count < REPORTER_FIELDS_MAX ? m->count : REPORTER_FIELDS_MAX;
}

/* ---- the author ---- */

/* What stands in the last "<...>", or all of it. */
static struct slice address_of(struct slice value)
{
	const size_t from = slice_find_last(value, '<');

	if (from == value.len)
		return value;
	value = slice_part(value, from + 1, value.len);
	return slice_part(value, 0, slice_find(value, '>'));
}

void reporter_author(const struct savedmail *m, char out[MAILBOX_TEXT_MAX])
{
	const struct slice *value = NULL;
	struct from_list list;

	out[0] = '\0';
	for (size_t i = 0; i < field_count(m); i++) {
		if (!slice_is_equal_nocase(m->field[i].name, slice_of("From")))
			continue;
		if (value != NULL)
			return;
		value = &m->field[i].value;
	}
	if (value == NULL || from_parse(*value, &list) != RES_OK ||
		list.count != 1)
		return;
	if (mailbox_parse(address_of(*value), out) != RES_OK ||
		!slice_is_equal_nocase(
			mailbox_domain(slice_of(out)), list.domain[0]))
		out[0] = '\0';
}

/* ---- one of our users ---- */

enum result reporter_bind(const struct savedmail *m, struct tracebind *out)
{
	*out = (struct tracebind){ .failed = false };
	for (size_t i = 0; i < field_count(m); i++)
		tracebind_add(out, m->field[i].name, m->field[i].value);
	return out->failed ? RES_NOMEM : RES_OK;
}

/* Would the milter have put a trace on top of it, were it from outside? */
static bool is_open(const struct conf *conf, const struct savedmail *m)
{
	for (size_t i = 0; i < field_count(m); i++)
		if (aligned_is_signature(m->field[i].name) &&
			(m->field[i].value.len >= SIGNATURE_MAX ||
				aligned_covers(m->field[i].value, trace_name)))
			return false;
	return conf->trace.enabled && m->count <= REPORTER_FIELDS_MAX;
}

static enum result find_account(
	const struct reporter_input *in, struct reporter *out)
{
	const struct savedmail *m = in->mail;
	enum tracekeys_word word = TRACEKEYS_NONE;
	struct tracebind bind;
	struct trace t = { .direction = TRACE_UNKNOWN };
	enum result res = reporter_bind(m, &bind);
	size_t i = 0;

	while (i < field_count(m) && !trace_is_ours(m->field[i].name))
		i++;
	if (res == RES_OK && i < field_count(m))
		res = tracekeys_verify(in->ring, in->host, m->field[i].value,
			&bind, &word, &t);
	if (res != RES_OK || word != TRACEKEYS_VALID || !is_open(in->conf, m) ||
		t.direction != TRACE_OUT ||
		t.at_s < in->now_s - REPORTER_YOUNG_S)
		return res;
	out->proof = REPORT_LOCAL;
	memcpy(out->account, t.account, sizeof(out->account));
	return RES_OK;
}

/* ---- an author whose domain is proved ---- */

/* Are they of one organisation (RFC 7489 s3.1.1, relaxed)? */
static bool is_aligned(
	const struct psl *psl, struct slice proved, struct slice author)
{
	char a[HOSTNAME_MAX], b[HOSTNAME_MAX];
	size_t len;

	if (hostname_parse(proved, a, &len) != RES_OK ||
		hostname_parse(author, b, &len) != RES_OK)
		return false;
	if (psl == NULL)
		return strcmp(a, b) == 0;
	return slice_is_equal(psl_organisation(psl, slice_of(a)),
		psl_organisation(psl, slice_of(b)));
}

/* Behind the last "@"; all of it when there is none. */
static struct slice domain_of(struct slice address)
{
	const size_t at = slice_find_last(address, '@');

	return at == address.len ? address
				 : slice_part(address, at + 1, address.len);
}

static bool proves(const struct reporter_input *in,
	const struct authresread_result *r, struct slice author)
{
	static const struct {
		const char *method, *type, *name;
		bool is_exact;
	} known[] = {
		{ "dmarc", "header", "from", true },
		{ "spf", "smtp", "mailfrom", false },
		{ "dkim", "header", "d", false },
	};

	if (!slice_is_equal_nocase(r->result, slice_of("pass")))
		return false;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		const struct slice *value;

		if (!slice_is_equal_nocase(
			    r->method, slice_of(known[i].method)))
			continue;
		value = authresread_find(r, known[i].type, known[i].name);
		if (value != NULL &&
			is_aligned(known[i].is_exact ? NULL : in->psl,
				domain_of(*value), author))
			return true;
	}
	return false;
}

/* False: it is not ours. *proved: one of its results does. A value that cannot
 * be read to its end proves nothing. */
static bool take_results(const struct reporter_input *in, struct slice value,
	struct slice author, bool *proved)
{
	const struct slice ours = slice_of(in->conf->auth.authserv_id[0] != '\0'
			? in->conf->auth.authserv_id
			: in->conf->host);
	struct authresread r;
	struct authresread_result one;
	struct slice id;
	enum result res = authresread_begin(&r, value, &id);
	bool is_proved = false;

	if (res != RES_OK || !slice_is_equal_nocase(id, ours))
		return false;
	for (unsigned i = 0; i < RESULTS_MAX && res == RES_OK; i++) {
		res = authresread_next(&r, &one);
		is_proved = is_proved ||
			(res == RES_OK && proves(in, &one, author));
	}
	*proved = is_proved && res == RES_MISSING;
	return true;
}

static bool is_authenticated(
	const struct reporter_input *in, struct slice author)
{
	const struct savedmail *m = in->mail;
	bool proved = false;

	for (size_t i = 0; i < field_count(m); i++)
		if (slice_is_equal_nocase(m->field[i].name,
			    slice_of("Authentication-Results")) &&
			take_results(in, m->field[i].value, author, &proved))
			break;
	return proved;
}

/* Without the list: two labels. So strangers below one suffix may be taken for
 * one, and nobody for many. */
static struct slice last_labels(struct slice domain)
{
	const size_t dot = slice_find_last(domain, '.');
	const size_t before = slice_find_last(slice_part(domain, 0, dot), '.');

	return dot == domain.len || before == dot
		? domain
		: slice_part(domain, before + 1, domain.len);
}

static void find_organisation(
	const struct reporter_input *in, struct reporter *out)
{
	char domain[HOSTNAME_MAX];
	struct slice name = slice_of("");
	size_t len;

	if (hostname_parse(mailbox_domain(slice_of(out->mail)), domain, &len) ==
		RES_OK)
		name = slice_make(domain, len);
	name = in->psl != NULL ? psl_organisation(in->psl, name)
			       : last_labels(name);
	memcpy(out->organisation, name.at, name.len);
	out->organisation[name.len] = '\0';
}

enum result reporter_find(const struct reporter_input *in, struct reporter *out)
{
	enum result res;

	*out = (struct reporter){ .proof = REPORT_UNPROVEN };
	reporter_author(in->mail, out->mail);
	res = find_account(in, out);
	/* Without its checks the milter leaves what others forged. */
	if (res == RES_OK && out->proof == REPORT_UNPROVEN &&
		in->conf->auth.enabled && out->mail[0] != '\0' &&
		is_authenticated(in, mailbox_domain(slice_of(out->mail)))) {
		out->proof = REPORT_AUTHENTICATED;
		find_organisation(in, out);
	}
	return res;
}
