import { setTimeout as sleep } from 'node:timers/promises';
import { errnoName } from '../core/errors.ts';
import type { ReceiveFilter } from '../../../protocols/ethtool/receive-filter.ts';
import { refusalOfErrno } from '../ntuple/filter-refusal.ts';
import { type FilterWriter, LeaseEnded } from '../ntuple/keeper/filter-writer.ts';
import type { Refusal } from '../../../engine/model/refusal.ts';
import type { GuestRules, RuleTraffic, WantedRule } from './guest-rules.ts';
import { afterStep, nextStep, NOTHING, type Step, type VmState } from './steps.ts';
import { type SteeringMode, type VmEntry, wantedState, WHOLE_VM } from './wanted.ts';

/** What an entry needs in guest and NIC. */
export interface DrivenEntry extends VmEntry, WantedRule {
  /** Steers the flow, for entries that receive through a filter. */
  readonly filter?: ReceiveFilter;
}

/** A virtual function did not do what must succeed: taking something back. */
export class VfStuck extends Error {
  override readonly name = 'VfStuck';

  constructor(vf: number, step: string, errno: number) {
    super(
      `virtual function ${vf}: cannot ${step}: ${errnoName(errno)}; the next operation retries, and ` +
        'without one it ends with the lease',
    );
  }
}

export interface VmDriverOptions {
  readonly vf: number;
  readonly device: string;
  readonly steering: SteeringMode;
  readonly writer: FilterWriter;
  /** What opens the VF, and what steers the VM's MAC address. */
  readonly opening: ReceiveFilter;
  readonly wholeVm: ReceiveFilter;
  /** The receive rule for the whole VM. */
  readonly wholeRule: WantedRule;
  readonly drainMs: number;
}

/**
 * Moves one VM between the vSwitch and its virtual function, step by step (`steps.ts`), and remembers
 * what is in force. Not concurrent: the caller runs one call at a time.
 */
export class VmDriver {
  readonly #options: VmDriverOptions;
  readonly #entries = new Map<string, DrivenEntry>();
  readonly #locations = new Map<string, number>();
  readonly #traffic: RuleTraffic[] = [];
  #openAt: number | undefined;
  #state = NOTHING;
  #guest: GuestRules | undefined;
  /** The lease has ended, and {@link restore} has not followed: nothing is put in force. */
  #hasLapsed = false;
  /** Until when a guest without a session may still send through the VF, ms of performance.now(). */
  #closeNotBeforeMs = 0;

  constructor(options: VmDriverOptions) {
    this.#options = options;
  }

  get state(): VmState {
    return this.#state;
  }

  get guest(): GuestRules | undefined {
    return this.#guest;
  }

  /** Number of entries. */
  get size(): number {
    return this.#entries.size;
  }

  get entries(): IterableIterator<DrivenEntry> {
    return this.#entries.values();
  }

  /** A session has begun; rules of an earlier one are removed first. */
  async begin(guest: GuestRules): Promise<void> {
    await guest.session.withdraw();
    guest.acknowledgeLoss();
    this.#guest = guest;
  }

