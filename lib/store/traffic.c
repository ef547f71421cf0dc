/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/traffic.h"

#include "base/buf.h"
#include "base/clock.h"
#include "conf/conf.h"
#include "net/hostname.h"
#include "store/script.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	BATCH = 48, /* sums that one script counts */
	TEXT_MAX = 65536,
	KEY_MAX = HOSTNAME_MAX + 32,
	DAY_S = 86400,
	NETWORK_V4 = 96 + 24,
	NETWORK_V6 = 48,
	ADDRESS_V4 = 128,
	ADDRESS_V6 = 64,
	HEAD_LEN = 21, /* "traffic:20260131:net:" */
	COUNTS_MAX = 512 /* octets of all counters of a sum as text */
};

struct sum {
	struct traffic_day day;
	char network[CIDR_TEXT_MAX]; /* of an address; "" of all others */
};

struct traffic {
	struct sums *sums;
	const struct clock *clock;
};

/*
 * Keys: of each sum its own and that of its network (or its own again).
 * Arguments: life in seconds; then of each "messages 3 refused 1", and the
 * field that names an address in its network, or "".
 */
static const char script[] =
	"for i = 1, #KEYS / 2 do\n"
	"  local key, network = KEYS[2 * i - 1], KEYS[2 * i]\n"
	"  for name, n in string.gmatch(ARGV[2 * i], '(%S+) (%d+)') do\n"
	"    redis.call('HINCRBY', key, name, n)\n"
	"  end\n"
	"  redis.call('EXPIRE', key, ARGV[1])\n"
	"  local at = ARGV[2 * i + 1]\n"
	"  if at ~= '' and redis.call('HLEN', network) < 270 then\n"
	"    redis.call('HSET', network, at, '')\n"
	"    redis.call('EXPIRE', network, ARGV[1])\n"
	"  end\n"
	"end\n"
	"return 1\n";
_Static_assert(TRAFFIC_ADDRESSES_MAX + TRAFFIC_COUNTERS == 270,
	"the script has their sum");

const char *traffic_counter_name(enum traffic_counter c)
{
	static const char *const names[TRAFFIC_COUNTERS] = {
		[TRAFFIC_MESSAGES] = "messages",
		[TRAFFIC_ACCEPTED] = "accepted",
		[TRAFFIC_MARKED] = "marked",
		[TRAFFIC_HELD] = "held",
		[TRAFFIC_DEFERRED] = "deferred",
		[TRAFFIC_REFUSED] = "refused",
		[TRAFFIC_SPF_PASS] = "spf_pass",
		[TRAFFIC_SPF_FAIL] = "spf_fail",
		[TRAFFIC_DKIM_PASS] = "dkim_pass",
		[TRAFFIC_DKIM_FAIL] = "dkim_fail",
		[TRAFFIC_DMARC_PASS] = "dmarc_pass",
		[TRAFFIC_DMARC_FAIL] = "dmarc_fail",
		[TRAFFIC_COMPLAINTS] = "complaints",
		[TRAFFIC_NOT_JUNK] = "not_junk",
	};

	return c < TRAFFIC_COUNTERS ? names[c] : "";
}

/* ---- names ---- */

static struct cidr network_of(const struct ipaddr *ip)
{
	return cidr_around(ip, ipaddr_is_v4(ip) ? NETWORK_V4 : NETWORK_V6);
}

bool traffic_is_network(const struct cidr *net)
{
	return net->bits == (cidr_is_v4(net) ? NETWORK_V4 : NETWORK_V6);
}

enum result traffic_subject(
	const struct cidr *net, char out[TRAFFIC_SUBJECT_MAX])
{
	char text[CIDR_TEXT_MAX];

	if (!traffic_is_network(net) &&
		net->bits != (cidr_is_v4(net) ? ADDRESS_V4 : ADDRESS_V6))
		return RES_RANGE;
	snprintf(out, TRAFFIC_SUBJECT_MAX, "net:%s", cidr_format(net, text));
	return RES_OK;
}

/* ---- summing up ---- */

static void add_to(void *sum, const void *what)
{
	struct sum *s = sum;
	const struct sum *more = what;

	for (size_t i = 0; i < TRAFFIC_COUNTERS; i++)
		s->day.count[i] += more->day.count[i];
	memcpy(s->network, more->network, sizeof(s->network));
}

