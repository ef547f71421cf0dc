/* SPDX-License-Identifier: BSD-2-Clause */
#include "geo/geoip.h"

#include "base/fairlock.h"
#include "base/log.h"
#include "base/wake.h"
#include "conf/conf.h"
#include "fact/conn.h"
#include "geo/geofile.h"

#include <maxminddb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	PATH_WORDS = 3, /* of a look-up path, with its NULL */
	SAMPLES = 4096 /* entries of a new file that are read */
};

/* A database in memory. */
struct base {
	MMDB_s mmdb;
	uint64_t octets;
};

struct source {
	char *path; /* "": none */
	struct base *base; /* under lock of geoip; NULL: off */
	struct geofile_id tried; /* the last that was read, or could not */
	enum result trouble; /* that was told; RES_OK: none */
	struct geoip_status status; /* under status_lock */
};

struct geoip {
	struct source source[GEOIP_FILES];
	unsigned check_s;
	size_t size_max;
	pthread_rwlock_t lock;
	pthread_mutex_t status_lock;
	pthread_mutex_t stop_lock;
	pthread_cond_t stop_cond;
	bool is_stopping;
	bool is_started;
	pthread_t thread;
};

const char *geoip_file_name(enum geoip_file f)
{
	switch (f) {
	case GEOIP_COUNTRY:
		return "country";
	case GEOIP_ASN:
		return "asn";
	case GEOIP_FILES:
		break;
	}
	return "unknown";
}

/* ---- what a database says ---- */

static const char *const country_paths[][PATH_WORDS] = {
	{ "country", "iso_code", NULL },
	{ "country_code", NULL, NULL },
	{ "country", NULL, NULL },
};

static const char *const asn_paths[][PATH_WORDS] = {
	{ "autonomous_system_number", NULL, NULL },
	{ "as_number", NULL, NULL },
	{ "asn", NULL, NULL },
};

static const char *const name_paths[][PATH_WORDS] = {
	{ "autonomous_system_organization", NULL, NULL },
	{ "as_organization", NULL, NULL },
	{ "as_name", NULL, NULL },
	{ "as_domain", NULL, NULL },
};

/*
 * The value behind one path. RES_MISSING: there is none; RES_CORRUPT: the file
 * is broken there.
 */
static enum result value_at(
	MMDB_entry_s *entry, const char *const *path, MMDB_entry_data_s *data)
{
	int code = MMDB_aget_value(entry, data, path);

	if (code == MMDB_LOOKUP_PATH_DOES_NOT_MATCH_DATA_ERROR ||
		(code == MMDB_SUCCESS && !data->has_data))
		return RES_MISSING;
	return code == MMDB_SUCCESS ? RES_OK : RES_CORRUPT;
}

static struct slice text_of(const MMDB_entry_data_s *data)
{
	if (data->type != MMDB_DATA_TYPE_UTF8_STRING)
		return slice_of("");
	return slice_make(data->utf8_string, data->data_size);
}

static bool take_country(const MMDB_entry_data_s *data, struct geoip_place *out)
{
	struct slice text = text_of(data);

	if (text.len != 2)
		return false;
	for (size_t i = 0; i < 2; i++) {
		char c = text.at[i];

		if (c >= 'a' && c <= 'z')
			c = (char)(c - 'a' + 'A');
		if (c < 'A' || c > 'Z')
			return false;
		out->country[i] = c;
	}
	out->country[2] = '\0';
	return true;
}

static bool take_asn(const MMDB_entry_data_s *data, struct geoip_place *out)
{
	struct slice text = text_of(data);
	uint64_t number = 0;

	if (data->type == MMDB_DATA_TYPE_UINT32)
		number = data->uint32;
	else if (data->type == MMDB_DATA_TYPE_UINT16)
		number = data->uint16;
	else if (data->type == MMDB_DATA_TYPE_UINT64)
		number = data->uint64;
	if (slice_has_prefix_nocase(text, slice_of("AS")))
		text = slice_part(text, 2, text.len);
	if (text.len > 0 &&
		slice_parse_u64(text, 1, UINT32_MAX, &number) != RES_OK)
		return false;
	if (number == 0 || number > UINT32_MAX)
		return false;
	out->asn = (uint32_t)number;
	return true;
}

