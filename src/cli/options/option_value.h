/* option_value.h - the text of one option as the value that its table wants */
#ifndef OCIFP_CLI_OPTIONS_OPTION_VALUE_H
#define OCIFP_CLI_OPTIONS_OPTION_VALUE_H

struct error;
struct option_spec;

/* `text` is NULL for a flag.  ERROR_USAGE, "option '--name': ...". */
int option_value_set(const struct option_spec *spec, void *values, const char *text,
		     struct error **err);
void option_value_release(const struct option_spec *spec, void *values);

#endif
