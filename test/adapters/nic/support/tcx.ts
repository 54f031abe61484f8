import koffi from 'koffi';

const BPF = 321;
const PROG_LOAD = 5;
const LINK_CREATE = 28;
const SCHED_CLS = 3;
const ATTRIBUTE_BYTES = 128;

/** `BPF_TCX_INGRESS` and `BPF_TCX_EGRESS`. */
const ATTACH_TYPE = { ingress: 46, egress: 47 } as const;

const libc = koffi.load(null);
const syscall = libc.func('int64_t syscall(long number, long command, void *attribute, long size)');
const close = libc.func('int close(int fd)');

/** Attaches a tcx program that accepts every packet; the returned function detaches it. */
export function attachTcx(ifindex: number, direction: keyof typeof ATTACH_TYPE): () => void {
  const program = bpf(PROG_LOAD, (attribute, keep) => {
    // r0 = 0 (TC_ACT_OK); exit
    const instructions = Buffer.from('b7000000000000009500000000000000', 'hex');
    attribute.writeUInt32LE(SCHED_CLS, 0);
    attribute.writeUInt32LE(2, 4);
    attribute.writeBigUInt64LE(keep(instructions), 8);
    attribute.writeBigUInt64LE(keep(Buffer.from('GPL\0')), 16);
  });
  const link = bpf(LINK_CREATE, (attribute) => {
    attribute.writeUInt32LE(program, 0);
    attribute.writeUInt32LE(ifindex, 4);
    attribute.writeUInt32LE(ATTACH_TYPE[direction], 8);
  });
  return () => {
    close(link);
    close(program);
  };
}

/** bpf(2). `keep` gives the address of a buffer that lives until the call is over. */
function bpf(
  command: number,
  fill: (attribute: Buffer, keep: (bytes: Buffer) => bigint) => void,
): number {
  const kept: Buffer[] = [];
  const attribute = Buffer.alloc(ATTRIBUTE_BYTES);
  fill(attribute, (bytes) => {
    kept.push(bytes);
    return koffi.address(bytes);
  });
  const result = Number(syscall(BPF, command, attribute, ATTRIBUTE_BYTES));
  if (result < 0) throw new Error(`bpf command ${command}: errno ${koffi.errno()}`);
  return result;
}
