/** When something is so: from each start that the cron expression names, for a while. */
export interface ScheduleDefinition {
  /** `policy/schedule`, unique. */
  readonly name: string;
  readonly description: string | undefined;
  /** Name of the policy that declares it. */
  readonly policy: string;
  /** Five fields, or six with seconds, as node-cron takes them. */
  readonly cron: string;
  /** Name of an IANA time zone. */
  readonly timezone: string;
  readonly durationMs: number;
  /** It is active so long before each start already, ms. */
  readonly beforeMs: number;
  /** And so long after each end still, ms. */
  readonly afterMs: number;
}
