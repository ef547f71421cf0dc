/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf/conflog.h"

#include "base/log.h"
#include "conf/conf.h"

#include <string.h>

void conflog_open(const struct conf_log *log, const char *ident)
{
	static const struct {
		const char *name;
		enum log_level level;
	} levels[] = {
		{ "error", LOG_LEVEL_ERROR },
		{ "warning", LOG_LEVEL_WARNING },
		{ "notice", LOG_LEVEL_NOTICE },
		{ "info", LOG_LEVEL_INFO },
		{ "debug", LOG_LEVEL_DEBUG },
	};
	struct log_options options = {
		.ident = ident,
		.target = strcmp(log->target, "stderr") == 0 ? LOG_TO_STDERR
							     : LOG_TO_SYSLOG,
		.level = LOG_LEVEL_INFO,
	};

	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
		if (strcmp(log->level, levels[i].name) == 0)
			options.level = levels[i].level;
	log_open(&options);
}
