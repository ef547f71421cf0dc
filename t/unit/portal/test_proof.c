/* SPDX-License-Identifier: BSD-2-Clause */
#include "portal/proof.h"

#include "base/arena.h"
#include "base/clock.h"
#include "conf/conf.h"
#include "net/psl.h"
#include "support/case.h"
#include "support/fake_dns.h"

#include <string.h>

#define R1 "1.2.0.192.in-addr.arpa"
#define TOKEN "0123456789abcdefghjkmnpqrs"

static const char conf_text[] =
	"host = \"mx.example.net\"\n"
	"portal_url = \"https://postmaster.example.net\"\n"
	"milter { socket = \"unix:/nowhere\" }\n"
	"redis { servers = {\"unix:/nowhere\"} }\n";

struct row {
	const char *mail;
	const char *sender_domain;
	const struct fake_record *records;
	const char *ptr;
	const char *name;
	const char *fits;
	const char *by;
};

/* What every question needs. The clock does not move, so nothing waits: what
 * has no answer is late at once. */
struct rig {
	struct fake_dns *fake;
	struct conf *conf;
	struct psl *psl;
	struct arena *arena;
	struct proof_dns dns;
	struct ipaddr ip;
};

static void set_up(struct rig *rig, const struct fake_record *records)
{
	struct buf errors;

	buf_init(&errors, 4096);
	assert_int_equal(conf_load_text("test", slice_of(conf_text), &rig->conf,
				 &errors),
		RES_OK);
	buf_clear(&errors);
	assert_int_equal(psl_open(&rig->psl), RES_OK);
	rig->fake = fake_dns_new(records);
	rig->arena = arena_new(1024 * 1024);
	rig->dns = (struct proof_dns){
		.source = fake_dns_source(rig->fake),
		.psl = rig->psl,
		.conf = rig->conf,
		.clock = clock_system(),
	};
	assert_int_equal(ipaddr_parse(&rig->ip, slice_of("192.0.2.1")), RES_OK);
}

static void tear_down(struct rig *rig)
{
	fake_dns_free(rig->fake);
	psl_close(rig->psl);
	arena_free(rig->arena);
	conf_release(rig->conf);
}

static void fits(void **state)
{
	const struct row *row = *state;
	struct proof_question q = {
		.mail = slice_of(row->mail),
		.sender_domain = slice_of(row->sender_domain),
	};
	struct proof_fit got;
	struct rig rig;

	set_up(&rig, row->records);
	q.ip = rig.ip;
	proof_find_fit(&rig.dns, &q, rig.arena, &got);
	assert_string_equal(grant_ptr_name(got.ptr.ptr), row->ptr);
	if (!slice_is_equal(got.ptr.name, slice_of(row->name)))
		fail_msg("name %.*s", SLICE_ARG(got.ptr.name));
	assert_string_equal(got.fits, row->fits);
	assert_string_equal(got.by, row->by);
	tear_down(&rig);
}

static void no_dns(void **state)
{
	struct proof_question q = { .mail = slice_of("joe@example.org") };
	struct proof_fit got;
	struct slice name;
	struct rig rig;
	static const struct fake_record none[] = { { NULL, NULL, NULL } };

	(void)state;
	set_up(&rig, none);
	rig.dns.source = NULL;
	q.ip = rig.ip;
	proof_find_fit(&rig.dns, &q, rig.arena, &got);
	assert_string_equal(grant_ptr_name(got.ptr.ptr), "unknown");
	assert_string_equal(got.fits, "unknown");
	assert_int_equal(
		proof_find_txt(&rig.dns, &rig.ip, TOKEN, rig.arena, &name),
		PROOF_TXT_UNKNOWN);
	tear_down(&rig);
}

struct txt_row {
	const struct fake_record *records;
	enum proof_txt want;
	const char *name;
};

static const char *txt_name(enum proof_txt t)
{
	static const char *const names[] = { "unknown", "found", "missing",
		"no name" };

	return names[t];
}

static void finds_txt(void **state)
{
	const struct txt_row *row = *state;
	struct slice name;
	struct rig rig;

	set_up(&rig, row->records);
	assert_string_equal(txt_name(proof_find_txt(&rig.dns, &rig.ip, TOKEN,
				    rig.arena, &name)),
		txt_name(row->want));
	if (!slice_is_equal(name, slice_of(row->name)))
		fail_msg("name %.*s", SLICE_ARG(name));
	tear_down(&rig);
}

