/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf/confzone.h"

#include "conf/conf.h"
#include "support/case.h"

#include <string.h>

/* Three lines with all that must be there: rows begin on line 4. */
#define START                                      \
	"host = \"mx.example.net\"\n"              \
	"portal_url = \"https://p.example.net\"\n" \
	"milter { socket = \"inet:8894@127.0.0.1\" }\n"

static struct conf *load(const char *text)
{
	struct conf *c = NULL;
	struct buf errors;

	buf_init(&errors, 65536);
	if (conf_load_text("f", slice_of(text), &c, &errors) != RES_OK)
		fail_msg("%s", buf_text(&errors));
	buf_clear(&errors);
	return c;
}

static double weight(const struct conf_zone *z, uint32_t answer, bool named)
{
	bool is_named;
	double w = confzone_weight(z, answer, &is_named);

	assert_int_equal(is_named, named);
	return w;
}

static void answers_have_weights(void **state)
{
	struct conf *c = load(START
		"dnsbl \"BL.Example.org\" {\n"
		" codes = {\"127.0.0.2 4\", \"127.0.0.4-127.0.0.7  2.5\",\n"
		"  \"127.0.0.6 9\", \"127.0.0.10 0\"}\n"
		" score = 0.5 }\n");
	const struct conf_zone *z = &c->zones[0];

	(void)state;
	assert_int_equal(c->zone_count, 1);
	assert_string_equal(z->name, "bl.example.org");
	assert_true(weight(z, 0x7f000002, true) == 4);
	assert_true(weight(z, 0x7f000003, false) == 0.5);
	assert_true(weight(z, 0x7f000004, true) == 2.5);
	assert_true(weight(z, 0x7f000006, true) == 2.5);
	assert_true(weight(z, 0x7f000007, true) == 2.5);
	assert_true(weight(z, 0x7f000008, false) == 0.5);
	assert_true(weight(z, 0x7f00000a, true) == 0);
	conf_release(c);
}

static void zones_know_what_they_ask(void **state)
{
	struct conf *c = load(START
		"dnsbl \"a.example\" { }\n"
		"dnsbl \"b.example\" { families = \"ipv4\" is = \"allow\" }\n"
		"dnsbl \"c.example\" { asks = \"domain\" }\n"
		"dnsbl \"d.example\" { asks = \"domain\" is = \"allow\" }\n"
		"dnsbl \"e.example\" { asks = \"domain\" subjects = {Link} "
		"}\n");
	const struct conf_zone *z = c->zones;

	(void)state;
	assert_true(z[0].has_v4 && z[0].has_v6);
	assert_false(z[0].is_allow || z[0].is_domain);
	assert_int_equal(z[0].asked, 0);
	assert_true(z[1].has_v4 && !z[1].has_v6 && z[1].is_allow);
	assert_true(z[2].is_domain && !z[2].has_v4 && !z[2].has_v6);
	assert_int_equal(z[2].asked,
		CONF_ZONE_HELO | CONF_ZONE_SENDER | CONF_ZONE_AUTHOR |
			CONF_ZONE_LINK);
	assert_int_equal(z[3].asked, CONF_ZONE_SENDER);
	assert_int_equal(z[4].asked, CONF_ZONE_LINK);
	conf_release(c);
}

static void what_is_printed_loads_again(void **state)
{
	static const char *const lines[] = { "127.0.0.2 4",
		"127.0.0.4-127.0.0.7 2" };
	struct conf *c = load(START "dnsbl \"a.example\" { codes = {"
				    "\"127.0.0.2 4\", "
				    "\"127.0.0.4-127.0.0.7 2\"} }\n");
	struct conf *again;
	struct buf text;

	(void)state;
	buf_init(&text, 1 << 20);
	conf_print(c, &text);
	again = load(buf_text(&text));
	assert_int_equal(again->zones[0].code_count, 2);
	assert_int_equal(again->zones[0].weight_count, 2);
	for (size_t i = 0; i < 2; i++)
		assert_string_equal(again->zones[0].codes[i], lines[i]);
	buf_clear(&text);
	conf_release(again);
	conf_release(c);
}

