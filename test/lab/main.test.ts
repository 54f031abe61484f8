import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { ownProgram } from '../support/own-program.ts';

describe('the lab command line', function () {
  this.timeout(30_000);

  const calls: readonly (readonly [string[], number])[] = [
    [['nonsense'], 2],
    [['offload', '--seconds', 'many'], 2],
    [['kernel', '--kernel', 'newest'], 2],
    [['--help'], 0],
  ];
  for (const [argv, code] of calls) {
    it(`${argv.join(' ')}: exits ${code}`, () => {
      const ended = spawnSync(process.execPath, [...ownProgram('lab/main'), ...argv], {
        encoding: 'utf8',
        timeout: 25_000,
      });
      assert.equal(ended.status, code, ended.stderr);
      assert.match(ended.stdout + ended.stderr, argv[0] === '--help' ? /^Usage/ : /^error: /);
    });
  }
});
