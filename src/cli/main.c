/* SPDX-License-Identifier: Apache-2.0 */
/* ocifp: fingerprint, look up, pull, build around container images.  See commands.h. */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "base/compat.h"
#include "base/error.h"
#include "base/path.h"
#include "base/spawn.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/dispatch.h"
#include "cli/output/report.h"
#ifdef SINGLE_BINARY
#include "layer/helper/layer_helper.h"
#include "sandbox/helper_self.h"
#endif

static const struct command *const job_commands[] = {
	&cmd_init,  &cmd_fingerprint, &cmd_exists, &cmd_pull,   &cmd_push, &cmd_ensure,
	&cmd_index, &cmd_why,         &cmd_unpack, &cmd_export, NULL,
};

static const struct command *const make_commands[] = {
	&cmd_append, &cmd_mutate, &cmd_rebase, &cmd_flatten, NULL,
};

static const struct command *const look_commands[] = {
	&cmd_digest, &cmd_manifest, &cmd_inspect,   &cmd_tree,
	&cmd_cat,    &cmd_tags,     &cmd_referrers, NULL,
};

static const struct command *const change_commands[] = {
	&cmd_copy, &cmd_tag, &cmd_remove, &cmd_attach, &cmd_blob, NULL,
};

static const struct command *const trust_commands[] = {
	&cmd_lock,
	&cmd_sign,
	&cmd_verify,
	NULL,
};

static const struct command *const login_commands[] = {
	&cmd_login,
	&cmd_logout,
	&cmd_auth,
	NULL,
};

static const struct command *const care_commands[] = {
	&cmd_completion, &cmd_doctor, &cmd_help, &cmd_prune, &cmd_store, &cmd_version, NULL,
};

static const struct command *const run_commands[] = {
	&cmd_run, &cmd_shell, &cmd_cache, &cmd_runner_hook, NULL,
};

const struct command_group command_groups[] = {
	{ "the main job", job_commands },
	{ "make images", make_commands },
	{ "inspect images", look_commands },
	{ "change images", change_commands },
	{ "trust", trust_commands },
	{ "credentials", login_commands },
	{ "jobs", run_commands },
	{ "care", care_commands },
	{ 0 },
};

/* Opens closed standard descriptors, so that a file of ours does not become "standard output".  In
 * the wrong direction, so that using the stream fails as it would have without us. */
static int
fill_descriptor(int fd, int flags, struct error **err)
{
	int opened;

	if (fcntl(fd, F_GETFD) >= 0 || errno != EBADF)
		return 0;
	opened = open("/dev/null", flags);
	if (opened != fd)
		return error_set_errno(err, errno, "cannot open '/dev/null'");
	return 0;
}

/* Interrupts keep their default: downloaded bytes stay in their .part file, and our parent sees the
 * signal. */
static void
set_signals(void)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	struct sigaction reset = { .sa_handler = SIG_DFL };

	(void)sigaction(SIGPIPE, &ignore, NULL);
	(void)sigaction(SIGXFSZ, &ignore, NULL);
	(void)sigaction(SIGCHLD, &reset, NULL);
}

/* Descriptors 0 to 2 are open, a write to a closed pipe is an error and not a signal, children can
 * be waited for, no core file is written, and the owner can access created files whatever the
 * umask. ERROR_USAGE if the program has privileges that its user lacks. */
static int
startup(struct error **err)
{
	mode_t mask;

	if (fill_descriptor(STDIN_FILENO, O_WRONLY, err) < 0 ||
	    fill_descriptor(STDOUT_FILENO, O_RDONLY, err) < 0 ||
	    fill_descriptor(STDERR_FILENO, O_RDONLY, err) < 0)
		return -1;
	set_signals();
	/* Passwords and tokens may be anywhere in memory.  Programs that we start are not affected.
	 */
	process_hide_memory();
	/* With such a umask we could not access the files and folders that we create. */
	mask = umask(077);
	(void)umask(mask & ~(mode_t)S_IRWXU);
	/* OpenSSL loads libcrypto's error texts, and frees everything at exit; both are unnecessary
	 * and take a tenth of the time of `exists`.  The texts of TLS errors belong to libssl, and
	 * stay. */
	(void)OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CRYPTO_STRINGS | OPENSSL_INIT_NO_ATEXIT,
				  NULL);
	if (process_is_privileged()) {
		error_set(err, ERROR_USAGE, "refusing to run setuid or with file capabilities");
		return error_set_hint(err, "install it as an ordinary program");
	}
	return 0;
}

int
main(int argc, char **argv)
{
	struct context context = { 0 };
	struct error *error = NULL;
	int status;

#ifdef SINGLE_BINARY
	if (argc > 0 && strcmp(path_name(argv[0]), "ocifp-layer") == 0)
		return helper_main(argc, argv, cache_verbs);
	helper_self_open();
#endif
	if (startup(&error) == 0)
		(void)dispatch(&context, argc, argv, &error);
	status = report_end(&context, error);
	context_release(&context);
	if (spawn_caught_signal()) {
		(void)signal(spawn_caught_signal(), SIG_DFL);
		(void)raise(spawn_caught_signal());
	}
	return status;
}
