/* SPDX-License-Identifier: BSD-2-Clause */
#include "judge/factfile.h"

#include <stdlib.h>
#include <string.h>

enum {
	HEAD = 3, /* length and kind */
	WORD_MAX = 64,
	OUTCOME_BITS = 3,
	IN_SHADOW = 4,
	HAS_FACTOR = 8,
	IS_EXEMPT = 1,
	IS_CORRESPONDENT = 2
};

/* ---- writing ---- */

static void add_number(struct buf *out, uint64_t n, unsigned octets)
{
	for (unsigned i = 0; i < octets; i++)
		buf_add_char(out, (char)(unsigned char)(n >> (8 * i)));
}

static void add_double(struct buf *out, double d)
{
	uint64_t bits;

	memcpy(&bits, &d, sizeof(bits));
	add_number(out, bits, sizeof(bits));
}

static void add_short(struct buf *out, const char *text)
{
	size_t len = strlen(text);

	add_number(out, len, 1);
	buf_add(out, slice_make(text, len));
}

static void add_head(struct buf *out, size_t body, char kind)
{
	add_number(out, body + 1, 2);
	buf_add_char(out, kind);
}

static unsigned number_of(const struct factfile_writer *w, const char *word)
{
	for (unsigned i = 0; i < w->count; i++)
		if (w->word[i] == word || strcmp(w->word[i], word) == 0)
			return i + 1;
	return 0;
}

static void learn(struct factfile_writer *w, const char *word, struct buf *out)
{
	size_t len = word == NULL ? 0 : strlen(word);

	if (len == 0 || len > WORD_MAX || w->count == FACTFILE_WORDS_MAX ||
		number_of(w, word) != 0)
		return;
	w->word[w->count++] = word;
	add_head(out, len, 'N');
	buf_add(out, slice_make(word, len));
}

static void add_finding(
	struct factfile_writer *w, const struct finding *f, struct buf *out)
{
	unsigned bits = (unsigned)f->outcome;

	if (f->shadow)
		bits |= IN_SHADOW;
	if (f->factor != 0)
		bits |= HAS_FACTOR;
	add_number(out, number_of(w, f->check), 2);
	add_number(out, f->detail == NULL ? 0 : number_of(w, f->detail), 2);
	add_number(out, bits, 1);
	if (f->factor != 0)
		add_double(out, f->factor);
}

static size_t body_of(const struct fact *f)
{
	size_t len = 8 + 8 + 4 + 8 + 1 + strlen(f->ref) + 1 +
		strlen(f->rcpt_domain) + 1 + strlen(f->from_domain) + 1;

	for (size_t i = 0; i < f->findings.count; i++)
		len += f->findings.item[i].factor != 0 ? 13 : 5;
	return len;
}

void factfile_add(
	struct factfile_writer *w, const struct fact *f, struct buf *out)
{
	for (size_t i = 0; i < f->findings.count; i++) {
		learn(w, f->findings.item[i].check, out);
		learn(w, f->findings.item[i].detail, out);
	}
	add_head(out, body_of(f), 'F');
	add_number(out, (uint64_t)f->wall_ms, 8);
	add_number(out, f->session, 8);
	add_number(out, (unsigned)f->stage, 1);
	add_number(out,
		(f->is_exempt ? IS_EXEMPT : 0) |
			(f->is_correspondent ? IS_CORRESPONDENT : 0),
		1);
	add_number(out, (unsigned)f->action, 1);
	add_number(out, (unsigned)f->would_be, 1);
	add_double(out, f->score);
	add_short(out, f->ref);
	add_short(out, f->rcpt_domain);
	add_short(out, f->from_domain);
	add_number(out, f->findings.count, 1);
	for (size_t i = 0; i < f->findings.count; i++)
		add_finding(w, &f->findings.item[i], out);
}

/* ---- reading ---- */

struct factfile_reader {
	struct slice rest;
	char word[FACTFILE_WORDS_MAX + 1][WORD_MAX + 1];
	unsigned count;
};

enum result factfile_open(struct factfile_reader **out, struct slice text)
{
	const size_t magic = sizeof(FACTFILE_MAGIC) - 1;

	*out = NULL;
	if (!slice_has_prefix(text, slice_of(FACTFILE_MAGIC)))
		return RES_SYNTAX;
	*out = calloc(1, sizeof(**out));
	if (*out == NULL)
		return RES_NOMEM;
	(*out)->rest = slice_part(text, magic, text.len);
	return RES_OK;
}

void factfile_close(struct factfile_reader *r)
{
	free(r);
}

/* What is left of one record. Past its end all is zero, and it is spoiled. */
struct body {
	struct slice rest;
	bool is_spoiled;
};

