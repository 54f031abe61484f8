import { readFile } from 'node:fs/promises';
import { errorMessage } from '../../../text/error-message.ts';
import type { BpfPrograms } from './bpf-programs.ts';
import { ObjectUnusable, ProgramRejected } from './errors.ts';

/** The file of a BPF object, and the names of all programs in it. */
export interface ObjectFile {
  readonly path: string;
  readonly names: readonly string[];
}

/** BPF objects, and what they are loaded with. */
export interface ProgramLoaderOptions {
  readonly programs: BpfPrograms;
  readonly objects: readonly ObjectFile[];
  /** Descriptors of all maps that each object declares, by name. */
  readonly maps: ReadonlyMap<string, number>;
}

/** An object that has been read. */
interface ReadObject extends ObjectFile {
  readonly bytes: Uint8Array;
}

/** A program to load. */
export interface LoadedProgram {
  readonly name: string;
  /** The device that it is bound to, see {@link BpfPrograms.bindProgram}; left out: any. */
  readonly boundTo?: number;
}

const LOG_BYTES = 16 * 1024 * 1024;
const LOG_TAIL = 400;

/** Loads programs that use the pinned maps. The object files are read once, at the start. */
export class ProgramLoader {
  readonly #options: ProgramLoaderOptions;
  readonly #objects: readonly ReadObject[];
  /** Tags of the programs that were loaded, by name. */
  readonly #tags = new Map<string, string>();

  private constructor(options: ProgramLoaderOptions, objects: readonly ReadObject[]) {
    this.#options = options;
    this.#objects = objects;
  }

  /** Reads the object files. @throws {ObjectUnusable} */
  static async open(options: ProgramLoaderOptions): Promise<ProgramLoader> {
    return new ProgramLoader(options, await Promise.all(options.objects.map(readObject)));
  }

  /** The tag of a program of this name that was loaded, which tells its build. */
  tagOf(name: string): string | undefined {
    return this.#tags.get(name);
  }

  /**
   * Loads one of the programs for as long as `use` runs.
   *
   * @throws {ProgramRejected} {@link ObjectUnusable}
   */
  async withProgram<T>(program: LoadedProgram, use: (fd: number) => T | Promise<T>): Promise<T> {
    let first: ProgramRejected;
    try {
      return await this.#load(program, new Uint8Array(0), use);
    } catch (error) {
      if (!(error instanceof ProgramRejected)) throw error;
      first = error;
    }
    // Retry with the verifier's log; the first attempt may also have been interrupted by a signal.
    try {
      return await this.#load(program, new Uint8Array(LOG_BYTES), use);
    } catch (error) {
      if (!(error instanceof ProgramRejected)) throw error;
      throw new ProgramRejected(program.name, first.errno, error.log);
    }
  }

  #objectWith(program: string): ReadObject {
    const object = this.#objects.find(({ names }) => names.includes(program));
    if (object === undefined) throw new TypeError(`no object has a program ${program}`);
    return object;
  }

  async #load<T>(
    { name, boundTo }: LoadedProgram,
    log: Uint8Array,
    use: (fd: number) => T | Promise<T>,
  ): Promise<T> {
    const { programs, maps } = this.#options;
    const { path, names, bytes } = this.#objectWith(name);
    const object = programs.openObject(bytes);
    if (object === null) throw new ObjectUnusable(path, 'no BPF object file');
    try {
      const program = programs.program(object, name);
      for (const other of names) {
        if (other !== name) programs.skipProgram(programs.program(object, other));
      }
      if (boundTo !== undefined) programs.bindProgram(program, boundTo);
      for (const [map, fd] of maps) programs.useMap(object, map, fd);
      if (log.length > 0) programs.logInto(program, log);
      const errno = await programs.loadObject(object);
      if (errno !== 0) throw new ProgramRejected(name, errno, tail(log));
      const fd = programs.programFd(program);
      this.#tags.set(name, programs.programInfo(fd).tag);
      return await use(fd);
    } finally {
      programs.closeObject(object);
    }
  }
}

async function readObject(file: ObjectFile): Promise<ReadObject> {
  try {
    return { ...file, bytes: await readFile(file.path) };
  } catch (error) {
    throw new ObjectUnusable(file.path, errorMessage(error));
  }
}

function tail(log: Uint8Array): string {
  const text = Buffer.from(log.subarray(0, log.indexOf(0))).toString('latin1');
  return text.slice(-LOG_TAIL).trim().replaceAll('\n', '; ');
}
