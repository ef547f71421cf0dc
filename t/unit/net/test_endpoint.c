/* SPDX-License-Identifier: BSD-2-Clause */
#include "net/endpoint.h"

#include "support/case.h"

#include <string.h>

struct row {
	const char *text;
	bool allow_plain;
	enum result want;
	const char *formatted;
	const char *postfix; /* below /var/spool/postfix */
	bool local;
};

static void reads(void **state)
{
	const struct row *row = *state;
	char text[ENDPOINT_TEXT_MAX];
	struct endpoint e = { .port = 7 };

	assert_string_equal(result_name(endpoint_parse(
				    &e, slice_of(row->text), row->allow_plain)),
		result_name(row->want));
	if (row->want != RES_OK) {
		assert_int_equal(e.port, 7);
		return;
	}
	assert_string_equal(endpoint_format(&e, text), row->formatted);
	assert_string_equal(
		endpoint_format_postfix(&e, "/var/spool/postfix", text),
		row->postfix);
	assert_int_equal(endpoint_is_local(&e), row->local);
}

static void what_was_formatted_is_read(void **state)
{
	const struct row *row = *state;
	char first[ENDPOINT_TEXT_MAX];
	char second[ENDPOINT_TEXT_MAX];
	struct endpoint e;

	assert_int_equal(endpoint_parse(&e, slice_of(row->text), true), RES_OK);
	(void)endpoint_format(&e, first);
	assert_int_equal(endpoint_parse(&e, slice_of(first), false), RES_OK);
	assert_string_equal(endpoint_format(&e, second), first);
}

static void the_parts_are_there(void **state)
{
	struct endpoint e;

	(void)state;
	assert_int_equal(
		endpoint_parse(&e, slice_of("inet6:25@[::1]"), false), RES_OK);
	assert_int_equal(e.kind, ENDPOINT_INET6);
	assert_int_equal(e.port, 25);
	assert_string_equal(e.host, "::1");
	assert_int_equal(endpoint_parse(&e, slice_of("fd:3"), false), RES_OK);
	assert_int_equal(e.kind, ENDPOINT_FD);
	assert_int_equal(e.fd, 3);
	assert_int_equal(
		endpoint_parse(&e, slice_of("local:/a/b"), false), RES_OK);
	assert_int_equal(e.kind, ENDPOINT_UNIX);
	assert_string_equal(e.path, "/a/b");
}

static void the_queue_folder_is_matched_whole(void **state)
{
	char text[ENDPOINT_TEXT_MAX];
	struct endpoint e;

	(void)state;
	assert_int_equal(
		endpoint_parse(&e, slice_of("unix:/var/spool/x/sock"), false),
		RES_OK);
	assert_string_equal(endpoint_format_postfix(&e, "/var/spool/x/", text),
		"unix:sock");
	assert_string_equal(endpoint_format_postfix(&e, "/var/spo", text),
		"unix:/var/spool/x/sock");
	assert_string_equal(endpoint_format_postfix(&e, "", text),
		"unix:/var/spool/x/sock");
	assert_string_equal(endpoint_format_postfix(&e, NULL, text),
		"unix:/var/spool/x/sock");
}

#define P10 "/aaaaaaaaa"
#define P100 P10 P10 P10 P10 P10 P10 P10 P10 P10 P10

#define OK(name, text, ...) \
	CASE(name, reads, (&(struct row){ text, false, RES_OK, __VA_ARGS__ }))
#define PLAIN(name, text, ...) \
	CASE(name, reads, (&(struct row){ text, true, RES_OK, __VA_ARGS__ }))
#define NO(name, text, want) \
	CASE(name, reads, (&(struct row){ text, false, want, "", "", false }))
#define NOPLAIN(name, text, want) \
	CASE(name, reads, (&(struct row){ text, true, want, "", "", false }))
#define AGAIN(name, said) \
	CASE(name, what_was_formatted_is_read, (&(struct row){ .text = said }))

