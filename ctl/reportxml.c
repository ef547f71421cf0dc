/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/reportxml.h"

#include "base/utf8.h"
#include "ctl/mailchild.h"
#include "ctl/reportpack.h"

#include <inttypes.h>
#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <stdlib.h>
#include <string.h>

enum {
	PATH_LEN = 256,
	PIECE = 65536,
	LINES_MAX = 64 * 1024 * 1024,
	WORDS_MAX = 8 /* of a line */
};

/* The lines of the child, by their first letter; words behind tabs:
 *   M org email id begin end domain policy
 *   R ip count disposition dkim spf from
 *   X rows that were too many
 *   E ok|syntax|toobig|corrupt|nomem, the last one */

/* ---- in the child ---- */

enum field {
	FIELD_NONE = 0,
	FIELD_ORG,
	FIELD_EMAIL,
	FIELD_ID,
	FIELD_BEGIN,
	FIELD_END,
	FIELD_DOMAIN,
	FIELD_POLICY,
	FIELD_ROW, /* the first of a row */
	FIELD_IP = FIELD_ROW,
	FIELD_COUNT,
	FIELD_DISPOSITION,
	FIELD_DKIM,
	FIELD_SPF,
	FIELD_FROM,
	FIELDS
};

/* The same in both schemas, as far as we look. */
static const struct {
	const char *path;
	enum field field;
} places[] = {
	{ "feedback/report_metadata/org_name", FIELD_ORG },
	{ "feedback/report_metadata/email", FIELD_EMAIL },
	{ "feedback/report_metadata/report_id", FIELD_ID },
	{ "feedback/report_metadata/date_range/begin", FIELD_BEGIN },
	{ "feedback/report_metadata/date_range/end", FIELD_END },
	{ "feedback/policy_published/domain", FIELD_DOMAIN },
	{ "feedback/policy_published/p", FIELD_POLICY },
	{ "feedback/record/row/source_ip", FIELD_IP },
	{ "feedback/record/row/count", FIELD_COUNT },
	{ "feedback/record/row/policy_evaluated/disposition",
		FIELD_DISPOSITION },
	{ "feedback/record/row/policy_evaluated/dkim", FIELD_DKIM },
	{ "feedback/record/row/policy_evaluated/spf", FIELD_SPF },
	{ "feedback/record/identifiers/header_from", FIELD_FROM },
	/* Before the schema was settled. */
	{ "feedback/record/identities/header_from", FIELD_FROM },
};

/* Only what the parser of one document needs; the rest is in values. */
struct reader {
	xmlParserCtxtPtr parser;
	struct buf *out;
	enum result failed;
	unsigned depth;
	size_t path_len[REPORTXML_DEPTH_MAX]; /* before that element */
	char path[PATH_LEN];
	char text[DMARCIN_WORD_MAX];
	size_t text_len;
	char value[FIELDS][DMARCIN_WORD_MAX + 1];
	size_t rows, too_many;
};

static void stop(struct reader *r, enum result why)
{
	if (r->failed == RES_OK)
		r->failed = why;
	xmlStopParser(r->parser);
}

static bool is_namespace(const xmlChar *uri)
{
	static const char old[] = "http://dmarc.org/dmarc-xml/";
	static const char new[] = "urn:ietf:params:xml:ns:dmarc-2.0";

	return uri == NULL || strcmp((const char *)uri, new) == 0 ||
		strncmp((const char *)uri, old, sizeof(old) - 1) == 0;
}

static enum field field_of(const struct reader *r)
{
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (strcmp(places[i].path, r->path) == 0)
			return places[i].field;
	return FIELD_NONE;
}

static void push(struct reader *r, const char *name)
{
	size_t at = strlen(r->path);

	r->path_len[r->depth++] = at;
	/* One that is cut off is longer than any of ours. */
	snprintf(r->path + at, sizeof(r->path) - at, "%s%s", at == 0 ? "" : "/",
		name);
}

