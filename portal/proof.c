/* SPDX-License-Identifier: BSD-2-Clause */
#include "portal/proof.h"

#include "auth/iprev.h"
#include "auth/spf.h"
#include "base/arena.h"
#include "base/clock.h"
#include "conf/conf.h"
#include "dns/asker.h"
#include "mail/mailbox.h"
#include "net/psl.h"
#include "store/token.h"

#include <string.h>

enum { HELD_ADDRESSES_MAX = 8 }; /* of one name that are looked at */

/* One evaluation after another, all within one deadline. */
struct asking {
	struct asker *asker; /* NULL: nothing can be asked */
	int64_t deadline_ms;
	struct arena *arena;
};

static void begin(
	struct asking *a, const struct proof_dns *dns, struct arena *arena)
{
	const struct asker_limits limits = {
		.questions_max = dns->conf->dns.questions_max,
		.timeout_ms = dns->conf->dns.timeout_ms,
	};

	*a = (struct asking){
		.deadline_ms = clock_mono_ms(dns->clock) + PROOF_WAIT_MS,
		.arena = arena,
	};
	if (dns->source != NULL)
		a->asker = asker_new(dns->source, &limits, dns->clock);
}

/* Past the deadline every question has the answer "timeout", so each
 * evaluation ends. seen: what asker_seen said before it. */
static void wait_more(const struct asking *a, uint64_t seen)
{
	if (!asker_wait(a->asker, seen, a->deadline_ms))
		asker_expire(a->asker);
}

static enum grant_ptr ptr_of(enum auth_result r)
{
	switch (r) {
	case AUTH_PASS:
		return GRANT_PTR_CONFIRMED;
	case AUTH_PERMERROR:
		return GRANT_PTR_MISSING;
	case AUTH_FAIL:
		return GRANT_PTR_MISMATCH;
	case AUTH_UNKNOWN:
	case AUTH_NONE:
	case AUTH_SOFTFAIL:
	case AUTH_NEUTRAL:
	case AUTH_POLICY:
	case AUTH_TEMPERROR:
		break;
	}
	return GRANT_PTR_UNKNOWN;
}

static void ask_name(
	const struct asking *a, const struct ipaddr *ip, struct proof_name *out)
{
	struct iprev_fact fact = { .result = AUTH_UNKNOWN };

	*out = (struct proof_name){ .ptr = GRANT_PTR_UNKNOWN };
	if (a->asker == NULL)
		return;
	for (;;) {
		const uint64_t seen = asker_seen(a->asker);

		if (iprev_evaluate(ip, a->asker, a->arena, &fact) == CHECK_DONE)
			break;
		wait_more(a, seen);
	}
	out->ptr = ptr_of(fact.result);
	/* A static text is fine; one of the asker would not live on. */
	if (arena_copy(a->arena, fact.name, &out->name) != RES_OK)
		out->name = slice_of("");
}

void proof_find_name(const struct proof_dns *dns, const struct ipaddr *ip,
	struct arena *a, struct proof_name *out)
{
	struct asking asking;

	begin(&asking, dns, a);
	ask_name(&asking, ip, out);
	asker_free(asking.asker);
}

/* ---- does the mailbox fit? ---- */

static bool same_organisation(
	const struct psl *psl, struct slice one, struct slice other)
{
	return psl != NULL && one.len > 0 && other.len > 0 &&
		slice_is_equal(psl_organisation(psl, one),
			psl_organisation(psl, other));
}

static enum auth_result ask_spf(
	const struct asking *a, const struct ipaddr *ip, struct slice domain)
{
	const struct spf_question question = {
		.identity = SPF_MAILFROM,
		.ip = ip,
		.helo = domain,
		.local = slice_of("postmaster"),
		.domain = domain,
	};
	struct spf_fact fact = { .result = AUTH_UNKNOWN };

	if (a->asker == NULL)
		return AUTH_TEMPERROR;
	for (;;) {
		const uint64_t seen = asker_seen(a->asker);

		if (spf_evaluate(&question, a->asker, a->arena, &fact) ==
			CHECK_DONE)
			return fact.result;
		wait_more(a, seen);
	}
}

static void say(struct proof_fit *out, const char *fits, const char *by)
{
	out->fits = fits;
	out->by = by;
}

void proof_find_fit(const struct proof_dns *dns, const struct proof_question *q,
	struct arena *a, struct proof_fit *out)
{
	const struct slice domain = mailbox_domain(q->mail);
	enum auth_result spf;
	struct asking asking;

	begin(&asking, dns, a);
	ask_name(&asking, &q->ip, &out->ptr);
	if (domain.len == 0) {
		say(out, "no", "");
	} else if (slice_is_equal_nocase(domain, q->sender_domain)) {
		say(out, "yes", "sender");
	} else if (out->ptr.ptr == GRANT_PTR_CONFIRMED &&
		same_organisation(dns->psl, domain, out->ptr.name)) {
		say(out, "yes", "ptr");
	} else {
		spf = ask_spf(&asking, &q->ip, domain);
		if (spf == AUTH_PASS)
			say(out, "yes", "spf");
		else if (spf == AUTH_TEMPERROR || spf == AUTH_UNKNOWN ||
			out->ptr.ptr == GRANT_PTR_UNKNOWN)
			say(out, "unknown", "");
		else
			say(out, "no", "");
	}
	asker_free(asking.asker);
}

