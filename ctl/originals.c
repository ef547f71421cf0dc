/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/originals.h"

#include "base/arena.h"
#include "base/utf8.h"
#include "conf/conf.h"
#include "ctl/mailfind.h"
#include "ctl/pastedmail.h"
#include "ctl/reading.h"
#include "ctl/reporter.h"
#include "mail/encodedword.h"

#include <string.h>

/* ---- what machines say ---- */

enum result originals_claims_read(const struct mailparts *parts,
	struct arena *a, struct originals_claims *out)
{
	const struct mailpart *p = mailparts_find(parts, MAILPARTS_FEEDBACK);
	enum result res;

	*out = (struct originals_claims){ .is_arf = false };
	out->is_arf = p != NULL && arf_parse(p->octets, &out->arf) == RES_OK;
	for (size_t i = 0; i < parts->count && !out->is_xarf; i++) {
		if (parts->part[i].kind != MAILPARTS_JSON)
			continue;
		res = xarf_parse(parts->part[i].octets, a, &out->xarf);
		if (res == RES_NOMEM)
			return res;
		out->is_xarf = res == RES_OK;
	}
	return RES_OK;
}

/* What the machine says of the kind, where the address does not. */
static enum report_kind kind_of(const struct originals_input *in)
{
	const struct originals_claims *c = in->claims;

	if (c->is_arf) {
		switch (c->arf.type) {
		case ARF_FRAUD:
			return REPORT_PHISH;
		case ARF_NOT_SPAM:
			return REPORT_NOTJUNK;
		case ARF_AUTH_FAILURE:
			return REPORT_AUTH_FAILURE;
		case ARF_UNKNOWN:
		case ARF_ABUSE:
		case ARF_VIRUS:
		case ARF_OTHER:
		case ARF_OPT_OUT:
			return in->kind;
		}
	}
	return c->is_xarf && c->xarf.kind != REPORT_ABUSE ? c->xarf.kind
							  : in->kind;
}

/* ---- one message ---- */

struct work {
	const struct originals_input *in;
	struct arena *arena;
	struct originals *out;
	enum report_kind kind;
	enum result res; /* RES_NOMEM */
};

/* As a reader sees it: decoded, one line, cut. */
static struct slice line_of(struct work *w, struct slice value, size_t most)
{
	struct slice line = slice_of("");
	struct buf text;

	buf_init(&text, most);
	if (encodedword_decode(slice_trim(value), &text, NULL) == RES_NOMEM)
		w->res = RES_NOMEM;
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.at[i] < ' ' || text.at[i] == 0x7f)
			text.at[i] = ' ';
	line = slice_trim(buf_slice(&text));
	line = slice_part(line, 0, utf8_whole(line));
	if (arena_copy(w->arena, line, &line) != RES_OK)
		w->res = RES_NOMEM;
	buf_clear(&text);
	return line;
}

static struct slice field_of(struct work *w, const struct savedmail *m,
	const char *name, size_t most)
{
	return line_of(w, mailfind_field(m, name), most);
}

static void read_traces(struct work *w, const struct savedmail *m,
	const struct tracebind *bind, struct report_original *o)
{
	unsigned seen = 0;

	for (size_t i = 0; i < m->count && i < REPORTER_FIELDS_MAX; i++) {
		struct trace t = { .direction = TRACE_UNKNOWN };
		enum tracekeys_word word = TRACEKEYS_NONE;

		if (!trace_is_ours(m->field[i].name))
			continue;
		if (seen++ >= ORIGINALS_TRACES_MAX ||
			o->trace_word == TRACEKEYS_VALID)
			break;
		if (tracekeys_verify(w->in->ring, w->in->host,
			    m->field[i].value, bind, &word, &t) != RES_OK)
			w->res = RES_NOMEM;
		else if (word > o->trace_word) {
			o->trace_word = word;
			o->trace = t;
		}
	}
}

static void read_header(
	struct work *w, const struct savedmail *m, struct report_original *o)
{
	struct tracebind bind;

