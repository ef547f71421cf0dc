/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * auth_messages - makes the mail and the zone that bench_auth.py needs.
 *
 *     auth_messages FOLDER WARM DOMAINS COLD
 *
 * WARM messages from DOMAINS domains that come again and again, and COLD ones
 * from as many domains, each seen once. The same numbers make the same mail,
 * but for the keys: 1 KiB to 1 MiB long, 45 KB in the mean (log-normal), three
 * quarters signed by libopendkim, every eighth of those with Ed25519. Each
 * client has a PTR record, each domain an SPF record with an include and a
 * DMARC record. Writes in FOLDER
 *
 *     bodies     all bodies, one behind the other, lines end in CRLF
 *     warm cold  one message after the other: a line
 *                "IP HELO SENDER RCPT BODY_AT BODY_SIZE HEADER_SIZE SIGNED",
 *                then HEADER_SIZE octets of header; cold ones have the bodies
 *                of warm ones
 *     zone       the root zone with all the names, for nsd; senders are below
 *                "example", as libunbound answers for "test" itself
 */
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <opendkim/dkim.h>

enum {
	SIZE_LEAST = 1024,
	SIZE_MOST = 1024 * 1024,
	SIZE_MEAN = 45000,
	RSA_KEYS = 16,
	KEYS = RSA_KEYS + 4,
	PROVIDERS = 12,
	HEADER_MAX = 8192,
	KEY_TEXT = 1024,
	DOMAIN_MAX = 32,
	NAME_ROOM = 48
};

struct dice {
	uint64_t state;
};

/* splitmix64 (Vigna). */
static uint64_t roll(struct dice *d)
{
	uint64_t z = d->state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static double roll_one(struct dice *d)
{
	return (double)(roll(d) >> 11) / 9007199254740992.0;
}

struct key {
	char pem[4096];
	char dns[KEY_TEXT]; /* base64 of p= */
	bool is_rsa;
};

struct body {
	long at;
	size_t size;
	char *text;
	bool is_plain;
};

struct sender {
	char domain[DOMAIN_MAX]; /* signs, has the records */
	char from[NAME_ROOM]; /* of the address; below domain at times */
	char ip[16];
	const struct key *key;
	bool is_signed;
};

struct maker {
	struct dice dice;
	DKIM_LIB *lib;
	struct key *keys;
	struct body *bodies;
	size_t count;
	FILE *zone;
};

static void die(const char *what)
{
	fprintf(stderr, "auth_messages: %s\n", what);
	exit(1);
}

static FILE *create(const char *folder, const char *name)
{
	char path[4096];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "wb");
	if (file == NULL)
		die(path);
	return file;
}

/* ---- keys ---- */

static void key_text(struct key *k, EVP_PKEY *pkey)
{
	unsigned char raw[1024], *at = raw;
	size_t len = sizeof(raw);
	BIO *mem = BIO_new(BIO_s_mem());
	int got;

	if (mem == NULL ||
		PEM_write_bio_PrivateKey(
			mem, pkey, NULL, NULL, 0, NULL, NULL) != 1)
		die("a key cannot be written");
	got = BIO_read(mem, k->pem, sizeof(k->pem) - 1);
	k->pem[got] = '\0';
	BIO_free(mem);
	if (k->is_rsa)
		len = (size_t)i2d_PUBKEY(pkey, &at);
	else if (EVP_PKEY_get_raw_public_key(pkey, raw, &len) != 1)
		die("no public key");
	EVP_EncodeBlock((unsigned char *)k->dns, raw, (int)len);
}

static void make_keys(struct key *keys)
{
	for (size_t i = 0; i < KEYS; i++) {
		EVP_PKEY *pkey;

		keys[i].is_rsa = i < RSA_KEYS;
		pkey = keys[i].is_rsa
			? EVP_RSA_gen(2048)
			: EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
		if (pkey == NULL)
			die("no key");
		key_text(&keys[i], pkey);
		EVP_PKEY_free(pkey);
	}
}

/* ---- bodies ---- */

