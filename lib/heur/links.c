/* SPDX-License-Identifier: BSD-2-Clause */
#include "heur/links.h"

#include "base/arena.h"
#include "base/buf.h"
#include "mail/url.h"
#include "net/cidr.h"
#include "net/idnlook.h"
#include "net/ipaddr.h"

enum {
	EVIDENCE_MAX = 700,
	SHOWN_MAX = 100,
	LOOKS_MAX = 64 /* links of a word that are looked at closely */
};

/* How much hidden text there may be, beside what is seen. */
enum { HIDDEN_MIN = 300, HIDDEN_MUCH = 2000 };

static const double factor_max = 2, more = 0.25, half = 0.5;

/* What a word has come to so far. */
struct word {
	const char *detail;
	struct slice first; /* the host, and others once each in a row */
	struct slice last;
	unsigned count;
	unsigned looks;
	double factor; /* the greatest of one link */
	struct buf evidence; /* of the first */
};

enum { IDN, IP, MISMATCH, USERINFO, WORDS };

struct look {
	const struct check_input *in;
	struct word word[WORDS];
	bool is_proved; /* signed by the author's organisation */
};

/* ---- organisations ---- */

static struct slice last_two_labels(struct slice name)
{
	const size_t last = slice_find_last(name, '.');
	size_t dot;

	if (last == name.len)
		return name;
	dot = slice_find_last(slice_part(name, 0, last), '.');
	return dot == last ? name : slice_part(name, dot + 1, name.len);
}

static struct slice organisation(const struct look *l, struct slice name)
{
	const struct psl *psl = l->in->service;

	return psl == NULL ? last_two_labels(name)
			   : psl_organisation(psl, name);
}

/* A signature that passes, of the organisation in From. */
static bool is_proved(const struct look *l)
{
	const struct auth_facts *a = l->in->auth;

	if (a == NULL || a->dmarc.from_domain.len == 0)
		return false;
	for (unsigned i = 0; i < a->dkim_count; i++)
		if (a->dkim[i].result == AUTH_PASS &&
			slice_is_equal(organisation(l, a->dkim[i].domain),
				organisation(l, a->dmarc.from_domain)))
			return true;
	return false;
}

/* ---- what one link comes to ---- */

/* Is it the first of its host? Then its evidence is to be written. */
static bool note(struct word *w, struct slice host, double factor)
{
	if (factor > w->factor)
		w->factor = factor;
	if (w->count > 0 && slice_is_equal(w->last, host))
		return false;
	w->last = host;
	if (w->count++ == 0)
		w->first = host;
	return w->count == 1;
}

static void look_at_idn(struct word *w, const struct body_link *link)
{
	static const char *const why[] = { "", "letters of several scripts",
		"letters that look like others",
		"a label that is no name (xn--)" };
	char shown[PSL_UNICODE_MAX];
	size_t len;
	enum idnlook look;

	if (!link->is_idn || slice_is_equal(link->host, w->last) ||
		++w->looks > LOOKS_MAX)
		return;
	look = idnlook_of(link->host, shown, &len);
	if (look != IDNLOOK_PLAIN && note(w, link->host, 1))
		buf_add_format(&w->evidence,
			"a link leads to \"%.*s\" (%.*s): %s",
			SLICE_ARG(link->host), (int)len, shown, why[look]);
}

/* Addresses of a house of its own, and of documents, mislead nobody. */
static bool is_private(const struct ipaddr *ip)
{
	static const char *const nets[] = { "10.0.0.0/8", "172.16.0.0/12",
		"192.168.0.0/16", "127.0.0.0/8", "169.254.0.0/16",
		"192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "::1",
		"fc00::/7", "fe80::/10", "2001:db8::/32" };

	for (size_t i = 0; i < sizeof(nets) / sizeof(nets[0]); i++) {
		struct cidr net;

		if (cidr_parse(&net, slice_of(nets[i])) == RES_OK &&
			cidr_covers(&net, ip))
			return true;
	}
	return false;
}

