/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reprieve-intake - takes one mail from an alias: an answer to a ticket, or a
 * letter that came back; see reprieve-intake(8).
 *
 * The exit code is what the MTA does with the mail (sysexits.h): EX_TEMPFAIL
 * keeps it, 0 has done with it, any other sends it back with what is printed.
 */
#include "base/clock.h"
#include "base/log.h"
#include "conf/conf.h"
#include "ctl/mailfind.h"
#include "ctl/mailtext.h"
#include "ctl/plaintext.h"
#include "store/delist.h"
#include "store/link.h"
#include "store/secret.h"
#include "store/ticket.h"

#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

enum {
	PIECE = 16384,
	ERRORS_MAX = 65536,
	MESSAGE_ID_MAX = 255,
	REDIS_TIMEOUT_MS = 5000
};

struct intake {
	struct conf *conf;
	struct redis *redis;
	struct secret secret;
	struct buf raw; /* the mail as it came in */
	struct savedmail mail;
	struct mailfind_envelope envelope;
	struct mailfind found;
};

/* How it ends: one line in the log, and the exit code. */
static int finish(const struct intake *in, const char *outcome, int code)
{
	static const char *const kinds[] = {
		[MAILFIND_NONE] = "none",
		[MAILFIND_TICKET] = "ticket",
		[MAILFIND_BOUNCE] = "bounce",
		[MAILFIND_FORGED] = "forged",
	};
	struct logline line;

	log_start(&line, code == EX_TEMPFAIL ? LOG_LEVEL_ERROR : LOG_LEVEL_INFO,
		"intake");
	log_text(&line, "kind", kinds[in->found.kind]);
	if (in->found.id[0] != '\0')
		log_text(&line, "id", in->found.id);
	log_text(&line, "outcome", outcome);
	log_number(&line, "exit", code);
	log_send(&line);
	return code;
}

/* What the sender reads in the mail that comes back. */
static void say(const struct intake *in, const char *words)
{
	printf("%s\nPlease open a new ticket: %s/support\n", words,
		in->conf->portal_url);
}

/* ---- what comes in ---- */

/* The MTA must be read to its end, or it sees a broken pipe. */
static bool read_all(struct buf *out)
{
	char piece[PIECE];
	ssize_t n;

	while ((n = read(STDIN_FILENO, piece, sizeof(piece))) > 0) {
		size_t room = out->max - out->len;

		buf_add(out,
			slice_make(piece, (size_t)n < room ? (size_t)n : room));
	}
	return n == 0 && buf_result(out) == RES_OK;
}

/* Without the line "From " of an mbox, and no more than a parser may have. */
static struct slice message_of(const struct intake *in)
{
	const struct slice raw = buf_slice(&in->raw);
	const size_t from = (size_t)(in->mail.field[0].name.at - raw.at);
	struct slice message = slice_part(raw, from, raw.len);

	return slice_part(message, 0, plaintext_scan(message));
}

static enum result open_redis(struct intake *in)
{
	const struct link_request want = { .purpose = LINK_WRITE,
		.timeout_ms = REDIS_TIMEOUT_MS };
	struct endpoint server;
	struct buf why;
	enum result res;

	buf_init(&why, ERRORS_MAX);
	res = link_open(in->conf, &want, &in->redis, &server, &why);
	if (res != RES_OK)
		log_message(LOG_LEVEL_ERROR, "redis", "%s: %s",
			result_name(res), buf_text(&why));
	buf_clear(&why);
	return res;
}

/* ---- a letter that came back ---- */

static bool has_failed(const struct intake *in)
{
	struct buf status;
	bool failed = false;

	if (!mailfind_is_report(&in->mail))
		return false;
	buf_init(&status, MAILTEXT_TEXT_MAX);
	if (mailtext_read(message_of(in), MAILTEXT_STATUS, &status) == RES_OK)
		failed = mailfind_has_failed(buf_slice(&status));
	buf_clear(&status);
	return failed;
}

