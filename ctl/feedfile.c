/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/feedfile.h"

#include "base/arena.h"
#include "ctl/output.h"
#include "store/keys.h"

#include <stdlib.h>
#include <string.h>

enum {
	TEXT_MAX = 1 << 30,
	LINE_MAX_LEN = 8192,
	FAULTS_SHOWN = 50,
	WHY_MAX = 1 << 16
};

/* RFC 6890 and RFC 5771: no mail comes from there over the internet. The
 * networks of documentation are not here, examples may be tried. */
static const char *const not_public[] = { "0.0.0.0/8", "10.0.0.0/8",
	"100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
	"192.168.0.0/16", "224.0.0.0/4", "240.0.0.0/4", "::", "::1", "fc00::/7",
	"fe80::/10", "ff00::/8" };

enum { NOT_PUBLIC = sizeof(not_public) / sizeof(not_public[0]) };

struct reading {
	const struct feedfile_request *rq;
	struct feedfile *feed;
	struct cidrset *not_public;
	size_t line;
};

static void fault(struct reading *r, const char *what, struct slice text)
{
	r->feed->faults++;
	if (r->feed->faults > FAULTS_SHOWN)
		return;
	buf_add_format(&r->feed->why, "line %zu: %s", r->line, what);
	if (text.len > 0) {
		buf_add_text(&r->feed->why, ": ");
		buf_add_escaped(&r->feed->why, slice_part(text, 0, 80));
	}
	buf_add_char(&r->feed->why, '\n');
}

/* NULL: such a network can be meant. */
static const char *why_absurd(const struct reading *r, const struct cidr *net)
{
	if (net->bits == 0 || (cidr_is_v4(net) && cidr_length(net) == 0))
		return "the default route";
	if (list_net_needs_force(net))
		return "wider than /8 (IPv4) or /16 (IPv6)";
	if (r->rq->trusted != NULL && cidrset_overlaps(r->rq->trusted, net))
		return "meets a network that we trust";
	if (cidrset_overlaps(r->not_public, net))
		return "not of the public internet";
	return NULL;
}

static enum result item_push(
	struct feedfile *f, const struct feedfile_item *item)
{
	if (f->count == f->size) {
		size_t size = f->size == 0 ? 4096 : f->size * 2;
		struct feedfile_item *grown =
			realloc(f->item, size * sizeof(*grown));

		if (grown == NULL)
			return RES_NOMEM;
		f->item = grown;
		f->size = size;
	}
	f->item[f->count++] = *item;
	return RES_OK;
}

static bool has_controls(struct slice s)
{
	/* Tabs align columns in such files. */
	for (size_t i = 0; i < s.len; i++)
		if (((unsigned char)s.at[i] < 0x20 && s.at[i] != '\t') ||
			s.at[i] == 0x7F)
			return true;
	return false;
}

static enum result take(struct reading *r, struct slice net_text,
	struct slice reason, struct slice ref)
{
	struct feedfile_item item = { .ref = ref };
	const char *why = NULL;

	if (cidr_parse(&item.net, net_text) != RES_OK) {
		fault(r, "neither an address nor a network", net_text);
		return RES_OK;
	}
	why = why_absurd(r, &item.net);
	if (why != NULL && !r->rq->take_any) {
		fault(r, why, net_text);
		return RES_OK;
	}
	item.reason = slice_part(reason, 0, r->rq->reason_max);
	return item_push(r->feed, &item);
}

/* ---- cidr ---- */

static enum result read_cidr_line(struct reading *r, struct slice line)
{
	size_t end = slice_find(line, '#');
	size_t other = slice_find(line, ';');

	if (other < end)
		end = other;
	struct slice net = slice_trim(slice_part(line, 0, end));
	struct slice reason = slice_trim(slice_part(line, end + 1, line.len));

	if (net.len == 0)
		return RES_OK;
	if (has_controls(reason)) {
		fault(r, "control characters in the reason", net);
		return RES_OK;
	}
	return take(r, net, reason, slice_of(""));
}

/* ---- drop-json ---- */

struct drop_line {
	struct reading *reading;
	struct slice cidr, sblid, rir, type, records;
	enum result res;
};

static void drop_field(void *ctx, struct slice key, struct slice value)
{
	struct drop_line *d = ctx;
	const struct {
		const char *name;
		struct slice *to;
	} wanted[] = { { "cidr", &d->cidr }, { "sblid", &d->sblid },
		{ "rir", &d->rir }, { "type", &d->type },
		{ "records", &d->records } };

	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		if (slice_is_equal(key, slice_of(wanted[i].name)) &&
			arena_copy(d->reading->feed->text, value,
				wanted[i].to) != RES_OK)
			d->res = RES_NOMEM;
}

static enum result take_drop(struct reading *r, struct drop_line *d)
{
	uint64_t records = 0;
	struct buf reason;
	struct slice kept = { NULL, 0 };

