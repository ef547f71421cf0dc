/* SPDX-License-Identifier: BSD-2-Clause */
#include "mail/arf.h"

#include "mail/cfws.h"

#include <stddef.h>
#include <string.h>

enum {
	COLUMNS = 78, /* a field is folded at the next blank */
	LINE_MAX = 990, /* RFC 5322 s2.1.1, with room for the end */
	INCIDENTS_MAX = 1000000000,
	VERSION_MAX = 1000,
	PORT_MAX = 65535
};

static const struct {
	enum arf_type type;
	const char *name;
} types[] = {
	{ ARF_ABUSE, "abuse" },
	{ ARF_FRAUD, "fraud" },
	{ ARF_VIRUS, "virus" },
	{ ARF_OTHER, "other" },
	{ ARF_NOT_SPAM, "not-spam" },
	{ ARF_AUTH_FAILURE, "auth-failure" },
	{ ARF_OPT_OUT, "opt-out" },
};

enum { TYPES = sizeof(types) / sizeof(types[0]) };

/* What a field is read into. */
enum shape {
	TEXT, /* a slice, once */
	LIST, /* slices, and how many */
	TYPE,
	VERSION,
	ADDRESS,
	PORT,
	INCIDENTS
};

struct known {
	const char *name;
	enum shape shape;
	size_t at; /* where in struct arf */
	size_t count_at; /* of LIST */
	bool is_alias; /* read as the one before, never written */
};

#define AT(member) offsetof(struct arf, member)

/* In the order in which they are written. */
static const struct known known[] = {
	{ "Feedback-Type", TYPE, AT(type), 0, false },
	{ "User-Agent", TEXT, AT(user_agent), 0, false },
	{ "Version", VERSION, AT(version), 0, false },
	{ "Original-Envelope-Id", TEXT, AT(envelope_id), 0, false },
	{ "Original-Mail-From", TEXT, AT(mail_from), 0, false },
	{ "Original-Rcpt-To", LIST, AT(rcpt_to), AT(rcpt_count), false },
	{ "Arrival-Date", TEXT, AT(arrival_date), 0, false },
	{ "Received-Date", TEXT, AT(arrival_date), 0, true },
	{ "Reporting-MTA", TEXT, AT(reporting_mta), 0, false },
	{ "Source-IP", ADDRESS, AT(source_ip), 0, false },
	{ "Source-Port", PORT, AT(source_port), 0, false },
	{ "Incidents", INCIDENTS, AT(incidents), 0, false },
	{ "Authentication-Results", LIST, AT(authentication_results),
		AT(results_count), false },
	{ "Reported-Domain", LIST, AT(reported_domain), AT(domain_count),
		false },
	{ "Reported-URI", LIST, AT(reported_uri), AT(uri_count), false },
	{ "Auth-Failure", TEXT, AT(auth_failure), 0, false },
	{ "Delivery-Result", TEXT, AT(delivery_result), 0, false },
	{ "DKIM-Domain", TEXT, AT(dkim_domain), 0, false },
	{ "DKIM-Identity", TEXT, AT(dkim_identity), 0, false },
	{ "DKIM-Selector", TEXT, AT(dkim_selector), 0, false },
	{ "Identity-Alignment", TEXT, AT(identity_alignment), 0, false },
};

#undef AT

enum { KNOWN = sizeof(known) / sizeof(known[0]) };

const char *arf_type_name(enum arf_type t)
{
	for (size_t i = 0; i < TYPES; i++)
		if (types[i].type == t)
			return types[i].name;
	return "unknown";
}

/* ---- reading ---- */

struct reading {
	struct arf arf;
	bool seen[KNOWN]; /* by where it is read into */
	size_t fields;
};

static void complain(struct reading *r, const char *why)
{
	if (!r->arf.is_malformed)
		r->arf.why = why;
	r->arf.is_malformed = true;
}

/* The word, without comments around it (RFC 5965 s3.5: CFWS). */
static struct slice word_of(struct slice value)
{
	size_t at = 0, end;

