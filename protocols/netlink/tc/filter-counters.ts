import type { DumpReader } from '../exchange.ts';
import type { NetlinkRequests } from '../requests.ts';
import { encodeStruct } from '../structs.ts';
import type { FilterPlace } from './filters.ts';
import { FLOWER } from './flower-table.ts';
import { ACT, FILTER_FLAGS, infoOf, priorityOf, STATS, TC, TCMSG } from './tables.ts';

const RTM_GETTFILTER = 46;

/** `TCA_DUMP_FLAGS_TERSE` as `struct nla_bitfield32`: flags and counters without matches. */
const TERSE = Buffer.from([1, 0, 0, 0, 1, 0, 0, 0]);

const ATTRIBUTE_HEADER = 4;
const TYPE_MASK = 0x3fff;
const UINT32 = 0x1_0000_0000;

/**
 * The counters of one `flower` filter, read from a message in place: a reading of many filters
 * creates no objects.
 *
 * Software counts an action's packets and bytes beside those that hardware has counted; those of the
 * last action are the ones that were carried to the end.
 */
export class FilterCounters {
  ifindex = 0;
  priority = 0;
  handle = 0;
  isInHardware = false;
  /** Of the last action, software and hardware together. */
  packets = 0;
  bytes = 0;
  /** Of the last action, by hardware alone. */
  hardwarePackets = 0;
  hardwareBytes = 0;
  /** Packets that exceeded the rate of the first action, not segments; modulo 2^32. */
  overlimits = 0;

  /** Reads the payload `[from, to)` of a message; false when it is no filter of the kind `flower`. */
  read(bytes: Buffer, from: number, to: number): boolean {
    this.ifindex = bytes.readInt32LE(from + TCMSG.ifindex.offset);
    this.handle = bytes.readUInt32LE(from + TCMSG.handle.offset);
    this.priority = priorityOf(bytes.readUInt32LE(from + TCMSG.info.offset));
    const begin = from + TCMSG.bytes;
    const kind = find(bytes, begin, to, TC.kind.number);
    const options = find(bytes, begin, to, TC.options.number);
    if (this.handle === 0 || kind < 0 || options < 0 || !isFlower(bytes, kind)) return false;
    const end = endOf(bytes, options);
    const flags = find(bytes, options + ATTRIBUTE_HEADER, end, FLOWER.filterFlags.number);
    this.isInHardware =
      flags >= 0 && (bytes.readUInt32LE(flags + ATTRIBUTE_HEADER) & FILTER_FLAGS.inHardware) !== 0;
    this.#readActions(bytes, find(bytes, options + ATTRIBUTE_HEADER, end, FLOWER.actions.number));
    return true;
  }

  #readActions(bytes: Buffer, list: number): void {
    this.packets = 0;
    this.bytes = 0;
    this.hardwarePackets = 0;
    this.hardwareBytes = 0;
    this.overlimits = 0;
    if (list < 0) return;
    const end = endOf(bytes, list);
    let isFirst = true;
    for (let at = list + ATTRIBUTE_HEADER; at < end; at = next(bytes, at)) {
      const stats = find(bytes, at + ATTRIBUTE_HEADER, endOf(bytes, at), ACT.stats.number);
      if (stats >= 0) this.#readStats(bytes, stats, isFirst);
      isFirst = false;
    }
  }

  #readStats(bytes: Buffer, stats: number, isFirst: boolean): void {
    const begin = stats + ATTRIBUTE_HEADER;
    const end = endOf(bytes, stats);
    const basic = find(bytes, begin, end, STATS.basic.number);
    const basicHardware = find(bytes, begin, end, STATS.basicHardware.number);
    const packets64 = find(bytes, begin, end, STATS.packets64.number);
    if (basic >= 0) {
      this.bytes = uint64(bytes, basic + ATTRIBUTE_HEADER);
      this.packets = bytes.readUInt32LE(basic + ATTRIBUTE_HEADER + 8);
    }
    if (packets64 >= 0) this.packets = uint64(bytes, packets64 + ATTRIBUTE_HEADER);
    if (basicHardware >= 0) {
      this.hardwareBytes = uint64(bytes, basicHardware + ATTRIBUTE_HEADER);
      this.hardwarePackets = bytes.readUInt32LE(basicHardware + ATTRIBUTE_HEADER + 8);
    }
    if (!isFirst) return;
    const queue = find(bytes, begin, end, STATS.queue.number);
    if (queue >= 0) this.overlimits = bytes.readUInt32LE(queue + ATTRIBUTE_HEADER + 16);
  }
}

/**
 * Reads the counters of all filters of a priority, which must be of the kind `flower`: a brief reading
 * of another kind ends the dump.
 *
 * @param reader `begin` is called when the reading begins, also again after a change interrupted it;
 *   `filter` for each filter, with an object that is reused
 * @throws {NetlinkRefused} {@link NetlinkUnusable} {@link DumpInterrupted} {@link NetlinkTimeout}
 */
export function readFilterCounters(
  requests: NetlinkRequests,
  place: Omit<FilterPlace, 'handle'>,
  reader: { begin(): void; filter(counters: FilterCounters): void },
): Promise<void> {
  const counters = new FilterCounters();
  const header = encodeStruct(TCMSG.bytes, [
    TCMSG.ifindex.of(place.ifindex),
    TCMSG.parent.of(place.parent),
    TCMSG.info.of(infoOf(place.priority, place.protocol)),
  ]);
  const messages: DumpReader = {
    begin: () => reader.begin(),
    message: (datagram, from, to) => {
      if (counters.read(datagram, from, to)) reader.filter(counters);
    },
  };
  const payload = Buffer.concat([header, TC.dumpFlags.of(TERSE)]);
  return requests.dumpTo('RTM_GETTFILTER', RTM_GETTFILTER, payload, messages);
}

/** Where an attribute of a type begins; -1: it is missing. */
function find(bytes: Buffer, from: number, to: number, type: number): number {
  for (let at = from; at + ATTRIBUTE_HEADER <= to; at = next(bytes, at)) {
    if ((bytes.readUInt16LE(at + 2) & TYPE_MASK) === type) return at;
  }
  return -1;
}

function endOf(bytes: Buffer, attribute: number): number {
  return attribute + bytes.readUInt16LE(attribute);
}

function next(bytes: Buffer, attribute: number): number {
  return attribute + Math.max(ATTRIBUTE_HEADER, (bytes.readUInt16LE(attribute) + 3) & ~3);
}

/** A counter of 64 bits; exact up to 2^53. */
function uint64(bytes: Buffer, at: number): number {
  return bytes.readUInt32LE(at + 4) * UINT32 + bytes.readUInt32LE(at);
}

const FLOWER_KIND = Buffer.from('flower\0', 'latin1');

function isFlower(bytes: Buffer, kind: number): boolean {
  const from = kind + ATTRIBUTE_HEADER;
  const to = Math.min(endOf(bytes, kind), from + FLOWER_KIND.length);
  return FLOWER_KIND.compare(bytes, from, to) === 0;
}
