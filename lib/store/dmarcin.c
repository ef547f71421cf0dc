/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/dmarcin.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/hex.h"
#include "base/hmac.h"
#include "conf/conf.h"
#include "store/edit.h"
#include "store/keys.h"
#include "store/sums.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	DAY_S = 86400,
	MS_PER_S = 1000,
	AHEAD_S = 2 * DAY_S, /* clocks, and time zones */
	ID_OCTETS = 16,
	ID_MAX = 2 * ID_OCTETS + 1,
	BATCH = 64, /* rows in one command */
	ROW_OCTETS = 96, /* of a row, but for the author's domain */
	FIELD_MAX = IPADDR_TEXT_MAX + DMARCIN_WORD_MAX + 32,
	NUMBER_MAX = 24,
	INDEX_MAX = 4 << 20, /* of names, as text */
	READ_ARENA = 64 << 20
};

/* ---- words ---- */

static const char *const dispositions[] = { [DMARCIN_UNKNOWN] = "unknown",
	[DMARCIN_NONE] = "none",
	[DMARCIN_QUARANTINE] = "quarantine",
	[DMARCIN_REJECT] = "reject" };

const char *dmarcin_disposition_name(enum dmarcin_disposition d)
{
	return dispositions[d];
}

enum dmarcin_disposition dmarcin_disposition_parse(struct slice word)
{
	for (int d = DMARCIN_NONE; d <= DMARCIN_REJECT; d++)
		if (slice_is_equal_nocase(word, slice_of(dispositions[d])))
			return (enum dmarcin_disposition)d;
	return slice_is_equal_nocase(word, slice_of("pass")) ? DMARCIN_NONE
							     : DMARCIN_UNKNOWN;
}

/* ---- rows ---- */

static int compare_text(struct slice a, struct slice b)
{
	size_t len = a.len < b.len ? a.len : b.len;
	int by = len == 0 ? 0 : memcmp(a.at, b.at, len);

	return by != 0 ? by : (a.len > b.len) - (a.len < b.len);
}

static int compare(const void *left, const void *right)
{
	const struct dmarcin_row *a = left, *b = right;
	int by = memcmp(a->ip.octet, b->ip.octet, sizeof(a->ip.octet));

	if (by == 0)
		by = (int)a->disposition - (int)b->disposition;
	if (by == 0)
		by = a->dkim - b->dkim;
	if (by == 0)
		by = a->spf - b->spf;
	return by != 0 ? by : compare_text(a->from, b->from);
}

void dmarcin_merge(struct dmarcin_report *r)
{
	size_t kept = 0;

	if (r->row_count == 0)
		return;
	qsort(r->row, r->row_count, sizeof(*r->row), compare);
	for (size_t i = 1; i < r->row_count; i++) {
		struct dmarcin_row *last = &r->row[kept];

		if (compare(last, &r->row[i]) != 0) {
			r->row[++kept] = r->row[i];
			continue;
		}
		last->count += r->row[i].count;
		if (last->count > DMARCIN_COUNT_MAX)
			last->count = DMARCIN_COUNT_MAX;
	}
	r->row_count = kept + 1;
}

uint64_t dmarcin_messages(const struct dmarcin_report *r)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < r->row_count; i++)
		sum += r->row[i].count;
	return sum;
}

/* The domain of the author comes last: it may hold anything. */
static void format_field(const struct dmarcin_row *row, struct buf *out)
{
	char ip[IPADDR_TEXT_MAX];

	buf_add_format(out, "=%s %s %s %s %.*s", ipaddr_format(&row->ip, ip),
		dispositions[row->disposition], row->dkim ? "pass" : "fail",
		row->spf ? "pass" : "fail", SLICE_ARG(row->from));
}

static bool parse_field(
	struct slice field, struct slice value, struct dmarcin_row *out)
{
	struct slice rest = slice_part(field, 1, field.len);
	struct slice word[4] = { { NULL, 0 } };

	for (size_t i = 0; i < 4; i++)
		if (!slice_cut(&rest, ' ', &word[i]))
			return false;
	*out = (struct dmarcin_row){
		.disposition = dmarcin_disposition_parse(word[1]),
		.dkim = slice_is_equal(word[2], slice_of("pass")),
		.spf = slice_is_equal(word[3], slice_of("pass")),
		.from = rest,
	};
	return slice_has_prefix(field, slice_of("=")) &&
		ipaddr_parse(&out->ip, word[0]) == RES_OK &&
		slice_parse_u64(value, 1, DMARCIN_COUNT_MAX, &out->count) ==
		RES_OK;
}

/* ---- writing ---- */

/*
 * KEYS: report, of its domain, domains, octets of the day. ARGV: domain, most
 * domains, most reports, life, its octets, most octets, then fields and values.
 * What a try that broke off has left is not part of the next one.
 */
