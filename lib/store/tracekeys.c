/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/tracekeys.h"

#include "base/ascii.h"
#include "base/clock.h"
#include "base/hex.h"
#include "base/log.h"
#include "base/random.h"
#include "conf/conf.h"
#include "store/lookout.h"
#include "store/script.h"
#include "store/secret.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum {
	NAME_OCTETS =
		8, /* random: no name comes twice, whoever lost his Redis */
	NAME_TEXT_MAX = 2 * NAME_OCTETS + 1,
	KEY_TEXT_MAX = 2 * SHA256_LEN + 1,
	MS_PER_S = 1000,
	LOOK_MAX_MS = 60000,
	LOOKS_A_LIFE = 10,
	HURRY_MS = 1000, /* between looks while there is no key */
	REPLY_PARTS = 5,
	DIGIT_BITS = 5
};

static const char purpose[] = "trace key";

/*
 * KEYS[1]: the keys. ARGV: life in ms, name and text of a new key, "1" when it
 * may be made. A clock that was set back by a life makes one too: nobody would
 * live to see the next.
 */
static const char read_text[] =
	"local t = redis.call('TIME')\n"
	"local ms = t[1] * 1000 + math.floor(t[2] / 1000)\n"
	"local h = redis.call('HMGET', KEYS[1], 'now', 'before', 'since_ms')\n"
	"local now, before, since = h[1], h[2], tonumber(h[3] or '')\n"
	"local function key(name)\n"
	"  return name and redis.call('HGET', KEYS[1], 'key:' .. name) or false\n"
	"end\n"
	"if not key(now) then now = false end\n"
	"local old = not now or not since or\n"
	"  math.abs(ms - since) >= tonumber(ARGV[1])\n"
	"if old and ARGV[4] == '1' then\n"
	"  if before then redis.call('HDEL', KEYS[1], 'key:' .. before) end\n"
	"  before, now, since = now, ARGV[2], ms\n"
	"  redis.call('HSET', KEYS[1], 'now', now, 'before', before or '',\n"
	"    'since_ms', string.format('%.0f', since), 'key:' .. now, ARGV[3])\n"
	"end\n"
	"return {now or '', key(now) or '', before or '', key(before) or '',\n"
	"  math.max(0, ms - (since or ms))}\n";

/* ---- what Redis has ---- */

static bool is_name(struct slice s)
{
	if (s.len == 0 || s.len >= TRACE_KEY_MAX)
		return false;
	for (size_t i = 0; i < s.len; i++)
		if (!ascii_is_digit(s.at[i]) && !ascii_is_alpha(s.at[i]))
			return false;
	return true;
}

/* Whoever edits the hash by hand with less than a key has none. */
static enum result read_key(const struct secret *s, struct slice name,
	struct slice text, struct tracekeys_key *out)
{
	enum result res;

	out->name[0] = '\0';
	if (slice_is_empty(name) || slice_is_empty(text))
		return RES_OK;
	if (!is_name(name) || text.len != KEY_TEXT_MAX - 1)
		return RES_CORRUPT;
	res = secret_sign(s, purpose, text, out->octet);
	if (res != RES_OK)
		return res;
	memcpy(out->name, name.at, name.len);
	out->name[name.len] = '\0';
	return RES_OK;
}

static enum result read_ring(const struct secret *s,
	const struct redis_reply *reply, struct tracekeys_ring *out)
{
	struct tracekeys_ring ring = { .age_ms = 0 };
	enum result res;

	if (reply->type != REDIS_ARRAY || reply->count != REPLY_PARTS)
		return RES_CORRUPT;
	res = read_key(s, redis_element(reply, 0).text,
		redis_element(reply, 1).text, &ring.now);
	if (res == RES_OK)
		res = read_key(s, redis_element(reply, 2).text,
			redis_element(reply, 3).text, &ring.before);
	if (res != RES_OK)
		return res;
	ring.age_ms = redis_element(reply, 4).number;
	*out = ring;
	return RES_OK;
}

enum result tracekeys_read(struct redis *r, const struct conf *conf,
	const struct secret *s, bool may_make, struct tracekeys_ring *out)
{
	struct script_call call = { .count = 0 };
	uint8_t octets[NAME_OCTETS + SHA256_LEN];
	char name[NAME_TEXT_MAX], key[KEY_TEXT_MAX];
	struct redis_reply reply;
	enum result res;

	random_fill(octets, sizeof(octets));
	hex_format(octets, NAME_OCTETS, name);
	hex_format(octets + NAME_OCTETS, SHA256_LEN, key);
	script_key_of(&call, slice_of(conf->redis.prefix), "trace:keys",
		slice_of(""));
	script_number(&call, (int64_t)conf->trace.key_s * MS_PER_S);
	script_arg(&call, slice_of(name));
	script_arg(&call, slice_of(key));
	script_arg(&call, slice_of(may_make ? "1" : "0"));
	res = script_run(r, read_text, &call, &reply);
	return res == RES_OK ? read_ring(s, &reply, out) : res;
}