	if (reporter_bind(m, &bind) != RES_OK) {
		w->res = RES_NOMEM;
		return;
	}
	read_traces(w, m, &bind, o);
	o->from = field_of(w, m, "From", REPORT_SUBJECT_MAX);
	o->subject = field_of(w, m, "Subject", REPORT_SUBJECT_MAX);
	o->message_id = field_of(w, m, "Message-ID", ORIGINALS_ID_MAX);
	if (o->trace_word != TRACEKEYS_VALID || !o->trace.has_cfbl)
		return;
	o->cfbl_address = field_of(w, m, "CFBL-Address", ORIGINALS_ID_MAX);
	o->cfbl_id = field_of(w, m, "CFBL-Feedback-ID", ORIGINALS_ID_MAX);
}

/* What the classifier would learn; without, nothing is lost but that. */
static void read_lesson(
	struct work *w, struct slice message, struct report_original *o)
{
	struct lesson l = { .is_spam = o->kind != REPORT_NOTJUNK };
	struct tokens tokens = { .count = 0 };
	struct tokens_source source;
	struct reading r;
	struct buf packed;

	if (reading_open(&r, w->in->conf, message) != RES_OK)
		return;
	source = reading_source(&r, w->in->conf);
	buf_init(&packed, LESSON_PACKED_MAX);
	if (tokens_gather(&source, &tokens) == RES_OK) {
		l.index = tokens.index;
		l.count = tokens.count;
		lesson_pack(&l, &packed);
	}
	if (buf_result(&packed) == RES_OK && packed.len > 0 &&
		arena_copy(w->arena, buf_slice(&packed), &o->lesson) != RES_OK)
		w->res = RES_NOMEM;
	tokens_clear(&tokens);
	buf_clear(&packed);
	reading_close(&r);
}

static bool is_to_be_learnt(
	const struct work *w, const struct report_original *o, bool is_whole)
{
	return is_whole && w->in->conf->reports.learn &&
		o->trace_word == TRACEKEYS_VALID &&
		o->trace.direction == TRACE_IN &&
		(o->kind == REPORT_JUNK || o->kind == REPORT_PHISH ||
			o->kind == REPORT_NOTJUNK);
}

/* False: it is no message. is_whole: its text is there, too. */
static bool read_message(struct work *w, struct slice message, bool is_whole,
	struct report_original *o)
{
	struct savedmail m;
	enum result res = savedmail_parse(&m, message);

	if (res == RES_NOMEM)
		w->res = res;
	if (res != RES_OK)
		return false;
	o->message = slice_part(message, 0, w->in->conf->reports.original_max);
	read_header(w, &m, o);
	savedmail_clear(&m);
	if (w->res == RES_OK && is_to_be_learnt(w, o, is_whole))
		read_lesson(w, message, o);
	return true;
}

/* ---- all of them ---- */

static bool is_full(const struct work *w)
{
	return w->out->count >= w->in->conf->reports.originals_max;
}

static struct report_original begin(const struct work *w, enum report_form form)
{
	struct report_original o = { .form = form, .kind = w->kind };
	const struct originals_claims *c = w->in->claims;

	if (w->in->is_form && form != REPORT_FORM_XARF)
		o.form = REPORT_FORM_WEB;
	if (c->is_arf && c->arf.has_source_ip) {
		o.has_claimed_ip = true;
		o.claimed_ip = c->arf.source_ip;
	} else if (c->is_xarf && c->xarf.has_ip) {
		o.has_claimed_ip = true;
		o.claimed_ip = c->xarf.ip;
	} else if (w->in->has_ip) {
		o.has_claimed_ip = true;
		o.claimed_ip = w->in->ip;
	}
	return o;
}

static void add(struct work *w, const struct report_original *o)
{
	if (is_full(w))
		return;
	w->out->at[w->out->count++] = *o;
	if (o->trace_word == TRACEKEYS_VALID)
		w->out->valid++;
}

enum part_state { PART_SKIPPED = 0, PART_OPENED, PART_TAKEN };

static bool is_around_another(const struct mailparts *parts, size_t i)
{
	for (size_t k = i + 1; k < parts->count; k++)
		if (parts->part[k].within == (int)i)
			return true;
	return false;
}

