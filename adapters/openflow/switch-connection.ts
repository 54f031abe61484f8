import type { FlowStats } from '../../protocols/openflow/codec/flow-stats.ts';
import type { SwitchError } from '../../protocols/openflow/connection/errors.ts';
import type { ConnectedSwitch } from '../../protocols/openflow/connection/switch-client.ts';
import type { Cookies } from './cookies.ts';
import { Executor } from './executor.ts';
import { type FlowModBody, FlowMods, type RulePlace } from './flow-mods.ts';
import { readOurs, readTable } from './rule-stats.ts';
import { dialectOf } from './translate/dialect.ts';
import type { SwitchInfo } from './translator.ts';

/** One connection to the switch, with what it supports and the operations on it. */
export class SwitchConnection {
  readonly connected: ConnectedSwitch;
  readonly switchInfo: SwitchInfo;
  readonly mods: FlowMods;
  readonly #cookies: Cookies;
  readonly #executor: Executor;

  constructor(connected: ConnectedSwitch, place: RulePlace, cookies: Cookies) {
    const { session, description, ports } = connected;
    this.connected = connected;
    this.switchInfo = { dialect: dialectOf(session.version, description?.manufacturer), ports };
    this.mods = new FlowMods(place, cookies, this.switchInfo.dialect);
    this.#cookies = cookies;
    this.#executor = new Executor(session);
  }

  /** Executes flow-mods; see {@link Executor.run}. */
  run(
    mods: readonly FlowModBody[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<number, SwitchError>> {
    return this.#executor.run(mods, signal);
  }

  /** Reads our rules. */
  readOurs(take: (stats: FlowStats) => void, signal: AbortSignal): Promise<void> {
    return readOurs(this.connected.session, this.switchInfo.dialect, this.#cookies, take, signal);
  }

  /** Reads every rule of table 0. */
  readTable(take: (stats: FlowStats) => void, signal: AbortSignal): Promise<void> {
    return readTable(this.connected.session, this.switchInfo.dialect, take, signal);
  }
}
