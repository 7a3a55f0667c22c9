// The miniapp: it talks to the page around it, and gets the events that its back end subscribed to.
import { live } from "./live.js";

const { server, host } = document.documentElement.dataset;
const { connect } = await import(`${server}/sdk/miniapp.js`);

const at = (id) => document.getElementById(id);

/** Shows a message in a part of the page, as text. */
function say(place, state, title, text = "", id = "") {
  const line = (tag, content) => Object.assign(document.createElement(tag), { textContent: content });
  const lines = [line("b", title)];
  if (text) lines.push(line("p", text));
  if (id) lines.push(line("code", `id ${id}`));
  place.dataset.state = state;
  place.replaceChildren(...lines);
  place.hidden = false;
}

const result = at("result");

try {
  const bridge = await connect({ hostOrigin: host });
  let closed = false;
  say(result, "wait", "Connected to the host page.", "Buy something, or ask who is here.");
  at("buy").disabled = at("ask").disabled = false;

  const ask = async (button, type, payload, render) => {
    const begun = performance.now();
    const call = bridge.request(type, payload);
    button.setAttribute("aria-busy", "true");
    say(result, "wait", "Waiting for the answer …", "", call.id);
    try {
      const [title, text] = render(await call);
      say(result, "good", title, `${text} · ${Math.max(1, Math.round(performance.now() - begun))} ms`, call.id);
    } catch (error) {
      say(result, "bad", "That did not work.", error.message, call.id);
    }
    button.removeAttribute("aria-busy");
  };

  at("buy").onclick = ({ currentTarget }) =>
    ask(currentTarget, "buy", { sku: "coffee-250", price: 8.4 }, (answer) => [
      `Ordered: ${answer.order}`,
      "says the shop’s back end",
    ]);
  at("ask").onclick = ({ currentTarget }) =>
    ask(currentTarget, "who-is-here", {}, (answer) => [`${answer.name} is here.`, "says the host page"]);

  // The frame gets the height of its content. The first height is sent at once, because a frame that is not visible
  // observes no changes.
  const main = document.querySelector("main");
  const fit = () => closed || bridge.send("resized", { height: main.offsetHeight });
  new ResizeObserver(fit).observe(main);
  fit();

  // The host shows which events arrived; this message has no other use.
  const noted = (id) => closed || bridge.send("noted", { id, at: Date.now() });

  bridge.on("user_profile_updated", (profile, { id }) => {
    at("hello").textContent = `Hello, ${profile?.name}`;
    noted(id);
  });
  bridge.onclose = (reason) => {
    closed = true;
    at("buy").disabled = at("ask").disabled = true;
    say(result, "bad", "The host page is gone.", reason.message);
  };

  live(server, {
    event: ({ id, name, publisher, body }) => {
      say(at("photos"), "good", `${publisher} published ${name}`, String(body?.title ?? ""), id);
      noted(id);
    },
    state: () => {},
  });
} catch (error) {
  say(result, "bad", "There is no host page here.", error.message);
}
