// Answers of the operations that change or look after the server, for states that real traffic reaches only after hours.
import { HOSTILE } from "./answers.js";

const at = (/** @type {number} */ ms) => new Date(Date.now() + ms).toISOString();
const HOUR = 3_600_000;

const hook = (n, app, more = {}) => ({
  id: `hook_0f7m2k9x4c1a${n}`,
  app,
  publisher: "shop",
  event: "order-paid",
  route: "/events",
  type: "server",
  transient: false,
  enabled: true,
  in_flight: 8,
  ordered: false,
  managed_by: "api",
  created_at: at(-40 * HOUR),
  ...more,
});

const lane = (n, app, state, more = {}, about = {}) => ({
  hook: hook(n, app, about),
  state,
  why: null,
  text: "It moves.",
  since: at(-HOUR),
  pending: 0,
  in_flight: 0,
  head: null,
  head_age_ms: null,
  paused: null,
  ...more,
});

const head = (n) => ({
  delivery_id: `dlv_0f7m2k9x4c1a${n}`,
  event_id: `evt_0f7m2k9x4c1a${n}`,
  attempts: 4,
  next_attempt_at: at(240_000),
  last_status: 503,
  last_error: HOSTILE[0],
});

export const lanes = [
  lane(
    "a",
    "crm",
    "standing",
    {
      why: "head_failing",
      text: "The delivery at the head fails, and the hook is ordered.",
      pending: 1204,
      in_flight: 1,
      head: head("a"),
      head_age_ms: 360_000,
    },
    { ordered: true },
  ),
  lane("b", "mailer", "waiting", {
    why: "window_full",
    text: "8 deliveries are in flight, the most that it may have.",
    pending: 63,
    in_flight: 8,
    head: head("b"),
    head_age_ms: 2100,
  }),
  lane("c", "wms", "paused", {
    why: "paused",
    text: "Paused by ana: stock count.",
    pending: 12,
    head: head("c"),
    head_age_ms: 900_000,
    paused: { at: at(-900_000), by: "ana", reason: "stock count" },
  }),
  lane(
    "d",
    "audit",
    "off",
    { why: "hook_off_410", text: "Its receiver answered 410." },
    { enabled: false, publisher: "*", event: "*" },
  ),
  lane("e", "pay", "moving", { pending: 3, in_flight: 3, head_age_ms: 84 }),
  lane("f", "shop", "idle"),
];

export const job = {
  id: "job_0f7m2k9x4c1aa",
  kind: "retry",
  q: "status:dead to:mailer since:10:00 code:503",
  state: "running",
  matched: 203,
  done: 140,
  ok: 131,
  failed: 9,
  waiting: 0,
  hook: null,
  reason: null,
  skipped: [{ reason: "payload gone", count: 9 }],
  pace: 50,
  stop_after: 10,
  rate: 48,
  by: "ana",
  started_at: at(-3000),
  ended_at: null,
  text: null,
};

const dryRun = {
  matched: 214,
  apps: 3,
  oldest: at(-HOUR),
  by_code: [
    { value: "503", count: 198 },
    { value: "timeout", count: 16 },
  ],
  by_name: [
    { value: "order-paid", count: 201 },
    { value: HOSTILE[0], count: 13 },
  ],
  by_app: [
    { value: "mailer", count: 190 },
    { value: "crm", count: 20 },
    { value: "pay", count: 4 },
  ],
  skip: [
    { reason: "payload gone (retention)", count: 9 },
    { reason: "hook removed", count: 2 },
  ],
  sample: [
    {
      id: "dlv_0f7m2k9x4c1aa",
      event_id: "evt_0f7m2k9x4c1aa",
      event_name: "order-paid",
      app: "mailer",
      hook_id: "hook_0f7m2k9x4c1ab",
      status: "dead",
      attempts: 8,
      url: "http://mailer/hook",
      last_status: 503,
      last_error: null,
      next_attempt_at: null,
    },
  ],
};

const items = ["ok", "failed", "skipped"].map((outcome, n) => ({
  delivery_id: `dlv_0f7m2k9x4c1b${n}`,
  event_id: `evt_0f7m2k9x4c1b${n}`,
  app: "mailer",
  outcome,
  text: outcome === "failed" ? HOSTILE[0] : null,
}));

