/* SPDX-License-Identifier: BSD-2-Clause */
/* Registering for feedback: pages and letters, up to the end. */
#include "store/fbl.h"

#include "base/arena.h"
#include "support/case.h"
#include "unit/portal/desk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 16384, PATH_LEN = 128 };

struct loop {
	struct desk desk;
	struct arena *arena;
	struct context_view view;
	struct context_loan *loan;
	char id[CASE_REF_MAX];
	char path[PATH_LEN]; /* of the link in the last letter */
	char text[TEXT_MAX]; /* of the last letter */
};

static int set_up_with(void **state, const char *more)
{
	struct loop *l = calloc(1, sizeof(*l));

	assert_non_null(l);
	desk_open(&l->desk, more);
	l->arena = arena_new(1024 * 1024);
	assert_non_null(l->arena);
	context_enter(l->desk.site.context, &l->view);
	*state = l;
	return 0;
}

static int set_up(void **state)
{
	return set_up_with(state, "");
}

static int set_up_off(void **state)
{
	return set_up_with(state, "fbl { enabled = no }\n");
}

static int tear_down(void **state)
{
	struct loop *l = *state;

	arena_free(l->arena);
	context_leave(&l->view);
	desk_close(&l->desk);
	free(l);
	return 0;
}

static struct redis *redis(struct loop *l)
{
	assert_int_equal(context_take(l->desk.site.context, &l->loan), RES_OK);
	return context_redis(l->loan);
}

static void done(struct loop *l)
{
	context_give(l->desk.site.context, l->loan);
	l->loan = NULL;
}

/* The next letter; path: of the link that begins with "begin". */
static void letter(struct loop *l, const char *begin)
{
	const char *at;
	size_t len;

	desk_letter(&l->desk);
	(void)desk_letter_text(&l->desk, l->text, sizeof(l->text));
	at = strstr(l->text, begin);
	if (at == NULL)
		print_message("# %s is not in\n%s\n", begin, l->text);
	assert_non_null(at);
	len = strcspn(at, " \n?");
	assert_true(len < sizeof(l->path));
	memcpy(l->path, at, len);
	l->path[len] = '\0';
}

static struct fbl look(struct loop *l)
{
	struct fbl f;

	assert_int_equal(
		fbl_read(redis(l), l->view.conf, slice_of(l->id), l->arena, &f),
		RES_OK);
	done(l);
	return f;
}

static const char *state_of(struct loop *l)
{
	return fbl_state_name(look(l).state);
}

static void register_it(struct loop *l, const char *subject)
{
	char fields[256];

	snprintf(fields, sizeof(fields),
		"do=register&subject=%s&mail=abuse%%40example.org", subject);
	desk_send(&l->desk, "/fbl", "/fbl", fields);
	site_expect(&l->desk.site, 200);
	letter(l, "/fc/");
	assert_int_equal(fbl_of_token(redis(l), l->view.conf, TOKEN_FBL,
				 slice_of(l->path + strlen("/fc/")), l->id),
		RES_OK);
	done(l);
}

/* What a look at DNS would find. */
static void sees(struct loop *l, enum fbl_seen seen)
{
	const struct fbl f = look(l);

	assert_int_equal(fbl_looked(redis(l), l->view.conf, &f, seen,
				 l->desk.site.now_ms),
		RES_OK);
	done(l);
}

static void a_sender_registers(void **state)
{
	struct loop *l = *state;
	struct site *s = &l->desk.site;

	site_get(s, "/fbl");
	site_expect(s, 200);
	site_expect_text(s, "192.0.2.0/24");
	register_it(l, "Example.ORG");
	site_expect_text(s, "abuse@example.org");
	assert_string_equal(l->desk.letter.rcpt, "<abuse@example.org>");
	assert_non_null(strstr(l->text, "example.org"));
	/* To look is not to act: mail scanners look. */
	site_get(s, l->path);
	site_expect(s, 200);
	site_expect_no_text(s, "reprieve-fbl=");
	assert_string_equal(state_of(l), "new");
	desk_send(&l->desk, l->path, l->path, "");
	site_expect(s, 200);
	site_expect_text(s, "_reprieve-fbl.example.org");
	site_expect_text(s, "reprieve-fbl=");
	assert_string_equal(state_of(l), "confirmed");
	/* The button of the page now asks for a look. */
	desk_send(&l->desk, l->path, l->path, "");
	site_expect(s, 200);
	site_expect_text(s, "We are looking");
	assert_true(look(l).wanted_ms > 0);
	assert_string_equal(desk_work(&l->desk), "ok"); /* fbl-look, no DNS */
	assert_string_equal(state_of(l), "confirmed");
	site_get(s, l->path);
	site_expect_text(s, "your name servers did not answer");
	site_expect_no_text(s, "We are looking");
}

static void gets_the_link_to_his_page(void **state)
{
	struct loop *l = *state;
	struct site *s = &l->desk.site;
	char link[PATH_LEN], id[CASE_REF_MAX];

	register_it(l, "192.0.2.0%2F24");
	memcpy(link, l->path, sizeof(link));
	desk_send(&l->desk, link, link, "");
	site_expect_text(s, "_reprieve-fbl.2.0.192.in-addr.arpa");
	sees(l, FBL_SEEN_RECORD);
	letter(l, "/f/");
	assert_int_equal(fbl_of_token(redis(l), l->view.conf, TOKEN_FBL_PAGE,
				 slice_of(l->path + strlen("/f/")), id),
		RES_OK);
	done(l);
	assert_string_equal(id, l->id);
	assert_non_null(strstr(l->text, "192.0.2.0/24"));
	assert_non_null(strstr(l->text, "reprieve-fbl="));
	assert_non_null(strstr(l->text, "/fe/"));
	site_get(s, link);
	site_expect(s, 200);
	site_expect_text(s, "All is proved");
}

