import { FlowTable } from '../../../../engine/model/flow-table.ts';
import type { PortInfo } from '../../../../engine/model/port.ts';
import type { RuleContext } from '../../../../engine/ports/rule-evaluator.ts';
import type { FactDefinition } from '../../../../policy/model/fact.ts';
import type { Seeded } from '../../../support/seeded.ts';
import { type Headers, headersOf, headerValues, matchOf } from './headers.ts';
import { UNKNOWN, type Values, type ValuesOf } from './judge.ts';
import { amount } from './quantities.ts';
import { PORT_NAMES } from './subjects.ts';
import { type Facts, writeTraffic } from './traffic.ts';

const TICK_MS = 250;
const KINDS = ['vm', 'uplink', 'internal', 'other'] as const;

/** Properties of a flow that depend on its match and actions. */
interface Shape {
  readonly headers: Headers;
  readonly outPorts: readonly string[];
}

/**
 * Generates flows of a node with known facts: as columns of a flow table for the compiled rules,
 * and as plain values for the reference.
 */
export class Scene {
  readonly table = new FlowTable();
  context: RuleContext;
  /** By row: the facts that have one known value for all packets. */
  flows: readonly Facts[] = [];
  /** By row: true if every fact has one value, or certainly none, for all packets. */
  exact: readonly boolean[] = [];
  /** Facts of the node. */
  node: Facts = {};
  readonly #random: Seeded;
  readonly #count: number;
  /** By row. */
  readonly #shapes: (Shape | undefined)[] = [];
  /** By row. */
  #values: readonly Readonly<Record<string, Values>>[] = [];
  #nowMs = 1e9;
  #ports: ReadonlyMap<string, PortInfo> = new Map();

  constructor(random: Seeded, count: number) {
    this.#random = random;
    this.#count = count;
    this.context = this.#nodeNow();
  }

  /** Two facts that a program could add: of either sign, sometimes missing. */
  get programFacts(): readonly FactDefinition[] {
    const number = (row: number, name: string): number | undefined => {
      const value = this.flows[row]?.[name];
      return typeof value === 'number' ? value : undefined;
    };
    const made = {
      scope: 'flow',
      type: 'number',
      description: 'Made up.',
      source: 'A test',
      example: '-1',
      missing: 'it has none',
    } as const;
    return [
      { ...made, name: 'skew', unit: 'bit/s', read: (view) => number(view.row, 'skew') },
      {
        ...made,
        name: 'drift',
        unit: 'packet/s',
        read: (view) => number(view.row, 'drift'),
        column: {
          kind: 'derived',
          fill: (_view, rows, from, to, into) => {
            for (let i = from; i < to; i++) into[rows[i]] = number(rows[i], 'drift') ?? Number.NaN;
          },
        },
      },
    ];
  }