static bool holds(struct slice text, struct slice part)
{
	for (size_t i = 0; i + part.len <= text.len; i++)
		if (slice_is_equal_nocase(slice_part(text, i, part.len), part))
			return true;
	return false;
}

static void look_at_address(struct word *w, const struct body_link *link)
{
	struct ipaddr ip;
	double factor = link->source == BODY_LINK_TEXT ? half : 1;

	if (!link->is_address || ++w->looks > LOOKS_MAX ||
		ipaddr_parse(&ip, link->host) != RES_OK || is_private(&ip))
		return;
	/* Nobody who means well writes an address as one number. */
	if (ipaddr_is_v4(&ip) && !holds(link->url, link->host))
		factor = factor_max;
	if (note(w, link->host, factor))
		buf_add_format(&w->evidence,
			"a link leads to the address %.*s%s",
			SLICE_ARG(link->host),
			factor < factor_max ? "" : ", written to hide it");
}

/* "http://bank.example@evil.example/": what stands before "@". */
static struct slice userinfo_of(struct slice url)
{
	const size_t slashes = slice_find(url, ':') + 3;
	struct slice rest = slice_part(url, slashes, url.len);
	const size_t end = slice_find(rest, '/');

	rest = slice_part(rest, 0, end);
	return slice_part(rest, 0, slice_find_last(rest, '@'));
}

static void look_at_userinfo(struct word *w, const struct body_link *link)
{
	struct slice user;

	if (!link->has_userinfo ||
		!slice_has_prefix_nocase(link->url, slice_of("http")))
		return;
	user = userinfo_of(link->url);
	/* "git@host" misleads nobody, "bank.example@host" does. */
	if (note(w, link->host,
		    slice_find(user, '.') < user.len ||
				    slice_find(user, '%') < user.len
			    ? 1
			    : half))
		buf_add_format(&w->evidence,
			"a link has something before an \"@\", and leads to "
			"\"%.*s\"",
			SLICE_ARG(link->host));
}

/* ---- what a link shows ---- */

/* Names without "www." or a scheme that are surely meant as hosts: other
 * endings are those of files ("setup.py"), or of brands. */
static bool is_plain_host(struct slice text)
{
	static const char *const ends[] = { ".com", ".org", ".gov", ".edu",
		".mil", ".co.uk", ".com.br", ".de", ".fr", ".es", ".it" };
	char name[HOSTNAME_MAX];
	size_t len;

	if (hostname_parse(text, name, &len) != RES_OK)
		return false;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		const struct slice end = slice_of(ends[i]);

		if (len > end.len &&
			slice_is_equal(
				end, slice_make(name + len - end.len, end.len)))
			return true;
	}
	return false;
}

static bool has_blank(struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.at[i] <= ' ')
			return true;
	return false;
}

/*
 * Is the text a link or a host and nothing else? Then u is where a reader
 * thinks to go, and the factor says how surely: a name without "www." may be
 * that of a brand.
 */
static double reads_as_host(
	struct slice shown, char clean[URL_MAX], struct url *u)
{
	struct slice host;

	shown = slice_trim(shown);
	host = slice_part(shown, 0, slice_find(shown, '/'));
	if (shown.len == 0 || has_blank(shown))
		return 0;
	(void)url_parse(shown, clean, u);
	if (u->host_len > 0)
		return slice_find(url_host(u), '.') < u->host_len ? 1 : 0;
	if (u->scheme.len > 0 || !is_plain_host(host) ||
		hostname_parse(host, u->host, &u->host_len) != RES_OK)
		return 0;
	return half;
}

