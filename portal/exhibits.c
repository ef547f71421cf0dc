/* SPDX-License-Identifier: BSD-2-Clause */
#include "portal/exhibits.h"

#include "base/buf.h"
#include "dns/answer.h"
#include "fact/finding.h"
#include "net/ipaddr.h"
#include "policy/authcode.h"
#include "policy/dictionary.h"
#include "portal/casefile.h"
#include "web/view.h"

#include <stdio.h>
#include <string.h>

enum { NAME_MAX_OCTETS = 600, WORD_MAX = 64 };

/* ---- results ---- */

static const struct exhibit_result results[] = {
	{ "", N_("was not looked at"), EXHIBIT_PLAIN },
	{ "pass", N_("holds"), EXHIBIT_GOOD },
	{ "fail", N_("does not hold"), EXHIBIT_BAD },
	{ "softfail", N_("does not hold, the domain is not sure"),
		EXHIBIT_BAD },
	{ "neutral", N_("says nothing"), EXHIBIT_PLAIN },
	{ "none", N_("is not there"), EXHIBIT_PLAIN },
	{ "policy", N_("holds, but is of a kind that we do not take"),
		EXHIBIT_BAD },
	{ "temperror", N_("could not be asked for"), EXHIBIT_OPEN },
	{ "permerror", N_("cannot be used as it is"), EXHIBIT_BAD },
};

/* A missing name is a fault of reverse DNS, and called permerror. */
static const struct exhibit_result no_name = { "permerror", N_("has no name"),
	EXHIBIT_BAD };

const struct exhibit_result *exhibits_result(struct slice word)
{
	for (size_t i = 1; i < sizeof(results) / sizeof(results[0]); i++)
		if (slice_is_equal(word, slice_of(results[i].name)))
			return &results[i];
	return &results[0];
}

void exhibits_mark(struct view *to, enum exhibit_mark m)
{
	view_flag(to, "is_good", m == EXHIBIT_GOOD);
	view_flag(to, "is_bad", m == EXHIBIT_BAD);
	view_flag(to, "is_open", m == EXHIBIT_OPEN);
}

static void show_result(struct view *to, const struct exhibit_result *r)
{
	view_say(to, "result", r->words);
	view_text(to, "word", r->name);
	exhibits_mark(to, r->mark);
}

/* ---- sections ---- */

struct row {
	enum caseauth field;
	const char *label;
	bool is_code;
};

enum { ROWS_MAX = 12 };

/* title; the field with the result; then what belongs to it. */
struct section {
	const char *title;
	enum caseauth result;
	struct row row[ROWS_MAX]; /* ends with no label */
};

