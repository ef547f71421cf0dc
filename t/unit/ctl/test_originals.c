/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/originals.h"

#include "base/arena.h"
#include "base/file.h"
#include "conf/conf.h"

#include "support/case.h"
#include "unit/ctl/tracerig.h"

#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 1024 * 1024, ARENA_MAX = 16 * 1024 * 1024 };

/*
 * In a mail "$I" is a trace of mail that came in, "$O" of one that went out,
 * "$C" one that covers CFBL-Address, "$X" an old key's, each bound to SPAM;
 * "$S" is SPAM itself.
 */
#define SPAM                                                \
	"From: \"=?utf-8?q?Caf=C3=A9?=\" <s@example.org>\n" \
	"Subject: buy\n\tnow\nMessage-ID: <1@example.org>\n"
#define CFBL "CFBL-Address: f@example.org\nCFBL-Feedback-ID: 7\n"
#define OTHER "From: o@example.com\nMessage-ID: <2@example.com>\n"
#define MIXED                                      \
	"From: r@example.net\nMIME-Version: 1.0\n" \
	"Content-Type: multipart/mixed; boundary=b\n\n"
#define RFC822 "--b\nContent-Type: message/rfc822\n\n"

struct row {
	const char *mail, *file; /* one of them */
	const char *found; /* "form kind word direction ip from subject id|" */
	const char *conf;
	enum report_kind kind;
	bool is_form, is_local;
};

static void add_trace(struct buf *out, char kind)
{
	struct tracekeys_ring ring = tracerig_ring();
	struct trace t = kind == 'O' ? tracerig_out() : tracerig_in();
	struct buf text;

	buf_init(&text, TEXT_MAX);
	if (kind == 'X')
		ring.now = (struct tracekeys_key){ .name = "older" };
	t.has_cfbl = kind == 'C';
	tracerig_add(&text, &ring, &t, kind == 'C' ? SPAM CFBL : SPAM);
	buf_add(out,
		slice_part(buf_slice(&text), 0,
			slice_find(buf_slice(&text), '\n')));
	buf_clear(&text);
}

/* A file of t/data/reports. */
static void read_file(const char *name, struct buf *out)
{
	const char *top = getenv("top_srcdir");
	struct buf path;

	buf_init(&path, 4096);
	buf_add_format(
		&path, "%s/t/data/reports/%s", top != NULL ? top : ".", name);
	assert_int_equal(file_read(buf_text(&path), out), RES_OK);
	buf_clear(&path);
}

static void fill(const char *mail, struct buf *out)
{
	for (; *mail != '\0'; mail++) {
		if (*mail != '$') {
			buf_add_char(out, *mail);
			continue;
		}
		mail++;
		if (*mail == 'S')
			buf_add_text(out, SPAM);
		else if (*mail == 'L')
			for (size_t i = 0; i < 8192; i++)
				buf_add_text(out, i % 64 == 63 ? "\n" : "x");
		else
			add_trace(out, *mail);
	}
	assert_int_equal(buf_result(out), RES_OK);
}

static void describe(const struct originals *got, struct buf *out)
{
	static const char *const ways[] = { "-", "in", "out" };

	for (size_t i = 0; i < got->count; i++) {
		const struct report_original *o = &got->at[i];
		char ip[IPADDR_TEXT_MAX] = "-";

		if (o->has_claimed_ip)
			ipaddr_format(&o->claimed_ip, ip);
		buf_add_format(out,
			"%s %s %s %s %s (%.*s) (%.*s) %.*s%s%.*s%.*s|",
			report_form_name(o->form), report_kind_name(o->kind),
			tracekeys_word_name(o->trace_word),
			ways[o->trace.direction], ip, SLICE_ARG(o->from),
			SLICE_ARG(o->subject), SLICE_ARG(o->message_id),
			o->lesson.len > 0 ? " lesson" : "",
			SLICE_ARG(o->cfbl_address), SLICE_ARG(o->cfbl_id));
	}
}

struct world {
	struct conf *conf;
	struct arena *arena;
	struct tracekeys_ring ring;
	struct buf mail;
	struct mailparts parts;
	struct originals_claims claims;
	struct originals got;
};

