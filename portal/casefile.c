/* SPDX-License-Identifier: BSD-2-Clause */
#include "portal/casefile.h"

#include "base/arena.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char *const names[CASEFILE_TEXTS] = {
	[CASEFILE_CODE] = "code",
	[CASEFILE_MODE] = "mode",
	[CASEFILE_ACTION] = "action",
	[CASEFILE_IP] = "ip",
	[CASEFILE_FIRST_SEEN] = "first_seen",
	[CASEFILE_LAST_SEEN] = "last_seen",
	[CASEFILE_COUNT] = "count",
	[CASEFILE_CLASS] = "class",
	[CASEFILE_REASON] = "reason",
	[CASEFILE_UNTIL] = "until",
	[CASEFILE_REPLY] = "reply",
	[CASEFILE_HELO] = "helo",
	[CASEFILE_SCORE] = "score",
	[CASEFILE_FINDINGS] = "findings",
};

void casefile_init(struct casefile *f, struct arena *a)
{
	*f = (struct casefile){ .arena = a };
}

static void keep(
	struct casefile *f, struct slice *to, struct slice value, size_t max)
{
	if (arena_copy(f->arena, slice_part(value, 0, max), to) != RES_OK)
		f->is_cut = true;
}

void casefile_add(void *ctx, struct slice field, struct slice value)
{
	struct casefile *f = ctx;

	for (size_t i = 0; i < CASEFILE_TEXTS; i++)
		if (slice_is_equal(field, slice_of(names[i])))
			keep(f, &f->text[i], value,
				i == CASEFILE_FINDINGS
					? (size_t)CASEFILE_LINES_MAX
					: (size_t)CASEFILE_TEXT_MAX);
	for (size_t i = 0; i < CASEAUTH_COUNT; i++) {
		const struct caseauth_field *a = &caseauth_fields[i];

		if (!a->is_internal && slice_is_equal(field, slice_of(a->name)))
			keep(f, &f->auth[i], value,
				a->is_lines ? (size_t)CASEAUTH_LINES_MAX
					    : (size_t)CASEAUTH_TEXT_MAX);
	}
}

enum code casefile_code(const struct casefile *f)
{
	return code_find(f->text[CASEFILE_CODE]);
}

bool casefile_ip(const struct casefile *f, struct ipaddr *out)
{
	return ipaddr_parse(out, f->text[CASEFILE_IP]) == RES_OK;
}

bool casefile_is(
	const struct casefile *f, enum casefile_text which, const char *word)
{
	return slice_is_equal(f->text[which], slice_of(word));
}

/* ---- time ---- */

enum { TIME_LEN = 20 }; /* "2026-11-22T20:53:32Z", as base/clock writes it */

static bool read_number(struct slice text, size_t from, size_t len, int *out)
{
	uint64_t n;

	if (slice_parse_u64(slice_part(text, from, len), 0, 9999, &n) != RES_OK)
		return false;
	*out = (int)n;
	return true;
}

static bool has_marks(struct slice t)
{
	return t.len == TIME_LEN && t.at[4] == '-' && t.at[7] == '-' &&
		t.at[10] == 'T' && t.at[13] == ':' && t.at[16] == ':' &&
		t.at[19] == 'Z';
}

int64_t casefile_parse_time(struct slice t)
{
	struct tm tm = { .tm_isdst = 0 };

	if (!has_marks(t) || !read_number(t, 0, 4, &tm.tm_year) ||
		!read_number(t, 5, 2, &tm.tm_mon) ||
		!read_number(t, 8, 2, &tm.tm_mday) ||
		!read_number(t, 11, 2, &tm.tm_hour) ||
		!read_number(t, 14, 2, &tm.tm_min) ||
		!read_number(t, 17, 2, &tm.tm_sec))
		return 0;
	if (tm.tm_year < 1970 || tm.tm_mon < 1 || tm.tm_mon > 12)
		return 0;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	return (int64_t)timegm(&tm) * 1000;
}

int64_t casefile_time(const struct casefile *f, enum casefile_text which)
{
	return casefile_parse_time(f->text[which]);
}

/* ---- findings ---- */

