var bodyParser = require('body-parser');
var express = require('express');
var note = require('note');
var path = require('path');
var utils = require('bolt-internal-utils');

var app = express();
var appToken;
var chats = [];

note('boot', { system: !process.env.BOLT_CHILD_PROC });

app.use(bodyParser.json());
app.use(bodyParser.urlencoded({ extended: true }));

if (process.env.BOLT_CHILD_PROC) {
  app.use(function (request, response) {
    response.send('This app has to run as a system app.');
  });
}

// Hooks in this style never answer, because Bolt does not wait for an answer.
app.post('/hooks/bolt/app-starting', function (request) {
  var event = request.body;
  appToken = event.body.appToken;
  note('starting', { event: event });
});
app.post('/hooks/chat/chat-posted', function (request) {
  note('received', { event: request.body });
});

app.get('/', function (request, response) {
  response.redirect('home');
});
app.get('/home', function (request, response) {
  response.sendFile(path.join(__dirname, 'views', 'home.html'));
});
app.get('/chats', function (request, response) {
  response.json(chats);
});
app.post('/chats', function (request, response) {
  chats.push(request.body);
  utils.Events.fire('chat-posted', { body: request.body, subscribers: ['chat'] }, appToken, function (error, answer) {
    response.status(201).json({ error: error ? String(error) : null, published: answer && answer.body });
  });
});

module.exports = app;
