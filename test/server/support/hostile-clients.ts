import { connect, type Socket } from 'node:net';

/*
 * Clients that mean no good, in a process of their own: `hostile-clients.ts PORT`. Says `ready` on
 * standard output when all of them are at it, and goes on until it is killed.
 */
const port = Number(process.argv[2]);
const HEAD = 'HTTP/1.1\r\nhost: localhost\r\n';

/** A connection that takes being hung up on as it comes. */
function open(): Socket {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  return socket;
}

/** Opens a connection again and again, whenever the one before has been closed. */
function persist(begin: (socket: Socket) => void, pauseMs: number): void {
  const socket = open();
  socket.once('connect', () => begin(socket));
  socket.once('close', () => setTimeout(() => persist(begin, pauseMs), pauseMs));
}

/** Asks for something and reads nothing of the answer. */
function readNothing(target: string): (socket: Socket) => void {
  return (socket) => {
    socket.pause();
    socket.write(`GET ${target} ${HEAD}\r\n`);
  };
}

/** A header that never ends, a byte at a time. */
function drip(socket: Socket): void {
  socket.write(`GET / ${HEAD}x: `);
  const timer = setInterval(() => socket.write('y'), 200);
  socket.once('close', () => clearInterval(timer));
}

function hugeUrl(socket: Socket): void {
  socket.resume();
  socket.write(`GET /api/v1/flows?word=${'x'.repeat(60_000)} ${HEAD}\r\n`);
}

/** Asks a hundred times at once for what is most work, and reads nothing. */
function pipeline(socket: Socket): void {
  socket.pause();
  socket.write(`GET /api/v1/flows?limit=1000&word=nothing ${HEAD}\r\n`.repeat(100));
}

/** Asks for what is work as soon as it has had the last answer. */
function ask(socket: Socket): void {
  const request = `GET /api/v1/flows?limit=1000&word=tcp ${HEAD}\r\n`;
  let last = 0;
  socket.on('data', () => {
    const now = performance.now();
    if (now - last < 20) return;
    last = now;
    socket.write(request);
  });
  socket.write(request);
}

const idle = Array.from({ length: 1_000 }, open);
for (let i = 0; i < 30; i++) persist(readNothing('/api/v1/stream'), 1_000);
for (let i = 0; i < 10; i++) persist(readNothing('/api/v1/flows?limit=1000'), 1_000);
for (let i = 0; i < 30; i++) persist(drip, 1_000);
for (let i = 0; i < 3; i++) persist(hugeUrl, 100);
for (let i = 0; i < 3; i++) persist(pipeline, 200);
for (let i = 0; i < 3; i++) persist(ask, 200);
for (const socket of idle)
  socket.once('close', () => setTimeout(() => persist(() => {}, 500), 500));

setTimeout(() => process.stdout.write('ready\n'), 1_500);
// Whoever started it may be gone and cannot end it any more.
setTimeout(() => process.exit(0), 80_000);