static void name(struct sums_call *c, struct slice key, const void *sum)
{
	const struct sum *s = sum;
	char text[HEAD_LEN + CIDR_TEXT_MAX];

	sums_key(c, key);
	if (s->network[0] == '\0') {
		sums_key(c, key);
		return;
	}
	snprintf(text, sizeof(text), "%.*s%s", HEAD_LEN, key.at, s->network);
	sums_key(c, slice_of(text));
}

static void add_common(
	struct sums_call *c, const struct conf *conf, int64_t now_ms)
{
	(void)now_ms;
	sums_number(c, (int64_t)conf->traffic.keep_days * DAY_S);
}

static void add_counts(struct buf *out, const struct traffic_day *day)
{
	for (size_t i = 0; i < TRAFFIC_COUNTERS; i++)
		if (day->count[i] > 0)
			buf_add_format(out, "%s%s %llu",
				out->len > 0 ? " " : "",
				traffic_counter_name((enum traffic_counter)i),
				(unsigned long long)day->count[i]);
}

static void add_values(struct sums_call *c, struct slice key, const void *sum)
{
	const struct sum *s = sum;
	char field[CIDR_TEXT_MAX + 1] = "";
	struct buf counts;

	buf_init(&counts, COUNTS_MAX);
	add_counts(&counts, &s->day);
	sums_text(c, buf_slice(&counts));
	buf_clear(&counts);
	if (s->network[0] != '\0')
		snprintf(field, sizeof(field), "@%.*s",
			(int)(key.len - HEAD_LEN), key.at + HEAD_LEN);
	sums_text(c, slice_of(field));
}

static const struct sums_plan plan = {
	.script = script,
	.max = TRAFFIC_SUMS_MAX,
	.size = sizeof(struct sum),
	.key_max = KEY_MAX,
	.batch = BATCH,
	.text_max = TEXT_MAX,
	.keys = 2,
	.add = add_to,
	.name = name,
	.common = add_common,
	.values = add_values,
};

enum result traffic_open(struct traffic **out, struct conf *conf,
	struct writer *writer, const struct clock *clock)
{
	struct traffic *t = calloc(1, sizeof(*t));
	enum result res;

	*out = NULL;
	if (t == NULL)
		return RES_NOMEM;
	t->clock = clock;
	res = sums_open(&t->sums, &plan, conf, writer, clock);
	if (res != RES_OK) {
		free(t);
		return res;
	}
	*out = t;
	return RES_OK;
}

void traffic_close(struct traffic *t)
{
	if (t == NULL)
		return;
	sums_close(t->sums);
	free(t);
}

/* What is added to which key: address, network, then names. */
struct part {
	struct buf key;
	struct sum sum;
};

enum { ADDRESS = 0, NETWORK, NAMES, PARTS = NAMES + TRAFFIC_NAMES_MAX };

static void make_part(struct part *p, const char *day, const char *kind,
	const char *who, const struct traffic_day *what)
{
	buf_init(&p->key, KEY_MAX);
	if (who[0] != '\0')
		buf_add_format(&p->key, "traffic:%s:%s:%s", day, kind, who);
	p->sum = (struct sum){ .day = *what };
}

/* Each label but the last two could be left off. */
static size_t count_above(const char *domain)
{
	size_t dots = 0;

	for (const char *at = domain; *at != '\0'; at++)
		dots += *at == '.';
	return dots > 0 ? dots - 1 : 0;
}

static void make_names(struct part parts[PARTS], const char *day,
	const char *domain, const struct traffic_day *what)
{
	size_t above = count_above(domain);

	make_part(&parts[NAMES], day, "domain", domain, what);
	for (size_t i = NAMES + 1; i < PARTS; i++) {
		/* So many that only the widest fit. */
		do {
			const char *dot = strchr(domain, '.');

			domain = above == 0 || dot == NULL ? "" : dot + 1;
			above -= above > 0;
		} while (above >= PARTS - i);
		make_part(&parts[i], day, "domain", domain, what);
	}
}

/* Those without a key are empty. */
static void make_parts(struct part parts[PARTS], int64_t now_ms,
	const struct ipaddr *ip, const char *domain,
	const struct traffic_day *what)
{
	const struct cidr address = cidr_of_client(ip);
	const struct cidr network = network_of(ip);
	char day[SUMS_DAY_MAX];
	char text[CIDR_TEXT_MAX];

	sums_day(now_ms, day);
	make_part(
		&parts[ADDRESS], day, "net", cidr_format(&address, text), what);
	make_part(
		&parts[NETWORK], day, "net", cidr_format(&network, text), what);
	cidr_format(&network, parts[ADDRESS].sum.network);
	make_names(parts, day, domain == NULL ? "" : domain, what);
}

