/* SPDX-License-Identifier: BSD-2-Clause */
#include "portal/redact.h"

#include "base/ascii.h"
#include "base/hex.h"
#include "base/hmac.h"
#include "mail/encodedword.h"
#include "store/secret.h"

#include <string.h>

enum {
	HASH_OCTETS = 8,
	HASH_MAX = 2 * HASH_OCTETS + 1,
	LINE_OCTETS = 990,
	DECODED_MAX = 16384
};

#define REDACTED_HOST "@redacted.invalid"

/* Fields that hold nothing but recipients. */
static const char *const recipient_fields[] = { "To", "Cc", "Bcc", "Resent-To",
	"Resent-Cc", "Resent-Bcc", "Delivered-To", "X-Original-To",
	"Envelope-To", "X-Envelope-To", "Apparently-To", "X-Delivered-To",
	"X-Rcpt-To", "X-Real-To", "X-Forwarded-To", "X-Forwarded-For",
	"X-Receiver", "X-Recipient", "X-Failed-Recipients",
	"Original-Recipient", "Final-Recipient", NULL };

static const char *const fewest_fields[] = { "Message-ID", "CFBL-Feedback-ID",
	"Date", "From", NULL };

/* What parts local and domain in a mention. */
static const char *const joints[] = { "@", "=", "%40", "%3D", "=40", "=3D" };

enum { JOINTS = sizeof(joints) / sizeof(joints[0]) };

static bool is_one_of(struct slice name, const char *const *names)
{
	for (; *names != NULL; names++)
		if (slice_is_equal_nocase(name, slice_of(*names)))
			return true;
	return false;
}

static char lower(char c)
{
	return ascii_is_upper(c) ? (char)(c - 'A' + 'a') : c;
}

/* ---- fields ---- */

/* The length of the next field with its folds. */
static size_t field_length(struct slice text)
{
	size_t end = 0;

	do {
		end += slice_find(slice_part(text, end, text.len), '\n');
		if (end < text.len)
			end++;
	} while (end < text.len &&
		(text.at[end] == ' ' || text.at[end] == '\t'));
	return end;
}

static bool is_name(struct slice name)
{
	for (size_t i = 0; i < name.len; i++)
		if (name.at[i] <= ' ' || name.at[i] > '~')
			return false;
	return name.len > 0;
}

bool redact_next(struct slice *message, struct redact_field *out)
{
	while (message->len > 0) {
		const size_t len = field_length(*message);
		const struct slice field = slice_part(*message, 0, len);
		const size_t colon = slice_find(field, ':');

		*message = slice_part(*message, len, message->len);
		if (slice_trim(field).len == 0)
			return false; /* the empty line */
		out->name = slice_trim(slice_part(field, 0, colon));
		out->value = slice_part(field, colon + 1, field.len);
		if (colon < field.len && is_name(out->name))
			return true;
	}
	return false;
}

/* ---- who received it ---- */

static void remember_one(struct redact *r, struct slice address)
{
	char text[REDACT_ADDRESS_MAX];

	if (address.len < 3 || address.len >= sizeof(text))
		return;
	for (size_t i = 0; i < address.len; i++)
		text[i] = lower(address.at[i]);
	text[address.len] = '\0';
	for (size_t i = 0; i < r->count; i++)
		if (strcmp(r->address[i], text) == 0)
			return;
	if (r->count == REDACT_ADDRESSES_MAX)
		r->is_full = true;
	else
		memcpy(r->address[r->count++], text, address.len + 1);
}

/* With a detail ("ann+shop@..."), the mailbox without it, too. */
static void remember(struct redact *r, struct slice address)
{
	const size_t at = slice_find_last(address, '@');
	const size_t plus = slice_find(address, '+');
	char text[REDACT_ADDRESS_MAX];
	const size_t rest = address.len - at;

	remember_one(r, address);
	if (plus == 0 || plus >= at || plus + rest > sizeof(text))
		return;
	memcpy(text, address.at, plus);
	memcpy(text + plus, address.at + at, rest);
	remember_one(r, slice_make(text, plus + rest));
}

