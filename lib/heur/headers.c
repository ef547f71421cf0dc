/* SPDX-License-Identifier: BSD-2-Clause */
#include "heur/headers.h"

#include "base/buf.h"
#include "conf/conf.h"
#include "heur/headerfrom.h"
#include "heur/headernote.h"
#include "heur/headerwords.h"
#include "mail/cfws.h"
#include "mail/date.h"

#include <string.h>

enum {
	DAY_S = 86400,
	HOUR_S = 3600,
	/* From Baker Island to Kiritimati; past them is no place. */
	ZONE_MIN = -12 * 60,
	ZONE_MAX = 14 * 60,
	OWN_PASSES_MAX = 2, /* a forward that comes back once is no loop */
	RECEIVED_WORDS_MAX = 64 /* of a Received field that are read */
};

static const struct message *message_of(const struct headernote *n)
{
	return n->in->message;
}

/* ---- Date ---- */

/* "3 days", "5 hours" */
static void check_age(
	struct headernote *n, const struct date *date, struct slice shown)
{
	const struct conf_headers *conf = &n->in->conf->headers;
	int64_t ahead = date->at_s - n->in->wall_s;
	int64_t far = ahead < 0 ? -ahead : ahead;
	bool is_days = far >= 2 * DAY_S;

	far /= is_days ? DAY_S : HOUR_S;
	if (ahead > (int64_t)conf->future_s)
		headernote_add(n, "future_date", 1,
			"Date is %lld %s ahead: %.*s", (long long)far,
			is_days ? "days" : "hours", SLICE_ARG(shown));
	else if (-ahead > (int64_t)conf->old_s)
		headernote_add(n, "old_date", 1, "Date is %lld %s ago: %.*s",
			(long long)far, is_days ? "days" : "hours",
			SLICE_ARG(shown));
}

static void check_date(struct headernote *n)
{
	const struct field *field = headernote_field(message_of(n), "Date");
	struct slice shown;
	struct date date;
	enum result res;

	if (field == NULL) {
		if (!message_of(n)->is_header_partial)
			headernote_add(n, "missing_date", 1, "no Date field");
		return;
	}
	if (field->is_cut)
		return;
	shown = headernote_quote(field->value);
	res = date_parse(field->value, &date);
	if (res == RES_OK &&
		(date.zone_min < ZONE_MIN || date.zone_min > ZONE_MAX))
		headernote_add(n, "bad_date", 1,
			"Date names a time zone that is nowhere: %.*s",
			SLICE_ARG(shown));
	else if (res == RES_OK)
		check_age(n, &date, shown);
	else
		headernote_add(n, "bad_date", 1, "Date %s: %.*s",
			res == RES_RANGE ? "names no time that there is"
					 : "is not written as in RFC 5322",
			SLICE_ARG(shown));
}

/* ---- Message-ID ---- */

static bool has_octet_below(struct slice s, unsigned char limit)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.at[i] < limit || s.at[i] == 0x7f)
			return true;
	return false;
}

/* What is wrong with it, or NULL. RFC 5322 s3.6.4 is stricter; what honest
 * programs get wrong is let pass. */
static const char *fault_of_id(struct slice value)
{
	struct slice id = slice_trim(value);
	size_t sign = slice_find_last(id, '@');

	if (id.len == 0)
		return "is empty";
	if (id.len < 3 || id.at[0] != '<' || slice_find(id, '>') != id.len - 1)
		return "has no pair of brackets around it";
	if (has_octet_below(id, ' ' + 1))
		return "has blanks within";
	if (sign == id.len || sign == 1 || sign == id.len - 2)
		return "lacks a part beside its at sign";
	return NULL;
}

static void check_id(struct headernote *n)
{
	const struct field *field =
		headernote_field(message_of(n), "Message-ID");
	const char *fault;

	if (field == NULL) {
		if (!message_of(n)->is_header_partial)
			headernote_add(
				n, "missing_id", 1, "no Message-ID field");
		return;
	}
	fault = field->is_cut ? NULL : fault_of_id(field->value);
	if (fault != NULL)
		headernote_add(n, "bad_id", 1, "Message-ID %s", fault);
}

/* ---- what may stand once, what must stand ---- */

/* RFC 5322 s3.6; From is the check "from". */
static const char *const single[] = { "Date", "Sender", "Reply-To", "To", "Cc",
	"Message-ID", "In-Reply-To", "References", "Subject" };

static void check_repeated(struct headernote *n)
{
	struct buf names;

	buf_init(&names, HEADERNOTE_LINE_MAX / 2);
	for (size_t i = 0; i < sizeof(single) / sizeof(single[0]); i++) {
		size_t count =
			message_count(message_of(n), slice_of(single[i]));

		if (count > 1)
			buf_add_format(&names, "%s%s (%zu times)",
				names.len > 0 ? ", " : "", single[i], count);
	}
	if (names.len > 0)
		headernote_add(n, "repeated", 1, "more than once: %s",
			buf_text(&names));
	buf_clear(&names);
}

static void check_recipients(struct headernote *n)
{
	static const char *const known[] = { "To", "Cc", "Bcc", "Resent-To",
		"Resent-Cc", "Resent-Bcc", "Apparently-To" };

	if (message_of(n)->is_header_partial)
		return;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (headernote_field(message_of(n), known[i]) != NULL)
			return;
	headernote_add(n, "no_recipient_field", 1, "neither To nor Cc");
}

/* ---- Received ---- */

static bool is_word(char c)
{
	return (unsigned char)c > ' ' && strchr("();\"", c) == NULL;
}

static struct slice next_word(struct slice v, size_t *at)
{
	struct slice quoted;
	size_t from;

