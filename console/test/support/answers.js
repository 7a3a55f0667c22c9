// Answers of the API for tests that need a state which real traffic reaches only after hours: every kind of trouble, a
// story with all parts, names that try to be markup.

/** Texts that try to be more than texts. */
export const HOSTILE = [
  "<img src=x onerror=window.hit=1>",
  "</script><script>window.hit=1</script>",
  '"><svg onload=window.hit=1>',
  "javascript:window.hit=1",
  "\u202egnp.exe",
  "\u001b[31mred",
  "a\u0000b",
  "\ud800",
  "__proto__",
  "{{7*7}}",
];

const at = (/** @type {number} */ ms) => new Date(Date.parse("2026-11-30T11:04:07.120Z") + ms).toISOString();

const app = (/** @type {string} */ name, /** @type {object} */ more = {}) => ({
  app: name,
  says: 3.2,
  hears: 12,
  first_try_ok: 0.992,
  p95_ms: 84,
  waiting: 0,
  dead: 0,
  last_heard_at: at(0),
  last_said_at: at(0),
  ...more,
});

export const now = {
  time: at(0),
  started_at: at(-86_400_000),
  rates: { page: 38, publish: 310, exchange: 64 },
  first_try_ok: 0.992,
  p50_ms: 12,
  p95_ms: 84,
  account: { accepted: 211_846, pending: 1216, delivered: 209_400, unanswered: 900, dead: 214, cancelled: 116 },
  lanes: { waiting: 2, standing: 1, paused: 0 },
  apps: [
    app("shop", { says: 41 }),
    app("mailer", { dead: 214, first_try_ok: 0.71, p95_ms: 2400 }),
    app("crm", { waiting: 1204 }),
    app("pay"),
    app("wms", { last_heard_at: null, hears: 0, first_try_ok: null, p95_ms: null }),
  ],
};

export const attention = {
  data: [
    {
      level: "warning",
      kind: "lane_standing",
      object: { kind: "hook", id: "crm" },
      since: at(-360_000),
      text: "The ordered hook waits 6 min for evt_7f1, and 1,204 events wait behind it.",
      count: 1204,
      screen: "/hooks?id=hook_1",
      recover: null,
    },
    {
      level: "error",
      kind: "dead",
      object: { kind: "app", id: "mailer" },
      since: at(-3_600_000),
      text: "214 deliveries are dead: 198 with 503, 16 timed out.",
      count: 214,
      screen: "/deliveries?q=to:mailer status:dead",
      recover: "to:mailer status:dead",
    },
    {
      level: "info",
      kind: "secret_overlap",
      object: { kind: "app", id: "pay" },
      since: at(-7_200_000),
      text: "The old secret was used 31 times today and ends in 5 h.",
      count: 31,
      screen: "/apps/pay?tab=credentials",
      recover: null,
    },
  ],
};

export function series(/** @type {URLSearchParams} */ query) {
  const ways = query.get("by") === "way" ? ["page", "publish", "exchange"] : [""];
  const wave = (/** @type {number} */ n, /** @type {number} */ line) =>
    n > 60 && n < 64 ? null : Math.round(200 / (line + 1) + 90 * Math.sin(n / 9 + line));
  return {
    metric: query.get("metric"),
    from: at(-3_600_000),
    until: at(0),
    step_ms: 30_000,
    unit: query.get("metric") === "p95_ms" ? "ms" : "count",
    lines: ways.map((way, line) => ({
      labels: way ? { way } : {},
      points: Array.from({ length: 121 }, (_, n) => wave(n, line)),
    })),
  };
}

