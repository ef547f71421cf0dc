/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/fairlock.h"

#include "support/case.h"

#include <stdatomic.h>
#include <stdbool.h>

enum { READERS = 4, ROUNDS = 50 };

struct place {
	pthread_rwlock_t lock;
	atomic_bool is_over;
	atomic_uint reads;
};

static void *read_on(void *arg)
{
	struct place *p = arg;

	while (!atomic_load(&p->is_over)) {
		pthread_rwlock_rdlock(&p->lock);
		atomic_fetch_add(&p->reads, 1);
		pthread_rwlock_unlock(&p->lock);
	}
	return NULL;
}

/* Otherwise this ends when the time of the test is over. */
static void test_lets_a_writer_in(void **state)
{
	struct place p = { .reads = 0 };
	pthread_t reader[READERS];

	(void)state;
	fairlock_init(&p.lock);
	for (size_t i = 0; i < READERS; i++)
		assert_int_equal(
			pthread_create(&reader[i], NULL, read_on, &p), 0);
	for (unsigned i = 0; i < ROUNDS; i++) {
		unsigned seen;

		assert_int_equal(pthread_rwlock_wrlock(&p.lock), 0);
		seen = atomic_load(&p.reads);
		assert_int_equal(atomic_load(&p.reads), seen);
		pthread_rwlock_unlock(&p.lock);
	}
	atomic_store(&p.is_over, true);
	for (size_t i = 0; i < READERS; i++)
		pthread_join(reader[i], NULL);
	pthread_rwlock_destroy(&p.lock);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE("readers without end leave room for a writer",
			test_lets_a_writer_in, NULL),
	};

	return cmocka_run_group_tests_name("base/fairlock", cases, NULL, NULL);
}
