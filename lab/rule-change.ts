import { ethernet, ipv4, MARKER, udp } from './testbed/frames.ts';
import type { LogLine, NorikaeDaemon } from './testbed/daemon.ts';
import { BRIDGE, type TestNode, type Vm } from './testbed/node.ts';
import { startSender } from './testbed/packets.ts';
import { sleep, waitFor } from './testbed/wait.ts';

const SRC = '02:88:00:00:00:01';
const DST = '02:88:00:00:00:02';
const MOVE_MS = 10_000;

/**
 * Alternates the rule of an offloaded flow between drop and its original action, and measures how
 * long its entry outlives each change: from the start of the `ovs-ofctl mod-flows` process to the
 * daemon's log line about the removal, ms.
 *
 * The daemon's policy must offload every active flow.
 */
export async function measureRuleChanges(
  node: TestNode,
  daemon: NorikaeDaemon,
  [sender, receiver]: readonly [Vm, Vm],
  changes: number,
): Promise<readonly number[]> {
  const from = `in_port=${sender.number},dl_src=${SRC}`;
  await node.ovs.ofctl('add-flow', BRIDGE, `priority=9,${from},actions=output:${receiver.number}`);
  const sending = { packetsPerSecond: 300, rounds: 0 };
  const stream = await startSender(sender.namespace, frames(), sending, node.ovs.runDir);
  const watch = new FilterWatch();
  const off = daemon.onLog((line) => watch.note(line));
  try {
    const id = (
      await daemon.waitForFlow(
        'the flow is offloaded',
        (flow) => flow.match.includes(SRC) && flow.placement === 'offload',
        MOVE_MS,
      )
    ).id;
    const times: number[] = [];
    for (let i = 0; i < changes; i++) {
      await waitFor('its filter', () => watch.placed(id), { timeoutMs: MOVE_MS, everyMs: 20 });
      // The changes must not be in phase with the daemon's ticks.
      await sleep(400 + ((i * 137) % 500));
      const actions = i % 2 === 0 ? 'drop' : `output:${receiver.number}`;
      watch.forget(id);
      const startedMs = Date.now();
      await node.ovs.ofctl('mod-flows', BRIDGE, `${from},actions=${actions}`);
      const gone = () => watch.goneAt(id);
      times.push(
        (await waitFor('it is gone', gone, { timeoutMs: MOVE_MS, everyMs: 2 })) - startedMs,
      );
    }
    return times;
  } finally {
    off();
    await stream.stop();
    await node.ovs.ofctl('--strict', 'del-flows', BRIDGE, `priority=9,${from}`);
  }
}

/** Entries according to the daemon's log. */
class FilterWatch {
  readonly #placed = new Set<string>();
  readonly #goneAt = new Map<string, number>();

  note({ msg, flow, placement, atWallMs }: LogLine): void {
    if (msg !== 'placed' || typeof flow !== 'string' || typeof atWallMs !== 'number') return;
    if (placement === 'onload' || placement === 'gone') {
      this.#placed.delete(flow);
      if (!this.#goneAt.has(flow)) this.#goneAt.set(flow, atWallMs);
    } else {
      this.#placed.add(flow);
    }
  }

  placed(flow: string): true | undefined {
    return this.#placed.has(flow) ? true : undefined;
  }

  goneAt(flow: string): number | undefined {
    return this.#goneAt.get(flow);
  }

  forget(flow: string): void {
    this.#goneAt.delete(flow);
  }
}

function frames(): readonly Buffer[] {
  const ip = {
    src: Buffer.from([10, 88, 0, 1]),
    dst: Buffer.from([10, 88, 0, 2]),
    protocol: 17,
    ttl: 64,
    tos: 0,
  };
  return Array.from({ length: 8 }, (_, i) => {
    const number = Buffer.alloc(4);
    number.writeUInt32BE(i);
    const payload = ipv4(ip, i, udp(ip, 1_000, 2_000, Buffer.concat([MARKER, number])));
    return ethernet({ src: SRC, dst: DST, etherType: 0x0800, payload });
  });
}
