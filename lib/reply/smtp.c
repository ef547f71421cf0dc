/* SPDX-License-Identifier: BSD-2-Clause */
#include "reply/smtp.h"

#include "net/ipaddr.h"

#include <stdio.h>
#include <string.h>

_Static_assert(CODE_IP_MAX + 1 == IPADDR_TEXT_MAX,
	"the bound of the table is that of the address");

/* Text in the making; stays failed after the first add that did not fit. */
struct line {
	char *at;
	size_t len;
	bool full;
};

static void line_add(struct line *l, struct slice s)
{
	if (s.len == 0 || l->full)
		return;
	if (s.len > REPLY_TEXT_MAX - l->len) {
		l->full = true;
		return;
	}
	memcpy(l->at + l->len, s.at, s.len);
	l->len += s.len;
	l->at[l->len] = '\0';
}

/* RFC 5321 s4.2 printable US-ASCII; Sendmail drops a text with a '%'. */
static bool is_safe(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.at[i] <= 0x20 || s.at[i] > 0x7e || s.at[i] == '%')
			return false;
	return true;
}

static void line_add_url(
	struct line *l, struct slice portal_url, struct slice ref)
{
	if (!slice_is_empty(portal_url)) {
		line_add(l, portal_url);
		line_add(l, slice_of("/r/"));
	}
	line_add(l, ref);
}

static void line_fill(struct line *l, const struct code_row *row,
	struct slice ip, struct slice portal_url, struct slice ref)
{
	const struct slice ip_field = slice_of("{ip}");
	const struct slice url_field = slice_of("{url}");
	struct slice rest = slice_of(row->text);

	while (!slice_is_empty(rest)) {
		size_t skip = 1;

		if (slice_has_prefix(rest, ip_field)) {
			line_add(l, ip);
			skip = ip_field.len;
		} else if (slice_has_prefix(rest, url_field)) {
			line_add_url(l, portal_url, ref);
			skip = url_field.len;
		} else {
			line_add(l, slice_part(rest, 0, 1));
		}
		rest = slice_part(rest, skip, rest.len);
	}
}

enum result reply_make(struct reply *out, enum code code,
	const struct ipaddr *ip, struct slice portal_url, struct slice ref)
{
	const struct code_row *row = code_row(code);
	char ip_text[IPADDR_TEXT_MAX] = "unknown";
	struct line l = { out->text, 0, false };

	*out = (struct reply){ .text = "" };
	if (row == NULL)
		return RES_MISSING;
	if (!is_safe(portal_url) || !is_safe(ref))
		return RES_SYNTAX;
	if (ip != NULL)
		ipaddr_format(ip, ip_text);
	line_fill(&l, row, slice_of(ip_text), portal_url, ref);
	if (l.full || strlen(row->smtp) >= sizeof(out->smtp) ||
		strlen(row->xcode) >= sizeof(out->xcode)) {
		out->text[0] = '\0';
		return RES_TOOBIG;
	}
	snprintf(out->smtp, sizeof(out->smtp), "%s", row->smtp);
	snprintf(out->xcode, sizeof(out->xcode), "%s", row->xcode);
	return RES_OK;
}

void reply_format(const struct reply *r, struct buf *out)
{
	buf_add_format(out, "%s %s %s", r->smtp, r->xcode, r->text);
}
