import type { Log } from '../log.ts';

/** Reports the daemon's state to the service manager: sd_notify(3). */
export interface ServiceNotifier {
  /** False when there is no service manager to tell. */
  readonly listens: boolean;
  /** Period within which {@link watchdog} has to be called, ms; undefined: no watchdog. */
  readonly watchdogMs: number | undefined;
  /** Start-up, or a reload, is finished. */
  ready(status: string): void;
  reloading(): void;
  stopping(): void;
  watchdog(): void;
  status(text: string): void;
  close(): void;
}

/**
 * The notifier for the environment that the service manager made (NOTIFY_SOCKET, WATCHDOG_USEC,
 * WATCHDOG_PID); one that does nothing without it. Messages that cannot be delivered are logged
 * and lost: the daemon does not depend on them.
 */
export async function openNotifier(env: NodeJS.ProcessEnv, log: Log): Promise<ServiceNotifier> {
  const address = env.NOTIFY_SOCKET;
  if (address === undefined || address === '') return SILENT;
  try {
    const { openDatagramSender } = await import('./datagram.ts');
    const sender = openDatagramSender(address);
    const send = (text: string): void => {
      try {
        sender.send(text);
      } catch (error) {
        log.warn({ err: error }, 'cannot notify the service manager');
      }
    };
    return notifier(send, () => sender.close(), watchdogPeriod(env));
  } catch (error) {
    log.warn({ err: error, socket: address }, 'the service manager cannot be reached');
    return SILENT;
  }
}

function notifier(
  send: (text: string) => void,
  close: () => void,
  watchdogMs: number | undefined,
): ServiceNotifier {
  return {
    listens: true,
    watchdogMs,
    ready: (status) => send(`READY=1\nSTATUS=${oneLine(status)}`),
    reloading: () => {
      // CLOCK_MONOTONIC, which hrtime is on Linux; Type=notify-reload asks for it.
      send(`RELOADING=1\nMONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`);
    },
    stopping: () => send('STOPPING=1'),
    watchdog: () => send('WATCHDOG=1'),
    status: (text) => send(`STATUS=${oneLine(text)}`),
    close,
  };
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim();
}

function watchdogPeriod(env: NodeJS.ProcessEnv): number | undefined {
  const forMe = env.WATCHDOG_PID === undefined || env.WATCHDOG_PID === String(process.pid);
  const microseconds = Number(env.WATCHDOG_USEC);
  return forMe && microseconds > 0 ? microseconds / 1000 : undefined;
}

const SILENT: ServiceNotifier = {
  listens: false,
  watchdogMs: undefined,
  ready: () => {},
  reloading: () => {},
  stopping: () => {},
  watchdog: () => {},
  status: () => {},
  close: () => {},
};
