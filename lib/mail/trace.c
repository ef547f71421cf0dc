/* SPDX-License-Identifier: BSD-2-Clause */
#include "mail/trace.h"

#include "base/arena.h"
#include "base/ascii.h"
#include "mail/base64.h"

#include <string.h>

const char trace_name[] = "X-Reprieve-Trace";

enum { MAC_MEMORY = 512 };

/* Year 9999: what is later is no time of ours. */
static const uint64_t time_max_s = 253402300799;

bool trace_is_ours(struct slice name)
{
	return slice_is_equal_nocase(name, slice_of(trace_name));
}

/* ---- kinds of text ---- */

static bool is_key_char(char c)
{
	return ascii_is_digit(c) || ascii_is_alpha(c);
}

/* Crockford base32 in lower case: no i, l, o, u. */
static bool is_id_char(char c)
{
	return ascii_is_digit(c) ||
		(ascii_is_lower(c) && strchr("ilou", c) == NULL);
}

static bool is_hex_char(char c)
{
	return ascii_is_digit(c) || (c >= 'a' && c <= 'f');
}

static enum result read_text(struct slice s, size_t min, size_t max,
	bool (*is_good)(char c), char *out)
{
	if (s.len < min || s.len > max)
		return RES_SYNTAX;
	for (size_t i = 0; i < s.len; i++)
		if (!is_good(s.at[i]))
			return RES_SYNTAX;
	memcpy(out, s.at, s.len);
	out[s.len] = '\0';
	return RES_OK;
}

static enum result read_number(
	struct slice s, uint64_t min, uint64_t max, uint64_t *out)
{
	if (s.len > 1 && s.at[0] == '0')
		return RES_SYNTAX;
	return slice_parse_u64(s, min, max, out);
}

/* The folded spelling only. */
static enum result read_host(struct slice s, char out[HOSTNAME_MAX])
{
	size_t len;
	enum result res = hostname_parse(s, out, &len);

	if (res == RES_OK && !slice_is_equal(s, slice_make(out, len)))
		res = RES_SYNTAX;
	return res;
}

/* ---- one tag each: reads its value ---- */

static enum result read_version(struct slice s, struct trace *t)
{
	(void)t;
	return slice_is_equal(s, slice_of("1")) ? RES_OK : RES_SYNTAX;
}

static enum result read_by(struct slice s, struct trace *t)
{
	return read_host(s, t->by);
}

static enum result read_key(struct slice s, struct trace *t)
{
	return read_text(s, 1, TRACE_KEY_MAX - 1, is_key_char, t->key);
}

static enum result read_direction(struct slice s, struct trace *t)
{
	if (slice_is_equal(s, slice_of("in")))
		t->direction = TRACE_IN;
	else if (slice_is_equal(s, slice_of("out")))
		t->direction = TRACE_OUT;
	else
		return RES_SYNTAX;
	return RES_OK;
}

static enum result read_time(struct slice s, struct trace *t)
{
	uint64_t number;
	enum result res = read_number(s, 0, time_max_s, &number);

	if (res == RES_OK)
		t->at_s = (int64_t)number;
	return res;
}

static enum result read_id(struct slice s, struct trace *t)
{
	return read_text(s, TRACE_ID_LEN, TRACE_ID_LEN, is_id_char, t->id);
}

static enum result read_recipients(struct slice s, struct trace *t)
{
	uint64_t number;
	enum result res = read_number(s, 1, TRACE_RECIPIENTS_MAX, &number);

	if (res == RES_OK)
		t->recipients = (unsigned)number;
	return res;
}

static enum result read_ip(struct slice s, struct trace *t)
{
	char text[IPADDR_TEXT_MAX];
	enum result res = ipaddr_parse(&t->ip, s);

	if (res == RES_OK &&
		!slice_is_equal(s, slice_of(ipaddr_format(&t->ip, text))))
		res = RES_SYNTAX;
	t->has_ip = res == RES_OK;
	return res;
}

static enum result read_domain(struct slice s, struct trace *t)
{
	return read_host(s, t->domain);
}

static enum result read_account(struct slice s, struct trace *t)
{
	return read_text(s, TRACE_ACCOUNT_MAX - 1, TRACE_ACCOUNT_MAX - 1,
		is_hex_char, t->account);
}

static enum result read_cfbl(struct slice s, struct trace *t)
{
	t->has_cfbl = true;
	return slice_is_equal(s, slice_of("y")) ? RES_OK : RES_SYNTAX;
}

static enum result read_bound(struct slice s, struct trace *t)
{
	enum result res =
		read_text(s, 0, TRACE_BOUND_MAX - 1, ascii_is_lower, t->bound);

	for (size_t i = 1; res == RES_OK && i < s.len; i++)
		if (s.at[i] <= s.at[i - 1])
			res = RES_SYNTAX;
	return res;
}

/* The one spelling only: what is decoded must be encoded so. */
static enum result read_mac(struct slice s, struct trace *t)
{
	struct arena *a = arena_new(MAC_MEMORY);
	struct slice octets = slice_of(""), again = slice_of("");
	enum result res = a == NULL ? RES_NOMEM : base64_decode(s, a, &octets);

