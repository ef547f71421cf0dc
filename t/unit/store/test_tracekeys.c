/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/tracekeys.h"

#include "base/clock.h"
#include "store/secret.h"
#include "support/case.h"
#include "unit/store/desk.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NAP_US = 1000 };

#define HOST "mx.example.net"

struct world {
	struct desk desk;
	struct secret secret;
	struct tracebind bind; /* of a message */
	struct tracebind other; /* of another one */
};

static struct tracebind message(const char *id)
{
	struct tracebind b = { .failed = false };

	tracebind_add(&b, slice_of("From"), slice_of(" a@example.org"));
	tracebind_add(&b, slice_of("Message-ID"), slice_of(id));
	return b;
}

static int set_up(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	desk_make(&w->desk, NULL);
	secret_load(&w->secret, w->desk.conf->milter.secret_file);
	assert_false(w->secret.is_lonely);
	w->bind = message(" <1@example.org>");
	w->other = message(" <2@example.org>");
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;

	desk_remove(&w->desk);
	free(w);
	return 0;
}

static struct tracekeys_ring read_ring(struct world *w, bool may_make)
{
	struct tracekeys_ring ring;

	desk_result(tracekeys_read(w->desk.redis, w->desk.conf, &w->secret,
			    may_make, &ring),
		RES_OK);
	return ring;
}

/* As if a life of the key were over. */
static void let_age(struct world *w)
{
	DESK_WANTS(&w->desk, "0", "HSET", "rp:trace:keys", "since_ms", "1");
}

static void sign(const struct tracekeys_ring *ring,
	const struct tracebind *bind, struct buf *out)
{
	struct trace t = { .direction = TRACE_IN,
		.by = HOST,
		.at_s = 1764205200,
		.recipients = 1 };

	buf_init(out, TRACE_VALUE_MAX);
	desk_result(tracekeys_sign(ring, &t, bind, out), RES_OK);
}

static const char *judge_at(const char *host, const struct tracekeys_ring *ring,
	struct slice value, const struct tracebind *bind)
{
	enum tracekeys_word word = TRACEKEYS_NONE;
	struct trace t = { .direction = TRACE_UNKNOWN };

	desk_result(
		tracekeys_verify(ring, slice_of(host), value, bind, &word, &t),
		RES_OK);
	assert_int_equal(t.direction,
		word > TRACEKEYS_FORGED ? TRACE_IN : TRACE_UNKNOWN);
	return tracekeys_word_name(word);
}

static const char *judge(const struct tracekeys_ring *ring,
	const struct buf *value, const struct tracebind *bind)
{
	return judge_at(HOST, ring, buf_slice(value), bind);
}

static void valid(void **state)
{
	struct world *w = *state;
	const struct tracekeys_ring ring = read_ring(w, true),
				    again = read_ring(w, true);
	struct trace t;
	struct buf value;

	assert_true(ring.now.name[0] != '\0');
	assert_string_equal(ring.before.name, "");
	assert_string_equal(ring.now.name, again.now.name);
	sign(&ring, &w->bind, &value);
	assert_string_equal(judge(&again, &value, &w->bind), "valid");
	desk_result(trace_parse(buf_slice(&value), &t), RES_OK);
	assert_string_equal(t.key, ring.now.name);
	assert_string_equal(t.bound, "fm");
	buf_clear(&value);
}

static void ids_differ(void **state)
{
	struct world *w = *state;
	const struct tracekeys_ring ring = read_ring(w, true);
	struct trace t = { .direction = TRACE_IN, .by = HOST, .recipients = 1 };
	char first[TRACE_ID_MAX];
	struct buf value;

	buf_init(&value, TRACE_VALUE_MAX);
	desk_result(tracekeys_sign(&ring, &t, &w->bind, &value), RES_OK);
	memcpy(first, t.id, sizeof(first));
	t.id[0] = '\0';
	buf_reset(&value);
	desk_result(tracekeys_sign(&ring, &t, &w->bind, &value), RES_OK);
	assert_string_not_equal(first, t.id);
	buf_clear(&value);
}

