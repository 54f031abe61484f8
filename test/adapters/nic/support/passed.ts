import type { Cleanup } from '../../../../lab/testbed/cleanup.ts';
import { MARKER } from '../../../../lab/testbed/frames.ts';
import { ManagedProcess } from '../../../../lab/testbed/managed-process.ts';
import { join } from 'node:path';
import { projectRoot } from './object.ts';

/** Listens where a vSwitch would: sees what XDP passes on from a device. */
export class PassedFrames {
  readonly frames: Buffer[] = [];
  readonly #process: ManagedProcess;

  private constructor(process: ManagedProcess) {
    this.#process = process;
    process.onLine((line) => {
      if (/^[0-9a-f]+$/.test(line)) this.frames.push(Buffer.from(line, 'hex'));
    });
  }

  static async on(cleanup: Cleanup, device: string): Promise<PassedFrames> {
    const script = join(projectRoot(), 'lab/testbed/packets.py');
    const args = [script, 'capture', device, MARKER.toString('hex')];
    const name = `capture on ${device}`;
    const passed = new PassedFrames(
      await ManagedProcess.start(cleanup, name, '/usr/bin/python3', args),
    );
    await passed.#process.waitForLine((line) => line === 'capturing', 10_000, 'begin');
    return passed;
  }

  async stop(): Promise<void> {
    await this.#process.stop();
  }
}
