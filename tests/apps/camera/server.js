const express = require('express');
const note = require('note');

const app = express();
const address = process.env.BOLT_ADDRESS;
let token;
let photos = 0;

note('boot', { child: process.env.BOLT_CHILD_PROC });

app.use(express.json());

app.post('/hooks/starting', (request, response) => {
  token = request.body.body.appToken;
  note('starting', { event: request.body });
  response.end();
});

app.get('/', (request, response) => {
  const prefix = request.get('x-forwarded-prefix') || '';
  response.type('html').send(`<h1>Camera</h1><p>${photos} photos</p><form method="post" action="${prefix}/snap"></form>`);
});

app.post('/snap', async (request, response) => {
  photos += 1;
  const answer = await fetch(`${address}/api/events/photo-saved`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-bolt-app-token': token },
    body: JSON.stringify({ body: { photo: photos, ...request.body }, headers: { 'x-camera': 'front' } }),
  });
  response.status(answer.status).json(await answer.json());
});

module.exports = app;
