/* SPDX-License-Identifier: BSD-2-Clause */
#include "heur/attach.h"

#include "base/arena.h"
#include "base/buf.h"
#include "conf/conf.h"
#include "heur/filename.h"
#include "mail/archive.h"

#include <string.h>

enum {
	EVIDENCE_MAX = 700,
	SHOWN_MAX = 100,
	FEW_ENTRIES = 8 /* a bait holds little beside its program */
};

static const double small = 0.25, part_of = 0.4;

enum word {
	EXECUTABLE,
	DOUBLE_EXTENSION,
	MACRO,
	ARCHIVED,
	ENCRYPTED,
	BROKEN,
	TOO_MANY,
	WORDS
};

static const char *const details[WORDS] = { "executable", "double_extension",
	"macro", "archived", "encrypted", "broken", "too_many" };

/* The first file of a word, or one that weighs more. */
struct hit {
	double factor; /* 0: none */
	struct slice subject;
	struct slice evidence;
};

struct look {
	const struct check_input *in;
	struct filename_endings programs, macros;
	struct hit hit[WORDS];
};

static void note(struct look *l, enum word word, double factor,
	struct slice subject, const struct buf *evidence)
{
	struct hit *h = &l->hit[word];

	if (factor <= h->factor)
		return;
	h->factor = factor;
	if (arena_copy(l->in->arena, subject, &h->subject) != RES_OK ||
		arena_copy(l->in->arena, buf_slice(evidence), &h->evidence) !=
			RES_OK)
		h->evidence = slice_of("an attachment");
}

/* "attachment "invoice.exe" ..." */
static void note_file(struct look *l, enum word word, double factor,
	const struct body_part *p, const char *why)
{
	struct slice subject = filename_ending(p->name);
	struct buf line;

	if (subject.len == 0)
		subject = p->type;
	buf_init(&line, EVIDENCE_MAX);
	buf_add_format(&line, "attachment \"%.*s\" (%.*s) %s",
		SLICE_ARG(slice_part(p->name, 0, SHOWN_MAX)),
		SLICE_ARG(slice_part(p->type, 0, SHOWN_MAX)), why);
	note(l, word, factor, slice_part(subject, 0, SHOWN_MAX), &line);
	buf_clear(&line);
}

/* ---- one file ---- */

/* "COM" is an ending of programs of old, and of many a name of a text. */
static bool is_named_program(const struct look *l, const struct body_part *p)
{
	if (!filename_is_of(p->name, &l->programs))
		return false;
	return !slice_is_equal_nocase(
		       filename_ending(p->name), slice_of("com")) ||
		p->kind == BODY_PROGRAM || p->kind == BODY_OTHER;
}

static void look_at_name(struct look *l, const struct body_part *p)
{
	const bool is_named = is_named_program(l, p);

	if (is_named)
		note_file(l, EXECUTABLE, 1, p, "has the name of a program");
	else if (p->kind == BODY_PROGRAM)
		/* A script for a shell runs nowhere by a click. */
		note_file(l, EXECUTABLE,
			p->content.len > 0 && p->content.at[0] == '#' ? small
								      : 1,
			p, "is a program");
	if ((is_named || p->kind == BODY_PROGRAM) &&
		filename_is_disguised(p->name))
		note_file(l, DOUBLE_EXTENSION, 1, p,
			"hides that it is a program");
	if (filename_is_of(p->name, &l->macros))
		note_file(l, MACRO, 1, p, "is a document that holds macros");
}

static bool holds(struct slice text, struct slice octets)
{
	const size_t last = text.len - octets.len;

	for (size_t at = 0; text.len >= octets.len && at <= last; at++) {
		const char *found =
			memchr(text.at + at, octets.at[0], last - at + 1);

		if (found == NULL)
			return false;
		at = (size_t)(found - text.at);
		if (memcmp(found, octets.at, octets.len) == 0)
			return true;
	}
	return false;
}

#define UTF16(octets) ((struct slice){ octets, sizeof(octets) - 1 })

/* Names of streams in a compound file ([MS-CFB] s2.6.1). */
static void look_at_ole(struct look *l, const struct body_part *p)
{
	static const char vba[] = "_\0V\0B\0A\0_\0P\0R\0O\0J\0E\0C\0T";
	static const char locked[] =
		"E\0n\0c\0r\0y\0p\0t\0e\0d\0P\0a\0c\0k\0a\0g\0e";

	if (holds(p->content, UTF16(vba)))
		note_file(l, MACRO, 1, p, "holds macros");
	if (holds(p->content, UTF16(locked)))
		note_file(l, ENCRYPTED, 1, p, "is encrypted");
}

/* ---- archives ---- */