static int take_bounce(struct intake *in)
{
	enum result res;

	if (!has_failed(in))
		return finish(in, "no failure, dropped", EX_OK);
	res = open_redis(in);
	if (res == RES_OK)
		res = delist_bounced(in->redis, in->conf,
			slice_of(in->found.id), clock_wall_ms(clock_system()));
	if (res == RES_OK)
		return finish(in, "bounced", EX_OK);
	if (res == RES_MISSING)
		return finish(in, "no such request, dropped", EX_OK);
	return finish(in, result_name(res), EX_TEMPFAIL);
}

/* ---- an answer to a ticket ---- */

static enum result read_text(const struct intake *in, struct buf *out)
{
	const struct slice message = message_of(in);
	struct buf html;
	enum result res = mailtext_read(message, MAILTEXT_TEXT, out);

	if (res != RES_MISSING)
		return res;
	buf_init(&html, MAILTEXT_TEXT_MAX);
	res = mailtext_read(message, MAILTEXT_HTML, &html);
	if (res == RES_OK)
		plaintext_strip(buf_slice(&html), out);
	buf_clear(&html);
	return res;
}

/* What cannot be read is told in the ticket: that there was a mail is worth
 * something. */
static enum result make_text(const struct intake *in, struct buf *out)
{
	struct buf text;
	enum result res;

	buf_init(&text, MAILTEXT_TEXT_MAX);
	res = read_text(in, &text);
	if (res == RES_OK)
		plaintext_clean(
			buf_slice(&text), in->conf->support.text_max, out);
	else if (res != RES_NOMEM)
		buf_add_text(out, "(no plain text)");
	buf_clear(&text);
	if (res == RES_OK && out->len == 0)
		buf_add_text(out, "(no text)");
	return res == RES_NOMEM ? res : buf_result(out);
}

static int ticket_added(const struct intake *in, enum result res)
{
	if (res == RES_OK)
		return finish(in, "added", EX_OK);
	if (res == RES_MISSING) {
		say(in, "There is no such ticket any more.");
		return finish(in, "no such ticket", EX_NOUSER);
	}
	if (res == RES_DENIED) {
		say(in, "This ticket takes no more answers.");
		return finish(in, "ticket is over", EX_UNAVAILABLE);
	}
	if (res == RES_FULL) {
		say(in, "This ticket has too many messages already.");
		return finish(in, "ticket is full", EX_UNAVAILABLE);
	}
	return finish(in, result_name(res), EX_TEMPFAIL);
}

static int take_answer(struct intake *in)
{
	const char *robot =
		mailfind_robot(&in->envelope, buf_slice(&in->raw), &in->mail);
	struct ticket_entry entry = {
		.id = slice_of(in->found.id),
		.message_id =
			slice_part(mailfind_field(&in->mail, "Message-ID"), 0,
				MESSAGE_ID_MAX),
	};
	struct buf text;
	enum result res;

	if (robot != NULL)
		return finish(in, robot, EX_OK);
	buf_init(&text, in->conf->support.text_max);
	res = make_text(in, &text);
	entry.text = buf_slice(&text);
	if (res == RES_OK)
		res = open_redis(in);
	/* NOPERM of Redis is no answer about the ticket. */
	if (res != RES_OK)
		res = RES_DOWN;
	else
		res = ticket_add(in->redis, in->conf, &entry,
			clock_wall_ms(clock_system()));
	buf_clear(&text);
	return ticket_added(in, res);
}

/* ---- one mail ---- */

static int take_unknown(struct intake *in)
{
	if (mailfind_robot(&in->envelope, buf_slice(&in->raw), &in->mail) !=
		NULL)
		return finish(in, "dropped", EX_OK);
	say(in, "This address takes answers to letters about a ticket only.");
	return finish(in, "not an address of ours", EX_NOUSER);
}

