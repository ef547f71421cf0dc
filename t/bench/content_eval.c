/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How well does the content classifier tell spam from ham, and how fast?
 *
 *     content_eval FOLDER          what t/bench/corpus.py made; learns the one
 *                                  half, judges the other
 *     content_eval FOLDER --folds  judges each tenth of the learning half by
 *                                  what the rest of it teaches: for tuning
 *     content_eval FOLDER --list   the judged ones that were taken for the
 *                                  other kind, too
 */
#include "base/file.h"
#include "conf/conf.h"
#include "ctl/reading.h"
#include "heur/model.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	MAILS_MAX = 100000,
	FILE_MAX = 64 << 20,
	PATH_MAX_LEN = 512,
	FOLDS = 10,
	ROUNDS = 1000 /* of the bootstrap */
};

enum kind { EASY = 0, HARD, SPAM, KINDS };

struct mail {
	char path[PATH_MAX_LEN];
	char id[LESSON_ID_MAX];
	enum kind kind;
	unsigned half;
	unsigned group;
	struct tokens tokens;
	double score;
	bool is_judged;
};

struct set {
	struct mail *mail;
	size_t count;
	struct conf *conf;
	const char *folder;
	float *weights;
	double read_s;
	double learn_s;
	double judge_s;
	size_t learnt;
	size_t judged;
	size_t octets;
};

static void die(const char *what)
{
	fprintf(stderr, "content_eval: %s\n", what);
	exit(1);
}

/* Of this process, so that others on the machine do not count. */
static double now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- reading ---- */

static enum kind kind_of(const char *name)
{
	return strcmp(name, "spam") == 0    ? SPAM
		: strcmp(name, "hard") == 0 ? HARD
					    : EASY;
}

static void read_index(struct set *s)
{
	char path[PATH_MAX_LEN], line[4096], kind[16];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/index.tsv", s->folder);
	f = fopen(path, "r");
	s->mail = calloc(MAILS_MAX, sizeof(*s->mail));
	if (f == NULL || s->mail == NULL)
		die("cannot read index.tsv");
	while (s->count < MAILS_MAX && fgets(line, sizeof(line), f) != NULL) {
		struct mail *m = &s->mail[s->count];

		if (sscanf(line, "%500s %15s %u %u", m->path, kind, &m->half,
			    &m->group) != 4)
			die("index.tsv is not of corpus.py");
		m->kind = kind_of(kind);
		s->count++;
	}
	fclose(f);
}

static void read_mail(struct set *s, struct mail *m)
{
	char path[2 * PATH_MAX_LEN];
	struct tokens_source source;
	struct reading r;
	struct buf text;

	(void)snprintf(path, sizeof(path), "%s/%s", s->folder, m->path);
	buf_init(&text, FILE_MAX);
	if (file_read(path, &text) != RES_OK ||
		reading_open(&r, s->conf, buf_slice(&text)) != RES_OK)
		die(path);
	source = reading_source(&r, s->conf);
	if (tokens_gather(&source, &m->tokens) != RES_OK ||
		reading_id(&r, m->id) != RES_OK)
		die("no memory");
	s->octets += text.len;
	reading_close(&r);
	buf_clear(&text);
}

static int by_id(const void *a, const void *b)
{
	return strcmp(
		((const struct mail *)a)->id, ((const struct mail *)b)->id);
}

static void read_all(struct set *s)
{
	double start = now_s();

	for (size_t i = 0; i < s->count; i++)
		read_mail(s, &s->mail[i]);
	s->read_s = now_s() - start;
	qsort(s->mail, s->count, sizeof(*s->mail), by_id);
}

/* ---- learning and judging ---- */

static unsigned fold_of(const struct mail *m)
{
	return (m->group * 2654435761U >> 16) % FOLDS;
}

/* fold FOLDS: the other half is judged. */
static bool is_to_judge(const struct mail *m, unsigned fold)
{
	return fold == FOLDS ? m->half == 1 : fold_of(m) == fold;
}

static void learn(struct set *s, unsigned fold)
{
	struct model_example *e = calloc(s->count, sizeof(*e));
	double start = now_s();
	size_t count = 0;

	if (e == NULL)
		die("no memory");
	for (size_t i = 0; i < s->count; i++) {
		const struct mail *m = &s->mail[i];

		if (m->half == 1 || is_to_judge(m, fold))
			continue;
		e[count++] = (struct model_example){ m->tokens.index,
			m->tokens.count, m->kind == SPAM };
	}
	if (model_learn(e, count, s->weights) != RES_OK)
		die("no memory");
	s->learn_s += now_s() - start;
	s->learnt += count;
	free(e);
}

