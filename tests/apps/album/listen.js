const http = require('http');
const note = require('note');
const { WebSocketServer } = require('ws');

note('boot', { args: process.argv.slice(2), env: process.env });

const server = http.createServer((request, response) => {
  const parts = [];
  request.on('data', (part) => parts.push(part));
  request.on('end', () => {
    const text = Buffer.concat(parts).toString();
    note('got', { method: request.method, url: request.url, body: text && JSON.parse(text) });
    response.end('album');
  });
});

const sockets = new WebSocketServer({ server, handleProtocols: (offered) => [...offered][0] });
sockets.on('connection', (socket, request) => {
  note('connected', { url: request.url, headers: request.headers });
  socket.on('message', (data, binary) => socket.send(data, { binary }));
  socket.on('close', (code, reason) => note('closed', { code, reason: String(reason) }));
});

process.on('SIGTERM', () => {
  note('sigterm');
  server.close(() => process.exit(0));
  server.closeAllConnections();
});

server.listen(process.env.PORT, '127.0.0.1', () => console.log('album listens'));
