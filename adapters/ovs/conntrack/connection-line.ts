import { HEX } from '../dump/hex.ts';
import { sameBytes } from '../dump/names.ts';
import { closingParenthesis } from '../dump/scan.ts';
import { ValueReader } from '../dump/values.ts';
import { type ConnectionRecord, DST_WORD, PORTS_WORD, TUPLE_WORDS } from './connection-record.ts';

const COMMA = 0x2c;
const EQUALS = 0x3d;
const OPEN = 0x28;
const CLOSE = 0x29;
const COLON = 0x3a;

const bytesOf = (text: string): Buffer => Buffer.from(text, 'latin1');

/** Names that vswitchd prints (ct_dpif_format_ipproto in lib/ct-dpif.c); of others the number. */
const PROTOCOLS: readonly (readonly [Buffer, number])[] = [
  [bytesOf('tcp,'), 6],
  [bytesOf('udp,'), 17],
  [bytesOf('icmp,'), 1],
  [bytesOf('icmpv6,'), 58],
  [bytesOf('sctp,'), 132],
  [bytesOf('udplite,'), 136],
  [bytesOf('dccp,'), 33],
  [bytesOf('igmp,'), 2],
];

const ORIGINAL = bytesOf('orig=(');
const REPLY = bytesOf(',reply=(');
const SOURCE = bytesOf('src=');
const DESTINATION = bytesOf(',dst=');
const SOURCE_PORT = bytesOf(',sport=');
const DESTINATION_PORT = bytesOf(',dport=');
const IDENTIFIER = bytesOf(',id=');
const ZONE = bytesOf('zone=');
const MARK = bytesOf('mark=');
const LABELS = bytesOf('labels=0x');
const TIMEOUT = bytesOf('timeout=');
const PROTOINFO = bytesOf('protoinfo=(');
const HELPER = bytesOf('helper=');
const PARENT = bytesOf('parent=(');
const ESTABLISHED = bytesOf('state_orig=ESTABLISHED,state_reply=ESTABLISHED');

const LABEL_DIGITS = 32;

/**
 * Reads lines of `dpctl/dump-conntrack -m -s` (ct_dpif_format_entry in lib/ct-dpif.c). Without `-m`
 * vswitchd prints one state for both ends of a TCP connection, and a handshake as ESTABLISHED.
 */
export class ConnectionLineReader {
  readonly #values = new ValueReader();
  #end = 0;

