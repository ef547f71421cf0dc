/* SPDX-License-Identifier: BSD-2-Clause */
#include "judge/evidence.h"

#include "base/clock.h"

#include <stdio.h>

enum {
	EVIDENCE_MAX = 3 * CASEAUTH_LINES_MAX,
	LINE_MAX_OCTETS = 1024,
	NUMBER_MAX = 16
};

/* What is made goes behind what was made; the room never moves. */
static void keep(struct evidence *e, enum caseauth which, struct slice text)
{
	size_t from = e->text.len;

	buf_add(&e->text, text);
	if (buf_result(&e->text) == RES_OK)
		e->field[which] =
			slice_part(buf_slice(&e->text), from, text.len);
}

static void keep_number(struct evidence *e, enum caseauth which, unsigned n)
{
	char text[NUMBER_MAX];

	snprintf(text, sizeof(text), "%u", n);
	keep(e, which, slice_of(text));
}

static struct slice result_of(enum auth_result r)
{
	return slice_of(r == AUTH_UNKNOWN ? "" : auth_result_name(r));
}

/* The fields of one identity stand in the same order for both. */
static void add_spf(
	struct evidence *e, enum caseauth first, const struct spf_fact *f)
{
	enum {
		DOMAIN = 0,
		RECORD = CASEAUTH_SPF_RECORD - CASEAUTH_SPF_DOMAIN,
		MATCHED = CASEAUTH_SPF_MATCHED - CASEAUTH_SPF_DOMAIN,
		LOOKUPS = CASEAUTH_SPF_LOOKUPS - CASEAUTH_SPF_DOMAIN,
		VOIDS = CASEAUTH_SPF_VOIDS - CASEAUTH_SPF_DOMAIN,
		REASON = CASEAUTH_SPF_REASON - CASEAUTH_SPF_DOMAIN
	};

	_Static_assert(CASEAUTH_SPF_HELO_REASON - CASEAUTH_SPF_HELO_DOMAIN ==
			(int)REASON,
		"both identities have the same fields");
	if (f->result == AUTH_UNKNOWN)
		return;
	e->field[first + DOMAIN] = f->domain;
	e->field[first + RECORD] = f->record;
	e->field[first + MATCHED] = f->matched;
	if (!slice_is_empty(f->record)) {
		keep_number(e, first + LOOKUPS, f->lookups);
		keep_number(e, first + VOIDS, f->voids);
	}
	e->field[first + REASON] = f->reason;
}

static void add_both_spf(struct evidence *e, const struct auth_facts *auth)
{
	e->field[CASEAUTH_SPF] = result_of(auth->mailfrom.result);
	if (auth->mailfrom.result != AUTH_UNKNOWN)
		e->field[CASEAUTH_SPF_IDENTITY] =
			slice_of(auth->is_null_sender ? "helo" : "mailfrom");
	add_spf(e, CASEAUTH_SPF_DOMAIN, &auth->mailfrom);
	/* The same, told once. */
	if (auth->is_null_sender && auth->mailfrom.result != AUTH_UNKNOWN)
		return;
	e->field[CASEAUTH_SPF_HELO] = result_of(auth->helo.result);
	add_spf(e, CASEAUTH_SPF_HELO_DOMAIN, &auth->helo);
}

static void add_word(struct buf *line, const char *key, struct slice value)
{
	if (slice_is_empty(value))
		return;
	buf_add_format(line, " %s=", key);
	buf_add_escaped(line, value);
}

static void add_flag(struct buf *line, const char *key, bool value)
{
	if (value)
		buf_add_format(line, " %s=yes", key);
}

static void format_signature(struct buf *line, const struct dkim_fact *f)
{
	size_t at = slice_find_last(f->identity, '@');
	char time[CLOCK_TEXT_MAX];

	buf_add_text(line, auth_result_name(f->result));
	add_word(line, "d", f->domain);
	add_word(line, "s", f->selector);
	add_word(line, "a", f->algorithm);
	add_word(line, "i", slice_part(f->identity, at, f->identity.len));
	if (f->key_bits > 0)
		buf_add_format(line, " bits=%u", f->key_bits);
	add_flag(line, "dnssec", f->is_key_secure);
	add_flag(line, "testing", f->is_testing);
	add_flag(line, "partial", f->is_partial);
	if (f->expires_s > 0 && f->expires_s < INT64_MAX / 1000)
		add_word(line, "expires",
			slice_of(clock_format_utc(f->expires_s * 1000, time)));
	if (slice_is_empty(f->reason))
		return;
	buf_add_text(line, " reason=\"");
	buf_add_escaped(line, f->reason);
	buf_add_char(line, '"');
}

/* Lines of one field in the making; those that do not fit are left out. */
struct lines {
	struct evidence *e;
	size_t from;
};

static void add_line(struct lines *l, const struct buf *line)
{
	struct buf *text = &l->e->text;

	if (text->len - l->from + line->len + 1 > CASEAUTH_LINES_MAX)
		return;
	buf_add(text, buf_slice(line));
	buf_add_char(text, '\n');
}

static void end_lines(struct lines *l, enum caseauth which)
{
	struct buf *text = &l->e->text;

	l->e->field[which] =
		slice_part(buf_slice(text), l->from, CASEAUTH_LINES_MAX);
}