/* It goes into logs, pages and cases: what is no plain text becomes "?". */
static bool take_name(const MMDB_entry_data_s *data, struct geoip_place *out)
{
	struct slice text = text_of(data);
	size_t len = text.len < GEOIP_NAME_MAX ? text.len : GEOIP_NAME_MAX - 1;

	for (size_t i = 0; i < len; i++)
		out->organisation[i] = text.at[i] >= ' ' && text.at[i] <= '~'
			? text.at[i]
			: '?';
	out->organisation[len] = '\0';
	return len > 0;
}

typedef bool take_value(const MMDB_entry_data_s *data, struct geoip_place *out);

static enum result take_first(MMDB_entry_s *entry,
	const char *const (*paths)[PATH_WORDS], size_t count, take_value *take,
	struct geoip_place *out)
{
	MMDB_entry_data_s data;

	for (size_t i = 0; i < count; i++) {
		enum result res = value_at(entry, paths[i], &data);

		if (res == RES_CORRUPT)
			return res;
		if (res == RES_OK && take(&data, out))
			return RES_OK;
	}
	return RES_MISSING;
}

#define COUNT_OF(paths) (sizeof(paths) / sizeof((paths)[0]))

/* RES_MISSING: nothing of what this file is for; RES_CORRUPT. */
static enum result read_entry(
	MMDB_entry_s *entry, enum geoip_file f, struct geoip_place *out)
{
	enum result res;

	if (f == GEOIP_COUNTRY)
		return take_first(entry, country_paths, COUNT_OF(country_paths),
			take_country, out);
	res = take_first(entry, asn_paths, COUNT_OF(asn_paths), take_asn, out);
	if (res == RES_OK &&
		take_first(entry, name_paths, COUNT_OF(name_paths), take_name,
			out) == RES_CORRUPT)
		res = RES_CORRUPT;
	return res;
}

/* ---- is a file whole? ---- */

/* What the records of the tree lead to, as far as it was looked at. */
struct survey {
	uint64_t entries;
	uint64_t stride; /* each of so many is read */
	bool has_known; /* one that says what the file is for */
};

static enum result survey_record(
	struct survey *s, uint8_t type, MMDB_entry_s *entry, enum geoip_file f)
{
	struct geoip_place place = { .asn = 0 };
	enum result res;

	if (type == MMDB_RECORD_TYPE_INVALID)
		return RES_CORRUPT;
	if (type != MMDB_RECORD_TYPE_DATA || s->entries++ % s->stride != 0)
		return RES_OK;
	res = read_entry(entry, f, &place);
	s->has_known = s->has_known || res == RES_OK;
	return res == RES_MISSING ? RES_OK : res;
}

/* RES_CORRUPT; RES_TYPE: a database, but not one of this kind. */
static enum result check_base(const MMDB_s *mmdb, enum geoip_file f)
{
	uint32_t count = mmdb->metadata.node_count;
	struct survey s = { .stride = count / SAMPLES + 1 };
	MMDB_search_node_s node;

	for (uint32_t i = 0; i < count; i++) {
		if (MMDB_read_node(mmdb, i, &node) != MMDB_SUCCESS ||
			survey_record(&s, node.left_record_type,
				&node.left_record_entry, f) != RES_OK ||
			survey_record(&s, node.right_record_type,
				&node.right_record_entry, f) != RES_OK)
			return RES_CORRUPT;
	}
	return s.has_known ? RES_OK : RES_TYPE;
}

static void free_base(struct base *b)
{
	if (b == NULL)
		return;
	MMDB_close(&b->mmdb);
	free(b);
}

static enum result map_base(
	const char *copy, enum geoip_file f, struct base **out)
{
	struct base *b = calloc(1, sizeof(*b));
	enum result res;
	int code;

	if (b == NULL)
		return RES_NOMEM;
	code = MMDB_open(copy, MMDB_MODE_MMAP, &b->mmdb);
	if (code != MMDB_SUCCESS) {
		free(b);
		return code == MMDB_OUT_OF_MEMORY_ERROR ? RES_NOMEM
							: RES_CORRUPT;
	}
	res = check_base(&b->mmdb, f);
	if (res != RES_OK) {
		free_base(b);
		return res;
	}
	*out = b;
	return RES_OK;
}

static enum result load_base(const struct geoip *g, const struct source *s,
	enum geoip_file f, struct geofile_id *id, struct base **out)
{
	char copy[PATH_MAX];
	enum result res = geofile_copy(s->path, g->size_max, id, copy);

