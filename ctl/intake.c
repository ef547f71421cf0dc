/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reprieve-intake - takes one mail from an alias: an answer to a ticket, a
 * letter that came back, an abuse report, a report about DMARC; see
 * reprieve-intake(8).
 */
#include "base/clock.h"
#include "conf/conf.h"
#include "ctl/intakereport.h"
#include "ctl/intaking.h"
#include "ctl/mailparts.h"
#include "ctl/mailtext.h"
#include "ctl/plaintext.h"
#include "store/delist.h"
#include "store/redis.h"
#include "store/ticket.h"

#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

enum { PIECE = 16384, ERRORS_MAX = 65536, MESSAGE_ID_MAX = 255 };

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

/* No more than a parser may have. */
static struct slice message_of(const struct intaking *in)
{
	const struct slice message = intaking_message(in);

	return slice_part(message, 0, plaintext_scan(message));
}

/* ---- a letter that came back ---- */

static bool has_failed(const struct intaking *in)
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

static int take_bounce(struct intaking *in)
{
	enum result res;

	if (!has_failed(in))
		return intaking_end(in, "no failure, dropped", EX_OK);
	res = intaking_redis(in);
	if (res == RES_OK)
		res = delist_bounced(in->redis, in->conf,
			slice_of(in->found.id), clock_wall_ms(clock_system()));
	if (res == RES_OK)
		return intaking_end(in, "bounced", EX_OK);
	if (res == RES_MISSING)
		return intaking_end(in, "no such request, dropped", EX_OK);
	return intaking_end(in, result_name(res), EX_TEMPFAIL);
}

/* ---- an answer to a ticket ---- */

static enum result read_text(const struct intaking *in, struct buf *out)
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
static enum result make_text(const struct intaking *in, struct buf *out)
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

static int ticket_added(const struct intaking *in, enum result res)
{
	if (res == RES_OK)
		return intaking_end(in, "added", EX_OK);
	if (res == RES_MISSING) {
		intaking_say(in, "There is no such ticket any more.");
		return intaking_end(in, "no such ticket", EX_NOUSER);
	}
	if (res == RES_DENIED) {
		intaking_say(in, "This ticket takes no more answers.");
		return intaking_end(in, "ticket is over", EX_UNAVAILABLE);
	}
	if (res == RES_FULL) {
		intaking_say(in, "This ticket has too many messages already.");
		return intaking_end(in, "ticket is full", EX_UNAVAILABLE);
	}
	return intaking_end(in, result_name(res), EX_TEMPFAIL);
}

static int take_answer(struct intaking *in)
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
		return intaking_end(in, robot, EX_OK);
	buf_init(&text, in->conf->support.text_max);
	res = make_text(in, &text);
	entry.text = buf_slice(&text);
	if (res == RES_OK)
		res = intaking_redis(in);
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

static int take_unknown(struct intaking *in)
{
	if (mailfind_robot(&in->envelope, buf_slice(&in->raw), &in->mail) !=
		NULL)
		return intaking_end(in, "dropped", EX_OK);
	intaking_say(in,
		"This address takes answers to letters about a ticket only.");
	return intaking_end(in, "not an address of ours", EX_NOUSER);
}

static int take(struct intaking *in)
{
	enum result res = savedmail_parse(&in->mail, buf_slice(&in->raw));

	if (res == RES_SYNTAX || res == RES_TOOBIG)
		return intaking_end(in, "no message", EX_DATAERR);
	if (res == RES_OK)
		res = mailfind_address(
			&in->secret, &in->envelope, &in->mail, &in->found);
	if (res != RES_OK)
		return intaking_end(in, result_name(res), EX_TEMPFAIL);
	switch (in->found.kind) {
	case MAILFIND_TICKET:
		return take_answer(in);
	case MAILFIND_BOUNCE:
		return take_bounce(in);
	case MAILFIND_FORGED:
		return intaking_end(in, "dropped", EX_OK);
	case MAILFIND_REPORT:
		return intakereport_take(in);
	case MAILFIND_DMARC:
		return intakereport_dmarc(in);
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

struct words {
	const char *conf;
	const char *rcpt; /* NULL: the environment says it */
	char form[CASE_REF_MAX]; /* ID of a form's report; "": it is a mail */
};

static void read_envelope(struct intaking *in, const struct words *w)
{
	const char *rcpt = w->rcpt;

	in->form_id = w->form[0] != '\0' ? w->form : NULL;
	if (rcpt == NULL) {
		rcpt = getenv("ORIGINAL_RECIPIENT");
		in->envelope.recipient_other = getenv("RECIPIENT");
	}
	if (rcpt == NULL)
		rcpt = in->envelope.recipient_other;
	in->envelope.recipient = rcpt != NULL ? rcpt : "";
	in->envelope.sender = in->form_id == NULL ? getenv("SENDER") : NULL;
}

static bool prepare(struct intaking *in, const char *path)
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

static int run(const struct words *w)
{
	struct intaking in = { .conf = NULL };
	int code = EX_TEMPFAIL;

	read_envelope(&in, w);
	buf_init(&in.raw, MAILPARTS_MESSAGE_MAX);
	if (prepare(&in, w->conf) && read_all(&in.raw))
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

static bool read_words(int argc, char **argv, struct words *out)
{
	int option;

	while ((option = getopt(argc, argv, "c:r:u:")) != -1) {
		if (option == 'c')
			out->conf = optarg;
		else if (option == 'r')
			out->rcpt = optarg;
		else if (option != 'u' ||
			case_ref_parse(slice_of(optarg), out->form) != RES_OK)
			return false;
	}
	return optind == argc && (out->form[0] == '\0' || out->rcpt != NULL);
}

int main(int argc, char **argv)
{
	struct words w = { .conf = SYSCONFDIR "/reprieve/reprieve.conf" };

	(void)signal(SIGPIPE, SIG_IGN);
	if (!give_root_up()) {
		perror("reprieve-intake: cannot give up root");
		return EX_TEMPFAIL;
	}
	if (!read_words(argc, argv, &w)) {
		fputs("usage: reprieve-intake [-c FILE] [-r RECIPIENT] "
		      "[-u ID] < MAIL\n",
			stderr);
		return EX_USAGE;
	}
	return run(&w);
}