	while (cfws_skip(v, at) && *at < v.len && !is_word(v.at[*at]))
		if (v.at[*at] != '"' || !cfws_quoted(v, at, &quoted))
			++*at;
	from = *at;
	while (*at < v.len && is_word(v.at[*at]))
		++*at;
	return slice_part(v, from, *at - from);
}

/* Does its "by" clause name that host (RFC 5321 s4.4)? */
static bool is_received_by(struct slice value, struct slice host)
{
	size_t at = 0;

	for (unsigned i = 0; i < RECEIVED_WORDS_MAX && at < value.len; i++) {
		struct slice word = next_word(value, &at);

		if (!slice_is_equal_nocase(word, slice_of("by")))
			continue;
		word = next_word(value, &at);
		if (word.len > 1 && word.at[word.len - 1] == '.')
			word.len--;
		return slice_is_equal_nocase(word, host);
	}
	return false;
}

static void check_loop(struct headernote *n)
{
	const struct message *m = message_of(n);
	struct slice name = slice_of("Received");
	struct slice host = slice_of(n->in->conf->host);
	size_t count = 0, own = 0;

	for (size_t i = message_find(m, name, 0); i < m->field_count;
		i = message_find(m, name, i + 1)) {
		count++;
		own += is_received_by(m->fields[i].value, host);
	}
	if (count > n->in->conf->headers.received_max)
		headernote_add(n, "loop", 1, "%zu Received fields, at most %u",
			count, n->in->conf->headers.received_max);
	else if (own > OWN_PASSES_MAX)
		headernote_add(n, "loop", 1, "it went through %.*s %zu times",
			SLICE_ARG(host), own);
}

/* ---- octets ---- */

static bool has_bare_cr(struct slice v)
{
	for (size_t i = 0; i < v.len; i++)
		if (v.at[i] == '\r' && (i + 1 == v.len || v.at[i + 1] != '\n'))
			return true;
	return false;
}

static bool has_nul(struct slice v)
{
	return v.len > 0 && memchr(v.at, '\0', v.len) != NULL;
}

static const struct field *find_octets(
	const struct message *m, bool (*is_it)(struct slice v))
{
	for (size_t i = 0; i < m->field_count; i++)
		if (is_it(m->fields[i].value))
			return &m->fields[i];
	return NULL;
}

static struct slice name_of(const struct field *f)
{
	return headernote_quote(f->name);
}

static void check_controls(struct headernote *n)
{
	const struct body_facts *body = n->in->body;
	bool is_known = body != NULL && body->is_known;
	const struct field *f = find_octets(message_of(n), has_bare_cr);

	if (f != NULL)
		headernote_add(n, "bare_cr", 1, "a CR without LF in %.*s",
			SLICE_ARG(name_of(f)));
	else if (is_known && body->has_bare_cr)
		headernote_add(n, "bare_cr", 1,
			"a CR without LF, or an LF without CR, in the body");
	f = find_octets(message_of(n), has_nul);
	if (f != NULL)
		headernote_add(
			n, "nul", 1, "a NUL in %.*s", SLICE_ARG(name_of(f)));
	else if (is_known && body->has_nul)
		headernote_add(n, "nul", 1, "a NUL in the body");
}

static bool has_eight_bit(struct slice v)
{
	for (size_t i = 0; i < v.len; i++)
		if ((unsigned char)v.at[i] > 0x7f)
			return true;
	return false;
}

/* How long a sequence that begins so is (RFC 3629 s3); 0: none does. */
static size_t utf8_len(unsigned char c)
{
	if (c < 0x80)
		return 1;
	if (c < 0xc2 || c > 0xf4)
		return 0;
	return c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
}

static bool is_utf8(struct slice v)
{
	for (size_t i = 0; i < v.len;) {
		size_t len = utf8_len((unsigned char)v.at[i]);

		if (len == 0 || len > v.len - i)
			return false;
		for (size_t k = 1; k < len; k++)
			if (((unsigned char)v.at[i + k] & 0xc0) != 0x80)
				return false;
		i += len;
	}
	return true;
}

/* SMTPUTF8 (RFC 6531) is nothing that the MTA tells; an address that needs it
 * says that it was there. */
static bool is_smtputf8(const struct check_input *in)
{
	const struct envelope *e = in->envelope;

	return e != NULL &&
		(has_eight_bit(e->sender.whole) ||
			has_eight_bit(e->rcpt.whole));
}

static void check_eight_bit(struct headernote *n)
{
	const struct message *m = message_of(n);
	const struct field *seen = NULL;
	bool is_clean = true;

	if (is_smtputf8(n->in))
		return;
	for (size_t i = 0; i < m->field_count && is_clean; i++) {
		if (!has_eight_bit(m->fields[i].value))
			continue;
		is_clean = is_utf8(m->fields[i].value);
		if (seen == NULL || !is_clean)
			seen = &m->fields[i];
	}
	if (seen != NULL)
		headernote_add(n, "eight_bit", is_clean ? 0.5 : 1,
			"octets above 127 in %.*s%s", SLICE_ARG(name_of(seen)),
			is_clean ? "" : ", and no UTF-8");
}

enum check_progress headers_step(
	const struct check_input *in, struct findings *out)
{
	struct headernote n = { .check = "headers", .in = in, .out = out };

	if (out == NULL || in->message == NULL)
		return CHECK_DONE;
	check_date(&n);
	check_id(&n);
	check_repeated(&n);
	check_recipients(&n);
	check_loop(&n);
	check_controls(&n);
	check_eight_bit(&n);
	headerfrom_run(&n);
	headerwords_run(&n);
	headernote_end(&n);
	return CHECK_DONE;
}
