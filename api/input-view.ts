/** What receiving on a port saves and costs, packets/s through the vSwitch. */
export interface InputView {
  readonly port: string;
  /** Whether the backend receives its packets now. */
  readonly isOpen: boolean;
  readonly saves: number;
  readonly costs: number;
}
