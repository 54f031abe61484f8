/** Something that was looked at: its value, or why it could not be seen. */
export type Seen<T> = { readonly value: T } | Unseen;

export interface Unseen {
  /** Why, in one line. */
  readonly unseen: string;
  /** True if the process lacks a permission. */
  readonly isDenied: boolean;
}

/** True when the value was seen. */
export function isSeen<T>(seen: Seen<T>): seen is { readonly value: T } {
  return 'value' in seen;
}
