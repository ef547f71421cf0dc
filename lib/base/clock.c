/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/clock.h"

#include <time.h>

/* A machine that slept has also waited: BOOTTIME where there is one. */
#ifdef CLOCK_BOOTTIME
enum { MONO_CLOCK = CLOCK_BOOTTIME };
#else
enum { MONO_CLOCK = CLOCK_MONOTONIC };
#endif

static int64_t read_ms(clockid_t id)
{
	struct timespec now = { 0 };

	(void)clock_gettime(id, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t system_mono_ms(void *ctx)
{
	(void)ctx;
	return read_ms(MONO_CLOCK);
}

static int64_t system_wall_ms(void *ctx)
{
	(void)ctx;
	return read_ms(CLOCK_REALTIME);
}

const struct clock *clock_system(void)
{
	static const struct clock machine = {
		.mono_ms = system_mono_ms,
		.wall_ms = system_wall_ms,
	};

	return &machine;
}

int64_t clock_mono_ms(const struct clock *c)
{
	return c->mono_ms(c->ctx);
}

int64_t clock_wall_ms(const struct clock *c)
{
	return c->wall_ms(c->ctx);
}

const char *clock_format_utc(int64_t wall_ms, char out[CLOCK_TEXT_MAX])
{
	/* Downwards also before 1970. */
	int64_t second = wall_ms / 1000 - (wall_ms % 1000 < 0 ? 1 : 0);
	time_t seconds = (time_t)second;
	struct tm utc = { 0 };

	out[0] = '-';
	out[1] = '\0';
	if (gmtime_r(&seconds, &utc) == NULL || utc.tm_year > 9999 - 1900 ||
		utc.tm_year < -1900)
		return out;
	(void)strftime(out, CLOCK_TEXT_MAX, "%Y-%m-%dT%H:%M:%SZ", &utc);
	return out;
}
