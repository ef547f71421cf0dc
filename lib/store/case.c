/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/case.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/random.h"
#include "base/table.h"
#include "conf/conf.h"
#include "net/cidr.h"
#include "store/keys.h"
#include "store/redis.h"
#include "store/secret.h"
#include "store/tally.h"
#include "store/writer.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	REF_DATA = CASE_REF_OCTETS, /* characters of 5 bits: 80 bits */
	REF_LEN = 17, /* with the check character */
	REF_TEXT_MAX = 64, /* as people write it, with dashes */
	NAME_CUT = 255,
	TEXT_CUT = 1024,
	FINDINGS_CUT = 8192,
	FIELDS_MAX = 32 + CASEAUTH_COUNT,
	SCRATCH_MAX = 4096
};

struct case_book {
	struct conf *conf;
	struct writer *writer;
	const struct clock *clock;
	struct secret secret;
	pthread_mutex_t lock;
	struct tally *tally;
	struct table *reuse; /* network, code, subject -> struct issued */
};

struct issued {
	char ref[CASE_REF_MAX];
	int64_t born_ms; /* monotonic */
};

/* ---- references ---- */

/* Crockford's base32: no I, L, O, U. */
static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/* Multiplication by x in GF(32) modulo x^5 + x^2 + 1, where x generates all
 * 31 non-zero elements. */
static unsigned times_x(unsigned v)
{
	v <<= 1;
	return (v & 32) != 0 ? v ^ 0x25 : v;
}

/*
 * Horner's sum of symbol[i] * x^(16-i). The weights are distinct and not zero,
 * so one wrong symbol, or two neighbours in the wrong order, always change
 * the check symbol, whose own weight is 1.
 */
static unsigned check_symbol(const uint8_t symbol[REF_DATA])
{
	unsigned sum = 0;

	for (size_t i = 0; i < REF_DATA; i++)
		sum = times_x(sum ^ symbol[i]);
	return sum;
}

static void format_ref(const uint8_t symbol[REF_DATA], char ref[CASE_REF_MAX])
{
	for (size_t i = 0; i < REF_DATA; i++)
		ref[i] = alphabet[symbol[i]];
	ref[REF_DATA] = alphabet[check_symbol(symbol)];
	ref[REF_LEN] = '\0';
}

void case_ref_of(const uint8_t octet[CASE_REF_OCTETS], char ref[CASE_REF_MAX])
{
	uint8_t symbol[REF_DATA];

	for (size_t i = 0; i < REF_DATA; i++)
		symbol[i] = octet[i] & 31;
	format_ref(symbol, ref);
}

void case_ref_new(char ref[CASE_REF_MAX])
{
	uint8_t octet[CASE_REF_OCTETS];

	random_fill(octet, sizeof(octet));
	case_ref_of(octet, ref);
}

/* The symbol of a character as people type it, or -1. */
static int symbol_of(char c)
{
	const char *at;

	if (c >= 'a' && c <= 'z')
		c = (char)(c - 'a' + 'A');
	if (c == 'I' || c == 'L')
		c = '1';
	if (c == 'O')
		c = '0';
	at = c != '\0' ? strchr(alphabet, c) : NULL;
	return at != NULL ? (int)(at - alphabet) : -1;
}

enum result case_ref_parse(struct slice text, char ref[CASE_REF_MAX])
{
	uint8_t symbol[REF_LEN];
	size_t n = 0;

	if (text.len > REF_TEXT_MAX)
		return RES_SYNTAX;
	for (size_t i = 0; i < text.len; i++) {
		int value;

		if (text.at[i] == '-')
			continue;
		value = symbol_of(text.at[i]);
		if (value < 0 || n == REF_LEN)
			return RES_SYNTAX;
		symbol[n++] = (uint8_t)value;
	}
	if (n != REF_LEN || check_symbol(symbol) != symbol[REF_DATA])
		return RES_SYNTAX;
	format_ref(symbol, ref);
	return RES_OK;
}

/* ---- the book ---- */

enum result case_book_open(struct case_book **out, struct conf *conf,
	struct writer *writer, const struct clock *clock)
{
	struct case_book *b = calloc(1, sizeof(*b));

