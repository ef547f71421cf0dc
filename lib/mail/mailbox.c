/* SPDX-License-Identifier: BSD-2-Clause */
#include "mail/mailbox.h"

#include "net/hostname.h"

#include <string.h>

/*
 * Postfix and Sendmail send "ann%other@here" and "other!ann@here" on when the
 * letter comes from this machine (RFC 5321 s3.6.1, appendix C): it would be a
 * letter to a mailbox that we have not counted. Programs, files and options are
 * what old aliases and command lines make of the rest.
 */
static bool leads_elsewhere(struct slice local)
{
	return slice_find(local, '%') < local.len ||
		slice_find(local, '!') < local.len ||
		(local.len > 0 && strchr("|/-", local.at[0]) != NULL);
}

/* RFC 5321 s4.1.2 Dot-string; atext of RFC 5322 s3.2.3. */
static bool is_dot_string(struct slice s)
{
	static const char atext[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789!#$%&'*+-/=?^_`{|}~";
	char before = '.';

	for (size_t i = 0; i < s.len; i++) {
		const char c = s.at[i];

		if (c == '.' ? before == '.'
			     : c == '\0' || strchr(atext, c) == NULL)
			return false;
		before = c;
	}
	return before != '.';
}

enum result mailbox_parse(struct slice text, char out[MAILBOX_TEXT_MAX])
{
	const struct slice whole = slice_trim(text);
	const size_t at = slice_find_last(whole, '@');
	const struct slice local = slice_part(whole, 0, at);
	char domain[HOSTNAME_MAX];
	size_t len = 0;
	enum result res;

	if (at == whole.len || !is_dot_string(local) || leads_elsewhere(local))
		return RES_SYNTAX;
	if (local.len > MAILBOX_LOCAL_MAX)
		return RES_TOOBIG;
	res = hostname_parse(
		slice_part(whole, at + 1, whole.len), domain, &len);
	if (res != RES_OK)
		return res;
	/* One label is a host of some local network, or a top level. */
	if (strchr(domain, '.') == NULL)
		return RES_SYNTAX;
	if (local.len + 1 + len >= MAILBOX_TEXT_MAX)
		return RES_TOOBIG;
	memcpy(out, local.at, local.len);
	out[local.len] = '@';
	memcpy(out + local.len + 1, domain, len + 1);
	return RES_OK;
}

struct slice mailbox_domain(struct slice mailbox)
{
	return slice_part(
		mailbox, slice_find_last(mailbox, '@') + 1, mailbox.len);
}

static char fold(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static size_t add_folded(char *out, size_t len, struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		out[len++] = fold(text.at[i]);
	return len;
}

enum result mailbox_name(struct slice mailbox, char out[MAILBOX_TEXT_MAX])
{
	const size_t at = slice_find_last(mailbox, '@');
	struct slice local = slice_part(mailbox, 0, at);
	const size_t plus = slice_find(local, '+');
	size_t len;

	if (mailbox.len > 0 && mailbox.at[mailbox.len - 1] == '.')
		mailbox.len--;
	if (mailbox.len >= MAILBOX_TEXT_MAX)
		return RES_TOOBIG;
	if (plus > 0)
		local = slice_part(local, 0, plus);
	len = add_folded(out, 0, local);
	len = add_folded(out, len, slice_part(mailbox, at, mailbox.len));
	out[len] = '\0';
	return RES_OK;
}
