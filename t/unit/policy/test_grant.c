/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy/grant.h"

#include "conf/conf.h"
#include "support/case.h"

#include <stdio.h>
#include <string.h>

enum { ENTRIES_MAX = 4, HOUR = 3600, DAY = 86400 };

#define NOW_S INT64_C(1795000000) /* 2026-11-18T11:06:40Z */
#define NOW_MS (NOW_S * 1000)

/* One entry; net NULL ends the list. */
struct entry {
	const char *net;
	enum listing_class class;
	unsigned level;
	const char *since;
	const char *flags; /* allow shadow lock vague scoped */
};

struct row {
	const char *ip; /* NULL: 192.0.2.7 */
	struct entry entry[ENTRIES_MAX];
	/* Of the standing; times in seconds before (after: free_s) now. */
	unsigned level;
	int64_t listed_s;
	int64_t evidence_s;
	unsigned removals;
	int64_t free_s;
	enum standing_state state; /* 0: LISTED */
	bool is_unread; /* the standing could not be asked */
	enum grant_proof proof;
	enum grant_ptr ptr;
	const char *conf; /* inside delist { } */
	/* answer, reason, needed, wait in seconds, "warn", network. */
	const char *want;
};

static struct conf *load(const char *delist)
{
	struct conf *conf = NULL;
	struct buf errors;
	char text[1024];

	(void)snprintf(text, sizeof(text),
		"host = \"mx.example.net\"\n"
		"portal_url = \"https://postmaster.example.net\"\n"
		"redis { servers = {\"unix:/run/x/r\"} }\n"
		"milter { socket = \"unix:/run/x/s\" }\n"
		"delist { %s }\n",
		delist == NULL ? "" : delist);
	buf_init(&errors, 8192);
	if (conf_load_text("test", slice_of(text), &conf, &errors) != RES_OK)
		fail_msg("%s", buf_text(&errors));
	buf_clear(&errors);
	return conf;
}

static bool has(const char *flags, const char *word)
{
	return flags != NULL && strstr(flags, word) != NULL;
}

static struct listing listing_of(const struct entry *e)
{
	struct listing l;

	memset(&l, 0, sizeof(l));
	assert_int_equal(cidr_parse(&l.net, slice_of(e->net)), RES_OK);
	l.kind = has(e->flags, "allow") ? LIST_ALLOW : LIST_BLOCK;
	l.shadow = has(e->flags, "shadow");
	l.lock = has(e->flags, "lock");
	l.is_scoped = has(e->flags, "scoped");
	l.is_detailed = !has(e->flags, "vague");
	l.class = e->class;
	l.level = e->level;
	l.since = slice_of(e->since);
	return l;
}

static void gather(const struct row *row, struct listing *entry,
	struct blocklist_result *r)
{
	memset(r, 0, sizeof(*r));
	r->entry = entry;
	while (r->count < ENTRIES_MAX && row->entry[r->count].net != NULL) {
		entry[r->count] = listing_of(&row->entry[r->count]);
		r->count++;
	}
	blocklist_decide(r);
}

static struct standing standing_of(const struct row *row)
{
	struct standing s;

	memset(&s, 0, sizeof(s));
	s.state = row->state == 0 ? STANDING_LISTED : row->state;
	if (row->is_unread)
		s.state = STANDING_UNKNOWN;
	s.level = row->level;
	s.removals = row->removals;
	if (row->listed_s != 0)
		s.listed_ms = NOW_MS - row->listed_s * 1000;
	if (row->evidence_s != 0)
		s.evidence_ms = NOW_MS - row->evidence_s * 1000;
	if (row->free_s != 0)
		s.removal_free_ms = NOW_MS + row->free_s * 1000;
	return s;
}

static const char *format(const struct grant *g, char *out, size_t size)
{
	char net[CIDR_TEXT_MAX] = "-";

	if (g->listing != NULL)
		(void)cidr_format(&g->listing->net, net);
	(void)snprintf(out, size, "%s %s %s %lld%s %s",
		grant_answer_name(g->answer), grant_reason_name(g->reason),
		grant_proof_name(g->needed),
		g->until_ms == 0 ? 0LL
				 : (long long)(g->until_ms - NOW_MS) / 1000,
		g->warn_ptr ? " warn" : "", net);
	return out;
}

static void decides(void **state)
{
	const struct row *row = *state;
	struct conf *conf = load(row->conf);
	struct listing entry[ENTRIES_MAX];
	struct blocklist_result listed;
	struct standing standing = standing_of(row);
	struct grant_question q = { .conf = conf,
		.now_ms = NOW_MS,
		.listed = &listed,
		.standing = &standing,
		.proof = row->proof,
		.ptr = row->ptr };
	struct ipaddr ip;
	struct grant g;
	char got[128];

	assert_int_equal(
		ipaddr_parse(
			&ip, slice_of(row->ip == NULL ? "192.0.2.7" : row->ip)),
		RES_OK);
	q.ip = &ip;
	gather(row, entry, &listed);
	grant_decide(&q, &g);
	assert_string_equal(format(&g, got, sizeof(got)), row->want);
	conf_release(conf);
}

