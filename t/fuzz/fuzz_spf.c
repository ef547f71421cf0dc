/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SPF against a zone that a stranger wrote: the first octet chooses client,
 * identity and faults, the next lines are HELO, local part and domain, the
 * rest is the zone, a line each: a digit that chooses the name (see names), a
 * letter for the type, the data (see add). Evaluated twice, with all answers
 * at once and with each held back: both end, within bounds, and agree.
 */
#include "auth/spf.h"
#include "auth/spfwalk.h"

#include "base/arena.h"
#include "base/clock.h"
#include "dns/asker.h"
#include "t/fuzz/target.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	RECORDS_MAX = 64,
	HELD_MAX = 1024,
	RDATA_MAX = 1024,
	NAMES = 10,
	REVERSE = 8, /* index of the client's reverse name */
	ANY = 9, /* index of what answers for all other names */
	ROUNDS_MAX = 64,
	/* Terms, their MX' addresses, the client's names; the first record. */
	ASKED_MAX = 1 + SPFWALK_TERMS_MAX * (1 + SPFWALK_NAMES_MAX) + 1 +
		SPFWALK_NAMES_MAX
};

static const char *const names[NAMES] = { "a.example", "b.example", "c.example",
	"d.example", "www.a.example", "mx1.example", "mx2.example", "e.example",
	NULL, NULL };

struct record {
	unsigned name;
	enum dns_type type;
	bool is_failure;
	size_t len;
	char rdata[RDATA_MAX];
};

struct held {
	struct held *next;
	struct dns_answer *answer;
	dns_done *done;
	void *at;
};

struct zone {
	char reverse[80];
	size_t count;
	struct record record[RECORDS_MAX];
	bool is_holding;
	struct held *held;
	unsigned asked;
};

/* ---- the zone ---- */

static void put(struct record *r, const void *at, size_t len)
{
	if (len > RDATA_MAX - r->len)
		len = RDATA_MAX - r->len;
	if (len > 0)
		memcpy(r->rdata + r->len, at, len);
	r->len += len;
}

static void put_name(struct record *r, const char *name)
{
	struct slice rest = slice_of(name), label;

	while (slice_cut(&rest, '.', &label)) {
		char len = (char)label.len;

		put(r, &len, 1);
		put(r, label.at, label.len);
	}
	put(r, "", 1);
}

static void put_text(struct record *r, struct slice text)
{
	do {
		struct slice piece = slice_part(text, 0, 255);
		char len = (char)piece.len;

		put(r, &len, 1);
		put(r, piece.at, piece.len);
		text = slice_part(text, piece.len, text.len);
	} while (text.len > 0);
}

/* A digit for one of the names, else the octets as they are. */
static void put_host(struct record *r, struct slice data)
{
	if (data.len == 1 && data.at[0] >= '0' && data.at[0] < '0' + REVERSE)
		put_name(r, names[data.at[0] - '0']);
	else
		put(r, data.at, data.len);
}

/* The client's own, or the octets as they are. */
static void put_address(
	struct record *r, struct slice data, const struct ipaddr *ip)
{
	size_t len = r->type == DNS_A ? 4 : 16;

	if (data.len == 0)
		put(r, ip->octet + (16 - len), len);
	else
		put(r, data.at, data.len);
}

static void add(struct zone *z, struct slice line, const struct ipaddr *ip)
{
	struct record *r = &z->record[z->count];
	struct slice data = slice_part(line, 2, line.len);

	if (line.len < 2 || z->count == RECORDS_MAX)
		return;
	*r = (struct record){ .name = (unsigned char)line.at[0] % NAMES };
	switch (line.at[1]) {
	case 'T':
		r->type = DNS_TXT;
		put_text(r, data);
		break;
	case 'R':
		r->type = DNS_TXT;
		put(r, data.at, data.len);
		break;
	case 'A':
		r->type = DNS_A;
		put_address(r, data, ip);
		break;
	case 'Q':
		r->type = DNS_AAAA;
		put_address(r, data, ip);
		break;
	case 'M':
		r->type = DNS_MX;
		put(r, "\0\1", 2);
		put_host(r, data);
		break;
	case 'P':
		r->type = DNS_PTR;
		put_host(r, data);
		break;
	default:
		r->is_failure = true;
		break;
	}
	z->count++;
}

static unsigned index_of(const struct zone *z, struct slice name)
{
	for (unsigned i = 0; i < REVERSE; i++)
		if (slice_is_equal(name, slice_of(names[i])))
			return i;
	return slice_is_equal(name, slice_of(z->reverse)) ? REVERSE : ANY;
}

