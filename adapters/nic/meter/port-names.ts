import { meterIdentity } from './records.ts';

/** A port whose connections are reported. */
interface NamedPort {
  readonly name: string;
  /** The first half of its identity, as in `struct meter_key`: two words. */
  readonly low: number;
  readonly high: number;
}

/** Names of ports by the identity in the keys of their connections. Looking one up allocates nothing. */
export class PortNames {
  #byLow: ReadonlyMap<number, NamedPort> = new Map();
  /** Connections of one port often follow each other. */
  #last: NamedPort | undefined;

  /** Replaces all ports. @param uuids by name */
  set(uuids: ReadonlyMap<string, string>): void {
    this.#last = undefined;
    this.#byLow = new Map(
      [...uuids].map(([name, uuid]) => {
        const view = new DataView(meterIdentity(uuid).buffer);
        const [low, high] = [view.getUint32(0, true), view.getUint32(4, true)];
        return [low, { name, low, high }];
      }),
    );
  }

  /** The name of a port; undefined for a port that is not counted any more. */
  find(low: number, high: number): string | undefined {
    if (this.#last?.low !== low) this.#last = this.#byLow.get(low);
    return this.#last?.high === high ? this.#last.name : undefined;
  }
}