/* ---- sign and verify ---- */

static void make_id(char out[TRACE_ID_MAX])
{
	static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";
	uint8_t octet[TRACE_ID_LEN];

	random_fill(octet, sizeof(octet));
	for (size_t i = 0; i < TRACE_ID_LEN; i++)
		out[i] = digits[octet[i] >> (8 - DIGIT_BITS)];
	out[TRACE_ID_LEN] = '\0';
}

static enum result mac_of(
	const struct tracekeys_key *key, struct slice text, uint8_t *out)
{
	uint8_t digest[SHA256_LEN];
	enum result res =
		hmac_sha256(slice_make(key->octet, SHA256_LEN), text, digest);

	if (res == RES_OK)
		memcpy(out, digest, TRACE_MAC_HALF);
	return res;
}

/* A NUL, which stands in no tag, and the digest tell the second half from the
 * first. RES_MISSING: of tracebind_digest, and the first half is there. */
static enum result mac_make(const struct tracekeys_key *key, struct slice value,
	const struct trace *t, const struct tracebind *bind,
	uint8_t out[TRACE_MAC_LEN])
{
	uint8_t digest[SHA256_LEN];
	struct buf text;
	enum result res;

	buf_init(&text, TRACE_VALUE_MAX + 1 + SHA256_LEN);
	res = trace_covered(value, &text);
	if (res == RES_OK)
		res = mac_of(key, buf_slice(&text), out);
	if (res == RES_OK)
		res = tracebind_digest(bind, t->bound, digest);
	if (res == RES_OK) {
		buf_add_char(&text, '\0');
		buf_add(&text, slice_make(digest, sizeof(digest)));
		res = buf_result(&text);
	}
	if (res == RES_OK)
		res = mac_of(key, buf_slice(&text), out + TRACE_MAC_HALF);
	buf_clear(&text);
	return res;
}

enum result tracekeys_sign(const struct tracekeys_ring *ring, struct trace *t,
	const struct tracebind *bind, struct buf *out)
{
	uint8_t mac[TRACE_MAC_LEN];
	size_t from = out->len;
	enum result res;

	if (ring->now.name[0] == '\0')
		return RES_MISSING;
	memcpy(t->key, ring->now.name, sizeof(t->key));
	tracebind_letters(bind, t->has_cfbl, t->bound);
	if (t->id[0] == '\0')
		make_id(t->id);
	res = trace_format(t, out);
	if (res == RES_OK)
		res = mac_make(&ring->now,
			slice_part(buf_slice(out), from, out->len), t, bind,
			mac);
	return res == RES_OK ? trace_finish(mac, out) : res;
}

const char *tracekeys_word_name(enum tracekeys_word w)
{
	switch (w) {
	case TRACEKEYS_NONE:
		return "none";
	case TRACEKEYS_FORGED:
		return "forged";
	case TRACEKEYS_EXPIRED:
		return "expired";
	case TRACEKEYS_ALTERED:
		return "altered";
	case TRACEKEYS_VALID:
		return "valid";
	}
	return "";
}

static const struct tracekeys_key *find_key(
	const struct tracekeys_ring *ring, const char *name)
{
	if (strcmp(ring->now.name, name) == 0)
		return &ring->now;
	return strcmp(ring->before.name, name) == 0 ? &ring->before : NULL;
}

static enum result compare(const struct tracekeys_key *key, struct slice value,
	const struct trace *t, const struct tracebind *bind,
	enum tracekeys_word *word)
{
	uint8_t mac[TRACE_MAC_LEN] = { 0 };
	enum result res = mac_make(key, value, t, bind, mac);

	if (res != RES_OK && res != RES_MISSING)
		return res;
	if (!hmac_is_equal(mac, t->mac, TRACE_MAC_HALF))
		*word = TRACEKEYS_FORGED;
	else if (res == RES_MISSING ||
		!hmac_is_equal(mac + TRACE_MAC_HALF, t->mac + TRACE_MAC_HALF,
			TRACE_MAC_HALF))
		*word = TRACEKEYS_ALTERED;
	else
		*word = TRACEKEYS_VALID;
	return RES_OK;
}

