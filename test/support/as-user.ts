/** Id of a user without rights. */
export const NOBODY = 65_534;

/** Runs `action` as another user; the test itself must run as root. */
export function asUser<T>(user: number, action: () => T): T {
  process.seteuid?.(user);
  try {
    return action();
  } finally {
    process.seteuid?.(0);
  }
}
