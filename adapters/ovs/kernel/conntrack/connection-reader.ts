import {
  ADDRESS,
  CONNTRACK,
  NFGENMSG_BYTES,
  PROTOCOL_PART,
  STATE,
  STATUS,
  TCP_ESTABLISHED,
  TCP_STATE,
  TUPLE,
} from '../../../../protocols/netlink/conntrack.ts';
import {
  type ConnectionRecord,
  DST_WORD,
  PORTS_WORD,
  TUPLE_WORDS,
} from '../../conntrack/connection-record.ts';
import { AttributeIndex } from '../attribute-index.ts';

const TCP = 6;
const MAX_CONNTRACK = 26;
const MAX_TUPLE = 3;
const MAX_ADDRESS = 4;
const MAX_PROTOCOL = 9;
const MAX_STATE = 3;
const MAX_TCP_STATE = 5;
const LABEL_BYTES = 16;

/** Reads connections from messages of ctnetlink, in place. */
export class ConnectionReader {
  readonly #connection = new AttributeIndex(MAX_CONNTRACK);
  readonly #tuple = new AttributeIndex(MAX_TUPLE);
  readonly #address = new AttributeIndex(MAX_ADDRESS);
  readonly #protocol = new AttributeIndex(MAX_PROTOCOL);
  readonly #state = new AttributeIndex(MAX_STATE);
  readonly #tcpState = new AttributeIndex(MAX_TCP_STATE);

  /**
   * Reads the payload `[from, to)` of a message. False when it is malformed, or of a connection
   * that Open vSwitch cannot have made: then the record is undefined.
   */
  read(bytes: Buffer, from: number, to: number, record: ConnectionRecord): boolean {
    record.clear();
    const found = this.#connection;
    if (to - from < NFGENMSG_BYTES || !found.read(bytes, from + NFGENMSG_BYTES, to)) return false;
    if (!this.#readTuple(CONNTRACK.original.number, record, 0)) return false;
    if (!this.#readTuple(CONNTRACK.reply.number, record, TUPLE_WORDS)) return false;
    record.zone = this.#be16(found, CONNTRACK.zone.number);
    record.mark = this.#be32(CONNTRACK.mark.number);
    record.timeoutSeconds = this.#be32(CONNTRACK.timeout.number);
    record.hasHelper = found.has(CONNTRACK.helper.number) || found.has(CONNTRACK.master.number);
    this.#readLabels(record);
    return this.#readState(record);
  }

  /**
   * Whether the connection of the last {@link read} is established; the message must have been of a
   * dump, since notifications leave out what has not changed.
   */
  isEstablished(record: ConnectionRecord): boolean {
    const status = this.#be32(CONNTRACK.status.number);
    const isLive = (status & STATUS.seenReply) !== 0 && (status & STATUS.dying) === 0;
    const hasHelper = record.hasHelper || (status & (STATUS.helper | STATUS.expected)) !== 0;
    return isLive && !hasHelper && (record.protocol !== TCP || record.isTcpEstablished);
  }

  #readTuple(type: number, record: ConnectionRecord, to: number): boolean {
    const { bytes } = this.#connection;
    const tuple = this.#tuple;
    if (!tuple.read(bytes, this.#connection.from(type), this.#connection.to(type))) return false;
    // Open vSwitch's zones are those of both directions.
    if (tuple.has(TUPLE.zone.number)) return false;
    return this.#readAddresses(record, to) && this.#readProtocol(record, to);
  }

  #readAddresses({ tuples }: ConnectionRecord, to: number): boolean {
    const address = this.#address;
    const { bytes } = this.#connection;
    const type = TUPLE.address.number;
    if (!address.read(bytes, this.#tuple.from(type), this.#tuple.to(type))) return false;
    return (
      (this.#readAddress(ADDRESS.ipv4Source.number, 1, tuples, to) &&
        this.#readAddress(ADDRESS.ipv4Destination.number, 1, tuples, to + DST_WORD)) ||
      (this.#readAddress(ADDRESS.ipv6Source.number, 4, tuples, to) &&
        this.#readAddress(ADDRESS.ipv6Destination.number, 4, tuples, to + DST_WORD))
    );
  }

  /** Reads an address of so many words; false when it is absent. */
  #readAddress(type: number, words: number, out: Uint32Array, to: number): boolean {
    const address = this.#address;
    const from = address.from(type);
    if (from === 0 || address.to(type) - from !== 4 * words) return false;
    for (let i = 0; i < words; i++) out[to + i] = address.bytes.readUInt32BE(from + 4 * i);
    return true;
  }

  #readProtocol(record: ConnectionRecord, to: number): boolean {
    const protocol = this.#protocol;
    const { bytes } = this.#connection;
    const type = TUPLE.protocol.number;
    if (!protocol.read(bytes, this.#tuple.from(type), this.#tuple.to(type))) return false;
    const number = protocol.from(PROTOCOL_PART.number.number);
    if (number === 0) return false;
    record.protocol = bytes[number];
    record.ipVersion = this.#address.has(ADDRESS.ipv4Source.number) ? 4 : 6;
    const identifier =
      this.#be16(protocol, PROTOCOL_PART.icmpId.number) |
      this.#be16(protocol, PROTOCOL_PART.icmpv6Id.number);
    const source = this.#be16(protocol, PROTOCOL_PART.sourcePort.number) | identifier;
    const destination = this.#be16(protocol, PROTOCOL_PART.destinationPort.number) | identifier;
    record.tuples[to + PORTS_WORD] = (source << 16) | destination;
    return true;
  }

  /** The kernel prints labels as a number of the machine: its last byte is the most significant. */
  #readLabels({ labels }: ConnectionRecord): void {
    const found = this.#connection;
    const from = found.from(CONNTRACK.labels.number);
    if (from === 0 || found.to(CONNTRACK.labels.number) - from !== LABEL_BYTES) return;
    for (let i = 0; i < labels.length; i++) {
      labels[i] = found.bytes.readUInt32LE(from + LABEL_BYTES - 4 * (i + 1));
    }
  }

  /** False when the state is malformed. */
  #readState(record: ConnectionRecord): boolean {
    const found = this.#connection;
    const type = CONNTRACK.state.number;
    if (!found.has(type)) return true;
    if (!this.#state.read(found.bytes, found.from(type), found.to(type))) return false;
    const tcp = STATE.tcp.number;
    if (!this.#state.has(tcp)) return true;
    const tcpState = this.#tcpState;
    if (!tcpState.read(found.bytes, this.#state.from(tcp), this.#state.to(tcp))) return false;
    const at = tcpState.from(TCP_STATE.state.number);
    record.isTcpEstablished = at > 0 && found.bytes[at] === TCP_ESTABLISHED;
    return true;
  }

  /** 0 when the attribute is absent or of another length. */
  #be16(index: AttributeIndex, type: number): number {
    const from = index.from(type);
    return from > 0 && index.to(type) - from === 2 ? index.bytes.readUInt16BE(from) : 0;
  }

  #be32(type: number): number {
    const found = this.#connection;
    const from = found.from(type);
    return from > 0 && found.to(type) - from === 4 ? found.bytes.readUInt32BE(from) : 0;
  }
}
