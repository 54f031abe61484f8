/** Result of a hold (onload-all) or of its end. */
export interface HoldView {
  /** True while every flow is held on the vSwitch. */
  readonly held: boolean;
  /** Entries that this call removed. */
  readonly withdrawn: number;
  /** Why a restart of the daemon would end the hold; null: it would not. */
  readonly problem: string | null;
}

/** Result of a reload. On failure the last valid policies stay in force. */
export type ReloadView =
  | { readonly ok: true; readonly rules: number }
  | { readonly ok: false; readonly problems: readonly string[] };
