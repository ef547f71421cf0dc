/* SPDX-License-Identifier: BSD-2-Clause */
#include "portal/letter.h"

#include "conf/conf.h"
#include "portal/context.h"
#include "portal/mailtext.h"
#include "portal/texts.h"
#include "web/template.h"
#include "web/view.h"

#include <string.h>

enum { ID_MAX = 128 };

const char *letter_from(const struct conf *conf, struct buf *room)
{
	if (conf->portal.from[0] != '\0')
		return conf->portal.from;
	buf_add_format(room, "postmaster@%s", conf->host);
	return buf_text(room);
}

const char *letter_host(const struct conf *conf)
{
	return conf->portal.mail_host[0] != '\0' ? conf->portal.mail_host
						 : conf->host;
}

/* Letters, digits, "-" and ".": nothing that ends a Message-ID. */
static bool is_id(const char *id)
{
	const size_t len = strlen(id);

	return len > 0 && len <= ID_MAX &&
		strspn(id,
			"0123456789-.abcdefghijklmnopqrstuvwxyz"
			"ABCDEFGHIJKLMNOPQRSTUVWXYZ") == len;
}

static void add_header(struct buf *out, const struct conf *conf,
	const struct letter_parts *parts, struct slice subject)
{
	const char *name =
		conf->portal.name[0] != '\0' ? conf->portal.name : conf->host;
	char date[MAILTEXT_DATE_MAX];
	struct buf room;

	buf_init(&room, LETTER_FROM_MAX);
	mailtext_mailbox(out, "From", slice_of(name), letter_from(conf, &room));
	buf_clear(&room);
	mailtext_mailbox(out, "To", slice_of(""), parts->to);
	if (parts->reply_to[0] != '\0')
		mailtext_mailbox(
			out, "Reply-To", slice_of(""), parts->reply_to);
	mailtext_field(out, "Subject", subject);
	buf_add_format(out, "Date: %s\n", mailtext_date(parts->now_ms, date));
	buf_add_format(
		out, "Message-ID: <%s@%s>\n", parts->id, letter_host(conf));
	buf_add_format(out,
		"MIME-Version: 1.0\n"
		"Content-Type: text/plain; charset=utf-8\n"
		"Content-Transfer-Encoding: quoted-printable\n"
		"Content-Language: %s\n"
		/* RFC 3834 s3.1.7, and the same for those who know only
		 * that one: no answer by machines, please. */
		"Auto-Submitted: auto-replied\n"
		"X-Auto-Response-Suppress: All\n"
		"\n",
		language_tag(parts->language));
}

/* The subject is the first line; blank lines behind it are not the body's. */
static struct slice cut_subject(struct slice *text)
{
	struct slice subject = slice_of("");

	slice_cut(text, '\n', &subject);
	while (text->len > 0 && text->at[0] == '\n')
		*text = slice_part(*text, 1, text->len);
	return subject;
}

static bool addresses_fit(
	const struct conf *conf, const struct letter_parts *parts)
{
	struct buf room;
	bool fit;

	buf_init(&room, LETTER_FROM_MAX);
	fit = mailtext_is_fit(slice_of(letter_from(conf, &room))) &&
		mailtext_is_fit(slice_of(parts->to)) &&
		(parts->reply_to[0] == '\0' ||
			mailtext_is_fit(slice_of(parts->reply_to))) &&
		is_id(parts->id);
	buf_clear(&room);
	return fit;
}

enum result letter_write(const struct context_view *site,
	const struct letter_parts *parts, struct buf *out)
{
	struct slice text;
	struct slice subject;
	struct buf words;
	enum result res;

	if (!addresses_fit(site->conf, parts))
		return RES_SYNTAX;
	buf_init(&words, LETTER_TEXT_MAX);
	res = template_render(texts_templates(site->texts),
		slice_of(parts->template), parts->view,
		texts_catalog(site->texts, parts->language), &words);
	if (res == RES_OK)
		res = buf_result(&words);
	if (res == RES_OK) {
		text = buf_slice(&words);
		subject = cut_subject(&text);
		add_header(out, site->conf, parts, subject);
		mailtext_body(out, text);
		res = buf_result(out);
	}
	buf_clear(&words);
	return res;
}
