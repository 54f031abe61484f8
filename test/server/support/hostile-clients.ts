import { connect, type Socket } from 'node:net';

/*
 * A process with hostile clients: `hostile-clients.ts PORT`. Prints `ready` on standard output when
 * all of them are running, and runs until it is killed.
 */
const port = Number(process.argv[2]);
const HEAD = 'HTTP/1.1\r\nhost: localhost\r\n';

/** A connection that ignores errors. */
function open(): Socket {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  return socket;
}

/** Reconnects whenever the server closes the connection. */
function persist(onConnect: (socket: Socket) => void, pauseMs: number): void {
  const socket = open();
  socket.once('connect', () => onConnect(socket));
  socket.once('close', () => setTimeout(() => persist(onConnect, pauseMs), pauseMs));
}

/** Sends a request and does not read the response. */
function readNothing(target: string): (socket: Socket) => void {
  return (socket) => {
    socket.pause();
    socket.write(`GET ${target} ${HEAD}\r\n`);
  };
}

/** Sends an endless header, one byte at a time. */
function drip(socket: Socket): void {
  socket.write(`GET / ${HEAD}x: `);
  const timer = setInterval(() => socket.write('y'), 200);
  socket.once('close', () => clearInterval(timer));
}

function hugeUrl(socket: Socket): void {
  socket.resume();
  socket.write(`GET /api/v1/flows?word=${'x'.repeat(60_000)} ${HEAD}\r\n`);
}

/** Pipelines a hundred of the most expensive requests and does not read the responses. */
function pipeline(socket: Socket): void {
  socket.pause();
  socket.write(`GET /api/v1/flows?limit=1000&word=nothing ${HEAD}\r\n`.repeat(100));
}

/** Sends an expensive request after each response. */
function repeatRequest(socket: Socket): void {
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
for (let i = 0; i < 3; i++) persist(repeatRequest, 200);
for (const socket of idle)
  socket.once('close', () => setTimeout(() => persist(() => {}, 500), 500));

setTimeout(() => process.stdout.write('ready\n'), 1_500);
// Exits by itself in case its parent has died.
setTimeout(() => process.exit(0), 80_000);
