/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf/conflist.h"

#include "conf/conf.h"
#include "conf/conftable.h"
#include "conf/confvalue.h"
#include "net/cidrset.h"
#include "net/endpoint.h"
#include "net/hostname.h"
#include "net/ipaddr.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static void free_texts(char ***field, size_t *count)
{
	for (size_t i = 0; i < *count; i++)
		free((*field)[i]);
	free(*field);
	*field = NULL;
	*count = 0;
}

static enum result set_endpoints(void *field, size_t *count,
	const struct slice *values, size_t n, struct buf *why)
{
	struct endpoint *list = calloc(n + 1, sizeof(*list));

	if (list == NULL)
		return RES_NOMEM;
	for (size_t i = 0; i < n; i++) {
		enum result res = endpoint_parse(&list[i], values[i], true);

		if (res == RES_OK && list[i].kind == ENDPOINT_FD)
			res = RES_SYNTAX;
		if (res != RES_OK) {
			free(list);
			return confvalue_wrong(
				why, confvalue_endpoint_fault(res), values[i]);
		}
	}
	free(*(struct endpoint **)field);
	*(struct endpoint **)field = list;
	*count = n;
	return RES_OK;
}

/* The texts of all values, each passed through fold. */
static enum result set_texts(char ***field, size_t *count,
	const struct slice *values, size_t n,
	enum result (*fold)(struct slice v, struct buf *out))
{
	char **list = calloc(n + 1, sizeof(*list));
	size_t done = 0;
	struct buf text;
	enum result res = list == NULL ? RES_NOMEM : RES_OK;

	buf_init(&text, 4096);
	for (; res == RES_OK && done < n; done++) {
		buf_reset(&text);
		res = fold(values[done], &text);
		if (res == RES_OK)
			list[done] = confvalue_copy(buf_slice(&text));
		if (res == RES_OK && list[done] == NULL)
			res = RES_NOMEM;
	}
	buf_clear(&text);
	if (res != RES_OK) {
		if (list != NULL)
			free_texts(&list, &done);
		return res;
	}
	free_texts(field, count);
	*field = list;
	*count = n;
	return RES_OK;
}

static enum result fold_lower(struct slice v, struct buf *out)
{
	for (size_t i = 0; i < v.len; i++)
		buf_add_char(out, (char)tolower((unsigned char)v.at[i]));
	return buf_result(out);
}

static enum result fold_network(struct slice v, struct buf *out)
{
	char text[CIDR_TEXT_MAX];
	struct cidr c;
	enum result res = cidr_parse(&c, v);

	if (res == RES_OK)
		buf_add_text(out, cidr_format(&c, text));
	return res == RES_OK ? buf_result(out) : res;
}

static enum result fold_domain(struct slice v, struct buf *out)
{
	char name[HOSTNAME_MAX];
	size_t len;
	enum result res = hostname_parse(v, name, &len);

	/* What stands here stands for all below it. */
	if (res == RES_OK && strchr(name, '.') == NULL)
		res = RES_SYNTAX;
	if (res == RES_OK)
		buf_add(out, slice_make(name, len));
	return res == RES_OK ? buf_result(out) : res;
}

/* "192.0.2.1@53", "2001:db8::1": as libunbound reads it. */
static enum result fold_server(struct slice v, struct buf *out)
{
	size_t at = slice_find_last(v, '@');
	char text[IPADDR_TEXT_MAX];
	struct ipaddr ip;
	uint64_t port = 53;
	enum result res = ipaddr_parse(&ip, slice_part(v, 0, at));

	if (res == RES_OK && at < v.len)
		res = slice_parse_u64(
			slice_part(v, at + 1, v.len), 1, 65535, &port);
	if (res == RES_OK)
		buf_add_format(
			out, "%s@%u", ipaddr_format(&ip, text), (unsigned)port);
	return res == RES_OK ? buf_result(out) : RES_SYNTAX;
}

static enum result set_names(void *field, size_t *count,
	const struct slice *values, size_t n, struct buf *why)
{
	for (size_t i = 0; i < n; i++)
		if (slice_is_empty(values[i]) || values[i].len > 64 ||
			!confvalue_is_printable(values[i]) ||
			memchr(values[i].at, '@', values[i].len) != NULL)
			return confvalue_wrong(why,
				"is not the part of an address before the @",
				values[i]);
	return set_texts(field, count, values, n, fold_lower);
}