const credentials = [
  {
    kind: "token",
    prefix: "fbt_9k",
    made_at: at(-41 * 24 * HOUR),
    made_by: "ana",
    last_used_at: at(-2000),
    uses: 90_211,
    sent: true,
    observable: true,
    managed_by: "api",
    old: [],
  },
  {
    kind: "secret_key",
    prefix: "k_3d",
    made_at: at(-18 * HOUR),
    made_by: "ben",
    last_used_at: at(-9000),
    uses: 1204,
    sent: true,
    observable: true,
    managed_by: "api",
    old: [
      {
        prefix: "k_81",
        made_at: at(-90 * 24 * HOUR),
        made_by: "ana",
        last_used_at: at(-HOUR),
        uses: 31,
        sent: false,
        ends_at: at(6 * HOUR),
      },
      { prefix: null, made_at: null, made_by: null, last_used_at: null, uses: 0, sent: false, ends_at: at(HOUR) },
    ],
  },
  {
    kind: "signing_secret",
    prefix: "whsec_Qx",
    made_at: at(-20 * HOUR),
    made_by: null,
    last_used_at: null,
    uses: null,
    sent: true,
    observable: false,
    managed_by: "api",
    old: [
      {
        prefix: "whsec_81",
        made_at: null,
        made_by: null,
        last_used_at: null,
        uses: null,
        sent: true,
        ends_at: at(4 * HOUR),
      },
    ],
  },
];

const probe = {
  request: {
    method: "POST",
    url: "http://127.0.0.1:9003/hook",
    headers: [
      { name: "content-type", value: "application/json" },
      { name: "footbridge-test", value: "true" },
    ],
    body: '{"hello":"world"}',
  },
  answer: { status: 503, headers: [{ name: "content-type", value: "text/html" }], body: HOSTILE[1], truncated: false },
  error: null,
  timing: { dns_ms: 0.2, connect_ms: 1.1, tls_ms: null, first_byte_ms: 14, total_ms: 15 },
  address: { ip: "127.0.0.1", verdict: "allowed, as the operator wrote this address" },
  verdict: "The receiver answered 503. A delivery would be tried again.",
};

const audit = [
  {
    id: "aud_3",
    at: at(-60_000),
    who: { kind: "user", name: "ana" },
    from: "192.0.2.7",
    action: "lane.pause",
    object: { kind: "hook", id: "hook_0f7m2k9x4c1ac" },
    before: null,
    after: { paused: true },
    note: "stock count",
  },
  {
    id: "aud_2",
    at: at(-HOUR),
    who: { kind: "api_token", name: HOSTILE[0] },
    from: null,
    action: "app.update",
    object: { kind: "app", id: "mailer" },
    before: { url: "http://old.example", enabled: true },
    after: { url: HOSTILE[3], enabled: true },
    note: null,
  },
  {
    id: "aud_1",
    at: at(-50 * HOUR),
    who: { kind: "file", name: "footbridge.toml" },
    from: null,
    action: "link.create",
    object: { kind: "link", id: "host/shop" },
    before: null,
    after: { enabled: true },
    note: null,
  },
];

const verdict = (code, text) => ({ code, text });
const judged = [
  { hook: hook("a", "mailer"), would_get: true, reason: "gets it", code: "gets", fix: null },
  {
    hook: hook("b", "wms", { enabled: false }),
    would_get: false,
    reason: "its hook is off",
    code: "hook_disabled",
    fix: {
      text: "Turn the hook on",
      operation: { method: "PATCH", path: "/api/v1/hooks/hook_1", body: { enabled: true } },
      screen: null,
    },
  },
  {
    hook: hook("c", "audit", { event: "refund-made" }),
    would_get: false,
    reason: "its hook is for another event",
    code: "other_event",
    fix: null,
  },
];
const explained = {
  data: judged,
  next: null,
  would_get: 1,
  warnings: ["Nobody has published this name so far."],
  would_add: [hook("b", "wms")],
  would_lose: [],
};
const explainedEvent = {
  ...explained,
  warnings: [],
  data: judged.map((one, n) => ({
    ...one,
    then: verdict("hook_made_later", "the hook did not exist"),
    now: n === 1 ? verdict("hook_disabled", "its hook is off") : verdict("gets", "gets it"),
    changed: "The hook was made 4 min after the event, by ben.",
  })),
};