	if (r->feed->has_metadata) {
		fault(r, "a line behind the metadata", slice_of(""));
		return RES_OK;
	}
	if (slice_is_equal(d->type, slice_of("metadata"))) {
		r->feed->has_metadata = true;
		if (slice_parse_u64(d->records, 0, UINT32_MAX, &records) !=
			RES_OK)
			fault(r, "metadata without a number of records",
				slice_of(""));
		r->feed->records = (size_t)records;
		return RES_OK;
	}
	if (has_controls(d->sblid) || has_controls(d->rir)) {
		fault(r, "control characters", d->cidr);
		return RES_OK;
	}
	buf_init(&reason, LINE_MAX_LEN * 2);
	buf_add(&reason, d->sblid);
	if (d->rir.len > 0)
		buf_add_format(&reason, "%s(%.*s)", reason.len > 0 ? " " : "",
			SLICE_ARG(d->rir));
	enum result res = arena_copy(r->feed->text, buf_slice(&reason), &kept);

	buf_clear(&reason);
	return res == RES_OK ? take(r, d->cidr, kept, d->sblid) : RES_NOMEM;
}

static enum result read_drop_line(struct reading *r, struct slice line)
{
	struct drop_line d = { .reading = r };
	struct buf why;

	if (line.len == 0)
		return RES_OK;
	buf_init(&why, 512);
	enum result res = output_read_object(line, drop_field, &d, &why);

	if (res != RES_OK)
		fault(r, "no JSON object", buf_slice(&why));
	buf_clear(&why);
	if (res != RES_OK)
		return RES_OK;
	return d.res != RES_OK ? d.res : take_drop(r, &d);
}

/* The owner counts the lines so that half a file is not taken for all. */
static void check_metadata(struct reading *r, size_t lines)
{
	if (!r->feed->has_metadata)
		fault(r, "the metadata line is missing: was the file cut off?",
			slice_of(""));
	else if (r->feed->records != lines)
		fault(r,
			"the metadata line counts other records than stand "
			"here",
			slice_of(""));
}

/* ---- both ---- */

static int item_compare(const void *left, const void *right)
{
	const struct feedfile_item *a = left;
	const struct feedfile_item *b = right;
	int by = ipaddr_compare(&a->net.net, &b->net.net);

	return by != 0 ? by : a->net.bits - b->net.bits;
}

static void items_sort(struct feedfile *f)
{
	size_t kept = 0;

	if (f->count == 0)
		return;
	qsort(f->item, f->count, sizeof(*f->item), item_compare);
	for (size_t i = 1; i < f->count; i++) {
		if (item_compare(&f->item[kept], &f->item[i]) != 0)
			f->item[++kept] = f->item[i];
		else
			f->repeated++;
	}
	f->count = kept + 1;
}

static enum result read_lines(struct reading *r)
{
	struct slice rest = r->rq->text;
	struct slice line;
	size_t records = 0;
	enum result res = RES_OK;

	/* Editors of one system put it at the head of UTF-8 files. */
	if (slice_has_prefix(rest, slice_make("\xEF\xBB\xBF", 3)))
		rest = slice_part(rest, 3, rest.len);
	while (res == RES_OK && slice_cut(&rest, '\n', &line)) {
		r->line++;
		line = slice_trim(line);
		if (line.len > LINE_MAX_LEN)
			fault(r, "the line is too long", slice_of(""));
		else if (slice_find(line, '\0') < line.len)
			fault(r, "a NUL: is this text?", slice_of(""));
		else if (r->rq->format == FEEDFILE_DROP_JSON)
			res = read_drop_line(r, line);
		else
			res = read_cidr_line(r, line);
		if (line.len > 0 && !r->feed->has_metadata)
			records++;
	}
	if (r->rq->format == FEEDFILE_DROP_JSON)
		check_metadata(r, records);
	return res;
}

static struct cidrset *make_not_public(void)
{
	struct cidrset *set = cidrset_new();
	struct cidr net;

	for (size_t i = 0; set != NULL && i < NOT_PUBLIC; i++) {
		if (cidr_parse(&net, slice_of(not_public[i])) != RES_OK ||
			cidrset_add(set, &net) != RES_OK) {
			cidrset_free(set);
			return NULL;
		}
	}
	return set;
}

enum result feedfile_read(
	const struct feedfile_request *rq, struct feedfile *out)
{
	struct reading r = { .rq = rq, .feed = out };
	enum result res = RES_NOMEM;

	memset(out, 0, sizeof(*out));
	buf_init(&out->why, WHY_MAX);
	out->text = arena_new(TEXT_MAX);
	r.not_public = make_not_public();
	if (out->text != NULL && r.not_public != NULL)
		res = read_lines(&r);
	if (out->faults > FAULTS_SHOWN)
		buf_add_format(&out->why, "... and %zu more\n",
			out->faults - FAULTS_SHOWN);
	cidrset_free(r.not_public);
	if (res == RES_OK)
		items_sort(out);
	return res;
}

void feedfile_clear(struct feedfile *f)
{
	buf_clear(&f->why);
	arena_free(f->text);
	free(f->item);
	f->item = NULL;
	f->text = NULL;
}

bool feedfile_has(const struct feedfile *f, const struct cidr *net)
{
	const struct feedfile_item wanted = { .net = *net };

	return f->count > 0 &&
		bsearch(&wanted, f->item, f->count, sizeof(*f->item),
			item_compare) != NULL;
}
