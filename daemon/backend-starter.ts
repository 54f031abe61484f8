import { setTimeout as sleep } from 'node:timers/promises';
import { Backoff, type BackoffOptions } from '../async/backoff.ts';
import type { OffloadBackend } from '../engine/ports/offload-backend.ts';
import type { PortDirectory } from '../engine/ports/port-directory.ts';
import type { ClearLeft } from './left-tables.ts';
import type { Node } from './node.ts';
import type { Log } from '../platform/log.ts';
import { errorMessage } from '../text/error-message.ts';

const CLEARING = 'removal of what another adapter has left';
const RETRY: BackoffOptions = { minMs: 500, maxMs: 30_000 };

/**
 * Starts the port directory, removes what other adapters have left, then starts all backends, and retries without limit: at boot the vSwitch may
 * start after the daemon.
 */
export class BackendStarter {
  readonly #ports: PortDirectory;
  readonly #backends: readonly OffloadBackend[];
  readonly #clearLeft: ClearLeft | undefined;
  readonly #log: Log;
  readonly #onUp: (backend: OffloadBackend) => void;
  readonly #up = new Set<OffloadBackend>();
  #portsUp = false;
  #isCleared = false;
  /** Last errors of what has not started, by name. */
  readonly #errors = new Map<string, string>();

  /** @param onUp called when a backend has started */
  constructor(
    { ports, backends, clearLeft }: Pick<Node, 'ports' | 'backends' | 'clearLeft'>,
    log: Log,
    onUp: (backend: OffloadBackend) => void,
  ) {
    this.#onUp = onUp;
    this.#ports = ports;
    this.#backends = backends;
    this.#clearLeft = clearLeft;
    this.#log = log;
  }

  /** True once all backends have started. */
  get started(): boolean {
    return this.#portsUp && this.#isCleared && this.#up.size === this.#backends.length;
  }

  /** The backends that have started. */
  get up(): ReadonlySet<OffloadBackend> {
    return this.#up;
  }

  /** Why the start is not complete; undefined: no attempt has failed. */
  get error(): string | undefined {
    return this.#errors.values().next().value;
  }

  /** Why a backend has not started; undefined: no attempt has failed. */
  errorOf(backend: OffloadBackend): string | undefined {
    const { name } = backend;
    return ['ports', CLEARING, name]
      .map((what) => this.#errors.get(what))
      .find((e) => e !== undefined);
  }

  /** Resolves when everything has started or `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    if (!(await this.#retryUntilStarted('ports', signal, () => this.#ports.start(signal)))) return;
    this.#portsUp = true;
    if (!(await this.#clear(signal))) return;
    await Promise.all(this.#backends.map((backend) => this.#startBackend(backend, signal)));
    if (this.#backends.length === 0)
      this.#log.info('no backend is configured: flows are only observed');
  }

  /** Two adapters would forward the same packets, so nothing starts before. */
  async #clear(signal: AbortSignal): Promise<boolean> {
    const clear = this.#clearLeft ?? (() => Promise.resolve());
    this.#isCleared = await this.#retryUntilStarted(CLEARING, signal, () => clear(signal));
    return this.#isCleared;
  }

  async #startBackend(backend: OffloadBackend, signal: AbortSignal): Promise<void> {
    const start = (): Promise<void> => backend.start(this.#ports.current(), signal);
    if (!(await this.#retryUntilStarted(backend.name, signal, start))) return;
    this.#up.add(backend);
    this.#onUp(backend);
    const about = { backend: backend.name, ports: this.#ports.current().size };
    this.#log.info(about, backend.capabilities().description);
  }

  /** Resolves to false when `signal` aborts first. */
  async #retryUntilStarted(
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
        this.#log.warn({ what, error: why, retryInMs: waitMs }, 'not started yet');
        await sleep(waitMs, undefined, { signal }).catch(() => undefined);
      }
    }
    return false;
  }
}
