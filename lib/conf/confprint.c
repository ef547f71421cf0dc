/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf/confprint.h"

#include "conf/conf.h"
#include "conf/confdefault.h"
#include "conf/confdomain.h"

#include <inttypes.h>
#include <string.h>

enum { THOUSAND = 1000 };

static void print_decimal(double value, struct buf *out)
{
	int64_t n = (int64_t)(value * THOUSAND + (value < 0 ? -0.5 : 0.5));
	const char *sign = n < 0 ? "-" : "";

	n = n < 0 ? -n : n;
	buf_add_format(out, "%s%" PRId64, sign, n / THOUSAND);
	if (n % THOUSAND != 0)
		buf_add_format(out, ".%03" PRId64, n % THOUSAND);
}

static void print_text(struct slice s, struct buf *out)
{
	buf_add_char(out, '"');
	for (size_t i = 0; i < s.len; i++) {
		if (s.at[i] == '"' || s.at[i] == '\\' || s.at[i] == '$')
			buf_add_char(out, '\\');
		buf_add_char(out, s.at[i]);
	}
	buf_add_char(out, '"');
}

static void print_texts(char *const *list, size_t count, struct buf *out)
{
	buf_add_char(out, '{');
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			buf_add_text(out, ", ");
		print_text(slice_of(list[i]), out);
	}
	buf_add_char(out, '}');
}

static void print_endpoints(
	const struct endpoint *list, size_t count, struct buf *out)
{
	char text[ENDPOINT_TEXT_MAX];

	buf_add_char(out, '{');
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			buf_add_text(out, ", ");
		print_text(slice_of(endpoint_format(&list[i], text)), out);
	}
	buf_add_char(out, '}');
}

static void print_rule(const struct conf_rule *rule, struct buf *out)
{
	if (rule->action != CONF_ACTION_SCORE) {
		print_text(slice_of(conf_action_name(rule->action)), out);
		return;
	}
	buf_add_text(out, "\"score ");
	print_decimal(rule->score, out);
	buf_add_char(out, '"');
}

static void print_list(
	const struct conf_row *row, const void *base, struct buf *out)
{
	const void *field = (const char *)base + row->offset;
	const void *count = (const char *)base + row->extra;
	const struct conf_networks *networks = field;

	if (row->kind == CONF_KIND_ENDPOINTS)
		print_endpoints(*(struct endpoint *const *)field,
			*(const size_t *)count, out);
	else if (row->kind == CONF_KIND_NAMES ||
		row->kind == CONF_KIND_DOMAINS ||
		row->kind == CONF_KIND_LINES || row->kind == CONF_KIND_SERVERS)
		print_texts(*(char *const *const *)field,
			*(const size_t *)count, out);
	else if (row->kind == CONF_KIND_NETWORKS)
		print_texts(networks->names, networks->count, out);
}

static void print_endpoint(const struct endpoint *e, struct buf *out)
{
	char text[ENDPOINT_TEXT_MAX];

	print_text(
		slice_of(e->kind == ENDPOINT_NONE ? ""
						  : endpoint_format(e, text)),
		out);
}

static void print_word(
	const struct conf_row *row, const void *field, struct buf *out)
{
	if (row->kind == CONF_KIND_MODE)
		buf_add_text(out,
			*(const enum conf_mode *)field == CONF_MONITOR
				? "\"monitor\""
				: "\"enforce\"");
	else if (row->kind == CONF_KIND_FAILURE)
		buf_add_text(out,
			*(const enum conf_failure *)field ==
					CONF_FAILURE_TEMPFAIL
				? "\"tempfail\""
				: "\"accept\"");
	else if (row->kind == CONF_KIND_SWITCH)
		buf_add_text(out, *(const bool *)field ? "yes" : "no");
	else if (row->kind == CONF_KIND_RULE)
		print_rule(field, out);
}

