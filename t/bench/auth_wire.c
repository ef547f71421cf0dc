/* SPDX-License-Identifier: BSD-2-Clause */
#include "bench/auth_wire.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

enum {
	CHUNK = 65535,
	OFFER_STEPS = 0x1fffff,
	OFFER_ACTIONS = 0x1ff,
	LEADSPC = 0x100000
};

/* The letter of the event; bits that say "do not send", "no answer comes";
 * the number of the macro list; its names when the milter has none. */
static const struct step {
	char command;
	uint32_t never;
	uint32_t silent;
	int list;
	const char *usual;
} steps[STAGE_COUNT] = {
	[STAGE_NEGOTIATE] = { 'O', 0, 0, -1, "" },
	[STAGE_CONNECT] = { 'C', 0x1, 0x1000, 0,
		"j {daemon_name} {daemon_addr} v _" },
	[STAGE_HELO] = { 'H', 0x2, 0x2000, 1, "" },
	[STAGE_MAIL] = { 'M', 0x4, 0x4000, 2,
		"{mail_addr} {mail_host} {mail_mailer}" },
	[STAGE_RCPT] = { 'R', 0x8, 0x8000, 3,
		"{rcpt_addr} {rcpt_host} {rcpt_mailer}" },
	[STAGE_DATA] = { 'T', 0x200, 0x10000, 4, "i" },
	[STAGE_HEADER] = { 'L', 0x20, 0x80, 6, "i" },
	[STAGE_EOH] = { 'N', 0x40, 0x40000, 6, "i" },
	[STAGE_BODY] = { 'B', 0x10, 0x80000, 6, "i" },
	[STAGE_END] = { 'E', 0, 0, 5, "i" },
};

/* ---- octets ---- */

unsigned char *wire_room(struct octets *o, size_t more)
{
	if (o->len + more > o->room) {
		o->room = (o->len + more) * 2;
		o->at = realloc(o->at, o->room);
		if (o->at == NULL)
			exit(1);
	}
	return o->at + o->len;
}

static void put(struct octets *o, const void *data, size_t len)
{
	unsigned char *at = wire_room(o, len);

	if (len > 0)
		memcpy(at, data, len);
	o->len += len;
}

static void put_text(struct octets *o, const char *text)
{
	put(o, text, strlen(text) + 1);
}

static size_t open_packet(struct octets *o, char command)
{
	size_t at = o->len;

	put(o, "\0\0\0", 4);
	put(o, &command, 1);
	return at;
}

static void close_packet(struct octets *o, size_t at)
{
	uint32_t size = htonl((uint32_t)(o->len - at - 4));

	memcpy(o->at + at, &size, 4);
}

static struct octets *out_of(struct client *c)
{
	return &c->out[c->leg];
}

/* ---- macros ---- */

static void put_address(struct octets *o, const char *address, const char *what)
{
	if (strcmp(what, "addr}") == 0)
		put_text(o, address);
	else if (strcmp(what, "host}") == 0)
		put_text(o, strchr(address, '@') + 1);
	else
		put_text(o, "smtp");
}

static bool put_constant(struct octets *o, const char *name)
{
	static const char *const values[][2] = { { "j", "mx.example.net" },
		{ "{daemon_name}", "mx.example.net" },
		{ "{daemon_addr}", "192.0.2.1" }, { "v", "Postfix 3.7.11" },
		{ "{client_resolve}", "OK" }, { "{client_port}", "25000" },
		{ "{client_connections}", "0" } };

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		if (strcmp(name, values[i][0]) == 0) {
			put_text(o, name);
			put_text(o, values[i][1]);
			return true;
		}
	return false;
}

/* Names that stand for nothing are left out, as Postfix does. */
static void put_macro(struct client *c, const char *name)
{
	struct octets *o = out_of(c);
	const struct pool_message *m = c->message;
	char text[128];

	if (put_constant(o, name))
		return;
	if (strcmp(name, "i") == 0 && c->stage >= STAGE_DATA)
		snprintf(text, sizeof(text), "%08X4D", c->id);
	else if (strcmp(name, "_") == 0)
		snprintf(text, sizeof(text), "%s [%s]", m->helo, m->ip);
	else if (strcmp(name, "{client_addr}") == 0)
		snprintf(text, sizeof(text), "%s", m->ip);
	else if (strcmp(name, "{client_name}") == 0 ||
		strcmp(name, "{client_ptr}") == 0)
		snprintf(text, sizeof(text), "%s", m->helo);
	else if (strncmp(name, "{mail_", 6) == 0 ||
		strncmp(name, "{rcpt_", 6) == 0) {
		put_text(o, name);
		put_address(o, name[1] == 'm' ? m->sender : m->rcpt, name + 6);
		return;
	} else
		return;
	put_text(o, name);
	put_text(o, text);
}

static void put_macros(const struct leg *leg, struct client *c)
{
	const struct step *s = &steps[c->stage];
	const char *own = leg->macros[s->list];
	const char *names = own != NULL && own[0] != '\0' ? own : s->usual;
	char name[64];
	int used;
	size_t at;

	at = open_packet(out_of(c), 'D');
	put(out_of(c), &s->command, 1);
	while (sscanf(names, " %63[^ ,]%n", name, &used) == 1) {
		put_macro(c, name);
		names += used;
		names += *names == ',';
	}
	close_packet(out_of(c), at);
}

/* ---- events ---- */

