/* SPDX-License-Identifier: BSD-2-Clause */
#include "heur/tokens.h"

#include "base/buf.h"
#include "fact/body.h"
#include "fact/message.h"
#include "heur/words.h"
#include "mail/encodedword.h"
#include "mail/html.h"
#include "mail/url.h"

#include <stdlib.h>
#include <string.h>

enum {
	FIELDS_MAX = 200, /* of a header that are looked at */
	FIELD_WORDS_MAX = 24, /* of the value of one */
	SUBJECT_WORDS_MAX = 60,
	NAME_MAX_LEN = 64, /* octets of a field's name */
	FIELD_OCTETS_MAX = 2048, /* of its value */
	VALUE_MAX = 32, /* octets of an attribute's value that is a feature */
	SHAPE_MAX = 40,
	LINKS_MAX = 400,
	PARTS_MAX = 100,
	LABELS_MAX = 5, /* of a host */
	CAPITALS_MIN = 3, /* letters */
	PATH_WORDS_MAX = 12
};

struct walk {
	const struct tokens_source *source;
	void (*each)(void *ctx, const struct token *t);
	void *ctx;
};

/* ---- one feature ---- */

static uint64_t mix_text(uint64_t h, struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		h = (h ^ (unsigned char)text.at[i]) * UINT64_C(0x100000001b3);
	/* The end of a text is part of it. */
	return (h ^ 0x1ff) * UINT64_C(0x100000001b3);
}

static uint32_t index_of(const struct token *t)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	h = mix_text(h, slice_of(t->kind));
	h = mix_text(h, t->name);
	h = mix_text(h, t->value);
	h ^= h >> 32;
	h *= UINT64_C(0xd6e8feb86659fd93);
	h >>= 64 - TOKENS_BITS;
	return h == 0 ? 1 : (uint32_t)h;
}

static void put(
	struct walk *w, const char *kind, struct slice name, struct slice value)
{
	struct token t = { .kind = kind, .name = name, .value = value };

	t.index = index_of(&t);
	w->each(w->ctx, &t);
}

struct naming {
	struct walk *walk;
	const char *kind;
	struct slice name;
};

static void put_word(void *ctx, struct slice word)
{
	struct naming *n = ctx;

	put(n->walk, n->kind, n->name, word);
}

static void put_words(struct walk *w, const char *kind, struct slice name,
	struct slice text, size_t most)
{
	struct naming n = { w, kind, name };

	words_walk(text, most, put_word, &n);
}

/* Of a text that may hold encoded words. */
static void put_shown(struct walk *w, const char *kind, struct slice name,
	struct slice text, size_t most)
{
	struct buf shown;

	buf_init(&shown, FIELD_OCTETS_MAX);
	/* What is cut, or lost for want of memory, says less. */
	(void)!encodedword_decode(text, &shown, NULL);
	put_words(w, kind, name, buf_slice(&shown), most);
	buf_clear(&shown);
}

/* Powers of two: 0, 1, 2, 4, 8 ... as a word. */
static void put_size(
	struct walk *w, const char *kind, const char *name, size_t size)
{
	static const char *const step[] = { "0", "1", "2", "4", "8", "16", "32",
		"64", "128", "256", "512", "1k", "2k", "4k", "8k", "16k", "32k",
		"64k", "128k" };
	size_t i = 0;

	while (size > 0 && i + 1 < sizeof(step) / sizeof(step[0])) {
		size >>= 1;
		i++;
	}
	put(w, kind, slice_of(name), slice_of(step[i]));
}

static char shape_of(char c)
{
	if (c >= 'a' && c <= 'z')
		return 'a';
	if (c >= 'A' && c <= 'Z')
		return 'A';
	if (c >= '0' && c <= '9')
		return '9';
	return c == '\t' || c == '\r' || c == '\n' ? ' ' : c;
}

/* What it looks like: letters a and A, digits 9, each run as one. */
static void put_shape(
	struct walk *w, const char *kind, struct slice name, struct slice text)
{
	char shape[SHAPE_MAX];
	size_t len = 0;

	for (size_t i = 0; i < text.len && len < sizeof(shape); i++) {
		char c = shape_of(text.at[i]);

		if (len == 0 || shape[len - 1] != c)
			shape[len++] = c;
	}
	put(w, kind, name, slice_make(shape, len));
}

