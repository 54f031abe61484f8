import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, get, type IncomingMessage } from 'node:http';
import { type AddressInfo, isIPv4 } from 'node:net';
import { FlowTable } from '../../../engine/model/flow-table.ts';
import { type RecordedTick, RecordingStreams } from '../../../server/control/recording-streams.ts';
import { eventually } from '../../support/eventually.ts';
import { read } from '../../support/flows.ts';
import { recordingLog } from '../../support/quiet-log.ts';

/** Ticks of a flow table, published to listeners. */
class Ticks {
  readonly table = new FlowTable();
  readonly listeners = new Set<(report: RecordedTick) => void>();
  #sequence = 0;

  onTick(listener: (report: RecordedTick) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  publish(): void {
    const { table } = this;
    const sequence = ++this.#sequence;
    const atMs = sequence * 250;
    read(table, atMs, [{ n: 1, packets: sequence, bytes: sequence * 100 }]);
    const node = { hostCpu: undefined, portLoad: new Map() };
    const fresh = { sources: [], flowsFresh: true, fresh: true };
    const tick = { sequence, atMs, table, node, ports: new Map(), ...fresh };
    for (const listener of this.listeners) listener({ tick, plans: [] });
  }
}

describe('a recording stream', () => {
  it('leaves no columns at the flow table when its reader disconnects', async () => {
    const ticks = new Ticks();
    const source = { reports: ticks, version: '0.1.0', periodMs: () => 250 };
    const streams = new RecordingStreams(source, recordingLog().log);
    const server = createServer((_request, response) => streams.open(response));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      const request = get(`http://127.0.0.1:${portOf(server.address())}/`);
      const [response]: IncomingMessage[] = await once(request, 'response');
      ticks.publish();
      ticks.publish();
      await once(response, 'data');
      assert.equal(ticks.table.sideTables.size, 1);
      request.destroy();
      await eventually('the recording has ended', () => ticks.listeners.size === 0);
      assert.equal(ticks.table.sideTables.size, 0);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });
});

function portOf(address: string | AddressInfo | null): number {
  assert.ok(address !== null && typeof address !== 'string' && isIPv4(address.address));
  return address.port;
}
