/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The cases of t/data/spf (or of the folder given as the first argument), one
 * test each; t/data/spf/README says how they are written. Each is evaluated
 * with every answer held back until it was waited for.
 */
#include "auth/spf.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "dns/asker.h"
#include "support/case.h"
#include "support/fake_dns.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_MAX = 1 << 20, PATH_SIZE = 1024, ROUNDS_MAX = 64, FILES_MAX = 64 };

/* Of one file: its text, cut into lines that end in NUL. */
struct file {
	struct buf text;
	char **line;
	size_t count;
};

/* Lines of the zone it belongs to, and its own. */
struct row {
	const struct file *file;
	size_t zone, zone_end, from, end;
};

/* "\xHH" to octets; true if there were any. */
static bool unescape(char *text, struct slice *out)
{
	char *to = text;
	bool found = false;

	for (char *c = text; *c != '\0'; c++) {
		unsigned value;

		if (c[0] == '\\' && c[1] == 'x' &&
			sscanf(c + 2, "%2x", &value) == 1) {
			*to++ = (char)value;
			c += 3;
			found = true;
		} else {
			*to++ = *c;
		}
	}
	*out = slice_make(text, (size_t)(to - text));
	return found;
}

/* "name type value", value to the end of the line. */
static void add_record(struct fake_dns *dns, const char *line)
{
	char *copy = strdup(line);
	char *name = copy + strspn(copy, " \t");
	char *type = name + strcspn(name, " ");
	char *value;
	struct slice octets;

	/* A blank within a name is written "\x20", too. */
	*type++ = '\0';
	value = type + strcspn(type, " ");
	if (*value != '\0')
		*value++ = '\0';
	(void)unescape(name, &octets);
	name[octets.len] = '\0';
	if (unescape(value, &octets))
		fake_dns_add_octets(dns, name, type, octets);
	else
		fake_dns_add(dns, name, type, value);
	free(copy);
}

static char *value_of(const struct row *row, const char *key)
{
	size_t len = strlen(key);

	for (size_t i = row->from; i < row->end; i++) {
		const char *line = row->file->line[i];

		line += strspn(line, " \t");
		if (strncmp(line, key, len) == 0 &&
			(line[len] == ' ' || line[len] == '\0'))
			return strdup(line + len + (line[len] == ' '));
	}
	return NULL;
}

static void ask(const struct row *row, struct fake_dns *dns,
	struct arena *arena, struct spf_fact *out)
{
	const struct asker_limits limits = { 100, 1000 };
	struct asker *asker =
		asker_new(fake_dns_source(dns), &limits, clock_system());
	char *client = value_of(row, "client"), *helo = value_of(row, "helo");
	char *from = value_of(row, "from"), *identity = value_of(row, "check");
	struct spf_question q = { .identity = SPF_MAILFROM };
	struct ipaddr ip;
	struct slice whole;
	size_t at;
	int rounds = 0;

	assert_int_equal(ipaddr_parse(&ip, slice_of(client)), RES_OK);
	q.ip = &ip;
	q.helo = slice_of(helo == NULL ? "mail.example.net" : helo);
	whole = slice_of(from == NULL ? "" : from);
	at = slice_find_last(whole, '@');
	q.local = slice_part(whole, 0, at);
	q.domain = slice_part(whole, at + 1, whole.len);
	if (identity != NULL && strcmp(identity, "helo") == 0)
		q.identity = SPF_HELO;
	fake_dns_hold(dns, true);
	while (spf_evaluate(&q, asker, arena, out) == CHECK_WAITING) {
		if (rounds++ == ROUNDS_MAX)
			fail_msg("it does not come to an end");
		if (fake_dns_let_go(dns) == 0)
			asker_expire(asker);
	}
	asker_free(asker);
	free(client);
	free(helo);
	free(from);
	free(identity);
}

static void expect(const struct row *row, const char *key, struct slice got)
{
	char *want = value_of(row, key);

	if (want != NULL && !slice_is_equal(slice_of(want), got))
		fail_msg("%s: \"%.*s\", not \"%s\"", key, SLICE_ARG(got), want);
	free(want);
}

static void expect_number(const struct row *row, const char *key, unsigned got)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", got);
	expect(row, key, slice_of(text));
}