static void on_start(void *ctx, const xmlChar *name, const xmlChar *prefix,
	const xmlChar *uri, int ns_count, const xmlChar **ns, int count,
	int defaulted, const xmlChar **attributes)
{
	struct reader *r = ctx;

	(void)prefix;
	(void)ns_count;
	(void)ns;
	(void)count;
	(void)defaulted;
	(void)attributes;
	if (r->failed != RES_OK)
		return;
	if (r->depth == REPORTXML_DEPTH_MAX ||
		(r->depth == 0 &&
			(strcmp((const char *)name, "feedback") != 0 ||
				!is_namespace(uri)))) {
		stop(r, RES_SYNTAX);
		return;
	}
	push(r, (const char *)name);
	r->text_len = 0;
	if (strcmp(r->path, "feedback/record") == 0)
		for (enum field f = FIELD_ROW; f < FIELDS; f++)
			r->value[f][0] = '\0';
}

static void on_text(void *ctx, const xmlChar *text, int len)
{
	struct reader *r = ctx;
	size_t room = sizeof(r->text) - r->text_len;
	size_t count = len < 0 ? 0 : (size_t)len;

	if (count > room)
		count = room;
	memcpy(r->text + r->text_len, text, count);
	r->text_len += count;
}

/* One line, whatever stood there. */
static void keep_text(struct reader *r, enum field f)
{
	struct slice s = slice_trim(slice_make(r->text, r->text_len));

	s = utf8_cut(s, DMARCIN_WORD_MAX);
	for (size_t i = 0; i < s.len; i++)
		r->value[f][i] = (unsigned char)s.at[i] < 0x20 ? ' ' : s.at[i];
	r->value[f][s.len] = '\0';
}

static void put_line(
	struct reader *r, char mark, enum field first, enum field last)
{
	buf_add_char(r->out, mark);
	for (enum field f = first; f <= last; f++) {
		buf_add_char(r->out, '\t');
		buf_add_text(r->out, r->value[f]);
	}
	buf_add_char(r->out, '\n');
}

static void on_end(void *ctx, const xmlChar *name, const xmlChar *prefix,
	const xmlChar *uri)
{
	struct reader *r = ctx;
	enum field f;

	(void)name;
	(void)prefix;
	(void)uri;
	if (r->failed != RES_OK || r->depth == 0)
		return;
	f = field_of(r);
	if (f != FIELD_NONE)
		keep_text(r, f);
	r->text_len = 0;
	if (strcmp(r->path, "feedback/record") == 0) {
		if (r->rows++ < REPORTXML_ROWS_MAX)
			put_line(r, 'R', FIELD_ROW, FIELD_FROM);
		else
			r->too_many++;
	}
	r->path[r->path_len[--r->depth]] = '\0';
}

/* Before anything in it is read. */
static void on_doctype(void *ctx, const xmlChar *name, const xmlChar *external,
	const xmlChar *system)
{
	(void)name;
	(void)external;
	(void)system;
	stop(ctx, RES_SYNTAX);
}

static void on_error(void *ctx, const char *message, ...)
{
	(void)ctx;
	(void)message;
}

static xmlSAXHandler handler(void)
{
	xmlSAXHandler h;

	memset(&h, 0, sizeof(h));
	h.initialized = XML_SAX2_MAGIC;
	h.startElementNs = on_start;
	h.endElementNs = on_end;
	h.characters = on_text;
	h.cdataBlock = on_text;
	h.internalSubset = on_doctype;
	h.warning = on_error;
	h.error = on_error;
	h.fatalError = on_error;
	return h;
}

static enum result parse_pieces(struct reader *r, struct slice xml)
{
	int code = 0;

