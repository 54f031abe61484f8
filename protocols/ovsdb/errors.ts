/** No server listens at the OVSDB address, or access is denied. */
export class OvsdbUnreachable extends Error {
  override readonly name = 'OvsdbUnreachable';
  constructor(address: string, detail: string) {
    super(`cannot connect to OVSDB at ${address} (${detail}): is ovsdb-server running?`);
  }
}

/** The connection ended. */
export class OvsdbDisconnected extends Error {
  override readonly name = 'OvsdbDisconnected';
  constructor(address: string, detail: string) {
    super(`the connection to OVSDB at ${address} ended: ${detail}`);
  }
}

/** The server does not answer within the time-out. */
export class OvsdbTimeout extends Error {
  override readonly name = 'OvsdbTimeout';
  constructor(address: string, method: string, timeoutMs: number) {
    super(`OVSDB at ${address} did not answer ${method} within ${timeoutMs} ms`);
  }
}

/** The server violates RFC 7047, or refuses a request. */
export class OvsdbProtocolError extends Error {
  override readonly name = 'OvsdbProtocolError';
  constructor(address: string, detail: string) {
    super(`OVSDB at ${address}: ${detail}`);
  }
}

/** A value of a row does not have its column's type, or is missing. */
export class OvsdbValueError extends Error {
  override readonly name = 'OvsdbValueError';
  constructor(expected: string, value: unknown) {
    super(`it sent ${JSON.stringify(value)?.slice(0, 80) ?? 'nothing'} instead of ${expected}`);
  }
}

/** An OVSDB address is malformed. */
export class OvsdbAddressError extends Error {
  override readonly name = 'OvsdbAddressError';
  constructor(text: string) {
    super(`${text} is not an OVSDB address: use unix:PATH, a path, or tcp:HOST:PORT`);
  }
}
