// Bolt.Events.on(pattern, handler, name?), .remove(name), .emit(name, publish, appToken, callback).
// Without `appToken` the page's own token is used, which the server tells a page of an installed app when it connects.
// Load /socket.io/socket.io.js, bolt.env.js and bolt.request.js first. A page that is not under /x/ gives its ticket as
// `data-ticket` of this script's tag, and keeps it current: it is read at each attempt to connect.
var Bolt = (function (bolt) {
  var FIRST = 1000;
  var LONGEST = 30000;
  var hooks = [];
  var pause = FIRST;
  var pageToken;
  var script = document.currentScript;

  bolt.Events = {
    on: function (pattern, handler, name) {
      if (typeof handler !== "function") return;
      var text = String(pattern).replace(/\\/g, "/").toLowerCase();
      var slash = text.indexOf("/");
      hooks.push({
        publisher: (slash < 0 ? "" : text.slice(0, slash).trim()) || "*",
        event: text.slice(slash + 1).trim() || "*",
        handler: handler,
        name: name,
      });
    },
    remove: function (name) {
      hooks = hooks.filter(function (hook) {
        return hook.name !== name;
      });
    },
    emit: function (name, publish, appToken, callback) {
      var token = appToken || pageToken;
      if (!token) {
        if (typeof callback === "function") callback(new Error("the page is not connected yet: emit after bolt/server-connected"));
        return;
      }
      bolt.Request.to(
        bolt.Env.getAddress() + "/api/events/" + encodeURIComponent(name),
        {
          method: "POST",
          headers: { "Content-Type": "application/json", "X-Bolt-App-Token": token },
          body: JSON.stringify(publish === undefined ? {} : publish),
        },
        callback,
      );
    },
  };

  function tell(event) {
    hooks.slice().forEach(function (hook) {
      var meant = hook.publisher === "*" || hook.publisher === String(event.publisher).toLowerCase();
      if (!meant || (hook.event !== "*" && hook.event !== event.name)) return;
      try {
        hook.handler(event);
      } catch (error) {
        // One handler's fault is not the others'.
        setTimeout(function () {
          throw error;
        });
      }
    });
  }

  if (typeof io === "undefined") {
    console.error("bolt.events.js: load /socket.io/socket.io.js before it");
    return bolt;
  }
  var address = bolt.Env ? bolt.Env.getAddress() : location.origin;
  function query() {
    var ticket = script && script.getAttribute("data-ticket");
    return ticket ? { ticket: ticket } : undefined;
  }
  var options = query() ? { query: query() } : {};
  var socket = io.connect(address === location.origin ? "/" : address, options);
  function refresh() {
    if (query()) socket.io.opts.query = query();
  }
  socket.io.on("reconnect_attempt", refresh);
  socket.on("message", function (text) {
    var event = JSON.parse(text);
    pageToken = event.token || pageToken;
    tell(event);
  });
  // The same hooks hear of it, as an event that the server can no longer send.
  socket.on("disconnect", function () {
    var now = new Date().toISOString();
    tell({ body: {}, name: "server-disconnected", publisher: "bolt", time: now, dispatchTime: now });
  });
  socket.on("gap", function (gap) {
    var now = new Date().toISOString();
    tell({ body: gap, name: "events-missed", publisher: "bolt", time: now, dispatchTime: now });
  });
  socket.on("connect", function () {
    pause = FIRST;
  });
  socket.on("connect_error", function (error) {
    // What the server refused the client does not try again, unlike a server that it cannot reach.
    var refused = socket.active === false;
    console.warn(
      "bolt.events.js: no live events: " + (error && error.message) + (refused ? "; trying again in " + pause / 1000 + " s" : ""),
    );
    if (!refused) return;
    setTimeout(function () {
      refresh();
      socket.connect();
    }, pause);
    pause = Math.min(2 * pause, LONGEST);
  });

  return bolt;
})(Bolt || {});
