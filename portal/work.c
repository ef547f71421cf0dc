/* SPDX-License-Identifier: BSD-2-Clause */
#include "portal/work.h"

#include "base/buf.h"
#include "base/hex.h"
#include "base/hmac.h"
#include "base/random.h"
#include "conf/conf.h"
#include "net/cidr.h"
#include "portal/guard.h"
#include "store/delist.h"
#include "store/secret.h"

#include <stdio.h>
#include <string.h>

enum {
	SALT_OCTETS = 16,
	SALT_LEN = 2 * SALT_OCTETS,
	MARK_OCTETS = 16,
	MARK_LEN = 2 * MARK_OCTETS,
	HEAD_MAX = 2 + 1 + 20 + 1 + SALT_LEN + 1,
	SIGNED_MAX = HEAD_MAX + CIDR_TEXT_MAX + 128,
	KEY_MAX = 640,
	MS = 1000
};

/* What a script counts exactly (ECMA-262: 2^53 - 1). */
static const uint64_t number_max = 9007199254740991;

static enum result make_mark(const struct visit *v, struct slice head,
	const char *action, char out[MARK_LEN + 1])
{
	char text[SIGNED_MAX];
	char net[CIDR_TEXT_MAX];
	uint8_t mark[SHA256_LEN];
	enum result res;
	int len;

	guard_network(v, net);
	len = snprintf(
		text, sizeof(text), "%.*s %s %s", SLICE_ARG(head), net, action);
	if (len < 0 || (size_t)len >= sizeof(text))
		return RES_TOOBIG;
	res = secret_sign(v->site.secret, "work", slice_of(text), mark);
	if (res == RES_OK)
		hex_format(mark, MARK_OCTETS, out);
	return res;
}

static void add_challenge(struct visit *v, const char *action)
{
	const struct conf *conf = v->site.conf;
	uint8_t octets[SALT_OCTETS];
	char salt[SALT_LEN + 1];
	char head[HEAD_MAX];
	char mark[MARK_LEN + 1];

	random_fill(octets, sizeof(octets));
	hex_format(octets, sizeof(octets), salt);
	snprintf(head, sizeof(head), "%u-%lld-%s", conf->delist.work_bits,
		(long long)(v->now_ms / MS + (int64_t)conf->portal.form_max_s),
		salt);
	if (make_mark(v, slice_of(head), action, mark) == RES_OK)
		view_format(v->view, "work_challenge", "%s-%s", head, mark);
}

/* Not visit_redis: the form is there without Redis, too. */
static struct redis *ask_redis(struct visit *v)
{
	if (v->loan == NULL &&
		context_take(v->site.context, &v->loan) != RES_OK)
		return NULL;
	return context_redis(v->loan);
}

void work_form(struct visit *v, const char *action)
{
	const struct conf_delist *d = &v->site.conf->delist;
	struct redis *r = ask_redis(v);
	unsigned count = 0;

	if (r == NULL ||
		delist_recent(r, v->site.conf, v->now_ms, &count) != RES_OK ||
		(count < d->busy_at && count < d->queue_at))
		return;
	view_flag(v->view, "is_busy", true);
	if (count < d->queue_at)
		add_challenge(v, action);
}

/* ---- what came back ---- */

static bool is_hex(struct slice s, size_t len)
{
	for (size_t i = 0; i < s.len; i++)
		if (!((s.at[i] >= '0' && s.at[i] <= '9') ||
			    (s.at[i] >= 'a' && s.at[i] <= 'f')))
			return false;
	return s.len == len;
}

bool work_parse(struct slice text, struct work_answer *out)
{
	struct work_answer a = { .bits = 0 };
	struct slice rest = text;
	struct slice bits;
	struct slice expires;
	uint64_t bit_count;
	uint64_t expires_s;
	uint64_t number;

	if (text.len > WORK_ANSWER_MAX || !slice_cut(&rest, '-', &bits) ||
		!slice_cut(&rest, '-', &expires) ||
		!slice_cut(&rest, '-', &a.salt) ||
		!slice_cut(&rest, ':', &a.mark))
		return false;
	a.number = rest;
	if (slice_parse_u64(bits, 1, WORK_BITS_MAX, &bit_count) != RES_OK ||
		slice_parse_u64(expires, 1, INT64_MAX / MS, &expires_s) !=
			RES_OK ||
		slice_parse_u64(a.number, 0, number_max, &number) != RES_OK ||
		!is_hex(a.salt, SALT_LEN) || !is_hex(a.mark, MARK_LEN))
		return false;
	a.head = slice_part(
		text, 0, bits.len + 1 + expires.len + 1 + a.salt.len);
	a.bits = (unsigned)bit_count;
	a.expires_s = (int64_t)expires_s;
	*out = a;
	return true;
}

bool work_is_solved(const struct work_answer *a)
{
	char text[WORK_ANSWER_MAX + 1];
	uint8_t sum[SHA256_LEN];
	uint32_t first = 0;

	snprintf(text, sizeof(text), "%.*s:%.*s", SLICE_ARG(a->salt),
		SLICE_ARG(a->number));
	if (sha256(slice_of(text), sum) != RES_OK)
		return false;
	for (size_t i = 0; i < sizeof(first); i++)
		first = first << 8 | sum[i];
	return first >> (32 - a->bits) == 0;
}

/* Did we make it, for this visitor and form, and not too long ago? */
static bool is_ours(
	const struct visit *v, const struct work_answer *a, const char *action)
{
	char want[MARK_LEN + 1];

	return make_mark(v, a->head, action, want) == RES_OK &&
		hmac_is_equal(want, a->mark.at, MARK_LEN) &&
		v->now_ms / MS <= a->expires_s;
}

/* True: by us, now. */
static bool use_up(
	struct visit *v, struct redis *r, const struct work_answer *a)
{
	struct redis_reply reply;
	struct buf key;
	char left[24];
	struct slice argv[] = { slice_of("SET"), { NULL, 0 }, slice_of("1"),
		slice_of("NX"), slice_of("EX"), { NULL, 0 } };
	bool is_first;

	buf_init(&key, KEY_MAX);
	buf_add_format(&key, "%srate:work:", v->site.conf->redis.prefix);
	buf_add(&key, a->salt);
	/* One more than it lives: at its last second it is good, too. */
	snprintf(left, sizeof(left), "%lld",
		(long long)(a->expires_s - v->now_ms / MS + 1));
	argv[1] = buf_slice(&key);
	argv[5] = slice_of(left);
	is_first = buf_result(&key) == RES_OK &&
		redis_command(r, argv, sizeof(argv) / sizeof(argv[0]),
			&reply) == RES_OK &&
		reply.type == REDIS_STRING;
	buf_clear(&key);
	return is_first;
}

bool work_is_done(struct visit *v, struct redis *r, const char *action)
{
	struct work_answer a;

	return work_parse(form_value(&v->form, "work"), &a) &&
		is_ours(v, &a, action) && work_is_solved(&a) &&
		use_up(v, r, &a);
}
