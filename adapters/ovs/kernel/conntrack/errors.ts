/** Connections changed faster than their changes could be read. */
export class ConnectionsUnsettled extends Error {
  override readonly name = 'ConnectionsUnsettled';
  constructor(attempts: number) {
    super(`the kernel lost notifications about connections during each of ${attempts} readings`);
  }
}
