import { setTimeout as sleep } from 'node:timers/promises';
import type { PathBackend } from '../engine/ports/path-backend.ts';
import type { PortDirectory } from '../engine/ports/port-directory.ts';
import type { Log } from './log.ts';

const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 30_000;

/**
 * Brings port directory and backend up, in that order, and tries again for as long as it takes:
 * at boot the vSwitch may come after the daemon, and until then there is nothing to lose.
 */
export class BackendStarter {
  readonly #ports: PortDirectory;
  readonly #backend: PathBackend | undefined;
  readonly #log: Log;
  #started = false;
  #error: string | undefined;

  constructor(ports: PortDirectory, backend: PathBackend | undefined, log: Log) {
    this.#ports = ports;
    this.#backend = backend;
    this.#log = log;
  }

  /** True once the backend can be used. */
  get started(): boolean {
    return this.#started;
  }

  /** Why it is not up yet. */
  get error(): string | undefined {
    return this.#error;
  }

  /** Resolves when all is up or `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    if (!(await this.#untilItWorks('ports', signal, () => this.#ports.start(signal)))) return;
    const backend = this.#backend;
    if (backend !== undefined) {
      const start = (): Promise<void> => backend.start(this.#ports.current(), signal);
      if (!(await this.#untilItWorks(backend.name, signal, start))) return;
    }
    this.#started = true;
    this.#log.info(
      { backend: backend?.name, ports: this.#ports.current().size },
      backend === undefined ? 'watching only: no backend' : backend.capabilities().description,
    );
  }

  /** Resolves to false when `signal` aborted before it worked. */
  async #untilItWorks(
    what: string,
    signal: AbortSignal,
    start: () => Promise<void>,
  ): Promise<boolean> {
    for (
      let waitMs = FIRST_RETRY_MS;
      !signal.aborted;
      waitMs = Math.min(LAST_RETRY_MS, waitMs * 2)
    ) {
      try {
        await start();
        this.#error = undefined;
        return true;
      } catch (error) {
        if (signal.aborted) return false;
        this.#error = error instanceof Error ? error.message : String(error);
        this.#log.warn({ what, error: this.#error, retryInMs: waitMs }, 'not up yet');
        await sleep(waitMs, undefined, { signal }).catch(() => undefined);
      }
    }
    return false;
  }
}