static int take(struct intake *in)
{
	enum result res = savedmail_parse(&in->mail, buf_slice(&in->raw));

	if (res == RES_SYNTAX || res == RES_TOOBIG)
		return finish(in, "no message", EX_DATAERR);
	if (res == RES_OK)
		res = mailfind_address(
			&in->secret, &in->envelope, &in->mail, &in->found);
	if (res != RES_OK)
		return finish(in, result_name(res), EX_TEMPFAIL);
	switch (in->found.kind) {
	case MAILFIND_TICKET:
		return take_answer(in);
	case MAILFIND_BOUNCE:
		return take_bounce(in);
	case MAILFIND_FORGED:
		return finish(in, "dropped", EX_OK);
	case MAILFIND_NONE:
		return take_unknown(in);
	}
	return EX_SOFTWARE;
}

static void open_log(const struct conf *conf)
{
	const struct log_options options = {
		.ident = "reprieve-intake",
		.target = strcmp(conf->log.target, "stderr") == 0
			? LOG_TO_STDERR
			: LOG_TO_SYSLOG,
		.level = LOG_LEVEL_INFO,
	};

	log_open(&options);
}

/* rcpt: from the command line, NULL: none there. */
static void read_envelope(struct intake *in, const char *rcpt)
{
	if (rcpt == NULL)
		rcpt = getenv("ORIGINAL_RECIPIENT");
	if (rcpt == NULL)
		rcpt = getenv("RECIPIENT");
	in->envelope.recipient = rcpt != NULL ? rcpt : "";
	in->envelope.sender = getenv("SENDER");
}

static bool prepare(struct intake *in, const char *path)
{
	struct buf errors;
	enum result res;

	buf_init(&errors, ERRORS_MAX);
	res = conf_load(path, &in->conf, &errors);
	if (res != RES_OK)
		log_message(LOG_LEVEL_ERROR, "intake", "%s: %s: %s", path,
			result_name(res), buf_text(&errors));
	buf_clear(&errors);
	if (res != RES_OK)
		return false;
	open_log(in->conf);
	secret_load(&in->secret, in->conf->milter.secret_file);
	/* With a key of our own every address would look forged. */
	return !in->secret.is_lonely;
}

static int run(const char *path, const char *rcpt)
{
	struct intake in = { .conf = NULL };
	int code = EX_TEMPFAIL;

	read_envelope(&in, rcpt);
	buf_init(&in.raw, MAILTEXT_MESSAGE_MAX);
	if (prepare(&in, path) && read_all(&in.raw))
		code = take(&in);
	redis_close(in.redis);
	savedmail_clear(&in.mail);
	buf_clear(&in.raw);
	conf_release(in.conf);
	return code;
}

/*
 * A mailer of Sendmail with its own user (flag S) sets the effective one only:
 * root is real and saved, and so are his groups. A reader of strangers' mail
 * must not be able to become him again. False: it could not be given up.
 */
static bool give_root_up(void)
{
	const uid_t user = geteuid();
	const gid_t group = getegid();
	uid_t real, effective, saved;

	if (getresuid(&real, &effective, &saved) != 0)
		return false;
	if (user == 0 || (real != 0 && saved != 0))
		return true; /* root by somebody's wish, or never root */
	return seteuid(0) == 0 && setgroups(0, NULL) == 0 &&
		setresgid(group, group, group) == 0 &&
		setresuid(user, user, user) == 0;
}

int main(int argc, char **argv)
{
	const char *path = SYSCONFDIR "/reprieve/reprieve.conf";
	const char *rcpt = NULL;
	int option;

	(void)signal(SIGPIPE, SIG_IGN);
	if (!give_root_up()) {
		perror("reprieve-intake: cannot give up root");
		return EX_TEMPFAIL;
	}
	while ((option = getopt(argc, argv, "c:r:")) != -1) {
		if (option == 'c') {
			path = optarg;
		} else if (option == 'r') {
			rcpt = optarg;
		} else {
			fputs("usage: reprieve-intake [-c FILE] "
			      "[-r RECIPIENT] < MAIL\n",
				stderr);
			return EX_USAGE;
		}
	}
	return run(path, rcpt);
}
