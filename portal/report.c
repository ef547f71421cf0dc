/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * /report: somebody tells of mail that came from here, or that we let through.
 *
 * The visitor waits for nothing but Redis: what he sends waits there, with its
 * job (store/upload), and portal/reportjobs hands it to the program that takes
 * reports by mail, too.
 */
#include "store/report.h"
#include "base/arena.h"
#include "conf/conf.h"
#include "mail/mailbox.h"
#include "portal/guard.h"
#include "portal/letter.h"
#include "portal/pages.h"
#include "portal/reportmail.h"
#include "portal/visit.h"
#include "store/case.h"
#include "store/upload.h"
#include "web/multipart.h"

#include <stdio.h>

static const char action[] = "/report";

enum {
	PATH_LEN_MAX = 64,
	OFFER_MAX = 100000, /* characters that the field takes */
	KIB = 1024
};

/* In the order of the page. */
static const struct kind {
	const char *key; /* local part of the address for it */
	const char *words;
} kinds[] = {
	{ "junk", N_("Junk: advertising or other mail nobody asked for") },
	{ "phish",
		N_("Phishing or fraud: it wants a password, money or data") },
	{ "notjunk", N_("Not junk: good mail that was taken for junk") },
	{ "abuse", N_("Other abuse, such as threats or attacks") },
};

/* More than web/multipart reads cannot come. */
static size_t files_max(const struct conf_reports *conf)
{
	return conf->originals_max < MULTIPART_FILES_MAX ? conf->originals_max
							 : MULTIPART_FILES_MAX;
}

/* ---- the page ---- */

static void add_kinds(struct visit *v)
{
	const struct slice chosen = form_value(&v->form, "kind");

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct view *item = view_item(v->view, "kinds");

		view_text(item, "key", kinds[i].key);
		view_say(item, "words", kinds[i].words);
		view_flag(item, "is_chosen",
			slice_is_equal(chosen, slice_of(kinds[i].key)));
	}
}

static void show(struct visit *v, unsigned status)
{
	const struct conf_reports *conf = &v->site.conf->reports;

	view_flag(v->view, "is_off", !conf->enabled);
	view_flag(v->view, "has_ack", conf->ack);
	add_kinds(v);
	view_slice(v->view, "pasted", form_value(&v->form, "pasted"));
	view_slice(v->view, "text", form_value(&v->form, "text"));
	view_slice(v->view, "mail", form_value(&v->form, "mail"));
	view_number(v->view, "text_max", REPORT_TEXT_MAX);
	view_number(v->view, "pasted_max", OFFER_MAX);
	view_number(v->view, "files_max", (int64_t)files_max(conf));
	view_number(v->view, "upload_kib", (int64_t)(conf->upload_max / KIB));
	/* A browser gives no file back. */
	view_flag(v->view, "lost_files", v->file_count > 0);
	guard_form(v, action);
	view_say(v->view, "title", "Report mail from this site");
	visit_page(v, status, "report");
}

void page_report(struct visit *v)
{
	view_flag(v->view, "is_public", true);
	show(v, STATUS_OK);
}

/* ---- what was sent ---- */

/* NULL: none was chosen. */
static const struct kind *find_kind(struct slice word)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (slice_is_equal(word, slice_of(kinds[i].key)))
			return &kinds[i];
	return NULL;
}

static void add_part(struct visit *v, struct reportmail *m, struct slice octets,
	const char *field, const char *fault)
{
	if (reportmail_sort(octets) == REPORTMAIL_NOTHING)
		visit_fault(v, field, fault);
	else if (m->count < REPORTMAIL_PARTS_MAX)
		m->part[m->count++] = octets;
}

static void check_files(struct visit *v, struct reportmail *m)
{
	for (size_t i = 0; i < v->file_count && !visit_has_faults(v); i++) {
		if (!slice_is_equal(v->files[i].field, slice_of("files")))
			continue;
		add_part(v, m, v->files[i].octets, "files",
			N_("One of the files is not a message as it was sent. "
			   "Save the message as a file that ends in .eml, or "
			   "paste its source."));
	}
}