/* "fail permerror": either. */
static void expect_result(const struct row *row, const struct spf_fact *fact)
{
	char *want = value_of(row, "result");
	const char *got = auth_result_name(fact->result);
	struct slice rest, word;

	assert_non_null(want);
	rest = slice_of(want);
	while (slice_cut(&rest, ' ', &word))
		if (slice_is_equal(word, slice_of(got))) {
			free(want);
			return;
		}
	fail_msg("%s (%.*s), not %s", got, SLICE_ARG(fact->reason), want);
}

static void evaluates(void **state)
{
	const struct row *row = *state;
	struct fake_dns *dns = fake_dns_new(NULL);
	struct arena *arena = arena_new(1 << 20);
	struct spf_fact fact = { .result = AUTH_UNKNOWN };

	for (size_t i = row->zone; i < row->zone_end; i++)
		add_record(dns, row->file->line[i]);
	ask(row, dns, arena, &fact);
	expect_result(row, &fact);
	expect(row, "matched", fact.matched);
	expect(row, "reason", fact.reason);
	expect(row, "domain", fact.domain);
	expect_number(row, "lookups", fact.lookups);
	expect_number(row, "voids", fact.voids);
	arena_free(arena);
	fake_dns_free(dns);
}

/* ---- reading ---- */

static void cut_lines(struct file *f)
{
	char *at = f->text.at;

	while (at != NULL && *at != '\0') {
		char *end = strchr(at, '\n');

		if (end != NULL)
			*end++ = '\0';
		if (*at != '\0' && *at != '#') {
			f->line = realloc(
				f->line, (f->count + 1) * sizeof(*f->line));
			f->line[f->count++] = at;
		}
		at = end;
	}
}

struct suite {
	struct CMUnitTest *test;
	size_t count;
};

static bool is_indented(const char *line)
{
	return *line == ' ' || *line == '\t';
}

static void add_case(struct suite *s, const struct row *row)
{
	struct row *copy = malloc(sizeof(*copy));

	*copy = *row;
	s->test = realloc(s->test, (s->count + 1) * sizeof(*s->test));
	s->test[s->count++] = (struct CMUnitTest){
		.name = row->file->line[row->from - 1] + strlen("case "),
		.test_func = evaluates,
		.initial_state = copy,
	};
}

static void read_file(struct suite *s, struct file *f)
{
	struct row row = { .file = f };

	cut_lines(f);
	for (size_t i = 0; i < f->count;) {
		const char *head = f->line[i++];
		size_t from = i;

		while (i < f->count && is_indented(f->line[i]))
			i++;
		if (strcmp(head, "zone") == 0) {
			row.zone = from;
			row.zone_end = i;
		} else {
			row.from = from;
			row.end = i;
			add_case(s, &row);
		}
	}
}

static int is_cases(const struct dirent *e)
{
	const char *dot = strrchr(e->d_name, '.');

	return dot != NULL && strcmp(dot, ".cases") == 0;
}

int main(int argc, char **argv)
{
	const char *top = getenv("top_srcdir");
	static struct file files[FILES_MAX];
	struct suite suite = { NULL, 0 };
	struct dirent **entry = NULL;
	char folder[PATH_SIZE], path[2 * PATH_SIZE];
	int count, failed;

	snprintf(folder, sizeof(folder), "%s/t/data/spf",
		top == NULL ? "." : top);
	if (argc > 1)
		snprintf(folder, sizeof(folder), "%s", argv[1]);
	count = scandir(folder, &entry, is_cases, alphasort);
	for (int i = 0; i < count && i < FILES_MAX; i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, entry[i]->d_name);
		buf_init(&files[i].text, FILE_MAX);
		if (file_read(path, &files[i].text) == RES_OK)
			read_file(&suite, &files[i]);
		free(entry[i]);
	}
	free(entry);
	if (suite.count == 0) {
		printf("Bail out! no cases in %s\n", folder);
		return 1;
	}
	failed = _cmocka_run_group_tests(
		"auth/spf cases", suite.test, suite.count, NULL, NULL);
	for (size_t i = 0; i < suite.count; i++)
		free(suite.test[i].initial_state);
	free(suite.test);
	for (int i = 0; i < count && i < FILES_MAX; i++) {
		free(files[i].line);
		buf_clear(&files[i].text);
	}
	return failed;
}
