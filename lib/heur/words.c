/* SPDX-License-Identifier: BSD-2-Clause */
#include "heur/words.h"

#include "base/utf8.h"

#include <stdint.h>
#include <string.h>

enum { HOST_MAX = 64, LOCAL_MAX = 64 };

/* What a character is in a text. */
enum role {
	ROLE_NONE = 0, /* between words */
	ROLE_LETTER,
	ROLE_DIGIT,
	ROLE_LINK, /* within a word, or behind it */
	ROLE_DENSE, /* of a script without blanks */
	ROLE_NOTHING /* has no width */
};

struct range {
	uint32_t from, to;
	enum role role;
};

/* Above ASCII; what is not here is a letter. */
static const struct range ranges[] = {
	{ 0x80, 0x9f, ROLE_NONE },
	{ 0xa0, 0xa9, ROLE_NONE },
	{ 0xab, 0xac, ROLE_NONE },
	{ 0xad, 0xad, ROLE_NOTHING },
	{ 0xae, 0xb1, ROLE_NONE },
	{ 0xb4, 0xb4, ROLE_NONE },
	{ 0xb6, 0xb8, ROLE_NONE },
	{ 0xbb, 0xbf, ROLE_NONE },
	{ 0xd7, 0xd7, ROLE_NONE },
	{ 0x34f, 0x34f, ROLE_NOTHING },
	{ 0xe00, 0xedf, ROLE_DENSE },
	{ 0x1000, 0x109f, ROLE_DENSE },
	{ 0x1780, 0x17ff, ROLE_DENSE },
	{ 0x180b, 0x180e, ROLE_NOTHING },
	{ 0x2000, 0x200a, ROLE_NONE },
	{ 0x200b, 0x200f, ROLE_NOTHING },
	{ 0x2010, 0x2018, ROLE_NONE },
	{ 0x2019, 0x2019, ROLE_LINK },
	{ 0x201a, 0x2029, ROLE_NONE },
	{ 0x202a, 0x202e, ROLE_NOTHING },
	{ 0x202f, 0x205f, ROLE_NONE },
	{ 0x2060, 0x206f, ROLE_NOTHING },
	{ 0x2190, 0x2bff, ROLE_DENSE }, /* signs, each its own */
	{ 0x3000, 0x3004, ROLE_NONE },
	{ 0x3008, 0x3020, ROLE_NONE },
	{ 0x3041, 0x318f, ROLE_DENSE },
	{ 0x31f0, 0x31ff, ROLE_DENSE },
	{ 0x3400, 0x9fff, ROLE_DENSE },
	{ 0xac00, 0xd7ff, ROLE_DENSE },
	{ 0xf900, 0xfaff, ROLE_DENSE },
	{ 0xfe00, 0xfe0f, ROLE_NOTHING },
	{ 0xfeff, 0xfeff, ROLE_NOTHING },
	{ 0xff00, 0xff0f, ROLE_NONE },
	{ 0xff66, 0xff9f, ROLE_DENSE },
	{ 0x1f000, 0x1faff, ROLE_DENSE },
	{ 0x20000, 0x3ffff, ROLE_DENSE },
	{ 0xe0000, 0xe01ff, ROLE_NOTHING },
};

/* ---- characters ---- */

/* The character at the front and its length; an octet that begins none is one
 * by itself, of Latin-1. */
static uint32_t character(struct slice text, size_t *len)
{
	uint32_t c = (unsigned char)text.at[0];

	*len = utf8_read(text, &c);
	if (*len > 0)
		return c;
	*len = 1;
	return (unsigned char)text.at[0];
}

static enum role ascii_role(uint32_t c)
{
	if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
		return ROLE_LETTER;
	if (c >= '0' && c <= '9')
		return ROLE_DIGIT;
	if (c == '$' || c == '%')
		return ROLE_LETTER;
	return c == '\'' || c == '-' || c == '!' ? ROLE_LINK : ROLE_NONE;
}

static enum role role_of(uint32_t c)
{
	size_t low = 0, high = sizeof(ranges) / sizeof(ranges[0]);

	if (c < 0x80)
		return ascii_role(c);
	while (low < high) {
		size_t mid = (low + high) / 2;

		if (c > ranges[mid].to)
			low = mid + 1;
		else
			high = mid;
	}
	if (low < sizeof(ranges) / sizeof(ranges[0]) && c >= ranges[low].from)
		return ranges[low].role;
	return ROLE_LETTER;
}

/* Capitals and how far from them their small letters are; 0: capitals are
 * even, their small letters the next. */