static const struct section sections[] = {
	{ N_("Reverse DNS of the sending server"), CASEAUTH_IPREV,
		{ { CASEAUTH_IPREV_NAME, N_("Name"), true },
			{ CASEAUTH_IPREV_REASON, N_("Remark"), false } } },
	{ N_("SPF of the envelope sender"), CASEAUTH_SPF,
		{ { CASEAUTH_SPF_IDENTITY, N_("Asked for"), false },
			{ CASEAUTH_SPF_DOMAIN, N_("Domain"), true },
			{ CASEAUTH_SPF_RECORD, N_("Record"), true },
			{ CASEAUTH_SPF_MATCHED, N_("The part that decided"),
				true },
			{ CASEAUTH_SPF_LOOKUPS,
				N_("Words that ask DNS, at most 10"), false },
			{ CASEAUTH_SPF_VOIDS,
				N_("Questions without an answer, at most 2"),
				false },
			{ CASEAUTH_SPF_REASON, N_("Remark"), false } } },
	{ N_("SPF of the greeting"), CASEAUTH_SPF_HELO,
		{ { CASEAUTH_SPF_HELO_DOMAIN, N_("Name"), true },
			{ CASEAUTH_SPF_HELO_RECORD, N_("Record"), true },
			{ CASEAUTH_SPF_HELO_MATCHED,
				N_("The part that decided"), true },
			{ CASEAUTH_SPF_HELO_LOOKUPS,
				N_("Words that ask DNS, at most 10"), false },
			{ CASEAUTH_SPF_HELO_VOIDS,
				N_("Questions without an answer, at most 2"),
				false },
			{ CASEAUTH_SPF_HELO_REASON, N_("Remark"), false } } },
	{ N_("DKIM signature"), CASEAUTH_DKIM,
		{ { CASEAUTH_DKIM, N_("Signature"), true },
			{ CASEAUTH_DKIM_IGNORED, N_("Signatures left out"),
				false } } },
	{ N_("ARC, the seals of those who forwarded it"), CASEAUTH_ARC,
		{ { CASEAUTH_ARC_SETS, N_("Seals"), false },
			{ CASEAUTH_ARC_OLDEST_PASS,
				N_("Oldest seal that holds"), false },
			{ CASEAUTH_ARC_SEALERS, N_("Sealed by"), true },
			{ CASEAUTH_ARC_REASON, N_("Remark"), false } } },
	{ N_("DMARC, the author and who vouches for it"), CASEAUTH_DMARC,
		{ { CASEAUTH_FROM, N_("From field"), false },
			{ CASEAUTH_DMARC_AUTHOR, N_("Domain of the author"),
				true },
			{ CASEAUTH_DMARC_POLICY_DOMAIN,
				N_("Domain of the record"), true },
			{ CASEAUTH_DMARC_ORG_DOMAIN,
				N_("Organizational domain"), true },
			{ CASEAUTH_DMARC_RECORD, N_("Record"), true },
			{ CASEAUTH_DMARC_POLICY, N_("Policy"), true },
			{ CASEAUTH_DMARC_SPF, N_("SPF and the author"), false },
			{ CASEAUTH_DMARC_DKIM, N_("DKIM and the author"),
				false },
			{ CASEAUTH_DMARC_ALIGNED,
				N_("The domain that vouches for it"), true },
			{ CASEAUTH_DMARC_OVERRIDE,
				N_("Why it was not held against the mail"),
				false },
			{ CASEAUTH_DMARC_REASON, N_("Remark"), false } } },
};

/* Words of judge/evidence in words of people. */
static const struct {
	enum caseauth field;
	const char *value;
	const char *words;
} sayings[] = {
	{ CASEAUTH_SPF_IDENTITY, "mailfrom", N_("the envelope sender") },
	{ CASEAUTH_SPF_IDENTITY, "helo",
		N_("the greeting, because the envelope sender was empty") },
	{ CASEAUTH_FROM, "one", N_("names one author") },
	{ CASEAUTH_FROM, "no From field", N_("is missing") },
	{ CASEAUTH_FROM, "several From fields", N_("is there more than once") },
	{ CASEAUTH_FROM, "authors of several domains",
		N_("names authors of several domains") },
	{ CASEAUTH_FROM, "a From field that is no address",
		N_("holds no address") },
	{ CASEAUTH_DMARC_SPF, "an aligned pass (relaxed)",
		N_("vouches for it") },
	{ CASEAUTH_DMARC_SPF, "an aligned pass (strict)",
		N_("vouches for it, by exactly that name") },
	{ CASEAUTH_DMARC_SPF, "no aligned pass (relaxed)",
		N_("does not vouch for it") },
	{ CASEAUTH_DMARC_SPF, "no aligned pass (strict)",
		N_("does not vouch for it by exactly that name, which the "
		   "record asks for") },
};

/* Both methods are told in the same words. */
static enum caseauth saying_field(enum caseauth field)
{
	return field == CASEAUTH_DMARC_DKIM ? CASEAUTH_DMARC_SPF : field;
}