/* ---- the TXT record ---- */

static bool is_record(struct slice text, const char *token)
{
	const struct slice begin_with = slice_of(PROOF_TXT);
	const struct slice said = slice_trim(text);
	char got[TOKEN_TEXT_MAX];

	return slice_has_prefix_nocase(said, begin_with) &&
		token_parse(slice_part(said, begin_with.len, said.len), got) ==
		RES_OK &&
		strcmp(got, token) == 0;
}

/* Waits for it. */
static const struct dns_answer *ask(
	const struct asking *a, struct slice name, enum dns_type type)
{
	for (;;) {
		const uint64_t seen = asker_seen(a->asker);
		const struct dns_answer *answer =
			asker_ask(a->asker, name, type);

		if (answer != NULL)
			return answer;
		wait_more(a, seen);
	}
}

static enum proof_txt read_txt(const struct dns_answer *answer,
	proof_match *matches, const char *want, struct arena *a)
{
	switch (answer->status) {
	case DNS_UNKNOWN:
		return PROOF_TXT_UNKNOWN;
	case DNS_NODATA:
	case DNS_NXDOMAIN:
		return PROOF_TXT_MISSING;
	case DNS_FOUND:
		break;
	}
	for (size_t i = 0; i < answer->count; i++) {
		struct slice text;

		if (dns_txt_join(answer->rdata[i], a, &text) == RES_OK &&
			matches(text, want))
			return PROOF_TXT_FOUND;
	}
	return PROOF_TXT_MISSING;
}

enum proof_txt proof_find_txt(const struct proof_dns *dns,
	const struct ipaddr *ip, const char *token, struct arena *a,
	struct slice *name)
{
	enum proof_txt out = PROOF_TXT_UNKNOWN;
	struct proof_name ptr;
	struct asking asking;

	begin(&asking, dns, a);
	ask_name(&asking, ip, &ptr);
	*name = slice_of("");
	switch (ptr.ptr) {
	case GRANT_PTR_UNKNOWN:
		break;
	case GRANT_PTR_CONFIRMED:
		*name = ptr.name;
		out = read_txt(
			ask(&asking, ptr.name, DNS_TXT), is_record, token, a);
		break;
	case GRANT_PTR_MISSING:
	case GRANT_PTR_MISMATCH:
		out = PROOF_TXT_NO_NAME;
		break;
	}
	asker_free(asking.asker);
	return out;
}

enum proof_txt proof_find_record(const struct proof_dns *dns, struct slice name,
	proof_match *matches, const char *want, struct arena *a)
{
	enum proof_txt out = PROOF_TXT_UNKNOWN;
	struct asking asking;

	begin(&asking, dns, a);
	if (asking.asker != NULL)
		out = read_txt(ask(&asking, name, DNS_TXT), matches, want, a);
	asker_free(asking.asker);
	return out;
}

/* ---- a name and a network ---- */

/* A record of type A or AAAA. */
static bool read_address(struct slice rdata, struct ipaddr *out)
{
	*out = (struct ipaddr){ { [10] = 0xff, [11] = 0xff } };
	if (rdata.len != 4 && rdata.len != sizeof(out->octet))
		return false;
	memcpy(out->octet + sizeof(out->octet) - rdata.len, rdata.at,
		rdata.len);
	return true;
}

static enum proof_held has_ptr(
	const struct asking *a, const struct ipaddr *ip, struct slice name)
{
	char reverse[80];
	const struct dns_answer *answer =
		ask(a, slice_of(dns_reverse_name(ip, reverse)), DNS_PTR);

	if (answer->status == DNS_UNKNOWN)
		return PROOF_HELD_UNKNOWN;
	for (size_t i = 0; answer->status == DNS_FOUND && i < answer->count;
		i++) {
		struct slice text;

		if (dns_name_text(answer->rdata[i], a->arena, &text) ==
				RES_OK &&
			slice_is_equal_nocase(text, name))
			return PROOF_HELD_YES;
	}
	return PROOF_HELD_NO;
}

static enum proof_held is_held(
	const struct asking *a, const struct cidr *net, struct slice name)
{
	const struct dns_answer *answer =
		ask(a, name, cidr_is_v4(net) ? DNS_A : DNS_AAAA);
	enum proof_held out = PROOF_HELD_NO;

	if (answer->status == DNS_UNKNOWN)
		return PROOF_HELD_UNKNOWN;
	if (answer->status != DNS_FOUND)
		return PROOF_HELD_NO;
	for (size_t i = 0; i < answer->count && i < HELD_ADDRESSES_MAX; i++) {
		struct ipaddr ip;
		enum proof_held one;

		if (!read_address(answer->rdata[i], &ip) ||
			!cidr_covers(net, &ip))
			continue;
		one = has_ptr(a, &ip, name);
		if (one == PROOF_HELD_YES)
			return one;
		if (one == PROOF_HELD_UNKNOWN)
			out = one;
	}
	return out;
}

enum proof_held proof_is_held(const struct proof_dns *dns,
	const struct cidr *net, struct slice name, struct arena *a)
{
	enum proof_held out = PROOF_HELD_UNKNOWN;
	struct asking asking;

	if (name.len == 0)
		return PROOF_HELD_YES;
	begin(&asking, dns, a);
	if (asking.asker != NULL)
		out = is_held(&asking, net, name);
	asker_free(asking.asker);
	return out;
}
