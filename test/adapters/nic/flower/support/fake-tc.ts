import { constants } from 'node:os';
import { EXTACK } from '../../../../../protocols/netlink/acknowledgement.ts';
import { attributesIn, encodeAttribute } from '../../../../../protocols/netlink/attributes.ts';
import {
  CONTROL_TYPE,
  decodeMessages,
  encodeMessage,
  FLAG,
  type NetlinkMessage,
} from '../../../../../protocols/netlink/message.ts';
import type { NetlinkTransport } from '../../../../../protocols/netlink/socket.ts';
import { encodeStruct, StructReader } from '../../../../../protocols/netlink/structs.ts';
import { AttributeReader, attributesOf } from '../../../../../protocols/netlink/tables.ts';
import { FLOWER } from '../../../../../protocols/netlink/tc/flower-table.ts';
import {
  ACT,
  BASIC_STATS,
  FILTER_FLAGS,
  infoOf,
  priorityOf,
  protocolOf,
  QUEUE_STATS,
  STATS,
  TC,
  TCMSG,
} from '../../../../../protocols/netlink/tc/tables.ts';
import { PARENT } from '../../../../../protocols/netlink/tc/traffic-control.ts';

const RTM = {
  newQdisc: 36,
  deleteQdisc: 37,
  getQdisc: 38,
  newFilter: 44,
  deleteFilter: 45,
  getFilter: 46,
};
const QDISC_HANDLE = 0xffff0000;

/** A filter of the fake. */
export interface FakeFilter {
  readonly ifindex: number;
  readonly priority: number;
  readonly protocol: number;
  readonly handle: number;
  readonly kind: string;
  readonly options: Buffer;
  /** Whole packets of so many bytes without Ethernet headers, which have exceeded the rate. */
  packets: number;
  bytes: number;
}

/** A refusal: errno and the words of the driver. */
export interface FakeRefusal {
  readonly errno: number;
  readonly words: string;
}

/** tc of a kernel in memory: qdiscs and filters, one namespace for all sockets. */
export class FakeTc {
  /** Kind of the qdisc at ingress by ifindex. */
  readonly qdiscs = new Map<number, string>();
  readonly filters = new Map<string, FakeFilter>();
  /** Devices; requests for others are refused. */
  readonly devices = new Set<number>();
  /** Asked before a filter is added. */
  refuse: (filter: FakeFilter) => FakeRefusal | undefined = () => undefined;
  /** Whether rules with `skip_sw` get into hardware. */
  takesHardware = true;
  /** Answers are lost while this is true, though requests take effect. */
  isMute = false;
  /** Number of sent datagrams with requests. */
  writes = 0;

  /** Opens a socket. */
  readonly open = (): NetlinkTransport => {
    const queue: Buffer[] = [];
    return {
      join: () => undefined,
      write: (message) => {
        this.writes++;
        for (const request of decodeMessages(message)) {
          const answers = this.#answer(request);
          if (!this.isMute) queue.push(...answers);
        }
        return Promise.resolve();
      },
      read: () => Promise.resolve(queue.shift()),
      receive: () => queue.shift(),
      isInUse: false,
      close: () => queue.splice(0),
    };
  };

  /** Filters of a kind on a device. */
  of(ifindex: number, kind = 'flower'): readonly FakeFilter[] {
    return [...this.filters.values()].filter((f) => f.ifindex === ifindex && f.kind === kind);
  }

  /** A device goes away, with its qdisc and filters. */
  removeDevice(ifindex: number): void {
    this.devices.delete(ifindex);
    this.#removeWhere((filter) => filter.ifindex === ifindex);
    this.qdiscs.delete(ifindex);
  }

