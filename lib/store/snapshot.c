/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/snapshot.h"

#include "base/clock.h"
#include "store/chainfile.h"
#include "store/subject.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	VERSION = 2,
	VERSION_WITHOUT_TRUST = 1, /* still read */
	RECORD_MIN = 11,
	/* Bits of a record. */
	IS_ALLOW = 1,
	IS_V6 = 2,
	IS_CANONICAL = 4,
	IS_SLASHED = 8,
	HAS_SCOPE = 16,
	HAS_ODD = 32,
	ALL_BITS = 63,
	FLAGS = PREFIX_KNOWN | PREFIX_SHADOW | PREFIX_FORCE | PREFIX_IGNORED |
		PREFIX_CLASS
};

static const char magic[8] = { 'R', 'P', 'L', 'I', 'S', 'T', 'S', '\n' };

/* One entry on its way in or out. */
struct record {
	struct list_name name;
	unsigned bits;
	unsigned flags;
	uint64_t expire_s; /* wall time, 0: never */
};

static enum result result_of_errno(int error)
{
	if (error == ENOENT || error == ENOTDIR)
		return RES_MISSING;
	if (error == EACCES || error == EPERM || error == EROFS ||
		error == ELOOP)
		return RES_DENIED;
	return error == ENOSPC || error == EDQUOT ? RES_FULL : RES_DOWN;
}

/* ---- saving ---- */

struct saving {
	struct chain chain;
	const struct prefixes *prefixes;
	int64_t wall_s;
	int64_t mono_s;
};

static void put_text(struct chain *c, struct slice text, unsigned octets)
{
	chain_put_number(c, text.len, octets);
	chain_put(c, text.at, text.len);
}

static void put_key(void *ctx, struct slice key)
{
	put_text(ctx, key, 2);
}

static uint64_t wall_of(const struct saving *s, uint32_t expire_s)
{
	int64_t wall_s = s->wall_s + ((int64_t)expire_s - s->mono_s);

	if (expire_s == 0)
		return 0;
	if (wall_s < 1)
		return 1;
	return wall_s > UINT32_MAX ? 0 : (uint64_t)wall_s;
}

static void put_entry(struct saving *s, const struct prefix_entry *e)
{
	struct chain *c = &s->chain;
	bool is_v4 = cidr_is_v4(&e->net);
	struct list_name name;
	size_t odd = 0;

	if ((e->flags & PREFIX_ALIASED) != 0) {
		prefix_entry_name(e, &name);
		odd = prefixes_odd_keys(s->prefixes, &name, NULL, NULL);
	}
	chain_put_number(c, cidr_length(&e->net), 1);
	chain_put_number(c,
		(e->kind == LIST_ALLOW ? IS_ALLOW : 0u) | (is_v4 ? 0u : IS_V6) |
			(e->flags & PREFIX_CANONICAL ? IS_CANONICAL : 0u) |
			(e->is_slashed ? IS_SLASHED : 0u) |
			(e->scope.len > 0 ? HAS_SCOPE : 0u) |
			(odd > 0 ? HAS_ODD : 0u),
		1);
	chain_put_number(c, e->flags & FLAGS, 1);
	chain_put(c, e->net.net.octet + (is_v4 ? 12 : 0), is_v4 ? 4 : 16);
	chain_put_number(c, wall_of(s, e->expire_s), 4);
	if (e->scope.len > 0)
		put_text(c, e->scope, 1);
	if (odd == 0)
		return;
	chain_put_number(c, odd, 1);
	prefixes_odd_keys(s->prefixes, &name, put_key, c);
}

static void put_trust(struct saving *s, const struct trustnames *t)
{
	size_t count = t == NULL ? 0 : trustnames_count(t);

	chain_put_number(&s->chain, count, 4);
	for (size_t i = 0; i < count; i++) {
		uint32_t expire_s;
		struct slice key = trustnames_at(t, i, &expire_s);

		chain_put_number(&s->chain, wall_of(s, expire_s), 4);
		put_text(&s->chain, key, 2);
	}
}

