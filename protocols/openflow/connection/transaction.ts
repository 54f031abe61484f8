import { BundleControl, BundleFlag } from '../codec/ids.ts';
import type { Message } from '../codec/messages.ts';
import { OF13 } from '../codec/version.ts';
import { SwitchError, SwitchProtocolError } from './errors.ts';
import type { Session } from './session.ts';

/** Result of a transaction. */
export interface TransactionOutcome {
  /** False: the switch rolled the bundle back, and nothing has changed. */
  readonly committed: boolean;
  /** The switch's errors, by position of the message; those messages changed nothing. */
  readonly errors: ReadonlyMap<number, SwitchError>;
}

/** Builds the message at a position, with the given xid. */
export type BuildMessage = (index: number, xid: number) => Message;

/** The switch does not support bundles. */
export class BundlesUnsupported extends Error {
  override readonly name = 'BundlesUnsupported';

  constructor(cause: Error) {
    super(`the switch does not support bundles: ${cause.message}`, { cause });
  }
}

/**
 * Sends messages one by one, then a barrier: messages without an error when the barrier is answered
 * were executed. Rejects when the connection ends before; then the result is unknown.
 */
export async function withBarrier(
  session: Session,
  count: number,
  build: BuildMessage,
  signal: AbortSignal,
): Promise<TransactionOutcome> {
  const errors = new Map<number, SwitchError>();
  const batch = session.batch(count, build, (index, error) => errors.set(index, error));
  try {
    await batch.send(signal);
    await session.request((xid) => ({ type: 'barrier-request', xid }), signal);
    return { committed: true, errors };
  } finally {
    batch.stop();
  }
}

/**
 * Sends messages as one atomic, ordered bundle (ONF extension 230 to OpenFlow 1.3): all of them are
 * executed, or none.
 *
 * @throws BundlesUnsupported before anything was sent; otherwise as {@link withBarrier}
 */
export async function inBundle(
  session: Session,
  count: number,
  build: BuildMessage,
  signal: AbortSignal,
): Promise<TransactionOutcome> {
  const flags = BundleFlag.atomic | BundleFlag.ordered;
  const properties = new Uint8Array(0);
  const bundle = session.xids(1);
  const control = (what: number) =>
    session.request(
      (xid) => ({ type: 'bundle-control', xid, bundle, control: what, flags, properties }),
      signal,
    );
  await open(session, () => control(BundleControl.openRequest));
  const errors = new Map<number, SwitchError>();
  const batch = session.batch(
    count,
    (index, xid) => {
      const message = build(index, xid);
      return { type: 'bundle-add', xid, bundle, flags, message, properties };
    },
    (index, error) => errors.set(index, error),
  );
  try {
    await batch.send(signal);
    await control(BundleControl.commitRequest);
    return { committed: true, errors };
  } catch (error) {
    if (error instanceof SwitchError) return { committed: false, errors };
    throw error;
  } finally {
    batch.stop();
  }
}

async function open(session: Session, request: () => Promise<Message>): Promise<void> {
  if (session.version !== OF13) {
    throw new BundlesUnsupported(new Error('bundles require OpenFlow 1.3'));
  }
  try {
    const answer = await request();
    if (answer.type !== 'bundle-control' || answer.control !== BundleControl.openReply) {
      throw new SwitchProtocolError(session.peer, `${answer.type} as answer to a bundle's opening`);
    }
  } catch (error) {
    if (error instanceof SwitchError) throw new BundlesUnsupported(error);
    throw error;
  }
}
