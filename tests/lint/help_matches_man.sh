#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# `ocifp help` and the manual say the same, both ways: every command has a page, and its name,
# synopsis and options agree; ocifp(1) has the shared options and the exit status.
#
# A page's SYNOPSIS has one .Nm line for the command, or for each of its subcommands; options are
# list items that begin with .Fl.
set -eu
man=$(cd "${top_srcdir:-.}/man" && pwd)

if ! command -v ocifp >/dev/null; then
	echo '1..0 # SKIP ocifp is not built'
	exit 0
fi

# plain: the macros of mdoc(7) that a synopsis or an option uses, as text without any space
plain() {
	awk '
	function add(text) { line = line text }
	function close_brackets() { while (open > 0) { add("]"); open-- } }
	/^\.Nm/ || /^\.It/ { flush() }
	/^\./ {
		count = split(substr($0, 2), word, " ")
		style = ""
		open = 0
		for (i = 1; i <= count; i++) {
			w = word[i]
			if (w == "Nm" || w == "Ar" || w == "Cm" || w == "Fl") style = w
			else if (w == "It" || w == "Ns" || w == "No") style = ""
			else if (w == "Op") { add("["); open++ }
			else if (w == "Oo") add("[")
			else if (w == "Oc") add("]")
			else if (style == "Fl" && w !~ /^[,|]$/) add("-" w)
			else add(w)
		}
		close_brackets()
	}
	function flush() { if (line != "") print line; line = "" }
	END { flush() }' | sed 's/\\&//g' | tr -d ' '
}

# section NAME: of the page on stdin
section() {
	awk -v name=".Sh $1" '/^\.Sh/ { inside = ($0 == name); next } inside'
}

# options_of_page FILE: "-q,--quiet" or "--progressHOW", one a line
options_of_page() {
	grep '^\.It Fl' "$1" | plain | LC_ALL=C sort -u
}

# options_of_help: the same from the text of `ocifp help`
options_of_help() {
	sed -n 's/^ \{2,6\}\(\(-[A-Za-z], \)\{0,1\}--[a-z].*\)$/\1/p' | sed 's/  .*//' | tr -d ' ' |
		LC_ALL=C sort -u
}

# own_options: those of the command alone, on stdin its help
own_options() {
	awk '/^Options:$/ { inside = 1; next } /^$/ { inside = 0 } inside' | options_of_help
}

# usage: "ocifppull[IMAGE|REF]", on stdin help
usage() {
	awk '/^usage: / { line = substr($0, 8); next } /^       / { line = line $0; next } { exit }
		END { print line }' | sed 's/\[OPTIONS\]//' | tr -d ' '
}

number=0
# same NAME FOUND WANTED
same() {
	number=$((number + 1))
	if [ "$2" = "$3" ]; then
		echo "ok $number - $1"
	else
		printf 'manual:\n%s\nhelp:\n%s\n' "$2" "$3" | sed 's/^/# /'
		echo "not ok $number - $1"
	fi
}

# subcommands NAME: as typed, one a line; the command itself when it has none
subcommands() {
	ocifp help --list | grep -E "^$1( |\$)"
}

# summary NAME: what stands between the usage and the first heading
summary() {
	ocifp help "$1" | awk '/^usage: / || /^       / { next } /^$/ { exit }
		{ line = line sep $0; sep = " " } END { print line }'
}

check_command() {
	page=$man/ocifp-$1.1
	if [ ! -f "$page" ]; then
		same "$1 has a page" 'none' "$page"
		return 0
	fi
	same "$1: name" "$(sed -n 's/^\.Nd //p' "$page")" "$(summary "$1")"
	same "$1: synopsis" \
		"$(section SYNOPSIS <"$page" | plain | sed 's/\[OPTIONS\]//' | LC_ALL=C sort)" \
		"$(subcommands "$1" | while read -r name; do
			# Unquoted: a subcommand is two words.
			# shellcheck disable=SC2086
			ocifp help $name | usage
		done | LC_ALL=C sort)"
	same "$1: options" "$(options_of_page "$page")" \
		"$(subcommands "$1" | while read -r name; do
			# shellcheck disable=SC2086
			ocifp help --all $name | own_options
		done | LC_ALL=C sort -u)"
}

commands=$(ocifp help --list | cut -d ' ' -f 1 | uniq)
for command in $commands; do
	check_command "$command"
done

same 'every page of a command has a command' \
	"$(cd "$man" && ls ocifp-*.1 | sed 's/^ocifp-\(.*\)\.1$/\1/' | LC_ALL=C sort)" \
	"$(echo "$commands" | LC_ALL=C sort)"
same 'man/local.mk lists every page' \
	"$(cd "$man" && ls ./*.[1-9] | sed 's|^./||' | LC_ALL=C sort)" \
	"$(sed -n 's|.*%D%/\([^ ]*\.[1-9]\).*|\1|p' "$man/local.mk" | LC_ALL=C sort)"
same 'ocifp(1) lists the commands' \
	"$(section COMMANDS <"$man/ocifp.1" |
		awk '/^\.It/ { n = substr($3, 7); getline; print n ": " $0 }')" \
	"$(for command in $commands; do
		echo "$command: $(summary "$command")"
	done)"
same 'the options that commands share' "$(options_of_page "$man/ocifp.1")" \
	"$(ocifp help options | options_of_help)"
same 'exit status' \
	"$(section 'EXIT STATUS' <"$man/ocifp.1" | awk '/^\.It/ { n = $2; getline; print n, $0 }')" \
	"$(ocifp help exit-status | sed -n 's/^  *\([0-9][0-9]*\)  */\1 /p')"
echo "1..$number"
