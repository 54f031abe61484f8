/** The switch has rules of another owner at our priority. */
export class PriorityTaken extends Error {
  override readonly name = 'PriorityTaken';

  constructor(switchName: string, priority: number, cookie: bigint) {
    super(
      `${switchName}: table 0 has a rule of priority ${priority} with cookie ` +
        `0x${cookie.toString(16)}, which is not ours; choose another fastPath.priority`,
    );
  }
}

/** The switch is not connected. */
export class SwitchNotConnected extends Error {
  override readonly name = 'SwitchNotConnected';

  constructor(switchName: string, cause: Error | undefined) {
    super(`${switchName} is not connected${cause === undefined ? '' : `: ${cause.message}`}`, {
      cause,
    });
  }
}
