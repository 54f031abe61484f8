import { existsSync, mkdirSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { BpfPrograms, ProgramInfo } from './bpf-programs.ts';
import type { Libbpf } from './libbpf.ts';

/** Folders in the pin directory with the attached programs, by hook. */
const FOLDERS = { xdp: 'programs', cls_bpf: 'filters' } as const;
type PinnedHook = keyof typeof FOLDERS;

/** Whether a daemon has left programs attached at a hook. */
export function hasPinnedPrograms(pinPath: string, hook: PinnedHook): boolean {
  return existsSync(join(pinPath, FOLDERS[hook]));
}

/** A program, and the devices that it is pinned for. */
interface PinnedProgram {
  readonly info: ProgramInfo;
  readonly ifindexes: Set<number>;
}

/**
 * The programs that are attached to devices at a hook, each pinned as `IFINDEX-ID`. A later daemon recognises
 * them by their pins: opening a program by its id requires CAP_SYS_ADMIN.
 *
 * A program is pinned before it is attached, so every attached program has a pin, also after a crash.
 */
export class PinnedPrograms {
  readonly #libbpf: Libbpf;
  readonly #programs: BpfPrograms;
  readonly #folder: string;
  /** By program id. A pin keeps a program loaded, so its id is not reused. */
  readonly #pins = new Map<number, PinnedProgram>();

  /** Opens the pins of an earlier daemon. */
  constructor(libbpf: Libbpf, programs: BpfPrograms, pinPath: string, hook: PinnedHook) {
    this.#libbpf = libbpf;
    this.#programs = programs;
    this.#folder = join(pinPath, FOLDERS[hook]);
    if (!existsSync(this.#folder)) return;
    for (const name of readdirSync(this.#folder)) {
      const [, ifindex, id] = /^(\d+)-(\d+)$/.exec(name) ?? [];
      const fd = id === undefined ? undefined : libbpf.pinned(join(this.#folder, name));
      if (fd === undefined) continue;
      const info = programs.programInfo(fd);
      libbpf.close(fd);
      if (info.id === Number(id)) this.#record(Number(ifindex), info);
    }
  }

  /** Information about a pinned program; undefined: there is no pin with this id. */
  info(id: number): ProgramInfo | undefined {
    return this.#pins.get(id)?.info;
  }

  /**
   * Pins a program that is about to be attached to a device.
   *
   * @throws {SystemCallFailed}
   */
  pin(ifindex: number, programFd: number): void {
    const info = this.#programs.programInfo(programFd);
    // Left by an attempt to attach it whose end was not awaited.
    if (this.#pins.get(info.id)?.ifindexes.has(ifindex) === true) return;
    if (!existsSync(this.#folder)) mkdirSync(this.#folder, { mode: 0o700 });
    this.#libbpf.pin(programFd, this.#path(ifindex, info.id));
    this.#record(ifindex, info);
  }

  /** Whether a device has pins. */
  has(ifindex: number): boolean {
    for (const { ifindexes } of this.#pins.values()) if (ifindexes.has(ifindex)) return true;
    return false;
  }

  /** The devices that have pins. */
  devices(): ReadonlySet<number> {
    return new Set([...this.#pins.values()].flatMap(({ ifindexes }) => [...ifindexes]));
  }

  /** Removes the pins of a device except those of the programs `ids`. */
  keepOnly(ifindex: number, ids: readonly number[]): void {
    for (const [id, pin] of this.#pins) {
      if (!pin.ifindexes.has(ifindex) || ids.includes(id)) continue;
      rmSync(this.#path(ifindex, id), { force: true });
      pin.ifindexes.delete(ifindex);
      if (pin.ifindexes.size === 0) this.#pins.delete(id);
    }
    if (this.#pins.size === 0 && existsSync(this.#folder)) this.#removeFolder();
  }

  #record(ifindex: number, info: ProgramInfo): void {
    const pin = this.#pins.get(info.id) ?? { info, ifindexes: new Set() };
    pin.ifindexes.add(ifindex);
    this.#pins.set(info.id, pin);
  }

  #removeFolder(): void {
    // Anything that is left has not been pinned by a daemon.
    if (readdirSync(this.#folder).length === 0) rmdirSync(this.#folder);
  }

  #path(ifindex: number, id: number): string {
    return join(this.#folder, `${ifindex}-${id}`);
  }
}
