import { formatFlowId } from '../../engine/model/flow-id.ts';
import type { FlowSpec } from '../../engine/model/flow.ts';
import type { OffloadBackend } from '../../engine/ports/offload-backend.ts';

/** A signal that nobody aborts. */
export function never(): AbortSignal {
  return new AbortController().signal;
}

/** A signal that has been aborted already. */
export function aborted(): AbortSignal {
  return AbortSignal.abort(new Error('the caller gave up'));
}

/** A flow's id as text. */
export function idText(flow: FlowSpec): string {
  return formatFlowId(flow.id);
}

/** Ids of what a backend has installed, sorted. */
export async function installed(backend: OffloadBackend): Promise<string[]> {
  const ids: string[] = [];
  await backend.entries({ entry: (id) => ids.push(formatFlowId(id)) }, never());
  return ids.sort();
}

/** What a backend says it carried of one flow. */
export interface Carried {
  readonly packets: number;
  readonly bytes: number;
  /** As it was told last. */
  readonly idleMs: number;
  /** Times that the flow was told. */
  readonly told: number;
}

/** What a backend carried since it was last asked, by flow id. */
export async function carried(backend: OffloadBackend): Promise<Map<string, Carried>> {
  const sums = new Map<string, Carried>();
  await backend.counters(
    {
      carried(w0, w1, w2, w3, packets, bytes, idleMs) {
        const id = formatFlowId({ w0, w1, w2, w3 });
        const before = sums.get(id) ?? { packets: 0, bytes: 0, told: 0 };
        sums.set(id, {
          packets: before.packets + packets,
          bytes: before.bytes + bytes,
          idleMs,
          told: before.told + 1,
        });
      },
    },
    never(),
  );
  return sums;
}
