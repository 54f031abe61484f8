import type { FlowStats } from '../../protocols/openflow/codec/flow-stats.ts';
import type { SwitchError } from '../../protocols/openflow/connection/errors.ts';
import type { ConnectedSwitch } from '../../protocols/openflow/connection/switch-client.ts';
import type { Cookies } from './cookies.ts';
import { Executor } from './executor.ts';
import { type FlowModBody, FlowMods, type RulePlace } from './flow-mods.ts';
import { readOurs, readTable } from './rule-stats.ts';
import { dialectOf } from './translate/dialect.ts';
import type { RuleGround } from './translator.ts';

/** The switch while one connection lasts: what can be said to it, and how it is done. */
export class Conversation {
  readonly connected: ConnectedSwitch;
  readonly ground: RuleGround;
  readonly mods: FlowMods;
  readonly #cookies: Cookies;
  readonly #executor: Executor;

  constructor(connected: ConnectedSwitch, place: RulePlace, cookies: Cookies) {
    const { session, description, ports } = connected;
    this.connected = connected;
    this.ground = { dialect: dialectOf(session.version, description?.manufacturer), ports };
    this.mods = new FlowMods(place, cookies, this.ground.dialect);
    this.#cookies = cookies;
    this.#executor = new Executor(session);
  }

  /** Carries flow-mods out; see {@link Executor.run}. */
  run(
    mods: readonly FlowModBody[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<number, SwitchError>> {
    return this.#executor.run(mods, signal);
  }

  /** Reads our rules. */
  readOurs(take: (stats: FlowStats) => void, signal: AbortSignal): Promise<void> {
    return readOurs(this.connected.session, this.ground.dialect, this.#cookies, take, signal);
  }

  /** Reads every rule of table 0. */
  readTable(take: (stats: FlowStats) => void, signal: AbortSignal): Promise<void> {
    return readTable(this.connected.session, this.ground.dialect, take, signal);
  }
}