static void two_serve(void **state)
{
	struct world *w = *state;
	struct tracekeys_ring first = read_ring(w, true), ring;
	struct buf value;

	sign(&first, &w->bind, &value);
	let_age(w);
	ring = read_ring(w, false);
	assert_string_equal(ring.now.name, first.now.name);
	assert_true(ring.age_ms > (int64_t)w->desk.conf->trace.key_s * 1000);
	ring = read_ring(w, true);
	assert_string_not_equal(ring.now.name, first.now.name);
	assert_string_equal(ring.before.name, first.now.name);
	assert_memory_equal(ring.before.octet, first.now.octet, SHA256_LEN);
	assert_memory_not_equal(ring.now.octet, first.now.octet, SHA256_LEN);
	assert_true(ring.age_ms < DESK_WAIT_MS);
	assert_string_equal(judge(&ring, &value, &w->bind), "valid");
	let_age(w);
	ring = read_ring(w, true);
	assert_string_equal(judge(&ring, &value, &w->bind), "expired");
	/* Nothing is left of the oldest: three names, two keys. */
	DESK_WANTS(&w->desk, "5", "HLEN", "rp:trace:keys");
	DESK_WANTS(&w->desk, "-1", "TTL", "rp:trace:keys");
	buf_clear(&value);
}

static void one_key_for_all(void **state)
{
	struct world *w = *state;
	struct redis *other = desk_dial(&w->desk, DESK_WAIT_MS);
	struct tracekeys_ring a, b;

	for (int i = 0; i < 3; i++) {
		a = read_ring(w, true);
		desk_result(tracekeys_read(
				    other, w->desk.conf, &w->secret, true, &b),
			RES_OK);
		assert_string_equal(a.now.name, b.now.name);
		assert_string_equal(a.before.name, b.before.name);
		assert_memory_equal(a.now.octet, b.now.octet, SHA256_LEN);
		let_age(w);
	}
	redis_close(other);
}

static void clock_set_back(void **state)
{
	struct world *w = *state;
	const struct tracekeys_ring first = read_ring(w, true);
	struct tracekeys_ring ring;

	DESK_WANTS(&w->desk, "0", "HSET", "rp:trace:keys", "since_ms",
		"32503680000000");
	ring = read_ring(w, true);
	assert_string_equal(ring.before.name, first.now.name);
	assert_int_equal(ring.age_ms, 0);
}

/* Who reads Redis, and has another secret. */
static void redis_alone_signs_nothing(void **state)
{
	struct world *w = *state;
	struct secret stolen = { .len = 32 };
	const struct tracekeys_ring ring = read_ring(w, true);
	struct tracekeys_ring thief;
	struct buf value;

	desk_result(tracekeys_read(w->desk.redis, w->desk.conf, &stolen, false,
			    &thief),
		RES_OK);
	assert_string_equal(thief.now.name, ring.now.name);
	sign(&thief, &w->bind, &value);
	assert_string_equal(judge(&ring, &value, &w->bind), "forged");
	buf_clear(&value);
}

static void replayed(void **state)
{
	struct world *w = *state;
	const struct tracekeys_ring ring = read_ring(w, true);
	struct tracebind bare = { .failed = false };
	struct buf value;

	sign(&ring, &w->bind, &value);
	assert_string_equal(judge(&ring, &value, &w->other), "altered");
	assert_string_equal(judge(&ring, &value, &bare), "altered");
	buf_clear(&value);
}

static void each_octet_counts(void **state)
{
	struct world *w = *state;
	const struct tracekeys_ring ring = read_ring(w, true);
	size_t by, key, mac;
	struct buf value;

	sign(&ring, &w->bind, &value);
	by = (size_t)(strstr(value.at, "by=") - value.at) + 3;
	key = (size_t)(strstr(value.at, "k=") - value.at);
	mac = (size_t)(strstr(value.at, "h=") - value.at) + 2;
	for (size_t i = 0; i < value.len; i++) {
		const char *got;
		char was = value.at[i];

		if (was == ' ')
			continue;
		value.at[i] = was == '1' ? '2' : '1';
		got = judge(&ring, &value, &w->bind);
		if (i >= key + 2 && i < key + 2 + strlen(ring.now.name))
			assert_string_equal(got, "expired");
		else if (i >= by && i < by + strlen(HOST))
			assert_string_equal(got, "none");
		else if (i >= mac + 21)
			assert_string_not_equal(got, "valid");
		else
			assert_string_equal(got, "forged");
		value.at[i] = was;
	}
	assert_string_equal(judge(&ring, &value, &w->bind), "valid");
	buf_clear(&value);
}