	*out = NULL;
	if (b == NULL)
		return RES_NOMEM;
	b->reuse = table_new(
		conf->cases.reuse_max > 0 ? conf->cases.reuse_max : 1, free);
	b->tally = tally_new();
	if (b->reuse == NULL || b->tally == NULL) {
		table_free(b->reuse);
		tally_free(b->tally);
		free(b);
		return RES_NOMEM;
	}
	pthread_mutex_init(&b->lock, NULL);
	b->conf = conf_hold(conf);
	b->writer = writer;
	b->clock = clock;
	secret_load(&b->secret, conf->milter.secret_file);
	*out = b;
	return RES_OK;
}

void case_book_close(struct case_book *b)
{
	if (b == NULL)
		return;
	case_book_flush(b);
	tally_free(b->tally);
	pthread_mutex_destroy(&b->lock);
	table_free(b->reuse);
	conf_release(b->conf);
	free(b);
}

/* What makes two refusals the same case. Overlong subjects are cut: at worst
 * two causes share a reference. */
static void format_cause(struct buf *out, const struct ipaddr *ip,
	const char *code, struct slice subject)
{
	if (ip != NULL) {
		struct cidr net = cidr_of_client(ip);

		buf_add(out, slice_make(net.net.octet, sizeof(net.net.octet)));
		buf_add_char(out, (char)net.bits);
	}
	buf_add_char(out, '\0');
	buf_add(out, slice_part(slice_of(code), 0, NAME_CUT));
	buf_add_char(out, '\0');
	buf_add(out, slice_part(subject, 0, TEXT_CUT));
}

/* Under the lock. The reference in use for the cause, or NULL. */
static const struct issued *find_issued(
	struct case_book *b, struct slice cause, int64_t now_ms)
{
	const struct issued *i = table_find(b->reuse, cause);

	if (i == NULL ||
		now_ms - i->born_ms >= (int64_t)b->conf->cases.reuse_s * 1000)
		return NULL;
	return i;
}

static void remember(struct case_book *b, struct slice cause,
	const char ref[CASE_REF_MAX], int64_t now_ms)
{
	struct issued *i = malloc(sizeof(*i));

	if (i == NULL)
		return;
	memcpy(i->ref, ref, CASE_REF_MAX);
	i->born_ms = now_ms;
	/* No memory: the next refusal gets a reference of its own. */
	if (table_put(b->reuse, cause, i) != RES_OK)
		return;
}

void case_reference(struct case_book *b, const struct ipaddr *ip,
	const char *code, struct slice subject, char ref[CASE_REF_MAX],
	bool *is_new)
{
	int64_t now_ms = clock_mono_ms(b->clock);
	const struct issued *found;
	struct buf cause;

	buf_init(&cause, SCRATCH_MAX);
	format_cause(&cause, ip, code, subject);
	pthread_mutex_lock(&b->lock);
	found = find_issued(b, buf_slice(&cause), now_ms);
	*is_new = found == NULL;
	if (found != NULL) {
		memcpy(ref, found->ref, CASE_REF_MAX);
	} else {
		case_ref_new(ref);
		remember(b, buf_slice(&cause), ref, now_ms);
	}
	pthread_mutex_unlock(&b->lock);
	buf_clear(&cause);
}

/* The evidence did not get away: the next refusal must bring it again. */
static void forget(struct case_book *b, const char ref[CASE_REF_MAX],
	const struct case_facts *f)
{
	const struct issued *found;
	struct buf cause;

	buf_init(&cause, SCRATCH_MAX);
	format_cause(&cause, f->has_ip ? &f->ip : NULL, f->code, f->subject);
	pthread_mutex_lock(&b->lock);
	found = table_find(b->reuse, buf_slice(&cause));
	if (found != NULL && strcmp(found->ref, ref) == 0)
		(void)table_remove(b->reuse, buf_slice(&cause));
	pthread_mutex_unlock(&b->lock);
	buf_clear(&cause);
}

/* ---- the evidence ---- */

/* Arguments of one HSET in the making. */
struct fields {
	struct slice argv[2 + 2 * FIELDS_MAX];
	size_t argc;
	struct buf scratch; /* never moves: reserved whole at the start */
};

