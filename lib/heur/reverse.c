/* SPDX-License-Identifier: BSD-2-Clause */
#include "heur/reverse.h"

#include "base/arena.h"
#include "conf/conf.h"
#include "net/hostname.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum {
	LINE_MAX_LEN = 512,
	NUMBERS_MAX = 32,
	WORD_MAX = 16,
	OCTETS = 4,
	OCTETS_ENOUGH = 3, /* of four, in a row: two may be chance */
	FORM_MAX = 48
};

/* A word that says dynamic by itself, or only beside the whole address. */
static const struct word {
	const char *text;
	bool is_strong;
} dynamic_words[] = {
	{ "dyn", true },
	{ "dynamic", true },
	{ "dynip", true },
	{ "dhcp", true },
	{ "dial", true },
	{ "dialin", true },
	{ "dialup", true },
	{ "ppp", true },
	{ "pppoe", true },
	{ "adsl", true },
	{ "vdsl", true },
	{ "broadband", true },
	{ "pool", false },
	{ "pools", false },
	{ "cable", false },
	{ "dsl", false },
	{ "xdsl", false },
	{ "cust", false },
	{ "customer", false },
	{ "customers", false },
	{ "client", false },
	{ "clients", false },
	{ "res", false },
	{ "residential", false },
	{ "mobile", false },
	{ "gprs", false },
	{ "lte", false },
	{ "ftth", false },
	{ "wifi", false },
};

/* Whoever gave such a name gave the address to keep. */
static const char *const lasting_words[] = { "static", "fixed", "fix",
	"dedicated", "colo", "vps", "server", "srv", "mail", "mx", "smtp",
	"relay" };

/* ---- the name in pieces ---- */

/* Without its last label; "" when there is one only. */
static struct slice below_last(struct slice name)
{
	size_t dot = slice_find_last(name, '.');

	return slice_part(name, 0, dot < name.len ? dot : 0);
}

static size_t last_length(struct slice name)
{
	size_t dot = slice_find_last(name, '.');

	return dot < name.len ? name.len - dot - 1 : name.len;
}

/* The labels that whoever runs the network chooses: all but the registered
 * domain, of which we know no more than that it has two labels, or three below
 * a country ("example.co.uk"). */
static struct slice host_part(struct slice name)
{
	struct slice rest = below_last(name);
	bool has_three = last_length(name) == 2 && last_length(rest) <= 3;

	rest = below_last(rest);
	return has_three ? below_last(rest) : rest;
}

/* The next run of letters, folded; false at the end. */
static bool next_word(struct slice *rest, char out[WORD_MAX])
{
	size_t len = 0, i = 0;

	while (i < rest->len && isalpha((unsigned char)rest->at[i]) == 0)
		i++;
	for (; i < rest->len && isalpha((unsigned char)rest->at[i]) != 0; i++)
		if (len < WORD_MAX - 1)
			out[len++] = (char)tolower((unsigned char)rest->at[i]);
	out[len] = '\0';
	*rest = slice_part(*rest, i, rest->len);
	return len > 0;
}

/* The runs of digits as numbers; what is no octet is 256. */
static size_t read_numbers(struct slice s, unsigned out[NUMBERS_MAX])
{
	size_t count = 0;
	bool is_in = false;

	for (size_t i = 0; i < s.len; i++) {
		unsigned digit = (unsigned)(s.at[i] - '0');

		if (digit > 9) {
			is_in = false;
			continue;
		}
		if (!is_in && count == NUMBERS_MAX)
			break;
		if (!is_in)
			out[count++] = 0;
		is_in = true;
		out[count - 1] = out[count - 1] * 10 + digit;
		if (out[count - 1] > 255)
			out[count - 1] = 256;
	}
	return count;
}

/* ---- does it hold the address? ---- */

/* How many octets in a row, from this number on, in one direction or the
 * other, beginning with any of them. */
static size_t run_from(const unsigned *number, size_t count,
	const uint8_t octet[OCTETS], int step)
{
	size_t best = 0;

	for (int first = 0; first < OCTETS; first++) {
		size_t n = 0;

		for (int at = first; at >= 0 && at < OCTETS && n < count &&
			number[n] == octet[at];
			at += step)
			n++;
		if (n > best)
			best = n;
	}
	return best;
}

static bool has_numbers(struct slice name, const uint8_t octet[OCTETS])
{
	unsigned number[NUMBERS_MAX];
	size_t count = read_numbers(name, number);

	for (size_t i = 0; i < count; i++)
		if (run_from(number + i, count - i, octet, 1) >=
				OCTETS_ENOUGH ||
			run_from(number + i, count - i, octet, -1) >=
				OCTETS_ENOUGH)
			return true;
	return false;
}