static double normal(struct dice *d)
{
	double sum = 0;

	for (int i = 0; i < 12; i++)
		sum += roll_one(d);
	return sum - 6;
}

static double clipped(double size)
{
	if (size < SIZE_LEAST)
		return SIZE_LEAST;
	return size > SIZE_MOST ? SIZE_MOST : size;
}

/* Log-normal, stretched until the mean is right; one of each extreme. */
static void choose_sizes(struct maker *m)
{
	double *shape = calloc(m->count, sizeof(*shape));
	double low = 1, high = SIZE_MOST;

	if (shape == NULL)
		die("no memory");
	for (size_t i = 0; i < m->count; i++)
		shape[i] = exp(1.5 * normal(&m->dice));
	for (int step = 0; step < 60; step++) {
		double middle = (low + high) / 2, sum = 0;

		for (size_t i = 0; i < m->count; i++)
			sum += clipped(shape[i] * middle);
		if (sum / (double)m->count < SIZE_MEAN)
			low = middle;
		else
			high = middle;
	}
	for (size_t i = 0; i < m->count; i++)
		m->bodies[i].size = (size_t)clipped(shape[i] * low);
	free(shape);
}

static const char *const words[] = { "the", "message", "of", "this", "week",
	"has", "been", "sent", "to", "everybody", "who", "asked", "for", "it",
	"and", "nobody", "else", "Please", "answer", "before", "Monday", "when",
	"you", "can", "come", "Thank", "you", "very", "much", "Order", "number",
	"invoice", "meeting", "report" };

static void put(char *out, size_t *len, const char *text)
{
	memcpy(out + *len, text, strlen(text));
	*len += strlen(text);
}

/* One line of prose; blanks doubled at times, for canonicalization. */
static size_t put_prose(char *out, struct dice *d)
{
	enum { WORDS = sizeof(words) / sizeof(words[0]) };
	size_t len = 0;

	while (len < 62) {
		put(out, &len, words[roll(d) % WORDS]);
		put(out, &len, roll(d) % 16 == 0 ? "  " : " ");
	}
	put(out, &len, words[roll(d) % WORDS]);
	put(out, &len, ".\r\n");
	return len;
}

static size_t put_base64(char *out, struct dice *d)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijkl"
				       "mnopqrstuvwxyz0123456789+/";
	uint64_t bits = 0;

	for (int i = 0; i < 76; i++) {
		if (i % 10 == 0)
			bits = roll(d);
		out[i] = alphabet[bits & 63];
		bits >>= 6;
	}
	memcpy(out + 76, "\r\n", 2);
	return 78;
}

static const char part_text[] =
	"--=_part_of_a_message\r\n"
	"Content-Type: text/plain; charset=us-ascii\r\n\r\n";
static const char part_file[] =
	"\r\n--=_part_of_a_message\r\n"
	"Content-Type: application/octet-stream; name=\"report.bin\"\r\n"
	"Content-Transfer-Encoding: base64\r\n"
	"Content-Disposition: attachment; filename=\"report.bin\"\r\n\r\n";
static const char part_end[] = "--=_part_of_a_message--\r\n";

/* Up to 4 KiB prose, else some lines of it and a file in base64. */
static void make_body(struct maker *m, struct body *b)
{
	size_t wanted = b->size > 1500 ? b->size - 1100 : 400;
	size_t len = 0;

	b->is_plain = wanted <= 4096;
	b->text = malloc(wanted + 1024);
	if (b->text == NULL)
		die("no memory");
	if (!b->is_plain)
		put(b->text, &len, part_text);
	while (len < (b->is_plain ? wanted : 1536))
		len += put_prose(b->text + len, &m->dice);
	if (!b->is_plain) {
		put(b->text, &len, part_file);
		while (len < wanted)
			len += put_base64(b->text + len, &m->dice);
		put(b->text, &len, part_end);
	}
	b->size = len;
}

