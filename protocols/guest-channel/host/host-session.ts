import { asError } from '../../../text/error-message.ts';
import { decodeGuestMessage } from '../codec/decode-guest.ts';
import { encodeLine } from '../codec/encode.ts';
import { ChannelViolation } from '../codec/errors.ts';
import { MAX_RULES, MAX_RULES_PER_PUT } from '../codec/limits.ts';
import type {
  Epoch,
  GuestDevice,
  GuestHello,
  GuestMessage,
  GuestReply,
  HostRequest,
  ReplyResult,
  RuleCounters,
  RuleResult,
} from '../codec/messages.ts';
import type { GuestRule } from '../codec/rule.ts';
import type { ByteChannel } from './channel.ts';
import { checkedCounters, checkedDelete, checkedPut } from './checked-replies.ts';
import { type EndReason, GuestBusy, GuestRefused, GuestSessionEnded } from './errors.ts';
import { GuestClock } from './guest-clock.ts';
import { KnownRules } from './known-rules.ts';
import { PendingRequests } from './pending.ts';
import type { GuestLease, GuestSession, SessionListener } from './session.ts';
import { SessionListeners } from './session-listeners.ts';

/** A `hello` of the same run of the agent that an earlier `hello` of the host caused. */
const MAX_REPEATED_HELLOS = 8;

/** A request without what the session adds. */
type Body<Of extends HostRequest = HostRequest> = Of extends HostRequest
  ? Omit<Of, 'to' | 'id'>
  : never;

export interface HostSessionOptions {
  readonly guest: string;
  /** Longest time for a reply, ms. */
  readonly timeoutMs: number;
  /** CLOCK_MONOTONIC, ms. */
  readonly nowMs: () => number;
}

/** A session after its handshake; lines come in through {@link line}. */
export class HostSession implements GuestSession {
  readonly guest: string;
  readonly agent: string;
  readonly devices: readonly GuestDevice[];
  readonly #channel: ByteChannel;
  readonly #epoch: Epoch;
  readonly #options: HostSessionOptions;
  readonly #clock = new GuestClock();
  readonly #pending = new PendingRequests();
  readonly #listeners = new SessionListeners();
  readonly #rules = new KnownRules();
  #end: GuestSessionEnded | undefined;
  #isLeaving = false;
  #leaseEndsAtMs: number | undefined;
  #lost = 0;
  #lastId = 0;
  #repeatedHellos = 0;

  constructor(channel: ByteChannel, hello: GuestHello, options: HostSessionOptions) {
    this.#channel = channel;
    this.#options = options;
    this.#epoch = hello.epoch;
    this.guest = options.guest;
    this.agent = hello.agent;
    this.devices = hello.devices;
    this.#clock.sample(hello.clockMs, options.nowMs());
  }

  get end(): GuestSessionEnded | undefined {
    return this.#end;
  }

  get isLeaving(): boolean {
    return this.#isLeaving;
  }

  get leaseEndsAtMs(): number | undefined {
    const endsAtMs = this.#leaseEndsAtMs;
    return endsAtMs !== undefined && endsAtMs > this.#options.nowMs() ? endsAtMs : undefined;
  }

