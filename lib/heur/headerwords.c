/* SPDX-License-Identifier: BSD-2-Clause */
#include "heur/headerwords.h"

#include "base/buf.h"
#include "mail/encodedword.h"

#include <string.h>

enum {
	VALUE_MAX = 4096, /* octets of a field that are decoded */
	FIELDS_MAX = 100 /* with encoded words, of a message */
};

struct fault {
	const char *text; /* NULL: none */
	double factor;
};

/* Fields where nothing is text (RFC 2047 s5). */
static bool is_without_text(struct slice name)
{
	static const char *const known[] = { "Date", "Message-ID",
		"In-Reply-To", "References", "Received", "Return-Path",
		"MIME-Version", "Content-Transfer-Encoding" };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (slice_is_equal_nocase(name, slice_of(known[i])))
			return true;
	return false;
}

static bool has_word(struct slice value)
{
	for (size_t i = 0; i + 1 < value.len; i++)
		if (value.at[i] == '=' && value.at[i + 1] == '?')
			return true;
	return false;
}

static size_t count_signs(struct slice s)
{
	size_t count = 0;

	for (size_t i = 0; i < s.len; i++)
		count += s.at[i] == '@';
	return count;
}

static struct fault judge(const struct field *f, const struct encodedword *seen,
	struct slice value, struct slice text)
{
	if (seen->words == 0)
		return (struct fault){ NULL, 0 };
	if (is_without_text(f->name))
		return (struct fault){ "stands where no text may stand", 1 };
	if (seen->controls > 0)
		return (struct fault){ "hides an end of line or a control", 1 };
	if (seen->nested > 0)
		return (struct fault){ "hides another encoded word", 1 };
	if (slice_is_equal_nocase(f->name, slice_of("From")) &&
		count_signs(text) > count_signs(value))
		return (struct fault){ "hides an address", 0.5 };
	if (seen->unknown > 0)
		return (struct fault){ "has a charset that nobody knows", 0.5 };
	return (struct fault){ NULL, 0 };
}

static struct fault look_into(const struct field *f)
{
	struct slice value = slice_part(f->value, 0, VALUE_MAX);
	struct fault fault = { NULL, 0 };
	struct encodedword seen;
	struct buf text;
	enum result res;

	buf_init(&text, VALUE_MAX);
	res = encodedword_decode(value, &text, &seen);
	if (res == RES_OK || res == RES_TOOBIG)
		fault = judge(f, &seen, value, buf_slice(&text));
	buf_clear(&text);
	return fault;
}

/* The worst of all of them, for one finding a message. */
void headerwords_run(struct headernote *n)
{
	const struct message *m = n->in->message;
	struct fault worst = { NULL, 0 };
	struct slice where = { "", 0 };
	unsigned left = FIELDS_MAX;

	for (size_t i = 0; i < m->field_count && left > 0; i++) {
		struct fault one;

		if (!has_word(slice_part(m->fields[i].value, 0, VALUE_MAX)))
			continue;
		left--;
		one = look_into(&m->fields[i]);
		if (one.factor <= worst.factor)
			continue;
		worst = one;
		where = headernote_quote(m->fields[i].name);
	}
	if (worst.text != NULL)
		headernote_add(n, "encoded_word", worst.factor,
			"an encoded word in %.*s %s", SLICE_ARG(where),
			worst.text);
}
