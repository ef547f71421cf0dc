/* SPDX-License-Identifier: BSD-2-Clause */
#include "mail/url.h"

#include "base/ascii.h"
#include "base/hex.h"
#include "net/ipaddr.h"
#include "net/psl.h"

#include <string.h>

enum { OCTETS = 4, DECODED_MAX = 1024 };

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static char folded(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

struct slice url_host(const struct url *u)
{
	return slice_make(u->host, u->host_len);
}

/* ---- hosts ---- */

/* One number of an address: decimal, 0x hexadecimal, or 0 octal. */
static bool read_number(struct slice text, uint64_t *out)
{
	unsigned base = 10;
	uint64_t number = 0;

	if (text.len == 0)
		return false;
	if (text.len > 1 && text.at[0] == '0') {
		const bool is_hex = (text.at[1] | 0x20) == 'x';

		base = is_hex ? 16 : 8;
		text = slice_part(text, is_hex ? 2 : 1, text.len);
	}
	for (size_t i = 0; i < text.len; i++) {
		const int digit = hex_value(text.at[i]);

		if (digit < 0 || (unsigned)digit >= base || number > UINT32_MAX)
			return false;
		number = number * base + (unsigned)digit;
	}
	*out = number;
	return true;
}

/* WHATWG URL s3.5: one to four numbers, the last fills what is left. */
static bool read_ipv4(struct slice host, uint32_t *out)
{
	uint64_t number[OCTETS];
	uint32_t address = 0;
	struct slice part;
	size_t count = 0;

	while (slice_cut(&host, '.', &part)) {
		if (part.len == 0 && host.len == 0 && count > 0)
			break; /* one dot at the end */
		if (count == OCTETS || !read_number(part, &number[count]))
			return false;
		count++;
	}
	for (size_t i = 0; i + 1 < count; i++) {
		if (number[i] > 255)
			return false;
		address |= (uint32_t)number[i] << (24 - 8 * i);
	}
	if (count == 0 || number[count - 1] >> (8 * (OCTETS + 1 - count)) != 0)
		return false;
	*out = address | (uint32_t)number[count - 1];
	return true;
}

static void set_host(struct url *u, struct slice host)
{
	if (host.len >= sizeof(u->host))
		host.len = sizeof(u->host) - 1;
	for (size_t i = 0; i < host.len; i++)
		u->host[i] = folded(host.at[i]);
	u->host[host.len] = '\0';
	u->host_len = host.len;
}

static void set_ipv4(struct url *u, uint32_t address)
{
	const struct ipaddr ip = ipaddr_from_v4(address);
	char text[IPADDR_TEXT_MAX];

	set_host(u, slice_of(ipaddr_format(&ip, text)));
	u->is_address = true;
}

static bool has_puny_label(struct slice host)
{
	struct slice label;

	while (slice_cut(&host, '.', &label))
		if (slice_has_prefix_nocase(label, slice_of("xn--")))
			return true;
	return false;
}

/* A name that is none by the rules; browsers try some of these. Without blanks
 * and controls, and up to what is not ASCII: text may follow a link without a
 * blank between. */
static void set_odd_host(struct url *u, struct slice host)
{
	size_t ascii = 0;

	while (ascii < host.len && (unsigned char)host.at[ascii] < 0x80)
		ascii++;
	host.len = ascii;
	u->is_idn = has_puny_label(host);
	for (size_t i = 0; i < host.len; i++)
		if ((unsigned char)host.at[i] <= ' ' || host.at[i] == 0x7f)
			return;
	set_host(u, host);
}

static void set_ipv6(struct url *u, struct slice text)
{
	char shown[IPADDR_TEXT_MAX];
	struct ipaddr ip;

	u->is_address = true;
	if (ipaddr_parse(&ip, text) != RES_OK) {
		set_odd_host(u, text);
		return;
	}
	ipaddr_format(&ip, shown);
	set_host(u, slice_of(shown));
}

static size_t undo_percents(struct slice text, char out[DECODED_MAX])
{
	size_t len = 0;

	for (size_t i = 0; i < text.len && len < DECODED_MAX; i++) {
		char c = text.at[i];

		if (c == '%' && hex_read(slice_part(text, i + 1, text.len), &c))
			i += 2;
		out[len++] = c;
	}
	return len;
}

static bool is_ascii(struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.at[i] > 0x7e)
			return false;
	return true;
}

static void read_host(struct url *u, struct slice text)
{
	char decoded[DECODED_MAX];
	const struct slice host =
		slice_make(decoded, undo_percents(text, decoded));
	uint32_t ipv4;

	if (host.len > 1 && host.at[0] == '[') {
		set_ipv6(u, slice_part(host, 1, host.len));
		return;
	}
	if (read_ipv4(host, &ipv4)) {
		set_ipv4(u, ipv4);
		return;
	}
	u->is_idn = !is_ascii(host) || has_puny_label(host);
	if (psl_to_ascii(host, u->host, &u->host_len) == RES_OK) {
		/* What became ASCII may be an address now. */
		if (u->is_idn && read_ipv4(url_host(u), &ipv4))
			set_ipv4(u, ipv4);
		return;
	}
	u->host_len = 0;
	set_odd_host(u, host);
}

/* ---- a link ---- */

/* As browsers do before they look at it. */
static struct slice strip(struct slice text)
{
	while (text.len > 0 && (unsigned char)text.at[0] <= ' ')
		text = slice_part(text, 1, text.len);
	while (text.len > 0 && (unsigned char)text.at[text.len - 1] <= ' ')
		text.len--;
	return text;
}