static const struct {
	uint32_t from, to;
	int32_t shift;
} capitals[] = {
	{ 'A', 'Z', 0x20 },
	{ 0xc0, 0xd6, 0x20 },
	{ 0xd8, 0xde, 0x20 },
	{ 0x100, 0x137, 0 },
	{ 0x14a, 0x177, 0 },
	{ 0x391, 0x3a9, 0x20 },
	{ 0x400, 0x40f, 0x50 },
	{ 0x410, 0x42f, 0x20 },
	{ 0x460, 0x481, 0 },
	{ 0x48a, 0x4bf, 0 },
	{ 0x1e00, 0x1eff, 0 },
	{ 0xff21, 0xff3a, 'a' - 0xff21 },
};

static uint32_t folded(uint32_t c)
{
	size_t i = 0;

	/* Most are small ones of ASCII. */
	if (c >= 'a' && c <= 'z')
		return c;
	while (i < sizeof(capitals) / sizeof(capitals[0]) && c > capitals[i].to)
		i++;
	if (i == sizeof(capitals) / sizeof(capitals[0]) || c < capitals[i].from)
		return c;
	if (capitals[i].shift == 0)
		return c | 1;
	return (uint32_t)((int32_t)c + capitals[i].shift);
}

/* ---- words ---- */

struct spell {
	char at[WORDS_WORD_MAX + UTF8_LEN_MAX];
	size_t len;
	char last[UTF8_LEN_MAX]; /* the dense character before */
	size_t last_len;
	size_t left; /* words that may still come */
	void (*each)(void *ctx, struct slice word);
	void *ctx;
};

static void say(struct spell *s, const char *at, size_t len)
{
	if (s->left == 0 || len == 0)
		return;
	s->left--;
	s->each(s->ctx, slice_make(at, len));
}

static void end_word(struct spell *s)
{
	say(s, s->at, s->len);
	s->len = 0;
}

static void end_dense(struct spell *s)
{
	s->last_len = 0;
}

static void add_letter(struct spell *s, uint32_t c)
{
	if (s->len < WORDS_WORD_MAX)
		s->len += utf8_write(folded(c), s->at + s->len);
}

static void add_dense(struct spell *s, uint32_t c)
{
	char pair[UTF8_LEN_MAX * 2];
	size_t len;

	end_word(s);
	for (len = 0; len < s->last_len; len++)
		pair[len] = s->last[len];
	len += utf8_write(c, pair + len);
	say(s, pair, len);
	s->last_len = utf8_write(c, s->last);
}

static void add(struct spell *s, uint32_t c)
{
	enum role role = role_of(c);

	if (role == ROLE_NOTHING)
		return;
	if (role != ROLE_DENSE)
		end_dense(s);
	switch (role) {
	case ROLE_LETTER:
	case ROLE_DIGIT:
		add_letter(s, c);
		break;
	case ROLE_LINK:
		if (s->len > 0 && c < 0x80)
			add_letter(s, c);
		break;
	case ROLE_DENSE:
		add_dense(s, c);
		break;
	case ROLE_NONE:
	case ROLE_NOTHING:
		end_word(s);
		break;
	}
}

/* RFC 5321 s4.1.2, without what nobody has in an address. */
static bool is_atom(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		(c >= '0' && c <= '9') ||
		(c != '\0' && strchr("._+-~#", c) != NULL);
}

size_t words_local_part(struct slice text)
{
	size_t len = 0;

	while (len < text.len && len <= LOCAL_MAX && is_atom(text.at[len]))
		len++;
	return len > 0 && len < text.len && text.at[len] == '@' ? len + 1 : 0;
}

void words_walk(struct slice text, size_t most,
	void (*each)(void *ctx, struct slice word), void *ctx)
{
	struct spell s = { .left = most, .each = each, .ctx = ctx };
	bool is_within = false; /* a run of is_atom */

	while (text.len > 0 && s.left > 0) {
		size_t len = is_within ? 0 : words_local_part(text);
		bool is_local = len > 0;
		uint32_t c = ' ';

		if (!is_local)
			c = character(text, &len);
		add(&s, c);
		is_within = !is_local && is_atom(text.at[0]);
		text = slice_part(text, len, text.len);
	}
	end_word(&s);
}

struct slice words_lower(struct slice text, char *to, size_t size)
{
	size_t len = text.len < size ? text.len : size;

	for (size_t i = 0; i < len; i++) {
		char c = text.at[i];

		to[i] = c >= 'A' && c <= 'Z' ? (char)(c + 0x20) : c;
	}
	return slice_make(to, len);
}

void words_fold(struct slice text, void (*each)(void *ctx, struct slice word),
	void *ctx)
{
	char to[HOST_MAX];

	each(ctx, words_lower(text, to, sizeof(to)));
}