struct contents {
	const struct look *l;
	bool has_program, has_macro, is_disguised;
	char name[SHOWN_MAX]; /* of the first program */
	size_t len;
};

static bool take_entry(void *ctx, const struct archive_entry *e)
{
	struct contents *c = ctx;

	if (filename_is_of(e->name, &c->l->programs)) {
		if (!c->has_program) {
			c->len = e->name.len < SHOWN_MAX ? e->name.len
							 : SHOWN_MAX;
			/* Its end says what it is. */
			memcpy(c->name, e->name.at + e->name.len - c->len,
				c->len);
		}
		c->has_program = true;
		c->is_disguised =
			c->is_disguised || filename_is_disguised(e->name);
	}
	if (filename_is_of(e->name, &c->l->macros) ||
		slice_is_equal_nocase(
			slice_part(e->name, slice_find_last(e->name, '/') + 1,
				e->name.len),
			slice_of("vbaProject.bin")))
		c->has_macro = true;
	return true;
}

static void note_program(struct look *l, const struct body_part *p,
	const struct contents *c, unsigned entries)
{
	const struct slice name = slice_make(c->name, c->len);
	struct buf line;

	buf_init(&line, EVIDENCE_MAX);
	buf_add_format(&line, "archive \"%.*s\" holds the program \"%.*s\"",
		SLICE_ARG(slice_part(p->name, 0, SHOWN_MAX)), SLICE_ARG(name));
	note(l, ARCHIVED,
		entries <= FEW_ENTRIES || c->is_disguised ? 1 : part_of,
		slice_part(filename_ending(name), 0, SHOWN_MAX), &line);
	buf_clear(&line);
}

static void look_at_archive(struct look *l, const struct body_part *p)
{
	struct contents c = { .l = l };
	const struct archive a =
		archive_list(p->content, p->is_cut || l->in->body->is_cut,
			l->in->conf->mime.entries_max, take_entry, &c);

	if (!a.is_known)
		return;
	/* What is a program by its own name (a JAR) need not be said twice. */
	if (c.has_program && !is_named_program(l, p))
		note_program(l, p, &c, a.entries);
	if (c.has_macro)
		note_file(l, MACRO, 1, p, "holds macros");
	if (a.is_encrypted)
		note_file(l, ENCRYPTED, 1, p, "is encrypted");
	if (a.is_broken)
		note_file(l, BROKEN, 1, p, "is an archive that is damaged");
}

/* ---- the whole ---- */

static void look_at_part(struct look *l, const struct body_part *p)
{
	if (p->is_multipart || p->kind == BODY_MESSAGE)
		return;
	look_at_name(l, p);
	switch (p->kind) {
	case BODY_OLE:
		look_at_ole(l, p);
		break;
	case BODY_ZIP:
	case BODY_ARCHIVE:
		look_at_archive(l, p);
		break;
	case BODY_OTHER:
	case BODY_TEXT:
	case BODY_HTML:
	case BODY_IMAGE:
	case BODY_PDF:
	case BODY_PROGRAM:
	case BODY_MESSAGE:
		break;
	}
}

static void look_at_whole(struct look *l)
{
	const struct body_facts *b = l->in->body;

	if (b->is_broken && l->hit[BROKEN].factor == 0) {
		l->hit[BROKEN].factor = 1;
		l->hit[BROKEN].evidence = slice_of(
			"a boundary of a multipart is missing, or base64 is "
			"none");
	}
	if (b->is_too_deep || b->has_too_many) {
		l->hit[TOO_MANY].factor = 1;
		l->hit[TOO_MANY].evidence = slice_of(b->is_too_deep
				? "parts lie too deep in each other"
				: "there are too many parts");
	}
}

enum check_progress attach_step(
	const struct check_input *in, struct findings *out)
{
	struct look l = { .in = in };
	size_t before;

	if (out == NULL || in->body == NULL || !in->body->is_known)
		return CHECK_DONE;
	l.programs = (struct filename_endings){ in->conf->attach.programs,
		in->conf->attach.program_count };
	l.macros = (struct filename_endings){ in->conf->attach.macros,
		in->conf->attach.macro_count };
	before = out->count;
	for (size_t i = 0; i < in->body->part_count; i++)
		look_at_part(&l, &in->body->parts[i]);
	look_at_whole(&l);
	for (size_t i = 0; i < WORDS; i++) {
		struct finding *f;

		if (l.hit[i].factor == 0)
			continue;
		f = findings_add(out, "attach");
		f->outcome = OUTCOME_HIT;
		f->detail = details[i];
		f->factor = l.hit[i].factor;
		f->subject = l.hit[i].subject;
		f->evidence = l.hit[i].evidence;
	}
	if (out->count == before)
		findings_add(out, "attach")->outcome = OUTCOME_MISS;
	return CHECK_DONE;
}
