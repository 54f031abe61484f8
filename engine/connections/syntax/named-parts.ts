import { listParts, type ValueReader } from './values.ts';

const NAMED = /^(?<name>[a-z][a-z0-9_]*)(?:=(?<value>[^()]*)|\((?<inside>.*)\))?$/s;

/**
 * The parts of a list such as `eth(dst=1),crit,vni=0x5`, each to be taken once. Text that has a part
 * nobody takes cannot be understood.
 */
export class NamedParts {
  readonly #parts: Map<string, string>;

  private constructor(parts: Map<string, string>) {
    this.#parts = parts;
  }

  /** Undefined when a part has no name, or two have the same. */
  static read(text: string): NamedParts | undefined {
    const parts = new Map<string, string>();
    for (const part of listParts(text)) {
      const found = NAMED.exec(part)?.groups;
      const name = found?.['name'];
      if (name === undefined || parts.has(name)) return undefined;
      parts.set(name, found?.['value'] ?? found?.['inside'] ?? '');
    }
    return new NamedParts(parts);
  }

  /** True if the part is there and has not been taken. */
  has(name: string): boolean {
    return this.#parts.has(name);
  }

  /** The text of a part, which is empty for a mere name; undefined: it is not there. */
  text(name: string): string | undefined {
    const found = this.#parts.get(name);
    this.#parts.delete(name);
    return found;
  }

  /** The bytes of a part; undefined: it is not there or cannot be read. */
  bytes(name: string, read: ValueReader): Uint8Array | undefined {
    const found = this.text(name);
    return found === undefined ? undefined : read(found);
  }

  /** The number of a part of up to four bytes; undefined: it is not there or too large. */
  number(name: string, most: number): number | undefined {
    const found = this.text(name);
    if (found === undefined || !/^(?:0x[0-9a-f]+|\d+)$/.test(found)) return undefined;
    const number = Number(found);
    return number <= most ? number : undefined;
  }

  /** The parts inside a part; undefined: it is not there or cannot be read. */
  inside(name: string): NamedParts | undefined {
    const found = this.text(name);
    return found === undefined ? undefined : NamedParts.read(found);
  }

  /** True when every part has been taken. */
  get isEmpty(): boolean {
    return this.#parts.size === 0;
  }
}
