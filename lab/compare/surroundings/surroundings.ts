/** Something beside the vSwitch's rules that concerns packets of a port. */
export interface Surroundings {
  /** What {@link Surroundings.reported} counts; undefined: nothing. */
  readonly counts: string | undefined;
  /** Sets it up. */
  apply(): Promise<void>;
  /** Its own count, after the traffic has ended. */
  reported(): Promise<number>;
  /** Removes it; no error when it was not applied. */
  remove(): Promise<void>;
}