	while (xml.len > 0 && code == 0 && r->failed == RES_OK) {
		struct slice piece = slice_part(xml, 0, PIECE);

		code = xmlParseChunk(r->parser, piece.at, (int)piece.len, 0);
		xml = slice_part(xml, piece.len, xml.len);
	}
	if (code == 0 && r->failed == RES_OK)
		code = xmlParseChunk(r->parser, NULL, 0, 1);
	if (r->failed != RES_OK)
		return r->failed;
	if (code == XML_ERR_NO_MEMORY)
		return RES_NOMEM;
	return code == 0 && r->parser->wellFormed != 0 ? RES_OK : RES_SYNTAX;
}

static enum result parse_xml(struct slice xml, struct reader *r)
{
	enum { MARK = 4 }; /* that an encoding is known by */
	xmlSAXHandler sax = handler();
	enum result res;

	if (xml.len < MARK)
		return RES_SYNTAX;
	r->parser = xmlCreatePushParserCtxt(&sax, r, xml.at, MARK, NULL);
	if (r->parser == NULL)
		return RES_NOMEM;
	(void)xmlCtxtUseOptions(r->parser, XML_PARSE_NONET);
	res = parse_pieces(r, slice_part(xml, MARK, xml.len));
	xmlFreeDoc(r->parser->myDoc);
	r->parser->myDoc = NULL;
	xmlFreeParserCtxt(r->parser);
	return res;
}

static enum result parse(struct slice packed, size_t max, struct reader *r)
{
	struct buf plain;
	enum result res;

	buf_init(&plain, max);
	res = reportpack_open(packed, &plain);
	if (res == RES_OK)
		res = parse_xml(buf_slice(&plain), r);
	buf_clear(&plain);
	return res;
}

void reportxml_parse(struct slice packed, size_t max, struct buf *out)
{
	struct reader *r = calloc(1, sizeof(*r));
	enum result res = RES_NOMEM;

	if (max > REPORTXML_UNPACKED_MAX)
		max = REPORTXML_UNPACKED_MAX;
	if (r != NULL) {
		r->out = out;
		res = parse(packed, max, r);
		put_line(r, 'M', FIELD_ORG, FIELD_POLICY);
		buf_add_format(out, "X\t%zu\n", r->too_many);
	}
	free(r);
	buf_add_format(out, "E\t%s\n", result_name(res));
}

/* ---- in the parent ---- */

static size_t split(struct slice line, struct slice word[WORDS_MAX])
{
	size_t count = 0;

	while (count < WORDS_MAX && slice_cut(&line, '\t', &word[count]))
		count++;
	for (size_t i = count; i < WORDS_MAX; i++)
		word[i] = slice_of("");
	return count;
}

static bool is(struct slice word, const char *text)
{
	return slice_is_equal_nocase(word, slice_of(text));
}

/* What is no text of ours is as nothing. */
static struct slice text_of(struct slice word)
{
	return word.len <= DMARCIN_WORD_MAX && utf8_is_whole(word)
		? word
		: slice_of("");
}

static bool read_row(
	const struct slice word[WORDS_MAX], struct dmarcin_row *row)
{
	*row = (struct dmarcin_row){ .disposition =
					     dmarcin_disposition_parse(word[3]),
		.dkim = is(word[4], "pass"),
		.spf = is(word[5], "pass"),
		.from = text_of(word[6]) };
	return ipaddr_parse(&row->ip, word[1]) == RES_OK &&
		slice_parse_u64(word[2], 1, DMARCIN_COUNT_MAX, &row->count) ==
		RES_OK;
}

static enum result add_row(
	const struct slice word[WORDS_MAX], struct reportxml *out)
{
	enum { FIRST = 64 };
	struct dmarcin_report *r = &out->report;
	size_t n = r->row_count;
	struct dmarcin_row row;

	if (n == REPORTXML_ROWS_MAX || !read_row(word, &row)) {
		out->bad_rows++;
		return RES_OK;
	}
	/* Grows at 64, 128, 256 ... */
	if (n == 0 || (n >= FIRST && (n & (n - 1)) == 0)) {
		size_t size = n == 0 ? FIRST : 2 * n;
		struct dmarcin_row *grown =
			realloc(r->row, size * sizeof(*grown));

		if (grown == NULL)
			return RES_NOMEM;
		r->row = grown;
	}
	r->row[r->row_count++] = row;
	return RES_OK;
}

