#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "cli/commands.h"
#include "cli/context.h"

/* The scripts know nothing of our commands: all answers come from `ocifp __complete`, whose form
 * completion.h describes. */

static const char bash_script[] =
	"# bash completion for ocifp\n"
	"_ocifp()\n"
	"{\n"
	"\tlocal line others=\n"
	"\tCOMPREPLY=()\n"
	"\twhile IFS= read -r line; do\n"
	"\t\tcase $line in\n"
	"\t\t:*) others=$line ;;\n"
	"\t\t*) COMPREPLY+=(\"${line%%$'\\t'*}\") ;;\n"
	"\t\tesac\n"
	"\tdone < <(ocifp __complete \"${COMP_WORDS[@]:1:COMP_CWORD}\" 2>/dev/null)\n"
	"\tcase $others in\n"
	"\t:files) ;;\n"
	"\t:directories) compopt +o default -o dirnames 2>/dev/null ;;\n"
	"\t*) compopt +o default 2>/dev/null ;;\n"
	"\tesac\n"
	"}\n"
	"complete -o default -F _ocifp ocifp\n";

/* As a file in $fpath the script runs at once; read by `source` it registers its function. */
static const char zsh_script[] =
	"#compdef ocifp\n"
	"_ocifp()\n"
	"{\n"
	"\tlocal line others=\n"
	"\tlocal -a candidates\n"
	"\twhile IFS= read -r line; do\n"
	"\t\tcase $line in\n"
	"\t\t:*) others=$line ;;\n"
	"\t\t*$'\\t'*) candidates+=(\"${${line%%$'\\t'*}//:/\\\\:}:${line#*$'\\t'}\") ;;\n"
	"\t\t*) candidates+=(\"${line//:/\\\\:}\") ;;\n"
	"\t\tesac\n"
	"\tdone < <(ocifp __complete \"${(@Q)words[2,CURRENT-1]}\" \"${(Q)PREFIX}\" 2>/dev/null)\n"
	"\t(( $#candidates )) && _describe ocifp candidates\n"
	"\tcase $others in\n"
	"\t:files) compset -P '--*='; _files ;;\n"
	"\t:directories) compset -P '--*='; _files -/ ;;\n"
	"\tesac\n"
	"}\n"
	"if [[ $funcstack[1] == _ocifp ]]; then\n"
	"\t_ocifp \"$@\"\n"
	"else\n"
	"\tcompdef _ocifp ocifp\n"
	"fi\n";

static const char fish_script[] =
	"# fish completion for ocifp\n"
	"function __ocifp_complete\n"
	"\tset -l words (commandline -opc)\n"
	"\tset -l current (commandline -ct)\n"
	"\tset -l option (string match -r -- '^--[^=]*=' \"$current\")\n"
	"\tset -l value (string replace -r -- '^--[^=]*=' '' \"$current\")\n"
	"\tfor line in (ocifp __complete $words[2..-1] \"$current\" 2>/dev/null)\n"
	"\t\tswitch $line\n"
	"\t\tcase ':files'\n"
	"\t\t\tfor path in (__fish_complete_path \"$value\")\n"
	"\t\t\t\techo -- \"$option$path\"\n"
	"\t\t\tend\n"
	"\t\tcase ':directories'\n"
	"\t\t\tfor path in (__fish_complete_directories \"$value\")\n"
	"\t\t\t\techo -- \"$option$path\"\n"
	"\t\t\tend\n"
	"\t\tcase ':none'\n"
	"\t\tcase '*'\n"
	"\t\t\techo -- $line\n"
	"\t\tend\n"
	"\tend\n"
	"end\n"
	"complete -c ocifp -f -a '(__ocifp_complete)'\n";

static const struct shell {
	const char *name;
	const char *script;
} shells[] = {
	{ "bash", bash_script },
	{ "zsh", zsh_script },
	{ "fish", fish_script },
};

static int
run_completion(struct context *context, const void *values, const struct strings *operands,
	       struct error **err)
{
	const char *name = operands->items[0];

	(void)values;
	for (size_t i = 0; i < sizeof(shells) / sizeof(shells[0]); i++) {
		const char *script = shells[i].script;
		AUTO_FREE char *text = xstrndup(script, strlen(script) - 1);

		if (strcmp(shells[i].name, name) == 0)
			return context_result(
				context, text,
				json_pack("{s:s, s:s}", "shell", name, "script", script), err);
	}
	return error_set(err, ERROR_USAGE, "unknown shell '%s': expected bash, zsh or fish",
			 QUOTED(name));
}

const struct command cmd_completion = {
	.name = "completion",
	.summary = "print a completion script for bash, zsh or fish",
	.usage = "bash|zsh|fish",
	.operands_min = 1,
	.operands_max = 1,
	.run = run_completion,
};
