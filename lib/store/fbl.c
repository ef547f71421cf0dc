/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/fbl.h"

#include "base/arena.h"
#include "base/buf.h"
#include "conf/conf.h"
#include "store/edit.h"
#include "store/filing.h"
#include "store/keys.h"

#include <stdio.h>
#include <string.h>

enum {
	CANDIDATES_MAX = 12, /* subjects of one message */
	LIST_MEMORY_MAX = 65536,
	LIST_MOST = 20000
};

/* ---- one registration ---- */

struct reader {
	struct arena *arena;
	struct fbl *fbl;
	bool has_subject;
	bool is_lost;
};

static int64_t time_of(struct slice text)
{
	uint64_t value = 0;

	return slice_parse_u64(text, 0, INT64_MAX, &value) == RES_OK
		? (int64_t)value
		: 0;
}

static void read_time(struct fbl *f, struct slice name, struct slice value)
{
	const struct {
		const char *name;
		int64_t *at;
	} times[] = {
		{ "created", &f->created_ms },
		{ "proved", &f->proved_ms },
		{ "looked", &f->looked_ms },
		{ "gone", &f->gone_ms },
		{ "wanted", &f->wanted_ms },
		{ "failed", &f->failed_ms },
	};

	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
		if (slice_is_equal(name, slice_of(times[i].name)))
			*times[i].at = time_of(value);
}

static void read_field(struct reader *to, struct slice name, struct slice value)
{
	struct fbl *f = to->fbl;

	if (slice_is_equal(name, slice_of("state"))) {
		for (enum fbl_state s = FBL_NEW; s <= FBL_ENDED; s++)
			if (slice_is_equal(value, slice_of(fbl_state_name(s))))
				f->state = s;
	} else if (slice_is_equal(name, slice_of("subject"))) {
		to->has_subject =
			fbl_subject_parse(value, &f->subject) == RES_OK;
	} else if (slice_is_equal(name, slice_of("cfbl"))) {
		f->is_cfbl = true;
	} else if (slice_is_equal(name, slice_of("mail"))) {
		to->is_lost |= arena_copy(to->arena, value, &f->mail) != RES_OK;
	} else if (slice_is_equal(name, slice_of("language"))) {
		to->is_lost |=
			arena_copy(to->arena, value, &f->language) != RES_OK;
	} else {
		read_time(f, name, value);
	}
}

static enum result read_reply(struct arena *a, const struct redis_reply *reply,
	const char *id, struct fbl *out)
{
	struct fbl f = { .state = FBL_UNKNOWN };
	struct reader to = { .arena = a, .fbl = &f };

	if (reply->type == REDIS_ERROR)
		return redis_error_kind(reply->text);
	snprintf(f.id, sizeof(f.id), "%s", id);
	for (size_t i = 0; i + 1 < reply->count; i += 2)
		read_field(&to, redis_element(reply, i).text,
			redis_element(reply, i + 1).text);
	if (to.is_lost)
		return RES_NOMEM;
	if (f.state == FBL_UNKNOWN || !to.has_subject)
		return RES_MISSING;
	*out = f;
	return RES_OK;
}

enum result fbl_read(struct redis *r, const struct conf *conf, struct slice id,
	struct arena *a, struct fbl *out)
{
	struct redis_reply reply;
	char ref[CASE_REF_MAX];
	struct buf key;
	enum result res = case_ref_parse(id, ref);

	if (res != RES_OK)
		return res;
	buf_init(&key, LIST_NAME_MAX);
	keys_format(&key, slice_of(conf->redis.prefix), "fbl:", slice_of(ref));
	const struct slice argv[] = { slice_of("HGETALL"), buf_slice(&key) };

	res = buf_result(&key);
	if (res == RES_OK)
		res = redis_command(r, argv, 2, &reply);
	if (res == RES_OK)
		res = read_reply(a, &reply, ref, out);
	buf_clear(&key);
	return res;
}

/* ---- all of them ---- */

/* Copies the IDs: the reply does not live on. */
static enum result list_ids(struct redis *r, const struct conf *conf,
	size_t most, struct arena *a, struct slice *ids)
{
	struct redis_reply reply;
	struct buf key, last;
	enum result res;

	buf_init(&key, LIST_NAME_MAX);
	buf_init(&last, 32);
	keys_format(
		&key, slice_of(conf->redis.prefix), "fbl:all", slice_of(""));
	buf_add_format(&last, "%zu", most - 1);
	const struct slice argv[] = { slice_of("ZREVRANGE"), buf_slice(&key),
		slice_of("0"), buf_slice(&last) };
	struct buf text;

	buf_init(&text, most * CASE_REF_MAX);
	res = redis_command(r, argv, 4, &reply);
	if (res == RES_OK && reply.type == REDIS_ERROR)
		res = redis_error_kind(reply.text);
	for (size_t i = 0; res == RES_OK && i < reply.count; i++) {
		buf_add(&text, redis_element(&reply, i).text);
		buf_add_char(&text, ' ');
	}
	if (res == RES_OK)
		res = arena_copy(a, buf_slice(&text), ids);
	buf_clear(&text);
	buf_clear(&last);
	buf_clear(&key);
	return res;
}

