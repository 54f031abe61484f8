import type {
  FlowMonitorRequest,
  FlowUpdate,
} from '../../protocols/openflow/codec/flow-monitor.ts';
import { MonitorFlag, Port, Table } from '../../protocols/openflow/codec/ids.ts';
import type { Message } from '../../protocols/openflow/codec/messages.ts';

/** Subscribes to all future changes in every table. */
export function watchEverything(content: 'with actions' | 'without actions'): FlowMonitorRequest {
  const changes = MonitorFlag.add | MonitorFlag.delete | MonitorFlag.modify;
  const flags = content === 'with actions' ? changes | MonitorFlag.actions : changes;
  const match = { kind: 'oxm', fields: [] } as const;
  const everything = { id: 1, flags, outPort: Port.any, tableId: Table.all, match };
  return { kind: 'flow-monitor', monitors: [everything] };
}

/** A change by another controller. */
export type ForeignUpdate = Exclude<FlowUpdate, { kind: 'own' }>;

/** The changes of other controllers in a message; empty for other messages. */
export function foreignUpdates(
  message: Message,
  isOurs: (cookie: bigint) => boolean,
): readonly ForeignUpdate[] {
  if (message.type !== 'multipart-reply' || message.body.kind !== 'flow-monitor') return [];
  return message.body.updates.flatMap((update) =>
    update.kind === 'own' || isOurs(update.cookie) ? [] : [update],
  );
}