  /** Adds entries; resolves to the refusals by id. Entries that are refused are not kept. */
  async add(entries: readonly DrivenEntry[]): Promise<ReadonlyMap<string, Refusal>> {
    if (this.#hasLapsed) {
      const { message: detail } = new LeaseEnded(this.#options.device);
      return new Map(entries.map(({ id }) => [id, { code: 'device-error', detail }]));
    }
    for (const entry of entries) this.#entries.set(entry.id, entry);
    return this.#converge();
  }

  /** Removes entries. @throws {VfStuck} {@link GuestSessionEnded} when one may still be in force */
  async remove(ids: readonly string[]): Promise<void> {
    for (const id of ids) this.#entries.delete(id);
    await this.#converge();
  }

  /**
   * The guest does not answer any more: the NIC stops steering at once. What the guest still sends
   * passes the VF until its lease has ended.
   *
   * @param untilMs from now until the guest has returned to the vSwitch, ms
   */
  async guestGone(untilMs: number): Promise<void> {
    this.#guest?.forget(this.#state.receive);
    this.#guest = undefined;
    this.#entries.clear();
    this.#closeNotBeforeMs = performance.now() + untilMs;
    this.#state = { ...this.#state, receive: new Set(), transmit: new Set() };
    await this.#converge();
  }

  /** Closes the VF if a guest that was gone has had its time. */
  async settle(): Promise<void> {
    await this.#converge();
  }

  /** The guest has removed its transmit rules by itself; resolves to the refusals of new ones. */
  async transmitLost(): Promise<ReadonlyMap<string, Refusal>> {
    this.#guest?.forget(this.#state.transmit);
    this.#state = { ...this.#state, transmit: new Set() };
    return this.#converge();
  }

  /** The keeper has removed everything from the NIC; the guest is in step at the next change. */
  async lapse(): Promise<void> {
    this.#hasLapsed = true;
    this.#locations.clear();
    this.#openAt = undefined;
    const { transmit } = this.#state;
    this.#state = { ...this.#state, isOpen: false, steered: new Set(), transmit: new Set() };
    if (transmit.size > 0) await this.#guest?.delete([...transmit]);
    // Its lease has ended, too.
    this.#guest?.acknowledgeLoss();
  }

  /** The guest sends through the vSwitch again; what it receives stays. */
  async stopSending(): Promise<void> {
    const { transmit } = this.#state;
    if (transmit.size === 0) return;
    await this.#readTraffic();
    await this.#guest?.delete([...transmit]);
    this.#state = { ...this.#state, transmit: new Set() };
  }

  isInForce(id: string): boolean {
    const entry = this.#entries.get(id);
    return entry !== undefined && this.#state.isOpen && this.#state[entry.direction].has(id);
  }

  /**
   * Ids of the entries in force.
   *
   * @param locations places in the NIC that have what was put there
   */
  present(locations: ReadonlySet<number>): readonly string[] {
    const isSteered = (id: string): boolean => {
      const location = this.#locations.get(id) ?? this.#locations.get(WHOLE_VM);
      return location !== undefined && locations.has(location);
    };
    return [...this.#entries.values()]
      .filter(({ id, direction, filter }) => {
        const needsSteering = direction === 'receive' || filter !== undefined;
        return this.isInForce(id) && (!needsSteering || isSteered(id));
      })
      .map(({ id }) => id);
  }

  /** Puts everything in force again after {@link lapse}; resolves to the refusals. */
  restore(): Promise<ReadonlyMap<string, Refusal>> {
    this.#hasLapsed = false;
    return this.#converge();
  }

  /** Traffic of the entries since the last call. */
  async takeTraffic(): Promise<readonly RuleTraffic[]> {
    await this.#readTraffic();
    return this.#traffic.splice(0);
  }

  async #readTraffic(): Promise<void> {
    if (this.#guest !== undefined) this.#traffic.push(...(await this.#guest.takeTraffic()));
  }

  async #converge(): Promise<ReadonlyMap<string, Refusal>> {
    const refused = new Map<string, Refusal>();
    for (;;) {
      const wanted = this.#wanted();
      const step = nextStep(this.#state, wanted);
      if (step === undefined) return refused;
      if (step.do === 'close' && performance.now() < this.#closeNotBeforeMs) return refused;
      const failed = await this.#take(step);
      const done = 'ids' in step ? step.ids.filter((id) => !failed.has(id)) : [];
      if (step.do !== 'open' || failed.size === 0) this.#state = afterStep(this.#state, step, done);
      for (const [id, refusal] of failed) this.#refuse(id, refusal, refused);
    }
  }

  /** After a lapse, the guest keeps its receive rules, which do nothing until the NIC steers. */
  #wanted(): VmState {
    const wanted = wantedState(this.#options.steering, [...this.#entries.values()]);
    return this.#hasLapsed ? { ...NOTHING, receive: wanted.receive } : wanted;
  }

  /** What an id without success was for is not wanted any more. */
  #refuse(id: string, refusal: Refusal, refused: Map<string, Refusal>): void {
    const ids = id === WHOLE_VM ? [...this.#entries.keys()] : [id];
    for (const each of ids) if (this.#entries.delete(each)) refused.set(each, refusal);
  }

  /** Takes a step; resolves to the refusals by id, all of them of puts. */
  async #take(step: Step): Promise<ReadonlyMap<string, Refusal>> {
    switch (step.do) {
      case 'open':
        return this.#open();
      case 'close':
        await this.#unsteer('close it', this.#openAt);
        this.#openAt = undefined;
        return new Map();
      case 'put':
        return step.part === 'steered' ? this.#steer(step.ids) : this.#putRules(step.ids);
      case 'delete':
        break;
    }
    if (step.part === 'steered') {
      for (const id of step.ids) {
        await this.#unsteer('stop steering', this.#locations.get(id));
        this.#locations.delete(id);
      }
      return new Map();
    }
    await this.#readTraffic();
    // What the NIC had steered is still on its way.
    if (step.part === 'receive') await sleep(this.#options.drainMs);
    await this.#guest?.delete(step.ids);
    return new Map();
  }

  async #open(): Promise<ReadonlyMap<string, Refusal>> {
    const opened = await this.#insert(this.#options.opening);
    if (typeof opened !== 'number') return new Map([[WHOLE_VM, opened]]);
    this.#openAt = opened;
    return new Map();
  }

  async #steer(ids: readonly string[]): Promise<ReadonlyMap<string, Refusal>> {
    const { wholeVm } = this.#options;
    const failed = new Map<string, Refusal>();
    for (const id of ids) {
      const filter = id === WHOLE_VM ? wholeVm : this.#entries.get(id)?.filter;
      if (filter === undefined) continue;
      const steered = await this.#insert(filter);
      if (typeof steered === 'number') this.#locations.set(id, steered);
      else failed.set(id, steered);
    }
    return failed;
  }

  /** The place of a filter in the NIC, or why it is not there. */
  async #insert(filter: ReceiveFilter): Promise<number | Refusal> {
    const { writer, device } = this.#options;
    try {
      const inserted = await writer.insert(filter);
      return 'errno' in inserted ? refusalOfErrno(inserted.errno, device) : inserted.location;
    } catch (error) {
      if (error instanceof LeaseEnded) return { code: 'device-error', detail: error.message };
      throw error;
    }
  }

  async #unsteer(what: string, location: number | undefined): Promise<void> {
    if (location === undefined) return;
    const errno = await this.#options.writer.remove(location);
    if (errno !== 0) throw new VfStuck(this.#options.vf, what, errno);
  }

  async #putRules(ids: readonly string[]): Promise<ReadonlyMap<string, Refusal>> {
    const detail = 'there is no session with the guest';
    const gone: Refusal = { code: 'port-unavailable', detail };
    if (this.#guest === undefined) return new Map(ids.map((id) => [id, gone]));
    const rules = ids.flatMap(
      (id) => (id === WHOLE_VM ? this.#options.wholeRule : this.#entries.get(id)) ?? [],
    );
    const refused = await this.#guest.put(rules);
    return new Map(
      Array.from(refused, ([id, why]) => [
        id,
        { code: 'device-error', detail: `the guest: ${why}` },
      ]),
    );
  }
}
