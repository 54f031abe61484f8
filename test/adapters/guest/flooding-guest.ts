// A hostile guest as a process: serves a unix socket, and floods every host that connects.
//
//     node flooding-guest.js SOCKET bytes|hellos
import { createServer } from 'node:net';

const [path, what] = process.argv.slice(2);
const hello = `{"type":"hello","versions":[1],"epoch":"00000000000000aa","to":null,"agent":"9","clockMs":1,"devices":[]}\n`;
const chunk = Buffer.from(what === 'hellos' ? hello.repeat(600) : 'x'.repeat(65_536));

const server = createServer((socket) => {
  socket.on('error', () => {});
  const flood = (): void => {
    while (!socket.destroyed && socket.write(chunk));
  };
  socket.on('drain', flood);
  flood();
});
server.listen(path, () => process.send?.('listening'));
process.once('disconnect', () => process.exit());