static void add_dkim(struct evidence *e, const struct auth_facts *auth)
{
	struct lines lines = { .e = e, .from = e->text.len };
	struct buf line;

	if (!auth->dkim_is_known)
		return;
	if (auth->dkim_ignored > 0)
		keep_number(e, CASEAUTH_DKIM_IGNORED, auth->dkim_ignored);
	lines.from = e->text.len;
	buf_init(&line, LINE_MAX_OCTETS);
	for (unsigned i = 0; i < auth->dkim_count; i++) {
		buf_reset(&line);
		format_signature(&line, &auth->dkim[i]);
		add_line(&lines, &line);
	}
	if (auth->dkim_count == 0) {
		buf_add_text(&line, "none");
		add_line(&lines, &line);
	}
	end_lines(&lines, CASEAUTH_DKIM);
	buf_clear(&line);
}

static void add_sealers(struct evidence *e, const struct arc_fact *f)
{
	struct lines lines = { .e = e, .from = e->text.len };
	struct buf line;

	buf_init(&line, LINE_MAX_OCTETS);
	for (unsigned i = f->set_count; i > 0; i--) {
		buf_reset(&line);
		buf_add_format(&line, "i=%u", i);
		add_word(&line, "d", f->sets[i - 1].sealer);
		add_word(&line, "s", f->sets[i - 1].selector);
		add_line(&lines, &line);
	}
	end_lines(&lines, CASEAUTH_ARC_SEALERS);
	buf_clear(&line);
}

static void add_arc(struct evidence *e, const struct arc_fact *f)
{
	e->field[CASEAUTH_ARC] = result_of(f->result);
	if (f->result == AUTH_UNKNOWN || f->result == AUTH_NONE)
		return;
	keep_number(e, CASEAUTH_ARC_SETS, f->instances);
	if (f->result == AUTH_PASS)
		keep_number(e, CASEAUTH_ARC_OLDEST_PASS, f->oldest_pass);
	add_sealers(e, f);
	if (f->is_trusted)
		e->field[CASEAUTH_ARC_TRUSTED] = f->trusted_by;
	e->field[CASEAUTH_ARC_REASON] = f->reason;
}

/* "sp=reject", with t=y and its meaning, and a name that is not there. */
static void add_policy(struct evidence *e, const struct dmarc_fact *f)
{
	struct buf line;

	if (f->policy_tag == NULL || f->policy_tag[0] == '\0')
		return;
	buf_init(&line, LINE_MAX_OCTETS);
	buf_add_format(
		&line, "%s=%s", f->policy_tag, dmarc_policy_name(f->policy));
	if (f->is_testing)
		buf_add_text(&line, " t=y");
	if (f->is_author_missing)
		buf_add_text(&line, " (the author's domain does not exist)");
	keep(e, CASEAUTH_DMARC_POLICY, buf_slice(&line));
	buf_clear(&line);
}

static void add_alignment(struct evidence *e, enum caseauth which,
	bool is_aligned, bool is_strict)
{
	struct buf line;

	buf_init(&line, LINE_MAX_OCTETS);
	buf_add_format(&line, "%s (%s)",
		is_aligned ? "an aligned pass" : "no aligned pass",
		is_strict ? "strict" : "relaxed");
	keep(e, which, buf_slice(&line));
	buf_clear(&line);
}

static bool is_verdict(enum auth_result r)
{
	return r == AUTH_PASS || r == AUTH_FAIL;
}

static void add_dmarc(struct evidence *e, const struct auth_facts *auth)
{
	const struct dmarc_fact *f = &auth->dmarc;

	if (auth->from_kind != FROM_UNKNOWN)
		e->field[CASEAUTH_FROM] =
			slice_of(from_kind_name(auth->from_kind));
	e->field[CASEAUTH_DMARC] = result_of(f->result);
	e->field[CASEAUTH_DMARC_OTHER] = result_of(auth->dmarc_other.result);
	if (f->result == AUTH_UNKNOWN)
		return;
	e->field[CASEAUTH_DMARC_AUTHOR] = f->from_domain;
	e->field[CASEAUTH_DMARC_POLICY_DOMAIN] = f->policy_domain;
	e->field[CASEAUTH_DMARC_ORG_DOMAIN] = f->org_domain;
	e->field[CASEAUTH_DMARC_RECORD] = f->record;
	add_policy(e, f);
	e->field[CASEAUTH_DMARC_DISCOVERY] = slice_of(f->discovery);
	if (is_verdict(f->result)) {
		add_alignment(
			e, CASEAUTH_DMARC_SPF, f->spf_aligned, f->strict_spf);
		add_alignment(e, CASEAUTH_DMARC_DKIM, f->dkim_aligned,
			f->strict_dkim);
	}
	e->field[CASEAUTH_DMARC_ALIGNED] = f->aligned_domain;
	e->field[CASEAUTH_DMARC_OVERRIDE] = f->override;
	e->field[CASEAUTH_DMARC_REASON] = f->reason;
}

void evidence_init(struct evidence *e, const struct auth_facts *auth)
{
	*e = (struct evidence){ .field = { { NULL, 0 } } };
	buf_init(&e->text, EVIDENCE_MAX);
	if (auth == NULL || buf_reserve(&e->text, EVIDENCE_MAX) == NULL)
		return;
	add_both_spf(e, auth);
	add_dkim(e, auth);
	add_arc(e, &auth->arc);
	add_dmarc(e, auth);
	e->field[CASEAUTH_IPREV] = result_of(auth->iprev.result);
	if (auth->iprev.result != AUTH_UNKNOWN) {
		e->field[CASEAUTH_IPREV_NAME] = auth->iprev.name;
		e->field[CASEAUTH_IPREV_REASON] = auth->iprev.reason;
	}
}

void evidence_clear(struct evidence *e)
{
	buf_clear(&e->text);
}
