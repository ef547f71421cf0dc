/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/buf.h"
#include "base/file.h"
#include "store/case.h"
#include "store/redis.h"
#include "store/writer.h"
#include "support/case.h"
#include "unit/store/rig.h"

#include <string.h>
#include <sys/stat.h>

/* ---- references ---- */

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

static void reads_own(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 1000; i++) {
		char ref[CASE_REF_MAX], back[CASE_REF_MAX];

		case_ref_new(ref);
		assert_int_equal(strlen(ref), 17);
		assert_int_equal(strspn(ref, alphabet), 17);
		assert_int_equal(case_ref_parse(slice_of(ref), back), RES_OK);
		assert_string_equal(back, ref);
	}
}

/* All 17 places, all 31 wrong characters. */
static void finds_each_slip(void **state)
{
	(void)state;
	for (unsigned n = 0; n < 100; n++) {
		char ref[CASE_REF_MAX], bad[CASE_REF_MAX], out[CASE_REF_MAX];

		case_ref_new(ref);
		for (size_t i = 0; i < 17; i++) {
			for (size_t c = 0; c < 32; c++) {
				memcpy(bad, ref, sizeof(bad));
				bad[i] = alphabet[c];
				assert_int_equal(
					case_ref_parse(slice_of(bad), out),
					bad[i] == ref[i] ? RES_OK : RES_SYNTAX);
			}
		}
	}
}

/* All 16 pairs of neighbours, the check character among them. */
static void finds_each_swap(void **state)
{
	(void)state;
	for (unsigned n = 0; n < 2000; n++) {
		char ref[CASE_REF_MAX], bad[CASE_REF_MAX], out[CASE_REF_MAX];

		case_ref_new(ref);
		for (size_t i = 0; i < 16; i++) {
			memcpy(bad, ref, sizeof(bad));
			bad[i] = ref[i + 1];
			bad[i + 1] = ref[i];
			assert_int_equal(case_ref_parse(slice_of(bad), out),
				ref[i] == ref[i + 1] ? RES_OK : RES_SYNTAX);
		}
	}
}

struct spelling {
	const char *text;
	enum result want;
};

/* All but the last are the same reference. */
static void folds_spelling(void **state)
{
	const struct spelling *s = *state;
	char ref[CASE_REF_MAX] = "untouched";

	assert_string_equal(result_name(case_ref_parse(slice_of(s->text), ref)),
		result_name(s->want));
	assert_string_equal(
		ref, s->want == RES_OK ? "0123456789ABCDEFP" : "untouched");
}

/* ---- the book ---- */

struct book {
	struct rig rig;
	struct writer *writer;
	struct case_book *cases;
};

static int64_t book_mono_ms;

static int64_t mono(void *ctx)
{
	(void)ctx;
	return book_mono_ms;
}

static int64_t wall(void *ctx)
{
	(void)ctx;
	return 1795294412000;
}

static const struct clock still = { .mono_ms = mono, .wall_ms = wall };

static void open_book(struct book *b, const char *cases)
{
	const struct rig_text more = { .cases = cases };

	book_mono_ms = 1000000;
	rig_make(&b->rig, &more);
	assert_int_equal(
		writer_open(&b->writer, b->rig.conf, clock_system()), RES_OK);
	assert_int_equal(
		case_book_open(&b->cases, b->rig.conf, b->writer, &still),
		RES_OK);
}

static void close_book(struct book *b)
{
	writer_close(b->writer);
	case_book_close(b->cases);
	rig_remove(&b->rig);
}

static bool refer(struct book *b, const char *ip, const char *code,
	const char *subject, char ref[CASE_REF_MAX])
{
	struct ipaddr addr;
	bool is_new = false;

	assert_int_equal(ipaddr_parse(&addr, slice_of(ip)), RES_OK);
	case_reference(b->cases, &addr, code, slice_of(subject), ref, &is_new);
	return is_new;
}

