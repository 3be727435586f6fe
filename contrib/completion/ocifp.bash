# SPDX-License-Identifier: Apache-2.0
# bash completion for ocifp, which answers itself: see `ocifp completion`
_ocifp()
{
	local line others=
	COMPREPLY=()
	while IFS= read -r line; do
		case $line in
		:*) others=$line ;;
		*) COMPREPLY+=("$line") ;;
		esac
	done < <(ocifp __complete --bash "${COMP_LINE:0:COMP_POINT}" 2>/dev/null)
	case $others in
	:files) compopt -o default ;;
	:directories) compopt -o dirnames ;;
	esac 2>/dev/null
	[[ ${COMPREPLY[*]} != *[:/] ]] || compopt -o nospace 2>/dev/null
}
complete -F _ocifp ocifp
