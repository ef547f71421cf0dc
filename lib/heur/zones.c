/* SPDX-License-Identifier: BSD-2-Clause */
#include "heur/zones.h"

#include "base/arena.h"
#include "conf/conf.h"
#include "dns/asker.h"
#include "dns/dnsbl.h"
#include "dns/zonewatch.h"
#include "heur/zonenames.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_MAX_LEN = 640, UNTOLD_MAX = 400 };

static const struct word {
	enum conf_zone_subject subject;
	const char *detail;
} words[] = {
	{ CONF_ZONE_HELO, "helo_listed" },
	{ CONF_ZONE_SENDER, "sender_listed" },
	{ CONF_ZONE_AUTHOR, "author_listed" },
	{ CONF_ZONE_LINK, "link_listed" },
};

struct survey {
	const struct check_input *in;
	struct asker_limits limits;
	struct zonewatch *watch;
	struct zonenames *names; /* NULL: only the address */
};

/* What one zone says of one name. */
struct reply {
	bool is_waiting;
	bool is_silent; /* there was no use in asking */
	struct dnsbl_reading reading;
	struct slice about; /* what it is about */
};

static struct survey begin(
	const struct check_input *in, struct zonenames *names)
{
	const struct zones_service *service = in->service;

	if (names != NULL)
		zonenames_gather(
			names, in, service == NULL ? NULL : service->psl);
	return (struct survey){
		.in = in,
		.limits = { in->conf->dns.lists_max, in->conf->dns.lists_ms },
		.watch = service == NULL ? NULL : service->watch,
		.names = names,
	};
}

/* ---- questions ---- */

static bool asks_address(const struct survey *s, const struct conf_zone *z)
{
	const struct ipaddr *ip = &s->in->conn->ip;
	bool is_v6 = !ipaddr_is_v4(ip);

	return (is_v6 ? z->has_v6 : z->has_v4) && !ipaddr_is_private(ip) &&
		zonewatch_may_ask(s->watch, z, is_v6);
}

static bool asks_name(const struct survey *s, const struct conf_zone *z,
	const struct zonename *n)
{
	return (z->asked & n->subject) != 0 &&
		zonewatch_may_ask(s->watch, z, false);
}

/* A silent zone has what it has said; it is not asked for more. */
static struct reply ask(const struct survey *s, const struct conf_zone *z,
	struct slice question, struct slice about)
{
	bool is_silent = zonewatch_is_silent(s->watch, z);
	const struct dns_answer *a = is_silent
		? asker_known(s->in->dns, question, DNS_A)
		: asker_ask_apart(s->in->dns, question, DNS_A, &s->limits);

	if (a != NULL)
		return (struct reply){ .reading = dnsbl_read(z, a),
			.about = about };
	return (struct reply){
		.is_waiting = !is_silent, .is_silent = is_silent, .about = about
	};
}

static struct reply ask_address(
	const struct survey *s, const struct conf_zone *z)
{
	char name[DNSBL_NAME_MAX];

	return ask(s, z,
		slice_of(dnsbl_address_name(&s->in->conn->ip, z, name)),
		slice_of(s->in->conn->ip_text));
}

static struct reply ask_domain(
	const struct survey *s, const struct conf_zone *z, struct slice domain)
{
	char name[DNSBL_NAME_MAX];

	/* No list holds a name that can not be asked for. */
	if (dnsbl_domain_name(domain, z, name) != RES_OK)
		return (struct reply){ .reading = { .state = DNSBL_CLEAR } };
	return ask(s, z, slice_of(name), domain);
}

static bool is_worth_more(const struct reply *a, const struct reply *b)
{
	if (a->reading.state == DNSBL_LISTED)
		return b->reading.state != DNSBL_LISTED ||
			a->reading.weight > b->reading.weight;
	return b->reading.state == DNSBL_CLEAR;
}

/* The host, and the domain that somebody has registered. */
static struct reply ask_name(const struct survey *s, const struct conf_zone *z,
	const struct zonename *n)
{
	struct reply host = ask_domain(s, z, n->host);
	struct reply domain = host;

	if (n->domain.len < n->host.len)
		domain = ask_domain(s, z, n->domain);
	if (host.is_waiting || domain.is_waiting)
		return (struct reply){ .is_waiting = true, .about = n->host };
	return is_worth_more(&host, &domain) ? host : domain;
}

/* All of them go out before the first is waited for. True: some are. */
static bool ask_addresses(const struct survey *s)
{
	const struct conf *conf = s->in->conf;
	bool is_waiting = false;

	for (size_t i = 0; i < conf->zone_count; i++) {
		const struct conf_zone *z = &conf->zones[i];

		if (asks_address(s, z) && ask_address(s, z).is_waiting)
			is_waiting = true;
	}
	return is_waiting;
}

