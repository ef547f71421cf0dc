/* SPDX-License-Identifier: BSD-2-Clause */
/* What was judged, written and read again. */
#include "judge/factfile.h"

#include "support/case.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void add_finding(
	struct fact *f, const char *check, const char *detail, double factor)
{
	struct finding *one = findings_add(&f->findings, check);

	one->outcome = OUTCOME_HIT;
	one->detail = detail;
	one->factor = factor;
}

static void make(struct fact *f, uint64_t session)
{
	memset(f, 0, sizeof(*f));
	f->wall_ms = 1764000000123;
	f->session = session;
	f->stage = FACT_END;
	f->action = ACTION_MARK;
	f->would_be = ACTION_REJECT;
	f->score = 6.5;
	snprintf(f->ref, sizeof(f->ref), "7K3M9QXB2HTD4FZ6T");
	snprintf(f->rcpt_domain, sizeof(f->rcpt_domain), "example.org");
	snprintf(f->from_domain, sizeof(f->from_domain), "example.com");
	add_finding(f, "dnsbl", "listed", 4);
	add_finding(f, "from", "", 0);
	f->findings.item[1].shadow = true;
}

static void write_two(struct buf *out)
{
	static struct factfile_writer w;
	struct fact *f = malloc(sizeof(*f));

	memset(&w, 0, sizeof(w));
	buf_init(out, 1 << 16);
	buf_add_text(out, FACTFILE_MAGIC);
	make(f, 1);
	factfile_add(&w, f, out);
	f->session = 2;
	f->stage = FACT_RCPT;
	f->is_exempt = true;
	f->is_correspondent = true;
	f->findings.count = 0;
	factfile_add(&w, f, out);
	free(f);
	assert_int_equal(buf_result(out), RES_OK);
}

static void test_round_trip(void **state)
{
	struct factfile_reader *r;
	struct fact *f = malloc(sizeof(*f));
	struct buf text;

	(void)state;
	write_two(&text);
	assert_int_equal(factfile_open(&r, buf_slice(&text)), RES_OK);
	assert_int_equal(factfile_next(r, f), RES_OK);
	assert_int_equal(f->wall_ms, 1764000000123);
	assert_int_equal(f->session, 1);
	assert_int_equal(f->stage, FACT_END);
	assert_int_equal(f->action, ACTION_MARK);
	assert_int_equal(f->would_be, ACTION_REJECT);
	assert_true(f->score == 6.5);
	assert_string_equal(f->ref, "7K3M9QXB2HTD4FZ6T");
	assert_string_equal(f->rcpt_domain, "example.org");
	assert_string_equal(f->from_domain, "example.com");
	assert_int_equal(f->findings.count, 2);
	assert_string_equal(f->findings.item[0].check, "dnsbl");
	assert_string_equal(f->findings.item[0].detail, "listed");
	assert_true(f->findings.item[0].factor == 4);
	assert_int_equal(f->findings.item[0].outcome, OUTCOME_HIT);
	assert_false(f->findings.item[0].shadow);
	assert_string_equal(f->findings.item[1].check, "from");
	assert_string_equal(f->findings.item[1].detail, "");
	assert_true(f->findings.item[1].shadow);
	assert_false(f->is_correspondent);
	assert_int_equal(factfile_next(r, f), RES_OK);
	assert_int_equal(f->session, 2);
	assert_true(f->is_exempt);
	assert_true(f->is_correspondent);
	assert_int_equal(factfile_next(r, f), RES_MISSING);
	factfile_close(r);
	free(f);
	buf_clear(&text);
}

/* A process may end in the middle of a write. */
static void test_cut_anywhere(void **state)
{
	struct fact *f = malloc(sizeof(*f));
	struct buf text;
	size_t magic = strlen(FACTFILE_MAGIC);

	(void)state;
	write_two(&text);
	for (size_t len = magic; len < text.len; len++) {
		struct factfile_reader *r;
		enum result res;
		int whole = 0;

		assert_int_equal(
			factfile_open(&r, slice_make(text.at, len)), RES_OK);
		while ((res = factfile_next(r, f)) == RES_OK)
			whole++;
		assert_int_equal(res, RES_MISSING);
		assert_in_range(whole, 0, 1);
		factfile_close(r);
	}
	free(f);
	buf_clear(&text);
}

static void test_other_file(void **state)
{
	struct factfile_reader *r;

	(void)state;
	assert_int_equal(
		factfile_open(&r, slice_of("rp:block:192.0.2.1")), RES_SYNTAX);
	assert_null(r);
	factfile_close(r);
}

/* A number of a word that no record has given. */
static void test_nonsense(void **state)
{
	static const char bad[] = FACTFILE_MAGIC "\x03\x00X..";
	struct factfile_reader *r;
	struct fact *f = malloc(sizeof(*f));

	(void)state;
	assert_int_equal(
		factfile_open(&r, slice_make(bad, sizeof(bad) - 1)), RES_OK);
	assert_int_equal(factfile_next(r, f), RES_SYNTAX);
	factfile_close(r);
	free(f);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE("a fact is read as it was written", test_round_trip, NULL),
		CASE("a file that ends anywhere gives what is whole",
			test_cut_anywhere, NULL),
		CASE("another file is refused", test_other_file, NULL),
		CASE("a record that makes no sense is an error", test_nonsense,
			NULL),
	};

	return cmocka_run_group_tests_name("judge/factfile", cases, NULL, NULL);
}