static void put_offer(struct client *c)
{
	uint32_t offer[3] = { htonl(6), htonl(OFFER_ACTIONS),
		htonl(OFFER_STEPS) };

	put(out_of(c), offer, sizeof(offer));
}

static void put_connect(struct client *c)
{
	uint16_t port = htons(25000);

	put_text(out_of(c), c->message->helo);
	put(out_of(c), "4", 1);
	put(out_of(c), &port, 2);
	put_text(out_of(c), c->message->ip);
}

static void put_bracketed(struct client *c, const char *address)
{
	put(out_of(c), "<", 1);
	put(out_of(c), address, strlen(address));
	put_text(out_of(c), ">");
}

static void put_field(const struct leg *leg, struct client *c)
{
	const struct pool_field *f = &c->fields[c->field];
	const char *value = f->value;

	if (!wire_keeps_blank(leg) && value[0] == ' ')
		value++;
	put_text(out_of(c), f->name);
	put_text(out_of(c), value);
}

static void put_body(struct client *c)
{
	size_t size = c->message->body_size - c->body;

	if (size > CHUNK)
		size = CHUNK;
	put(out_of(c), c->message->body + c->body, size);
	c->body += size;
}

static void put_data(const struct leg *leg, struct client *c)
{
	switch (c->stage) {
	case STAGE_NEGOTIATE:
		put_offer(c);
		break;
	case STAGE_CONNECT:
		put_connect(c);
		break;
	case STAGE_HELO:
		put_text(out_of(c), c->message->helo);
		break;
	case STAGE_MAIL:
		put_bracketed(c, c->message->sender);
		break;
	case STAGE_RCPT:
		put_bracketed(c, c->message->rcpt);
		break;
	case STAGE_HEADER:
		put_field(leg, c);
		break;
	case STAGE_BODY:
		put_body(c);
		break;
	case STAGE_DATA:
	case STAGE_EOH:
	case STAGE_END:
	case STAGE_COUNT:
		break;
	}
}

bool wire_emit(const struct leg *leg, struct client *c)
{
	const struct step *s = &steps[c->stage];
	uint32_t agreed = leg->steps;
	size_t at;

	if (s->list >= 0)
		put_macros(leg, c);
	if (c->stage != STAGE_NEGOTIATE && (agreed & s->never) != 0)
		return false;
	at = open_packet(out_of(c), s->command);
	put_data(leg, c);
	close_packet(out_of(c), at);
	return c->stage == STAGE_NEGOTIATE || (agreed & s->silent) == 0;
}

/* ---- the order of things ---- */

/* Fields and packets of body that are still to come. */
static bool has_more(const struct leg *legs, const struct client *c)
{
	uint32_t agreed = legs[c->leg].steps;

	if ((agreed & steps[c->stage].never) != 0)
		return false;
	if (c->stage == STAGE_HEADER)
		return c->field < c->field_count;
	return c->body < c->message->body_size;
}

static void next_stage(unsigned count, struct client *c)
{
	if (c->stage == STAGE_CONNECT && c->leg + 1 < count) {
		c->leg++;
		c->stage = STAGE_NEGOTIATE;
	} else if (c->stage >= STAGE_HELO && c->stage <= STAGE_DATA &&
		c->leg + 1 < count) {
		c->leg++;
	} else if (c->stage == STAGE_END) {
		c->leg++;
		c->stage = STAGE_HEADER;
	} else {
		if (c->stage >= STAGE_CONNECT && c->stage <= STAGE_DATA)
			c->leg = 0;
		c->stage++;
	}
	if (c->stage == STAGE_HEADER)
		c->field = c->body = 0;
}

bool wire_step(const struct leg *legs, unsigned count, struct client *c)
{
	if (c->stage == STAGE_HEADER)
		c->field++;
	else if (c->stage != STAGE_BODY)
		next_stage(count, c);
	while (c->leg < count &&
		(c->stage == STAGE_HEADER || c->stage == STAGE_BODY) &&
		!has_more(legs, c))
		next_stage(count, c);
	return c->leg < count;
}

/* ---- a session ---- */

void wire_begin(struct client *c, const struct pool_message *m, unsigned id)
{
	c->message = m;
	c->id = id;
	c->leg = 0;
	c->stage = STAGE_NEGOTIATE;
	c->is_waiting = false;
	c->in.len = 0;
	for (unsigned i = 0; i < LEGS_MAX; i++)
		c->out[i].len = c->out[i].sent = 0;
	memcpy(c->fields, m->fields, m->field_count * sizeof(m->fields[0]));
	c->field_count = m->field_count;
}

void wire_clear(struct client *c)
{
	free(c->in.at);
	for (unsigned i = 0; i < LEGS_MAX; i++)
		free(c->out[i].at);
}

bool wire_keeps_blank(const struct leg *leg)
{
	return (leg->steps & LEADSPC) != 0;
}

void wire_learn(struct leg *leg, const char *packet, size_t len)
{
	size_t at = 13;

	if (leg->is_agreed || len < 13)
		return;
	memcpy(&leg->steps, packet + 9, 4);
	leg->steps = ntohl(leg->steps);
	while (at + 5 <= len) {
		uint32_t list;

		memcpy(&list, packet + at, 4);
		list = ntohl(list);
		if (list < LISTS)
			leg->macros[list] = strdup(packet + at + 4);
		at += 4 + strlen(packet + at + 4) + 1;
	}
	leg->is_agreed = true;
}
