/** Words of one tuple: source and destination, four each, and both ports in one. */
export const TUPLE_WORDS = 9;

/** Position of the ports within a tuple: the source port in the upper half. */
export const PORTS_WORD = 8;

/** Position of the destination address within a tuple. */
export const DST_WORD = 4;

/**
 * One connection as a source of conntrack has it, in words instead of objects; reused for each. An
 * IPv4 address is in the first of its four words, and the others are 0.
 */
export class ConnectionRecord {
  ipVersion: 4 | 6 = 4;
  /** IP protocol. */
  protocol = 0;
  zone = 0;
  /** The original tuple, then the reply's, {@link TUPLE_WORDS} each. */
  readonly tuples = new Uint32Array(2 * TUPLE_WORDS);
  mark = 0;
  /** Most significant word first. */
  readonly labels = new Uint32Array(4);
  /** Time until it is forgotten without a packet, s, rounded down; 0 when the source prints none. */
  timeoutSeconds = 0;
  /** Both ends of a TCP connection are in the state ESTABLISHED. */
  isTcpEstablished = false;
  /** It belongs to a helper (ALG): as its control connection, or as one that it expects. */
  hasHelper = false;

  clear(): void {
    this.ipVersion = 4;
    this.protocol = 0;
    this.zone = 0;
    this.tuples.fill(0);
    this.mark = 0;
    this.labels.fill(0);
    this.timeoutSeconds = 0;
    this.isTcpEstablished = false;
    this.hasHelper = false;
  }
}
