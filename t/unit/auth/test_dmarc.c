/* SPDX-License-Identifier: BSD-2-Clause */
#include "auth/dmarc.h"

#include "base/arena.h"
#include "base/clock.h"
#include "conf/conf.h"
#include "dns/asker.h"
#include "fact/trust.h"
#include "net/hostname.h"
#include "net/psl.h"
#include "support/case.h"
#include "support/fake_dns.h"

#include <stdio.h>
#include <string.h>

enum { SIGNERS_MAX = 2 };

struct row {
	const char *from; /* value; NULL: no such field */
	const char *mode; /* NULL: "treewalk" */
	const char *spf; /* domain that passes, or NULL */
	const char *dkim[SIGNERS_MAX]; /* domains that pass */
	struct fake_record records[6];
	/* ARC: NULL for none, else the first hop's results; a "?" in front:
	 * the sealer is not trusted. */
	const char *arc;
	const char *list; /* in the configuration */
	const char *trusted; /* in Redis; "?" : it can not be asked */
	const char *want; /* "outcome detail" of each finding, with commas */
	const char *evidence; /* of the finding "dmarc"; NULL: any */
};

struct rig {
	struct fake_dns *dns;
	struct asker *asker;
	struct arena *arena;
	struct psl *psl;
	struct conf conf;
	char mode[16];
	char list[64];
	char *lists[1];
	struct conn conn;
	struct envelope envelope;
	struct field field[1 + SIGNERS_MAX];
	char value[SIGNERS_MAX][100];
	struct message message;
	struct dkim_fact dkim[SIGNERS_MAX];
	struct auth_facts auth;
	struct trust_source trust;
	unsigned trust_asks;
	const char *trusted;
	struct dmarc_service service;
	void *state;
	struct check_input in;
};

static enum result find_trust(
	void *ctx, const char *kind, struct slice domain, bool *found)
{
	struct rig *r = ctx;

	assert_string_equal(kind, "list");
	r->trust_asks++;
	*found = false;
	if (r->trusted == NULL)
		return RES_OK;
	if (strcmp(r->trusted, "?") == 0)
		return RES_DOWN;
	*found = hostname_is_within(domain, slice_of(r->trusted));
	return RES_OK;
}

static void add_field(struct rig *r, const char *name, const char *value)
{
	r->field[r->message.field_count++] =
		(struct field){ .name = slice_of(name),
			.value = slice_of(value) };
}

static void set_message(struct rig *r, const struct row *row)
{
	r->message.fields = r->field;
	if (row->from != NULL)
		add_field(r, "From", row->from);
	for (size_t i = 0; i < SIGNERS_MAX && row->dkim[i] != NULL; i++) {
		snprintf(r->value[i], sizeof(r->value[i]),
			" v=1; a=rsa-sha256; d=%s; s=x; h=from; bh=; b=",
			row->dkim[i]);
		add_field(r, "DKIM-Signature", r->value[i]);
		r->dkim[i] = (struct dkim_fact){ .result = AUTH_PASS,
			.domain = slice_of(row->dkim[i]) };
		r->auth.dkim_count++;
	}
	r->auth.dkim = r->dkim;
	if (row->spf != NULL)
		r->envelope.sender.domain = slice_of(row->spf);
}

static void set_conf(struct rig *r, const struct row *row)
{
	snprintf(r->mode, sizeof(r->mode), "%s",
		row->mode == NULL ? "treewalk" : row->mode);
	r->conf.auth.dmarc_mode = r->mode;
	r->conf.dkim.signatures_max = 8;
	if (row->list != NULL) {
		snprintf(r->list, sizeof(r->list), "%s", row->list);
		r->lists[0] = r->list;
		r->conf.auth.known_lists = r->lists;
		r->conf.auth.known_list_count = 1;
	}
	r->trusted = row->trusted;
}

