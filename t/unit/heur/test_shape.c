/* SPDX-License-Identifier: BSD-2-Clause */
#include "unit/heur/shaperig.h"

#include "base/buf.h"

#include "support/case.h"

enum { MESSAGE_MAX = 65536 };

/* What stands in place of the honest one; NULL: the honest one. */
struct row {
	const char *from;
	const char *to;
	const char *subject;
	const char *more; /* further fields, each with its CRLF */
	const char *body;
	const char *want;
};

#define FROM "From: Ann Example <ann@sender.example>\r\n"
#define TO "To: Bob <bob@example.net>\r\n"
#define SUBJECT "Subject: Minutes of Monday\r\n"
#define MIME "MIME-Version: 1.0\r\n"
#define HTML MIME "Content-Type: text/html; charset=utf-8\r\n"
#define PLAIN "Dear Bob,\r\n\r\nhere are the minutes.\r\n\r\nAnn\r\n"
#define WHOLE(text) \
	"<html><head><title>News</title></head><body>" text "</body></html>\r\n"
#define BOTH(text)                                          \
	"--b\r\nContent-Type: text/plain\r\n\r\nHello.\r\n" \
	"--b\r\nContent-Type: text/html\r\n\r\n" text "--b--\r\n"
#define ALTERNATIVE MIME "Content-Type: multipart/alternative; boundary=b\r\n"
#define DATE "Date: Fri, 15 Jan 2027 08:00:00 +0000\r\n"
#define RECEIVED(time)                                                      \
	"Received: from a.example by b.example;\r\n Fri, 15 Jan 2027 " time \
	"\r\n"

static const char *or_else(const char *text, const char *honest)
{
	return text == NULL ? honest : text;
}

static void sees(void **state)
{
	const struct row *row = *state;
	struct headerrig rig;
	struct buf message;

	buf_init(&message, MESSAGE_MAX);
	buf_add_text(&message, or_else(row->from, FROM));
	buf_add_text(&message, or_else(row->to, TO));
	buf_add_text(&message, or_else(row->subject, SUBJECT));
	buf_add_text(&message, or_else(row->more, ""));
	buf_add_text(&message, "\r\n");
	buf_add_text(&message, or_else(row->body, PLAIN));
	headerrig_init(&rig, "");
	shaperig_run(&rig, buf_slice(&message));
	assert_string_equal(rig.text, row->want);
	headerrig_clear(&rig);
	buf_clear(&message);
}

#define SEES(title, ...) CASE(title, sees, (&(const struct row){ __VA_ARGS__ }))

#define LONG                                                              \
	"one two three four five six seven eight nine ten one two three " \
	"four five six seven eight nine ten one two three four five six " \
	"seven eight nine ten one two three four five six seven eight "   \
	"nine ten one two three four five six seven eight nine ten.\r\n"
#define LOUD                                                              \
	"ONE TWO THREE FOUR FIVE SIX SEVEN EIGHT NINE TEN ONE TWO THREE " \
	"FOUR FIVE SIX SEVEN EIGHT NINE TEN\r\n"

