/* SPDX-License-Identifier: BSD-2-Clause */
/* What an admin reads who got the file wrong: each line, word by word. */
#include "conf/conf.h"

#include "support/case.h"

#include <stdbool.h>
#include <string.h>

/* Three lines with all that must be there: rows begin on line 4. */
#define START                                      \
	"host = \"mx.example.net\"\n"              \
	"portal_url = \"https://p.example.net\"\n" \
	"milter { socket = \"inet:8894@127.0.0.1\" }\n"

struct row {
	const char *text;
	const char *errors; /* all of them */
};

/* A file with nothing but warnings loads. */
static bool is_all_warnings(const char *errors)
{
	struct slice rest = slice_of(errors), line;

	while (slice_cut(&rest, '\n', &line)) {
		if (!slice_is_empty(line) &&
			memmem(line.at, line.len, ": warning: ", 11) == NULL)
			return false;
	}
	return true;
}

static void says(void **state)
{
	const struct row *row = *state;
	struct conf *c = NULL;
	struct buf errors;
	enum result res;

	buf_init(&errors, 65536);
	res = conf_load_text("f", slice_of(row->text), &c, &errors);
	assert_string_equal(buf_text(&errors), row->errors);
	assert_string_equal(result_name(res),
		is_all_warnings(row->errors) ? "ok" : "syntax");
	assert_true((c != NULL) == (res == RES_OK));
	conf_release(c);
	buf_clear(&errors);
}

#define SAYS(name, text, errors) \
	CASE(name, says, (&(struct row){ START text, errors }))

#define ALONE(name, text, errors) \
	CASE(name, says, (&(struct row){ text, errors }))