static void set_up(struct rig *r, const struct row *row)
{
	static const struct asker_limits limits = { 40, 1000 };

	*r = (struct rig){ .dns = fake_dns_new(row->records),
		.arena = arena_new(100000) };
	r->asker = asker_new(fake_dns_source(r->dns), &limits, clock_system());
	assert_int_equal(psl_open(&r->psl), RES_OK);
	set_conf(r, row);
	set_message(r, row);
	r->trust = (struct trust_source){ find_trust, r };
	r->service = (struct dmarc_service){ r->psl, &r->trust };
	r->in = (struct check_input){ .conf = &r->conf,
		.conn = &r->conn,
		.envelope = &r->envelope,
		.message = &r->message,
		.auth = &r->auth,
		.dns = r->asker,
		.arena = r->arena,
		.service = &r->service,
		.state = &r->state };
	fake_dns_hold(r->dns, true);
}

static void tear_down(struct rig *r)
{
	if (r->state != NULL)
		dmarc_clear(r->state);
	asker_free(r->asker);
	fake_dns_free(r->dns);
	arena_free(r->arena);
	psl_close(r->psl);
}

static void prove(struct rig *r, const struct row *row)
{
	r->auth.dkim_is_known = true;
	r->auth.mailfrom.result = row->spf != NULL ? AUTH_PASS : AUTH_NONE;
	r->auth.mailfrom.domain = slice_of(row->spf);
}

static void seal(struct rig *r, const struct row *row)
{
	struct arc_fact *arc = &r->auth.arc;

	arc->result = row->arc == NULL ? AUTH_NONE : AUTH_PASS;
	if (row->arc == NULL)
		return;
	arc->is_trusted = row->arc[0] != '?';
	arc->first_results = slice_of(row->arc + !arc->is_trusted);
}

/* As a session does: the end of the header, the other checks, the report. */
static void run(struct rig *r, const struct row *row, struct findings *found)
{
	int rounds = 0;

	(void)dmarc_step(&r->in, NULL);
	(void)fake_dns_let_go(r->dns);
	arena_reset(r->arena);
	prove(r, row);
	seal(r, row);
	r->in.body_ended = true;
	while (dmarc_step(&r->in, found) == CHECK_WAITING) {
		assert_int_equal(found->count, 0);
		if (fake_dns_let_go(r->dns) == 0)
			asker_expire(r->asker);
		assert_true(rounds++ < 3);
	}
}

static void show(const struct findings *found, char *out, size_t size)
{
	int n = 0;

	for (size_t i = 0; i < found->count; i++)
		n += snprintf(out + n, size - (size_t)n, "%s%s %s",
			i == 0 ? "" : ", ",
			outcome_name(found->item[i].outcome),
			found->item[i].detail);
}

static void reports(void **state)
{
	const struct row *row = *state;
	struct findings found = { .count = 0 };
	struct rig rig;
	char got[400] = "";

	set_up(&rig, row);
	run(&rig, row, &found);
	show(&found, got, sizeof(got));
	assert_string_equal(got, row->want);
	assert_string_equal(found.item[0].check, "from");
	assert_string_equal(found.item[1].check, "dmarc");
	snprintf(got, sizeof(got), "%.*s", SLICE_ARG(found.item[1].evidence));
	if (row->evidence != NULL)
		assert_string_equal(got, row->evidence);
	tear_down(&rig);
}

static void facts_are_complete(void **state)
{
	static const struct row row = { .from = " a@M\xc3\xbcller.example",
		.dkim = { "xn--mller-kva.example" },
		.records = { { "_dmarc.xn--mller-kva.example", "TXT",
			"v=DMARC1; p=reject; adkim=s" } } };
	struct findings found = { .count = 0 };
	const struct dmarc_fact *f;
	struct rig rig;

	(void)state;
	set_up(&rig, &row);
	run(&rig, &row, &found);
	f = &rig.auth.dmarc;
	assert_string_equal(from_kind_name(rig.auth.from_kind), "one");
	assert_string_equal(auth_result_name(f->result), "pass");
	assert_true(slice_is_equal(
		f->from_domain, slice_of("xn--mller-kva.example")));
	assert_true(slice_is_equal(f->policy_domain, f->from_domain));
	assert_true(slice_is_equal(f->org_domain, f->from_domain));
	assert_true(slice_is_equal(f->aligned_domain, f->from_domain));
	assert_true(slice_is_equal(
		f->record, slice_of("v=DMARC1; p=reject; adkim=s")));
	assert_string_equal(f->policy_tag, "p");
	assert_string_equal(f->discovery, "treewalk");
	assert_true(f->dkim_aligned && !f->spf_aligned);
	assert_true(f->strict_dkim && !f->strict_spf);
	assert_string_equal(
		auth_result_name(rig.auth.dmarc_other.result), "unknown");
	tear_down(&rig);
}

