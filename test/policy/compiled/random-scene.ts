import type { FlowAction } from '../../../engine/model/action.ts';
import type { FlowTable } from '../../../engine/model/flow-table.ts';
import type { FieldMatch, FlowMatch } from '../../../engine/model/match.ts';
import type { PortSnapshot } from '../../../engine/model/port.ts';
import type { RuleContext } from '../../../engine/ports/rule-evaluator.ts';
import type { SliceDefinition } from '../../../policy/model/slice.ts';
import { exactly, portInfo } from '../fixture.ts';

/** Pseudorandom numbers from a seed (mulberry32). */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0;
  }

  /** A whole number below `n`. */
  roll(n: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * n);
  }

  pick<T>(from: readonly T[]): T {
    return from[this.roll(from.length)];
  }

  /** True with a probability of 1/n. */
  once(n: number): boolean {
    return this.roll(n) === 0;
  }
}

const PORTS = ['vm1', 'vm2', 'vm3', 'eth0', 'gone'];
const VMS = ['web', 'db', undefined];
const SLICES = ['gold', 'silver', 'p/bronze', undefined];
const NUMBERS = [0, 0, 1, 2, 10, 100, 1000, 1e6];

/** Declared slices, for flows whose ports have none. */
export const DECLARED_SLICES: readonly SliceDefinition[] = [
  declared('gold', { vm: 'db' }),
  declared('p/bronze', { subnet: '10.1.0.0/16' }),
  declared('p/iron', { port: 'vm3', vlan: 7 }),
];

function declared(name: string, member: SliceDefinition['members'][number]): SliceDefinition {
  const entries = { kind: 'entries', value: 10 } as const;
  const share = { kind: 'share', value: 0.5 } as const;
  return {
    name,
    declared: true,
    description: undefined,
    at: { line: 1, column: 1 },
    policy: 'p',
    members: [member],
    weight: name === 'gold' ? 2 : 1,
    guaranteed: name === 'gold' ? entries : undefined,
    maximum: name === 'gold' ? share : undefined,
  };
}

/** Ports with random properties. */
export function randomPorts(dice: Dice): PortSnapshot {
  const known = PORTS.slice(0, -1).filter(() => !dice.once(8));
  return new Map(
    known.map((name) => [
      name,
      portInfo({
        name,
        kind: name === 'eth0' ? 'uplink' : dice.pick(['vm', 'vm', 'other', 'uplink']),
        vm: dice.pick(VMS),
        slice: dice.pick(SLICES),
        linkBitsPerSecond: dice.pick([undefined, 1e9]),
      }),
    ]),
  );
}

/** The node around the flows. */
export function randomContext(dice: Dice, nowMs: number, ports: PortSnapshot): RuleContext {
  const loads = PORTS.filter(() => !dice.once(4)).map(
    (name) => [name, { rxBitsPerSecond: dice.pick(NUMBERS), txBitsPerSecond: 1e8 }] as const,
  );
  return {
    nowMs,
    wallMs: dice.once(4) ? 1_767_225_600_000 + nowMs : undefined,
    node: { hostCpu: dice.pick([undefined, 0, 0.5, 1]), portLoad: new Map(loads) },
    ports,
    tableFill: dice.pick([0, 0.5, 1]),
    tables: [{ placement: 'offload', entries: 20, used: dice.roll(21) }],
  };
}

