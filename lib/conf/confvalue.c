/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf/confvalue.h"

#include "conf/conf.h"
#include "conf/conflist.h"
#include "net/hostname.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Longest value shown in a message. */
enum { SHOWN = 60 };

enum result confvalue_wrong(
	struct buf *why, const char *what, struct slice value)
{
	buf_add_char(why, '"');
	buf_add_escaped(why, slice_part(value, 0, SHOWN));
	buf_add_format(why, "\"%s %s", value.len > SHOWN ? "..." : "", what);
	return RES_SYNTAX;
}

bool confvalue_is_printable(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.at[i] <= 0x20 || s.at[i] >= 0x7f)
			return false;
	return true;
}

char *confvalue_copy(struct slice s)
{
	char *text = malloc(s.len + 1);

	if (text == NULL)
		return NULL;
	if (s.len > 0)
		memcpy(text, s.at, s.len);
	text[s.len] = '\0';
	return text;
}

static enum result set_text(char **field, struct slice value)
{
	char *text = confvalue_copy(value);

	if (text == NULL)
		return RES_NOMEM;
	free(*field);
	*field = text;
	return RES_OK;
}

/* ---- what kind of text is right; NULL: it is ---- */

static bool has_one_of(struct slice s, const char *octets)
{
	for (size_t i = 0; i < s.len; i++)
		if (strchr(octets, s.at[i]) != NULL)
			return true;
	return false;
}

static const char *fault_url(struct slice v)
{
	struct slice rest;

	if (slice_has_prefix(v, slice_of("https://")))
		rest = slice_part(v, 8, v.len);
	else if (slice_has_prefix(v, slice_of("http://")))
		rest = slice_part(v, 7, v.len);
	else
		return "is no URL that begins with https:// or http://";
	if (slice_is_empty(rest) || rest.at[0] == '/')
		return "is a URL without a host";
	if (!confvalue_is_printable(v))
		return "has an octet that is not printable ASCII";
	if (has_one_of(v, "%"))
		return "has a %, which Sendmail and Postfix take out of "
		       "replies";
	if (has_one_of(v, "?#"))
		return "has a ? or #, but more path is put behind it";
	if (has_one_of(v, "\"'<>\\"))
		return "has a quote, a backslash, < or >";
	return NULL;
}

static const char *fault_path(struct slice v)
{
	if (v.len > 0 && v.at[0] != '/')
		return "is not an absolute path";
	return NULL;
}

static const char *fault_prefix(struct slice v)
{
	if (slice_has_prefix(v, slice_of("__")))
		return "begins with __, which belongs to Redis itself";
	if (!confvalue_is_printable(v))
		return "has an octet that is not printable ASCII";
	if (has_one_of(v, "*?[]{}\\\"'^"))
		return "has one of *?[]{}^\\ or a quote, which mean "
		       "more than themselves to Redis";
	return NULL;
}

static const char *fault_user(struct slice v)
{
	for (size_t i = 0; i < v.len; i++)
		if (!isalnum((unsigned char)v.at[i]) &&
			strchr("_.-", v.at[i]) == NULL)
			return "is not the name of a user or group";
	return v.len > 0 && v.at[0] == '-'
		? "is not the name of a user or group"
		: NULL;
}

static const char *fault_plain(struct slice v)
{
	return confvalue_is_printable(v)
		? NULL
		: "has a blank or an octet that is not printable ASCII";
}

static const char *fault_secret(struct slice v)
{
	for (size_t i = 0; i < v.len; i++)
		if ((unsigned char)v.at[i] < 0x20 || v.at[i] == 0x7f)
			return "has a control character";
	return NULL;
}

/* ---- one value into one field ---- */

typedef enum result set_value(const struct conf_row *row, void *field,
	struct slice v, struct buf *why);

static enum result set_checked(const struct conf_row *row, void *field,
	struct slice v, struct buf *why, const char *fault)
{
	if (v.len > (size_t)row->max || v.len < (size_t)row->min) {
		buf_add_format(why,
			"has %zu octets; %" PRId64 " to %" PRId64
			" are allowed",
			v.len, row->min, row->max);
		return RES_SYNTAX;
	}
	return fault != NULL ? confvalue_wrong(why, fault, v)
			     : set_text(field, v);
}

static enum result set_plain(const struct conf_row *row, void *field,
	struct slice v, struct buf *why)
{
	return set_checked(row, field, v, why, fault_plain(v));
}