static const char begin_script[] =
	"if redis.call('HGET', KEYS[1], 'done') then return 'exists' end\n"
	"if not redis.call('ZSCORE', KEYS[3], ARGV[1]) and\n"
	"  redis.call('ZCARD', KEYS[3]) >= tonumber(ARGV[2]) then\n"
	"  return 'full'\n"
	"end\n"
	"if redis.call('ZCARD', KEYS[2]) >= tonumber(ARGV[3]) then\n"
	"  return 'full'\n"
	"end\n"
	"local octets = (tonumber(redis.call('GET', KEYS[4]) or '0') or 0) +\n"
	"  tonumber(ARGV[5])\n"
	"if octets > tonumber(ARGV[6]) then return 'full' end\n"
	"redis.call('SET', KEYS[4], string.format('%.0f', octets), 'EX',\n"
	"  172800)\n"
	"redis.call('DEL', KEYS[1])\n"
	"redis.call('HSET', KEYS[1], unpack(ARGV, 7))\n"
	"redis.call('EXPIRE', KEYS[1], ARGV[4])\n"
	"return 'ok'\n";

/* The same KEYS. ARGV: ID, begin, domain, life, begin of the oldest. */
static const char end_script[] =
	"if redis.call('EXISTS', KEYS[1]) == 0 then return 'missing' end\n"
	"redis.call('HSET', KEYS[1], 'done', 'yes')\n"
	"redis.call('EXPIRE', KEYS[1], ARGV[4])\n"
	"redis.call('ZADD', KEYS[2], ARGV[2], ARGV[1])\n"
	"redis.call('ZADD', KEYS[3], 'GT', ARGV[2], ARGV[3])\n"
	"for i = 2, 3 do\n"
	"  redis.call('ZREMRANGEBYSCORE', KEYS[i], '-inf', '(' .. ARGV[5])\n"
	"  redis.call('EXPIRE', KEYS[i], ARGV[4])\n"
	"end\n"
	"return 'ok'\n";

struct writing {
	struct redis *redis;
	const struct conf *conf;
	const struct dmarcin_report *report;
	char id[ID_MAX];
	int64_t now_s;
};

static int64_t life_s(const struct conf *conf)
{
	return (int64_t)conf->dmarc.summary_days * DAY_S;
}

static enum result make_id(
	const struct dmarcin_report *report, char out[ID_MAX])
{
	uint8_t digest[SHA256_LEN];
	struct buf text;
	enum result res;

	buf_init(&text, 4 * DMARCIN_WORD_MAX);
	buf_add(&text, report->org);
	buf_add_char(&text, '\0');
	buf_add(&text, report->id);
	res = buf_result(&text);
	if (res == RES_OK)
		res = sha256(buf_slice(&text), digest);
	buf_clear(&text);
	if (res == RES_OK)
		hex_format(digest, ID_OCTETS, out);
	return res;
}

static bool is_in_time(const struct writing *w)
{
	const struct dmarcin_report *r = w->report;

	return r->begin_s >= w->now_s - life_s(w->conf) &&
		r->begin_s <= w->now_s + AHEAD_S && r->end_s >= r->begin_s &&
		r->end_s - r->begin_s <= DMARCIN_SPAN_MAX_S;
}

static void begin_edit(struct edit *e, const struct writing *w)
{
	edit_begin(e, w->redis, w->conf);
	edit_key(e, "dmarcin:report:", slice_of(w->id), "");
	edit_key(e, "dmarcin:of:", slice_of(w->report->domain), "");
	edit_key(e, "dmarcin:domains", slice_of(""), "");
}

static void put_text(struct edit *e, const char *field, struct slice value)
{
	edit_text(e, slice_of(field));
	edit_text(e, value);
}

static size_t kept_of(const struct dmarcin_report *r)
{
	return r->row_count < DMARCIN_ROWS_MAX ? r->row_count
					       : DMARCIN_ROWS_MAX;
}

static int64_t octets_of(const struct dmarcin_report *r)
{
	size_t sum = r->org.len + r->id.len + r->email.len + r->policy.len;

	for (size_t i = 0; i < kept_of(r); i++)
		sum += ROW_OCTETS + r->row[i].from.len;
	return (int64_t)sum;
}

static enum result begin(const struct writing *w)
{
	const struct dmarcin_report *r = w->report;
	char day[SUMS_DAY_MAX];
	enum result res;
	struct edit e;

