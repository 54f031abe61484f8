import koffi from 'koffi';

/** Offset in `struct bpf_prog_info` of the number of instructions that the verifier processed (Linux 5.16). */
const VERIFIED_INSNS = 216;
const INFO_BYTES = 224;

const library = koffi.load('libbpf.so.1');
const getInfo = library.func('int bpf_obj_get_info_by_fd(int fd, void *info, void *length)');

/** Number of instructions that the verifier processed for a loaded program; the kernel's limit is a million. */
export function verifiedInstructions(programFd: number): number {
  const info = Buffer.alloc(INFO_BYTES);
  const result: number = getInfo(programFd, info, Uint32Array.of(INFO_BYTES));
  if (result !== 0) throw new Error(`bpf_obj_get_info_by_fd: errno ${-result}`);
  return info.readUInt32LE(VERIFIED_INSNS);
}