static size_t clean_up(struct slice text, char clean[URL_MAX], bool *is_cut)
{
	size_t len = 0;

	text = strip(text);
	for (size_t i = 0; i < text.len; i++) {
		const char c = text.at[i];

		if ((unsigned char)c < ' ' &&
			(c == '\t' || c == '\r' || c == '\n' || c == '\0'))
			continue;
		if (len == URL_MAX) {
			*is_cut = true;
			break;
		}
		clean[len++] = c;
	}
	return len;
}

static struct slice scheme_of(struct slice text)
{
	size_t len = 0;

	while (len < text.len &&
		(is_letter(text.at[len]) ||
			(len > 0 &&
				(ascii_is_digit(text.at[len]) ||
					text.at[len] == '+' ||
					text.at[len] == '-' ||
					text.at[len] == '.'))))
		len++;
	return len < text.len && text.at[len] == ':' ? slice_part(text, 0, len)
						     : slice_of("");
}

static bool is_web(struct slice scheme)
{
	return slice_is_equal_nocase(scheme, slice_of("http")) ||
		slice_is_equal_nocase(scheme, slice_of("https")) ||
		slice_is_equal_nocase(scheme, slice_of("ftp"));
}

static bool is_slash(char c)
{
	return c == '/' || c == '\\';
}

/* What follows "://", with userinfo and port (RFC 3986 s3.2). */
static void read_authority(struct url *u, struct slice text)
{
	size_t end = 0, at;
	struct slice host;

	while (end < text.len && !is_slash(text.at[end]) &&
		text.at[end] != '?' && text.at[end] != '#')
		end++;
	u->path = slice_part(text, end, text.len);
	host = slice_part(text, 0, end);
	at = slice_find_last(host, '@');
	if (at < host.len) {
		u->has_userinfo = true;
		host = slice_part(host, at + 1, host.len);
	}
	if (host.len > 0 && host.at[0] == '[')
		host.len = slice_find(host, ']');
	else
		host.len = slice_find(host, ':');
	read_host(u, host);
}

/* How many slashes stand in front. */
static size_t slashes(struct slice text)
{
	size_t count = 0;

	while (count < text.len && is_slash(text.at[count]))
		count++;
	return count;
}

size_t url_parse(struct slice text, char clean[URL_MAX], struct url *u)
{
	struct slice rest;
	size_t len;

	*u = (struct url){ .host_len = 0 };
	len = clean_up(text, clean, &u->is_cut);
	rest = slice_make(clean, len);
	u->scheme = scheme_of(rest);
	if (u->scheme.len > 0)
		rest = slice_part(rest, u->scheme.len + 1, rest.len);
	u->path = rest;
	/* Readers of mail go to "www.example.org", browsers do not. */
	if (is_web(u->scheme) || slashes(rest) >= 2 ||
		(u->scheme.len == 0 &&
			slice_has_prefix_nocase(rest, slice_of("www."))))
		read_authority(u, slice_part(rest, slashes(rest), rest.len));
	return len;
}

/* ---- links in text ---- */

/* Marks of three octets that are no part of a link: quotes, dots and blanks of
 * U+2000 and U+3000. */
static bool ends_link(struct slice text, size_t at)
{
	static const char ends[] = "<>\"`{}|^\\";
	const unsigned char c = (unsigned char)text.at[at];
	const unsigned char next =
		at + 1 < text.len ? (unsigned char)text.at[at + 1] : 0;

	if (c <= ' ' || c == 0x7f)
		return true;
	if (c < 0x80)
		return memchr(ends, c, sizeof(ends) - 1) != NULL;
	return (c == 0xe2 && next == 0x80) || (c == 0xe3 && next == 0x80) ||
		(c == 0xc2 && (next == 0xa0 || next == 0xbb));
}

static bool is_mark(char c)
{
	static const char marks[] = ".,;:!?')]*_";

	return memchr(marks, c, sizeof(marks) - 1) != NULL;
}

static struct slice read_link(struct slice text, size_t begin)
{
	struct slice found;
	size_t end = begin;

	while (end < text.len && !ends_link(text, end))
		end++;
	found = slice_part(text, begin, end - begin);
	while (found.len > 0 && is_mark(found.at[found.len - 1])) {
		if (found.at[found.len - 1] == ')' &&
			slice_find(found, '(') < found.len)
			break;
		found.len--;
	}
	return found;
}

/* The scheme before the colon at that index; text.len: none of ours. */
static size_t scheme_before(struct slice text, size_t from, size_t colon)
{
	static const char *const schemes[] = { "https", "http", "ftp" };
	const struct slice rest = slice_part(text, colon, text.len);

	if (!slice_has_prefix(rest, slice_of("://")))
		return text.len;
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		const struct slice scheme = slice_of(schemes[i]);

		if (colon - from >= scheme.len &&
			slice_is_equal_nocase(scheme,
				slice_part(
					text, colon - scheme.len, scheme.len)))
			return colon - scheme.len;
	}
	return text.len;
}

static bool begins_www(struct slice text, size_t from, size_t at)
{
	if (at > from &&
		(is_letter(text.at[at - 1]) ||
			ascii_is_digit(text.at[at - 1]) ||
			strchr(".-_@/", text.at[at - 1]) != NULL))
		return false;
	return slice_has_prefix_nocase(
		slice_part(text, at, text.len), slice_of("www."));
}

bool url_find(struct slice text, size_t *at, struct slice *found)
{
	const size_t from = *at;

	for (size_t i = from; i < text.len; i++) {
		size_t begin = text.len;

		if (text.at[i] == ':')
			begin = scheme_before(text, from, i);
		else if ((text.at[i] | 0x20) == 'w' &&
			begins_www(text, from, i))
			begin = i;
		if (begin == text.len)
			continue;
		*found = read_link(text, begin);
		*at = begin + found->len;
		if (*at <= i) /* nothing but marks */
			*at = i + 1;
		return true;
	}
	*at = text.len;
	return false;
}
