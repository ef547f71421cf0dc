/* SPDX-License-Identifier: BSD-2-Clause */
#include "net/endpoint.h"

#include "net/cidr.h"
#include "net/hostname.h"

#include <stdio.h>
#include <string.h>

enum { PORT_MAX = 65535, FD_MAX = 65535 };

/* The one spelling of a host; ENDPOINT_INET6 when it is an IPv6 address. */
static enum result parse_host(
	struct endpoint *out, struct slice host, enum endpoint_kind *kind)
{
	struct ipaddr ip;
	size_t len;

	if (ipaddr_parse(&ip, host) == RES_OK) {
		(void)ipaddr_format(&ip, out->host);
		*kind = ipaddr_is_v4(&ip) ? ENDPOINT_INET : ENDPOINT_INET6;
		return RES_OK;
	}
	*kind = ENDPOINT_NONE;
	return hostname_parse(host, out->host, &len);
}

static enum result parse_port(struct endpoint *out, struct slice text)
{
	uint64_t port = 0;
	enum result res = slice_parse_u64(text, 0, PORT_MAX, &port);

	if (res == RES_OK)
		out->port = (uint16_t)port;
	return res;
}

/* "8894@127.0.0.1" or "8894" */
static enum result parse_inet(struct endpoint *out, struct slice rest)
{
	size_t at = slice_find(rest, '@');
	enum endpoint_kind found = ENDPOINT_NONE;
	enum result res = parse_port(out, slice_part(rest, 0, at));

	if (res != RES_OK || at == rest.len)
		return res;
	res = parse_host(out, slice_part(rest, at + 1, rest.len), &found);
	if (res != RES_OK)
		return res;
	/* An address of the other family could never be bound. */
	return found == ENDPOINT_NONE || found == out->kind ? RES_OK
							    : RES_SYNTAX;
}

static enum result parse_unix(struct endpoint *out, struct slice rest)
{
	if (rest.len == 0)
		return RES_SYNTAX;
	for (size_t i = 0; i < rest.len; i++) {
		if ((unsigned char)rest.at[i] < 0x20)
			return RES_SYNTAX;
	}
	if (rest.len >= sizeof(out->path))
		return RES_TOOBIG;
	memcpy(out->path, rest.at, rest.len);
	return RES_OK;
}

static enum result parse_fd(struct endpoint *out, struct slice rest)
{
	uint64_t fd = 0;
	enum result res = slice_parse_u64(rest, 0, FD_MAX, &fd);

	if (res == RES_OK)
		out->fd = (int)fd;
	return res;
}

/* "127.0.0.1:25", "[::1]:25", "mx.example.net:25" */
static enum result parse_plain(struct endpoint *out, struct slice text)
{
	size_t colon = slice_find_last(text, ':');
	struct slice host = slice_part(text, 0, colon);
	enum result res;

	if (colon == text.len)
		return RES_SYNTAX;
	/* Without brackets nobody can tell where the port begins. */
	if (slice_find(host, ':') != host.len && host.at[0] != '[')
		return RES_SYNTAX;
	res = parse_host(out, host, &out->kind);
	if (res != RES_OK)
		return res;
	if (out->kind == ENDPOINT_NONE)
		out->kind = ENDPOINT_INET;
	return parse_port(out, slice_part(text, colon + 1, text.len));
}

struct scheme {
	const char *prefix;
	enum endpoint_kind kind;
	enum result (*parse)(struct endpoint *, struct slice);
};

static const struct scheme schemes[] = {
	{ "inet:", ENDPOINT_INET, parse_inet },
	{ "inet6:", ENDPOINT_INET6, parse_inet },
	{ "unix:", ENDPOINT_UNIX, parse_unix },
	{ "local:", ENDPOINT_UNIX, parse_unix },
	{ "fd:", ENDPOINT_FD, parse_fd },
};

enum result endpoint_parse(
	struct endpoint *out, struct slice text, bool allow_plain)
{
	struct endpoint e = { .fd = -1 };
	enum result res = RES_SYNTAX;
	size_t i;

