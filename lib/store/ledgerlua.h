/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/ledgerlua - what the scripts of store/ledger and store/repute share.
 *
 * Numbers are written by string.format: what Lua makes of a great one by itself
 * is rounded. Threads: constant.
 */
#pragma once

/* micros(text): microseconds since 1970; "0" asks Redis. read(key, half_ms,
 * now_ms): a record with what is left of it. */
#define LEDGER_LUA                                                           \
	"local function micros(text)\n"                                      \
	"  local given = tonumber(text)\n"                                   \
	"  if given > 0 then return given end\n"                             \
	"  local t = redis.call('TIME')\n"                                   \
	"  return t[1] * 1000000 + t[2]\n"                                   \
	"end\n"                                                              \
	"local function number(value)\n"                                     \
	"  local n = tonumber(value or '') or 0\n"                           \
	"  if n >= 0 and n < 9e15 then return n end\n"                       \
	"  return 0\n"                                                       \
	"end\n"                                                              \
	"local function whole(n) return string.format('%.0f', n) end\n"      \
	"local function read(key, half, now)\n"                              \
	"  local f = redis.call('HMGET', key, 'good', 'bad', 'at',\n"        \
	"    'first')\n"                                                     \
	"  local left = 0.5 ^ (math.max(0, now - number(f[3])) / half)\n"    \
	"  return {good = number(f[1]) * left, bad = number(f[2]) * left,\n" \
	"    first = number(f[4])}\n"                                        \
	"end\n"

/* repute(key, half_ms, now_ms, life_ms, good, bad): adds to a record. */
#define LEDGER_LUA_REPUTE                                          \
	"local function repute(key, half, now, life, good, bad)\n" \
	"  local r = read(key, half, now)\n"                       \
	"  local first = r.first\n"                                \
	"  if first == 0 or first > now then first = now end\n"    \
	"  redis.call('HSET', key,\n"                              \
	"    'good', string.format('%.3f', r.good + good),\n"      \
	"    'bad', string.format('%.3f', r.bad + bad),\n"         \
	"    'at', whole(now), 'first', whole(first))\n"           \
	"  redis.call('PEXPIRE', key, life)\n"                     \
	"end\n"
