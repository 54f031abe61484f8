import { existsSync, mkdirSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { BpfPrograms } from '../core/bpf-programs.ts';
import type { Libbpf } from '../core/libbpf.ts';
import { meterProgramsPath } from '../core/meter-pins.ts';
import { ProgramLoader } from '../core/program-loader.ts';

const NAME = 'norikae_meter';

/** What the program is loaded from. */
export interface MeterProgramParts {
  readonly libbpf: Libbpf;
  readonly programs: BpfPrograms;
  readonly objectPath: string;
  /** Descriptors by name. */
  readonly maps: ReadonlyMap<string, number>;
  /** See {@link meterPinPath}. */
  readonly folder: string;
}

/**
 * The program, loaded, and pinned by its id: so other parts of the daemon recognise it on a device ({@link
 * isMeterProgram}), also after a crash. It is pinned before it is attached, and while a device may still
 * have it.
 */
export class MeterProgram {
  readonly fd: number;
  readonly id: number;
  readonly #libbpf: Libbpf;
  readonly #pins: string;

  private constructor({ libbpf, programs, folder }: MeterProgramParts, fd: number) {
    this.fd = fd;
    this.id = programs.programInfo(fd).id;
    this.#libbpf = libbpf;
    this.#pins = meterProgramsPath(folder);
  }

  /** @throws {ObjectUnusable} {@link ProgramRejected} {@link SystemCallFailed} */
  static async load(parts: MeterProgramParts): Promise<MeterProgram> {
    const { libbpf, programs, objectPath: path, maps } = parts;
    const objects = [{ path, names: [NAME] }];
    const loader = await ProgramLoader.open({ programs, objects, maps });
    const program = await loader.withProgram(
      { name: NAME },
      (fd) => new MeterProgram(parts, libbpf.duplicate(fd)),
    );
    try {
      program.#pin();
      return program;
    } catch (error) {
      program.close();
      throw error;
    }
  }

  /** Removes the pins of other programs: those of an earlier daemon, which no device has any more. */
  keepPin(): void {
    for (const name of readdirSync(this.#pins)) {
      if (name !== String(this.id)) rmSync(join(this.#pins, name), { force: true });
    }
  }

  /** Removes all pins. */
  unpin(): void {
    for (const name of readdirSync(this.#pins)) rmSync(join(this.#pins, name), { force: true });
    rmdirSync(this.#pins);
  }

  close(): void {
    this.#libbpf.close(this.fd);
  }

  #pin(): void {
    if (!existsSync(this.#pins)) mkdirSync(this.#pins, { mode: 0o700 });
    this.#libbpf.pin(this.fd, join(this.#pins, String(this.id)));
  }
}
