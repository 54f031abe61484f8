/** What became of a hold (onload-all) or of its end. */
export interface HoldView {
  /** True while everything is held on the vSwitch. */
  readonly held: boolean;
  /** Entries taken out by this call. */
  readonly withdrawn: number;
}

/** What became of a reload. On failure the last good policies stay in force. */
export type ReloadView =
  | { readonly ok: true; readonly rules: number }
  | { readonly ok: false; readonly problems: readonly string[] };