static void look_at_shown(
	const struct look *l, struct word *w, const struct body_link *link)
{
	char clean[URL_MAX];
	struct slice shown;
	double factor;
	struct url u;

	if (link->shown.len == 0 || link->host.len == 0)
		return;
	factor = reads_as_host(link->shown, clean, &u);
	shown = url_host(&u);
	if (factor == 0 || ++w->looks > LOOKS_MAX ||
		slice_is_equal(
			organisation(l, shown), organisation(l, link->host)))
		return;
	if (l->is_proved)
		factor *= half;
	/* One that rewrites links says in them where they lead. */
	if (holds(link->url, shown))
		factor *= half;
	if (note(w, link->host, factor))
		buf_add_format(&w->evidence,
			"a link shows \"%.*s\" and leads to \"%.*s\"",
			SLICE_ARG(slice_part(shown, 0, SHOWN_MAX)),
			SLICE_ARG(link->host));
}

/* ---- findings ---- */

static void report(const struct look *l, struct word *w, struct findings *out)
{
	struct finding *f;

	if (w->count == 0)
		return;
	if (w->count > 1)
		buf_add_format(&w->evidence, ", and %u more", w->count - 1);
	f = findings_add(out, "links");
	f->outcome = OUTCOME_HIT;
	f->detail = w->detail;
	f->factor = w->factor * (1 + more * (w->count - 1));
	if (f->factor > factor_max)
		f->factor = factor_max;
	if (arena_copy(l->in->arena, w->first, &f->subject) != RES_OK ||
		arena_copy(l->in->arena, buf_slice(&w->evidence),
			&f->evidence) != RES_OK)
		f->evidence = slice_of("a link leads astray");
}

static void report_hidden(const struct check_input *in, struct findings *out)
{
	const size_t hidden = in->body->hidden, seen = in->body->text.len;
	struct finding *f;
	struct buf line;

	if (hidden < HIDDEN_MIN || (hidden < seen / 2 && hidden < HIDDEN_MUCH))
		return;
	/* Much text that is seen makes even much that is not a small part. */
	if (hidden < seen / 4)
		return;
	buf_init(&line, EVIDENCE_MAX);
	buf_add_format(&line,
		"%zu octets of text are made invisible, %zu are seen", hidden,
		seen);
	f = findings_add(out, "links");
	f->outcome = OUTCOME_HIT;
	f->detail = "hidden";
	f->factor = hidden > 2 * seen ? factor_max : 1;
	if (arena_copy(in->arena, buf_slice(&line), &f->evidence) != RES_OK)
		f->evidence = slice_of("text is made invisible");
	buf_clear(&line);
}

static void look_at_links(struct look *l)
{
	const struct body_facts *b = l->in->body;

	for (size_t i = 0; i < b->link_count; i++) {
		const struct body_link *link = &b->links[i];

		/* Nobody follows where an image comes from. */
		if (link->source == BODY_LINK_SRC)
			continue;
		look_at_idn(&l->word[IDN], link);
		look_at_address(&l->word[IP], link);
		look_at_userinfo(&l->word[USERINFO], link);
		look_at_shown(l, &l->word[MISMATCH], link);
	}
}

enum check_progress links_step(
	const struct check_input *in, struct findings *out)
{
	static const char *const details[WORDS] = { "idn", "ip", "mismatch",
		"userinfo" };
	struct look l = { .in = in };
	size_t before;

	if (out == NULL || in->body == NULL || !in->body->is_known)
		return CHECK_DONE;
	before = out->count;
	l.is_proved = is_proved(&l);
	for (size_t i = 0; i < WORDS; i++) {
		l.word[i].detail = details[i];
		buf_init(&l.word[i].evidence, EVIDENCE_MAX);
	}
	look_at_links(&l);
	for (size_t i = 0; i < WORDS; i++) {
		report(&l, &l.word[i], out);
		buf_clear(&l.word[i].evidence);
	}
	report_hidden(in, out);
	if (out->count == before)
		findings_add(out, "links")->outcome = OUTCOME_MISS;
	return CHECK_DONE;
}
