import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sampleNames } from '../../../cli/policy/samples.ts';
import { runProgram } from '../../../cli/program.ts';
import { POLICY, policyFolder } from '../../policy-tools/fixture.ts';
import { TestTerminal } from '../../support/test-terminal.ts';

describe('norikae policy for authors', () => {
  let folder: ReturnType<typeof policyFolder>;
  let stdout: TestTerminal;
  let stderr: TestTerminal;

  beforeEach(() => {
    folder = policyFolder();
  });

  afterEach(() => folder.remove());

  /** Runs `norikae policy ...`; resolves to its exit code. */
  function policy(...argv: string[]): Promise<number> {
    stdout = new TestTerminal();
    stderr = new TestTerminal();
    const context = {
      stdout,
      stderr,
      env: {},
      loadDaemon: () => Promise.reject(new Error('this test runs no daemon')),
      exit: () => {},
      now: () => performance.now(),
    };
    return runProgram(context, ['policy', ...argv]);
  }

  const read = (name: string): string => readFileSync(folder.file(name), 'utf8');

  describe('fmt', () => {
    const MESSY = '{"name":"p", // why\n "version":"1","rules":[ ], }';
    const NEAT = '{\n  "name": "p", // why\n  "version": "1",\n  "rules": []\n}\n';

    it('writes files in the layout, lists them, and changes nothing the second time', async () => {
      const file = folder.write('p.json', MESSY);
      folder.write('p.test.json', '{"tests":[]}');
      folder.write('p.schema.json', '{"a":1}');
      assert.equal(await policy('fmt', folder.path), 0);
      assert.deepEqual(stdout.text.trim().split('\n'), [file, folder.file('p.test.json')]);
      assert.equal(read('p.json'), NEAT);
      assert.equal(read('p.schema.json'), '{"a":1}');
      assert.equal(await policy('fmt', folder.path), 0);
      assert.equal(stdout.text, '');
    });

    it('--check changes nothing, and fails while a file is in another layout', async () => {
      const file = folder.write('p.json', MESSY);
      assert.equal(await policy('fmt', '--check', file), 1);
      assert.match(stderr.text, /1 file not formatted; run "norikae policy fmt"/);
      assert.equal(read('p.json'), MESSY);
      assert.equal(await policy('fmt', '--check', file, '--json'), 1);
      assert.deepEqual(JSON.parse(stdout.text), { ok: false, changed: [file], problems: [] });
      folder.write('p.json', NEAT);
      assert.equal(await policy('fmt', '--check', file), 0);
    });

    it('does not touch a file with a syntax error', async () => {
      const file = folder.write('p.json', '{"name": }');
      const other = folder.write('q.json', MESSY);
      assert.equal(await policy('fmt', file, other), 1);
      assert.match(stdout.text, /p\.json:1:10: a value is expected here/);
      assert.equal(read('p.json'), '{"name": }');
      assert.equal(read('q.json'), NEAT);
      assert.equal(await policy('fmt', folder.file('gone.json')), 2);
    });
  });

  describe('lint', () => {
    const rule = (name: string, event: string, value: number, more = {}) => ({
      name,
      conditions: { all: [{ fact: 'packets', operator: 'greaterThan', value }] },
      event: { type: event },
      ...more,
    });
    const write = (name: string, rules: readonly object[], sections = {}): string =>
      folder.write(`${name}.json`, { name, version: '1', ...sections, rules });

    async function findings(code: number, ...argv: string[]): Promise<readonly string[]> {
      assert.equal(await policy('lint', '--json', ...argv), code, stderr.text);
      const { ok, findings: found } = JSON.parse(stdout.text);
      assert.equal(ok, code === 0);
      return found.map(
        ({ line, kind, message }: { line: number; kind: string; message: string }) =>
          `${line} ${kind}: ${message}`,
      );
    }

    it('finds nothing in a policy that comes with Norikae', async () => {
      for (const name of sampleNames().filter((sample) => sample !== 'never-offload')) {
        assert.equal(await policy('init', folder.file(name), '--from', name), 0);
        assert.deepEqual(await findings(0, folder.file(`${name}.json`)), []);
      }
      assert.equal(await policy('lint', folder.file('default.json')), 0);
      assert.equal(stdout.text, '');
    });

    it('finds a rule that a rule of another policy always precedes', async () => {
      const files = [
        write('a', [rule('wide', 'offload', 1, { priority: 9 })]),
        write('b', [rule('narrow', 'onload', 5)]),
      ];
      const [found, ...more] = await findings(1, ...files);
      assert.deepEqual(more, []);
      assert.match(found, /^\d+ unreachable: rule "b\/narrow" is never reached beside "a\/wide"/);
      assert.deepEqual(await findings(0, '--ignore', 'unreachable', '--', ...files), []);
    });

    it('finds rules of one priority that can hold together, and not those that cannot', async () => {
      const both = {
        conditions: { all: [{ fact: 'bytes', operator: 'greaterThan', value: 5 }] },
      };
      const overlapping = [rule('p', 'offload', 1), rule('q', 'onload', 1, both)];
      const [found] = await findings(1, write('a', overlapping));
      assert.match(
        found,
        /overlap: rules "a\/p" and "a\/q" have priority 1, can hold for the same flow, and request offload and onload; the first one decides/,
      );
      const few = {
        conditions: { all: [{ fact: 'packets', operator: 'lessThan', value: 100 }] },
      };
      for (const rules of [
        [rule('p', 'offload', 100), rule('q', 'onload', 1, few)],
        [rule('p', 'offload', 1, { priority: 2 }), rule('q', 'onload', 1, both)],
        [rule('p', 'offload', 1), rule('q', 'offload', 1, both)],
      ]) {
        assert.deepEqual(await findings(0, write('a', rules)), []);
      }
    });

    it('finds a slice that an earlier slice includes', async () => {
      const slices = {
        wide: { members: [{ subnet: '10.0.0.0/8' }] },
        other: { members: [{ subnet: '192.168.0.0/16', vlan: 3 }] },
        narrow: { members: [{ vm: 'db' }, { subnet: '10.1.0.0/16', port: 'vm1' }] },
      };
      const [found, ...more] = await findings(1, write('a', [rule('r', 'offload', 1)], { slices }));
      assert.deepEqual(more, []);
      assert.match(found, /overlap: a member of slice "narrow" is included in slice "wide"/);
    });

    it('finds guarantees above the table', async () => {
      const slices = {
        gold: { members: [{ vlan: 1 }], guaranteed: '1500 entries' },
        silver: { members: [{ vlan: 2 }], guaranteed: '50%' },
      };
      const file = write('a', [rule('r', 'offload', 1)], { slices });
      const [found] = await findings(1, file, '--table', '2000');
      assert.match(
        found,
        /guarantee: with slice "silver", 2,500 entries are guaranteed, and a table of 2,000 entries has fewer/,
      );
      assert.deepEqual(await findings(0, file, '--table', '3000'), []);
    });

    it('finds prohibitions on what may be unknown', async () => {
      const open = { conditions: { all: [{ fact: 'tcpDst', operator: 'equal', value: 22 }] } };
      const file = write('a', [rule('r', 'onload', 1, open)]);
      const [found] = await findings(1, file);
      assert.match(found, /unknown: rule "a\/r" requests onload and also holds for flows/);
    });

    it('prints errors as check does, and needs a policy', async () => {
      const file = folder.write('p.json', JSON.stringify(POLICY).replace('"equal"', '"gte"'));
      assert.equal(await policy('lint', file), 1);
      assert.match(stderr.text, /p\.json:1:\d+: unknown operator "gte"/);
      assert.equal(await policy('lint', folder.write('p.test.json', '{"tests": []}')), 2);
    });
  });

  describe('init --from', () => {
    for (const sample of sampleNames()) {
      it(`${sample}: writes a policy with a name of its own, in the layout, whose tests pass`, async function () {
        this.timeout(30_000);
        mkdirSync(folder.file('own'));
        const own = folder.file('own/mine');
        assert.equal(await policy('init', own, '--from', sample), 0, stderr.text);
        const { name } = JSON.parse(readFileSync(`${own}.json`, 'utf8'));
        assert.equal(name, 'mine');
        assert.equal(await policy('check', join(folder.path, 'own')), 0, stdout.text);
        assert.equal(await policy('fmt', '--check', join(folder.path, 'own')), 0);
        assert.equal(await policy('test', `${own}.json`, '--fail-on-empty'), 0, stdout.text);
      });
    }

    it('lists the policies to begin with, without a name', async () => {
      assert.equal(await policy('init'), 0);
      for (const name of sampleNames()) assert.match(stdout.text, new RegExp(`^${name} +\\w`, 'm'));
      assert.equal(await policy('init', '--json'), 0);
      const { samples } = JSON.parse(stdout.text);
      assert.equal(samples.length, sampleNames().length);
      assert.equal(await policy('init', folder.file('x'), '--from', 'fair-slice'), 2);
    });
  });
});