static const struct CMUnitTest html_cases[] = {
	SEES("a plain message from one to another has no mark", .want = "miss"),
	SEES("HTML with a text part has none", .more = ALTERNATIVE,
		.body = BOTH("<p>Hello.</p>\r\n"), .want = "miss"),
	SEES("HTML alone, a whole document, has one", .more = HTML,
		.body = WHOLE("<p>Hello, this is the news.</p>"),
		.want = "html_only"),
	SEES("HTML alone without a title is no whole document", .more = HTML,
		.body = "<html><body><p>Hello.</p></body></html>\r\n",
		.want = "html_only broken_html"),
	SEES("a title that an editor made up is none", .more = HTML,
		.body = "<html><head><title>Untitled</title></head>"
			"<body>Hello.</body></html>\r\n",
		.want = "html_only broken_html"),
	SEES("text behind the end of the document is a mark",
		.more = ALTERNATIVE,
		.body = BOTH("<html><body>Hi</body></html>x7k2\r\n"),
		.want = "broken_html"),
	SEES("large letters alone count half", .more = ALTERNATIVE,
		.body = BOTH("<font size=\"+3\">Hello</font>\r\n"),
		.want = "loud_html*0.5"),
	SEES("large red letters count whole", .more = ALTERNATIVE,
		.body = BOTH("<font size=7 color=#FF0000>Hi</font>\r\n"),
		.want = "loud_html"),
	SEES("five colours are many", .more = ALTERNATIVE,
		.body = BOTH("<font color=blue>a</font><font color=green>b"
			     "</font><font color=#123456>c</font><font "
			     "color=#654321>d</font><font color=grey>e"
			     "</font>\r\n"),
		.want = "loud_html*0.5"),
	SEES("letters one step larger, in blue, are nothing",
		.more = ALTERNATIVE,
		.body = BOTH("<font size=4 color=blue>Hi</font>\r\n"),
		.want = "miss"),
	SEES("an image and no text", .more = HTML,
		.body = WHOLE("<img src=\"http://img.example/a.png\">"),
		.want = "html_only image_only"),
	SEES("an image that is in the message is a logo", .more = HTML,
		.body = WHOLE("<img src=\"cid:a@b\">Thank you."),
		.want = "html_only"),
	SEES("comments within words", .more = ALTERNATIVE,
		.body = BOTH("<p>He<!-- x -->llo wor<!-- y -->ld</p>\r\n"),
		.want = "split_words"),
	SEES("comments between words are of an editor", .more = ALTERNATIVE,
		.body = BOTH("<p>Hello <!-- x -->world <!-- y -->!</p>\r\n"),
		.want = "miss"),
	SEES("HTML that is called text",
		.body = "<html><body><p>Hello.</p></body></html>\r\n",
		.want = "markup_as_text"),
	SEES("HTML without its frame that is called text",
		.body = "<CENTER>Hello.</CENTER>\r\n",
		.want = "markup_as_text"),
	SEES("a text that quotes an address in brackets is text",
		.body = "<bob@example.net> wrote: hello.\r\n", .want = "miss"),
};

static const struct CMUnitTest text_cases[] = {
	SEES("much of the text in capitals", .body = LONG LOUD LOUD,
		.want = "capitals"),
	SEES("a heading in capitals is none", .body = "THE NEWS\r\n" LONG,
		.want = "miss"),
	SEES("many exclamation marks",
		.body = "Hello! Come! See it now! It is here.\r\n",
		.want = "exclamations"),
	SEES("a few in a row in a long text",
		.body = LONG LONG "Great!! See you.\r\n",
		.want = "exclamations*0.5"),
	SEES("one of them", .body = "Thank you!\r\n", .want = "miss"),
	SEES("blank lines that push something down",
		.body = "Hello.\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\nBye.\r\n",
		.want = "padding"),
	SEES("letters and digits at the end",
		.body = "Hello.\r\n\r\n4139vOLW7-758DoDY1425\r\n",
		.want = "padding"),
	SEES("an address of the web at the end",
		.body = "Hello.\r\nhttp://a.example/x7y8z9k1\r\n",
		.want = "miss"),
	SEES("plain text in base64",
		.more = MIME "Content-Type: text/plain\r\n"
			     "Content-Transfer-Encoding: base64\r\n",
		.body = "SGVsbG8gQm9iLCBoZXJlIGFyZSB0aGUgbWludXRlcyBvZiB0aGUg"
			"bWVldGluZyBvZg0K\r\n"
			"TW9uZGF5OyBwbGVhc2Ugc2VuZCBtZSB3aGF0IHlvdSB0aGluayBv"
			"ZiB0aGVtLg0KU2VlIHlvdSBuZXh0IHdlZWsuDQo=\r\n",
		.want = "needless_encoding"),
	SEES("text that needs quoted-printable",
		.more = MIME "Content-Type: text/plain; charset=utf-8\r\n"
			     "Content-Transfer-Encoding: quoted-printable\r\n",
		.body = "Gr=C3=BC=C3=9Fe von hier, und hier steht noch so viel"
			" Text, dass es\r\nfuer eine Zeile zu viel ist und fuer"
			" zwei gerade recht, oder drei.\r\n",
		.want = "miss"),
	SEES("a link to unsubscribe, for people only",
		.body = "Hello.\r\nhttp://a.example/unsubscribe?u=7\r\n",
		.want = "way_out"),
	SEES("an address to unsubscribe, for people only",
		.body = "Write to unsubscribe@a.example to leave.\r\n",
		.want = "way_out"),
	SEES("a link to unsubscribe, and the field for programs",
		.more = "List-Unsubscribe: <http://a.example/u>\r\n",
		.body = "Hello.\r\nhttp://a.example/unsubscribe?u=7\r\n",
		.want = "miss"),
	SEES("a link that names a port",
		.body = "See http://a.example:81/sale for more.\r\n",
		.want = "odd_link"),
	SEES("a link with letters behind percent signs",
		.body = "See http://a.example/%73%61le for more.\r\n",
		.want = "odd_link"),
	SEES("a link that needs its percent signs",
		.body = "See http://a.example:443/a%20b%C3%A9 here.\r\n",
		.want = "miss"),
};