static enum result put_all(struct saving *s, struct slice prefix,
	const struct snapshot_facts *facts)
{
	struct prefix_cursor cursor = { 0, false };
	struct chain *c = &s->chain;
	size_t v6 = prefixes_count_v6(s->prefixes);
	struct prefix_entry entry;

	chain_put(c, magic, sizeof(magic));
	chain_put_number(c, VERSION, 4);
	put_text(c, prefix, 2);
	chain_put_number(c, (uint64_t)facts->synced_ms, 8);
	put_text(c, slice_of(facts->generation), 2);
	chain_put_number(c, prefixes_count(s->prefixes) - v6, 8);
	chain_put_number(c, v6, 8);
	while (c->res == RES_OK && prefixes_next(s->prefixes, &cursor, &entry))
		put_entry(s, &entry);
	put_trust(s, facts->trust);
	return chain_write_end(c);
}

/*
 * The file aside has a fixed name, so that a crash leaves at most one; its
 * lock keeps a second process from writing into it.
 */
static enum result open_aside(const char *aside, int *out)
{
	struct stat here;
	struct stat there;
	int fd = open(aside,
		O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);

	if (fd < 0)
		return result_of_errno(errno);
	if (flock(fd, LOCK_EX | LOCK_NB) != 0 || fstat(fd, &here) != 0 ||
		stat(aside, &there) != 0 || here.st_ino != there.st_ino ||
		!S_ISREG(here.st_mode)) {
		/* Another one saves, or has just renamed its file. */
		close(fd);
		return RES_EXISTS;
	}
	if (ftruncate(fd, 0) != 0 || fchmod(fd, 0600) != 0) {
		close(fd);
		return RES_DOWN;
	}
	*out = fd;
	return RES_OK;
}

/* So that the rename outlives a power cut; it is done whatever this says. */
static void sync_folder(const char *path)
{
	size_t len = slice_find_last(slice_of(path), '/');
	char *folder;
	int fd;

	if (path[len] == '\0')
		folder = strdup(".");
	else
		folder = strndup(path, len > 0 ? len : 1);
	if (folder == NULL)
		return;
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(folder);
	if (fd < 0)
		return;
	(void)fsync(fd);
	(void)close(fd);
}

static enum result save_to(struct saving *s, const char *aside,
	const char *path, struct slice prefix,
	const struct snapshot_facts *facts)
{
	enum result res;
	int fd = -1;

	res = open_aside(aside, &fd);
	if (res != RES_OK)
		return res;
	chain_write_init(&s->chain, fd);
	res = put_all(s, prefix, facts);
	if (res == RES_OK && fsync(fd) != 0)
		res = result_of_errno(errno);
	if (res == RES_OK && rename(aside, path) != 0)
		res = result_of_errno(errno);
	if (res != RES_OK)
		(void)unlink(aside);
	/* Only now: the lock is what keeps the name ours. */
	(void)close(fd);
	if (res == RES_OK)
		sync_folder(path);
	return res;
}

enum result snapshot_save(const char *path, const struct prefixes *p,
	struct slice prefix, const struct snapshot_facts *facts,
	const struct clock *clock)
{
	size_t size = strlen(path) + sizeof(".tmp");
	struct saving *s = malloc(sizeof(*s));
	char *aside = malloc(size);
	enum result res = RES_NOMEM;

	if (s != NULL && aside != NULL && prefix.len < LIST_NAME_MAX) {
		snprintf(aside, size, "%s.tmp", path);
		s->prefixes = p;
		s->wall_s = clock_wall_ms(clock) / 1000;
		s->mono_s = clock_mono_ms(clock) / 1000;
		res = save_to(s, aside, path, prefix, facts);
	}
	free(aside);
	free(s);
	return res;
}

/* ---- loading ---- */

