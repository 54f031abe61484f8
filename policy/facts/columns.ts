import type { FlowTable } from '../../engine/model/flow-table.ts';
import type { FactColumn, FactDefinition, FillColumn, FlowKey } from '../model/fact.ts';
import { certainValue } from '../model/known-value.ts';
import type { PacketValues } from '../model/packet-values.ts';
import type { Known } from '../model/possible.ts';

/** Depends on the flow's match and actions. */
export const FROM_FLOW: FactColumn = { kind: 'flow', ports: false };

/** Depends on the flow and the port directory. */
export const FROM_FLOW_AND_PORTS: FactColumn = { kind: 'flow', ports: true };

/** Readers of a fact of packet headers. */
export function packetHeader(
  of: (packets: PacketValues) => Known,
): Pick<FactDefinition, 'read' | 'possible' | 'packets' | 'column'> {
  return {
    read: (v) => certainValue(of(v.packets)),
    possible: (v) => of(v.packets),
    packets: true,
    column: FROM_FLOW,
  };
}

/** Readers of a fact that is a column of the flow table. */
export function tableColumn(
  of: (table: FlowTable) => Float64Array,
): Pick<FactDefinition, 'read' | 'column'> {
  return { read: ({ table, row }) => of(table)[row], column: { kind: 'column', of } };
}

/** Readers of a fact that is a column of indexes into `names`. */
export function codeColumn(
  of: (table: FlowTable) => Uint8Array,
  names: readonly string[],
): Pick<FactDefinition, 'read' | 'column' | 'values'> {
  return {
    values: names,
    read: ({ table, row }) => names[of(table)[row]],
    column: { kind: 'code', of, names },
  };
}

/** A column that `fill` computes. */
export function derived(fill: FillColumn): FactColumn {
  return { kind: 'derived', fill };
}

/** One value per key. */
export function keyed(key: FlowKey): FactColumn {
  return { kind: 'keyed', key };
}
