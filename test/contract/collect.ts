import { formatFlowId } from '../../engine/model/flow-id.ts';
import type { FlowSpec } from '../../engine/model/flow.ts';
import type { OffloadBackend } from '../../engine/ports/offload-backend.ts';

/** A signal that is never aborted. */
export function never(): AbortSignal {
  return new AbortController().signal;
}

/** An aborted signal. */
export function aborted(): AbortSignal {
  return AbortSignal.abort(new Error('the caller gave up'));
}

/** A flow's id as text. */
export function idText(flow: FlowSpec): string {
  return formatFlowId(flow.id);
}

/** Ids of the installed entries of a backend, sorted. */
export async function installed(backend: OffloadBackend): Promise<string[]> {
  const ids: string[] = [];
  await backend.entries({ entry: (id) => ids.push(formatFlowId(id)) }, never());
  return ids.sort();
}

/** Traffic of one flow as reported by a backend. */
export interface Carried {
  readonly packets: number;
  readonly bytes: number;
  /** As last reported. */
  readonly idleMs: number;
  /** Number of reports of the flow. */
  readonly reports: number;
}

/** Traffic that a backend reports since the last call, by flow id. */
export async function carried(backend: OffloadBackend): Promise<Map<string, Carried>> {
  const sums = new Map<string, Carried>();
  await backend.counters(
    {
      carried(w0, w1, w2, w3, packets, bytes, idleMs) {
        const id = formatFlowId({ w0, w1, w2, w3 });
        const before = sums.get(id) ?? { packets: 0, bytes: 0, reports: 0 };
        sums.set(id, {
          packets: before.packets + packets,
          bytes: before.bytes + bytes,
          idleMs,
          reports: before.reports + 1,
        });
      },
    },
    never(),
  );
  return sums;
}