static void put(
	struct fields *f, const char *name, struct slice value, size_t cut)
{
	if (slice_is_empty(value) || f->argc + 2 > 2 + 2 * FIELDS_MAX)
		return;
	f->argv[f->argc++] = slice_of(name);
	f->argv[f->argc++] = slice_part(value, 0, cut);
}

/* text lives on in the scratch buffer. */
static void put_copy(struct fields *f, const char *name, const char *text)
{
	size_t from = f->scratch.len;

	buf_add_text(&f->scratch, text);
	if (buf_result(&f->scratch) == RES_OK)
		put(f, name, slice_part(buf_slice(&f->scratch), from, TEXT_CUT),
			TEXT_CUT);
}

static void put_time(struct fields *f, const char *name, int64_t wall_ms)
{
	char text[CLOCK_TEXT_MAX];

	put_copy(f, name, clock_format_utc(wall_ms, text));
}

static void put_hash(struct fields *f, const struct case_book *b,
	const char *name, struct slice address)
{
	char text[SECRET_HASH_MAX];

	if (!slice_is_empty(address) &&
		secret_hash(&b->secret, address, text) == RES_OK)
		put_copy(f, name, text);
}

static void put_client(struct fields *f, const struct ipaddr *ip)
{
	char text[CIDR_TEXT_MAX];
	struct cidr net;

	if (ip == NULL)
		return;
	put_copy(f, "ip", ipaddr_format(ip, text));
	net = cidr_of_client(ip);
	put_copy(f, "net", cidr_format(&net, text));
}

static void put_place(struct fields *f, const struct case_facts *facts)
{
	char text[16];

	if (facts->country != NULL)
		put_copy(f, "country", facts->country);
	if (facts->asn == 0)
		return;
	snprintf(text, sizeof(text), "%lu", (unsigned long)facts->asn);
	put_copy(f, "asn", text);
}

static void put_people(struct fields *f, const struct case_book *b,
	const struct case_facts *facts)
{
	put(f, "helo", facts->helo, NAME_CUT);
	put(f, "sender_domain", facts->sender_domain, NAME_CUT);
	put_hash(f, b, "sender_hash", facts->sender);
	put(f, "rcpt_domain", facts->rcpt_domain, NAME_CUT);
	put_hash(f, b, "rcpt_hash", facts->rcpt);
}

static void put_auth(struct fields *f, const struct slice *auth)
{
	for (size_t i = 0; i < CASEAUTH_COUNT && auth != NULL; i++) {
		const struct caseauth_field *field = &caseauth_fields[i];

		put(f, field->name, auth[i],
			field->is_lines ? (size_t)CASEAUTH_LINES_MAX
					: (size_t)CASEAUTH_TEXT_MAX);
	}
}

static void put_evidence(struct fields *f, const struct case_book *b,
	const struct case_facts *facts)
{
	put(f, "stage", slice_of(facts->stage), NAME_CUT);
	put(f, "mode", slice_of(facts->mode), NAME_CUT);
	put(f, "class", facts->class, NAME_CUT);
	put(f, "key", facts->subject, TEXT_CUT);
	put(f, "reason", facts->reason, TEXT_CUT);
	if (facts->until_s > 0)
		put_time(f, "until", facts->until_s * 1000);
	put_place(f, facts);
	put_people(f, b, facts);
	put_auth(f, facts->auth);
	put(f, "findings", facts->findings, FINDINGS_CUT);
	put(f, "score", facts->score, NAME_CUT);
	put(f, "policy", facts->policy, NAME_CUT);
	put(f, "reply", facts->reply, TEXT_CUT);
	put(f, "session", facts->session, NAME_CUT);
	put(f, "queue_id", facts->queue_id, NAME_CUT);
	put(f, "host", slice_of(b->conf->host), NAME_CUT);
}

static void add_commands(struct writer_job *job, const struct case_book *b,
	const struct fields *f, uint64_t count)
{
	struct slice key = f->argv[1];
	char life[16], by[24];

	(void)snprintf(by, sizeof(by), "%llu", (unsigned long long)count);
	writer_job_command(job, f->argv, f->argc);
	writer_job_command(job,
		(struct slice[]){ slice_of("HINCRBY"), key, slice_of("count"),
			slice_of(by) },
		4);
	(void)snprintf(life, sizeof(life), "%u", b->conf->cases.keep_s);
	writer_job_command(job,
		(struct slice[]){ slice_of("EXPIRE"), key, slice_of(life) }, 3);
}

