/* SPDX-License-Identifier: BSD-2-Clause */
#include "auth/treewalk.h"

#include "base/arena.h"
#include "base/clock.h"
#include "dns/asker.h"
#include "net/psl.h"
#include "support/case.h"
#include "support/fake_dns.h"

#include <stdio.h>
#include <string.h>

struct row {
	const char *domain;
	struct fake_record records[8];
	/* organisational domain, and where the record is that applies */
	const char *want;
	size_t asked; /* 0: does not matter */
};

struct rig {
	struct fake_dns *dns;
	struct asker *asker;
	struct arena *arena;
	struct arena *scratch;
	struct treewalk_book book;
};

static void set_up(struct rig *r, const struct fake_record *records)
{
	static const struct asker_limits limits = { 40, 1000 };

	r->dns = fake_dns_new(records);
	r->asker = asker_new(fake_dns_source(r->dns), &limits, clock_system());
	r->arena = arena_new(200000);
	r->scratch = arena_new(80000);
	r->book = (struct treewalk_book){
		.arena = r->arena, .scratch = r->scratch, .dns = r->asker
	};
}

static void tear_down(struct rig *r)
{
	asker_free(r->asker);
	fake_dns_free(r->dns);
	arena_free(r->arena);
	arena_free(r->scratch);
}

static void show(const struct treewalk *w, char *out, size_t size)
{
	struct slice organisation =
		treewalk_organisation(w, TREEWALK_GUESS_NONE);
	const struct treewalk_page *page =
		treewalk_policy(w, TREEWALK_GUESS_NONE);
	struct slice where = page != NULL ? page->domain : slice_of("-");

	snprintf(out, size, "%.*s %.*s%s", SLICE_ARG(organisation),
		SLICE_ARG(where), treewalk_is_unknown(w) ? " unknown" : "");
}

/* All is asked at once: one round of answers is enough. */
static void walks(void **state)
{
	const struct row *row = *state;
	struct treewalk walk;
	struct rig rig;
	char got[300];

	set_up(&rig, row->records);
	fake_dns_hold(rig.dns, true);
	assert_int_equal(
		treewalk_ask(&rig.book, slice_of(row->domain), &walk), RES_OK);
	assert_true(treewalk_is_waiting(&walk));
	if (row->asked > 0)
		assert_int_equal(fake_dns_asked(rig.dns), row->asked);
	(void)fake_dns_let_go(rig.dns);
	asker_expire(rig.asker);
	assert_int_equal(
		treewalk_ask(&rig.book, slice_of(row->domain), &walk), RES_OK);
	assert_false(treewalk_is_waiting(&walk));
	show(&walk, got, sizeof(got));
	assert_string_equal(got, row->want);
	tear_down(&rig);
}

static void asks_a_name_once(void **state)
{
	struct treewalk walk;
	struct rig rig;

	(void)state;
	set_up(&rig, NULL);
	fake_dns_hold(rig.dns, true);
	assert_int_equal(
		treewalk_ask(&rig.book, slice_of("a.example.com"), &walk),
		RES_OK);
	assert_int_equal(
		treewalk_ask(&rig.book, slice_of("b.example.com"), &walk),
		RES_OK);
	/* a.example.com, b.example.com, example.com, com */
	assert_int_equal(fake_dns_asked(rig.dns), 4);
	tear_down(&rig);
}

static void knows_nothing_without_a_resolver(void **state)
{
	struct treewalk walk;
	struct rig rig;

	(void)state;
	set_up(&rig, NULL);
	rig.book.dns = NULL;
	assert_int_equal(
		treewalk_ask(&rig.book, slice_of("example.com"), &walk),
		RES_OK);
	assert_true(treewalk_is_unknown(&walk));
	assert_false(treewalk_is_waiting(&walk));
	tear_down(&rig);
}

