/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/log.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum {
	FACILITY_MAIL = 2 << 3,
	HEAD_MAX = 256, /* PRI, time, ident, pid */
	PIECE_MAX = 4096, /* PIPE_BUF of Linux: fits when poll says so */
	ESCAPED_MAX = 4 /* octets of one escaped octet */
};

/* What follows the octets of a value that was cut, and the closing quote. */
static const char cut_mark[] = "...";
enum { TAIL_MAX = sizeof(cut_mark) };

/* The one destination of the process. */
static struct {
	struct log_options options;
	bool is_journal;
	int fd; /* of the syslog socket, -1: not connected */
	bool is_torn; /* the last line on stderr has no end */
	pthread_mutex_t lock;
	atomic_uint_fast64_t dropped;
} sink = {
	.options = { .ident = "reprieve",
		.target = LOG_TO_STDERR,
		.level = LOG_LEVEL_INFO },
	.fd = -1,
	.lock = PTHREAD_MUTEX_INITIALIZER,
};

/* systemd.exec(5): JOURNAL_STREAM is "device:inode" of its stream. */
static bool stderr_is_journal(void)
{
	const char *said = getenv("JOURNAL_STREAM");
	char real[64];
	struct stat st;

	if (said == NULL || fstat(STDERR_FILENO, &st) != 0)
		return false;
	(void)snprintf(real, sizeof(real), "%ju:%ju", (uintmax_t)st.st_dev,
		(uintmax_t)st.st_ino);
	return strcmp(said, real) == 0;
}

static void syslog_disconnect(void)
{
	if (sink.fd >= 0)
		(void)close(sink.fd);
	sink.fd = -1;
}

static bool syslog_connect(void)
{
	const char *path = sink.options.socket;
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	size_t len;

	if (path == NULL)
		path = "/dev/log";
	len = strlen(path);
	if (len >= sizeof(to.sun_path))
		return false;
	memcpy(to.sun_path, path, len + 1);
	sink.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (sink.fd < 0)
		return false;
	if (connect(sink.fd, (const struct sockaddr *)&to, sizeof(to)) == 0)
		return true;
	syslog_disconnect();
	return false;
}

void log_open(const struct log_options *options)
{
	(void)pthread_mutex_lock(&sink.lock);
	syslog_disconnect();
	sink.options = *options;
	if (sink.options.ident == NULL)
		sink.options.ident = "reprieve";
	sink.is_journal = stderr_is_journal();
	(void)pthread_mutex_unlock(&sink.lock);
}

uint64_t log_dropped(void)
{
	return atomic_load(&sink.dropped);
}