static enum result show_one(struct redis *r, const struct conf *conf,
	struct slice id, const struct fbl_listing *how)
{
	struct arena *a = arena_new(LIST_MEMORY_MAX);
	enum result res = RES_NOMEM;
	struct fbl f;

	if (a != NULL)
		res = fbl_read(r, conf, id, a, &f);
	if (res == RES_OK)
		how->each(how->ctx, &f);
	arena_free(a);
	return res == RES_MISSING || res == RES_SYNTAX ? RES_OK : res;
}

enum result fbl_list(
	struct redis *r, const struct conf *conf, const struct fbl_listing *how)
{
	const size_t most = how->most < LIST_MOST ? how->most : LIST_MOST;
	struct arena *a = arena_new(LIST_MOST * CASE_REF_MAX + LIST_MEMORY_MAX);
	struct slice ids = { 0 }, id;
	enum result res = a == NULL ? RES_NOMEM : RES_OK;

	if (res == RES_OK && most > 0)
		res = list_ids(r, conf, most, a, &ids);
	while (res == RES_OK && slice_cut(&ids, ' ', &id))
		if (id.len > 0)
			res = show_one(r, conf, id, how);
	arena_free(a);
	return res;
}

/* ---- who is to hear of a message ---- */

struct candidates {
	struct fbl_subject subject[CANDIDATES_MAX];
	size_t count;
};

static void add_net(struct candidates *c, const struct ipaddr *ip, uint8_t bits)
{
	c->subject[c->count++] = (struct fbl_subject){
		.is_net = true,
		.net = cidr_around(ip, bits),
	};
}

/* The name, then those above it; the longest first, a top level never. */
static void add_names(struct candidates *c, const char *domain)
{
	const char *at = domain;

	while (c->count < CANDIDATES_MAX && strchr(at, '.') != NULL) {
		struct fbl_subject *s = &c->subject[c->count];

		*s = (struct fbl_subject){ .is_net = false };
		if (strlen(at) >= sizeof(s->domain))
			return;
		snprintf(s->domain, sizeof(s->domain), "%s", at);
		c->count++;
		at = strchr(at, '.') + 1;
	}
}

static void collect(
	struct candidates *c, const struct ipaddr *ip, const char *domain)
{
	struct cidr client;

	c->count = 0;
	if (ip != NULL) {
		client = cidr_of_client(ip);
		add_net(c, ip, client.bits);
		add_net(c, ip, cidr_is_v4(&client) ? 120 : 48);
	}
	if (domain != NULL)
		add_names(c, domain);
}

static bool is_known(
	char id[FBL_FOUND_MAX][CASE_REF_MAX], size_t count, const char *ref)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(id[i], ref) == 0)
			return true;
	return false;
}

static const char find_script[] =
	"local out = {}\n"
	"for i = 1, #KEYS do\n"
	"  out[i] = redis.call('GET', KEYS[i]) or ''\n"
	"end\n"
	"return out\n";

enum result fbl_find(struct redis *r, const struct conf *conf,
	const struct ipaddr *ip, const char *domain,
	char id[FBL_FOUND_MAX][CASE_REF_MAX], size_t *count)
{
	struct candidates c;
	char name[FBL_SUBJECT_MAX], ref[CASE_REF_MAX];
	struct edit e;
	enum result res;

	*count = 0;
	collect(&c, ip, domain);
	if (c.count == 0)
		return RES_OK;
	edit_begin(&e, r, conf);
	for (size_t i = 0; i < c.count; i++)
		edit_key(&e, "fbl:of:",
			slice_of(fbl_subject_format(&c.subject[i], name)), "");
	res = edit_read(&e, find_script);
	for (size_t i = 0;
		res == RES_OK && *count < FBL_FOUND_MAX && i < e.reply.count;
		i++)
		if (case_ref_parse(redis_element(&e.reply, i).text, ref) ==
				RES_OK &&
			!is_known(id, *count, ref))
			memcpy(id[(*count)++], ref, CASE_REF_MAX);
	edit_end(&e);
	return res;
}

enum result fbl_of_token(struct redis *r, const struct conf *conf,
	enum token_purpose purpose, struct slice token, char id[CASE_REF_MAX])
{
	char folded[TOKEN_TEXT_MAX];

	if (token_parse(token, folded) != RES_OK)
		return RES_MISSING;
	return filing_find(r, conf, folded, token_purpose_name(purpose), id);
}