struct loading {
	struct chain chain;
	struct snapshot_load *load;
	struct prefixes *prefixes;
	int64_t wall_s;
	int64_t mono_s;
	uint64_t v4;
	uint64_t v6;
	bool has_trust;
};

static enum result refuse(struct loading *l, enum result res, const char *why)
{
	/* The first reason is the one that says most. */
	if (l->load->why[0] == '\0')
		snprintf(l->load->why, sizeof(l->load->why), "%s", why);
	return res;
}

static enum result get_text(
	struct chain *c, unsigned octets, char *out, size_t size, size_t *len)
{
	uint64_t n;
	enum result res = chain_get_number(c, octets, &n);

	if (res != RES_OK)
		return res;
	if (n >= size)
		return RES_CORRUPT;
	res = chain_get(c, out, (size_t)n);
	if (res != RES_OK)
		return res;
	out[n] = '\0';
	*len = (size_t)n;
	return RES_OK;
}

static enum result get_head(struct loading *l)
{
	char text[LIST_NAME_MAX];
	struct chain *c = &l->chain;
	uint64_t number;
	size_t len;
	enum result res;

	res = chain_get(c, text, sizeof(magic));
	if (res != RES_OK || memcmp(text, magic, sizeof(magic)) != 0)
		return refuse(l, RES_CORRUPT, "is not a snapshot of lists");
	res = chain_get_number(c, 4, &number);
	if (res != RES_OK ||
		(number != VERSION && number != VERSION_WITHOUT_TRUST))
		return refuse(l, RES_CORRUPT, "is of another version");
	l->has_trust = number == VERSION;
	res = get_text(c, 2, text, sizeof(text), &len);
	if (res != RES_OK)
		return res;
	if (!slice_is_equal(slice_make(text, len), l->load->prefix))
		return refuse(l, RES_CORRUPT, "is of another redis.prefix");
	res = chain_get_number(c, 8, &number);
	if (res != RES_OK)
		return res;
	l->load->facts.synced_ms = (int64_t)number;
	res = get_text(c, 2, l->load->facts.generation,
		sizeof(l->load->facts.generation), &len);
	if (res == RES_OK)
		res = chain_get_number(c, 8, &l->v4);
	if (res == RES_OK)
		res = chain_get_number(c, 8, &l->v6);
	return res;
}

/* Before memory is taken for them. */
static enum result check_counts(struct loading *l)
{
	uint64_t most = chain_left(&l->chain) / RECORD_MIN;

	if (l->v4 > most || l->v6 > most - l->v4)
		return refuse(
			l, RES_CORRUPT, "counts more entries than it can hold");
	if (l->v4 + l->v6 > l->load->entries_max)
		return refuse(l, RES_FULL,
			"holds more entries than lists.entries_max");
	return RES_OK;
}

static enum result get_scope(struct chain *c, struct record *r)
{
	char text[HOSTNAME_MAX];
	size_t len;
	size_t folded;
	enum result res;

	r->name.scope[0] = '\0';
	if ((r->bits & HAS_SCOPE) == 0)
		return RES_OK;
	res = get_text(c, 1, text, sizeof(text), &len);
	if (res != RES_OK)
		return res;
	if (hostname_parse(slice_make(text, len), r->name.scope, &folded) !=
			RES_OK ||
		!slice_is_equal(slice_make(text, len),
			slice_make(r->name.scope, folded)))
		return RES_CORRUPT;
	return RES_OK;
}

static enum result get_net(struct chain *c, struct record *r, uint64_t length)
{
	bool is_v4 = (r->bits & IS_V6) == 0;
	struct ipaddr ip = ipaddr_from_v4(0);
	enum result res;

	if (length > (is_v4 ? 32 : 128))
		return RES_CORRUPT;
	res = chain_get(c, ip.octet + (is_v4 ? 12 : 0), is_v4 ? 4 : 16);
	if (res != RES_OK)
		return res;
	r->name.net = cidr_around(&ip, (uint8_t)(is_v4 ? length + 96 : length));
	if (!ipaddr_is_equal(&ip, &r->name.net.net) ||
		cidr_is_v4(&r->name.net) != is_v4)
		return RES_CORRUPT;
	return RES_OK;
}