static size_t format_head(char out[HEAD_MAX], enum log_level level)
{
	static const char month[12][4] = { "Jan", "Feb", "Mar", "Apr", "May",
		"Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	time_t now = time(NULL);
	struct tm tm = { 0 };
	int len;

	(void)localtime_r(&now, &tm);
	/* RFC 3164 s4.1: the day with a blank, not a zero, in front. */
	len = snprintf(out, HEAD_MAX, "<%d>%s %2d %02d:%02d:%02d %.64s[%ld]: ",
		FACILITY_MAIL | (int)level, month[tm.tm_mon % 12], tm.tm_mday,
		tm.tm_hour, tm.tm_min, tm.tm_sec, sink.options.ident,
		(long)getpid());
	return len < 0 || len >= HEAD_MAX ? 0 : (size_t)len;
}

static enum result syslog_try(const struct iovec *part, size_t parts)
{
	struct msghdr message = { 0 };
	ssize_t sent;

	if (sink.fd < 0 && !syslog_connect())
		return RES_DOWN;
	message.msg_iov = (struct iovec *)(uintptr_t)part;
	message.msg_iovlen = parts;
	do {
		sent = sendmsg(sink.fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
	} while (sent < 0 && errno == EINTR);
	if (sent >= 0)
		return RES_OK;
	if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS)
		return RES_FULL;
	return RES_DOWN;
}

static bool syslog_send(const struct logline *l)
{
	char head[HEAD_MAX];
	char text[LOG_LINE_MAX];
	struct iovec part[2];
	enum result res;

	memcpy(text, l->text, l->len);
	part[0].iov_base = head;
	part[0].iov_len = format_head(head, l->level);
	part[1].iov_base = text;
	part[1].iov_len = l->len;
	res = syslog_try(part, 2);
	if (res == RES_DOWN) {
		/* A syslogd that was restarted has a new socket. */
		syslog_disconnect();
		res = syslog_try(part, 2);
	}
	if (res == RES_DOWN)
		syslog_disconnect();
	return res == RES_OK;
}

/* Writes what fits at once; false when not all of it did. */
static bool stderr_write(struct slice s, size_t *written)
{
	*written = 0;
	while (s.len > 0) {
		struct pollfd p = { .fd = STDERR_FILENO, .events = POLLOUT };
		size_t len = s.len < PIECE_MAX ? s.len : PIECE_MAX;
		ssize_t put;

		/* POLLERR: nobody reads; a write would raise SIGPIPE. */
		if (poll(&p, 1, 0) != 1 || p.revents != POLLOUT)
			return false;
		put = send(
			STDERR_FILENO, s.at, len, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (put < 0 && errno == ENOTSOCK)
			put = write(STDERR_FILENO, s.at, len);
		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return false;
		*written += (size_t)put;
		s = slice_part(s, (size_t)put, s.len);
	}
	return true;
}

static bool stderr_send(const struct logline *l)
{
	char line[LOG_LINE_MAX + 8];
	size_t len = 0;
	size_t written = 0;
	bool whole;

	/* A line of which only a part was taken gets its end first. */
	if (sink.is_torn)
		line[len++] = '\n';
	if (sink.is_journal) {
		line[len++] = '<';
		line[len++] = (char)('0' + (int)l->level);
		line[len++] = '>';
	}
	memcpy(line + len, l->text, l->len);
	len += l->len;
	line[len++] = '\n';
	whole = stderr_write(slice_make(line, len), &written);
	if (written > 0)
		sink.is_torn = !whole;
	return whole;
}

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		(c >= '0' && c <= '9');
}

/* Octets of room that are left in the line. */
static size_t room(const struct logline *l)
{
	return sizeof(l->text) - l->len;
}

static void put_char(struct logline *l, char c)
{
	if (room(l) > 0)
		l->text[l->len++] = c;
}

/* Names come from our code; one that does not look so is made to. */
static void put_name(struct logline *l, const char *name)
{
	for (; *name != '\0'; name++)
		put_char(l,
			is_word(*name) || *name == '.' || *name == '-' ? *name
								       : '_');
}

void log_start(struct logline *l, enum log_level level, const char *event)
{
	l->level = level;
	l->wanted = level <= sink.options.level;
	l->len = 0;
	if (l->wanted)
		put_name(l, event);
}

static bool needs_quotes(struct slice value)
{
	if (value.len == 0)
		return true;
	for (size_t i = 0; i < value.len; i++) {
		char c = value.at[i];

		if (!is_word(c) &&
			(c == '\0' || strchr("-._:/@+,[]<>", c) == NULL))
			return true;
	}
	return false;
}

static void put_octet(struct logline *l, char octet)
{
	static const char hex[] = "0123456789abcdef";
	unsigned char c = (unsigned char)octet;

	if (c >= 0x20 && c <= 0x7e && c != '"' && c != '\\') {
		put_char(l, octet);
		return;
	}
	put_char(l, '\\');
	put_char(l, 'x');
	put_char(l, hex[c >> 4]);
	put_char(l, hex[c & 15]);
}

void log_slice(struct logline *l, const char *key, struct slice value)
{
	bool cut = value.len > LOG_VALUE_MAX;
	bool quoted;
	size_t i;

	/* A field of which not even the frame fits is left out whole. */
	if (!l->wanted || strlen(key) + 4 + ESCAPED_MAX + TAIL_MAX > room(l))
		return;
	value = slice_part(value, 0, LOG_VALUE_MAX);
	quoted = needs_quotes(value);
	put_char(l, ' ');
	put_name(l, key);
	put_char(l, '=');
	if (quoted)
		put_char(l, '"');
	for (i = 0; i < value.len; i++) {
		/* The mark and the closing quote must always fit behind. */
		if (room(l) < ESCAPED_MAX + TAIL_MAX)
			break;
		put_octet(l, value.at[i]);
	}
	if (cut || i < value.len) {
		for (const char *m = cut_mark; *m != '\0'; m++)
			put_char(l, *m);
	}
	if (quoted)
		put_char(l, '"');
}

void log_text(struct logline *l, const char *key, const char *value)
{
	log_slice(l, key, slice_of(value));
}

void log_number(struct logline *l, const char *key, int64_t value)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%" PRId64, value);
	log_text(l, key, text);
}

void log_send(struct logline *l)
{
	bool sent;

	if (!l->wanted)
		return;
	/* Held for calls that do not block. */
	(void)pthread_mutex_lock(&sink.lock);
	if (sink.options.target == LOG_TO_SYSLOG)
		sent = syslog_send(l);
	else
		sent = stderr_send(l);
	(void)pthread_mutex_unlock(&sink.lock);
	if (!sent)
		atomic_fetch_add(&sink.dropped, 1);
}

void log_message(
	enum log_level level, const char *event, const char *format, ...)
{
	/* One octet more than a value holds, so that a cut is seen as one. */
	char text[LOG_VALUE_MAX + 2];
	struct logline l;
	va_list args;
	int len;

	log_start(&l, level, event);
	if (!l.wanted)
		return;
	va_start(args, format);
	len = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (len < 0)
		text[0] = '\0';
	log_text(&l, "message", text);
	log_send(&l);
}
