/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/link.h"

#include "base/buf.h"
#include "store/writer.h"
#include "support/case.h"
#include "unit/store/cluster.h"
#include "unit/store/rig.h"

#include <stdio.h>
#include <string.h>

enum { TEXT_MAX = 512 };

static struct conf *conf_for(const struct cluster *c, const char *servers)
{
	const struct rig_text more = { .servers = servers,
		.lists = "loss_grace_s = 0" };

	return rig_conf("", &c->folder, &more);
}

/* Opens and tells the port of who was chosen, 0 for nobody. */
static unsigned chosen(
	const struct conf *conf, enum link_purpose purpose, enum result *res)
{
	const struct link_request q = { .purpose = purpose, .timeout_ms = 500 };
	struct endpoint server = { 0 };
	struct redis *r = NULL;

	*res = link_open(conf, &q, &r, &server, NULL);
	assert_true((*res == RES_OK) == (r != NULL));
	redis_close(r);
	return server.port;
}

static void writes_go_to_the_primary(void **state)
{
	char text[TEXT_MAX];
	struct cluster c;
	struct conf *conf;
	enum result res;

	(void)state;
	cluster_start(&c, false);
	(void)snprintf(text, sizeof(text),
		"servers = {\"inet:%u@127.0.0.1\", \"inet:%u@127.0.0.1\"}",
		c.port[CLUSTER_REPLICA], c.port[CLUSTER_PRIMARY]);
	conf = conf_for(&c, text);
	assert_int_equal(
		chosen(conf, LINK_READ, &res), c.port[CLUSTER_REPLICA]);
	assert_int_equal(
		chosen(conf, LINK_WRITE, &res), c.port[CLUSTER_PRIMARY]);
	cluster_kill(&c, CLUSTER_PRIMARY);
	assert_int_equal(
		chosen(conf, LINK_READ, &res), c.port[CLUSTER_REPLICA]);
	assert_int_equal(chosen(conf, LINK_WRITE, &res), 0);
	assert_true(res == RES_READONLY || res == RES_DOWN);
	/* A replica told not to serve old data is no use. */
	assert_true(cluster_do(&c, CLUSTER_REPLICA,
		(const char *const[]){ "CONFIG", "SET",
			"replica-serve-stale-data", "no", NULL },
		NULL, 0));
	for (int64_t end = rig_end();
		chosen(conf, LINK_READ, &res) != 0 && rig_goes_on(end);)
		;
	assert_int_equal(chosen(conf, LINK_READ, &res), 0);
	cluster_kill(&c, CLUSTER_REPLICA);
	assert_int_equal(chosen(conf, LINK_READ, &res), 0);
	assert_string_equal(result_name(res), "down");
	conf_release(conf);
	cluster_stop(&c);
}

/* Mirror and writer go over to the new primary, even while the old one still
 * answers. */
static void follows_sentinel(void **state)
{
	char text[TEXT_MAX];
	struct mirror *m = NULL;
	struct cluster c;
	struct conf *conf;
	enum result res;

	(void)state;
	cluster_start(&c, true);
	(void)snprintf(text, sizeof(text),
		"sentinel = {\"inet:1@127.0.0.1\", \"inet:%u@127.0.0.1\"}\n"
		"master = \"lists\"",
		c.port[CLUSTER_SENTINEL]);
	conf = conf_for(&c, text);
	assert_int_equal(
		chosen(conf, LINK_WRITE, &res), c.port[CLUSTER_PRIMARY]);
	assert_int_equal(
		chosen(conf, LINK_READ, &res), c.port[CLUSTER_PRIMARY]);
	assert_int_equal(mirror_open(&m, conf, clock_system()), RES_OK);
	assert_int_equal(mirror_start(m), RES_OK);
	rig_wants_state(m, MIRROR_LIVE);
	assert_true(cluster_do(&c, CLUSTER_PRIMARY,
		(const char *const[]){ "SET", "rp:block:192.0.2.1", "x", NULL },
		NULL, 0));
	rig_wants(m, "192.0.2.1", true);
	cluster_kill(&c, CLUSTER_PRIMARY);
	for (int64_t end = rig_end(); rig_goes_on(end);)
		if (chosen(conf, LINK_WRITE, &res) == c.port[CLUSTER_REPLICA])
			break;
	assert_int_equal(
		chosen(conf, LINK_WRITE, &res), c.port[CLUSTER_REPLICA]);
	assert_true(rig_is_listed(m, "192.0.2.1"));
	assert_true(cluster_do(&c, CLUSTER_REPLICA,
		(const char *const[]){ "SET", "rp:block:192.0.2.2", "x", NULL },
		NULL, 0));
	rig_wants(m, "192.0.2.2", true);
	mirror_close(m);
	conf_release(conf);
	cluster_stop(&c);
}

