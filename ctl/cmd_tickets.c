/* SPDX-License-Identifier: BSD-2-Clause */
/* reprievectl tickets: read and answer what refused senders write to us. */
#include "base/arena.h"
#include "conf/conf.h"
#include "ctl/ask.h"
#include "store/ticket.h"

#include <string.h>
#include <unistd.h>

enum {
	READ_MEMORY_MAX = 8 * 1024 * 1024,
	LIST_MOST = 100,
	MS_PER_S = 1000,
	PIECE = 4096
};

static int64_t now_ms(void)
{
	return ctl_now_s() * MS_PER_S;
}

/* What a result of store/ticket means here. */
static enum ctl_exit told(struct ctl *ctl, enum result res, const char *id)
{
	if (res == RES_OK)
		return CTL_DONE;
	if (res == RES_SYNTAX) {
		output_error(ctl->out, "\"%s\" is not the ID of a ticket", id);
		return CTL_USAGE;
	}
	if (res == RES_MISSING) {
		output_say(ctl->out, "there is no ticket %s", id);
		return CTL_NO;
	}
	if (res == RES_DENIED) {
		output_error(
			ctl->out, "a ticket in that state does not go there");
		return CTL_REFUSED;
	}
	if (res == RES_TOOBIG) {
		output_error(ctl->out, "the text is longer than %zu octets",
			ctl->conf->support.text_max);
		return CTL_USAGE;
	}
	return ask_failed(ctl, res);
}

/* ---- list ---- */

static void add_head(struct output *o, const struct ticket *t)
{
	output_text(o, "id", slice_of(t->id));
	output_text(o, "state", slice_of(ticket_state_name(t->state)));
	output_text(o, "outcome", t->outcome);
	ctl_output_time(o, "due", t->due_ms / MS_PER_S);
	ctl_output_time(o, "created", t->created_ms / MS_PER_S);
	output_text(o, "mail", t->mail);
	output_text(o, "subject", t->subject);
	output_text(o, "ref", t->ref);
	if (t->is_sponsored)
		output_text(o, "sponsored", slice_of("yes"));
}

static void add_row(void *ctx, const struct ticket *t)
{
	struct ctl *ctl = ctx;

	output_open(ctl->out, NULL, OUTPUT_BLOCK);
	add_head(ctl->out, t);
	output_close(ctl->out);
}

static enum ctl_exit list(struct ctl *ctl, const struct args *args)
{
	const char *state = args_text(args, "state");
	struct ticket_listing how = {
		.most = (size_t)args_number(args, "limit", LIST_MOST),
		.each = add_row,
		.ctx = ctl,
	};
	enum ctl_exit code;

	if (state != NULL && !ticket_state_parse(slice_of(state), &how.state)) {
		output_error(
			ctl->out, "\"%s\" is not a state of a ticket", state);
		return CTL_USAGE;
	}
	code = ask_open(ctl, LINK_READ);
	if (code != CTL_DONE)
		return code;
	output_open(ctl->out, "tickets", OUTPUT_TABLE);
	code = told(
		ctl, ticket_list(ctl->redis, ctl->conf, &how, now_ms()), "");
	output_close(ctl->out);
	return code;
}

/* ---- show ---- */

static void add_message(struct output *o, const struct ticket_message *m)
{
	struct slice rest = m->text;
	struct slice line;

	output_open(o, NULL, OUTPUT_BLOCK);
	ctl_output_time(o, "at", m->at_ms / MS_PER_S);
	output_text(o, "from", m->is_ours ? m->who : slice_of("sender"));
	output_text(o, "state", slice_of(ticket_state_name(m->state)));
	output_open(o, "text", OUTPUT_PLAIN);
	while (slice_cut(&rest, '\n', &line))
		output_item(o, line);
	output_close(o);
	output_close(o);
}

static void add_ticket(struct output *o, const struct ticket *t)
{
	output_open(o, "ticket", OUTPUT_BLOCK);
	add_head(o, t);
	ctl_output_time(o, "changed", t->changed_ms / MS_PER_S);
	output_text(o, "language", t->language);
	output_text(o, "request", t->rid);
	output_text(o, "ip", t->ip);
	output_close(o);
	output_open(o, "messages", OUTPUT_BLOCKS);
	for (size_t i = 0; i < t->message_count; i++)
		add_message(o, &t->message[i]);
	output_close(o);
}

static enum ctl_exit show(struct ctl *ctl, const char *id)
{
	enum ctl_exit code = ask_open(ctl, LINK_READ);
	struct arena *a = NULL;
	struct ticket t;
	enum result res;

	if (code != CTL_DONE)
		return code;
	a = arena_new(READ_MEMORY_MAX);
	res = a == NULL ? RES_NOMEM
			: ticket_read(ctl->redis, ctl->conf, slice_of(id),
				  now_ms(), a, &t);
	if (res == RES_OK)
		add_ticket(ctl->out, &t);
	code = told(ctl, res, id);
	arena_free(a);
	return code;
}

/* ---- change ---- */

/* What it says when it is done. */
static enum ctl_exit change(struct ctl *ctl, const struct ticket_entry *entry)
{
	enum ctl_exit code = ask_open(ctl, LINK_WRITE);
	char id[CASE_REF_MAX];

