/* SPDX-License-Identifier: BSD-2-Clause */
#include "dns/asker.h"

#include "base/arena.h"
#include "base/clock.h"
#include "net/ipaddr.h"
#include "support/case.h"
#include "support/fake_dns.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

static const struct fake_record records[] = {
	{ "a.example", "A", "192.0.2.1" },
	{ "a.example", "TXT", "one|two" },
	{ "b.example", "CNAME", "a.example" },
	{ "c.d.example", "MX", "10 mx.example" },
	{ "fail.example", "SERVFAIL", "" },
	{ "bogus.example", "BOGUS", "" },
	{ "late.example", "TIMEOUT", "" },
	{ NULL, NULL, NULL },
};

struct place {
	struct fake_dns *dns;
	struct asker *asker;
	struct arena *arena;
};

static void open_place(struct place *p, unsigned max, unsigned timeout_ms)
{
	const struct asker_limits limits = { max, timeout_ms };

	p->dns = fake_dns_new(records);
	p->arena = arena_new(65536);
	p->asker = asker_new(fake_dns_source(p->dns), &limits, clock_system());
	assert_non_null(p->asker);
	asker_mark(p->asker);
}

static void close_place(struct place *p)
{
	asker_free(p->asker);
	fake_dns_free(p->dns);
	arena_free(p->arena);
}

struct row {
	const char *name;
	enum dns_type type;
	const char *status;
	const char *why;
};

static void answers(void **state)
{
	const struct row *row = *state;
	const struct dns_answer *a;
	struct place p;

	open_place(&p, 10, 1000);
	a = asker_ask(p.asker, slice_of(row->name), row->type);
	assert_non_null(a);
	assert_string_equal(dns_status_name(a->status), row->status);
	assert_string_equal(dns_why_text(a->why), row->why);
	close_place(&p);
}

static void same_question_is_sent_once(void **state)
{
	struct asker_count count;
	struct place p;

	(void)state;
	open_place(&p, 10, 1000);
	fake_dns_hold(p.dns, true);
	assert_null(asker_known(p.asker, slice_of("a.example"), DNS_A));
	assert_null(asker_ask(p.asker, slice_of("a.example"), DNS_A));
	assert_null(asker_ask(p.asker, slice_of("A.Example."), DNS_A));
	assert_null(asker_known(p.asker, slice_of("a.example"), DNS_A));
	assert_null(asker_ask(p.asker, slice_of("a.example"), DNS_TXT));
	assert_int_equal(fake_dns_asked(p.dns), 2);
	assert_int_equal(fake_dns_let_go(p.dns), 2);
	assert_non_null(asker_ask(p.asker, slice_of("a.EXAMPLE"), DNS_A));
	assert_non_null(asker_known(p.asker, slice_of("A.example"), DNS_A));
	assert_int_equal(fake_dns_asked(p.dns), 2);
	asker_read_count(p.asker, &count);
	assert_int_equal(count.asked, 2);
	assert_int_equal(count.sent, 2);
	assert_int_equal(count.failed, 0);
	close_place(&p);
}

static void what_is_asked_apart_takes_nothing(void **state)
{
	static const struct asker_limits apart = { 3, 1000 };
	struct asker_count count;
	struct place p;
	char name[32];

	(void)state;
	open_place(&p, 10, 1000);
	fake_dns_hold(p.dns, true);
	for (int i = 0; i < 3; i++) {
		snprintf(name, sizeof(name), "l%d.example", i);
		assert_null(asker_ask_apart(
			p.asker, slice_of(name), DNS_A, &apart));
	}
	assert_string_equal(dns_why_text(asker_ask_apart(p.asker,
				    slice_of("l9.example"), DNS_A, &apart)
						 ->why),
		"too many questions for one message");
	for (int i = 0; i < 10; i++) {
		snprintf(name, sizeof(name), "m%d.example", i);
		assert_null(asker_ask(p.asker, slice_of(name), DNS_A));
	}
	assert_int_equal(
		asker_ask(p.asker, slice_of("m10.example"), DNS_A)->why,
		DNS_WHY_BUDGET);
	asker_read_count(p.asker, &count);
	assert_int_equal(count.sent, 13);
	/* The next message has all of it again. */
	asker_release(p.asker);
	assert_null(asker_ask_apart(
		p.asker, slice_of("l9.example"), DNS_A, &apart));
	close_place(&p);
}

