/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/correspond.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/hex.h"
#include "conf/conf.h"
#include "mail/mailbox.h"
#include "net/cidr.h"
#include "store/breaker.h"
#include "store/keys.h"
#include "store/pool.h"
#include "store/redis.h"
#include "store/secret.h"
#include "store/writer.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TOLD_MAX = 1024, HOUR_S = 3600 };

/* A network that the administrator was told of. */
struct told {
	struct cidr net;
	int64_t at_s;
};

enum { KEY_MAX = 96, NUMBER_MAX = 24, SECOND_MS = 1000 };

struct correspond {
	struct conf *conf;
	const struct secret *secret;
	struct writer *writer;
	const struct clock *clock;
	struct pool *pool;
	struct breaker breaker;
	_Atomic int64_t second; /* of asked */
	atomic_uint asked;
	pthread_mutex_t lock; /* of what follows */
	struct told told[TOLD_MAX]; /* the newest, in a ring */
	size_t told_at;
	int64_t hour; /* of told_count */
	unsigned told_count;
};

enum result correspond_open(struct correspond **out, struct conf *conf,
	const struct secret *secret, struct writer *writer,
	const struct clock *clock)
{
	struct correspond *c = calloc(1, sizeof(*c));

	*out = NULL;
	if (c == NULL)
		return RES_NOMEM;
	c->conf = conf_hold(conf);
	c->secret = secret;
	c->writer = writer;
	c->clock = clock;
	pthread_mutex_init(&c->lock, NULL);
	breaker_init(&c->breaker, conf->redis.breaker_failures,
		conf->redis.breaker_probe_ms);
	c->pool = pool_new(conf);
	if (c->pool == NULL) {
		correspond_close(c);
		return RES_NOMEM;
	}
	*out = c;
	return RES_OK;
}

void correspond_close(struct correspond *c)
{
	if (c == NULL)
		return;
	pool_free(c->pool);
	breaker_clear(&c->breaker);
	pthread_mutex_destroy(&c->lock);
	conf_release(c->conf);
	free(c);
}

/* ---- names ---- */

static enum result add_mailbox(struct buf *out, struct slice address)
{
	char name[MAILBOX_TEXT_MAX];
	enum result res;

	if (slice_find(address, '@') == address.len)
		return RES_SYNTAX;
	res = mailbox_name(address, name);
	if (res != RES_OK)
		return res;
	buf_add_text(out, name);
	return buf_result(out);
}

enum result correspond_name(const struct correspond *c, struct slice user,
	struct slice other, struct correspond_name *out)
{
	uint8_t sum[32];
	struct buf text;
	enum result res;

	buf_init(&text, 2 * MAILBOX_TEXT_MAX + 1);
	res = add_mailbox(&text, user);
	buf_add_char(&text, '\n'); /* which stands in no address */
	if (res == RES_OK)
		res = add_mailbox(&text, other);
	if (res == RES_OK)
		res = secret_sign(
			c->secret, "correspond", buf_slice(&text), sum);
	if (res == RES_OK)
		hex_format(sum, CORRESPOND_OCTETS, out->text);
	buf_clear(&text);
	return res;
}

static struct slice key_of(const struct correspond *c,
	const struct correspond_name *name, struct buf *out)
{
	buf_init(out, KEY_MAX);
	keys_format(out, slice_of(c->conf->redis.prefix),
		"corr:", slice_of(name->text));
	return buf_slice(out);
}

/* ---- writing ---- */

void correspond_wrote(struct correspond *c, const struct conf *conf,
	const struct correspond_name *names, size_t count)
{
	struct writer_job *job = writer_job_new();
	char life[NUMBER_MAX];
	enum result dropped;

	snprintf(life, sizeof(life), "%u", conf->correspondents.keep_s);
	for (size_t i = 0; i < count && i < CORRESPOND_NAMES_MAX; i++) {
		struct buf key;
		const struct slice argv[] = { slice_of("SET"),
			key_of(c, &names[i], &key), slice_of("1"),
			slice_of("EX"), slice_of(life) };

		writer_job_command(job, argv, sizeof(argv) / sizeof(argv[0]));
		buf_clear(&key);
	}
	dropped = writer_add(c->writer, job);
	(void)dropped; /* the writer counts it and says so */
}

/* ---- telling ---- */

static bool was_told(
	const struct correspond *c, const struct ipaddr *client, int64_t now_s)
{
	for (size_t i = 0; i < TOLD_MAX; i++)
		if (c->told[i].at_s != 0 &&
			now_s - c->told[i].at_s < CORRESPOND_TOLD_S &&
			cidr_covers(&c->told[i].net, client))
			return true;
	return false;
}

