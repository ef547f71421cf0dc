/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/dmarcletter.h"

#include "base/hex.h"
#include "base/hmac.h"
#include "conf/conf.h"
#include "mail/base64.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { ID_OCTETS = 8, DAY_LEN = 8, MS_PER_S = 1000 };

static bool is_leap(unsigned year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

enum result dmarcletter_day(const char *day, int64_t *begin_s)
{
	static const uint8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31,
		30, 31 };
	struct slice text = slice_of(day);
	uint64_t year, month, date;
	int64_t sum = 0;

	if (text.len != DAY_LEN ||
		slice_parse_u64(slice_part(text, 0, 4), 1970, 9999, &year) !=
			RES_OK ||
		slice_parse_u64(slice_part(text, 4, 2), 1, 12, &month) !=
			RES_OK ||
		slice_parse_u64(slice_part(text, 6, 2), 1,
			days[month - 1] +
				(uint64_t)(month == 2 &&
					is_leap((unsigned)year)),
			&date) != RES_OK)
		return RES_SYNTAX;
	for (unsigned y = 1970; y < year; y++)
		sum += is_leap(y) ? 366 : 365;
	for (unsigned m = 1; m < month; m++)
		sum += days[m - 1] + (m == 2 && is_leap((unsigned)year));
	*begin_s = (sum + (int64_t)date - 1) * 86400;
	return RES_OK;
}

enum result dmarcletter_id(
	const struct dmarcletter *l, char out[DMARCLETTER_ID_MAX])
{
	char digits[2 * ID_OCTETS + 1], part[16] = "";
	uint8_t sum[SHA256_LEN];
	struct buf text;
	enum result res;

	buf_init(&text, 1024);
	buf_add_format(&text, "%s\n%s\n%s", l->conf->host, l->domain, l->day);
	res = buf_result(&text);
	if (res == RES_OK)
		res = sha256(buf_slice(&text), sum);
	buf_clear(&text);
	if (res != RES_OK)
		return res;
	hex_format(sum, ID_OCTETS, digits);
	if (l->part > 0)
		snprintf(part, sizeof(part), "x%u", l->part);
	snprintf(out, DMARCLETTER_ID_MAX, "%.8s%s%s", l->day, digits, part);
	return RES_OK;
}

const char *dmarcletter_name(const struct dmarcletter *l, const char *id,
	char out[DMARCLETTER_NAME_MAX])
{
	snprintf(out, DMARCLETTER_NAME_MAX,
		"%s!%s!%" PRId64 "!%" PRId64 "!%s.xml.gz", l->conf->host,
		l->domain, l->begin_s, l->end_s, id);
	return out;
}

const char *dmarcletter_email(const struct conf *conf, struct buf *room)
{
	if (conf->dmarc.email[0] != '\0')
		return conf->dmarc.email;
	if (conf->portal.from[0] != '\0')
		return conf->portal.from;
	buf_reset(room);
	buf_add_format(room, "postmaster@%s", conf->host);
	return buf_text(room);
}

struct slice dmarcletter_org(const struct conf *conf)
{
	return slice_of(conf->dmarc.org_name[0] != '\0' ? conf->dmarc.org_name
							: conf->host);
}

size_t dmarcletter_size(size_t packed)
{
	size_t lines = (packed + BASE64_LINE_OCTETS - 1) / BASE64_LINE_OCTETS;

	/* Lines go out with CRLF. */
	return DMARCLETTER_HEAD_MAX + lines * (BASE64_LINE_LEN + 1);
}

/* ---- the letter ---- */

/* In English whatever the locale. */
static void add_date(struct buf *out, int64_t now_ms)
{
	static const char *const days[] = { "Sun", "Mon", "Tue", "Wed", "Thu",
		"Fri", "Sat" };
	static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May",
		"Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	time_t at = (time_t)(now_ms / MS_PER_S);
	struct tm tm;

	if (gmtime_r(&at, &tm) == NULL)
		return;
	buf_add_format(out, "Date: %s, %d %s %d %02d:%02d:%02d +0000\n",
		days[tm.tm_wday], tm.tm_mday, months[tm.tm_mon],
		tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

/* A name that needs no encoding stands before the address. */
static void add_from(struct buf *out, const struct conf *conf)
{
	struct slice org = dmarcletter_org(conf);
	struct buf room;
	bool is_plain = true;

	for (size_t i = 0; i < org.len; i++)
		if (org.at[i] < ' ' || org.at[i] > '~' || org.at[i] == '"' ||
			org.at[i] == '\\')
			is_plain = false;
	buf_init(&room, 320);
	buf_add_text(out, "From: ");
	if (is_plain)
		buf_add_format(out, "\"%.*s\" ", SLICE_ARG(org));
	buf_add_format(out, "<%s>\n", dmarcletter_email(conf, &room));
	buf_clear(&room);
}

static void add_head(struct buf *out, const struct dmarcletter *l,
	const char *id, const char *to, int64_t now_ms)
{
	const char *host = l->conf->host;

	add_from(out, l->conf);
	buf_add_format(out,
		"To: <%s>\n"
		"Subject: Report Domain: %s\n"
		" Submitter: %s\n"
		" Report-ID: <%s>\n",
		to, l->domain, host, id);
	add_date(out, now_ms);
	buf_add_format(out,
		"Message-ID: <%s@%s>\n"
		"Auto-Submitted: auto-generated\n"
		"MIME-Version: 1.0\n"
		"Content-Type: multipart/mixed; boundary=\"=_%s\"\n"
		"\n",
		id, host, id);
}

static void add_words(
	struct buf *out, const struct dmarcletter *l, const char *id)
{
	buf_add_format(out,
		"--=_%s\n"
		"Content-Type: text/plain; charset=us-ascii\n"
		"\n"
		"This is a DMARC aggregate report (RFC 9990) about\n"
		"%s\n"
		"for %.4s-%.2s-%.2s (UTC), asked for by rua= of its record.\n"
		"It is made by a machine; nobody reads answers to it.\n"
		"\n",
		id, l->domain, l->day, l->day + 4, l->day + 6);
}

/* RFC 2231: a name of this length goes on one line of its own. */
static void add_attachment(
	struct buf *out, const char *id, const char *name, struct slice packed)
{
	buf_add_format(out,
		"--=_%s\n"
		"Content-Type: application/gzip;\n"
		" name=\"%s\"\n"
		"Content-Transfer-Encoding: base64\n"
		"Content-Disposition: attachment;\n"
		" filename=\"%s\"\n"
		"\n",
		id, name, name);
	base64_lines(packed, out);
	buf_add_format(out, "\n--=_%s--\n", id);
}

enum result dmarcletter_write(const struct dmarcletter *l, const char *to,
	struct slice packed, int64_t now_ms, struct buf *out)
{
	char id[DMARCLETTER_ID_MAX], name[DMARCLETTER_NAME_MAX];
	enum result res = dmarcletter_id(l, id);

	if (res != RES_OK)
		return res;
	add_head(out, l, id, to, now_ms);
	add_words(out, l, id);
	add_attachment(out, id, dmarcletter_name(l, id, name), packed);
	return buf_result(out);
}