enum result tracekeys_verify(const struct tracekeys_ring *ring,
	struct slice host, struct slice value, const struct tracebind *bind,
	enum tracekeys_word *word, struct trace *out)
{
	const struct tracekeys_key *key;
	enum tracekeys_word got = TRACEKEYS_EXPIRED;
	struct trace t;
	enum result res = trace_parse(value, &t);
	bool is_here;

	if (res == RES_NOMEM)
		return res;
	if (res != RES_OK) {
		*word = TRACEKEYS_FORGED;
		return RES_OK;
	}
	is_here = slice_is_equal(host, slice_of(t.by));
	key = find_key(ring, t.key);
	if (key != NULL)
		res = compare(key, value, &t, bind, &got);
	if (res != RES_OK)
		return res;
	if (!is_here && got <= TRACEKEYS_EXPIRED)
		got = TRACEKEYS_NONE;
	*word = got;
	if (got > TRACEKEYS_FORGED)
		*out = t;
	return RES_OK;
}

/* ---- a milter's copy ---- */

struct tracekeys {
	struct conf *conf;
	const struct secret *secret;
	const struct clock *clock;
	struct lookout *lookout;
	pthread_mutex_t lock; /* of ring and read_ms */
	struct tracekeys_ring ring;
	int64_t read_ms; /* monotonic */
};

static enum result look(void *ctx, struct redis *r)
{
	struct tracekeys *k = ctx;
	struct tracekeys_ring ring;
	enum result res = tracekeys_read(r, k->conf, k->secret, true, &ring);

	if (res != RES_OK)
		return res;
	pthread_mutex_lock(&k->lock);
	k->ring = ring;
	k->read_ms = clock_mono_ms(k->clock);
	pthread_mutex_unlock(&k->lock);
	return RES_OK;
}

static void changed(void *ctx, enum result is)
{
	(void)ctx;
	if (is == RES_OK)
		log_message(LOG_LEVEL_NOTICE, "trace", "the keys are read");
	else
		log_message(
			is == RES_CORRUPT ? LOG_LEVEL_ERROR : LOG_LEVEL_WARNING,
			"trace", "cannot read the keys: %s", result_name(is));
}

static int64_t wait_ms(void *ctx)
{
	struct tracekeys *k = ctx;
	int64_t tenth = (int64_t)k->conf->trace.key_s * MS_PER_S / LOOKS_A_LIFE;
	bool has_key;

	pthread_mutex_lock(&k->lock);
	has_key = k->ring.now.name[0] != '\0';
	pthread_mutex_unlock(&k->lock);
	if (!has_key)
		return HURRY_MS;
	return tenth < LOOK_MAX_MS ? tenth : LOOK_MAX_MS;
}

enum result tracekeys_look(struct tracekeys *k)
{
	return lookout_now(k->lookout);
}

enum result tracekeys_open(struct tracekeys **out, struct conf *conf,
	const struct secret *s, const struct clock *clock)
{
	struct tracekeys *k = calloc(1, sizeof(*k));
	const struct lookout_job job = { .name = "trace",
		.purpose = LINK_WRITE,
		.look = look,
		.changed = changed,
		.wait_ms = wait_ms,
		.ctx = k };
	enum result res;

	*out = NULL;
	if (k == NULL)
		return RES_NOMEM;
	res = lookout_open(&k->lookout, conf, &job);
	if (res != RES_OK) {
		free(k);
		return res;
	}
	pthread_mutex_init(&k->lock, NULL);
	k->conf = conf_hold(conf);
	k->secret = s;
	k->clock = clock;
	*out = k;
	return RES_OK;
}

enum result tracekeys_start(struct tracekeys *k)
{
	if (!k->secret->is_lonely)
		return lookout_start(k->lookout);
	log_message(LOG_LEVEL_WARNING, "trace",
		"no traces: milter.secret_file cannot be used");
	return RES_OK;
}

void tracekeys_close(struct tracekeys *k)
{
	if (k == NULL)
		return;
	lookout_close(k->lookout);
	pthread_mutex_destroy(&k->lock);
	conf_release(k->conf);
	free(k);
}

enum result tracekeys_copy(struct tracekeys *k, struct tracekeys_ring *out)
{
	enum result res = RES_MISSING;

	pthread_mutex_lock(&k->lock);
	if (k->ring.now.name[0] != '\0') {
		*out = k->ring;
		out->age_ms += clock_mono_ms(k->clock) - k->read_ms;
		res = RES_OK;
	}
	pthread_mutex_unlock(&k->lock);
	return res;
}
