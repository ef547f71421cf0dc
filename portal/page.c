/* SPDX-License-Identifier: BSD-2-Clause */
#include "portal/page.h"

#include "conf/conf.h"
#include "web/html.h"

const struct web_field page_fields[] = {
	{ "Content-Security-Policy",
		"default-src 'none'; style-src 'self'; script-src 'self'; "
		"form-action 'self'; base-uri 'none'; frame-ancestors 'none'" },
	{ "Referrer-Policy", "no-referrer" },
	{ "X-Content-Type-Options", "nosniff" },
	{ "Cache-Control", "no-store" },
	{ "Vary", "Accept-Language" },
	{ "Content-Language", "en" },
	{ NULL, NULL },
};

/* Contrast of text on its ground is at least 7:1 in both schemes. */
const char page_style[] =
	":root { color-scheme: light dark }\n"
	"body { margin: 0 auto; max-width: 42rem; padding: 1rem;\n"
	"  font: 1.0625rem/1.6 system-ui, sans-serif;\n"
	"  color: #1b1b1f; background: #fff }\n"
	"h1 { font-size: 1.6rem; line-height: 1.25 }\n"
	"h2 { font-size: 1.2rem; margin-top: 2rem }\n"
	"a { color: #0b4a8f }\n"
	"a:focus { outline: 3px solid #b35900; outline-offset: 2px }\n"
	"header, footer { font-size: 1rem }\n"
	"footer { margin-top: 3rem; border-top: 1px solid #767676 }\n"
	"code { overflow-wrap: anywhere }\n"
	"pre { white-space: pre-wrap; overflow-wrap: anywhere;\n"
	"  padding: .75rem; border-left: .25rem solid #0b4a8f;\n"
	"  background: #f2f4f8 }\n"
	"dt { font-weight: 600; margin-top: .6rem }\n"
	"dd { margin: 0; overflow-wrap: anywhere }\n"
	"@media (prefers-color-scheme: dark) {\n"
	"  body { color: #ececf1; background: #16161a }\n"
	"  a { color: #9cc7ff }\n"
	"  a:focus { outline-color: #ffb366 }\n"
	"  pre { background: #23232b; border-color: #9cc7ff }\n"
	"}\n";

void page_begin(struct buf *out, const char *title)
{
	buf_add_text(out,
		"<!DOCTYPE html>\n"
		"<html lang=\"en\">\n"
		"<head>\n"
		"<meta charset=\"utf-8\">\n"
		"<meta name=\"viewport\" "
		"content=\"width=device-width, initial-scale=1\">\n"
		"<meta name=\"robots\" content=\"noindex\">\n"
		"<title>");
	html_add_text(out, title);
	buf_add_text(out,
		"</title>\n"
		"<link rel=\"stylesheet\" href=\"/style.css\">\n"
		"</head>\n"
		"<body>\n"
		"<header><a href=\"/\">How to read a refusal</a></header>\n"
		"<main>\n"
		"<h1>");
	html_add_text(out, title);
	buf_add_text(out, "</h1>\n");
}

void page_end(struct buf *out, const struct conf *conf)
{
	buf_add_text(out,
		"</main>\n"
		"<footer>\n"
		"<p>Questions? Write to <a href=\"mailto:postmaster@");
	html_add_text(out, conf->host);
	buf_add_text(out, "\">postmaster@");
	html_add_text(out, conf->host);
	buf_add_text(out,
		"</a> and give the reference."
		/* RFC 5321 s4.5.1: policy/rules exempts it always. */
		" That address takes mail from refused servers too.</p>\n"
		"</footer>\n"
		"</body>\n"
		"</html>\n");
}
