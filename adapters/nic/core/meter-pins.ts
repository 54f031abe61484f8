import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** Folder in the pin directory of what counts connections. */
const METER = 'meter';
/** Folder in that one with its programs, each pinned by its id. */
const PROGRAMS = 'programs';

/** The directory with the pins of the program that counts connections, in that of the daemon. */
export function meterPinPath(pinPath: string): string {
  return join(pinPath, METER);
}

/** The directory with the program itself, in that of {@link meterPinPath}. */
export function meterProgramsPath(meterPath: string): string {
  return join(meterPath, PROGRAMS);
}

/**
 * True for the program that counts connections for this daemon, or did for an earlier one with the
 * same pins: it is pinned by its id, which the pin keeps from being reused.
 */
export function isMeterProgram(pinPath: string, programId: number): boolean {
  return existsSync(join(meterProgramsPath(meterPinPath(pinPath)), String(programId)));
}
