// Notes each complete request and answers as the path says: `/status/503`, `/after/300` (milliseconds), `/silent`.
const note = require('note');

note('boot', { env: process.env, uid: process.getuid && process.getuid(), cwd: process.cwd() });
process.on('SIGTERM', () => note('sigterm'));

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

module.exports = (request, response) => {
  const parts = [];
  request.on('data', (part) => parts.push(part));
  request.on('end', () => {
    const { method, url, headers, rawHeaders } = request;
    const body = parsed(Buffer.concat(parts).toString());
    note('got', { method, url, headers, rawHeaders, body });
    if (/silent/.test(url)) return;
    const status = Number((/status\/(\d{3})/.exec(url) || [])[1] || 200);
    const delay = Number((/after\/(\d+)/.exec(url) || [])[1] || 0);
    const answer = () => {
      response.writeHead(status, { 'content-type': 'application/json', 'x-app': process.env.FOOTBRIDGE_APP });
      response.end(JSON.stringify({ method, url, headers }));
    };
    if (delay > 0) setTimeout(answer, delay);
    else answer();
  });
};
