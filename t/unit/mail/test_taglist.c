/* SPDX-License-Identifier: BSD-2-Clause */
#include "mail/taglist.h"

#include "base/arena.h"
#include "base/buf.h"
#include "support/case.h"

struct row {
	struct slice text;
	enum result want;
	const char *shown; /* "name=value|name=value" */
};

static void reads(void **state)
{
	const struct row *row = *state;
	struct taglist list;
	struct buf shown;

	assert_string_equal(result_name(taglist_parse(&list, row->text)),
		result_name(row->want));
	if (row->want != RES_OK)
		return;
	buf_init(&shown, 1000);
	for (size_t i = 0; i < list.count; i++)
		buf_add_format(&shown, "%s%.*s=%.*s", i == 0 ? "" : "|",
			SLICE_ARG(list.tag[i].name),
			SLICE_ARG(list.tag[i].value));
	assert_string_equal(buf_text(&shown), row->shown);
	buf_clear(&shown);
}

static void finds_a_tag_by_its_very_name(void **state)
{
	struct taglist list;

	(void)state;
	assert_int_equal(
		taglist_parse(&list, slice_of("b=1; bh=2; p=")), RES_OK);
	assert_true(slice_is_equal(*taglist_find(&list, "bh"), slice_of("2")));
	assert_true(slice_is_empty(*taglist_find(&list, "p")));
	assert_null(taglist_find(&list, "B"));
}

static void squeezes_folds_out_of_base64(void **state)
{
	struct arena *a = arena_new(1000);
	struct slice got;

	(void)state;
	assert_int_equal(
		taglist_squeeze(slice_of("Zm9v\r\n\tYmFy IA =="), a, &got),
		RES_OK);
	assert_true(slice_is_equal(got, slice_of("Zm9vYmFyIA==")));
	arena_free(a);
}

static void refuses_more_tags_than_its_bound(void **state)
{
	struct taglist list;
	struct buf text;

	(void)state;
	buf_init(&text, 10000);
	for (int i = 0; i <= TAGLIST_MAX; i++)
		buf_add_format(&text, "a%d=1;", i);
	assert_string_equal(
		result_name(taglist_parse(&list, buf_slice(&text))), "toobig");
	buf_clear(&text);
}

#define READS(name, text, shown) \
	CASE(name, reads,        \
		(&(struct row){ { text, sizeof(text) - 1 }, RES_OK, shown }))
#define REFUSES(name, text, want) \
	CASE(name, reads,         \
		(&(struct row){ { text, sizeof(text) - 1 }, want, NULL }))

int main(void)
{
	const struct CMUnitTest cases[] = {
		READS("tags are read in their order",
			"v=1; a=rsa-sha256;d=x.org",
			"v=1|a=rsa-sha256|d=x.org"),
		READS("one semicolon may end the list", "v=1;", "v=1"),
		READS("a fold behind the last semicolon is no tag",
			" v=1;\r\n\t", "v=1"),
		READS("blanks and folds around names and values are dropped",
			"\r\n v =\t1 ;\r\n\ta\t= b c ", "v=1|a=b c"),
		READS("a value may hold an equals sign", "b=Zg==", "b=Zg=="),
		READS("a value may be empty", "p=;t=y", "p=|t=y"),
		READS("the case of a name counts", "a=1;A=2", "a=1|A=2"),
		READS("digits and underscores go on in a name", "a_1=2",
			"a_1=2"),
		READS("a value may be UTF-8", "i=\303\274@x.org",
			"i=\303\274@x.org"),
		REFUSES("nothing is no list", "", RES_SYNTAX),
		REFUSES("blanks are no list", " \r\n\t", RES_SYNTAX),
		REFUSES("a semicolon alone is no list", ";", RES_SYNTAX),
		REFUSES("two semicolons leave an empty tag", "v=1;;a=b",
			RES_SYNTAX),
		REFUSES("a tag needs its equals sign", "v=1;a", RES_SYNTAX),
		REFUSES("a name begins with a letter", "1=v", RES_SYNTAX),
		REFUSES("a name has no blank within", "a b=1", RES_SYNTAX),
		REFUSES("a name has no hyphen", "a-b=1", RES_SYNTAX),
		REFUSES("NUL is no value", "v=1\0", RES_SYNTAX),
		REFUSES("a control octet is no value", "v=\0331", RES_SYNTAX),
		REFUSES("a tag twice makes the list invalid", "v=1;v=1",
			RES_EXISTS),
		cmocka_unit_test(finds_a_tag_by_its_very_name),
		cmocka_unit_test(squeezes_folds_out_of_base64),
		cmocka_unit_test(refuses_more_tags_than_its_bound),
	};

	return cmocka_run_group_tests_name("mail/taglist", cases, NULL, NULL);
}
