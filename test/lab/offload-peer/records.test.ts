import assert from 'node:assert/strict';
import { recordsOf } from '../../../lab/offload-peer/records.ts';

describe('the flow records of a scene of the offload peer', () => {
  it('are one for each time with one rate, in the order of their starts', () => {
    const flow = {
      udpPort: 7,
      frameBytes: 100,
      offset: 0.5,
      steps: [
        { atMs: 0, packetsPerSecond: 2 },
        { atMs: 1_500, packetsPerSecond: 10 },
        // Less than half a packet.
        { atMs: 2_000, packetsPerSecond: 0.1 },
      ],
    };
    const ended = [
      { atMs: 500, packetsPerSecond: 4 },
      { atMs: 9_000, packetsPerSecond: 0 },
    ];
    const probe = { udpPort: 8, frameBytes: 60, offset: 0, steps: ended };
    assert.equal(
      recordsOf({ durationMs: 3_000, entries: 1, flows: [flow], probes: [probe] }),
      [
        'start_s,duration_s,bytes,packets,src,dst,proto,sport,dport',
        '0,1.5,300,3,10.9.0.1,10.9.0.2,17,9,7',
        '0.5,2.5,600,10,10.9.0.1,10.9.0.2,17,9,8',
        '1.5,0.5,500,5,10.9.0.1,10.9.0.2,17,9,7',
        '',
      ].join('\n'),
    );
  });
});
