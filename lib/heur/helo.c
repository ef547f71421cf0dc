/* SPDX-License-Identifier: BSD-2-Clause */
#include "heur/helo.h"

#include "base/arena.h"
#include "conf/conf.h"
#include "dns/asker.h"
#include "net/hostname.h"

#include <stdio.h>
#include <string.h>

enum { LINE_MAX_LEN = 512, SHOWN_MAX = 255 };

/* What a greeting comes to; why is behind the name in the evidence. */
struct finish {
	enum outcome outcome;
	const char *detail;
	const char *why;
};

static const struct finish fine = { OUTCOME_MISS, "", "" };
static const struct finish own_name = { OUTCOME_HIT, "own_name",
	"that is the name of this server" };
static const struct finish bare_ip = { OUTCOME_HIT, "bare_ip",
	"an address stands in brackets (RFC 5321 section 4.1.3)" };
static const struct finish not_host = { OUTCOME_HIT, "not_host",
	"that is not the full name of a host" };
static const struct finish other_literal = { OUTCOME_HIT, "other_literal",
	"that is not the address of the client" };
static const struct finish unresolvable = { OUTCOME_HIT, "unresolvable",
	"that name has no address" };
static const struct finish mismatch = { OUTCOME_HIT, "mismatch",
	"that name has other addresses" };

static const struct finish *judge_address(
	const struct conn *c, struct slice helo)
{
	bool is_literal = helo.at[0] == '[';
	struct ipaddr ip;

	if (ipaddr_parse(&ip, helo) != RES_OK)
		return is_literal ? &not_host : NULL;
	if (!is_literal)
		return &bare_ip;
	return ipaddr_is_equal(&ip, &c->ip) ? &fine : &other_literal;
}

static bool is_own(const struct conf *conf, const char *name)
{
	return strcmp(name, conf->host) == 0 ||
		(*conf->auth.authserv_id != '\0' &&
			slice_is_equal_nocase(slice_of(name),
				slice_of(conf->auth.authserv_id)));
}

/* What can be told without DNS; NULL: name is to be asked for. */
static const struct finish *judge_text(
	const struct check_input *in, char name[HOSTNAME_MAX])
{
	struct slice helo = in->conn->helo;
	const struct finish *finish = judge_address(in->conn, helo);
	size_t len;

	if (finish != NULL)
		return finish;
	if (hostname_parse(helo, name, &len) != RES_OK)
		return &not_host;
	if (is_own(in->conf, name))
		return &own_name;
	return strchr(name, '.') == NULL ? &not_host : NULL;
}

/* The addresses of the client's kind first: most often they say it all. */
static enum check_progress judge_name(
	const struct check_input *in, const char *name, struct finish *out)
{
	bool is_v4 = ipaddr_is_v4(&in->conn->ip);
	const struct dns_answer *a =
		asker_ask(in->dns, slice_of(name), is_v4 ? DNS_A : DNS_AAAA);

	if (a == NULL)
		return CHECK_WAITING;
	if (a->status == DNS_NODATA) {
		a = asker_ask(
			in->dns, slice_of(name), is_v4 ? DNS_AAAA : DNS_A);
		if (a == NULL)
			return CHECK_WAITING;
	}
	switch (a->status) {
	case DNS_UNKNOWN:
		*out = (struct finish){ OUTCOME_UNKNOWN, "temperror",
			dns_why_text(a->why) };
		break;
	case DNS_FOUND:
		*out = dns_answer_has_address(a, &in->conn->ip) ? fine
								: mismatch;
		break;
	case DNS_NODATA:
	case DNS_NXDOMAIN:
		*out = unresolvable;
		break;
	}
	return CHECK_DONE;
}

/* A name that points back to the client, as auth/iprev has seen, needs no
 * question more. */
static bool is_confirmed(const struct check_input *in, const char *name)
{
	return in->auth != NULL && in->auth->iprev.result == AUTH_PASS &&
		slice_is_equal(in->auth->iprev.name, slice_of(name));
}

static void report(const struct check_input *in, const struct finish *finish,
	struct findings *out)
{
	struct finding *f = findings_add(out, "helo");
	struct slice helo = slice_part(in->conn->helo, 0, SHOWN_MAX);
	char line[LINE_MAX_LEN];

	f->outcome = finish->outcome;
	f->detail = finish->detail;
	f->subject = helo;
	if (finish->outcome == OUTCOME_MISS)
		return;
	snprintf(line, sizeof(line), "HELO %.*s: %s", SLICE_ARG(helo),
		finish->why);
	if (arena_copy(in->arena, slice_of(line), &f->evidence) != RES_OK)
		f->evidence = slice_of(finish->why);
}

enum check_progress helo_step(
	const struct check_input *in, struct findings *out)
{
	struct finish finish = fine;
	char name[HOSTNAME_MAX];
	const struct finish *known;

	if (slice_is_empty(in->conn->helo) || in->dns == NULL)
		return CHECK_DONE;
	known = judge_text(in, name);
	if (known != NULL)
		finish = *known;
	else if (!is_confirmed(in, name) &&
		judge_name(in, name, &finish) == CHECK_WAITING)
		return CHECK_WAITING;
	if (out != NULL)
		report(in, &finish, out);
	return CHECK_DONE;
}
