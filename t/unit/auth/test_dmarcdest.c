/* SPDX-License-Identifier: BSD-2-Clause */
#include "auth/dmarcdest.h"

#include "base/buf.h"
#include "base/clock.h"
#include "conf/conf.h"
#include "net/psl.h"
#include "support/case.h"
#include "support/fake_dns.h"

#include <inttypes.h>
#include <string.h>

static const struct fake_record records[] = {
	{ "_dmarc.a.example", "TXT",
		"v=DMARC1; p=none; rua=mailto:d@a.example" },
	{ "_dmarc.two.example", "TXT", "v=DMARC1; p=none" },
	{ "_dmarc.two.example", "TXT", "v=DMARC1; p=reject" },
	{ "_dmarc.down.example", "SERVFAIL", "" },
	{ "a.example._report._dmarc.yes.example", "TXT", "v=DMARC1" },
	{ "a.example._report._dmarc.semicolon.example", "TXT", "v=DMARC1;" },
	{ "a.example._report._dmarc.text.example", "TXT", "hello" },
	{ "a.example._report._dmarc.beside.example", "TXT", "hello" },
	{ "a.example._report._dmarc.beside.example", "TXT", "v=DMARC1" },
	{ "a.example._report._dmarc.late.example", "TXT", "x; v=DMARC1" },
	{ "a.example._report._dmarc.other.example", "TXT",
		"v=DMARC1; rua=mailto:new@other.example!1k; "
		"ruf=mailto:f@other.example" },
	{ "a.example._report._dmarc.away.example", "TXT",
		"v=DMARC1; rua=mailto:new@victim.example" },
	{ "a.example._report._dmarc.mixed.example", "TXT",
		"v=DMARC1; rua=mailto:x@mixed.example,mailto:y@victim.example" },
	{ "a.example._report._dmarc.down.example", "SERVFAIL", "" },
	{ "a.example._report._dmarc.unsure.example", "SERVFAIL", "" },
	{ "x.a.example", "A", "192.0.2.1" },
	{ NULL, NULL, NULL },
};

struct row {
	const char *domain;
	const char *mailbox;
	enum dmarcdest_word want;
	const char *to;
	enum dmarcdest_kind kind;
};

struct desk {
	struct fake_dns *dns;
	struct conf *conf;
	struct dmarcdest *dest;
};

static void open_desk(struct desk *d)
{
	struct buf errors;

	buf_init(&errors, 4096);
	assert_int_equal(
		conf_load_text("test",
			slice_of("host = \"mx.example.net\"\n"
				 "portal_url = \"https://p.example.net\"\n"
				 "milter { socket = \"inet:1@127.0.0.1\" }\n"
				 "redis { servers = {\"unix:/nowhere\"} }\n"
				 "dns { timeout_ms = 200 end_ms = 400 }\n"),
			&d->conf, &errors),
		RES_OK);
	buf_clear(&errors);
	d->dns = fake_dns_new(records);
	d->dest = dmarcdest_new(
		fake_dns_source(d->dns), d->conf, clock_system(), NULL);
	assert_non_null(d->dest);
}

static void close_desk(struct desk *d)
{
	dmarcdest_free(d->dest);
	fake_dns_free(d->dns);
	conf_release(d->conf);
}

static void decides(void **state)
{
	const struct row *row = *state;
	struct dmarcuri uri = { .limit = 0 }, to[DMARCURI_MAX];
	struct desk d;
	struct buf got;
	size_t count;
	enum dmarcdest_word word;

	open_desk(&d);
	buf_init(&got, 1024);
	assert_int_equal(
		mailbox_parse(slice_of(row->mailbox), uri.mailbox), RES_OK);
	word = dmarcdest_ask(
		d.dest, slice_of(row->domain), row->kind, &uri, to, &count);
	assert_string_equal(dmarcdest_word(word), dmarcdest_word(row->want));
	for (size_t i = 0; i < count; i++) {
		buf_add_format(&got, "%s%s", i > 0 ? " " : "", to[i].mailbox);
		if (to[i].limit > 0)
			buf_add_format(&got, "!%" PRIu64, to[i].limit);
	}
	assert_string_equal(buf_text(&got), row->to);
	buf_clear(&got);
	close_desk(&d);
}

static void a_record_is_asked_anew(void **state)
{
	struct slice text = slice_of("as it was");
	struct desk d;

	(void)state;
	open_desk(&d);
	assert_int_equal(
		dmarcdest_record(d.dest, slice_of("a.example"), &text), RES_OK);
	assert_true(slice_has_prefix(text, slice_of("v=DMARC1; p=none; rua")));
	assert_int_equal(
		dmarcdest_record(d.dest, slice_of("no.example"), &text),
		RES_MISSING);
	assert_int_equal(
		dmarcdest_record(d.dest, slice_of("two.example"), &text),
		RES_MISSING);
	text = slice_of("as it was");
	assert_int_equal(
		dmarcdest_record(d.dest, slice_of("down.example"), &text),
		RES_DOWN);
	assert_true(slice_is_equal(text, slice_of("as it was")));
	close_desk(&d);
}

