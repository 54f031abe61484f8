import {
  catchError,
  defer,
  EMPTY,
  exhaustMap,
  filter,
  ignoreElements,
  interval,
  map,
  type Observable,
  Subject,
  tap,
  timer,
} from 'rxjs';
import type { NodeState, SourceStatus } from '../engine/model/tick.ts';
import type { Clock } from '../engine/ports/clock.ts';
import type { HostSample, HostSource } from '../engine/ports/host-source.ts';
import type { PortDirectory } from '../engine/ports/port-directory.ts';
import { abortable } from './abortable.ts';
import { withDeadline } from './deadline.ts';
import { NodeMeter } from './node-meter.ts';
import { PacketCost } from './packet-cost.ts';
import { SourceHealth } from './source-health.ts';

/** Minimum pause after a reading of loads, as a multiple of its duration. */
const PAUSE_PER_READING = 50;

/** Sources and timing of a {@link HostWatch}. */
export interface HostWatchOptions {
  readonly host: HostSource;
  readonly ports: PortDirectory;
  readonly clock: Clock;
  readonly periodMs: number;
  readonly timeoutMs: number;
  /** Packets forwarded by the vSwitch so far; left out: the cost of a packet is not estimated. */
  readonly vswitchPackets?: () => number;
}

/**
 * Reads the host with its own period, so that a host that does not answer delays no tick. A tick
 * uses the last reading.
 */
export class HostWatch {
  readonly #options: HostWatchOptions;
  readonly #meter = new NodeMeter();
  readonly #cost = new PacketCost();
  readonly #health: SourceHealth;
  readonly #samples = new Subject<NodeState>();

  constructor(options: HostWatchOptions) {
    this.#options = options;
    this.#health = new SourceHealth(options.host.name);
  }

  /** The node as of the last successful reading. */
  get state(): NodeState {
    return { ...this.#meter.state, packetCost: this.#cost.ns };
  }

  status(nowMs: number): SourceStatus {
    const { periodMs, timeoutMs } = this.#options;
    return this.#health.status(nowMs, 2 * periodMs + timeoutMs, periodMs);
  }

  /** Emits the node after each successful reading. */
  get samples(): Observable<NodeState> {
    return this.#samples;
  }

  /**
   * Reads the ports' loads every `periodMs` while `isWanted` is true, for at most a fiftieth of the
   * time, and emits them. Never ends, never fails.
   */
  loads(periodMs: number, isWanted: () => boolean): Observable<NodeState['portLoad']> {
    const { clock } = this.#options;
    const meter = new NodeMeter();
    let notBeforeMs = Number.NEGATIVE_INFINITY;
    return interval(periodMs).pipe(
      filter(() => isWanted() && clock.now() >= notBeforeMs),
      exhaustMap(() => {
        const atMs = clock.now();
        return this.#sample().pipe(
          map((sample) => {
            notBeforeMs = clock.now() + PAUSE_PER_READING * (clock.now() - atMs);
            meter.addSample(sample, atMs);
            return meter.state.portLoad;
          }),
          catchError(() => EMPTY),
        );
      }),
    );
  }

  /** Reads the host while subscribed. Emits nothing, never ends, never fails. */
  watch(): Observable<never> {
    return timer(0, this.#options.periodMs).pipe(
      exhaustMap(() => this.#readHost()),
      ignoreElements(),
    );
  }

  #readHost(): Observable<unknown> {
    const { clock, vswitchPackets } = this.#options;
    return defer(() => {
      const atMs = clock.now();
      return this.#sample().pipe(
        tap((sample) => {
          this.#meter.addSample(sample, atMs);
          if (vswitchPackets !== undefined) {
            this.#cost.addSample(sample.cpu, vswitchPackets(), atMs);
          }
          this.#health.recordSuccess(clock.now(), clock.now() - atMs);
          this.#samples.next(this.state);
        }),
      );
    }).pipe(
      catchError((error: unknown) => {
        this.#health.recordFailure(error);
        return EMPTY;
      }),
    );
  }

  #sample(): Observable<HostSample> {
    const { host, ports, timeoutMs } = this.#options;
    return defer(() => {
      const names = ports.current().keys();
      return abortable((outer) =>
        withDeadline(host.name, timeoutMs, outer, (signal) => host.read(names, signal)),
      );
    });
  }
}
