import type { ConnectionSource } from '../engine/connections/connection-source.ts';
import type { ConnectionsView } from '../api/status-view.ts';
import type { ConnectionRow } from '../engine/connections/connection-rows.ts';
import type { ConnectionTuple } from '../engine/model/connection.ts';
import { exactMask } from '../engine/model/match.ts';
import { formatFlowId } from '../engine/model/flow-id.ts';
import type { FlowTable } from '../engine/model/flow-table.ts';
import type { FoundConnection } from '../engine/ports/connection-tracker.ts';
import type { ConnectionView, TrackedView } from '../api/flow-views.ts';
import { describeActions, describeMatch } from './describe-flow.ts';
import { fieldText } from './field-text.ts';

/** The connections of the last reading; null without a source of them. */
export function connectionsView(
  source: Pick<ConnectionSource, 'counts' | 'metered' | 'uncountedPorts'> | undefined,
): ConnectionsView | null {
  if (source === undefined) return null;
  const states = source.counts.all.filter(({ connections }) => connections > 0);
  return { states, meter: source.metered, uncountedPorts: source.uncountedPorts };
}

/** How a connection was resolved. */
export function connectionView(table: FlowTable, { resolution }: ConnectionRow): ConnectionView {
  const { chain, tracked, refusal } = resolution;
  return {
    refusal: refusal ?? null,
    chain: chain.map((id) => {
      const row = table.rowOf(id);
      const known = row !== -1;
      return {
        id: formatFlowId(id),
        match: known ? describeMatch(table.matchAt(row)) : '',
        actions: known ? describeActions(table.actionsAt(row)) : '',
      };
    }),
    tracked: tracked.map(trackedView),
  };
}

function trackedView({ connection, direction }: FoundConnection): TrackedView {
  const { zone, original, reply, mark, labels } = connection;
  return {
    zone,
    direction,
    original: tupleText(original),
    reply: tupleText(reply),
    mark,
    labels: `0x${Buffer.from(labels)
      .toString('hex')
      .replace(/^0+(?=.)/, '')}`,
  };
}

const PROTOCOLS: ReadonlyMap<number, string> = new Map([
  [1, 'icmp'],
  [6, 'tcp'],
  [17, 'udp'],
  [58, 'icmpv6'],
  [132, 'sctp'],
]);

/** Such as `tcp 10.0.0.1:4000 > 10.0.0.2:80`. */
function tupleText({ protocol, src, dst, srcPort, dstPort }: ConnectionTuple): string {
  const name = PROTOCOLS.get(protocol) ?? `protocol ${protocol}`;
  return `${name} ${address(src)}:${srcPort} > ${address(dst)}:${dstPort}`;
}

function address(bytes: Uint8Array): string {
  const isIpv4 = bytes.length === 4;
  const field = isIpv4 ? 'ipv4_src' : 'ipv6_src';
  const text = fieldText(field, bytes, exactMask(field));
  return isIpv4 ? text : `[${text}]`;
}