static const char *saying(enum caseauth field, struct slice value)
{
	for (size_t i = 0; i < sizeof(sayings) / sizeof(sayings[0]); i++)
		if (sayings[i].field == saying_field(field) &&
			slice_is_equal(value, slice_of(sayings[i].value)))
			return sayings[i].words;
	return NULL;
}

static void add_row(struct view *to, const struct row *r, struct slice value)
{
	struct view *item = view_item(to, "rows");
	const char *words = saying(r->field, value);

	view_flag(to, "has_rows", true);
	view_say(item, "label", r->label);
	view_flag(item, "is_code", r->is_code && words == NULL);
	if (words != NULL)
		view_say(item, "value", words);
	else
		view_slice(item, "value", value);
}

static void add_value(struct view *to, const struct row *r, struct slice value)
{
	struct slice line;

	if (!caseauth_fields[r->field].is_lines) {
		if (!slice_is_empty(value))
			add_row(to, r, value);
		return;
	}
	while (slice_cut(&value, '\n', &line))
		if (!slice_is_empty(line))
			add_row(to, r, line);
}

/* The best of the signatures, or of the first word of any field. */
static struct slice first_word(struct slice lines)
{
	struct slice line, first = { NULL, 0 };

	while (slice_cut(&lines, '\n', &line)) {
		struct slice word = slice_part(line, 0, slice_find(line, ' '));

		if (first.len == 0 || slice_is_equal(word, slice_of("pass")))
			first = word;
	}
	return first;
}

static void add_section(struct view *to, const struct section *s,
	const struct slice auth[CASEAUTH_COUNT])
{
	struct slice word = first_word(auth[s->result]);
	const struct exhibit_result *r = exhibits_result(word);
	struct view *item = view_item(to, "exhibits");

	if (s->result == CASEAUTH_IPREV && strcmp(r->name, "permerror") == 0)
		r = &no_name;
	view_flag(to, "has_exhibits", true);
	view_say(item, "title", s->title);
	show_result(item, r);
	for (size_t i = 0; i < ROWS_MAX && s->row[i].label != NULL; i++)
		add_value(item, &s->row[i], auth[s->row[i].field]);
}

static void add_connection(
	struct view *to, const struct ipaddr *ip, struct slice helo)
{
	struct view *item = view_item(to, "exhibits"), *row;
	char text[IPADDR_TEXT_MAX];

	view_flag(to, "has_exhibits", true);
	view_say(item, "title", "The connection");
	view_flag(item, "has_rows", true);
	row = view_item(item, "rows");
	view_say(row, "label", "Address of the sending server");
	view_text(row, "value", ipaddr_format(ip, text));
	view_flag(row, "is_code", true);
	if (slice_is_empty(helo))
		return;
	row = view_item(item, "rows");
	view_say(row, "label", "Its greeting");
	view_slice(row, "value", helo);
	view_flag(row, "is_code", true);
}

void exhibits_show(struct view *to, const struct ipaddr *ip, struct slice helo,
	const struct slice auth[CASEAUTH_COUNT])
{
	if (ip != NULL)
		add_connection(to, ip, helo);
	for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++)
		if (!slice_is_empty(auth[sections[i].result]))
			add_section(to, &sections[i], auth);
}

/* ---- what remedies name ---- */

const char *exhibits_spf_term(
	const struct ipaddr *ip, char out[EXHIBITS_TERM_MAX])
{
	char text[IPADDR_TEXT_MAX];

	snprintf(out, EXHIBITS_TERM_MAX, "%s:%s",
		ipaddr_is_v4(ip) ? "ip4" : "ip6", ipaddr_format(ip, text));
	return out;
}

static void set_name(struct view *to, const char *name, struct slice head,
	const char *middle, struct slice domain)
{
	struct buf b;

	if (slice_is_empty(domain))
		return;
	buf_init(&b, NAME_MAX_OCTETS);
	buf_add(&b, head);
	buf_add_text(&b, middle);
	buf_add(&b, domain);
	view_slice(to, name, buf_slice(&b));
	buf_clear(&b);
}