/* SPF, DKIM and, for a failure, ARC are waited for; nothing is said before. */
static void waits_for_the_others(void **state)
{
	static const struct row row = { .from = " a@example.com",
		.records = { { "_dmarc.example.com", "TXT",
			"v=DMARC1; p=reject" } } };
	struct findings found = { .count = 0 };
	struct rig rig;

	(void)state;
	set_up(&rig, &row);
	assert_int_equal(dmarc_step(&rig.in, NULL), CHECK_WAITING);
	(void)fake_dns_let_go(rig.dns);
	assert_int_equal(dmarc_step(&rig.in, &found), CHECK_WAITING);
	rig.auth.dkim_is_known = true;
	assert_int_equal(dmarc_step(&rig.in, &found), CHECK_WAITING);
	rig.auth.mailfrom.result = AUTH_FAIL;
	assert_int_equal(dmarc_step(&rig.in, &found), CHECK_WAITING);
	assert_int_equal(found.count, 0);
	rig.auth.arc.result = AUTH_NONE;
	assert_int_equal(dmarc_step(&rig.in, &found), CHECK_DONE);
	assert_int_equal(found.count, 2);
	tear_down(&rig);
}

/* s5.3.1: it is over before anything is asked. */
static void asks_nothing_without_an_author(void **state)
{
	static const struct row row = {
		.from = " a@example.com, b@example.net"
	};
	struct findings found = { .count = 0 };
	struct rig rig;

	(void)state;
	set_up(&rig, &row);
	assert_int_equal(dmarc_step(&rig.in, NULL), CHECK_DONE);
	assert_int_equal(dmarc_step(&rig.in, &found), CHECK_DONE);
	assert_int_equal(fake_dns_asked(rig.dns), 0);
	assert_string_equal(from_kind_name(rig.auth.from_kind),
		"authors of several domains");
	tear_down(&rig);
}

/* Its keys could not be had: trusted or not, it may explain the failure. */
static void leaves_open_what_a_chain_could_say(void **state)
{
	static const struct row row = { .from = " a@example.com",
		.records = { { "_dmarc.example.com", "TXT",
			"v=DMARC1; p=reject" } } };
	static const struct arc_set sets[] = {
		{ .sealer = { "a.example.net", 13 } },
		{ .sealer = { "example.org", 11 } }
	};
	static const char *const want[] = { "temperror", "fail_reject" };
	char *trusted[] = { (char[]){ "example.net" },
		(char[]){ "example.org" } };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct findings found = { .count = 0 };
		struct rig rig;

		set_up(&rig, &row);
		rig.conf.arc.trusted = trusted;
		rig.conf.arc.trusted_count = 2 - i;
		prove(&rig, &row);
		rig.auth.arc = (struct arc_fact){
			.result = AUTH_TEMPERROR, .sets = sets, .set_count = 2
		};
		fake_dns_hold(rig.dns, false);
		assert_int_equal(dmarc_step(&rig.in, &found), CHECK_DONE);
		assert_string_equal(found.item[1].detail, want[i]);
		tear_down(&rig);
	}
}

