import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(import.meta.url);
const MAIN = fileURLToPath(new URL(`../../lab/main${here.slice(-3)}`, import.meta.url));
const NODE = here.endsWith('.ts') ? ['--import', 'tsx'] : [];

describe('the lab, as it is called', function () {
  this.timeout(30_000);

  const calls: readonly (readonly [string[], number])[] = [
    [['nonsense'], 2],
    [['offload', '--seconds', 'many'], 2],
    [['--help'], 0],
  ];
  for (const [argv, code] of calls) {
    it(`${argv.join(' ')}: exits ${code}`, () => {
      const ended = spawnSync(process.execPath, [...NODE, MAIN, ...argv], { encoding: 'utf8' });
      assert.equal(ended.status, code, ended.stderr);
      assert.match(ended.stdout + ended.stderr, argv[0] === '--help' ? /^Usage/ : /^error: /);
    });
  }
});
