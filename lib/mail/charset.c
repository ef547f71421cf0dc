/* SPDX-License-Identifier: BSD-2-Clause */
#include "mail/charset.h"

#include "base/utf8.h"

#include <errno.h>
#include <iconv.h>
#include <string.h>

enum { CHUNK = 4096 };

static const char replacement[] = "\xef\xbf\xbd"; /* U+FFFD */

enum method {
	METHOD_GUESS = 0,
	METHOD_UTF8,
	METHOD_WINDOWS, /* windows-1252, also of what says ISO-8859-1 */
	METHOD_ICONV, /* octets below 128 are ASCII */
	METHOD_SHIFT /* iconv, and no octet is what it seems */
};

struct charset {
	const char *name; /* folded, without "-", "_" and the like */
	enum method method;
	const char *iconv; /* NULL: as name */
};

/* Names are compared without signs, so that "utf-8", "utf_8" and "utf8" are
 * one. */
static const struct charset charsets[] = {
	{ "utf8", METHOD_UTF8, NULL },
	{ "unicode11utf8", METHOD_UTF8, NULL },
	{ "usascii", METHOD_GUESS, NULL },
	{ "ascii", METHOD_GUESS, NULL },
	{ "ansix341968", METHOD_GUESS, NULL },
	{ "iso646us", METHOD_GUESS, NULL },
	{ "iso88591", METHOD_WINDOWS, NULL },
	{ "latin1", METHOD_WINDOWS, NULL },
	{ "windows1252", METHOD_WINDOWS, NULL },
	{ "cp1252", METHOD_WINDOWS, NULL },
	{ "iso88592", METHOD_ICONV, "ISO-8859-2" },
	{ "latin2", METHOD_ICONV, "ISO-8859-2" },
	{ "iso88593", METHOD_ICONV, "ISO-8859-3" },
	{ "iso88594", METHOD_ICONV, "ISO-8859-4" },
	{ "iso88595", METHOD_ICONV, "ISO-8859-5" },
	{ "iso88596", METHOD_ICONV, "ISO-8859-6" },
	{ "iso88597", METHOD_ICONV, "ISO-8859-7" },
	{ "iso88598", METHOD_ICONV, "ISO-8859-8" },
	{ "iso88598i", METHOD_ICONV, "ISO-8859-8" },
	{ "iso88599", METHOD_ICONV, "ISO-8859-9" },
	{ "latin5", METHOD_ICONV, "ISO-8859-9" },
	{ "iso885910", METHOD_ICONV, "ISO-8859-10" },
	{ "iso885911", METHOD_ICONV, "ISO-8859-11" },
	{ "tis620", METHOD_ICONV, "TIS-620" },
	{ "windows874", METHOD_ICONV, "CP874" },
	{ "iso885913", METHOD_ICONV, "ISO-8859-13" },
	{ "iso885914", METHOD_ICONV, "ISO-8859-14" },
	{ "iso885915", METHOD_ICONV, "ISO-8859-15" },
	{ "latin9", METHOD_ICONV, "ISO-8859-15" },
	{ "iso885916", METHOD_ICONV, "ISO-8859-16" },
	{ "windows1250", METHOD_ICONV, "CP1250" },
	{ "cp1250", METHOD_ICONV, "CP1250" },
	{ "windows1251", METHOD_ICONV, "CP1251" },
	{ "cp1251", METHOD_ICONV, "CP1251" },
	{ "windows1253", METHOD_ICONV, "CP1253" },
	{ "windows1254", METHOD_ICONV, "CP1254" },
	{ "windows1255", METHOD_ICONV, "CP1255" },
	{ "windows1256", METHOD_ICONV, "CP1256" },
	{ "windows1257", METHOD_ICONV, "CP1257" },
	{ "windows1258", METHOD_ICONV, "CP1258" },
	{ "koi8r", METHOD_ICONV, "KOI8-R" },
	{ "koi8u", METHOD_ICONV, "KOI8-U" },
	{ "cp866", METHOD_ICONV, "CP866" },
	{ "ibm866", METHOD_ICONV, "CP866" },
	{ "ibm850", METHOD_ICONV, "CP850" },
	{ "cp850", METHOD_ICONV, "CP850" },
	{ "cp437", METHOD_ICONV, "CP437" },
	{ "macintosh", METHOD_ICONV, "MACINTOSH" },
	{ "gb2312", METHOD_ICONV, "GB18030" },
	{ "gbk", METHOD_ICONV, "GB18030" },
	{ "cp936", METHOD_ICONV, "GB18030" },
	{ "gb18030", METHOD_ICONV, "GB18030" },
	{ "big5", METHOD_ICONV, "BIG5" },
	{ "big5hkscs", METHOD_ICONV, "BIG5-HKSCS" },
	{ "shiftjis", METHOD_ICONV, "CP932" },
	{ "sjis", METHOD_ICONV, "CP932" },
	{ "cp932", METHOD_ICONV, "CP932" },
	{ "windows31j", METHOD_ICONV, "CP932" },
	{ "eucjp", METHOD_ICONV, "EUC-JP" },
	{ "euckr", METHOD_ICONV, "CP949" },
	{ "ksc56011987", METHOD_ICONV, "CP949" },
	{ "ksc5601", METHOD_ICONV, "CP949" },
	{ "cp949", METHOD_ICONV, "CP949" },
	{ "iso2022jp", METHOD_SHIFT, "ISO-2022-JP" },
	{ "iso2022jpms", METHOD_SHIFT, "ISO-2022-JP" },
	{ "iso2022kr", METHOD_SHIFT, "ISO-2022-KR" },
	{ "hzgb2312", METHOD_GUESS, NULL },
	{ "utf7", METHOD_SHIFT, "UTF-7" },
	{ "unicode11utf7", METHOD_SHIFT, "UTF-7" },
	{ "utf16", METHOD_SHIFT, "UTF-16" },
	{ "utf16le", METHOD_SHIFT, "UTF-16LE" },
	{ "utf16be", METHOD_SHIFT, "UTF-16BE" },
	{ "utf32", METHOD_SHIFT, "UTF-32" },
	{ "utf32le", METHOD_SHIFT, "UTF-32LE" },
	{ "utf32be", METHOD_SHIFT, "UTF-32BE" },
};

