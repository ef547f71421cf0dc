/* SPDX-License-Identifier: BSD-2-Clause */
#include "web/language.h"

#include "base/buf.h"
#include "support/case.h"

struct row {
	const char *wanted;
	const char *accept;
	enum language fallback;
	const char *tag; /* what is chosen */
};

static void chooses(void **state)
{
	const struct row *row = *state;

	assert_string_equal(language_tag(language_choose(slice_of(row->wanted),
				    slice_of(row->accept), row->fallback)),
		row->tag);
}

struct tag_row {
	const char *text;
	const char *tag; /* NULL: none of ours */
};

static void parses(void **state)
{
	const struct tag_row *row = *state;
	enum language l = LANGUAGE_EN;
	const bool is_ours = language_parse(slice_of(row->text), &l);

	assert_int_equal(is_ours, row->tag != NULL);
	if (is_ours)
		assert_string_equal(language_tag(l), row->tag);
}

static void names_each(void **state)
{
	(void)state;
	for (size_t i = 0; i < LANGUAGE_COUNT; i++) {
		enum language l = LANGUAGE_EN;

		assert_true(language_parse(
			slice_of(language_tag((enum language)i)), &l));
		assert_int_equal(l, i);
		assert_true(slice_of(language_name(l)).len > 0);
	}
	assert_string_equal(language_name(LANGUAGE_ES), "Espa\xc3\xb1ol");
}

/* front blanks and elements, then "es", then "pt;q=0.1" across the bound. */
static void reads_no_half_element(void **state)
{
	struct buf accept;

	(void)state;
	buf_init(&accept, 1024);
	buf_add_text(&accept, "es;q=0.5,");
	while (accept.len < 503)
		buf_add_char(&accept, ' ');
	/* The bound cuts "q=0.1" to "q=0" or less, or the tag to "pt". */
	buf_add_text(&accept, "de,pt-BR;q=0.1");
	assert_string_equal(language_tag(language_choose(slice_of(""),
				    buf_slice(&accept), LANGUAGE_EN)),
		"es");
	buf_clear(&accept);
}

#define ROW(text, ...) CASE(text, chooses, (&(struct row){ __VA_ARGS__ }))
#define TAG(text, ...) CASE(text, parses, (&(struct tag_row){ __VA_ARGS__ }))

int main(void)
{
	const struct CMUnitTest cases[] = {
		TAG("a tag of ours is known", "es", "es"),
		TAG("a tag is known in any case", "PT-br", "pt-BR"),
		TAG("an underscore is as good as a hyphen", "pt_BR", "pt-BR"),
		TAG("another region is the same language", "es-419", "es"),
		TAG("Portuguese of Portugal is ours", "pt-PT", "pt-BR"),
		TAG("a longer word is not ours", "est", NULL),
		TAG("an empty tag is not ours", "", NULL),
		TAG("a tag with an empty part is not ours", "es--MX", NULL),
		TAG("a tag with markup is not ours", "es-<b>", NULL),
		CASE("each language has a tag and a name", names_each, NULL),

		ROW("what was asked for goes first", "es", "pt-BR", LANGUAGE_EN,
			"es"),
		ROW("what was asked for and is not ours does not count", "xx",
			"pt-BR", LANGUAGE_EN, "pt-BR"),
		ROW("without a wish the fallback is taken", "", "", LANGUAGE_ES,
			"es"),
		ROW("the first of equals is taken", "", "es, pt", LANGUAGE_EN,
			"es"),
		ROW("the greatest q-value is taken", "",
			"en;q=0.5, pt;q=0.8, es;q=0.7", LANGUAGE_EN, "pt-BR"),
		ROW("three decimals are read", "", "es;q=0.123, pt;q=0.124",
			LANGUAGE_EN, "pt-BR"),
		ROW("Portuguese of Portugal gives that of Brazil", "",
			"pt-PT,pt;q=0.9,en;q=0.8", LANGUAGE_EN, "pt-BR"),
		ROW("a region says it as well as the language", "",
			"es-MX,es;q=0.8,en;q=0.9", LANGUAGE_EN, "es"),
		ROW("languages that we have not are passed over", "",
			"de-DE,fr;q=0.9,es;q=0.1", LANGUAGE_EN, "es"),
		ROW("only languages that we have not give the fallback", "",
			"de, fr", LANGUAGE_PT_BR, "pt-BR"),
		ROW("q=0 means never", "", "es;q=0, *;q=0.1", LANGUAGE_ES,
			"en"),
		ROW("a fallback that is never wanted gives way", "", "en;q=0",
			LANGUAGE_EN, "es"),
		ROW("never for all of ours gives the fallback", "", "*;q=0",
			LANGUAGE_ES, "es"),
		ROW("any language is the fallback", "", "*", LANGUAGE_ES, "es"),
		ROW("any language is worth less than a named one", "",
			"pt;q=0.9, *;q=0.5", LANGUAGE_EN, "pt-BR"),
		ROW("any but a named one", "", "pt-BR;q=0, pt, es;q=0.2",
			LANGUAGE_EN, "es"),
		ROW("blanks around are allowed", "", " es ; q=0.5 , pt ;Q=0.6",
			LANGUAGE_EN, "pt-BR"),
		ROW("a q-value above one is ignored", "", "es;q=1.5, pt;q=0.1",
			LANGUAGE_EN, "pt-BR"),
		ROW("a q-value of four decimals is ignored", "",
			"es;q=0.9999, pt;q=0.1", LANGUAGE_EN, "pt-BR"),
		ROW("another parameter is ignored with its range", "",
			"es;level=1, pt;q=0.1", LANGUAGE_EN, "pt-BR"),
		ROW("a range of other signs is ignored", "",
			"<es>, es\x80, pt;q=0.1", LANGUAGE_EN, "pt-BR"),
		ROW("empty elements are ignored", "", ",,es,", LANGUAGE_EN,
			"es"),
		CASE("an element cut by the bound does not count",
			reads_no_half_element, NULL),
	};

	return cmocka_run_group_tests_name("web/language", cases, NULL, NULL);
}
