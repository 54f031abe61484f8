/** The kernel has no place where packets can be counted behind the entries. */
export class MeterUnsupported extends Error {
  override readonly name = 'MeterUnsupported';

  constructor() {
    super(
      'connections cannot be counted: the kernel has no tcx, which Linux has since 6.6; ' +
        'megaflows are read as before',
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
