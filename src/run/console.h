/* console.h - the job's terminal, joined to ours
 *
 *     our terminal (raw) <--> ocifp <--> master | slave: the job's, alone in its session
 *
 * An engine that makes the terminal sends its master to the socket "console" of the root.
 */
#ifndef OCIFP_RUN_CONSOLE_H
#define OCIFP_RUN_CONSOLE_H

#include <stdbool.h>

#include <termios.h>

struct error;
struct root;

struct console {
	int listen_fd; /* until the master has come */
	int master_fd;
	int slave_fd;
	bool takes_input;
	bool is_raw;
	struct termios before;
};

#define CONSOLE_INIT ((struct console){ .listen_fd = -1, .master_fd = -1, .slave_fd = -1 })

int console_open(const struct root *root, bool engine_makes_it, bool takes_input,
		 struct console *ret_console, struct error **err);

/* The descriptors to be watched, -1 for none, and what to do when one of them is readable (-1: our
 * window has another size). */
void console_watched(const struct console *console, int *ret_fds);
void console_handle(struct console *console, int fd);

/* Shows what is still to be read, and gives our terminal back. */
void console_release(struct console *console);
#define AUTO_CONSOLE CLEANUP(console_release)

#endif