/* Letters and digits only, folded. */
static void squeeze(struct slice name, char out[HOSTNAME_MAX])
{
	size_t len = 0;

	for (size_t i = 0; i < name.len && len < HOSTNAME_MAX - 1; i++)
		if (isalnum((unsigned char)name.at[i]) != 0)
			out[len++] = (char)tolower((unsigned char)name.at[i]);
	out[len] = '\0';
}

/* Run together: padded, as a number, in hexadecimal; forwards and back. */
static bool holds_v4(const char *squeezed, const uint8_t o[OCTETS])
{
	char form[6][FORM_MAX];

	snprintf(form[0], FORM_MAX, "%03u%03u%03u%03u", o[0], o[1], o[2], o[3]);
	snprintf(form[1], FORM_MAX, "%03u%03u%03u%03u", o[3], o[2], o[1], o[0]);
	snprintf(form[2], FORM_MAX, "%02x%02x%02x%02x", o[0], o[1], o[2], o[3]);
	snprintf(form[3], FORM_MAX, "%02x%02x%02x%02x", o[3], o[2], o[1], o[0]);
	snprintf(form[4], FORM_MAX, "%u%u%u%u", o[0], o[1], o[2], o[3]);
	snprintf(form[5], FORM_MAX, "%lu",
		(unsigned long)o[0] << 24 | (unsigned long)o[1] << 16 |
			(unsigned long)o[2] << 8 | o[3]);
	for (size_t i = 0; i < 6; i++)
		if (strlen(form[i]) >= 8 && strstr(squeezed, form[i]) != NULL)
			return true;
	return false;
}

/* All nibbles, forwards or back, or those of the interface alone. */
static bool holds_nibbles(const char *squeezed, const struct ipaddr *ip)
{
	static const char hex[] = "0123456789abcdef";
	enum { NIBBLES = 32 };
	char there[NIBBLES + 1], back[NIBBLES + 1];

	for (size_t i = 0; i < NIBBLES; i++) {
		uint8_t octet = ip->octet[i / 2];

		there[i] = hex[i % 2 == 0 ? octet >> 4 : octet & 0xf];
		back[NIBBLES - 1 - i] = there[i];
	}
	there[NIBBLES] = '\0';
	back[NIBBLES] = '\0';
	return strstr(squeezed, there + NIBBLES / 2) != NULL ||
		strstr(squeezed, back) != NULL;
}

static bool holds_text(struct slice name, const char *text)
{
	return memmem(name.at, name.len, text, strlen(text)) != NULL;
}

/* "2001-db8--1", "2001-db8-0-0-0-0-0-1": as it is written, with dashes. */
static bool holds_groups(struct slice name, const struct ipaddr *ip)
{
	char text[IPADDR_TEXT_MAX], all[FORM_MAX];
	size_t len = 0;

	ipaddr_format(ip, text);
	for (char *c = text; *c != '\0'; c++)
		if (*c == ':')
			*c = '-';
	for (size_t i = 0; i < 16; i += 2)
		len += (size_t)snprintf(all + len, FORM_MAX - len, "%s%x",
			i == 0 ? "" : "-",
			(unsigned)ip->octet[i] << 8 | ip->octet[i + 1]);
	return holds_text(name, text) || holds_text(name, all);
}

static bool holds_address(struct slice name, const struct ipaddr *ip)
{
	char squeezed[HOSTNAME_MAX];

	squeeze(name, squeezed);
	if (ipaddr_is_v4(ip))
		return has_numbers(name, ip->octet + 12) ||
			holds_v4(squeezed, ip->octet + 12);
	return holds_nibbles(squeezed, ip) || holds_groups(name, ip);
}

static bool has_last_octet(struct slice name, const struct ipaddr *ip)
{
	unsigned number[NUMBERS_MAX];
	size_t count = read_numbers(name, number);

	for (size_t i = 0; i < count; i++)
		if (ipaddr_is_v4(ip) && number[i] == ip->octet[15])
			return true;
	return false;
}

/* ---- what it says ---- */

static bool is_lasting(const char *word)
{
	size_t count = sizeof(lasting_words) / sizeof(lasting_words[0]);

	for (size_t i = 0; i < count; i++)
		if (strcmp(lasting_words[i], word) == 0)
			return true;
	return false;
}

static const struct word *find_dynamic(const char *word)
{
	size_t count = sizeof(dynamic_words) / sizeof(dynamic_words[0]);

	for (size_t i = 0; i < count; i++)
		if (strcmp(dynamic_words[i].text, word) == 0)
			return &dynamic_words[i];
	return NULL;
}

/* The word that says dynamic, a strong one if there is any; NULL: none, or
 * another one says that the address is there to stay. */
