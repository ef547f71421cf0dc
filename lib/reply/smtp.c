/* SPDX-License-Identifier: BSD-2-Clause */
#include "reply/smtp.h"

#include "base/clock.h"
#include "net/hostname.h"
#include "net/ipaddr.h"

#include <stdio.h>
#include <string.h>

_Static_assert(CODE_IP_MAX + 1 == IPADDR_TEXT_MAX,
	"the bound of the table is that of the address");
_Static_assert(CODE_DOMAIN_MAX + 1 == HOSTNAME_MAX,
	"the bound of the table is that of the name");

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

/* With blanks, but none that another line could begin with. */
static bool is_printable(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.at[i] < 0x20 || s.at[i] > 0x7e || s.at[i] == '%')
			return false;
	return s.len > 0;
}

static void line_add_limit(struct line *l, struct slice limit)
{
	line_add(l,
		is_printable(limit) ? slice_part(limit, 0, CODE_LIMIT_MAX)
				    : slice_of(CODE_LIMIT_UNKNOWN));
}

enum { DATE_LEN = 10, TIME_LEN = 5 };

enum { MINUTE_S = 60, FAR_S = 12 * 60 * 60 };

/* The next full minute; with its date when "14:05" might be of two days. */
static void line_add_time(struct line *l, const struct reply_fields *f)
{
	char text[CLOCK_TEXT_MAX];
	int64_t at_s = f->until_s > f->now_s ? f->until_s : f->now_s;
	struct slice whole;

	at_s = (at_s + MINUTE_S - 1) / MINUTE_S * MINUTE_S;
	whole = slice_of(clock_format_utc(at_s * 1000, text));
	if (at_s - f->now_s >= FAR_S) {
		line_add(l, slice_part(whole, 0, DATE_LEN));
		line_add(l, slice_of(" "));
	}
	line_add(l, slice_part(whole, DATE_LEN + 1, TIME_LEN));
}

/* Takes word off the front of *s when it is there. */
static bool cut(struct slice *s, const char *word)
{
	struct slice w = slice_of(word);

	if (!slice_has_prefix(*s, w))
		return false;
	*s = slice_part(*s, w.len, s->len);
	return true;
}

static void line_fill(struct line *l, const struct code_row *row,
	const struct reply_fields *f, struct slice domain)
{
	char ip_text[IPADDR_TEXT_MAX] = "unknown";
	struct slice rest = slice_of(row->text);

	if (f->ip != NULL)
		ipaddr_format(f->ip, ip_text);
	while (!slice_is_empty(rest)) {
		if (cut(&rest, "{ip}")) {
			line_add(l, slice_of(ip_text));
		} else if (cut(&rest, "{domain}")) {
			line_add(l, domain);
		} else if (cut(&rest, "{limit}")) {
			line_add_limit(l, f->limit);
		} else if (cut(&rest, "{time}")) {
			line_add_time(l, f);
		} else if (cut(&rest, "{url}")) {
			line_add_url(l, f->portal_url, f->ref);
		} else {
			line_add(l, slice_part(rest, 0, 1));
			rest = slice_part(rest, 1, rest.len);
		}
	}
}

enum result reply_make(
	struct reply *out, enum code code, const struct reply_fields *fields)
{
	const struct code_row *row = code_row(code);
	const struct slice unknown = slice_of(CODE_DOMAIN_UNKNOWN);
	bool has_domain =
		hostname_is_valid(fields->domain) && is_safe(fields->domain);
	struct line l = { out->text, 0, false };

	*out = (struct reply){ .text = "" };
	if (row == NULL)
		return RES_MISSING;
	if (!is_safe(fields->portal_url) || !is_safe(fields->ref))
		return RES_SYNTAX;
	line_fill(&l, row, fields, has_domain ? fields->domain : unknown);
	if (l.full && has_domain) {
		l = (struct line){ out->text, 0, false };
		line_fill(&l, row, fields, unknown);
	}
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