/* A name and those above it: "a.example.org", "example.org", "org". */
static void put_host(
	struct walk *w, const char *kind, struct slice name, struct slice host)
{
	struct naming folded = { w, kind, name };

	for (size_t i = 0; i < LABELS_MAX && host.len > 0; i++) {
		size_t dot = slice_find(host, '.');

		words_fold(host, put_word, &folded);
		host = slice_part(host, dot + 1, host.len);
	}
}

/* ---- the header ---- */

enum treatment {
	FIELD_WORDS = 0, /* any other field */
	FIELD_DROPPED, /* added by delivery, or says nothing about the mail */
	FIELD_NAMED, /* that it is there */
	FIELD_SUBJECT,
	FIELD_AUTHOR, /* an address that answers go to */
	FIELD_PEOPLE, /* addresses of recipients */
	FIELD_ID,
	FIELD_DATE
};

struct treated {
	const char *name;
	enum treatment how;
};

static const struct treated treated[] = {
	{ "apparently-to", FIELD_PEOPLE },
	{ "arc-authentication-results", FIELD_DROPPED },
	{ "arc-message-signature", FIELD_DROPPED },
	{ "arc-seal", FIELD_DROPPED },
	{ "authentication-results", FIELD_DROPPED },
	{ "bcc", FIELD_PEOPLE },
	{ "cc", FIELD_PEOPLE },
	{ "content-length", FIELD_DROPPED },
	{ "date", FIELD_DATE },
	{ "delivered-to", FIELD_DROPPED },
	{ "delivery-date", FIELD_DROPPED },
	{ "dkim-signature", FIELD_NAMED },
	{ "envelope-to", FIELD_DROPPED },
	{ "errors-to", FIELD_AUTHOR },
	{ "from", FIELD_AUTHOR },
	{ "in-reply-to", FIELD_NAMED },
	{ "lines", FIELD_DROPPED },
	{ "list-id", FIELD_AUTHOR },
	{ "message-id", FIELD_ID },
	{ "received", FIELD_DROPPED },
	{ "received-spf", FIELD_DROPPED },
	{ "references", FIELD_NAMED },
	{ "reply-to", FIELD_AUTHOR },
	{ "return-path", FIELD_DROPPED },
	{ "sender", FIELD_AUTHOR },
	{ "status", FIELD_DROPPED },
	{ "subject", FIELD_SUBJECT },
	{ "thread-index", FIELD_NAMED },
	{ "to", FIELD_PEOPLE },
	{ "x-apparently-to", FIELD_DROPPED },
	{ "x-envelope-to", FIELD_DROPPED },
	{ "x-keywords", FIELD_DROPPED },
	{ "x-original-to", FIELD_DROPPED },
	{ "x-reprieve", FIELD_DROPPED },
	{ "x-status", FIELD_DROPPED },
	{ "x-uid", FIELD_DROPPED },
	{ "x-uidl", FIELD_DROPPED },
	{ "xref", FIELD_DROPPED },
};

/* Filters and mail programs: "X-Spam-Status", "X-Mozilla-Keys". */
static const char *const dropped_heads[] = {
	"x-evolution",
	"x-mozilla",
	"x-reprieve-",
	"x-rspamd",
	"x-spam",
};

static enum treatment treatment_of(struct slice name)
{
	for (size_t i = 0; i < sizeof(treated) / sizeof(treated[0]); i++)
		if (slice_is_equal_nocase(name, slice_of(treated[i].name)))
			return treated[i].how;
	for (size_t i = 0; i < sizeof(dropped_heads) / sizeof(dropped_heads[0]);
		i++)
		if (slice_has_prefix_nocase(name, slice_of(dropped_heads[i])))
			return FIELD_DROPPED;
	return FIELD_WORDS;
}

/* What stands behind each "@", as long as it is a name. */
static struct slice next_domain(struct slice *rest)
{
	size_t at = slice_find(*rest, '@');
	size_t len = 0;

	*rest = slice_part(*rest, at + 1, rest->len);
	while (len < rest->len &&
		strchr("<>,;\"'() \t\r\n", rest->at[len]) == NULL)
		len++;
	return slice_part(*rest, 0, len);
}

static void put_author(struct walk *w, struct slice name, struct slice value)
{
	size_t angle = slice_find(value, '<');
	struct slice rest = value;
	struct slice domain = next_domain(&rest);

	if (angle < value.len)
		put_shown(w, "author", name, slice_part(value, 0, angle),
			FIELD_WORDS_MAX);
	put(w, "author form", name,
		slice_of(angle == value.len	     ? "bare"
				: angle == 0	     ? "brackets"
				: value.at[0] == '"' ? "quoted"
						     : "named"));
	put_host(w, "domain", name, domain);
}