  /** Advances by a tick: changes all rates and loads, and some flows and ports. */
  next(): void {
    const random = this.#random;
    this.#nowMs += TICK_MS;
    this.context = this.#nodeNow();
    const { table } = this;
    table.begin(this.#nowMs);
    const flows: Facts[] = [];
    const values: Readonly<Record<string, Values>>[] = [];
    for (let i = 0; i < this.#count; i++) {
      const id = { w0: i, w1: 1, w2: 2, w3: 3 };
      const known = table.rowOf(id);
      const shape = (random.chance(0.7) ? this.#shapes[known] : undefined) ?? shapeOf(random);
      const match = matchOf(shape.headers);
      const actions = shape.outPorts.map((port) => ({ kind: 'output', port }) as const);
      const row = known < 0 ? table.add(id, match, actions) : known;
      if (known >= 0 && shape !== this.#shapes[row]) {
        table.setMatch(row, match);
        table.setActions(row, actions);
      }
      this.#shapes[row] = shape;
      table.observe(row, 0, 0, 0);
      const facts = {
        outPorts: shape.outPorts,
        ...this.#portsOf(shape),
        ...writeTraffic(random, table, row, this.#nowMs),
      };
      const single = Object.entries(facts).map(([name, value]) => [name, [value]]);
      values[row] = { ...Object.fromEntries(single), ...headerValues(shape.headers) };
      const certain = Object.entries(values[row]).filter(([, list]) => list.length === 1);
      flows[row] = present(Object.fromEntries(certain.map(([name, [value]]) => [name, value])));
    }
    table.end();
    this.flows = flows;
    this.#values = values;
    this.exact = values.map((facts) =>
      Object.values(facts).every((list) => list.length === 1 && list[0] !== UNKNOWN),
    );
    this.node = { ...this.node, flows: this.#count };
  }

  /** The values of each fact for the flow of a row, with the facts that the policy declares. */
  valuesOf(row: number, declared: Facts): ValuesOf {
    return ({ fact, params, path }) => {
      if (fact in declared) return [declared[fact]];
      if (fact in this.#values[row]) return this.#values[row][fact];
      if (path === undefined) {
        const value = this.node[fact];
        return [value === undefined && fact === 'hostCpu' ? UNKNOWN : value];
      }
      const value = memberAt(this.node[fact], [Object.values(params ?? {})[0], path.slice(2)]);
      return [value === undefined && fact === 'portLoad' ? UNKNOWN : value];
    };
  }

  #portsOf({ headers: { inPort }, outPorts }: Shape): Facts {
    const outPort: string | undefined = outPorts[0];
    const from = this.#ports.get(inPort);
    const to = outPort === undefined ? undefined : this.#ports.get(outPort);
    const { portLoad } = this.context.node;
    // Without an output port, there is certainly nothing to know about it.
    const unlessDropped = outPort === undefined ? undefined : UNKNOWN;
    const tenant = from?.kind === 'uplink' ? to : from;
    const noTenant = from === undefined ? UNKNOWN : unlessDropped;
    const hasVms = tenant?.kind !== 'uplink' && tenant?.kind !== 'internal';
    const isKnown = from !== undefined && (outPort === undefined || to !== undefined);
    return {
      outPort,
      inPortKind: from?.kind ?? UNKNOWN,
      outPortKind: to?.kind ?? unlessDropped,
      vm: tenant === undefined ? noTenant : (tenant.vm ?? (hasVms ? UNKNOWN : undefined)),
      slice: tenant === undefined ? noTenant : tenant.slice,
      direction: isKnown ? directionOf(from.kind, to?.kind) : UNKNOWN,
      inPortBitsPerSecond: portLoad.get(inPort)?.rxBitsPerSecond ?? UNKNOWN,
      outPortBitsPerSecond: portLoad.get(outPort ?? '')?.txBitsPerSecond ?? unlessDropped,
    };
  }

  #nodeNow(): RuleContext {
    const random = this.#random;
    // The directory object is kept until a port changes.
    if (this.#ports.size === 0 || random.chance(0.5)) this.#ports = portsOf(random);
    const loads = random
      .some(PORT_NAMES, 0.7)
      .map(
        (port) =>
          [
            port,
            { rxBitsPerSecond: amount(random, 'bit/s'), txBitsPerSecond: amount(random, 'bit/s') },
          ] as const,
      );
    const hostCpu = random.chance(0.2) ? undefined : Math.min(1, amount(random, 'share'));
    const tableFill = random.pick([0, 0.07, 0.1, 0.5, 1]);
    const entries = 100;
    const used = random.pick([0, 1, 50, 99, 100]);
    const portLoad = new Map(loads);
    this.node = present({
      hostCpu,
      tableFill,
      table: { offload: { entries, used, free: entries - used, fill: used / entries } },
      portLoad: Object.fromEntries(
        loads.map(([port, load]) => {
          const link = this.#ports.get(port)?.linkBitsPerSecond;
          const shares =
            link === undefined
              ? {}
              : { rxShare: load.rxBitsPerSecond / link, txShare: load.txBitsPerSecond / link };
          return [port, { ...load, ...shares }];
        }),
      ),
    });
    return {
      nowMs: this.#nowMs,
      node: { hostCpu, portLoad },
      ports: this.#ports,
      tableFill,
      tables: [{ placement: 'offload', entries, used }],
    };
  }
}

function shapeOf(random: Seeded): Shape {
  return { headers: headersOf(random, random.chance(0.4)), outPorts: random.some(PORT_NAMES, 0.3) };
}

function portsOf(random: Seeded): ReadonlyMap<string, PortInfo> {
  return new Map(
    random.some(PORT_NAMES.slice(0, -1), 0.9).map((name) => [
      name,
      {
        name,
        uuid: name,
        ifindex: 1,
        bridge: 'br0',
        kind: random.pick(KINDS),
        mac: undefined,
        vm: random.pick(['web-1', 'db-1', undefined]),
        slice: random.pick(['gold', 'silver', undefined]),
        linkBitsPerSecond: random.pick([undefined, 1e9, 1e10]),
        shaped: false,
        policed: false,
      },
    ]),
  );
}

function directionOf(from: string | undefined, to: string | undefined): string {
  if (from === 'vm' && to === 'uplink') return 'transmit';
  if (from === 'uplink' && to === 'vm') return 'receive';
  return from === 'vm' && to === 'vm' ? 'local' : 'other';
}

/** Without values that are missing or not known. */
function present(facts: Facts): Facts {
  return Object.fromEntries(
    Object.entries(facts).filter(([, value]) => value !== undefined && value !== UNKNOWN),
  );
}

function memberAt(value: unknown, names: readonly (string | undefined)[]): unknown {
  return names.reduce<unknown>(
    (found, name) => Object.entries(found ?? {}).find(([key]) => key === name)?.[1],
    value,
  );
}
