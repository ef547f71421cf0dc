/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf/conflog.h"

#include "base/log.h"
#include "conf/conf.h"
#include "support/case.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { TEXT_MAX = 1024 };

/* What say writes to standard error with the log of conf. */
static void catch_stderr(
	const struct conf_log *log, void (*say)(void), char got[TEXT_MAX])
{
	int ends[2];
	int before = dup(STDERR_FILENO);
	ssize_t len;

	assert_true(before >= 0);
	assert_int_equal(pipe(ends), 0);
	assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
	(void)close(ends[1]);
	conflog_open(log, "tester");
	say();
	/* The last writer goes, so that reading ends. */
	assert_true(dup2(before, STDERR_FILENO) >= 0);
	(void)close(before);
	len = read(ends[0], got, TEXT_MAX - 1);
	assert_true(len >= 0);
	got[len] = '\0';
	(void)close(ends[0]);
}

static void say_each_level(void)
{
	log_message(LOG_LEVEL_ERROR, "error", "x");
	log_message(LOG_LEVEL_WARNING, "warning", "x");
	log_message(LOG_LEVEL_NOTICE, "notice", "x");
	log_message(LOG_LEVEL_INFO, "info", "x");
	log_message(LOG_LEVEL_DEBUG, "debug", "x");
}

static void writes_down_to_its_level(void **state)
{
	const char *level = *state;
	char target[] = "stderr";
	char text[16];
	struct conf_log log = { target, text };
	char got[TEXT_MAX];
	char last[32];
	char *found;

	(void)snprintf(text, sizeof(text), "%s", level);
	(void)snprintf(last, sizeof(last), "%s message=x\n", level);
	catch_stderr(&log, say_each_level, got);
	assert_int_equal(strncmp(got, "error message=x\n", 16), 0);
	found = strstr(got, last);
	assert_non_null(found);
	assert_string_equal(found, last);
}

static void say_one_line(void)
{
	log_message(LOG_LEVEL_DEBUG, "test", "x");
}

static void writes_to_syslog(void **state)
{
	char target[] = "syslog";
	char level[] = "debug";
	struct conf_log log = { target, level };
	char got[TEXT_MAX];

	(void)state;
	catch_stderr(&log, say_one_line, got);
	assert_string_equal(got, "");
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE("error is the coarsest level", writes_down_to_its_level,
			"error"),
		CASE("warning and worse", writes_down_to_its_level, "warning"),
		CASE("notice and worse", writes_down_to_its_level, "notice"),
		CASE("info and worse", writes_down_to_its_level, "info"),
		CASE("debug is everything", writes_down_to_its_level, "debug"),
		CASE("for syslog nothing goes to standard error",
			writes_to_syslog, NULL),
	};

	return cmocka_run_group_tests_name("conf/conflog", cases, NULL, NULL);
}