	if (!cfws_skip(value, &at))
		return slice_of("");
	end = at;
	while (end < value.len && strchr(" \t\r\n(", value.at[end]) == NULL)
		end++;
	return slice_part(value, at, end - at);
}

static enum arf_type type_of(struct slice word)
{
	for (size_t i = 0; i < TYPES; i++)
		if (slice_is_equal_nocase(word, slice_of(types[i].name)))
			return types[i].type;
	return ARF_UNKNOWN;
}

static unsigned number_of(struct reading *r, struct slice value, uint64_t most)
{
	uint64_t n = 0;

	if (slice_parse_u64(word_of(value), 1, most, &n) != RES_OK)
		complain(r, "a number that is none");
	return (unsigned)n;
}

static void add_to_list(
	struct reading *r, const struct known *k, struct slice value)
{
	char *base = (char *)&r->arf;
	struct slice *list = (void *)(base + k->at);
	size_t *count = (void *)(base + k->count_at);

	if (*count < ARF_LIST_MAX)
		list[(*count)++] = value;
	else
		complain(r, "too many fields of one name");
}

static void read_number(
	struct reading *r, const struct known *k, struct slice value)
{
	unsigned n;

	if (k->shape == VERSION)
		r->arf.version = number_of(r, value, VERSION_MAX);
	if (k->shape == PORT)
		r->arf.source_port = (uint16_t)number_of(r, value, PORT_MAX);
	if (k->shape == INCIDENTS) {
		n = number_of(r, value, INCIDENTS_MAX);
		r->arf.incidents = n > 0 ? n : 1;
	}
}

static void read_value(
	struct reading *r, const struct known *k, struct slice value)
{
	switch (k->shape) {
	case TEXT:
		*(struct slice *)(void *)((char *)&r->arf + k->at) = value;
		break;
	case LIST:
		add_to_list(r, k, value);
		break;
	case TYPE:
		r->arf.type = type_of(word_of(value));
		break;
	case ADDRESS:
		r->arf.has_source_ip = ipaddr_parse(&r->arf.source_ip,
					       word_of(value)) == RES_OK;
		if (!r->arf.has_source_ip)
			complain(r, "Source-IP is no address");
		break;
	case VERSION:
	case PORT:
	case INCIDENTS:
		read_number(r, k, value);
		break;
	}
}

static bool is_name(struct slice name)
{
	for (size_t i = 0; i < name.len; i++)
		if (name.at[i] <= ' ' || name.at[i] > '~')
			return false;
	return name.len > 0;
}

static void read_field(struct reading *r, struct slice field)
{
	const size_t colon = slice_find(field, ':');
	const struct slice name = slice_trim(slice_part(field, 0, colon));
	size_t i = 0;

	if (colon == field.len || !is_name(name)) {
		complain(r, "a line that is no field");
		return;
	}
	while (i < KNOWN &&
		!slice_is_equal_nocase(name, slice_of(known[i].name)))
		i++;
	if (i == KNOWN)
		return; /* RFC 5965 s3.3: extensions are let pass */
	r->fields++;
	if (known[i].is_alias)
		i--;
	if (known[i].shape != LIST && r->seen[i]) {
		complain(r, "a field is there twice");
		return;
	}
	r->seen[i] = true;
	read_value(r, &known[i],
		slice_trim(slice_part(field, colon + 1, field.len)));
}

/* One field with its folds; false: text is over. */
static bool next_field(struct slice *text, struct slice *field)
{
	size_t end = 0;

	if (text->len == 0)
		return false;
	do {
		const struct slice rest = slice_part(*text, end, text->len);

		end += slice_find(rest, '\n');
		if (end < text->len)
			end++;
	} while (end < text->len &&
		(text->at[end] == ' ' || text->at[end] == '\t'));
	*field = slice_part(*text, 0, end);
	*text = slice_part(*text, end, text->len);
	return true;
}

