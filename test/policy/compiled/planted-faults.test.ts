import assert from 'node:assert/strict';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { packageRoot } from '../../../platform/package-root.ts';
import type { compare as compareHere } from './stock/compare.ts';

/*
 * The comparison with the judge of packets must find faults in the code of the rules. Each fault is
 * planted into a copy of the code by replacing a text, and the comparison runs on that copy.
 */

interface Fault {
  readonly what: string;
  /** Path in the repository, without extension. */
  readonly file: string;
  readonly from: string;
  readonly to: string;
  /** Seed of a scene that shows a rare fault. */
  readonly seed?: number;
}

const FAULTS: readonly Fault[] = [
  {
    what: 'an exclusive bound instead of an inclusive one',
    file: 'policy/compiled/number-loops',
    from: 'column[row] >= value',
    to: 'column[row] > value',
  },
  {
    what: 'a missing number that differs from every number',
    file: 'policy/compiled/number-loops',
    from: '~~(column[row] < value) + ~~(column[row] > value)',
    to: '~~(column[row] !== value)',
  },
  {
    what: 'an operator that is not mirrored with its sides',
    file: 'policy/operators/operators',
    from: "['lessThan', 'greaterThan']",
    to: "['lessThan', 'lessThan']",
  },
  {
    what: 'an "any" that stops at its first condition',
    file: 'policy/compiled/combinations',
    from: 'i < this.#open.length && end < to',
    to: 'i < 1 && end < to',
  },
  {
    what: 'a dropped "not" around a condition on the flow alone',
    file: 'policy/compiled/condition-compiler',
    from: '!part.test(view)',
    to: 'part.test(view)',
  },
  {
    what: 'a dropped "not" around a condition on the node',
    file: 'policy/compiled/combinations',
    from: 'undefined : !verdict',
    to: 'undefined : verdict',
  },
  {
    what: 'a wrong factor of a unit',
    file: 'policy/model/units',
    from: "'Mbit/s': K ** 2",
    to: "'Mbit/s': K ** 3",
  },
  {
    what: 'ignored decorators',
    file: 'policy/operators/decorators',
    from: 'decorate(fact, value, next)',
    to: 'next(fact, value)',
  },
  {
    what: 'verdicts by key from the previous tick',
    file: 'policy/compiled/flow-conditions',
    from: 'this.#verdicts.fill(0)',
    to: 'void 0',
  },
  {
    what: 'numbers by key from the previous tick',
    file: 'policy/compiled/number-column',
    from: 'this.#byKey.length = 0',
    to: 'void 0',
    seed: 75,
  },
  {
    what: 'cached verdicts that are kept when a port changes',
    file: 'policy/compiled/flow-conditions',
    from: 'this.#verdicts.clear()',
    to: 'void 0',
  },
  {
    what: 'a missing value that counts as 0',
    file: 'policy/facts/traffic',
    from: '/ 8 / packets : Number.NaN',
    to: '/ 8 / packets : 0',
  },
  {
    what: 'a prohibition that holds only for all packets',
    file: 'policy/model/extent',
    from: "prohibits ? 'some' : 'all'",
    to: "prohibits ? 'all' : 'all'",
  },
  {
    what: 'a permission that holds for some packets',
    file: 'policy/model/extent',
    from: "prohibits ? 'some' : 'all'",
    to: "prohibits ? 'some' : 'some'",
  },
  {
    what: 'a "not" that needs as many packets as the condition in it',
    file: 'policy/compiled/condition-compiler',
    from: 'this.#part(condition.not, oppositeOf(needed))',
    to: 'this.#part(condition.not, needed)',
  },
  {
    what: 'a header that the match leaves open and that counts as missing',
    file: 'policy/model/packet-values',
    from: '(!can)',
    to: '(true)',
  },
  {
    what: 'a prefix that is outside every subnet in it',
    file: 'policy/model/region',
    from: "=== byte) ? 'all' : 'some'",
    to: "=== byte) ? 'all' : 'none'",
  },
  {
    what: 'a VM that is not known and counts as none',
    file: 'policy/facts/ports',
    from: "port.kind === 'internal' ? undefined : UNKNOWN",
    to: "port.kind === 'internal' ? undefined : undefined",
    seed: 74,
  },
];

const SEED = 61;
const SCENES = 8;
/** Files of the comparison. */
const FOLDERS = ['async', 'engine', 'policy', 'text', 'test/policy/compiled/stock', 'test/support'];
const HERE = fileURLToPath(new URL('../../../', import.meta.url));
const EXTENSION = extname(import.meta.url);

describe('the comparison of compiled rules with packets and json-rules-engine', function () {
  this.timeout(120_000);
  let folder = '';
  let copies = 0;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nk-faults-'));
    await symlink(join(packageRoot(), 'node_modules'), join(folder, 'node_modules'));
    await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
  });

  after(() => rm(folder, { recursive: true, force: true }));

  /** Runs the comparison on a copy with a fault; returns a difference, or undefined. */
  async function differenceWith(fault: Fault | undefined): Promise<string | undefined> {
    const copy = join(folder, String(copies++));
    for (const name of FOLDERS) {
      await mkdir(join(copy, name), { recursive: true });
      await cp(join(HERE, name), join(copy, name), { recursive: true });
    }
    if (fault !== undefined) {
      const file = join(copy, fault.file + EXTENSION);
      const parts = (await readFile(file, 'utf8')).split(fault.from);
      assert.equal(parts.length, 2, `${fault.file} has "${fault.from}" ${parts.length - 1} times`);
      await writeFile(file, parts.join(fault.to));
    }
    const module = join(copy, 'test/policy/compiled/stock', `compare${EXTENSION}`);
    const { compare }: { readonly compare: typeof compareHere } = await import(
      pathToFileURL(module).href
    );
    // A fault can also make the generated policy invalid, which no correct code does.
    return compare(fault?.seed ?? SEED, SCENES).then(
      ({ difference }) => difference,
      (error: unknown) => String(error),
    );
  }

  it('finds no difference in the unchanged code', async () => {
    assert.equal(await differenceWith(undefined), undefined);
  });

  for (const fault of FAULTS) {
    it(`finds ${fault.what}`, async () => {
      assert.notEqual(await differenceWith(fault), undefined);
    });
  }
});