static void what_is_asked_apart_has_its_own_time(void **state)
{
	static const struct asker_limits apart = { 3, 1 };
	int64_t end = clock_mono_ms(clock_system()) + 20000;
	const struct dns_answer *a;
	struct place p;
	uint64_t seen;

	(void)state;
	open_place(&p, 10, 60000);
	fake_dns_hold(p.dns, true);
	seen = asker_seen(p.asker);
	assert_null(asker_ask(p.asker, slice_of("a.example"), DNS_A));
	assert_null(
		asker_ask_apart(p.asker, slice_of("l.example"), DNS_A, &apart));
	assert_true(asker_wait(p.asker, seen, end));
	a = asker_ask_apart(p.asker, slice_of("l.example"), DNS_A, &apart);
	assert_non_null(a);
	assert_string_equal(dns_why_text(a->why), "no answer in time");
	assert_null(asker_ask(p.asker, slice_of("a.example"), DNS_A));
	close_place(&p);
}

static void *let_go(void *dns)
{
	while (fake_dns_let_go(dns) == 0)
		;
	return NULL;
}

static void waits_for_another_thread(void **state)
{
	int64_t end = clock_mono_ms(clock_system()) + 20000;
	const struct dns_answer *a;
	pthread_t thread;
	struct place p;
	uint64_t seen;

	(void)state;
	open_place(&p, 10, 30000);
	fake_dns_hold(p.dns, true);
	seen = asker_seen(p.asker);
	assert_null(asker_ask(p.asker, slice_of("b.example"), DNS_A));
	assert_int_equal(pthread_create(&thread, NULL, let_go, p.dns), 0);
	assert_true(asker_wait(p.asker, seen, end));
	a = asker_ask(p.asker, slice_of("b.example"), DNS_A);
	assert_non_null(a);
	assert_int_equal(a->status, DNS_FOUND);
	assert_int_equal(a->rdata[0].len, 4);
	pthread_join(thread, NULL);
	/* Nothing is on its way: there is nothing to wait for. */
	assert_false(asker_wait(p.asker, asker_seen(p.asker), end));
	close_place(&p);
}

static void a_question_has_its_own_deadline(void **state)
{
	int64_t start = clock_mono_ms(clock_system());
	const struct dns_answer *a;
	struct place p;
	uint64_t seen;

	(void)state;
	open_place(&p, 10, 30);
	seen = asker_seen(p.asker);
	assert_null(asker_ask(p.asker, slice_of("late.example"), DNS_A));
	assert_true(asker_wait(p.asker, seen, start + 60000));
	a = asker_ask(p.asker, slice_of("late.example"), DNS_A);
	assert_non_null(a);
	assert_int_equal(a->why, DNS_WHY_TIMEOUT);
	assert_true(clock_mono_ms(clock_system()) - start >= 30);
	close_place(&p);
}

static void expired_means_no_more_waiting(void **state)
{
	const struct dns_answer *a;
	struct place p;
	uint64_t seen;

	(void)state;
	open_place(&p, 10, 60000);
	seen = asker_seen(p.asker);
	assert_null(asker_ask(p.asker, slice_of("late.example"), DNS_A));
	assert_false(asker_wait(p.asker, seen, clock_mono_ms(clock_system())));
	asker_expire(p.asker);
	a = asker_ask(p.asker, slice_of("late.example"), DNS_A);
	assert_non_null(a);
	assert_int_equal(a->why, DNS_WHY_TIMEOUT);
	a = asker_ask(p.asker, slice_of("a.example"), DNS_A);
	assert_non_null(a);
	assert_int_equal(a->why, DNS_WHY_TIMEOUT);
	/* The next message may ask again. */
	asker_release(p.asker);
	asker_mark(p.asker);
	a = asker_ask(p.asker, slice_of("a.example"), DNS_A);
	assert_int_equal(a->status, DNS_FOUND);
	close_place(&p);
}

