/** Wire version of OpenFlow: 1 is OpenFlow 1.0.x, 4 is OpenFlow 1.3.x (the header's first byte). */
export type Version = 1 | 4;

/** OpenFlow 1.0, wire version 0x01. */
export const OF10 = 1;
/** OpenFlow 1.3, wire version 0x04. */
export const OF13 = 4;

/** True when this codec supports the wire version. */
export function isVersion(wire: number): wire is Version {
  return wire === OF10 || wire === OF13;
}