static void find(struct world *w, const struct row *row)
{
	struct originals_input in = {
		.ring = &w->ring,
		.host = slice_of(TRACERIG_HOST),
		.parts = &w->parts,
		.claims = &w->claims,
		.kind = row->kind,
		.is_form = row->is_form,
		.is_local = row->is_local,
	};
	const struct mailpart *text;

	w->conf = tracerig_conf(row->conf != NULL ? row->conf : "");
	w->arena = arena_new(ARENA_MAX);
	w->ring = tracerig_ring();
	buf_init(&w->mail, TEXT_MAX);
	if (row->file != NULL)
		read_file(row->file, &w->mail);
	else
		fill(row->mail, &w->mail);
	assert_int_equal(
		mailparts_read(buf_slice(&w->mail), &w->parts), RES_OK);
	assert_int_equal(
		originals_claims_read(&w->parts, w->arena, &w->claims), RES_OK);
	text = mailparts_find(&w->parts, MAILPARTS_TEXT);
	in.conf = w->conf;
	if (text != NULL)
		in.text = text->octets;
	assert_int_equal(originals_find(&in, w->arena, &w->got), RES_OK);
}

static void close_world(struct world *w)
{
	mailparts_clear(&w->parts);
	buf_clear(&w->mail);
	arena_free(w->arena);
	conf_release(w->conf);
	free(w);
}

static void finds(void **state)
{
	const struct row *row = *state;
	struct world *w = calloc(1, sizeof(*w));
	struct buf out;

	assert_non_null(w);
	buf_init(&out, TEXT_MAX);
	find(w, row);
	describe(&w->got, &out);
	assert_string_equal(buf_text(&out), row->found);
	assert_int_equal(
		w->got.valid, strstr(row->found, " valid ") != NULL ? 1 : 0);
	buf_clear(&out);
	close_world(w);
}

/* The front of a long message. */
static void keeps(void **state)
{
	static const struct row row = {
		.mail = MIXED RFC822 "$I\n$S\n$L--b--\n",
		.conf = "reports { original_max = 4096 }\n",
		.kind = REPORT_JUNK,
	};
	struct world *w = calloc(1, sizeof(*w));

	(void)state;
	assert_non_null(w);
	find(w, &row);
	assert_int_equal(w->got.count, 1);
	assert_int_equal(w->got.at[0].message.len, 4096);
	assert_true(slice_has_prefix(
		w->got.at[0].message, slice_of("X-Reprieve-Trace:")));
	assert_string_equal(w->got.at[0].trace.domain, "example.org");
	assert_int_equal(w->got.at[0].cfbl_address.len, 0);
	close_world(w);
}

#define FIND(text, ...) CASE(text, finds, (&(struct row){ __VA_ARGS__ }))
#define SEEN "(\"Caf\xc3\xa9\" <s@example.org>) (buy now) <1@example.org>"
#define ARF(more)                                                       \
	"From: r@example.net\nMIME-Version: 1.0\n"                      \
	"Content-Type: multipart/report; report-type=feedback-report; " \
	"boundary=b\n\n--b\n\nwords\n--b\n"                             \
	"Content-Type: message/feedback-report\n\n" more

