import type { SwitchError } from '../../protocols/openflow/connection/errors.ts';
import type { Session } from '../../protocols/openflow/connection/session.ts';
import {
  BundlesUnsupported,
  inBundle,
  withBarrier,
} from '../../protocols/openflow/connection/transaction.ts';
import { type FlowModBody, withXid } from './flow-mods.ts';

/** Carries flow-mods out on one connection, in bundles while the switch has them. */
export class Executor {
  readonly #session: Session;
  #bundles: boolean;

  constructor(session: Session) {
    this.#session = session;
    this.#bundles = session.version === 4;
  }

  /**
   * Resolves to the switch's errors by position; every other message has been done. A bundle that
   * the switch takes back is sent again message by message, so that one bad one does not keep the
   * others out. Without an answer the connection is closed: it is unknown what the switch has done,
   * and the next connection begins by looking.
   */
  async run(
    mods: readonly FlowModBody[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<number, SwitchError>> {
    if (mods.length === 0) return new Map();
    const build = (index: number, xid: number) => withXid(mods[index], xid);
    try {
      // For a single message a bundle is only a longer way.
      if (this.#bundles && mods.length > 1) {
        try {
          const { committed, errors } = await inBundle(this.#session, mods.length, build, signal);
          if (committed) return errors;
        } catch (error) {
          if (!(error instanceof BundlesUnsupported)) throw error;
          this.#bundles = false;
        }
      }
      return (await withBarrier(this.#session, mods.length, build, signal)).errors;
    } catch (error) {
      await this.#session.close(error instanceof Error ? error : undefined);
      throw error;
    }
  }
}
