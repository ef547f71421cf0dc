/* SPDX-License-Identifier: BSD-2-Clause */
/* Words, names and texts that the parts of store/report share. */
#include "store/reportcore.h"

#include "base/buf.h"
#include "base/clock.h"
#include "conf/conf.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { DAY_TEXT = 10, UNKNOWN_WORD = -1 };

/* ---- words ---- */

static const char *const kinds[] = {
	[REPORT_ABUSE] = "abuse",
	[REPORT_JUNK] = "junk",
	[REPORT_PHISH] = "phish",
	[REPORT_NOTJUNK] = "notjunk",
	[REPORT_AUTH_FAILURE] = "auth-failure",
};

static const char *const forms[] = {
	[REPORT_FORM_NONE] = "none",
	[REPORT_FORM_ATTACHED] = "attached",
	[REPORT_FORM_HEADERS] = "headers",
	[REPORT_FORM_INLINE] = "inline",
	[REPORT_FORM_ARF] = "arf",
	[REPORT_FORM_XARF] = "xarf",
	[REPORT_FORM_WEB] = "web",
};

static const char *const proofs[] = {
	[REPORT_UNPROVEN] = "unproven",
	[REPORT_AUTHENTICATED] = "authenticated",
	[REPORT_LOCAL] = "local",
};

static const char *const effects[] = {
	[REPORT_NOTHING] = "nothing",
	[REPORT_COUNTED] = "counted",
	[REPORT_DUPLICATE] = "duplicate",
	[REPORT_AGAIN] = "again",
	[REPORT_SPENT] = "spent",
	[REPORT_PAUSED] = "paused",
	[REPORT_LISTED] = "listed",
};