static void check_words(struct visit *v, struct reportmail *m)
{
	const struct slice pasted = slice_trim(form_value(&v->form, "pasted"));

	if (pasted.len > 0)
		add_part(v, m, pasted, "pasted",
			N_("This is not the source of a message. That begins "
			   "with lines such as \"Received:\" and \"From:\"."));
	m->text = slice_trim(form_value(&v->form, "text"));
	if (m->text.len > REPORT_TEXT_MAX)
		visit_fault(
			v, "text", "Your text is too long. Please shorten it.");
	if (m->text.len == 0 && pasted.len == 0 && v->file_count == 0)
		visit_fault(v, "files",
			"Please add the message as a file, paste its source, "
			"or tell us what happened.");
}

/* What is past it the intake would leave out. */
static void check_count(struct visit *v, const struct reportmail *m)
{
	if (m->count > files_max(&v->site.conf->reports))
		visit_fault(v, "files",
			"These are too many files. Please send several "
			"reports.");
}

static void check_mail(
	struct visit *v, struct reportmail *m, char mail[MAILBOX_TEXT_MAX])
{
	const struct slice text = slice_trim(form_value(&v->form, "mail"));

	if (text.len == 0)
		return;
	if (mailbox_parse(text, mail) == RES_OK)
		m->reporter = slice_of(mail);
	else
		visit_fault(v, "mail",
			"Please give one mail address, such as "
			"name@example.org, or leave the field empty.");
}

static void lead_to(struct visit *v, const char *id)
{
	char path[PATH_LEN_MAX];

	snprintf(path, sizeof(path), "%s/%s", action, id);
	visit_redirect(v, path);
}

static enum result keep(struct visit *v, const struct kind *kind,
	const struct reportmail *m, const char *id)
{
	struct upload u = {
		.id = slice_of(id),
		.kind = slice_of(kind->key),
	};
	struct redis *r = visit_redis(v);
	size_t octets = m->text.len;
	struct buf mail;
	enum result res;

	if (r == NULL)
		return RES_DOWN;
	for (size_t i = 0; i < m->count; i++)
		octets += m->part[i].len;
	buf_init(&mail, reportmail_size(octets));
	res = reportmail_write(m, &mail);
	u.mail = buf_slice(&mail);
	if (res == RES_OK)
		res = upload_add(
			r, slice_of(v->site.conf->redis.prefix), &u, v->now_ms);
	buf_clear(&mail);
	if (res != RES_OK)
		visit_failed(v, "upload", res);
	return res;
}

static void take(struct visit *v)
{
	char mail[MAILBOX_TEXT_MAX], net[CIDR_TEXT_MAX], id[CASE_REF_MAX];
	struct reportmail *m = arena_alloc(v->arena, sizeof(*m));
	const struct kind *kind = find_kind(form_value(&v->form, "kind"));

	if (m == NULL) {
		visit_failed(v, "report", RES_NOMEM);
		return;
	}
	m->host = letter_host(v->site.conf);
	m->language = language_tag(v->language);
	guard_network(v, net);
	m->client = slice_of(net);
	if (kind == NULL)
		visit_fault(v, "kind", "Please choose what it is.");
	check_files(v, m);
	check_words(v, m);
	check_count(v, m);
	check_mail(v, m, mail);
	if (visit_has_faults(v)) {
		show(v, STATUS_UNPROCESSABLE);
		return;
	}
	if (guard_take(v, "report", v->site.conf->reports.per_client) !=
		GUARD_GOOD)
		return;
	case_ref_new(id);
	if (keep(v, kind, m, id) == RES_OK)
		lead_to(v, id);
}

void page_report_post(struct visit *v)
{
	char id[CASE_REF_MAX];

	if (!v->site.conf->reports.enabled) {
		show(v, STATUS_NOT_FOUND);
		return;
	}
	switch (guard_check(v, action)) {
	case GUARD_GOOD:
		take(v);
		break;
	case GUARD_STALE:
	case GUARD_QUICK:
		show(v, STATUS_UNPROCESSABLE);
		break;
	case GUARD_MACHINE:
		case_ref_new(id);
		lead_to(v, id);
		break;
	case GUARD_FORGED:
	case GUARD_LIMITED:
	case GUARD_DOWN:
		break;
	}
}
