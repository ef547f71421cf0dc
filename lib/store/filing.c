/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/filing.h"

#include "base/buf.h"
#include "conf/conf.h"
#include "net/cidr.h"
#include "store/keys.h"
#include "store/limit.h"
#include "store/token.h"

enum { DAY_S = 86400, HOUR_S = 3600 };

static enum result take(struct redis *r, const struct conf *conf,
	int64_t now_ms, const struct limit *limit, bool *has_room,
	int64_t *wait_s)
{
	size_t full = 0;
	enum result res = limit_take(r, slice_of(conf->redis.prefix), now_ms,
		limit, 1, &full, wait_s);

	*has_room = full == 1;
	return res;
}

enum result filing_name(const struct secret *secret, struct slice mailbox,
	struct filing_mailbox *out)
{
	enum result res = mailbox_name(mailbox, out->name);

	return res == RES_OK
		? secret_hash(secret, slice_of(out->name), out->hash)
		: res;
}

enum result filing_ask(struct redis *r, const struct conf *conf,
	const struct filing_question *q, int64_t now_ms,
	enum filing_answer *out, int64_t *wait_s)
{
	struct limit limit = { q->client_limit, slice_of(""),
		conf->delist.per_client, HOUR_S };
	char net[CIDR_TEXT_MAX];
	struct cidr client;
	bool has_room = true;
	enum result res = RES_OK;

	*out = FILING_GOOD;
	if (q->client != NULL) {
		client = cidr_of_client(q->client);
		limit.who = slice_of(cidr_format(&client, net));
		res = take(r, conf, now_ms, &limit, &has_room, wait_s);
	}
	if (res != RES_OK || !has_room) {
		*out = FILING_LIMITED;
		return res;
	}
	limit = (struct limit){ q->mailbox_limit, q->mailbox, q->mailbox_most,
		DAY_S };
	res = take(r, conf, now_ms, &limit, &has_room, wait_s);
	if (res == RES_OK && has_room && q->domain_limit != NULL) {
		limit = (struct limit){ q->domain_limit, q->domain,
			conf->delist.per_domain, DAY_S };
		res = take(r, conf, now_ms, &limit, &has_room, wait_s);
	}
	if (!has_room)
		*out = FILING_SILENT;
	return res;
}

static enum result read_token(
	struct redis *r, struct slice key, const char *purpose, char *id)
{
	const struct slice argv[] = { slice_of("HMGET"), key,
		slice_of("purpose"), slice_of("id") };
	struct redis_reply reply;
	enum result res = redis_command(r, argv, 4, &reply);

	if (res != RES_OK)
		return res;
	if (reply.type == REDIS_ERROR)
		return redis_error_kind(reply.text);
	if (!slice_is_equal(redis_element(&reply, 0).text, slice_of(purpose)))
		return RES_MISSING;
	return case_ref_parse(redis_element(&reply, 1).text, id) == RES_OK
		? RES_OK
		: RES_MISSING;
}

enum result filing_find(struct redis *r, const struct conf *conf,
	const char *token, const char *purpose, char id[CASE_REF_MAX])
{
	struct buf key;
	enum result res;

	buf_init(&key, LIST_NAME_MAX);
	res = token_key(token, slice_of(conf->redis.prefix), &key);
	if (res == RES_OK)
		res = read_token(r, buf_slice(&key), purpose, id);
	buf_clear(&key);
	return res;
}
