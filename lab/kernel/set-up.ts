// Brings QEMU and the kernels of the kernel lab into the cache, and prints what the lab has.
import { errorMessage } from '../../text/error-message.ts';
import { installLab } from './install.ts';

try {
  console.log(await installLab());
} catch (error) {
  console.error(errorMessage(error));
  process.exitCode = 1;
}
