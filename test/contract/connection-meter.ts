import assert from 'node:assert/strict';
import type { PacketHeaders } from '../../engine/model/connection.ts';
import { formatFlowId } from '../../engine/model/flow-id.ts';
import type { PortSnapshot } from '../../engine/model/port.ts';
import type { ConnectionMeter, MeterReading } from '../../engine/ports/connection-meter.ts';
import { eventually } from '../support/eventually.ts';
import { aborted, never } from './collect.ts';
import { frameOf, PLAIN, type SentConnection, valuesOf, VARIANTS } from './metered-frames.ts';
import {
  arrivedIn,
  endpointOf,
  GENEVE,
  type SentTunnel,
  tunnelHeader,
  tunnelledFrame,
  VXLAN,
} from './tunnelled-frames.ts';

/** A node with ports, packets that enter by them, and a meter. */
export interface ConnectionMeterFixture {
  /** Follows {@link ports}, and has counted nothing. */
  readonly meter: ConnectionMeter;
  /** Two ports that the meter can count on. */
  readonly inPort: string;
  readonly otherPort: string;
  readonly ports: () => PortSnapshot;
  /** Makes frames enter the vSwitch by a port; resolves once they have. */
  readonly send: (port: string, frames: readonly Buffer[]) => Promise<void>;
  /** Removes a port from the node without notifying the meter. */
  readonly removePort: (name: string) => Promise<void>;
  /** Recreates a removed port, with its old ifindex and another uuid. */
  readonly recreatePort: (name: string) => Promise<void>;
  /** Ends the daemon without closing its meter; resolves to the meter of the next one. */
  readonly restart: () => Promise<ConnectionMeter>;
  readonly close: () => Promise<void>;
}

/** What is asked of a fixture. */
export interface ConnectionMeterNeeds {
  readonly connections: number;
  readonly forgetAfterMs: number;
  readonly sampling: number;
}

/** A connection as a meter reports it. */
export interface Metered {
  readonly packets: number;
  readonly bytes: number;
  readonly ageMs: number;
  readonly idleMs: number;
  readonly headers: PacketHeaders;
}

/** The connections of a reading, by id; fails if one is reported twice. */
export async function readMeter(
  meter: ConnectionMeter,
): Promise<{ readonly all: ReadonlyMap<string, Metered>; readonly reading: MeterReading }> {
  const all = new Map<string, Metered>();
  const metered: Parameters<ConnectionMeter['read']>[0]['metered'] = (...reported) => {
    const [w0, w1, w2, w3, packets, bytes, ageMs, idleMs, headers] = reported;
    const id = formatFlowId({ w0, w1, w2, w3 });
    assert(!all.has(id), `${id} is reported twice`);
    all.set(id, { packets, bytes, ageMs, idleMs, headers: headers() });
  };
  const reading = await meter.read({ metered }, never());
  assert.equal(reading.connections, all.size);
  return { all, reading };
}

const USUAL: ConnectionMeterNeeds = { connections: 4096, forgetAfterMs: 60_000, sampling: 1 };
const FRAGMENT = 0x2000;

