/* SPDX-License-Identifier: BSD-2-Clause */
#include "heur/bulk.h"

#include "support/case.h"
#include "unit/heur/headerrig.h"

#include <string.h>

#define FROM "From: news@shop.example\r\n"
#define OUT "List-Unsubscribe: <https://shop.example/u?1>\r\n"
#define MAILTO "List-Unsubscribe: <mailto:u@shop.example>\r\n"
#define CLICK "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
#define ID "List-Id: News <news.shop.example>\r\n"
#define BOTH "From:List-Unsubscribe:list-unsubscribe-post:Date"

struct row {
	const char *header;
	const char *want;
	const char *signed_fields; /* NULL: no signature */
	enum auth_result result;
	bool is_null_sender;
	const char *link;
};

static void judges(void **state)
{
	const struct row *row = *state;
	struct dkim_fact signature = { .result = row->result };
	struct body_link link = { .url = slice_of(row->link) };
	struct headerrig r;

	headerrig_init(&r, "");
	signature.signed_fields = slice_of(row->signed_fields);
	r.auth.dkim_is_known = true;
	r.auth.dkim = &signature;
	r.auth.dkim_count = row->signed_fields != NULL;
	r.envelope.sender.is_null = row->is_null_sender;
	r.body = (struct body_facts){ .is_known = row->link != NULL,
		.links = &link,
		.link_count = row->link != NULL };
	headerrig_take(&r, slice_of(row->header));
	headerrig_run(&r, bulk_step);
	assert_string_equal(r.text, row->want);
	headerrig_clear(&r);
}

static void tells_nothing_of_a_cut_header(void **state)
{
	struct headerrig r;

	(void)state;
	headerrig_init(&r, "");
	headerrig_take(&r, slice_of(FROM ID));
	r.message.is_header_partial = true;
	headerrig_run(&r, bulk_step);
	assert_string_equal(r.text, "miss");
	headerrig_clear(&r);
}

static void waits_for_signatures(void **state)
{
	struct headerrig r;

	(void)state;
	headerrig_init(&r, "");
	headerrig_take(&r, slice_of(FROM ID OUT CLICK));
	headerrig_run(&r, bulk_step);
	assert_string_equal(r.text, "miss");
	r.auth.dkim_is_known = true;
	headerrig_run(&r, bulk_step);
	assert_string_equal(r.text, "unsigned_unsubscribe");
	headerrig_clear(&r);
}

#define ROW(text, head, expected, ...) \
	CASE(text, judges,             \
		(&(const struct row){  \
			.header = (head), .want = (expected), __VA_ARGS__ }))
#define NONE .link = NULL
#define SIGNED(fields, how) .signed_fields = (fields), .result = (how)

int main(void)
{
	const struct CMUnitTest cases[] = {
		ROW("a personal message", FROM, "miss", NONE),
		ROW("a receipt of a shop that uses a mass mailer",
			FROM "Feedback-ID: 1:shop\r\n", "miss", NONE),
		ROW("an automatic answer that says bulk",
			FROM "Precedence: bulk\r\n"
			     "Auto-Submitted: auto-replied\r\n",
			"miss", NONE),
		ROW("a bounce that says bulk", FROM "Precedence: bulk\r\n",
			"miss", .is_null_sender = true),
		ROW("a newsletter without a way out",
			FROM "Precedence: bulk\r\n", "no_unsubscribe", NONE),
		ROW("one that says it is not automatic",
			FROM "Precedence: bulk\r\nAuto-Submitted: no\r\n",
			"no_unsubscribe", NONE),
		ROW("one of a mass mailer",
			FROM "Feedback-ID: 1:shop\r\nX-Campaign: 1\r\n",
			"no_unsubscribe", NONE),
		ROW("a way out in the text", FROM "Precedence: bulk\r\n",
			"miss", .link = "https://shop.example/Unsubscribe?1"),
		ROW("links that lead elsewhere", FROM "Precedence: bulk\r\n",
			"no_unsubscribe", .link = "https://shop.example/"),
		ROW("an answer on a mailing list",
			FROM ID "In-Reply-To: <1@shop.example>\r\n", "miss",
			NONE),
		ROW("a post to a mailing list",
			FROM ID "List-Post: <mailto:l@shop.example>\r\n",
			"miss", NONE),
		ROW("one click, and signed", FROM ID OUT CLICK, "miss",
			SIGNED(BOTH, AUTH_PASS)),
		ROW("one click, and not signed", FROM ID OUT CLICK,
			"unsigned_unsubscribe", SIGNED("From:Date", AUTH_PASS)),
		ROW("one click, half of it signed", FROM ID OUT CLICK,
			"unsigned_unsubscribe",
			SIGNED("From:List-Unsubscribe", AUTH_PASS)),
		ROW("one click, and a broken signature", FROM ID OUT CLICK,
			"unsigned_unsubscribe", SIGNED(BOTH, AUTH_FAIL)),
		ROW("one click, and a key that nobody could ask for",
			FROM ID OUT CLICK, "miss",
			SIGNED(BOTH, AUTH_TEMPERROR)),
		ROW("a way out by mail only", FROM ID MAILTO CLICK,
			"no_one_click", SIGNED(BOTH, AUTH_PASS)),
		ROW("a way out of more than one click", FROM ID OUT,
			"no_one_click", SIGNED(BOTH, AUTH_PASS)),
		CASE("of a header that is cut nothing is said",
			tells_nothing_of_a_cut_header, NULL),
		CASE("signatures that are not known yet are none's fault",
			waits_for_signatures, NULL),
	};

	return cmocka_run_group_tests_name("heur/bulk", cases, NULL, NULL);
}
