import { execFileSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { join } from 'node:path';

/** Paths of a self-signed certificate for localhost and 127.0.0.1, and of its key. */
export interface TlsFiles {
  readonly certificate: string;
  readonly key: string;
}

/** Creates a certificate and its key in a folder (needs openssl). */
export function makeTlsFiles(folder: string, name: string): TlsFiles {
  const files = { certificate: join(folder, `${name}.pem`), key: join(folder, `${name}-key.pem`) };
  const args = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
  const where = ['-keyout', files.key, '-out', files.certificate, '-days', '2', '-nodes'];
  const subject = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  execFileSync('openssl', [...args, ...where, ...subject], { stdio: 'ignore', timeout: 20_000 });
  chmodSync(files.key, 0o600);
  return files;
}