/* Pages escape it and show what is no UTF-8 as such. */
static enum result set_title(const struct conf_row *row, void *field,
	struct slice v, struct buf *why)
{
	for (size_t i = 0; i < v.len; i++)
		if ((unsigned char)v.at[i] < 0x20 || v.at[i] == 0x7f)
			return set_checked(
				row, field, v, why, "has a control character");
	return set_checked(row, field, v, why, NULL);
}

static enum result set_user(const struct conf_row *row, void *field,
	struct slice v, struct buf *why)
{
	return set_checked(row, field, v, why, fault_user(v));
}

static enum result set_path(const struct conf_row *row, void *field,
	struct slice v, struct buf *why)
{
	return set_checked(row, field, v, why, fault_path(v));
}

static enum result set_prefix(const struct conf_row *row, void *field,
	struct slice v, struct buf *why)
{
	return set_checked(row, field, v, why, fault_prefix(v));
}

static enum result set_secret(const struct conf_row *row, void *field,
	struct slice v, struct buf *why)
{
	const char *fault = fault_secret(v);

	/* Not even a wrong one is shown. */
	if (fault == NULL)
		return set_checked(row, field, v, why, NULL);
	buf_add_text(why, fault);
	return RES_SYNTAX;
}

static enum result set_host(const struct conf_row *row, void *field,
	struct slice v, struct buf *why)
{
	char name[HOSTNAME_MAX];
	size_t len;

	if (row->min == 0 && slice_is_empty(v))
		return set_text(field, v);
	if (hostname_parse(v, name, &len) != RES_OK)
		return confvalue_wrong(why, "is not a host name", v);
	return set_checked(row, field, slice_make(name, len), why, NULL);
}

/* A selector may be a number, which the last label of a name never is. */
static enum result set_selector(const struct conf_row *row, void *field,
	struct slice v, struct buf *why)
{
	static const char below[] = "._domainkey";
	char text[HOSTNAME_MAX + sizeof(below)], name[HOSTNAME_MAX];
	size_t len;

	if (slice_is_empty(v))
		return set_text(field, v);
	if (v.len > (size_t)row->max || v.at[v.len - 1] == '.')
		return confvalue_wrong(why, "is not a selector", v);
	memcpy(text, v.at, v.len);
	memcpy(text + v.len, below, sizeof(below));
	if (hostname_parse(slice_of(text), name, &len) != RES_OK)
		return confvalue_wrong(why, "is not a selector", v);
	return set_checked(row, field, slice_make(name, v.len), why, NULL);
}

static enum result set_url(const struct conf_row *row, void *field,
	struct slice v, struct buf *why)
{
	const char *fault = fault_url(v);

	if (fault != NULL)
		return confvalue_wrong(why, fault, v);
	/* Addresses of pages begin with a slash of their own. */
	while (v.len > 0 && v.at[v.len - 1] == '/')
		v.len--;
	return set_checked(row, field, v, why, NULL);
}

static enum result set_choice(const struct conf_row *row, void *field,
	struct slice v, struct buf *why)
{
	for (size_t i = 0; row->choices[i] != NULL; i++)
		if (slice_is_equal(slice_of(row->choices[i]), v))
			return set_text(field, v);
	(void)confvalue_wrong(why, "is none of", v);
	for (size_t i = 0; row->choices[i] != NULL; i++)
		buf_add_format(why, " %s", row->choices[i]);
	return RES_SYNTAX;
}

const char *confvalue_endpoint_fault(enum result res)
{
	if (res == RES_RANGE)
		return "has a port or descriptor out of range";
	if (res == RES_TOOBIG)
		return "has a host or path that is too long";
	return "is not inet:PORT@HOST, inet6:PORT@HOST, unix:/PATH or fd:N";
}

static enum result set_endpoint(const struct conf_row *row, void *field,
	struct slice v, struct buf *why)
{
	struct endpoint e = { .kind = ENDPOINT_NONE };
	enum result res = RES_OK;

	if (slice_is_empty(v) && row->is_required)
		return confvalue_wrong(why, "names no socket", v);
	if (!slice_is_empty(v))
		res = endpoint_parse(&e, v, false);
	if (res != RES_OK)
		return confvalue_wrong(why, confvalue_endpoint_fault(res), v);
	memcpy(field, &e, sizeof(e));
	return RES_OK;
}