static void judge(struct set *s, unsigned fold)
{
	double start = now_s();

	for (size_t i = 0; i < s->count; i++) {
		struct mail *m = &s->mail[i];

		if ((fold < FOLDS && m->half == 1) || !is_to_judge(m, fold))
			continue;
		m->score = model_log_odds(s->weights, &m->tokens);
		m->is_judged = true;
		s->judged++;
	}
	s->judge_s += now_s() - start;
}

/* ---- figures ---- */

struct scores {
	double *at;
	size_t count;
};

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void sort(struct scores *s)
{
	qsort(s->at, s->count, sizeof(*s->at), by_value);
}

/* Of sorted ones: how many percent of spam are missed when at most that many
 * percent of ham are taken for it. */
static double missed(
	const struct scores *ham, const struct scores *spam, double percent)
{
	size_t allowed = (size_t)(percent * (double)ham->count / 100.0 + 1e-9);
	double threshold = ham->at[ham->count - 1 - allowed];
	size_t n = 0;

	while (n < spam->count && spam->at[n] <= threshold)
		n++;
	return 100.0 * (double)n / (double)spam->count;
}

/* 1 - AUC in percent; of sorted ones. */
static double beyond(const struct scores *ham, const struct scores *spam)
{
	double below = 0;
	size_t j = 0;

	for (size_t i = 0; i < spam->count; i++) {
		while (j < ham->count && ham->at[j] < spam->at[i])
			j++;
		below += (double)j;
	}
	return 100.0 *
		(1.0 - below / ((double)ham->count * (double)spam->count));
}

enum { FIGURES = 5 };
static const double rates[FIGURES] = { 0.1, 0.5, 1, 2, 0 };

static double figure(
	const struct scores *ham, const struct scores *spam, size_t i)
{
	return rates[i] > 0 ? missed(ham, spam, rates[i]) : beyond(ham, spam);
}

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static void draw(const struct scores *from, struct scores *to, uint64_t *state)
{
	to->count = from->count;
	for (size_t i = 0; i < to->count; i++)
		to->at[i] = from->at[next_random(state) % from->count];
	sort(to);
}

/* Each figure and between what it lies 95 times of 100 (bootstrap). */
static void print_figures(
	const char *name, struct scores *ham, struct scores *spam)
{
	static double round[FIGURES][ROUNDS];
	struct scores h = { malloc(ham->count * sizeof(double)), 0 };
	struct scores s = { malloc(spam->count * sizeof(double)), 0 };
	uint64_t state = 88172645463325252U;

	if (h.at == NULL || s.at == NULL)
		die("no memory");
	sort(ham);
	sort(spam);
	for (size_t r = 0; r < ROUNDS; r++) {
		draw(ham, &h, &state);
		draw(spam, &s, &state);
		for (size_t i = 0; i < FIGURES; i++)
			round[i][r] = figure(&h, &s, i);
	}
	printf("%s: %zu ham, %zu spam\n", name, ham->count, spam->count);
	for (size_t i = 0; i < FIGURES; i++) {
		qsort(round[i], ROUNDS, sizeof(double), by_value);
		if (rates[i] > 0)
			printf("  missed at %.1f %% false positives", rates[i]);
		else
			printf("  1 - AUC                        ");
		printf(" %7.3f %%   (%.3f to %.3f)\n", figure(ham, spam, i),
			round[i][ROUNDS / 40], round[i][ROUNDS - ROUNDS / 40]);
	}
	free(h.at);
	free(s.at);
}

static struct scores scores_of(const struct set *s, unsigned kinds)
{
	struct scores out = { malloc(s->count * sizeof(double)), 0 };

	if (out.at == NULL)
		die("no memory");
	for (size_t i = 0; i < s->count; i++)
		if (s->mail[i].is_judged && (kinds >> s->mail[i].kind & 1) != 0)
			out.at[out.count++] = s->mail[i].score;
	return out;
}

static void print_against(const struct set *s, const char *name, unsigned ham)
{
	struct scores h = scores_of(s, ham), p = scores_of(s, 1U << SPAM);

	print_figures(name, &h, &p);
	free(h.at);
	free(p.at);
}

