import { setTimeout as sleep } from 'node:timers/promises';
import { MAX_DECISIONS } from '../../api/decision-query.ts';
import type { DecisionRecord } from '../../api/decision-record.ts';
import type { ControlClient } from '../client/client.ts';
import { DaemonUnreachable } from '../client/client-errors.ts';
import { CommandFailed, ExitCode } from './exit-codes.ts';

/** Time between two questions, ms. */
const PERIOD_MS = 500;
/** Records that are asked for first; all of them only if these do not reach back far enough. */
const FEW = 200;

/** Options of {@link followDecisions}. */
export interface FollowOptions {
  readonly client: ControlClient;
  /** A ufid or a prefix of one; empty: all flows. */
  readonly flow: string;
  /** The last record that is known; undefined: there was none. */
  readonly seen: DecisionRecord | undefined;
  /** Called with every later record, in order. */
  readonly onDecision: (decision: DecisionRecord) => void;
  /** Called when records in between were dropped before they could be read. */
  readonly onGap: () => void;
  /** Ends the following, which is not an error. */
  readonly signal: AbortSignal;
}

/**
 * Reads decision records as they are made, until `signal` aborts.
 *
 * @throws {CommandFailed} when the daemon exits; other errors of {@link ControlClient}
 */
export async function followDecisions(options: FollowOptions): Promise<void> {
  const { client, flow, onDecision, onGap, signal } = options;
  let last = options.seen?.id;
  while (await waited(signal)) {
    const later = await latestFirst(client, flow, last).catch((error: unknown) => {
      if (!(error instanceof DaemonUnreachable)) throw error;
      throw new CommandFailed('the daemon exited', ExitCode.unreachable, { cause: error });
    });
    if (later.isCut) onGap();
    for (const decision of later.records.toReversed()) onDecision(decision);
    last = later.records.at(0)?.id ?? last;
  }
}

/** Waits for a period; false: `signal` has aborted. */
async function waited(signal: AbortSignal): Promise<boolean> {
  await sleep(PERIOD_MS, undefined, { signal }).catch(() => undefined);
  return !signal.aborted;
}

/** The records after the one with the id `last`, latest first. `isCut`: that one is not kept any more. */
async function latestFirst(
  client: ControlClient,
  flow: string,
  last: string | undefined,
): Promise<{ readonly records: readonly DecisionRecord[]; readonly isCut: boolean }> {
  for (const limit of [FEW, MAX_DECISIONS]) {
    const { decisions } = await client.decisions({ flow, limit });
    const at = decisions.findIndex(({ id }) => id === last);
    if (at !== -1) return { records: decisions.slice(0, at), isCut: false };
    const isAll = decisions.length < limit;
    if (isAll || limit === MAX_DECISIONS) {
      return { records: decisions, isCut: last !== undefined && decisions.length > 0 };
    }
  }
  return { records: [], isCut: false };
}
