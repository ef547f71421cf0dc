/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/once.h"

#include "support/case.h"

#include <pthread.h>
#include <stdatomic.h>

static void says_it_once(void **state)
{
	struct once *o = once_new(10);

	(void)state;
	assert_true(once_is_first(o, slice_of("bad key")));
	assert_false(once_is_first(o, slice_of("bad key")));
	assert_true(once_is_first(o, slice_of("other key")));
	assert_false(once_is_first(o, slice_of("bad key")));
	once_free(o);
}

static void forgets(void **state)
{
	struct once *o = once_new(10);

	(void)state;
	assert_true(once_is_first(o, slice_of("k")));
	once_forget(o, slice_of("never seen"));
	once_forget(o, slice_of("k"));
	assert_true(once_is_first(o, slice_of("k")));
	once_free(o);
}

static void remembers_only_so_many(void **state)
{
	struct once *o = once_new(2);

	(void)state;
	assert_true(once_is_first(o, slice_of("a")));
	assert_true(once_is_first(o, slice_of("b")));
	assert_true(once_is_first(o, slice_of("c")));
	assert_false(once_is_first(o, slice_of("b")));
	assert_true(once_is_first(o, slice_of("a")));
	once_free(o);
}

struct shared {
	struct once *once;
	atomic_int firsts;
};

static void *ask(void *arg)
{
	struct shared *s = arg;

	for (char c = 0; c < 100; c++) {
		if (once_is_first(s->once, slice_make(&c, 1)))
			atomic_fetch_add(&s->firsts, 1);
	}
	return NULL;
}

static void only_one_thread_is_first(void **state)
{
	struct shared s = { .once = once_new(1000) };
	pthread_t thread[4];

	(void)state;
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, ask, &s), 0);
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_join(thread[i], NULL), 0);
	assert_int_equal(atomic_load(&s.firsts), 100);
	once_free(s.once);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE("the same text is first once", says_it_once, NULL),
		CASE("a forgotten text is new again", forgets, NULL),
		CASE("the oldest text is forgotten when it is full",
			remembers_only_so_many, NULL),
		CASE("of many threads one is first", only_one_thread_is_first,
			NULL),
	};

	return cmocka_run_group_tests_name("base/once", cases, NULL, NULL);
}
