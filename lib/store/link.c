/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/link.h"

#include "base/buf.h"
#include "conf/conf.h"

#include <string.h>

static bool endpoint_is_same(const struct endpoint *a, const struct endpoint *b)
{
	if (a->kind == ENDPOINT_UNIX || b->kind == ENDPOINT_UNIX)
		return a->kind == b->kind && strcmp(a->path, b->path) == 0;
	return a->port == b->port && strcmp(a->host, b->host) == 0;
}

/* "SERVER: TEXT; " */
static void complain(
	struct buf *why, const struct endpoint *server, struct slice text)
{
	char name[ENDPOINT_TEXT_MAX];

	if (why == NULL)
		return;
	if (why->len > 0)
		buf_add_text(why, "; ");
	buf_add_text(why, endpoint_format(server, name));
	buf_add_text(why, ": ");
	buf_add(why, text);
}

static enum result open_one(const struct conf *conf,
	const struct link_request *q, const struct endpoint *server,
	struct redis **out, struct buf *why)
{
	const struct redis_login login = {
		.user = conf->redis.user,
		.password = conf->redis.password,
		.database = conf->redis.database,
		.timeout_ms = q->timeout_ms,
		.cancel = q->cancel,
	};
	struct buf text;
	enum result res;

	buf_init(&text, 512);
	res = redis_open(out, server, &login, &text);
	if (res != RES_OK)
		complain(why, server, buf_slice(&text));
	buf_clear(&text);
	return res;
}

/* A server that loads its data, or a replica told not to serve old data,
 * takes the login but no question. */
static enum result check_readable(
	struct redis *r, const struct endpoint *server, struct buf *why)
{
	const struct slice ping[] = { slice_of("PING") };
	struct redis_reply reply;
	enum result kind, res = redis_command(r, ping, 1, &reply);

	if (res != RES_OK) {
		complain(why, server, slice_of(result_name(res)));
		return res;
	}
	if (reply.type != REDIS_ERROR)
		return RES_OK;
	kind = redis_error_kind(reply.text);
	if (slice_has_prefix(reply.text, slice_of("NOPERM")))
		return RES_OK;
	complain(why, server, reply.text);
	return kind == RES_READONLY || kind == RES_FULL ? RES_DOWN : kind;
}

static enum result check_writable(
	struct redis *r, const struct endpoint *server, struct buf *why)
{
	const struct slice role[] = { slice_of("ROLE") };
	struct redis_reply reply, name;
	enum result res = redis_command(r, role, 1, &reply);

	if (res != RES_OK) {
		complain(why, server, slice_of(result_name(res)));
		return res;
	}
	if (reply.type == REDIS_ERROR) {
		/* An account that may not ask: the answer to the first write
		 * will tell. */
		if (slice_has_prefix(reply.text, slice_of("NOPERM")))
			return check_readable(r, server, why);
		complain(why, server, reply.text);
		return RES_DOWN;
	}
	name = redis_element(&reply, 0);
	if (slice_is_equal(name.text, slice_of("master")))
		return check_readable(r, server, why);
	complain(why, server, slice_of("is not a primary"));
	return RES_READONLY;
}

/* ---- sentinels ---- */

/* "10.0.0.5" and "6379" as an endpoint. */
static enum result read_address(
	const struct redis_reply *reply, struct endpoint *out)
{
	struct slice host = redis_element(reply, 0).text;
	struct slice port = redis_element(reply, 1).text;
	struct endpoint e = { .kind = ENDPOINT_INET };
	uint64_t number;

	if (slice_is_empty(host) || host.len >= sizeof(e.host) ||
		memchr(host.at, '\0', host.len) != NULL ||
		slice_parse_u64(port, 1, 65535, &number) != RES_OK)
		return RES_SYNTAX;
	if (memchr(host.at, ':', host.len) != NULL)
		e.kind = ENDPOINT_INET6;
	memcpy(e.host, host.at, host.len);
	e.port = (uint16_t)number;
	*out = e;
	return RES_OK;
}

