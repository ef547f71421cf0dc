/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A little work before a form is sent while many people ask (portal/work).
 * The element "work" has the challenge, "BITS-EXPIRES-SALT-MARK"; looked for is
 * the least number so that SHA-256 of "SALT:NUMBER" begins with BITS zero bits.
 * Plain script is faster than crypto.subtle for so little text, and one block
 * of 64 octets (FIPS 180-4) is all that is ever hashed.
 */
"use strict";

const [K, H] = (() => {
  /* The fractions of the roots of the first primes: third roots, square roots.
   * Exact: floor(root(p) * 2^32) is found in whole numbers. */
  const root = (p, n) => {
    const goal = BigInt(p) << BigInt(32 * n);
    let low = 0n, high = 1n << 40n;
    while (high - low > 1n) {
      const middle = (low + high) / 2n;
      if (middle ** BigInt(n) <= goal) low = middle; else high = middle;
    }
    return Number(low & 0xffffffffn) | 0;
  };
  const primes = [];
  for (let p = 2; primes.length < 64; p++)
    if (primes.every((q) => p % q)) primes.push(p);
  return [Int32Array.from(primes, (p) => root(p, 3)),
    Int32Array.from(primes.slice(0, 8), (p) => root(p, 2))];
})();
const W = new Int32Array(64), OUT = new Int32Array(8);

/* The eight words of SHA-256 of an ASCII text of at most 55 octets, until the
 * next call. */
function sha256(text) {
  W.fill(0, 0, 16);
  for (let i = 0; i < text.length; i++)
    W[i >> 2] |= text.charCodeAt(i) << (24 - 8 * (i & 3));
  W[text.length >> 2] |= 0x80 << (24 - 8 * (text.length & 3));
  W[15] = 8 * text.length;
  for (let i = 16; i < 64; i++) {
    const x = W[i - 15], y = W[i - 2];
    const s = (x >>> 7 | x << 25) ^ (x >>> 18 | x << 14) ^ x >>> 3;
    const t = (y >>> 17 | y << 15) ^ (y >>> 19 | y << 13) ^ y >>> 10;
    W[i] = (W[i - 16] + s | 0) + (W[i - 7] + t | 0) | 0;
  }
  let a = H[0], b = H[1], c = H[2], d = H[3];
  let e = H[4], f = H[5], g = H[6], h = H[7];
  for (let i = 0; i < 64; i++) {
    const t = ((h + K[i] | 0) + W[i] | 0) + (e & f ^ ~e & g) +
      ((e >>> 6 | e << 26) ^ (e >>> 11 | e << 21) ^ (e >>> 25 | e << 7)) | 0;
    const u = (a & b ^ a & c ^ b & c) +
      ((a >>> 2 | a << 30) ^ (a >>> 13 | a << 19) ^ (a >>> 22 | a << 10)) | 0;
    h = g; g = f; f = e; e = d + t | 0; d = c; c = b; b = a; a = t + u | 0;
  }
  OUT[0] = a + H[0]; OUT[1] = b + H[1]; OUT[2] = c + H[2]; OUT[3] = d + H[3];
  OUT[4] = e + H[4]; OUT[5] = f + H[5]; OUT[6] = g + H[6]; OUT[7] = h + H[7];
  return OUT;
}

/* bits is 30 at most: one word tells. -1: none from "from" on within "count". */
function search(salt, bits, from, count) {
  for (let n = from; n < from + count; n++)
    if (sha256(salt + ":" + n)[0] >>> (32 - bits) === 0) return n;
  return -1;
}

function begin(place) {
  const answer = document.getElementById("work-answer");
  const form = answer.form;
  const [bits, , salt] = place.dataset.challenge.split("-");
  const CHUNK = 20000; /* some milliseconds: the page stays alive */
  let next = 0, isDone = false, isWaiting = false;

  place.textContent = place.dataset.working;
  /* Who is faster than this waits for it; a second press sends at once. */
  form.addEventListener("submit", (event) => {
    if (isDone || isWaiting) return;
    event.preventDefault();
    isWaiting = true;
    place.textContent = place.dataset.waiting;
  });
  const step = () => {
    const found = search(salt, Number(bits), next, CHUNK);
    next += CHUNK;
    if (found < 0) {
      setTimeout(step, 0);
      return;
    }
    answer.value = place.dataset.challenge + ":" + found;
    isDone = true;
    place.textContent = place.dataset.done;
    if (isWaiting) form.requestSubmit();
  };
  setTimeout(step, 0);
}

if (typeof module === "object")
  module.exports = { sha256, search };
else if (document.getElementById("work"))
  begin(document.getElementById("work"));
