import { type FlowId, formatFlowId } from '../../model/flow-id.ts';
import type { FlowSpec } from '../../model/flow.ts';
import { type Megaflow, megaflowOf } from './megaflow.ts';
import type { Condition } from '../syntax/conditions.ts';

/** The values by which a megaflow is looked up. */
export interface Lookup {
  readonly inPort: string;
  /** Value of a header or of metadata; undefined when the packet has no such header. */
  valueOf(name: Condition['name']): Uint8Array | undefined;
}

/** Headers whose absence from a megaflow means that the packet must not have them. */
const TAGS = ['vlan_tpid', 'cvlan_tpid'] as const;

/** Megaflows that look at the same bits, by the values of those bits. */
interface Subtable {
  /** The conditions of any of them: only names and masks count. */
  readonly shape: readonly Condition[];
  readonly megaflows: Map<string, Megaflow[]>;
}

/** The subtables of one port and one recirculation id, by what they look at. */
type Stage = Map<string, Subtable>;

/**
 * Finds the megaflow that a packet matches: the vSwitch's own tuple space search, with a table for
 * each port, recirculation id and mask. Changes cost nothing for the megaflows that stay.
 */
export class MegaflowIndex {
  readonly #megaflows = new Map<string, Megaflow>();
  /** The same, to be asked for each entry at each reading. */
  readonly #live = new Set<Megaflow>();
  readonly #stages = new Map<string, Stage>();
  #version = 0;

  /** Grows when a megaflow is added or removed. */
  get version(): number {
    return this.#version;
  }

  /** Number of megaflows. */
  get size(): number {
    return this.#megaflows.size;
  }

  /** Adds a megaflow, or replaces the one with the same id. */
  put(spec: FlowSpec): void {
    this.remove(spec.id);
    const megaflow = megaflowOf(spec);
    if (megaflow === undefined) return;
    this.#version++;
    this.#megaflows.set(formatFlowId(spec.id), megaflow);
    this.#live.add(megaflow);
    const name = stageName(megaflow.recirculation, megaflow.inPort);
    const stage = entryOf(this.#stages, name, (): Stage => new Map());
    const { megaflows } = entryOf(stage, shapeOf(megaflow), () => ({
      shape: megaflow.conditions,
      megaflows: new Map<string, Megaflow[]>(),
    }));
    const values = megaflow.conditions.map(({ value }) => text(value)).join('');
    entryOf(megaflows, values, (): Megaflow[] => []).push(megaflow);
  }

  /** Removes a megaflow; no effect when it is not in the index. */
  remove(id: FlowId): void {
    const key = formatFlowId(id);
    const megaflow = this.#megaflows.get(key);
    if (megaflow === undefined) return;
    this.#version++;
    this.#megaflows.delete(key);
    this.#live.delete(megaflow);
    const name = stageName(megaflow.recirculation, megaflow.inPort);
    const stage = this.#stages.get(name);
    const shape = shapeOf(megaflow);
    const subtable = stage?.get(shape);
    const values = megaflow.conditions.map(({ value }) => text(value)).join('');
    const rest = subtable?.megaflows.get(values)?.filter((other) => other !== megaflow) ?? [];
    if (rest.length > 0) subtable?.megaflows.set(values, rest);
    else subtable?.megaflows.delete(values);
    if (subtable?.megaflows.size === 0) stage?.delete(shape);
    if (stage?.size === 0) this.#stages.delete(name);
  }

  /** True while the megaflow is in the index, with the same match and actions. */
  has(megaflow: Megaflow): boolean {
    return this.#live.has(megaflow);
  }

  /**
   * The megaflow that a packet matches after it has been recirculated with this id. One with a
   * condition that cannot be evaluated counts only if no other matches, since megaflows are disjoint.
   */
  find(recirculation: number, packet: Lookup): Megaflow | undefined {
    const stage = this.#stages.get(stageName(recirculation, packet.inPort));
    let doubtful: Megaflow | undefined;
    for (const { shape, megaflows } of stage?.values() ?? []) {
      const values = maskedValues(shape, packet);
      if (values === undefined) continue;
      for (const megaflow of megaflows.get(values) ?? []) {
        if (megaflow.unknown === undefined) return megaflow;
        doubtful = megaflow;
      }
    }
    return doubtful;
  }
}

/** Undefined when a header is missing that the megaflows look at, or a tag is there that they lack. */
function maskedValues(shape: readonly Condition[], packet: Lookup): string | undefined {
  for (const tag of TAGS) {
    if (packet.valueOf(tag) !== undefined && !shape.some(({ name }) => name === tag)) {
      return undefined;
    }
  }
  let values = '';
  for (const { name, mask } of shape) {
    const value = packet.valueOf(name);
    if (value === undefined) return undefined;
    values += text(value.map((byte, i) => byte & mask[i]));
  }
  return values;
}

function stageName(recirculation: number, inPort: string): string {
  return `${recirculation}:${inPort}`;
}

/** What a megaflow looks at, as a key. */
function shapeOf({ conditions }: Megaflow): string {
  return conditions.map(({ name, mask }) => `${name}/${text(mask)}`).join(',');
}

const CHARACTERS = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte));

/** Bytes as a key of a map. */
function text(bytes: Uint8Array): string {
  let key = '';
  for (let i = 0; i < bytes.length; i++) key += CHARACTERS[bytes[i]];
  return key;
}

function entryOf<Value>(map: Map<string, Value>, key: string, make: () => Value): Value {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}
