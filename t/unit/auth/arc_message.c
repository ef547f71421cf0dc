/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A message through our ARC, for test_arc_cross.py and by hand:
 *
 *   arc_message validate ZONE FILE
 *       prints "result instances oldest-pass reason"
 *   arc_message seal ZONE FILE DOMAIN SELECTOR KEY RESULTS
 *       validates it, prints it with our set on top
 *   arc_message time ZONE FILE COUNT
 *       prints microseconds of CPU for one validation
 *
 * ZONE: lines of "name TXT text", or a name and SERVFAIL or TIMEOUT.
 */
#include "base/arena.h"
#include "base/file.h"
#include "support/arc_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void fail(const char *what, const char *why)
{
	(void)fprintf(stderr, "arc_message: %s: %s\n", what, why);
	exit(2);
}

static void read_zone(struct arc_rig *r, const char *path)
{
	struct buf text;
	struct slice rest, line, name, type;

	buf_init(&text, ARC_RIG_TEXT_MAX);
	if (file_read(path, &text) != RES_OK)
		fail(path, "cannot be read");
	rest = buf_slice(&text);
	while (slice_cut(&rest, '\n', &line)) {
		struct arena *a = arena_new(65536);

		if (slice_cut(&line, ' ', &name) &&
			slice_cut(&line, ' ', &type))
			fake_dns_add(r->dns, arena_text(a, name),
				arena_text(a, type), arena_text(a, line));
		arena_free(a);
	}
	buf_clear(&text);
}

static void read_message(struct arc_rig *r, const char *path)
{
	struct buf text;

	buf_init(&text, ARC_RIG_TEXT_MAX);
	if (file_read(path, &text) != RES_OK)
		fail(path, "cannot be read");
	arc_rig_load(r, buf_slice(&text));
	buf_clear(&text);
}

static void seal(struct arc_rig *r, char **argv)
{
	const struct conf_arc conf = {
		.seal_domain = argv[0], .selector = argv[1], .key = argv[2]
	};
	struct arcseal *s = NULL;
	struct arcseal_set set;
	struct buf why;

	buf_init(&why, 1000);
	if (arcseal_open(&conf, &why, &s) != RES_OK)
		fail("seal", buf_text(&why));
	if (arc_rig_seal(r, s, argv[3], &set) != RES_OK)
		fail("seal", "no memory");
	if (set.skipped != NULL)
		fail("not sealed", set.skipped);
	(void)fwrite(r->text.at, 1, r->text.len, stdout);
	arcseal_close(s);
	buf_clear(&why);
}

static int64_t cpu_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void measure(struct arc_rig *r, const char *text)
{
	long count = strtol(text, NULL, 10);
	int64_t from;

	(void)arc_rig_validate(r);
	from = cpu_ns();
	for (long i = 0; i < count; i++) {
		arc_rig_forget(r);
		(void)arc_rig_validate(r);
	}
	(void)printf(
		"%.1f\n", (double)(cpu_ns() - from) / 1000.0 / (double)count);
}

int main(int argc, char **argv)
{
	static struct arc_rig r;
	const struct arc_fact *fact;

	if (argc < 4)
		fail("usage", "see its source");
	arc_rig_init(&r, NULL);
	read_zone(&r, argv[2]);
	read_message(&r, argv[3]);
	r.in.wall_s = time(NULL);
	if (argc == 5 && strcmp(argv[1], "time") == 0)
		measure(&r, argv[4]);
	fact = arc_rig_validate(&r);
	if (argc == 4 && strcmp(argv[1], "validate") == 0)
		(void)printf("%s %u %u %.*s\n", auth_result_name(fact->result),
			fact->instances, fact->oldest_pass,
			SLICE_ARG(fact->reason));
	else if (argc == 8 && strcmp(argv[1], "seal") == 0)
		seal(&r, argv + 4);
	arc_rig_clear(&r);
	return 0;
}