/* Takes one of the letters of this hour. */
static bool take_letter(
	struct correspond *c, const struct ipaddr *client, int64_t now_s)
{
	bool may = false;

	pthread_mutex_lock(&c->lock);
	if (c->hour != now_s / HOUR_S) {
		c->hour = now_s / HOUR_S;
		c->told_count = 0;
	}
	if (c->told_count < CORRESPOND_TOLD_HOUR &&
		!was_told(c, client, now_s)) {
		c->told_count++;
		c->told[c->told_at] =
			(struct told){ cidr_of_client(client), now_s };
		c->told_at = (c->told_at + 1) % TOLD_MAX;
		may = true;
	}
	pthread_mutex_unlock(&c->lock);
	return may;
}

bool correspond_tell(
	struct correspond *c, const struct ipaddr *client, const char *ref)
{
	int64_t now_ms = clock_wall_ms(c->clock);
	struct writer_job *job;
	char since[NUMBER_MAX];
	struct buf key;

	if (!take_letter(c, client, now_ms / SECOND_MS))
		return false;
	job = writer_job_new();
	buf_init(&key, KEY_MAX);
	keys_format(
		&key, slice_of(c->conf->redis.prefix), "mailq", slice_of(""));
	snprintf(since, sizeof(since), "%lld", (long long)now_ms);
	{
		const struct slice argv[] = { slice_of("XADD"), buf_slice(&key),
			slice_of("*"), slice_of("kind"),
			slice_of("correspondent"), slice_of("id"),
			slice_of(ref), slice_of("more"), slice_of(""),
			slice_of("tries"), slice_of("0"), slice_of("since"),
			slice_of(since) };

		writer_job_command(job, argv, sizeof(argv) / sizeof(argv[0]));
	}
	buf_clear(&key);
	return writer_add(c->writer, job) == RES_OK;
}

/* ---- asking ---- */

static bool may_ask(
	struct correspond *c, const struct conf *conf, int64_t now_ms)
{
	int64_t second = now_ms / SECOND_MS;

	if (atomic_exchange(&c->second, second) != second)
		atomic_store(&c->asked, 0);
	return atomic_fetch_add(&c->asked, 1) < conf->correspondents.rate;
}

static enum result run(
	struct redis *r, const struct slice *argv, size_t argc, bool *found)
{
	struct redis_reply reply;
	enum result res = redis_command(r, argv, argc, &reply);

	if (res != RES_OK)
		return res;
	if (reply.type == REDIS_ERROR)
		return redis_error_kind(reply.text);
	if (reply.type != REDIS_NUMBER)
		return RES_INTERNAL;
	*found = reply.number > 0;
	return RES_OK;
}

static enum result exchange(struct correspond *c, const struct slice *argv,
	size_t argc, bool *found)
{
	struct pool_loan *loan;
	enum result res = pool_take(c->pool, &loan);

	if (res != RES_OK)
		return res;
	res = run(pool_redis(loan), argv, argc, found);
	/* The server may have closed it while nobody used it. */
	if (res != RES_OK && pool_is_reused(loan) &&
		redis_is_broken(pool_redis(loan))) {
		res = pool_reopen(c->pool, loan);
		if (res == RES_OK)
			res = run(pool_redis(loan), argv, argc, found);
	}
	pool_give(c->pool, loan);
	return res;
}

enum result correspond_find(struct correspond *c, const struct conf *conf,
	const struct correspond_name *names, size_t count, bool *found)
{
	struct slice argv[CORRESPOND_NAMES_MAX + 1] = { slice_of("EXISTS") };
	struct buf key[CORRESPOND_NAMES_MAX];
	int64_t now_ms = clock_mono_ms(c->clock);
	enum result res;

	*found = false;
	if (count > CORRESPOND_NAMES_MAX)
		count = CORRESPOND_NAMES_MAX;
	if (count == 0)
		return RES_OK;
	if (!may_ask(c, conf, now_ms))
		return RES_FULL;
	if (!breaker_allows(&c->breaker, now_ms))
		return RES_DOWN;
	for (size_t i = 0; i < count; i++)
		argv[i + 1] = key_of(c, &names[i], &key[i]);
	res = exchange(c, argv, count + 1, found);
	breaker_report(&c->breaker, res == RES_OK, clock_mono_ms(c->clock));
	for (size_t i = 0; i < count; i++)
		buf_clear(&key[i]);
	return res;
}
