/** More connections than one reading may cost vswitchd. */
export class TooManyConnections extends Error {
  override readonly name = 'TooManyConnections';
  constructor(connections: number, max: number) {
    super(
      `conntrack has ${connections} connections, and vswitchd would stand still while it prints them: ` +
        `no more than ${max} are read`,
    );
  }
}

/** No line of the dump could be read: its format is unknown. */
export class ConntrackUnreadable extends Error {
  override readonly name = 'ConntrackUnreadable';
  constructor(lines: number, first: string) {
    super(`none of the ${lines} lines of dpctl/dump-conntrack could be read; the first: ${first}`);
  }
}