struct row {
	const char *text;
	const char *errors;
};

static void says(void **state)
{
	const struct row *row = *state;
	bool is_warning = strstr(row->errors, ": warning: ") != NULL;
	struct conf *c = NULL;
	struct buf errors;
	enum result res;

	buf_init(&errors, 65536);
	res = conf_load_text("f", slice_of(row->text), &c, &errors);
	assert_string_equal(buf_text(&errors), row->errors);
	assert_string_equal(result_name(res), is_warning ? "ok" : "syntax");
	conf_release(c);
	buf_clear(&errors);
}

#define SAYS(name, text, errors)                                             \
	CASE(name, says,                                                     \
		(&(struct row){ START "dnsbl \"z.example\" {\n" text " }\n", \
			errors }))
#define CODE(name, line, error)                               \
	SAYS(name, "codes = {\"127.0.0.2 1\", \"" line "\"}", \
		"f:5: codes: \"" line "\" " error "\n")

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE("each answer has its weight", answers_have_weights, NULL),
		CASE("a zone knows what it is asked for",
			zones_know_what_they_ask, NULL),
		CASE("codes that are printed load again",
			what_is_printed_loads_again, NULL),
		CODE("a code without a number", "127.0.0.2",
			"has no number such as in \"127.0.0.2 4\""),
		CODE("a number that is none", "127.0.0.2 many",
			"has no number such as in \"127.0.0.2 4\""),
		CODE("a number that is too big", "127.0.0.2 1001",
			"is out of range: 0 to 1000 are allowed"),
		CODE("a number below zero", "127.0.0.2 -1",
			"is out of range: 0 to 1000 are allowed"),
		CODE("an answer that is none", "localhost 4",
			"does not begin with an answer such as 127.0.0.2"),
		CODE("an answer of IPv6", "[::1] 4",
			"does not begin with an answer such as 127.0.0.2"),
		CODE("a range without an end", "127.0.0.2- 4",
			"is no range such as 127.0.0.4-127.0.0.7"),
		CODE("a range backwards", "127.0.0.7-127.0.0.4 4",
			"is a range that ends before it begins"),
		CODE("an answer that never counts", "10.0.0.2 4",
			"is outside 127.0.0.0/8, where no answer counts"),
		CODE("a range that leads out", "127.0.0.2-128.0.0.1 4",
			"is outside 127.0.0.0/8, where no answer counts"),
		CODE("an error of the list", "127.255.255.254 4",
			"reaches into 127.255.255.0/24, which are errors of "
			"the list"),
		CODE("a range over errors of the list",
			"127.0.0.2-127.255.255.255 4",
			"reaches into 127.255.255.0/24, which are errors of "
			"the list"),
		SAYS("a subject that is none",
			"asks = \"domain\"\nsubjects = {helo, body}",
			"f:6: subjects: \"body\" is none of helo, sender, "
			"author, link\n"),
		SAYS("names that prove nothing",
			"asks = \"domain\" is = \"allow\"\nsubjects = {helo, "
			"sender}",
			"f:6: subjects: a zone that allows is asked for "
			"\"sender\" only; the other names prove nothing\n"),
		SAYS("subjects of addresses", "subjects = {helo}",
			"f:5: warning: subjects: means nothing for a zone of "
			"addresses\n"),
		SAYS("families of domains",
			"asks = \"domain\"\nfamilies = \"ipv4\"",
			"f:6: warning: families: means nothing for a zone of "
			"domains\n"),
		CASE("a zone whose name is too long", says,
			(&(struct row){ START
				"dnsbl "
				"\"a23456789.b23456789.c23456789.d23456789."
				"e23456789.f23456789.g23456789.h23456789."
				"i23456789.j23456789.k23456789.l23456789."
				"m23456789.n23456789.o23456789.p23456789."
				"q23456789.r23456789.s23456789.t\" { }\n",
				"f:4: the name of the zone leaves no room for "
				"an address\n" })),
	};

	return cmocka_run_group_tests_name("conf/confzone", cases, NULL, NULL);
}