static void knows_no_author_of_half_a_header(void **state)
{
	static const struct row row = { .from = " a@example.com",
		.dkim = { "example.com" },
		.records = { { "_dmarc.example.com", "TXT",
			"v=DMARC1; p=reject" } } };
	struct findings found = { .count = 0 };
	struct rig rig;
	char got[100];

	(void)state;
	set_up(&rig, &row);
	rig.message.is_header_partial = true;
	rig.message.is_from_lost = true;
	run(&rig, &row, &found);
	show(&found, got, sizeof(got));
	assert_string_equal(got, "unknown unknown, unknown temperror");
	tear_down(&rig);
}

/* What comes through a list that somebody knows does not wait. */
static void lets_a_known_list_not_wait(void **state)
{
	static const struct row row = { .from = " a@example.com",
		.list = "example.net",
		.records = { { "_dmarc.example.com", "TXT",
			"v=DMARC1; p=reject" } } };
	static const struct dkim_fact both[] = {
		{ .result = AUTH_TEMPERROR, .domain = { "example.com", 11 } },
		{ .result = AUTH_PASS, .domain = { "example.net", 11 } },
	};

	(void)state;
	for (unsigned i = 1; i <= 2; i++) {
		struct findings found = { .count = 0 };
		struct rig rig;

		set_up(&rig, &row);
		prove(&rig, &row);
		seal(&rig, &row);
		rig.auth.dkim = both;
		rig.auth.dkim_count = i;
		fake_dns_hold(rig.dns, false);
		assert_int_equal(dmarc_step(&rig.in, &found), CHECK_DONE);
		assert_string_equal(found.item[1].detail,
			i == 1 ? "temperror_strict" : "temperror");
		assert_true(slice_is_empty(rig.auth.dmarc.override));
		tear_down(&rig);
	}
}

static void asks_ahead_for_signers(void **state)
{
	static const struct row row = { .from = " a@news.example.com",
		.spf = "bounce.example.com",
		.dkim = { "mail.example.com", "esp.example.net" },
		.records = { { "_dmarc.example.com", "TXT",
			"v=DMARC1; p=reject" } } };
	struct findings found = { .count = 0 };
	struct rig rig;

	(void)state;
	set_up(&rig, &row);
	assert_int_equal(dmarc_step(&rig.in, NULL), CHECK_WAITING);
	/* news, example.com, com, whether news is there; bounce; mail */
	assert_int_equal(fake_dns_asked(rig.dns), 6);
	run(&rig, &row, &found);
	assert_int_equal(fake_dns_asked(rig.dns), 6);
	assert_string_equal(found.item[1].detail, "pass");
	tear_down(&rig);
}

static void asks_four_for_ordinary_mail(void **state)
{
	static const struct row row = { .from = " a@mail.example.com",
		.spf = "mail.example.com",
		.dkim = { "mail.example.com", "example.com" },
		.records = { { "_dmarc.example.com", "TXT",
			"v=DMARC1; p=reject" } } };
	struct findings found = { .count = 0 };
	struct rig rig;

	(void)state;
	set_up(&rig, &row);
	run(&rig, &row, &found);
	assert_int_equal(fake_dns_asked(rig.dns), 4);
	assert_string_equal(found.item[1].detail, "pass");
	tear_down(&rig);
}

/* The HELO name is whom SPF speaks of when there is no sender. */
static void expects_helo_of_a_null_sender(void **state)
{
	static const struct row row = { .from = " a@news.example.com" };
	struct rig rig;

	(void)state;
	set_up(&rig, &row);
	rig.envelope.sender.is_null = true;
	rig.conn.helo = slice_of("mx.example.com");
	(void)dmarc_step(&rig.in, NULL);
	assert_int_equal(fake_dns_asked(rig.dns), 5);
	tear_down(&rig);
}

