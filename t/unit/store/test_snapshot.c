/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/snapshot.h"

#include "base/clock.h"
#include "base/file.h"
#include "store/chainfile.h"
#include "support/case.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MAX = 1 << 20 };

static const int64_t wall_start = INT64_C(1764000000000);

struct bench {
	char folder[32];
	char path[64];
	int64_t mono_ms;
	int64_t wall_ms;
	struct clock clock;
};

static int64_t mono_now(void *ctx)
{
	const struct bench *b = ctx;

	return b->mono_ms;
}

static int64_t wall_now(void *ctx)
{
	const struct bench *b = ctx;

	return b->wall_ms;
}

static int set_up(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));

	if (b == NULL)
		return -1;
	snprintf(b->folder, sizeof(b->folder), "/tmp/reprieve.XXXXXX");
	if (mkdtemp(b->folder) == NULL)
		return -1;
	snprintf(b->path, sizeof(b->path), "%s/lists.snap", b->folder);
	b->mono_ms = 500000;
	b->wall_ms = wall_start;
	b->clock = (struct clock){ mono_now, wall_now, b };
	*state = b;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *b = *state;
	char aside[80];

	snprintf(aside, sizeof(aside), "%s.tmp", b->path);
	unlink(aside);
	unlink(b->path);
	rmdir(b->folder);
	free(b);
	return 0;
}

static void add(
	struct prefixes *p, const char *key, unsigned flags, uint32_t expire_s)
{
	struct list_name name;
	struct prefix_key k = { &name, slice_of(key) };
	bool added;

	assert_int_equal(
		list_name_parse(&name, slice_of("rp:"), k.text), RES_OK);
	assert_int_equal(prefixes_put(p, &k, flags, expire_s, &added), RES_OK);
}

static struct prefixes *sample(void)
{
	struct prefixes *p = prefixes_new(1000, 10);

	assert_non_null(p);
	add(p, "rp:block:192.0.2.1", PREFIX_KNOWN, 0);
	add(p, "rp:block:192.0.2.1/32", PREFIX_KNOWN, 0);
	add(p, "rp:block:::ffff:192.0.2.1", PREFIX_KNOWN, 0);
	add(p, "rp:block:198.51.100.0/24", PREFIX_KNOWN | PREFIX_SHADOW, 600);
	add(p, "rp:allow@b.example:198.51.100.7", 0, 0);
	add(p, "rp:allow:2001:db8::/32", PREFIX_KNOWN | PREFIX_FORCE, 4000);
	add(p, "rp:block@b.example:2001:DB8::1", PREFIX_KNOWN, 0);
	add(p, "rp:block:0.0.0.0/0", PREFIX_KNOWN | PREFIX_IGNORED, 0);
	return p;
}

static void save_sample(struct bench *b)
{
	const struct snapshot_facts facts = { .generation = "gen-1",
		.synced_ms = wall_start - 5 };
	struct prefixes *p = sample();

	assert_int_equal(
		snapshot_save(b->path, p, slice_of("rp:"), &facts, &b->clock),
		RES_OK);
	prefixes_free(p);
}

static struct snapshot_load asking(void)
{
	struct snapshot_load load;

	memset(&load, 0, sizeof(load));
	load.prefix = slice_of("rp:");
	load.entries_max = 1000;
	load.scopes_max = 10;
	load.trust_max = 3;
	return load;
}

struct dump {
	char text[4096];
	size_t len;
};

static void dump_key(void *ctx, struct slice key)
{
	struct dump *d = ctx;

	d->len += (size_t)snprintf(d->text + d->len, sizeof(d->text) - d->len,
		" %.*s", SLICE_ARG(key));
}

static int by_line(const void *a, const void *b)
{
	const struct dump *x = a;
	const struct dump *y = b;

	return strcmp(x->text, y->text);
}

/* One line an entry, sorted: the seeds of two tables differ. */
static void write_out(const struct prefixes *p, char *out, size_t size)
{
	struct dump line[32];
	struct prefix_cursor c = { 0, false };
	struct prefix_entry e;
	size_t count = 0;
	size_t len = 0;
	size_t i;

	while (prefixes_next(p, &c, &e)) {
		struct list_name name;

		assert_true(count < 32);
		prefix_entry_name(&e, &name);
		line[count].len = (size_t)snprintf(line[count].text, 64,
			"%x %u:", e.flags, (unsigned)e.expire_s);
		prefixes_keys(
			p, &name, slice_of("rp:"), dump_key, &line[count++]);
	}
	qsort(line, count, sizeof(line[0]), by_line);
	out[0] = '\0';
	for (i = 0; i < count; i++)
		len += (size_t)snprintf(
			out + len, size - len, "%s\n", line[i].text);
}

