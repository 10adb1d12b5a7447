import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';

const { version, fault } = JSON.parse(readFileSync('build.json', 'utf8'));
appendFileSync(process.env.LEDGER, `start ${version}\n`);

const server = createServer((request, response) => {
  // A version may also turn bad while it runs.
  const hasFault = fault === 'errors' || existsSync(`${process.env.LEDGER}.${version}.bad`);
  const isBad = request.url === '/' && hasFault && Math.random() < 0.4;
  // So that what a bad version does is told apart from what Sluice does.
  response.writeHead(isBad ? 500 : 200, { 'x-version': version, ...(isBad ? { 'x-fault': '1' } : {}) });
  response.end(version);
});
server.listen(Number(process.env.PORT), '127.0.0.1');
process.on('SIGTERM', () => server.close(() => process.exit(0)));
