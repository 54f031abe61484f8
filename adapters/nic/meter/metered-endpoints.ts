import type { TunnelEndpoint } from '../../../engine/ports/connection-meter.ts';
import { MAX_ENDPOINTS, type MeterMaps } from './meter-maps.ts';
import { ENCAPSULATION, METER_ENDPOINT } from './records.ts';

/** An endpoint as the program knows it. */
interface Known {
  readonly key: Uint8Array;
  readonly encapsulation: number;
}

/** Where the program looks into tunnels: the endpoints at the ports that are counted. */
export class MeteredEndpoints {
  readonly #maps: MeterMaps;
  #endpoints: readonly TunnelEndpoint[] = [];
  /** By the bytes of the key. */
  #known = new Map<string, Known>();

  /** Removes the endpoints of an earlier daemon, whose devices may be others by now. */
  constructor(maps: MeterMaps) {
    this.#maps = maps;
    maps.clearEndpoints();
  }

  /** Replaces the endpoints; {@link follow} applies them. */
  set(endpoints: readonly TunnelEndpoint[]): void {
    this.#endpoints = endpoints.slice(0, MAX_ENDPOINTS);
  }

  /** True if packets in tunnels arrive at a port. */
  hasPort(name: string): boolean {
    return this.#endpoints.some(({ inPort }) => inPort === name);
  }

  /** Applies the endpoints at these ports. @param ifindexes by name */
  follow(ifindexes: ReadonlyMap<string, number>): void {
    const wanted = new Map(
      this.#endpoints.flatMap((endpoint): [string, Known][] => {
        const ifindex = ifindexes.get(endpoint.inPort);
        if (ifindex === undefined) return [];
        const key = keyOf(ifindex, endpoint);
        return [[key.join(), { key, encapsulation: ENCAPSULATION[endpoint.kind] }]];
      }),
    );
    for (const [text, { key }] of this.#known) {
      if (!wanted.has(text)) this.#maps.removeEndpoint(key);
    }
    for (const [text, { key, encapsulation }] of wanted) {
      if (this.#known.get(text)?.encapsulation === encapsulation) continue;
      this.#maps.addEndpoint(key, encapsulation);
    }
    this.#known = wanted;
  }
}

function keyOf(ifindex: number, { dst, dstPort }: TunnelEndpoint): Uint8Array {
  const key = new Uint8Array(METER_ENDPOINT.bytes);
  const view = new DataView(key.buffer);
  view.setUint32(METER_ENDPOINT.ifindex, ifindex, true);
  view.setUint16(METER_ENDPOINT.udpDst, dstPort);
  key.set(dst, METER_ENDPOINT.dst);
  return key;
}
