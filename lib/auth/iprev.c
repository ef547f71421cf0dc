/* SPDX-License-Identifier: BSD-2-Clause */
#include "auth/iprev.h"

#include "base/arena.h"
#include "dns/asker.h"
#include "net/hostname.h"

#include <stdio.h>
#include <string.h>

enum { LINE_MAX_LEN = 400 };

/* What the addresses of one name say. */
enum match { MATCH_NO = 0, MATCH_YES, MATCH_WAITING, MATCH_UNKNOWN };

static enum match match_name(
	const struct ipaddr *ip, struct asker *dns, struct slice name)
{
	const struct dns_answer *a =
		asker_ask(dns, name, ipaddr_is_v4(ip) ? DNS_A : DNS_AAAA);

	if (a == NULL)
		return MATCH_WAITING;
	if (a->status == DNS_UNKNOWN)
		return MATCH_UNKNOWN;
	return dns_answer_has_address(a, ip) ? MATCH_YES : MATCH_NO;
}

static void settle(
	struct iprev_fact *out, enum auth_result result, const char *reason)
{
	out->result = result;
	out->reason = slice_of(reason);
}

/* RES_NOMEM, or not: *name is empty when it is no host name. */
static enum result read_name(
	struct slice rdata, struct arena *a, struct slice *name)
{
	char folded[HOSTNAME_MAX];
	struct slice text;
	size_t len;
	enum result res = dns_name_text(rdata, a, &text);

	*name = slice_of("");
	if (res == RES_OK)
		res = hostname_parse(text, folded, &len);
	if (res != RES_OK)
		return res;
	return arena_copy(a, slice_make(folded, len), name) == RES_OK
		? RES_OK
		: RES_NOMEM;
}

/* All names are asked before the first is waited for. */
static enum check_progress match_names(const struct ipaddr *ip,
	const struct dns_answer *ptr, struct asker *dns, struct arena *a,
	struct iprev_fact *out)
{
	bool is_waiting = false, is_unknown = false;

	for (size_t i = 0; i < ptr->count && i < IPREV_NAMES_MAX; i++) {
		struct slice name;

		if (read_name(ptr->rdata[i], a, &name) == RES_NOMEM)
			is_unknown = true;
		if (slice_is_empty(name))
			continue;
		if (slice_is_empty(out->name))
			out->name = name;
		switch (match_name(ip, dns, name)) {
		case MATCH_YES:
			out->name = name;
			settle(out, AUTH_PASS, "");
			return CHECK_DONE;
		case MATCH_WAITING:
			is_waiting = true;
			break;
		case MATCH_UNKNOWN:
			is_unknown = true;
			break;
		case MATCH_NO:
			break;
		}
	}
	if (is_waiting)
		return CHECK_WAITING;
	if (is_unknown)
		settle(out, AUTH_TEMPERROR,
			"the name of its address could not be asked for");
	else
		settle(out, AUTH_FAIL, "its name does not point back to it");
	return CHECK_DONE;
}

enum check_progress iprev_evaluate(const struct ipaddr *ip, struct asker *dns,
	struct arena *a, struct iprev_fact *out)
{
	const struct dns_answer *ptr;
	char name[80];

	*out = (struct iprev_fact){ .result = AUTH_UNKNOWN };
	ptr = asker_ask(dns, slice_of(dns_reverse_name(ip, name)), DNS_PTR);
	if (ptr == NULL)
		return CHECK_WAITING;
	switch (ptr->status) {
	case DNS_UNKNOWN:
		settle(out, AUTH_TEMPERROR, dns_why_text(ptr->why));
		return CHECK_DONE;
	case DNS_NODATA:
	case DNS_NXDOMAIN:
		settle(out, AUTH_PERMERROR, "it has no name in reverse DNS");
		return CHECK_DONE;
	case DNS_FOUND:
		break;
	}
	return match_names(ip, ptr, dns, a, out);
}

static void report(const struct check_input *in, struct findings *out)
{
	const struct iprev_fact *fact = &in->auth->iprev;
	struct finding *f = findings_add(out, "iprev");
	char line[LINE_MAX_LEN];

	f->detail = auth_result_name(fact->result);
	f->subject = fact->name;
	f->outcome = fact->result == AUTH_PASS	 ? OUTCOME_MISS
		: fact->result == AUTH_TEMPERROR ? OUTCOME_UNKNOWN
						 : OUTCOME_HIT;
	if (fact->result == AUTH_PASS)
		snprintf(line, sizeof(line), "%s is %.*s, both ways",
			in->conn->ip_text, SLICE_ARG(fact->name));
	else if (slice_is_empty(fact->name))
		snprintf(line, sizeof(line), "%s: %.*s", in->conn->ip_text,
			SLICE_ARG(fact->reason));
	else
		snprintf(line, sizeof(line), "%s (%.*s): %.*s",
			in->conn->ip_text, SLICE_ARG(fact->name),
			SLICE_ARG(fact->reason));
	if (arena_copy(in->arena, slice_of(line), &f->evidence) != RES_OK)
		f->evidence = fact->reason;
}

enum check_progress iprev_step(
	const struct check_input *in, struct findings *out)
{
	struct iprev_fact fact;

	if (iprev_evaluate(&in->conn->ip, in->dns, in->arena, &fact) ==
		CHECK_WAITING)
		return CHECK_WAITING;
	if (out != NULL) {
		in->auth->iprev = fact;
		report(in, out);
	}
	return CHECK_DONE;
}
