import { existsSync, mkdirSync, readdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';

/** Folder in the pin directory with the marks. */
const FOLDER = 'clsact';

/**
 * Marks the devices whose qdisc `clsact` a daemon has added, each with a folder `clsact/IFINDEX`. Only
 * such a qdisc is removed again, also by a later daemon.
 */
export class ClsactMarks {
  readonly #folder: string;

  constructor(pinPath: string) {
    this.#folder = join(pinPath, FOLDER);
  }

  has(ifindex: number): boolean {
    return existsSync(this.#path(ifindex));
  }

  add(ifindex: number): void {
    if (!existsSync(this.#folder)) mkdirSync(this.#folder, { mode: 0o700 });
    if (!this.has(ifindex)) mkdirSync(this.#path(ifindex), { mode: 0o700 });
  }

  remove(ifindex: number): void {
    if (!this.has(ifindex)) return;
    rmdirSync(this.#path(ifindex));
    if (readdirSync(this.#folder).length === 0) rmdirSync(this.#folder);
  }

  /** The devices that are marked. */
  devices(): readonly number[] {
    return existsSync(this.#folder) ? readdirSync(this.#folder).map(Number) : [];
  }

  #path(ifindex: number): string {
    return join(this.#folder, String(ifindex));
  }
}
