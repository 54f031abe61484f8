import { existsSync } from 'node:fs';

const NAME = /^nk(\d+)[a-z](\d+)/;

/** Makes names that say which process they belong to; within the 15 bytes of IFNAMSIZ. */
export class NameMaker {
  #count = 0;

  /** A name like `nk4711v3`; `kind` is one lower-case letter. */
  next(kind: string): string {
    return `nk${process.pid}${kind}${this.#count++}`;
  }
}

/** True for a name of a {@link NameMaker} whose process is no more. */
export function isOrphan(name: string): boolean {
  const pid = NAME.exec(name)?.[1];
  return pid !== undefined && !existsSync(`/proc/${pid}`);
}
