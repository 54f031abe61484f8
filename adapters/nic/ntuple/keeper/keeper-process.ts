// The process that keeps the receive filters of a NIC, beside the daemon:
//
//     node keeper-process.js DEVICE JOURNAL
//
// It reads requests from its input and answers on its output. When the lease ends, it removes the
// filters. When its input ends, because the daemon has ended or was killed, it removes them and ends.
import { openFilterDevice } from './filter-device.ts';
import { FilterKeeper } from './filter-keeper.ts';
import { FileJournal } from './journal.ts';
import { serveKeeper } from './serve-keeper.ts';

const [name = '', journal = ''] = process.argv.slice(2);
const device = openFilterDevice(name);
process.exit(
  await serveKeeper(new FilterKeeper({ name, device, journal: new FileJournal(journal) })),
);