static void clear_parts(struct part parts[PARTS])
{
	for (size_t i = 0; i < PARTS; i++)
		buf_clear(&parts[i].key);
}

void traffic_add(struct traffic *t, const struct ipaddr *ip, const char *domain,
	const struct traffic_day *what)
{
	struct part parts[PARTS];

	make_parts(parts, clock_wall_ms(t->clock), ip, domain, what);
	for (size_t i = 0; i < PARTS; i++)
		if (parts[i].key.len > 0)
			sums_add(t->sums, buf_slice(&parts[i].key),
				&parts[i].sum);
	clear_parts(parts);
}

void traffic_flush(struct traffic *t, const struct conf *conf)
{
	sums_flush(t->sums, conf);
}

void traffic_count(struct traffic *t, struct sums_counts *out)
{
	sums_count(t->sums, out);
}

/* ---- at once ---- */

static void add_keys(struct script_call *c, struct slice prefix,
	const struct part parts[PARTS])
{
	for (size_t i = 0; i < PARTS; i++) {
		const struct slice key = buf_slice(&parts[i].key);
		const size_t network = i == ADDRESS ? NETWORK : i;

		if (key.len == 0)
			continue;
		script_key_of(c, prefix, "", key);
		script_key_of(c, prefix, "", buf_slice(&parts[network].key));
	}
}

enum result traffic_complain(struct redis *r, const struct conf *conf,
	const struct ipaddr *ip, const char *domain, bool is_junk,
	int64_t now_ms)
{
	const char *counts = is_junk ? "complaints 1" : "not_junk 1";
	struct traffic_day none = { .count = { 0 } };
	struct script_call call = { .count = 0 };
	char field[CIDR_TEXT_MAX + 1];
	struct part parts[PARTS];
	struct redis_reply reply;
	enum result res;

	if (!conf->traffic.enabled)
		return RES_OK;
	make_parts(parts, now_ms, ip, domain, &none);
	snprintf(field, sizeof(field), "@%s",
		buf_text(&parts[ADDRESS].key) + HEAD_LEN);
	add_keys(&call, slice_of(conf->redis.prefix), parts);
	script_number(&call, (int64_t)conf->traffic.keep_days * DAY_S);
	for (size_t i = 0; i < PARTS; i++) {
		if (parts[i].key.len == 0)
			continue;
		script_arg(&call, slice_of(counts));
		script_arg(&call, slice_of(i == ADDRESS ? field : ""));
	}
	res = script_run(r, script, &call, &reply);
	clear_parts(parts);
	return res;
}

/* ---- reading ---- */

enum { FIELDS = TRAFFIC_COUNTERS + 2, CHUNK = 64 };

/* Appends a command about the key of a subject on a day; argv[1] is set. */
static enum result append(struct redis *r, const struct conf *conf,
	const char *day, struct slice subject, struct slice *argv, size_t argc)
{
	struct buf key;
	enum result res;

	buf_init(&key, strlen(conf->redis.prefix) + KEY_MAX);
	buf_add_text(&key, conf->redis.prefix);
	buf_add_format(&key, "traffic:%s:", day);
	buf_add(&key, subject);
	res = buf_result(&key);
	argv[1] = buf_slice(&key);
	if (res == RES_OK)
		res = redis_append(r, argv, argc);
	buf_clear(&key);
	return res;
}

static const char *day_before(
	int64_t now_ms, size_t days, char out[SUMS_DAY_MAX])
{
	return sums_day(now_ms - (int64_t)days * DAY_S * 1000, out);
}

/* Asks for all counters. */
static enum result ask(struct redis *r, const struct conf *conf, int64_t now_ms,
	size_t days, struct slice subject)
{
	struct slice argv[FIELDS] = { slice_of("HMGET") };
	char day[SUMS_DAY_MAX];

	for (size_t i = 0; i < TRAFFIC_COUNTERS; i++)
		argv[i + 2] =
			slice_of(traffic_counter_name((enum traffic_counter)i));
	return append(
		r, conf, day_before(now_ms, days, day), subject, argv, FIELDS);
}

/* What an admin wrote there may be no number. */
static uint64_t read_number(struct slice text)
{
	uint64_t n;

	return slice_parse_u64(text, 0, UINT64_MAX, &n) == RES_OK ? n : 0;
}

/* The next answer; an error reply is an error. A connection that has failed
 * says so at each of those that follow. */
static enum result next_reply(struct redis *r, struct redis_reply *reply)
{
	enum result res = redis_read(r, reply);

