/* SPDX-License-Identifier: BSD-2-Clause */
#include "geo/geoip.h"

#include "base/file.h"
#include "fact/conn.h"
#include "support/case.h"
#include "support/folder.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FILE_MAX = 1 << 20, PATH_LEN = 512 };

static struct ipaddr address(const char *text)
{
	struct ipaddr ip;

	assert_int_equal(ipaddr_parse(&ip, slice_of(text)), RES_OK);
	return ip;
}

static const char *data_path(const char *name, char out[PATH_LEN])
{
	const char *top = getenv("top_srcdir");

	snprintf(out, PATH_LEN, "%s/t/data/geo/%s", top == NULL ? "." : top,
		name);
	return out;
}

static void read_data(const char *name, struct buf *out)
{
	char path[PATH_LEN];

	buf_init(out, FILE_MAX);
	assert_int_equal(file_read(data_path(name, path), out), RES_OK);
}

/* In place, as "cp" does; the file is the same, shorter or longer. */
static void overwrite(const char *path, struct slice text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(text.at, 1, text.len, f), text.len);
	assert_int_equal(fclose(f), 0);
}

static struct geoip *open_files(
	const char *country, const char *asn, size_t size_max)
{
	const struct geoip_options options = {
		.path = { country, asn }, .check_s = 1, .size_max = size_max
	};
	struct geoip *g;

	assert_int_equal(geoip_open(&g, &options), RES_OK);
	return g;
}

static const char *describe(struct geoip *g, const char *ip, char out[PATH_LEN])
{
	struct ipaddr a = address(ip);
	struct geoip_place place;

	geoip_find(g, &a, &place);
	snprintf(out, PATH_LEN, "%s %lu %s", place.country,
		(unsigned long)place.asn, place.organisation);
	return out;
}

static void assert_place(struct geoip *g, const char *ip, const char *want)
{
	char got[PATH_LEN];

	assert_string_equal(describe(g, ip, got), want);
}

/* ---- what is found ---- */

struct row {
	const char *country;
	const char *asn;
	const char *ip;
	const char *want;
};

static void finds(void **state)
{
	const struct row *row = *state;
	char country[PATH_LEN] = "", asn[PATH_LEN] = "";
	struct geoip *g;

	if (row->country != NULL)
		data_path(row->country, country);
	if (row->asn != NULL)
		data_path(row->asn, asn);
	g = open_files(country, asn, FILE_MAX);
	assert_place(g, row->ip, row->want);
	geoip_close(g);
}

#define FINDS(name, ...) CASE(name, finds, (&(struct row){ __VA_ARGS__ }))

/* ---- files that come and go ---- */

struct place {
	struct folder folder;
	char path[FOLDER_PATH_MAX];
	struct geoip *g;
};

static void begin(struct place *p, const char *first)
{
	struct buf text;

	folder_make(&p->folder);
	folder_path(&p->folder, "country.mmdb", p->path);
	if (first != NULL) {
		read_data(first, &text);
		overwrite(p->path, buf_slice(&text));
		buf_clear(&text);
	}
	p->g = open_files(p->path, "", FILE_MAX);
}

static void end(struct place *p)
{
	geoip_close(p->g);
	folder_remove(&p->folder);
}

static struct geoip_status status_of(struct place *p)
{
	struct geoip_status status;

	geoip_read_status(p->g, GEOIP_COUNTRY, &status);
	return status;
}

static void replace(struct place *p, const char *name)
{
	struct buf text;

	read_data(name, &text);
	assert_int_equal(file_write(p->path, 0644, buf_slice(&text)), RES_OK);
	buf_clear(&text);
	geoip_check(p->g);
}

static void takes_new(void **state)
{
	struct place p;

	(void)state;
	begin(&p, "country.mmdb");
	assert_place(p.g, "192.0.2.1", "NL 0 ");
	replace(&p, "newer.mmdb");
	assert_place(p.g, "192.0.2.1", "FR 0 ");
	assert_place(p.g, "198.51.100.1", " 0 ");
	assert_int_equal(status_of(&p).loads, 2);
	assert_int_equal(status_of(&p).built_s, 1764000000);
	end(&p);
}

static void takes_late(void **state)
{
	struct place p;

	(void)state;
	begin(&p, NULL);
	assert_place(p.g, "192.0.2.1", " 0 ");
	assert_false(status_of(&p).is_serving);
	geoip_check(p.g);
	geoip_check(p.g);
	assert_int_equal(status_of(&p).failures, 1);
	replace(&p, "country.mmdb");
	assert_true(status_of(&p).is_serving);
	assert_place(p.g, "192.0.2.1", "NL 0 ");
	end(&p);
}

