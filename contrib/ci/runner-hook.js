#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Container jobs of a self-hosted GitHub Actions runner, without docker: in the runner's .env file
#
#     ACTIONS_RUNNER_CONTAINER_HOOKS=/usr/share/ocifp/runner-hook.sh
#
# A runner takes a script here, not a program; options of ocifp-runner-hook(1) go behind the name.
exec ocifp runner-hook
