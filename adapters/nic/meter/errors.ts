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
