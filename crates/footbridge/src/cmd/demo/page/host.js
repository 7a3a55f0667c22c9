// The host page: superapp, with shop in a frame.
import { drawer, heads } from "./draw.js";
import { live, ticket } from "./live.js";
import { span } from "./parts.js";
import { Trail } from "./trail.js";
import { follow, forwards, seen } from "./watch.js";

const { server, shop } = document.documentElement.dataset;
const { MiniappHost } = await import(`${server}/sdk/host.js`);

const at = (id) => document.getElementById(id);

at("parts").append(...heads());
const trail = new Trail(drawer(at("groups"), changed));
forwards(trail);

function changed(group) {
  const latest = trail.groups[0];
  at("empty").hidden = !!latest;
  at("clear").hidden = at("latest").hidden = !latest;
  if (latest) {
    at("latest").dataset.state = latest.state;
    at("latest-text").textContent = `${latest.title}: ${latest.text}`;
  }
  if (group.state === "running" || group.state === "unknown" || group.said === group.text) return;
  group.said = group.text;
  at("said").textContent = `${group.title}: ${group.text}, ${group.hops.length} hops`;
  if (group.state === "good") document.querySelector(`.ways [data-way=${group.way}]`).dataset.seen = "";
}

// On a phone the trail is further down. A line at the bottom shows the latest event until the trail is visible.
new IntersectionObserver(([{ isIntersecting: seen }]) => at("latest").classList.toggle("there", seen), {
  rootMargin: "0px 0px -30% 0px",
}).observe(at("trail"));

at("clear").onclick = () => {
  trail.clear();
  at("trail").focus();
};

// Way one: between the page and its miniapp.

// Created here, so that the listener exists before the frame sends messages.
const iframe = Object.assign(document.createElement("iframe"), {
  id: "shop",
  title: "Shop, the miniapp",
  src: `${shop}/`,
  referrerPolicy: "no-referrer",
});
// The frame keeps its origin, which identifies it. It cannot navigate this page or open others.
iframe.sandbox.add("allow-scripts", "allow-same-origin");
at("frame").replaceWith(iframe);
const host = new MiniappHost({ iframe, origin: shop, appId: "shop", clientId: "superapp" });

host.on("who-is-here", (payload, { id, type }) => {
  const answer = { name: at("name").value };
  const now = Date.now();
  const group = trail.begin({ way: "page", title: type, at: now, id });
  trail.hop(group, {
    from: "shopPage",
    to: "hostPage",
    what: type,
    note: "custom event",
    at: now,
    rank: 1,
    content: payload,
  });
  trail.hop(group, {
    from: "hostPage",
    to: "shopPage",
    what: "the answer",
    mark: "good",
    at: now,
    rank: 2,
    content: answer,
  });
  return answer;
});

at("tell").onsubmit = (event) => {
  event.preventDefault();
  const [type, profile, now] = ["user_profile_updated", { name: at("name").value }, Date.now()];
  const id = host.emit(type, profile);
  const group = trail.begin({ way: "page", title: type, at: now, id });
  trail.hop(group, { from: "hostPage", to: "shopPage", what: type, note: "emit", at: now, rank: 1, content: profile });
  trail.tell(group, "running", "waits for the shop");
};

// The miniapp sends its height; this page limits it.
host.on("resized", ({ height }) => {
  if (Number.isFinite(height)) iframe.style.height = `${Math.min(Math.max(height, 200), 900)}px`;
});

/** The miniapp reports the events that it got. */
host.on("noted", ({ id, at: then }) => {
  const group = trail.of(id);
  if (group?.way === "page") {
    trail.hop(group, {
      from: "shopPage",
      to: "hostPage",
      what: "noted",
      mark: "good",
      at: Date.now(),
      rank: 2,
      content: { id },
    });
    trail.tell(group, "good", `noted in ${span(Date.now() - group.at)}`);
  } else if (typeof id === "string") {
    watched(id, "shopPage", then);
  }
});

// Way two: an exchange, forwarded with a ticket.

/** The first event that needs a ticket fetches it; later events use the same one. */
async function forwardTicket({ id }) {
  const hop = (about) => trail.of(id) && trail.hop(trail.of(id), { ...about, at: Date.now(), rank: 2 });
  hop({ from: "hostPage", to: "hostBack", what: "a ticket?", note: "no secret is here" });
  try {
    const pass = await ticket("forward");
    hop({ from: "hostBack", to: "hostPage", what: "ticket", note: "for “buy”, for 5 min" });
    return pass;
  } catch (error) {
    hop({ from: "hostBack", to: "hostPage", what: "no ticket", note: error.message, mark: "bad" });
    throw error;
  }
}

