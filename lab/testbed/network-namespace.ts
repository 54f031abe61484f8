import { closeSync, openSync } from 'node:fs';
import koffi from 'koffi';

const CLONE_NEWNET = 0x40000000;

/**
 * Runs `task`, which must be synchronous, in the network namespace of that name (`ip netns`):
 * sockets that it opens belong to it.
 */
export function inNetworkNamespace<Result>(name: string, task: () => Result): Result {
  const setns = koffi.load(null).func('int setns(int fd, int kind)');
  const own = openSync('/proc/thread-self/ns/net', 'r');
  const other = openSync(`/var/run/netns/${name}`, 'r');
  try {
    if (setns(other, CLONE_NEWNET) !== 0) throw new Error(`cannot enter the namespace ${name}`);
    return task();
  } finally {
    const isBack = setns(own, CLONE_NEWNET) === 0;
    closeSync(own);
    closeSync(other);
    // Nothing may go on in the wrong network.
    if (!isBack) process.abort();
  }
}