static void keeps_when_gone(void **state)
{
	struct place p;

	(void)state;
	begin(&p, "country.mmdb");
	assert_int_equal(unlink(p.path), 0);
	geoip_check(p.g);
	assert_place(p.g, "192.0.2.1", "NL 0 ");
	assert_true(status_of(&p).is_serving);
	assert_int_equal(status_of(&p).failures, 1);
	end(&p);
}

/* Each length that a slow writer can have come to. */
static void keeps_when_half(void **state)
{
	struct place p;
	struct buf text;

	(void)state;
	begin(&p, "country.mmdb");
	read_data("newer.mmdb", &text);
	for (size_t len = 0; len < text.len; len++) {
		overwrite(p.path, slice_make(text.at, len));
		geoip_check(p.g);
		assert_place(p.g, "192.0.2.1", "NL 0 ");
	}
	overwrite(p.path, buf_slice(&text));
	geoip_check(p.g);
	assert_place(p.g, "192.0.2.1", "FR 0 ");
	buf_clear(&text);
	end(&p);
}

/* Written over from the front, with the end of the old one still behind. */
static void keeps_when_mixed(void **state)
{
	struct place p;
	struct buf old, mixed;

	(void)state;
	begin(&p, "country.mmdb");
	read_data("country.mmdb", &old);
	buf_init(&mixed, FILE_MAX);
	for (size_t i = 0; i < 600; i++)
		buf_add_char(&mixed, (char)0xff);
	buf_add(&mixed, slice_part(buf_slice(&old), 600, old.len));
	overwrite(p.path, buf_slice(&mixed));
	geoip_check(p.g);
	assert_place(p.g, "192.0.2.1", "NL 0 ");
	assert_int_equal(status_of(&p).failures, 1);
	buf_clear(&mixed);
	buf_clear(&old);
	end(&p);
}

/* Were it mapped itself, this would end the process with SIGBUS. */
static void survives_cut(void **state)
{
	struct place p;

	(void)state;
	begin(&p, "country.mmdb");
	assert_int_equal(truncate(p.path, 0), 0);
	assert_place(p.g, "192.0.2.1", "NL 0 ");
	assert_place(p.g, "2001:db8::1", "PT 0 ");
	end(&p);
}

static void refuses_kind(void **state)
{
	struct place p;

	(void)state;
	begin(&p, "asn.mmdb");
	assert_false(status_of(&p).is_serving);
	assert_place(p.g, "192.0.2.1", " 0 ");
	end(&p);
}

static void refuses_large(void **state)
{
	char path[PATH_LEN];
	struct geoip_status status;
	struct geoip *g = open_files(data_path("country.mmdb", path), "", 1000);

	(void)state;
	geoip_read_status(g, GEOIP_COUNTRY, &status);
	assert_false(status.is_serving);
	assert_int_equal(status.failures, 1);
	geoip_close(g);
}

static void leaves_nothing(void **state)
{
	struct place p;

	(void)state;
	begin(&p, "country.mmdb");
	assert_int_equal(setenv("TMPDIR", p.folder.path, 1), 0);
	replace(&p, "newer.mmdb");
	assert_place(p.g, "192.0.2.1", "FR 0 ");
	overwrite(p.path, slice_of("none"));
	geoip_check(p.g);
	assert_int_equal(folder_count(&p.folder), 1);
	unsetenv("TMPDIR");
	end(&p);
}

/* ---- threads ---- */

enum { READERS = 8, ROUNDS = 200 };

struct reader {
	struct geoip *g;
	atomic_bool is_over;
	atomic_uint wrong;
};

static void *read_on(void *ctx)
{
	struct reader *r = ctx;
	char got[PATH_LEN];

	while (!atomic_load(&r->is_over)) {
		describe(r->g, "192.0.2.1", got);
		if (strcmp(got, "NL 0 ") != 0 && strcmp(got, "FR 0 ") != 0)
			atomic_fetch_add(&r->wrong, 1);
	}
	return NULL;
}

