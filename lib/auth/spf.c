/* SPDX-License-Identifier: BSD-2-Clause */
#include "auth/spf.h"

#include "auth/spfwalk.h"
#include "base/arena.h"
#include "net/hostname.h"
#include "net/psl.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include <arpa/nameser.h>
#include <netdb.h>
#include <spf2/spf.h>

enum {
	/* Of one evaluation: eleven TXT answers and what is made of them. */
	SCRATCH_MAX = 1 << 20,
	STATE_ARENA_MAX = 64 * 1024,
	DIRECTIVE_MAX = 64,
	LINE_MAX_LEN = 400
};

/* ---- libspf2: does one directive match? ---- */

/*
 * The name that libspf2 knows the target by. Its parser and its macros have a
 * history of overflows, not all of them mended everywhere (CVE-2023-42118), so
 * that neither a record nor a sender's name is ever shown to it: we read the
 * record, expand the name, and it asks us for this one instead.
 */
static const char alias[] = "x.invalid";

/*
 * One evaluation's, made when the first directive needs it. The server is
 * filled by hand: SPF_server_new ends the process if the host's name is of 64
 * octets, and prepares texts that we have no use for.
 */
struct library {
	SPF_dns_server_t layer; /* hook points here */
	SPF_server_t server;
	char host[sizeof(alias)]; /* it wants a name of its own */
	SPF_request_t *request;
	SPF_dns_rr_t *spare; /* its lookup must never return NULL */
	struct spfwalk *walk;
	const struct ipaddr *ip;
	struct slice target;
	enum spf_kind kind;
	bool is_any_prefix; /* length 0, which it takes for 32 and 128 */
	struct arena *a;
};

static bool put_address(struct library *l, SPF_dns_rr_t *rr, struct slice rdata)
{
	size_t len = rr->rr_type == ns_t_a ? 4 : 16;
	const void *at = rdata.at;

	if (rdata.len != len)
		return true;
	/* Any address will do: the client's own does for sure. */
	if (l->is_any_prefix)
		at = l->ip->octet + (16 - len);
	if (SPF_dns_rr_buf_realloc(rr, rr->num_rr, len) != SPF_E_SUCCESS)
		return false;
	memcpy(rr->rr[rr->num_rr], at, len);
	rr->num_rr++;
	return true;
}

static bool put_mx(struct library *l, SPF_dns_rr_t *rr, struct slice rdata)
{
	struct slice wire, name;
	uint16_t preference;
	enum result res = dns_mx_split(rdata, &preference, &wire);

	if (res == RES_OK)
		res = dns_name_text(wire, l->a, &name);
	if (res == RES_SYNTAX)
		return true;
	if (res != RES_OK ||
		SPF_dns_rr_buf_realloc(rr, rr->num_rr, name.len + 1) !=
			SPF_E_SUCCESS)
		return false;
	memcpy(rr->rr[rr->num_rr]->mx, name.at, name.len);
	rr->rr[rr->num_rr]->mx[name.len] = '\0';
	rr->num_rr++;
	return true;
}

static bool put_all(
	struct library *l, SPF_dns_rr_t *rr, const struct dns_answer *a)
{
	for (size_t i = 0; i < a->count; i++) {
		bool fine = rr->rr_type == ns_t_mx
			? put_mx(l, rr, a->rdata[i])
			: put_address(l, rr, a->rdata[i]);

		if (!fine)
			return false;
	}
	return true;
}

/* An exchanger may bear the alias, too: it is not the target. */
static struct slice name_of(
	const struct library *l, const char *domain, ns_type type)
{
	if (strcmp(domain, alias) == 0 &&
		(l->kind != SPF_MX || type == ns_t_mx))
		return l->target;
	return slice_of(domain);
}

/* TRY_AGAIN makes it give up; why is the walk's to know. */
static SPF_dns_rr_t *lookup(SPF_dns_server_t *layer, const char *domain,
	ns_type type, int should_cache)
{
	struct library *l = layer->hook;
	SPF_dns_rr_t *rr = SPF_dns_rr_new_init(layer, NULL, type, 0, TRY_AGAIN);
	const struct dns_answer *a = NULL;

	(void)should_cache;
	if (rr == NULL) {
		rr = l->spare;
		l->spare = NULL;
		spfwalk_give_up(l->walk, dns_why_text(DNS_WHY_NOMEM));
		return rr;
	}
	if (type == ns_t_a || type == ns_t_aaaa || type == ns_t_mx)
		a = spfwalk_ask(
			l->walk, name_of(l, domain, type), (enum dns_type)type);
	if (a == NULL)
		return rr;
	if (!put_all(l, rr, a)) {
		spfwalk_give_up(l->walk, dns_why_text(DNS_WHY_NOMEM));
		return rr;
	}
	rr->herrno = rr->num_rr > 0 ? NETDB_SUCCESS : NO_DATA;
	return rr;
}

