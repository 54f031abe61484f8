import { constants } from 'node:os';

const ERRNO_NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(constants.errno)
    .filter(([name]) => name !== 'EWOULDBLOCK')
    .map(([name, value]) => [value, name]),
);

/** The kernel refused a request; the message includes its explanation (extack), if any. */
export class NetlinkRefused extends Error {
  override readonly name = 'NetlinkRefused';
  /** Positive. */
  readonly errno: number;
  readonly code: string;

  constructor(request: string, errno: number, words: string) {
    const code = ERRNO_NAMES.get(errno) ?? `errno ${errno}`;
    super(`netlink ${request}: ${code}${words === '' ? '' : ` (${words})`}`);
    this.errno = errno;
    this.code = code;
  }
}

/** A netlink socket cannot be opened or used. */
export class NetlinkUnusable extends Error {
  override readonly name = 'NetlinkUnusable';
  /** Positive. */
  readonly errno: number;

  constructor(call: string, errno: number) {
    super(`netlink: ${call} failed with ${ERRNO_NAMES.get(errno) ?? `errno ${errno}`}`);
    this.errno = errno;
  }
}

/** Bytes that are not netlink messages. */
export class NetlinkMalformed extends Error {
  override readonly name = 'NetlinkMalformed';
  /** Offset in the datagram, bytes. */
  readonly offset: number;

  constructor(offset: number, expected: string) {
    super(`netlink datagram, byte ${offset}: expected ${expected}`);
    this.offset = offset;
  }
}

/** The kernel did not answer in time; whether the request takes effect is unknown. */
export class NetlinkTimeout extends Error {
  override readonly name = 'NetlinkTimeout';
  readonly waitedMs: number;

  constructor(request: string, waitedMs: number) {
    super(
      `netlink ${request}: no answer within ${waitedMs} ms; ` +
        'another process may hold a lock of the kernel',
    );
    this.waitedMs = waitedMs;
  }
}

/** An earlier request, which exceeded its time, still waits in the kernel; try again later. */
export class NetlinkBusy extends Error {
  override readonly name = 'NetlinkBusy';

  constructor(request: string) {
    super(`netlink ${request}: not sent, because an earlier request still waits in the kernel`);
  }
}

/** A table kept changing while it was dumped, so no dump was consistent. */
export class DumpInterrupted extends Error {
  override readonly name = 'DumpInterrupted';

  constructor(request: string, attempts: number) {
    super(`netlink ${request}: ${attempts} dumps in a row were interrupted by changes`);
  }
}