int main(void)
{
	const struct CMUnitTest cases[] = {
		FIND("an attached message with a trace",
			.mail = MIXED RFC822 "$I\n$S\nhello\n--b--\n",
			.kind = REPORT_JUNK,
			.found = "attached junk valid in - " SEEN " lesson|"),
		FIND("nothing is learnt where the admin does not want it",
			.mail = MIXED RFC822 "$I\n$S\nhello\n--b--\n",
			.kind = REPORT_JUNK, .conf = "reports { learn = no }\n",
			.found = "attached junk valid in - " SEEN "|"),
		FIND("nothing is learnt of mail that went out",
			.mail = MIXED RFC822 "$O\n$S\nhello\n--b--\n",
			.kind = REPORT_PHISH,
			.found = "attached phish valid out - " SEEN "|"),
		FIND("a message without a trace",
			.mail = MIXED RFC822 "$S\nhello\n--b--\n",
			.kind = REPORT_ABUSE,
			.found = "attached abuse none - - " SEEN "|"),
		FIND("a trace of another message is told",
			.mail = MIXED RFC822 "$I\n" OTHER "\nx\n--b--\n",
			.found = "attached abuse altered in - "
				 "(o@example.com) () <2@example.com>|"),
		FIND("a trace of an old key is told",
			.mail = MIXED RFC822 "$X\n$S\nx\n--b--\n",
			.found = "attached abuse expired in - " SEEN "|"),
		FIND("a trace that is nonsense is told",
			.mail = MIXED RFC822
			"X-Reprieve-Trace: v=1; by=x\n$S\nx\n--b--\n",
			.found = "attached abuse forged - - " SEEN "|"),
		FIND("the first valid trace counts",
			.mail = MIXED RFC822 "X-Reprieve-Trace: v=2\n"
					     "$I\n$O\n$S\nx\n--b--\n",
			.found = "attached abuse valid in - " SEEN "|"),
		FIND("of too many traces the rest is not looked at",
			.mail = MIXED RFC822
			"X-Reprieve-Trace: 1\nX-Reprieve-Trace: 2\n"
			"X-Reprieve-Trace: 3\nX-Reprieve-Trace: 4\n"
			"X-Reprieve-Trace: 5\nX-Reprieve-Trace: 6\n"
			"X-Reprieve-Trace: 7\nX-Reprieve-Trace: 8\n"
			"X-Reprieve-Trace: 9\nX-Reprieve-Trace: 10\n"
			"X-Reprieve-Trace: 11\nX-Reprieve-Trace: 12\n"
			"X-Reprieve-Trace: 13\nX-Reprieve-Trace: 14\n"
			"X-Reprieve-Trace: 15\nX-Reprieve-Trace: 16\n"
			"$I\n$S\nx\n--b--\n",
			.found = "attached abuse forged - - " SEEN "|"),
		FIND("the header alone will do, and teaches nothing",
			.mail = MIXED "--b\nContent-Type: "
				      "text/rfc822-headers\n\n$I\n$S\n--b--\n",
			.kind = REPORT_JUNK,
			.found = "headers junk valid in - " SEEN "|"),
		FIND("several at once",
			.mail = MIXED RFC822 "$I\n$S\nx\n" RFC822 OTHER
					     "\ny\n--b--\n",
			.found = "attached abuse valid in - " SEEN
				 "|attached abuse none - - (o@example.com) () "
				 "<2@example.com>|"),
		FIND("and no more than there may be",
			.mail = MIXED RFC822 "$I\n$S\nx\n" RFC822 OTHER
					     "\ny\n--b--\n",
			.conf = "reports { originals_max = 1 }\n",
			.found = "attached abuse valid in - " SEEN "|"),
		FIND("forwarded twice: the inner one counts",
			.mail = MIXED RFC822
			"Content-Type: multipart/mixed; boundary=c\n\n"
			"--c\n\nsee\n--c\nContent-Type: message/rfc822\n\n"
			"$I\n$S\nx\n--c--\n--b--\n",
			.found = "attached abuse valid in - " SEEN "|"),
		FIND("one that came in with another in it is the one",
			.mail = MIXED RFC822
			"$I\n$S"
			"Content-Type: multipart/mixed; boundary=c\n\n"
			"--c\n\nsee\n--c\nContent-Type: message/rfc822\n\n"
			"$O\n$S\nx\n--c--\n--b--\n",
			.is_local = true,
			.found = "attached abuse valid in - " SEEN "|"),
		FIND("a user of ours forwards what another one forwarded",
			.mail = MIXED RFC822
			"$O\n$S"
			"Content-Type: multipart/mixed; boundary=c\n\n"
			"--c\n\nsee\n--c\nContent-Type: message/rfc822\n\n"
			"$I\n$S\nx\n--c--\n--b--\n",
			.is_local = true,
			.found = "attached abuse valid in - " SEEN "|"),
		FIND("a stranger reports the user of ours himself",
			.mail = MIXED RFC822
			"$O\n$S"
			"Content-Type: multipart/mixed; boundary=c\n\n"
			"--c\n\nsee\n--c\nContent-Type: message/rfc822\n\n"
			"$I\n$S\nx\n--c--\n--b--\n",
			.found = "attached abuse valid out - " SEEN "|"),
		FIND("a feedback report",
			.mail = ARF("Feedback-Type: abuse\nVersion: 1\n"
				    "User-Agent: x/1\nSource-IP: 198.51.100.1\n"
				    "\n" RFC822 "$O\n$S\nx\n--b--\n"),
			.found = "arf abuse valid out 198.51.100.1 " SEEN "|"),
		FIND("the short example of RFC 5965", .file = "arf-simple.eml",
			.found = "arf abuse none - - "
				 "(<somespammer@example.net>) (Earn money) "
				 "8787KJKJ3K4J3K4J3K4J3.mail@example.net|"),
		FIND("the full example of RFC 5965", .file = "arf-full.eml",
			.found = "arf abuse none - 192.0.2.1 "
				 "(<somespammer@example.net>) (Earn money) "
				 "8787KJKJ3K4J3K4J3K4J3.mail@example.net|"),
		FIND("the example of RFC 6591", .file = "arf-auth-failure.eml",
			.found =
				"arf auth-failure none - 192.0.2.1 "
				"(anexample@a.sender.example) (You have a new "
				"bill from your bank) "
				"<87913910.1318094604546@out.sender.example>|"),
		FIND("one as of RFC 6430", .file = "arf-not-spam.eml",
			.kind = REPORT_JUNK,
			.found = "arf notjunk none - - "
				 "(<someone@example.net>) (Made up) "
				 "<ns1@example.net>|"),
		FIND("one that is malformed and cut off",
			.file = "arf-malformed.eml",
			.found = "arf abuse none - - () (cut off in the "
				 "middle) <cut@example.net>|"),
		FIND("its kind goes before the address",
			.mail = ARF("Feedback-Type: fraud\nVersion: 1\n"
				    "User-Agent: x/1\n\n--b\nContent-Type: "
				    "text/rfc822-headers\n\n$O\n$S\n--b--\n"),
			.kind = REPORT_JUNK,
			.found = "arf phish valid out - " SEEN "|"),
		FIND("one of authentication counts for nothing",
			.mail = ARF("Feedback-Type: auth-failure\nVersion: 1\n"
				    "User-Agent: x/1\nAuth-Failure: spf\n\n"
				    "--b--\n"),
			.found = "arf auth-failure none - - () () |"),
		FIND("without a message the claims are all there is",
			.mail = ARF("Feedback-Type: abuse\nVersion: 1\n"
				    "User-Agent: x/1\nSource-IP: 2001:db8::1\n"
				    "Original-Mail-From: <s@example.org>\n"
				    "--b--\n"),
			.found = "arf abuse none - 2001:db8::1 "
				 "(<s@example.org>) () |"),
		FIND("XARF with the message in it",
			.mail = MIXED
			"--b\nContent-Type: application/json\n\n"
			"{\"xarf_version\":\"4\",\"category\":\"messaging\","
			"\"type\":\"spam\",\"source_identifier\":"
			"\"192.0.2.9\",\"evidence\":[{\"content_type\":"
			"\"message/rfc822\",\"payload\":\"RnJvbTogYQoKYgo=\""
			"}]}\n--b--\n",
			.found = "xarf junk none - 192.0.2.9 (a) () |"),
		FIND("XARF with the message beside it",
			.mail = MIXED "--b\nContent-Type: application/json\n\n"
				      "{\"xarf_version\":\"4\"}\n" RFC822
				      "$I\n$S\nx\n--b--\n",
			.found = "xarf abuse valid in - " SEEN "|"),
		FIND("XARF alone",
			.mail = MIXED
			"--b\nContent-Type: application/json\n\n"
			"{\"xarf_version\":\"4\",\"smtp_from\":\"s@x\","
			"\"category\":\"messaging\"}\n--b--\n",
			.found = "xarf junk none - - (s@x) () |"),
		FIND("JSON of another kind is nothing",
			.mail = MIXED "--b\nContent-Type: application/json\n\n"
				      "{}\n--b--\n",
			.found = ""),
		FIND("forwarded as text",
			.mail = "From: r@x\n\nlook\n\n"
				"-----Original Message-----\nFrom: S\n"
				"Subject: buy\n\nBuy.\n",
			.kind = REPORT_JUNK,
			.found = "inline junk none - - (S) (buy) |"),
		FIND("forwarded as text, with a trace that binds nothing",
			.mail = "From: r@x\n\nlook\n"
				"-----Original Message-----\n$I\n" OTHER
				"\nBuy.\n",
			.found = "inline abuse altered in - (o@example.com) () "
				 "<2@example.com>|"),
		FIND("only whom the trace names is asked for feedback",
			.mail = MIXED RFC822 "$I\n$S" CFBL "\nx\n--b--\n",
			.found = "attached abuse valid in - " SEEN "|"),
		FIND("and where the signature covers the address",
			.mail = MIXED RFC822 "$C\n$S" CFBL "\nx\n--b--\n",
			.found = "attached abuse valid in - " SEEN
				 "f@example.org7|"),
		FIND("a form of the portal",
			.mail = MIXED RFC822 "$I\n$S\nx\n--b--\n",
			.is_form = true,
			.found = "web abuse valid in - " SEEN "|"),
		FIND("a file .eml that is no message is nothing",
			.mail = MIXED "--b\nContent-Type: application/"
				      "octet-stream; name=a.eml\n\n"
				      "\1\2\3\n--b--\n",
			.found = ""),
		FIND("a mail about nothing", .mail = "From: r@x\n\nhello\n",
			.found = ""),
		CASE("what is kept of it", keeps, NULL),
	};

	return cmocka_run_group_tests_name("ctl/originals", cases, NULL, NULL);
}
