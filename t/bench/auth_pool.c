/* SPDX-License-Identifier: BSD-2-Clause */
#include "bench/auth_pool.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>
#include <time.h>

enum { FIELDS_MAX = 64 };

/* ---- messages ---- */

static char *slurp(const char *folder, const char *name, size_t *size)
{
	char path[4096];
	char *text = NULL;
	FILE *file;
	long len = -1;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "rb");
	if (file != NULL && fseek(file, 0, SEEK_END) == 0)
		len = ftell(file);
	if (len >= 0)
		text = malloc((size_t)len + 1);
	if (text != NULL) {
		rewind(file);
		*size = fread(text, 1, (size_t)len, file);
		text[*size] = '\0';
	}
	if (text == NULL)
		perror(path);
	if (file != NULL)
		fclose(file);
	return text;
}

/* The end of the field that begins at text: its last CRLF. */
static char *field_end(char *text)
{
	char *end = strstr(text, "\r\n");

	while (end != NULL && (end[2] == '\t' || end[2] == ' '))
		end = strstr(end + 2, "\r\n");
	return end;
}

/* A copy without the CR of the folds. */
static char *copy_value(const char *at, const char *end)
{
	char *value = malloc((size_t)(end - at) + 1);
	size_t len = 0;

	for (; value != NULL && at < end; at++)
		if (*at != '\r')
			value[len++] = *at;
	if (value != NULL)
		value[len] = '\0';
	return value;
}

static bool split_header(struct pool_message *m)
{
	char *at = m->header;
	const char *end = m->header + m->header_size;

	m->fields = calloc(FIELDS_MAX, sizeof(*m->fields));
	while (m->fields != NULL && at < end && m->field_count < FIELDS_MAX) {
		struct pool_field *f = &m->fields[m->field_count];
		char *stop = field_end(at);
		const char *colon = strchr(at, ':');

		if (stop == NULL || colon == NULL || colon > stop)
			return false;
		f->name = strndup(at, (size_t)(colon - at));
		f->value = copy_value(colon + 1, stop);
		if (f->name == NULL || f->value == NULL)
			return false;
		m->field_count++;
		at = stop + 2;
	}
	return at == end;
}

static bool read_one(struct pool *p, struct pool_message *m, char **text)
{
	long body_at;
	int used = 0, flag;

	if (sscanf(*text, "%15s %47s %63s %63s %ld %zu %zu %d%n", m->ip,
		    m->helo, m->sender, m->rcpt, &body_at, &m->body_size,
		    &m->header_size, &flag, &used) != 8 ||
		(*text)[used] != '\n')
		return false;
	m->is_signed = flag != 0;
	m->body = p->bodies + body_at;
	m->header = strndup(*text + used + 1, m->header_size);
	*text += (size_t)used + 1 + m->header_size;
	return m->header != NULL && split_header(m);
}

bool pool_read(struct pool *p, const char *folder, const char *name)
{
	size_t size = 0, bodies = 0, room = 0;
	char *text, *at;
	bool good = true;

	*p = (struct pool){ 0 };
	p->bodies = slurp(folder, "bodies", &bodies);
	text = slurp(folder, name, &size);
	for (at = text; good && at != NULL && *at != '\0'; p->count++) {
		if (p->count == room) {
			room = room * 2 + 64;
			p->messages = realloc(
				p->messages, room * sizeof(*p->messages));
			if (p->messages == NULL)
				exit(1);
		}
		p->messages[p->count] = (struct pool_message){ 0 };
		good = p->bodies != NULL &&
			read_one(p, &p->messages[p->count], &at);
	}
	free(text);
	if (!good)
		fprintf(stderr, "%s/%s: message %zu is broken\n", folder, name,
			p->count);
	return good && p->count > 0;
}

void pool_clear(struct pool *p)
{
	for (size_t i = 0; i < p->count; i++) {
		struct pool_message *m = &p->messages[i];

		for (size_t k = 0; k < m->field_count; k++) {
			free(m->fields[k].name);
			free(m->fields[k].value);
		}
		free(m->fields);
		free(m->header);
	}
	free(p->messages);
	free(p->bodies);
}

/* ---- figures ---- */

int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

void tally_begin(struct tally *t, double seconds)
{
	*t = (struct tally){ .start_ns = now_ns() };
	t->last_ns = t->start_ns;
	t->end_ns = t->start_ns + (int64_t)(seconds * 1e9);
}

void tally_add(struct tally *t, const struct pool_message *m, int64_t start_ns)
{
	int64_t now = now_ns();

	if (now > t->end_ns)
		return;
	if (t->timed == t->room) {
		t->room = t->room * 2 + 4096;
		t->took_us = realloc(t->took_us, t->room * sizeof(*t->took_us));
		if (t->took_us == NULL)
			exit(1);
	}
	t->took_us[t->timed++] = (uint32_t)((now - start_ns) / 1000);
	t->is_signed += m->is_signed;
	t->last_ns = now;
}

void tally_field(struct tally *t, const char *name, const char *value)
{
	if (strcasecmp(name, "Authentication-Results") != 0 ||
		now_ns() > t->end_ns)
		return;
	t->dkim += strstr(value, "dkim=pass") != NULL;
	t->spf += strstr(value, "spf=pass") != NULL;
	t->dmarc += strstr(value, "dmarc=pass") != NULL;
}

static int by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static double own_cpu_s(void)
{
	struct rusage r;

	getrusage(RUSAGE_SELF, &r);
	return (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) +
		(double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e6;
}

void tally_print(struct tally *t, FILE *out)
{
	int64_t now = now_ns();
	/* Ended early, for there were no more messages: up to the last one. */
	double seconds = (double)((now < t->end_ns ? t->last_ns : t->end_ns) -
				 t->start_ns) /
		1e9;
	uint32_t none = 0;
	const uint32_t *took = t->timed > 0 ? t->took_us : &none;
	size_t last = t->timed > 0 ? t->timed - 1 : 0;

	if (t->timed > 0)
		qsort(t->took_us, t->timed, sizeof(*t->took_us), by_value);
	fprintf(out, "%zu %.3f %.1f %u %u %u %lu %lu %lu %lu %lu %lu %.3f\n",
		t->timed, seconds, seconds > 0 ? (double)t->timed / seconds : 0,
		took[t->timed / 2 <= last ? t->timed / 2 : last],
		took[t->timed * 99 / 100 <= last ? t->timed * 99 / 100 : last],
		took[last], t->broken, t->refused, t->is_signed, t->dkim,
		t->spf, t->dmarc, own_cpu_s());
}

void tally_clear(struct tally *t)
{
	free(t->took_us);
}
