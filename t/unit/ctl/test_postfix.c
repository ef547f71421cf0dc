/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/postfix.h"
#include "support/case.h"

struct names_row {
	const char *ours; /* milter.socket */
	const char *milters; /* smtpd_milters */
	bool want;
};

static void names(void **state)
{
	const struct names_row *row = *state;
	char socket[ENDPOINT_TEXT_MAX];
	struct endpoint ours;

	assert_int_equal(
		endpoint_parse(&ours, slice_of(row->ours), false), RES_OK);
	endpoint_format_postfix(
		postfix_socket(&ours), "/var/spool/postfix", socket);
	assert_int_equal(postfix_names(row->milters, socket), row->want);
}

static void never_names_nothing(void **state)
{
	(void)state;
	assert_false(postfix_names("", ""));
	assert_false(postfix_names("inet:127.0.0.1:8891", ""));
}

#define NAMES(text, socket, milters, wanted) \
	CASE(text, names, (&(struct names_row){ socket, milters, wanted }))

int main(void)
{
	const struct CMUnitTest cases[] = {
		NAMES("systemd's socket is the shipped one", "fd:3",
			"unix:reprieve/milter.sock", true),
		NAMES("systemd's socket beside another milter", "fd:3",
			"inet:127.0.0.1:8891, unix:reprieve/milter.sock", true),
		NAMES("systemd's socket with settings of its own", "fd:3",
			"{unix:reprieve/milter.sock, default_action=accept}",
			true),
		NAMES("no milter is not systemd's socket", "fd:3", "", false),
		NAMES("another milter is not systemd's socket", "fd:3",
			"inet:127.0.0.1:8891", false),
		NAMES("a longer path is another socket", "fd:3",
			"unix:reprieve/milter.sock2", false),
		NAMES("our own socket", "unix:/var/spool/postfix/r/m.sock",
			"unix:r/m.sock", true),
		NAMES("our own socket is not the shipped one",
			"unix:/var/spool/postfix/r/m.sock",
			"unix:reprieve/milter.sock", false),
		NAMES("a port", "inet:8894@127.0.0.1", "inet:127.0.0.1:8894",
			true),
		CASE("no name is never among them", never_names_nothing, NULL),
	};

	return cmocka_run_group_tests_name("ctl/postfix", cases, NULL, NULL);
}
