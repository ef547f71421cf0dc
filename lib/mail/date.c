/* SPDX-License-Identifier: BSD-2-Clause */
#include "mail/date.h"

#include "base/ascii.h"
#include "mail/cfws.h"

enum {
	YEAR_MIN = 1900,
	YEAR_DIGITS_MAX = 4, /* the next one is far enough away */
	LETTERS_MAX = 16, /* of a zone */
	DAY_S = 86400
};

struct reader {
	struct slice v;
	size_t at;
};

struct parts {
	uint64_t day, month, year;
	uint64_t hour, minute, second;
	int weekday; /* 0: Sunday; -1: it has none */
	struct date out;
};

/* Letters are folded where they are compared, names written in full are not
 * known (RFC 5322 s3.3). */
static const char *const weekdays[] = { "sun", "mon", "tue", "wed", "thu",
	"fri", "sat" };
static const char *const months[] = { "jan", "feb", "mar", "apr", "may", "jun",
	"jul", "aug", "sep", "oct", "nov", "dec" };

/* RFC 5322 s4.3. Of single letters only "Z" is sure to say something. */
static const struct zone {
	const char *name;
	int hours;
} zones[] = {
	{ "ut", 0 },
	{ "gmt", 0 },
	{ "utc", 0 },
	{ "z", 0 },
	{ "est", -5 },
	{ "edt", -4 },
	{ "cst", -6 },
	{ "cdt", -5 },
	{ "mst", -7 },
	{ "mdt", -6 },
	{ "pst", -8 },
	{ "pdt", -7 },
};

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* The octet behind blanks and comments; NUL: the end. */
static char peek(struct reader *r)
{
	if (!cfws_skip(r->v, &r->at) || r->at == r->v.len)
		return '\0';
	return r->v.at[r->at];
}

static bool take(struct reader *r, char c)
{
	if (peek(r) != c)
		return false;
	r->at++;
	return true;
}

static struct slice take_run(struct reader *r, bool (*is_one)(char c))
{
	size_t from;

	(void)peek(r);
	from = r->at;
	while (r->at < r->v.len && is_one(r->v.at[r->at]))
		r->at++;
	return slice_part(r->v, from, r->at - from);
}

/* A number of so many digits; *len says how many it has. */
static bool take_number(
	struct reader *r, size_t digits_max, uint64_t *out, size_t *len)
{
	struct slice digits = take_run(r, ascii_is_digit);

	*len = digits.len;
	return digits.len <= digits_max &&
		slice_parse_u64(digits, 0, UINT32_MAX, out) == RES_OK;
}

static int find_name(struct slice word, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (slice_is_equal_nocase(word, slice_of(names[i])))
			return (int)i;
	return -1;
}

/* ---- the parts ---- */

static bool read_weekday(struct reader *r, struct parts *p)
{
	p->weekday = -1;
	if (!is_letter(peek(r)))
		return true;
	p->weekday = find_name(take_run(r, is_letter), weekdays, 7);
	return p->weekday >= 0 && take(r, ',');
}

static bool read_year(struct reader *r, struct parts *p)
{
	size_t len;

	if (!take_number(r, YEAR_DIGITS_MAX, &p->year, &len) || len < 2)
		return false;
	/* RFC 5322 s4.3 */
	if (len == 2)
		p->year += p->year < 50 ? 2000 : 1900;
	else if (len == 3)
		p->year += 1900;
	return true;
}

static bool read_day(struct reader *r, struct parts *p)
{
	size_t len;
	int month;

	if (!take_number(r, 2, &p->day, &len))
		return false;
	month = find_name(take_run(r, is_letter), months, 12);
	p->month = (uint64_t)(month + 1);
	return month >= 0 && read_year(r, p);
}

static bool read_time(struct reader *r, struct parts *p)
{
	size_t len;

	if (!take_number(r, 2, &p->hour, &len) || !take(r, ':') ||
		!take_number(r, 2, &p->minute, &len) || len != 2)
		return false;
	p->second = 0;
	if (!take(r, ':'))
		return true;
	return take_number(r, 2, &p->second, &len) && len == 2;
}

static bool read_zone_digits(struct reader *r, struct parts *p)
{
	bool is_west = r->v.at[r->at] == '-';
	uint64_t hhmm;
	struct slice digits;

	r->at++;
	/* No blank between the sign and its digits. */
	if (r->at == r->v.len || !ascii_is_digit(r->v.at[r->at]))
		return false;
	digits = take_run(r, ascii_is_digit);
	if (digits.len != 4 ||
		slice_parse_u64(digits, 0, 9999, &hhmm) != RES_OK)
		return false;
	p->out.zone_min = (int)(hhmm / 100 * 60 + hhmm % 100);
	p->out.is_zone_known = !is_west || hhmm != 0;
	if (is_west)
		p->out.zone_min = -p->out.zone_min;
	return hhmm % 100 < 60;
}

static bool read_zone(struct reader *r, struct parts *p)
{
	char c = peek(r);
	struct slice word;

	if (c == '+' || c == '-')
		return read_zone_digits(r, p);
	word = take_run(r, is_letter);
	for (size_t i = 0; i < sizeof(zones) / sizeof(zones[0]); i++) {
		if (!slice_is_equal_nocase(word, slice_of(zones[i].name)))
			continue;
		p->out.zone_min = zones[i].hours * 60;
		p->out.is_zone_known = true;
	}
	/* RFC 5322 s4.3: other letters mean no more than "-0000". */
	return word.len > 0 && word.len <= LETTERS_MAX;
}

/* ---- what they come to ---- */

static bool is_leap(uint64_t year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static uint64_t days_in(uint64_t month, uint64_t year)
{
	static const unsigned char days[] = { 31, 28, 31, 30, 31, 30, 31, 31,
		30, 31, 30, 31 };

	return days[month - 1] + (month == 2 && is_leap(year));
}

/* Days since 1970 of a year from 1900 on. */
static int64_t days_before(uint64_t year)
{
	int64_t y = (int64_t)year - 1;

	return (y * 365 + y / 4 - y / 100 + y / 400) - 719162;
}

static bool is_real(const struct parts *p)
{
	return p->year >= YEAR_MIN && p->day >= 1 &&
		p->day <= days_in(p->month, p->year) && p->hour < 24 &&
		p->minute < 60 && p->second <= 60;
}

static void add_up(struct parts *p)
{
	int64_t days = days_before(p->year) + (int64_t)p->day - 1;

	for (uint64_t m = 1; m < p->month; m++)
		days += (int64_t)days_in(m, p->year);
	/* 1 January 1970 was a Thursday. */
	p->out.is_weekday_wrong =
		p->weekday >= 0 && ((days + 4) % 7 + 7) % 7 != p->weekday;
	p->out.at_s = days * DAY_S + (int64_t)(p->hour * 3600) +
		(int64_t)(p->minute * 60) + (int64_t)p->second -
		(int64_t)p->out.zone_min * 60;
}

enum result date_parse(struct slice value, struct date *out)
{
	struct reader r = { .v = value };
	struct parts p = { .weekday = -1 };

	if (!read_weekday(&r, &p) || !read_day(&r, &p) || !read_time(&r, &p) ||
		!read_zone(&r, &p))
		return RES_SYNTAX;
	if (!cfws_skip(r.v, &r.at) || r.at != r.v.len)
		return RES_SYNTAX;
	if (!is_real(&p))
		return RES_RANGE;
	add_up(&p);
	*out = p.out;
	return RES_OK;
}