static void knows_nothing_without_memory(void **state)
{
	static const struct fake_record records[] = {
		{ "_dmarc.example.com", "TXT",
			"v=DMARC1; p=none; rua=mailto:a-reporter-with-a-name-"
			"that-takes-as-much-memory-as-the-page-it-is-on@"
			"reports.of.our.services.dmarc.example.com,mailto:"
			"another-reporter-with-a-long-name@example.com" },
		{ NULL, NULL, NULL }
	};
	const size_t page = sizeof(struct treewalk_page) + 16;
	struct arena *small = arena_new(2 * page);
	struct treewalk walk;
	struct rig rig;

	(void)state;
	set_up(&rig, records);
	rig.book.arena = small;
	assert_int_equal(
		treewalk_ask(&rig.book, slice_of("example.com"), &walk),
		RES_OK);
	assert_true(treewalk_is_unknown(&walk));
	assert_int_equal(
		treewalk_ask(&rig.book, slice_of("org"), &walk), RES_NOMEM);
	arena_free(small);
	tear_down(&rig);
}

/* Long text beside the record takes no memory, a long record is refused. */
static void bounds_what_it_keeps(void **state)
{
	static char junk[60000], record[6000];
	struct treewalk walk;
	struct rig rig;

	(void)state;
	memset(junk, 'x', sizeof(junk) - 1);
	memset(record, ' ', sizeof(record) - 1);
	memcpy(record, "v=DMARC1;", 9);
	set_up(&rig, NULL);
	for (int i = 0; i < 4; i++)
		fake_dns_add(rig.dns, "_dmarc.example.com", "TXT", junk);
	fake_dns_add(rig.dns, "_dmarc.example.com", "TXT", "v=DMARC1; p=none");
	fake_dns_add(rig.dns, "_dmarc.example.net", "TXT", record);
	assert_int_equal(
		treewalk_ask(&rig.book, slice_of("example.com"), &walk),
		RES_OK);
	assert_int_equal(walk.page[0]->status, TREEWALK_RECORD);
	assert_true(arena_used(rig.arena) < 1000);
	assert_int_equal(
		treewalk_ask(&rig.book, slice_of("example.net"), &walk),
		RES_OK);
	assert_int_equal(walk.page[0]->status, TREEWALK_UNKNOWN);
	assert_int_equal(walk.page[0]->why, DNS_WHY_TOOBIG);
	tear_down(&rig);
}

static void expects_without_memory(void **state)
{
	struct treewalk walk;
	struct rig rig;

	(void)state;
	set_up(&rig, NULL);
	treewalk_expect(&rig.book, slice_of("com"));
	assert_int_equal(fake_dns_asked(rig.dns), 1);
	assert_int_equal(arena_used(rig.arena), 0);
	assert_int_equal(
		treewalk_ask(&rig.book, slice_of("com"), &walk), RES_OK);
	assert_int_equal(fake_dns_asked(rig.dns), 1);
	tear_down(&rig);
}

/* What stands at a name that could not be asked decides. */
static void guesses(void **state)
{
	static const struct fake_record records[] = {
		{ "_dmarc.example.com", "TXT", "v=DMARC1; p=none" },
		{ "_dmarc.com", "SERVFAIL", "" }, { NULL, NULL, NULL }
	};
	static const char *const want[TREEWALK_GUESSES] = {
		[TREEWALK_GUESS_NONE] = "example.com",
		[TREEWALK_GUESS_RECORD] = "com",
		[TREEWALK_GUESS_PSD_Y] = "example.com",
		[TREEWALK_GUESS_PSD_N] = "com",
	};
	struct treewalk walk;
	struct rig rig;

	(void)state;
	set_up(&rig, records);
	assert_int_equal(
		treewalk_ask(&rig.book, slice_of("a.example.com"), &walk),
		RES_OK);
	assert_true(treewalk_is_unknown(&walk));
	for (int i = 0; i < TREEWALK_GUESSES; i++) {
		struct slice got =
			treewalk_organisation(&walk, (enum treewalk_guess)i);

		if (!slice_is_equal(got, slice_of(want[i])))
			fail_msg("%d: %.*s", i, SLICE_ARG(got));
	}
	tear_down(&rig);
}

