/* SPDX-License-Identifier: BSD-2-Clause */
#include "auth/headerhash.h"

#include "base/arena.h"
#include "fact/message.h"
#include "support/case.h"

#include <string.h>

static const struct field header[] = {
	{ { "Subject", 7 }, { " top", 4 }, false },
	{ { "To", 2 }, { " x", 2 }, true },
	{ { "SUBJECT", 7 }, { " middle", 7 }, false },
	{ { "Sig", 3 }, { " h; b=abc; t", 12 }, false },
	{ { "From", 4 }, { " me", 3 }, false },
	{ { "subject", 7 }, { " bottom", 7 }, false },
	{ { "sig", 3 }, { " other", 6 }, false },
};

struct row {
	const char *names;
	enum canon how;
	const char *want; /* text that is hashed */
	bool is_cut;
};

static void hashes(void **state)
{
	const struct row *row = *state;
	const struct message m = { .fields = header,
		.field_count = sizeof(header) / sizeof(header[0]) };
	struct arena *a = arena_new(65536);
	struct headerhash *h = headerhash_new(&m, a);
	const struct headerhash_input in = { .how = row->how,
		.names = slice_of(row->names),
		.own = &header[3],
		.b_tag = slice_part(header[3].value, 6, 3) };
	struct headerhash_output out;
	uint8_t want[SHA256_LEN];

	assert_int_equal(sha256(slice_of(row->want), want), RES_OK);
	/* Twice: one signature must not use up what the next one covers. */
	for (int i = 0; i < 2; i++) {
		assert_int_equal(headerhash_make(h, &in, &out), RES_OK);
		assert_memory_equal(out.digest, want, SHA256_LEN);
		assert_int_equal(out.is_cut, row->is_cut);
	}
	arena_free(a);
}

static void tells_the_work(void **state)
{
	const struct message m = { .fields = header,
		.field_count = sizeof(header) / sizeof(header[0]) };
	struct arena *a = arena_new(65536);
	struct headerhash *h = headerhash_new(&m, a);
	struct headerhash_input in = { .names = slice_of("from:nothing:from"),
		.own = &header[3],
		.b_tag = slice_part(header[3].value, 6, 3) };
	struct headerhash_output out;

	(void)state;
	assert_int_equal(headerhash_make(h, &in, &out), RES_OK);
	assert_int_equal(out.octets, 12 + 4 + 3);
	arena_free(a);
}

static void takes_an_empty_header(void **state)
{
	const struct message m = { .field_count = 0 };
	struct arena *a = arena_new(65536);
	struct headerhash *h = headerhash_new(&m, a);
	const struct headerhash_input in = { .how = CANON_RELAXED,
		.names = slice_of("from:to"),
		.own = &header[3],
		.b_tag = slice_part(header[3].value, 6, 3) };
	struct headerhash_output out;
	uint8_t want[SHA256_LEN];

	(void)state;
	assert_int_equal(headerhash_make(h, &in, &out), RES_OK);
	assert_int_equal(sha256(slice_of("sig:h; b=; t"), want), RES_OK);
	assert_memory_equal(out.digest, want, SHA256_LEN);
	arena_free(a);
}

#define OWN "sig:h; b=; t"
#define ROW(text, names, how, want, is_cut) \
	CASE(text, hashes, (&(struct row){ names, how, want, is_cut }))

int main(void)
{
	const struct CMUnitTest cases[] = {
		ROW("fields come in the order of the names", "subject:from",
			CANON_RELAXED, "subject:bottom\r\nfrom:me\r\n" OWN,
			false),
		ROW("a name that is there again takes the next one up",
			"Subject:Subject:From:Subject", CANON_RELAXED,
			"subject:bottom\r\nsubject:middle\r\nfrom:me\r\n"
			"subject:top\r\n" OWN,
			false),
		ROW("a name too many stands for nothing", "from:from:from:cc",
			CANON_RELAXED, "from:me\r\n" OWN, false),
		ROW("blanks around names make no difference",
			" from \r\n\t: subject", CANON_RELAXED,
			"from:me\r\nsubject:bottom\r\n" OWN, false),
		ROW("no name is no field", "", CANON_RELAXED, OWN, false),
		ROW("an empty name is no field", ":from::", CANON_RELAXED,
			"from:me\r\n" OWN, false),
		ROW("simple keeps each octet", "subject:subject", CANON_SIMPLE,
			"subject: bottom\r\nSUBJECT: middle\r\n"
			"Sig: h; b=; t",
			false),
		ROW("its own field is not taken by name", "sig:sig:sig",
			CANON_RELAXED, "sig:other\r\n" OWN, false),
		ROW("a field that may be cut is told", "to", CANON_RELAXED,
			"to:x\r\n" OWN, true),
		CASE("the work is told", tells_the_work, NULL),
		CASE("an empty header is taken", takes_an_empty_header, NULL),
	};

	return cmocka_run_group_tests_name(
		"auth/headerhash", cases, NULL, NULL);
}
