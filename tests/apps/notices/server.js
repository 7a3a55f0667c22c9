var bodyParser = require('body-parser');
var express = require('express');
var note = require('note');
var superagent = require('superagent');
var utils = require('bolt-internal-utils');

var app = express();
var token;

note('boot');
app.use(bodyParser.json());

app.post('/app-starting', function (request, response) {
  token = request.body.body.appToken;
  note('starting', { event: request.body });
  response.end();
});

// Publishes each stored notice to all subscribers.
app.post('/hooks/inserted', function (request) {
  var id = request.body.body.result.insertedIds[0];
  note('inserted', { event: request.body });
  utils.Events.fire('notice-posted', { body: { id: id } }, token, function (error, answer) {
    note('posted', { error: error ? String(error) : null, answer: answer && answer.body });
  });
});

app.post('/notices', function (request, response) {
  superagent
    .post(process.env.BOLT_ADDRESS + '/api/db/notices/insert')
    .set('X-Bolt-App-Token', token)
    .set('X-Db-Owner', 'notices')
    .send({ object: request.body })
    .end(function (error, answer) {
      response.status(error ? 502 : 201).json(answer ? answer.body : { error: String(error) });
    });
});

module.exports = app;
