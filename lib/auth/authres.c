/* SPDX-License-Identifier: BSD-2-Clause */
#include "auth/authres.h"

#include <string.h>

const char authres_name[] = "Authentication-Results";

enum { REASON_MAX = 200 };

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* From "(" to behind its ")", comments within it too (RFC 5322 s3.2.2).
 * False: it does not end. */
static bool skip_comment(struct slice v, size_t *at)
{
	size_t depth = 0;

	for (; *at < v.len; ++*at) {
		char c = v.at[*at];

		if (c == '\\')
			++*at;
		else if (c == '(')
			depth++;
		else if (c == ')' && --depth == 0) {
			++*at;
			return true;
		}
	}
	*at = v.len;
	return false;
}

static bool skip_blanks(struct slice v, size_t *at)
{
	while (*at < v.len) {
		if (is_blank(v.at[*at]))
			++*at;
		else if (v.at[*at] != '(')
			break;
		else if (!skip_comment(v, at))
			return false;
	}
	return true;
}

static char fold(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* The id as it is meant, one octet after the other, against ours. */
struct matcher {
	struct slice want;
	size_t at;
	bool differs;
};

static void match(struct matcher *m, char c)
{
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

	if (!skip_blanks(value, &at))
		return holds(value, authserv_id);
	if (at < value.len && value.at[at] == '"') {
		if (!match_quoted(&m, value, &at))
			return holds(value, authserv_id);
	} else {
		match_token(&m, value, &at);
	}
	return is_match(&m);
}

/* ---- ours ---- */

/* RFC 8601 s2.2: reason=quoted-string. Anything but plain text is dropped. */
static void add_reason(struct buf *out, struct slice reason)
{
	if (slice_is_empty(reason))
		return;
	buf_add_text(out, "\n\treason=\"");
	for (size_t i = 0; i < reason.len && i < REASON_MAX; i++) {
		char c = reason.at[i];

		if (c >= ' ' && c <= '~' && c != '"' && c != '\\')
			buf_add_char(out, c);
	}
	buf_add_char(out, '"');
}

static void add_iprev(struct buf *out, const struct authres_input *in)
{
	const struct iprev_fact *f = &in->auth->iprev;
	char ip[IPADDR_TEXT_MAX];

	buf_add_format(out, ";\n\tiprev=%s", auth_result_name(f->result));
	add_reason(out, f->reason);
	buf_add_format(out, " policy.iprev=%s", ipaddr_format(in->ip, ip));
	if (!slice_is_empty(f->name))
		buf_add_format(out, " (%.*s)", SLICE_ARG(f->name));
}

enum result authres_format(const struct authres_input *in, struct buf *out)
{
	buf_add_format(out, " %.*s", SLICE_ARG(in->authserv_id));
	if (in->auth->iprev.result == AUTH_UNKNOWN)
		buf_add_text(out, "; none");
	else
		add_iprev(out, in);
	return buf_result(out);
}
