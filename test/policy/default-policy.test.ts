import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { Placement, RequestedPlacement } from '../../engine/model/flow.ts';
import { FlowTable } from '../../engine/model/flow-table.ts';
import type { FieldMatch } from '../../engine/model/match.ts';
import { updateRates } from '../../telemetry/rates.ts';
import { contextOf, evaluatorOf, exactly, never } from './fixture.ts';
import { policyFile } from './policy-files.ts';

const TICK_MS = 250;
const IPV4 = 0x0800;

/** Packets of a flow by tick. */
type Series = readonly number[];

interface Traffic {
  readonly fields: readonly FieldMatch[];
  readonly packets: Series;
  /** Bytes per packet. */
  readonly size?: number;
}

/** A flow of a NORMAL bridge: MACs and ethertype. */
function bridged(ethType: number, dst = [2, 0, 0, 0, 0, 2]): readonly FieldMatch[] {
  return exactly({ eth_src: [2, 0, 0, 0, 0, 1], eth_dst: dst, eth_type: ethType });
}

/** A constant packet rate for a number of ticks. */
function steady(packetsPerSecond: number, ticks: number): Series {
  return Array.from({ length: ticks }, () => Math.round((packetsPerSecond * TICK_MS) / 1000));
}

/** One packet per second, like heartbeats. */
function heartbeat(ticks: number): Series {
  return Array.from({ length: ticks }, (_, i) => (i % 4 === 0 ? 1 : 0));
}

/**
 * The placement that the default policy requests in each tick. A background flow exists from the
 * start; the flow starts in the second tick and is placed as requested.
 */
async function requestsOver({ fields, packets, size = 1514 }: Traffic): Promise<number[]> {
  const evaluator = evaluatorOf(readFileSync(policyFile('default.json'), 'utf8'));
  const table = new FlowTable();
  const id = { w0: 1, w1: 2, w2: 3, w3: 4 };
  const requests: number[] = [];
  let total = 0;
  for (let tick = 0; tick <= packets.length; tick++) {
    const nowMs = 10_000 + tick * TICK_MS;
    table.begin(nowMs);
    if (tick > 0) {
      total += packets[tick - 1];
      const found = table.rowOf(id);
      const match = { inPort: 'vm1', fields, opaque: [] };
      const row = found >= 0 ? found : table.add(id, match, [{ kind: 'output', port: 'vm2' }]);
      table.observe(row, total, total * size, packets[tick - 1] > 0 ? 0 : TICK_MS);
    }
    table.end();
    updateRates(table, 1000);
    await evaluator.evaluate(table, contextOf({ nowMs }), never());
    const row = table.rowOf(id);
    if (row < 0) continue;
    const requested = table.decision.requested[row];
    requests.push(requested);
    const placement =
      requested === RequestedPlacement.offload ? Placement.offload : Placement.onload;
    if (requested !== RequestedPlacement.none && table.decision.placement[row] !== placement) {
      table.decision.placement[row] = placement;
      table.decision.placedSinceMs[row] = nowMs;
    }
  }
  return requests;
}

const OFFLOADED = 2;

describe('policies/default.json', () => {
  const elephants: readonly [string, number, number][] = [
    ['0.6 Gbit/s in frames of 1,514 bytes', 50_000, 1514],
    ['0.6 Gbit/s in segments of 64 KiB', 1_150, 65_226],
    ['3 Gbit/s in frames of 1,514 bytes', 250_000, 1514],
    ['the acknowledgements of 0.6 Gbit/s', 12_000, 66],
  ];
  for (const [name, packetsPerSecond, size] of elephants) {
    it(`offloads ${name} on a NORMAL bridge in its first or second tick, and keeps it offloaded`, async () => {
      const packets = steady(packetsPerSecond, 60);
      const requests = await requestsOver({ fields: bridged(IPV4), packets, size });
      assert.deepEqual(
        requests.slice(OFFLOADED - 1),
        Array.from({ length: 59 }, () => RequestedPlacement.offload),
      );
    });
  }

  it('offloads IPv6, 5-tuple flows and flows whose MACs are wildcards', async () => {
    const packets = steady(5000, 4);
    const fiveTuple = exactly({
      eth_type: IPV4,
      ipv4_src: [10, 0, 0, 1],
      ipv4_dst: [10, 0, 0, 2],
      ip_proto: 6,
      tcp_src: 40000,
      tcp_dst: 80,
    });
    for (const fields of [bridged(0x86dd), fiveTuple, exactly({ eth_type: IPV4 })]) {
      assert.equal(
        (await requestsOver({ fields, packets }))[OFFLOADED - 1],
        RequestedPlacement.offload,
      );
    }
  });

  const silences: readonly [string, Series][] = [
    ['nothing', steady(0, 30)],
    ['but heartbeats', heartbeat(30)],
  ];
  for (const [name, silence] of silences) {
    it(`onloads a flow that has sent ${name} for five seconds`, async () => {
      const packets = [...steady(250_000, 20), ...silence];
      const requests = await requestsOver({ fields: bridged(IPV4), packets });
      const onload = requests.indexOf(RequestedPlacement.onload);
      const silentMs = (onload - 19) * TICK_MS;
      assert(silentMs >= 5000 && silentMs <= 5250, `${silentMs} ms`);
      assert(
        !requests.slice(onload + 1).includes(RequestedPlacement.offload),
        'it stays on the vSwitch',
      );
    });
  }

  it('does not move a flow that pauses for a second', async () => {
    const burst = steady(20_000, 4);
    const packets = [...burst, ...steady(0, 4), ...burst, ...heartbeat(6), ...burst];
    const requests = await requestsOver({ fields: bridged(IPV4), packets });
    assert.equal(requests.indexOf(RequestedPlacement.onload), -1);
  });

  const declined: readonly [string, readonly FieldMatch[]][] = [
    ['broadcast', bridged(IPV4, [255, 255, 255, 255, 255, 255])],
    ['multicast', bridged(IPV4, [1, 0, 0x5e, 0, 0, 1])],
    ['ARP', bridged(0x0806)],
    ['LLDP', bridged(0x88cc)],
    ['what has no ethertype', exactly({ eth_dst: [2, 0, 0, 0, 0, 2] })],
  ];
  for (const [name, fields] of declined) {
    it(`does not offload ${name}, however busy`, async () => {
      const requests = await requestsOver({ fields, packets: steady(10_000, 20) });
      assert.deepEqual([...new Set(requests)], [RequestedPlacement.none]);
    });
  }
});
