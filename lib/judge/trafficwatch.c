/* SPDX-License-Identifier: BSD-2-Clause */
#include "judge/trafficwatch.h"

#include "auth/aligned.h"
#include "conf/conf.h"
#include "judge/record.h"

#include <string.h>

static bool is_of_sender(const struct record *r)
{
	return r->verdict != NULL && r->scope.conf != NULL &&
		r->conn->kind == CONN_REMOTE && !r->conn->is_trusted;
}

static enum traffic_counter counter_of(enum action a)
{
	switch (a) {
	case ACTION_NONE:
	case ACTION_ACCEPT:
		break;
	case ACTION_MARK:
		return TRAFFIC_MARKED;
	case ACTION_QUARANTINE:
		return TRAFFIC_HELD;
	case ACTION_TEMPFAIL:
		return TRAFFIC_DEFERRED;
	case ACTION_REJECT:
		return TRAFFIC_REFUSED;
	}
	return TRAFFIC_ACCEPTED;
}

/* ---- results ---- */

static void count_spf(const struct auth_facts *auth, struct traffic_day *what)
{
	const enum auth_result result = auth->mailfrom.result;

	what->count[TRAFFIC_SPF_PASS] = result == AUTH_PASS;
	what->count[TRAFFIC_SPF_FAIL] = result == AUTH_FAIL ||
		result == AUTH_SOFTFAIL || result == AUTH_PERMERROR;
}

static bool is_broken(enum auth_result r)
{
	return r == AUTH_FAIL || r == AUTH_POLICY || r == AUTH_PERMERROR;
}

static void count_dkim(const struct auth_facts *auth, struct traffic_day *what)
{
	bool passes = false, fails = false;

	for (unsigned i = 0; auth->dkim_is_known && i < auth->dkim_count; i++) {
		passes = passes || auth->dkim[i].result == AUTH_PASS;
		fails = fails || is_broken(auth->dkim[i].result);
	}
	what->count[TRAFFIC_DKIM_PASS] = passes;
	what->count[TRAFFIC_DKIM_FAIL] = fails && !passes;
}

/* The one that a complaint about the message would count for, too. Only what is
 * a name becomes part of a key. */
static void find_signer(const struct auth_facts *auth, const struct psl *psl,
	char out[HOSTNAME_MAX])
{
	size_t len;

	if (hostname_parse(aligned_signer(auth, psl), out, &len) != RES_OK)
		out[0] = '\0';
}

bool trafficwatch_of(const struct record *r, const struct psl *psl,
	struct traffic_day *what, char domain[HOSTNAME_MAX])
{
	const bool is_end = strcmp(r->stage, "eom") == 0;

	*what = (struct traffic_day){ .count = { 0 } };
	domain[0] = '\0';
	if (!is_of_sender(r))
		return false;
	/* A recipient that was taken comes back with its message. */
	if (!is_end && !action_is_refusal(r->verdict->action))
		return false;
	what->count[counter_of(r->verdict->action)] = 1;
	if (!is_end)
		return true;
	what->count[TRAFFIC_MESSAGES] = 1;
	if (r->auth == NULL)
		return true;
	count_spf(r->auth, what);
	count_dkim(r->auth, what);
	what->count[TRAFFIC_DMARC_PASS] = r->auth->dmarc.result == AUTH_PASS;
	what->count[TRAFFIC_DMARC_FAIL] = r->auth->dmarc.result == AUTH_FAIL;
	find_signer(r->auth, psl, domain);
	return true;
}

static void judged(void *at, const struct record *r)
{
	const struct trafficwatch *w = at;
	struct traffic_day what;
	char domain[HOSTNAME_MAX];

	if (trafficwatch_of(r, w->psl, &what, domain) &&
		r->scope.conf->traffic.enabled)
		traffic_add(w->traffic, &r->conn->ip, domain, &what);
}

void trafficwatch_init(struct trafficwatch *out, struct traffic *traffic,
	const struct psl *psl, const struct session_watch *next)
{
	*out = (struct trafficwatch){
		.traffic = traffic,
		.psl = psl,
		.watch = { judged, out, next },
	};
}
