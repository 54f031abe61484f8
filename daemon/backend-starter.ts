import { setTimeout as sleep } from 'node:timers/promises';
import { Backoff, type BackoffOptions } from '../async/backoff.ts';
import type { OffloadBackend } from '../engine/ports/offload-backend.ts';
import type { PortDirectory } from '../engine/ports/port-directory.ts';
import type { Log } from '../platform/log.ts';
import { errorMessage } from '../text/error-message.ts';

const RETRY: BackoffOptions = { minMs: 500, maxMs: 30_000 };

/**
 * Brings the port directory up, then all backends, and tries again for as long as it takes: at
 * boot the vSwitch may come after the daemon, and until then there is nothing to lose.
 */
export class BackendStarter {
  readonly #ports: PortDirectory;
  readonly #backends: readonly OffloadBackend[];
  readonly #log: Log;
  readonly #onUp: (backend: OffloadBackend) => void;
  readonly #up = new Set<OffloadBackend>();
  #portsUp = false;
  /** What is not up, and why. */
  readonly #errors = new Map<string, string>();

  /** @param onUp called as each backend comes up */
  constructor(
    ports: PortDirectory,
    backends: readonly OffloadBackend[],
    log: Log,
    onUp: (backend: OffloadBackend) => void,
  ) {
    this.#onUp = onUp;
    this.#ports = ports;
    this.#backends = backends;
    this.#log = log;
  }

  /** True once every backend can be used. */
  get started(): boolean {
    return this.#portsUp && this.#up.size === this.#backends.length;
  }

  /** The backends that can be used. */
  get up(): ReadonlySet<OffloadBackend> {
    return this.#up;
  }

  /** Why it is not up yet. */
  get error(): string | undefined {
    return this.#errors.values().next().value;
  }

  /** Why one of the backends is not up yet. */
  errorOf(backend: OffloadBackend): string | undefined {
    return this.#errors.get('ports') ?? this.#errors.get(backend.name);
  }

  /** Resolves when all is up or `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    if (!(await this.#untilItWorks('ports', signal, () => this.#ports.start(signal)))) return;
    this.#portsUp = true;
    await Promise.all(this.#backends.map((backend) => this.#bringUp(backend, signal)));
    if (this.#backends.length === 0) this.#log.info('watching only: no backend');
  }

  async #bringUp(backend: OffloadBackend, signal: AbortSignal): Promise<void> {
    const start = (): Promise<void> => backend.start(this.#ports.current(), signal);
    if (!(await this.#untilItWorks(backend.name, signal, start))) return;
    this.#up.add(backend);
    this.#onUp(backend);
    const about = { backend: backend.name, ports: this.#ports.current().size };
    this.#log.info(about, backend.capabilities().description);
  }

  /** Resolves to false when `signal` aborted before it worked. */
  async #untilItWorks(
    what: string,
    signal: AbortSignal,
    start: () => Promise<void>,
  ): Promise<boolean> {
    const backoff = new Backoff(RETRY);
    while (!signal.aborted) {
      try {
        await start();
        this.#errors.delete(what);
        return true;
      } catch (error) {
        if (signal.aborted) return false;
        const why = errorMessage(error);
        this.#errors.set(what, why);
        const waitMs = backoff.failed();
        this.#log.warn({ what, error: why, retryInMs: waitMs }, 'not up yet');
        await sleep(waitMs, undefined, { signal }).catch(() => undefined);
      }
    }
    return false;
  }
}
