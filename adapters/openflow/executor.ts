import type { SwitchError } from '../../protocols/openflow/connection/errors.ts';
import type { Session } from '../../protocols/openflow/connection/session.ts';
import {
  BundlesUnsupported,
  inBundle,
  withBarrier,
} from '../../protocols/openflow/connection/transaction.ts';
import { type FlowModBody, withXid } from './flow-mods.ts';

/** Executes flow-mods on one connection, in bundles while the switch supports them. */
export class Executor {
  readonly #session: Session;
  #bundles: boolean;

  constructor(session: Session) {
    this.#session = session;
    this.#bundles = session.version === 4;
  }

  /**
   * Resolves to the switch's errors by position; every other message was executed. A bundle that
   * the switch rolls back is sent again message by message, so that one bad message does not block
   * the others. Without an answer the connection is closed, because the state of the switch is
   * unknown; the next connection resynchronizes.
   */
  async run(
    mods: readonly FlowModBody[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<number, SwitchError>> {
    if (mods.length === 0) return new Map();
    const build = (index: number, xid: number) => withXid(mods[index], xid);
    try {
      // For a single message a bundle only adds messages.
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