static void fewer_fields_are_forged(void **state)
{
	struct world *w = *state;
	const struct tracekeys_ring ring = read_ring(w, true);
	struct buf value, cut;
	char *b;

	sign(&ring, &w->bind, &value);
	b = strstr(value.at, "b=fm");
	assert_non_null(b);
	buf_init(&cut, TRACE_VALUE_MAX);
	buf_add(&cut, slice_make(value.at, (size_t)(b - value.at) + 2));
	buf_add_text(&cut, b + 4);
	assert_string_equal(judge(&ring, &cut, &w->other), "forged");
	buf_clear(&value);
	buf_clear(&cut);
}

static void of_other_hosts(void **state)
{
	struct world *w = *state;
	const struct tracekeys_ring ring = read_ring(w, true);
	struct tracekeys_ring foreign = ring;
	struct buf value;

	sign(&ring, &w->bind, &value);
	assert_string_equal(
		judge_at("mx2.example.net", &ring, buf_slice(&value), &w->bind),
		"valid");
	assert_string_equal(judge_at("mx2.example.net", &ring,
				    buf_slice(&value), &w->other),
		"altered");
	buf_clear(&value);
	foreign.now.octet[0] ^= 1;
	sign(&foreign, &w->bind, &value);
	assert_string_equal(judge(&ring, &value, &w->bind), "forged");
	assert_string_equal(
		judge_at("mx2.example.net", &ring, buf_slice(&value), &w->bind),
		"none");
	buf_clear(&value);
	assert_string_equal(
		judge_at(HOST, &ring, slice_of(" nonsense"), &w->bind),
		"forged");
}

static void no_key(void **state)
{
	struct world *w = *state;
	struct tracekeys_ring ring = read_ring(w, false);
	struct trace t = { .direction = TRACE_IN, .by = HOST, .recipients = 1 };
	struct buf value;

	assert_string_equal(ring.now.name, "");
	DESK_WANTS(&w->desk, "0", "EXISTS", "rp:trace:keys");
	buf_init(&value, TRACE_VALUE_MAX);
	desk_result(tracekeys_sign(&ring, &t, &w->bind, &value), RES_MISSING);
	assert_int_equal(value.len, 0);
	ring = read_ring(w, true);
	sign(&ring, &w->bind, &value);
	ring = (struct tracekeys_ring){ .age_ms = 0 };
	assert_string_equal(judge(&ring, &value, &w->bind), "expired");
	buf_clear(&value);
}

static void broken_hash(void **state)
{
	struct world *w = *state;
	struct tracekeys_ring ring = { .age_ms = 77 };

	(void)read_ring(w, true);
	DESK_WANTS(&w->desk, "0", "HSET", "rp:trace:keys", "now", "a b");
	DESK_WANTS(&w->desk, "1", "HSET", "rp:trace:keys", "key:a b", "00");
	desk_result(tracekeys_read(w->desk.redis, w->desk.conf, &w->secret,
			    true, &ring),
		RES_CORRUPT);
	assert_int_equal(ring.age_ms, 77);
	DESK_WANTS(&w->desk, "OK", "SET", "rp:trace:keys", "text");
	desk_result(tracekeys_read(w->desk.redis, w->desk.conf, &w->secret,
			    true, &ring),
		RES_TYPE);
}

/* ---- a milter's copy ---- */

static struct tracekeys *open_copy(struct world *w)
{
	struct tracekeys *k = NULL;

	desk_result(
		tracekeys_open(&k, w->desk.conf, &w->secret, clock_system()),
		RES_OK);
	return k;
}

