/** The far end of a bridge of ports: `port-bridge-process.ts SOCKET`. The first line of a connection says which port it is for. Ends with its parent. */
import { connect, createServer } from 'node:net';
import process from 'node:process';

createServer((near) => {
  near.on('error', () => near.destroy());
  near.once('readable', () => {
    const first: Buffer | null = near.read();
    if (first === null) return;
    const end = first.indexOf(10);
    const far = connect(Number(first.subarray(0, end)), '127.0.0.1');
    far.write(first.subarray(end + 1));
    far.on('error', () => near.destroy());
    far.on('close', () => near.destroy());
    near.on('close', () => far.destroy());
    near.pipe(far).pipe(near);
  });
}).listen(process.argv[2], () => console.log('ready'));

const parent = process.ppid;
setInterval(() => {
  if (process.ppid !== parent) process.exit();
}, 500);