static enum result add_meta(
	const struct slice word[WORDS_MAX], struct reportxml *out)
{
	const uint64_t last_s = (uint64_t)UINT32_MAX; /* to 2106 */
	uint64_t begin, end;
	struct dmarcin_report *r = &out->report;
	size_t len;

	r->org = text_of(word[1]);
	r->email = text_of(word[2]);
	r->id = text_of(word[3]);
	r->policy = text_of(word[7]);
	if (slice_is_empty(r->org) || slice_is_empty(r->id) ||
		slice_parse_u64(word[4], 0, last_s, &begin) != RES_OK ||
		slice_parse_u64(word[5], 0, last_s, &end) != RES_OK ||
		end < begin ||
		hostname_parse(word[6], r->domain, &len) != RES_OK)
		return RES_SYNTAX;
	r->begin_s = (int64_t)begin;
	r->end_s = (int64_t)end;
	return RES_OK;
}

static enum result result_of(struct slice word)
{
	static const enum result known[] = { RES_OK, RES_SYNTAX, RES_TOOBIG,
		RES_CORRUPT, RES_NOMEM };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (slice_is_equal(word, slice_of(result_name(known[i]))))
			return known[i];
	return RES_CORRUPT;
}

static enum result read_line(
	const struct slice word[WORDS_MAX], struct reportxml *out)
{
	uint64_t more;

	if (is(word[0], "R"))
		return add_row(word, out);
	if (is(word[0], "X") &&
		slice_parse_u64(word[1], 0, UINT32_MAX, &more) == RES_OK)
		out->bad_rows += (size_t)more;
	return RES_OK;
}

static enum result read_lines(struct reportxml *out)
{
	struct slice rest = buf_slice(&out->text);
	struct slice line, word[WORDS_MAX];
	enum result meta = RES_SYNTAX, res = RES_OK;

	while (res == RES_OK && slice_cut(&rest, '\n', &line)) {
		(void)split(line, word);
		if (is(word[0], "E")) {
			res = result_of(word[1]);
			return res == RES_OK ? meta : res;
		}
		if (is(word[0], "M"))
			meta = add_meta(word, out);
		else
			res = read_line(word, out);
	}
	/* It has not come to its end. */
	return res == RES_OK ? RES_CORRUPT : res;
}

enum result reportxml_take(struct slice lines, struct reportxml *out)
{
	*out = (struct reportxml){ .bad_rows = 0 };
	buf_init(&out->text, LINES_MAX);
	buf_add(&out->text, lines);
	if (buf_result(&out->text) != RES_OK)
		return buf_result(&out->text);
	return read_lines(out);
}

struct work {
	struct slice packed;
	size_t max;
};

static enum mailchild_end run(int fd, void *ctx)
{
	static const char overfull[] = "\nE\ttoobig\n";
	const struct work *w = ctx;
	struct buf lines;

	buf_init(&lines, LINES_MAX);
	reportxml_parse(w->packed, w->max, &lines);
	(void)mailchild_write(fd, lines.at, lines.len);
	if (buf_result(&lines) != RES_OK)
		(void)mailchild_write(fd, overfull, sizeof(overfull) - 1);
	return MAILCHILD_FOUND;
}

enum result reportxml_read(
	struct slice packed, size_t max, struct reportxml *out)
{
	struct work w = { packed, max };
	enum result res;

	*out = (struct reportxml){ .bad_rows = 0 };
	buf_init(&out->text, LINES_MAX);
	res = mailchild_run(run, &w, &out->text);
	if (res == RES_OK)
		res = buf_result(&out->text);
	return res == RES_OK ? read_lines(out) : res;
}

void reportxml_clear(struct reportxml *r)
{
	buf_clear(&r->text);
	free(r->report.row);
	r->report.row = NULL;
	r->report.row_count = 0;
}
