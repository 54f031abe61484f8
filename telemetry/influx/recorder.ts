import type { ConnectionCount } from '../../engine/connections/connection-counts.ts';
import type { TickReport } from '../../engine/loop/tick-report.ts';
import type { TickAccounts } from '../accounts/tick-accounts.ts';
import { Differences } from './differences.ts';
import { lineOf } from './line.ts';
import type { FieldsOf, TagsOf } from './measurements.ts';
import { type GuestCounts, nodeLines, type TickSums, topLines } from './node-lines.ts';

/** Settings of an {@link InfluxRecorder}. */
export interface RecorderOptions {
  /** Value of the tag `node`. */
  readonly node: string;
  /** Period of the rounds of points, ms. */
  readonly periodMs: number;
  /** Number of flows with the highest rates to write; 0: none. */
  readonly topFlows: number;
  /** Number of open file descriptors of this process; left out: it is not written. */
  readonly openDescriptors?: () => number;
  /** Guests now; left out: they are not written. */
  readonly guests?: (() => GuestCounts) | undefined;
  /** Connections of the last reading; left out: they are not written. */
  readonly connections?: (() => readonly ConnectionCount[]) | undefined;
  /** Ports that the meter of connections does not count; left out: it is not written. */
  readonly uncountedPorts?: (() => number) | undefined;
  /** Takes a line of the line protocol; must not block. */
  readonly write: (line: string) => void;
  /** Wall clock, ms since 1970, for ticks that have none. */
  readonly wall: () => number;
}

/** A change of placement. */
export interface DecisionEvent {
  /** Wall clock, ms since 1970. */
  readonly wallMs: number;
  readonly tags: Omit<TagsOf<'norikae_decision'>, 'node'>;
  readonly fields: FieldsOf<'norikae_decision'>;
}

/** Another event of the node. */
export interface NodeEvent {
  /** Wall clock, ms since 1970. */
  readonly wallMs: number;
  readonly kind: 'start' | 'policy' | 'policy-refused' | 'hold' | 'resume';
  readonly title: string;
  readonly text: string;
}

/** Turns ticks and events into lines: events immediately, everything else once a period. */
export class InfluxRecorder {
  readonly #options: RecorderOptions;
  readonly #differences = new Differences();
  #sums: TickSums = { ticks: 0, longestMs: 0, fresh: true };
  #dueMs = Number.NEGATIVE_INFINITY;
  #readAtMs: number | undefined;
  #held = false;
  #lastEvent = { wallMs: 0, nth: 0 };

  constructor(options: RecorderOptions) {
    this.#options = options;
  }

  /** Adds a tick; writes a round of points when the period is over. */
  addTick(report: TickReport, accounts: TickAccounts): void {
    const { tick, held } = report;
    this.#sums.ticks++;
    this.#sums.longestMs = Math.max(this.#sums.longestMs, report.elapsedMs);
    this.#sums.fresh &&= tick.fresh;
    const wallMs = tick.wallMs ?? this.#options.wall();
    if (held !== this.#held) this.#addHoldEvent(held, wallMs);
    if (tick.atMs < this.#dueMs) return;
    // Rounds stay on a fixed schedule; missed rounds are skipped.
    const { periodMs } = this.#options;
    const nextMs = this.#dueMs + periodMs;
    this.#dueMs = nextMs > tick.atMs ? nextMs : tick.atMs + periodMs;
    this.#writeRound(report, accounts, wallMs);
  }

  addDecision({ wallMs, tags, fields }: DecisionEvent): void {
    const { node } = this.#options;
    const nth = this.#nth(wallMs);
    this.#write(lineOf('norikae_decision', { node, ...tags }, fields, wallMs, nth));
  }

  addEvent({ wallMs, kind, title, text }: NodeEvent): void {
    const { node } = this.#options;
    const fields = { title, text, tags: kind };
    this.#write(lineOf('norikae_event', { node, kind }, fields, wallMs, this.#nth(wallMs)));
  }

  #writeRound(report: TickReport, accounts: TickAccounts, wallMs: number): void {
    const { node, topFlows } = this.#options;
    const { readAtMs } = report.tick.table;
    const seconds = (readAtMs - (this.#readAtMs ?? readAtMs)) / 1000;
    this.#readAtMs = readAtMs;
    const round = {
      node,
      wallMs,
      atMs: report.tick.atMs,
      seconds: seconds > 0 ? seconds : undefined,
      differences: this.#differences,
      write: (line: string | undefined) => this.#write(line),
    };
    const daemon = {
      openDescriptors: this.#options.openDescriptors?.(),
      guests: this.#options.guests?.(),
      connections: this.#options.connections?.(),
      uncountedPorts: this.#options.uncountedPorts?.(),
    };
    nodeLines(report, accounts, this.#sums, daemon, round);
    topLines(accounts, topFlows, round);
    this.#differences.endRound();
    this.#sums = { ticks: 0, longestMs: 0, fresh: true };
  }

  #addHoldEvent(held: boolean, wallMs: number): void {
    this.#held = held;
    this.addEvent({
      wallMs,
      kind: held ? 'hold' : 'resume',
      title: held ? 'all flows held on the vSwitch' : 'flows are placed again',
      text: held ? 'norikae onload-all' : 'norikae resume',
    });
  }

  /** Number of the event in its millisecond, which makes the times of points unique. */
  #nth(wallMs: number): number {
    const { nth, wallMs: last } = this.#lastEvent;
    this.#lastEvent = { wallMs, nth: wallMs === last ? nth + 1 : 0 };
    return this.#lastEvent.nth;
  }

  #write(line: string | undefined): void {
    if (line !== undefined) this.#options.write(line);
  }
}
