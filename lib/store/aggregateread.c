/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/buf.h"
#include "conf/conf.h"
#include "store/aggregate.h"
#include "store/keys.h"
#include "store/script.h"

#include <stdlib.h>
#include <string.h>

enum {
	KEY_MAX = 1024,
	FIRST_ROOM = 64,
	NAMES_MAX = 2000000, /* SSCAN may give some twice */
	ROWS_OCTETS_MAX = 512 * 1024 * 1024,
	NUMBER_MAX = 24
};

/* "dmarc:20260131:of:example.org" */
static void add_key(struct script_call *c, const struct conf *conf,
	const struct aggregate_job *job, const char *what, const char *domain)
{
	struct buf rest;

	buf_init(&rest, KEY_MAX);
	buf_add_format(&rest, "%s:%s%s", job->day, what, domain);
	script_key_of(
		c, slice_of(conf->redis.prefix), "dmarc:", buf_slice(&rest));
	buf_clear(&rest);
}

static enum result run_number(struct redis *r, const char *text,
	const struct script_call *call, int64_t *out)
{
	struct redis_reply reply;
	enum result res = script_run(r, text, call, &reply);

	if (res == RES_OK && reply.type != REDIS_NUMBER)
		return RES_TYPE;
	if (res == RES_OK)
		*out = reply.number;
	return res;
}

/* ---- scanning ---- */

/* One round of SSCAN or HSCAN; *cursor is "0" when it was the last. */
static enum result scan(struct redis *r, const char *command, struct slice key,
	char cursor[NUMBER_MAX], struct redis_reply *list)
{
	const struct slice argv[] = { slice_of(command), key, slice_of(cursor),
		slice_of("COUNT"), slice_of("1000") };
	struct redis_reply reply, next;
	enum result res =
		redis_command(r, argv, sizeof(argv) / sizeof(argv[0]), &reply);

	if (res != RES_OK)
		return res;
	if (reply.type == REDIS_ERROR)
		return redis_error_kind(reply.text);
	next = redis_element(&reply, 0);
	*list = redis_element(&reply, 1);
	if (next.type != REDIS_STRING || next.text.len >= NUMBER_MAX ||
		list->type != REDIS_ARRAY)
		return RES_TYPE;
	memcpy(cursor, next.text.at, next.text.len);
	cursor[next.text.len] = '\0';
	return RES_OK;
}

/* Room for one more in an array that doubles. */
static void *grow(void *at, size_t count, size_t size, size_t *room)
{
	size_t wanted = *room == 0 ? FIRST_ROOM : *room * 2;
	void *more;

	if (count < *room)
		return at;
	more = realloc(at, wanted * size);
	if (more != NULL)
		*room = wanted;
	return more;
}

/* ---- domains ---- */

