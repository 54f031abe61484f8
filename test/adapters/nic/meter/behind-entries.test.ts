import { describeBehindEntries } from './support/behind-entries.ts';

describeBehindEntries('tcx', 'xdp');
describeBehindEntries('tcx', 'tcx');
