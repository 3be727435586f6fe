// Runs `ocifp cache restore` in its step and `ocifp cache save` at the end of the job: only an action
// of this kind has an end.  Inputs become arguments of a program, never text of a shell.
'use strict';
const fs = require('fs');
const { spawnSync } = require('child_process');

const input = (name) => process.env['INPUT_' + name.toUpperCase()] || '';
const isEnd = process.env.STATE_restored === 'true';
const names = input('cache').split(/\s+/).filter((name) => name !== '');
const words = isEnd
  ? ['cache', 'save', '--push', input('push') || 'auto']
  : ['cache', 'restore'];
words.push('--directory', input('directory') || '.', '--', ...names);

if (!isEnd) {
  fs.appendFileSync(process.env.GITHUB_STATE, 'restored=true\n');
}
const result = spawnSync('ocifp', words, {
  stdio: 'inherit',
  env: { ...process.env, GITHUB_TOKEN: input('token'), OCIFP_MATRIX: input('matrix') },
});
if (result.error) {
  console.log('::error::ocifp: cannot be started: use the action ocifp/ocifp before this one');
}
process.exitCode = result.status === null ? 1 : result.status;