static void waits_for_the_lists(void **state)
{
	struct conf *conf = load(NULL);
	struct blocklist_result listed = { .answer = BLOCKLIST_UNKNOWN };
	struct standing standing = { .state = STANDING_NONE };
	struct ipaddr ip = ipaddr_from_v4(0xc0000207);
	struct grant_question q = { .conf = conf,
		.now_ms = NOW_MS,
		.listed = &listed,
		.ip = &ip,
		.standing = &standing,
		.proof = GRANT_PROOF_ADMIN };
	struct grant g;

	(void)state;
	grant_decide(&q, &g);
	assert_string_equal(grant_answer_name(g.answer), "unknown");
	conf_release(conf);
}

static void names_what_is_kept(void **state)
{
	(void)state;
	for (int p = GRANT_PROOF_NONE; p <= GRANT_PROOF_ADMIN; p++)
		assert_int_equal(grant_proof_parse(slice_of(grant_proof_name(
					 (enum grant_proof)p))),
			p);
	for (int p = GRANT_PTR_UNKNOWN; p <= GRANT_PTR_MISMATCH; p++)
		assert_int_equal(grant_ptr_parse(slice_of(
					 grant_ptr_name((enum grant_ptr)p))),
			p);
	assert_int_equal(grant_proof_parse(slice_of("Admin")), 0);
	assert_int_equal(grant_ptr_parse(slice_of("")), 0);
}

#define E(...)              \
	{                   \
		__VA_ARGS__ \
	}
#define ROW(text, ...) CASE(text, decides, (&(const struct row){ __VA_ARGS__ }))
#define MAIL .proof = GRANT_PROOF_MAIL
#define DOMAIN .proof = GRANT_PROOF_DOMAIN
#define ADDRESS .proof = GRANT_PROOF_ADDRESS
#define ADMIN .proof = GRANT_PROOF_ADMIN
#define OWN E({ .net = "192.0.2.7" })