static void put_people(struct walk *w, struct slice name, struct slice value)
{
	struct slice rest = value;
	size_t count = 0;

	while (slice_find(rest, '@') < rest.len) {
		(void)next_domain(&rest);
		count++;
	}
	put_size(w, "recipients", count == 0 ? "none" : "some", count);
	put(w, "recipients form", name,
		slice_of(count == 0		     ? "none"
				: value.at[0] == '<' ? "brackets"
				: slice_find(value, '<') < value.len ? "named"
								     : "bare"));
	if (count == 0)
		put_words(w, "recipients", name, value, FIELD_WORDS_MAX);
}

static void put_id(struct walk *w, struct slice value)
{
	struct slice rest = value;
	struct slice host = next_domain(&rest);

	put_shape(w, "message-id", slice_of("left"),
		slice_part(value, 0, slice_find(value, '@')));
	put_host(w, "message-id host", slice_of(""), host);
	put_shape(w, "message-id", slice_of("host"), host);
}

static void put_date(struct walk *w, struct slice value)
{
	size_t zone = slice_find(value, '-');

	if (zone == value.len)
		zone = slice_find(value, '+');
	put_shape(w, "date", slice_of("shape"), value);
	put(w, "date", slice_of("zone"), slice_part(value, zone, 5));
}

static void put_field(struct walk *w, struct slice name, struct slice value)
{
	value = slice_part(value, 0, FIELD_OCTETS_MAX);
	switch (treatment_of(name)) {
	case FIELD_DROPPED:
	case FIELD_NAMED:
		break;
	case FIELD_SUBJECT:
		put_shown(w, "subject", slice_of(""), value, SUBJECT_WORDS_MAX);
		put_shape(w, "subject shape", slice_of(""), value);
		break;
	case FIELD_AUTHOR:
		put_author(w, name, value);
		break;
	case FIELD_PEOPLE:
		put_people(w, name, value);
		break;
	case FIELD_ID:
		put_id(w, value);
		break;
	case FIELD_DATE:
		put_date(w, value);
		break;
	case FIELD_WORDS:
		put_words(w, "field", name, value, FIELD_WORDS_MAX);
		break;
	}
}

/* Names tell programs apart: in which case they are, and in what order. */
static void put_header(struct walk *w)
{
	const struct message *m = w->source->message;
	char folded[2][NAME_MAX_LEN];
	struct slice before = slice_of("");

	for (size_t i = 0; i < m->field_count && i < FIELDS_MAX; i++) {
		struct slice name = words_lower(
			m->fields[i].name, folded[i % 2], NAME_MAX_LEN);

		if (treatment_of(name) == FIELD_DROPPED)
			continue;
		put(w, "header", name, slice_of(""));
		put(w, "header case", m->fields[i].name, slice_of(""));
		put(w, "header order", before, name);
		put_field(w, name, slice_trim(m->fields[i].value));
		before = name;
	}
}

/* ---- the body ---- */

static void put_parts(struct walk *w)
{
	const struct body_facts *b = w->source->body;

	for (size_t i = 0; i < b->part_count && i < PARTS_MAX; i++) {
		const struct body_part *p = &b->parts[i];

		put(w, "part", p->type, p->encoding);
		put(w, "charset", p->charset, slice_of(""));
		if (p->name.len > 0)
			put(w, "file", p->type,
				slice_part(p->name,
					slice_find_last(p->name, '.'), 8));
	}
	put_size(w, "size", "parts", b->part_count);
	put_size(w, "size", "text", b->text.len);
	put_size(w, "size", "hidden", b->hidden);
	put_size(w, "size", "links", b->link_count);
}

static void put_link(struct walk *w, const struct body_link *link)
{
	char clean[URL_MAX];
	struct url u;

	(void)url_parse(link->url, clean, &u);
	put(w, "link", slice_of("scheme"), u.scheme);
	put(w, "link", slice_of("host"),
		slice_of(link->is_address	     ? "address"
				: link->has_userinfo ? "userinfo"
				: link->is_idn	     ? "idn"
						     : "name"));
	put_host(w, "link host", slice_of(""), link->host);
	put_words(w, "link path", slice_of(""), u.path, PATH_WORDS_MAX);
}