/* All that a load gives. */
static void drop(struct prefixes *p, struct snapshot_load *load)
{
	prefixes_free(p);
	trustnames_free(load->facts.trust);
	load->facts.trust = NULL;
}

static void what_is_saved_comes_back(void **state)
{
	struct bench *b = *state;
	struct snapshot_load load = asking();
	struct prefixes *before = sample();
	struct prefixes *after;
	char want[4096];
	char got[4096];
	struct stat st;

	save_sample(b);
	assert_int_equal(stat(b->path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(
		snapshot_load(b->path, &load, &b->clock, &after), RES_OK);
	write_out(before, want, sizeof(want));
	write_out(after, got, sizeof(got));
	assert_string_equal(got, want);
	assert_string_equal(load.facts.generation, "gen-1");
	assert_int_equal(load.facts.synced_ms, wall_start - 5);
	assert_int_equal(load.expired, 0);
	assert_int_equal(prefixes_count(after), 6);
	assert_int_equal(prefixes_count_unknown(after), 1);
	prefixes_free(before);
	drop(after, &load);
}

static void an_empty_table_comes_back_empty(void **state)
{
	struct bench *b = *state;
	const struct snapshot_facts facts = { .generation = "",
		.synced_ms = 1 };
	struct snapshot_load load = asking();
	struct prefixes *p = prefixes_new(10, 10);
	struct prefixes *after;

	assert_int_equal(
		snapshot_save(b->path, p, slice_of("rp:"), &facts, &b->clock),
		RES_OK);
	assert_int_equal(
		snapshot_load(b->path, &load, &b->clock, &after), RES_OK);
	assert_int_equal(prefixes_count(after), 0);
	prefixes_free(p);
	drop(after, &load);
}

/* Saved at 500 s of the old boot with an entry that ends at 600 s. */
static void expiry_follows_the_wall_clock(void **state)
{
	struct bench *b = *state;
	struct snapshot_load load = asking();
	struct prefixes *after;
	struct list_name name;
	struct prefix_hit hit;

	save_sample(b);
	b->mono_ms = 7000;
	b->wall_ms = wall_start + 99 * 1000;
	assert_int_equal(
		snapshot_load(b->path, &load, &b->clock, &after), RES_OK);
	assert_int_equal(list_name_parse(&name, slice_of("rp:"),
				 slice_of("rp:block:198.51.100.0/24")),
		RES_OK);
	assert_true(prefixes_find(after, &name, &hit));
	assert_int_equal(hit.expire_s, 8);
	drop(after, &load);
	b->wall_ms = wall_start + 100 * 1000;
	assert_int_equal(
		snapshot_load(b->path, &load, &b->clock, &after), RES_OK);
	assert_false(prefixes_find(after, &name, &hit));
	assert_int_equal(load.expired, 1);
	assert_int_equal(prefixes_count(after), 5);
	drop(after, &load);
}

static void put_file(struct bench *b, const char *at, size_t len)
{
	int fd = open(b->path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, at, len), len);
	close(fd);
}

static void assert_refused(struct bench *b)
{
	struct snapshot_load load = asking();
	struct prefixes *p;

	assert_string_equal(
		result_name(snapshot_load(b->path, &load, &b->clock, &p)),
		"corrupt");
	assert_null(p);
	assert_true(load.why[0] != '\0');
	assert_null(strchr(load.why, '\n'));
}

static void a_file_cut_anywhere_is_refused(void **state)
{
	struct bench *b = *state;
	struct buf file;
	size_t len;

	save_sample(b);
	buf_init(&file, FILE_MAX);
	assert_int_equal(file_read(b->path, &file), RES_OK);
	for (len = 0; len < file.len; len++) {
		put_file(b, file.at, len);
		assert_refused(b);
	}
	buf_add_char(&file, 'x');
	put_file(b, file.at, file.len);
	assert_refused(b);
	buf_clear(&file);
}

static void a_change_of_any_octet_is_refused(void **state)
{
	static const char change[] = { 1, (char)0x80, (char)0xff, 0x20 };
	struct bench *b = *state;
	struct buf file;
	size_t i;
	size_t k;

	save_sample(b);
	buf_init(&file, FILE_MAX);
	assert_int_equal(file_read(b->path, &file), RES_OK);
	for (i = 0; i < file.len; i++) {
		for (k = 0; k < sizeof(change); k++) {
			file.at[i] = (char)(file.at[i] ^ change[k]);
			put_file(b, file.at, file.len);
			assert_refused(b);
			file.at[i] = (char)(file.at[i] ^ change[k]);
		}
	}
	buf_clear(&file);
}

static void another_prefix_is_refused(void **state)
{
	struct bench *b = *state;
	struct snapshot_load load = asking();
	struct prefixes *p;

	save_sample(b);
	load.prefix = slice_of("other:");
	assert_int_equal(
		snapshot_load(b->path, &load, &b->clock, &p), RES_CORRUPT);
	assert_string_equal(load.why, "is of another redis.prefix");
}

static void more_than_the_bounds_is_refused(void **state)
{
	struct bench *b = *state;
	struct snapshot_load load = asking();
	struct prefixes *p;

	save_sample(b);
	load.entries_max = 5;
	assert_int_equal(
		snapshot_load(b->path, &load, &b->clock, &p), RES_FULL);
	assert_null(p);
	load.entries_max = 6;
	load.scopes_max = 0;
	assert_int_equal(
		snapshot_load(b->path, &load, &b->clock, &p), RES_FULL);
	assert_null(p);
}

static void no_file_is_not_a_damaged_one(void **state)
{
	struct bench *b = *state;
	struct snapshot_load load = asking();
	struct prefixes *p;

	assert_int_equal(
		snapshot_load(b->path, &load, &b->clock, &p), RES_MISSING);
	assert_int_equal(
		snapshot_load(b->folder, &load, &b->clock, &p), RES_CORRUPT);
	assert_null(p);
}

static void a_failed_save_leaves_the_old_file(void **state)
{
	struct bench *b = *state;
	const struct snapshot_facts facts = { .generation = "gen-2",
		.synced_ms = 1 };
	struct snapshot_load load = asking();
	struct prefixes *p = sample();
	struct prefixes *after;
	char aside[80];
	int fd;

	save_sample(b);
	snprintf(aside, sizeof(aside), "%s.tmp", b->path);
	fd = open(aside, O_RDWR | O_CREAT, 0600);
	assert_true(fd >= 0);
	assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
	assert_int_equal(
		snapshot_save(b->path, p, slice_of("rp:"), &facts, &b->clock),
		RES_EXISTS);
	close(fd);
	assert_int_equal(
		snapshot_load(b->path, &load, &b->clock, &after), RES_OK);
	assert_string_equal(load.facts.generation, "gen-1");
	drop(after, &load);
	/* What a crash left aside does not stop the next one. */
	assert_int_equal(
		snapshot_save(b->path, p, slice_of("rp:"), &facts, &b->clock),
		RES_OK);
	assert_int_equal(access(aside, F_OK), -1);
	assert_int_equal(snapshot_save("/nowhere/at/all", p, slice_of("rp:"),
				 &facts, &b->clock),
		RES_MISSING);
	prefixes_free(p);
}

static void a_large_table_comes_back(void **state)
{
	struct bench *b = *state;
	const struct snapshot_facts facts = { .generation = "big",
		.synced_ms = 1 };
	struct snapshot_load load = asking();
	struct prefixes *p = prefixes_new(100000, 10);
	struct prefixes *after;
	struct prefix_cursor c = { 0, false };
	struct prefix_entry e;
	char key[64];
	unsigned i;

	for (i = 0; i < 60000; i++) {
		snprintf(key, sizeof(key),
			i % 3 == 0 ? "rp:block:2001:db8:%x:%x::/64"
				   : "rp:block:10.%u.%u.1",
			i >> 8, i & 255);
		add(p, key, i & 7, i);
	}
	assert_int_equal(
		snapshot_save(b->path, p, slice_of("rp:"), &facts, &b->clock),
		RES_OK);
	b->wall_ms -= 500000;
	b->mono_ms = 0;
	load.entries_max = 100000;
	assert_int_equal(
		snapshot_load(b->path, &load, &b->clock, &after), RES_OK);
	assert_int_equal(prefixes_count(after), prefixes_count(p));
	while (prefixes_next(p, &c, &e)) {
		struct list_name name;
		struct prefix_hit hit;

		prefix_entry_name(&e, &name);
		assert_true(prefixes_find(after, &name, &hit));
		assert_int_equal(hit.flags, e.flags);
		assert_int_equal(hit.expire_s, e.expire_s);
	}
	prefixes_free(p);
	drop(after, &load);
}

static void trust(struct trustnames *t, const char *key, uint32_t expire_s)
{
	struct trust_name name;

	assert_int_equal(
		trust_name_parse(&name, slice_of("rp:"), slice_of(key)),
		RES_OK);
	assert_int_equal(
		trustnames_put(t, &name, slice_of(key), expire_s), RES_OK);
}

static void trust_comes_back(void **state)
{
	struct bench *b = *state;
	struct snapshot_facts facts = { .generation = "g", .synced_ms = 1 };
	struct snapshot_load load = asking();
	struct prefixes *p = sample(), *after;

	facts.trust = trustnames_new(10);
	trust(facts.trust, "rp:trust:arc:Example.org", 0);
	trust(facts.trust, "rp:trust:list:l.example", 600);
	trust(facts.trust, "rp:trust:list:gone.example", 550);
	assert_int_equal(
		snapshot_save(b->path, p, slice_of("rp:"), &facts, &b->clock),
		RES_OK);
	b->wall_ms += 60000;
	b->mono_ms = 0;
	assert_int_equal(
		snapshot_load(b->path, &load, &b->clock, &after), RES_OK);
	assert_int_equal(prefixes_count(after), prefixes_count(p));
	assert_int_equal(trustnames_count(load.facts.trust), 2);
	assert_true(trustnames_has(
		load.facts.trust, TRUST_ARC, slice_of("example.org"), 1000));
	assert_true(trustnames_has(
		load.facts.trust, TRUST_LIST, slice_of("l.example"), 39));
	assert_false(trustnames_has(
		load.facts.trust, TRUST_LIST, slice_of("l.example"), 40));
	drop(after, &load);
	/* A smaller bound must not cost the lists. */
	load = asking();
	load.trust_max = 1;
	assert_int_equal(
		snapshot_load(b->path, &load, &b->clock, &after), RES_OK);
	assert_int_equal(trustnames_count(load.facts.trust), 1);
	drop(after, &load);
	trustnames_free(facts.trust);
	prefixes_free(p);
}

/* Head and empty lists of a file as version wrote it, and more behind it. */
static void write_file(struct bench *b, unsigned version, const char *more)
{
	struct chain *c = malloc(sizeof(*c));
	int fd = open(b->path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_non_null(c);
	assert_true(fd >= 0);
	chain_write_init(c, fd);
	chain_put(c, "RPLISTS\n", 8);
	chain_put_number(c, version, 4);
	chain_put_number(c, 3, 2);
	chain_put(c, "rp:", 3);
	chain_put_number(c, 7000, 8);
	chain_put_number(c, 0, 2);
	chain_put_number(c, 0, 8);
	chain_put_number(c, 0, 8);
	if (more != NULL) {
		chain_put_number(c, 1, 4);
		chain_put_number(c, 0, 4);
		chain_put_number(c, strlen(more), 2);
		chain_put(c, more, strlen(more));
	}
	assert_int_equal(chain_write_end(c), RES_OK);
	close(fd);
	free(c);
}

static void a_file_from_before_trust_is_read(void **state)
{
	struct bench *b = *state;
	struct snapshot_load load = asking();
	struct prefixes *after;

	write_file(b, 1, NULL);
	assert_int_equal(
		snapshot_load(b->path, &load, &b->clock, &after), RES_OK);
	assert_int_equal(load.facts.synced_ms, 7000);
	assert_int_equal(trustnames_count(load.facts.trust), 0);
	drop(after, &load);
}

static void trust_in_nonsense_is_refused(void **state)
{
	static const char *const bad[] = { "rp:trust:arc:com", "",
		"rp:trust:", "xx:trust:arc:example.org", "rp:block:192.0.2.1" };
	struct bench *b = *state;
	struct snapshot_load load = asking();
	struct prefixes *after;

	write_file(b, 2, "rp:trust:arc:example.org");
	assert_int_equal(
		snapshot_load(b->path, &load, &b->clock, &after), RES_OK);
	drop(after, &load);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		write_file(b, 2, bad[i]);
		assert_int_equal(
			snapshot_load(b->path, &load, &b->clock, &after),
			RES_CORRUPT);
		assert_null(load.facts.trust);
	}
}

#define WITH_FILE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest cases[] = {
		WITH_FILE(what_is_saved_comes_back),
		WITH_FILE(an_empty_table_comes_back_empty),
		WITH_FILE(expiry_follows_the_wall_clock),
		WITH_FILE(a_file_cut_anywhere_is_refused),
		WITH_FILE(a_change_of_any_octet_is_refused),
		WITH_FILE(another_prefix_is_refused),
		WITH_FILE(more_than_the_bounds_is_refused),
		WITH_FILE(no_file_is_not_a_damaged_one),
		WITH_FILE(a_failed_save_leaves_the_old_file),
		WITH_FILE(a_large_table_comes_back),
		WITH_FILE(trust_comes_back),
		WITH_FILE(a_file_from_before_trust_is_read),
		WITH_FILE(trust_in_nonsense_is_refused),
	};

	return cmocka_run_group_tests_name("store/snapshot", cases, NULL, NULL);
}