static bool is_it(struct slice text, const char *want)
{
	return slice_is_equal(text, slice_of(want));
}

static void finds_a_record_of_any_name(void **state)
{
	static const struct fake_record records[] = {
		{ "_x.example.org", "TXT", "v=spf1 -all" },
		{ "_x.example.org", "TXT", "yes" },
		{ "_y.example.org", "TXT", "no" },
		{ "_z.example.org", "SERVFAIL", "" },
		{ NULL, NULL, NULL },
	};
	static const struct {
		const char *name;
		enum proof_txt want;
	} rows[] = {
		{ "_x.example.org", PROOF_TXT_FOUND },
		{ "_y.example.org", PROOF_TXT_MISSING },
		{ "_n.example.org", PROOF_TXT_MISSING },
		{ "_z.example.org", PROOF_TXT_UNKNOWN },
	};
	struct rig rig;

	(void)state;
	set_up(&rig, records);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(txt_name(proof_find_record(&rig.dns,
					    slice_of(rows[i].name), is_it,
					    "yes", rig.arena)),
			txt_name(rows[i].want));
	rig.dns.source = NULL;
	assert_string_equal(
		txt_name(proof_find_record(&rig.dns, slice_of(rows[0].name),
			is_it, "yes", rig.arena)),
		"unknown");
	tear_down(&rig);
}

struct held_row {
	const char *net;
	const char *name;
	const struct fake_record *records;
	const char *want;
};

static void holds(void **state)
{
	static const char *const words[] = { "unknown", "yes", "no" };
	const struct held_row *row = *state;
	struct cidr net;
	struct rig rig;

	set_up(&rig, row->records);
	assert_int_equal(cidr_parse(&net, slice_of(row->net)), RES_OK);
	assert_string_equal(words[proof_is_held(&rig.dns, &net,
				    slice_of(row->name), rig.arena)],
		row->want);
	tear_down(&rig);
}

#define HOST "mx.example.org"
#define NAMED                          \
	{ R1, "PTR", HOST },           \
	{                              \
		HOST, "A", "192.0.2.1" \
	}
#define FIT(text, mail, sender, ptr, name, is, by, ...)              \
	CASE(text, fits,                                             \
		(&(const struct row){ mail, sender,                  \
			(const struct fake_record[]){                \
				__VA_ARGS__, { NULL, NULL, NULL } }, \
			ptr, name, is, by }))
#define TXT(text, want, name, ...)                                   \
	CASE(text, finds_txt,                                        \
		(&(const struct txt_row){                            \
			(const struct fake_record[]){                \
				__VA_ARGS__, { NULL, NULL, NULL } }, \
			want, name }))

#define HELD(text, net, name, want, ...)                             \
	CASE(text, holds,                                            \
		(&(const struct held_row){ net, name,                \
			(const struct fake_record[]){                \
				__VA_ARGS__, { NULL, NULL, NULL } }, \
			want }))
#define R6                                                                 \
	"1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2." \
	"ip6.arpa"

