/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base/log: whatever the values are, the line is printable, bounded, and a
 * reader of key=value gets back the keys and values that were given.
 *
 * The input is cut at each 0xff into values of the keys k0, k1, ...
 */
#include "base/log.h"
#include "t/fuzz/target.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VALUES_MAX = 64 };

/* A reader of lines that shares no code with their writer. */
struct reader {
	const char *at;
	const char *end;
};

static bool take(struct reader *r, const char *text)
{
	size_t len = strlen(text);

	if ((size_t)(r->end - r->at) < len || memcmp(r->at, text, len) != 0)
		return false;
	r->at += len;
	return true;
}

static int hex_of(char c)
{
	const char *digits = "0123456789abcdef";
	const char *hit = c == '\0' ? NULL : strchr(digits, c);

	return hit == NULL ? -1 : (int)(hit - digits);
}

/* One octet of a quoted value; false at its closing quote. */
static bool take_octet(struct reader *r, char *out)
{
	int high;
	int low;

	target_promise(r->at < r->end, "a quote that opens is closed");
	if (*r->at == '"')
		return false;
	*out = *r->at++;
	if (*out != '\\')
		return true;
	target_promise(r->end - r->at >= 3 && r->at[0] == 'x',
		"a backslash begins an escape");
	high = hex_of(r->at[1]);
	low = hex_of(r->at[2]);
	target_promise(high >= 0 && low >= 0, "an escape is two digits");
	r->at += 3;
	*out = (char)(high * 16 + low);
	return true;
}

static size_t take_value(struct reader *r, char *out)
{
	size_t len = 0;

	if (!take(r, "\"")) {
		while (r->at < r->end && *r->at != ' ') {
			target_promise(strchr("\"\\=", *r->at) == NULL,
				"a bare value has no quote and no equals");
			out[len++] = *r->at++;
		}
		target_promise(len > 0, "an empty value is quoted");
		return len;
	}
	while (take_octet(r, &out[len]))
		len++;
	r->at++;
	target_promise(r->at == r->end || *r->at == ' ',
		"a value ends where its quote ends");
	return len;
}

static void promise_value(struct slice given, struct slice got)
{
	size_t kept = got.len - 3;

	if (slice_is_equal(given, got))
		return;
	target_promise(got.len >= 3 && memcmp(got.at + kept, "...", 3) == 0,
		"a value is whole or says that it was cut");
	target_promise(kept < given.len && kept <= LOG_VALUE_MAX &&
			memcmp(given.at, got.at, kept) == 0,
		"a value that was cut is the front of what was given");
}

static void read_line(
	const struct logline *l, const struct slice *value, size_t count)
{
	struct reader r = { l->text, l->text + l->len };
	static char text[LOG_LINE_MAX];
	char key[32];

	target_promise(take(&r, "event"), "the line begins with its event");
	for (size_t i = 0; i < count; i++) {
		(void)snprintf(key, sizeof(key), " k%zu=", i);
		if (!take(&r, key)) {
			target_promise(l->len + 32 > LOG_LINE_MAX,
				"a field is left out only of a full line");
			continue;
		}
		promise_value(value[i], slice_make(text, take_value(&r, text)));
	}
	target_promise(r.at == r.end, "no field comes from a value");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice rest = slice_make(data, size);
	struct slice value[VALUES_MAX];
	size_t count = 0;
	struct logline l;

	log_start(&l, LOG_LEVEL_INFO, "event");
	while (count < VALUES_MAX &&
		slice_cut(&rest, (char)0xff, &value[count])) {
		char key[32];

		(void)snprintf(key, sizeof(key), "k%zu", count);
		log_slice(&l, key, value[count]);
		count++;
	}
	target_promise(l.len <= LOG_LINE_MAX, "a line has a bound");
	for (size_t i = 0; i < l.len; i++)
		target_promise(l.text[i] >= 0x20 && l.text[i] <= 0x7e,
			"a line is printable ASCII");
	read_line(&l, value, count);
	return 0;
}