	if (res != RES_OK)
		return res;
	res = map_base(copy, f, out);
	unlink(copy);
	if (res == RES_OK)
		(*out)->octets = id->size;
	return res;
}

/* ---- looking at the files ---- */

static const char *trouble_text(enum result res)
{
	switch (res) {
	case RES_MISSING:
		return "there is no such file";
	case RES_DENIED:
		return "it may not be read";
	case RES_TOOBIG:
		return "it is larger than geo.size_max";
	case RES_TYPE:
		return "it holds nothing of this kind";
	case RES_CORRUPT:
		return "it is no whole database";
	case RES_FULL:
		return "there is no room in TMPDIR for a copy";
	case RES_OK:
	case RES_SYNTAX:
	case RES_RANGE:
	case RES_NOMEM:
	case RES_TIMEOUT:
	case RES_DOWN:
	case RES_EXISTS:
	case RES_READONLY:
	case RES_INTERNAL:
		break;
	}
	return result_name(res);
}

static void tell_trouble(
	struct source *s, enum geoip_file f, enum result trouble)
{
	if (s->trouble == trouble)
		return;
	s->trouble = trouble;
	if (trouble != RES_OK)
		log_message(LOG_LEVEL_WARNING, "geo", "geo.%s: %s: %s; %s",
			geoip_file_name(f), s->path, trouble_text(trouble),
			s->base != NULL ? "the one before goes on serving"
					: "it is off");
}

static void put_base(
	struct geoip *g, struct source *s, enum geoip_file f, struct base *b)
{
	struct base *old = s->base;

	pthread_rwlock_wrlock(&g->lock);
	s->base = b;
	pthread_rwlock_unlock(&g->lock);
	free_base(old);
	pthread_mutex_lock(&g->status_lock);
	s->status.is_serving = true;
	s->status.loads++;
	s->status.octets = b->octets;
	s->status.built_s = (int64_t)b->mmdb.metadata.build_epoch;
	pthread_mutex_unlock(&g->status_lock);
	log_message(LOG_LEVEL_INFO, "geo", "geo.%s: %s is in use, %llu octets",
		geoip_file_name(f), s->path, (unsigned long long)b->octets);
}

static void look_at(struct geoip *g, struct source *s, enum geoip_file f)
{
	struct geofile_id now;
	struct base *b = NULL;
	enum result res;

	if (*s->path == '\0')
		return;
	res = geofile_identify(s->path, &now);
	if (res == RES_OK && geofile_is_same(&now, &s->tried))
		return;
	/* Gone for good, or for the moment of a rename: what we have serves. */
	if (res == RES_OK)
		res = load_base(g, s, f, &s->tried, &b);
	else
		s->tried = now;
	if (res == RES_OK) {
		put_base(g, s, f, b);
	} else if (s->trouble != res) {
		pthread_mutex_lock(&g->status_lock);
		s->status.failures++;
		pthread_mutex_unlock(&g->status_lock);
	}
	tell_trouble(s, f, res);
}

void geoip_check(struct geoip *g)
{
	for (unsigned f = 0; f < GEOIP_FILES; f++)
		look_at(g, &g->source[f], f);
}

static bool wait_for_stop(struct geoip *g)
{
	const struct timespec until = wake_in((int64_t)g->check_s * 1000);
	int code = 0;
	bool is_stopping;

	pthread_mutex_lock(&g->stop_lock);
	while (!g->is_stopping && code == 0)
		code = pthread_cond_timedwait(
			&g->stop_cond, &g->stop_lock, &until);
	is_stopping = g->is_stopping;
	pthread_mutex_unlock(&g->stop_lock);
	return is_stopping;
}

static void *watch(void *ctx)
{
	struct geoip *g = ctx;

	while (!wait_for_stop(g))
		geoip_check(g);
	return NULL;
}

/* ---- birth and death ---- */

static void init_locks(struct geoip *g)
{
	fairlock_init(&g->lock);
	pthread_mutex_init(&g->status_lock, NULL);
	pthread_mutex_init(&g->stop_lock, NULL);
	wake_init(&g->stop_cond);
}

enum result geoip_open(struct geoip **out, const struct geoip_options *options)
{
	struct geoip *g = calloc(1, sizeof(*g));