static const struct CMUnitTest header_cases[] = {
	SEES("a subject in capitals", .subject = "Subject: HELP WANTED\r\n",
		.want = "subject_capitals"),
	SEES("a few words in capitals",
		.subject = "Subject: Get your FREE GIFT today\r\n",
		.want = "miss"),
	SEES("an abbreviation or two",
		.subject = "Subject: [FAQ] NATO and the EU\r\n",
		.want = "miss"),
	SEES("a subject with marks in a row",
		.subject = "Subject: Really?!\r\n", .want = "subject_marks"),
	SEES("a subject with one mark", .subject = "Subject: Hello!\r\n",
		.want = "subject_marks*0.3"),
	SEES("a subject that begins with a mark",
		.subject = "Subject: ** news\r\n", .want = "subject_marks*0.3"),
	SEES("a subject in another script",
		.subject = "Subject: =?utf-8?b?0J/RgNC40LLQtdGC?=\r\n",
		.want = "miss"),
	SEES("a mark behind the tag of a list",
		.subject = "Subject: Re: [list] Fwd: hello\r\n",
		.want = "miss"),
	SEES("something far behind the subject",
		.subject = "Subject: Hello                  18070\r\n",
		.want = "subject_tail"),
	SEES("a random word at the end",
		.subject = "Subject: Hello there x7k2p\r\n",
		.want = "subject_tail"),
	SEES("a model at the end",
		.subject = "Subject: Pictures of the T1000\r\n",
		.want = "miss"),
	SEES("From without a name", .from = "From: ann@sender.example\r\n",
		.want = "no_name"),
	SEES("From with a name in a comment",
		.from = "From: ann@sender.example (Ann)\r\n", .want = "miss"),
	SEES("From with a name in capitals",
		.from = "From: \"ANN EXAMPLE\" <ann@sender.example>\r\n",
		.want = "name_capitals"),
	SEES("From with an abbreviation",
		.from = "From: IBM <ann@sender.example>\r\n", .want = "miss"),
	SEES("a mailbox of a provider, sent from elsewhere",
		.from = "From: Ann <ann@gmail.com>\r\n", .want = "provider"),
	SEES("a mailbox of a provider, sent by it",
		.from = "From: Ann <ann@gmail.com>\r\n",
		.more = "Received: from mail-x1.google.com ([192.0.2.1])\r\n"
			" by list.example\r\n",
		.want = "miss"),
	SEES("the address of the recipient at that provider is no host of it",
		.from = "From: Ann <ann@gmail.com>\r\n",
		.more = "Received: from a.example by b.example\r\n"
			" for <bob@gmail.com>\r\n",
		.want = "provider"),
	SEES("To without an address", .to = "To: undisclosed-recipients:;\r\n",
		.want = "undisclosed"),
	SEES("an empty Cc", .more = "Cc: \r\n", .want = "undisclosed"),
	SEES("ten recipients",
		.to = "To: a@x.example, b@x.example, c@x.example,\r\n"
		      " d@x.example, e@x.example, f@x.example\r\n",
		.more = "Cc: g@x.example, h@x.example, i@x.example,\r\n"
			" j@x.example\r\n",
		.want = "many_recipients"),
	SEES("six recipients count half",
		.to = "To: a@x.example, b@x.example, c@x.example,\r\n"
		      " d@x.example, e@x.example, f@x.example\r\n",
		.want = "many_recipients*0.5"),
	SEES("neighbours in an alphabet",
		.to = "To: annab@x.example, annac@x.example,\r\n"
		      " annad@x.example, annae@x.example\r\n",
		.want = "many_recipients"),
	SEES("an answer has half of each mark",
		.subject = "Subject: Re: HELP WANTED\r\n",
		.more = "In-Reply-To: <1@a.example>\r\nCc:\r\n",
		.want = "subject_capitals*0.5 undisclosed*0.5"),
	SEES("an answer to nothing is none",
		.subject = "Subject: Re: HELP WANTED\r\n",
		.more = "References: \r\n", .want = "subject_capitals"),
	SEES("answers to a mailbox of a provider, From of elsewhere",
		.more = "Reply-To: <ann@gmail.com>\r\n",
		.want = "reply_elsewhere"),
	SEES("answers to another mailbox of the same provider",
		.from = "From: Ann <ann@gmail.com>\r\n",
		.more = "Reply-To: <ann2@gmail.com>\r\n"
			"Received: from x.google.com by b.example\r\n",
		.want = "miss"),
	SEES("answers to another domain of one's own",
		.more = "Reply-To: <ann@office.example>\r\n", .want = "miss"),
	SEES("four people",
		.to = "To: ann@x.example, bob@x.example, cy@x.example,\r\n"
		      " dan@x.example\r\n",
		.want = "miss"),
};

