/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/mailfind.h"

#include "base/ascii.h"

enum {
	TAIL_LEN = 1 + CASE_REF_MAX - 1 + 1 + TAGGED_MAC_LEN,
	NAME_LEN = 6 /* both names have as many letters */
};

static const struct {
	const char *name;
	enum mailfind_kind kind;
} kinds[] = {
	{ TAGGED_TICKET, MAILFIND_TICKET },
	{ TAGGED_BOUNCE, MAILFIND_BOUNCE },
};

/* ---- the address ---- */

struct search {
	const struct secret *secret;
	struct mailfind *out;
	unsigned tries;
	enum result res;
};

/* Two letters of each name differ from the other's; an address of one kind is
 * never one of another. True: found. */
static bool try_local(struct search *s, struct slice local)
{
	char id[CASE_REF_MAX];

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		enum result res =
			tagged_parse(s->secret, kinds[i].name, local, id);

		if (res == RES_DENIED)
			s->out->kind = MAILFIND_FORGED;
		if (res == RES_NOMEM)
			s->res = res;
		if (res != RES_OK)
			continue;
		*s->out = (struct mailfind){ .kind = kinds[i].kind };
		for (size_t k = 0; k < sizeof(id); k++)
			s->out->id[k] = id[k];
		return true;
	}
	return false;
}

/* Every "+" may be the one of such an address. */
static bool search_text(struct search *s, struct slice text)
{
	for (size_t i = NAME_LEN; i + TAIL_LEN < text.len; i++) {
		struct slice local =
			slice_part(text, i - NAME_LEN, NAME_LEN + TAIL_LEN);

		if (text.at[i] != '+' || text.at[i + TAIL_LEN] != '@')
			continue;
		if (s->tries++ >= MAILFIND_TRIES_MAX)
			return false;
		if (try_local(s, local))
			return true;
	}
	return false;
}

/* ---- addresses that take reports ---- */

static const struct {
	const char *local;
	enum mailfind_kind kind;
	enum report_kind report;
} desks[] = {
	{ "abuse", MAILFIND_REPORT, REPORT_ABUSE },
	{ "junk", MAILFIND_REPORT, REPORT_JUNK },
	{ "phish", MAILFIND_REPORT, REPORT_PHISH },
	{ "notjunk", MAILFIND_REPORT, REPORT_NOTJUNK },
	{ "dmarc", MAILFIND_DMARC, REPORT_ABUSE },
};

bool mailfind_takes_reports(struct slice local, struct mailfind *out)
{
	local = slice_part(local, 0, slice_find(local, '+'));
	for (size_t i = 0; i < sizeof(desks) / sizeof(desks[0]); i++) {
		if (!slice_is_equal_nocase(local, slice_of(desks[i].local)))
			continue;
		*out = (struct mailfind){ .kind = desks[i].kind,
			.report = desks[i].report };
		return true;
	}
	return false;
}

/* Octets of a local part without quotes. */
static bool is_of_local(char c)
{
	return ascii_is_alpha(c) || ascii_is_digit(c) || c == '+' || c == '-' ||
		c == '.' || c == '_' || c == '=';
}

/* What stands in front of each "@". */
static bool search_desk(struct search *s, struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		size_t from = i;

		if (text.at[i] != '@')
			continue;
		if (s->tries++ >= MAILFIND_TRIES_MAX)
			return false;
		while (from > 0 && is_of_local(text.at[from - 1]))
			from--;
		if (mailfind_takes_reports(
			    slice_part(text, from, i - from), s->out))
			return true;
	}
	return false;
}

/* An address from who started us: it may lack its domain. */
static bool is_desk(struct search *s, const char *recipient)
{
	const struct slice text = slice_of(recipient);

	return mailfind_takes_reports(
		slice_part(text, 0, slice_find_last(text, '@')), s->out);
}

/* ---- where an address may stand ---- */

typedef bool search_value(struct search *s, struct slice text);

static bool search_fields(struct search *s, const struct savedmail *m,
	const char *const *names, search_value *search)
{
	for (; *names != NULL; names++)
		for (size_t i = 0; i < m->count; i++)
			if (slice_is_equal_nocase(
				    m->field[i].name, slice_of(*names)) &&
				search(s, m->field[i].value))
				return true;
	return false;
}