static bool is_local_octet(char c)
{
	return ascii_is_alpha(c) || ascii_is_digit(c) || (c & 0x80) != 0 ||
		(c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~.", c) != NULL);
}

static bool is_domain_octet(char c)
{
	return ascii_is_alpha(c) || ascii_is_digit(c) || (c & 0x80) != 0 ||
		c == '-' || c == '.' || c == '_';
}

/* Where the local part that ends at "at" begins. */
static size_t begin_of_local(struct slice text, size_t at)
{
	size_t begin = at;

	if (begin > 0 && text.at[begin - 1] == '"') {
		begin--;
		while (begin > 0 && text.at[begin - 1] != '"' &&
			text.at[begin - 1] != '\n')
			begin--;
		return begin > 0 && text.at[begin - 1] == '"' ? begin - 1 : at;
	}
	while (begin > 0 && is_local_octet(text.at[begin - 1]))
		begin--;
	return begin;
}

/* The next address in text from *from on. */
static bool next_address(struct slice text, size_t *from, struct slice *out)
{
	for (size_t i = *from; i < text.len; i++) {
		size_t begin, end = i + 1;

		if (text.at[i] != '@')
			continue;
		begin = begin_of_local(text, i);
		while (end < text.len && is_domain_octet(text.at[end]))
			end++;
		while (end > i + 1 && text.at[end - 1] == '.')
			end--;
		if (begin == i || end == i + 1)
			continue;
		*out = slice_part(text, begin, end - begin);
		*from = end;
		return true;
	}
	return false;
}

/* The word behind "for" in a Received field, without its brackets; empty:
 * none. */
static struct slice for_word(struct slice value)
{
	for (size_t i = 1; i + 4 < value.len; i++) {
		size_t end;

		if (strchr(" \t\n", value.at[i - 1]) == NULL ||
			!slice_has_prefix_nocase(
				slice_part(value, i, value.len),
				slice_of("for")) ||
			strchr(" \t\r\n", value.at[i + 3]) == NULL)
			continue;
		i += 3;
		while (i < value.len && strchr(" \t\r\n<", value.at[i]) != NULL)
			i++;
		end = i;
		while (end < value.len &&
			strchr(" \t\r\n>;", value.at[end]) == NULL)
			end++;
		return slice_part(value, i, end - i);
	}
	return slice_of("");
}

static void learn_all(struct redact *r, struct slice text)
{
	struct slice address;
	size_t at = 0;

	while (next_address(text, &at, &address))
		remember(r, address);
}

/* Encoded words may hold addresses that readers see. */
static enum result learn_field(struct redact *r, struct slice value)
{
	struct buf decoded;
	enum result res;

	learn_all(r, value);
	buf_init(&decoded, DECODED_MAX);
	res = encodedword_decode(value, &decoded, NULL);
	learn_all(r, buf_slice(&decoded));
	buf_clear(&decoded);
	return res == RES_TOOBIG ? RES_OK : res;
}

/* Without CR and NUL, which could part an address that comes together again. */
static enum result strip(struct slice text, struct buf *out)
{
	char *to = text.len == 0 ? NULL : buf_reserve(out, text.len);
	size_t len = 0;

	if (to == NULL)
		return buf_result(out);
	for (size_t i = 0; i < text.len; i++)
		if (text.at[i] != '\r' && text.at[i] != '\0')
			to[len++] = text.at[i];
	buf_commit(out, len);
	return RES_OK;
}

static enum result learn(struct redact *r, struct slice rest)
{
	struct redact_field f;
	enum result res = RES_OK;

	while (res == RES_OK && redact_next(&rest, &f)) {
		if (is_one_of(f.name, recipient_fields))
			res = learn_field(r, f.value);
		else if (slice_is_equal_nocase(f.name, slice_of("Received")))
			learn_all(r, for_word(f.value));
	}
	return res;
}

enum result redact_begin(struct redact *r, const struct secret *secret,
	struct slice message, struct slice reporter)
{
	struct buf header;
	enum result res;

	r->secret = secret;
	r->count = 0;
	r->is_full = false;
	learn_all(r, reporter);
	buf_init(&header, REDACT_HEADER_MAX);
	res = strip(slice_part(message, 0, REDACT_HEADER_MAX), &header);
	if (res == RES_OK)
		res = learn(r, buf_slice(&header));
	buf_clear(&header);
	return res;
}

/* ---- what stands for an address ---- */

static void add_hash(
	const struct redact *r, struct slice address, struct buf *out)
{
	char text[REDACT_ADDRESS_MAX], hash[HASH_MAX] = "0";
	uint8_t digest[SHA256_LEN];
	size_t len = 0;

	for (size_t i = 0; i < address.len && len < sizeof(text); i++)
		text[len++] = lower(address.at[i]);
	if (secret_sign(r->secret, "redacted recipient", slice_make(text, len),
		    digest) == RES_OK)
		hex_format(digest, HASH_OCTETS, hash);
	buf_add_text(out, hash);
	buf_add_text(out, REDACTED_HOST);
}

static bool begins_with(struct slice text, struct slice folded)
{
	return slice_has_prefix_nocase(text, folded);
}

/* Octets of text that are a mention of that address at its begin; 0: none. */
static size_t mention_length(struct slice text, const char *address)
{
	const struct slice whole = slice_of(address);
	const size_t at = slice_find_last(whole, '@');
	const struct slice local = slice_part(whole, 0, at);
	const struct slice domain = slice_part(whole, at + 1, whole.len);

	if (!begins_with(text, local))
		return 0;
	for (size_t i = 0; i < JOINTS; i++) {
		const struct slice joint = slice_of(joints[i]);
		const struct slice behind =
			slice_part(text, local.len, text.len);

		if (begins_with(behind, joint) &&
			begins_with(slice_part(behind, joint.len, behind.len),
				domain))
			return local.len + joint.len + domain.len;
	}
	return 0;
}

static size_t find_mention(
	const struct redact *r, struct slice text, const char **address)
{
	size_t longest = 0;

	for (size_t i = 0; i < r->count; i++) {
		size_t len;

		if (lower(text.at[0]) != r->address[i][0])
			continue;
		len = mention_length(text, r->address[i]);
		if (len > longest) {
			longest = len;
			*address = r->address[i];
		}
	}
	return longest;
}

void redact_text(const struct redact *r, struct slice text, struct buf *out)
{
	size_t i = 0;

	while (i < text.len) {
		const char *address = "";
		const size_t len = find_mention(
			r, slice_part(text, i, text.len), &address);

		if (len > 0)
			add_hash(r, slice_of(address), out);
		else
			buf_add_char(out, text.at[i]);
		i += len > 0 ? len : 1;
	}
}

/* ---- the message ---- */

/* Printable ASCII only. */
static void add_clean(struct buf *out, struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		const char c = text.at[i];

		buf_add_char(out,
			c == '\n' || c == '\t' || (c >= ' ' && c <= '~') ? c
									 : '?');
	}
}

