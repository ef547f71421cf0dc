/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/redis.h"

#include "base/buf.h"
#include "support/case.h"
#include "unit/store/rig.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static const struct redis_login plain = { .timeout_ms = 2000 };

static struct redis *dial(const struct rig *r, const struct redis_login *login)
{
	struct redis *c = NULL;

	assert_int_equal(
		redis_open(&c, &r->conf->redis.servers[0], login, NULL),
		RES_OK);
	return c;
}

static enum result say(
	struct redis *c, const char *a, const char *b, struct redis_reply *out)
{
	const struct slice argv[] = { slice_of(a), slice_of(b) };

	return redis_command(c, argv, b != NULL ? 2 : 1, out);
}

static void carries_any_octet(void **state)
{
	const struct slice value = slice_make("a\r\n$3\0\377b", 8);
	const struct slice set[] = { slice_of("SET"), slice_make("k\0\r\n", 4),
		value };
	const struct slice get[] = { slice_of("GET"),
		slice_make("k\0\r\n", 4) };
	struct redis_reply reply;
	struct redis *c;
	struct rig r;

	(void)state;
	rig_make(&r, NULL);
	c = dial(&r, &plain);
	assert_int_equal(redis_command(c, set, 3, &reply), RES_OK);
	assert_int_equal(redis_command(c, get, 2, &reply), RES_OK);
	assert_int_equal(reply.type, REDIS_STRING);
	assert_true(slice_is_equal(reply.text, value));
	redis_close(c);
	rig_remove(&r);
}

static void tells_types(void **state)
{
	struct redis_reply reply, element;
	struct redis *c;
	struct rig r;

	(void)state;
	rig_make(&r, NULL);
	c = dial(&r, &plain);
	assert_int_equal(say(c, "GET", "nothing", &reply), RES_OK);
	assert_int_equal(reply.type, REDIS_NIL);
	assert_int_equal(say(c, "INCR", "n", &reply), RES_OK);
	assert_int_equal(reply.type, REDIS_NUMBER);
	assert_int_equal(reply.number, 1);
	assert_int_equal(say(c, "KEYS", "*", &reply), RES_OK);
	assert_int_equal(reply.type, REDIS_ARRAY);
	assert_int_equal(reply.count, 1);
	element = redis_element(&reply, 0);
	assert_true(slice_is_equal(element.text, slice_of("n")));
	assert_int_equal(redis_element(&reply, 1).type, REDIS_NIL);
	/* The server's no is an answer; the connection goes on. */
	assert_int_equal(say(c, "HGETALL", "n", &reply), RES_OK);
	assert_int_equal(reply.type, REDIS_ERROR);
	assert_int_equal(redis_error_kind(reply.text), RES_TYPE);
	assert_false(redis_is_broken(c));
	assert_int_equal(say(c, "PING", NULL, &reply), RES_OK);
	redis_close(c);
	rig_remove(&r);
}

/* More than any socket buffer holds, both ways, without a deadlock. */
static void pipelines(void **state)
{
	enum { MANY = 20000 };
	struct slice argv[2] = { slice_of("ECHO") };
	struct redis_reply reply;
	char text[200];
	struct redis *c;
	struct rig r;

	(void)state;
	rig_make(&r, NULL);
	c = dial(&r, &plain);
	memset(text, 'x', sizeof(text));
	argv[1] = slice_make(text, sizeof(text));
	for (unsigned i = 0; i < MANY; i++)
		assert_int_equal(redis_append(c, argv, 2), RES_OK);
	for (unsigned i = 0; i < MANY; i++) {
		assert_int_equal(redis_read(c, &reply), RES_OK);
		assert_int_equal(reply.text.len, sizeof(text));
	}
	redis_close(c);
	rig_remove(&r);
}