static bool search_mail(
	struct search *s, const struct savedmail *m, search_value *search)
{
	static const char *const names[] = { "Delivered-To", "X-Original-To",
		"Envelope-To", NULL };
	static const char *const written[] = { "To", "Cc", "Resent-To", NULL };

	return search_fields(s, m, names, search) ||
		/* RFC 5321 s4.4, "for": the topmost is of our own MTA. */
		search(s, mailfind_field(m, "Received")) ||
		search_fields(s, m, written, search);
}

enum result mailfind_address(const struct secret *secret,
	const struct mailfind_envelope *envelope, const struct savedmail *m,
	struct mailfind *out)
{
	struct search s = { .secret = secret, .out = out };
	const char *other = envelope->recipient_other;

	*out = (struct mailfind){ .kind = MAILFIND_NONE };
	if (search_text(&s, slice_of(envelope->recipient)) ||
		is_desk(&s, envelope->recipient) ||
		(other != NULL && is_desk(&s, other)) ||
		search_mail(&s, m, search_text))
		return RES_OK;
	if (s.res == RES_OK && out->kind == MAILFIND_NONE) {
		s.tries = 0;
		(void)search_mail(&s, m, search_desk);
	}
	return s.res;
}

/* ---- who wrote it ---- */

struct slice mailfind_field(const struct savedmail *m, const char *name)
{
	for (size_t i = 0; i < m->count; i++)
		if (slice_is_equal_nocase(m->field[i].name, slice_of(name)))
			return slice_trim(m->field[i].value);
	return slice_of("");
}

/* The word up to a blank, ";" or "(". */
static struct slice first_word(struct slice text)
{
	size_t i = 0;

	while (i < text.len && text.at[i] != ' ' && text.at[i] != ';' &&
		text.at[i] != '(' && text.at[i] != '\t' && text.at[i] != '\r' &&
		text.at[i] != '\n')
		i++;
	return slice_part(text, 0, i);
}

static bool is_one_of(struct slice word, const char *const *words)
{
	for (; *words != NULL; words++)
		if (slice_is_equal_nocase(word, slice_of(*words)))
			return true;
	return false;
}

static bool has_null_sender(const struct mailfind_envelope *envelope,
	struct slice first, const struct savedmail *m)
{
	static const char *const nobody[] = { "", "<>", "MAILER-DAEMON", NULL };
	struct slice path = mailfind_field(m, "Return-Path");

	if (envelope->sender != NULL)
		return is_one_of(slice_of(envelope->sender), nobody);
	if (path.len > 0)
		return slice_is_equal(path, slice_of("<>"));
	return slice_has_prefix(first, slice_of("From ")) &&
		is_one_of(first_word(slice_part(first, 5, first.len)), nobody);
}

const char *mailfind_robot(const struct mailfind_envelope *envelope,
	struct slice first, const struct savedmail *m)
{
	static const char *const bulk[] = { "bulk", "junk", "list", NULL };
	struct slice automatic = mailfind_field(m, "Auto-Submitted");

	if (has_null_sender(envelope, first, m))
		return "null sender";
	if (automatic.len > 0 &&
		!slice_is_equal_nocase(first_word(automatic), slice_of("no")))
		return "auto-submitted";
	if (is_one_of(first_word(mailfind_field(m, "Precedence")), bulk))
		return "precedence";
	return mailfind_field(m, "List-Id").len > 0 ? "list" : NULL;
}

/* ---- reports ---- */

static bool contains(struct slice text, const char *what)
{
	const struct slice want = slice_of(what);

	for (size_t i = 0; i + want.len <= text.len; i++)
		if (slice_is_equal_nocase(slice_part(text, i, want.len), want))
			return true;
	return false;
}

bool mailfind_is_report(const struct savedmail *m)
{
	struct slice type = mailfind_field(m, "Content-Type");

	return slice_is_equal_nocase(
		       first_word(type), slice_of("multipart/report")) &&
		contains(slice_part(type, 0, 1024), "delivery-status");
}

/* RFC 3464 s2.3.3: "Action: failed" in a line of its own. */
bool mailfind_has_failed(struct slice status)
{
	const struct slice field = slice_of("Action:");
	struct slice line;

	while (slice_cut(&status, '\n', &line)) {
		if (!slice_has_prefix_nocase(line, field))
			continue;
		line = slice_trim(slice_part(line, field.len, line.len));
		if (slice_is_equal_nocase(first_word(line), slice_of("failed")))
			return true;
	}
	return false;
}
