import { existsSync, mkdirSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Libbpf } from '../core/libbpf.ts';
import { meterProgramsPath } from '../core/meter-pins.ts';

/**
 * Pins of the program, by its id, by which other parts of the daemon recognise it on a device
 * ({@link isMeterProgram}), also after a crash. It is pinned before it is attached, and while a device may still have it.
 */
export class ProgramPins {
  readonly #libbpf: Libbpf;
  readonly #folder: string;

  /** @param meterPath see {@link meterPinPath} */
  constructor(libbpf: Libbpf, meterPath: string) {
    this.#libbpf = libbpf;
    this.#folder = meterProgramsPath(meterPath);
  }

  add(programId: number, fd: number): void {
    if (!existsSync(this.#folder)) mkdirSync(this.#folder, { mode: 0o700 });
    this.#libbpf.pin(fd, join(this.#folder, String(programId)));
  }

  /** Removes the pins of all programs but one; undefined: of all. */
  keepOnly(programId: number | undefined): void {
    if (!existsSync(this.#folder)) return;
    for (const name of readdirSync(this.#folder)) {
      if (name !== String(programId)) rmSync(join(this.#folder, name), { force: true });
    }
    if (programId === undefined) rmdirSync(this.#folder);
  }
}
