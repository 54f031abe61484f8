/** The kernel does not have the hook that is configured. */
export class MeterUnsupported extends Error {
  override readonly name = 'MeterUnsupported';

  constructor() {
    super(
      'connections cannot be counted at tcx, which Linux has since 6.6; megaflows are read as before',
    );
  }
}

/** The meter is used after close(). */
export class MeterClosed extends Error {
  override readonly name = 'MeterClosed';

  constructor() {
    super('connections are not counted any more: the meter is closed');
  }
}
