import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The machine has no port of virtio-serial with this name. */
export class PortMissing extends Error {
  override readonly name = 'PortMissing';

  constructor(port: string) {
    super(`no port ${port} of virtio-serial: the machine needs a channel with this target name`);
  }
}

/**
 * The device of a port. Found in sysfs, because the links in `/dev/virtio-ports` are udev's.
 *
 * @param port its name, or the path of a device
 * @throws {PortMissing}
 */
export function portPath(port: string, folder = '/sys/class/virtio-ports'): string {
  if (port.startsWith('/')) return port;
  for (const device of portDevices(folder)) {
    if (nameOf(join(folder, device, 'name')) === port) return join('/dev', device);
  }
  throw new PortMissing(port);
}

function portDevices(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function nameOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return undefined;
  }
}