	begin_edit(&e, w);
	edit_key(&e,
		"dmarcin:octets:", slice_of(sums_day(w->now_s * MS_PER_S, day)),
		"");
	edit_text(&e, slice_of(r->domain));
	edit_number(&e, DMARCIN_DOMAINS_MAX);
	edit_number(&e, DMARCIN_REPORTS_MAX);
	edit_number(&e, life_s(w->conf));
	edit_number(&e, octets_of(r));
	edit_number(&e, (int64_t)w->conf->dmarc.summary_octets);
	put_text(&e, "org", r->org);
	put_text(&e, "id", r->id);
	put_text(&e, "email", r->email);
	put_text(&e, "domain", slice_of(r->domain));
	put_text(&e, "policy", r->policy);
	edit_text(&e, slice_of("begin"));
	edit_number(&e, r->begin_s);
	edit_text(&e, slice_of("end"));
	edit_number(&e, r->end_s);
	res = edit_run(&e, begin_script);
	edit_end(&e);
	return res;
}

static enum result end(const struct writing *w)
{
	enum result res;
	struct edit e;

	begin_edit(&e, w);
	edit_text(&e, slice_of(w->id));
	edit_number(&e, w->report->begin_s);
	edit_text(&e, slice_of(w->report->domain));
	edit_number(&e, life_s(w->conf));
	edit_number(&e, w->now_s - life_s(w->conf));
	res = edit_run(&e, end_script);
	edit_end(&e);
	return res;
}

/* The texts of some rows: field, number, field ... */
struct batch {
	struct slice argv[2 + 2 * BATCH];
	size_t argc;
	struct buf text[2 * BATCH];
	size_t texts;
};

static struct slice keep(struct batch *b, struct buf *text)
{
	b->text[b->texts] = *text;
	return buf_slice(&b->text[b->texts++]);
}

static enum result add_row(struct batch *b, const struct dmarcin_row *row)
{
	struct buf field, number;
	enum result res;

	buf_init(&field, FIELD_MAX);
	buf_init(&number, NUMBER_MAX);
	format_field(row, &field);
	buf_add_format(&number, "%" PRIu64, row->count);
	res = buf_result(&field);
	if (res == RES_OK)
		res = buf_result(&number);
	b->argv[b->argc++] = keep(b, &field);
	b->argv[b->argc++] = keep(b, &number);
	return res;
}

static enum result send_batch(
	const struct writing *w, struct slice key, size_t from, size_t to)
{
	struct batch b = { .argc = 2 };
	struct redis_reply reply;
	enum result res = RES_OK;

	b.argv[0] = slice_of("HSET");
	b.argv[1] = key;
	for (size_t i = from; i < to && res == RES_OK; i++)
		res = add_row(&b, &w->report->row[i]);
	if (res == RES_OK)
		res = redis_command(w->redis, b.argv, b.argc, &reply);
	if (res == RES_OK && reply.type == REDIS_ERROR)
		res = RES_DOWN;
	for (size_t i = 0; i < b.texts; i++)
		buf_clear(&b.text[i]);
	return res;
}

static void make_key(const struct conf *conf, const char *fixed,
	struct slice rest, struct buf *out)
{
	buf_init(out, LIST_NAME_MAX);
	keys_format(out, slice_of(conf->redis.prefix), fixed, rest);
}

static enum result put_rows(const struct writing *w)
{
	const size_t count = kept_of(w->report);
	enum result res;
	struct buf key;

	make_key(w->conf, "dmarcin:report:", slice_of(w->id), &key);
	res = buf_result(&key);
	for (size_t from = 0; from < count && res == RES_OK; from += BATCH)
		res = send_batch(w, buf_slice(&key), from,
			from + BATCH < count ? from + BATCH : count);
	buf_clear(&key);
	return res;
}

enum result dmarcin_put(struct redis *r, const struct conf *conf,
	const struct dmarcin_report *report, int64_t now_ms)
{
	struct writing w = { .redis = r,
		.conf = conf,
		.report = report,
		.now_s = now_ms / MS_PER_S };
	enum result res;

	if (!is_in_time(&w))
		return RES_RANGE;
	res = make_id(report, w.id);
	if (res == RES_OK)
		res = begin(&w);
	if (res == RES_OK)
		res = put_rows(&w);
	return res == RES_OK ? end(&w) : res;
}

/* ---- reading ---- */

struct reading {
	struct redis *redis;
	const struct conf *conf;
	struct arena *arena;
	int64_t since_s;
	void (*each)(void *ctx, const struct dmarcin_report *report);
	void *ctx;
};

static enum result ask(struct redis *r, const struct slice *argv, size_t argc,
	struct redis_reply *reply)
{
	enum result res = redis_command(r, argv, argc, reply);

	if (res != RES_OK)
		return res;
	return reply->type == REDIS_ERROR ? redis_error_kind(reply->text)
					  : RES_OK;
}

/* The members from since_s on, each with a blank behind it. */
static enum result read_index(const struct reading *d, const char *fixed,
	struct slice rest, struct buf *out)
{
	struct redis_reply reply;
	char since[NUMBER_MAX];
	struct buf key;
	enum result res;