static enum result ask_sentinel(const struct conf *conf,
	const struct link_request *q, const struct endpoint *sentinel,
	struct endpoint *out, struct buf *why)
{
	const struct redis_login login = {
		.user = conf->redis.sentinel_user,
		.password = conf->redis.sentinel_password,
		.timeout_ms = q->timeout_ms,
		.cancel = q->cancel,
	};
	const struct slice argv[] = { slice_of("SENTINEL"),
		slice_of("get-master-addr-by-name"),
		slice_of(conf->redis.master) };
	struct redis *r = NULL;
	struct redis_reply reply;
	struct buf text;
	enum result res;

	buf_init(&text, 512);
	res = redis_open(&r, sentinel, &login, &text);
	if (res != RES_OK) {
		complain(why, sentinel, buf_slice(&text));
		goto done;
	}
	res = redis_command(r, argv, 3, &reply);
	if (res != RES_OK) {
		complain(why, sentinel, slice_of(result_name(res)));
	} else if (reply.type == REDIS_ERROR) {
		complain(why, sentinel, reply.text);
		res = RES_DOWN;
	} else if (read_address(&reply, out) != RES_OK) {
		complain(why, sentinel,
			slice_of("does not know the primary of that name"));
		res = RES_DOWN;
	}
done:
	redis_close(r);
	buf_clear(&text);
	return res;
}

static enum result find_primary(const struct conf *conf,
	const struct link_request *q, struct endpoint *out, struct buf *why)
{
	enum result res = RES_MISSING;

	for (size_t i = 0; i < conf->redis.sentinel_count; i++) {
		res = ask_sentinel(
			conf, q, &conf->redis.sentinels[i], out, why);
		if (res == RES_OK)
			return RES_OK;
	}
	return res;
}

/* ---- doors ---- */

enum result link_open_at(const struct conf *conf, const struct link_request *q,
	const struct endpoint *server, struct redis **out, struct buf *why)
{
	enum result res = open_one(conf, q, server, out, why);

	if (res != RES_OK)
		return res;
	res = q->purpose == LINK_WRITE ? check_writable(*out, server, why)
				       : check_readable(*out, server, why);
	if (res != RES_OK) {
		redis_close(*out);
		*out = NULL;
	}
	return res;
}

enum result link_open(const struct conf *conf, const struct link_request *q,
	struct redis **out, struct endpoint *server, struct buf *why)
{
	bool has_sentinels = conf->redis.sentinel_count > 0;
	struct endpoint primary;
	enum result res = RES_MISSING;

	*out = NULL;
	/* The order of the file says nothing of who is primary now; only the
	 * sentinels do. */
	if (q->purpose == LINK_READ || !has_sentinels) {
		for (size_t i = 0; i < conf->redis.server_count; i++) {
			res = link_open_at(
				conf, q, &conf->redis.servers[i], out, why);
			if (res != RES_OK)
				continue;
			*server = conf->redis.servers[i];
			return RES_OK;
		}
	}
	if (!has_sentinels)
		return res;
	res = find_primary(conf, q, &primary, why);
	if (res == RES_OK)
		res = link_open_at(conf, q, &primary, out, why);
	if (res == RES_OK)
		*server = primary;
	return res;
}

bool link_is_current(const struct conf *conf, const struct link_request *q,
	const struct endpoint *server)
{
	struct endpoint primary;

	if (conf->redis.sentinel_count == 0)
		return true;
	if (q->purpose == LINK_READ) {
		/* A configured server was chosen on purpose, whatever its
		 * role is by now. */
		for (size_t i = 0; i < conf->redis.server_count; i++)
			if (endpoint_is_same(server, &conf->redis.servers[i]))
				return true;
	}
	if (find_primary(conf, q, &primary, NULL) != RES_OK)
		return true;
	return endpoint_is_same(server, &primary);
}