#define OLE_ID "Message-ID: <000701c2$1a2b3c4d$0100007f@sender>\r\n"
#define OE "X-Mailer: Microsoft Outlook Express 6.00.2600.0000\r\n"
#define OLE "X-MimeOLE: Produced By Microsoft MimeOLE V6.00.2600.0000\r\n"

static const struct CMUnitTest program_cases[] = {
	SEES("a name of a field that no program writes",
		.more = "MiME-Version: 1.0\r\nContent-Type: text/plain\r\n",
		.want = "mime_form"),
	SEES("MIME-Version alone", .more = MIME, .want = "mime_form"),
	SEES("a multipart of one text", .more = ALTERNATIVE,
		.body = "--b\r\nContent-Type: text/plain\r\n\r\nHello.\r\n"
			"--b--\r\n",
		.want = "mime_form"),
	SEES("a Message-ID of Outlook, and no Outlook", .more = OLE_ID,
		.want = "id_shape"),
	SEES("a Message-ID of Outlook, and Outlook", .more = OLE_ID OE OLE,
		.want = "miss"),
	SEES("a Message-ID of Outlook on a list, which drops fields",
		.more = OLE_ID "List-Id: <a.example>\r\n", .want = "miss"),
	SEES("Outlook Express that is none", .more = OE, .want = "mailer"),
	SEES("a boundary of Outlook, and no Outlook",
		.more = MIME "Content-Type: multipart/mixed;\r\n"
			     " boundary=\"----=_NextPart_b\"\r\n",
		.body = "------=_NextPart_b\r\n\r\nHello.\r\n"
			"------=_NextPart_b\r\n"
			"Content-Type: image/png\r\n\r\nx\r\n"
			"------=_NextPart_b--\r\n",
		.want = "mailer"),
	SEES("a priority of Outlook, and no Outlook",
		.more = "X-MSMail-Priority: Normal\r\n", .want = "priority"),
	SEES("a priority that its program accounts for",
		.more = "X-Priority: 3\r\nX-Mailer: The Bat! 1.5\r\n",
		.want = "miss"),
	SEES("urgent counts half",
		.more = "X-Priority: 1\r\nX-Mailer: The Bat! 1.5\r\n",
		.want = "priority*0.5"),
	SEES("a clock that is ahead", .more = RECEIVED("07:00:00 +0000") DATE,
		.want = "clock"),
	SEES("a clock that is behind", .more = RECEIVED("20:00:00 +0000") DATE,
		.want = "clock"),
	SEES("a message that waited an hour",
		.more = RECEIVED("09:00:00 +0000") DATE, .want = "miss"),
	SEES("the same time in another zone",
		.more = RECEIVED("10:00:00 +0200") DATE, .want = "miss"),
};

int main(void)
{
	struct CMUnitTest cases[128];
	size_t count = 0;
	static const struct {
		const struct CMUnitTest *list;
		size_t count;
	} groups[] = {
		{ html_cases, sizeof(html_cases) / sizeof(html_cases[0]) },
		{ text_cases, sizeof(text_cases) / sizeof(text_cases[0]) },
		{ header_cases,
			sizeof(header_cases) / sizeof(header_cases[0]) },
		{ program_cases,
			sizeof(program_cases) / sizeof(program_cases[0]) },
	};

	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		for (size_t k = 0; k < groups[i].count; k++)
			cases[count++] = groups[i].list[k];
	return _cmocka_run_group_tests("heur/shape", cases, count, NULL, NULL);
}
