/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/account.h"

#include "base/arena.h"
#include "base/ascii.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/hex.h"
#include "conf/conf.h"
#include "store/keys.h"
#include "store/writer.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	SEEN_MAX = 4096, /* power of 2 */
	AGAIN_MS = 6 * 3600 * 1000,
	KEY_MAX = 96,
	NUMBER_MAX = 24
};

/* The newest of those whose hash begins alike; who is pushed out is written
 * once more, which harms nobody. */
struct seen {
	char hash[SECRET_HASH_MAX];
	int64_t at_ms; /* monotonic */
};

struct accounts {
	struct writer *writer;
	const struct clock *clock;
	pthread_mutex_t lock; /* of seen */
	struct seen seen[SEEN_MAX];
};

enum result account_hash(
	const struct secret *s, struct slice name, char out[SECRET_HASH_MAX])
{
	return slice_is_empty(name) ? RES_SYNTAX : secret_hash(s, name, out);
}

bool account_is_hash(struct slice text)
{
	if (text.len != SECRET_HASH_MAX - 1)
		return false;
	for (size_t i = 0; i < text.len; i++)
		if (ascii_is_upper(text.at[i]) || hex_value(text.at[i]) < 0)
			return false;
	return true;
}

static struct slice key_of(
	const struct conf *conf, const char *hash, struct buf *out)
{
	buf_init(out, KEY_MAX);
	keys_format(
		out, slice_of(conf->redis.prefix), "account:", slice_of(hash));
	return buf_slice(out);
}

enum result account_name(struct redis *r, const struct conf *conf,
	const char *hash, struct arena *a, struct slice *name)
{
	struct buf key;
	const struct slice argv[] = { slice_of("HGET"),
		key_of(conf, hash, &key), slice_of("name") };
	struct redis_reply reply;
	enum result res = buf_result(&key);

	*name = slice_of("");
	if (res == RES_OK)
		res = redis_command(
			r, argv, sizeof(argv) / sizeof(argv[0]), &reply);
	buf_clear(&key);
	if (res != RES_OK)
		return res;
	if (reply.type == REDIS_ERROR)
		return redis_error_kind(reply.text);
	if (reply.type != REDIS_STRING)
		return RES_MISSING;
	return arena_copy(a, slice_part(reply.text, 0, ACCOUNT_NAME_MAX), name);
}

/* ---- for the milter ---- */

enum result accounts_open(
	struct accounts **out, struct writer *writer, const struct clock *clock)
{
	struct accounts *a = calloc(1, sizeof(*a));

	*out = NULL;
	if (a == NULL)
		return RES_NOMEM;
	a->writer = writer;
	a->clock = clock;
	pthread_mutex_init(&a->lock, NULL);
	*out = a;
	return RES_OK;
}

void accounts_close(struct accounts *a)
{
	if (a == NULL)
		return;
	pthread_mutex_destroy(&a->lock);
	free(a);
}

/* Hashes are as good as random: their first digits spread them. */
static struct seen *place_of(struct accounts *a, const char *hash)
{
	unsigned long place = 0;

	for (size_t i = 0; i < 4 && hash[i] != '\0'; i++)
		place = place << 4 | ((unsigned)hex_value(hash[i]) & 15);
	return &a->seen[place % SEEN_MAX];
}

static bool is_due(struct accounts *a, const char *hash)
{
	int64_t now_ms = clock_mono_ms(a->clock);
	struct seen *s = place_of(a, hash);
	bool is_fresh;

	pthread_mutex_lock(&a->lock);
	is_fresh = strcmp(s->hash, hash) == 0 && now_ms - s->at_ms < AGAIN_MS;
	if (!is_fresh) {
		snprintf(s->hash, sizeof(s->hash), "%s", hash);
		s->at_ms = now_ms;
	}
	pthread_mutex_unlock(&a->lock);
	return !is_fresh;
}

static void forget(struct accounts *a, const char *hash)
{
	pthread_mutex_lock(&a->lock);
	place_of(a, hash)->hash[0] = '\0';
	pthread_mutex_unlock(&a->lock);
}

static void fold(struct slice name, char out[ACCOUNT_NAME_MAX], size_t *len)
{
	*len = name.len < ACCOUNT_NAME_MAX ? name.len : ACCOUNT_NAME_MAX;
	for (size_t i = 0; i < *len; i++)
		out[i] = ascii_is_upper(name.at[i])
			? (char)(name.at[i] - 'A' + 'a')
			: name.at[i];
}

void accounts_seen(struct accounts *a, const struct conf *conf,
	const char *hash, struct slice name)
{
	struct writer_job *job;
	char folded[ACCOUNT_NAME_MAX], now[NUMBER_MAX], life[NUMBER_MAX];
	struct buf key;
	struct slice key_text;
	size_t len;

	if (!is_due(a, hash))
		return;
	fold(name, folded, &len);
	snprintf(now, sizeof(now), "%lld", (long long)clock_wall_ms(a->clock));
	snprintf(life, sizeof(life), "%u", conf->trace.accounts_s);
	key_text = key_of(conf, hash, &key);
	const struct slice set[] = { slice_of("HSET"), key_text,
		slice_of("name"), slice_make(folded, len), slice_of("seen_ms"),
		slice_of(now) };
	const struct slice expire[] = { slice_of("EXPIRE"), key_text,
		slice_of(life) };

	job = writer_job_new();
	writer_job_command(job, set, sizeof(set) / sizeof(set[0]));
	writer_job_command(job, expire, sizeof(expire) / sizeof(expire[0]));
	/* Who could not be written down is tried again with the next mail. */
	if (writer_add(a->writer, job) != RES_OK)
		forget(a, hash);
	buf_clear(&key);
}