int main(void)
{
	const struct CMUnitTest cases[] = {
		SAYS("a file with what must be there is fine", "", ""),
		SAYS("a trap that is no address",
			"listing { traps = {\"a@example.org\", \"trap\"} }\n",
			"f:4: traps: \"trap\" is not a mail address\n"),
		SAYS("a score of neither a country nor a network",
			"geo { scores = {\"CHN 2\"} }\n",
			"f:4: scores: \"CHN 2\" is neither like \"CN 2.5\" nor "
			"like \"AS64500 3\"\n"),
		SAYS("a network without a number",
			"geo { scores = {\"AS0 2\"} }\n",
			"f:4: scores: \"AS0 2\" is neither like \"CN 2.5\" nor "
			"like \"AS64500 3\"\n"),
		SAYS("a country without a score", "geo { scores = {\"CN\"} }\n",
			"f:4: scores: \"CN\" is neither like \"CN 2.5\" nor "
			"like \"AS64500 3\"\n"),
		SAYS("a score past what a rule may have",
			"geo { scores = {\"CN 1000.001\"} }\n",
			"f:4: scores: \"CN 1000.001\" is out of range: -1000 to "
			"1000\n"),
		SAYS("a country that has two scores",
			"geo { scores = {\"CN 1\", \"as64500 2\", \"cn 3\"} }"
			"\n",
			"f:4: scores: \"cn 3\" stands there twice\n"),
		SAYS("scores of countries without a file of countries",
			"geo { scores = {\"CN 1\"} }\n",
			"f:4: warning: scores of countries mean nothing without "
			"geo.country\n"),
		SAYS("scores of networks without a file of networks",
			"geo { scores = {\"AS64500 1\"} }\n",
			"f:4: warning: scores of networks mean nothing without "
			"geo.asn\n"),
		ALONE("an empty file lacks three options", "",
			"f:1: host is missing\n"
			"f:1: portal_url is missing\n"
			"f:1: milter.socket is missing\n"),
		ALONE("a missing socket is said where its section begins",
			"host = \"a\"\nportal_url = \"http://a\"\n\n"
			"milter { }\n",
			"f:4: milter.socket is missing\n"),
		SAYS("an unknown option gets the nearest name",
			"\nredis { timout_ms = 5 }\n",
			"f:5: unknown option \"timout_ms\" in section redis; "
			"did you mean \"timeout_ms\"?\n"),
		SAYS("an unknown section gets the nearest name", "redsi { }\n",
			"f:4: unknown section \"redsi\"; "
			"did you mean \"redis\"?\n"),
		SAYS("an option in the wrong section is told its place",
			"portal_ { prefix = 1 }\nlists { prefix = \"x\" }\n"
			"redis { portal_url = \"http://a\" }\n",
			"f:4: unknown section \"portal_\"; "
			"did you mean \"portal\"?\n"
			"f:5: unknown option \"prefix\" in section lists; "
			"it belongs into section redis\n"
			"f:6: unknown option \"portal_url\" in section redis; "
			"it belongs at the top of the file\n"),
		SAYS("a section written as an option is told its form",
			"redis = 5\ncheck = \"x\"\n",
			"f:4: \"redis\" is a section: write redis { ... }\n"
			"f:5: \"check\" is a section: write "
			"check \"name\" { ... }\n"),
		SAYS("an option written as a section is told its form",
			"mode { }\n",
			"f:4: \"mode\" is an option: write mode = value\n"),
		SAYS("a section with a name too many or too few is told",
			"check { }\nlists \"x\" { }\n",
			"f:4: section check wants a name: write "
			"check \"name\" { ... }\n"
			"f:5: section lists takes no name: write "
			"lists { ... }\n"),
		SAYS("a number out of range is told the range",
			"redis { timeout_ms = 4 }\n",
			"f:4: timeout_ms: \"4\" is out of range: "
			"5 to 5000 are allowed\n"),
		SAYS("a number with a unit is no number",
			"redis { timeout_ms = 100ms }\n",
			"f:4: timeout_ms: \"100ms\" is not a whole number\n"),
		SAYS("a list where one value should be",
			"mode = {\"enforce\", \"monitor\"}\n",
			"f:4: mode: takes one value, not 2\n"),
		SAYS("a mode that does not exist", "mode = \"observe\"\n",
			"f:4: mode: \"observe\" is neither enforce nor "
			"monitor\n"),
		SAYS("a switch that is no switch",
			"portal { allow_direct = \"maybe\" }\n",
			"f:4: allow_direct: \"maybe\" is neither yes, true, "
			"on nor no, false, off\n"),
		SAYS("a socket mode in decimal", "milter { socket_mode = 8 }\n",
			"f:4: section milter is there twice, first on line 3\n"
			"f:4: socket_mode: \"8\" is not a mode such as "
			"0660\n"),
		SAYS("an exempt that is a whole address",
			"\n\nlists { exempt = {\"a@b\"} }\n",
			"f:6: exempt: \"a@b\" is not the part of an address "
			"before the @\n"),
		SAYS("postmaster left out of the exempt is a warning",
			"\n\nlists { exempt = {\"abuse\"} }\n",
			"f:6: warning: lists.exempt is without postmaster, "
			"which must take mail from everybody "
			"(RFC 5321 s4.5.1)\n"),
		SAYS("a network with a bad length",
			"\nmilter { trusted = {\"::1\",\n\"192.0.2.0/33\"} }\n",
			"f:5: section milter is there twice, first on line 3\n"
			"f:5: trusted: \"192.0.2.0/33\" has a length out of "
			"range\n"),
		SAYS("an option said twice names both lines",
			"redis { pool = 1\npool = 2 }\n",
			"f:5: pool is there twice, first on line 4\n"),
		SAYS("greylisting that is off has no effect",
			"\ngreylist { enabled = no }\n"
			"check \"spf\" { fail = \"greylist\" }\n",
			"f:6: warning: \"greylist\" has no effect without "
			"greylist.enabled\n"),
		SAYS("a rule of a domain is like one of a check",
			"\ndomain \"a.example\" { reject_at = 0\n"
			" rules = {\"spf\", \"spf fail = score x\", "
			"\"spf hit = reject\", \"dkim open = mark\",\n"
			" \"zzz hit = mark\", "
			"\"spf temperror = reject\"}\n"
			" shadow = {\"yyy\"} }\n",
			"f:5: reject_at: a reject_at of 0 would refuse every "
			"message\n"
			"f:6: rules: \"spf\" is not like \"spf fail = score "
			"2\"\n"
			"f:6: rules: \"score x\" has no number such as in "
			"\"score 4\"\n"
			"f:6: rules: \"hit\" is no result of check \"spf\"\n"
			"f:6: rules: \"open\" is no result of check \"dkim\"\n"
			"f:6: rules: \"zzz\" is no check of this version\n"
			"f:6: rules: \"temperror\" with \"reject\" would "
			"refuse everybody while a service is down; use "
			"tempfail\n"
			"f:8: shadow: \"yyy\" is no check of this version\n"),
		SAYS("could not tell must never refuse",
			"check \"blocked\" {\n unknown = \"reject\"\n}\n",
			"f:5: unknown: \"reject\" would refuse everybody while "
			"a service is down; use tempfail\n"),
		SAYS("an unknown check is a warning",
			"check \"nosuch\" { hit = \"reject\" }\n",
			"f:4: warning: this version has no check \"nosuch\"; "
			"the section has no effect\n"),
		SAYS("the MTA that takes our letters is HOST:PORT",
			"portal { smtp = \"unix:/x\" }\n",
			"f:4: portal.smtp is not HOST:PORT, \"127.0.0.1:25\" "
			"say\n"),
		SAYS("who letters are from, and go to, are addresses",
			"portal {\n from = \"postmaster\"\n}\n"
			"support { admin = \"a@b@c\" }\n",
			"f:5: portal.from is not a mail address\n"
			"f:7: support.admin is not a mail address\n"),
		SAYS("numbers of the portal are for this machine only",
			"portal { metrics = \"inet:9895@192.0.2.1\" }\n",
			"f:4: portal.metrics is not a loopback address; others "
			"could read it\n"),
		SAYS("a form cannot be too old before it is old enough",
			"portal { form_min_s = 60 form_max_s = 60 }\n",
			"f:4: portal.form_max_s must be greater than "
			"form_min_s\n"),
		SAYS("the longest listing is not the shortest",
			"delist { listing_s = 7200 listing_max_s = 3600 }\n",
			"f:4: warning: delist.listing_max_s is less than "
			"listing_s: all levels last that long\n"),
		SAYS("a result that a check can not have is an error",
			"check \"iprev\" { fail = \"reject\"\n"
			"hit = \"reject\" }\n"
			"check \"blocked\" { fail = \"reject\" }\n",
			"f:5: check \"iprev\" has results such as fail and "
			"none instead of \"hit\"\n"
			"f:6: check \"blocked\" has no result \"fail\"\n"),
		SAYS("DNS trouble must never refuse",
			"check \"iprev\" {\n temperror = \"reject\"\n}\n",
			"f:5: temperror: \"reject\" would refuse everybody "
			"while DNS is down; use tempfail\n"),
		SAYS("each method has its own results",
			"check \"spf\" { policy = \"mark\" }\n"
			"check \"arc\" { softfail = \"mark\" }\n"
			"check \"dkim\" { fail_reject = \"mark\" }\n"
			"check \"from\" { none = \"mark\" }\n"
			"check \"dmarc-modes\" { fail = \"mark\" }\n",
			"f:4: check \"spf\" has no result \"policy\"\n"
			"f:5: check \"arc\" has no result \"softfail\"\n"
			"f:6: check \"dkim\" has no result \"fail_reject\"\n"
			"f:7: check \"from\" has no result \"none\"\n"
			"f:8: check \"dmarc-modes\" has no result "
			"\"fail\"\n"),
		SAYS("a header that is not whole must never refuse",
			"check \"from\" {\n unknown = \"reject\"\n}\n"
			"check \"dmarc\" { temperror = \"reject\" }\n",
			"f:5: unknown: \"reject\" would refuse everybody while "
			"a service is down; use tempfail\n"
			"f:7: temperror: \"reject\" would refuse everybody "
			"while DNS is down; use tempfail\n"),
		SAYS("a list of domains holds domains",
			"arc { trusted = {\"example.org\", \"a@b\"} }\n"
			"auth { known_lists = \"192.0.2.1\" "
			"authserv_id = \"mx one\" }\n",
			"f:4: trusted: \"a@b\" is not a domain\n"
			"f:5: known_lists: \"192.0.2.1\" is not a domain\n"
			"f:5: authserv_id: \"mx one\" is not a host name\n"),
		SAYS("nobody is trusted with a whole top level domain",
			"arc { trusted = \"com\" }\n"
			"auth { known_lists = {\"example.org\", \"org.\"} }\n",
			"f:4: trusted: \"com\" is not a domain\n"
			"f:5: known_lists: \"org.\" is not a domain\n"),
		SAYS("more signatures than questions for their keys",
			"dns { questions_max = 30 }\n",
			"f:4: warning: dns.questions_max is less than five "
			"times dkim.signatures_max: the last signatures could "
			"not be told\n"),
		SAYS("an answer that nobody waits for",
			"dns { timeout_ms = 9000 }\n",
			"f:4: warning: dns.timeout_ms is above end_ms, after "
			"which nobody waits any more\n"),
		SAYS("sealing without looking",
			"auth { enabled = no }\narc { seal_domain = "
			"\"example.org\"\nselector = \"x\"\n"
			"key = \"/nowhere\" }\n",
			"f:5: warning: nothing is sealed without "
			"auth.enabled\n"),
		SAYS("sealing takes all three or none",
			"arc {\n selector = \"2026\"\n}\n",
			"f:5: arc.seal_domain is missing; sealing needs "
			"seal_domain, selector and key\n"
			"f:5: arc.key is missing; sealing needs "
			"seal_domain, selector and key\n"),
		SAYS("a selector is made of labels",
			"arc { selector = \"a b\" }\n",
			"f:4: selector: \"a b\" is not a selector\n"),
		SAYS("a way to DMARC that does not exist",
			"dmarc_mode = \"tree\"\n",
			"f:4: dmarc_mode: \"tree\" is none of treewalk psl "
			"both\n"),
		SAYS("a signature of a key under 1024 bits never passes",
			"dkim { min_key_bits = 512 }\n",
			"f:4: min_key_bits: \"512\" is out of range: 1024 to "
			"4096 are allowed\n"),
		SAYS("keys that can only be too short or too long",
			"dkim { min_key_bits = 4096\nmax_key_bits = 2048 }\n",
			"f:5: dkim.max_key_bits is below min_key_bits: no RSA "
			"key could pass\n"),
		SAYS("a DNS server is an address and a port",
			"dns { forward = {\"127.0.0.1@53\", \"::1\",\n"
			"\"ns.example.org\"} }\n",
			"f:4: forward: \"ns.example.org\" is not ADDRESS or "
			"ADDRESS@PORT\n"),
		SAYS("sentinels need the name of the service",
			"redis {\n sentinel = {\"inet:26379@10.0.0.1\"} }\n",
			"f:5: redis.sentinel needs redis.master, the name of "
			"the service\n"),
		SAYS("a web server for all the world needs a word",
			"portal { listen = \"inet:80@192.0.2.1\" }\n"
			"metrics { listen = \"inet:81\" }\n",
			"f:4: portal.listen is not a loopback address; others "
			"could reach it (allow_direct = yes if that is "
			"meant)\n"
			"f:5: metrics.listen is not a loopback address; "
			"others could reach it (allow_direct = yes if that is "
			"meant)\n"),
		SAYS("files are not read from a text",
			"include(\"/etc/passwd\")\n"
			"redis { password_file = \"/etc/passwd\" }\n",
			"f:4: include works in files only\n"
			"f:5: password_file works in files only\n"),
		SAYS("an include stands at the top",
			"redis { include(\"x\") }\nincline(\"x\")\n",
			"f:4: include stands at the top of a file, not inside "
			"a section\n"
			"f:5: unknown word \"incline\" before (; only "
			"include(\"FILE\") is known\n"),
		SAYS("a password is never shown",
			"redis { password = \"geheim\" "
			"password_file = \"/x\" }\n",
			"f:4: password and password_file are both there; "
			"leave one out\n"),
		SAYS("a prefix must not be a pattern",
			"redis { prefix = \"rp*\" }\n",
			"f:4: prefix: \"rp*\" has one of *?[]{}^\\ or a "
			"quote, which mean more than themselves to Redis\n"),
		SAYS("a prefix of 33 octets",
			"redis { prefix = "
			"\"abcdefghijklmnopqrstuvwxyz0123456\" }\n",
			"f:4: prefix: has 33 octets; 1 to 32 are allowed\n"),
		SAYS("a prefix that is Redis's own",
			"redis { prefix = \"__redis__:\" }\n",
			"f:4: prefix: \"__redis__:\" begins with __, which "
			"belongs to Redis itself\n"),
		SAYS("a relative snapshot",
			"lists { snapshot = \"lists.snap\" }\n",
			"f:4: snapshot: \"lists.snap\" is not an absolute "
			"path\n"),
		SAYS("a log level that does not exist",
			"log { level = \"loud\" }\n",
			"f:4: level: \"loud\" is none of error warning notice "
			"info debug\n"),
		SAYS("a comment does not move the lines",
			"/* one\n two */ /* */ // x\n# \"\n#\n"
			"redis { pool = 0 # {\n} check \"nosuch\" {\n}\n",
			"f:8: pool: \"0\" is out of range: 1 to 256 are "
			"allowed\n"
			"f:9: warning: this version has no check \"nosuch\"; "
			"the section has no effect\n"),
		SAYS("a string that is not closed is the last error",
			"mode = \"x\"\nredis { master = \"abc\n pool = 0 }\n",
			"f:4: mode: \"x\" is neither enforce nor monitor\n"
			"f:5: a string is not closed on its line\n"),
		SAYS("a section that is not closed is named",
			"redis {\n pool = 0\n\n",
			"f:4: a section that begins here is never closed\n"
			"f:5: pool: \"0\" is out of range: 1 to 256 are "
			"allowed\n"),
		SAYS("a brace too many", "redis { } }\n",
			"f:4: } where a name should be\n"),
		SAYS("a comment that is not closed", "redis { } /* x\n\n",
			"f:4: a comment that begins here is never closed\n"),
		SAYS("a list without commas",
			"lists { exempt = {\"postmaster\"\n\"b\"} }\n",
			"f:5: unexpected token 'b'\n"),
		SAYS("a value that needs quotes", "mode = a*b\n",
			"f:4: unexpected * outside of quotes\n"),
		SAYS("a missing value", "mode =\n",
			"f:5: the file ends where a value should be\n"),
		SAYS("many errors come in one run",
			"mode = 1\nredis { pool = 0 foo = { 1, 2 }\n"
			"queue = 1 }\nquux \"x\" { a = 1 b { } }\n"
			"log { level = 1 }\n",
			"f:4: mode: \"1\" is neither enforce nor monitor\n"
			"f:5: unknown option \"foo\" in section redis; did you "
			"mean \"pool\"?\n"
			"f:5: pool: \"0\" is out of range: 1 to 256 are "
			"allowed\n"
			"f:6: queue: \"1\" is out of range: 100 to 1000000 "
			"are allowed\n"
			"f:7: unknown section \"quux\"\n"
			"f:8: level: \"1\" is none of error warning notice "
			"info debug\n"),
	};

	return cmocka_run_group_tests_name("conf/errors", cases, NULL, NULL);
}
