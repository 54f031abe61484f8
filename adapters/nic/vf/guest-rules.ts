import type { PortInfo } from '../../../engine/model/port.ts';
import type { GuestDevice } from '../../../protocols/guest-channel/codec/messages.ts';
import { MAX_RULES_PER_PUT } from '../../../protocols/guest-channel/codec/limits.ts';
import type { GuestRule, RuleField } from '../../../protocols/guest-channel/codec/rule.ts';
import type { GuestSession } from '../../../protocols/guest-channel/host/session.ts';
import type { VfVm } from './options.ts';

/** Bytes of a received packet's Ethernet header, which tc in the guest does not count. */
const HEADER_BYTES = 14;

/** A rule that is wanted in the guest, by the id that the host gives it. */
export interface WantedRule {
  readonly id: string;
  readonly direction: 'receive' | 'transmit';
  readonly match: readonly RuleField[];
}

/** Traffic of a rule since it was last taken. */
export interface RuleTraffic {
  readonly id: string;
  readonly packets: number;
  readonly bytes: number;
}

/** A guest cannot carry a VM's traffic: it has no agent, or a device is missing. */
export class GuestUnusable extends Error {
  override readonly name = 'GuestUnusable';
}

/** The rules of one session with a guest, and their traffic. */
export class GuestRules {
  readonly session: GuestSession;
  readonly #paravirtual: string;
  readonly #vf: string;
  /** Numbers of the rules in the guest, and what was read of each. */
  readonly #rules = new Map<
    string,
    { readonly number: number; packets: number; bytes: number; header: number }
  >();
  #nextNumber = 1;
  /** Rules that the guest has removed by itself since its agent started, and those of them that are known. */
  #lost = 0;
  #knownLost = 0;

  /**
   * @param port has the MAC address of the guest's paravirtual interface
   * @throws {GuestUnusable}
   */
  constructor(session: GuestSession, vm: VfVm, port: PortInfo) {
    this.session = session;
    this.#paravirtual = deviceWith(session, port.mac);
    this.#vf = deviceWith(session, vm.vfMac);
    session.listen({ lost: (total) => (this.#lost = total), leaving() {}, ended() {} });
  }

  /** The guest has removed rules by itself that are not acknowledged. */
  get hasLost(): boolean {
    return this.#lost > this.#knownLost;
  }

  /** What the guest has removed by itself is known. */
  acknowledgeLoss(): void {
    this.#knownLost = this.#lost;
  }

  /** Puts rules; resolves to the refusals by id. */
  async put(rules: readonly WantedRule[]): Promise<ReadonlyMap<string, string>> {
    const refused = new Map<string, string>();
    for (let from = 0; from < rules.length; from += MAX_RULES_PER_PUT) {
      const part = rules.slice(from, from + MAX_RULES_PER_PUT);
      const sent = part.map((rule) => this.#ruleOf(rule));
      const results = await this.session.put(sent);
      for (const [i, { id, direction }] of part.entries()) {
        const result = results[i];
        if (!result.ok) refused.set(id, result.why);
        else {
          const header = direction === 'receive' ? HEADER_BYTES : 0;
          this.#rules.set(id, { number: sent[i].id, packets: 0, bytes: 0, header });
        }
      }
    }
    return refused;
  }

  async delete(ids: readonly string[]): Promise<void> {
    await this.session.delete(ids.flatMap((id) => this.#rules.get(id)?.number ?? []));
    for (const id of ids) this.#rules.delete(id);
  }

  /** The rules are gone: the guest has removed them. */
  forget(ids: Iterable<string>): void {
    for (const id of ids) this.#rules.delete(id);
  }

  /**
   * Traffic since the last call, of rules that had some. A guest can claim anything; counters that go
   * backwards count as none.
   */
  async takeTraffic(): Promise<readonly RuleTraffic[]> {
    const byNumber = new Map((await this.session.counters()).map((row) => [row[0], row]));
    const traffic: RuleTraffic[] = [];
    for (const [id, rule] of this.#rules) {
      const [, packets = rule.packets, bytes = rule.bytes] = byNumber.get(rule.number) ?? [];
      const more = packets - rule.packets;
      if (more > 0) {
        const moreBytes = Math.max(0, bytes - rule.bytes) + more * rule.header;
        traffic.push({ id, packets: more, bytes: moreBytes });
      }
      rule.packets = packets;
      rule.bytes = bytes;
    }
    return traffic;
  }

  #ruleOf({ direction, match }: WantedRule): GuestRule {
    const [device, to] =
      direction === 'receive' ? [this.#vf, this.#paravirtual] : [this.#paravirtual, this.#vf];
    return { id: this.#nextNumber++, direction, device, to, match };
  }
}

function deviceWith(session: GuestSession, mac: string | undefined): string {
  const found = session.devices.find((device: GuestDevice) => device.mac === mac);
  if (mac !== undefined && found?.canRedirect === true && found.isUp) return found.name;
  throw new GuestUnusable(
    `guest ${session.guest} has no device with the MAC address ${mac ?? '(not known)'} that is up`,
  );
}