static int order_names(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void drop_doubles(struct aggregate_names *n)
{
	size_t kept = 0;

	if (n->count == 0)
		return;
	qsort(n->name, n->count, HOSTNAME_MAX, order_names);
	for (size_t i = 1; i < n->count; i++)
		if (strcmp(n->name[i], n->name[kept]) != 0 && ++kept != i)
			memcpy(n->name[kept], n->name[i], HOSTNAME_MAX);
	n->count = kept + 1;
}

/* Only what the milter can have written: a name. */
static enum result add_name(
	struct aggregate_names *n, size_t *room, struct slice text)
{
	void *more;
	size_t len;

	if (n->count >= NAMES_MAX)
		return RES_TOOBIG;
	more = grow(n->name, n->count, HOSTNAME_MAX, room);
	if (more == NULL)
		return RES_NOMEM;
	n->name = more;
	if (hostname_parse(text, n->name[n->count], &len) == RES_OK)
		n->count++;
	return RES_OK;
}

static enum result read_names(
	struct redis *r, struct slice key, struct aggregate_names *out)
{
	char cursor[NUMBER_MAX] = "0";
	size_t room = 0;
	enum result res;

	do {
		struct redis_reply list;

		res = scan(r, "SSCAN", key, cursor, &list);
		for (size_t i = 0; res == RES_OK && i < list.count; i++)
			res = add_name(
				out, &room, redis_element(&list, i).text);
	} while (res == RES_OK && strcmp(cursor, "0") != 0);
	return res;
}

static enum result read_set(struct redis *r, const struct conf *conf,
	const char *day, const char *what, struct aggregate_names *out)
{
	struct buf key;
	enum result res;

	*out = (struct aggregate_names){ .count = 0 };
	buf_init(&key, KEY_MAX);
	buf_add_format(&key, "%sdmarc:%s:%s", conf->redis.prefix, day, what);
	res = buf_result(&key);
	if (res == RES_OK)
		res = read_names(r, buf_slice(&key), out);
	buf_clear(&key);
	if (res == RES_OK)
		drop_doubles(out);
	else
		aggregate_names_clear(out);
	return res;
}

static bool has_name(const struct aggregate_names *n, const char *name)
{
	return n->count > 0 &&
		bsearch(name, n->name, n->count, HOSTNAME_MAX, order_names) !=
		NULL;
}

enum result aggregate_domains(struct redis *r, const struct conf *conf,
	const char *day, struct aggregate_names *out)
{
	struct aggregate_names sent;
	enum result res = read_set(r, conf, day, "domains", out);
	size_t kept = 0;

	if (res != RES_OK)
		return res;
	res = read_set(r, conf, day, "sent", &sent);
	if (res != RES_OK) {
		aggregate_names_clear(out);
		return res;
	}
	for (size_t i = 0; i < out->count; i++) {
		if (has_name(&sent, out->name[i]))
			continue;
		if (kept != i)
			memcpy(out->name[kept], out->name[i], HOSTNAME_MAX);
		kept++;
	}
	out->count = kept;
	aggregate_names_clear(&sent);
	return RES_OK;
}

void aggregate_names_clear(struct aggregate_names *n)
{
	free(n->name);
	*n = (struct aggregate_names){ .count = 0 };
}

/* ---- rows ---- */

/* While it is read a text may move: it is its place and length. */
struct draft {
	struct buf text;
	struct {
		size_t at, len;
		uint64_t count;
	} * row;
	size_t count, room;
	size_t record_at, record_len;
	uint64_t more;
};

static enum result add_row(struct draft *d, struct slice text, uint64_t count)
{
	void *more = grow(d->row, d->count, sizeof(*d->row), &d->room);

	if (more == NULL)
		return RES_NOMEM;
	d->row = more;
	d->row[d->count].at = d->text.len;
	d->row[d->count].len = text.len;
	d->row[d->count++].count = count;
	buf_add(&d->text, text);
	return buf_result(&d->text);
}

static enum result add_field(
	struct draft *d, struct slice field, struct slice value)
{
	uint64_t number = 0;

	if (slice_is_equal(field, slice_of("policy"))) {
		d->record_at = d->text.len;
		d->record_len = value.len;
		buf_add(&d->text, value);
		return buf_result(&d->text);
	}
	if (slice_parse_u64(value, 1, INT64_MAX, &number) != RES_OK)
		return RES_OK;
	if (slice_is_equal(field, slice_of("more"))) {
		d->more = number;
		return RES_OK;
	}
	return add_row(d, field, number);
}

static enum result read_fields(
	struct redis *r, struct slice key, struct draft *d)
{
	char cursor[NUMBER_MAX] = "0";
	enum result res;

	do {
		struct redis_reply list;

		res = scan(r, "HSCAN", key, cursor, &list);
		for (size_t i = 0; res == RES_OK && i + 1 < list.count; i += 2)
			res = add_field(d, redis_element(&list, i).text,
				redis_element(&list, i + 1).text);
	} while (res == RES_OK && strcmp(cursor, "0") != 0);
	return res;
}

static int order_rows(const void *a, const void *b)
{
	const struct aggregate_row *x = a, *y = b;
	size_t len = x->text.len < y->text.len ? x->text.len : y->text.len;
	int order = memcmp(x->text.at, y->text.at, len);

	if (order != 0)
		return order;
	return (x->text.len > y->text.len) - (x->text.len < y->text.len);
}

/* HSCAN may give a field twice. */
static void drop_double_rows(struct aggregate_rows *rows)
{
	size_t kept = 0;

	if (rows->count == 0)
		return;
	qsort(rows->row, rows->count, sizeof(rows->row[0]), order_rows);
	for (size_t i = 1; i < rows->count; i++)
		if (order_rows(&rows->row[i], &rows->row[kept]) != 0)
			rows->row[++kept] = rows->row[i];
	rows->count = kept + 1;
}

static enum result settle_rows(struct draft *d, struct aggregate_rows *out)
{
	if (d->count == 0 && d->more == 0)
		return RES_MISSING;
	out->row = calloc(d->count + 1, sizeof(out->row[0]));
	if (out->row == NULL)
		return RES_NOMEM;
	out->room = d->text.at;
	d->text.at = NULL;
	for (size_t i = 0; i < d->count; i++)
		out->row[i] = (struct aggregate_row){
			slice_make(out->room + d->row[i].at, d->row[i].len),
			d->row[i].count
		};
	out->count = d->count;
	out->more = d->more;
	if (d->record_len > 0)
		out->record =
			slice_make(out->room + d->record_at, d->record_len);
	drop_double_rows(out);
	return RES_OK;
}

enum result aggregate_read(struct redis *r, const struct conf *conf,
	const struct aggregate_job *job, struct aggregate_rows *out)
{
	struct draft d = { .count = 0 };
	struct buf key;
	enum result res;

	*out = (struct aggregate_rows){ .record = slice_of("") };
	buf_init(&d.text, ROWS_OCTETS_MAX);
	buf_init(&key, KEY_MAX);
	buf_add_format(&key, "%sdmarc:%s:of:%s", conf->redis.prefix, job->day,
		job->domain);
	res = buf_result(&key);
	if (res == RES_OK)
		res = read_fields(r, buf_slice(&key), &d);
	if (res == RES_OK)
		res = settle_rows(&d, out);
	buf_clear(&key);
	free(d.row);
	if (d.text.at != NULL)
		buf_clear(&d.text);
	return res;
}

void aggregate_rows_clear(struct aggregate_rows *rows)
{
	free(rows->row);
	free(rows->room);
	*rows = (struct aggregate_rows){ .record = slice_of("") };
}

/* ---- who does it ---- */

/* KEYS: sent, claim. ARGV: domain, who, lease. */
static const char claim_text[] =
	"if redis.call('SISMEMBER', KEYS[1], ARGV[1]) == 1 then return 3 end\n"
	"local who = redis.call('GET', KEYS[2])\n"
	"if who and who ~= ARGV[2] then return 2 end\n"
	"redis.call('SET', KEYS[2], ARGV[2], 'EX', ARGV[3])\n"
	"return 1\n";

enum result aggregate_claim(struct redis *r, const struct conf *conf,
	const struct aggregate_job *job, unsigned lease_s,
	enum aggregate_claim *out)
{
	struct script_call call = { .count = 0 };
	int64_t number = AGGREGATE_UNKNOWN;
	enum result res;

	add_key(&call, conf, job, "sent", "");
	add_key(&call, conf, job, "claim:", job->domain);
	script_arg(&call, slice_of(job->domain));
	script_arg(&call, slice_of(job->who));
	script_number(&call, lease_s);
	res = run_number(r, claim_text, &call, &number);
	if (res == RES_OK)
		*out = (enum aggregate_claim)number;
	return res;
}

enum result aggregate_has_gone(struct redis *r, const struct conf *conf,
	const struct aggregate_job *job, struct slice letter, bool *out)
{
	struct script_call call = { .count = 0 };
	int64_t number = 0;
	enum result res;

	add_key(&call, conf, job, "to:", job->domain);
	script_arg(&call, letter);
	res = run_number(r,
		"return redis.call('SISMEMBER', KEYS[1], ARGV[1])\n", &call,
		&number);
	if (res == RES_OK)
		*out = number == 1;
	return res;
}

enum result aggregate_gone(struct redis *r, const struct conf *conf,
	const struct aggregate_job *job, struct slice letter)
{
	struct script_call call = { .count = 0 };
	int64_t number;

	add_key(&call, conf, job, "to:", job->domain);
	script_arg(&call, letter);
	script_number(&call, conf->dmarc.keep_s);
	return run_number(r,
		"redis.call('SADD', KEYS[1], ARGV[1])\n"
		"return redis.call('EXPIRE', KEYS[1], ARGV[2])\n",
		&call, &number);
}

/* KEYS: sent, claim, rows, letters. ARGV: domain, who, life; is it done. */
static const char settle_text[] =
	"if redis.call('GET', KEYS[2]) == ARGV[2] then\n"
	"  redis.call('DEL', KEYS[2])\n"
	"end\n"
	"if ARGV[4] == '1' then\n"
	"  redis.call('SADD', KEYS[1], ARGV[1])\n"
	"  redis.call('EXPIRE', KEYS[1], ARGV[3])\n"
	"  redis.call('DEL', KEYS[3], KEYS[4])\n"
	"end\n"
	"return 1\n";

enum result aggregate_settle(struct redis *r, const struct conf *conf,
	const struct aggregate_job *job, bool is_done)
{
	struct script_call call = { .count = 0 };
	int64_t number;

	add_key(&call, conf, job, "sent", "");
	add_key(&call, conf, job, "claim:", job->domain);
	add_key(&call, conf, job, "of:", job->domain);
	add_key(&call, conf, job, "to:", job->domain);
	script_arg(&call, slice_of(job->domain));
	script_arg(&call, slice_of(job->who));
	script_number(&call, conf->dmarc.keep_s);
	script_number(&call, is_done);
	return run_number(r, settle_text, &call, &number);
}

enum result aggregate_lock(struct redis *r, const struct conf *conf,
	const char *who, unsigned lease_s, bool *got)
{
	struct script_call call = { .count = 0 };
	int64_t number = 0;
	enum result res;

	script_key_of(
		&call, slice_of(conf->redis.prefix), "dmarc:run", slice_of(""));
	script_arg(&call, slice_of(who));
	script_number(&call, lease_s);
	res = run_number(r,
		"local who = redis.call('GET', KEYS[1])\n"
		"if who and who ~= ARGV[1] then return 0 end\n"
		"redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])\n"
		"return 1\n",
		&call, &number);
	if (res == RES_OK)
		*got = number == 1;
	return res;
}

enum result aggregate_unlock(
	struct redis *r, const struct conf *conf, const char *who)
{
	struct script_call call = { .count = 0 };
	int64_t number;

	script_key_of(
		&call, slice_of(conf->redis.prefix), "dmarc:run", slice_of(""));
	script_arg(&call, slice_of(who));
	return run_number(r,
		"if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end\n"
		"return redis.call('DEL', KEYS[1])\n",
		&call, &number);
}
