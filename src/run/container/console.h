/* SPDX-License-Identifier: Apache-2.0 */
/* console.h - connects the job's terminal with ours
 *
 *     our terminal (raw) <--> ocifp <--> master | slave: the job's, alone in its session
 *
 * An engine that makes the terminal sends its master to the socket "console" of the root.
 */
#ifndef OCIFP_RUN_CONTAINER_CONSOLE_H
#define OCIFP_RUN_CONTAINER_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>
#include <termios.h>

struct error;
struct pollfd;
struct root;

enum { CONSOLE_PIECE_BYTES = 4096 }; /* a pipe with any room accepts this much at once */

/* Bytes that were read and not written yet. */
struct console_piece {
	char bytes[CONSOLE_PIECE_BYTES];
	size_t size;
};

struct console {
	int listen_fd; /* until the master has come */
	int master_fd;
	int slave_fd;
	bool takes_input;
	bool is_raw;
	struct termios before;
	struct console_piece typed;
	struct console_piece said;
};

#define CONSOLE_INIT ((struct console){ .listen_fd = -1, .master_fd = -1, .slave_fd = -1 })

int console_open(const struct root *root, bool engine_makes_it, bool takes_input,
		 struct console *ret_console, struct error **err);

/* The descriptors to poll, CONSOLE_POLLS_COUNT of them, and the handler.  A reader that does not
 * read never blocks it. */
enum { CONSOLE_POLLS_COUNT = 3 };
void console_watched(const struct console *console, struct pollfd *ret_polls);
void console_handle(struct console *console, const struct pollfd *polls);

/* Our window has another size. */
void console_resize(const struct console *console);

/* Writes what is still to be read, and restores our terminal. */
void console_release(struct console *console);
#define AUTO_CONSOLE CLEANUP(console_release)

#endif
