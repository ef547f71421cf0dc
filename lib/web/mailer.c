/* SPDX-License-Identifier: BSD-2-Clause */
#include "web/mailer.h"

#include "conf/conf.h"

#include <curl/curl.h>
#include <string.h>

enum {
	ADDRESS_MAX = 320,
	GREETED = 2 /* good replies before the letter: greeting and hello */
};

enum result mailer_open(void)
{
	/* Nothing of TLS: the MTA is beside us. */
	return curl_global_init(CURL_GLOBAL_NOTHING) == CURLE_OK ? RES_OK
								 : RES_NOMEM;
}

void mailer_close(void)
{
	curl_global_cleanup();
}

/* One letter on its way. */
struct sending {
	struct slice text; /* that is left, lines end in CRLF */
	struct buf reply; /* the last line that the MTA said */
	unsigned good; /* replies 2xx so far */
	bool is_denied;
};

static size_t give(char *to, size_t size, size_t count, void *ctx)
{
	struct sending *s = ctx;
	const struct slice part = slice_part(s->text, 0, size * count);

	if (part.len > 0)
		memcpy(to, part.at, part.len);
	s->text = slice_part(s->text, part.len, s->text.len);
	return part.len;
}

/* Each line that the MTA says. What comes after a refusal (the answer to
 * QUIT) is not the answer. */
static size_t hear(char *at, size_t size, size_t count, void *ctx)
{
	struct sending *s = ctx;
	const struct slice line = slice_trim(slice_make(at, size * count));

	if (s->is_denied || line.len < 4 || line.at[3] == '-')
		return size * count;
	if (line.at[0] == '2' && s->reply.len > 0 && s->reply.at[0] == '4')
		return size * count;
	buf_reset(&s->reply);
	buf_add(&s->reply, slice_part(line, 0, MAILER_WHY_MAX));
	if (line.at[0] == '2')
		s->good++;
	/* RFC 5321 s3.1: 554 as greeting means "no service here", which says
	 * nothing about the letter. */
	if (line.at[0] == '5' && s->good >= GREETED)
		s->is_denied = true;
	return size * count;
}

/* RFC 5321 s2.3.8: lines end in CRLF and in nothing else. The dots are
 * libcurl's work. */
static void add_lines(struct buf *out, struct slice text)
{
	struct slice line;

	while (slice_cut(&text, '\n', &line)) {
		if (line.len > 0 && line.at[line.len - 1] == '\r')
			line.len--;
		buf_add(out, line);
		buf_add_text(out, "\r\n");
	}
}

/* Nothing that ends the path or the command. */
static bool is_plain(const char *address)
{
	const size_t len = strlen(address);

	if (len > ADDRESS_MAX)
		return false;
	for (size_t i = 0; i < len; i++)
		if (address[i] <= ' ' || address[i] > '~' ||
			address[i] == '<' || address[i] == '>')
			return false;
	return true;
}

static void set_up(
	CURL *curl, struct sending *s, const struct mailer_letter *letter)
{
	const long timeout_ms = letter->timeout_ms != 0
		? (long)letter->timeout_ms
		: (long)MAILER_TIMEOUT_MS;

	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp");
	/* The environment may name one for other programs. */
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_MAIL_FROM, letter->sender);
	curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(curl, CURLOPT_READFUNCTION, give);
	curl_easy_setopt(curl, CURLOPT_READDATA, s);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, hear);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, s);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, timeout_ms);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS,
		timeout_ms < MAILER_CONNECT_MS ? timeout_ms
					       : (long)MAILER_CONNECT_MS);
	curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT, 1L);
	curl_easy_setopt(curl, CURLOPT_FORBID_REUSE, 1L);
}

static enum result result_of(CURLcode code, const struct sending *s)
{
	if (code == CURLE_OK)
		return RES_OK;
	if (s->is_denied)
		return RES_DENIED;
	if (code == CURLE_OUT_OF_MEMORY)
		return RES_NOMEM;
	return code == CURLE_OPERATION_TIMEDOUT ? RES_TIMEOUT : RES_DOWN;
}

/* Its own words, or, when it said nothing bad, those of the library. */
static void add_why(struct buf *why, const struct sending *s, CURLcode code)
{
	if (s->reply.len > 0 &&
		(s->reply.at[0] == '4' || s->reply.at[0] == '5'))
		buf_add(why, buf_slice(&s->reply));
	else
		buf_add_text(why, curl_easy_strerror(code));
}

/* What stands behind the slash is the name for EHLO. RES_SYNTAX: not a place
 * that conf would have let pass. */
static enum result add_url(struct buf *out, const struct conf *conf)
{
	struct endpoint mta;

	if (endpoint_parse(&mta, slice_of(conf->portal.smtp), true) != RES_OK)
		return RES_SYNTAX;
	buf_add_format(out,
		strchr(mta.host, ':') != NULL ? "smtp://[%s]:%u/%s"
					      : "smtp://%s:%u/%s",
		mta.host[0] != '\0' ? mta.host : "127.0.0.1", mta.port,
		conf->host);
	return buf_result(out);
}

static enum result send_now(struct sending *s, const struct conf *conf,
	const struct mailer_letter *letter, struct buf *why)
{
	struct curl_slist *to = curl_slist_append(NULL, letter->rcpt);
	CURL *curl = curl_easy_init();
	struct buf url;
	CURLcode code;
	enum result res = RES_NOMEM;

	buf_init(&url, 1024);
	if (curl == NULL || to == NULL)
		goto done;
	res = add_url(&url, conf);
	if (res != RES_OK)
		goto done;
	set_up(curl, s, letter);
	curl_easy_setopt(curl, CURLOPT_URL, buf_text(&url));
	curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, to);
	code = curl_easy_perform(curl);
	res = result_of(code, s);
	if (res != RES_OK)
		add_why(why, s, code);
done:
	buf_clear(&url);
	curl_easy_cleanup(curl);
	curl_slist_free_all(to);
	return res;
}

enum result mailer_send(const struct conf *conf,
	const struct mailer_letter *letter, struct buf *why)
{
	struct sending s = { .good = 0 };
	struct buf lines;
	enum result res;

	if (!is_plain(letter->sender) || !is_plain(letter->rcpt) ||
		letter->rcpt[0] == '\0') {
		buf_add_text(why, "not an address for an envelope");
		return RES_SYNTAX;
	}
	buf_init(&lines,
		letter->text_max != 0 ? letter->text_max
				      : (size_t)MAILER_TEXT_MAX);
	buf_init(&s.reply, MAILER_WHY_MAX + 1);
	add_lines(&lines, letter->text);
	res = buf_result(&lines);
	if (res == RES_OK) {
		s.text = buf_slice(&lines);
		res = send_now(&s, conf, letter, why);
	}
	buf_clear(&s.reply);
	buf_clear(&lines);
	return res;
}
