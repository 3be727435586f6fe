/* progress_format.h - how far it is, as one line; the caller owns it */
#ifndef OCIFP_CLI_OUTPUT_PROGRESS_FORMAT_H
#define OCIFP_CLI_OUTPUT_PROGRESS_FORMAT_H

#include <stdint.h>

struct progress_counts;

/* Begins with "\r", has no line end, and is one column narrower than the terminal `fd`. */
char *progress_format_bar(const struct progress_counts *counts, int64_t now_ms, int fd);
char *progress_format_plain(const struct progress_counts *counts, int64_t now_ms);
char *progress_format_json(const struct progress_counts *counts, int64_t now_ms);

/* {"event":"notice","text":...} */
char *progress_format_event(const char *event, const char *text);

#endif