static void gives_up_in_time(void **state)
{
	const struct redis_login quick = { .timeout_ms = 100 };
	struct redis_reply reply;
	struct redis *c, *other = NULL;
	int64_t began_ms;
	struct buf why;
	struct rig r;

	(void)state;
	buf_init(&why, 200);
	rig_make(&r, NULL);
	c = dial(&r, &quick);
	redis_server_freeze(r.server);
	began_ms = clock_mono_ms(clock_system());
	assert_string_equal(
		result_name(say(c, "PING", NULL, &reply)), "timeout");
	/* A frozen server takes connections, and says nothing. */
	assert_string_equal(result_name(redis_open(&other,
				    &r.conf->redis.servers[0], &quick, &why)),
		"timeout");
	assert_null(other);
	assert_in_range(clock_mono_ms(clock_system()) - began_ms, 200, 1500);
	assert_true(why.len > 0);
	/* The late answer must not be taken for that of the next question. */
	assert_true(redis_is_broken(c));
	redis_server_thaw(r.server);
	assert_string_equal(result_name(say(c, "PING", NULL, &reply)), "down");
	redis_close(c);
	buf_clear(&why);
	rig_remove(&r);
}

static void can_be_told_to_stop(void **state)
{
	struct redis_login login = { .timeout_ms = 60000 };
	struct redis_reply reply;
	uint64_t one = 1;
	struct redis *c;
	struct rig r;

	(void)state;
	login.cancel = eventfd(0, EFD_CLOEXEC);
	assert_true(login.cancel > 0);
	rig_make(&r, NULL);
	c = dial(&r, &login);
	redis_server_freeze(r.server);
	assert_int_equal(write(login.cancel, &one, sizeof(one)), sizeof(one));
	assert_string_equal(result_name(say(c, "PING", NULL, &reply)), "down");
	redis_close(c);
	redis_server_thaw(r.server);
	close(login.cancel);
	rig_remove(&r);
}

static void tells_why_not(void **state)
{
	const struct redis_login wrong = { .password = "x",
		.timeout_ms = 2000 };
	const struct redis_login far = { .database = 99, .timeout_ms = 2000 };
	const struct endpoint nowhere = { .kind = ENDPOINT_UNIX,
		.path = "/nonexistent/socket" };
	struct redis *c = NULL, *full;
	struct buf why;
	struct rig r;

	(void)state;
	buf_init(&why, 200);
	rig_make(&r, NULL);
	assert_string_equal(
		result_name(redis_open(&c, &nowhere, &plain, &why)), "down");
	assert_string_equal(result_name(redis_open(&c,
				    &r.conf->redis.servers[0], &wrong, NULL)),
		"denied");
	buf_reset(&why);
	assert_string_equal(result_name(redis_open(
				    &c, &r.conf->redis.servers[0], &far, &why)),
		"denied");
	assert_non_null(strstr(buf_text(&why), "out of range"));
	assert_true(REDIS_DO(r.server, "CONFIG", "SET", "requirepass", "pw"));
	assert_string_equal(result_name(redis_open(&c,
				    &r.conf->redis.servers[0], &plain, NULL)),
		"denied");
	rig_remove(&r);

	rig_make(&r, NULL);
	full = dial(&r, &plain);
	assert_true(REDIS_DO(r.server, "CONFIG", "SET", "maxclients", "1"));
	buf_reset(&why);
	assert_string_equal(result_name(redis_open(&c,
				    &r.conf->redis.servers[0], &plain, &why)),
		"down");
	assert_non_null(strstr(buf_text(&why), "max number of clients"));
	assert_null(c);
	redis_close(full);
	buf_clear(&why);
	rig_remove(&r);
}

struct kind {
	const char *text;
	enum result want;
};

static void knows_errors(void **state)
{
	const struct kind *k = *state;

	assert_string_equal(result_name(redis_error_kind(slice_of(k->text))),
		result_name(k->want));
}

#define KIND(...) (&(const struct kind){ __VA_ARGS__ })

/* ---- a server that misbehaves ---- */

struct liar {
	int fd;
	const char *text;
	size_t len;
};