const edge = (from, name, to, count, more = {}) => ({
  from,
  name,
  to,
  way: "publish",
  count,
  ok: count,
  failed: 0,
  dead: 0,
  p95_ms: 84,
  last_at: at(-9000),
  hook_id: null,
  declared: false,
  ...more,
});
export const edges = {
  from: at(-HOUR),
  until: at(0),
  edges: [
    edge("shop", "order-paid", "mailer", 41_000, { failed: 900, dead: 198, p95_ms: 2400 }),
    edge("shop", "order-paid", "crm", 40_100),
    edge("shop", "order-sent", "crm", 900),
    edge("pay", "refund-made", "shop", 12_000),
    edge("pay", "payment-checked", "shop", 300, { way: "exchange" }),
    edge("superapp", "buy", "shop", 38_000, { way: "exchange" }),
    edge("superapp", "opened", "audit", 120, { way: "page" }),
    edge("wms", HOSTILE[0], "audit", 0, { declared: true, last_at: null, p95_ms: null }),
  ],
  other: 12,
};

const users = [
  {
    id: "usr_1",
    name: "ana",
    display_name: "Ana Lima",
    email: "ana@example.org",
    role: "owner",
    enabled: true,
    source: "local",
    has_password: true,
    created_at: at(-900 * HOUR),
    last_seen_at: at(-9000),
  },
  {
    id: "usr_2",
    name: "ben",
    display_name: HOSTILE[0],
    email: null,
    role: "viewer",
    enabled: false,
    source: "oidc",
    has_password: false,
    created_at: at(-90 * HOUR),
    last_seen_at: null,
  },
];
const roles = [
  { name: "owner", permissions: Array(14).fill("overview.read"), apps: null, builtin: true },
  {
    name: "viewer",
    permissions: ["overview.read", "events.read", "apps.read", "audit.read"],
    apps: null,
    builtin: true,
  },
  {
    name: "shop-team",
    permissions: ["events.read", "payloads.read", "deliveries.retry"],
    apps: ["shop", "mailer"],
    builtin: false,
  },
];
const tokens = [
  {
    id: "tok_1",
    name: "backup script",
    prefix: "fbk_Ab3dE9",
    permissions: ["events.read"],
    apps: null,
    user: "ana",
    created_at: at(-90 * HOUR),
    expires_at: at(900 * HOUR),
    last_used_at: at(-HOUR),
  },
];
const sessions = [
  {
    id: "ses_1",
    user: "ana",
    made_at: at(-HOUR),
    last_seen_at: at(-2000),
    from: "192.0.2.7",
    agent: "Firefox 151 on Linux",
    current: true,
  },
  {
    id: "ses_2",
    user: null,
    made_at: at(-3 * HOUR),
    last_seen_at: at(-HOUR),
    from: "192.0.2.9",
    agent: HOSTILE[0],
    current: false,
  },
];

const settings = {
  version: "0.1.0",
  started_at: at(-30 * HOUR),
  data_dir: "/var/lib/footbridge",
  settings: [
    { key: "listen", value: "127.0.0.1:4400", source: "default" },
    { key: "public_url", value: "https://events.example.org", source: "file" },
    { key: "admin_token", value: "set", source: "environment" },
    { key: "retry.schedule", value: ["5s", "5m", "30m"], source: "file" },
  ],
};
const doctor = {
  data: [
    {
      check: "disk",
      level: "warning",
      text: "1.2 GiB are free; at this rate for 3 days.",
      fix: "Shorten [journal] keep, or give it more disk.",
    },
    {
      check: "receivers",
      level: "error",
      text: "mailer does not answer: connection refused.",
      fix: "Start it, or change its url.",
    },
    { check: "clock", level: "ok", text: "The clock agrees with the receivers.", fix: null },
  ],
};

