import { describeBehindEntries } from './support/behind-entries.ts';

describeBehindEntries('cls_bpf', 'xdp');
describeBehindEntries('cls_bpf', 'cls_bpf');