/* Says its text, whatever it is asked, and hangs up. */
static void *lie(void *arg)
{
	struct liar *l = arg;
	char question[4096];
	int fd = accept(l->fd, NULL, NULL);

	if (fd < 0)
		return NULL;
	if (read(fd, question, sizeof(question)) > 0 &&
		write(fd, l->text, l->len) < 0) {
		close(fd);
		return NULL;
	}
	close(fd);
	return NULL;
}

static const char *const lies[] = { "", "x\r\n", "$-5\r\n",
	"$99999999999999999999\r\n", "*99999999999\r\n", "$5\r\nab",
	"*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n+x\r\n",
	":\r\n", "\r\n\r\n", "*2\r\n+OK\r\n" };

static void survives_lies(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		struct liar l = { .text = lies[i], .len = strlen(lies[i]) };
		struct sockaddr_un sun = { .sun_family = AF_UNIX };
		struct endpoint at = { .kind = ENDPOINT_UNIX };
		struct redis *c = NULL;
		struct folder folder;
		pthread_t thread;

		folder_make(&folder);
		(void)snprintf(
			at.path, sizeof(at.path), "%.90s/s", folder.path);
		memcpy(sun.sun_path, at.path, sizeof(sun.sun_path) - 1);
		l.fd = socket(AF_UNIX, SOCK_STREAM, 0);
		assert_int_equal(
			bind(l.fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
		assert_int_equal(listen(l.fd, 1), 0);
		assert_int_equal(pthread_create(&thread, NULL, lie, &l), 0);
		assert_string_equal(
			result_name(redis_open(&c, &at, &plain, NULL)), "down");
		assert_null(c);
		pthread_join(thread, NULL);
		close(l.fd);
		folder_remove(&folder);
	}
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE("any octet gets through", carries_any_octet, NULL),
		CASE("each type of answer is told", tells_types, NULL),
		CASE("a long pipeline does not lock up", pipelines, NULL),
		CASE("a frozen server costs the deadline", gives_up_in_time,
			NULL),
		CASE("a wait can be ended", can_be_told_to_stop, NULL),
		CASE("a refused login says why", tells_why_not, NULL),
		CASE("READONLY", knows_errors,
			KIND("READONLY You can't write against a read only "
			     "replica.",
				RES_READONLY)),
		CASE("MASTERDOWN", knows_errors,
			KIND("MASTERDOWN Link with MASTER is down",
				RES_READONLY)),
		CASE("NOAUTH", knows_errors,
			KIND("NOAUTH Authentication required.", RES_DENIED)),
		CASE("NOPERM", knows_errors,
			KIND("NOPERM this user has no permissions",
				RES_DENIED)),
		CASE("NOPERM inside a script", knows_errors,
			KIND("ERR The user executing the script can't access "
			     "at least one of the keys mentioned in the command "
			     "arguments script: 5c1f, on @user_script:1.",
				RES_DENIED)),
		CASE("WRONGPASS", knows_errors, KIND("WRONGPASS", RES_DENIED)),
		CASE("WRONGTYPE", knows_errors,
			KIND("WRONGTYPE Operation", RES_TYPE)),
		CASE("OOM", knows_errors, KIND("OOM command", RES_FULL)),
		CASE("no more clients", knows_errors,
			KIND("ERR max number of clients reached", RES_FULL)),
		CASE("LOADING", knows_errors, KIND("LOADING Redis", RES_DOWN)),
		CASE("BUSY", knows_errors, KIND("BUSY Redis", RES_DOWN)),
		CASE("CLUSTERDOWN", knows_errors,
			KIND("CLUSTERDOWN Hash", RES_DOWN)),
		CASE("MISCONF", knows_errors, KIND("MISCONF Redis", RES_DOWN)),
		CASE("any other", knows_errors,
			KIND("ERR unknown command", RES_INTERNAL)),
		CASE("a server that lies is hung up on", survives_lies, NULL),
	};

	return cmocka_run_group_tests_name("store/redis", cases, NULL, NULL);
}