/* Those of links come last, should there be too many. */
static bool ask_names(const struct survey *s)
{
	const struct conf *conf = s->in->conf;
	bool is_waiting = false;

	for (size_t n = 0; n < s->names->count; n++)
		for (size_t i = 0; i < conf->zone_count; i++) {
			const struct conf_zone *z = &conf->zones[i];
			const struct zonename *name = &s->names->item[n];

			if (asks_name(s, z, name) &&
				ask_name(s, z, name).is_waiting)
				is_waiting = true;
		}
	return is_waiting;
}

/* ---- findings ---- */

/* What the zones of one check have said. */
struct tally {
	const struct survey *survey;
	struct findings *out;
	const char *check;
	size_t asked;
	size_t hits;
	size_t untold;
	bool is_untold_enforced; /* by a zone that is not in shadow */
	const char *untold_zone;
	struct buf untold_text;
};

static struct slice keep(const struct check_input *in, const char *line)
{
	struct slice kept;

	return arena_copy(in->arena, slice_of(line), &kept) == RES_OK
		? kept
		: slice_of("");
}

static void add_hit(struct tally *t, const struct conf_zone *z,
	const char *detail, const struct reply *r)
{
	struct finding *f = findings_add(t->out, t->check);
	char answer[DNSBL_ANSWER_MAX], line[LINE_MAX_LEN];

	snprintf(line, sizeof(line), "%.*s is on %s (%s)%s%s",
		SLICE_ARG(r->about), z->name,
		dnsbl_answer_text(r->reading.answer, answer),
		*z->removal == '\0' ? "" : "; removal: ", z->removal);
	f->outcome = OUTCOME_HIT;
	f->detail = detail;
	f->factor = r->reading.weight;
	f->shadow = z->shadow;
	f->subject = slice_of(z->name);
	f->evidence = keep(t->survey->in, line);
	t->hits++;
}

static void add_untold(
	struct tally *t, const struct conf_zone *z, const struct reply *r)
{
	char answer[DNSBL_ANSWER_MAX];

	if (t->untold++ == 0)
		t->untold_zone = z->name;
	t->is_untold_enforced = t->is_untold_enforced || !z->shadow;
	if (t->untold_text.len > 0)
		buf_add_text(&t->untold_text, ", ");
	if (r->reading.state == DNSBL_TROUBLE)
		buf_add_format(&t->untold_text,
			"%s answers %s, which is no listing", z->name,
			dnsbl_answer_text(r->reading.answer, answer));
	else
		buf_add_format(&t->untold_text, "%s: %s", z->name,
			dns_why_text(r->reading.why));
}

/* Notes what a zone has said; true: it lists. *is_told: it did say something,
 * or is to be taken so. */
static bool settle(struct tally *t, const struct conf_zone *z, struct reply *r,
	bool *is_told)
{
	if (r->is_silent || r->is_waiting)
		r->reading = (struct dnsbl_reading){ .why = DNS_WHY_TIMEOUT };
	else
		zonewatch_note(t->survey->watch, z, &r->reading);
	t->asked++;
	*is_told = r->reading.state == DNSBL_LISTED ||
		r->reading.state == DNSBL_CLEAR;
	return r->reading.state == DNSBL_LISTED && r->reading.weight > 0;
}

static void report_address(struct tally *t, const struct conf_zone *z)
{
	struct reply r;
	bool is_told;

	if (!asks_address(t->survey, z))
		return;
	r = ask_address(t->survey, z);
	if (settle(t, z, &r, &is_told))
		add_hit(t, z, "listed", &r);
	else if (!is_told)
		add_untold(t, z, &r);
}

/* SPF of the domain, or a signature of it or of what is above it. */
static bool is_proved(const struct check_input *in, const struct zonename *n)
{
	const struct auth_facts *auth = in->auth;

	if (auth->mailfrom.result == AUTH_PASS && !auth->is_null_sender)
		return true;
	for (unsigned i = 0; auth->dkim_is_known && i < auth->dkim_count; i++)
		if (auth->dkim[i].result == AUTH_PASS &&
			hostname_is_within(n->host, auth->dkim[i].domain))
			return true;
	return false;
}

static const char *detail_of(enum conf_zone_subject subject)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (words[i].subject == subject)
			return words[i].detail;
	return "";
}

/* Was its domain found under another subject of this zone, before i? */
static bool is_repeated(
	const struct zonenames *names, const bool *is_hit, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (is_hit[j] &&
			slice_is_equal(
				names->item[j].domain, names->item[i].domain))
			return true;
	return false;
}