static void make_bodies(struct maker *m, const char *folder)
{
	FILE *file = create(folder, "bodies");
	long at = 0;

	choose_sizes(m);
	for (size_t i = 0; i < m->count; i++) {
		struct body *b = &m->bodies[i];

		make_body(m, b);
		b->at = at;
		at += (long)b->size;
		if (fwrite(b->text, 1, b->size, file) != b->size)
			die("bodies cannot be written");
	}
	if (fclose(file) != 0)
		die("bodies cannot be written");
}

/* ---- headers ---- */

struct header {
	char text[HEADER_MAX];
	size_t len;
};

static void __attribute__((format(printf, 2, 3)))
add(struct header *h, const char *format, ...)
{
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(
		h->text + h->len, sizeof(h->text) - h->len, format, args);
	va_end(args);
	if (len < 0 || (size_t)len >= sizeof(h->text) - h->len)
		die("a header is too long");
	h->len += (size_t)len;
}

static void make_header(struct maker *m, const struct sender *s,
	const struct body *b, unsigned number, struct header *h)
{
	time_t now = time(NULL);
	struct tm tm;
	char date[64];

	gmtime_r(&now, &tm);
	strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S +0000", &tm);
	for (unsigned i = 0; i < 2; i++)
		add(h,
			"Received: from relay%u.%s (relay%u.%s [192.0.2.%u])\r\n"
			"\tby mail.%s (Postfix) with ESMTPS id %08X\r\n"
			"\tfor <someone@box.test>; %s\r\n",
			i, s->domain, i, s->domain, i + 1, s->domain,
			(unsigned)roll(&m->dice), date);
	add(h,
		"Date: %s\r\nFrom: \"Some Body\" <user%u@%s>\r\n"
		"To: Someone Else <someone@box.test>\r\n"
		"Message-ID: <%u.%08X@%s>\r\n"
		"Subject: The report of this week, number %u\r\n"
		"MIME-Version: 1.0\r\n",
		date, number % 7, s->from, number, (unsigned)roll(&m->dice),
		s->domain, number);
	if (b->is_plain)
		add(h, "Content-Type: text/plain; charset=us-ascii\r\n");
	else
		add(h,
			"Content-Type: multipart/mixed;\r\n"
			"\tboundary=\"=_part_of_a_message\"\r\n");
	add(h,
		"Content-Language: en\r\nX-Mailer: Mailer of the bench 1.0\r\n"
		"List-Unsubscribe: <mailto:leave@%s?subject=leave>,\r\n"
		"\t<https://www.%s/leave/%u>\r\n"
		"Reply-To: <answers@%s>\r\nX-Campaign: %08X\r\n",
		s->domain, s->domain, number, s->domain,
		(unsigned)roll(&m->dice));
}

static void sign_header(DKIM *dkim, char *text, size_t len)
{
	size_t at = 0;

	while (at < len) {
		char *end = text + at;

		do
			end = strstr(end, "\r\n") + 2;
		while (*end == '\t' || *end == ' ');
		if (dkim_header(dkim, (u_char *)text + at,
			    (size_t)(end - text) - at - 2) != DKIM_STAT_OK)
			die("dkim_header");
		at = (size_t)(end - text);
	}
}

/* Puts the signature in front. */
static void sign(struct maker *m, const struct sender *s, const struct body *b,
	struct header *h)
{
	bool is_simple = roll(&m->dice) % 4 == 0;
	struct header whole = { .len = 0 };
	DKIM_STAT stat;
	DKIM *dkim = dkim_sign(m->lib, (const u_char *)"bench", NULL,
		(dkim_sigkey_t)(uintptr_t)s->key->pem, (const u_char *)"s1",
		(const u_char *)s->domain, DKIM_CANON_RELAXED,
		is_simple ? DKIM_CANON_SIMPLE : DKIM_CANON_RELAXED,
		s->key->is_rsa ? DKIM_SIGN_RSASHA256 : DKIM_SIGN_ED25519SHA256,
		-1, &stat);
	u_char *value;
	size_t len;

