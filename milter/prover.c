/* SPDX-License-Identifier: BSD-2-Clause */
#include "milter/prover.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "conf/conf.h"
#include "judge/petition.h"
#include "net/cidr.h"
#include "store/link.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

enum {
	TIMEOUT_MS = 1000, /* of a command; the MTA waits for us */
	WAIT_S = 3, /* for whoever uses the connection */
	MEMORY_MAX = 256 * 1024
};

struct prover {
	struct proof proof;
	struct prover_needs needs;
	pthread_mutex_t lock; /* of all below */
	struct redis *redis;
	int64_t next_try_ms;
};

static enum result connect_now(struct prover *p)
{
	const struct link_request request = {
		.purpose = LINK_WRITE,
		.timeout_ms = TIMEOUT_MS,
	};
	const int64_t now_ms = clock_mono_ms(p->needs.clock);
	struct endpoint server;
	enum result res;

	if (p->redis != NULL && !redis_is_broken(p->redis))
		return RES_OK;
	redis_close(p->redis);
	p->redis = NULL;
	if (now_ms < p->next_try_ms)
		return RES_DOWN;
	res = link_open(p->needs.conf, &request, &p->redis, &server, NULL);
	if (res != RES_OK)
		p->next_try_ms =
			now_ms + (int64_t)p->needs.conf->redis.breaker_probe_ms;
	return res;
}

/* Only the network that was asked for proves anything. */
static bool is_own(
	const struct delist_request *request, const struct ipaddr *client)
{
	const struct cidr asked = cidr_of_client(&request->ip);
	const struct cidr own = cidr_of_client(client);

	return cidr_is_equal(&asked, &own);
}

static enum result confirm(struct prover *p, const struct ipaddr *client,
	const char *token, struct arena *a, struct delist_request *request)
{
	const struct conf *conf = p->needs.conf;
	const struct petition_env env = {
		.conf = conf,
		.mirror = p->needs.mirror,
		.blocklist = p->needs.blocklist,
		.geo = p->needs.geo,
		.now_ms = clock_wall_ms(p->needs.clock),
	};
	struct petition_showing showing = {
		.token = slice_of(token),
		.proof = GRANT_PROOF_ADDRESS,
		.who = slice_of("milter"),
		.why = slice_of("a message from the address itself"),
	};
	enum token_purpose purpose = TOKEN_NONE;
	char rid[CASE_REF_MAX];
	struct petition petition;
	enum result res;

	res = delist_find(p->redis, conf, slice_of(token), &purpose, rid);
	if (res == RES_OK && purpose != TOKEN_ADDRESS)
		res = RES_TYPE;
	if (res == RES_OK)
		res = delist_read(
			p->redis, conf, slice_of(rid), env.now_ms, a, request);
	if (res == RES_OK && !is_own(request, client))
		res = RES_DENIED;
	showing.rid = slice_of(rid);
	if (res == RES_OK)
		res = petition_confirm(
			p->redis, &env, &showing, a, request, &petition);
	/* The lists, or DNS, could not tell: later they can. */
	if (res == RES_OK && petition.grant.answer == GRANT_UNKNOWN)
		res = RES_DOWN;
	return res;
}

static void note(const struct ipaddr *client, enum result res,
	const struct delist_request *request)
{
	char ip[IPADDR_TEXT_MAX];
	struct logline line;

	log_start(&line, LOG_LEVEL_NOTICE, "proof");
	log_text(&line, "ip", ipaddr_format(client, ip));
	log_text(&line, "result", result_name(res));
	if (res == RES_OK) {
		log_text(&line, "state", delist_state_name(request->state));
		log_slice(&line, "reason", request->reason);
	}
	log_send(&line);
}

/* What was asked and answered, with whatever answer, is over. */
static bool is_answered(enum result res)
{
	return res == RES_OK || res == RES_MISSING || res == RES_TYPE ||
		res == RES_DENIED || res == RES_SYNTAX || res == RES_EXISTS;
}

static bool show(
	void *at, const struct ipaddr *client, const char token[TOKEN_TEXT_MAX])
{
	struct prover *p = at;
	struct arena *a = arena_new(MEMORY_MAX);
	struct delist_request request = { .state = DELIST_UNKNOWN };
	struct timespec until;
	enum result res = RES_TIMEOUT;

	if (a == NULL)
		return false;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += WAIT_S;
	if (pthread_mutex_timedlock(&p->lock, &until) == 0) {
		res = connect_now(p);
		if (res == RES_OK)
			res = confirm(p, client, token, a, &request);
		pthread_mutex_unlock(&p->lock);
	}
	note(client, res, &request);
	arena_free(a);
	return is_answered(res);
}

enum result prover_open(struct prover **out, const struct prover_needs *needs)
{
	struct prover *p = calloc(1, sizeof(*p));

	*out = NULL;
	if (p == NULL)
		return RES_NOMEM;
	p->needs = *needs;
	p->needs.conf = conf_hold(needs->conf);
	p->proof = (struct proof){ show, p };
	pthread_mutex_init(&p->lock, NULL);
	*out = p;
	return RES_OK;
}

void prover_close(struct prover *p)
{
	if (p == NULL)
		return;
	redis_close(p->redis);
	pthread_mutex_destroy(&p->lock);
	conf_release(p->needs.conf);
	free(p);
}

const struct proof *prover_proof(const struct prover *p)
{
	return &p->proof;
}
