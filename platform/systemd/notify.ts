import type { Log } from '../log.ts';

/** Reports the daemon's state to the service manager: sd_notify(3). */
export interface ServiceNotifier {
  /** False if there is no service manager to notify. */
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
 * The notifier for the service manager's environment (NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID);
 * without NOTIFY_SOCKET it does nothing. Messages that cannot be delivered are logged and dropped:
 * the daemon does not depend on them.
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
      // Type=notify-reload requires CLOCK_MONOTONIC, which hrtime returns on Linux.
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
