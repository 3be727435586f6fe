#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# actionlint and zizmor are silent about .github.  Actions of others are pinned: to a commit, with the version
# that it is in a comment, and to the same one everywhere.  With OCIFP_ACTION_CLONES, a folder of bare clones
# NAME+REPOSITORY/repo, the commit is also compared with the clone's tag.
set -eu
cd "${top_srcdir:-.}"

uses=$(grep -rhE '^ *(- )?uses: ' .github | grep -vE 'uses: (\./|\$/|ocifp/ocifp/)' | sed 's/^ *\(- \)\{0,1\}uses: //' |
	sort -u)

# say NUMBER TEXT WHAT LINES: there should be none
say() {
	if [ -z "$4" ]; then
		echo "ok $1 - $2"
	else
		printf '%s\n' "$4" | sed "s|^|# $3: |"
		echo "not ok $1 - $2"
	fi
}

wrong_tags() {
	printf '%s\n' "$uses" | while read -r action _ version; do
		clone=$OCIFP_ACTION_CLONES/$(echo "${action%@*}" | sed 's|/|+|')/repo
		[ -d "$clone" ] || continue
		[ "$(git --git-dir="$clone" rev-parse "$version^{commit}")" = "${action#*@}" ] || echo "$action $version"
	done
}

# say_of NUMBER COMMAND HOW ARGUMENT...: COMMAND, if it is here, finds nothing; HOW it can be had
say_of() {
	number=$1 command=$2 how=$3
	shift 3
	if ! command -v "$command" >/dev/null; then
		echo "ok $number - # SKIP $command is missing: $how"
	elif found=$("$command" "$@" 2>&1); then
		say "$number" "$command has nothing to say" "$command" ''
	else
		say "$number" "$command has nothing to say" "$command" "$found"
	fi
}

echo 1..5
say 1 "each action is pinned to a commit, with its version" "not 'OWNER/NAME@COMMIT # vX.Y.Z'" \
	"$(printf '%s\n' "$uses" | grep -vE '^[a-z-]+/[a-z-]+@[0-9a-f]{40} # v[0-9]+\.[0-9]+\.[0-9]+$' || true)"
say 2 "each action has one version" "several versions" \
	"$(printf '%s\n' "$uses" | cut -d @ -f 1 | uniq -d)"
if [ -n "${OCIFP_ACTION_CLONES:-}" ]; then
	say 3 "each commit is that of its version's tag" "another commit" "$(wrong_tags)"
else
	echo "ok 3 - # SKIP OCIFP_ACTION_CLONES is not set"
fi
say_of 4 actionlint 'go install github.com/rhysd/actionlint/cmd/actionlint@latest' -config-file .github/actionlint.yaml .github/workflows/*.yml
say_of 5 zizmor 'pip install zizmor' --offline --quiet .github
