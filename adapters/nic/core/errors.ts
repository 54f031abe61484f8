import { constants } from 'node:os';

const ERRNO_NAMES: ReadonlyMap<number, string> = new Map([
  ...Object.entries(constants.errno)
    .filter(([name]) => name !== 'EWOULDBLOCK')
    .map(([name, value]): [number, string] => [value, name]),
  [524, 'ENOTSUPP'],
]);

/** Name of an errno value, `errno 999` when it has none. */
export function errnoName(errno: number): string {
  return ERRNO_NAMES.get(errno) ?? `errno ${errno}`;
}

/** A call of libbpf or libc failed. `errno` is positive. */
export class SystemCallFailed extends Error {
  readonly call: string;
  readonly errno: number;
  readonly code: string;

  constructor(call: string, errno: number, about: string) {
    super(`${call} failed with ${errnoName(errno)} (${about})`);
    this.name = 'SystemCallFailed';
    this.call = call;
    this.errno = errno;
    this.code = errnoName(errno);
  }
}

/** libbpf cannot be loaded. */
export class LibbpfMissing extends Error {
  constructor(cause: unknown) {
    super('libbpf.so.1 cannot be loaded: install libbpf1 (Debian, Ubuntu) or libbpf', { cause });
    this.name = 'LibbpfMissing';
  }
}

/** The kernel rejects the BPF program; `log` is the end of the verifier's log. */
export class ProgramRejected extends Error {
  readonly errno: number;
  readonly log: string;

  constructor(program: string, errno: number, log: string) {
    super(`the kernel rejects BPF program ${program} with ${errnoName(errno)}: ${log}`);
    this.name = 'ProgramRejected';
    this.errno = errno;
    this.log = log;
  }
}

/** The compiled BPF program is missing, or not a BPF object. */
export class ObjectUnusable extends Error {
  constructor(path: string, detail: string) {
    super(`BPF object ${path} cannot be used: ${detail}; run npm run build:bpf`);
    this.name = 'ObjectUnusable';
  }
}

/** Another process holds the pinned maps. */
export class PinPathInUse extends Error {
  constructor(pinPath: string) {
    super(
      `${pinPath} is in use by another daemon: stop it, or give this one another pinPath and ` +
        'other ports',
    );
    this.name = 'PinPathInUse';
  }
}

/** The directory for pinned maps is not on a BPF file system. */
export class NoBpfFileSystem extends Error {
  constructor(pinPath: string, options?: ErrorOptions) {
    super(
      `${pinPath} cannot be created on a BPF file system: mount -t bpf bpf /sys/fs/bpf, as root`,
      options,
    );
    this.name = 'NoBpfFileSystem';
  }
}

/** An option of the backend is out of its range. */
export class BackendOptionInvalid extends Error {
  constructor(backend: string, option: string, detail: string) {
    super(`${backend} backend: option ${option} ${detail}`);
    this.name = 'BackendOptionInvalid';
  }
}

/** The backend is used before start() or after close(). */
export class BackendNotStarted extends Error {
  constructor(backend: string) {
    super(`the ${backend} backend is not started: call start() first, and nothing after close()`);
    this.name = 'BackendNotStarted';
  }
}

/** A port cannot be served; the message says why and what to do. */
export class PortUnusable extends Error {
  constructor(port: string, detail: string) {
    super(`port ${port}: ${detail}`);
    this.name = 'PortUnusable';
  }
}

/** The kernel did not delete some entries. The next call retries. */
export class EntriesNotDeleted extends Error {
  constructor(entries: number, errno: string) {
    super(
      `${entries} entries cannot be deleted: ${errno}; the next call retries, and without a ` +
        'renewal they end with the lease',
    );
    this.name = 'EntriesNotDeleted';
  }
}

/** The kernel's network lock (rtnl) was not free in time. A call that waits for it is not undone. */
export class NetworkLockBusy extends Error {
  constructor(waiting: string, maxWaitMs: number) {
    super(
      `the kernel's network lock has not been free for ${maxWaitMs} ms (${waiting} waits for it): ` +
        'another program is changing devices; this is tried again when the lock is free',
    );
    this.name = 'NetworkLockBusy';
  }
}