int main(void)
{
	const struct CMUnitTest cases[] = {
		ROW("what is not listed needs no removal", MAIL,
			.want = "given not_listed none 0 -"),
		ROW("what is allowed needs no removal",
			.entry = E({ .net = "192.0.2.7", .flags = "allow" },
				{ .net = "192.0.2.7" }),
			.want = "given not_listed none 0 -"),
		ROW("a listing in shadow needs no removal",
			.entry = E({ .net = "192.0.2.7", .flags = "shadow" }),
			.want = "given not_listed none 0 -"),
		ROW("the first time, a mailbox is enough", .entry = OWN, MAIL,
			.want = "given none mail 0 192.0.2.7"),
		ROW("nothing proved, nothing given", .entry = OWN,
			.want = "proof none mail 0 192.0.2.7"),
		ROW("a missing name is told when the removal is given",
			.entry = OWN, MAIL, .ptr = GRANT_PTR_MISSING,
			.want = "given none mail 0 warn 192.0.2.7"),
		ROW("a name that does not point back is told, too",
			.entry = OWN, MAIL, .ptr = GRANT_PTR_MISMATCH,
			.want = "given none mail 0 warn 192.0.2.7"),
		ROW("a good name is no reason for a warning", .entry = OWN,
			MAIL, .ptr = GRANT_PTR_CONFIRMED,
			.want = "given none mail 0 192.0.2.7"),

		/* feed, lock, switched off */
		ROW("what a public list says is its owner's",
			.entry = E(
				{ .net = "192.0.2.7", .class = LISTING_FEED }),
			ADDRESS, .want = "denied feed mail 0 192.0.2.7"),
		ROW("a public list behind a listing of ours counts",
			.entry = E({ .net = "192.0.2.7" },
				{ .net = "192.0.2.0/24",
					.class = LISTING_FEED }),
			MAIL, .want = "denied feed mail 0 192.0.2.0/24"),
		ROW("a public list in shadow does not",
			.entry = E({ .net = "192.0.2.7" },
				{ .net = "192.0.2.0/24",
					.class = LISTING_FEED,
					.flags = "shadow" }),
			MAIL, .want = "given none mail 0 192.0.2.7"),
		ROW("a lock ends self-service",
			.entry = E({ .net = "192.0.2.7", .flags = "lock" }),
			ADDRESS, .want = "denied locked mail 0 192.0.2.7"),
		ROW("a lock that only Redis knows of yet counts", .entry = OWN,
			ADDRESS, .state = STANDING_LOCKED,
			.want = "denied locked mail 0 192.0.2.7"),
		ROW("a lock of a range counts",
			.entry = E({ .net = "192.0.2.7" },
				{ .net = "192.0.2.0/24", .flags = "lock" }),
			MAIL, .want = "denied locked mail 0 192.0.2.0/24"),
		ROW("an operator may switch self-service off", .entry = OWN,
			MAIL, .conf = "enabled = no",
			.want = "denied switched_off mail 0 192.0.2.7"),
		ROW("off or not, a public list is named first",
			.entry = E(
				{ .net = "192.0.2.7", .class = LISTING_FEED }),
			MAIL, .conf = "enabled = no",
			.want = "denied feed mail 0 192.0.2.7"),

		/* still sending */
		ROW("who was bad a minute ago waits", .entry = OWN, MAIL,
			.evidence_s = 60,
			.want = "wait still_sending mail 7140 192.0.2.7"),
		ROW("two hours are long ago", .entry = OWN, MAIL,
			.evidence_s = 7200,
			.want = "given none mail 0 192.0.2.7"),
		ROW("a person is not troubled while bad mail comes",
			.entry = E({ .net = "192.0.2.7",
				.class = LISTING_REVIEW }),
			MAIL, .evidence_s = 60,
			.want = "wait still_sending mail 7140 192.0.2.7"),

		/* a person */
		ROW("class review goes to a person",
			.entry = E({ .net = "192.0.2.7",
				.class = LISTING_REVIEW }),
			MAIL, .want = "review class_review mail 0 192.0.2.7"),
		ROW("a range never goes by self-service",
			.entry = E({ .net = "192.0.2.0/24" }), MAIL,
			.want = "review range mail 0 192.0.2.0/24"),
		ROW("a range behind a listing of the address counts",
			.entry = E({ .net = "192.0.2.7" },
				{ .net = "192.0.2.0/24" }),
			MAIL, .want = "review range mail 0 192.0.2.0/24"),
		ROW("an IPv6 /64 is one client", .ip = "2001:db8::7",
			.entry = E({ .net = "2001:db8::/64" }), MAIL,
			.want = "given none mail 0 2001:db8::/64"),
		ROW("one IPv6 address is less than a client",
			.ip = "2001:db8::7",
			.entry = E({ .net = "2001:db8::7" }), MAIL,
			.want = "given none mail 0 2001:db8::7"),
		ROW("an IPv6 /56 is a range", .ip = "2001:db8::7",
			.entry = E({ .net = "2001:db8::/56" }), MAIL,
			.want = "review range mail 0 2001:db8::/56"),
		ROW("the fourth time a person looks", .entry = OWN, ADDRESS,
			.level = 4, .listed_s = 30 * DAY,
			.want = "review level address 0 192.0.2.7"),
		ROW("the level in the listing counts",
			.entry = E({ .net = "192.0.2.7", .level = 5 }), ADDRESS,
			.want = "review level address 0 192.0.2.7"),
		ROW("the level that needs a person is the operator's",
			.entry = OWN, DOMAIN, .level = 2, .listed_s = DAY,
			.conf = "review_level = 2",
			.want = "review level domain 0 192.0.2.7"),

		/* time on the list */
		ROW("the second time twelve hours pass first", .entry = OWN,
			DOMAIN, .level = 2, .listed_s = 2 * HOUR,
			.want = "wait too_early domain 36000 192.0.2.7"),
		ROW("after them it is given", .entry = OWN, DOMAIN, .level = 2,
			.listed_s = 12 * HOUR,
			.want = "given none domain 0 192.0.2.7"),
		ROW("the third time it is two days", .entry = OWN, ADDRESS,
			.level = 3, .listed_s = 13 * HOUR,
			.want = "wait too_early address 126000 192.0.2.7"),
		ROW("past the third it is two days, too", .entry = OWN, ADDRESS,
			.level = 5, .listed_s = 13 * HOUR,
			.conf = "review_level = 9",
			.want = "wait too_early address 126000 192.0.2.7"),
		ROW("the listing tells since when",
			.entry = E({ .net = "192.0.2.7",
				.level = 2,
				.since = "2026-11-18T10:06:40Z" }),
			DOMAIN, .listed_s = 30 * DAY,
			.want = "wait too_early domain 39600 192.0.2.7"),
		ROW("seconds tell it as well",
			.entry = E({ .net = "192.0.2.7",
				.level = 2,
				.since = "1794996400" }),
			DOMAIN,
			.want = "wait too_early domain 39600 192.0.2.7"),
		ROW("a time to come is a slip and delays nobody",
			.entry = E({ .net = "192.0.2.7",
				.level = 2,
				.since = "2036-11-18T10:06:40Z" }),
			DOMAIN, .want = "given none domain 0 192.0.2.7"),
		ROW("a time that is none delays nobody",
			.entry = E({ .net = "192.0.2.7",
				.level = 2,
				.since = "2026-13-18 10:06:40Z" }),
			DOMAIN, .want = "given none domain 0 192.0.2.7"),

		/* quota */
		ROW("three removals are used up", .entry = OWN, MAIL,
			.removals = 3, .free_s = 5 * DAY,
			.want = "wait quota mail 432000 192.0.2.7"),
		ROW("two are not", .entry = OWN, MAIL, .removals = 2,
			.want = "given none mail 0 192.0.2.7"),

		/* name */
		ROW("dynamic space gets an exception for a good name",
			.entry = E({ .net = "192.0.2.7",
				.class = LISTING_POLICY }),
			MAIL, .ptr = GRANT_PTR_CONFIRMED,
			.want = "exception none mail 0 192.0.2.7"),
		ROW("in a whole range of it as well",
			.entry = E({ .net = "192.0.2.0/24",
				.class = LISTING_POLICY }),
			MAIL, .ptr = GRANT_PTR_CONFIRMED,
			.want = "exception none mail 0 192.0.2.0/24"),
		ROW("and when the address is listed, too",
			.entry = E({ .net = "192.0.2.7" },
				{ .net = "192.0.2.0/24",
					.class = LISTING_POLICY }),
			MAIL, .ptr = GRANT_PTR_CONFIRMED,
			.want = "exception none mail 0 192.0.2.0/24"),
		ROW("dynamic space without a name stays",
			.entry = E({ .net = "192.0.2.7",
				.class = LISTING_POLICY }),
			MAIL, .ptr = GRANT_PTR_MISSING,
			.want = "denied ptr mail 0 192.0.2.7"),
		ROW("a name of somebody else is none",
			.entry = E({ .net = "192.0.2.7",
				.class = LISTING_POLICY }),
			MAIL, .ptr = GRANT_PTR_MISMATCH,
			.want = "denied ptr mail 0 192.0.2.7"),
		ROW("a name that DNS did not tell is not a missing one",
			.entry = E({ .net = "192.0.2.7",
				.class = LISTING_POLICY }),
			MAIL, .want = "unknown ptr mail 0 192.0.2.7"),
		ROW("a good name alone gets nothing",
			.entry = E({ .net = "192.0.2.7",
				.class = LISTING_POLICY }),
			.ptr = GRANT_PTR_CONFIRMED,
			.want = "proof none mail 0 192.0.2.7"),

		/* proof */
		ROW("the second time the domain must fit", .entry = OWN, MAIL,
			.level = 2, .listed_s = DAY,
			.want = "proof needs_domain domain 0 192.0.2.7"),
		ROW("the third time the address must be had", .entry = OWN,
			DOMAIN, .level = 3, .listed_s = 3 * DAY,
			.want = "proof needs_address address 0 192.0.2.7"),
		ROW("who has the address has all", .entry = OWN, ADDRESS,
			.level = 3, .listed_s = 3 * DAY,
			.want = "given none address 0 192.0.2.7"),

		/* admin */
		ROW("an admin's word passes lock, level and time",
			.entry = E({ .net = "192.0.2.7",
				.class = LISTING_REVIEW,
				.level = 5,
				.flags = "lock" }),
			ADMIN, .evidence_s = 60, .removals = 9, .free_s = DAY,
			.want = "given none address 0 192.0.2.7"),
		ROW("even an admin takes no range off",
			.entry = E({ .net = "192.0.2.0/24",
				.class = LISTING_REVIEW }),
			ADMIN, .want = "exception none mail 0 192.0.2.0/24"),
		ROW("nor what a public list says",
			.entry = E(
				{ .net = "192.0.2.7", .class = LISTING_FEED }),
			ADMIN, .want = "exception none mail 0 192.0.2.7"),

		/* unknown */
		ROW("a listing whose lock is unread stays",
			.entry = E({ .net = "192.0.2.7", .flags = "vague" }),
			ADDRESS, .want = "unknown none mail 0 192.0.2.7"),
		ROW("a past that is unread is no clean one", .entry = OWN,
			ADDRESS, .is_unread = true,
			.want = "unknown none mail 0 192.0.2.7"),
		CASE("lists that cannot be read are no clean ones",
			waits_for_the_lists, NULL),
		CASE("the words that are kept are read again",
			names_what_is_kept, NULL),
	};

	return cmocka_run_group_tests_name("policy/grant", cases, NULL, NULL);
}
