// SPDX-License-Identifier: Apache-2.0
// Container jobs of a self-hosted GitHub Actions runner, without docker: in the runner's .env file
//
//     ACTIONS_RUNNER_CONTAINER_HOOKS=/usr/share/ocifp/runner-hook.js
//
// For a script in JavaScript the runner has a node of its own.  For one of a shell it would look for
// bash in PATH, in front of which it has put what steps wrote to GITHUB_PATH: a step that knows where
// its folders are on this machine could have a program of its own run outside of its container.
// Options of ocifp-runner-hook(1) go behind the name; other places of crun and of credential helpers
// into PATH.
'use strict';
const { spawn } = require('child_process');
const path = require('path');

const program = path.join(__dirname, '../../bin/ocifp');
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const job = spawn(program, ['runner-hook'], { cwd: '/', env: { ...process.env, PATH }, stdio: 'inherit' });

for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM'])
	process.on(signal, () => job.kill(signal));
job.on('error', (error) => {
	console.error(`cannot start '${program}': ${error.message}`);
	process.exitCode = 125;
});
job.on('exit', (status) => {
	process.exitCode = status ?? 125;
});
