/** Whether a program belongs to this daemon, or to an earlier one with the same pins. */
type IsOwn = (programId: number) => boolean;

/** Recognises the programs of this daemon at every hook, so that none takes another's for foreign. */
export class OwnPrograms {
  readonly #hooks: IsOwn[] = [];

  /** Adds the programs at a hook. */
  add(isOwn: IsOwn): void {
    this.#hooks.push(isOwn);
  }

  /** True if the program is attached by this daemon or an earlier one with the same pins. */
  has(programId: number): boolean {
    return this.#hooks.some((isOwn) => isOwn(programId));
  }
}