	snprintf(since, sizeof(since), "%" PRId64, d->since_s);
	make_key(d->conf, fixed, rest, &key);
	const struct slice argv[] = { slice_of("ZRANGEBYSCORE"),
		buf_slice(&key), slice_of(since), slice_of("+inf") };

	res = ask(d->redis, argv, 4, &reply);
	buf_clear(&key);
	for (size_t i = 0; res == RES_OK && i < reply.count; i++) {
		buf_add(out, redis_element(&reply, i).text);
		buf_add_char(out, ' ');
	}
	return res == RES_OK ? buf_result(out) : res;
}

static bool read_meta(
	struct slice field, struct slice value, struct dmarcin_report *r)
{
	struct slice *const texts[] = { &r->org, &r->email, &r->id,
		&r->policy };
	static const char *const names[] = { "org", "email", "id", "policy" };
	uint64_t s;
	size_t len;

	for (size_t i = 0; i < 4; i++) {
		if (!slice_is_equal(field, slice_of(names[i])))
			continue;
		*texts[i] = slice_part(value, 0, DMARCIN_WORD_MAX);
		return false;
	}
	if (slice_is_equal(field, slice_of("domain"))) {
		if (hostname_parse(value, r->domain, &len) != RES_OK)
			r->domain[0] = '\0';
	} else if (slice_parse_u64(value, 0, INT32_MAX * UINT64_C(4), &s) ==
		RES_OK) {
		if (slice_is_equal(field, slice_of("begin")))
			r->begin_s = (int64_t)s;
		if (slice_is_equal(field, slice_of("end")))
			r->end_s = (int64_t)s;
	}
	return slice_is_equal(field, slice_of("done"));
}

/* The reply of HGETALL; false: it is not whole. Borrows from the reply. */
static bool read_report(const struct redis_reply *reply, struct arena *a,
	struct dmarcin_report *out)
{
	bool is_done = false;

	*out = (struct dmarcin_report){ .row_count = 0 };
	out->row = arena_alloc(a, (reply->count / 2 + 1) * sizeof(*out->row));
	if (out->row == NULL)
		return false;
	for (size_t i = 0; i + 1 < reply->count; i += 2) {
		struct slice field = redis_element(reply, i).text;
		struct slice value = redis_element(reply, i + 1).text;

		if (parse_field(field, value, &out->row[out->row_count]))
			out->row_count++;
		else if (read_meta(field, value, out))
			is_done = true;
	}
	return is_done && out->domain[0] != '\0';
}

static enum result read_one(const struct reading *d, struct slice id)
{
	struct dmarcin_report report;
	struct redis_reply reply;
	enum result res;
	struct buf key;

	make_key(d->conf, "dmarcin:report:", id, &key);
	const struct slice argv[] = { slice_of("HGETALL"), buf_slice(&key) };

	res = ask(d->redis, argv, 2, &reply);
	buf_clear(&key);
	arena_reset(d->arena);
	if (res == RES_OK && read_report(&reply, d->arena, &report)) {
		dmarcin_merge(&report);
		d->each(d->ctx, &report);
	}
	/* What an admin has broken is left out. */
	return res == RES_TYPE ? RES_OK : res;
}

static enum result read_domain(const struct reading *d, struct slice domain)
{
	struct slice rest, id;
	enum result res;
	struct buf ids;

	buf_init(&ids, INDEX_MAX);
	res = read_index(d, "dmarcin:of:", domain, &ids);
	rest = buf_slice(&ids);
	while (res == RES_OK && slice_cut(&rest, ' ', &id))
		res = read_one(d, id);
	buf_clear(&ids);
	return res == RES_TYPE ? RES_OK : res;
}

static enum result read_all(const struct reading *d)
{
	struct slice rest, domain;
	enum result res;
	struct buf names;

	buf_init(&names, INDEX_MAX);
	res = read_index(d, "dmarcin:domains", slice_of(""), &names);
	rest = buf_slice(&names);
	while (res == RES_OK && slice_cut(&rest, ' ', &domain))
		res = read_domain(d, domain);
	buf_clear(&names);
	return res;
}

enum result dmarcin_list(struct redis *r, const struct conf *conf,
	struct slice domain, int64_t since_s,
	void (*each)(void *ctx, const struct dmarcin_report *report), void *ctx)
{
	struct reading d = { .redis = r,
		.conf = conf,
		.arena = arena_new(READ_ARENA),
		.since_s = since_s,
		.each = each,
		.ctx = ctx };
	enum result res = RES_NOMEM;

	if (d.arena != NULL)
		res = domain.len == 0 ? read_all(&d) : read_domain(&d, domain);
	arena_free(d.arena);
	return res;
}