static void set_client(SPF_request_t *request, const struct ipaddr *ip)
{
	struct in6_addr six;
	struct in_addr four;

	memcpy(&four, ip->octet + 12, sizeof(four));
	memcpy(&six, ip->octet, sizeof(six));
	if (ipaddr_is_v4(ip))
		(void)SPF_request_set_ipv4(request, four);
	else
		(void)SPF_request_set_ipv6(request, six);
	request->cur_dom = alias;
}

static bool open_library(struct library *l)
{
	if (l->request != NULL)
		return true;
	memcpy(l->host, alias, sizeof(alias));
	l->layer = (SPF_dns_server_t){
		.lookup = lookup, .name = "asker", .hook = l
	};
	l->server = (SPF_server_t){ .resolver = &l->layer,
		.rec_dom = l->host,
		.max_dns_mech = SPFWALK_TERMS_MAX,
		.max_dns_ptr = SPFWALK_NAMES_MAX,
		.max_dns_mx = SPFWALK_NAMES_MAX };
	l->spare = SPF_dns_rr_new_init(&l->layer, NULL, ns_t_a, 0, TRY_AGAIN);
	if (l->spare == NULL)
		return false;
	l->request = SPF_request_new(&l->server);
	if (l->request == NULL)
		return false;
	set_client(l->request, l->ip);
	return true;
}

static void close_library(struct library *l)
{
	if (l->request != NULL)
		SPF_request_free(l->request);
	if (l->spare != NULL)
		SPF_dns_rr_free(l->spare);
}

static unsigned at_least_1(uint8_t bits)
{
	return bits == 0 ? 1 : bits;
}

static void write_directive(
	const struct spf_term *term, char out[DIRECTIVE_MAX])
{
	if (term->kind == SPF_EXISTS)
		snprintf(out, DIRECTIVE_MAX, "v=spf1 exists:%s", alias);
	else
		snprintf(out, DIRECTIVE_MAX, "v=spf1 %s:%s/%u//%u",
			term->kind == SPF_MX ? "mx" : "a", alias,
			at_least_1(term->bits4), at_least_1(term->bits6));
}

/* False: it failed, for a reason that the walk does not know. */
static bool interpret(
	struct library *l, const struct spf_term *term, SPF_result_t *out)
{
	SPF_response_t *response = SPF_response_new(l->request);
	SPF_record_t *record = NULL;
	char text[DIRECTIVE_MAX];
	bool fine = false;

	if (response == NULL)
		return false;
	write_directive(term, text);
	if (SPF_record_compile(&l->server, response, &record, text) ==
		SPF_E_SUCCESS) {
		response->spf_record_exp = record;
		(void)SPF_record_interpret(record, l->request, response, 0);
		*out = SPF_response_result(response);
		/* It is what the walk was told, or a fault of its own. */
		fine = *out == SPF_RESULT_PASS || *out == SPF_RESULT_NEUTRAL ||
			*out == SPF_RESULT_TEMPERROR;
	}
	if (record != NULL)
		SPF_record_free(record);
	SPF_response_free(response);
	return fine;
}

static void match(struct library *l, const struct spf_term *term)
{
	SPF_result_t result = SPF_RESULT_INVALID;

	l->kind = term->kind;
	l->is_any_prefix = term->kind != SPF_EXISTS &&
		(ipaddr_is_v4(l->ip) ? term->bits4 : term->bits6) == 0;
	if (!open_library(l) || !interpret(l, term, &result))
		spfwalk_give_up(l->walk, "the SPF library failed");
	else
		spfwalk_answer(l->walk, result == SPF_RESULT_PASS);
}

/* ---- one evaluation ---- */

static struct slice keep(struct arena *a, struct slice s)
{
	struct slice copy;

	(void)!arena_copy(a, s, &copy);
	return copy;
}

static void settle_none(struct spf_fact *out, const char *reason)
{
	out->result = AUTH_NONE;
	out->reason = slice_of(reason);
}

static enum check_progress walk(const struct spfwalk_client *client,
	struct asker *dns, struct arena *scratch, struct spf_fact *out)
{
	struct library l = { .ip = client->ip, .a = scratch };
	enum spfwalk_need need;
	struct spf_term term;

