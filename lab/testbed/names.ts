import { existsSync } from 'node:fs';

const NAME = /^nk(\d+)[a-z](\d+)/;

/** Creates names that include the pid of this process, within the 15 bytes of IFNAMSIZ. */
export class NameMaker {
  #count = 0;

  /** A name like `nk4711v3`; `kind` is one lower-case letter. */
  next(kind: string): string {
    return `nk${process.pid}${kind}${this.#count++}`;
  }
}

/** True for a name of a {@link NameMaker} whose process no longer exists. */
export function isOrphan(name: string): boolean {
  const pid = NAME.exec(name)?.[1];
  return pid !== undefined && !existsSync(`/proc/${pid}`);
}
