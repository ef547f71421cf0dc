/* SPDX-License-Identifier: BSD-2-Clause */
#include "web/catalog.h"

#include "base/arena.h"
#include "base/buf.h"
#include "support/case.h"
#include "web/template.h"
#include "web/view.h"

#include <string.h>

enum { FILE_MAX_SIZE = 4096, HEAD_SIZE = 20 };

struct pair {
	struct slice text;
	struct slice translation;
};

#define PAIR(a, b)                         \
	{                                  \
		{ (a), sizeof(a) - 1 },    \
		{                          \
			(b), sizeof(b) - 1 \
		}                          \
	}

static const struct pair pairs[] = {
	PAIR("", "Content-Type: text/plain; charset=UTF-8\n"),
	PAIR("Empty", ""),
	PAIR("Hello {name}", "Ol\xc3\xa1 {name}"),
	PAIR("Help", "Ajuda"),
	PAIR("one server\0{n} servers", "um servidor\0{n} servidores"),
};

enum { PAIRS = sizeof(pairs) / sizeof(pairs[0]) };

static void add_word(struct buf *out, uint32_t word, bool is_big_endian)
{
	for (unsigned i = 0; i < 4; i++)
		buf_add_char(out,
			(char)(word >> (is_big_endian ? 24 - 8 * i : 8 * i)));
}

/* As msgfmt writes it: head, two tables, the texts each with a NUL. */
static void write_mo(struct buf *out, bool is_big_endian)
{
	uint32_t at = HEAD_SIZE + 16 * PAIRS;

	add_word(out, 0x950412de, is_big_endian);
	add_word(out, 0, is_big_endian);
	add_word(out, PAIRS, is_big_endian);
	add_word(out, HEAD_SIZE, is_big_endian);
	add_word(out, HEAD_SIZE + 8 * PAIRS, is_big_endian);
	for (size_t i = 0; i < 2 * (size_t)PAIRS; i++) {
		const struct slice s = i < PAIRS ? pairs[i].text
						 : pairs[i - PAIRS].translation;

		add_word(out, (uint32_t)s.len, is_big_endian);
		add_word(out, at, is_big_endian);
		at += (uint32_t)s.len + 1;
	}
	for (size_t i = 0; i < 2 * (size_t)PAIRS; i++) {
		buf_add(out,
			i < PAIRS ? pairs[i].text
				  : pairs[i - PAIRS].translation);
		buf_add_char(out, '\0');
	}
	assert_int_equal(buf_result(out), RES_OK);
}

static void check_find(
	const struct catalog *c, const char *text, const char *wanted)
{
	const struct slice got = catalog_find(c, slice_of(text));

	if (!slice_is_equal(got, slice_of(wanted)))
		fail_msg("%s: %.*s", text, SLICE_ARG(got));
}

static void finds(void **state)
{
	const bool *is_big_endian = *state;
	struct catalog *c;
	struct buf mo;

	buf_init(&mo, FILE_MAX_SIZE);
	write_mo(&mo, *is_big_endian);
	assert_string_equal(result_name(catalog_open(&c, buf_slice(&mo))),
		result_name(RES_OK));
	check_find(c, "Help", "Ajuda");
	check_find(c, "Hello {name}", "Ol\xc3\xa1 {name}");
	check_find(c, "help", "help");
	check_find(c, "Hel", "Hel");
	check_find(c, "Helpless", "Helpless");
	check_find(c, "Zzz", "Zzz");
	check_find(c, "", "");
	check_find(c, "Empty", "Empty");
	check_find(c, "one server", "one server");
	catalog_close(c);
	buf_clear(&mo);
}

static void is_english_without(void **state)
{
	(void)state;
	check_find(NULL, "Help", "Help");
	catalog_close(NULL);
}

/* Every file that is cut somewhere is refused, none is read past its end. */
static void refuses_a_cut_file(void **state)
{
	struct catalog *c;
	struct buf mo;

	(void)state;
	buf_init(&mo, FILE_MAX_SIZE);
	write_mo(&mo, false);
	for (size_t len = 0; len < mo.len; len++) {
		assert_string_equal(
			result_name(catalog_open(
				&c, slice_part(buf_slice(&mo), 0, len))),
			result_name(RES_CORRUPT));
		assert_null(c);
	}
	buf_clear(&mo);
}

struct change {
	size_t at;
	uint32_t word;
};

static void refuses(void **state)
{
	const struct change *change = *state;
	struct catalog *c;
	struct buf mo;
	struct buf word;

	buf_init(&mo, FILE_MAX_SIZE);
	buf_init(&word, 4);
	write_mo(&mo, false);
	add_word(&word, change->word, false);
	memcpy(mo.at + change->at, word.at, 4);
	assert_string_equal(result_name(catalog_open(&c, buf_slice(&mo))),
		result_name(RES_CORRUPT));
	buf_clear(&word);
	buf_clear(&mo);
}

static void fills_templates(void **state)
{
	struct templates *t = templates_new();
	struct arena *a = arena_new(4096);
	struct view *v = view_new(a);
	struct catalog *c;
	struct buf mo;
	struct buf out;

	(void)state;
	buf_init(&mo, FILE_MAX_SIZE);
	buf_init(&out, 512);
	write_mo(&mo, false);
	view_text(v, "name", "<Ana>");
	view_say(v, "title", "Help");
	assert_int_equal(catalog_open(&c, buf_slice(&mo)), RES_OK);
	assert_int_equal(
		templates_add(t, slice_of("page"), TEMPLATE_HTML,
			slice_of("{{title}}: {{_ Hello {name}}}"), NULL),
		RES_OK);
	assert_int_equal(
		template_render(t, slice_of("page"), v, c, &out), RES_OK);
	assert_string_equal(buf_text(&out), "Ajuda: Ol\xc3\xa1 &lt;Ana&gt;");
	catalog_close(c);
	templates_free(t);
	arena_free(a);
	buf_clear(&out);
	buf_clear(&mo);
}

#define CHANGE(text, ...) CASE(text, refuses, (&(struct change){ __VA_ARGS__ }))

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE("a file of a small machine is read", finds,
			&(bool){ false }),
		CASE("a file of a big machine is read", finds, &(bool){ true }),
		CASE("no catalogue is English", is_english_without, NULL),
		CASE("a page is filled in its reader's language",
			fills_templates, NULL),
		CASE("a file that is cut is refused", refuses_a_cut_file, NULL),
		CHANGE("another kind of file is refused", 0, 0x12345678),
		CHANGE("a file of a later format is refused", 4, 0x00020000),
		CHANGE("more texts than there are is refused", 8, 0x20000000),
		CHANGE("a table behind the end is refused", 12, 0xfffffff0),
		CHANGE("a table of translations behind the end is refused", 16,
			0xfffffff0),
		CHANGE("a text that is too long is refused", HEAD_SIZE + 8,
			0xffffffff),
		CHANGE("a text without its NUL is refused", HEAD_SIZE + 8, 4),
		CHANGE("a text behind the end is refused", HEAD_SIZE + 12,
			0xffffffff),
		CHANGE("a table that is not sorted is refused", HEAD_SIZE + 8,
			0),
	};

	return cmocka_run_group_tests_name("web/catalog", cases, NULL, NULL);
}
