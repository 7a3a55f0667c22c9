var bodyParser = require('body-parser');
var express = require('express');
var http = require('http');
var note = require('note');

var router = express.Router();
var collections = {};
var next = 1;

note('loaded');

function own(request) {
  var owner = request.appName || 'nobody';
  collections[owner] = collections[owner] || {};
  return collections[owner];
}

// Events of the database go only to the app that owns the collection.
function tell(request, name, result) {
  var event = { app: request.appName, collection: request.params.collection, result: result };
  var text = JSON.stringify({ body: event, subscribers: [request.get('x-db-owner') || request.appName] });
  var call = http.request(request.bolt.address + '/api/events/' + name, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-bolt-app-token': request.bolt.token },
  });
  call.on('response', function (answer) { answer.resume(); });
  call.on('error', function (error) { note('not_notified', { error: String(error) }); });
  call.end(text);
}

router.use(bodyParser.json());

router.post('/hooks/bolt/app-uninstalled', function (request, response) {
  var genuine = request.body.token === request.bolt.token && request.body.publisher === 'bolt';
  note('uninstalled', { event: request.body, genuine: genuine });
  if (genuine) delete collections[request.body.body.name];
  response.end();
});

router.get('/where', function (request, response) {
  response.json({
    url: request.url,
    originalUrl: request.originalUrl,
    baseUrl: request.baseUrl,
    appName: request.appName,
    address: request.bolt.address,
    tokenLength: String(request.bolt.token).length,
    headers: request.headers,
  });
});

router.post('/:collection/insert', function (request, response) {
  var document = Object.assign({ _id: String(next++) }, request.body.object);
  var all = own(request);
  (all[request.params.collection] = all[request.params.collection] || []).push(document);
  tell(request, 'app-collection-inserted', { insertedIds: [document._id] });
  response.json({ code: 0, body: { insertedIds: [document._id] } });
});

router.all('/:collection/find', function (request, response) {
  response.json({ code: 0, body: own(request)[request.params.collection] || [] });
});

router.post('/:collection/fail', function () {
  throw new Error('the collection is broken');
});

module.exports = router;