const probes = [
  ["good", true],
  ["bad signature", false],
  ["repeated", null],
].map(([name, ok], n) => ({
  n: n + 1,
  name,
  sent: `A request: ${name}.`,
  expected: ok ? "2xx" : "401",
  got: ok === null ? "not sent: the time for the test is over" : "200",
  ok,
  advice: ok ? "Nothing to do." : "Check the signature before anything else.",
  code: ok === false ? "if (!verify(request)) return refuse(401);" : null,
}));

const installed = {
  code: 0,
  body: {
    name: "shop",
    state: "failed",
    installed: true,
    running: false,
    version: "1.4.0",
    path: "/srv/apps/shop",
    failure: { why: "it did not listen within 20s", until: null },
  },
};

const page = (data) => ({ data, next: null });

/** @type {[RegExp, (search: URLSearchParams) => unknown][]} */
const GET = [
  [/\/lanes$/, (search) => page(lanes.filter((one) => !search.get("state") || one.state === search.get("state")))],
  [/\/lanes\/(\w+)$/, () => lanes[0]],
  [/\/hooks\/hook_0f7m\w+$/, () => lanes[0].hook],
  [
    /\/jobs$/,
    () => page([job, { ...job, id: "job_2", state: "done", done: 203, ended_at: at(-9000), kind: "replay" }]),
  ],
  [/\/jobs\/job_2$/, () => ({ ...job, id: "job_2", state: "done", done: 203, ended_at: at(-9000), kind: "replay" })],
  [/\/jobs\/\w+$/, () => job],
  [/\/items$/, (search) => page(items.filter((one) => one.outcome === search.get("outcome")))],
  [/\/credentials$/, () => ({ client_id: "pay", token_prefix: "Token", data: credentials })],
  [/\/audit$/, () => page(audit)],
  [/\/events\/\w+\/explain$/, () => explainedEvent],
  [/\/stats\/edges$/, () => edges],
  [/\/users$/, () => page(users)],
  [/\/roles$/, () => page(roles)],
  [/\/tokens$/, () => page(tokens)],
  [/\/sessions$/, () => page(sessions)],
  [/\/settings$/, () => settings],
  [/\/doctor$/, () => doctor],
  [
    /\/receiver-tests\/\w+$/,
    () => ({ id: "rct_1", state: "done", url: "http://127.0.0.1/", app: "shop", protocol: "event", probes }),
  ],
  [/\/api\/apps\/shop$/, () => installed],
];
/** @type {[RegExp, () => unknown][]} */
const POST = [
  [/\/jobs$/, () => dryRun],
  [/\/test$/, () => ({ delivery: probe })],
  [/\/explain$/, () => explained],
];

/** Addresses of the screens that these answers fill. */
export const SETUP = [
  "/apps",
  "/apps?add=true",
  "/apps?name=none",
  "/apps/nobody",
  ...["overview", "credentials", "receiver", "hooks", "links", "runtime", "page", "activity"].map(
    (tab) => `/apps/shop?tab=${tab}`,
  ),
  "/hooks",
  "/hooks?state=idle",
  "/hooks?id=hook_0f7m2k9x4c1aa",
  "/links",
  "/explain",
  "/explain?app=shop&name=order-paid&with=hook~hook_1~on",
  "/recover",
  "/recover/job_0f7m2k9x4c1aa?outcome=failed",
  "/recover/job_2?outcome=waiting",
  "/map?idle=true",
  "/try",
  "/try?tab=exchange",
  "/audit",
  ...["users", "roles", "tokens", "sessions"].map((tab) => `/people?tab=${tab}`),
  "/settings",
  "/settings?tab=doctor",
  "/receiver-test",
  "/receiver-test?test=rt_1&url=http://127.0.0.1/&app=shop",
];

/** The prepared answer of a request, if there is one. @param {string} method @param {URL} url */
export function setupAnswer(method, { pathname, searchParams }) {
  if (!pathname.startsWith("/api/")) return undefined;
  const found = (method === "GET" ? GET : POST).find(([path]) => path.test(pathname));
  return found?.[1](searchParams);
}