	if (res == RES_OK && reply->type == REDIS_ERROR)
		res = redis_error_kind(reply->text);
	return res;
}

static enum result read_counts(struct redis *r, struct traffic_day *out)
{
	struct redis_reply reply;
	enum result res = next_reply(r, &reply);

	*out = (struct traffic_day){ .count = { 0 } };
	for (size_t i = 0; res == RES_OK && i < TRAFFIC_COUNTERS; i++)
		out->count[i] = read_number(redis_element(&reply, i).text);
	return res;
}

static void keep_first(enum result *all, enum result res)
{
	if (*all == RES_OK)
		*all = res;
}

enum result traffic_read(struct redis *r, const struct conf *conf,
	struct slice subject, int64_t now_ms, size_t days,
	struct traffic_day *day)
{
	enum result all = RES_OK;

	for (size_t from = 0; from < days && all == RES_OK; from += CHUNK) {
		const size_t to = days - from < CHUNK ? days : from + CHUNK;
		size_t asked = from;

		while (asked < to && all == RES_OK) {
			keep_first(&all, ask(r, conf, now_ms, asked, subject));
			asked += all == RES_OK;
		}
		for (size_t i = from; i < asked; i++)
			keep_first(&all, read_counts(r, &day[i]));
	}
	return all;
}

/* ---- addresses of a network ---- */

struct finding_rows {
	struct traffic_row *out;
	size_t count;
	size_t max;
	size_t whole;
};

static int compare(const void *a, const void *b)
{
	const struct traffic_row *x = a, *y = b;

	return memcmp(&x->net, &y->net, sizeof(x->net));
}

/* The fields of a network's key; all of its addresses, or none. */
static void take_names(struct finding_rows *f, size_t day,
	const struct cidr *network, const struct redis_reply *reply)
{
	size_t count = f->count;

	if (f->whole < day)
		return;
	for (size_t i = 0; i < reply->count; i++) {
		const struct slice field = redis_element(reply, i).text;
		struct cidr net;

		if (!slice_has_prefix(field, slice_of("@")) ||
			cidr_parse(&net, slice_part(field, 1, field.len)) !=
				RES_OK ||
			!cidr_covers(network, &net.net))
			continue;
		if (count == f->max)
			return;
		f->out[count++] = (struct traffic_row){
			.day = day,
			.net = net,
		};
	}
	if (count > f->count)
		qsort(f->out + f->count, count - f->count, sizeof(f->out[0]),
			compare);
	f->count = count;
	f->whole = day + 1;
}

static enum result find_rows(struct redis *r, const struct conf *conf,
	const struct cidr *network, int64_t now_ms, size_t days,
	struct finding_rows *f)
{
	char subject[TRAFFIC_SUBJECT_MAX];
	enum result res = traffic_subject(network, subject);

	for (size_t i = 0; i < days && res == RES_OK; i++) {
		struct slice argv[2] = { slice_of("HKEYS") };
		struct redis_reply reply;
		char day[SUMS_DAY_MAX];

		res = append(r, conf, day_before(now_ms, i, day),
			slice_of(subject), argv, 2);
		if (res == RES_OK)
			res = next_reply(r, &reply);
		if (res == RES_OK)
			take_names(f, i, network, &reply);
	}
	return res;
}

static enum result ask_row(struct redis *r, const struct conf *conf,
	int64_t now_ms, const struct traffic_row *row)
{
	char subject[TRAFFIC_SUBJECT_MAX];
	char text[CIDR_TEXT_MAX];

	snprintf(subject, sizeof(subject), "net:%s",
		cidr_format(&row->net, text));
	return ask(r, conf, now_ms, row->day, slice_of(subject));
}

enum result traffic_rows(struct redis *r, const struct conf *conf,
	const struct cidr *network, int64_t now_ms, size_t days, size_t max,
	struct traffic_row *out, size_t *count, size_t *whole)
{
	struct finding_rows f = { .out = out, .max = max };
	enum result all = find_rows(r, conf, network, now_ms, days, &f);

	for (size_t from = 0; from < f.count && all == RES_OK; from += CHUNK) {
		const size_t to =
			f.count - from < CHUNK ? f.count : from + CHUNK;
		size_t asked = from;

		while (asked < to && all == RES_OK) {
			keep_first(&all, ask_row(r, conf, now_ms, &out[asked]));
			asked += all == RES_OK;
		}
		for (size_t i = from; i < asked; i++)
			keep_first(&all, read_counts(r, &out[i].count));
	}
	*count = f.count;
	*whole = f.whole;
	return all;
}
