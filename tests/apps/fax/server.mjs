import { createRequire } from 'node:module';

const note = createRequire(import.meta.url)('note');
let token;

note('boot');

async function body(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  return JSON.parse(Buffer.concat(parts).toString() || 'null');
}

export default async function handle(request, response) {
  if (request.method !== 'POST') {
    response.end('fax');
    return;
  }
  const event = await body(request);
  if (request.url === '/hooks/starting') {
    token = event.body.appToken;
    note('starting', { event });
    response.end();
  } else if (event.token === token) {
    note('photo', { event, headers: request.headers });
    response.end();
  } else {
    note('forged', { event });
    response.writeHead(403).end();
  }
}