/* Lines of a bound. */
static void add_lines(struct buf *out, struct slice text, bool is_header)
{
	size_t column = 0;

	for (size_t i = 0; i < text.len; i++) {
		const char c = text.at[i];

		if (c != '\n' && column >= LINE_OCTETS) {
			buf_add_text(out, is_header ? "\n " : "\n");
			column = is_header;
		}
		buf_add_char(out, c);
		column = c == '\n' ? 0 : column + 1;
	}
}

static void end_line(struct buf *out)
{
	if (out->len > 0 && out->at[out->len - 1] != '\n')
		buf_add_char(out, '\n');
}

static void add_recipients(
	const struct redact *r, const struct redact_field *f, struct buf *out)
{
	struct slice address;
	size_t at = 0, count = 0;

	while (count < REDACT_ADDRESSES_MAX &&
		next_address(f->value, &at, &address)) {
		buf_add_text(out, count++ == 0 ? " " : ",\n ");
		add_hash(r, address, out);
	}
	if (count == 0)
		buf_add_text(out, " redacted:;");
}

static bool has_mention(const struct redact *r, struct slice text)
{
	const char *address;

	for (size_t i = 0; i < text.len; i++)
		if (find_mention(r, slice_part(text, i, text.len), &address) >
			0)
			return true;
	return false;
}