static enum result get_record(struct loading *l, struct record *r)
{
	struct chain *c = &l->chain;
	uint64_t length;
	uint64_t bits;
	uint64_t flags;
	enum result res;

	res = chain_get_number(c, 1, &length);
	if (res == RES_OK)
		res = chain_get_number(c, 1, &bits);
	if (res == RES_OK)
		res = chain_get_number(c, 1, &flags);
	if (res != RES_OK)
		return res;
	/* An entry without a key that names it could never be removed. */
	if ((bits & ~(uint64_t)ALL_BITS) != 0 ||
		(flags & ~(uint64_t)FLAGS) != 0 ||
		(bits & (IS_CANONICAL | IS_SLASHED | HAS_ODD)) == 0)
		return RES_CORRUPT;
	r->bits = (unsigned)bits;
	r->flags = (unsigned)flags;
	r->name.kind = bits & IS_ALLOW ? LIST_ALLOW : LIST_BLOCK;
	res = get_net(c, r, length);
	if (res == RES_OK)
		r->name.subject = subject_of(&r->name.net);
	if (res == RES_OK)
		res = chain_get_number(c, 4, &r->expire_s);
	if (res == RES_OK)
		res = get_scope(c, r);
	return res;
}

/* Of wall time; 0: never. False: it is over. */
static bool mono_of(const struct loading *l, uint64_t wall_s, uint32_t *out)
{
	int64_t left_s = (int64_t)wall_s - l->wall_s;
	int64_t expire_s = wall_s == 0 ? 0 : l->mono_s + left_s;

	*out = expire_s > INT32_MAX ? 0 : (uint32_t)expire_s;
	return wall_s == 0 || left_s > 0;
}

/* text: only of an odd spelling. */
static enum result add_key(
	struct loading *l, struct record *r, unsigned bit, struct slice text)
{
	uint32_t expire_s;
	struct prefix_key key = { &r->name, text };
	bool added;
	enum result res;

	if (!mono_of(l, r->expire_s, &expire_s))
		return RES_OK;
	r->name.is_canonical = bit == IS_CANONICAL;
	r->name.is_slashed = bit == IS_SLASHED;
	if (bit == IS_SLASHED && r->name.net.bits != 128)
		return RES_CORRUPT;
	res = prefixes_put(l->prefixes, &key, r->flags, expire_s, &added);
	if (res == RES_FULL)
		return refuse(l, res,
			"holds more than lists.entries_max or "
			"lists.scopes_max allow");
	return res;
}

/* A spelling must be one of this very entry. */
static enum result get_odd_key(struct loading *l, struct record *r)
{
	char text[LIST_NAME_MAX];
	struct list_name name;
	size_t len;
	enum result res = get_text(&l->chain, 2, text, sizeof(text), &len);

	if (res != RES_OK)
		return res;
	if (list_name_parse(&name, l->load->prefix, slice_make(text, len)) !=
			RES_OK ||
		name.subject != r->name.subject || name.is_canonical ||
		name.is_slashed || name.kind != r->name.kind ||
		!cidr_is_equal(&name.net, &r->name.net) ||
		strcmp(name.scope, r->name.scope) != 0)
		return RES_CORRUPT;
	return add_key(l, r, HAS_ODD, slice_make(text, len));
}

static enum result get_entry(struct loading *l)
{
	struct record r;
	uint64_t odd = 0;
	enum result res = get_record(l, &r);