int main(void)
{
	const struct CMUnitTest cases[] = {
		FIT("the domain of the refused sender fits", "joe@shop.example",
			"shop.example", "missing", "", "yes", "sender",
			{ "x.example", "A", "192.0.2.9" }),
		FIT("the name of the address is of the same organisation",
			"joe@mail.example.org", "", "confirmed", HOST, "yes",
			"ptr", NAMED),
		FIT("a name that does not point back proves nothing",
			"joe@example.org", "", "mismatch", HOST, "no", "",
			{ R1, "PTR", HOST }, { HOST, "A", "192.0.2.9" }),
		FIT("a public suffix is no organisation", "joe@other.co.uk", "",
			"confirmed", "mx.shop.co.uk", "no", "",
			{ R1, "PTR", "mx.shop.co.uk" },
			{ "mx.shop.co.uk", "A", "192.0.2.1" }),
		FIT("SPF of the domain passes for the address",
			"joe@shop.example", "", "missing", "", "yes", "spf",
			{ "shop.example", "TXT", "v=spf1 ip4:192.0.2.1 -all" }),
		FIT("SPF that fails does not fit", "joe@shop.example", "",
			"missing", "", "no", "",
			{ "shop.example", "TXT", "v=spf1 ip4:192.0.2.9 -all" }),
		FIT("a softfail is no pass", "joe@shop.example", "", "missing",
			"", "no", "", { "shop.example", "TXT", "v=spf1 ~all" }),
		FIT("no SPF does not fit", "joe@shop.example", "", "missing",
			"", "no", "", { "shop.example", "A", "192.0.2.9" }),
		FIT("SPF that cannot be asked for tells nothing",
			"joe@shop.example", "", "missing", "", "unknown", "",
			{ "shop.example", "SERVFAIL", "" }),
		FIT("a name that cannot be asked for tells nothing",
			"joe@shop.example", "", "unknown", "", "unknown", "",
			{ R1, "SERVFAIL", "" },
			{ "shop.example", "TXT", "v=spf1 -all" }),
		FIT("a name that cannot be asked for, and SPF that passes",
			"joe@shop.example", "", "unknown", "", "yes", "spf",
			{ R1, "SERVFAIL", "" },
			{ "shop.example", "TXT", "v=spf1 ip4:192.0.2.1 -all" }),
		FIT("without a mailbox nothing fits", "", "shop.example",
			"confirmed", HOST, "no", "", NAMED),
		CASE("without DNS nothing can be told", no_dns, NULL),
		cmocka_unit_test(finds_a_record_of_any_name),
		TXT("the record below the name is found", PROOF_TXT_FOUND, HOST,
			NAMED, { HOST, "TXT", "v=spf1 -all" },
			{ HOST, "TXT", PROOF_TXT TOKEN }),
		TXT("people write it in any case", PROOF_TXT_FOUND, HOST, NAMED,
			{ HOST, "TXT",
				" Reprieve-Delist=O123456789ABCDEFGHJKMNPQRS " }),
		TXT("another token does not count", PROOF_TXT_MISSING, HOST,
			NAMED,
			{ HOST, "TXT",
				PROOF_TXT "1123456789abcdefghjkmnpqrs" }),
		TXT("a token with more behind it does not count",
			PROOF_TXT_MISSING, HOST, NAMED,
			{ HOST, "TXT", PROOF_TXT TOKEN "0" }),
		TXT("no record", PROOF_TXT_MISSING, HOST, NAMED),
		TXT("a record below a name that does not point back",
			PROOF_TXT_NO_NAME, "", { R1, "PTR", HOST },
			{ HOST, "A", "192.0.2.9" },
			{ HOST, "TXT", PROOF_TXT TOKEN }),
		TXT("no name at all", PROOF_TXT_NO_NAME, "",
			{ HOST, "TXT", PROOF_TXT TOKEN }),
		TXT("a name that cannot be asked for", PROOF_TXT_UNKNOWN, "",
			{ R1, "SERVFAIL", "" }),
		HELD("a name and its address still agree", "192.0.2.1", HOST,
			"yes", NAMED),
		HELD("so do those of an IPv6 network", "2001:db8::/64", HOST,
			"yes", { HOST, "AAAA", "2001:db8::1" },
			{ R6, "PTR", HOST }),
		HELD("the PTR has another name now", "192.0.2.1", HOST, "no",
			{ R1, "PTR", "dyn-1.example.net" },
			{ HOST, "A", "192.0.2.1" }),
		HELD("the name leads elsewhere now", "192.0.2.1", HOST, "no",
			{ R1, "PTR", HOST }, { HOST, "A", "192.0.2.9" }),
		HELD("the name is gone", "192.0.2.1", HOST, "no",
			{ R1, "PTR", HOST }),
		HELD("DNS that fails ends nothing", "192.0.2.1", HOST,
			"unknown", { HOST, "SERVFAIL", "" }),
		HELD("nor does a PTR that cannot be asked for", "192.0.2.1",
			HOST, "unknown", { HOST, "A", "192.0.2.1" },
			{ R1, "TIMEOUT", "" }),
		HELD("an exception without a name hangs on nothing",
			"192.0.2.1", "", "yes", { R1, "PTR", HOST }),
	};

	return cmocka_run_group_tests_name("portal/proof", cases, NULL, NULL);
}
