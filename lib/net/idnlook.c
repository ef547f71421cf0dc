/* SPDX-License-Identifier: BSD-2-Clause */
#include "net/idnlook.h"

#include "base/utf8.h"

#include <string.h>

enum script {
	SCRIPT_COMMON = 0, /* digits, hyphens, marks */
	SCRIPT_LATIN = 1,
	SCRIPT_GREEK = 2,
	SCRIPT_CYRILLIC = 4,
	SCRIPT_ARMENIAN = 8,
	SCRIPT_HEBREW = 16,
	SCRIPT_ARABIC = 32,
	SCRIPT_INDIC = 64, /* of India and beside, no two of them in a label */
	SCRIPT_GEORGIAN = 128,
	SCRIPT_CHEROKEE = 256,
	SCRIPT_EAST = 512, /* Han, Kana, Hangul, Bopomofo */
	SCRIPT_OTHER = 1024
};

struct range {
	uint32_t from;
	uint32_t to;
	enum script script;
};

static const struct range ranges[] = {
	{ 0x2d, 0x2d, SCRIPT_COMMON },
	{ 0x30, 0x39, SCRIPT_COMMON },
	{ 0x5f, 0x5f, SCRIPT_COMMON },
	{ 0x61, 0x7a, SCRIPT_LATIN },
	{ 0xb7, 0xb7, SCRIPT_COMMON },
	{ 0xc0, 0x24f, SCRIPT_LATIN },
	{ 0x250, 0x2ff, SCRIPT_LATIN },
	{ 0x300, 0x36f, SCRIPT_COMMON },
	{ 0x370, 0x3ff, SCRIPT_GREEK },
	{ 0x400, 0x52f, SCRIPT_CYRILLIC },
	{ 0x530, 0x58f, SCRIPT_ARMENIAN },
	{ 0x590, 0x5ff, SCRIPT_HEBREW },
	{ 0x600, 0x77f, SCRIPT_ARABIC },
	{ 0x8a0, 0x8ff, SCRIPT_ARABIC },
	{ 0x900, 0xdff, SCRIPT_INDIC },
	{ 0x10a0, 0x10ff, SCRIPT_GEORGIAN },
	{ 0x1100, 0x11ff, SCRIPT_EAST },
	{ 0x13a0, 0x13ff, SCRIPT_CHEROKEE },
	{ 0x1c80, 0x1c8f, SCRIPT_CYRILLIC },
	{ 0x1e00, 0x1eff, SCRIPT_LATIN },
	{ 0x1f00, 0x1fff, SCRIPT_GREEK },
	{ 0x200c, 0x200d, SCRIPT_COMMON },
	{ 0x2de0, 0x2dff, SCRIPT_CYRILLIC },
	{ 0x3005, 0x30ff, SCRIPT_EAST },
	{ 0x3100, 0x318f, SCRIPT_EAST },
	{ 0x3400, 0x9fff, SCRIPT_EAST },
	{ 0xa640, 0xa69f, SCRIPT_CYRILLIC },
	{ 0xab70, 0xabbf, SCRIPT_CHEROKEE },
	{ 0xac00, 0xd7ff, SCRIPT_EAST },
	{ 0x20000, 0x3134f, SCRIPT_EAST },
};

/* Small letters that look like those of ASCII: Latin ones of phonetics, Greek,
 * Cyrillic, Armenian. */
static const uint16_t twins[] = { 0x131, 0x237, 0x251, 0x261, 0x269, 0x26a,
	0x28b, 0x28f, 0x3b1, 0x3b9, 0x3bd, 0x3bf, 0x3c1, 0x3c5, 0x3f2, 0x3f3,
	0x430, 0x435, 0x43e, 0x440, 0x441, 0x443, 0x445, 0x455, 0x456, 0x457,
	0x458, 0x461, 0x475, 0x4bb, 0x4bd, 0x4cf, 0x501, 0x51b, 0x51d, 0x566,
	0x570, 0x578, 0x57d, 0x581, 0x584, 0x585 };

static enum script script_of(uint32_t c)
{
	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		if (c >= ranges[i].from && c <= ranges[i].to)
			return ranges[i].script;
	return SCRIPT_OTHER;
}

static bool is_twin(uint32_t c)
{
	for (size_t i = 0; i < sizeof(twins) / sizeof(twins[0]); i++)
		if (c == twins[i])
			return true;
	return false;
}

static bool is_one_script(unsigned scripts)
{
	return (scripts & (scripts - 1)) == 0 ||
		scripts == (SCRIPT_LATIN | SCRIPT_EAST);
}

/* What is seen of a label, character by character. */
struct label {
	unsigned scripts;
	uint32_t block; /* of 128: each of INDIC is a script of its own */
	bool is_mixed;
	bool is_phonetic; /* a Latin letter that looks like another one */
	bool has_foreign; /* one that is not Latin */
	bool has_other; /* one that looks like none of ASCII */
};

static void see(struct label *l, uint32_t c)
{
	const enum script script = script_of(c);

	l->scripts |= script;
	if (script == SCRIPT_INDIC) {
		l->is_mixed =
			l->is_mixed || (l->block != 0 && l->block != c >> 7);
		l->block = c >> 7;
	}
	if (c < 0x80)
		return;
	l->has_other = l->has_other || !is_twin(c);
	if (script != SCRIPT_LATIN)
		l->has_foreign = true;
	else
		l->is_phonetic = l->is_phonetic || is_twin(c);
}

static enum idnlook look_at(struct slice text)
{
	struct label l = { .scripts = 0 };
	uint32_t c;
	size_t len;

	while ((len = utf8_read(text, &c)) > 0) {
		see(&l, c);
		text = slice_part(text, len, text.len);
	}
	if (l.is_mixed || !is_one_script(l.scripts))
		return IDNLOOK_MIXED;
	return l.is_phonetic || (l.has_foreign && !l.has_other) ? IDNLOOK_LATIN
								: IDNLOOK_PLAIN;
}

static bool is_ascii(struct slice label)
{
	for (size_t i = 0; i < label.len; i++)
		if ((unsigned char)label.at[i] >= 0x80)
			return false;
	return true;
}

enum idnlook idnlook_of(
	struct slice name, char out[PSL_UNICODE_MAX], size_t *len)
{
	enum idnlook worst = IDNLOOK_PLAIN;
	struct slice rest, label;
	bool is_native;

	if (psl_to_unicode(name, out, len) != RES_OK) {
		*len = name.len < PSL_UNICODE_MAX ? name.len
						  : PSL_UNICODE_MAX - 1;
		memcpy(out, name.at, *len);
		return IDNLOOK_BROKEN;
	}
	rest = slice_make(out, *len);
	/* Below a top level in letters of its own script such a name is at
	 * home. */
	is_native = !is_ascii(
		slice_part(rest, slice_find_last(rest, '.') + 1, rest.len));
	while (slice_cut(&rest, '.', &label)) {
		enum idnlook look = look_at(label);

		if (look == IDNLOOK_LATIN && is_native)
			look = IDNLOOK_PLAIN;
		if (worst == IDNLOOK_PLAIN)
			worst = look;
	}
	return worst;
}
