/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/xarf.h"

#include "base/arena.h"
#include "base/digest.h"
#include "base/hex.h"
#include "mail/base64.h"
#include "mail/taglist.h"

#include <jansson.h>
#include <string.h>

enum { PORT_MAX = 65535 };

struct reader {
	struct arena *arena;
	struct xarf *out;
	enum result res; /* RES_NOMEM */
};

static void malformed(struct reader *r, const char *why)
{
	r->out->is_malformed = true;
	if (r->out->why == NULL)
		r->out->why = why;
}

/* ---- values: a field of another type is as one that is not there ---- */

static struct slice text_of(const json_t *value)
{
	return json_is_string(value) ? slice_make(json_string_value(value),
					       json_string_length(value))
				     : slice_of("");
}

static bool is_word(struct slice text)
{
	if (text.len == 0 || text.len > XARF_WORD_MAX)
		return false;
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.at[i] < ' ' || text.at[i] == 0x7f)
			return false;
	return true;
}

/* One line, short; the empty slice when it is another thing. */
static struct slice word(struct reader *r, const json_t *in, const char *name)
{
	struct slice text = slice_trim(text_of(json_object_get(in, name)));
	struct slice copy = slice_of("");

	if (is_word(text) && arena_copy(r->arena, text, &copy) != RES_OK)
		r->res = RES_NOMEM;
	return copy;
}

static struct slice needed(struct reader *r, const json_t *in, const char *name)
{
	struct slice text = word(r, in, name);

	if (text.len == 0)
		malformed(r, name);
	return text;
}

static const json_t *needed_object(
	struct reader *r, const json_t *in, const char *name)
{
	const json_t *value = json_object_get(in, name);

	if (!json_is_object(value))
		malformed(r, name);
	return value;
}

static uint16_t port_of(const json_t *in, const char *name)
{
	const json_t *value = json_object_get(in, name);
	const json_int_t number =
		json_is_integer(value) ? json_integer_value(value) : 0;

	return number > 0 && number <= PORT_MAX ? (uint16_t)number : 0;
}

static void take_source(struct reader *r, struct slice text)
{
	r->out->has_ip = ipaddr_parse(&r->out->ip, text) == RES_OK;
}

/* ---- evidence ---- */

/* "sha256:" and its digits; another sum is none that we can check. */
static bool is_as_said(struct slice octets, struct slice sum)
{
	const struct slice name = slice_of("sha256:");
	char digits[2 * SHA256_LEN + 1];
	uint8_t have[SHA256_LEN];
	struct digest *d;
	enum result res;

	if (!slice_has_prefix_nocase(sum, name))
		return true;
	d = digest_new();
	if (d == NULL)
		return true;
	digest_add(d, octets);
	res = digest_end(d, have);
	digest_free(d);
	if (res != RES_OK)
		return true;
	hex_format(have, SHA256_LEN, digits);
	return slice_is_equal_nocase(
		slice_part(sum, name.len, sum.len), slice_of(digits));
}

/* Decoded, owned by the arena. False: it is not to be read. */
static bool decode(
	struct reader *r, struct slice text, bool is_base64, struct slice *out)
{
	struct slice dense;
	enum result res;

	if (!is_base64)
		res = arena_copy(r->arena, text, out);
	else if ((res = taglist_squeeze(text, r->arena, &dense)) == RES_OK)
		res = base64_decode(dense, r->arena, out);
	if (res == RES_NOMEM || res == RES_TOOBIG)
		r->res = RES_NOMEM;
	return res == RES_OK && out->len > 0;
}

struct piece {
	struct slice type, payload, sum;
	bool is_base64;
};

static void take_piece(struct reader *r, const struct piece *p)
{
	const bool is_message =
		slice_is_equal_nocase(p->type, slice_of("message/rfc822"));
	struct xarf_message m = { .is_header = !is_message };

	if (!is_message &&
		!slice_is_equal_nocase(
			p->type, slice_of("text/rfc822-headers")) &&
		!slice_is_equal_nocase(
			p->type, slice_of("message/rfc822-headers")))
		return;
	if (r->out->count >= XARF_EVIDENCE_MAX ||
		!decode(r, p->payload, p->is_base64, &m.octets)) {
		malformed(r, "evidence");
		return;
	}
	if (!is_as_said(m.octets, p->sum))
		malformed(r, "hash");
	r->out->message[r->out->count++] = m;
}

/* ---- version 4 ---- */

static void take_party(struct reader *r, const json_t *root, const char *name)
{
	const json_t *party = needed_object(r, root, name);
	const struct slice org = needed(r, party, "org");
	const struct slice contact = needed(r, party, "contact");
	const struct slice domain = needed(r, party, "domain");

	if (strcmp(name, "reporter") != 0)
		return;
	r->out->org = org;
	r->out->contact = contact;
	r->out->domain = domain;
}

static void take_smtp(struct reader *r, const json_t *root)
{
	const struct slice protocol = needed(r, root, "protocol");

	r->out->smtp_from = word(r, root, "smtp_from");
	if (!slice_is_equal_nocase(protocol, slice_of("smtp")))
		return;
	if (r->out->smtp_from.len == 0)
		malformed(r, "smtp_from");
	if (r->out->port == 0)
		malformed(r, "source_port");
}

