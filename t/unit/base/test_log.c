/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/log.h"

#include "support/case.h"
#include "support/folder.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* The text of a line in the making, as a C string. */
static const char *text_of(const struct logline *l, char out[LOG_LINE_MAX + 1])
{
	memcpy(out, l->text, l->len);
	out[l->len] = '\0';
	return out;
}

static void open_stderr(enum log_level level)
{
	const struct log_options options = { "test", LOG_TO_STDERR, level,
		NULL };

	log_open(&options);
}

struct value_row {
	struct slice value;
	const char *want;
};

static void writes_a_value(void **state)
{
	const struct value_row *row = *state;
	char text[LOG_LINE_MAX + 1];
	struct logline l;

	log_start(&l, LOG_LEVEL_INFO, "event");
	log_slice(&l, "k", row->value);
	assert_string_equal(text_of(&l, text), row->want);
}

static void writes_fields_in_a_row(void **state)
{
	char text[LOG_LINE_MAX + 1];
	struct logline l;

	(void)state;
	log_start(&l, LOG_LEVEL_INFO, "verdict");
	log_text(&l, "ip", "192.0.2.1");
	log_number(&l, "score", -5);
	log_number(&l, "least", INT64_MIN);
	log_text(&l, "none", NULL);
	assert_string_equal(text_of(&l, text),
		"verdict ip=192.0.2.1 score=-5 least=-9223372036854775808 "
		"none=\"\"");
}

static void cuts_a_long_value(void **state)
{
	char text[LOG_LINE_MAX + 1];
	char value[LOG_VALUE_MAX + 2];
	struct logline l;

	(void)state;
	memset(value, 'a', sizeof(value));
	log_start(&l, LOG_LEVEL_INFO, "e");
	log_slice(&l, "k", slice_make(value, LOG_VALUE_MAX));
	assert_int_equal(l.len, strlen("e k=") + LOG_VALUE_MAX);
	log_start(&l, LOG_LEVEL_INFO, "e");
	log_slice(&l, "k", slice_make(value, LOG_VALUE_MAX + 1));
	(void)text_of(&l, text);
	assert_int_equal(l.len, strlen("e k=...") + LOG_VALUE_MAX);
	assert_string_equal(text + l.len - 4, "a...");
}

/* However many fields there are, each quote that opens is closed. */
static void a_full_line_stays_well_formed(void **state)
{
	char text[LOG_LINE_MAX + 1];
	char value[LOG_VALUE_MAX];
	struct logline l;
	size_t quotes = 0;

	(void)state;
	memset(value, '\n', sizeof(value));
	log_start(&l, LOG_LEVEL_INFO, "e");
	for (int i = 0; i < 50; i++)
		log_slice(&l, "key", slice_make(value, (size_t)(900 - i)));
	(void)text_of(&l, text);
	for (size_t i = 0; i < l.len; i++)
		quotes += text[i] == '"';
	assert_in_range(l.len, LOG_LINE_MAX - 64, LOG_LINE_MAX);
	assert_int_equal(quotes % 2, 0);
	assert_string_equal(text + l.len - 4, "...\"");
}

static void names_cannot_break_the_line(void **state)
{
	char text[LOG_LINE_MAX + 1];
	struct logline l;

	(void)state;
	log_start(&l, LOG_LEVEL_INFO, "e x\n");
	log_text(&l, "a b=\"", "v");
	assert_string_equal(text_of(&l, text), "e_x_ a_b__=v");
}

/* What a piece of code writes to standard error, as text. */
static void catch_stderr(void (*write)(void), char *out, size_t size)
{
	int saved = dup(STDERR_FILENO);
	ssize_t got;
	int end[2];

	assert_true(saved >= 0);
	assert_int_equal(pipe(end), 0);
	assert_int_equal(fcntl(end[0], F_SETFL, O_NONBLOCK), 0);
	assert_true(dup2(end[1], STDERR_FILENO) >= 0);
	write();
	assert_true(dup2(saved, STDERR_FILENO) >= 0);
	got = read(end[0], out, size - 1);
	out[got > 0 ? got : 0] = '\0';
	(void)close(saved);
	(void)close(end[0]);
	(void)close(end[1]);
}