static void set_slice(struct view *to, const char *name, struct slice value)
{
	if (!slice_is_empty(value))
		view_slice(to, name, value);
}

static void set_address(struct view *to, const struct ipaddr *ip)
{
	char text[IPADDR_TEXT_MAX], reverse[80], term[EXHIBITS_TERM_MAX];

	view_text(to, "ip", ipaddr_format(ip, text));
	view_text(to, "ptr_query", dns_reverse_name(ip, reverse));
	view_text(to, "spf_term", exhibits_spf_term(ip, term));
}

/* The first signature that does not hold is the one to be repaired. */
static void set_signer(struct view *to, struct slice lines)
{
	struct slice line;

	while (slice_cut(&lines, '\n', &line)) {
		struct slice domain = casefile_word(line, "d");
		struct slice selector = casefile_word(line, "s");

		if (slice_has_prefix(line, slice_of("pass")) ||
			slice_is_empty(domain))
			continue;
		view_slice(to, "dkim_domain", domain);
		if (!slice_is_empty(selector))
			set_name(to, "dkim_key", selector, "._domainkey.",
				domain);
		return;
	}
}

static void set_sealer(struct view *to, struct slice lines)
{
	struct slice line, domain, selector;

	if (!slice_cut(&lines, '\n', &line))
		return;
	domain = casefile_word(line, "d");
	selector = casefile_word(line, "s");
	set_slice(to, "arc_sealer", domain);
	if (!slice_is_empty(selector))
		set_name(to, "arc_key", selector, "._domainkey.", domain);
}

void exhibits_facts(struct view *to, const struct ipaddr *ip,
	const struct slice auth[CASEAUTH_COUNT])
{
	if (ip != NULL)
		set_address(to, ip);
	set_slice(to, "ptr_name", auth[CASEAUTH_IPREV_NAME]);
	set_slice(to, "spf_domain", auth[CASEAUTH_SPF_DOMAIN]);
	set_slice(to, "author", auth[CASEAUTH_DMARC_AUTHOR]);
	set_name(to, "dmarc_query", slice_of(""), "_dmarc.",
		auth[CASEAUTH_DMARC_AUTHOR]);
	set_name(to, "dmarc_found", slice_of(""), "_dmarc.",
		auth[CASEAUTH_DMARC_POLICY_DOMAIN]);
	set_signer(to, auth[CASEAUTH_DKIM]);
	set_sealer(to, auth[CASEAUTH_ARC_SEALERS]);
}

/* ---- findings ---- */

static const struct {
	const char *check;
	const char *title;
} titles[] = {
	{ "blocked", N_("Block list") },
	{ "iprev", N_("Reverse DNS") },
	{ "spf", N_("SPF of the envelope sender") },
	{ "spf-helo", N_("SPF of the greeting") },
	{ "dkim", N_("DKIM") },
	{ "arc", N_("ARC") },
	{ "from", N_("From field") },
	{ "dmarc", N_("DMARC") },
};

/* Those of our own set-up are not shown. */
static bool is_internal(struct slice check)
{
	return slice_is_equal(check, slice_of("allowed")) ||
		slice_is_equal(check, slice_of("dmarc-modes"));
}

enum { TITLES = sizeof(titles) / sizeof(titles[0]) };

/* Where it stands on the page: the titles, then the checks of the dictionary
 * in their order, then all others. */
static size_t place_of(struct slice check)
{
	const struct dictionary_check *c;
	size_t i = 0;

	while (i < TITLES && !slice_is_equal(check, slice_of(titles[i].check)))
		i++;
	if (i < TITLES)
		return i;
	for (; (c = dictionary_check(i - TITLES)) != NULL; i++)
		if (slice_is_equal(check, slice_of(c->name)))
			break;
	return i;
}

