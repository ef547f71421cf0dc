/* SPDX-License-Identifier: BSD-2-Clause */
#include "auth/author.h"

#include "base/arena.h"
#include "support/case.h"

struct row {
	struct message message;
	const char *kind;
	const char *domain;
};

static void finds(void **state)
{
	const struct row *row = *state;
	struct arena *a = arena_new(1000);
	struct slice domain;

	assert_string_equal(
		from_kind_name(author_find(&row->message, a, &domain)),
		row->kind);
	if (!slice_is_equal(domain, slice_of(row->domain)))
		fail_msg("%.*s", SLICE_ARG(domain));
	arena_free(a);
}

#define TEXT(text)                       \
	{                                \
		(text), sizeof(text) - 1 \
	}
#define FIELD(n, v)                               \
	{                                         \
		.name = TEXT(n), .value = TEXT(v) \
	}
#define ROW(text, head, kind, domain)                                       \
	CASE(text, finds,                                                   \
		(&(const struct row){ { .fields = (head),                   \
					      .field_count = sizeof(head) / \
						      sizeof((head)[0]) },  \
			(kind), (domain) }))

int main(void)
{
	static const struct field one[] = { FIELD("Subject", " x"),
		FIELD("FROM", " A <a@Example.ORG.>"), FIELD("To", " b@x") };
	static const struct field none[] = { FIELD("Subject", " From: a@b") };
	static const struct field twice[] = { FIELD("From", " a@example.org"),
		FIELD("from", " a@example.org") };
	static const struct field two[] = { FIELD(
		"From", " a@example.org, b@example.net") };
	static const struct field many[] = { FIELD("From",
		" a@1.org,a@2.org,a@3.org,a@4.org,a@5.org,a@6.org,a@7.org,"
		"a@8.org,a@9.org") };
	static const struct field alike[] = { FIELD(
		"From", " a@m\xc3\xbcller.example, b@XN--MLLER-kva.example") };
	static const struct field unicode[] = { FIELD(
		"From", " a@M\xc3\xbcller.example") };
	static const struct field literal[] = { FIELD(
		"From", " a@[192.0.2.1]") };
	static const struct field number[] = { FIELD("From", " a@192.0.2.1") };
	static const struct field dots[] = { FIELD("From", " a@example..org") };
	static const struct field bad[] = { FIELD("From", " a@\xff\xfe.org") };
	static const struct field spoilt[] = { FIELD(
		"From", " a@example.org, b@-.org") };
	static const struct field garbage[] = { FIELD("From", " undisclosed") };
	static const struct field cut[] = { { .name = TEXT("From"),
		.value = TEXT(" a@example.org"),
		.is_cut = true } };
	static const struct row partial = {
		{ .fields = one, .field_count = 3, .is_header_partial = true },
		"one", "example.org"
	};
	static const struct row lost = { { .fields = one,
						 .field_count = 3,
						 .is_header_partial = true,
						 .is_from_lost = true },
		"unknown", "" };
	static const struct row late = {
		{ .is_header_partial = true,
			.late_from_count = 1,
			.late_from = { FIELD("From", " a@example.org") } },
		"one", "example.org"
	};
	static const struct row one_more_late = {
		{ .fields = one,
			.field_count = 3,
			.is_header_partial = true,
			.late_from_count = 1,
			.late_from = { FIELD("From", " a@example.org") } },
		"several From fields", ""
	};
	static const struct row partial_twice = { { .fields = twice,
							  .field_count = 2,
							  .is_header_partial =
								  true },
		"several From fields", "" };
	const struct CMUnitTest cases[] = {
		ROW("one author", one, "one", "example.org"),
		ROW("a U-label is made an A-label", unicode, "one",
			"xn--mller-kva.example"),
		ROW("U-label and A-label are one domain", alike, "one",
			"xn--mller-kva.example"),
		ROW("no From field", none, "no From field", ""),
		ROW("two From fields, though they say the same", twice,
			"several From fields", ""),
		ROW("two domains", two, "authors of several domains", ""),
		ROW("nine domains", many, "authors of several domains", ""),
		ROW("an address literal", literal,
			"a From field that is no address", ""),
		ROW("an address as the domain", number,
			"a From field that is no address", ""),
		ROW("an empty label", dots, "a From field that is no address",
			""),
		ROW("octets that are no text", bad,
			"a From field that is no address", ""),
		ROW("one good address and one bad", spoilt,
			"a From field that is no address", ""),
		ROW("no address", garbage, "a From field that is no address",
			""),
		ROW("a field that was cut is what the reader sees", cut, "one",
			"example.org"),
		CASE("a From field that could not be kept", finds, &lost),
		CASE("a From field behind a thousand others", finds, &late),
		CASE("a second one behind a thousand others", finds,
			&one_more_late),
		CASE("a header that was cut tells nothing", finds, &partial),
		CASE("unless it has two already", finds, &partial_twice),
	};

	return cmocka_run_group_tests_name("auth/author", cases, NULL, NULL);
}
