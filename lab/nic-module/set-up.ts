// Brings the headers of the kernel from backports into the cache, builds the NIC module for it, and
// prints what was built.
import { errorMessage } from '../../text/error-message.ts';
import { findKernel } from '../kernel/cache.ts';
import { buildNicModule } from './build.ts';
import { installHeaders } from './headers.ts';

try {
  const kernel = findKernel('backports');
  await installHeaders(kernel);
  await buildNicModule(kernel.version);
  console.log(`labnic for ${kernel.version}`);
} catch (error) {
  console.error(errorMessage(error));
  process.exitCode = 1;
}