/* ---- numbers ---- */

static enum result wrong_range(
	struct buf *why, const struct conf_row *row, struct slice v)
{
	(void)confvalue_wrong(why, "is out of range:", v);
	buf_add_format(why, " %" PRId64 " to %" PRId64 " are allowed", row->min,
		row->max);
	return RES_SYNTAX;
}

static enum result read_number(const struct conf_row *row, struct slice v,
	struct buf *why, uint64_t *out)
{
	enum result res =
		slice_parse_u64(v, (uint64_t)row->min, (uint64_t)row->max, out);

	if (res == RES_RANGE)
		return wrong_range(why, row, v);
	if (res != RES_OK)
		return confvalue_wrong(why, "is not a whole number", v);
	return RES_OK;
}

static enum result set_number(const struct conf_row *row, void *field,
	struct slice v, struct buf *why)
{
	uint64_t n;
	enum result res = read_number(row, v, why, &n);

	if (res == RES_OK)
		*(unsigned *)field = (unsigned)n;
	return res;
}

static enum result set_size(const struct conf_row *row, void *field,
	struct slice v, struct buf *why)
{
	uint64_t n;
	enum result res = read_number(row, v, why, &n);

	if (res == RES_OK)
		*(size_t *)field = (size_t)n;
	return res;
}

static enum result set_octal(const struct conf_row *row, void *field,
	struct slice v, struct buf *why)
{
	unsigned mode = 0;

	if (v.len < 3 || v.len > 4 || v.at[0] > '7' ||
		(v.len == 4 && v.at[0] != '0'))
		return confvalue_wrong(why, "is not a mode such as 0660", v);
	for (size_t i = 0; i < v.len; i++) {
		if (v.at[i] < '0' || v.at[i] > '7')
			return confvalue_wrong(
				why, "is not a mode such as 0660", v);
		mode = mode * 8 + (unsigned)(v.at[i] - '0');
	}
	if (mode < (unsigned)row->min || mode > (unsigned)row->max) {
		(void)confvalue_wrong(why, "is out of range:", v);
		buf_add_format(why, " %04o to %04o are allowed",
			(unsigned)row->min, (unsigned)row->max);
		return RES_SYNTAX;
	}
	*(unsigned *)field = mode;
	return RES_OK;
}

enum { PLACES = 3, THOUSAND = 1000 };

bool confvalue_decimal(struct slice v, int64_t *thousandths)
{
	bool is_negative = v.len > 0 && v.at[0] == '-';
	struct slice rest = slice_part(v, is_negative ? 1 : 0, v.len);
	size_t dot = slice_find(rest, '.');
	struct slice places = slice_part(rest, dot + 1, rest.len);
	uint64_t whole, part = 0;

	if (slice_parse_u64(slice_part(rest, 0, dot), 0, 1000000000, &whole) !=
		RES_OK)
		return false;
	if (dot < rest.len &&
		(places.len > PLACES ||
			slice_parse_u64(places, 0, THOUSAND - 1, &part) !=
				RES_OK))
		return false;
	for (size_t i = places.len; i < PLACES; i++)
		part *= 10;
	*thousandths = (int64_t)(whole * THOUSAND + part);
	if (is_negative)
		*thousandths = -*thousandths;
	return true;
}

static enum result set_decimal(const struct conf_row *row, void *field,
	struct slice v, struct buf *why)
{
	int64_t n;

	if (!confvalue_decimal(v, &n))
		return confvalue_wrong(
			why, "is not a number such as 4 or 2.5", v);
	if (n < row->min * THOUSAND || n > row->max * THOUSAND)
		return wrong_range(why, row, v);
	*(double *)field = (double)n / THOUSAND;
	return RES_OK;
}

/* ---- words ---- */

static enum result set_switch(const struct conf_row *row, void *field,
	struct slice v, struct buf *why)
{
	static const char *const words[] = { "no", "yes", "false", "true",
		"off", "on" };

	(void)row;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (slice_is_equal_nocase(slice_of(words[i]), v)) {
			*(bool *)field = i % 2 == 1;
			return RES_OK;
		}
	return confvalue_wrong(
		why, "is neither yes, true, on nor no, false, off", v);
}