static void copies_agree(void **state)
{
	struct world *w = *state;
	struct tracekeys *a = open_copy(w), *b = open_copy(w);
	struct tracekeys_ring one, other;

	desk_result(tracekeys_copy(a, &one), RES_MISSING);
	desk_result(tracekeys_look(a), RES_OK);
	desk_result(tracekeys_look(b), RES_OK);
	desk_result(tracekeys_copy(a, &one), RES_OK);
	desk_result(tracekeys_copy(b, &other), RES_OK);
	assert_string_equal(one.now.name, other.now.name);
	assert_memory_equal(one.now.octet, other.now.octet, SHA256_LEN);
	let_age(w);
	desk_result(tracekeys_look(b), RES_OK);
	desk_result(tracekeys_look(a), RES_OK);
	desk_result(tracekeys_copy(a, &one), RES_OK);
	desk_result(tracekeys_copy(b, &other), RES_OK);
	assert_string_equal(one.now.name, other.now.name);
	assert_string_equal(one.before.name, other.before.name);
	tracekeys_close(a);
	tracekeys_close(b);
}

static void serves_while_away(void **state)
{
	struct world *w = *state;
	struct tracekeys *k = open_copy(w);
	struct tracekeys_ring before, ring;

	desk_result(tracekeys_look(k), RES_OK);
	desk_result(tracekeys_copy(k, &before), RES_OK);
	redis_server_kill(w->desk.server);
	assert_int_not_equal(tracekeys_look(k), RES_OK);
	desk_result(tracekeys_copy(k, &ring), RES_OK);
	assert_string_equal(before.now.name, ring.now.name);
	/* It comes back without its keys: those of a new start. */
	assert_true(redis_server_restart(w->desk.server));
	desk_result(tracekeys_look(k), RES_OK);
	desk_result(tracekeys_copy(k, &ring), RES_OK);
	assert_string_not_equal(before.now.name, ring.now.name);
	tracekeys_close(k);
}

static enum result wait_for_key(struct tracekeys *k)
{
	int64_t end = clock_mono_ms(clock_system()) + DESK_WAIT_MS;
	struct tracekeys_ring ring;

	while (tracekeys_copy(k, &ring) != RES_OK &&
		clock_mono_ms(clock_system()) < end)
		(void)usleep(NAP_US);
	return tracekeys_copy(k, &ring);
}

static void thread_looks(void **state)
{
	struct world *w = *state;
	struct tracekeys *k = open_copy(w);

	desk_result(tracekeys_start(k), RES_OK);
	desk_result(wait_for_key(k), RES_OK);
	tracekeys_close(k);
}

static void thread_waits_for_redis(void **state)
{
	struct world *w = *state;
	struct tracekeys *k = open_copy(w);

	redis_server_kill(w->desk.server);
	assert_int_not_equal(tracekeys_look(k), RES_OK);
	desk_result(tracekeys_start(k), RES_OK);
	assert_true(redis_server_restart(w->desk.server));
	desk_result(wait_for_key(k), RES_OK);
	tracekeys_close(k);
}

static void lonely_has_none(void **state)
{
	struct world *w = *state;
	struct tracekeys_ring ring;
	struct tracekeys *k;

	w->secret.is_lonely = true;
	k = open_copy(w);
	desk_result(tracekeys_start(k), RES_OK);
	tracekeys_close(k);
	ring = read_ring(w, false);
	assert_string_equal(ring.now.name, "");
}

#define TEST(name, function)                            \
	{                                               \
		name, function, set_up, tear_down, NULL \
	}

int main(void)
{
	const struct CMUnitTest cases[] = {
		TEST("what was signed is valid", valid),
		TEST("each message has an id of its own", ids_differ),
		TEST("the key before is believed, the one before that not",
			two_serve),
		TEST("two milters agree on one key", one_key_for_all),
		TEST("a clock that was set back makes a new key",
			clock_set_back),
		TEST("who reads Redis can forge nothing",
			redis_alone_signs_nothing),
		TEST("a trace proves nothing of another message", replayed),
		TEST("no octet can be changed", each_octet_counts),
		TEST("no field can be left out", fewer_fields_are_forged),
		TEST("other hosts of ours are known by the keys",
			of_other_hosts),
		TEST("without a key nothing is signed or believed", no_key),
		TEST("keys that are none are not used", broken_hash),
		TEST("the copies of two milters agree", copies_agree),
		TEST("the last keys serve while Redis is away",
			serves_while_away),
		TEST("a milter gets its keys by itself", thread_looks),
		TEST("it gets them when Redis comes up later",
			thread_waits_for_redis),
		TEST("a secret of one process signs nothing", lonely_has_none),
	};

	return cmocka_run_group_tests_name(
		"store/tracekeys", cases, NULL, NULL);
}