	if (code != CTL_DONE)
		return code;
	if (case_ref_parse(entry->id, id) != RES_OK)
		id[0] = '\0';
	code = told(ctl, ticket_add(ctl->redis, ctl->conf, entry, now_ms()),
		entry->id.at);
	if (code == CTL_DONE)
		output_say(ctl->out, "ticket %s is %s", id,
			ticket_state_name(entry->to));
	return code;
}

static bool read_input(struct ctl *ctl, struct buf *out)
{
	char piece[PIECE];
	ssize_t n;

	while ((n = read(STDIN_FILENO, piece, sizeof(piece))) > 0)
		buf_add(out, slice_make(piece, (size_t)n));
	if (n == 0 && buf_result(out) == RES_OK)
		return true;
	output_error(ctl->out, "cannot read the text: %s",
		n < 0 ? "standard input fails" : "it is too long");
	return false;
}

static bool is_outcome(const char *word)
{
	return strcmp(word, "granted") == 0 || strcmp(word, "denied") == 0 ||
		strcmp(word, "info") == 0;
}

static enum ctl_exit answer_with(
	struct ctl *ctl, const struct args *args, struct slice text)
{
	const char *outcome = args_text(args, "resolve");
	const struct ticket_entry entry = {
		.id = slice_of(args->word[1]),
		.who = slice_of(ctl->who),
		.text = slice_trim(text),
		.to = outcome != NULL ? TICKET_RESOLVED : TICKET_WAITING,
		.outcome = slice_of(outcome),
	};

	if (outcome != NULL && !is_outcome(outcome)) {
		output_error(ctl->out,
			"--resolve is granted, denied or info, not \"%s\"",
			outcome);
		return CTL_USAGE;
	}
	if (entry.text.len == 0 && outcome == NULL) {
		output_error(ctl->out, "there is no text to answer with");
		return CTL_USAGE;
	}
	return change(ctl, &entry);
}

static enum ctl_exit answer(struct ctl *ctl, const struct args *args)
{
	const char *given = args_text(args, "text");
	struct buf text;
	enum ctl_exit code = CTL_USAGE;

	if (given != NULL)
		return answer_with(ctl, args, slice_of(given));
	buf_init(&text, ctl->conf->support.text_max + PIECE);
	if (read_input(ctl, &text))
		code = answer_with(ctl, args, buf_slice(&text));
	buf_clear(&text);
	return code;
}

static enum ctl_exit move(
	struct ctl *ctl, const struct args *args, enum ticket_state to)
{
	const struct ticket_entry entry = {
		.id = slice_of(args->word[1]),
		.who = slice_of(ctl->who),
		.text = slice_trim(slice_of(args_text(args, "text"))),
		.to = to,
	};

	return change(ctl, &entry);
}

/* ---- words ---- */

static enum ctl_exit run(struct ctl *ctl, const struct args *args)
{
	static const struct {
		const char *word;
		enum ticket_state to;
	} moves[] = {
		{ "escalate", TICKET_ESCALATED },
		{ "spam", TICKET_SPAM },
		{ "close", TICKET_CLOSED },
	};
	const char *verb = args->words > 0 ? args->word[0] : "list";

	if (args->words < 2) {
		if (strcmp(verb, "list") == 0)
			return list(ctl, args);
		output_error(ctl->out, "which ticket?");
		return CTL_USAGE;
	}
	if (strcmp(verb, "show") == 0)
		return show(ctl, args->word[1]);
	if (strcmp(verb, "answer") == 0)
		return answer(ctl, args);
	for (size_t i = 0; i < sizeof(moves) / sizeof(moves[0]); i++)
		if (strcmp(verb, moves[i].word) == 0)
			return move(ctl, args, moves[i].to);
	output_error(ctl->out,
		"\"%s\" is none of show, answer, escalate, spam "
		"and close",
		verb);
	return CTL_USAGE;
}

static const struct args_option options[] = {
	{ "state", ARGS_TEXT, "STATE", "only those in this state" },
	{ "limit", ARGS_NUMBER, "N", "so many at most (100)" },
	{ "text", ARGS_TEXT, "TEXT",
		"what the sender reads; answer without it: standard input" },
	{ "resolve", ARGS_TEXT, "HOW", "granted, denied or info" },
};

static const struct args_spec spec = {
	.name = "tickets",
	.usage = "[list|show ID|answer ID|escalate ID|spam ID|close ID] "
		 "[--state STATE] [--limit N] [--text TEXT] [--resolve HOW]",
	.help = "Reads and answers what refused senders write.",
	.more = "Without words: all tickets, newest first. States: new open "
		"waiting escalated\nresolved closed reopened spam. An answer "
		"makes the ticket wait for the sender;\nwith --resolve it is "
		"resolved. Exit code 1: there is no such ticket; 4: not in\n"
		"that state.",
	.option = options,
	.option_count = sizeof(options) / sizeof(options[0]),
	.words_min = 0,
	.words_max = 2,
};

const struct ctl_command cmd_tickets = { .spec = &spec, .run = run };
