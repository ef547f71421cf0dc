/* SPDX-License-Identifier: BSD-2-Clause */
#include "auth/authresread.h"

#include "base/buf.h"
#include "support/case.h"

struct row {
	const char *value;
	const char *want; /* "id|method=result reason type.name=value|..." */
};

static void show(struct buf *b, const struct authresread_result *r)
{
	buf_add_format(
		b, "|%.*s=%.*s", SLICE_ARG(r->method), SLICE_ARG(r->result));
	if (r->reason.len > 0)
		buf_add_format(b, " (%.*s)", SLICE_ARG(r->reason));
	for (size_t i = 0; i < r->count; i++)
		buf_add_format(b, " %.*s.%.*s=%.*s",
			SLICE_ARG(r->property[i].type),
			SLICE_ARG(r->property[i].name),
			SLICE_ARG(r->property[i].value));
}

static void reads(void **state)
{
	const struct row *row = *state;
	struct authresread_result one;
	struct authresread reader;
	struct buf got;
	struct slice id;
	enum result res = authresread_begin(&reader, slice_of(row->value), &id);

	buf_init(&got, 10000);
	if (res == RES_OK)
		buf_add(&got, id);
	while (res == RES_OK) {
		res = authresread_next(&reader, &one);
		if (res == RES_OK)
			show(&got, &one);
	}
	if (res != RES_MISSING)
		buf_add_format(&got, "!%s", result_name(res));
	assert_string_equal(buf_text(&got), row->want);
	buf_clear(&got);
}

static void finds_without_case(void **state)
{
	struct authresread_result one;
	struct authresread reader;
	struct slice id;

	(void)state;
	assert_int_equal(
		authresread_begin(&reader,
			slice_of("a; dmarc=pass Header.From=x.org"), &id),
		RES_OK);
	assert_int_equal(authresread_next(&reader, &one), RES_OK);
	assert_non_null(authresread_find(&one, "header", "from"));
	assert_null(authresread_find(&one, "smtp", "from"));
	assert_null(authresread_find(&one, "header", "fro"));
}

#define ROW(name, value, want) \
	CASE(name, reads, (&(const struct row){ (value), (want) }))
#define P " h.p=v"

int main(void)
{
	const struct CMUnitTest cases[] = {
		ROW("no result (RFC 8601 B.2)", " example.org 1; none",
			"example.org"),
		ROW("one result (RFC 8601 B.3)",
			" example.com;\r\n\tspf=pass "
			"smtp.mailfrom=example.net",
			"example.com|spf=pass smtp.mailfrom=example.net"),
		ROW("several (RFC 8601 B.4)",
			" example.com;\r\n auth=pass (cram-md5) "
			"smtp.auth=sender@example.net;\r\n spf=pass "
			"smtp.mailfrom=example.net",
			"example.com|auth=pass smtp.auth=sender@example.net|"
			"spf=pass smtp.mailfrom=example.net"),
		ROW("comments all over (RFC 8601 B.7)",
			" foo.example.net (foobar) 1 (baz);\r\n dkim (Because "
			"I like it) / 1 (One yay) = (wait for it) fail\r\n"
			"  policy (A dot can go here) . (like that) expired\r\n"
			"  (this surprised me) = (as I wasn't expecting it) "
			"1362471462",
			"foo.example.net|dkim=fail policy.expired=1362471462"),
		ROW("the set of an ARC chain",
			" i=1; mx.example.org; dmarc=pass (p=NONE sp=REJECT) "
			"header.from=example.net",
			"mx.example.org|dmarc=pass header.from=example.net"),
		ROW("a property without a dot",
			" i=1; mx.example.com 1; dmarc=pass action=none "
			"header.from=x.example; arc=none",
			"mx.example.com|dmarc=pass .action=none "
			"header.from=x.example|arc=none"),
		ROW("a reason in quotes",
			"a; dkim=fail reason=\"bad; dmarc=pass\" header.d=x",
			"a|dkim=fail (bad; dmarc=pass) header.d=x"),
		ROW("base64 in a value", "a; dkim=pass header.b=abc+/d==",
			"a|dkim=pass header.b=abc+/d=="),
		ROW("an identity without a local part",
			"a; dkim=pass header.i=@example.org",
			"a|dkim=pass header.i=@example.org"),
		ROW("a quoted local part",
			"a; spf=pass smtp.mailfrom=\"a; b\"@example.org",
			"a|spf=pass smtp.mailfrom=\"a; b\"@example.org"),
		ROW("a quoted authserv-id", "\"a b\"; none", "a b"),
		ROW("a semicolon at the end", "a; spf=pass;", "a|spf=pass"),
		ROW("a comment with a result in it is none",
			"a; spf=fail (; dmarc=pass header.from=x)",
			"a|spf=fail"),
		ROW("an open comment hides the rest",
			"a; spf=pass ( dmarc=pass", "a!syntax"),
		ROW("an open quote", "a; spf=pass x.y=\"z", "a!syntax"),
		ROW("no result behind the sign", "a; spf=", "a!syntax"),
		ROW("no sign", "a; spf pass", "a!syntax"),
		ROW("no property", "a; spf=pass .x=y", "a!syntax"),
		ROW("no value", "a; spf=pass x.y=", "a!syntax"),
		ROW("no identity", "; spf=pass", "!syntax"),
		ROW("nothing", "", "!syntax"),
		ROW("text behind the identity", "a b; spf=pass", "!syntax"),
		ROW("seventeen properties are too many",
			"a; x=y" P P P P P P P P P P P P P P P P P, "a!toobig"),
		CASE("properties are found without case", finds_without_case,
			NULL),
	};

	return cmocka_run_group_tests_name(
		"auth/authresread", cases, NULL, NULL);
}
