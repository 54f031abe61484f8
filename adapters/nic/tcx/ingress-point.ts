/**
 * A point at the ingress of devices where the kernel can run the program. Calls wait for the kernel's
 * network lock in a worker thread.
 *
 * @throws {NetworkLockBusy} each of them that waits
 */
export interface IngressPoint {
  /** True for a program that this daemon, or an earlier one with the same pins, has attached here. */
  isOurs(programId: number): boolean;
  /** Devices that a program of ours is, or was, attached to: at least all that have one. Does not wait. */
  devices(): readonly number[];
  /** True when one of our programs is attached to the device. */
  isAttached(ifindex: number): Promise<boolean>;
  /**
   * Attaches a program, or replaces ours that is attached, atomically.
   *
   * @throws {SystemCallFailed} {@link NetlinkRefused}
   */
  attach(ifindex: number, programFd: number, programId: number): Promise<void>;
  /** Detaches our program from a device; no effect when none is attached. */
  detach(ifindex: number): Promise<void>;
  /** Unpins what is not attached to the device any more, as when it is gone. */
  unpinDetached(ifindex: number): Promise<void>;
}
