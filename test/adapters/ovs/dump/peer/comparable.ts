import type { FlowAction } from '../../../../../engine/model/action.ts';
import { formatFlowId } from '../../../../../engine/model/flow-id.ts';
import type { FlowTable } from '../../../../../engine/model/flow-table.ts';
import { FIELD_BITS, type FieldName } from '../../../../../engine/model/match.ts';

/** A flow in a form that both parsers can be brought to. */
export interface ComparableFlow {
  readonly ufid: string;
  readonly inPort: string;
  readonly packets: number;
  readonly bytes: number;
  /** ms since the last packet; -1 when there was none. */
  readonly idleMs: number;
  /** `field=value/mask` in hexadecimal, sorted; what is masked out is left out. */
  readonly fields: readonly string[];
  /** Conditions outside the vocabulary of matches, as they are written. */
  readonly texts: readonly string[];
  /** One text an action, and one for each field of a `set`, in the order of the catalogue. */
  readonly actions: readonly string[];
}

/** What our parser has in a row of the table. */
export function ourFlow(table: FlowTable, row: number, nowMs: number): ComparableFlow {
  const match = table.matchAt(row);
  const { traffic } = table;
  return {
    ufid: formatFlowId(table.idAt(row)),
    inPort: match.inPort,
    packets: traffic.rawPackets[row],
    bytes: traffic.rawBytes[row],
    idleMs: traffic.rawPackets[row] === 0 ? -1 : nowMs - traffic.lastActiveMs[row],
    fields: match.fields.map((f) => field(f.field, hexOf(f.value), hexOf(f.mask))).toSorted(),
    texts: match.opaque.map(({ name, text }) => `${name}(${text})`),
    actions: table.actionsAt(row).map(actionText),
  };
}

function actionText(action: FlowAction): string {
  switch (action.kind) {
    case 'output':
      return `output ${action.port}`;
    case 'pop-vlan':
      return 'pop';
    case 'push-vlan':
      return `push ${action.tpid} ${action.vid} ${action.pcp}`;
    case 'set':
      return `set ${field(action.field, hexOf(action.value), hexOf(action.mask))}`;
    case 'push-tunnel':
      throw new Error('the vSwitch reports tunnels as text');
    case 'opaque':
      return `text ${action.text}`;
  }
  return '';
}

/** `name=value/mask`, the value within the mask, and the mask within the field's bits. */
export function field(name: FieldName, value: string, mask: string): string {
  const bits = BigInt(`0x${mask}`) & (2n ** BigInt(FIELD_BITS[name]) - 1n);
  return `${name}=${(BigInt(`0x${value}`) & bits).toString(16)}/${bits.toString(16)}`;
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
