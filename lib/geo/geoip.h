/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * geo/geoip - in which country, and in which network, is an address?
 *
 * Two databases of the MaxMind DB format 2.0, either may be missing: then
 * nothing is known of what it holds, the log says so once, and mail goes on.
 * Understood are country.iso_code, country_code and country, and
 * autonomous_system_number, as_number and asn ("AS64500", too) with
 * autonomous_system_organization, as_organization, as_name and as_domain.
 *
 * A file is copied before it is mapped (geo/geofile), and looked at again
 * every check_s; a new one takes over only when it is whole: its search tree
 * leads nowhere else, and what is asked of it is there. Until then, and when
 * the file is gone, the old one goes on serving. Readers hold a lock while they
 * look, so nothing is unmapped under them.
 * Threads: open, start and close from main; the rest from any.
 */
#pragma once

#include "net/ipaddr.h"

struct conf;
struct conn;
struct geoip;

enum geoip_file { GEOIP_COUNTRY = 0, GEOIP_ASN, GEOIP_FILES };

/* "country", "asn". Static. */
const char *geoip_file_name(enum geoip_file f);

struct geoip_options {
	const char *path[GEOIP_FILES]; /* "": none; copied */
	unsigned check_s;
	size_t size_max; /* octets of a file; a larger one is not used */
};

/* Reads the files, without any thread yet. RES_NOMEM; a file that cannot be
 * used is no error. */
enum result geoip_open(
	struct geoip **out, const struct geoip_options *options) MUST_USE;
/* The same with what geo of a config says. */
enum result geoip_open_conf(
	struct geoip **out, const struct conf *conf) MUST_USE;
/* Starts looking at the files again, after any change of user. Without it they
 * stay as they are. RES_NOMEM. */
enum result geoip_start(struct geoip *g) MUST_USE;
void geoip_close(struct geoip *g); /* NULL is fine */

/* Looks at the files now. One thread at a time. */
void geoip_check(struct geoip *g);

enum { GEOIP_NAME_MAX = 64 };

struct geoip_place {
	char country[3]; /* two capitals, "" when not known */
	uint32_t asn; /* 0 when not known */
	char organisation[GEOIP_NAME_MAX]; /* of asn: printable, "" */
};

/* g may be NULL: nothing is known then. */
void geoip_find(
	struct geoip *g, const struct ipaddr *ip, struct geoip_place *out);

/* Fills country and asn of a CONN_REMOTE; leaves any other as it is. */
void geoip_conn(struct geoip *g, struct conn *c);

struct geoip_status {
	bool is_set; /* there is a path */
	bool is_serving;
	uint64_t loads; /* files that took over */
	uint64_t failures; /* files that could not */
	uint64_t octets; /* of the one that serves */
	int64_t built_s; /* when it was made, wall time */
};

/* g may be NULL. */
void geoip_read_status(
	struct geoip *g, enum geoip_file f, struct geoip_status *out);
