/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench/bench_geo - how fast is an address found in real databases, and what
 * do they cost?
 *
 *     bench_geo COUNTRY.mmdb ASN.mmdb
 *
 * Questions: 85 % IPv4 and 15 % IPv6 of 2000::/3, all random, each asked of
 * both files, by one thread and by more, some of them while files are loaded
 * anew. Memory is what the process has more of after it has read them all.
 */
#include "base/clock.h"
#include "geo/geoip.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MILLION = 1000000, THREADS_MAX = 8, SIZE_MAX_MB = 1024 };

struct worker {
	struct geoip *geo;
	uint64_t state;
	size_t questions;
	size_t countries;
	size_t networks;
};

/* splitmix64 (Vigna). */
static uint64_t roll(struct worker *w)
{
	uint64_t z = w->state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static struct ipaddr random_ip(struct worker *w)
{
	uint64_t half[2] = { roll(w), roll(w) };
	struct ipaddr ip;

	if (half[0] % 100 < 85)
		return ipaddr_from_v4((uint32_t)half[1]);
	memcpy(ip.octet, half, sizeof(half));
	ip.octet[0] = 0x20 | (ip.octet[0] & 0x1f);
	return ip;
}

static void *ask(void *ctx)
{
	struct worker *w = ctx;
	struct geoip_place place;

	for (size_t i = 0; i < w->questions; i++) {
		struct ipaddr ip = random_ip(w);

		geoip_find(w->geo, &ip, &place);
		w->countries += place.country[0] != '\0';
		w->networks += place.asn != 0;
	}
	return NULL;
}

static long resident_kb(void)
{
	long size = 0, resident = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	if (f == NULL)
		return 0;
	if (fscanf(f, "%ld %ld", &size, &resident) != 2)
		resident = 0;
	fclose(f);
	return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

static void measure(struct geoip *geo, unsigned threads)
{
	struct worker w[THREADS_MAX];
	pthread_t id[THREADS_MAX];
	int64_t start_ms = clock_mono_ms(clock_system());
	size_t asked = 0, countries = 0, networks = 0;
	double seconds;

	for (unsigned i = 0; i < threads; i++) {
		w[i] = (struct worker){
			.geo = geo, .state = i, .questions = 4 * MILLION
		};
		if (pthread_create(&id[i], NULL, ask, &w[i]) != 0)
			exit(1);
	}
	for (unsigned i = 0; i < threads; i++) {
		pthread_join(id[i], NULL);
		asked += w[i].questions;
		countries += w[i].countries;
		networks += w[i].networks;
	}
	seconds = (double)(clock_mono_ms(clock_system()) - start_ms) / 1000;
	printf("%u thread%s  %9.0f addresses/s  country known %4.1f %%  "
	       "network known %4.1f %%\n",
		threads, threads > 1 ? "s" : " ", (double)asked / seconds,
		100.0 * (double)countries / (double)asked,
		100.0 * (double)networks / (double)asked);
}

int main(int argc, char **argv)
{
	const struct geoip_options options = {
		.path = { argc > 1 ? argv[1] : "", argc > 2 ? argv[2] : "" },
		.check_s = 60,
		.size_max = (size_t)SIZE_MAX_MB << 20
	};
	long before_kb = resident_kb();
	int64_t start_ms = clock_mono_ms(clock_system());
	struct geoip_status status;
	struct geoip *geo;

	if (geoip_open(&geo, &options) != RES_OK)
		return 1;
	printf("loaded and checked in %lld ms\n",
		(long long)(clock_mono_ms(clock_system()) - start_ms));
	for (unsigned f = 0; f < GEOIP_FILES; f++) {
		geoip_read_status(geo, f, &status);
		printf("%-8s %s, %.1f MB\n", geoip_file_name(f),
			status.is_serving ? "serves" : "is off",
			(double)status.octets / MILLION);
	}
	measure(geo, 1);
	measure(geo, 2);
	measure(geo, THREADS_MAX);
	printf("resident memory grew by %.1f MB, pages of the copies that the "
	       "kernel may drop\n",
		(double)(resident_kb() - before_kb) / 1024);
	geoip_close(geo);
	return 0;
}