  async put(rules: readonly GuestRule[]): Promise<readonly RuleResult[]> {
    const results: RuleResult[] = [];
    for (let from = 0; from < rules.length; from += MAX_RULES_PER_PUT) {
      const part = rules.slice(from, from + MAX_RULES_PER_PUT);
      results.push(...(await this.#putPart(part)));
    }
    return results;
  }

  async delete(rules: readonly number[]): Promise<number> {
    let deleted = 0;
    for (let from = 0; from < rules.length; from += MAX_RULES) {
      const part = rules.slice(from, from + MAX_RULES);
      const result = await this.#request({ type: 'delete', rules: part });
      deleted += this.#checked(() => checkedDelete(part.length, result));
      this.#rules.remove(part);
    }
    return deleted;
  }

  async retain(rules: readonly number[]): Promise<number> {
    const result = await this.#request({ type: 'retain', rules });
    this.#rules.retain(rules);
    return this.#checked(() => checkedDelete(MAX_RULES, result));
  }

  async counters(): Promise<readonly RuleCounters[]> {
    const all: RuleCounters[] = [];
    for (let after = 0; ; after = all.at(-1)?.[0] ?? after) {
      const result = await this.#request({ type: 'counters', after });
      const page = this.#checked(() => checkedCounters(after, this.#rules.ids, result));
      all.push(...page.counters);
      if (!page.more) return all;
    }
  }

  async renew(endsAtMs: number): Promise<GuestLease> {
    if (endsAtMs <= this.#options.nowMs()) return 'late';
    const untilMs = this.#clock.toGuest(endsAtMs);
    const result = await this.#request({ type: 'renew', untilMs });
    if (result.of !== 'renew') {
      throw this.#violated(new ChannelViolation('reply to renew', 'the state of the lease'));
    }
    this.#leaseEndsAtMs = result.lease === 'renewed' ? endsAtMs : undefined;
    return result.lease;
  }

  async withdraw(): Promise<number> {
    const result = await this.#request({ type: 'withdraw' });
    this.#rules.retain([]);
    return this.#checked(() => checkedDelete(MAX_RULES, result));
  }

  listen(listener: SessionListener): () => void {
    return this.#listeners.add(listener);
  }

  close(): void {
    this.finish('closed', 'closed by the host');
  }

  /** Takes a line that the guest has sent. */
  line(line: string): void {
    if (this.#end !== undefined) return;
    try {
      this.#take(decodeGuestMessage(line));
    } catch (error) {
      this.#violated(error);
    }
  }

  /** Ends the session, once. */
  finish(reason: EndReason, detail: string): GuestSessionEnded {
    if (this.#end !== undefined) return this.#end;
    const end = new GuestSessionEnded(this.guest, reason, detail);
    this.#end = end;
    this.#leaseEndsAtMs = undefined;
    this.#channel.close();
    this.#pending.end(end);
    this.#listeners.each((listener) => listener.ended(end));
    this.#listeners.clear();
    return end;
  }

  #take(message: GuestMessage): void {
    switch (message.type) {
      case 'hello':
        if (message.epoch !== this.#epoch) {
          this.finish('restarted', 'the agent has started anew');
        } else if (++this.#repeatedHellos > MAX_REPEATED_HELLOS) {
          throw new ChannelViolation('hello', 'one for each hello of the host');
        }
        break;
      case 'leaving':
        if (this.#isLeaving) throw new ChannelViolation('leaving', 'it once');
        this.#isLeaving = true;
        this.#listeners.each((listener) => listener.leaving());
        break;
      case 'reply':
        this.#reply(message);
    }
  }

  #reply({ id, clockMs, lost, result }: GuestReply): void {
    if (lost < this.#lost) throw new ChannelViolation('reply.lost', 'a growing number');
    this.#clock.sample(clockMs, this.#options.nowMs());
    this.#pending.reply(id, result);
    if (lost === this.#lost) return;
    this.#lost = lost;
    this.#listeners.each((listener) => listener.lost(lost));
  }

  async #putPart(part: readonly GuestRule[]): Promise<readonly RuleResult[]> {
    this.#throwIfBusy();
    const added = this.#rules.add(part.map(({ id }) => id));
    if (added === undefined) {
      const why = `a guest can hold ${MAX_RULES} rules`;
      return part.map(({ id }) => ({ id, ok: false, why }));
    }
    const result = await this.#request({ type: 'put', rules: part });
    const results = this.#checked(() => checkedPut(part, result));
    this.#rules.settle(added, results);
    return results;
  }

  async #request(body: Body): Promise<ReplyResult> {
    this.#throwIfBusy();
    const { timeoutMs } = this.#options;
    const id = ++this.#lastId;
    const line = encodeLine({ ...body, to: this.#epoch, id });
    const reply = this.#pending.wait(id, body.type, timeoutMs, () =>
      this.finish('no-reply', `no reply to ${body.type} within ${timeoutMs} ms`),
    );
    if (!this.#channel.send(line)) {
      this.finish('no-reply', 'the guest does not read what it is sent');
    }
    const result = await reply;
    if (result.of === 'error') throw new GuestRefused(this.guest, body.type, result.why);
    return result;
  }

  #throwIfBusy(): void {
    if (this.#end !== undefined) throw this.#end;
    if (this.#pending.isFull) throw new GuestBusy(this.guest, this.#pending.size);
  }

  #checked<T>(check: () => T): T {
    try {
      return check();
    } catch (error) {
      throw this.#violated(error);
    }
  }

  #violated(error: unknown): GuestSessionEnded {
    return this.finish('violation', asError(error).message);
  }
}