static void goes_by_the_list(void **state)
{
	static const struct fake_record records[] = {
		{ "_dmarc.mail.example.co.uk", "TXT",
			"v=DMARC1; p=none; psd=n" },
		{ "_dmarc.example.co.uk", "TXT", "v=DMARC1; p=reject" },
		{ NULL, NULL, NULL }
	};
	struct treewalk walk;
	struct psl *psl;
	struct rig rig;
	char got[300];

	(void)state;
	assert_int_equal(psl_open(&psl), RES_OK);
	set_up(&rig, records);
	assert_int_equal(treewalk_ask_psl(&rig.book,
				 slice_of("mail.example.co.uk"), psl, &walk),
		RES_OK);
	show(&walk, got, sizeof(got));
	assert_string_equal(got, "example.co.uk mail.example.co.uk");
	assert_int_equal(treewalk_ask_psl(&rig.book,
				 slice_of("a.b.example.co.uk"), psl, &walk),
		RES_OK);
	show(&walk, got, sizeof(got));
	assert_string_equal(got, "example.co.uk example.co.uk");
	assert_int_equal(fake_dns_asked(rig.dns), 3);
	psl_close(psl);
	tear_down(&rig);
}

#define NONE "v=DMARC1; p=none"

int main(void)
{
	static const struct row fewest = { "a.mail.example.com",
		{ { "_dmarc.mail.example.com", "TXT", NONE },
			{ "_dmarc.example.com", "TXT", NONE } },
		"example.com example.com", 4 };
	static const struct row psd_n = { "a.mail.example.com",
		{ { "_dmarc.mail.example.com", "TXT", NONE "; psd=n" },
			{ "_dmarc.example.com", "TXT", NONE } },
		"mail.example.com mail.example.com", 4 };
	static const struct row psd_y = { "a.mail.example.com",
		{ { "_dmarc.com", "TXT", NONE "; psd=y" } }, "example.com com",
		4 };
	static const struct row psd_y_inside = { "a.mail.example.com",
		{ { "_dmarc.example.com", "TXT", NONE "; psd=y" },
			{ "_dmarc.com", "TXT", NONE } },
		"mail.example.com example.com", 4 };
	static const struct row registry = { "example.bank",
		{ { "_dmarc.bank", "TXT",
			"v=DMARC1; p=reject; sp=reject; psd=y" } },
		"example.bank bank", 2 };
	static const struct row registry_itself = { "bank",
		{ { "_dmarc.bank", "TXT", "v=DMARC1; p=reject; psd=y" } },
		"bank bank", 1 };
	static const struct row psd_at_start = { "gov.example",
		{ { "_dmarc.gov.example", "TXT", NONE "; psd=y" },
			{ "_dmarc.example", "TXT", NONE } },
		"gov.example gov.example", 2 };
	static const struct row own_first = { "mail.example.com",
		{ { "_dmarc.mail.example.com", "TXT", NONE },
			{ "_dmarc.example.com", "TXT", NONE } },
		"example.com mail.example.com", 3 };
	static const struct row psd_below_org = { "a.example.com",
		{ { "_dmarc.example.com", "TXT", NONE },
			{ "_dmarc.com", "TXT", NONE "; psd=y" } },
		"example.com example.com", 3 };
	static const struct row nothing = { "a.mail.example.com",
		{ { NULL, NULL, NULL } }, "a.mail.example.com -", 4 };
	static const struct row eight = { "1.2.3.4.5.6.example.com",
		{ { "_dmarc.com", "TXT", NONE "; psd=y" } }, "example.com com",
		8 };
	static const struct row thirteen = {
		"a.b.c.d.e.f.g.h.i.j.mail.example.com",
		{ { "_dmarc.h.i.j.mail.example.com", "TXT", NONE },
			{ "_dmarc.b.c.d.e.f.g.h.i.j.mail.example.com", "TXT",
				NONE "; psd=n" } },
		"h.i.j.mail.example.com h.i.j.mail.example.com", 8
	};
	static const struct row long_psd = {
		"a.b.c.d.e.f.g.h.i.j.mail.example.com",
		{ { "_dmarc.g.h.i.j.mail.example.com", "TXT",
			NONE "; psd=y" } },
		"f.g.h.i.j.mail.example.com g.h.i.j.mail.example.com", 8
	};
	static const struct row several = { "a.example.com",
		{ { "_dmarc.a.example.com", "TXT", NONE },
			{ "_dmarc.a.example.com", "TXT", "v=DMARC1;psd=n" },
			{ "_dmarc.a.example.com", "TXT", NONE },
			{ "_dmarc.example.com", "TXT", NONE } },
		"example.com example.com", 3 };
	static const struct row other_texts = { "example.com",
		{ { "_dmarc.example.com", "TXT", "v=spf1 -all" },
			{ "_dmarc.example.com", "TXT", "" },
			{ "_dmarc.example.com", "TXT", NONE },
			{ "_dmarc.example.com", "TXT", "v=dmarc1; p=reject" } },
		"example.com example.com", 2 };
	static const struct row strings = { "example.com",
		{ { "_dmarc.example.com", "TXT", "v=DM|ARC1; p=no|ne" } },
		"example.com example.com", 2 };
	static const struct row alias = { "example.com",
		{ { "_dmarc.example.com", "CNAME", "d.example.net" },
			{ "d.example.net", "TXT", NONE } },
		"example.com example.com", 2 };
	static const struct row failed = { "a.example.com",
		{ { "_dmarc.example.com", "SERVFAIL", "" },
			{ "_dmarc.com", "TXT", NONE } },
		"com com unknown", 3 };
	static const struct row failed_above_stop = { "a.example.com",
		{ { "_dmarc.a.example.com", "TXT", NONE "; psd=n" },
			{ "_dmarc.example.com", "TIMEOUT", "" },
			{ "_dmarc.com", "BOGUS", "" } },
		"a.example.com a.example.com", 3 };
	const struct CMUnitTest cases[] = {
		CASE("the record with the fewest labels (RFC 9989 s4.10.2)",
			walks, &fewest),
		CASE("psd=n ends it (RFC 9989 s4.10.2)", walks, &psd_n),
		CASE("psd=y is one above (RFC 9989 s4.10.2)", walks, &psd_y),
		CASE("psd=y within a domain", walks, &psd_y_inside),
		CASE("a registry speaks for what has no record", walks,
			&registry),
		CASE("a registry speaks for itself", walks, &registry_itself),
		CASE("psd=y at the start is no bound below it", walks,
			&psd_at_start),
		CASE("the author's own record comes first", walks, &own_first),
		CASE("a registry is not asked when the domain has a record",
			walks, &psd_below_org),
		CASE("no record at all", walks, &nothing),
		CASE("eight labels are eight questions", walks, &eight),
		CASE("thirteen labels are eight questions (RFC 9989 s4.10)",
			walks, &thirteen),
		CASE("one below what was asked was not asked", walks,
			&long_psd),
		CASE("of several records none counts", walks, &several),
		CASE("other TXT beside it do not matter", walks, &other_texts),
		CASE("a record in several strings", walks, &strings),
		CASE("a record behind a CNAME", walks, &alias),
		CASE("a failure is told", walks, &failed),
		CASE("a failure above psd=n does not matter", walks,
			&failed_above_stop),
		CASE("a name is asked once", asks_a_name_once, NULL),
		CASE("without a resolver nothing is known",
			knows_nothing_without_a_resolver, NULL),
		CASE("without memory nothing is known",
			knows_nothing_without_memory, NULL),
		CASE("text beside the record takes no memory",
			bounds_what_it_keeps, NULL),
		CASE("what is expected is only asked for",
			expects_without_memory, NULL),
		CASE("what is not known can be guessed", guesses, NULL),
		CASE("the Public Suffix List is another way", goes_by_the_list,
			NULL),
	};

	return cmocka_run_group_tests_name("auth/treewalk", cases, NULL, NULL);
}