static void say_three_levels(void)
{
	open_stderr(LOG_LEVEL_WARNING);
	log_message(LOG_LEVEL_ERROR, "one", "%s", "a\r\nb=\"c\"");
	log_message(LOG_LEVEL_WARNING, "two", "%d", 2);
	log_message(LOG_LEVEL_NOTICE, "three", "x");
}

static void finer_levels_are_not_written(void **state)
{
	char got[1000];

	(void)state;
	catch_stderr(say_three_levels, got, sizeof(got));
	open_stderr(LOG_LEVEL_INFO);
	assert_string_equal(got,
		"one message=\"a\\x0d\\x0ab=\\x22c\\x22\"\n"
		"two message=2\n");
}

static void say_as_journal(void)
{
	char stream[64];
	struct stat st;

	assert_int_equal(fstat(STDERR_FILENO, &st), 0);
	(void)snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)st.st_dev,
		(uintmax_t)st.st_ino);
	assert_int_equal(setenv("JOURNAL_STREAM", stream, 1), 0);
	open_stderr(LOG_LEVEL_INFO);
	log_message(LOG_LEVEL_ERROR, "bad", "x");
	/* As under a shell whose own stream was the journal's. */
	assert_int_equal(setenv("JOURNAL_STREAM", "1:1", 1), 0);
	open_stderr(LOG_LEVEL_INFO);
	log_message(LOG_LEVEL_ERROR, "bad", "x");
	assert_int_equal(unsetenv("JOURNAL_STREAM"), 0);
	open_stderr(LOG_LEVEL_INFO);
}

static void the_journal_is_told_the_level(void **state)
{
	char got[1000];

	(void)state;
	catch_stderr(say_as_journal, got, sizeof(got));
	assert_string_equal(got, "<3>bad message=x\nbad message=x\n");
}

static void say_at_length(void)
{
	log_message(LOG_LEVEL_INFO, "long", "%2000d", 1);
}

static void a_long_message_is_cut(void **state)
{
	char got[8000];

	(void)state;
	open_stderr(LOG_LEVEL_INFO);
	catch_stderr(say_at_length, got, sizeof(got));
	assert_int_equal(
		strlen(got), strlen("long message=\"...\"\n") + LOG_VALUE_MAX);
	assert_string_equal(got + strlen(got) - 6, " ...\"\n");
}

/* More lines than a pipe holds, and nobody reads. */
static void say_too_much(void)
{
	char value[LOG_VALUE_MAX];
	struct logline l;

	memset(value, 'v', sizeof(value));
	for (int i = 0; i < 300; i++) {
		log_start(&l, LOG_LEVEL_INFO, "long");
		for (int k = 0; k < 6; k++)
			log_slice(&l, "k", slice_make(value, sizeof(value)));
		log_send(&l);
	}
}

static void a_full_pipe_drops_and_counts(void **state)
{
	uint64_t before = log_dropped();
	static char got[1 << 21];

	(void)state;
	open_stderr(LOG_LEVEL_INFO);
	/* That it comes back at all shows that it did not block. */
	catch_stderr(say_too_much, got, sizeof(got));
	assert_in_range(log_dropped() - before, 200, 299);
	assert_in_range(strlen(got), 4096, sizeof(got) - 1);
}

static void say_hello(void)
{
	log_message(LOG_LEVEL_INFO, "hello", "again");
}

static void after_a_torn_line_comes_a_whole_one(void **state)
{
	static char got[1 << 21];
	char *at = NULL;

	(void)state;
	open_stderr(LOG_LEVEL_INFO);
	catch_stderr(say_too_much, got, sizeof(got));
	catch_stderr(say_hello, got, sizeof(got));
	at = strstr(got, "hello message=again\n");
	assert_non_null(at);
	assert_true(at == got || at[-1] == '\n');
}

