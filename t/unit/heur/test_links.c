/* SPDX-License-Identifier: BSD-2-Clause */
#include "heur/links.h"

#include "base/arena.h"
#include "base/buf.h"
#include "mail/url.h"
#include "net/psl.h"
#include "support/case.h"

#include <string.h>

enum { LINKS_MAX = 40 };

struct shown {
	const char *url;
	const char *text;
	enum body_link_source source;
};

struct row {
	struct shown links[LINKS_MAX];
	size_t hidden, seen;
	bool is_proved;
	const char *want; /* "word factor subject|evidence", one a line */
};

static void describe(const struct findings *found, struct buf *out)
{
	for (size_t i = 0; i < found->count; i++) {
		const struct finding *f = &found->item[i];

		assert_string_equal(f->check, "links");
		if (f->outcome == OUTCOME_HIT)
			buf_add_format(out, "%s %.2f %.*s|%.*s\n", f->detail,
				f->factor, SLICE_ARG(f->subject),
				SLICE_ARG(f->evidence));
		else
			buf_add_format(out, "%s\n", outcome_name(f->outcome));
	}
}

/* The body as heur/body would tell it. */
static void fill(struct body_facts *facts, struct body_link *links,
	const struct row *row, struct arena *a)
{
	size_t count = 0;

	for (; row->links[count].url != NULL; count++) {
		struct body_link *to = &links[count];
		char clean[URL_MAX];
		struct url u;

		*to = (struct body_link){
			.url = slice_of(row->links[count].url),
			.shown = slice_of(row->links[count].text),
			.source = row->links[count].source,
		};
		(void)url_parse(to->url, clean, &u);
		assert_int_equal(
			arena_copy(a, url_host(&u), &to->host), RES_OK);
		to->has_userinfo = u.has_userinfo;
		to->is_idn = u.is_idn;
		to->is_address = u.is_address;
	}
	*facts = (struct body_facts){
		.is_known = true,
		.links = links,
		.link_count = count,
		.text = slice_make("", row->seen),
		.hidden = row->hidden,
	};
}

static void judges(void **state)
{
	const struct row *row = *state;
	const struct dkim_fact dkim = { .result = AUTH_PASS,
		.domain = slice_of("mail.sender.example") };
	struct auth_facts auth = {
		.dmarc = { .from_domain = slice_of("sender.example") },
		.dkim = &dkim,
		.dkim_count = row->is_proved,
	};
	struct arena *a = arena_new(65536);
	struct body_link links[LINKS_MAX];
	struct findings found = { .count = 0 };
	struct body_facts facts;
	struct psl *psl = NULL;
	struct buf got;
	struct check_input in = { .arena = a, .auth = &auth, .body = &facts };

	assert_int_equal(psl_open(&psl), RES_OK);
	in.service = psl;
	fill(&facts, links, row, a);
	buf_init(&got, 10000);
	assert_int_equal(links_step(&in, &found), CHECK_DONE);
	describe(&found, &got);
	assert_string_equal(buf_text(&got), row->want);
	buf_clear(&got);
	psl_close(psl);
	arena_free(a);
}

static void says_nothing_of_a_body_it_does_not_know(void **state)
{
	struct body_facts facts = { .is_known = false, .hidden = 10000 };
	struct findings found = { .count = 0 };
	const struct check_input in = { .body = &facts };

	(void)state;
	assert_int_equal(links_step(&in, &found), CHECK_DONE);
	assert_int_equal(found.count, 0);
}

#define LINK(url, text)                   \
	{                                 \
		url, text, BODY_LINK_HREF \
	}
#define BARE(url)                       \
	{                               \
		url, "", BODY_LINK_TEXT \
	}
#define JUDGES(name, want, ...) \
	CASE(name, judges,      \
		(&(const struct row){ { __VA_ARGS__ }, 0, 100, false, want }))
#define PROVED(name, want, ...) \
	CASE(name, judges,      \
		(&(const struct row){ { __VA_ARGS__ }, 0, 100, true, want }))
#define HIDDEN(name, hidden, seen, want) \
	CASE(name, judges,               \
		(&(const struct row){    \
			{ { NULL, NULL, 0 } }, hidden, seen, false, want }))