	if (dkim == NULL)
		die("dkim_sign");
	sign_header(dkim, h->text, h->len);
	if (dkim_eoh(dkim) != DKIM_STAT_OK ||
		dkim_body(dkim, (u_char *)b->text, b->size) != DKIM_STAT_OK ||
		dkim_eom(dkim, NULL) != DKIM_STAT_OK ||
		dkim_getsighdr_d(dkim, strlen("DKIM-Signature: "), &value,
			&len) != DKIM_STAT_OK)
		die("a message cannot be signed");
	add(&whole, "DKIM-Signature: %.*s\r\n", (int)len, (char *)value);
	dkim_free(dkim);
	add(&whole, "%s", h->text);
	*h = whole;
}

static void put_message(FILE *file, const struct sender *s,
	const struct body *b, const struct header *h)
{
	fprintf(file, "%s mail.%s user@%s someone@box.test %ld %zu %zu %d\n",
		s->ip, s->domain, s->domain, b->at, b->size, h->len,
		s->is_signed);
	if (fwrite(h->text, 1, h->len, file) != h->len)
		die("messages cannot be written");
}

/* ---- names ---- */

static void put_reverse(FILE *zone, const char *ip, const char *name)
{
	unsigned a, b, c, d;

	if (sscanf(ip, "%u.%u.%u.%u", &a, &b, &c, &d) != 4)
		die("an address");
	fprintf(zone, "%u.%u.%u.%u.in-addr.arpa. PTR %s.\n", d, c, b, a, name);
}

/* spf: the record of the domain without version and all. */
static void put_names(struct maker *m, const struct sender *s, const char *spf)
{
	static const char *const policy[] = { "none", "quarantine", "reject" };
	const char *d = s->domain;
	char host[NAME_ROOM];

	snprintf(host, sizeof(host), "mail.%s", d);
	put_reverse(m->zone, s->ip, host);
	fprintf(m->zone,
		"%s. A %s\n%s. A %s\n%s. MX 10 %s.\n"
		"%s. TXT \"v=spf1 %s ~all\"\n"
		"_dmarc.%s. TXT \"v=DMARC1; p=%s; rua=mailto:dmarc@%s\"\n",
		host, s->ip, d, s->ip, d, host, d, spf, d,
		policy[roll(&m->dice) % 3], d);
	/* RFC 7489 knows no record of a subdomain: it takes the one above. */
	if (strcmp(s->from, d) != 0)
		fprintf(m->zone, "%s. A %s\n", s->from, s->ip);
	if (s->is_signed && s->key->is_rsa)
		fprintf(m->zone,
			"s1._domainkey.%s. TXT \"v=DKIM1; k=rsa; p=%.200s\" "
			"\"%s\"\n",
			d, s->key->dns, s->key->dns + 200);
	else if (s->is_signed)
		fprintf(m->zone,
			"s1._domainkey.%s. TXT \"v=DKIM1; k=ed25519; p=%s\"\n",
			d, s->key->dns);
}

static void begin_zone(FILE *zone)
{
	fprintf(zone,
		"$ORIGIN .\n$TTL 3600\n"
		"@ SOA ns.bench.example. root.bench.example. 1 3600 900 604800 3600\n"
		"@ NS ns.bench.example.\nns.bench.example. A 127.0.0.1\n"
		"mx.example.net. A 192.0.2.1\nmx.example.net. AAAA 2001:db8::1\n"
		"box.test. MX 10 mx.example.net.\n");
	for (unsigned i = 0; i < PROVIDERS; i++)
		fprintf(zone,
			"_spf.p%u.example. TXT \"v=spf1 ip4:192.0.2.%u ip4:203.0.1"
			"13.0/28 include:_net.p%u.example ~all\"\n"
			"_net.p%u.example. TXT \"v=spf1 ip4:198.18.0.0/%u ~all\"\n",
			i, i, i, i, 15U);
}

static struct sender sender_of(
	struct maker *m, const char *letter, unsigned number, unsigned first_ip)
{
	struct sender s = { .is_signed = roll(&m->dice) % 4 != 0 };
	unsigned ip = first_ip + number;

