import koffi from 'koffi';
import type { LibraryHandle } from 'koffi';
import { LibbpfMissing, SystemCallFailed } from './errors.ts';

export const ENOENT = 2;

/** libbpf 1.x. @throws {LibbpfMissing} */
export function loadLibbpf(): LibraryHandle {
  let lib: LibraryHandle;
  try {
    lib = koffi.load('libbpf.so.1');
  } catch (error) {
    throw new LibbpfMissing(error);
  }
  // Without a printer libbpf is silent: what it would print is in errno and the verifier's log.
  lib.func('void *libbpf_set_print(void *)')(null);
  return lib;
}

/** `close` of libc. */
export function loadClose() {
  return koffi.load(null).func('int close(int fd)');
}

/** The result of a call. @throws {SystemCallFailed} if it is negative */
export function checked(call: string, result: number, about: string): number {
  if (result < 0) throw new SystemCallFailed(call, -result, about);
  return result;
}

/**
 * Makes a call in a thread of libuv's pool. Resolves to its errno, 0 on success.
 *
 * @param buffers that the call uses; koffi does not keep them from being collected
 */
export function inWorker(
  buffers: readonly (ArrayBufferView | object)[],
  call: (done: (error: unknown, result: number) => void) => void,
): Promise<number> {
  return new Promise((resolve, reject) => {
    call((error, result) => {
      void buffers;
      if (error instanceof Error) reject(error);
      else resolve(result < 0 ? -result : 0);
    });
  });
}
