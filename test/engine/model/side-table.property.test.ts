import assert from 'node:assert/strict';
import fc from 'fast-check';
import { FlowTable } from '../../../engine/model/flow-table.ts';
import { SideTable } from '../../../engine/model/side-table.ts';
import type { RowLifetime } from '../../../engine/model/side-tables.ts';
import { anyFrom, flowId, outputTo } from '../../support/flows.ts';

const FLOWS = 12;
/** More rows than the initial size of a flow table. */
const CROWD = 700;
const LIFETIMES: readonly RowLifetime[] = ['flow', 'version', 'row'];
const INITIAL = { float64: Number.NaN, uint32: 7, int32: -1, uint16: 0, uint8: 255 };

/** A step of a test on a flow table and its side tables. */
type Step =
  | {
      readonly kind: 'read';
      readonly seen: readonly boolean[];
      readonly changed: readonly boolean[];
      readonly crowded: boolean;
      readonly complete: boolean;
    }
  | { readonly kind: 'write'; readonly flow: number; readonly value: number }
  | { readonly kind: 'clear' | 'rejoin' | 'late' };

const flags = (length: number) => fc.array(fc.boolean(), { minLength: length, maxLength: length });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('read' as const),
      seen: flags(FLOWS),
      changed: flags(FLOWS),
      crowded: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
      complete: fc.integer({ min: 0, max: 4 }).map((n) => n > 0),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('write' as const),
      flow: fc.nat({ max: FLOWS - 1 }),
      value: fc.integer({ min: 1, max: 200 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('clear', 'rejoin', 'late') }) },
);

/** A side table with columns of all types, and their expected values by key of the lifetime. */
class Kept {
  readonly side: SideTable;
  readonly lifetime: RowLifetime;
  readonly columns;
  readonly texts;
  readonly expected = new Map<string, number>();
  late: ReturnType<SideTable['uint16']> | undefined;

  constructor(lifetime: RowLifetime) {
    this.lifetime = lifetime;
    this.side = new SideTable(lifetime);
    this.columns = {
      float64: this.side.float64(INITIAL.float64),
      uint32: this.side.uint32(INITIAL.uint32),
      int32: this.side.int32(INITIAL.int32),
      uint16: this.side.uint16(),
      uint8: this.side.uint8(INITIAL.uint8),
    };
    this.texts = this.side.sparse<string>();
  }

  write(key: string, row: number, value: number): void {
    this.expected.set(key, value);
    for (const { values } of Object.values(this.columns)) values[row] = value;
    this.texts.values.set(row, String(value));
    if (this.late !== undefined) this.late.values[row] = value;
  }

  clear(): void {
    this.expected.clear();
    this.side.clear();
  }

  check(key: string, row: number): void {
    const value = this.expected.get(key);
    for (const [type, initial] of Object.entries(INITIAL)) {
      const column = Object.entries(this.columns).find(([name]) => name === type)?.[1];
      assert.equal(column?.values[row], value ?? initial, `${type} of ${key}`);
    }
    assert.equal(this.texts.values.get(row), value === undefined ? undefined : String(value));
  }
}

/** A flow table, the side tables that follow it, and the history of its flows. */
class Scene {
  readonly table = new FlowTable();
  readonly kept = LIFETIMES.map((lifetime) => new Kept(lifetime));
  /** By flow: number of times it appeared, and number of changes. */
  readonly #came = new Map<number, number>();
  readonly #versions = new Map<number, number>();
  #nowMs = 0;

  constructor() {
    for (const { side } of this.kept) side.follow(this.table);
  }

  run(step: Step): void {
    if (step.kind === 'read') this.#read(step);
    else if (step.kind === 'write') this.#write(step.flow, step.value);
    else for (const kept of this.kept) this.#change(step.kind, kept);
  }

  check(): void {
    for (const kept of this.kept) {
      for (let flow = 0; flow < FLOWS; flow++) {
        const row = this.table.rowOf(flowId(flow));
        if (row >= 0) kept.check(this.#key(kept.lifetime, flow, row), row);
      }
      const { length } = kept.columns.uint8.values;
      assert.ok(length >= this.table.highWater, 'there is room for every row');
    }
  }

  #change(kind: 'clear' | 'rejoin' | 'late', kept: Kept): void {
    if (kind === 'clear') {
      kept.clear();
    } else if (kind === 'rejoin') {
      kept.side.follow(new FlowTable());
      kept.side.follow(this.table);
      kept.expected.clear();
    } else if (kept.late === undefined) {
      kept.late = kept.side.uint16(3);
      assert.ok(kept.late.values.length >= this.table.highWater);
      assert.ok(kept.late.values.every((value) => value === 3));
    }
  }

  #read({ seen, changed, crowded, complete }: Extract<Step, { kind: 'read' }>): void {
    const { table } = this;
    table.begin((this.#nowMs += 100));
    for (let n = 0; n < FLOWS; n++) if (seen[n]) this.#observe(n, changed[n]);
    if (crowded) for (let n = 0; n < CROWD; n++) this.#observe(1000 + n, false);
    if (complete) table.end();
    else table.abandon();
  }

  #observe(flow: number, changed: boolean): void {
    const { table } = this;
    let row = table.rowOf(flowId(flow));
    if (row < 0) {
      row = table.add(flowId(flow), anyFrom('vm1'), outputTo('vm2'));
      this.#came.set(flow, (this.#came.get(flow) ?? 0) + 1);
    } else if (changed) {
      if (flow % 2 === 0) table.setActions(row, outputTo('vm3'));
      else table.setMatch(row, anyFrom('vm3'));
      this.#versions.set(flow, (this.#versions.get(flow) ?? 0) + 1);
    }
    table.observe(row, 1, 1, 0);
  }

  #write(flow: number, value: number): void {
    const row = this.table.rowOf(flowId(flow));
    if (row < 0) return;
    for (const kept of this.kept) kept.write(this.#key(kept.lifetime, flow, row), row, value);
  }

  #key(lifetime: RowLifetime, flow: number, row: number): string {
    if (lifetime === 'row') return `row ${row}`;
    const came = `flow ${flow} for the ${this.#came.get(flow)}th time`;
    return lifetime === 'flow' ? came : `${came}, version ${this.#versions.get(flow)}`;
  }
}

describe('side tables', () => {
  it('hold the same values as a map by flow', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const scene = new Scene();
        for (const next of steps) {
          scene.run(next);
          scene.check();
        }
      }),
      { numRuns: 300 },
    );
  });

  it('have a new generation of a row for each flow, and only then', () => {
    fc.assert(
      fc.property(fc.array(flags(FLOWS), { maxLength: 30 }), (readings) => {
        const table = new FlowTable();
        const before = new Map<number, { readonly row: number; readonly generation: number }>();
        const last = new Map<number, number>();
        for (const [i, seen] of readings.entries()) {
          table.begin(i);
          for (let n = 0; n < FLOWS; n++) {
            if (!seen[n]) continue;
            let row = table.rowOf(flowId(n));
            const isNew = row < 0;
            if (isNew) row = table.add(flowId(n), anyFrom('vm1'), outputTo('vm2'));
            else table.setActions(row, outputTo('vm3'));
            table.observe(row, 1, 1, 0);
            const generation = table.generation[row];
            if (isNew) assert.equal(generation, (last.get(row) ?? 0) + 1);
            else assert.deepEqual({ row, generation }, before.get(n));
            before.set(n, { row, generation });
            last.set(row, generation);
          }
          table.end();
        }
      }),
    );
  });
});