static uint64_t take_number(struct body *b, unsigned octets)
{
	uint64_t n = 0;

	if (b->rest.len < octets) {
		b->is_spoiled = true;
		return 0;
	}
	for (unsigned i = 0; i < octets; i++)
		n |= (uint64_t)(unsigned char)b->rest.at[i] << (8 * i);
	b->rest = slice_part(b->rest, octets, b->rest.len);
	return n;
}

static double take_double(struct body *b)
{
	uint64_t bits = take_number(b, sizeof(bits));
	double d;

	memcpy(&d, &bits, sizeof(d));
	/* No score is that big; what is not a number is neither. */
	if (!(d > -1e9 && d < 1e9)) {
		b->is_spoiled = true;
		return 0;
	}
	return d;
}

static void take_short(struct body *b, char *to, size_t size)
{
	size_t len = take_number(b, 1);

	if (len >= size || len > b->rest.len) {
		b->is_spoiled = true;
		return;
	}
	memcpy(to, b->rest.at, len);
	to[len] = '\0';
	b->rest = slice_part(b->rest, len, b->rest.len);
}

static unsigned take_in(struct body *b, unsigned octets, unsigned max)
{
	uint64_t n = take_number(b, octets);

	if (n > max) {
		b->is_spoiled = true;
		return 0;
	}
	return (unsigned)n;
}

static void take_finding(
	struct factfile_reader *r, struct body *b, struct finding *f)
{
	unsigned bits;

	f->check = r->word[take_in(b, 2, r->count)];
	f->detail = r->word[take_in(b, 2, r->count)];
	bits = take_in(b, 1, HAS_FACTOR | IN_SHADOW | OUTCOME_BITS);
	if ((bits & OUTCOME_BITS) > OUTCOME_HIT)
		b->is_spoiled = true;
	else
		f->outcome = (enum outcome)(bits & OUTCOME_BITS);
	f->shadow = (bits & IN_SHADOW) != 0;
	if ((bits & HAS_FACTOR) != 0)
		f->factor = take_double(b);
}

static enum result take_fact(
	struct factfile_reader *r, struct slice text, struct fact *out)
{
	struct body b = { text, false };
	unsigned bits;

	/* All but the findings, of which most are not used. */
	memset(out, 0, offsetof(struct fact, findings));
	out->wall_ms = (int64_t)take_number(&b, 8);
	out->session = take_number(&b, 8);
	out->stage = (enum fact_stage)take_in(&b, 1, FACT_ABORT);
	bits = take_in(&b, 1, IS_EXEMPT | IS_CORRESPONDENT);
	out->is_exempt = (bits & IS_EXEMPT) != 0;
	out->is_correspondent = (bits & IS_CORRESPONDENT) != 0;
	out->action = (enum action)take_in(&b, 1, ACTION_REJECT);
	out->would_be = (enum action)take_in(&b, 1, ACTION_REJECT);
	out->score = take_double(&b);
	take_short(&b, out->ref, sizeof(out->ref));
	take_short(&b, out->rcpt_domain, sizeof(out->rcpt_domain));
	take_short(&b, out->from_domain, sizeof(out->from_domain));
	out->findings.count = take_in(&b, 1, FINDINGS_MAX);
	for (size_t i = 0; i < out->findings.count; i++) {
		out->findings.item[i] = (struct finding){ .check = "" };
		take_finding(r, &b, &out->findings.item[i]);
	}
	return b.is_spoiled || b.rest.len > 0 || out->stage < FACT_RCPT
		? RES_SYNTAX
		: RES_OK;
}

static bool take_word(struct factfile_reader *r, struct slice word)
{
	if (r->count == FACTFILE_WORDS_MAX || word.len == 0 ||
		word.len > WORD_MAX)
		return false;
	r->count++;
	memcpy(r->word[r->count], word.at, word.len);
	return true;
}

enum result factfile_next(struct factfile_reader *r, struct fact *out)
{
	while (r->rest.len > HEAD) {
		struct body head = { r->rest, false };
		size_t len = take_number(&head, 2);
		struct slice body;
		char kind;

		if (len < 2 || len > FACTFILE_RECORD_MAX)
			return RES_SYNTAX;
		if (len > head.rest.len)
			break;
		kind = head.rest.at[0];
		body = slice_part(head.rest, 1, len - 1);
		r->rest = slice_part(head.rest, len, head.rest.len);
		if (kind == 'F')
			return take_fact(r, body, out);
		if (kind != 'N' || !take_word(r, body))
			return RES_SYNTAX;
	}
	r->rest = slice_of("");
	return RES_MISSING;
}