/** The contract of {@link ConnectionMeter}. */
export function describeConnectionMeter(
  name: string,
  makeFixture: (needs: ConnectionMeterNeeds) => Promise<ConnectionMeterFixture>,
): void {
  const withMeter = (
    test: (fixture: ConnectionMeterFixture) => Promise<void>,
    needs: Partial<ConnectionMeterNeeds> = {},
  ) =>
    async function () {
      const fixture = await makeFixture({ ...USUAL, ...needs });
      try {
        await test(fixture);
      } finally {
        await fixture.close();
      }
    };
  const frames = (connection: SentConnection, count: number): Buffer[] =>
    Array.from({ length: count }, () => frameOf(connection));
  const only = async (meter: ConnectionMeter): Promise<Metered> => {
    const [first, ...others] = (await readMeter(meter)).all.values();
    assert.deepEqual(others, []);
    return first;
  };
  const idsOf = async (meter: ConnectionMeter): Promise<readonly string[]> =>
    [...(await readMeter(meter)).all.keys()].sort();

  describe(`${name}: contract of a connection meter`, function () {
    this.timeout(20_000);

    it(
      'counts on the ports that it names, and reports nothing at first',
      withMeter(async ({ meter, inPort, otherPort }) => {
        assert.deepEqual(meter.ports(), new Set([inPort, otherPort]));
        const { all, reading } = await readMeter(meter);
        assert.equal(all.size, 0);
        assert.deepEqual(reading, { connections: 0, forgotten: 0, sampling: 1 });
      }),
    );

    it(
      'counts packets and bytes of each kind of connection, with the headers of the first packet',
      withMeter(async ({ meter, inPort, send }) => {
        const sent = VARIANTS.map((connection, n) => [
          frameOf(connection),
          ...frames({ ...connection, ttl: 9, tos: 4 }, n),
        ]);
        await send(inPort, sent.flat());
        const { all } = await readMeter(meter);
        const byPackets = [...all.values()].sort((a, b) => a.packets - b.packets);
        assert.equal(byPackets.length, VARIANTS.length);
        for (const [n, { packets, bytes, idleMs, headers }] of byPackets.entries()) {
          assert.equal(packets, n + 1);
          assert.equal(bytes, packets * sent[n][0].length);
          assert(idleMs >= 0 && idleMs < 20_000, `idle for ${idleMs} ms`);
          assert.deepEqual(headers, { inPort, values: valuesOf(VARIANTS[n]) });
        }
      }),
    );

    it(
      'counts each connection apart: by port, tag, protocol, address and port number',
      withMeter(async ({ meter, inPort, otherPort, send }) => {
        const each: readonly SentConnection[] = [
          ...VARIANTS,
          { ...PLAIN, srcPort: PLAIN.dstPort, dstPort: PLAIN.srcPort },
          { ...PLAIN, srcPort: PLAIN.srcPort + 1 },
          { ...PLAIN, dstPort: PLAIN.dstPort + 1 },
          { ...PLAIN, src: PLAIN.dst, dst: PLAIN.src },
          { ...PLAIN, tag: { tpid: 0x8100, vid: 0, pcp: 0 } },
        ];
        await send(
          inPort,
          each.flatMap((connection, n) => frames(connection, n + 1)),
        );
        await send(otherPort, frames(PLAIN, 100));
        const { all } = await readMeter(meter);
        const counts = Array.from(all.values(), ({ packets }) => packets).sort((a, b) => a - b);
        assert.deepEqual(counts, [...each.map((_, n) => n + 1), 100]);
      }),
    );

    it(
      'takes packets with other MAC addresses, TOS or TTL for the same connection',
      withMeter(async ({ meter, inPort, send }) => {
        const other = { ...PLAIN, ethSrc: '02:00:00:00:00:77', tos: 8, ttl: 3 };
        await send(inPort, [frameOf(PLAIN), frameOf(other)]);
        assert.equal((await only(meter)).packets, 2);
      }),
    );

    it(
      'counts neither fragments nor other protocols',
      withMeter(async ({ meter, inPort, send }) => {
        await send(inPort, [
          frameOf(PLAIN, { fragment: FRAGMENT }),
          frameOf(PLAIN, { fragment: 10 }),
          frameOf({ ...PLAIN, protocol: 1 }),
          frameOf({ ...PLAIN, protocol: 132 }),
          frameOf(PLAIN),
        ]);
        assert.equal((await only(meter)).packets, 1);
      }),
    );

    it(
      'reports cumulative counts, and the times since the first packet and the last',
      withMeter(async ({ meter, inPort, send }) => {
        await send(inPort, frames(PLAIN, 2));
        const first = await only(meter);
        const between = await only(meter);
        assert.equal(between.packets, 2);
        assert(between.idleMs >= first.idleMs && between.ageMs >= first.ageMs);
        await send(inPort, frames(PLAIN, 3));
        const last = await only(meter);
        assert.equal(last.packets, 5);
        assert.equal(last.bytes, 5 * frameOf(PLAIN).length);
        assert(last.ageMs >= between.ageMs, 'the first packet is the same');
        assert(last.idleMs < last.ageMs, `${last.idleMs} ms since the last packet`);
      }),
    );

    it(
      'gives a connection the same id after a restart, and keeps what it has counted',
      withMeter(async ({ meter, inPort, otherPort, send, restart }) => {
        await send(inPort, frames(PLAIN, 2));
        await send(otherPort, frames(PLAIN, 1));
        const ids = await idsOf(meter);
        assert.equal(ids.length, 2);
        const next = await restart();
        assert.deepEqual(next.ports(), new Set([inPort, otherPort]));
        await send(inPort, frames(PLAIN, 3));
        const { all, reading } = await readMeter(next);
        assert.deepEqual([...all.keys()].sort(), ids);
        const counts = Array.from(all.values(), ({ packets }) => packets).sort((a, b) => a - b);
        assert.deepEqual(counts, [1, 5]);
        assert.equal(reading.forgotten, 0);
      }),
    );

    it(
      'reports nothing of a port that is gone',
      withMeter(async ({ meter, inPort, otherPort, ports, send, removePort }) => {
        await send(inPort, frames(PLAIN, 1));
        await send(otherPort, frames(PLAIN, 2));
        await removePort(inPort);
        await meter.portsChanged(ports());
        assert.deepEqual(meter.ports(), new Set([otherPort]));
        assert.equal((await only(meter)).packets, 2);
      }),
    );

    it(
      'takes a port that was recreated for another one',
      withMeter(async ({ meter, inPort, ports, send, removePort, recreatePort }) => {
        await send(inPort, frames(PLAIN, 1));
        const before = await idsOf(meter);
        await removePort(inPort);
        await recreatePort(inPort);
        await meter.portsChanged(ports());
        await send(inPort, frames(PLAIN, 2));
        const { all, reading } = await readMeter(meter);
        assert.deepEqual(
          Array.from(all.values(), ({ packets }) => packets),
          [2],
        );
        assert(!before.some((id) => all.has(id)));
        assert.equal(reading.forgotten, 0, 'what ended with a port is not forgotten');
      }),
    );

    it(
      'forgets connections beyond its memory, and counts them',
      withMeter(
        async ({ meter, inPort, send }) => {
          const SENT = 2_000;
          const many = Array.from({ length: SENT }, (_, n) =>
            frameOf({ ...PLAIN, srcPort: 1_000 + n }),
          );
          await send(inPort, many);
          const { all, reading } = await readMeter(meter);
          assert(all.size > 0 && all.size <= 1_024, `${all.size} connections`);
          assert.equal(reading.forgotten, SENT - all.size);
          await send(inPort, frames({ ...PLAIN, srcPort: 60_000 }, 1));
          const then = await readMeter(meter);
          assert.equal(then.reading.forgotten, SENT + 1 - then.all.size);
        },
        { connections: 1_024 },
      ),
    );

    it(
      'forgets a connection some time after its last packet, and counts from zero afterwards',
      withMeter(
        async ({ meter, inPort, send }) => {
          await send(inPort, frames(PLAIN, 3));
          const [id] = await idsOf(meter);
          const isForgotten = async () => (await idsOf(meter)).length === 0;
          await eventually('the connection is forgotten', isForgotten);
          await send(inPort, frames(PLAIN, 2));
          const { all, reading } = await readMeter(meter);
          assert.deepEqual([...all.keys()], [id]);
          assert.equal(all.get(id)?.packets, 2);
          assert.equal(reading.forgotten, 0, 'not for lack of memory');
        },
        { forgetAfterMs: 2_000 },
      ),
    );

    it(
      'multiplies the counts of sampled packets',
      withMeter(
        async ({ meter, inPort, send }) => {
          const SENT = 4_000;
          await send(inPort, frames(PLAIN, SENT));
          const { all, reading } = await readMeter(meter);
          assert.equal(reading.sampling, 4);
          const [{ packets, bytes }] = all.values();
          assert.equal(bytes, packets * frameOf(PLAIN).length);
          // Whatever is random in it: more than ten standard deviations of independent samples.
          assert(Math.abs(packets - SENT) < 10 * 4 * Math.sqrt((SENT * 3) / 16), `${packets}`);
        },
        { sampling: 4 },
      ),
    );

    it(
      'counts what is in tunnels by the inner headers, with all bytes of the packets',
      withMeter(async ({ meter, inPort, send }) => {
        await meter.tunnelsChanged([GENEVE, VXLAN].map((tunnel) => endpointOf(inPort, tunnel)));
        for (const tunnel of [GENEVE, VXLAN]) {
          const sent = VARIANTS.map((connection, n) =>
            Array.from({ length: n + 1 }, () => tunnelledFrame(tunnel, frameOf(connection))),
          );
          await send(inPort, sent.flat());
        }
        const { all } = await readMeter(meter);
        assert.equal(all.size, 2 * VARIANTS.length);
        for (const { packets, bytes, headers } of all.values()) {
          const tunnel = headers.tunnel?.kind === 'vxlan' ? VXLAN : GENEVE;
          const connection = VARIANTS[packets - 1];
          assert.equal(bytes, packets * tunnelledFrame(tunnel, frameOf(connection)).length);
          const expected = { inPort, values: valuesOf(connection), tunnel: arrivedIn(tunnel) };
          assert.deepEqual(headers, expected);
        }
      }),
    );

    it(
      'tells tunnels apart by port, addresses, VNI and options, and their packets from others',
      withMeter(async ({ meter, inPort, otherPort, send, restart }) => {
        const endpoints = [inPort, otherPort].map((port) => endpointOf(port, GENEVE));
        await meter.tunnelsChanged(endpoints);
        const { outer } = GENEVE;
        const tunnels: readonly SentTunnel[] = [
          GENEVE,
          { ...GENEVE, vni: GENEVE.vni + 1 },
          { ...GENEVE, options: Buffer.from('0102800100010003', 'hex') },
          { ...GENEVE, options: Buffer.alloc(0) },
          { ...GENEVE, outer: { ...outer, src: Buffer.from([172, 16, 0, 3]) } },
        ];
        const inner = frameOf(PLAIN);
        await send(inPort, [
          ...tunnels.flatMap((tunnel, n) =>
            Array.from({ length: n + 1 }, () => tunnelledFrame(tunnel, inner)),
          ),
          ...Array.from({ length: 6 }, () => inner),
        ]);
        await send(
          otherPort,
          Array.from({ length: 7 }, () => tunnelledFrame(GENEVE, inner)),
        );
        const { all } = await readMeter(meter);
        const counts = Array.from(all.values(), ({ packets }) => packets).sort((a, b) => a - b);
        assert.deepEqual(counts, [1, 2, 3, 4, 5, 6, 7]);
        // Ids are the same in the next process, and so are the headers that they stand for.
        const next = await restart();
        await next.tunnelsChanged(endpoints);
        await send(inPort, [tunnelledFrame(GENEVE, inner)]);
        const then = (await readMeter(next)).all;
        assert.deepEqual([...then.keys()].sort(), [...all.keys()].sort());
        for (const [id, { headers }] of then) assert.deepEqual(headers, all.get(id)?.headers);
        assert.equal(Array.from(then.values()).filter(({ packets }) => packets === 2).length, 2);
      }),
    );

    it(
      'tells whether the outer headers have DF and a checksum',
      withMeter(async ({ meter, inPort, send }) => {
        await meter.tunnelsChanged([endpointOf(inPort, GENEVE)]);
        const withDf = tunnelledFrame(GENEVE, frameOf(PLAIN), undefined, { fragment: 0x4000 });
        // The UDP header's last two bytes.
        const unsummed = tunnelledFrame(GENEVE, frameOf(PLAIN)).fill(0, 40, 42);
        await send(inPort, [withDf, unsummed, unsummed]);
        const { all } = await readMeter(meter);
        const byPackets = [...all.values()].sort((a, b) => a.packets - b.packets);
        assert.deepEqual(
          byPackets.map(({ headers: { tunnel } }) => tunnel),
          [
            { ...arrivedIn(GENEVE), doNotFragment: true },
            { ...arrivedIn(GENEVE), hasChecksum: false },
          ],
        );
      }),
    );

    it(
      'takes packets of one tunnel with other source ports, TOS or TTL for the same connection',
      withMeter(async ({ meter, inPort, send }) => {
        await meter.tunnelsChanged([endpointOf(inPort, GENEVE)]);
        const outer = { ...GENEVE.outer, srcPort: 50_000, tos: 0, ttl: 1 };
        const inner = frameOf(PLAIN);
        await send(inPort, [
          tunnelledFrame(GENEVE, inner),
          tunnelledFrame({ ...GENEVE, outer }, inner),
        ]);
        const { packets, headers } = await only(meter);
        assert.equal(packets, 2);
        assert.deepEqual(headers.tunnel, arrivedIn(GENEVE));
      }),
    );

    it(
      'looks only into tunnels that the vSwitch ends',
      withMeter(async ({ meter, inPort, otherPort, send }) => {
        const outerOnly = async (): Promise<void> => {
          for (const { headers } of (await readMeter(meter)).all.values()) {
            assert.equal(headers.tunnel, undefined);
          }
        };
        const inner = frameOf(PLAIN);
        const { outer } = GENEVE;
        await meter.tunnelsChanged([endpointOf(inPort, GENEVE)]);
        await send(otherPort, [tunnelledFrame(GENEVE, inner)]);
        const elsewhere = { ...outer, dst: Buffer.from([172, 16, 0, 9]) };
        await send(inPort, [
          tunnelledFrame({ ...GENEVE, outer: { ...outer, dstPort: 6082 } }, inner),
          tunnelledFrame({ ...GENEVE, outer: elsewhere }, inner),
          tunnelledFrame({ ...GENEVE, outer: { ...outer, protocol: 6 } }, inner),
        ]);
        assert.equal((await readMeter(meter)).all.size, 4);
        await outerOnly();
        await meter.tunnelsChanged([]);
        await send(inPort, [tunnelledFrame(GENEVE, inner)]);
        assert.equal((await readMeter(meter)).all.size, 5);
        await outerOnly();
      }),
    );

    it(
      'counts neither what it cannot read in tunnels nor other protocols there',
      withMeter(async ({ meter, inPort, send }) => {
        await meter.tunnelsChanged([GENEVE, VXLAN].map((tunnel) => endpointOf(inPort, tunnel)));
        const inner = frameOf(PLAIN);
        const changed = (tunnel: SentTunnel, at: number, value: number): Buffer => {
          const header = tunnelHeader(tunnel);
          header[at] = value;
          return tunnelledFrame(tunnel, inner, header);
        };
        await send(inPort, [
          // Another version; control packets; an inner packet without Ethernet; options past the end.
          changed(GENEVE, 0, 0x42),
          changed(GENEVE, 1, 0x80),
          changed(GENEVE, 2, 0x08),
          changed(GENEVE, 0, 0x3f),
          tunnelledFrame({ ...GENEVE, options: Buffer.alloc(68) }, inner),
          // Without a VNI; with an extension.
          changed(VXLAN, 0, 0x00),
          changed(VXLAN, 0, 0x88),
          tunnelledFrame(GENEVE, inner, undefined, { fragment: FRAGMENT }),
          tunnelledFrame(GENEVE, inner, undefined, { options: Buffer.from('01010101', 'hex') }),
          tunnelledFrame(GENEVE, frameOf(PLAIN, { fragment: FRAGMENT })),
          tunnelledFrame(GENEVE, frameOf({ ...PLAIN, protocol: 1 })),
          tunnelledFrame(GENEVE, Buffer.alloc(0)),
          tunnelledFrame(GENEVE, inner),
        ]);
        assert.equal((await only(meter)).packets, 1);
      }),
    );

    it(
      'rejects when the caller gives up, and reads afterwards',
      withMeter(async ({ meter, inPort, send }) => {
        await send(inPort, frames(PLAIN, 1));
        const sink = { metered: () => assert.fail('reported to a caller that has given up') };
        await assert.rejects(meter.read(sink, aborted()), /gave up/);
        assert.equal((await only(meter)).packets, 1);
      }),
    );
  });
}