  #removeWhere(test: (filter: FakeFilter) => boolean): number {
    let count = 0;
    for (const [key, filter] of this.filters) {
      if (!test(filter)) continue;
      this.filters.delete(key);
      count++;
    }
    return count;
  }

  #answer(request: NetlinkMessage): readonly Buffer[] {
    const { type, sequence } = request;
    if (type === RTM.getQdisc) {
      const found = [...this.qdiscs].map(([ifindex, kind]) =>
        qdiscMessage(ifindex, kind, sequence),
      );
      return [...found, done(sequence)];
    }
    if (type === RTM.getFilter) return this.#dump(request);
    const { refusal, echo } = this.#change(request);
    return [...(echo === undefined ? [] : [echo]), acknowledgement(request, refusal)];
  }

  #change(request: NetlinkMessage): {
    readonly refusal?: FakeRefusal;
    readonly echo?: Buffer;
  } {
    const { errno } = constants;
    const header = new StructReader('tcmsg', request.payload);
    const ifindex = header.get(TCMSG.ifindex);
    if (!this.devices.has(ifindex)) return { refusal: { errno: errno.ENODEV, words: '' } };
    if (request.type === RTM.newQdisc) {
      if (this.qdiscs.has(ifindex)) return { refusal: { errno: errno.EEXIST, words: '' } };
      this.qdiscs.set(ifindex, 'clsact');
      return {};
    }
    if (request.type === RTM.deleteQdisc) {
      this.#removeWhere((filter) => filter.ifindex === ifindex);
      return this.qdiscs.delete(ifindex) ? {} : { refusal: { errno: errno.EINVAL, words: '' } };
    }
    if (!this.qdiscs.has(ifindex)) return { refusal: { errno: errno.EINVAL, words: '' } };
    return request.type === RTM.newFilter
      ? this.#add(request, filterOf(request.payload))
      : this.#delete(request, filterOf(request.payload));
  }

  #add(request: NetlinkMessage, filter: FakeFilter) {
    const { errno } = constants;
    const key = keyOf(filter);
    const isReplacing = (request.flags & FLAG.replace) !== 0;
    if (this.filters.has(key) && !isReplacing)
      return { refusal: { errno: errno.EEXIST, words: '' } };
    const refusal = filter.kind === 'flower' ? this.refuse(filter) : undefined;
    if (refusal !== undefined) return { refusal };
    this.filters.set(key, filter);
    return this.#echo(request, RTM.newFilter, filter);
  }

  #delete(request: NetlinkMessage, { ifindex, priority, handle, kind }: FakeFilter) {
    const { errno } = constants;
    const there = [...this.filters.values()].filter(
      (f) =>
        f.ifindex === ifindex && f.priority === priority && (handle === 0 || f.handle === handle),
    );
    if (there.length === 0) return { refusal: { errno: errno.ENOENT, words: '' } };
    if (there.some((f) => f.kind !== kind)) return { refusal: { errno: errno.EINVAL, words: '' } };
    for (const filter of there) this.filters.delete(keyOf(filter));
    return handle === 0 ? {} : this.#echo(request, RTM.deleteFilter, there[0]);
  }

  #echo({ flags, sequence }: NetlinkMessage, type: number, filter: FakeFilter) {
    if ((flags & FLAG.echo) === 0) return {};
    return { echo: this.#filterMessage(type, filter, sequence) };
  }

  #dump({ payload, sequence }: NetlinkMessage): readonly Buffer[] {
    const header = new StructReader('tcmsg', payload);
    const ifindex = header.get(TCMSG.ifindex);
    const priority = priorityOf(header.get(TCMSG.info));
    if (header.get(TCMSG.parent) !== PARENT.clsactIngress) return [done(sequence)];
    const found = [...this.filters.values()].filter(
      (f) => f.ifindex === ifindex && (priority === 0 || f.priority === priority),
    );
    return [
      ...found.map((filter) => this.#filterMessage(RTM.newFilter, filter, sequence)),
      done(sequence),
    ];
  }

  #filterMessage(type: number, filter: FakeFilter, sequence: number): Buffer {
    const { ifindex, priority, protocol, handle, kind } = filter;
    const header = encodeStruct(TCMSG.bytes, [
      TCMSG.ifindex.of(ifindex),
      TCMSG.handle.of(handle),
      TCMSG.parent.of(PARENT.clsactIngress),
      TCMSG.info.of(infoOf(priority, protocol)),
    ]);
    const options = kind === 'flower' ? this.#reported(filter) : attributesOf(filter.options);
    const payload = Buffer.concat([header, TC.kind.of(kind), TC.options.of(options)]);
    return encodeMessage({ type, flags: FLAG.multi, sequence, payload });
  }

  /** The options of a rule as the kernel reports them. */
  #reported({ options, packets, bytes }: FakeFilter): AttributeReader {
    const written = new AttributeReader(options);
    const flags = written.get(FLOWER.filterFlags) ?? 0;
    const isInHardware = (flags & FILTER_FLAGS.skipHardware) === 0 && this.takesHardware;
    const basic = new StructReader(
      'gnet_stats_basic',
      encodeStruct(16, [BASIC_STATS.bytes.of(BigInt(bytes)), BASIC_STATS.packets.of(packets)]),
    );
    const queue = encodeStruct(20, [QUEUE_STATS.overlimits.of(packets)]);
    const stats = ACT.stats.of(
      attributesOf(
        STATS.basic.of(basic),
        ...(isInHardware ? [STATS.basicHardware.of(basic)] : []),
        STATS.queue.of(new StructReader('gnet_stats_queue', queue)),
      ),
    );
    const actions = (written.get(FLOWER.actions) ?? []).map((item) => Buffer.concat([item, stats]));
    const keys = attributesIn(options)
      .filter(({ type }) => type !== FLOWER.actions.number && type !== FLOWER.filterFlags.number)
      .map(({ type, value }) => encodeAttribute(type, value));
    return attributesOf(
      ...keys,
      FLOWER.actions.of(actions),
      FLOWER.filterFlags.of(isInHardware ? flags | FILTER_FLAGS.inHardware : flags),
    );
  }
}

