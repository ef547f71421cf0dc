/* SPDX-License-Identifier: BSD-2-Clause */
#include "heur/bodykind.h"

enum { TEXT_HEAD = 512, PE_AT = 0x3c };

struct mark {
	enum body_kind kind;
	unsigned at;
	struct slice octets;
};

#define MARK(kind, at, octets)                     \
	{                                          \
		kind, at,                          \
		{                                  \
			octets, sizeof(octets) - 1 \
		}                                  \
	}

static const struct mark marks[] = {
	MARK(BODY_PROGRAM, 0,
		"\x7f"
		"ELF"),
	MARK(BODY_PROGRAM, 0, "#!/"),
	MARK(BODY_PROGRAM, 0, "#! /"),
	MARK(BODY_PROGRAM, 0, "\xfe\xed\xfa\xce"), /* Mach-O */
	MARK(BODY_PROGRAM, 0, "\xfe\xed\xfa\xcf"),
	MARK(BODY_PROGRAM, 0, "\xce\xfa\xed\xfe"),
	MARK(BODY_PROGRAM, 0, "\xcf\xfa\xed\xfe"),
	MARK(BODY_PROGRAM, 0, "\xca\xfe\xba\xbe"), /* and a Java class */
	MARK(BODY_PROGRAM, 0, "L\0\0\0\x01\x14\x02\0"), /* a .lnk file */
	MARK(BODY_ZIP, 0, "PK\x03\x04"),
	MARK(BODY_ZIP, 0, "PK\x05\x06"),
	MARK(BODY_ZIP, 0, "PK\x07\x08"),
	MARK(BODY_ARCHIVE, 0, "Rar!\x1a\x07"),
	MARK(BODY_ARCHIVE, 0, "7z\xbc\xaf\x27\x1c"),
	MARK(BODY_ARCHIVE, 0, "\x1f\x8b"), /* gzip */
	MARK(BODY_ARCHIVE, 0, "BZh"),
	MARK(BODY_ARCHIVE, 0,
		"\xfd"
		"7zXZ\0"),
	MARK(BODY_ARCHIVE, 0, "\x28\xb5\x2f\xfd"), /* zstd */
	MARK(BODY_ARCHIVE, 0, "MSCF"), /* cabinet */
	MARK(BODY_ARCHIVE, 0, "\x60\xea"), /* ARJ */
	MARK(BODY_ARCHIVE, 7, "**ACE**"),
	MARK(BODY_ARCHIVE, 2, "-lh"),
	MARK(BODY_ARCHIVE, 257, "ustar"),
	MARK(BODY_ARCHIVE, 32769, "CD001"),
	MARK(BODY_OLE, 0, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
	MARK(BODY_PDF, 0, "%PDF-"),
	MARK(BODY_IMAGE, 0, "\x89PNG"),
	MARK(BODY_IMAGE, 0, "GIF8"),
	MARK(BODY_IMAGE, 0, "\xff\xd8\xff"),
	MARK(BODY_IMAGE, 0, "II*\0"),
	MARK(BODY_IMAGE, 0, "MM\0*"),
	MARK(BODY_IMAGE, 8, "WEBP"),
};

/* DOS and Windows: "MZ" alone may begin a text. */
static bool is_windows_program(struct slice front)
{
	size_t at;

	if (!slice_has_prefix(front, slice_of("MZ")) || front.len < PE_AT + 4)
		return false;
	at = (unsigned char)front.at[PE_AT] |
		(size_t)(unsigned char)front.at[PE_AT + 1] << 8;
	if (at + 2 <= front.len && front.at[at] >= 'A' && front.at[at] <= 'Z' &&
		front.at[at + 1] == 'E')
		return true; /* PE, NE, LE */
	return slice_find(slice_part(front, 0, PE_AT), '\0') < PE_AT;
}

static bool is_markup(struct slice front)
{
	static const char *const begins[] = { "<!doctype html", "<html",
		"<head", "<body", "<script", "<svg", "<meta", "<title",
		"<table", "<div", "<iframe" };

	if (slice_has_prefix(front, slice_of("\xef\xbb\xbf")))
		front = slice_part(front, 3, front.len);
	front = slice_trim(front);
	if (slice_has_prefix(front, slice_of("<?xml"))) {
		const size_t end = slice_find(front, '>');

		front = slice_trim(slice_part(front, end + 1, front.len));
	}
	for (size_t i = 0; i < sizeof(begins) / sizeof(begins[0]); i++)
		if (slice_has_prefix_nocase(front, slice_of(begins[i])))
			return true;
	return false;
}

static bool is_text(struct slice front)
{
	front = slice_part(front, 0, TEXT_HEAD);
	for (size_t i = 0; i < front.len; i++) {
		const unsigned char c = (unsigned char)front.at[i];

		if (c < ' ' && (c < '\t' || c > '\r') && c != 0x1b)
			return false;
	}
	return true;
}

/* Some marks are letters, with which a text may begin too. */
static bool may_be_text(enum body_kind kind)
{
	return kind == BODY_ARCHIVE || kind == BODY_IMAGE;
}

enum body_kind bodykind_of(struct slice front)
{
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		const struct mark *m = &marks[i];

		if (slice_has_prefix(slice_part(front, m->at, m->octets.len),
			    m->octets) &&
			!(may_be_text(m->kind) && is_text(front)))
			return m->kind;
	}
	if (is_windows_program(front))
		return BODY_PROGRAM;
	if (is_markup(front))
		return BODY_HTML;
	return is_text(front) ? BODY_TEXT : BODY_OTHER;
}