	if (res == RES_OK && octets.len != TRACE_MAC_LEN)
		res = RES_SYNTAX;
	if (res == RES_OK)
		res = base64_encode(octets, a, &again);
	if (res == RES_OK && !slice_is_equal(again, s))
		res = RES_SYNTAX;
	if (res == RES_OK)
		memcpy(t->mac, octets.at, TRACE_MAC_LEN);
	arena_free(a);
	return res;
}

enum need { NEED_ALWAYS = 0, NEED_MAY_IN, NEED_OUT, NEED_MAY };

static const struct {
	const char *name; /* with its "=" */
	enum need need;
	enum result (*read)(struct slice s, struct trace *t);
} tags[] = {
	{ "v=", NEED_ALWAYS, read_version },
	{ "by=", NEED_ALWAYS, read_by },
	{ "k=", NEED_ALWAYS, read_key },
	{ "d=", NEED_ALWAYS, read_direction },
	{ "t=", NEED_ALWAYS, read_time },
	{ "id=", NEED_ALWAYS, read_id },
	{ "n=", NEED_ALWAYS, read_recipients },
	{ "ip=", NEED_MAY_IN, read_ip },
	{ "dkim=", NEED_MAY_IN, read_domain },
	{ "u=", NEED_OUT, read_account },
	{ "c=", NEED_MAY, read_cfbl },
	{ "b=", NEED_ALWAYS, read_bound },
	{ "h=", NEED_ALWAYS, read_mac },
};

enum { TAGS = sizeof(tags) / sizeof(tags[0]) };

static bool must_be(enum need need, enum trace_direction d)
{
	return need == NEED_ALWAYS || (need == NEED_OUT && d == TRACE_OUT);
}

static bool may_be(enum need need, enum trace_direction d)
{
	if (need == NEED_MAY_IN)
		return d == TRACE_IN;
	return need != NEED_OUT || d == TRACE_OUT;
}

/* ---- the whole ---- */

/* Reads one tag, which is that of *next or one behind it. */
static enum result read_tag(struct slice tag, size_t *next, struct trace *t)
{
	size_t i = *next;

	while (i < TAGS && !must_be(tags[i].need, t->direction) &&
		!slice_has_prefix(tag, slice_of(tags[i].name)))
		i++;
	if (i == TAGS || !slice_has_prefix(tag, slice_of(tags[i].name)) ||
		!may_be(tags[i].need, t->direction))
		return RES_SYNTAX;
	*next = i + 1;
	return tags[i].read(slice_part(tag, strlen(tags[i].name), tag.len), t);
}

enum result trace_parse(struct slice value, struct trace *out)
{
	struct trace t = { .direction = TRACE_UNKNOWN };
	struct slice rest = value, tag;
	enum result res = RES_OK;
	size_t next = 0;

	if (value.len > TRACE_VALUE_MAX)
		return RES_TOOBIG;
	while (res == RES_OK && slice_cut(&rest, ';', &tag))
		res = read_tag(slice_trim(tag), &next, &t);
	/* The cut does not tell whether a ";" ended it. */
	if (res == RES_OK && (next != TAGS || value.at[value.len - 1] == ';'))
		res = RES_SYNTAX;
	if (res == RES_OK)
		*out = t;
	return res;
}

static void add_optional(const struct trace *t, struct buf *out)
{
	char ip[IPADDR_TEXT_MAX];

	if (t->direction == TRACE_IN && t->has_ip)
		buf_add_format(out, "; ip=%s", ipaddr_format(&t->ip, ip));
	if (t->direction == TRACE_IN && t->domain[0] != '\0')
		buf_add_format(out, "; dkim=%s", t->domain);
	if (t->direction == TRACE_OUT)
		buf_add_format(out, "; u=%s", t->account);
	if (t->has_cfbl)
		buf_add_text(out, "; c=y");
}

enum result trace_format(const struct trace *t, struct buf *out)
{
	buf_add_format(out, " v=1; by=%s; k=%s; d=%s; t=%lld; id=%s; n=%u",
		t->by, t->key, t->direction == TRACE_OUT ? "out" : "in",
		(long long)t->at_s, t->id, t->recipients);
	add_optional(t, out);
	buf_add_format(out, "; b=%s", t->bound);
	return buf_result(out);
}

enum result trace_finish(const uint8_t mac[TRACE_MAC_LEN], struct buf *value)
{
	struct arena *a = arena_new(MAC_MEMORY);
	struct slice text;
	enum result res = a == NULL
		? RES_NOMEM
		: base64_encode(slice_make(mac, TRACE_MAC_LEN), a, &text);

	if (res == RES_OK) {
		buf_add_text(value, "; h=");
		buf_add(value, text);
		res = buf_result(value);
	}
	arena_free(a);
	return res;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

enum result trace_covered(struct slice value, struct buf *out)
{
	size_t last = slice_find_last(value, ';');

	if (last < value.len &&
		slice_has_prefix(
			slice_trim(slice_part(value, last + 1, value.len)),
			slice_of("h=")))
		value = slice_part(value, 0, last);
	for (size_t i = 0; i < value.len; i++)
		if (!is_blank(value.at[i]))
			buf_add_char(out, value.at[i]);
	return buf_result(out);
}