static void one_owner_leaves_room_for_others(void **state)
{
	const struct dns_answer *a;
	struct place p;

	(void)state;
	open_place(&p, 4, 1000);
	fake_dns_hold(p.dns, true);
	asker_own(p.asker, 1, 50);
	assert_null(asker_ask(p.asker, slice_of("1.example"), DNS_A));
	assert_null(asker_ask(p.asker, slice_of("2.example"), DNS_A));
	a = asker_ask(p.asker, slice_of("3.example"), DNS_A);
	assert_non_null(a);
	assert_int_equal(a->why, DNS_WHY_BUDGET);
	/* What is asked already costs nobody anything. */
	assert_null(asker_ask(p.asker, slice_of("1.example"), DNS_A));
	asker_own(p.asker, 2, 100);
	assert_null(asker_ask(p.asker, slice_of("3.example"), DNS_A));
	assert_null(asker_ask(p.asker, slice_of("4.example"), DNS_A));
	a = asker_ask(p.asker, slice_of("5.example"), DNS_A);
	assert_non_null(a);
	assert_int_equal(a->why, DNS_WHY_BUDGET);
	asker_release(p.asker);
	asker_mark(p.asker);
	asker_own(p.asker, 1, 50);
	assert_null(asker_ask(p.asker, slice_of("5.example"), DNS_A));
	close_place(&p);
}

/* Else a late answer would turn what is final into what is not. */
static void over_the_budget_stays_so(void **state)
{
	const struct dns_answer *a;
	struct place p;

	(void)state;
	open_place(&p, 1, 1000);
	fake_dns_hold(p.dns, true);
	assert_null(asker_ask(p.asker, slice_of("1.example"), DNS_A));
	asker_expire(p.asker);
	a = asker_ask(p.asker, slice_of("1.example"), DNS_A);
	assert_non_null(a);
	assert_int_equal(a->why, DNS_WHY_TIMEOUT);
	a = asker_ask(p.asker, slice_of("2.example"), DNS_A);
	assert_non_null(a);
	assert_int_equal(a->why, DNS_WHY_BUDGET);
	close_place(&p);
}

static void the_budget_is_of_one_message(void **state)
{
	static const char *const names[] = { "1.example", "2.example",
		"3.example" };
	const struct dns_answer *a;
	struct place p;

	(void)state;
	open_place(&p, 2, 1000);
	fake_dns_hold(p.dns, true);
	assert_null(asker_ask(p.asker, slice_of(names[0]), DNS_A));
	assert_null(asker_ask(p.asker, slice_of(names[1]), DNS_A));
	a = asker_ask(p.asker, slice_of(names[2]), DNS_A);
	assert_non_null(a);
	assert_int_equal(a->status, DNS_UNKNOWN);
	assert_int_equal(a->why, DNS_WHY_BUDGET);
	asker_release(p.asker);
	asker_mark(p.asker);
	assert_null(asker_ask(p.asker, slice_of(names[2]), DNS_A));
	close_place(&p);
}

static void known_answers_are_bounded_too(void **state)
{
	const struct dns_answer *a = NULL;
	struct place p;
	char name[32];

	(void)state;
	open_place(&p, 2, 1000);
	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "%d.example", i);
		a = asker_ask(p.asker, slice_of(name), DNS_A);
		assert_non_null(a);
	}
	assert_int_equal(a->why, DNS_WHY_BUDGET);
	assert_true(fake_dns_asked(p.dns) < 12);
	close_place(&p);
}

static void what_was_asked_before_a_message_stays(void **state)
{
	struct place p;

	(void)state;
	open_place(&p, 10, 1000);
	fake_dns_hold(p.dns, true);
	assert_null(asker_ask(p.asker, slice_of("a.example"), DNS_A));
	asker_mark(p.asker);
	assert_null(asker_ask(p.asker, slice_of("a.example"), DNS_TXT));
	asker_release(p.asker);
	assert_int_equal(fake_dns_let_go(p.dns), 1);
	assert_non_null(asker_ask(p.asker, slice_of("a.example"), DNS_A));
	assert_int_equal(fake_dns_asked(p.dns), 2);
	close_place(&p);
}