/* More links than may be asked about are a sample, not a failure. */
static bool is_sample(const struct zonename *n, const struct reply *r)
{
	return n->subject == CONF_ZONE_LINK && r->reading.why == DNS_WHY_BUDGET;
}

/* What a zone has said of the names. */
struct roll {
	bool is_hit[ZONENAMES_MAX];
	bool has_untold; /* once is enough */
	struct reply link; /* that weighs most */
};

/* True: it is a hit, and not one that counts already. */
static bool settle_name(struct tally *t, const struct conf_zone *z, size_t i,
	struct roll *roll, struct reply *r)
{
	const struct zonenames *names = t->survey->names;
	bool is_told;

	*r = ask_name(t->survey, z, &names->item[i]);
	roll->is_hit[i] = settle(t, z, r, &is_told);
	if (!is_told && !roll->has_untold && !is_sample(&names->item[i], r)) {
		roll->has_untold = true;
		add_untold(t, z, r);
	}
	return roll->is_hit[i] && !is_repeated(names, roll->is_hit, i);
}

static void report_names(struct tally *t, const struct conf_zone *z)
{
	const struct zonenames *names = t->survey->names;
	struct roll roll = { .has_untold = false };

	for (size_t i = 0; i < names->count; i++) {
		const struct zonename *n = &names->item[i];
		struct reply r;

		if (!asks_name(t->survey, z, n) ||
			(z->is_allow && !is_proved(t->survey->in, n)) ||
			!settle_name(t, z, i, &roll, &r))
			continue;
		if (n->subject != CONF_ZONE_LINK)
			add_hit(t, z, detail_of(n->subject), &r);
		else if (r.reading.weight > roll.link.reading.weight)
			roll.link = r;
	}
	if (roll.link.reading.weight > 0)
		add_hit(t, z, detail_of(CONF_ZONE_LINK), &roll.link);
}

static void report(
	const struct survey *s, const char *check, struct findings *out)
{
	struct tally t = { .survey = s, .out = out, .check = check };
	bool is_allow = strcmp(check, "dnswl") == 0;
	struct finding *f;

	buf_init(&t.untold_text, UNTOLD_MAX);
	for (size_t i = 0; i < s->in->conf->zone_count; i++) {
		const struct conf_zone *z = &s->in->conf->zones[i];

		if (z->is_allow != is_allow)
			continue;
		if (z->is_domain)
			report_names(&t, z);
		else
			report_address(&t, z);
	}
	if (t.untold > 0) {
		f = findings_add(out, check);
		f->detail = "temperror";
		f->shadow = !t.is_untold_enforced;
		f->subject = slice_of(t.untold_zone);
		f->evidence = keep(s->in, buf_text(&t.untold_text));
	} else if (t.hits == 0 && t.asked > 0) {
		f = findings_add(out, check);
		f->outcome = OUTCOME_MISS;
		f->detail = "";
	}
	buf_clear(&t.untold_text);
}

/* A zone that allows domains reads what SPF and DKIM have found. */
static bool is_proof_missing(const struct check_input *in)
{
	if (!in->conf->auth.enabled ||
		(in->auth->mailfrom.result != AUTH_UNKNOWN &&
			in->auth->dkim_is_known))
		return false;
	for (size_t i = 0; i < in->conf->zone_count; i++)
		if (in->conf->zones[i].is_domain && in->conf->zones[i].is_allow)
			return true;
	return false;
}

enum check_progress zones_begin_step(
	const struct check_input *in, struct findings *out)
{
	struct survey s;

	if (out == NULL && in->conf->zone_count > 0 && in->dns != NULL) {
		s = begin(in, NULL);
		(void)ask_addresses(&s);
	}
	return CHECK_DONE;
}

static enum check_progress fail(struct findings *out)
{
	if (out != NULL)
		findings_add(out, "dnsbl")->detail = "temperror";
	return CHECK_DONE;
}

enum check_progress zones_step(
	const struct check_input *in, struct findings *out)
{
	struct survey s;
	bool is_waiting;

	if (in->conf->zone_count == 0 || in->dns == NULL)
		return CHECK_DONE;
	if (*in->state == NULL)
		*in->state = calloc(1, sizeof(struct zonenames));
	if (*in->state == NULL)
		return fail(out);
	s = begin(in, *in->state);
	is_waiting = ask_addresses(&s);
	is_waiting = ask_names(&s) || is_waiting;
	/* There is more to ask for with each event. */
	if (out == NULL || is_waiting || is_proof_missing(in))
		return CHECK_WAITING;
	report(&s, "dnsbl", out);
	report(&s, "dnswl", out);
	return CHECK_DONE;
}

void zones_clear(void *state)
{
	free(state);
}
