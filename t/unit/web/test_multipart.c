/* SPDX-License-Identifier: BSD-2-Clause */
#include "web/multipart.h"

#include "base/arena.h"
#include "base/buf.h"
#include "support/case.h"

#include <string.h>

enum { MEMORY_MAX = 64 * 1024, VALUE_MAX = 16, FILES = 3, OCTETS = 40 };

#define TYPE "multipart/form-data; boundary=xYz"
#define END "--xYz--\r\n"
#define FIELD(name, value)                                      \
	"--xYz\r\nContent-Disposition: form-data; name=\"" name \
	"\"\r\n\r\n" value "\r\n"
#define NAMED(params, octets)                                          \
	"--xYz\r\nContent-Disposition: form-data; name=\"f\"; " params \
	"\r\nContent-Type: message/rfc822\r\n\r\n" octets "\r\n"

/* want: "name=value;" of fields, then "<field|name|octets>" of files; "" when
 * the body is not read. */
struct row {
	const char *type;
	const char *body;
	enum result want;
	const char *shown;
};

static void show(const struct multipart *m, struct buf *out)
{
	for (size_t i = 0; i < m->form.count; i++)
		buf_add_format(out, "%.*s=%.*s;",
			SLICE_ARG(m->form.field[i].name),
			SLICE_ARG(m->form.field[i].value));
	for (size_t i = 0; i < m->count; i++)
		buf_add_format(out, "<%.*s|%.*s|%.*s>",
			SLICE_ARG(m->file[i].field), SLICE_ARG(m->file[i].name),
			SLICE_ARG(m->file[i].octets));
}

static const struct multipart_limits limits = {
	.values = { VALUE_MAX, true },
	.files_max = FILES,
	.octets_max = OCTETS,
};

static enum result parse(const char *type, struct slice body, struct buf *shown)
{
	struct arena *a = arena_new(MEMORY_MAX);
	struct multipart m;
	enum result res = multipart_parse(&m, slice_of(type), body, &limits, a);

	show(&m, shown);
	arena_free(a);
	return res;
}

static void reads(void **state)
{
	const struct row *row = *state;
	struct buf shown;

	buf_init(&shown, 4096);
	assert_string_equal(
		result_name(parse(row->type, slice_of(row->body), &shown)),
		result_name(row->want));
	assert_string_equal(buf_text(&shown), row->shown);
	buf_clear(&shown);
}

/* Whatever is cut off at the end, nothing is read of what is left. */
static void refuses_what_was_cut(void **state)
{
	static const char whole[] =
		FIELD("a", "b") NAMED("filename=x", "y") END;
	struct buf shown;

	(void)state;
	buf_init(&shown, 4096);
	for (size_t len = 0; len < sizeof(whole) - 3; len++) {
		assert_string_equal(result_name(parse(TYPE,
					    slice_make(whole, len), &shown)),
			result_name(RES_SYNTAX));
		assert_string_equal(buf_text(&shown), "");
	}
	assert_int_equal(
		parse(TYPE, slice_make(whole, sizeof(whole) - 1), &shown),
		RES_OK);
	assert_string_equal(buf_text(&shown), "a=b;<f|x|y>");
	buf_clear(&shown);
}

static enum result many(const char *part, size_t count)
{
	struct buf body, shown;
	enum result res;

	buf_init(&body, 1 << 22);
	buf_init(&shown, 1 << 20);
	for (size_t i = 0; i < count; i++)
		buf_add_text(&body, part);
	buf_add_text(&body, END);
	res = parse(TYPE, buf_slice(&body), &shown);
	buf_clear(&body);
	buf_clear(&shown);
	return res;
}

static void bounds_files(void **state)
{
	(void)state;
	assert_int_equal(many(NAMED("filename=x", ""), FILES), RES_OK);
	assert_int_equal(many(NAMED("filename=x", ""), FILES + 1), RES_TOOBIG);
	assert_int_equal(
		many(NAMED("filename=x", "aaaaaaaaaaaaaaaaaaaa"), 2), RES_OK);
	assert_int_equal(many(NAMED("filename=x", "aaaaaaaaaaaaaaaaaaaaa"), 2),
		RES_TOOBIG);
	/* None of these was chosen; memory is the bound. */
	assert_int_equal(many(NAMED("filename=\"\"", ""), 10), RES_OK);
	assert_int_equal(many(NAMED("filename=\"\"", ""), 9000), RES_NOMEM);
}