static const struct word *read_words(struct slice host)
{
	const struct word *found = NULL;
	char word[WORD_MAX];

	while (next_word(&host, word)) {
		const struct word *w = find_dynamic(word);

		if (is_lasting(word))
			return NULL;
		if (w != NULL && (found == NULL || !found->is_strong))
			found = w;
	}
	return found;
}

enum reverse_kind reverse_read(
	struct slice name, const struct ipaddr *ip, const char **word)
{
	struct slice host = host_part(name);
	const struct word *w = read_words(host);
	bool is_generic = holds_address(below_last(name), ip);

	*word = "";
	if (w != NULL &&
		(is_generic || (w->is_strong && has_last_octet(host, ip)))) {
		*word = w->text;
		return REVERSE_DYNAMIC;
	}
	return is_generic ? REVERSE_GENERIC : REVERSE_PLAIN;
}

/* ---- findings ---- */

static enum auth_result dkim_result(const struct auth_facts *auth)
{
	enum auth_result best = AUTH_NONE;

	if (!auth->dkim_is_known)
		return AUTH_UNKNOWN;
	for (unsigned i = 0; i < auth->dkim_count; i++) {
		if (auth->dkim[i].result == AUTH_PASS)
			return AUTH_PASS;
		if (auth->dkim[i].result == AUTH_TEMPERROR)
			best = AUTH_TEMPERROR;
	}
	return best;
}

static bool may_pass(enum auth_result r)
{
	return r == AUTH_PASS || r == AUTH_TEMPERROR || r == AUTH_UNKNOWN;
}

static bool is_ipv6_bare(const struct check_input *in)
{
	const struct auth_facts *auth = in->auth;

	return !ipaddr_is_v4(&in->conn->ip) && !may_pass(auth->iprev.result) &&
		!may_pass(auth->mailfrom.result) &&
		!may_pass(dkim_result(auth));
}

static void add(const struct check_input *in, struct findings *out,
	const char *detail, const char *line)
{
	struct finding *f = findings_add(out, "reverse");

	f->outcome = OUTCOME_HIT;
	f->detail = detail;
	if (arena_copy(in->arena, slice_of(line), &f->evidence) != RES_OK)
		f->evidence = slice_of(in->conn->ip_text);
}

static void add_named(
	const struct check_input *in, struct findings *out, struct slice name)
{
	const struct auth_facts *auth = in->auth;
	char line[LINE_MAX_LEN];
	const char *word;
	enum reverse_kind kind = reverse_read(name, &in->conn->ip, &word);

	if (kind == REVERSE_PLAIN)
		return;
	if (kind == REVERSE_DYNAMIC)
		snprintf(line, sizeof(line),
			"%s is named %.*s, which says \"%s\"",
			in->conn->ip_text, SLICE_ARG(name), word);
	else
		snprintf(line, sizeof(line),
			"%s is named %.*s, which is made from the address",
			in->conn->ip_text, SLICE_ARG(name));
	add(in, out, kind == REVERSE_DYNAMIC ? "dynamic" : "generic", line);
	if (auth->dmarc.result == AUTH_PASS || dkim_result(auth) == AUTH_PASS)
		out->item[out->count - 1].factor = 0.5;
}

/* Folded; false: it has none. */
static bool read_name(
	const struct check_input *in, char out[HOSTNAME_MAX], size_t *len)
{
	struct slice name = in->auth->iprev.name;

	if (slice_is_empty(name))
		name = in->conn->ptr;
	return hostname_parse(name, out, len) == RES_OK;
}

static void report(const struct check_input *in, struct findings *out)
{
	size_t before = out->count;
	char name[HOSTNAME_MAX];
	char line[LINE_MAX_LEN];
	size_t len;

	if (read_name(in, name, &len))
		add_named(in, out, slice_make(name, len));
	if (is_ipv6_bare(in)) {
		snprintf(line, sizeof(line),
			"%s has no name that points back to it, and neither "
			"SPF nor DKIM pass",
			in->conn->ip_text);
		add(in, out, "ipv6_bare", line);
	}
	if (out->count == before) {
		struct finding *f = findings_add(out, "reverse");

		f->outcome = OUTCOME_MISS;
		f->detail = "";
	}
}

/* What authentication comes to is read below, where a site wants it. */
static bool is_auth_known(const struct check_input *in)
{
	const struct auth_facts *auth = in->auth;

	return !in->conf->auth.enabled ||
		(auth->iprev.result != AUTH_UNKNOWN &&
			auth->mailfrom.result != AUTH_UNKNOWN &&
			auth->dkim_is_known &&
			auth->dmarc.result != AUTH_UNKNOWN);
}

enum check_progress reverse_step(
	const struct check_input *in, struct findings *out)
{
	if (out == NULL)
		return CHECK_DONE;
	if (!is_auth_known(in))
		return CHECK_WAITING;
	report(in, out);
	return CHECK_DONE;
}
