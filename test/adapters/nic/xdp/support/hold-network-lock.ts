import { read } from 'node:fs';
import { createInterface } from 'node:readline';
import koffi from 'koffi';

/**
 * A process that holds the kernel's network lock (rtnl) from an input line `hold` to the next line,
 * for 10 s at most. Prints `held` and `free`, or why it cannot hold it.
 *
 * It asks for a setting of a device (ethtool), whose answer the kernel copies to memory of this
 * process while it holds the lock. The memory is a page under userfaultfd(2): the copy waits until
 * the descriptor is closed. The wait ends with the process, too.
 */
const MAX_HOLD_MS = 10_000;

const USERFAULTFD = 323;
const O_CLOEXEC = 0o2000000;
const UFFDIO_API = 0xc018aa3f;
const UFFDIO_REGISTER = 0xc020aa00;
const API_VERSION = 0xaan;
const MODE_MISSING = 1n;
/** Bytes of `struct uffd_msg`. */
const MESSAGE_BYTES = 32;

const PROT_READ_WRITE = 3;
const MAP_PRIVATE_ANONYMOUS = 0x22;
const PAGE = 4096;

const AF_INET = 2;
const SOCK_DGRAM = 2;
const SIOCETHTOOL = 0x8946;
const ETHTOOL_GGRO = 0x2b;
const IFREQ = { data: 16, bytes: 40 } as const;

const libc = koffi.load(null);
const syscall = libc.func('int64_t syscall(long number, long flags)');
const mmap = libc.func(
  'uintptr_t mmap(void *at, size_t size, int protection, int flags, int fd, int64_t offset)',
);
const ioctl = libc.func('int ioctl(int fd, unsigned long request, void *argument)');
const socket = libc.func('int socket(int domain, int type, int protocol)');
const copy = libc.func('void *memcpy(uintptr_t to, const void *from, size_t size)');
const close = libc.func('int close(int fd)');

let release = (): void => undefined;
createInterface(process.stdin)
  .on('line', (line) => {
    release();
    release = line === 'hold' ? hold() : () => undefined;
  })
  .on('close', () => process.exit(0));

/** Takes the lock; the returned function releases it. */
function hold(): () => void {
  const faults = checked('userfaultfd', Number(syscall(USERFAULTFD, O_CLOEXEC)));
  checked('UFFDIO_API', ioctl(faults, UFFDIO_API, BigUint64Array.of(API_VERSION, 0n, 0n)));
  const memory = BigInt(mmap(null, 2 * PAGE, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS, -1, 0));
  const second = memory + BigInt(PAGE);
  const range = BigUint64Array.of(second, BigInt(PAGE), MODE_MISSING, 0n);
  checked('UFFDIO_REGISTER', ioctl(faults, UFFDIO_REGISTER, range));

  // The kernel reads the command from the first page, without the lock, and writes the answer to both.
  const request = second - 4n;
  copy(request, Uint32Array.of(ETHTOOL_GGRO), 4);
  const ifreq = Buffer.alloc(IFREQ.bytes);
  ifreq.write('lo');
  ifreq.writeBigUInt64LE(request, IFREQ.data);
  const device = checked('socket', socket(AF_INET, SOCK_DGRAM, 0));
  const end = (): void => void close(faults);
  const timer = setTimeout(end, MAX_HOLD_MS);
  ioctl.async(device, SIOCETHTOOL, ifreq, () => {
    clearTimeout(timer);
    close(device);
    // koffi does not keep the buffer from being collected.
    process.stdout.write(ifreq.length > 0 ? 'free\n' : '');
  });
  read(faults, Buffer.alloc(MESSAGE_BYTES), 0, MESSAGE_BYTES, null, (error) => {
    process.stdout.write(error === null ? 'held\n' : `${String(error)}\n`);
  });
  return end;
}

function checked(call: string, result: number): number {
  if (result < 0) throw new Error(`${call}: errno ${koffi.errno()}`);
  return result;
}