/* NULL: none. */
static const char *title_at(size_t place)
{
	const struct dictionary_check *c;

	if (place < TITLES)
		return titles[place].title;
	c = dictionary_check(place - TITLES);
	return c == NULL ? NULL : c->title;
}

static void say_title(struct view *item, struct slice check)
{
	const char *title = title_at(place_of(check));

	if (title != NULL)
		view_say(item, "name", title);
	else
		view_slice(item, "name", check);
}

/* What the rule is besides a score. */
static const struct {
	const char *rule;
	const char *words;
	bool is_against;
} rules[] = {
	{ "", N_("nothing"), false },
	{ "ignore", N_("nothing"), false },
	{ "accept", N_("lets it through"), false },
	{ "mark", N_("marks it"), true },
	{ "quarantine", N_("holds it back, by itself"), true },
	{ "greylist", N_("asks a new sender to come again"), true },
	{ "tempfail", N_("asks to wait, by itself"), true },
	{ "reject", N_("refuses, by itself"), true },
};

/* "+1.5", or "+3.0 (2 x 1.5)": how much was found, and what one counts. */
static void show_score(
	struct view *to, const struct casefile_finding *f, double score)
{
	bool is_weighed = f->factor != 0 && f->factor != 1;

	if (score == 0)
		view_say(to, "adds", N_("nothing"));
	else if (is_weighed)
		view_format(to, "adds", "%+.1f (%.4g x %.4g)", score, f->factor,
			score / f->factor);
	else
		view_format(to, "adds", "%+.1f", score);
}

bool exhibits_adds(struct view *to, const struct casefile_finding *f)
{
	double score = 0;

	if (f->is_shadow) {
		view_say(to, "adds", N_("nothing, it is on trial here"));
		return false;
	}
	if (f->is_advisory) {
		view_say(to, "adds", N_("nothing"));
		return false;
	}
	if (casefile_score(f, &score)) {
		show_score(to, f, score);
		return score > 0;
	}
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (slice_is_equal(f->rule, slice_of(rules[i].rule))) {
			view_say(to, "adds", rules[i].words);
			return rules[i].is_against;
		}
	view_say(to, "adds", N_("nothing"));
	return false;
}

static enum exhibit_mark mark_of(const struct casefile_finding *f)
{
	const struct exhibit_result *r = exhibits_result(f->detail);

	if (f->outcome == CASEFILE_COULD_NOT_TELL)
		return EXHIBIT_OPEN;
	if (r->name[0] != '\0')
		return r->mark;
	return f->outcome == CASEFILE_HIT ? EXHIBIT_BAD : EXHIBIT_GOOD;
}

static const char *words_of(const struct casefile_finding *f)
{
	const struct exhibit_result *r = exhibits_result(f->detail);

	if (slice_is_equal(f->check, slice_of("iprev")) &&
		strcmp(r->name, no_name.name) == 0)
		return no_name.words;
	if (r->name[0] != '\0')
		return r->words;
	if (f->outcome == CASEFILE_COULD_NOT_TELL)
		return N_("could not be told");
	if (slice_is_equal(f->check, slice_of("blocked")))
		return f->outcome == CASEFILE_HIT ? N_("listed")
						  : N_("not listed");
	return f->outcome == CASEFILE_HIT ? N_("found a fault")
					  : N_("found no fault");
}

/* A sentence of the dictionary, if it has one. What nobody has to change is
 * good. */
struct exhibit_result exhibits_outcome(const struct casefile_finding *f)
{
	const struct dictionary_row *row = dictionary_find(f->check, f->detail);

	if (row == NULL)
		return (struct exhibit_result){ "", words_of(f), mark_of(f) };
	return (struct exhibit_result){ row->word, row->seen,
		row->change == NULL ? EXHIBIT_GOOD : mark_of(f) };
}