static void say_to_nobody(void)
{
	int end[2];

	assert_int_equal(pipe(end), 0);
	(void)close(end[0]);
	assert_true(dup2(end[1], STDERR_FILENO) >= 0);
	log_message(LOG_LEVEL_INFO, "hello", "x");
	(void)close(end[1]);
}

static void a_pipe_without_reader_kills_nobody(void **state)
{
	uint64_t before = log_dropped();
	char got[10];

	(void)state;
	open_stderr(LOG_LEVEL_INFO);
	catch_stderr(say_to_nobody, got, sizeof(got));
	assert_int_equal(log_dropped() - before, 1);
}

/* A syslogd of our own: a datagram socket in a folder. */
static int listen_at(const char *path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	assert_true(fd >= 0);
	assert_true(strlen(path) < sizeof(at.sun_path));
	memcpy(at.sun_path, path, strlen(path) + 1);
	(void)unlink(path);
	assert_int_equal(bind(fd, (const struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

static void assert_hears(int fd, const char *event)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char got[LOG_LINE_MAX + 300];
	char want[100];
	ssize_t len;
	int pri = 0;
	int used = 0;

	assert_int_equal(poll(&p, 1, 5000), 1);
	len = recv(fd, got, sizeof(got) - 1, 0);
	assert_true(len > 0);
	got[len] = '\0';
	/* <PRI>Mon dd hh:mm:ss ident[pid]: event message=x */
	assert_int_equal(sscanf(got, "<%d>%n", &pri, &used), 1);
	assert_int_equal(pri, 2 * 8 + 4);
	assert_int_equal(got[used + 3], ' ');
	assert_int_equal(got[used + 6], ' ');
	assert_int_equal(got[used + 9], ':');
	(void)snprintf(want, sizeof(want), " tester[%ld]: %s message=x",
		(long)getpid(), event);
	assert_string_equal(got + used + 15, want);
}

static void say(const char *event)
{
	log_message(LOG_LEVEL_WARNING, event, "x");
}

static void syslogd_may_restart(void **state)
{
	char path[FOLDER_PATH_MAX];
	struct folder f;
	struct log_options options = { "tester", LOG_TO_SYSLOG, LOG_LEVEL_INFO,
		path };
	uint64_t before = log_dropped();
	int fd;

	(void)state;
	folder_make(&f);
	folder_path(&f, "log", path);
	log_open(&options);
	say("nobody-there");
	assert_int_equal(log_dropped() - before, 1);
	fd = listen_at(path);
	say("first");
	assert_hears(fd, "first");
	(void)close(fd);
	say("lost");
	assert_int_equal(log_dropped() - before, 2);
	fd = listen_at(path);
	say("second");
	assert_hears(fd, "second");
	/* Restarted between two lines: none is lost. */
	(void)close(fd);
	fd = listen_at(path);
	say("third");
	assert_hears(fd, "third");
	assert_int_equal(log_dropped() - before, 2);
	(void)close(fd);
	open_stderr(LOG_LEVEL_INFO);
	folder_remove(&f);
}

static void a_stopped_syslogd_blocks_nobody(void **state)
{
	char path[FOLDER_PATH_MAX];
	struct folder f;
	struct log_options options = { "tester", LOG_TO_SYSLOG, LOG_LEVEL_INFO,
		path };
	uint64_t before = log_dropped();
	int fd;

	(void)state;
	folder_make(&f);
	fd = listen_at(folder_path(&f, "log", path));
	log_open(&options);
	for (int i = 0; i < 5000; i++)
		say("flood");
	assert_in_range(log_dropped() - before, 1, 4999);
	(void)close(fd);
	open_stderr(LOG_LEVEL_INFO);
	folder_remove(&f);
}

enum { TALKERS = 4, LINES_EACH = 50 };

static void *talk(void *arg)
{
	const char *name = arg;

	for (int i = 0; i < LINES_EACH; i++)
		log_message(LOG_LEVEL_WARNING, name, "%s says %d", name, i);
	return NULL;
}

static void talk_all_at_once(void)
{
	static const char *const name[TALKERS] = { "anna", "bela", "carl",
		"dora" };
	pthread_t thread[TALKERS];

	for (int i = 0; i < TALKERS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, talk,
					 (void *)(uintptr_t)name[i]),
			0);
	for (int i = 0; i < TALKERS; i++)
		assert_int_equal(pthread_join(thread[i], NULL), 0);
}

static void lines_of_threads_stay_whole(void **state)
{
	static char got[1 << 16];
	uint64_t before = log_dropped();
	struct slice rest;
	struct slice line;
	int lines = 0;

	(void)state;
	open_stderr(LOG_LEVEL_INFO);
	catch_stderr(talk_all_at_once, got, sizeof(got));
	rest = slice_of(got);
	while (slice_cut(&rest, '\n', &line)) {
		char first[16];
		char second[16];
		char text[100];
		int number = -1;

		(void)snprintf(text, sizeof(text), "%.*s", SLICE_ARG(line));
		assert_int_equal(sscanf(text, "%15s message=\"%15s says %d\"",
					 first, second, &number),
			3);
		assert_string_equal(first, second);
		assert_in_range(number, 0, LINES_EACH - 1);
		lines++;
	}
	assert_int_equal(lines, TALKERS * LINES_EACH);
	assert_int_equal(log_dropped() - before, 0);
}

#define VALUE(text, value, want)   \
	CASE(text, writes_a_value, \
		(&(struct value_row){ { value, sizeof(value) - 1 }, want }))

int main(void)
{
	const struct CMUnitTest cases[] = {
		VALUE("a plain value needs no quotes", "joe-b.c_d:/@+,[1]<x>",
			"event k=joe-b.c_d:/@+,[1]<x>"),
		VALUE("an empty value is seen", "", "event k=\"\""),
		VALUE("a blank needs quotes", "a b", "event k=\"a b\""),
		VALUE("a forged field stays inside the quotes",
			"a action=accept", "event k=\"a action=accept\""),
		VALUE("an equals sign needs quotes", "a=b", "event k=\"a=b\""),
		VALUE("a quote cannot end the value", "a\" b=\"c",
			"event k=\"a\\x22 b=\\x22c\""),
		VALUE("a backslash cannot undo an escape", "\\x41",
			"event k=\"\\x5cx41\""),
		VALUE("a line end cannot begin a line", "a\r\nb",
			"event k=\"a\\x0d\\x0ab\""),
		VALUE("terminal codes are escaped", "\x1b[31m",
			"event k=\"\\x1b[31m\""),
		VALUE("a NUL is escaped", "a\0b", "event k=\"a\\x00b\""),
		VALUE("octets above ASCII are escaped", "\xc3\xa9",
			"event k=\"\\xc3\\xa9\""),
		VALUE("a format is only text", "%n%s", "event k=\"%n%s\""),
		CASE("fields follow each other", writes_fields_in_a_row, NULL),
		CASE("a long value is cut and says so", cuts_a_long_value,
			NULL),
		CASE("a full line stays well formed",
			a_full_line_stays_well_formed, NULL),
		CASE("a name cannot break the line",
			names_cannot_break_the_line, NULL),
		CASE("finer levels are not written",
			finer_levels_are_not_written, NULL),
		CASE("the journal is told the level, and only the journal",
			the_journal_is_told_the_level, NULL),
		CASE("a long message is cut", a_long_message_is_cut, NULL),
		CASE("a full pipe drops lines and counts them",
			a_full_pipe_drops_and_counts, NULL),
		CASE("after a torn line comes a whole one",
			after_a_torn_line_comes_a_whole_one, NULL),
		CASE("a pipe without reader kills nobody",
			a_pipe_without_reader_kills_nobody, NULL),
		CASE("lines of many threads stay whole",
			lines_of_threads_stay_whole, NULL),
		CASE("syslogd may come late and be restarted",
			syslogd_may_restart, NULL),
		CASE("a syslogd that reads nothing blocks nobody",
			a_stopped_syslogd_blocks_nobody, NULL),
	};

	return cmocka_run_group_tests_name("base/log", cases, NULL, NULL);
}