/* Does a reader see an address where the octets show none? */
static bool is_hidden_mention(const struct redact *r, struct slice value)
{
	struct buf decoded;
	bool is_hidden;

	if (memmem(value.at, value.len, "=?", 2) == NULL)
		return false;
	buf_init(&decoded, DECODED_MAX);
	is_hidden = encodedword_decode(value, &decoded, NULL) == RES_NOMEM ||
		has_mention(r, buf_slice(&decoded));
	buf_clear(&decoded);
	return is_hidden;
}

static void add_value(
	const struct redact *r, const struct redact_field *f, struct buf *out)
{
	const struct slice word =
		slice_is_equal_nocase(f->name, slice_of("Received"))
		? for_word(f->value)
		: slice_of("");

	if (word.len > 0) {
		const size_t at = (size_t)(word.at - f->value.at);

		redact_text(r, slice_part(f->value, 0, at), out);
		add_hash(r, word, out);
		redact_text(r,
			slice_part(f->value, at + word.len, f->value.len), out);
	} else if (is_hidden_mention(r, f->value)) {
		buf_add_text(out, " (redacted)");
	} else {
		redact_text(r, f->value, out);
	}
}

static bool is_shown(const struct redact_field *f, enum redact_extent extent)
{
	if (slice_has_prefix_nocase(f->name, slice_of("X-Reprieve")))
		return false;
	return extent != REDACT_FEWEST || is_one_of(f->name, fewest_fields);
}

/* Twice: an octet that becomes "?" may be what an address has there. */
static enum result add_field(
	const struct redact *r, const struct redact_field *f, struct buf *out)
{
	struct buf value, clean, done;
	enum result res;

	buf_init(&value, 2 * REDACT_HEADER_MAX);
	buf_init(&clean, 2 * REDACT_HEADER_MAX);
	buf_init(&done, 4 * REDACT_HEADER_MAX);
	buf_add(&value, f->name);
	buf_add_char(&value, ':');
	if (is_one_of(f->name, recipient_fields))
		add_recipients(r, f, &value);
	else
		add_value(r, f, &value);
	add_clean(&clean, buf_slice(&value));
	redact_text(r, buf_slice(&clean), &done);
	add_lines(out, buf_slice(&done), true);
	end_line(out);
	res = buf_result(&value);
	if (res == RES_OK)
		res = buf_result(&done);
	buf_clear(&value);
	buf_clear(&clean);
	buf_clear(&done);
	return res;
}

static void add_body(const struct redact *r, struct slice body, struct buf *out)
{
	struct buf text;

	buf_init(&text, 4 * REDACT_TEXT_MAX);
	redact_text(r, slice_part(body, 0, REDACT_TEXT_MAX), &text);
	buf_add_char(out, '\n');
	add_lines(out, buf_slice(&text), false);
	end_line(out);
	buf_clear(&text);
}

static enum result write(const struct redact *r, struct slice message,
	enum redact_extent extent, struct buf *out)
{
	struct slice head = slice_part(message, 0, REDACT_HEADER_MAX);
	struct redact_field f;
	enum result res = RES_OK;
	size_t rest;

	while (res == RES_OK && redact_next(&head, &f))
		if (is_shown(&f, extent))
			res = add_field(r, &f, out);
	/* A header that is cut has no body that could be told from it. */
	rest = (size_t)(head.at - message.at);
	if (extent == REDACT_WHOLE && rest < message.len &&
		rest < REDACT_HEADER_MAX)
		add_body(r, slice_part(message, rest, message.len), out);
	return res == RES_OK ? buf_result(out) : res;
}

enum result redact_message(const struct redact *r, struct slice message,
	enum redact_extent extent, struct buf *out)
{
	const size_t most = REDACT_HEADER_MAX + REDACT_TEXT_MAX;
	struct buf stripped;
	enum result res;

	buf_init(&stripped, most);
	res = strip(slice_part(message, 0, most), &stripped);
	if (res == RES_OK && stripped.len > 0)
		res = write(r, buf_slice(&stripped),
			r->is_full ? REDACT_FEWEST : extent, out);
	buf_clear(&stripped);
	return res;
}