static void take_four(struct reader *r, const json_t *root)
{
	const json_t *evidence = json_object_get(root, "evidence");

	r->out->version = 4;
	r->out->report_id = needed(r, root, "report_id");
	r->out->timestamp = needed(r, root, "timestamp");
	take_party(r, root, "reporter");
	take_party(r, root, "sender");
	take_source(r, needed(r, root, "source_identifier"));
	r->out->port = port_of(root, "source_port");
	r->out->category = needed(r, root, "category");
	r->out->type = needed(r, root, "type");
	if (slice_is_equal(r->out->category, slice_of("messaging")))
		take_smtp(r, root);
	for (size_t i = 0; i < json_array_size(evidence); i++) {
		const json_t *one = json_array_get(evidence, i);

		take_piece(r,
			&(struct piece){
				.type = word(r, one, "content_type"),
				.payload = text_of(
					json_object_get(one, "payload")),
				.sum = text_of(json_object_get(one, "hash")),
				.is_base64 = true,
			});
	}
}

/* ---- version 3 ---- */

static void take_samples(struct reader *r, const json_t *samples)
{
	for (size_t i = 0; i < json_array_size(samples); i++) {
		const json_t *one = json_array_get(samples, i);
		const json_t *data = json_object_get(one, "Data");
		const json_t *payload = json_object_get(one, "Payload");

		take_piece(r,
			&(struct piece){
				.type = word(r, one, "ContentType"),
				.payload =
					text_of(data != NULL ? data : payload),
				.is_base64 = data != NULL ||
					json_is_true(json_object_get(
						one, "Base64Encoded")),
			});
	}
}

/* Two ways to name the source and the samples are both in use. */
static void take_three(struct reader *r, const json_t *root)
{
	const json_t *who = needed_object(r, root, "ReporterInfo");
	const json_t *report = needed_object(r, root, "Report");
	const json_t *source = json_object_get(report, "Source");
	const json_t *more = json_object_get(report, "AdditionalInfo");

	r->out->version = 3;
	r->out->org = needed(r, who, "ReporterOrg");
	r->out->domain = needed(r, who, "ReporterOrgDomain");
	r->out->contact = word(r, who, "ReporterContactEmail");
	if (r->out->contact.len == 0)
		r->out->contact = needed(r, who, "ReporterOrgEmail");
	r->out->category = needed(r, report, "ReportClass");
	r->out->type = needed(r, report, "ReportType");
	r->out->timestamp = needed(r, report, "Date");
	r->out->smtp_from = word(r, report, "SmtpMailFromAddress");
	if (r->out->smtp_from.len == 0)
		r->out->smtp_from = word(r, more, "SMTPFrom");
	take_source(r,
		json_is_object(source) ? word(r, source, "IP")
				       : needed(r, report, "SourceIp"));
	r->out->port = json_is_object(source) ? port_of(source, "Port")
					      : port_of(report, "SourcePort");
	take_samples(r, json_object_get(report, "Samples"));
	take_samples(r, json_object_get(report, "Attachment"));
}

/* ---- all of it ---- */

static enum report_kind kind_of(const struct xarf *x)
{
	static const struct {
		const char *word; /* category or type */
		enum report_kind kind;
	} known[] = {
		{ "phishing", REPORT_PHISH },
		{ "fraud", REPORT_PHISH },
		{ "spam", REPORT_JUNK },
		{ "messaging", REPORT_JUNK },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (slice_is_equal_nocase(x->type, slice_of(known[i].word)) ||
			slice_is_equal_nocase(
				x->category, slice_of(known[i].word)))
			return known[i].kind;
	return REPORT_ABUSE;
}

/* Each value costs far more memory than the octets it is written in. */
static bool has_too_many(struct slice text)
{
	size_t count = 0;

	for (size_t i = 0; i < text.len; i++)
		if (strchr(",:[{", text.at[i]) != NULL && text.at[i] != '\0')
			count++;
	return count > XARF_VALUES_MAX;
}

static bool is_version(const json_t *root, const char *name, char first)
{
	const struct slice version = text_of(json_object_get(root, name));

	return version.len > 0 && version.at[0] == first &&
		(version.len == 1 || version.at[1] == '.');
}

static enum result take(const json_t *root, struct reader *r)
{
	if (is_version(root, "xarf_version", '4'))
		take_four(r, root);
	else if (is_version(root, "Version", '3') &&
		json_is_object(json_object_get(root, "Report")))
		take_three(r, root);
	else
		return RES_SYNTAX;
	r->out->kind = kind_of(r->out);
	return r->res;
}

enum result xarf_parse(struct slice text, struct arena *a, struct xarf *out)
{
	const struct slice mark = slice_of("\xef\xbb\xbf");
	struct xarf got = { .version = 0 };
	struct reader r = { .arena = a, .out = &got };
	json_t *root;
	enum result res;

	if (slice_has_prefix(text, mark))
		text = slice_part(text, mark.len, text.len);
	if (text.len > XARF_TEXT_MAX || has_too_many(text))
		return RES_TOOBIG;
	root = json_loadb(text.at, text.len, 0, NULL);
	if (root == NULL)
		return RES_SYNTAX;
	res = take(root, &r);
	json_decref(root);
	if (res == RES_OK)
		*out = got;
	return res;
}
