/* SPDX-License-Identifier: BSD-2-Clause */
#include "heur/imitation.h"

#include "conf/conf.h"
#include "support/case.h"
#include "unit/heur/headerrig.h"

#include <pthread.h>
#include <string.h>

static struct imitation_answer ask(struct imitation *i, const char *conf,
	const char *domain, const char *text)
{
	const struct imitation_question q = { slice_of(domain),
		slice_of(text) };
	struct imitation_answer a;
	struct headerrig r;

	headerrig_init(&r, conf);
	a = imitation_ask(i, r.conf, &q);
	headerrig_clear(&r);
	return a;
}

#define PAYPAL "headers { protected = {\"paypal.com\"} }"
#define OWN "portal { local_domains = {\"example.net\"} }"

static void follows_the_configuration(void **state)
{
	struct imitation *i;
	struct imitation_answer a;

	(void)state;
	assert_int_equal(imitation_open(&i), RES_OK);
	assert_int_equal(ask(i, "", "paypa1.com", "").kind, LOOKALIKE_NO);
	a = ask(i, PAYPAL, "paypa1.com", "");
	assert_int_equal(a.kind, LOOKALIKE_CONFUSABLE);
	assert_string_equal(a.name, "paypal.com");
	assert_false(a.is_text);
	assert_int_equal(ask(i, OWN, "paypa1.com", "").kind, LOOKALIKE_NO);
	assert_int_equal(
		ask(i, OWN, "examp1e.net", "").kind, LOOKALIKE_CONFUSABLE);
	/* A session of the old configuration goes on beside. */
	assert_int_equal(
		ask(i, PAYPAL, "paypa1.com", "").kind, LOOKALIKE_CONFUSABLE);
	imitation_close(i);
}

static void looks_at_the_name_too(void **state)
{
	struct imitation *i;
	struct imitation_answer a;

	(void)state;
	assert_int_equal(imitation_open(&i), RES_OK);
	a = ask(i, PAYPAL, "sender.example", "PayPaI Service");
	assert_int_equal(a.kind, LOOKALIKE_CONFUSABLE);
	assert_true(a.is_text);
	a = ask(i, PAYPAL, "mail.paypal.com", "PayPaI Service");
	assert_int_equal(a.kind, LOOKALIKE_SELF);
	imitation_close(i);
}

/* Two sessions with configurations of their own. */
struct pair {
	struct imitation *imitation;
	struct headerrig rig[2];
};

static void *ask_often(void *arg)
{
	static const enum lookalike_kind want[] = { LOOKALIKE_CONFUSABLE,
		LOOKALIKE_NO };
	const struct imitation_question q = { slice_of("paypa1.com"),
		slice_of("") };
	struct pair *p = arg;

	for (int n = 0; n < 200; n++)
		if (imitation_ask(p->imitation, p->rig[n % 2].conf, &q).kind !=
			want[n % 2])
			return arg;
	return NULL;
}

static void serves_sessions_side_by_side(void **state)
{
	struct pair p;
	pthread_t thread[4];

	(void)state;
	assert_int_equal(imitation_open(&p.imitation), RES_OK);
	headerrig_init(&p.rig[0], PAYPAL);
	headerrig_init(&p.rig[1], OWN);
	for (int n = 0; n < 4; n++)
		assert_int_equal(
			pthread_create(&thread[n], NULL, ask_often, &p), 0);
	for (int n = 0; n < 4; n++) {
		void *failed;

		assert_int_equal(pthread_join(thread[n], &failed), 0);
		assert_null(failed);
	}
	headerrig_clear(&p.rig[0]);
	headerrig_clear(&p.rig[1]);
	imitation_close(p.imitation);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE("names that are protected now count",
			follows_the_configuration, NULL),
		CASE("a shown name counts, but not of its owner",
			looks_at_the_name_too, NULL),
		CASE("sessions of two configurations ask at the same time",
			serves_sessions_side_by_side, NULL),
	};

	return cmocka_run_group_tests_name("heur/imitation", cases, NULL, NULL);
}
