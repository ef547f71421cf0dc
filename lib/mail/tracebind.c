/* SPDX-License-Identifier: BSD-2-Clause */
#include "mail/tracebind.h"

#include "base/digest.h"

#include <string.h>

/* In the order of their letters. */
static const struct {
	const char *name;
	char letter;
	bool is_cfbl;
} fields[TRACEBIND_FIELDS] = {
	{ "CFBL-Address", 'c', true },
	{ "Date", 'd', false },
	{ "From", 'f', false },
	{ "CFBL-Feedback-ID", 'i', true },
	{ "Message-ID", 'm', false },
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Relays fold and unfold as they like. */
static void add_dense(struct digest *d, struct slice value)
{
	size_t from = 0;

	for (size_t i = 0; i <= value.len; i++) {
		if (i < value.len && !is_blank(value.at[i]))
			continue;
		if (i > from)
			digest_add(d, slice_part(value, from, i - from));
		from = i + 1;
	}
}

void tracebind_add(struct tracebind *b, struct slice name, struct slice value)
{
	struct digest *d;
	size_t i = 0;

	while (i < TRACEBIND_FIELDS &&
		!slice_is_equal_nocase(name, slice_of(fields[i].name)))
		i++;
	if (i == TRACEBIND_FIELDS || b->has[i])
		return;
	d = digest_new();
	if (d != NULL)
		add_dense(d, value);
	if (d == NULL || digest_end(d, b->digest[i]) != RES_OK)
		b->failed = true;
	else
		b->has[i] = true;
	digest_free(d);
}

void tracebind_letters(
	const struct tracebind *b, bool with_cfbl, char out[TRACE_BOUND_MAX])
{
	size_t len = 0;

	for (size_t i = 0; i < TRACEBIND_FIELDS; i++)
		if (b->has[i] && (with_cfbl || !fields[i].is_cfbl))
			out[len++] = fields[i].letter;
	out[len] = '\0';
}

static enum result add_field(
	const struct tracebind *b, char letter, struct digest *d)
{
	for (size_t i = 0; i < TRACEBIND_FIELDS; i++) {
		if (fields[i].letter != letter)
			continue;
		if (!b->has[i])
			return RES_MISSING;
		digest_add(d, slice_make(&letter, 1));
		digest_add(d, slice_make(b->digest[i], SHA256_LEN));
		return RES_OK;
	}
	return RES_MISSING;
}

enum result tracebind_digest(
	const struct tracebind *b, const char *letters, uint8_t out[SHA256_LEN])
{
	struct digest *d = NULL;
	enum result res = RES_OK;

	if (!b->failed)
		d = digest_new();
	if (d == NULL)
		return RES_NOMEM;
	for (size_t i = 0; res == RES_OK && letters[i] != '\0'; i++)
		res = add_field(b, letters[i], d);
	if (res == RES_OK)
		res = digest_end(d, out);
	digest_free(d);
	return res;
}