static void replaces_under_readers(void **state)
{
	struct place p;
	struct reader r;
	pthread_t thread[READERS];

	(void)state;
	begin(&p, "country.mmdb");
	r.g = p.g;
	atomic_init(&r.is_over, false);
	atomic_init(&r.wrong, 0);
	for (int i = 0; i < READERS; i++)
		assert_int_equal(
			pthread_create(&thread[i], NULL, read_on, &r), 0);
	for (int i = 0; i < ROUNDS; i++)
		replace(&p, i % 2 == 0 ? "newer.mmdb" : "country.mmdb");
	atomic_store(&r.is_over, true);
	for (int i = 0; i < READERS; i++)
		pthread_join(thread[i], NULL);
	assert_int_equal(atomic_load(&r.wrong), 0);
	assert_int_equal(status_of(&p).loads, ROUNDS + 1);
	end(&p);
}

/* By itself, without anybody who asks. */
static void looks_again(void **state)
{
	struct place p;
	struct buf text;

	(void)state;
	begin(&p, "country.mmdb");
	assert_int_equal(geoip_start(p.g), RES_OK);
	read_data("newer.mmdb", &text);
	assert_int_equal(file_write(p.path, 0644, buf_slice(&text)), RES_OK);
	for (int i = 0; i < 2000 && status_of(&p).loads < 2; i++)
		usleep(10000);
	assert_place(p.g, "192.0.2.1", "FR 0 ");
	buf_clear(&text);
	end(&p);
}

static void fills_conn(void **state)
{
	char country[PATH_LEN], asn[PATH_LEN];
	struct geoip *g = open_files(data_path("country.mmdb", country),
		data_path("asn.mmdb", asn), FILE_MAX);
	struct conn c = { .kind = CONN_REMOTE, .ip = address("192.0.2.9") };
	struct conn local = { .kind = CONN_LOCAL, .ip = address("192.0.2.9") };

	(void)state;
	geoip_conn(g, &c);
	assert_string_equal(c.country, "NL");
	assert_int_equal(c.asn, 64500);
	geoip_conn(g, &local);
	assert_int_equal(local.asn, 0);
	geoip_conn(NULL, &c);
	assert_string_equal(c.country, "");
	geoip_close(g);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		FINDS("an address has its country and its network",
			"country.mmdb", "asn.mmdb", "192.0.2.1",
			"NL 64500 Example Networks"),
		FINDS("the narrower network counts", "country.mmdb", NULL,
			"192.0.2.200", "BR 0 "),
		FINDS("an IPv6 address, a number of four octets",
			"country.mmdb", "asn.mmdb", "2001:db8::1",
			"PT 4200000000 Example Six"),
		FINDS("an address that nobody has", "country.mmdb", "asn.mmdb",
			"203.0.113.1", " 0 "),
		FINDS("a name that is not plain text", NULL, "asn.mmdb",
			"198.51.100.1", " 64501 Caf?? Hosting"),
		FINDS("no file at all", NULL, NULL, "192.0.2.1", " 0 "),
		FINDS("fields in the shape of MaxMind", "nested.mmdb", NULL,
			"192.0.2.1", "NL 0 "),
		FINDS("where it was registered is not where it is",
			"nested.mmdb", NULL, "198.51.100.1", " 0 "),
		FINDS("one file for both, with numbers as text", "both.mmdb",
			"both.mmdb", "192.0.2.1", "NL 64500 Example Networks"),
		FINDS("empty fields tell nothing", "both.mmdb", "both.mmdb",
			"203.0.113.1", " 0 "),
		FINDS("an IPv6 address in a file of IPv4", "both.mmdb",
			"both.mmdb", "2001:db8::1", " 0 "),
		CASE("a file that is replaced takes over", takes_new, NULL),
		CASE("a file that comes later is used from then on", takes_late,
			NULL),
		CASE("a file that is gone goes on serving", keeps_when_gone,
			NULL),
		CASE("a half-written file changes nothing, whatever its length",
			keeps_when_half, NULL),
		CASE("a file half written over changes nothing",
			keeps_when_mixed, NULL),
		CASE("a file cut short in place goes on serving", survives_cut,
			NULL),
		CASE("a file of networks is none of countries", refuses_kind,
			NULL),
		CASE("a file over geo.size_max is not used", refuses_large,
			NULL),
		CASE("no copy is left behind", leaves_nothing, NULL),
		CASE("a file can be replaced while others look",
			replaces_under_readers, NULL),
		CASE("a new file is found without anybody who asks",
			looks_again, NULL),
		CASE("a remote client gets country and network, a local one none",
			fills_conn, NULL),
	};

	return cmocka_run_group_tests_name("geo/geoip", cases, NULL, NULL);
}