	*out = (struct spf_fact){ .result = AUTH_TEMPERROR,
		.domain = client->domain,
		.reason = slice_of(dns_why_text(DNS_WHY_NOMEM)) };
	l.walk = spfwalk_new(client, dns, scratch);
	if (l.walk == NULL)
		return CHECK_DONE;
	while ((need = spfwalk_next(l.walk, &term, &l.target)) == SPFWALK_MATCH)
		match(&l, &term);
	if (need == SPFWALK_DONE)
		spfwalk_read(l.walk, out);
	close_library(&l);
	return need == SPFWALK_DONE ? CHECK_DONE : CHECK_WAITING;
}

static enum check_progress walk_in_scratch(const struct spfwalk_client *client,
	struct asker *dns, struct arena *a, struct spf_fact *out)
{
	struct arena *scratch = arena_new(SCRATCH_MAX);
	enum check_progress progress;
	struct spf_fact fact;

	if (scratch == NULL) {
		*out = (struct spf_fact){ .result = AUTH_TEMPERROR,
			.reason = slice_of(dns_why_text(DNS_WHY_NOMEM)) };
		return CHECK_DONE;
	}
	progress = walk(client, dns, scratch, &fact);
	if (progress == CHECK_DONE) {
		*out = fact;
		out->domain = keep(a, fact.domain);
		out->matched = keep(a, fact.matched);
		out->reason = keep(a, fact.reason);
		out->record =
			keep(a, slice_part(fact.record, 0, SPF_RECORD_KEPT));
	}
	arena_free(scratch);
	return progress;
}

/* The domain asked about, as it came. */
static struct slice domain_of(const struct spf_question *q)
{
	bool is_helo = q->identity == SPF_HELO ||
		(slice_is_empty(q->domain) && slice_is_empty(q->local));

	return is_helo ? q->helo : q->domain;
}

enum check_progress spf_evaluate(const struct spf_question *question,
	struct asker *dns, struct arena *a, struct spf_fact *out)
{
	struct slice domain = domain_of(question);
	char name[HOSTNAME_MAX];
	size_t len;
	struct spfwalk_client client = {
		.ip = question->ip,
		.helo = question->helo,
		.local = question->local,
	};

	/* s4.3: what is no name has no record. RFC 8616 s4: U-labels have that
	 * of their A-labels. */
	if (psl_to_ascii(domain, name, &len) != RES_OK) {
		*out = (struct spf_fact){ .domain = domain };
		settle_none(out,
			slice_is_empty(domain)
				? "there is no domain to ask about"
				: "not a domain name");
		return CHECK_DONE;
	}
	client.domain = slice_make(name, len);
	/* s2.4, s4.3: without a local part it is "postmaster". */
	if (question->identity == SPF_HELO || slice_is_empty(client.local))
		client.local = slice_of("postmaster");
	if (dns == NULL) {
		*out = (struct spf_fact){ .result = AUTH_TEMPERROR,
			.domain = domain,
			.reason = slice_of(dns_why_text(DNS_WHY_DOWN)) };
		return CHECK_DONE;
	}
	return walk_in_scratch(&client, dns, a, out);
}

/* ---- the check ---- */

struct state {
	struct arena *arena;
	struct spf_fact helo;
	struct spf_fact mailfrom;
	bool has_helo;
	bool has_mailfrom;
	bool is_put_off; /* to the end, see evaluate_mailfrom */
};

static struct state *state_new(void)
{
	struct state *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->arena = arena_new(STATE_ARENA_MAX);
	if (s->arena != NULL)
		return s;
	free(s);
	return NULL;
}

void spf_clear(void *state)
{
	struct state *s = state;

	arena_free(s->arena);
	free(s);
}

static bool evaluate(const struct check_input *in, enum spf_identity identity,
	struct arena *a, struct spf_fact *out)
{
	const struct spf_question question = {
		.identity = identity,
		.ip = &in->conn->ip,
		.helo = in->conn->helo,
		.local = in->envelope->sender.local,
		.domain = in->envelope->sender.domain,
	};

	return spf_evaluate(&question, in->dns, a, out) == CHECK_DONE;
}

/*
 * What could not be told is tried again where it is wanted: there are more
 * questions then than before the other checks have asked theirs.
 */
