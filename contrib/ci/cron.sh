#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Usage: cron.sh DIRECTORY
#
# For a machine without a CI system: keeps the image of a checkout published, from cron(8) for instance:
#
#     17 * * * *  builder  /usr/local/share/ocifp/cron.sh /srv/app
#
# It fetches the branch that is checked out, builds the image if nobody has, pushes it, and says on
# the standard output, which cron mails, only what has changed.  Log in once: `ocifp login HOST`.
set -eu
cd "${1:?a checkout}"
exec 9>"$(git rev-parse --git-dir)/ocifp-cron.lock"
flock -n 9 || exit 0 # the last one is still building
git pull --quiet --ff-only
state=$(ocifp exists --print) # a registry that cannot be asked ends this here, and nothing is built
[ "$state" = absent ] || exit 0
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# Outside a CI that ocifp knows, nothing is pushed unless it is asked for.
if ! image=$(ocifp ensure --push always 2>"$log"); then
	cat "$log" >&2
	exit 1
fi
echo "$image was built from $(git rev-parse --short HEAD)"
