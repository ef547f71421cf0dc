/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/node.h"

#include "store/writer.h"
#include "support/case.h"
#include "unit/store/rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct beating {
	struct rig rig;
	struct writer *writer;
	struct node *node;
	char key[128];
};

static void start(struct beating *b)
{
	rig_go(&b->rig, NULL);
	assert_int_equal(
		writer_open(&b->writer, b->rig.conf, clock_system()), RES_OK);
	assert_int_equal(writer_start(b->writer), RES_OK);
	assert_int_equal(node_open(&b->node, b->rig.conf, b->rig.mirror,
				 b->writer, clock_system()),
		RES_OK);
	assert_int_equal(node_start(b->node), RES_OK);
	(void)snprintf(b->key, sizeof(b->key), "rp:node:%s", node_id(b->node));
}

static void ask(struct beating *b, const char *verb, const char *field,
	char *out, size_t size)
{
	out[0] = '\0';
	(void)redis_server_do(b->rig.server,
		(const char *const[]){ verb, b->key, field, NULL }, out, size);
}

static void wants(struct beating *b, const char *field, const char *want)
{
	char got[128] = "";

	for (int64_t end = rig_end(); rig_goes_on(end);) {
		ask(b, "HGET", field, got, sizeof(got));
		if (strcmp(got, want) == 0)
			break;
	}
	assert_string_equal(got, want);
}

static void tells_how_far(void **state)
{
	char life[32] = "", host[128] = "";
	struct beating b;

	(void)state;
	start(&b);
	wants(&b, "state", "live");
	wants(&b, "entries", "0");
	assert_true(REDIS_DO(b.rig.server, "SET", "rp:block:192.0.2.1", "x"));
	wants(&b, "entries", "1");
	wants(&b, "pending", "0");
	ask(&b, "HGET", "host", host, sizeof(host));
	assert_true(host[0] != '\0');
	ask(&b, "TTL", NULL, life, sizeof(life));
	assert_in_range(strtoul(life, NULL, 10), 50, 60);
	/* Gone at once when it ends in order. */
	node_close(b.node);
	writer_close(b.writer);
	ask(&b, "EXISTS", NULL, life, sizeof(life));
	assert_string_equal(life, "0");
	rig_remove(&b.rig);
}

static void has_a_name_of_its_own(void **state)
{
	struct node *other = NULL;
	struct beating b;

	(void)state;
	start(&b);
	assert_int_equal(node_open(&other, b.rig.conf, b.rig.mirror, b.writer,
				 clock_system()),
		RES_OK);
	assert_string_not_equal(node_id(other), node_id(b.node));
	node_close(other);
	node_close(b.node);
	writer_close(b.writer);
	rig_remove(&b.rig);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE("a milter tells how far it is", tells_how_far, NULL),
		CASE("two milters never share a name", has_a_name_of_its_own,
			NULL),
	};

	return cmocka_run_group_tests_name("store/node", cases, NULL, NULL);
}
