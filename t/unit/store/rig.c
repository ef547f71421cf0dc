/* SPDX-License-Identifier: BSD-2-Clause */
#include "unit/store/rig.h"

#include "base/buf.h"
#include "store/prefixes.h"
#include "store/redis.h"
#include "support/case.h"

#include <time.h>

int64_t rig_end(void)
{
	return clock_mono_ms(clock_system()) + RIG_WAIT_MS;
}

bool rig_goes_on(int64_t end)
{
	const struct timespec nap = { .tv_nsec = 1000000 };

	nanosleep(&nap, NULL);
	return clock_mono_ms(clock_system()) < end;
}

static const char *or_empty(const char *text)
{
	return text != NULL ? text : "";
}

struct conf *rig_conf(const char *socket, const struct folder *folder,
	const struct rig_text *more)
{
	static const struct rig_text nothing;
	struct conf *conf = NULL;
	struct buf text, errors;
	enum result res;

	if (more == NULL)
		more = &nothing;
	buf_init(&text, 8192);
	buf_init(&errors, 8192);
	buf_add_format(&text,
		"host = \"mx.example.net\"\n"
		"portal_url = \"https://postmaster.example.net\"\n"
		"milter { socket = \"inet:8894@127.0.0.1\"\n"
		"secret_file = \"%s/secret\" }\n",
		folder->path);
	if (more->servers != NULL)
		buf_add_format(&text, "redis { %s\n", more->servers);
	else
		buf_add_format(
			&text, "redis { servers = {\"unix:%s\"}\n", socket);
	buf_add_format(&text, "sync_timeout_ms = %d\nping_ms = 100\n%s }\n",
		more->is_patient ? 10000 : 400, or_empty(more->redis));
	buf_add_format(&text, "lists { snapshot = \"%s/lists.snap\"\n%s }\n",
		folder->path, or_empty(more->lists));
	buf_add_format(&text, "cases { %s }\n", or_empty(more->cases));
	res = conf_load_text("test", buf_slice(&text), &conf, &errors);
	if (res != RES_OK)
		print_message("# %s\n%s\n", buf_text(&errors), buf_text(&text));
	buf_clear(&text);
	buf_clear(&errors);
	assert_string_equal(result_name(res), "ok");
	return conf;
}

void rig_make(struct rig *r, const struct rig_text *more)
{
	*r = (struct rig){ 0 };
	r->server = redis_server_start();
	assert_non_null(r->server);
	folder_make(&r->folder);
	r->conf = rig_conf(redis_server_socket(r->server), &r->folder, more);
	assert_int_equal(
		mirror_open(&r->mirror, r->conf, clock_system()), RES_OK);
}

void rig_remove(struct rig *r)
{
	mirror_close(r->mirror);
	conf_release(r->conf);
	redis_server_stop(r->server);
	folder_remove(&r->folder);
}

void rig_go(struct rig *r, const struct rig_text *more)
{
	rig_make(r, more);
	assert_int_equal(mirror_start(r->mirror), RES_OK);
	assert_string_equal(
		result_name(mirror_wait_live(r->mirror, RIG_WAIT_MS)), "ok");
}

void rig_reopen(struct rig *r)
{
	mirror_close(r->mirror);
	r->mirror = NULL;
	assert_int_equal(
		mirror_open(&r->mirror, r->conf, clock_system()), RES_OK);
}

bool rig_is_listed(struct mirror *m, const char *text)
{
	struct prefix_hit hit[PREFIX_HITS_MAX];
	struct ipaddr ip;
	uint64_t version;
	size_t count;

	assert_int_equal(ipaddr_parse(&ip, slice_of(text)), RES_OK);
	return mirror_match(m, &ip, slice_of(""), hit, &count, &version) ==
		RES_OK &&
		count > 0;
}

struct mirror_status rig_status(struct mirror *m)
{
	struct mirror_status s;

	mirror_read_status(m, &s);
	return s;
}

void rig_wants(struct mirror *m, const char *ip, bool want)
{
	for (int64_t end = rig_end();
		rig_is_listed(m, ip) != want && rig_goes_on(end);)
		;
	if (rig_is_listed(m, ip) != want)
		print_message("# %s: listed %d\n", ip, !want);
	assert_int_equal(rig_is_listed(m, ip), want);
}

void rig_wants_state(struct mirror *m, enum mirror_state want)
{
	for (int64_t end = rig_end();
		rig_status(m).state != want && rig_goes_on(end);)
		;
	assert_string_equal(mirror_state_name(rig_status(m).state),
		mirror_state_name(want));
}

void rig_wants_entries(struct mirror *m, size_t want)
{
	for (int64_t end = rig_end();
		rig_status(m).entries != want && rig_goes_on(end);)
		;
	assert_int_equal(rig_status(m).entries, want);
}

void rig_wants_flags(struct mirror *m)
{
	for (int64_t end = rig_end(); (rig_status(m).details_unread > 0 ||
					      rig_status(m).pending > 0) &&
		rig_goes_on(end);)
		;
	assert_int_equal(rig_status(m).details_unread, 0);
}

void rig_fill(struct rig *r, size_t count)
{
	const struct redis_login login = { .timeout_ms = RIG_WAIT_MS };
	struct redis *c = NULL;
	struct redis_reply reply;

	assert_int_equal(
		redis_open(&c, &r->conf->redis.servers[0], &login, NULL),
		RES_OK);
	for (size_t i = 0; i < count;) {
		size_t from = i;
		struct buf key;

		for (; i < count && i < from + 1000; i++) {
			buf_init(&key, 64);
			buf_add_format(&key, "rp:block:10.%zu.%zu.%zu",
				i >> 16 & 255, i >> 8 & 255, i & 255);
			assert_int_equal(
				redis_append(c,
					(struct slice[]){ slice_of("SET"),
						buf_slice(&key),
						slice_of("x") },
					3),
				RES_OK);
			buf_clear(&key);
		}
		for (size_t n = from; n < i; n++)
			assert_int_equal(redis_read(c, &reply), RES_OK);
	}
	redis_close(c);
}