/* How many of each kind have a probability of at least that. */
static void print_thresholds(const struct set *s)
{
	static const double at[] = { 0.5, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999 };

	printf("taken for spam at a probability of\n");
	for (size_t t = 0; t < sizeof(at) / sizeof(at[0]); t++) {
		size_t all[KINDS] = { 0 }, hit[KINDS] = { 0 };

		for (size_t i = 0; i < s->count; i++) {
			const struct mail *m = &s->mail[i];

			if (!m->is_judged)
				continue;
			all[m->kind]++;
			hit[m->kind] += model_probability(m->score) >= at[t];
		}
		printf("  %.3f: easy ham %zu of %zu, hard ham %zu of %zu, "
		       "spam %zu of %zu\n",
			at[t], hit[EASY], all[EASY], hit[HARD], all[HARD],
			hit[SPAM], all[SPAM]);
	}
}

/* How surprised it was, on average; spam and ham count alike. What to tune by:
 * it hangs on every message, not on the few at a threshold. */
static void print_surprise(const struct set *s)
{
	double sum[2] = { 0 };
	size_t count[2] = { 0 };

	for (size_t i = 0; i < s->count; i++) {
		const struct mail *m = &s->mail[i];
		bool is_spam = m->kind == SPAM;

		if (!m->is_judged)
			continue;
		sum[is_spam] += log1p(exp(is_spam ? -m->score : m->score));
		count[is_spam]++;
	}
	printf("log loss %.4f\n",
		sum[0] / (2 * (double)count[0]) +
			sum[1] / (2 * (double)count[1]));
}

static void print_wrong(const struct set *s)
{
	for (size_t i = 0; i < s->count; i++) {
		const struct mail *m = &s->mail[i];

		if (m->is_judged && (m->score > 0) != (m->kind == SPAM))
			printf("  %7.2f %s\n", m->score, m->path);
	}
}

static void print_all(const struct set *s, bool list)
{
	print_against(s, "all ham", 1U << EASY | 1U << HARD);
	print_against(s, "easy ham", 1U << EASY);
	print_against(s, "hard ham", 1U << HARD);
	print_thresholds(s);
	print_surprise(s);
	if (list)
		print_wrong(s);
	printf("reading: %zu messages in %.2f s of CPU, %.0f us each, %.1f MB/s\n",
		s->count, s->read_s, s->read_s * 1e6 / (double)s->count,
		(double)s->octets / s->read_s / 1e6);
	printf("learning: %zu messages in %.2f s (with reading %.2f s)\n",
		s->learnt, s->learn_s,
		s->learn_s + s->read_s * (double)s->learnt / (double)s->count);
	printf("judging what is read: %.1f us each\n",
		s->judge_s * 1e6 / (double)s->judged);
}

static struct conf *load_conf(void)
{
	struct conf *conf = NULL;
	struct buf errors;

	buf_init(&errors, FILE_MAX);
	if (conf_load_text("content_eval",
		    slice_of("host = \"mx.example.net\"\n"
			     "portal_url = \"https://postmaster.example.net\"\n"
			     "milter { socket = \"inet:8894@127.0.0.1\" }\n"
			     "redis { servers = {\"unix:/nowhere\"} }\n"),
		    &conf, &errors) != RES_OK)
		die(buf_text(&errors));
	buf_clear(&errors);
	return conf;
}

int main(int argc, char **argv)
{
	struct set s = { .folder = argc > 1 ? argv[1] : "" };
	const char *how = argc > 2 ? argv[2] : "";
	bool by_folds = strcmp(how, "--folds") == 0;

	if (argc < 2)
		die("usage: content_eval FOLDER [--folds|--list]");
	s.conf = load_conf();
	s.weights = malloc(TOKENS_SPACE * sizeof(*s.weights));
	if (s.weights == NULL)
		die("no memory");
	read_index(&s);
	read_all(&s);
	for (unsigned fold = by_folds ? 0 : FOLDS;
		fold < (by_folds ? FOLDS : FOLDS + 1); fold++) {
		learn(&s, fold);
		judge(&s, fold);
	}
	print_all(&s, strcmp(how, "--list") == 0);
	for (size_t i = 0; i < s.count; i++)
		tokens_clear(&s.mail[i].tokens);
	free(s.mail);
	free(s.weights);
	conf_release(s.conf);
	return 0;
}