static void reuses_reference(void **state)
{
	char first[CASE_REF_MAX], next[CASE_REF_MAX];
	struct book b;

	(void)state;
	open_book(&b, "reuse_s = 60");
	assert_true(refer(&b, "2001:db8::1", "BLOCKED", "k", first));
	/* The same /64 is the same client. */
	assert_false(refer(&b, "2001:db8::2", "BLOCKED", "k", next));
	assert_string_equal(next, first);
	assert_true(refer(&b, "2001:db8:0:1::1", "BLOCKED", "k", next));
	assert_string_not_equal(next, first);
	assert_true(refer(&b, "2001:db8::1", "OTHER", "k", next));
	assert_true(refer(&b, "2001:db8::1", "BLOCKED", "j", next));
	book_mono_ms += 59999;
	assert_false(refer(&b, "2001:db8::1", "BLOCKED", "k", next));
	book_mono_ms += 1;
	assert_true(refer(&b, "2001:db8::1", "BLOCKED", "k", next));
	assert_string_not_equal(next, first);
	close_book(&b);
}

static void remembers_so_many(void **state)
{
	char ref[CASE_REF_MAX];
	struct book b;

	(void)state;
	open_book(&b, "reuse_max = 2");
	assert_true(refer(&b, "192.0.2.1", "C", "", ref));
	assert_true(refer(&b, "192.0.2.2", "C", "", ref));
	assert_true(refer(&b, "192.0.2.3", "C", "", ref));
	assert_false(refer(&b, "192.0.2.3", "C", "", ref));
	assert_true(refer(&b, "192.0.2.1", "C", "", ref));
	close_book(&b);
}

static void note(void *ctx, struct slice field, struct slice value)
{
	buf_add(ctx, field);
	buf_add_char(ctx, '=');
	buf_add_escaped(ctx, value);
	buf_add_char(ctx, '\n');
}

/* The case as text, once it is there with that count. */
static void read_case(
	struct book *b, const char *ref, const char *count, struct buf *out)
{
	const struct redis_login login = { .timeout_ms = 5000 };
	struct redis *r = NULL;
	enum result res = RES_MISSING;

	assert_int_equal(
		redis_open(&r, &b->rig.conf->redis.servers[0], &login, NULL),
		RES_OK);
	for (int64_t end = rig_end(); rig_goes_on(end);) {
		buf_reset(out);
		res = case_read(r, slice_of("rp:"), slice_of(ref), note, out);
		if (res == RES_OK && strstr(buf_text(out), count) != NULL)
			break;
	}
	assert_string_equal(result_name(res), "ok");
	redis_close(r);
}

static struct case_facts facts_of(const char *ip)
{
	struct case_facts f = {
		.has_ip = true,
		.code = "BLOCKED_SELF",
		.action = "reject",
		.stage = "rcpt",
		.mode = "enforce",
		.subject = slice_of("rp:block:192.0.2.1"),
		.class = slice_of("self"),
		.reason = slice_of("spam \r\n run"),
		.until_s = 1795294413,
		.country = "NL",
		.asn = 64500,
		.helo = slice_of("client.example"),
		.sender = slice_of("Someone@Example.ORG"),
		.sender_domain = slice_of("example.org"),
		.rcpt = slice_of("other@example.net"),
		.rcpt_domain = slice_of("example.net"),
		.findings = slice_of("blocked hit"),
		.session = slice_of("abc"),
	};

	assert_int_equal(ipaddr_parse(&f.ip, slice_of(ip)), RES_OK);
	return f;
}