/* Words in capitals, but nobody's address. */
static void put_capitals(struct walk *w, struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		size_t from = i;
		struct slice word;

		while (i < text.len && text.at[i] >= 'A' && text.at[i] <= 'Z')
			i++;
		word = slice_part(text, from, i - from);
		if (word.len >= CAPITALS_MIN &&
			words_local_part(slice_part(text, from, text.len)) == 0)
			put(w, "capitals", slice_part(word, 0, VALUE_MAX),
				slice_of(""));
	}
}

static bool take_html(void *ctx, const struct html_token *t)
{
	struct walk *w = ctx;

	if (t->kind != HTML_OPEN)
		return true;
	put(w, "html", t->name, slice_of(""));
	for (size_t i = 0; i < t->attribute_count; i++) {
		const struct html_attribute *a = &t->attributes[i];

		put(w, "html", t->name, a->name);
		if (a->value.len > 0 && a->value.len <= VALUE_MAX)
			put(w, "html value", a->name, a->value);
	}
	return true;
}

static enum result put_html(struct walk *w)
{
	const struct body_facts *b = w->source->body;
	size_t left = w->source->octets_max;
	enum result res = RES_OK;

	for (size_t i = 0; i < b->part_count && res == RES_OK; i++) {
		const struct body_part *p = &b->parts[i];
		struct slice text = slice_part(p->content, 0, left);

		if (!slice_is_equal(p->type, slice_of("text/html")) ||
			text.len == 0)
			continue;
		left -= text.len;
		res = html_walk(text, take_html, w);
	}
	return res;
}

static enum result put_body(struct walk *w)
{
	const struct body_facts *b = w->source->body;
	const struct slice text = slice_part(b->text, 0, w->source->octets_max);
	enum result res;

	put_parts(w);
	for (size_t i = 0; i < b->link_count && i < LINKS_MAX; i++)
		put_link(w, &b->links[i]);
	res = put_html(w);
	put_words(w, "word", slice_of(""), text, SIZE_MAX);
	put_capitals(w, text);
	return res;
}

enum result tokens_walk(const struct tokens_source *source,
	void (*each)(void *ctx, const struct token *t), void *ctx)
{
	struct walk w = { source, each, ctx };

	put_header(&w);
	if (source->body == NULL || !source->body->is_known)
		return RES_OK;
	return put_body(&w);
}

/* ---- all of them ---- */

enum { SLOTS = TOKENS_MAX * 2 };

/* A set with open addressing; 0 is empty, so indexes are kept plus one. */
struct set {
	uint32_t *slot;
	size_t count;
};

static void take(void *ctx, const struct token *t)
{
	struct set *s = ctx;
	/* The index is a hash already. */
	size_t at = t->index % SLOTS;

	while (s->slot[at] != 0 && s->slot[at] != t->index + 1)
		at = (at + 1) % SLOTS;
	if (s->slot[at] != 0 || s->count == TOKENS_MAX)
		return;
	s->slot[at] = t->index + 1;
	s->count++;
}

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

enum result tokens_gather(
	const struct tokens_source *source, struct tokens *out)
{
	struct set s = { .slot = calloc(SLOTS, sizeof(*s.slot)) };
	enum result res = s.slot == NULL ? RES_NOMEM : RES_OK;
	size_t count = 0;

	*out = (struct tokens){ .count = 0 };
	if (res == RES_OK)
		res = tokens_walk(source, take, &s);
	if (res != RES_OK) {
		free(s.slot);
		return res;
	}
	/* Packed in place: what is written was read before. */
	for (size_t i = 0; i < SLOTS; i++)
		if (s.slot[i] != 0)
			s.slot[count++] = s.slot[i] - 1;
	qsort(s.slot, count, sizeof(*s.slot), compare);
	*out = (struct tokens){ .index = s.slot, .count = count };
	return RES_OK;
}

void tokens_clear(struct tokens *t)
{
	free(t->index);
	*t = (struct tokens){ .count = 0 };
}

void token_format(const struct token *t, struct buf *out)
{
	buf_add_text(out, t->kind);
	if (t->name.len > 0) {
		buf_add_char(out, ' ');
		buf_add_escaped(out, slice_part(t->name, 0, VALUE_MAX));
	}
	if (t->value.len > 0) {
		buf_add_char(out, ' ');
		buf_add_escaped(out, slice_part(t->value, 0, VALUE_MAX));
	}
}
