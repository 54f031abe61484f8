import assert from 'node:assert/strict';
import { ConnectionCounts } from '../../engine/connections/connection-counts.ts';
import type { ConnectionRow } from '../../engine/connections/connection-rows.ts';
import type { Resolution } from '../../engine/connections/resolver.ts';
import { formatFlowId } from '../../engine/model/flow-id.ts';
import { FlowTable } from '../../engine/model/flow-table.ts';
import { coloursOf } from '../../platform/terminal.ts';
import { connectionsView, connectionView } from '../../views/connection-view.ts';
import { whyReport } from '../../views/why-report.ts';
import { flowOf, whyOf } from '../support/fake-view.ts';
import { flowId, outputTo, read } from '../support/flows.ts';

const ORIGINAL = {
  ipVersion: 4,
  protocol: 6,
  src: Uint8Array.of(10, 0, 0, 1),
  dst: Uint8Array.of(10, 0, 0, 2),
  srcPort: 4000,
  dstPort: 80,
} as const;

const REPLY = {
  ...ORIGINAL,
  src: Uint8Array.of(10, 0, 0, 9),
  dst: ORIGINAL.src,
  srcPort: 8080,
  dstPort: 4000,
};

function rowWith(resolution: Partial<Resolution>): ConnectionRow {
  return {
    id: flowId(7),
    headers: { inPort: 'vm1', values: {} },
    entryRow: 0,
    entryGeneration: 1,
    meteredIn: 1,
    resolution: {
      match: { inPort: 'vm1', fields: [], opaque: [] },
      actions: outputTo('vm2'),
      chain: [flowId(1), flowId(2)],
      tracked: [],
      refusal: undefined,
      ...resolution,
    },
  };
}

describe('the connections of a node', () => {
  it('have the ports that the meter cannot count on', () => {
    const uncountedPorts = [{ name: 'vm1', why: 'its device is gone' }];
    const metered = { connections: 2, forgotten: 0, sampling: 1 };
    const counts = new ConnectionCounts();
    counts.add('resolved', 8);
    counts.publish();
    const states = [{ state: 'resolved', connections: 1, bitsPerSecond: 8 }];
    const expected = { states, meter: metered, uncountedPorts };
    assert.deepEqual(connectionsView({ counts, metered, uncountedPorts }), expected);
    assert.equal(connectionsView(undefined), null);
  });
});

describe('how a connection was resolved', () => {
  it('names the megaflows in order, and the entries of conntrack', () => {
    const table = new FlowTable();
    read(table, 0, [{ n: 1 }]);
    const labels = new Uint8Array(16);
    labels[15] = 0x2a;
    const connection = {
      zone: 6,
      original: ORIGINAL,
      reply: REPLY,
      isEstablished: true,
      mark: 2,
      labels,
    };
    const view = connectionView(table, rowWith({ tracked: [{ connection, direction: 'reply' }] }));
    assert.deepEqual(view, {
      refusal: null,
      chain: [
        { id: formatFlowId(flowId(1)), match: 'in_port=vm1', actions: 'output vm2' },
        { id: formatFlowId(flowId(2)), match: '', actions: '' },
      ],
      tracked: [
        {
          zone: 6,
          direction: 'reply',
          original: 'tcp 10.0.0.1:4000 > 10.0.0.2:80',
          reply: 'tcp 10.0.0.9:8080 > 10.0.0.1:4000',
          mark: 2,
          labels: '0x2a',
        },
      ],
    });
    const report = whyReport(whyOf(flowOf(), { connection: view }), coloursOf(false)).join('\n');
    assert.match(report, /^connection: it can have an entry$/m);
    assert.match(report, /^ {2}1\. feed0000-\S+ in_port=vm1 -> output vm2$/m);
    assert.match(
      report,
      /^ {2}conntrack zone 6: tcp 10\.0\.0\.1:4000 .*its reply direction; mark 0x2/m,
    );
  });

  it('says why a connection can have no entry', () => {
    const refusal = { code: 'not-established', detail: 'no reply was seen' } as const;
    const view = connectionView(new FlowTable(), rowWith({ refusal }));
    const report = whyReport(whyOf(flowOf(), { connection: view }), coloursOf(false)).join('\n');
    assert.match(report, /^connection: not-established: no reply was seen$/m);
  });
});