int main(void)
{
	const struct CMUnitTest cases[] = {
		JUDGES("an honest link", "miss\n",
			LINK("https://www.example.org/a", "read more")),
		JUDGES("a message without links", "miss\n", { NULL, NULL, 0 }),
		JUDGES("a name in one script is fine", "miss\n",
			LINK("https://m\xc3\xbcller.example/",
				"M\xc3\xbcller")),
		JUDGES("a name of two scripts",
			"idn 1.00 xn--pypal-4ve.example|a link leads to "
			"\"xn--pypal-4ve.example\" (p\xd0\xb0ypal.example): "
			"letters of several scripts\n",
			LINK("https://p\xd0\xb0ypal.example/x", "here")),
		JUDGES("an address",
			"ip 1.00 8.8.4.4|a link leads to the address "
			"8.8.4.4\n",
			LINK("http://8.8.4.4/x?y=z", "here")),
		JUDGES("an address in a text that tells of one weighs half",
			"ip 0.50 8.8.4.4|a link leads to the address "
			"8.8.4.4\n",
			BARE("http://8.8.4.4/x")),
		JUDGES("an address as one number weighs twice",
			"ip 2.00 8.8.4.4|a link leads to the address 8.8.4.4, "
			"written to hide it\n",
			LINK("http://134743044/x", "here")),
		JUDGES("the router at home is fine", "miss\n",
			LINK("http://192.168.1.1/", "here"),
			LINK("http://[::1]/", "here")),
		JUDGES("a host that is shown and another that is meant",
			"mismatch 1.00 evil.example|a link shows "
			"\"www.bank.com\" and leads to \"evil.example\"\n",
			LINK("http://evil.example/x", "https://www.bank.com/")),
		JUDGES("a host without www may be a brand: half",
			"mismatch 0.50 evil.example|a link shows \"bank.com\" "
			"and leads to \"evil.example\"\n",
			LINK("http://evil.example/x", " bank.com/login ")),
		JUDGES("two hosts of one organisation are fine", "miss\n",
			LINK("http://click.bank.co.uk/x", "www.bank.co.uk")),
		JUDGES("two of one suffix are not of one organisation",
			"mismatch 1.00 evil.co.uk|a link shows "
			"\"www.bank.co.uk\" and leads to \"evil.co.uk\"\n",
			LINK("http://evil.co.uk/x", "www.bank.co.uk")),
		JUDGES("a text that names a host among words is fine", "miss\n",
			LINK("http://news.example/x", "visit www.bank.com")),
		JUDGES("names of files are no hosts", "miss\n",
			LINK("http://forge.example/x", "setup.py"),
			LINK("http://forge.example/x", "README.md"),
			LINK("http://forge.example/x", "Node.js"),
			LINK("http://forge.example/x", "me@bank.com")),
		PROVED("of a sender who signs it weighs half",
			"mismatch 0.50 t.example|a link shows \"www.bank.com\" "
			"and leads to \"t.example\"\n",
			LINK("http://t.example/x", "www.bank.com")),
		PROVED("a brand in a link that is rewritten weighs little",
			"mismatch 0.12 t.example|a link shows \"bank.com\" "
			"and leads to \"t.example\"\n",
			LINK("http://t.example/?u=bank.com", "bank.com")),
		JUDGES("so does one that says where it will lead",
			"mismatch 0.50 t.example|a link shows \"www.bank.com\" "
			"and leads to \"t.example\"\n",
			LINK("http://t.example/?u=www.bank.com",
				"www.bank.com")),
		JUDGES("several weigh more, and are counted",
			"mismatch 1.50 a.example|a link shows \"www.bank.com\" "
			"and leads to \"a.example\", and 2 more\n",
			LINK("http://a.example/", "www.bank.com"),
			LINK("http://b.example/", "www.bank.com"),
			LINK("http://b.example/2", "www.bank.com"),
			LINK("http://c.example/", "www.bank.com")),
		JUDGES("a name before the host that is no host",
			"userinfo 0.50 forge.example|a link has something "
			"before an \"@\", and leads to \"forge.example\"\n",
			LINK("https://git@forge.example/x", "here")),
		JUDGES("a host before the host",
			"userinfo 1.00 evil.example|a link has something "
			"before an \"@\", and leads to \"evil.example\"\n",
			LINK("https://www.bank.com@evil.example/x", "here")),
		JUDGES("where an image comes from misleads nobody", "miss\n",
			{ "http://8.8.4.4/x", "", BODY_LINK_SRC }),
		HIDDEN("a preview is fine", 200, 1000, "miss\n"),
		HIDDEN("a long one in a long letter too", 1500, 5000, "miss\n"),
		HIDDEN("much hidden text", 3000, 5000,
			"hidden 1.00 |3000 octets of text are made invisible, "
			"5000 are seen\n"),
		HIDDEN("more hidden than seen", 3000, 500,
			"hidden 2.00 |3000 octets of text are made invisible, "
			"500 are seen\n"),
		cmocka_unit_test(says_nothing_of_a_body_it_does_not_know),
	};

	return cmocka_run_group_tests_name("heur/links", cases, NULL, NULL);
}