	if (res != RES_OK)
		return res;
	if (r.expire_s != 0 && (int64_t)r.expire_s <= l->wall_s)
		l->load->expired++;
	if ((r.bits & IS_CANONICAL) != 0)
		res = add_key(l, &r, IS_CANONICAL, slice_of(""));
	if (res == RES_OK && (r.bits & IS_SLASHED) != 0)
		res = add_key(l, &r, IS_SLASHED, slice_of(""));
	if (res == RES_OK && (r.bits & HAS_ODD) != 0)
		res = chain_get_number(&l->chain, 1, &odd);
	for (; res == RES_OK && odd > 0; odd--)
		res = get_odd_key(l, &r);
	return res;
}

static enum result get_trust(struct loading *l)
{
	struct trustnames *t = l->load->facts.trust;
	char text[LIST_NAME_MAX];
	struct trust_name name;
	uint64_t wall_s;
	uint32_t expire_s;
	size_t len;
	enum result res = chain_get_number(&l->chain, 4, &wall_s);

	if (res == RES_OK)
		res = get_text(&l->chain, 2, text, sizeof(text), &len);
	if (res != RES_OK)
		return res;
	if (trust_name_parse(&name, l->load->prefix, slice_make(text, len)) !=
		RES_OK)
		return RES_CORRUPT;
	if (!mono_of(l, wall_s, &expire_s))
		return RES_OK;
	res = trustnames_put(t, &name, slice_make(text, len), expire_s);
	return res == RES_FULL ? RES_OK : res;
}

static enum result get_trusts(struct loading *l)
{
	uint64_t count = 0;
	enum result res = RES_OK;

	if (l->has_trust)
		res = chain_get_number(&l->chain, 4, &count);
	for (; res == RES_OK && count > 0; count--)
		res = get_trust(l);
	return res;
}

static enum result get_all(struct loading *l, int fd)
{
	uint64_t count;
	uint64_t i;
	enum result res;

	res = chain_read_init(&l->chain, fd);
	if (res == RES_OK)
		res = get_head(l);
	if (res == RES_OK)
		res = check_counts(l);
	if (res != RES_OK)
		return res;
	res = prefixes_reserve(l->prefixes, (size_t)l->v4, (size_t)l->v6);
	count = l->v4 + l->v6;
	for (i = 0; i < count && res == RES_OK; i++)
		res = get_entry(l);
	if (res == RES_OK)
		res = get_trusts(l);
	if (res == RES_OK)
		res = chain_read_end(&l->chain);
	/* A record that is there twice, or of the other family. */
	if (res == RES_OK && prefixes_count(l->prefixes) != count &&
		l->load->expired == 0)
		res = RES_CORRUPT;
	return res;
}

static enum result load_from(struct loading *l, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	enum result res;

	if (fd < 0) {
		res = result_of_errno(errno);
		return refuse(l, res, strerror(errno));
	}
	l->prefixes = prefixes_new(l->load->entries_max, l->load->scopes_max);
	l->load->facts.trust = trustnames_new(l->load->trust_max);
	res = l->prefixes == NULL || l->load->facts.trust == NULL
		? RES_NOMEM
		: get_all(l, fd);
	(void)close(fd);
	if (res == RES_CORRUPT)
		return refuse(l, res, "is damaged or cut");
	if (res != RES_OK)
		return refuse(l, res, result_name(res));
	return RES_OK;
}

enum result snapshot_load(const char *path, struct snapshot_load *load,
	const struct clock *clock, struct prefixes **out)
{
	struct loading *l = calloc(1, sizeof(*l));
	enum result res;

	*out = NULL;
	load->why[0] = '\0';
	load->expired = 0;
	memset(&load->facts, 0, sizeof(load->facts));
	if (l == NULL)
		return RES_NOMEM;
	l->load = load;
	l->wall_s = clock_wall_ms(clock) / 1000;
	l->mono_s = clock_mono_ms(clock) / 1000;
	res = load_from(l, path);
	if (res == RES_OK) {
		*out = l->prefixes;
	} else {
		prefixes_free(l->prefixes);
		trustnames_free(load->facts.trust);
		load->facts.trust = NULL;
	}
	free(l);
	return res;
}
