/** The socket of a guest's channel cannot be connected to. */
export class GuestUnreachable extends Error {
  override readonly name = 'GuestUnreachable';

  constructor(path: string, detail: string) {
    super(`no connection to the guest at ${path} (${detail}): is its machine running?`);
  }
}
