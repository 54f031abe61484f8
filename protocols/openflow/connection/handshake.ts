import type { Socket } from 'node:net';
import { bounded } from '../../../async/bounded.ts';
import { encode } from '../codec/encode.ts';
import type { Decoded } from '../codec/messages.ts';
import type { Hello } from '../codec/session.ts';
import type { Version } from '../codec/version.ts';
import { Channel, type ChannelLimits } from './channel.ts';
import { SwitchProtocolError, SwitchTimeout } from './errors.ts';
import { negotiate, offeredVersions } from './version.ts';
import { errorMessage } from '../../../text/error-message.ts';

/** Codes of a failed hello, the same in both versions (1.3.5, section 7.4.1). */
const HELLO_FAILED = 0;
const INCOMPATIBLE = 0;

/** A channel after both sides have sent hello. */
export interface Greeted {
  readonly channel: Channel;
  readonly version: Version;
  /** Sets the receiver of later messages; call immediately. */
  listen(receiver: {
    message(decoded: Decoded): void;
    ended(error: Error | undefined): void;
  }): void;
}

/** Options of the handshake. */
export interface HandshakeOptions {
  readonly maxVersion: Version;
  readonly timeoutMs: number;
  readonly limits: ChannelLimits;
}

/**
 * Exchanges hellos on a new connection. Closes it when that fails.
 *
 * @throws NoCommonVersion, SwitchTimeout, SwitchProtocolError, SwitchDisconnected, the signal's reason
 */
export async function greet(
  peer: string,
  socket: Socket,
  options: HandshakeOptions,
  signal: AbortSignal,
): Promise<Greeted> {
  const channel = new Channel(peer, socket, options.limits);
  const offered = offeredVersions(options.maxVersion);
  const early: Decoded[] = [];
  let receiver: Parameters<Greeted['listen']>[0] | undefined;
  try {
    const { timeoutMs } = options;
    const late = (): Error => new SwitchTimeout(peer, 'hello', timeoutMs);
    const bounds = { until: [signal], timeoutMs, late, abandon: true };
    const firstHello = (): Promise<{ hello: Hello; version: number }> =>
      new Promise((resolve, reject) => {
        let greeted = false;
        channel.listen({
          message: (decoded) => {
            if (receiver !== undefined) receiver.message(decoded);
            else if (greeted) early.push(decoded);
            else if (decoded.message.type === 'hello') {
              greeted = true;
              resolve({ hello: decoded.message, version: decoded.version });
            } else {
              const text = `${decoded.message.type} arrived before hello`;
              reject(new SwitchProtocolError(peer, text));
            }
          },
          ended: (error) => {
            if (receiver !== undefined) receiver.ended(error);
            else reject(channel.disconnected());
          },
        });
        const versions = [...offered];
        const other = new Uint8Array(0);
        const hello = { type: 'hello', xid: 1, versions, other } as const;
        channel.send(encode(hello, options.maxVersion));
      });
    const peerHello = await bounded(bounds, firstHello);
    const version = agreed(channel, offered, peerHello);
    return {
      channel,
      version,
      listen: (next) => {
        receiver = next;
        for (const decoded of early.splice(0)) next.message(decoded);
        if (!channel.usable) next.ended(undefined);
      },
    };
  } catch (error) {
    void channel.close(error instanceof Error ? error : undefined);
    throw error;
  }
}

function agreed(
  channel: Channel,
  offered: readonly Version[],
  peerHello: { readonly hello: Hello; readonly version: number },
): Version {
  try {
    return negotiate(offered, peerHello.version, peerHello.hello);
  } catch (error) {
    const text = errorMessage(error);
    channel.send(
      encode(
        {
          type: 'error',
          xid: peerHello.hello.xid,
          errorType: HELLO_FAILED,
          code: INCOMPATIBLE,
          experimenter: 0,
          data: new TextEncoder().encode(text),
        },
        offered[offered.length - 1],
      ),
    );
    throw error;
  }
}
