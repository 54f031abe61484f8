import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { SwitchUnreachable } from './errors.ts';
import { type ActiveTarget, formatTarget, type Target } from './target.ts';
import { readTlsFiles, type TlsFiles } from './tls.ts';

/**
 * Connects to a switch. The host of an `ssl:` target is not compared with the certificate's names:
 * switches are authenticated by the CA of their certificate, as in ovs-vswitchd.
 *
 * @throws SwitchUnreachable, TlsUnusable, or the signal's reason
 */
export async function dial(
  target: ActiveTarget,
  tls: TlsFiles | undefined,
  signal: AbortSignal,
): Promise<Socket> {
  signal.throwIfAborted();
  if (target.kind !== 'ssl') {
    const socket =
      target.kind === 'unix' ? connect({ path: target.path }) : connect(target.port, target.host);
    return settled(socket, 'connect', target, signal);
  }
  const secrets = await readTlsFiles(tls);
  signal.throwIfAborted();
  const socket = connectTls({
    host: target.host,
    port: target.port,
    ...secrets,
    rejectUnauthorized: true,
    checkServerIdentity: () => undefined,
    minVersion: 'TLSv1.2',
  });
  return settled(socket, 'secureConnect', target, signal);
}

function settled(
  socket: Socket,
  event: 'connect' | 'secureConnect',
  target: Target,
  signal: AbortSignal,
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const done = (settle: () => void): void => {
      signal.removeEventListener('abort', abort);
      socket.off('error', failed);
      settle();
    };
    const abort = (): void => {
      done(() => reject(signal.reason));
      // The socket may still fail after it was abandoned.
      socket.on('error', () => undefined);
      socket.destroy();
    };
    const failed = (error: Error): void => {
      socket.destroy();
      done(() => reject(new SwitchUnreachable(formatTarget(target), error)));
    };
    socket.on('error', failed);
    socket.once(event, () => {
      socket.setNoDelay(true);
      done(() => resolve(socket));
    });
    signal.addEventListener('abort', abort, { once: true });
  });
}