function filterOf(payload: Buffer): FakeFilter {
  const header = new StructReader('tcmsg', payload);
  const info = header.get(TCMSG.info);
  const attributes = new AttributeReader(payload.subarray(TCMSG.bytes));
  return {
    ifindex: header.get(TCMSG.ifindex),
    priority: priorityOf(info),
    protocol: protocolOf(info),
    handle: header.get(TCMSG.handle),
    kind: attributes.get(TC.kind) ?? '',
    options: Buffer.from(attributes.get(TC.options)?.bytes ?? Buffer.alloc(0)),
    packets: 0,
    bytes: 0,
  };
}

function keyOf({ ifindex, priority, handle }: FakeFilter): string {
  return `${ifindex} ${priority} ${handle}`;
}

function qdiscMessage(ifindex: number, kind: string, sequence: number): Buffer {
  const header = encodeStruct(TCMSG.bytes, [
    TCMSG.ifindex.of(ifindex),
    TCMSG.handle.of(QDISC_HANDLE),
    TCMSG.parent.of(PARENT.ingress),
  ]);
  const payload = Buffer.concat([header, TC.kind.of(kind)]);
  return encodeMessage({ type: RTM.newQdisc, flags: FLAG.multi, sequence, payload });
}

function done(sequence: number): Buffer {
  return encodeMessage({
    type: CONTROL_TYPE.done,
    flags: FLAG.multi,
    sequence,
    payload: Buffer.alloc(4),
  });
}

function acknowledgement(request: NetlinkMessage, refusal: FakeRefusal | undefined): Buffer {
  const { sequence } = request;
  const error = Buffer.alloc(4);
  error.writeInt32LE(-(refusal?.errno ?? 0), 0);
  const header = encodeMessage({ ...request, payload: Buffer.alloc(0) });
  const words = refusal === undefined ? [] : [EXTACK.message.of(refusal.words)];
  const payload = Buffer.concat([error, header, ...words]);
  const flags = FLAG.capped | (refusal === undefined ? 0 : FLAG.ackTlvs);
  return encodeMessage({ type: CONTROL_TYPE.error, flags, sequence, payload });
}
