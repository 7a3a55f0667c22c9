// Bolt.Request.to(url, { method, headers, body }, handler): handler(null, text), or handler(error) with error.code.
var Bolt = (function (bolt) {
  bolt.Request = {
    to: function (url, options, handler) {
      var request = new XMLHttpRequest();
      var done = typeof handler === "function" ? handler : function () {};
      var method = String(options.method || "GET").toUpperCase();
      request.open(method, url, true);
      Object.keys(options.headers || {}).forEach(function (name) {
        request.setRequestHeader(name, options.headers[name]);
      });
      request.onload = function () {
        if (request.status >= 200 && request.status < 300) return done(null, request.responseText);
        fail(request.status, request.statusText || "status " + request.status);
      };
      request.onerror = function () {
        fail(0, "the server cannot be reached");
      };
      request.send(method === "GET" || options.body === undefined ? null : text(options.body));

      function fail(code, message) {
        var error = new Error(message);
        error.code = code;
        error.body = request.responseText;
        done(error);
      }
    },
  };

  function text(body) {
    return typeof body === "string" ? body : JSON.stringify(body);
  }

  return bolt;
})(Bolt || {});
