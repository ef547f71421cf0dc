/* SPDX-License-Identifier: BSD-2-Clause */
#include "auth/keycache.h"

#include "support/case.h"
#include "support/keypair.h"

#include <pthread.h>

static void keeps_keys(void **state)
{
	struct keypair *pair = keypair_new(1024, 0), *ed = keypair_new(0, 0);
	struct keycache *c = keycache_new(10);
	struct pubkey *first, *again, *other;

	(void)state;
	assert_int_equal(
		keycache_find(c, PUBKEY_RSA, pair->der, &first), RES_OK);
	assert_int_equal(
		keycache_find(c, PUBKEY_RSA, pair->der, &again), RES_OK);
	assert_int_equal(
		keycache_find(c, PUBKEY_ED25519, ed->der, &other), RES_OK);
	assert_ptr_equal(first, again);
	assert_ptr_not_equal(first, other);
	assert_int_equal(keycache_count(c), 2);
	pubkey_release(again);
	pubkey_release(other);
	/* A key outlives the cache where it is still used. */
	keycache_free(c);
	assert_int_equal(pubkey_bits(first), 1024);
	pubkey_release(first);
	keypair_free(pair);
	keypair_free(ed);
}

static void forgets_the_oldest(void **state)
{
	struct keycache *c = keycache_new(2);
	struct keypair *pair[3];
	struct pubkey *k[3], *again;

	(void)state;
	for (int i = 0; i < 3; i++) {
		pair[i] = keypair_new(0, 0);
		assert_int_equal(
			keycache_find(c, PUBKEY_ED25519, pair[i]->der, &k[i]),
			RES_OK);
	}
	assert_int_equal(keycache_count(c), 2);
	assert_int_equal(
		keycache_find(c, PUBKEY_ED25519, pair[2]->der, &again), RES_OK);
	assert_ptr_equal(again, k[2]);
	pubkey_release(again);
	assert_int_equal(
		keycache_find(c, PUBKEY_ED25519, pair[0]->der, &again), RES_OK);
	assert_ptr_not_equal(again, k[0]);
	pubkey_release(again);
	for (int i = 0; i < 3; i++) {
		pubkey_release(k[i]);
		keypair_free(pair[i]);
	}
	keycache_free(c);
	keycache_free(NULL);
}

static void keeps_no_nonsense(void **state)
{
	struct keycache *c = keycache_new(2);
	struct pubkey *k;

	(void)state;
	assert_int_equal(keycache_find(c, PUBKEY_RSA, slice_of("no key"), &k),
		RES_SYNTAX);
	assert_null(k);
	assert_int_equal(keycache_count(c), 0);
	keycache_free(c);
}

enum { KEYS = 3, THREADS = 4, ROUNDS = 300 };

struct shared {
	struct keycache *cache;
	struct keypair *pair[KEYS];
	size_t wrong[THREADS];
};

struct worker {
	struct shared *shared;
	size_t number;
};

static void *use(void *at)
{
	struct worker *w = at;
	struct shared *s = w->shared;

	for (size_t i = 0; i < ROUNDS; i++) {
		struct pubkey *k = NULL;

		if (keycache_find(s->cache, PUBKEY_RSA,
			    s->pair[(i + w->number) % KEYS]->der,
			    &k) != RES_OK ||
			pubkey_bits(k) != 1024)
			s->wrong[w->number]++;
		pubkey_release(k);
	}
	return NULL;
}

/* Room for fewer keys than are used: they come and go all the time. */
static void serves_threads(void **state)
{
	struct shared s = { .cache = keycache_new(KEYS - 1) };
	struct worker worker[THREADS];
	pthread_t thread[THREADS];

	(void)state;
	for (size_t i = 0; i < KEYS; i++)
		s.pair[i] = keypair_new(1024, 0);
	for (size_t i = 0; i < THREADS; i++) {
		worker[i] = (struct worker){ &s, i };
		assert_int_equal(
			pthread_create(&thread[i], NULL, use, &worker[i]), 0);
	}
	for (size_t i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(thread[i], NULL), 0);
		assert_int_equal(s.wrong[i], 0);
	}
	assert_int_equal(keycache_count(s.cache), KEYS - 1);
	for (size_t i = 0; i < KEYS; i++)
		keypair_free(s.pair[i]);
	keycache_free(s.cache);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE("a key is parsed once", keeps_keys, NULL),
		CASE("the key not used for longest goes first",
			forgets_the_oldest, NULL),
		CASE("threads share it", serves_threads, NULL),
		CASE("what is no key is not kept", keeps_no_nonsense, NULL),
	};

	return cmocka_run_group_tests_name("auth/keycache", cases, NULL, NULL);
}
