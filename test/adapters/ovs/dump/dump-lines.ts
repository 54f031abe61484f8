import { DumpParser, type DumpSummary } from '../../../../adapters/ovs/dump/parser.ts';
import { formatFlowId } from '../../../../engine/model/flow-id.ts';
import { FlowTable } from '../../../../engine/model/flow-table.ts';
import { FIELD_BITS, fieldBytes, type FlowMatch } from '../../../../engine/model/match.ts';
import type { FlowActions } from '../../../../engine/model/action.ts';

/** A table and the parser that fills it, reading after reading. */
export class Reader {
  readonly table = new FlowTable();
  readonly #parser = new DumpParser();
  #nowMs = 0;

  /** Reads the inside of a JSON string. Leaves the reading given up when it throws. */
  escaped(bytes: Buffer): DumpSummary {
    this.table.begin((this.#nowMs += 1000));
    try {
      this.#parser.beginDump(this.table, bytes);
      let done = false;
      while (!done) done = this.#parser.readLines(3);
      const summary = this.#parser.finishDump();
      this.table.end();
      return summary;
    } catch (error) {
      this.table.abandon();
      throw error;
    }
  }

  /** Reads lines, as vswitchd would reply with them. */
  lines(...lines: readonly string[]): DumpSummary {
    return this.escaped(escape(lines.map((line) => `${line}\n`).join('')));
  }

  /** Live rows by ufid. */
  rows(): Map<string, number> {
    const rows = this.table.rows.subarray(0, this.table.count);
    return new Map(Array.from(rows, (row) => [formatFlowId(this.table.idAt(row)), row]));
  }

  /** The only live row. */
  only(): number {
    if (this.table.count !== 1) throw new Error(`${this.table.count} flows, not 1`);
    return this.table.rows[0];
  }
}

/** The inside of the JSON string that holds `text`. */
export function escape(text: string): Buffer {
  return Buffer.from(JSON.stringify(text).slice(1, -1), 'utf8');
}

/** A ufid whose last digits are `n`. */
export function ufid(n: number): string {
  return `a1b2c3d4-0000-4000-8000-${n.toString(16).padStart(12, '0')}`;
}

/** What OVS prints before in_port when none of it matters. */
export const QUIET =
  'skb_priority(0/0),skb_mark(0/0),ct_state(0/0),ct_zone(0/0),ct_mark(0/0),ct_label(0/0),' +
  'recirc_id(0),dp_hash(0/0),';

/** A line of a dump. */
export function line(
  key: string,
  actions: string,
  { n = 1, packets = 1, bytes = 60, used = '0.001s', attributes = ', dp:ovs', extra = '' } = {},
): string {
  const stats = `packets:${packets}, bytes:${bytes}, used:${used}${attributes}`;
  return `ufid:${ufid(n)}, ${key}, ${stats}, actions:${actions}${extra}`;
}

/** A match as `field=hex/hexmask` words, for comparing in one line. */
export function show(match: FlowMatch): string {
  const fields = match.fields.map((f) => {
    const value = Buffer.from(f.value).toString('hex');
    const spare = f.mask.length * 8 - FIELD_BITS[f.field];
    const full = f.mask.every((b, i) => b === (i === 0 ? 0xff >> spare : 0xff));
    if (f.value.length !== fieldBytes(f.field)) throw new Error(`${f.field} has a wrong width`);
    return `${f.field}=${value}${full ? '' : `/${Buffer.from(f.mask).toString('hex')}`}`;
  });
  return [match.inPort, ...fields, ...match.opaque.map((o) => `${o.name}(${o.text})`)].join(' ');
}

/** Actions as words. */
export function showActions(actions: FlowActions): string {
  return actions
    .map((a) => {
      switch (a.kind) {
        case 'output':
          return `>${a.port}`;
        case 'set':
          return `set:${show({ inPort: '', fields: [a], opaque: [] }).trim()}`;
        case 'push-vlan':
          return `push:${a.tpid.toString(16)}:${a.vid}:${a.pcp}`;
        case 'pop-vlan':
          return 'pop';
        case 'push-tunnel':
          throw new Error('the vSwitch reports tunnels as text');
        case 'opaque':
          return `?${a.text}`;
      }
      return '';
    })
    .join(' ');
}