	snprintf(s.domain, sizeof(s.domain), "%s%u.example", letter, number);
	snprintf(s.from, sizeof(s.from), "%s%s",
		roll(&m->dice) % 4 == 0 ? "news." : "", s.domain);
	snprintf(s.ip, sizeof(s.ip), "198.18.%u.%u", ip >> 8 & 255, ip & 255);
	s.key = roll(&m->dice) % 8 == 0
		? &m->keys[RSA_KEYS + roll(&m->dice) % (KEYS - RSA_KEYS)]
		: &m->keys[roll(&m->dice) % RSA_KEYS];
	return s;
}

static void make_message(
	struct maker *m, FILE *file, const struct sender *s, unsigned number)
{
	const struct body *b = &m->bodies[number % m->count];
	struct header h = { .len = 0 };

	make_header(m, s, b, number, &h);
	if (s->is_signed)
		sign(m, s, b, &h);
	put_message(file, s, b, &h);
}

static void make_warm(struct maker *m, const char *folder, unsigned domains)
{
	FILE *file = create(folder, "warm");
	struct sender *senders = calloc(domains, sizeof(*senders));
	char spf[128];

	if (senders == NULL)
		die("no memory");
	for (unsigned i = 0; i < domains; i++) {
		senders[i] = sender_of(m, "d", i, 256);
		snprintf(spf, sizeof(spf), "%sinclude:_spf.p%u.example",
			i % 3 == 0 ? "ip4:192.0.2.9 mx:box.test " : "",
			i % PROVIDERS);
		put_names(m, &senders[i], spf);
	}
	for (unsigned i = 0; i < m->count; i++)
		make_message(m, file, &senders[roll(&m->dice) % domains], i);
	free(senders);
	if (fclose(file) != 0)
		die("messages cannot be written");
}

static void make_cold(struct maker *m, const char *folder, unsigned count)
{
	FILE *file = create(folder, "cold");
	char spf[128];

	for (unsigned i = 0; i < count; i++) {
		struct sender s = sender_of(m, "c", i, 8192);

		snprintf(spf, sizeof(spf), "include:_spf.%s", s.domain);
		put_names(m, &s, spf);
		fprintf(m->zone, "_spf.%s. TXT \"v=spf1 ip4:%s -all\"\n",
			s.domain, s.ip);
		make_message(m, file, &s, i);
	}
	if (fclose(file) != 0)
		die("messages cannot be written");
}

/* What relays add is not signed. */
static DKIM_LIB *open_signer(void)
{
	static const u_char *skipped[] = { (const u_char *)"received", NULL };
	DKIM_LIB *lib = dkim_init(NULL, NULL);

	if (lib != NULL &&
		dkim_options(lib, DKIM_OP_SETOPT, DKIM_OPTS_SKIPHDRS, skipped,
			sizeof(const u_char **)) != DKIM_STAT_OK)
		die("dkim_options");
	return lib;
}

static unsigned number_of(const char *text)
{
	unsigned long n = strtoul(text, NULL, 10);

	if (n < 1 || n > 50000)
		die("numbers are 1 to 50000");
	return (unsigned)n;
}

int main(int argc, char **argv)
{
	struct maker m = { .dice = { 20261126 } };

	if (argc != 5)
		die("usage: auth_messages FOLDER WARM DOMAINS COLD");
	m.count = number_of(argv[2]);
	m.keys = calloc(KEYS, sizeof(*m.keys));
	m.bodies = calloc(m.count, sizeof(*m.bodies));
	m.lib = open_signer();
	if (m.keys == NULL || m.bodies == NULL || m.lib == NULL)
		die("no memory");
	m.zone = create(argv[1], "zone");
	begin_zone(m.zone);
	make_keys(m.keys);
	make_bodies(&m, argv[1]);
	make_warm(&m, argv[1], number_of(argv[3]));
	make_cold(&m, argv[1], number_of(argv[4]));
	if (fclose(m.zone) != 0)
		die("the zone cannot be written");
	for (size_t i = 0; i < m.count; i++)
		free(m.bodies[i].text);
	free(m.bodies);
	free(m.keys);
	dkim_close(m.lib);
	return 0;
}