static enum result fold_line(struct slice v, struct buf *out)
{
	buf_add(out, v);
	return buf_result(out);
}

/* What the words of a line mean is for conf/confcheck. */
static enum result set_lines(void *field, size_t *count,
	const struct slice *values, size_t n, struct buf *why)
{
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < values[i].len || j == 0; j++)
			if (values[i].len == 0 || values[i].len > 512 ||
				values[i].at[j] < ' ' || values[i].at[j] > '~')
				return confvalue_wrong(why,
					"is not a line of printable ASCII",
					values[i]);
	return set_texts(field, count, values, n, fold_line);
}

static enum result set_networks(struct conf_networks *networks,
	const struct slice *values, size_t n, struct buf *why)
{
	struct cidrset *set = cidrset_new();
	enum result res = set == NULL ? RES_NOMEM : RES_OK;

	for (size_t i = 0; res == RES_OK && i < n; i++) {
		struct cidr c;

		res = cidr_parse(&c, values[i]);
		if (res != RES_OK)
			(void)confvalue_wrong(why,
				res == RES_RANGE
					? "has a length out of range"
					: "is not an address or network",
				values[i]);
		else
			res = cidrset_add(set, &c);
		if (res == RES_TOOBIG)
			(void)confvalue_wrong(
				why, "is one network too many", values[i]);
	}
	if (res == RES_OK)
		res = set_texts(&networks->names, &networks->count, values, n,
			fold_network);
	if (res != RES_OK) {
		cidrset_free(set);
		return res == RES_NOMEM ? RES_NOMEM : RES_SYNTAX;
	}
	cidrset_free(networks->set);
	networks->set = set;
	return RES_OK;
}

/* Which of the values fold refuses is told by what. */
static enum result set_folded(const struct conf_row *row, void *base,
	const struct slice *values, size_t n, struct buf *why)
{
	char ***field = (char ***)(void *)((char *)base + row->offset);
	size_t *count = (size_t *)(void *)((char *)base + row->extra);
	bool is_domains = row->kind == CONF_KIND_DOMAINS;
	enum result (*fold)(struct slice v, struct buf * out) =
		is_domains ? fold_domain : fold_server;
	struct buf text;
	enum result res = RES_OK;

	buf_init(&text, 4096);
	for (size_t i = 0; res == RES_OK && i < n; i++) {
		buf_reset(&text);
		res = fold(values[i], &text);
		if (res != RES_OK && res != RES_NOMEM)
			res = confvalue_wrong(why,
				is_domains ? "is not a domain"
					   : "is not ADDRESS or ADDRESS@PORT",
				values[i]);
	}
	buf_clear(&text);
	return res == RES_OK ? set_texts(field, count, values, n, fold) : res;
}

enum result conflist_set(const struct conf_row *row, void *base,
	const struct slice *values, size_t n, struct buf *why)
{
	void *field = (char *)base + row->offset;
	size_t *count = (size_t *)(void *)((char *)base + row->extra);

	if (row->max > 0 && n > (size_t)row->max) {
		buf_add_format(why,
			"has %zu values; at most %" PRId64 " are allowed", n,
			row->max);
		return RES_SYNTAX;
	}
	if (row->kind == CONF_KIND_ENDPOINTS)
		return set_endpoints(field, count, values, n, why);
	if (row->kind == CONF_KIND_NAMES)
		return set_names(field, count, values, n, why);
	if (row->kind == CONF_KIND_LINES)
		return set_lines(field, count, values, n, why);
	if (row->kind == CONF_KIND_NETWORKS)
		return set_networks(field, values, n, why);
	return set_folded(row, base, values, n, why);
}

void conflist_clear(const struct conf_row *row, void *base)
{
	void *field = (char *)base + row->offset;
	struct conf_networks *networks = field;

	if (row->kind == CONF_KIND_ENDPOINTS) {
		free(*(struct endpoint **)field);
		*(struct endpoint **)field = NULL;
	} else if (row->kind == CONF_KIND_NETWORKS) {
		cidrset_free(networks->set);
		networks->set = NULL;
		free_texts(&networks->names, &networks->count);
	} else {
		free_texts(
			field, (size_t *)(void *)((char *)base + row->extra));
	}
}
