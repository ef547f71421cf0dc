/* SPDX-License-Identifier: BSD-2-Clause */
#include "web/metrics.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum kind { KIND_COUNTER, KIND_HISTOGRAM, KIND_READ };

/*
 * values: of a counter one a label value, of a histogram one a bucket and the
 * last for what is above all bounds.
 */
struct family {
	enum kind kind;
	const char *name;
	const char *help;
	const char *label;
	const char *const *label_values;
	const double *bounds;
	const char *type;
	double (*read)(void *ctx);
	void *ctx;
	size_t count;
	_Atomic uint64_t *values;
	_Atomic uint64_t sum_ns;
};

struct metrics {
	struct family **family;
	size_t count;
	size_t size;
};

struct metrics *metrics_new(void)
{
	return calloc(1, sizeof(struct metrics));
}

void metrics_free(struct metrics *m)
{
	if (m == NULL)
		return;
	for (size_t i = 0; i < m->count; i++) {
		free(m->family[i]->values);
		free(m->family[i]);
	}
	free(m->family);
	free(m);
}

/* made is copied; room is given to count values that start at zero. */
static int add_family(struct metrics *m, const struct family *made)
{
	struct family *f;
	struct family **grown;

	if (m->count == m->size) {
		grown = realloc(m->family,
			(m->size * 2 + 16) * sizeof(struct family *));
		if (grown == NULL)
			return -1;
		m->family = grown;
		m->size = m->size * 2 + 16;
	}
	f = calloc(1, sizeof(*f));
	if (f == NULL)
		return -1;
	*f = *made;
	if (f->count > 0)
		f->values = calloc(f->count, sizeof(*f->values));
	if (f->count > 0 && f->values == NULL) {
		free(f);
		return -1;
	}
	m->family[m->count] = f;
	return (int)m->count++;
}

int metrics_counter(struct metrics *m, const char *name, const char *help,
	const char *label, const char *const *values)
{
	struct family f = {
		.kind = KIND_COUNTER,
		.name = name,
		.help = help,
		.label = label,
		.label_values = values,
		.type = "counter",
		.count = 1,
	};

	if (label != NULL)
		for (f.count = 0; values[f.count] != NULL;)
			f.count++;
	return add_family(m, &f);
}

int metrics_histogram(struct metrics *m, const char *name, const char *help,
	const double *bounds, size_t count)
{
	const struct family f = {
		.kind = KIND_HISTOGRAM,
		.name = name,
		.help = help,
		.bounds = bounds,
		.type = "histogram",
		.count = count + 1,
	};

	return add_family(m, &f);
}

int metrics_read(struct metrics *m, const char *name, const char *help,
	const char *type, double (*read)(void *ctx), void *ctx)
{
	const struct family f = {
		.kind = KIND_READ,
		.name = name,
		.help = help,
		.type = type,
		.read = read,
		.ctx = ctx,
	};

	return add_family(m, &f);
}

static struct family *family_of(struct metrics *m, int id, enum kind kind)
{
	if (id < 0 || (size_t)id >= m->count || m->family[id]->kind != kind)
		return NULL;
	return m->family[id];
}

void metrics_add(struct metrics *m, int id, size_t value_index, uint64_t n)
{
	struct family *f = family_of(m, id, KIND_COUNTER);

	if (f != NULL && value_index < f->count)
		atomic_fetch_add_explicit(
			&f->values[value_index], n, memory_order_relaxed);
}

void metrics_observe(struct metrics *m, int id, double seconds)
{
	struct family *f = family_of(m, id, KIND_HISTOGRAM);
	const double most = 1e9; /* 30 years; keeps the sum from overflowing */
	size_t i = 0;

	if (f == NULL || isnan(seconds))
		return;
	if (seconds < 0)
		seconds = 0;
	while (i + 1 < f->count && seconds > f->bounds[i])
		i++;
	atomic_fetch_add_explicit(&f->values[i], 1, memory_order_relaxed);
	if (seconds > most)
		seconds = most;
	atomic_fetch_add_explicit(
		&f->sum_ns, (uint64_t)(seconds * 1e9), memory_order_relaxed);
}

static uint64_t load(const _Atomic uint64_t *value)
{
	return atomic_load_explicit(value, memory_order_relaxed);
}

static void add_number(struct buf *out, double number)
{
	if (isnan(number))
		buf_add_text(out, "NaN");
	else if (isinf(number))
		buf_add_text(out, number > 0 ? "+Inf" : "-Inf");
	else
		buf_add_format(out, "%.15g", number);
}

/* In a help text '\\' and LF are escaped, in a label value '"' as well. */
static void add_escaped(struct buf *out, const char *text, bool is_label)
{
	for (; *text != '\0'; text++) {
		if (*text == '\n')
			buf_add_text(out, "\\n");
		else if (*text == '\\' || (is_label && *text == '"'))
			buf_add_format(out, "\\%c", *text);
		else
			buf_add_char(out, *text);
	}
}

/* Prometheus wants the name of each counter to end so. */
static const char *suffix_of(const struct family *f)
{
	const char end[] = "_total";
	const size_t len = strlen(f->name);

	if (strcmp(f->type, "counter") != 0)
		return "";
	if (len >= sizeof(end) - 1 &&
		strcmp(f->name + len - (sizeof(end) - 1), end) == 0)
		return "";
	return "_total";
}

static void format_counter(const struct family *f, struct buf *out)
{
	for (size_t i = 0; i < f->count; i++) {
		buf_add_format(out, "%s%s", f->name, suffix_of(f));
		if (f->label != NULL) {
			buf_add_format(out, "{%s=\"", f->label);
			add_escaped(out, f->label_values[i], true);
			buf_add_text(out, "\"}");
		}
		buf_add_format(out, " %llu\n",
			(unsigned long long)load(&f->values[i]));
	}
}

static void format_histogram(const struct family *f, struct buf *out)
{
	uint64_t below = 0;

	for (size_t i = 0; i < f->count; i++) {
		below += load(&f->values[i]);
		buf_add_format(out, "%s_bucket{le=\"", f->name);
		add_number(out,
			i + 1 < f->count ? f->bounds[i] : (double)INFINITY);
		buf_add_format(out, "\"} %llu\n", (unsigned long long)below);
	}
	buf_add_format(out, "%s_sum ", f->name);
	add_number(out, (double)load(&f->sum_ns) / 1e9);
	/* The same sum as the last bucket, whatever was counted meanwhile. */
	buf_add_format(
		out, "\n%s_count %llu\n", f->name, (unsigned long long)below);
}

void metrics_format(struct metrics *m, struct buf *out)
{
	for (size_t i = 0; i < m->count; i++) {
		const struct family *f = m->family[i];

		buf_add_format(out, "# HELP %s%s ", f->name, suffix_of(f));
		add_escaped(out, f->help, false);
		buf_add_format(out, "\n# TYPE %s%s %s\n", f->name, suffix_of(f),
			f->type);
		switch (f->kind) {
		case KIND_COUNTER:
			format_counter(f, out);
			break;
		case KIND_HISTOGRAM:
			format_histogram(f, out);
			break;
		case KIND_READ:
			buf_add_format(out, "%s%s ", f->name, suffix_of(f));
			add_number(out, f->read(f->ctx));
			buf_add_char(out, '\n');
			break;
		}
	}
}