int main(void)
{
	const struct CMUnitTest cases[] = {
		OK("a port on an address is read", "inet:8894@127.0.0.1",
			"inet:8894@127.0.0.1", "inet:127.0.0.1:8894", true),
		OK("a port on a name is read", "inet:8894@mx.Example.net",
			"inet:8894@mx.example.net", "inet:mx.example.net:8894",
			false),
		OK("a port on localhost is local", "inet:8894@localhost",
			"inet:8894@localhost", "inet:localhost:8894", true),
		OK("a port on all addresses is not local", "inet:8894",
			"inet:8894", "inet:127.0.0.1:8894", false),
		OK("a port on another address is not local",
			"inet:8894@192.0.2.1", "inet:8894@192.0.2.1",
			"inet:192.0.2.1:8894", false),
		OK("all of 127/8 is local", "inet:1@127.9.9.9",
			"inet:1@127.9.9.9", "inet:127.9.9.9:1", true),
		OK("an IPv6 address is read", "inet6:8894@::1",
			"inet6:8894@::1", "inet:[::1]:8894", true),
		OK("an IPv6 address in brackets is read", "inet6:8894@[::1]",
			"inet6:8894@::1", "inet:[::1]:8894", true),
		OK("a port on all IPv6 addresses is read", "inet6:8894",
			"inet6:8894", "inet:[::1]:8894", false),
		OK("an IPv6 port on a name is read", "inet6:8894@mx.example",
			"inet6:8894@mx.example", "inet:mx.example:8894", false),
		OK("any free port may be asked for", "inet:0@127.0.0.1",
			"inet:0@127.0.0.1", "inet:127.0.0.1:0", true),
		OK("a unix socket is read", "unix:/run/reprieve/milter.sock",
			"unix:/run/reprieve/milter.sock",
			"unix:/run/reprieve/milter.sock", true),
		OK("a unix socket below the queue is relative to it",
			"unix:/var/spool/postfix/reprieve/milter.sock",
			"unix:/var/spool/postfix/reprieve/milter.sock",
			"unix:reprieve/milter.sock", true),
		OK("local is another word for unix", "local:/a", "unix:/a",
			"unix:/a", true),
		OK("a path of 107 octets is read", "unix:" P100 "/123456",
			"unix:" P100 "/123456", "unix:" P100 "/123456", true),
		OK("a socket of systemd is read", "fd:3", "fd:3", "", false),
		PLAIN("host and port are read where allowed", "127.0.0.1:25",
			"inet:25@127.0.0.1", "inet:127.0.0.1:25", true),
		PLAIN("an IPv6 host and port are read", "[::1]:25",
			"inet6:25@::1", "inet:[::1]:25", true),
		PLAIN("a name and port are read", "mx.example.net:25",
			"inet:25@mx.example.net", "inet:mx.example.net:25",
			false),
		PLAIN("the long form is read there too", "inet:25@127.0.0.1",
			"inet:25@127.0.0.1", "inet:127.0.0.1:25", true),
		NO("host and port are refused where not allowed",
			"127.0.0.1:25", RES_SYNTAX),
		NO("nothing is refused", "", RES_SYNTAX),
		NO("a kind alone is refused", "inet:", RES_SYNTAX),
		NO("an unknown kind is refused", "tcp:25@127.0.0.1",
			RES_SYNTAX),
		NO("a port past 65535 is out of range", "inet:65536@127.0.0.1",
			RES_RANGE),
		NO("a port name is refused", "inet:smtp@127.0.0.1", RES_SYNTAX),
		NO("an empty host is refused", "inet:25@", RES_SYNTAX),
		NO("Postfix's own order is refused", "inet:127.0.0.1:8894",
			RES_SYNTAX),
		NO("an IPv6 address of inet is refused", "inet:25@::1",
			RES_SYNTAX),
		NO("an IPv4 address of inet6 is refused", "inet6:25@127.0.0.1",
			RES_SYNTAX),
		NO("a zone is refused", "inet6:25@fe80::1%eth0", RES_SYNTAX),
		NO("a host with a blank is refused", "inet:25@a b", RES_SYNTAX),
		NO("an empty path is refused", "unix:", RES_SYNTAX),
		NO("a path with a line end is refused", "unix:/a\nb",
			RES_SYNTAX),
		NO("a path of 108 octets is too big", "unix:" P100 "/1234567",
			RES_TOOBIG),
		NO("an fd that is no number is refused", "fd:x", RES_SYNTAX),
		NO("a huge fd is out of range", "fd:99999999999", RES_RANGE),
		NOPLAIN("a host without port is refused", "127.0.0.1",
			RES_SYNTAX),
		NOPLAIN("an IPv6 host without brackets is refused", "::1:25",
			RES_SYNTAX),
		NOPLAIN("an empty port is refused", "127.0.0.1:", RES_SYNTAX),
		NOPLAIN("an empty host is refused there too", ":25",
			RES_SYNTAX),
		NOPLAIN("a port past 65535 is out of range there too",
			"127.0.0.1:70000", RES_RANGE),
		AGAIN("what was written is read again", "[2001:db8::1]:25"),
		AGAIN("a unix path that was written is read again",
			"local:rel/path"),
		CASE("port, host, path and fd are told apart",
			the_parts_are_there, NULL),
		CASE("only whole folders are cut from a path",
			the_queue_folder_is_matched_whole, NULL),
	};

	return cmocka_run_group_tests_name("net/endpoint", cases, NULL, NULL);
}