static void leaves_an_old_primary(void **state)
{
	const struct link_request q = { .purpose = LINK_WRITE,
		.timeout_ms = 500 };
	struct endpoint old = { .kind = ENDPOINT_INET, .host = "127.0.0.1" };
	const char *const failover[] = { "SENTINEL", "failover", "lists",
		NULL };
	char text[TEXT_MAX];
	struct cluster c;
	struct conf *conf;
	bool is_current = true;

	(void)state;
	cluster_start(&c, true);
	(void)snprintf(text, sizeof(text),
		"sentinel = {\"inet:%u@127.0.0.1\"}\nmaster = \"lists\"",
		c.port[CLUSTER_SENTINEL]);
	conf = conf_for(&c, text);
	old.port = c.port[CLUSTER_PRIMARY];
	assert_true(link_is_current(conf, &q, &old));
	/* It refuses until it has looked at the replica. */
	for (int64_t end = rig_end(); rig_goes_on(end);)
		if (cluster_do(&c, CLUSTER_SENTINEL, failover, NULL, 0))
			break;
	for (int64_t end = rig_end(); is_current && rig_goes_on(end);)
		is_current = link_is_current(conf, &q, &old);
	assert_false(is_current);
	/* Nobody to ask: no reason to leave. */
	cluster_kill(&c, CLUSTER_SENTINEL);
	assert_true(link_is_current(conf, &q, &old));
	conf_release(conf);
	cluster_stop(&c);
}

/* Reads from the replica next door, writes the generation to the primary. */
static void mirrors_a_replica(void **state)
{
	char text[TEXT_MAX];
	struct mirror *m = NULL;
	struct cluster c;
	struct conf *conf;

	(void)state;
	cluster_start(&c, false);
	(void)snprintf(text, sizeof(text),
		"servers = {\"inet:%u@127.0.0.1\", \"inet:%u@127.0.0.1\"}",
		c.port[CLUSTER_REPLICA], c.port[CLUSTER_PRIMARY]);
	conf = conf_for(&c, text);
	assert_int_equal(mirror_open(&m, conf, clock_system()), RES_OK);
	assert_int_equal(mirror_start(m), RES_OK);
	rig_wants_state(m, MIRROR_LIVE);
	snprintf(text, sizeof(text), "inet:%u@127.0.0.1",
		c.port[CLUSTER_REPLICA]);
	assert_string_equal(rig_status(m).server, text);
	assert_memory_equal(rig_status(m).generation, "auto-", 5);
	assert_true(cluster_do(&c, CLUSTER_PRIMARY,
		(const char *const[]){
			"SET", "rp:block:192.0.2.1", "x", "PX", "1500", NULL },
		NULL, 0));
	rig_wants(m, "192.0.2.1", true);
	rig_wants(m, "192.0.2.1", false);
	/* The replica dies: the next server in the list serves. */
	cluster_kill(&c, CLUSTER_REPLICA);
	assert_true(cluster_do(&c, CLUSTER_PRIMARY,
		(const char *const[]){ "SET", "rp:block:192.0.2.2", "x", NULL },
		NULL, 0));
	rig_wants(m, "192.0.2.2", true);
	mirror_close(m);
	conf_release(conf);
	cluster_stop(&c);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE("writes go to the primary, reads to the first",
			writes_go_to_the_primary, NULL),
		CASE("a failover by sentinel is followed", follows_sentinel,
			NULL),
		CASE("an old primary that still answers is left",
			leaves_an_old_primary, NULL),
		CASE("a replica is good enough to read", mirrors_a_replica,
			NULL),
	};

	return cmocka_run_group_tests_name("store/link", cases, NULL, NULL);
}