	*out = NULL;
	if (g == NULL)
		return RES_NOMEM;
	init_locks(g);
	g->check_s = options->check_s;
	g->size_max = options->size_max;
	for (unsigned f = 0; f < GEOIP_FILES; f++) {
		g->source[f].path = strdup(options->path[f]);
		if (g->source[f].path == NULL) {
			geoip_close(g);
			return RES_NOMEM;
		}
		g->source[f].status.is_set = *options->path[f] != '\0';
	}
	geoip_check(g);
	*out = g;
	return RES_OK;
}

enum result geoip_open_conf(struct geoip **out, const struct conf *conf)
{
	const struct geoip_options options = {
		.path = { conf->geo.country, conf->geo.asn },
		.check_s = conf->geo.check_s,
		.size_max = conf->geo.size_max,
	};

	return geoip_open(out, &options);
}

enum result geoip_start(struct geoip *g)
{
	bool is_wanted = g->source[GEOIP_COUNTRY].status.is_set ||
		g->source[GEOIP_ASN].status.is_set;

	if (!is_wanted || g->is_started)
		return RES_OK;
	if (pthread_create(&g->thread, NULL, watch, g) != 0)
		return RES_NOMEM;
	g->is_started = true;
	return RES_OK;
}

void geoip_close(struct geoip *g)
{
	if (g == NULL)
		return;
	pthread_mutex_lock(&g->stop_lock);
	g->is_stopping = true;
	pthread_cond_signal(&g->stop_cond);
	pthread_mutex_unlock(&g->stop_lock);
	if (g->is_started)
		pthread_join(g->thread, NULL);
	for (unsigned f = 0; f < GEOIP_FILES; f++) {
		free_base(g->source[f].base);
		free(g->source[f].path);
	}
	pthread_cond_destroy(&g->stop_cond);
	pthread_mutex_destroy(&g->stop_lock);
	pthread_mutex_destroy(&g->status_lock);
	pthread_rwlock_destroy(&g->lock);
	free(g);
}

/* ---- questions ---- */

struct address {
	struct sockaddr_storage any;
};

static void fill_sockaddr(const struct ipaddr *ip, struct address *out)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };

	memset(out, 0, sizeof(*out));
	if (ipaddr_is_v4(ip)) {
		v4.sin_addr.s_addr = htonl(ipaddr_v4(ip));
		memcpy(&out->any, &v4, sizeof(v4));
		return;
	}
	memcpy(&v6.sin6_addr, ip->octet, sizeof(ip->octet));
	memcpy(&out->any, &v6, sizeof(v6));
}

static void ask(const struct base *b, enum geoip_file f,
	const struct address *address, struct geoip_place *out)
{
	struct geoip_place found = *out;
	MMDB_lookup_result_s hit;
	int code = MMDB_SUCCESS;

	if (b == NULL)
		return;
	/* An IPv6 address in a file of IPv4 is an error: not known. */
	hit = MMDB_lookup_sockaddr(
		&b->mmdb, (const struct sockaddr *)&address->any, &code);
	if (code == MMDB_SUCCESS && hit.found_entry &&
		read_entry(&hit.entry, f, &found) == RES_OK)
		*out = found;
}

void geoip_find(
	struct geoip *g, const struct ipaddr *ip, struct geoip_place *out)
{
	struct address address;

	*out = (struct geoip_place){ .asn = 0 };
	if (g == NULL)
		return;
	fill_sockaddr(ip, &address);
	pthread_rwlock_rdlock(&g->lock);
	for (unsigned f = 0; f < GEOIP_FILES; f++)
		ask(g->source[f].base, f, &address, out);
	pthread_rwlock_unlock(&g->lock);
}

void geoip_conn(struct geoip *g, struct conn *c)
{
	struct geoip_place place;

	if (c->kind != CONN_REMOTE)
		return;
	geoip_find(g, &c->ip, &place);
	memcpy(c->country, place.country, sizeof(c->country));
	c->asn = place.asn;
}

void geoip_read_status(
	struct geoip *g, enum geoip_file f, struct geoip_status *out)
{
	*out = (struct geoip_status){ .is_set = false };
	if (g == NULL)
		return;
	pthread_mutex_lock(&g->status_lock);
	*out = g->source[f].status;
	pthread_mutex_unlock(&g->status_lock);
}