void exhibits_code(struct exhibit_codes *codes, enum code c)
{
	if (c == CODE_NONE)
		return;
	for (size_t i = 0; i < codes->count; i++)
		if (codes->code[i] == c)
			return;
	if (codes->count < EXHIBITS_CODES_MAX)
		codes->code[codes->count++] = c;
}

static void add_advice(
	struct exhibit_codes *codes, const struct dictionary_row *row)
{
	for (size_t i = 0; i < codes->row_count; i++)
		if (codes->row[i] == row)
			return;
	if (codes->row_count < EXHIBITS_ROWS_MAX)
		codes->row[codes->row_count++] = row;
}

static enum code code_of_list(struct slice class)
{
	static const struct {
		const char *class;
		enum code code;
	} table[] = {
		{ "self", CODE_BLOCKED_SELF },
		{ "policy", CODE_BLOCKED_POLICY },
		{ "review", CODE_BLOCKED_REVIEW },
		{ "feed", CODE_BLOCKED_FEED },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (slice_is_equal(class, slice_of(table[i].class)))
			return table[i].code;
	return CODE_BLOCKED_SELF;
}

static const char *text_of(struct slice word, char out[WORD_MAX])
{
	snprintf(out, WORD_MAX, "%.*s", SLICE_ARG(word));
	return out;
}

/* As policy/rules names it. */
static enum code code_of(const struct casefile_finding *f)
{
	static const struct findings none = { .count = 0 };
	char check[WORD_MAX], detail[WORD_MAX];
	/* What is wrong with a From field is several words, and all it saw. */
	bool is_from = slice_is_equal(f->check, slice_of("from"));
	const struct finding finding = { .check = text_of(f->check, check),
		.detail = text_of(is_from ? f->seen : f->detail, detail) };

	if (slice_is_equal(f->check, slice_of("blocked")))
		return code_of_list(f->detail);
	return authcode_one(
		&finding, &none, f->outcome == CASEFILE_COULD_NOT_TELL);
}

static void add_check(struct view *to, const struct casefile_finding *f,
	struct exhibit_codes *codes)
{
	const struct dictionary_row *row = dictionary_find(f->check, f->detail);
	const struct exhibit_result result = exhibits_outcome(f);
	struct view *item = view_item(to, "checks");
	bool is_against;

	view_flag(to, "has_checks", true);
	say_title(item, f->check);
	exhibits_mark(item, result.mark);
	view_say(item, "result", result.words);
	view_slice(item, "saw", f->seen);
	is_against = exhibits_adds(item, f);
	view_flag(item, "is_against", is_against);
	if (!is_against || codes == NULL)
		return;
	if (row != NULL)
		add_advice(codes, row);
	else
		exhibits_code(codes, code_of(f));
}

/* A dozen checks that found nothing are not worth a line each. */
static bool is_clean(const struct casefile_finding *f)
{
	return f->outcome == CASEFILE_MISS && slice_is_empty(f->detail) &&
		dictionary_check_find(f->check) != NULL;
}

static void add_clean(struct view *to, const struct casefile_finding *f)
{
	bool is_next = view_find(to, slice_of("has_clean")).is_so;
	struct view *item = view_item(to, "clean");

	view_flag(to, "has_clean", true);
	say_title(item, f->check);
	view_flag(item, "is_next", is_next);
}

static void add_finding(struct view *to, const struct casefile_finding *f,
	struct exhibit_codes *codes)
{
	if (is_internal(f->check))
		return;
	if (is_clean(f))
		add_clean(to, f);
	else
		add_check(to, f, codes);
}

/* In the order of the titles: which check is done first is chance. */
void exhibits_findings(
	struct view *to, struct slice findings, struct exhibit_codes *codes)
{
	bool is_last;
	size_t place = 0;

	do {
		struct slice rest = findings;
		struct casefile_finding f;

		is_last = title_at(place) == NULL;
		while (casefile_next(&rest, &f))
			if (place_of(f.check) == place)
				add_finding(to, &f, codes);
		place++;
	} while (!is_last);
}
