/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/reading.h"

#include "base/digest.h"
#include "base/hex.h"
#include "base/hmac.h"
#include "conf/conf.h"
#include "heur/body.h"

#include <stdlib.h>
#include <string.h>

enum { ID_OCTETS = (LESSON_ID_MAX - 1) / 2, DENSE_MAX = 4096 };

struct hand {
	struct check_input in;
};

static bool take(void *ctx, struct slice piece)
{
	const struct hand *h = ctx;

	return body_take(&h->in, piece);
}

static enum result read_body(struct reading *r, const struct conf *conf)
{
	struct hand h = { .in = { .conf = conf,
				  .message = &r->message,
				  .body = &r->body,
				  .state = &r->state,
				  .body_ended = true } };
	struct findings *found;
	enum result res = savedmail_body(&r->mail, take, &h);

	if (res != RES_OK)
		return res;
	found = calloc(1, sizeof(*found));
	if (found == NULL)
		return RES_NOMEM;
	/* It waits for nothing. */
	(void)body_step(&h.in, found);
	free(found);
	return RES_OK;
}

enum result reading_open(
	struct reading *out, const struct conf *conf, struct slice text)
{
	enum result res;

	*out = (struct reading){ .state = NULL };
	res = savedmail_parse(&out->mail, text);
	if (res != RES_OK)
		return res;
	out->fields = calloc(out->mail.count, sizeof(*out->fields));
	if (out->fields == NULL) {
		reading_close(out);
		return RES_NOMEM;
	}
	for (size_t i = 0; i < out->mail.count; i++) {
		out->fields[i].name = out->mail.field[i].name;
		out->fields[i].value = out->mail.field[i].value;
	}
	out->message.fields = out->fields;
	out->message.field_count = out->mail.count;
	out->message.header_count = (unsigned)out->mail.count;
	res = read_body(out, conf);
	if (res != RES_OK)
		reading_close(out);
	return res;
}

void reading_close(struct reading *r)
{
	if (r->state != NULL)
		body_clear(r->state);
	free(r->fields);
	savedmail_clear(&r->mail);
	*r = (struct reading){ .state = NULL };
}

struct tokens_source reading_source(
	const struct reading *r, const struct conf *conf)
{
	return (struct tokens_source){
		.message = &r->message,
		.body = &r->body,
		.octets_max = conf->content.octets_max,
	};
}

/* Folds, line ends and blanks change on the way, so they are left out. */
static void add_dense(struct digest *d, struct slice text)
{
	char dense[DENSE_MAX];
	size_t len = 0;

	for (size_t i = 0; i < text.len; i++) {
		char c = text.at[i];

		if (c == ' ' || (c >= '\t' && c <= '\r'))
			continue;
		dense[len++] = c;
		if (len < sizeof(dense))
			continue;
		digest_add(d, slice_make(dense, len));
		len = 0;
	}
	digest_add(d, slice_make(dense, len));
	digest_add(d, slice_make("", 1));
}

enum result reading_id(const struct reading *r, char out[LESSON_ID_MAX])
{
	static const char *const names[] = { "from", "date", "subject",
		"message-id" };
	uint8_t sum[SHA256_LEN];
	struct digest *d = digest_new();
	enum result res;

	if (d == NULL)
		return RES_NOMEM;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		size_t at = message_find(&r->message, slice_of(names[i]), 0);

		add_dense(d,
			at < r->message.field_count
				? r->message.fields[at].value
				: slice_of(""));
	}
	add_dense(d, r->mail.body);
	res = digest_end(d, sum);
	digest_free(d);
	if (res == RES_OK)
		hex_format(sum, ID_OCTETS, out);
	return res;
}