static const char *const states[] = {
	[REPORT_OPEN] = "open",
	[REPORT_ACTED] = "acted",
	[REPORT_CLOSED] = "closed",
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const char *name_of(const char *const *names, size_t count, size_t i)
{
	return i < count ? names[i] : "unknown";
}

static int find(const char *const *names, size_t count, struct slice word)
{
	for (size_t i = 0; i < count; i++)
		if (slice_is_equal(word, slice_of(names[i])))
			return (int)i;
	return UNKNOWN_WORD;
}

const char *report_kind_name(enum report_kind k)
{
	return name_of(kinds, COUNT(kinds), k);
}

bool report_kind_parse(struct slice word, enum report_kind *out)
{
	int i = find(kinds, COUNT(kinds), word);

	if (i != UNKNOWN_WORD)
		*out = (enum report_kind)i;
	return i != UNKNOWN_WORD;
}

const char *report_form_name(enum report_form f)
{
	return name_of(forms, COUNT(forms), f);
}

bool report_form_parse(struct slice word, enum report_form *out)
{
	int i = find(forms, COUNT(forms), word);

	if (i != UNKNOWN_WORD)
		*out = (enum report_form)i;
	return i != UNKNOWN_WORD;
}

const char *report_proof_name(enum report_proof p)
{
	return name_of(proofs, COUNT(proofs), p);
}

bool report_proof_parse(struct slice word, enum report_proof *out)
{
	int i = find(proofs, COUNT(proofs), word);

	if (i != UNKNOWN_WORD)
		*out = (enum report_proof)i;
	return i != UNKNOWN_WORD;
}

const char *report_effect_name(enum report_effect e)
{
	return name_of(effects, COUNT(effects), e);
}

bool report_effect_parse(struct slice word, enum report_effect *out)
{
	int i = find(effects, COUNT(effects), word);

	if (i != UNKNOWN_WORD)
		*out = (enum report_effect)i;
	return i != UNKNOWN_WORD;
}

const char *report_state_name(enum report_state s)
{
	return name_of(states, COUNT(states), s);
}

bool report_state_parse(struct slice word, enum report_state *out)
{
	int i = find(states, COUNT(states), word);

	if (i != UNKNOWN_WORD)
		*out = (enum report_state)i;
	return i != UNKNOWN_WORD;
}

bool report_trace_word_parse(struct slice word, enum tracekeys_word *out)
{
	for (int w = TRACEKEYS_NONE; w <= TRACEKEYS_VALID; w++)
		if (slice_is_equal(word,
			    slice_of(tracekeys_word_name(
				    (enum tracekeys_word)w)))) {
			*out = (enum tracekeys_word)w;
			return true;
		}
	return false;
}

unsigned report_effect_rank(enum report_effect e)
{
	switch (e) {
	case REPORT_NOTHING:
		return 0;
	case REPORT_SPENT:
		return 1;
	case REPORT_DUPLICATE:
		return 2;
	case REPORT_AGAIN:
		return 3;
	case REPORT_COUNTED:
		return 4;
	case REPORT_PAUSED:
		return 5;
	case REPORT_LISTED:
		return 6;
	}
	return 0;
}

bool report_is_junk(enum report_kind k)
{
	return k == REPORT_ABUSE || k == REPORT_JUNK || k == REPORT_PHISH;
}

int64_t report_octets(const struct conf *conf, bool is_traced)
{
	size_t most = conf->reports.octets_day;

	return (int64_t)(is_traced ? most : most / 2);
}

/* ---- names ---- */

const char *report_day(int64_t at_ms, char out[REPORT_DAY_MAX])
{
	char text[CLOCK_TEXT_MAX];
	size_t n = 0;

	clock_format_utc(at_ms, text);
	for (size_t i = 0; i < DAY_TEXT && text[i] != '\0'; i++)
		if (text[i] != '-')
			out[n++] = text[i];
	out[n] = '\0';
	return out;
}

void report_key(struct script_call *c, const struct conf *conf,
	const char *fixed, const char *text)
{
	script_key_of(c, slice_of(conf->redis.prefix), fixed, slice_of(text));
}

const char *report_item_name(
	const char *id, size_t number, char out[REPORT_NAME_MAX])
{
	snprintf(out, REPORT_NAME_MAX, "%s:%u", id, (unsigned)number);
	return out;
}

enum result report_item_parse(
	struct slice text, char id[CASE_REF_MAX], unsigned *number)
{
	size_t at = slice_find_last(text, ':');
	uint64_t value;

	if (at == text.len ||
		slice_parse_u64(slice_part(text, at + 1, text.len), 0,
			REPORT_ORIGINALS_MAX - 1, &value) != RES_OK ||
		case_ref_parse(slice_part(text, 0, at), id) != RES_OK)
		return RES_SYNTAX;
	*number = (unsigned)value;
	return RES_OK;
}

void report_pair(struct script_call *c, const char *name, struct slice value)
{
	script_arg(c, slice_of(name));
	script_arg(c, value);
}

/* ---- a trace as one field ---- */

static const char *or_dash(const char *text)
{
	return text[0] != '\0' ? text : "-";
}

void report_trace_format(const struct trace *t, char out[REPORT_TRACE_MAX])
{
	char ip[IPADDR_TEXT_MAX] = "";

	if (t->has_ip)
		ipaddr_format(&t->ip, ip);
	snprintf(out, REPORT_TRACE_MAX,
		"%s %" PRId64 " %s %u %s %s %s %s %s %s",
		t->direction == TRACE_OUT	   ? "out"
			: t->direction == TRACE_IN ? "in"
						   : "-",
		t->at_s, or_dash(t->id), t->recipients, or_dash(ip),
		or_dash(t->domain), or_dash(t->account), or_dash(t->by),
		or_dash(t->key), t->has_cfbl ? "cfbl" : "-");
}

static bool take(struct slice word, char *out, size_t size)
{
	if (slice_is_equal(word, slice_of("-")))
		word.len = 0;
	if (word.len >= size)
		return false;
	memcpy(out, word.at, word.len);
	out[word.len] = '\0';
	return true;
}

enum {
	AT_DIRECTION,
	AT_TIME,
	AT_ID,
	AT_RECIPIENTS,
	AT_IP,
	AT_DOMAIN,
	AT_ACCOUNT,
	AT_BY,
	AT_KEY,
	AT_CFBL,
	TRACE_WORDS
};

static bool take_words(const struct slice *word, struct trace *t)
{
	return take(word[AT_ID], t->id, sizeof(t->id)) &&
		take(word[AT_DOMAIN], t->domain, sizeof(t->domain)) &&
		take(word[AT_ACCOUNT], t->account, sizeof(t->account)) &&
		take(word[AT_BY], t->by, sizeof(t->by)) &&
		take(word[AT_KEY], t->key, sizeof(t->key));
}

bool report_trace_parse(struct slice text, struct trace *out)
{
	struct slice word[TRACE_WORDS];
	struct trace t = { .direction = TRACE_UNKNOWN };
	uint64_t at_s, recipients;

	for (size_t i = 0; i < TRACE_WORDS; i++)
		if (!slice_cut(&text, ' ', &word[i]))
			return false;
	if (slice_is_equal(word[AT_DIRECTION], slice_of("out")))
		t.direction = TRACE_OUT;
	else if (slice_is_equal(word[AT_DIRECTION], slice_of("in")))
		t.direction = TRACE_IN;
	if (slice_parse_u64(word[AT_TIME], 0, INT64_MAX, &at_s) != RES_OK ||
		slice_parse_u64(word[AT_RECIPIENTS], 0, UINT32_MAX,
			&recipients) != RES_OK ||
		!take_words(word, &t))
		return false;
	t.at_s = (int64_t)at_s;
	t.recipients = (unsigned)recipients;
	t.has_ip = ipaddr_parse(&t.ip, word[AT_IP]) == RES_OK;
	t.has_cfbl = slice_is_equal(word[AT_CFBL], slice_of("cfbl"));
	*out = t;
	return true;
}

enum result report_index(struct redis *r, const struct conf *conf,
	const char *command, const char *set, const char *last,
	struct buf *names)
{
	struct script_call key = { .count = 0 };
	struct redis_reply reply;
	struct slice argv[] = { slice_of(command), { NULL, 0 }, slice_of("0"),
		slice_of(last) };
	enum result res;

	report_key(&key, conf, set, "");
	argv[1] = key.argv[0];
	res = redis_command(r, argv, sizeof(argv) / sizeof(argv[0]), &reply);
	if (res != RES_OK)
		return res;
	if (reply.type == REDIS_ERROR)
		return redis_error_kind(reply.text);
	for (size_t i = 0; i < reply.count; i++) {
		buf_add(names, redis_element(&reply, i).text);
		buf_add_char(names, ' ');
	}
	return buf_result(names);
}
