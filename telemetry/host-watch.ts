import {
  catchError,
  defer,
  EMPTY,
  exhaustMap,
  ignoreElements,
  type Observable,
  tap,
  timer,
} from 'rxjs';
import type { NodeState, SourceStatus } from '../engine/model/tick.ts';
import type { Clock } from '../engine/ports/clock.ts';
import type { HostSource } from '../engine/ports/host-source.ts';
import type { PortDirectory } from '../engine/ports/port-directory.ts';
import { abortable } from './abortable.ts';
import { withDeadline } from './deadline.ts';
import { NodeMeter } from './node-meter.ts';
import { PacketCost } from './packet-cost.ts';
import { SourceHealth } from './source-health.ts';

/** What a {@link HostWatch} looks at, and how often. */
export interface HostWatchOptions {
  readonly host: HostSource;
  readonly ports: PortDirectory;
  readonly clock: Clock;
  readonly periodMs: number;
  readonly timeoutMs: number;
  /** Packets that the vSwitch has forwarded up to now; left out: what one costs is not estimated. */
  readonly vswitchPackets?: () => number;
}

/**
 * Looks at the host at a period of its own, so that a host that does not answer holds up no
 * tick. A tick takes what is known.
 */
export class HostWatch {
  readonly #options: HostWatchOptions;
  readonly #meter = new NodeMeter();
  readonly #cost = new PacketCost();
  readonly #health: SourceHealth;

  constructor(options: HostWatchOptions) {
    this.#options = options;
    this.#health = new SourceHealth(options.host.name);
  }

  /** The node as of the last look that succeeded. */
  get state(): NodeState {
    return { ...this.#meter.state, packetCost: this.#cost.ns };
  }

  status(nowMs: number): SourceStatus {
    const { periodMs, timeoutMs } = this.#options;
    return this.#health.status(nowMs, 2 * periodMs + timeoutMs, periodMs);
  }

  /** Watches while subscribed. Emits nothing, never ends, never fails. */
  run(): Observable<never> {
    return timer(0, this.#options.periodMs).pipe(
      exhaustMap(() => this.#look()),
      ignoreElements(),
    );
  }

  #look(): Observable<unknown> {
    const { host, ports, clock, timeoutMs, vswitchPackets } = this.#options;
    return defer(() => {
      const atMs = clock.now();
      const names = ports.current().keys();
      return abortable((outer) =>
        withDeadline(host.name, timeoutMs, outer, (signal) => host.read(names, signal)),
      ).pipe(
        tap((sample) => {
          this.#meter.observe(sample, atMs);
          if (vswitchPackets !== undefined) {
            this.#cost.observe(sample.cpu, vswitchPackets(), atMs);
          }
          this.#health.succeeded(clock.now(), clock.now() - atMs);
        }),
      );
    }).pipe(
      catchError((error: unknown) => {
        this.#health.failed(error);
        return EMPTY;
      }),
    );
  }
}
