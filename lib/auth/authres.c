/* SPDX-License-Identifier: BSD-2-Clause */
#include "auth/authres.h"

#include "auth/fieldtext.h"
#include "mail/cfws.h"
#include "net/psl.h"

#include <stdio.h>
#include <string.h>

const char authres_name[] = "Authentication-Results";

enum { REASON_MAX = 200, UTF8_MAX = 1024 };

static char fold(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* The id as it is meant, one octet after the other, against ours. */
struct matcher {
	struct slice want;
	size_t at;
	bool differs;
	bool has_utf8;
	char text[UTF8_MAX]; /* what was matched, cut */
	size_t len;
};

static void match(struct matcher *m, char c)
{
	m->has_utf8 = m->has_utf8 || (unsigned char)c >= 0x80;
	if (m->len < sizeof(m->text))
		m->text[m->len++] = c;
	if (m->at < m->want.len && fold(c) == fold(m->want.at[m->at]))
		m->at++;
	else if (m->at == m->want.len && c == '.')
		m->at++; /* one trailing dot */
	else
		m->differs = true;
}

static bool is_match(const struct matcher *m)
{
	return !m->differs && m->at >= m->want.len;
}

/* Our name in U-labels, or in letters that are another form of ours: a reader
 * of RFC 8616 spells them as we do. */
static bool is_match_in_utf8(const struct matcher *m)
{
	char name[HOSTNAME_MAX];
	size_t len;

	return m->has_utf8 && m->len < sizeof(m->text) &&
		psl_to_ascii(slice_make(m->text, m->len), name, &len) ==
		RES_OK &&
		slice_is_equal_nocase(slice_make(name, len), m->want);
}

/* False: the quote does not end. */
static bool match_quoted(struct matcher *m, struct slice v, size_t *at)
{
	for (++*at; *at < v.len; ++*at) {
		char c = v.at[*at];

		if (c == '"') {
			++*at;
			return true;
		}
		if (c == '\\' && *at + 1 < v.len)
			c = v.at[++*at];
		/* A fold within the quotes is not part of the text. */
		if (c != '\r' && c != '\n')
			match(m, c);
	}
	return false;
}

/* RFC 2045 s5.1. What no token can hold ends the id, or a reader that drops
 * such octets would find our name where we did not. U-labels may stand there
 * (RFC 8616). */
static bool is_of_token(char c)
{
	return (unsigned char)c > ' ' && c != 0x7f &&
		strchr("()<>@,;:\\\"/[]?=", c) == NULL;
}

static void match_token(struct matcher *m, struct slice v, size_t *at)
{
	while (*at < v.len && is_of_token(v.at[*at]))
		match(m, v.at[(*at)++]);
}

/*
 * Readers that take the id for a domain let blanks and comments stand around
 * its dots (RFC 5322 s4.4). False: a comment does not end.
 */
static bool match_spread(struct matcher *m, struct slice v, size_t *at)
{
	while (!m->differs && !is_match(m) && *at > 0) {
		bool is_behind_dot = v.at[*at - 1] == '.';
		size_t next = *at;

		if (!cfws_skip(v, &next))
			return false;
		if (next == *at || next == v.len ||
			(!is_behind_dot && v.at[next] != '.'))
			break;
		*at = next;
		match_token(m, v, at);
	}
	return true;
}

static bool holds(struct slice v, struct slice id)
{
	for (size_t i = 0; id.len > 0 && i + id.len <= v.len; i++)
		if (slice_is_equal_nocase(slice_part(v, i, id.len), id))
			return true;
	return false;
}

bool authres_claims(struct slice value, struct slice authserv_id)
{
	struct matcher m = { .want = authserv_id };
	size_t at = 0;

	if (!cfws_skip(value, &at))
		return holds(value, authserv_id);
	if (at < value.len && value.at[at] == '"') {
		if (!match_quoted(&m, value, &at))
			return holds(value, authserv_id);
	} else {
		match_token(&m, value, &at);
		if (!match_spread(&m, value, &at))
			return holds(value, authserv_id);
	}
	return is_match(&m) || is_match_in_utf8(&m);
}

/* ---- ours ---- */

enum { B_MIN = 8, ADDRESS_MAX = 64 + 1 + 253 };

/* One result more; the method has not been said yet. */
static void add_method(
	struct fieldtext *t, const char *method, enum auth_result r)
{
	fieldtext_mark(t, ";");
	fieldtext_fold(t);
	fieldtext_word(t, "%s=%s", method, auth_result_name(r));
}

/* RFC 8601 s2.2: reason=value. A line of its own, for it is for people. */
static void add_reason(struct fieldtext *t, struct slice reason)
{
	if (slice_is_empty(reason))
		return;
	fieldtext_fold(t);
	fieldtext_quoted(t, "reason", slice_part(reason, 0, REASON_MAX));
}

/* "" is left out, and so is what could be no name. */
static void add_name(struct fieldtext *t, const char *name, struct slice value)
{
	if (fieldtext_is_name(value))
		fieldtext_word(t, "%s=%.*s", name, SLICE_ARG(value));
}

static void add_address(
	struct fieldtext *t, const char *name, const struct ipaddr *ip)
{
	char text[IPADDR_TEXT_MAX];

	fieldtext_pair(t, name, slice_of(ipaddr_format(ip, text)));
}

/*
 * local@domain. Where a local part is no token the whole is quoted, though the
 * grammar would let it stand: readers stumble over "=" (as in BATV). False: it
 * cannot be said safely.
 */
static bool add_mailbox(struct fieldtext *t, const char *name,
	struct slice local, struct slice domain)
{
	char text[ADDRESS_MAX + 1];

	if (!fieldtext_is_name(domain) ||
		(!slice_is_empty(local) && !fieldtext_is_local(local)))
		return false;
	snprintf(text, sizeof(text), "%.*s@%.*s", SLICE_ARG(local),
		SLICE_ARG(domain));
	if (strpbrk(text, "/?=") != NULL)
		fieldtext_quoted(t, name, slice_of(text));
	else
		fieldtext_word(t, "%s=%s", name, text);
	return true;
}

static struct slice local_of_sender(const struct authres_input *in)
{
	return in->envelope == NULL ? slice_of("") : in->envelope->sender.local;
}

/*
 * RFC 8601 s2.7.2. Identities stay apart: a null sender has only that of HELO,
 * and a result of HELO beside that of MAIL FROM stands behind it and needs its
 * name, or a reader would take it for the sender's.
 */
static void add_spf(struct fieldtext *t, const struct authres_input *in)
{
	const struct spf_fact *f = &in->auth->mailfrom;
	const struct spf_fact *helo = &in->auth->helo;

	if (f->result != AUTH_UNKNOWN) {
		struct slice local = local_of_sender(in);

		add_method(t, "spf", f->result);
		add_reason(t, f->reason);
		if (in->auth->is_null_sender)
			add_name(t, "smtp.helo", f->domain);
		else if (slice_is_empty(local) ||
			!add_mailbox(t, "smtp.mailfrom", local, f->domain))
			add_name(t, "smtp.mailfrom", f->domain);
	}
	if (helo->result == AUTH_UNKNOWN || !fieldtext_is_name(helo->domain) ||
		(f->result != AUTH_UNKNOWN && in->auth->is_null_sender))
		return;
	add_method(t, "spf", helo->result);
	add_reason(t, helo->reason);
	add_name(t, "smtp.helo", helo->domain);
}

/* RFC 6008 s4: eight octets, more where another signature begins alike. */
static size_t length_of_b(const struct auth_facts *auth, unsigned which)
{
	struct slice b = auth->dkim[which].b;
	size_t len = b.len < B_MIN ? b.len : B_MIN;

	for (unsigned i = 0; i < auth->dkim_count; i++) {
		if (i == which)
			continue;
		while (len < b.len &&
			slice_is_equal(slice_part(b, 0, len),
				slice_part(auth->dkim[i].b, 0, len)))
			len++;
	}
	return len;
}

static void add_key(struct fieldtext *t, const struct dkim_fact *f)
{
	if (f->key_bits > 0) {
		fieldtext_word(t, "(%u-bit", f->key_bits);
		fieldtext_word(t, "key%s)", f->is_key_secure ? " DNSSEC" : "");
	}
	if (f->is_testing)
		fieldtext_word(t, "(t=y)");
	if (f->is_partial)
		fieldtext_word(t, "(l=)");
}

static void add_identity(struct fieldtext *t, struct slice identity)
{
	size_t at = slice_find_last(identity, '@');

	if (at < identity.len)
		(void)add_mailbox(t, "header.i", slice_part(identity, 0, at),
			slice_part(identity, at + 1, identity.len));
}

static void add_signature(
	struct fieldtext *t, const struct auth_facts *auth, unsigned which)
{
	const struct dkim_fact *f = &auth->dkim[which];

	if (f->result == AUTH_UNKNOWN)
		return;
	add_method(t, "dkim", f->result);
	add_key(t, f);
	add_reason(t, f->reason);
	add_name(t, "header.d", f->domain);
	add_identity(t, f->identity);
	add_name(t, "header.s", f->selector);
	add_name(t, "header.a", f->algorithm);
	if (!slice_is_empty(f->b))
		fieldtext_pair(t, "header.b",
			slice_part(f->b, 0, length_of_b(auth, which)));
}

static void add_dkim(struct fieldtext *t, const struct auth_facts *auth)
{
	if (!auth->dkim_is_known)
		return;
	if (auth->dkim_count == 0 && auth->dkim_ignored == 0)
		add_method(t, "dkim", AUTH_NONE);
	for (unsigned i = 0; i < auth->dkim_count && i < AUTH_DKIM_MAX; i++)
		add_signature(t, auth, i);
	if (auth->dkim_ignored == 0)
		return;
	add_method(t, "dkim", AUTH_NEUTRAL);
	add_reason(t, slice_of("too many signatures, not evaluated"));
}

/* RFC 8617 s10.2; the comment says what the numbers are about. */
static void add_arc(struct fieldtext *t, const struct authres_input *in)
{
	const struct arc_fact *f = &in->auth->arc;

	if (f->result == AUTH_UNKNOWN)
		return;
	add_method(t, "arc", f->result);
	if (f->instances > 0)
		fieldtext_word(t, "(i=%u%s)", f->instances,
			f->is_trusted ? " trusted" : "");
	if (f->set_count > 0 &&
		fieldtext_is_name(f->sets[f->set_count - 1].sealer))
		fieldtext_word(t, "(d=%.*s)",
			SLICE_ARG(f->sets[f->set_count - 1].sealer));
	add_reason(t, f->reason);
	if (f->result == AUTH_NONE)
		return;
	add_address(t, "smtp.remote-ip", in->ip);
	if (f->result == AUTH_PASS)
		fieldtext_word(t, "header.oldest-pass=%u", f->oldest_pass);
}

enum dmarc_policy authres_policy(const struct dmarc_fact *f)
{
	if (!f->is_testing || f->policy == DMARC_POLICY_NONE)
		return f->policy;
	return (enum dmarc_policy)(f->policy - 1);
}

static void add_dmarc(struct fieldtext *t, const struct dmarc_fact *f)
{
	bool has_policy = f->policy_tag != NULL && f->policy_tag[0] != '\0' &&
		!slice_is_empty(f->policy_domain);

	if (f->result == AUTH_UNKNOWN)
		return;
	add_method(t, "dmarc", f->result);
	if (has_policy)
		fieldtext_word(t, "(%s=%s%s)", f->policy_tag,
			dmarc_policy_name(f->policy),
			f->is_testing ? " t=y" : "");
	if (!slice_is_empty(f->override)) {
		fieldtext_word(t, "(overridden)");
		add_reason(t, f->override);
	} else {
		add_reason(t, f->reason);
	}
	add_name(t, "header.from", f->from_domain);
	if (has_policy)
		fieldtext_word(t, "policy.dmarc=%s",
			dmarc_policy_name(authres_policy(f)));
}

static void add_iprev(struct fieldtext *t, const struct authres_input *in)
{
	const struct iprev_fact *f = &in->auth->iprev;

	if (f->result == AUTH_UNKNOWN)
		return;
	add_method(t, "iprev", f->result);
	add_reason(t, f->reason);
	add_address(t, "policy.iprev", in->ip);
	if (fieldtext_is_name(f->name))
		fieldtext_word(t, "(%.*s)", SLICE_ARG(f->name));
}

enum result authres_format_results(
	const struct authres_input *in, struct buf *out)
{
	size_t before = out->len;
	struct fieldtext t;

	fieldtext_init(&t, out, 0);
	add_spf(&t, in);
	add_dkim(&t, in->auth);
	add_arc(&t, in);
	add_dmarc(&t, &in->auth->dmarc);
	add_iprev(&t, in);
	if (out->len == before)
		buf_add_text(out, "; none");
	return buf_result(out);
}

enum result authres_format(const struct authres_input *in, struct buf *out)
{
	buf_add_format(out, " %.*s", SLICE_ARG(in->authserv_id));
	return authres_format_results(in, out);
}