const hook = (/** @type {string} */ name) => ({
  id: `hook_${name}`,
  app: name,
  publisher: "shop",
  event: "order-paid",
  route: "/hook",
  type: "server",
  transient: false,
  enabled: true,
  created_at: at(-1e9),
});
const delivery = (/** @type {string} */ name, /** @type {string} */ status, /** @type {number} */ attempts) => ({
  id: `dlv_${name}`,
  event_id: "evt_1",
  hook_id: `hook_${name}`,
  app: name,
  url: "http://x/",
  status,
  attempts,
  event_name: "order-paid",
  publisher: "shop",
  made_at: at(21),
  last_ms: 84,
});
const verdict = (/** @type {string} */ code, /** @type {string} */ text) => ({ code, text });
const step = (
  /** @type {number} */ ms,
  /** @type {string} */ from,
  /** @type {string} */ to,
  /** @type {object} */ more,
) => ({ at: at(ms), ms: null, from, to, outcome: "ok", excerpt: null, ref: null, ...more });

export const story = {
  origin: { via: "page", page_event: "pev_18f", cause: null, test: false, app_version: "1.4", trace: null },
  participants: [
    { id: "p0", kind: "page", name: "shop", state: null },
    { id: "p1", kind: "host", name: "superapp", state: null },
    { id: "p2", kind: "server", name: "Footbridge", state: null },
    { id: "p3", kind: "app", name: "shop", state: null },
    { id: "p4", kind: "app", name: "mailer", state: null },
    { id: "p5", kind: "app", name: "crm", state: "waiting" },
  ],
  steps: [
    step(0, "p0", "p1", { ms: 3, kind: "page", text: "order-paid" }),
    step(3, "p1", "p2", { ms: 21, kind: "publish", text: "forwarded with a ticket" }),
    step(24, "p2", "p2", { ms: 1, kind: "stored", text: "stored" }),
    step(26, "p2", "p1", { ms: 1, kind: "live", text: "live to 2 pages" }),
    step(30, "p2", "p4", { ms: 12, kind: "attempt", outcome: "failed", text: "try 1 · 503", excerpt: "db is down" }),
    step(2042, "p2", "p4", { ms: 84, kind: "attempt", text: "try 2 · 200", ref: "dlv_mailer" }),
    step(30, "p2", "p5", { kind: "wait", outcome: "waiting", text: "waits behind evt_7f1", ref: "evt_7f1" }),
  ],
  receivers: [
    {
      app: "mailer",
      hook: hook("mailer"),
      delivery: delivery("mailer", "delivered", 2),
      got: true,
      then: verdict("delivered", "delivered"),
      now: verdict("delivered", "delivered"),
      why: "Delivered at the second try.",
      fix: null,
      since: at(2126),
    },
    {
      app: "crm",
      hook: hook("crm"),
      delivery: delivery("crm", "pending", 0),
      got: false,
      then: verdict("waiting_order", "waits"),
      now: verdict("waiting_order", "waits"),
      why: "The hook is ordered and waits for evt_7f1.",
      fix: { text: "Open the lane", operation: null, screen: "/hooks?id=hook_crm" },
      since: at(-360_000),
    },
    {
      app: "audit",
      hook: hook("audit"),
      delivery: null,
      got: false,
      then: verdict("no_link", "no link"),
      now: verdict("no_link", "no link"),
      why: "No link from shop to audit.",
      fix: {
        text: "Make the link",
        operation: { method: "POST", path: "/api/v1/links", body: { host: "shop", miniapp: "audit" } },
        screen: null,
      },
      since: null,
    },
    {
      app: "wms",
      hook: hook("wms"),
      delivery: null,
      got: false,
      then: verdict("hook_disabled", "hook off"),
      now: verdict("gets", "gets it"),
      why: "The hook was off.",
      fix: null,
      since: at(-7_200_000),
    },
  ],
  effects: [{ id: "evt_9", kind: "event", name: "mail-sent", at: at(2200) }],
  folded: { steps: 0 },
};

export const checks = ["sender", "link", "recipient", "type", "receiver", "answer"].map((check, n) => ({
  check,
  ok: n < 4 ? true : n === 4 ? false : null,
  text: n === 4 ? "The receiver answered 503." : "",
}));