static void no_resolver_is_no_answer(void **state)
{
	const struct asker_limits limits = { 10, 1000 };
	struct asker *asker = asker_new(NULL, &limits, clock_system());
	const struct dns_answer *a;

	(void)state;
	a = asker_ask(asker, slice_of("a.example"), DNS_A);
	assert_non_null(a);
	assert_int_equal(a->status, DNS_UNKNOWN);
	assert_int_equal(a->why, DNS_WHY_DOWN);
	asker_free(asker);
}

static void rdata_is_read(void **state)
{
	const struct dns_answer *a;
	struct slice text, name;
	uint16_t preference;
	struct place p;

	(void)state;
	open_place(&p, 10, 1000);
	a = asker_ask(p.asker, slice_of("a.example"), DNS_TXT);
	assert_int_equal(dns_txt_join(a->rdata[0], p.arena, &text), RES_OK);
	assert_true(slice_is_equal(text, slice_of("onetwo")));
	a = asker_ask(p.asker, slice_of("c.d.example"), DNS_MX);
	assert_int_equal(dns_mx_split(a->rdata[0], &preference, &name), RES_OK);
	assert_int_equal(preference, 10);
	assert_int_equal(dns_name_text(name, p.arena, &text), RES_OK);
	assert_true(slice_is_equal(text, slice_of("mx.example")));
	close_place(&p);
}

struct wire_row {
	const char *wire;
	size_t len;
	const char *text; /* NULL: refused */
};

static void wire_names(void **state)
{
	const struct wire_row *row = *state;
	struct arena *arena = arena_new(4096);
	struct slice text;
	enum result res =
		dns_name_text(slice_make(row->wire, row->len), arena, &text);

	if (row->text == NULL) {
		assert_string_equal(result_name(res), "syntax");
	} else {
		assert_string_equal(result_name(res), "ok");
		assert_true(slice_is_equal(text, slice_of(row->text)));
	}
	arena_free(arena);
}

static void broken_txt(void **state)
{
	struct arena *arena = arena_new(4096);
	struct slice text;

	(void)state;
	assert_int_equal(
		dns_txt_join(slice_make("\3ab", 3), arena, &text), RES_SYNTAX);
	assert_int_equal(
		dns_txt_join(slice_make("", 0), arena, &text), RES_SYNTAX);
	assert_int_equal(
		dns_txt_join(slice_make("\0", 1), arena, &text), RES_OK);
	assert_int_equal(text.len, 0);
	assert_int_equal(
		dns_txt_join(slice_make("\3a\0b", 4), arena, &text), RES_OK);
	assert_int_equal(text.len, 3);
	arena_free(arena);
}

static void reverse_names(void **state)
{
	struct ipaddr ip;
	char name[80];

	(void)state;
	assert_int_equal(ipaddr_parse(&ip, slice_of("192.0.2.1")), RES_OK);
	assert_string_equal(
		dns_reverse_name(&ip, name), "1.2.0.192.in-addr.arpa");
	assert_int_equal(
		ipaddr_parse(&ip, slice_of("2001:db8::567:89ab")), RES_OK);
	assert_string_equal(dns_reverse_name(&ip, name),
		"b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0."
		"2.ip6.arpa");
}

#define LABEL_63 \
	"123456789012345678901234567890123456789012345678901234567890123"