static void bounds_a_header(void **state)
{
	struct buf part;

	(void)state;
	buf_init(&part, 1 << 20);
	buf_add_text(&part, "--xYz\r\nX-A: ");
	for (size_t i = 0; i < MULTIPART_HEAD_MAX; i++)
		buf_add_char(&part, 'a');
	buf_add_text(&part,
		"\r\nContent-Disposition: form-data; name=a\r\n\r\nb\r\n");
	assert_int_equal(many(buf_text(&part), 1), RES_TOOBIG);
	buf_clear(&part);
}

static void knows_the_type(void **state)
{
	(void)state;
	assert_true(multipart_is_type(slice_of(TYPE)));
	assert_true(multipart_is_type(
		slice_of("Multipart/Form-Data;Boundary=\"a b\"")));
	assert_false(multipart_is_type(slice_of("multipart/form-data")));
	assert_false(multipart_is_type(slice_of("multipart/form-data; x=y")));
	assert_false(multipart_is_type(
		slice_of("multipart/form-data; boundary=\"a\"; boundary=b")));
	assert_false(multipart_is_type(
		slice_of("multipart/form-data; boundary=\"a\xc3\xa4\"")));
	assert_false(multipart_is_type(
		slice_of("multipart/form-data; boundary=\"a \"")));
	assert_false(multipart_is_type(
		slice_of("multipart/form-data; boundary="
			 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
			 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")));
	assert_false(
		multipart_is_type(slice_of("multipart/mixed; boundary=a")));
}

#define ROW(text, ...) CASE(text, reads, (&(struct row){ __VA_ARGS__ }))

int main(void)
{
	const struct CMUnitTest cases[] = {
		ROW("a field and a file", TYPE,
			FIELD("a", "b c")
				NAMED("filename=\"x.eml\"", "F: g\r\n") END,
			RES_OK, "a=b c;<f|x.eml|F: g\r\n>"),
		ROW("several files of one name", TYPE,
			NAMED("filename=x", "1") NAMED("filename=y", "2") END,
			RES_OK, "<f|x|1><f|y|2>"),
		ROW("nothing at all", TYPE, END, RES_OK, ""),
		ROW("without a line end behind the last boundary", TYPE,
			FIELD("a", "b") "--xYz--", RES_OK, "a=b;"),
		ROW("lines of a value", TYPE, FIELD("a", "b\r\nc") END, RES_OK,
			"a=b\nc;"),
		ROW("a value that is empty", TYPE, FIELD("a", "") END, RES_OK,
			"a=;"),
		ROW("percents and plus of a value stay", TYPE,
			FIELD("a", "%41+b") END, RES_OK, "a=%41+b;"),
		ROW("octets of a file are not looked at", TYPE,
			NAMED("filename=x", "\xff\x01--xY\r\n-") END, RES_OK,
			"<f|x|\xff\x01--xY\r\n->"),
		ROW("a file that was not chosen is none", TYPE,
			NAMED("filename=\"\"", "") END, RES_OK, ""),
		ROW("a file without a name", TYPE,
			NAMED("filename=\"\"", "x") END, RES_OK, "<f||x>"),
		ROW("a path before the name of a file goes", TYPE,
			NAMED("filename=\"C:\\my docs\\a.eml\"", "")
				NAMED("filename=\"../../b.eml\"", "") END,
			RES_OK, "<f|a.eml|><f|b.eml|>"),
		ROW("quotes in the name of a file", TYPE,
			NAMED("filename=\"a%22b\\\"c.eml\"", "") END, RES_OK,
			"<f|a\"b\"c.eml|>"),
		ROW("filename* counts more", TYPE,
			NAMED("filename=x; filename*=UTF-8'en'%e2%82%ac.eml",
				"") END,
			RES_OK, "<f|\xe2\x82\xac.eml|>"),
		ROW("filename* in another charset does not", TYPE,
			NAMED("filename=x; filename*=iso-8859-1''%a4", "") END,
			RES_OK, "<f|x|>"),
		ROW("a value that says it is text in UTF-8", TYPE,
			"--xYz\r\nContent-Type: text/plain; charset=UTF-8\r\n"
			"content-disposition: form-data; name=a\r\n\r\nb\r\n" END,
			RES_OK, "a=b;"),
		ROW("other fields of a header are skipped", TYPE,
			"--xYz\r\nX-Y: z\r\nContent-Disposition: form-data; "
			"name=a; size=3\r\nContent-Length: 7\r\n\r\nb\r\n" END,
			RES_OK, "a=b;"),

		ROW("a field twice is refused", TYPE,
			FIELD("a", "b") FIELD("a", "c") END, RES_EXISTS, ""),
		ROW("a field that is a file, too, is refused", TYPE,
			NAMED("filename=x", "y") FIELD("f", "c") END,
			RES_EXISTS, ""),
		ROW("a file that is a field, too, is refused", TYPE,
			FIELD("f", "c") NAMED("filename=x", "y") END,
			RES_EXISTS, ""),
		ROW("a value past its bound is refused", TYPE,
			FIELD("a", "12345678901234567") END, RES_TOOBIG, ""),
		ROW("a value that is not UTF-8 is refused", TYPE,
			FIELD("a", "\xff") END, RES_SYNTAX, ""),
		ROW("a control in a value is refused", TYPE,
			FIELD("a", "\x01") END, RES_SYNTAX, ""),
		ROW("a value in another charset is refused", TYPE,
			"--xYz\r\nContent-Type: text/plain; charset=koi8-r\r\n"
			"Content-Disposition: form-data; name=a\r\n\r\nb\r\n" END,
			RES_SYNTAX, ""),
		ROW("a name that is none of ours is refused", TYPE,
			FIELD("a b", "c") END, RES_SYNTAX, ""),
		ROW("an encoding is refused", TYPE,
			"--xYz\r\nContent-Transfer-Encoding: base64\r\n"
			"Content-Disposition: form-data; name=a\r\n\r\nYg\r\n" END,
			RES_SYNTAX, ""),
		ROW("a part without a disposition is refused", TYPE,
			"--xYz\r\nX-Y: z\r\n\r\nb\r\n" END, RES_SYNTAX, ""),
		ROW("a part without a header is refused", TYPE,
			"--xYz\r\n\r\nb\r\n" END, RES_SYNTAX, ""),
		ROW("another disposition is refused", TYPE,
			"--xYz\r\nContent-Disposition: attachment; "
			"name=a\r\n\r\nb\r\n" END,
			RES_SYNTAX, ""),
		ROW("two dispositions are refused", TYPE,
			"--xYz\r\nContent-Disposition: form-data; name=a\r\n"
			"Content-Disposition: form-data; name=b\r\n\r\nc\r\n" END,
			RES_SYNTAX, ""),
		ROW("two names are refused", TYPE,
			"--xYz\r\nContent-Disposition: form-data; name=a; "
			"name=b\r\n\r\nc\r\n" END,
			RES_SYNTAX, ""),
		ROW("a folded header is refused", TYPE,
			"--xYz\r\nContent-Disposition: form-data;\r\n "
			"name=a\r\n\r\nc\r\n" END,
			RES_SYNTAX, ""),
		ROW("a quote that is left open is refused", TYPE,
			"--xYz\r\nContent-Disposition: form-data; "
			"name=\"a\r\n\r\nc\r\n" END,
			RES_SYNTAX, ""),
		ROW("a preamble is refused", TYPE, "hi\r\n" FIELD("a", "b") END,
			RES_SYNTAX, ""),
		ROW("an epilogue is refused", TYPE, FIELD("a", "b") END "x",
			RES_SYNTAX, ""),
		ROW("lines that end in LF are refused", TYPE,
			"--xYz\nContent-Disposition: form-data; name=a\n\nb\n"
			"--xYz--\n",
			RES_SYNTAX, ""),
		ROW("a boundary with more behind it is refused", TYPE,
			FIELD("a", "b\r\n--xYzz") END, RES_SYNTAX, ""),
		ROW("another boundary is refused",
			"multipart/form-data; boundary=abc",
			FIELD("a", "b") END, RES_SYNTAX, ""),
		ROW("a control in the name of a file is refused", TYPE,
			NAMED("filename*=UTF-8''a%0ab", "") END, RES_SYNTAX,
			""),
		ROW("a broken percent sign is refused", TYPE,
			NAMED("filename*=UTF-8''a%0", "") END, RES_SYNTAX, ""),

		CASE("nothing is read of a body that was cut",
			refuses_what_was_cut, NULL),
		CASE("files have their bounds", bounds_files, NULL),
		CASE("the header of a part has its bound", bounds_a_header,
			NULL),
		CASE("a type without a good boundary is none", knows_the_type,
			NULL),
	};

	return cmocka_run_group_tests_name("web/multipart", cases, NULL, NULL);
}
