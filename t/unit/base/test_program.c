/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/program.h"

#include "base/clock.h"
#include "support/case.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { OUT_MAX = 4096, LONG_MS = 30000, SHORT_MS = 200, LARGE = 4 << 20 };

struct row {
	const char *script;
	const char *input;
	enum result want;
	int code;
	const char *out;
};

static enum result run(const char *script, struct slice input,
	unsigned timeout_ms, int *code, struct buf *out)
{
	const char *const argv[] = { "/bin/sh", "-c", script, NULL };
	const struct program p = { argv, input, timeout_ms };

	return program_run(&p, code, out);
}

static void runs(void **state)
{
	const struct row *row = *state;
	struct buf out;
	int code = -1;

	buf_init(&out, OUT_MAX);
	assert_string_equal(result_name(run(row->script, slice_of(row->input),
				    LONG_MS, &code, &out)),
		result_name(row->want));
	assert_int_equal(code, row->code);
	assert_string_equal(buf_text(&out), row->out);
	buf_clear(&out);
}

static void hands_all_of_it_in(void **state)
{
	char *text = malloc(LARGE);
	struct buf out;
	int code = -1;

	(void)state;
	assert_non_null(text);
	memset(text, 'a', LARGE);
	buf_init(&out, OUT_MAX);
	assert_int_equal(
		run("wc -c", slice_make(text, LARGE), LONG_MS, &code, &out),
		RES_OK);
	assert_string_equal(buf_text(&out), "4194304\n");
	buf_reset(&out);
	/* One that does not want it is not waited for. */
	assert_int_equal(
		run("exit 3", slice_make(text, LARGE), LONG_MS, &code, &out),
		RES_OK);
	assert_int_equal(code, 3);
	/* What it says is cut. */
	assert_int_equal(
		run("cat", slice_make(text, LARGE), LONG_MS, &code, &out),
		RES_OK);
	assert_int_equal(out.len, OUT_MAX);
	buf_clear(&out);
	free(text);
}

/* Its children, too, or the end of what they hold open would never come. */
static void kills_what_is_late(void **state)
{
	static const char *const scripts[] = { "sleep 1000",
		"sleep 1000 & sleep 1000", "sleep 1000 & wait",
		"exec <&- >&- 2>&-; while :; do :; done" };
	const int64_t begun = clock_mono_ms(clock_system());
	struct buf out;
	int code = -1;

	(void)state;
	buf_init(&out, OUT_MAX);
	for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++)
		assert_string_equal(result_name(run(scripts[i], slice_of(""),
					    SHORT_MS, &code, &out)),
			result_name(RES_TIMEOUT));
	assert_int_equal(code, -1);
	assert_true(clock_mono_ms(clock_system()) - begun < LONG_MS);
	buf_clear(&out);
}

static void says_what_cannot_be_run(void **state)
{
	const char *const argv[] = { "/nonexistent/program", NULL };
	const struct program p = { argv, slice_of("x"), LONG_MS };
	struct buf out;
	int code = -1;

	(void)state;
	buf_init(&out, OUT_MAX);
	assert_int_equal(program_run(&p, &code, &out), RES_MISSING);
	assert_string_equal(buf_text(&out), "No such file or directory");
	buf_clear(&out);
}

static void hands_nothing_of_ours_on(void **state)
{
	struct buf out;
	sigset_t all, old;
	int code = -1;
	const int fd = dup(STDERR_FILENO);

	(void)state;
	assert_true(fd > STDERR_FILENO);
	assert_int_equal(setenv("REPRIEVE_SECRET", "x", 1), 0);
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &old);
	buf_init(&out, OUT_MAX);
	assert_int_equal(
		run("test -z \"$REPRIEVE_SECRET\" || echo environment\n"
		    "for f in /proc/$$/fd/*; do\n"
		    "  case ${f##*/} in [012]) ;; *) test ! -e $f || echo $f ;; esac\n"
		    "done\n"
		    "sed -n 's/^SigBlk:[^1-9a-f]*//p' /proc/self/status\n",
			slice_of(""), LONG_MS, &code, &out),
		RES_OK);
	sigprocmask(SIG_SETMASK, &old, NULL);
	unsetenv("REPRIEVE_SECRET");
	close(fd);
	assert_string_equal(buf_text(&out), "\n");
	buf_clear(&out);
}

#define ROW(text, ...) CASE(text, runs, (&(struct row){ __VA_ARGS__ }))

int main(void)
{
	const struct CMUnitTest cases[] = {
		ROW("it reads what it is given, and is heard",
			"cat; echo b >&2", "a\n", RES_OK, 0, "a\nb\n"),
		ROW("its exit code is told", "exit 75", "a", RES_OK, 75, ""),
		ROW("a signal is no exit code", "kill -9 $$", "", RES_CORRUPT,
			-1, ""),
		CASE("a long text is handed in, and much is cut",
			hands_all_of_it_in, NULL),
		CASE("what is late is killed with its children",
			kills_what_is_late, NULL),
		CASE("what cannot be run is told", says_what_cannot_be_run,
			NULL),
		CASE("it gets no descriptor, signal mask or environment of ours",
			hands_nothing_of_ours_on, NULL),
	};

	return cmocka_run_group_tests_name("base/program", cases, NULL, NULL);
}