void confprint_value(
	const struct conf_row *row, const void *base, struct buf *out)
{
	const void *field = (const char *)base + row->offset;

	if (conf_row_is_list(row))
		print_list(row, base, out);
	else if (conf_row_is_text(row))
		print_text(slice_of(*(char *const *)field), out);
	else if (row->kind == CONF_KIND_ENDPOINT)
		print_endpoint(field, out);
	else if (row->kind == CONF_KIND_NUMBER)
		buf_add_format(out, "%u", *(const unsigned *)field);
	else if (row->kind == CONF_KIND_OCTAL)
		buf_add_format(out, "%04o", *(const unsigned *)field);
	else if (row->kind == CONF_KIND_SIZE)
		buf_add_format(out, "%zu", *(const size_t *)field);
	else if (row->kind == CONF_KIND_DECIMAL)
		print_decimal(*(const double *)field, out);
	else
		print_word(row, field, out);
}

/* ---- the whole snapshot ---- */

static void print_row(const struct conf_row *row, const void *base,
	const char *indent, struct buf *out)
{
	if (row->kind == CONF_KIND_SECRET) {
		buf_add_format(
			out, "%s# %s = \"(hidden)\"\n", indent, row->name);
		return;
	}
	buf_add_format(out, "%s%s = ", indent, row->name);
	confprint_value(row, base, out);
	buf_add_char(out, '\n');
}

/* A check has rules for its results, or for hit, miss and unknown. */
static bool is_of_check(const struct conf_row *row, const void *base)
{
	const struct conf_check *check = base;

	if (row->base != CONF_IN_CHECK || row->kind != CONF_KIND_RULE)
		return true;
	for (unsigned i = 0; i < CONF_RESULT_COUNT; i++)
		if (strcmp(row->name, conf_result_name(i)) == 0)
			return confdefault_has_result(check->name, i);
	return !confdefault_has_results(check->name);
}

/* What a domain does not say is as in the file. */
static bool is_said(const struct conf_row *row, const void *base)
{
	const struct conf_domain *d = base;
	const void *field = (const char *)base + row->offset;

	if (row->base != CONF_IN_DOMAIN)
		return true;
	if (row->kind == CONF_KIND_MODE)
		return d->has_mode;
	if (row->kind == CONF_KIND_DECIMAL)
		return *(const double *)field >= 0;
	return *(const size_t *)(const void *)((const char *)base +
		       row->extra) > 0;
}

static void print_rows(const char *section, const void *base,
	const char *indent, struct buf *out)
{
	for (size_t i = 0; i < conf_row_count; i++)
		if (slice_is_equal(slice_of(conf_rows[i].section),
			    slice_of(section)) &&
			is_of_check(&conf_rows[i], base) &&
			is_said(&conf_rows[i], base))
			print_row(&conf_rows[i], base, indent, out);
}

static void print_titled(const char *section, const char *title,
	const void *base, struct buf *out)
{
	buf_add_format(out, "\n%s ", section);
	print_text(slice_of(title), out);
	buf_add_text(out, " {\n");
	print_rows(section, base, "\t", out);
	buf_add_text(out, "}\n");
}

void conf_print(const struct conf *c, struct buf *out)
{
	print_rows("", c, "", out);
	for (size_t i = 1; i < conf_section_count; i++) {
		if (conf_sections[i].base != CONF_IN_CONF)
			continue;
		buf_add_format(out, "\n%s {\n", conf_sections[i].name);
		print_rows(conf_sections[i].name, c, "\t", out);
		buf_add_text(out, "}\n");
	}
	for (size_t i = 0; i < c->check_count; i++)
		print_titled("check", c->checks[i].name, &c->checks[i], out);
	for (size_t i = 0; i < c->zone_count; i++)
		print_titled("dnsbl", c->zones[i].name, &c->zones[i], out);
	for (size_t i = 0; i < c->domain_count; i++)
		if (confdomain_has_words(&c->domains[i]))
			print_titled("domain", c->domains[i].name,
				&c->domains[i], out);
}
