/** The switch has rules of another owner where ours would be. */
export class PriorityTaken extends Error {
  override readonly name = 'PriorityTaken';

  constructor(switchName: string, priority: number, cookie: bigint) {
    super(
      `${switchName}: table 0 has a rule of priority ${priority} with cookie ` +
        `0x${cookie.toString(16)}, which is not ours; choose another fastPath.priority`,
    );
  }
}

/** What is asked for needs the switch, and it is not connected. */
export class SwitchAway extends Error {
  override readonly name = 'SwitchAway';

  constructor(switchName: string, cause: Error | undefined) {
    super(`${switchName} is not connected${cause === undefined ? '' : `: ${cause.message}`}`, {
      cause,
    });
  }
}