/* Does the message within count, and not the one around it? */
static bool gives_way(const struct work *w, const struct report_original *o)
{
	return o->trace_word != TRACEKEYS_VALID ||
		(w->in->is_local && o->trace.direction == TRACE_OUT);
}

static enum part_state take_part(
	struct work *w, size_t i, enum report_form attached)
{
	const struct mailparts *parts = w->in->parts;
	const struct mailpart *p = &parts->part[i];
	const bool is_whole = p->kind == MAILPARTS_ORIGINAL;
	struct report_original o = begin(w,
		is_whole || attached != REPORT_FORM_ATTACHED
			? attached
			: REPORT_FORM_HEADERS);

	if (!read_message(w, p->octets, is_whole, &o))
		return PART_SKIPPED;
	if (is_around_another(parts, i) && gives_way(w, &o))
		return PART_OPENED;
	add(w, &o);
	return PART_TAKEN;
}

static void take_parts(struct work *w, enum report_form attached)
{
	enum part_state state[MAILPARTS_COUNT_MAX] = { PART_SKIPPED };

	for (size_t i = 0; i < w->in->parts->count && !is_full(w); i++) {
		const struct mailpart *p = &w->in->parts->part[i];

		if ((p->kind == MAILPARTS_ORIGINAL ||
			    p->kind == MAILPARTS_HEADERS) &&
			(p->within < 0 || state[p->within] == PART_OPENED))
			state[i] = take_part(w, i, attached);
	}
}

/* Evidence first; what is attached beside it may be the same. */
static void take_evidence(struct work *w)
{
	const struct xarf *x = &w->in->claims->xarf;

	for (size_t i = 0; i < x->count && !is_full(w); i++) {
		struct report_original o = begin(w, REPORT_FORM_XARF);

		if (read_message(w, x->message[i].octets,
			    !x->message[i].is_header, &o))
			add(w, &o);
	}
}

/* There is no message at all: what the machine says of it. */
static void take_claims(struct work *w)
{
	const struct originals_claims *c = w->in->claims;
	struct report_original o =
		begin(w, c->is_arf ? REPORT_FORM_ARF : REPORT_FORM_XARF);

	o.from = line_of(w, c->is_arf ? c->arf.mail_from : c->xarf.smtp_from,
		REPORT_SUBJECT_MAX);
	add(w, &o);
}

static void take_pasted(struct work *w)
{
	struct report_original o = begin(w, REPORT_FORM_INLINE);
	struct pastedmail p;
	enum result res = pastedmail_find(w->in->text, w->arena, &p);

	if (res == RES_NOMEM)
		w->res = res;
	if (res != RES_OK)
		return;
	w->out->text = p.before;
	if (!read_message(w, p.message, false, &o))
		o.message = slice_part(
			p.message, 0, w->in->conf->reports.original_max);
	if (o.from.len == 0)
		o.from = line_of(w, p.from, REPORT_SUBJECT_MAX);
	if (o.subject.len == 0)
		o.subject = line_of(w, p.subject, REPORT_SUBJECT_MAX);
	add(w, &o);
}

enum result originals_find(const struct originals_input *in, struct arena *a,
	struct originals *out)
{
	const struct originals_claims *c = in->claims;
	struct work w = {
		.in = in, .arena = a, .out = out, .kind = kind_of(in)
	};

	*out = (struct originals){ .text = in->text };
	out->at = arena_alloc(
		a, in->conf->reports.originals_max * sizeof(*out->at));
	if (out->at == NULL)
		return RES_NOMEM;
	if (c->is_xarf && !c->is_arf)
		take_evidence(&w);
	if (out->count == 0)
		take_parts(&w,
			c->is_arf	     ? REPORT_FORM_ARF
				: c->is_xarf ? REPORT_FORM_XARF
					     : REPORT_FORM_ATTACHED);
	if (out->count == 0 && (c->is_arf || c->is_xarf))
		take_claims(&w);
	else if (out->count == 0)
		take_pasted(&w);
	return w.res;
}
