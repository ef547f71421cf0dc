/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * auth_pool - the messages of auth_messages in memory, and what a run took.
 *
 * Threads: one.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* NUL-terminated as the milter protocol has it. */
struct pool_field {
	char *name;
	char *value; /* behind the colon, folds as LF */
};

struct pool_message {
	char ip[16];
	char helo[48];
	char sender[64];
	char rcpt[64];
	char *header; /* as on the wire, borrowed by nobody */
	size_t header_size;
	const char *body;
	size_t body_size;
	bool is_signed;
	struct pool_field *fields;
	size_t field_count;
};

struct pool {
	struct pool_message *messages;
	size_t count;
	char *bodies;
};

/* FOLDER/NAME with FOLDER/bodies. False: it says why on standard error. */
bool pool_read(struct pool *p, const char *folder, const char *name);
void pool_clear(struct pool *p);

/* What one run saw; times are in microseconds. */
struct tally {
	int64_t start_ns;
	int64_t last_ns; /* the last message that counts */
	int64_t end_ns; /* messages that end later do not count */
	uint32_t *took_us;
	size_t timed;
	size_t room;
	unsigned long broken;
	unsigned long refused;
	unsigned long is_signed;
	unsigned long dkim, spf, dmarc; /* "pass" in what was written */
};

int64_t now_ns(void);
void tally_begin(struct tally *t, double seconds);
/* A message that began at start_ns is through. */
void tally_add(struct tally *t, const struct pool_message *m, int64_t start_ns);
/* A field that a milter wrote. */
void tally_field(struct tally *t, const char *name, const char *value);
/*
 * One line: messages seconds rate p50_us p99_us max_us broken refused signed
 * dkim spf dmarc own_cpu_s
 */
void tally_print(struct tally *t, FILE *out);
void tally_clear(struct tally *t);