/* Octets 0x80 to 0x9f. */
static const uint16_t windows[32] = { 0x20ac, 0x81, 0x201a, 0x192, 0x201e,
	0x2026, 0x2020, 0x2021, 0x2c6, 0x2030, 0x160, 0x2039, 0x152, 0x8d,
	0x17d, 0x8f, 0x90, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013,
	0x2014, 0x2dc, 0x2122, 0x161, 0x203a, 0x153, 0x9d, 0x17e, 0x178 };

static bool is_sign(char c)
{
	return !((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		(c >= '0' && c <= '9'));
}

/* Is that the name, signs and case left aside? */
static bool is_named(struct slice text, const char *name)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.at[i];

		if (is_sign(c))
			continue;
		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		if (c != *name) /* its NUL too */
			return false;
		name++;
	}
	return *name == '\0';
}

static const struct charset *find(struct slice name)
{
	for (size_t i = 0; i < sizeof(charsets) / sizeof(charsets[0]); i++)
		if (is_named(name, charsets[i].name))
			return &charsets[i];
	return NULL;
}

bool charset_is_known(struct slice charset)
{
	return find(charset) != NULL;
}

/* text is valid UTF-8. */
static enum result add(struct buf *out, struct slice text)
{
	const struct slice most = utf8_cut(text, out->max - out->len);

	buf_add(out, most);
	if (buf_result(out) != RES_OK)
		return buf_result(out);
	return most.len == text.len ? RES_OK : RES_TOOBIG;
}

static enum result decode_utf8(struct slice text, struct buf *out)
{
	for (;;) {
		const size_t whole = utf8_whole(text);
		enum result res = add(out, slice_part(text, 0, whole));

		if (res != RES_OK || whole == text.len)
			return res;
		res = add(out, slice_of(replacement));
		if (res != RES_OK)
			return res;
		text = slice_part(text, whole + 1, text.len);
	}
}

static enum result decode_windows(struct slice text, struct buf *out)
{
	char chunk[CHUNK];
	size_t used = 0;

	for (size_t i = 0; i < text.len; i++) {
		const unsigned char c = (unsigned char)text.at[i];

		used += utf8_write(
			c >= 0x80 && c < 0xa0 ? windows[c - 0x80] : c,
			chunk + used);
		if (used > CHUNK - UTF8_LEN_MAX || i + 1 == text.len) {
			enum result res = add(out, slice_make(chunk, used));

			if (res != RES_OK)
				return res;
			used = 0;
		}
	}
	return RES_OK;
}

static enum result convert(iconv_t cd, struct slice text, struct buf *out)
{
	char *from = (char *)(uintptr_t)text.at;
	size_t left = text.len;
	enum result res = RES_OK;

	while (left > 0 && res == RES_OK) {
		char chunk[CHUNK];
		char *to = chunk;
		size_t room = sizeof(chunk);
		const bool is_all =
			iconv(cd, &from, &left, &to, &room) != (size_t)-1;
		const bool is_full = !is_all && errno == E2BIG;

		res = add(out, slice_make(chunk, sizeof(chunk) - room));
		if (is_all || res != RES_OK || is_full) {
			if (is_full && room == sizeof(chunk))
				break; /* it does not get on */
			continue;
		}
		/* No character, or half of one at the end. */
		res = add(out, slice_of(replacement));
		if (left > 0) {
			from++;
			left--;
		}
	}
	return res;
}

static enum result decode_iconv(
	const char *name, struct slice text, struct buf *out)
{
	iconv_t cd = iconv_open("UTF-8", name);
	enum result res;

	if (cd == (iconv_t)-1) /* this system does not have it */
		return decode_windows(text, out);
	res = convert(cd, text, out);
	iconv_close(cd);
	return res;
}

enum result charset_decode(
	struct slice charset, struct slice text, struct buf *out)
{
	const struct charset *found = find(charset);

	if (charset_is_same(charset, text))
		return add(out, text);
	if (found == NULL)
		return decode_windows(text, out);
	switch (found->method) {
	case METHOD_UTF8:
		return decode_utf8(text, out);
	case METHOD_ICONV:
	case METHOD_SHIFT:
		return decode_iconv(found->iconv, text, out);
	case METHOD_GUESS:
	case METHOD_WINDOWS:
		break;
	}
	return decode_windows(text, out);
}

bool charset_is_same(struct slice charset, struct slice text)
{
	const struct charset *found = find(charset);

	switch (found == NULL ? METHOD_GUESS : found->method) {
	case METHOD_SHIFT:
		return text.len == 0;
	case METHOD_GUESS:
	case METHOD_UTF8:
		return utf8_is_whole(text);
	case METHOD_ICONV:
	case METHOD_WINDOWS:
		break;
	}
	return utf8_ascii(text) == text.len;
}
