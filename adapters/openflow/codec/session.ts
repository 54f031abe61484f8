/** First message of each side: the versions it speaks. */
export interface Hello {
  readonly type: 'hello';
  readonly xid: number;
  /**
   * Wire versions of the version bitmap, rising; undefined when there was none: then it is the
   * header's version and all below it.
   */
  readonly versions: readonly number[] | undefined;
  /** Other elements, as they came. */
  readonly other: Uint8Array;
}

/** A request failed. */
export interface ErrorMessage {
  readonly type: 'error';
  /** Of the request. */
  readonly xid: number;
  /** Numbers of the version; of the experimenter when there is one. Names: `nameError`. */
  readonly errorType: number;
  readonly code: number;
  /** Whose numbers they are; 0: the specification's. */
  readonly experimenter: number;
  /** At least 64 bytes of the request; for a failed hello an ASCII text. */
  readonly data: Uint8Array;
}

export interface Echo {
  readonly type: 'echo-request' | 'echo-reply';
  readonly xid: number;
  readonly data: Uint8Array;
}

/** A message that is its header. */
export interface Bare {
  readonly type:
    | 'features-request'
    | 'get-config-request'
    | 'barrier-request'
    | 'barrier-reply'
    | 'get-async-request';
  readonly xid: number;
}
