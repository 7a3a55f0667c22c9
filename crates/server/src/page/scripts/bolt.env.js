// Where the server is: by default where this script came from.
var Bolt = (function (bolt) {
  var script = document.currentScript;
  var address = script && script.src ? new URL(script.src).origin : location.origin;

  bolt.Env = {
    getAddress: function () {
      return address;
    },
    setAddress: function (value) {
      address = String(value).replace(/\/+$/, "");
    },
  };

  return bolt;
})(Bolt || {});
