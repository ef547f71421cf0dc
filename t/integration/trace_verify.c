/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace_verify - what the traces of a delivered message are worth here.
 *
 * trace_verify CONF < MESSAGE
 *
 * One line for each X-Reprieve-Trace, from the top: "WORD k=... d=... n=...
 * ip=... dkim=... u=... b=... c=y", the tags only when it is known what the
 * field says. Makes no keys.
 */
#include "conf/conf.h"
#include "store/link.h"
#include "store/secret.h"
#include "store/tracekeys.h"

#include <stdio.h>
#include <stdlib.h>

enum { MESSAGE_MAX = 1 << 20, TRACES_MAX = 16, TIMEOUT_MS = 10000 };

struct message {
	struct tracebind bind;
	struct slice trace[TRACES_MAX];
	size_t count;
};

static struct slice read_all(struct buf *out)
{
	char part[4096];
	size_t n;

	while ((n = fread(part, 1, sizeof(part), stdin)) > 0)
		buf_add(out, slice_make(part, n));
	return buf_slice(out);
}

/* The next field with its folds. False: the header is over. */
static bool cut_field(struct slice *rest, struct slice *field)
{
	size_t end = 0;

	if (rest->len == 0 || rest->at[0] == '\n' || rest->at[0] == '\r')
		return false;
	do {
		end += slice_find(slice_part(*rest, end, rest->len), '\n') + 1;
	} while (end < rest->len &&
		(rest->at[end] == ' ' || rest->at[end] == '\t'));
	*field = slice_part(*rest, 0, end);
	*rest = slice_part(*rest, end, rest->len);
	return true;
}

static void take_apart(struct slice text, struct message *out)
{
	struct slice field;

	while (cut_field(&text, &field)) {
		size_t colon = slice_find(field, ':');
		struct slice name = slice_part(field, 0, colon);
		struct slice value = slice_part(field, colon + 1, field.len);

		tracebind_add(&out->bind, name, value);
		if (trace_is_ours(name) && out->count < TRACES_MAX)
			out->trace[out->count++] = value;
	}
}

static enum result read_ring(const struct conf *conf, const struct secret *s,
	struct tracekeys_ring *out)
{
	const struct link_request request = { .timeout_ms = TIMEOUT_MS };
	struct redis *redis = NULL;
	struct endpoint server;
	enum result res = link_open(conf, &request, &redis, &server, NULL);

	if (res == RES_OK)
		res = tracekeys_read(redis, conf, s, false, out);
	redis_close(redis);
	return res;
}

static void show(enum tracekeys_word word, const struct trace *t)
{
	char ip[IPADDR_TEXT_MAX];

	printf("%s", tracekeys_word_name(word));
	if (word > TRACEKEYS_FORGED) {
		printf(" k=%s d=%s n=%u", t->key,
			t->direction == TRACE_IN ? "in" : "out", t->recipients);
		if (t->has_ip)
			printf(" ip=%s", ipaddr_format(&t->ip, ip));
		if (t->domain[0] != '\0')
			printf(" dkim=%s", t->domain);
		if (t->account[0] != '\0')
			printf(" u=%s", t->account);
		printf(" b=%s%s", t->bound, t->has_cfbl ? " c=y" : "");
	}
	printf("\n");
}

static enum result verify(const struct conf *conf, struct slice text)
{
	struct secret secret = { .len = 0 };
	struct message m = { .count = 0 };
	struct tracekeys_ring ring;
	enum result res;

	secret_load(&secret, conf->milter.secret_file);
	take_apart(text, &m);
	res = read_ring(conf, &secret, &ring);
	for (size_t i = 0; i < m.count && res == RES_OK; i++) {
		enum tracekeys_word word;
		struct trace t;

		res = tracekeys_verify(&ring, slice_of(conf->host), m.trace[i],
			&m.bind, &word, &t);
		if (res == RES_OK)
			show(word, &t);
	}
	return res;
}

int main(int argc, char **argv)
{
	struct conf *conf = NULL;
	struct buf errors, text;
	enum result res;

	if (argc != 2)
		return 64;
	buf_init(&errors, MESSAGE_MAX);
	buf_init(&text, MESSAGE_MAX);
	res = conf_load(argv[1], &conf, &errors);
	if (res == RES_OK)
		res = verify(conf, read_all(&text));
	if (res != RES_OK)
		fprintf(stderr, "%s\n%s", result_name(res), buf_text(&errors));
	conf_release(conf);
	buf_clear(&text);
	buf_clear(&errors);
	return res == RES_OK ? 0 : 1;
}