/* Where the list says what an organisation is, the walk is not asked. */
static void by_the_public_suffix_list(void **state)
{
	struct dmarcuri uri = { .mailbox = "d@x.b.co.uk" }, to[DMARCURI_MAX];
	struct psl *psl = NULL;
	struct desk d;
	size_t count;

	(void)state;
	open_desk(&d);
	dmarcdest_free(d.dest);
	assert_int_equal(psl_open(&psl), RES_OK);
	d.dest = dmarcdest_new(
		fake_dns_source(d.dns), d.conf, clock_system(), psl);
	assert_non_null(d.dest);
	assert_int_equal(dmarcdest_ask(d.dest, slice_of("b.co.uk"),
				 DMARCDEST_RUA, &uri, to, &count),
		DMARCDEST_OWN);
	assert_int_equal(fake_dns_asked(d.dns), 0);
	assert_int_equal(dmarcdest_ask(d.dest, slice_of("c.co.uk"),
				 DMARCDEST_RUA, &uri, to, &count),
		DMARCDEST_REFUSED);
	assert_int_equal(count, 0);
	close_desk(&d);
	psl_close(psl);
}

/* A name that DNS cannot hold is nobody's consent. */
static void a_name_that_is_too_long(void **state)
{
	struct dmarcuri uri = { .mailbox = "d@yes.example" }, to[DMARCURI_MAX];
	char name[HOSTNAME_MAX];
	struct desk d;
	size_t count;

	(void)state;
	open_desk(&d);
	memset(name, 'a', 239);
	for (size_t i = 50; i < 239; i += 50)
		name[i] = '.';
	memcpy(name + 231, ".example", 9);
	assert_int_equal(dmarcdest_ask(d.dest, slice_of(name), DMARCDEST_RUA,
				 &uri, to, &count),
		DMARCDEST_REFUSED);
	assert_int_equal(count, 0);
	close_desk(&d);
}

#define ROW(name, ...) \
	CASE(name, decides, (&(const struct row){ "a.example", __VA_ARGS__ }))

int main(void)
{
	const struct CMUnitTest cases[] = {
		ROW("the same domain", "d@a.example", DMARCDEST_OWN,
			"d@a.example", DMARCDEST_RUA),
		ROW("one below it", "d@x.a.example", DMARCDEST_OWN,
			"d@x.a.example", DMARCDEST_RUA),
		ROW("a stranger who agrees", "d@yes.example", DMARCDEST_AGREED,
			"d@yes.example", DMARCDEST_RUA),
		ROW("the same with a semicolon", "d@semicolon.example",
			DMARCDEST_AGREED, "d@semicolon.example", DMARCDEST_RUA),
		ROW("with another text beside it", "d@beside.example",
			DMARCDEST_AGREED, "d@beside.example", DMARCDEST_RUA),
		ROW("a stranger", "d@victim.example", DMARCDEST_REFUSED, "",
			DMARCDEST_RUA),
		ROW("a text that is no record", "d@text.example",
			DMARCDEST_REFUSED, "", DMARCDEST_RUA),
		ROW("v= is not the first", "d@late.example", DMARCDEST_REFUSED,
			"", DMARCDEST_RUA),
		ROW("another address there", "d@other.example",
			DMARCDEST_AGREED, "new@other.example!1024",
			DMARCDEST_RUA),
		ROW("another address for failures", "d@other.example",
			DMARCDEST_AGREED, "f@other.example", DMARCDEST_RUF),
		ROW("another address elsewhere", "d@away.example",
			DMARCDEST_REFUSED, "", DMARCDEST_RUA),
		ROW("one of two elsewhere", "d@mixed.example",
			DMARCDEST_REFUSED, "", DMARCDEST_RUA),
		ROW("consent that cannot be had", "d@unsure.example",
			DMARCDEST_UNKNOWN, "", DMARCDEST_RUA),
		ROW("an organisation that cannot be had", "d@down.example",
			DMARCDEST_UNKNOWN, "", DMARCDEST_RUA),
		cmocka_unit_test(a_record_is_asked_anew),
		cmocka_unit_test(a_name_that_is_too_long),
		cmocka_unit_test(by_the_public_suffix_list),
	};

	return cmocka_run_group_tests_name("auth/dmarcdest", cases, NULL, NULL);
}