function randomMatch(dice: Dice): FlowMatch {
  const v6 = dice.once(5);
  const tcp = dice.once(2);
  const port = dice.pick([22, 53, 443]);
  const fields: FieldMatch[] = exactly({
    ...(dice.once(3) ? {} : { eth_src: [2, 0, 0, 0, 0, dice.roll(3)] }),
    ...(dice.once(3) ? {} : { eth_dst: [dice.pick([1, 2, 255]), 0, 0, 0, 0, dice.roll(3)] }),
    ...(dice.once(4) ? { vlan_tpid: 0x8100, vlan_vid: 7 } : {}),
    ...(dice.once(6) ? {} : { eth_type: v6 ? 0x86dd : dice.pick([0x0800, 0x0800, 0x0806]) }),
    ...(v6 ? { ipv6_dst: [0xfd, ...Array.from({ length: 14 }, () => 0), dice.roll(3)] } : {}),
    ...(dice.once(3) ? {} : { ip_proto: tcp ? 6 : 17 }),
    ...(dice.once(3) ? {} : tcp ? { tcp_dst: port } : { udp_dst: port }),
    ...(dice.once(4) ? { tcp_src: port } : {}),
  });
  if (!v6 && !dice.once(3)) fields.push(prefix('ipv4_src', [10, dice.roll(3), 0, 1], 32));
  if (!v6 && !dice.once(3)) fields.push(prefix('ipv4_dst', [10, dice.roll(3), 0, 0], 16));
  const opaque = dice.once(8) ? [{ name: 'recirc_id', text: '0x1' }] : [];
  const partial = fields.map((field) => (dice.once(6) ? withFewerBits(dice, field) : field));
  return { inPort: dice.pick(PORTS), fields: partial, opaque };
}

/** The field with some bits of its mask cleared, but not all. */
function withFewerBits(dice: Dice, { field, value, mask }: FieldMatch): FieldMatch {
  const kept = dice.roll(mask.length);
  const fewer = mask.map((byte, i) => (i === kept ? byte : byte & dice.roll(256)));
  return { field, value: value.map((byte, i) => byte & fewer[i]), mask: fewer };
}

function prefix(field: 'ipv4_src' | 'ipv4_dst', value: readonly number[], bits: number) {
  const mask = Uint8Array.from(value, (_, i) => (i * 8 < bits ? 0xff : 0));
  return { field, value: Uint8Array.from(value, (byte, i) => byte & mask[i]), mask };
}

function randomActions(dice: Dice): readonly FlowAction[] {
  const outputs = Array.from({ length: dice.pick([0, 1, 1, 1, 2]) }, () => dice.pick(PORTS));
  const actions: FlowAction[] = outputs.map((port) => ({ kind: 'output', port }));
  return dice.once(8) ? [...actions, { kind: 'opaque', text: 'ct(commit)' }] : actions;
}

/**
 * Reads a flow for each of `seeds` into the table. A seed of the previous reading is the same flow,
 * with other counters and sometimes other actions or another match.
 */
export function readFlows(table: FlowTable, nowMs: number, seeds: readonly number[]): void {
  table.begin(nowMs);
  for (const seed of new Set(seeds)) {
    const dice = new Dice(seed * 7919 + nowMs);
    const id = { w0: seed >>> 0, w1: 1, w2: 2, w3: 3 };
    const found = table.rowOf(id);
    const row = found < 0 ? table.add(id, randomMatch(dice), randomActions(dice)) : found;
    if (found >= 0 && dice.once(4)) table.setActions(row, randomActions(dice));
    if (found >= 0 && dice.once(6)) table.setMatch(row, randomMatch(dice));
    table.observe(row, dice.pick(NUMBERS), dice.pick(NUMBERS), dice.roll(3000));
    table.carried(row, dice.roll(3), dice.roll(3) * 100, nowMs);
    const { rates, decision } = table;
    rates.packetsPerSecond[row] = dice.pick(NUMBERS);
    rates.lastPacketsPerSecond[row] = dice.pick(NUMBERS);
    rates.bitsPerSecond[row] = dice.pick(NUMBERS) * 8;
    rates.lastBitsPerSecond[row] = dice.pick(NUMBERS) * 8;
    decision.placement[row] = dice.roll(3);
    decision.refusals[row] = dice.roll(3);
    decision.placedSinceMs[row] = dice.pick([Number.NEGATIVE_INFINITY, nowMs, nowMs - 500]);
  }
  table.end();
}
