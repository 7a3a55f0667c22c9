// Starts the console.
import { h, render } from "./vendor/preact.js";
import { listenToKeys } from "./base/keys.js";
import { followTheme } from "./base/prefs.js";
import { followLinks } from "./base/url.js";
import { App } from "./frame/app.js";
import { copyTimes } from "./parts/when.js";

followTheme();
followLinks();
listenToKeys();
copyTimes();
render(h(App, {}), document.body);
