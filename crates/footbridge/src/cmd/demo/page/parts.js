// The participants. Each has a lane of the trail; those that exchange most messages are neighbours.

export const PARTS = {
  shopPage: { app: "Shop", what: "page" },
  hostPage: { app: "Superapp", what: "page" },
  hostBack: { app: "Superapp", what: "back end" },
  server: { app: "Footbridge", what: "server" },
  shopBack: { app: "Shop", what: "back end" },
  mailBack: { app: "Mailer", what: "back end" },
};

/** The back end of an app, by the app's name. */
export const BACKS = { superapp: "hostBack", shop: "shopBack", mailer: "mailBack" };

export const lane = (part) => Object.keys(PARTS).indexOf(part);

export const named = (part) => (part === "server" ? "Footbridge" : `${PARTS[part].app}’s ${PARTS[part].what}`);

/** The names of the three ways. */
export const WAYS = { page: "In the page", exchange: "Exchange", publish: "Publish" };

/** `4 ms`, `1.2 s` */
export const span = (ms) => (ms < 1000 ? `${Math.max(0, Math.round(ms))} ms` : `${(ms / 1000).toFixed(1)} s`);