/** Shows an event that will be forwarded, before forwarding can fail. */
function arrived(payload, { id, type }) {
  const group = trail.begin({ way: "exchange", title: type, at: Date.now(), id });
  const hop = { from: "shopPage", to: "hostPage", what: type, note: "custom event", at: group.at, rank: 1 };
  trail.hop(group, { ...hop, content: payload });
}

host.forward("buy", { to: "exchange", ticket: forwardTicket, server, validate: arrived });

host.onevent = ({ id, type, ok, error, ms }) => {
  const group = trail.of(id);
  if (!group) return;
  if (type === "buy") {
    const what = ok ? "the answer" : "an error";
    const told = ok ? {} : { note: "told as it is", content: { error } };
    const hop = { from: "hostPage", to: "shopPage", what, ...told, mark: ok ? "good" : "bad" };
    trail.hop(group, { ...hop, at: Date.now(), rank: 7 });
  }
  trail.tell(group, ok ? "good" : "bad", `${ok ? "answered" : "failed"} in ${span(ms)}`);
};

// Way three: published by the back end, received live by open pages.

const TITLES = ["Fog over the footbridge", "Two gulls", "The last ferry", "A red umbrella", "Low tide"];
let taken = 0;

at("publish").onclick = async () => {
  const photo = { title: TITLES[taken % TITLES.length], photo: ++taken };
  const now = Date.now();
  const group = trail.begin({ way: "publish", title: "photo-saved", at: now });
  trail.hop(group, { from: "hostPage", to: "hostBack", what: "saved a photo", at: now, rank: 1, content: photo });
  const answer = await fetch("/api/photos", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(photo),
  }).then(
    (response) => response.json(),
    ({ message }) => ({ error: message }),
  );
  if (!answer.event) {
    trail.hop(group, {
      from: "hostBack",
      to: "hostPage",
      what: "an error",
      note: answer.error,
      mark: "bad",
      at: Date.now(),
      rank: 3,
    });
    return trail.tell(group, "bad", "not published");
  }
  const { event, sent, accepted } = answer;
  trail.hop(group, { from: "hostBack", to: "server", what: "publish", at: sent, rank: 2, content: { body: photo } });
  const kept = `on disk for ${event.deliveries} apps`;
  trail.hop(group, {
    from: "server",
    to: "hostBack",
    what: "accepted",
    note: kept,
    mark: "good",
    at: accepted,
    rank: 3,
    content: event,
  });
  trail.name(group, event.id);
  follow(trail, group, event.id);
};

/** A page got an event on the live stream. */
function watched(id, part, then) {
  const hop = { from: "server", to: part, what: "live", note: "in the open page", mark: "good", at: then, rank: 5 };
  trail.when(
    id,
    (group) => trail.hop(group, hop),
    () => ({ way: "publish", title: "photo-saved", at: then, stranger: true }),
  );
}

live(server, {
  event({ id, body }) {
    at("photos").dataset.state = "good";
    at("photos").textContent = `Heard live: “${body?.title}”`;
    watched(id, "hostPage", Date.now());
  },
  state(open) {
    at("status").dataset.state = open ? "good" : "wait";
    at("status-text").textContent = `${open ? "live with" : "connecting to"} ${new URL(server).host}`;
  },
});

// Parts that only a demo has: the requests of the back ends, and their behaviour.

const feed = new EventSource("/api/feed");
feed.onmessage = ({ data }) => {
  const news = JSON.parse(data);
  if (news.manner) show(news.manner);
  if (news.seen) seen(trail, news.seen);
};
feed.onopen = () => (at("ended").hidden = true);
feed.onerror = () => (at("ended").hidden = false);
addEventListener("pagehide", () => feed.close());

/** The last known behaviour of the shop's back end. */
let manner = "works";

function show(value) {
  manner = value;
  document.querySelector(`[name=manner][value=${value}]`).checked = true;
  at("manner-said").textContent = "";
}

at("manner").onchange = async ({ target }) => {
  const response = await fetch("/api/shop", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ manner: target.value }),
  }).catch(() => null);
  if (response?.ok) return show(target.value);
  show(manner);
  at("manner-said").textContent = "Not changed: the demo cannot be reached.";
};