  /**
   * Reads the line `[from, to)` into `record`. False when it is not in the known format; then
   * the record is undefined.
   */
  read(text: Buffer, view: DataView, from: number, to: number, record: ConnectionRecord): boolean {
    const values = this.#values;
    values.bytes = text;
    values.view = view;
    values.at = from;
    this.#end = to;
    record.clear();
    if (!this.#protocol(record) || !this.#literal(ORIGINAL)) return false;
    if (!this.#tuple(record, 0)) return false;
    if (!this.#literal(REPLY) || !this.#tuple(record, TUPLE_WORDS)) return false;
    while (values.at < to) {
      if (!this.#attribute(record)) return false;
    }
    return values.at === to;
  }

  /** Drops the reference to the bytes. */
  release(): void {
    this.#values.release();
  }

  #protocol(record: ConnectionRecord): boolean {
    for (const [name, number] of PROTOCOLS) {
      if (!this.#literal(name)) continue;
      record.protocol = number;
      return true;
    }
    if (!this.#values.number(1) || !this.#byte(COMMA)) return false;
    record.protocol = this.#values.words[0];
    return true;
  }

  /** What is behind `orig=(` or `reply=(`, up to and including the parenthesis. */
  #tuple(record: ConnectionRecord, to: number): boolean {
    const values = this.#values;
    const end = closingParenthesis(values.bytes, values.at, this.#end);
    if (end < 0 || !this.#literal(SOURCE) || !this.#address(record, to)) return false;
    if (!this.#literal(DESTINATION) || !this.#address(record, to + DST_WORD)) return false;
    const { tuples } = record;
    if (this.#literal(SOURCE_PORT)) {
      const source = this.#number(2);
      if (source < 0 || !this.#literal(DESTINATION_PORT)) return false;
      const destination = this.#number(2);
      if (destination < 0) return false;
      tuples[to + PORTS_WORD] = (source << 16) | destination;
    } else if (this.#literal(IDENTIFIER)) {
      const identifier = this.#number(2);
      if (identifier < 0) return false;
      tuples[to + PORTS_WORD] = (identifier << 16) | identifier;
    }
    // Behind them may be the ICMP type, or counters.
    if (values.at !== end && values.bytes[values.at] !== COMMA) return false;
    values.at = end + 1;
    return true;
  }

  #address(record: ConnectionRecord, to: number): boolean {
    const values = this.#values;
    const { words } = values;
    if (isIpv6(values.bytes, values.at)) {
      if (!values.ipv6()) return false;
      record.ipVersion = 6;
      record.tuples.set(words, to);
      return true;
    }
    if (record.ipVersion === 6 || !values.ipv4()) return false;
    record.tuples[to] = words[0];
    return true;
  }

  /** A comma, a name and a value. Unknown ones are passed over: later versions may print more. */
  #attribute(record: ConnectionRecord): boolean {
    const values = this.#values;
    if (!this.#byte(COMMA)) return false;
    if (this.#literal(ZONE)) return (record.zone = this.#number(2)) >= 0;
    if (this.#literal(TIMEOUT)) return (record.timeoutSeconds = this.#number(4)) >= 0;
    if (this.#literal(LABELS)) return this.#labels(record);
    if (this.#literal(MARK)) return (record.mark = this.#number(4)) >= 0;
    const startsAt = values.at;
    if (this.#literal(PROTOINFO)) {
      const states = sameBytes(ESTABLISHED, values.bytes, values.at);
      const next = values.bytes[values.at + ESTABLISHED.length];
      record.isTcpEstablished = states && (next === COMMA || next === CLOSE);
    } else if (this.#literal(HELPER) || this.#literal(PARENT)) {
      record.hasHelper = true;
    }
    values.at = startsAt;
    return this.#pass();
  }

  /** Moves past a name, an equals sign and a value, which may be in parentheses. */
  #pass(): boolean {
    const values = this.#values;
    const { bytes } = values;
    let at = values.at;
    while (at < this.#end && bytes[at] !== EQUALS && bytes[at] !== COMMA) at++;
    if (at === values.at || at >= this.#end || bytes[at] !== EQUALS) return false;
    at++;
    if (bytes[at] === OPEN && at < this.#end) {
      const close = closingParenthesis(bytes, at + 1, this.#end);
      if (close < 0) return false;
      values.at = close + 1;
      return true;
    }
    while (at < this.#end && bytes[at] !== COMMA) at++;
    values.at = at;
    return true;
  }

  /** Hexadecimal digits without leading zeros, up to 128 bits. */
  #labels(record: ConnectionRecord): boolean {
    const values = this.#values;
    const { bytes } = values;
    const from = values.at;
    let at = from;
    while (at < this.#end && bytes[at] !== COMMA) at++;
    const digits = at - from;
    if (digits === 0 || digits > LABEL_DIGITS) return false;
    for (let i = 0; i < digits; i++) {
      const digit = HEX[bytes[from + i]];
      if (digit > 15) return false;
      const bit = 4 * (digits - 1 - i);
      record.labels[3 - (bit >> 5)] |= digit << (bit & 31);
    }
    values.at = at;
    return true;
  }

  /** Reads a number of at most `width` bytes; -1 if it is missing or too large. */
  #number(width: number): number {
    const values = this.#values;
    if (!values.number(width) || values.at > this.#end) return -1;
    return values.words[0] >>> 0;
  }

  #byte(byte: number): boolean {
    const values = this.#values;
    if (values.at >= this.#end || values.bytes[values.at] !== byte) return false;
    values.at++;
    return true;
  }

  #literal(text: Buffer): boolean {
    const values = this.#values;
    if (values.at + text.length > this.#end || !sameBytes(text, values.bytes, values.at)) {
      return false;
    }
    values.at += text.length;
    return true;
  }
}

/** Whether a colon comes before what ends an address. */
function isIpv6(bytes: Uint8Array, from: number): boolean {
  for (let at = from; at < from + 5; at++) if (bytes[at] === COLON) return true;
  return false;
}
