/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * support/smtp_server - a small MTA on 127.0.0.1 that a test tells what to say.
 *
 * Keeps what it was given. One connection at a time; ends when it is stopped.
 * Threads: one of its own; the functions from the test's.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct smtp_server;

enum smtp_mood {
	SMTP_TAKES = 0, /* 250 to everything */
	SMTP_NO_SERVICE, /* 554 as greeting */
	SMTP_BUSY_GREETING, /* 421 as greeting */
	SMTP_LATER, /* 451 to RCPT */
	SMTP_NO_MAILBOX, /* 550 to RCPT */
	SMTP_NO_SENDER, /* 553 to MAIL */
	SMTP_LATER_TEXT, /* 452 to the text */
	SMTP_NO_TEXT, /* 554 to the text */
	SMTP_CLOSES, /* hangs up after the text, without a word */
	SMTP_SILENT /* takes the connection and says nothing */
};

/* Fails the test when it cannot. */
struct smtp_server *smtp_server_start(void);
void smtp_server_stop(struct smtp_server *s);
uint16_t smtp_server_port(const struct smtp_server *s);

void smtp_server_mood(struct smtp_server *s, enum smtp_mood mood);

/* Letters that it has said 250 to. */
size_t smtp_server_count(struct smtp_server *s);
/* How often RCPT was said. */
size_t smtp_server_tries(struct smtp_server *s);

enum { SMTP_ADDRESS_MAX = 512, SMTP_TEXT_MAX = 65536 };

/* The last one, as it came, dots taken off, lines end in CRLF. */
struct smtp_letter {
	char sender[SMTP_ADDRESS_MAX]; /* with its brackets */
	char rcpt[SMTP_ADDRESS_MAX];
	char hello[SMTP_ADDRESS_MAX];
	char text[SMTP_TEXT_MAX];
};
void smtp_server_last(struct smtp_server *s, struct smtp_letter *out);