static void records_evidence(void **state)
{
	const struct slice auth[CASEAUTH_COUNT] = {
		[CASEAUTH_SPF] = slice_of("fail"),
		[CASEAUTH_SPF_RECORD] = slice_of("v=spf1 -all"),
		[CASEAUTH_IPREV_REASON] = slice_of("no name"),
	};
	struct case_facts f = facts_of("192.0.2.1");
	char ref[CASE_REF_MAX], life[32];
	struct buf text, key;
	struct book b;

	(void)state;
	buf_init(&text, 65536);
	buf_init(&key, 128);
	f.auth = auth;
	f.score = slice_of("2.5");
	open_book(&b, "keep_s = 86400");
	assert_int_equal(writer_start(b.writer), RES_OK);
	assert_true(refer(&b, "192.0.2.1", f.code, "rp:block:192.0.2.1", ref));
	assert_int_equal(case_record(b.cases, ref, true, &f), RES_OK);
	read_case(&b, ref, "count=1\n", &text);
	assert_non_null(
		strstr(buf_text(&text), "first_seen=2026-11-21T20:53:32Z\n"));
	assert_non_null(strstr(buf_text(&text), "ip=192.0.2.1\n"));
	assert_non_null(strstr(buf_text(&text), "net=192.0.2.1\n"));
	assert_non_null(strstr(buf_text(&text), "country=NL\n"));
	assert_non_null(strstr(buf_text(&text), "asn=64500\n"));
	assert_non_null(strstr(buf_text(&text), "code=BLOCKED_SELF\n"));
	assert_non_null(strstr(buf_text(&text), "key=rp:block:192.0.2.1\n"));
	assert_non_null(
		strstr(buf_text(&text), "reason=spam \\x0d\\x0a run\n"));
	assert_non_null(strstr(buf_text(&text), "until=2026-11-21T20:53:33Z"));
	assert_non_null(strstr(buf_text(&text), "sender_domain=example.org\n"));
	assert_non_null(strstr(buf_text(&text), "sender_hash="));
	assert_non_null(strstr(buf_text(&text), "spf=fail\n"));
	assert_non_null(strstr(buf_text(&text), "spf_record=v=spf1 -all\n"));
	assert_non_null(strstr(buf_text(&text), "iprev_reason=no name\n"));
	assert_non_null(strstr(buf_text(&text), "score=2.5\n"));
	assert_null(strstr(buf_text(&text), "dkim="));
	/* No address of a person, and nothing that is empty. */
	assert_null(strstr(buf_text(&text), "omeone"));
	assert_null(strstr(buf_text(&text), "other@"));
	assert_null(strstr(buf_text(&text), "reply="));
	buf_add_format(&key, "rp:case:%s", ref);
	assert_true(redis_server_do(b.rig.server,
		(const char *const[]){ "TTL", buf_text(&key), NULL }, life,
		sizeof(life)));
	assert_string_equal(life, "86400");
	assert_false(refer(&b, "192.0.2.1", f.code, "rp:block:192.0.2.1", ref));
	/* What counts on goes out together. */
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(case_record(b.cases, ref, false, &f), RES_OK);
	case_book_flush(b.cases);
	read_case(&b, ref, "count=6\n", &text);
	assert_non_null(strstr(buf_text(&text), "reason=spam"));
	close_book(&b);
	buf_clear(&text);
	buf_clear(&key);
}

/* What does not get away must come again with the next refusal. */
static void forgets_what_was_dropped(void **state)
{
	struct case_facts f = facts_of("192.0.2.1");
	char ref[CASE_REF_MAX], any[CASE_REF_MAX] = "0";
	struct book b;
	enum result res = RES_OK;

	(void)state;
	open_book(&b, "");
	/* Nobody takes from the queue. */
	for (unsigned i = 0; i < 20000 && res == RES_OK; i++)
		res = case_record(b.cases, any, true, &f);
	assert_string_equal(result_name(res), "full");
	assert_true(refer(&b, "192.0.2.1", f.code, "rp:block:192.0.2.1", ref));
	assert_string_equal(
		result_name(case_record(b.cases, ref, true, &f)), "full");
	assert_true(refer(&b, "192.0.2.1", f.code, "rp:block:192.0.2.1", ref));
	close_book(&b);
}

static void cuts_foreign_text(void **state)
{
	struct case_facts f = facts_of("192.0.2.1");
	struct slice auth[CASEAUTH_COUNT];
	char ref[CASE_REF_MAX];
	struct buf big, text;
	struct book b;

	(void)state;
	buf_init(&big, 200000);
	buf_init(&text, 131072);
	memset(buf_reserve(&big, 100000), 'x', 100000);
	buf_commit(&big, 100000);
	f.helo = f.reason = f.findings = f.sender = f.sender_domain =
		f.rcpt_domain = f.session = f.queue_id = f.reply = f.subject =
			buf_slice(&big);
	for (size_t i = 0; i < CASEAUTH_COUNT; i++)
		auth[i] = buf_slice(&big);
	f.auth = auth;
	open_book(&b, "");
	assert_int_equal(writer_start(b.writer), RES_OK);
	assert_true(refer(&b, "192.0.2.1", "C", "s", ref));
	assert_int_equal(case_record(b.cases, ref, true, &f), RES_OK);
	read_case(&b, ref, "count=1", &text);
	assert_in_range(text.len, 8192 + (CASEAUTH_COUNT - 2) * 1024,
		8192 + 5 * 255 + 3 * 1024 + 1024 +
			(CASEAUTH_COUNT - 2) * (1024 + 32) + 2 * (4096 + 32));
	close_book(&b);
	buf_clear(&big);
	buf_clear(&text);
}