/* RFC 5965 s3.1, RFC 6591 s3.1. */
static void check_needed(struct reading *r)
{
	if (!r->seen[0])
		complain(r, "Feedback-Type is missing");
	if (!r->seen[1])
		complain(r, "User-Agent is missing");
	if (!r->seen[2])
		complain(r, "Version is missing");
	if (r->arf.type == ARF_AUTH_FAILURE && r->arf.auth_failure.len == 0)
		complain(r, "Auth-Failure is missing");
}

enum result arf_parse(struct slice text, struct arf *out)
{
	struct reading r = { .arf.incidents = 1 };
	struct slice field;
	size_t count = 0;

	if (text.len > ARF_OCTETS_MAX)
		return RES_TOOBIG;
	while (next_field(&text, &field)) {
		if (slice_trim(field).len == 0)
			continue;
		if (++count > ARF_FIELDS_MAX) {
			complain(&r, "too many fields");
			break;
		}
		read_field(&r, field);
	}
	if (r.fields == 0)
		return RES_SYNTAX;
	check_needed(&r);
	*out = r.arf;
	return RES_OK;
}

/* ---- writing ---- */

/* A run of blanks and folds is one blank, or a fold where the line is long. */
static void add_value(struct buf *out, size_t column, struct slice value)
{
	bool is_blank = false, has_begun = false;

	for (size_t i = 0; i < value.len; i++) {
		const char c = value.at[i];

		if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
			is_blank = has_begun;
			continue;
		}
		if (c < ' ' || c > '~')
			continue;
		has_begun = true;
		if (is_blank && column >= COLUMNS) {
			buf_add_text(out, "\r\n ");
			column = 1;
		} else if (is_blank) {
			buf_add_char(out, ' ');
			column++;
		}
		is_blank = false;
		if (column++ < LINE_MAX)
			buf_add_char(out, c);
	}
}

static bool has_octets(struct slice value)
{
	for (size_t i = 0; i < value.len; i++)
		if (value.at[i] > ' ' && value.at[i] <= '~')
			return true;
	return false;
}

static void add_field(struct buf *out, const char *name, struct slice value)
{
	if (!has_octets(value))
		return;
	buf_add_format(out, "%s: ", name);
	add_value(out, strlen(name) + 2, slice_trim(value));
	buf_add_text(out, "\r\n");
}

static void add_number(struct buf *out, const char *name, unsigned n)
{
	buf_add_format(out, "%s: %u\r\n", name, n);
}

static void add_list(
	struct buf *out, const struct arf *a, const struct known *k)
{
	const char *base = (const char *)a;
	const struct slice *list = (const void *)(base + k->at);
	const size_t *count = (const void *)(base + k->count_at);

	for (size_t i = 0; i < *count && i < ARF_LIST_MAX; i++)
		add_field(out, k->name, list[i]);
}

static void add_known(
	struct buf *out, const struct arf *a, const struct known *k)
{
	char ip[IPADDR_TEXT_MAX];

	switch (k->shape) {
	case TEXT:
		add_field(out, k->name,
			*(const struct slice *)(const void *)((const char *)a +
				k->at));
		break;
	case LIST:
		add_list(out, a, k);
		break;
	case TYPE:
		if (a->type != ARF_UNKNOWN)
			add_field(
				out, k->name, slice_of(arf_type_name(a->type)));
		break;
	case ADDRESS:
		if (a->has_source_ip)
			add_field(out, k->name,
				slice_of(ipaddr_format(&a->source_ip, ip)));
		break;
	case VERSION:
		if (a->version > 0)
			add_number(out, k->name, a->version);
		break;
	case PORT:
		if (a->source_port > 0)
			add_number(out, k->name, a->source_port);
		break;
	case INCIDENTS:
		if (a->incidents > 1)
			add_number(out, k->name, a->incidents);
		break;
	}
}

enum result arf_format(const struct arf *a, struct buf *out)
{
	for (size_t i = 0; i < KNOWN; i++)
		if (!known[i].is_alias)
			add_known(out, a, &known[i]);
	return buf_result(out);
}