	for (i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		struct slice prefix = slice_of(schemes[i].prefix);

		if (!slice_has_prefix(text, prefix))
			continue;
		e.kind = schemes[i].kind;
		res = schemes[i].parse(
			&e, slice_part(text, prefix.len, text.len));
		break;
	}
	if (e.kind == ENDPOINT_NONE && allow_plain)
		res = parse_plain(&e, text);
	if (res == RES_OK)
		*out = e;
	return res;
}

static const char *format_inet(const struct endpoint *e, const char *scheme,
	char out[ENDPOINT_TEXT_MAX])
{
	(void)snprintf(out, ENDPOINT_TEXT_MAX, "%s:%u%s%s", scheme, e->port,
		e->host[0] == '\0' ? "" : "@", e->host);
	return out;
}

const char *endpoint_format(
	const struct endpoint *e, char out[ENDPOINT_TEXT_MAX])
{
	out[0] = '\0';
	switch (e->kind) {
	case ENDPOINT_NONE:
		break;
	case ENDPOINT_INET:
		return format_inet(e, "inet", out);
	case ENDPOINT_INET6:
		return format_inet(e, "inet6", out);
	case ENDPOINT_UNIX:
		(void)snprintf(out, ENDPOINT_TEXT_MAX, "unix:%s", e->path);
		break;
	case ENDPOINT_FD:
		(void)snprintf(out, ENDPOINT_TEXT_MAX, "fd:%d", e->fd);
		break;
	}
	return out;
}

/* path without the folder in front, or path when it does not lie below. */
static const char *below(const char *path, const char *folder)
{
	size_t len = folder == NULL ? 0 : strlen(folder);

	while (len > 0 && folder[len - 1] == '/')
		len--;
	if (len == 0 || strncmp(path, folder, len) != 0 || path[len] != '/')
		return path;
	path += len;
	while (*path == '/')
		path++;
	return path;
}

const char *endpoint_format_postfix(const struct endpoint *e,
	const char *queue_directory, char out[ENDPOINT_TEXT_MAX])
{
	const char *host = e->host;

	out[0] = '\0';
	switch (e->kind) {
	case ENDPOINT_NONE:
	case ENDPOINT_FD:
		break;
	case ENDPOINT_INET:
		/* Who listens on all addresses is reached on loopback. */
		if (host[0] == '\0')
			host = "127.0.0.1";
		(void)snprintf(
			out, ENDPOINT_TEXT_MAX, "inet:%s:%u", host, e->port);
		break;
	case ENDPOINT_INET6:
		if (host[0] == '\0')
			host = "::1";
		(void)snprintf(out, ENDPOINT_TEXT_MAX,
			strchr(host, ':') == NULL ? "inet:%s:%u"
						  : "inet:[%s]:%u",
			host, e->port);
		break;
	case ENDPOINT_UNIX:
		(void)snprintf(out, ENDPOINT_TEXT_MAX, "unix:%s",
			below(e->path, queue_directory));
		break;
	}
	return out;
}

static bool host_is_local(const char *host)
{
	struct cidr loopback[2];
	struct ipaddr ip;

	if (slice_is_equal(slice_of(host), slice_of("localhost")))
		return true;
	if (ipaddr_parse(&ip, slice_of(host)) != RES_OK ||
		cidr_parse(&loopback[0], slice_of("127.0.0.0/8")) != RES_OK ||
		cidr_parse(&loopback[1], slice_of("::1")) != RES_OK)
		return false;
	return cidr_covers(&loopback[0], &ip) || cidr_covers(&loopback[1], &ip);
}

bool endpoint_is_local(const struct endpoint *e)
{
	switch (e->kind) {
	case ENDPOINT_UNIX:
		return true;
	case ENDPOINT_INET:
	case ENDPOINT_INET6:
		return host_is_local(e->host);
	case ENDPOINT_NONE:
	case ENDPOINT_FD:
		break;
	}
	return false;
}
