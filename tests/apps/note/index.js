// Appends a line of JSON for the test that installed this app. The line is written before the call returns: it exists
// even if the process is killed right after, and the lines of several apps are in the order of their events.
const fs = require('fs');
const path = require('path');

const file = path.join(__dirname, '..', '..', 'notes.jsonl');

module.exports = (what, more) => {
  const line = { app: process.env.FOOTBRIDGE_APP, at: Date.now(), what, ...more };
  fs.appendFileSync(file, JSON.stringify(line) + '\n');
};
