#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Actions of others are pinned: to a commit, with the version that it is in a comment, and to the same
# one everywhere.  With OCIFP_ACTION_CLONES, a folder of bare clones NAME+REPOSITORY/repo, the commit is
# also compared with the clone's tag.
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

echo 1..3
say 1 "each action is pinned to a commit, with its version" "not 'OWNER/NAME@COMMIT # vX.Y.Z'" \
	"$(printf '%s\n' "$uses" | grep -vE '^[a-z-]+/[a-z-]+@[0-9a-f]{40} # v[0-9]+\.[0-9]+\.[0-9]+$' || true)"
say 2 "each action has one version" "several versions" \
	"$(printf '%s\n' "$uses" | cut -d @ -f 1 | uniq -d)"
if [ -n "${OCIFP_ACTION_CLONES:-}" ]; then
	say 3 "each commit is that of its version's tag" "another commit" "$(wrong_tags)"
else
	echo "ok 3 - # SKIP OCIFP_ACTION_CLONES is not set"
fi