/* A forger signs in as many names of his own as he likes. */
static void asks_once_for_each_signer(void **state)
{
	static const struct row row = { .from = " a@example.com",
		.dkim = { "1.2.3.4.5.6.7.8.9.10.11.12.13.14.15.16.17.net",
			"1.2.3.4.5.6.7.8.9.10.11.12.13.14.15.16.17.org" },
		.records = { { "_dmarc.example.com", "TXT",
			"v=DMARC1; p=reject" } } };
	struct findings found = { .count = 0 };
	struct rig rig;

	(void)state;
	set_up(&rig, &row);
	run(&rig, &row, &found);
	assert_int_equal(rig.trust_asks, 2);
	assert_string_equal(found.item[1].detail, "fail_reject");
	tear_down(&rig);
}

static void does_without_services(void **state)
{
	static const struct row row = { .from = " a@example.com",
		.mode = "both",
		.records = { { "_dmarc.example.com", "TXT",
			"v=DMARC1; p=reject" } } };
	struct findings found = { .count = 0 };
	struct rig rig;

	(void)state;
	set_up(&rig, &row);
	rig.in.service = NULL;
	run(&rig, &row, &found);
	assert_int_equal(found.count, 2);
	assert_string_equal(found.item[1].detail, "fail_reject");
	tear_down(&rig);
}

/* Both evaluations, and what is said when they differ. */
static void compares_modes(void **state)
{
	static const struct row row = { .from = " a@mail.example.com",
		.mode = "both",
		.dkim = { "example.com" },
		.records = { { "_dmarc.mail.example.com", "TXT",
				     "v=DMARC1; p=reject; psd=n" },
			{ "_dmarc.example.com", "TXT", "v=DMARC1; p=none" } } };
	struct findings found = { .count = 0 };
	struct rig rig;
	char got[400];

	(void)state;
	set_up(&rig, &row);
	run(&rig, &row, &found);
	assert_string_equal(auth_result_name(rig.auth.dmarc.result), "fail");
	assert_string_equal(
		auth_result_name(rig.auth.dmarc_other.result), "pass");
	assert_string_equal(rig.auth.dmarc_other.discovery, "psl");
	assert_string_equal(found.item[2].check, "dmarc-modes");
	snprintf(got, sizeof(got), "%.*s", SLICE_ARG(found.item[2].evidence));
	assert_string_equal(got,
		"treewalk: fail, reject at mail.example.com, organisation "
		"mail.example.com; psl: pass, reject at mail.example.com, "
		"organisation example.com");
	tear_down(&rig);
}

#define REJECT                                                    \
	{                                                         \
		"_dmarc.example.com", "TXT", "v=DMARC1; p=reject" \
	}
#define POLICY(text)                                           \
	{                                                      \
		"_dmarc.example.com", "TXT", "v=DMARC1; " text \
	}
#define ROW(text, ...) CASE(text, reports, (&(const struct row){ __VA_ARGS__ }))
#define COM .from = " A <a@example.com>"
#define SAYS(text) " i=1; mx.example.net; spf=pass smtp.mailfrom=x; " text

