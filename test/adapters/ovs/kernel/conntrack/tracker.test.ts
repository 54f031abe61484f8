import assert from 'node:assert/strict';
import { ConnectionsUnsettled } from '../../../../../adapters/ovs/kernel/conntrack/errors.ts';
import { kernelSequenceChecks } from '../../../../../adapters/ovs/kernel/conntrack/settings.ts';
import { KernelConnectionTracker } from '../../../../../adapters/ovs/kernel/conntrack/tracker.ts';
import { TooManyConnections } from '../../../../../adapters/ovs/conntrack/errors.ts';
import type { ConnectionTuple } from '../../../../../engine/model/connection.ts';
import { CONNTRACK_MESSAGE, TCP_ESTABLISHED } from '../../../../../protocols/netlink/conntrack.ts';
import { never } from '../../../../contract/collect.ts';
import { eventually } from '../../../../support/eventually.ts';
import {
  type Datagram,
  done,
  FakeSocket,
} from '../../../../protocols/netlink/support/fake-socket.ts';
import { connectionMessage, REPLIED, type SentConnection } from './connection-messages.ts';

const ZONE = 5;

function tupleOf(client: number, isReply = false): ConnectionTuple {
  const ends = [
    { address: Uint8Array.of(10, 0, 0, client), port: 4_000 },
    { address: Uint8Array.of(10, 0, 1, 1), port: 80 },
  ];
  const [from, to] = isReply ? ends.toReversed() : ends;
  return {
    ipVersion: 4,
    protocol: 6,
    src: from.address,
    dst: to.address,
    srcPort: from.port,
    dstPort: to.port,
  };
}

function connection(client: number, zone = ZONE): SentConnection {
  return {
    zone,
    original: tupleOf(client),
    reply: tupleOf(client, true),
    mark: 0,
    labels: Buffer.alloc(16),
    timeout: 100,
    status: REPLIED,
    tcpState: TCP_ESTABLISHED,
    hasHelper: false,
  };
}

/** A kernel with connections, and a tracker of them. */
class FakeConntrack {
  connections: SentConnection[] = [];
  readonly settings = new Map([['nf_conntrack_count', '2\n']]);
  readonly notifications: Datagram[] = [];
  /** Called while a dump is read. */
  duringDump: () => void = () => undefined;
  announced = 0;
  readonly tracker: KernelConnectionTracker;

  constructor(usesZone?: (zone: number) => boolean) {
    let sockets = 0;
    const open = (): FakeSocket => {
      sockets++;
      return sockets === 1
        ? new FakeSocket((requests) => this.#dump(requests[0].sequence))
        : this.#listening();
    };
    this.tracker = new KernelConnectionTracker({
      timeoutMs: 1_000,
      open,
      maxConnections: 1_000,
      setting: (name) => Promise.resolve(this.settings.get(name)),
      ...(usesZone === undefined ? {} : { usesZone }),
    });
    this.tracker.onChange(() => this.announced++);
  }

  destroy(one: SentConnection): void {
    this.notifications.push(connectionMessage(one, { type: CONNTRACK_MESSAGE.delete, flags: 0 }));
  }

  #dump(sequence: number): Datagram[] {
    const messages = this.connections.map((one) => connectionMessage(one, { sequence }));
    this.duringDump();
    return [Buffer.concat(messages), done(sequence)];
  }

  #listening(): FakeSocket {
    const socket = new FakeSocket(() => []);
    socket.receive = () => this.notifications.shift();
    return socket;
  }
}

describe('the tracker of connections in the kernel', () => {
  let fake: FakeConntrack;
  beforeEach(() => {
    fake = new FakeConntrack();
    fake.connections = [connection(1), connection(2)];
  });
  afterEach(() => fake.tracker.close());

  const isKnown = (client: number): boolean =>
    fake.tracker.find(ZONE, tupleOf(client)) !== undefined;

  it('reads all connections at each refresh', async () => {
    const cost = await fake.tracker.refresh(never());
    assert.deepEqual(cost, { sourceMs: 0, connections: 2, skipped: 0, firstSkipped: undefined });
    assert.equal(fake.tracker.find(ZONE, tupleOf(1, true))?.direction, 'reply');
    fake.connections = [{ ...connection(2), tcpState: TCP_ESTABLISHED + 1 }];
    await fake.tracker.refresh(never());
    assert.ok(!isKnown(1));
    assert.equal(fake.tracker.find(ZONE, tupleOf(2))?.connection.isEstablished, false);
  });

  it('forgets connections that the kernel destroys, and announces those that change together once', async () => {
    await fake.tracker.refresh(never());
    fake.destroy(connection(1));
    fake.destroy(connection(2));
    fake.destroy(connection(3));
    await eventually('the announcement', () => fake.announced > 0, 1_000);
    assert.ok(!isKnown(1) && !isKnown(2));
    assert.equal(fake.announced, 1);
  });

  it('forgets a connection whose mark changes, until the next refresh', async () => {
    await fake.tracker.refresh(never());
    const marked = { ...connection(1), mark: 7 };
    fake.notifications.push(connectionMessage(marked, { flags: 0 }));
    await eventually('the announcement', () => fake.announced === 1, 1_000);
    assert.ok(!isKnown(1) && isKnown(2));
    fake.connections = [marked];
    await fake.tracker.refresh(never());
    assert.equal(fake.tracker.find(ZONE, tupleOf(1))?.connection.mark, 7);
  });

  it('forgets all when notifications are lost', async () => {
    await fake.tracker.refresh(never());
    fake.notifications.push('overrun');
    await eventually('the announcement', () => fake.announced === 1, 1_000);
    assert.ok(!isKnown(1) && !isKnown(2));
  });

  it('does not bring back a connection that is destroyed while it reads', async () => {
    fake.duringDump = () => fake.destroy(connection(2));
    const { connections } = await fake.tracker.refresh(never());
    assert.equal(connections, 1);
    assert.ok(isKnown(1) && !isKnown(2));
  });

  it('reads again when notifications are lost meanwhile, a few times', async () => {
    let losses = 1;
    fake.duringDump = () => {
      if (losses-- > 0) fake.notifications.push('overrun');
    };
    assert.equal((await fake.tracker.refresh(never())).connections, 2);
    losses = 100;
    await assert.rejects(fake.tracker.refresh(never()), ConnectionsUnsettled);
  });

  it('keeps connections of other zones out', async () => {
    const picky = new FakeConntrack((zone) => zone === ZONE);
    picky.connections = [connection(1), connection(2, ZONE + 1)];
    assert.equal((await picky.tracker.refresh(never())).connections, 1);
    await picky.tracker.close();
  });

  it('does not read more connections than allowed', async () => {
    fake.settings.set('nf_conntrack_count', '1001\n');
    await assert.rejects(fake.tracker.refresh(never()), TooManyConnections);
  });

  it('says whether sequence numbers are checked', async () => {
    assert.equal(await fake.tracker.sequenceChecks(), 'unknown');
    fake.settings.set('nf_conntrack_tcp_be_liberal', '0\n');
    assert.equal(await fake.tracker.sequenceChecks(), 'on');
    fake.settings.set('nf_conntrack_tcp_be_liberal', '1\n');
    assert.equal(await fake.tracker.sequenceChecks(), 'off');
    assert.equal(kernelSequenceChecks('yes'), 'unknown');
  });
});