/* Behind the quote that closes, or the blank that ends, what begins at from. */
static size_t end_of_value(struct slice line, size_t from)
{
	char end = ' ';

	if (from < line.len && line.at[from] == '"') {
		end = '"';
		from++;
	}
	while (from < line.len && line.at[from] != end)
		from++;
	return from < line.len ? from + 1 : from;
}

static struct slice unquote(struct slice value)
{
	value = slice_trim(value);
	if (value.len == 0 || value.at[0] != '"')
		return value;
	value = slice_part(value, 1, value.len);
	/* The text may have been cut before it. */
	if (value.len > 0 && value.at[value.len - 1] == '"')
		value.len--;
	return value;
}

/* Takes "KEY=VALUE " off the front. False: it is at its end. */
static bool next_word(
	struct slice *line, struct slice *key, struct slice *value)
{
	size_t is, end;

	while (line->len > 0 && line->at[0] == ' ')
		*line = slice_part(*line, 1, line->len);
	if (line->len == 0)
		return false;
	is = slice_find(*line, '=');
	end = slice_find(*line, ' ');
	if (end <= is) { /* a word alone */
		*key = slice_part(*line, 0, end);
		*value = slice_of("");
		*line = slice_part(*line, end, line->len);
		return true;
	}
	*key = slice_part(*line, 0, is);
	end = end_of_value(*line, is + 1);
	*value = unquote(slice_part(*line, is + 1, end - is - 1));
	*line = slice_part(*line, end, line->len);
	return true;
}

struct slice casefile_word(struct slice line, const char *key)
{
	struct slice name, value;

	while (next_word(&line, &name, &value))
		if (slice_is_equal(name, slice_of(key)))
			return value;
	return slice_of("");
}

static bool is_of_lists(struct slice check)
{
	return slice_is_equal(check, slice_of("blocked")) ||
		slice_is_equal(check, slice_of("allowed"));
}

/* Whom we trust is our own affair. */
static struct slice without_trust(struct slice seen)
{
	static const char mark[] = "; trusted by ";
	const char *at = seen.len == 0
		? NULL
		: memmem(seen.at, seen.len, mark, sizeof(mark) - 1);

	return at == NULL ? seen : slice_part(seen, 0, (size_t)(at - seen.at));
}

/* False: it is none, and *out stays. */
static bool read_decimal(struct slice value, double *out)
{
	char text[16], *end;
	double number;

	if (value.len == 0 || value.len >= sizeof(text))
		return false;
	memcpy(text, value.at, value.len);
	text[value.len] = '\0';
	number = strtod(text, &end);
	if (*end != '\0')
		return false;
	*out = number;
	return true;
}

static bool read_finding(struct slice line, struct casefile_finding *out)
{
	struct slice outcome;

	if (!next_word(&line, &out->check, &outcome))
		return false;
	if (slice_is_equal(outcome, slice_of("hit")))
		out->outcome = CASEFILE_HIT;
	else if (slice_is_equal(outcome, slice_of("miss")))
		out->outcome = CASEFILE_MISS;
	else if (!slice_is_equal(outcome, slice_of("unknown")))
		return false;
	out->detail = casefile_word(line, "detail");
	out->rule = casefile_word(line, "rule");
	out->is_shadow =
		slice_is_equal(casefile_word(line, "shadow"), slice_of("yes"));
	out->is_advisory = slice_is_equal(
		casefile_word(line, "advisory"), slice_of("yes"));
	if (!read_decimal(casefile_word(line, "factor"), &out->factor))
		out->factor = 0;
	if (!is_of_lists(out->check))
		out->seen = without_trust(casefile_word(line, "seen"));
	return true;
}

bool casefile_next(struct slice *rest, struct casefile_finding *out)
{
	struct slice line;

	while (slice_cut(rest, '\n', &line)) {
		*out = (struct casefile_finding){
			.outcome = CASEFILE_COULD_NOT_TELL
		};
		if (read_finding(line, out))
			return true;
	}
	return false;
}

bool casefile_score(const struct casefile_finding *f, double *out)
{
	static const char word[] = "score ";

	if (!slice_has_prefix(f->rule, slice_of(word)))
		return false;
	return read_decimal(
		slice_part(f->rule, sizeof(word) - 1, f->rule.len), out);
}