static void evaluate_mailfrom(
	const struct check_input *in, struct state *s, bool is_wanted)
{
	if (s->has_mailfrom || (s->is_put_off && !is_wanted))
		return;
	/* Not a null sender, which is asked about as its HELO, but nonsense. */
	if (slice_is_empty(in->envelope->sender.domain)) {
		settle_none(&s->mailfrom, "the sender has no domain");
		s->has_mailfrom = true;
		return;
	}
	if (!evaluate(in, SPF_MAILFROM, s->arena, &s->mailfrom))
		return;
	s->is_put_off = s->mailfrom.result == AUTH_TEMPERROR;
	s->has_mailfrom = is_wanted || !s->is_put_off;
}

/* Most hosts have no record of their own, and with this one all is known. */
static void expect_helo(const struct check_input *in)
{
	char name[HOSTNAME_MAX];
	size_t len;

	if (in->dns != NULL &&
		psl_to_ascii(in->conn->helo, name, &len) == RES_OK &&
		strchr(name, '.') != NULL)
		(void)!asker_ask(in->dns, slice_make(name, len), DNS_TXT);
}

/*
 * Each only until it is known. Who greets in a name of his own must not use up
 * there what the record of the sender that he forges needs: that goes first.
 */
static bool evaluate_both(
	const struct check_input *in, struct state *s, bool is_wanted)
{
	bool is_null = in->envelope->sender.is_null;

	if (!is_null) {
		evaluate_mailfrom(in, s, is_wanted);
		if (!s->has_mailfrom) {
			expect_helo(in);
			return false;
		}
	}
	if (!s->has_helo)
		s->has_helo = evaluate(in, SPF_HELO, s->arena, &s->helo);
	/* s2.4: a null sender is asked about as its HELO. */
	if (is_null) {
		s->mailfrom = s->helo;
		s->has_mailfrom = s->has_helo;
	}
	return s->has_helo && s->has_mailfrom;
}

/* What a record that could be evaluated says; NULL: it was not. */
static const char *const verbs[AUTH_PERMERROR + 1] = {
	[AUTH_PASS] = "permits",
	[AUTH_FAIL] = "does not permit",
	[AUTH_SOFTFAIL] = "probably does not permit",
	[AUTH_NEUTRAL] = "says nothing about",
};

static void write_line(const struct check_input *in,
	const struct spf_fact *fact, char line[LINE_MAX_LEN])
{
	const char *verb = verbs[fact->result];
	bool has_both =
		!slice_is_empty(fact->matched) && !slice_is_empty(fact->reason);

	if (verb == NULL)
		snprintf(line, LINE_MAX_LEN, "%.*s%s%.*s",
			SLICE_ARG(fact->domain),
			slice_is_empty(fact->domain) ? "" : ": ",
			SLICE_ARG(fact->reason));
	else
		snprintf(line, LINE_MAX_LEN, "%.*s %s %s (%.*s%s%.*s)",
			SLICE_ARG(fact->domain), verb, in->conn->ip_text,
			SLICE_ARG(fact->matched), has_both ? " " : "",
			SLICE_ARG(fact->reason));
}

static void report(const struct check_input *in, const struct spf_fact *fact,
	const char *check, struct findings *out)
{
	struct finding *f = findings_add(out, check);
	char line[LINE_MAX_LEN];

	f->detail = auth_result_name(fact->result);
	f->outcome = auth_result_outcome(fact->result);
	f->subject = fact->domain;
	write_line(in, fact, line);
	if (arena_copy(in->arena, slice_of(line), &f->evidence) != RES_OK)
		f->evidence = fact->reason;
}

/* Without memory both are what could not be told. */
static void report_nothing(const struct check_input *in, struct findings *out)
{
	const struct spf_fact fact = { .result = AUTH_TEMPERROR,
		.reason = slice_of(dns_why_text(DNS_WHY_NOMEM)) };

	in->auth->helo = in->auth->mailfrom = fact;
	report(in, &fact, "spf", out);
	report(in, &fact, "spf-helo", out);
}

enum check_progress spf_step(const struct check_input *in, struct findings *out)
{
	struct state *s = *in->state;

	if (in->envelope == NULL)
		return CHECK_WAITING;
	if (s == NULL)
		*in->state = s = state_new();
	if (s == NULL) {
		if (out != NULL)
			report_nothing(in, out);
		return CHECK_DONE;
	}
	if (!evaluate_both(in, s, out != NULL))
		return CHECK_WAITING;
	if (out == NULL)
		return CHECK_DONE;
	in->auth->helo = s->helo;
	in->auth->mailfrom = s->mailfrom;
	in->auth->is_null_sender = in->envelope->sender.is_null;
	report(in, &s->mailfrom, "spf", out);
	report(in, &s->helo, "spf-helo", out);
	return CHECK_DONE;
}
