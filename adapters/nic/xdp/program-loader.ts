import { readFile } from 'node:fs/promises';
import { errorMessage } from '../../../text/error-message.ts';
import type { BpfPrograms } from './bpf-programs.ts';
import { ObjectUnusable, ProgramRejected } from './errors.ts';
import { MAP_NAMES, type Maps } from './maps.ts';

/** The programs of the BPF object, by their names in it. */
export const PROGRAMS = {
  plain: 'norikae_plain',
  bound: 'norikae_bound',
  guard: 'norikae_guard',
  lease: 'norikae_lease',
} as const;
export type ProgramKind = keyof typeof PROGRAMS;

const LOG_BYTES = 16 * 1024 * 1024;
const LOG_TAIL = 400;

/** Loads programs that use the pinned maps. The object file is read once, at the start. */
export class ProgramLoader {
  readonly #programs: BpfPrograms;
  readonly #maps: Maps;
  readonly #objectPath: string;
  readonly #object: Uint8Array;
  /** Tags of the programs that were loaded, by name. */
  readonly #tags = new Map<string, string>();

  private constructor(programs: BpfPrograms, maps: Maps, objectPath: string, object: Uint8Array) {
    this.#programs = programs;
    this.#maps = maps;
    this.#objectPath = objectPath;
    this.#object = object;
  }

  /** Reads the object file. @throws {ObjectUnusable} */
  static async open(programs: BpfPrograms, maps: Maps, objectPath: string): Promise<ProgramLoader> {
    try {
      return new ProgramLoader(programs, maps, objectPath, await readFile(objectPath));
    } catch (error) {
      throw new ObjectUnusable(objectPath, errorMessage(error));
    }
  }

  /** The tag of a program of this name that was loaded, which tells its build. */
  tagOf(name: string): string | undefined {
    return this.#tags.get(name);
  }

  /**
   * Loads one of the programs for as long as `use` runs. `ifindex`: device of `bound`.
   *
   * @throws {ProgramRejected} {@link ObjectUnusable}
   */
  async withProgram<T>(
    kind: ProgramKind,
    ifindex: number,
    use: (fd: number) => T | Promise<T>,
  ): Promise<T> {
    let first: ProgramRejected;
    try {
      return await this.#load(kind, ifindex, new Uint8Array(0), use);
    } catch (error) {
      if (!(error instanceof ProgramRejected)) throw error;
      first = error;
    }
    // Retry with the verifier's log; the first attempt may also have been interrupted by a signal.
    try {
      return await this.#load(kind, ifindex, new Uint8Array(LOG_BYTES), use);
    } catch (error) {
      if (!(error instanceof ProgramRejected)) throw error;
      throw new ProgramRejected(PROGRAMS[kind], first.errno, error.log);
    }
  }

  async #load<T>(
    kind: ProgramKind,
    ifindex: number,
    log: Uint8Array,
    use: (fd: number) => T | Promise<T>,
  ): Promise<T> {
    const programs = this.#programs;
    const object = programs.openObject(this.#object);
    if (object === null) throw new ObjectUnusable(this.#objectPath, 'no BPF object file');
    try {
      const program = programs.program(object, PROGRAMS[kind]);
      for (const other of Object.values(PROGRAMS)) {
        if (other !== PROGRAMS[kind]) programs.skipProgram(programs.program(object, other));
      }
      if (kind === 'bound') programs.bindProgram(program, ifindex);
      for (const name of MAP_NAMES) programs.useMap(object, name, this.#maps.fd[name]);
      if (log.length > 0) programs.logInto(program, log);
      const errno = await programs.loadObject(object);
      if (errno !== 0) throw new ProgramRejected(PROGRAMS[kind], errno, tail(log));
      const fd = programs.programFd(program);
      this.#tags.set(PROGRAMS[kind], programs.programInfo(fd).tag);
      return await use(fd);
    } finally {
      programs.closeObject(object);
    }
  }
}

function tail(log: Uint8Array): string {
  const text = Buffer.from(log.subarray(0, log.indexOf(0))).toString('latin1');
  return text.slice(-LOG_TAIL).trim().replaceAll('\n', '; ');
}