int main(void)
{
	const struct CMUnitTest cases[] = {
		/* from */
		ROW("no From field", .want = "hit no From field, miss none",
			.evidence = "none, not one author domain"),
		ROW("authors of two domains, one of which signed",
			.from = " a@example.com, b@example.net",
			.dkim = { "example.com" }, .records = { REJECT },
			.want = "hit authors of several domains, miss none"),
		ROW("a From field that can not be read",
			.from = " <a@example.com> <b@example.net>",
			.dkim = { "example.com" }, .records = { REJECT },
			.want = "hit a From field that is no address, miss "
				"none"),
		/* results */
		ROW("a pass", COM, .dkim = { "example.com" },
			.records = { REJECT }, .want = "miss one, miss pass",
			.evidence = "example.com: pass by DKIM of "
				    "example.com; example.com asks for "
				    "reject (p=reject)"),
		ROW("a pass by SPF", COM, .spf = "b.example.com",
			.records = { REJECT }, .want = "miss one, miss pass",
			.evidence = "example.com: pass by SPF of "
				    "b.example.com; example.com asks for "
				    "reject (p=reject)"),
		ROW("no record", COM, .dkim = { "example.com" },
			.want = "miss one, miss none",
			.evidence = "example.com: none, no record"),
		ROW("a failure, and the domain wants it refused", COM,
			.spf = "example.net",
			.dkim = { "a.example", "b.example" },
			.records = { REJECT },
			.want = "miss one, hit fail_reject",
			.evidence = "example.com: fail, what passes SPF or "
				    "DKIM is of another domain; example.com "
				    "asks for reject (p=reject); SPF pass for "
				    "example.net, DKIM pass for a.example, "
				    "DKIM pass for b.example"),
		ROW("a failure, and it wants it put aside", COM,
			.records = { POLICY("p=quarantine") },
			.want = "miss one, hit fail_quarantine"),
		ROW("a failure, and it wants nothing", COM,
			.records = { POLICY("p=none") },
			.want = "miss one, hit fail"),
		ROW("a failure in a test of reject", COM,
			.records = { POLICY("p=reject; t=y") },
			.want = "miss one, hit fail_quarantine"),
		ROW("a failure in a test of quarantine", COM,
			.records = { POLICY("p=quarantine; t=y") },
			.want = "miss one, hit fail"),
		ROW("a failure of a part that does not exist",
			.from = " a@nobody.example.com",
			.records = { POLICY("p=none; np=reject") },
			.want = "miss one, hit fail_reject"),
		ROW("a server that fails", COM, .dkim = { "example.com" },
			.records = { { "_dmarc.example.com", "SERVFAIL", "" } },
			.want = "miss one, unknown temperror",
			.evidence = "example.com: temperror, "
				    "_dmarc.example.com: server failure"),
		ROW("a server that is silent", COM,
			.records = { { "_dmarc.example.com", "TIMEOUT", "" } },
			.want = "miss one, unknown temperror"),
		/* modes */
		ROW("by the Public Suffix List", .from = " a@a.example.co.uk",
			.mode = "psl", .dkim = { "b.example.co.uk" },
			.records = { { "_dmarc.example.co.uk", "TXT",
				"v=DMARC1; p=reject" } },
			.want = "miss one, miss pass"),
		ROW("both, and they agree", COM, .mode = "both",
			.records = { REJECT },
			.want = "miss one, hit fail_reject, miss "),
		ROW("both, and the policies differ", .from = " a@a.example.com",
			.mode = "both",
			.records = { POLICY("p=reject; np=none") },
			.want = "miss one, hit fail, hit "),
		ROW("both, and the results differ",
			.from = " a@a.b.example.com", .mode = "both",
			.records = { { "_dmarc.b.example.com", "TXT",
				"v=DMARC1; p=reject" } },
			.want = "miss one, hit fail_reject, hit "),
		ROW("both, and one can not be told", COM, .mode = "both",
			.dkim = { "example2.com" },
			.records = { REJECT, { "_dmarc.com", "SERVFAIL", "" } },
			.want = "miss one, unknown temperror_strict, unknown "),
		/* a trusted chain */
		ROW("a trusted chain that says pass", COM,
			.records = { REJECT },
			.arc = SAYS("dmarc=pass header.from=Example.com"),
			.want = "miss one, hit fail",
			.evidence = "example.com: fail, nothing passes SPF or "
				    "DKIM; example.com asks for reject "
				    "(p=reject); not held against it: trusted "
				    "ARC sealer; SPF none, no DKIM "
				    "signature"),
		ROW("a chain that nobody trusts", COM, .records = { REJECT },
			.arc = "?" SAYS("dmarc=pass header.from=example.com"),
			.want = "miss one, hit fail_reject"),
		ROW("a chain that says pass for another domain", COM,
			.records = { REJECT },
			.arc = SAYS("dmarc=pass header.from=example.net"),
			.want = "miss one, hit fail_reject"),
		ROW("a chain that says pass for nobody", COM,
			.records = { REJECT }, .arc = SAYS("dmarc=pass"),
			.want = "miss one, hit fail_reject"),
		ROW("a chain that says fail", COM, .records = { REJECT },
			.arc = SAYS("dmarc=fail header.from=example.com"),
			.want = "miss one, hit fail_reject"),
		ROW("a chain that says both", COM, .records = { REJECT },
			.arc = SAYS("dmarc=fail header.from=example.com; "
				    "dmarc=pass header.from=example.com"),
			.want = "miss one, hit fail_reject"),
		ROW("a chain without DMARC", COM, .records = { REJECT },
			.arc = SAYS("dkim=pass header.d=example.com"),
			.want = "miss one, hit fail_reject"),
		ROW("a chain that says pass in a comment", COM,
			.records = { REJECT },
			.arc = SAYS("dkim=fail (; dmarc=pass "
				    "header.from=example.com)"),
			.want = "miss one, hit fail_reject"),
		ROW("a chain that can not be read to its end", COM,
			.records = { REJECT },
			.arc = SAYS("dmarc=pass header.from=example.com; ="),
			.want = "miss one, hit fail_reject"),
		/* a known list */
		ROW("a list in the configuration that signed", COM,
			.dkim = { "lists.example.net" }, .records = { REJECT },
			.list = "lists.example.net",
			.want = "miss one, hit fail"),
		ROW("a host below a list that sent", COM,
			.spf = "mx.lists.example.net", .records = { REJECT },
			.list = "lists.example.net",
			.want = "miss one, hit fail"),
		ROW("a domain above a list is no list", COM,
			.spf = "example.net", .records = { REJECT },
			.list = "lists.example.net",
			.want = "miss one, hit fail_reject"),
		ROW("a name that ends like a list is no list", COM,
			.spf = "badlists.example.net", .records = { REJECT },
			.list = "lists.example.net",
			.want = "miss one, hit fail_reject"),
		ROW("a list in Redis", COM, .dkim = { "a.lists.example.net" },
			.records = { REJECT }, .trusted = "lists.example.net",
			.want = "miss one, hit fail"),
		ROW("another list in Redis", COM, .dkim = { "example.net" },
			.records = { REJECT }, .trusted = "example.org",
			.want = "miss one, hit fail_reject"),
		ROW("no Redis", COM, .dkim = { "example.net" },
			.records = { REJECT }, .trusted = "?",
			.want = "miss one, unknown temperror",
			.evidence =
				"example.com: fail, what passes SPF or "
				"DKIM is of another domain; example.com "
				"asks for reject (p=reject); could not "
				"ask for mailing lists or sealers; SPF none, "
				"DKIM pass for example.net"),
		ROW("no Redis, and nobody to ask for", COM,
			.records = { REJECT }, .trusted = "?",
			.want = "miss one, hit fail_reject"),
		ROW("no Redis, and the configuration knows", COM,
			.dkim = { "example.net" }, .records = { REJECT },
			.list = "example.net", .trusted = "?",
			.want = "miss one, hit fail"),
		/* how it goes about it */
		CASE("all facts are there", facts_are_complete, NULL),
		CASE("other checks are waited for", waits_for_the_others, NULL),
		CASE("nothing is asked when the author is not one",
			asks_nothing_without_an_author, NULL),
		CASE("a chain without its keys leaves it open",
			leaves_open_what_a_chain_could_say, NULL),
		CASE("half a header has no author",
			knows_no_author_of_half_a_header, NULL),
		CASE("what comes through a known list does not wait",
			lets_a_known_list_not_wait, NULL),
		CASE("signers are asked for with the author",
			asks_ahead_for_signers, NULL),
		CASE("ordinary mail costs four questions",
			asks_four_for_ordinary_mail, NULL),
		CASE("a null sender is its HELO name",
			expects_helo_of_a_null_sender, NULL),
		CASE("a signer of many labels is asked for once",
			asks_once_for_each_signer, NULL),
		CASE("without services the walk decides", does_without_services,
			NULL),
		CASE("modes that differ are told", compares_modes, NULL),
	};

	return cmocka_run_group_tests_name("auth/dmarc", cases, NULL, NULL);
}
