/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/delistcore - what the parts of store/delist share; for nobody else.
 *
 * delist.c reads requests and does their small steps, delistfile.c files them,
 * delistsettle.c carries out what was decided.
 */
#pragma once

#include "net/cidr.h"
#include "store/delist.h"
#include "store/script.h"
#include "store/secret.h"

enum {
	DELIST_KEEP_S = 7 * 86400, /* of a request, after its tokens */
	DELIST_MS = 1000,
	DELIST_TOKENS = 3 /* MAIL, ADDRESS, CANCEL: in this order */
};

/* What is written when a request is filed and never changes. */
struct delist_base {
	char rid[CASE_REF_MAX];
	struct ipaddr ip;
	char net[CIDR_TEXT_MAX];
	char mailbox[SECRET_HASH_MAX]; /* "": no mail */
	/* Digests of the tokens that were made, "" for none. */
	char token[DELIST_TOKENS][TOKEN_HASH_MAX];
};

/* RES_SYNTAX: no RID; RES_MISSING: no such request. */
enum result delist_base_read(struct redis *r, const struct conf *conf,
	struct slice rid, struct delist_base *out) MUST_USE;

/* The keys of a request: itself, the two of its network that is open. */
void delist_base_keys(struct script_call *c, const struct conf *conf,
	const struct delist_base *base);
/* Those of its tokens, DELIST_TOKENS of them; one that was not made has the
 * name of a key that is never there. */
void delist_token_keys(struct script_call *c, const struct conf *conf,
	const struct delist_base *base);

/* Index of the token's digest among those of base; DELIST_TOKENS: none. */
enum result delist_token_index(struct slice token,
	const struct delist_base *base, size_t *out) MUST_USE;

/*
 * delist_state(key, now): the state as a word, nil for no request.
 * delist_is_open[state]. delist_free(rid, key ...): of networks.
 */
#define DELIST_LUA                                                           \
	"local delist_is_open = {queued = true, sent = true, wait = true,\n" \
	"  bounced = true}\n"                                                \
	"local function delist_state(key, now)\n"                            \
	"  local f = redis.call('HMGET', key, 'state', 'expires')\n"         \
	"  if not f[1] then return nil end\n"                                \
	"  if delist_is_open[f[1]] and tonumber(f[2] or '0') <= now then\n"  \
	"    return 'expired'\n"                                             \
	"  end\n"                                                            \
	"  return f[1]\n"                                                    \
	"end\n"                                                              \
	"local function delist_free(rid, ...)\n"                             \
	"  for _, key in ipairs({...}) do\n"                                 \
	"    if redis.call('TYPE', key).ok == 'hash' and\n"                  \
	"      redis.call('HGET', key, 'rid') == rid then\n"                 \
	"      redis.call('DEL', key)\n"                                     \
	"    end\n"                                                          \
	"  end\n"                                                            \
	"end\n"
