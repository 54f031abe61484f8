import type { HoldView } from '../api/command-views.ts';
import { SerialQueue } from '../async/serial-queue.ts';
import type { Engine } from '../engine/loop/engine.ts';
import type { FlowTable } from '../engine/model/flow-table.ts';
import type { Log } from '../platform/log.ts';
import { errorMessage } from '../text/error-message.ts';
import type { HoldFile } from './hold-file.ts';

/** Options of a {@link PanicHold}. */
export interface PanicHoldOptions {
  readonly engine: Pick<Engine, 'hold' | 'onloadAll' | 'resume'>;
  readonly table: () => FlowTable;
  readonly file: Pick<HoldFile, 'path' | 'read' | 'write' | 'remove'>;
  /** Wall clock, ms since 1970. */
  readonly wall: () => number;
  readonly log: Log;
  /** Called when a hold has ended. */
  readonly onRelease: () => void;
}

/** The end of a hold could not be recorded: the hold continues. */
export class HoldNotEnded extends Error {
  override readonly name = 'HoldNotEnded';

  constructor(path: string, cause: unknown) {
    const why = errorMessage(cause);
    super(`the hold continues, because its file ${path} cannot be removed: ${why}; remove it`, {
      cause,
    });
  }
}

/** The panic button. Its hold lasts until {@link release}, also across restarts and crashes. */
export class PanicHold {
  readonly #o: PanicHoldOptions;
  /** Changes of the file, one at a time. */
  readonly #changes = new SerialQueue();
  #since: string | undefined;
  #presses = 0;

  constructor(options: PanicHoldOptions) {
    this.#o = options;
  }

  /** Since when everything is held, ISO 8601; undefined without a hold. */
  get since(): string | undefined {
    return this.#since;
  }

  /** Restores the hold of an earlier daemon, before anything is offloaded. */
  async restore(): Promise<void> {
    const { engine, file, log } = this.#o;
    this.#since = await file.read();
    if (this.#since === undefined) return;
    engine.hold();
    const text = 'every flow is held on the vSwitch since before the start, until "norikae resume"';
    log.warn({ since: this.#since, file: file.path }, text);
  }

  /**
   * Moves every flow back to the vSwitch and holds it there. The hold is recorded in parallel:
   * neither waits for the other.
   *
   * @throws {BackendsFailed} when entries could not be removed; the hold has started
   */
  async press(): Promise<HoldView> {
    const { engine, table, file, wall, log } = this.#o;
    this.#presses++;
    const since = (this.#since ??= new Date(wall()).toISOString());
    const recorded = this.#changes
      .run(() => file.write(since))
      .then(
        () => null,
        (error: unknown) => {
          const problem = `a restart ends the hold, because ${file.path} cannot be written: ${errorMessage(error)}`;
          log.error({ file: file.path }, problem);
          return problem;
        },
      );
    const withdrawing = engine.onloadAll(table());
    await Promise.allSettled([withdrawing, recorded]);
    return { held: true, withdrawn: await withdrawing, problem: await recorded };
  }

  /**
   * Ends the hold, unless the button is pressed again before it has ended.
   *
   * @throws {HoldNotEnded} when the next daemon would hold everything again
   */
  release(): Promise<HoldView> {
    const { engine, file, onRelease } = this.#o;
    const presses = this.#presses;
    return this.#changes.run(async () => {
      await file.remove().catch((error: unknown) => {
        throw new HoldNotEnded(file.path, error);
      });
      if (this.#presses !== presses) return { held: true, withdrawn: 0, problem: null };
      this.#since = undefined;
      engine.resume();
      onRelease();
      return { held: false, withdrawn: 0, problem: null };
    });
  }
}