static void a_link_ends_it(void **state)
{
	struct loop *l = *state;
	struct site *s = &l->desk.site;

	register_it(l, "example.org");
	desk_send(&l->desk, l->path, l->path, "");
	sees(l, FBL_SEEN_RECORD);
	letter(l, "/fe/");
	site_get(s, l->path);
	site_expect(s, 200);
	assert_string_equal(state_of(l), "active");
	desk_send(&l->desk, l->path, l->path, "");
	site_expect(s, 200);
	site_expect_text(s, "have ended");
	assert_string_equal(state_of(l), "ended");
	desk_send(&l->desk, "/fbl", l->path, "");
	site_expect(s, 403); /* the stamp of another form */
}

static void a_record_that_is_gone_is_told(void **state)
{
	struct loop *l = *state;

	register_it(l, "example.org");
	desk_send(&l->desk, l->path, l->path, "");
	sees(l, FBL_SEEN_RECORD);
	letter(l, "/f/");
	sees(l, FBL_SEEN_NONE);
	l->desk.site.now_ms += 8LL * 86400000;
	sees(l, FBL_SEEN_NONE);
	letter(l, "/fc/");
	assert_non_null(strstr(l->text, "_reprieve-fbl.example.org. IN TXT"));
	site_get(&l->desk.site, l->path);
	site_expect(&l->desk.site, 200);
	site_expect_text(&l->desk.site, "Look now");
	sees(l, FBL_SEEN_RECORD);
	letter(l, "/f/");
}

static void a_new_link_is_another_one(void **state)
{
	struct loop *l = *state;
	struct site *s = &l->desk.site;
	char first[PATH_LEN];

	register_it(l, "example.org");
	desk_send(&l->desk, l->path, l->path, "");
	sees(l, FBL_SEEN_RECORD);
	letter(l, "/f/");
	memcpy(first, l->path, sizeof(first));
	desk_send(&l->desk, "/fbl", "/fbl", "do=link&mail=Abuse%40example.org");
	site_expect(s, 200);
	letter(l, "/f/");
	assert_string_not_equal(first, l->path);
	/* Whoever has nothing sees the same page. */
	desk_send(&l->desk, "/fbl", "/fbl", "do=link&mail=joe%40example.com");
	site_expect(s, 200);
	site_expect_text(s, "joe@example.com");
	assert_string_equal(desk_work(&l->desk), "none");
}

struct row {
	const char *fields;
	const char *told;
};

static void faults_are_told(void **state)
{
	static const struct row rows[] = {
		{ "do=register&subject=10.0.0.0%2F8&mail=a%40example.org",
			"one IPv4 address or a /24" },
		{ "do=register&subject=org&mail=a%40example.org",
			"below a top level" },
		{ "do=register&subject=&mail=a%40example.org",
			"the domain of your DKIM signatures" },
		{ "do=register&subject=example.org&mail=nobody",
			"Please give one mail address" },
		{ "do=link&mail=nobody", "Please give one mail address" },
	};
	struct loop *l = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		desk_send(&l->desk, "/fbl", "/fbl", rows[i].fields);
		site_expect(&l->desk.site, 422);
		site_expect_text(&l->desk.site, rows[i].told);
	}
	assert_string_equal(desk_work(&l->desk), "none");
}

static void a_domain_may_have_its_own_letters(void **state)
{
	struct loop *l = *state;

	register_it(l, "b%C3%BCcher.example");
	assert_string_equal(look(l).subject.domain, "xn--bcher-kva.example");
}

static void a_wrong_token_shows_nothing(void **state)
{
	static const char *const paths[] = { "/fc/x", "/fe/x",
		"/fc/7zzzzzzzzzzzzzzzzzzzzzzzzz",
		"/fe/7zzzzzzzzzzzzzzzzzzzzzzzzz" };
	struct loop *l = *state;

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		site_get(&l->desk.site, paths[i]);
		site_expect(&l->desk.site, 404);
	}
	register_it(l, "example.org");
	l->path[2] = 'e'; /* another purpose */
	site_get(&l->desk.site, l->path);
	site_expect(&l->desk.site, 404);
}

static void is_not_there_when_it_is_off(void **state)
{
	struct loop *l = *state;

	site_get(&l->desk.site, "/fbl");
	site_expect(&l->desk.site, 404);
	site_post(&l->desk.site, "/fbl", "do=link&mail=a%40example.org");
	site_expect(&l->desk.site, 404);
}

static void speaks_three_languages(void **state)
{
	struct loop *l = *state;

	desk_send(&l->desk, "/fbl?lang=es", "/fbl?lang=es",
		"do=register&subject=example.org&mail=abuse%40example.org");
	site_expect(&l->desk.site, 200);
	letter(l, "/fc/");
	assert_non_null(strstr(l->desk.letter.text, "Content-Language: es"));
	site_get(&l->desk.site, "/fbl?lang=pt-BR");
	site_expect(&l->desk.site, 200);
	site_expect_no_text(&l->desk.site, "Feedback for senders");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest cases[] = {
		TEST(a_sender_registers),
		TEST(gets_the_link_to_his_page),
		TEST(a_link_ends_it),
		TEST(a_record_that_is_gone_is_told),
		TEST(a_new_link_is_another_one),
		TEST(faults_are_told),
		TEST(a_domain_may_have_its_own_letters),
		TEST(a_wrong_token_shows_nothing),
		cmocka_unit_test_setup_teardown(
			is_not_there_when_it_is_off, set_up_off, tear_down),
		TEST(speaks_three_languages),
	};

	return cmocka_run_group_tests_name("portal/fbl", cases, NULL, NULL);
}