/* Room for the fields of one case; false: no memory. */
static bool start_fields(struct fields *f, struct buf *key,
	const struct case_book *b, const char *ref)
{
	f->argc = 2;
	buf_init(&f->scratch, SCRATCH_MAX);
	buf_init(key, TEXT_CUT);
	keys_format(
		key, slice_of(b->conf->redis.prefix), "case:", slice_of(ref));
	if (buf_result(key) != RES_OK ||
		buf_reserve(&f->scratch, SCRATCH_MAX) == NULL)
		return false;
	f->argv[0] = slice_of("HSET");
	f->argv[1] = buf_slice(key);
	return true;
}

/* These are written each time, so that a case which Redis lost in the
 * meantime still says what it is about. */
static void put_sum(struct fields *f, const struct tally_sum *s)
{
	put(f, "ref", slice_of(s->ref), NAME_CUT);
	put_time(f, "last_seen", s->last_ms);
	put(f, "code", slice_of(s->code), NAME_CUT);
	put(f, "action", slice_of(s->action), NAME_CUT);
	put_client(f, s->has_ip ? &s->ip : NULL);
}

/* facts: NULL when the case only counts on. */
static enum result write_case(struct case_book *b, const struct tally_sum *sum,
	const struct case_facts *facts)
{
	struct writer_job *job = writer_job_new();
	enum result res = RES_NOMEM;
	struct fields f;
	struct buf key;

	if (!start_fields(&f, &key, b, sum->ref) || job == NULL) {
		writer_job_free(job);
		goto done;
	}
	put_sum(&f, sum);
	if (facts != NULL) {
		put_time(&f, "first_seen", sum->last_ms);
		put_evidence(&f, b, facts);
	}
	add_commands(job, b, &f, sum->count);
	res = writer_add(b->writer, job);
done:
	buf_clear(&f.scratch);
	buf_clear(&key);
	return res;
}

enum result case_record(struct case_book *b, const char ref[CASE_REF_MAX],
	bool is_new, const struct case_facts *facts)
{
	struct tally_sum sum = {
		.has_ip = facts->has_ip,
		.ip = facts->ip,
		.code = facts->code,
		.action = facts->action,
		.last_ms = clock_wall_ms(b->clock),
		.count = 1,
	};
	enum result res;

	memcpy(sum.ref, ref, CASE_REF_MAX);
	if (!is_new && tally_add(b->tally, &sum))
		return RES_OK;
	res = write_case(b, &sum, is_new ? facts : NULL);
	if (res != RES_OK && is_new)
		forget(b, ref, facts);
	return res;
}

static void flush_one(void *ctx, const struct tally_sum *sum)
{
	/* What does not fit is counted by the writer. */
	if (write_case(ctx, sum, NULL) != RES_OK)
		return;
}

void case_book_flush(struct case_book *b)
{
	tally_take(b->tally, flush_one, b);
}

/* ---- reading ---- */

enum result case_read(struct redis *r, struct slice prefix, struct slice ref,
	void (*each)(void *ctx, struct slice field, struct slice value),
	void *ctx)
{
	struct slice argv[2] = { slice_of("HGETALL") };
	char folded[CASE_REF_MAX];
	struct redis_reply reply;
	enum result res;
	struct buf key;

	if (case_ref_parse(ref, folded) != RES_OK)
		return RES_SYNTAX;
	buf_init(&key, TEXT_CUT);
	keys_format(&key, prefix, "case:", slice_of(folded));
	argv[1] = buf_slice(&key);
	res = buf_result(&key);
	if (res == RES_OK)
		res = redis_command(r, argv, 2, &reply);
	buf_clear(&key);
	if (res != RES_OK)
		return res;
	if (reply.type == REDIS_ERROR)
		return redis_error_kind(reply.text);
	if (reply.type != REDIS_ARRAY || reply.count == 0)
		return RES_MISSING;
	for (size_t i = 0; i + 1 < reply.count; i += 2)
		each(ctx, redis_element(&reply, i).text,
			redis_element(&reply, i + 1).text);
	return RES_OK;
}