static enum result set_mode(const struct conf_row *row, void *field,
	struct slice v, struct buf *why)
{
	(void)row;
	if (slice_is_equal(v, slice_of("enforce")))
		*(enum conf_mode *)field = CONF_ENFORCE;
	else if (slice_is_equal(v, slice_of("monitor")))
		*(enum conf_mode *)field = CONF_MONITOR;
	else
		return confvalue_wrong(
			why, "is neither enforce nor monitor", v);
	return RES_OK;
}

static enum result set_failure(const struct conf_row *row, void *field,
	struct slice v, struct buf *why)
{
	(void)row;
	if (slice_is_equal(v, slice_of("accept")))
		*(enum conf_failure *)field = CONF_FAILURE_ACCEPT;
	else if (slice_is_equal(v, slice_of("tempfail")))
		*(enum conf_failure *)field = CONF_FAILURE_TEMPFAIL;
	else
		return confvalue_wrong(
			why, "is neither accept nor tempfail", v);
	return RES_OK;
}

enum { SCORE_MAX = 1000 };

static enum result set_score(
	struct conf_rule *rule, struct slice v, struct buf *why)
{
	int64_t n;

	if (!confvalue_decimal(slice_trim(slice_part(v, 5, v.len)), &n))
		return confvalue_wrong(
			why, "has no number such as in \"score 4\"", v);
	if (n < -SCORE_MAX * THOUSAND || n > SCORE_MAX * THOUSAND)
		return confvalue_wrong(
			why, "is out of range: -1000 to 1000 are allowed", v);
	rule->action = CONF_ACTION_SCORE;
	rule->score = (double)n / THOUSAND;
	return RES_OK;
}

enum result confvalue_rule(
	struct conf_rule *rule, struct slice v, struct buf *why)
{
	if (slice_has_prefix(v, slice_of("score")) &&
		(v.len == 5 || v.at[5] == ' '))
		return set_score(rule, v, why);
	for (int a = CONF_ACTION_IGNORE; a <= CONF_ACTION_REJECT; a++)
		if (a != CONF_ACTION_SCORE &&
			slice_is_equal(v,
				slice_of(conf_action_name(
					(enum conf_action)a)))) {
			rule->action = (enum conf_action)a;
			rule->score = 0;
			return RES_OK;
		}
	return confvalue_wrong(why,
		"is none of accept, ignore, score N, mark, quarantine, "
		"greylist, tempfail, reject",
		v);
}

static enum result set_rule(const struct conf_row *row, void *field,
	struct slice v, struct buf *why)
{
	(void)row;
	return confvalue_rule(field, v, why);
}

/* ---- the rows ---- */

static set_value *const setters[] = {
	[CONF_KIND_TEXT] = set_plain,
	[CONF_KIND_TITLE] = set_title,
	[CONF_KIND_USER] = set_user,
	[CONF_KIND_HOST] = set_host,
	[CONF_KIND_SELECTOR] = set_selector,
	[CONF_KIND_URL] = set_url,
	[CONF_KIND_PATH] = set_path,
	[CONF_KIND_PREFIX] = set_prefix,
	[CONF_KIND_SECRET] = set_secret,
	[CONF_KIND_CHOICE] = set_choice,
	[CONF_KIND_ENDPOINT] = set_endpoint,
	[CONF_KIND_NUMBER] = set_number,
	[CONF_KIND_OCTAL] = set_octal,
	[CONF_KIND_SIZE] = set_size,
	[CONF_KIND_DECIMAL] = set_decimal,
	[CONF_KIND_SWITCH] = set_switch,
	[CONF_KIND_MODE] = set_mode,
	[CONF_KIND_FAILURE] = set_failure,
	[CONF_KIND_RULE] = set_rule,
};

enum result confvalue_set(const struct conf_row *row, void *base,
	const struct slice *values, size_t count, struct buf *why)
{
	if (conf_row_is_list(row))
		return conflist_set(row, base, values, count, why);
	if (count != 1) {
		buf_add_format(why, "takes one value, not %zu", count);
		return RES_SYNTAX;
	}
	return setters[row->kind](
		row, (char *)base + row->offset, values[0], why);
}

void confvalue_clear(const struct conf_row *row, void *base)
{
	void *field = (char *)base + row->offset;

	if (conf_row_is_text(row)) {
		free(*(char **)field);
		*(char **)field = NULL;
	} else if (conf_row_is_list(row)) {
		conflist_clear(row, base);
	}
}