static struct dns_answer *answer(
	const struct zone *z, struct slice name, enum dns_type type)
{
	struct slice rdata[RECORDS_MAX];
	struct dns_answer model = { .status = DNS_NXDOMAIN, .rdata = rdata };
	unsigned index = index_of(z, name);

	for (size_t i = 0; i < z->count; i++) {
		const struct record *r = &z->record[i];

		if (r->name != index)
			continue;
		if (r->is_failure) {
			model = (struct dns_answer){ .why = DNS_WHY_SERVFAIL };
			break;
		}
		if (model.count == 0)
			model.status = DNS_NODATA;
		if (r->type != type)
			continue;
		model.status = DNS_FOUND;
		rdata[model.count++] = slice_make(r->rdata, r->len);
	}
	return dns_answer_new(&model);
}

/* ---- as a source ---- */

static struct dns_answer *start(void *ctx, struct slice name,
	enum dns_type type, dns_done *done, void *at, void **ticket)
{
	struct zone *z = ctx;
	struct dns_answer *a = answer(z, name, type);
	struct held *h;

	z->asked++;
	*ticket = NULL;
	if (!z->is_holding)
		return a;
	h = malloc(sizeof(*h));
	if (h == NULL)
		abort();
	*h = (struct held){ z->held, a, done, at };
	z->held = h;
	*ticket = h;
	return NULL;
}

static void finish(void *ctx, void *ticket)
{
	struct zone *z = ctx;
	struct held *h = ticket;
	struct held **at = &z->held;

	while (*at != h)
		at = &(*at)->next;
	*at = h->next;
	dns_answer_release(h->answer);
	free(h);
}

static void let_go(struct zone *z)
{
	for (struct held *h = z->held; h != NULL; h = h->next) {
		if (h->done != NULL)
			h->done(h->at, h->answer);
		h->done = NULL;
	}
}

/* ---- one evaluation ---- */

static void evaluate(struct zone *z, bool is_holding,
	const struct spf_question *q, struct arena *a, struct spf_fact *out)
{
	const struct dns_source source = { start, finish, z };
	const struct asker_limits limits = { HELD_MAX, 1000 };
	struct asker *asker = asker_new(&source, &limits, clock_system());
	unsigned rounds = 0;

	if (asker == NULL)
		abort();
	z->is_holding = is_holding;
	z->asked = 0;
	while (spf_evaluate(q, asker, a, out) == CHECK_WAITING) {
		target_promise(is_holding, "it waits only for answers");
		target_promise(rounds++ < ROUNDS_MAX, "it comes to an end");
		let_go(z);
	}
	target_promise(z->asked <= ASKED_MAX + rounds * SPFWALK_TERMS_MAX,
		"it asks no more than its bounds say");
	asker_free(asker);
	target_promise(out->result >= AUTH_NONE &&
			out->result <= AUTH_PERMERROR &&
			out->result != AUTH_POLICY,
		"the result is one of SPF");
	target_promise(out->lookups <= SPFWALK_TERMS_MAX + 1 &&
			out->voids <= SPFWALK_VOIDS_MAX + 1,
		"it counts, and stops");
}

static void compare(const struct spf_fact *x, const struct spf_fact *y)
{
	target_promise(x->result == y->result && x->lookups == y->lookups &&
			x->voids == y->voids &&
			slice_is_equal(x->matched, y->matched) &&
			slice_is_equal(x->reason, y->reason),
		"waiting does not change the result");
}

static struct slice cut(struct slice *rest)
{
	struct slice line = { NULL, 0 };

	(void)slice_cut(rest, '\n', &line);
	return line;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice rest = slice_make(data + 1, size > 0 ? size - 1 : 0);
	uint8_t how = size > 0 ? data[0] : 0;
	struct zone *z = calloc(1, sizeof(*z));
	struct arena *a = arena_new(1 << 20);
	struct spf_fact now, later;
	struct ipaddr ip;
	struct spf_question q = { .ip = &ip };

	if (z == NULL || a == NULL)
		abort();
	if (ipaddr_parse(&ip,
		    slice_of((how & 1) == 0 ? "192.0.2.1" : "2001:db8::1")) !=
		RES_OK)
		abort();
	q.identity = (how & 2) == 0 ? SPF_MAILFROM : SPF_HELO;
	q.helo = cut(&rest);
	q.local = cut(&rest);
	q.domain = cut(&rest);
	(void)dns_reverse_name(&ip, z->reverse);
	while (rest.len > 0)
		add(z, cut(&rest), &ip);
	evaluate(z, false, &q, a, &now);
	evaluate(z, true, &q, a, &later);
	compare(&now, &later);
	arena_free(a);
	free(z);
	return 0;
}
