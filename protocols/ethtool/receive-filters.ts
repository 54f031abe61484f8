import { decodeFlowSpec, encodeFlowSpec, FLOW_SPEC_BYTES, locationOf } from './flow-spec.ts';
import type { PlacedFilter, ReceiveFilter } from './receive-filter.ts';

/** `ETHTOOL_*` commands of `struct ethtool_rxnfc`. */
const COMMAND = {
  rings: 0x2d,
  count: 0x2e,
  rule: 0x2f,
  all: 0x30,
  delete: 0x31,
  insert: 0x32,
} as const;

/** Offsets in `struct ethtool_rxnfc`; locations of all rules follow it. */
const AT = { command: 0, data: 8, spec: 16, count: 184, locations: 188 } as const;
const BYTES = 192;
/** `RX_CLS_LOC_ANY`: the device chooses the place. In `data`, `RX_CLS_LOC_SPECIAL` says that it can. */
const ANY_LOCATION = 0xffff_ffff;
const CHOOSES_LOCATIONS = 0x8000_0000n;
/** Filters that a list may get beside those that were counted before it. */
const SPARE = 64;
const ATTEMPTS = 5;
const EMSGSIZE = 90;
const ENOENT = 2;

/**
 * Makes an ethtool request on a device; the buffer receives the answer. Resolves to the errno, 0 on
 * success.
 */
export type EthtoolCall = (device: string, request: Buffer) => Promise<number>;

/** The kernel or the driver refused a request. */
export class EthtoolRefused extends Error {
  override readonly name = 'EthtoolRefused';
  readonly errno: number;

  constructor(device: string, request: string, errno: number) {
    super(`${device}: the driver refuses to ${request} (errno ${errno})`);
    this.errno = errno;
  }
}

/** Size and use of a table of receive filters. */
export interface TableInfo {
  readonly used: number;
  /** Number of places; 0 if the driver does not report it. */
  readonly places: number;
  /** The device chooses the place of a filter; otherwise the caller has to. */
  readonly choosesLocations: boolean;
}

/** Result of an insertion: the filter's place, or the errno of the refusal. */
export type Insertion = { readonly location: number } | { readonly errno: number };

/** The receive filters of a NIC (`ethtool -N`, RXNFC). */
export class ReceiveFilters {
  readonly device: string;
  readonly #call: EthtoolCall;

  constructor(device: string, call: EthtoolCall) {
    this.device = device;
    this.#call = call;
  }

  /** @throws {EthtoolRefused} when the driver has no receive filters */
  async info(): Promise<TableInfo> {
    const request = requestOf(COMMAND.count);
    await this.#must('count receive filters', request);
    const data = request.readBigUInt64LE(AT.data);
    return {
      used: request.readUInt32LE(AT.count),
      places: Number(data & ~CHOOSES_LOCATIONS),
      choosesLocations: (data & CHOOSES_LOCATIONS) !== 0n,
    };
  }

  /**
   * Inserts a filter.
   *
   * @param location place; left out: the device chooses
   * @throws {ReceiveKeyInvalid}
   */
  async insert(filter: ReceiveFilter, location = ANY_LOCATION): Promise<Insertion> {
    const request = requestOf(COMMAND.insert);
    encodeFlowSpec(filter, location).copy(request, AT.spec);
    const errno = await this.#call(this.device, request);
    return errno === 0 ? { location: locationOf(request.subarray(AT.spec)) } : { errno };
  }

  /** Deletes the filter at a place; resolves to the errno, 0 on success. */
  async delete(location: number): Promise<number> {
    return this.#call(this.device, atLocation(COMMAND.delete, location));
  }

  /**
   * All filters. Those that change meanwhile may be missing.
   *
   * @throws {EthtoolRefused}
   */
  async list(): Promise<readonly PlacedFilter[]> {
    const found: PlacedFilter[] = [];
    for (const location of await this.#locations()) {
      const request = atLocation(COMMAND.rule, location);
      const errno = await this.#call(this.device, request);
      if (errno === ENOENT) continue;
      if (errno !== 0) throw new EthtoolRefused(this.device, 'read a receive filter', errno);
      const spec = request.subarray(AT.spec, AT.spec + FLOW_SPEC_BYTES);
      found.push({ location, filter: decodeFlowSpec(spec) });
    }
    return found;
  }

  async #locations(): Promise<readonly number[]> {
    for (let attempt = 1; ; attempt++) {
      const room = (await this.info()).used + SPARE;
      const request = Buffer.concat([requestOf(COMMAND.all), Buffer.alloc(room * 4)]);
      request.writeUInt32LE(room, AT.count);
      const errno = await this.#call(this.device, request);
      // More filters than counted: another program inserts, too.
      if (errno === EMSGSIZE && attempt < ATTEMPTS) continue;
      if (errno !== 0) throw new EthtoolRefused(this.device, 'list receive filters', errno);
      const count = Math.min(request.readUInt32LE(AT.count), room);
      return Array.from({ length: count }, (_, i) => request.readUInt32LE(AT.locations + i * 4));
    }
  }

  async #must(what: string, request: Buffer): Promise<void> {
    const errno = await this.#call(this.device, request);
    if (errno !== 0) throw new EthtoolRefused(this.device, what, errno);
  }
}

function requestOf(command: number): Buffer {
  const request = Buffer.alloc(BYTES);
  request.writeUInt32LE(command, AT.command);
  return request;
}

function atLocation(command: number, location: number): Buffer {
  const request = requestOf(command);
  // `location` is the last field of the flow spec before its padding.
  request.writeUInt32LE(location, AT.spec + FLOW_SPEC_BYTES - 8);
  return request;
}
