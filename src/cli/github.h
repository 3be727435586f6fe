/* github.h - what a job on GitHub Actions is told besides the log
 *
 * Outputs for later steps ($GITHUB_OUTPUT), a table on the run's page ($GITHUB_STEP_SUMMARY), an
 * annotation for a failure.  "Workflow commands for GitHub Actions", "Environment files".
 * Elsewhere each of these does nothing.
 */
#ifndef OCIFP_CLI_GITHUB_H
#define OCIFP_CLI_GITHUB_H

/* "::error ...": `line` is our own last line. */
void github_say_error(const char *line);

#endif
