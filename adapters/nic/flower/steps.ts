import { NetlinkRefused } from '../../../protocols/netlink/errors.ts';
import type { NetlinkAnswer, NetlinkRequest } from '../../../protocols/netlink/exchange.ts';
import type { OperationResult } from '../../../engine/ports/offload-backend.ts';
import type { Refusal } from '../../../engine/model/refusal.ts';
import { errorMessage } from '../../../text/error-message.ts';
import { notDeleted, refused } from '../core/operation-results.ts';
import type { RulesIn } from './options.ts';
import { refusalOf } from './refusals.ts';
import { isInHardware } from './rule-requests.ts';
import type { TrafficControlRequests } from './traffic-control.ts';

/** Requests that are sent together: a slow NIC takes some ms for each, and the lock is held so long. */
export const MAX_REQUESTS = 100;

/** What has to be sent for an operation, and what its answers mean. */
export interface Step {
  /** The flow. */
  readonly key: string;
  /** Change of the number of entries, if nothing is refused. */
  readonly change: -1 | 0 | 1;
  readonly requests: readonly NetlinkRequest[];
  settle(answers: readonly NetlinkAnswer[]): OperationResult;
}

/** A step that needs no request. */
export function answered(key: string, result: OperationResult): Step {
  return { key, change: 0, requests: [], settle: () => result };
}

/** Sends steps, and notices when it becomes unknown what is in tc. */
export class StepSender {
  readonly #tc: TrafficControlRequests;
  readonly #rulesIn: RulesIn;
  /** True when requests had no answer, or a strange one: what is in tc is unknown until it is read. */
  isStale = false;

  constructor(tc: TrafficControlRequests, rulesIn: RulesIn) {
    this.#tc = tc;
    this.#rulesIn = rulesIn;
  }

  /** Sends the requests of steps together; results in the order of the steps. */
  async send(steps: readonly Step[]): Promise<readonly OperationResult[]> {
    const requests = steps.flatMap((step) => step.requests);
    let answers: readonly NetlinkAnswer[];
    try {
      answers = await this.#tc.batch('writing rules', requests);
    } catch (error) {
      this.isStale = true;
      const detail = errorMessage(error);
      return steps.map(() => refused('device-error', detail));
    }
    let at = 0;
    return steps.map((step) => {
      const own = answers.slice(at, at + step.requests.length);
      at += step.requests.length;
      return step.settle(own);
    });
  }

  /** Sends many steps, in batches. */
  async sendAll(steps: readonly Step[]): Promise<readonly OperationResult[]> {
    const results: OperationResult[] = [];
    for (let from = 0; from < steps.length; from += MAX_REQUESTS) {
      results.push(...(await this.send(steps.slice(from, from + MAX_REQUESTS))));
    }
    return results;
  }

  /** Why a rule is not where it was written to; undefined: it is. */
  problemOf(answer: NetlinkAnswer): Refusal | undefined {
    if (answer instanceof NetlinkRefused) return refusalOf(answer);
    if (this.#rulesIn === 'software' || isInHardware(answer)) return undefined;
    this.isStale = true;
    return { code: 'device-error', detail: 'the kernel accepted the rule, but the NIC has not' };
  }

  /** A filter that was not deleted may also be gone with its device: only a reading tells. */
  notDeleted({ code }: NetlinkRefused): OperationResult {
    this.isStale = true;
    return notDeleted(code);
  }
}