int main(void)
{
	static const struct row found = { "a.example", DNS_A, "found", "" };
	static const struct row alias = { "b.example", DNS_TXT, "found", "" };
	static const struct row nodata = { "a.example", DNS_MX, "nodata", "" };
	static const struct row above = { "d.example", DNS_MX, "nodata", "" };
	static const struct row none = { "x.example", DNS_A, "nxdomain", "" };
	static const struct row fail = { "fail.example", DNS_A, "unknown",
		"server failure" };
	static const struct row bogus = { "bogus.example", DNS_A, "unknown",
		"DNSSEC validation failed" };
	static const struct row empty_label = { "a..example", DNS_A, "nxdomain",
		"no such name can exist" };
	static const struct row first_dot = { ".example", DNS_A, "nxdomain",
		"no such name can exist" };
	static const struct row nothing = { "", DNS_A, "nxdomain",
		"no such name can exist" };
	static const struct row label_63 = { LABEL_63 ".example", DNS_A,
		"nxdomain", "" };
	static const struct row label_64 = { LABEL_63 "4.example", DNS_A,
		"nxdomain", "no such name can exist" };
	static const struct row name_254 = { LABEL_63 "." LABEL_63 "." LABEL_63
						      "." LABEL_63,
		DNS_A, "nxdomain", "no such name can exist" };
	static const struct wire_row plain = { "\1a\2bc\0", 6, "a.bc" };
	static const struct wire_row root = { "\0", 1, "." };
	static const struct wire_row odd = { "\4a.\\ \0", 6,
		"a\\046\\092\\032" };
	static const struct wire_row cut = { "\3ab\0", 4, NULL };
	static const struct wire_row pointer = { "\300\14", 2, NULL };
	static const struct wire_row tail = { "\1a\0x", 4, NULL };
	static const struct wire_row endless = { "\1a", 2, NULL };
	static const struct wire_row empty = { "", 0, NULL };
	const struct CMUnitTest cases[] = {
		CASE("what is asked apart takes nothing from a message",
			what_is_asked_apart_takes_nothing, NULL),
		CASE("what is asked apart has a time of its own",
			what_is_asked_apart_has_its_own_time, NULL),
		CASE("a record that is there is found", answers, &found),
		CASE("an alias is followed", answers, &alias),
		CASE("a name without that type has no data", answers, &nodata),
		CASE("a name above another exists", answers, &above),
		CASE("a name that is not there is so", answers, &none),
		CASE("a server failure is no answer", answers, &fail),
		CASE("a forged answer is no answer", answers, &bogus),
		CASE("an empty label can not be asked", answers, &empty_label),
		CASE("nor one in front", answers, &first_dot),
		CASE("nor nothing", answers, &nothing),
		CASE("63 octets are a label", answers, &label_63),
		CASE("64 are none", answers, &label_64),
		CASE("254 octets are no name", answers, &name_254),
		CASE("the same question is sent once",
			same_question_is_sent_once, NULL),
		CASE("an answer of another thread ends the wait",
			waits_for_another_thread, NULL),
		CASE("a question has a deadline of its own",
			a_question_has_its_own_deadline, NULL),
		CASE("past the command's time nothing is waited for",
			expired_means_no_more_waiting, NULL),
		CASE("who asks for much leaves room for others",
			one_owner_leaves_room_for_others, NULL),
		CASE("what is over the budget stays so",
			over_the_budget_stays_so, NULL),
		CASE("the budget is of one message",
			the_budget_is_of_one_message, NULL),
		CASE("answers known at once are bounded, too",
			known_answers_are_bounded_too, NULL),
		CASE("what was asked before a message stays",
			what_was_asked_before_a_message_stays, NULL),
		CASE("without a resolver nothing is known",
			no_resolver_is_no_answer, NULL),
		CASE("TXT, MX and names are read", rdata_is_read, NULL),
		CASE("a wire name becomes text", wire_names, &plain),
		CASE("the root is a dot", wire_names, &root),
		CASE("odd octets are escaped", wire_names, &odd),
		CASE("a cut label is no name", wire_names, &cut),
		CASE("a pointer is no name", wire_names, &pointer),
		CASE("octets behind the root are none", wire_names, &tail),
		CASE("a name without root is none", wire_names, &endless),
		CASE("no octets are none", wire_names, &empty),
		CASE("a broken TXT is seen", broken_txt, NULL),
		CASE("an address has its reverse name", reverse_names, NULL),
	};

	return cmocka_run_group_tests_name("dns/asker", cases, NULL, NULL);
}
