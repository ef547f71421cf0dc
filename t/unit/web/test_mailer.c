/* SPDX-License-Identifier: BSD-2-Clause */
#include "web/mailer.h"

#include "conf/conf.h"
#include "support/case.h"
#include "support/smtp_server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char letter_text[] = "Subject: one\n"
				  "\n"
				  "a line\n"
				  ".hidden dot\n"
				  ".\n"
				  "with its own end\r\n"
				  "the last";

/* What arrives of it. */
static const char wire_text[] = "Subject: one\r\n"
				"\r\n"
				"a line\r\n"
				".hidden dot\r\n"
				".\r\n"
				"with its own end\r\n"
				"the last\r\n";

static struct conf *load(uint16_t port)
{
	struct conf *conf = NULL;
	struct buf errors;
	struct buf text;

	buf_init(&errors, 4096);
	buf_init(&text, 4096);
	buf_add_format(&text,
		"host = \"mx.example.net\"\n"
		"portal_url = \"https://postmaster.example.net\"\n"
		"milter { socket = \"unix:/nowhere\" }\n"
		"redis { servers = {\"unix:/nowhere\"} }\n"
		"portal { smtp = \"127.0.0.1:%u\" }\n",
		port);
	if (conf_load_text("test", buf_slice(&text), &conf, &errors) != RES_OK)
		fail_msg("conf: %s", buf_text(&errors));
	buf_clear(&errors);
	buf_clear(&text);
	return conf;
}

struct row {
	enum smtp_mood mood;
	const char *sender;
	const char *rcpt;
	enum result want;
	const char *why; /* what must be in it */
	size_t taken; /* letters */
};

static void sends(void **state)
{
	const struct row *row = *state;
	struct smtp_server *server = smtp_server_start();
	struct conf *conf = load(smtp_server_port(server));
	const struct mailer_letter letter = {
		.sender = row->sender,
		.rcpt = row->rcpt,
		.text = slice_of(letter_text),
		.timeout_ms = row->mood == SMTP_SILENT ? 200 : 0,
	};
	struct buf why;

	buf_init(&why, 4096);
	smtp_server_mood(server, row->mood);
	assert_string_equal(result_name(mailer_send(conf, &letter, &why)),
		result_name(row->want));
	if (strstr(buf_text(&why), row->why) == NULL)
		fail_msg("no \"%s\" in: %s", row->why, buf_text(&why));
	assert_int_equal(smtp_server_count(server), row->taken);
	buf_clear(&why);
	conf_release(conf);
	smtp_server_stop(server);
}

static void whole(void **state)
{
	struct smtp_server *server = smtp_server_start();
	struct conf *conf = load(smtp_server_port(server));
	const struct mailer_letter letter = {
		.sender = "",
		.rcpt = "joe@example.org",
		.text = slice_of(letter_text),
	};
	struct smtp_letter *got = calloc(1, sizeof(*got));
	struct buf why;

	(void)state;
	buf_init(&why, 4096);
	assert_non_null(got);
	assert_int_equal(mailer_send(conf, &letter, &why), RES_OK);
	assert_int_equal(why.len, 0);
	smtp_server_last(server, got);
	assert_string_equal(got->sender, "<>");
	assert_string_equal(got->rcpt, "<joe@example.org>");
	assert_string_equal(got->hello, "mx.example.net");
	assert_string_equal(got->text, wire_text);
	free(got);
	buf_clear(&why);
	conf_release(conf);
	smtp_server_stop(server);
}

static void nobody(void **state)
{
	struct smtp_server *server = smtp_server_start();
	struct conf *conf = load(smtp_server_port(server));
	const struct mailer_letter letter = {
		.sender = "a@example.net",
		.rcpt = "joe@example.org",
		.text = slice_of(letter_text),
	};
	struct buf why;

	(void)state;
	buf_init(&why, 4096);
	smtp_server_stop(server);
	assert_string_equal(
		result_name(mailer_send(conf, &letter, &why)), "down");
	assert_true(why.len > 0);
	buf_clear(&why);
	conf_release(conf);
}

#define ROW(text, ...) CASE(text, sends, (&(const struct row){ __VA_ARGS__ }))
#define FROM "a@example.net"
#define TO "joe@example.org"

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE("a letter arrives as it was written", whole, NULL),
		ROW("what the MTA takes is sent", SMTP_TAKES, FROM, TO, RES_OK,
			"", 1),
		CASE("no MTA: later", nobody, NULL),
		ROW("4xx for the mailbox: later", SMTP_LATER, FROM, TO,
			RES_DOWN, "451 4.2.1 try later", 0),
		ROW("4xx for the text: later", SMTP_LATER_TEXT, FROM, TO,
			RES_DOWN, "452 4.3.1 no room", 0),
		ROW("4xx as greeting: later", SMTP_BUSY_GREETING, FROM, TO,
			RES_DOWN, "421 too busy", 0),
		ROW("5xx as greeting says nothing about the letter",
			SMTP_NO_SERVICE, FROM, TO, RES_DOWN, "554 no service",
			0),
		ROW("5xx for the mailbox: never", SMTP_NO_MAILBOX, FROM, TO,
			RES_DENIED, "550 5.1.1 no such mailbox", 0),
		ROW("5xx for the sender: never", SMTP_NO_SENDER, FROM, TO,
			RES_DENIED, "553 5.1.8 not you", 0),
		ROW("5xx for the text: never", SMTP_NO_TEXT, FROM, TO,
			RES_DENIED, "554 5.7.1 not this text", 0),
		ROW("an MTA that hangs up: later", SMTP_CLOSES, FROM, TO,
			RES_DOWN, "", 0),
		ROW("an MTA that is silent: later", SMTP_SILENT, FROM, TO,
			RES_TIMEOUT, "", 0),
		ROW("a line end in the mailbox goes nowhere", SMTP_TAKES, FROM,
			"joe@example.org>\r\nRCPT TO:<x@example.org",
			RES_SYNTAX, "address", 0),
		ROW("a bracket in the sender goes nowhere", SMTP_TAKES,
			"a@example.net> SIZE=1", TO, RES_SYNTAX, "address", 0),
		ROW("no mailbox at all goes nowhere", SMTP_TAKES, FROM, "",
			RES_SYNTAX, "address", 0),
	};
	int failed;

	if (mailer_open() != RES_OK)
		return 1;
	failed = cmocka_run_group_tests_name("web/mailer", cases, NULL, NULL);
	mailer_close();
	return failed;
}