static void keeps_secret(void **state)
{
	char path[FOLDER_PATH_MAX];
	struct stat st;
	struct buf one, two;
	struct book b;
	struct case_book *other = NULL;

	(void)state;
	buf_init(&one, 100);
	buf_init(&two, 100);
	open_book(&b, "");
	(void)folder_path(&b.rig.folder, "secret", path);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(file_read(path, &one), RES_OK);
	assert_int_equal(one.len, 32);
	assert_int_equal(
		case_book_open(&other, b.rig.conf, b.writer, &still), RES_OK);
	case_book_close(other);
	assert_int_equal(file_read(path, &two), RES_OK);
	assert_memory_equal(one.at, two.at, 32);
	/* Nothing is left beside it. */
	assert_int_equal(folder_count(&b.rig.folder), 1);
	close_book(&b);
	buf_clear(&one);
	buf_clear(&two);
}

static void tells_what_is_no_case(void **state)
{
	const struct redis_login login = { .timeout_ms = 5000 };
	char ref[CASE_REF_MAX], key[64] = "rp:case:";
	struct redis *r = NULL;
	struct buf out;
	struct rig rig;

	(void)state;
	buf_init(&out, 100);
	rig_make(&rig, NULL);
	assert_int_equal(
		redis_open(&r, &rig.conf->redis.servers[0], &login, NULL),
		RES_OK);
	case_ref_new(ref);
	assert_string_equal(result_name(case_read(r, slice_of("rp:"),
				    slice_of("nonsense"), note, &out)),
		"syntax");
	assert_string_equal(result_name(case_read(r, slice_of("rp:"),
				    slice_of(ref), note, &out)),
		"missing");
	memcpy(key + 8, ref, sizeof(ref));
	assert_true(REDIS_DO(rig.server, "SET", key, "x"));
	assert_string_equal(result_name(case_read(r, slice_of("rp:"),
				    slice_of(ref), note, &out)),
		"type");
	redis_close(r);
	rig_remove(&rig);
}

static const struct spelling plain = { "0123456789ABCDEFP", RES_OK };
static const struct spelling lower = { "0123456789abcdefp", RES_OK };
static const struct spelling confused = { "oL23456789abcdefp", RES_OK };
static const struct spelling dashed = { "-0i23-4567-89AB-CDEF-P-", RES_OK };
static const struct spelling empty = { "", RES_SYNTAX };
static const struct spelling shorter = { "0123456789ABCDEF", RES_SYNTAX };
static const struct spelling longer = { "0123456789ABCDEFP0", RES_SYNTAX };
static const struct spelling wrong = { "U123456789ABCDEFP", RES_SYNTAX };
static const struct spelling blank = { "0123456789ABCDEF P", RES_SYNTAX };
static const struct spelling dashes = {
	"-----------------------------------------------0123456789ABCDEFP----",
	RES_SYNTAX
};

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE("a reference that was made is read", reads_own, NULL),
		CASE("each wrong character is found", finds_each_slip, NULL),
		CASE("each swap of neighbours is found", finds_each_swap, NULL),
		CASE("a reference is read as it was made", folds_spelling,
			&plain),
		CASE("lower case is read", folds_spelling, &lower),
		CASE("O is zero, L is one", folds_spelling, &confused),
		CASE("dashes do not matter", folds_spelling, &dashed),
		CASE("nothing is no reference", folds_spelling, &empty),
		CASE("a shorter one is refused", folds_spelling, &shorter),
		CASE("a longer one is refused", folds_spelling, &longer),
		CASE("a U is refused", folds_spelling, &wrong),
		CASE("a blank inside is refused", folds_spelling, &blank),
		CASE("overlong text is refused", folds_spelling, &dashes),
		CASE("the same cause keeps its reference for a while",
			reuses_reference, NULL),
		CASE("so many causes are remembered and no more",
			remembers_so_many, NULL),
		CASE("evidence is written and counted", records_evidence, NULL),
		CASE("evidence that found no room comes again",
			forgets_what_was_dropped, NULL),
		CASE("foreign text is cut", cuts_foreign_text, NULL),
		CASE("the secret is made once, for its owner only",
			keeps_secret, NULL),
		CASE("what is no case is told apart", tells_what_is_no_case,
			NULL),
	};

	return cmocka_run_group_tests_name("store/case", cases, NULL, NULL);
}
