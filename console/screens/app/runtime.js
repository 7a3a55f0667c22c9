// An app that this server runs: its state, start and stop, and what it writes, as it writes it.
import {
  address,
  api,
  asProblem,
  can,
  Do,
  Empty,
  Facts,
  Fault,
  h,
  loaded,
  problemOf,
  stamp,
  Status,
  tags,
  useEffect,
  useRef,
  useResource,
  useState,
  When,
  zone,
} from "../../parts/kit.js";
import { plain } from "./model.js";
import { TEXT } from "./text.js";

const { code, div, input, p, pre, span } = tags;

/** @import { Installed, LogLine } from "../../setup.js" */
/** @import { Problem } from "../../base/api.js" */

/** Lines that are kept. */
const MOST = 2000;

/** Reads lines of JSON as they come. @param {string} name @param {AbortSignal} signal @param {(lines: LogLine[]) => void} tell */
async function follow(name, signal, tell) {
  const query = { follow: true };
  const response = await fetch(address("/api/apps/{name}/logs", { params: { name }, query }), { signal });
  if (!response.ok || !response.body) throw await problemOf(response);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const lines = (rest + value).split("\n");
    rest = lines.pop() ?? "";
    tell(lines.filter((line) => line.trim()).map((line) => JSON.parse(line)));
  }
}

/** @param {{ name: string }} props */
function Logs({ name }) {
  const [lines, setLines] = useState(/** @type {LogLine[]} */ ([]));
  const [problem, setProblem] = useState(/** @type {Problem | null} */ (null));
  const [typed, setTyped] = useState("");
  const own = useRef(/** @type {HTMLPreElement | null} */ (null));
  useEffect(() => {
    const abort = new AbortController();
    follow(name, abort.signal, (more) => setLines((old) => [...old, ...more].slice(-MOST))).catch(
      (error) => abort.signal.aborted || setProblem(asProblem(error)),
    );
    return () => abort.abort();
  }, [name]);
  // The end stays in sight unless a person has scrolled up.
  useEffect(() => {
    const box = own.current;
    if (box && box.scrollHeight - box.scrollTop - box.clientHeight < 80) box.scrollTop = box.scrollHeight;
  }, [lines]);
  const shown = typed ? lines.filter((line) => line.text?.toLowerCase().includes(typed.toLowerCase())) : lines;
  const at = zone.value === "local" ? "local" : "utc";
  return div(
    { class: "stack" },
    input({
      type: "search",
      class: "narrow",
      "aria-label": "Find in the output",
      placeholder: "Find",
      onInput: (event) => setTyped(event.currentTarget.value),
    }),
    problem && h(Fault, { problem }),
    lines.length === 0
      ? !problem && p({ class: "soft" }, TEXT.noLogs)
      : pre(
          { class: "log", tabIndex: 0, ref: own, "aria-label": "Output" },
          shown.map((line) =>
            div(
              { key: line.number, class: line.stream },
              span({ class: "soft" }, `${stamp(line.at ?? "", at, Date.now())} ${line.stream} `),
              plain(line.text ?? ""),
            ),
          ),
        ),
  );
}

/** @param {{ app: Installed, reload: () => void }} props */
function Shown({ app, reload }) {
  if (!app.installed)
    return h(Empty, { title: TEXT.notRun, text: TEXT.notRunText, command: "footbridge app install DIR" });
  const turn = (/** @type {"start" | "stop"} */ way) => async () => {
    await api.post(`/api/apps/${way}`, { body: { name: app.name } });
    reload();
  };
  const runs = app.state === "running" || app.state === "starting";
  return [
    h(Facts, {
      of: [
        [
          "State",
          h(Status, {
            word: app.state ?? "unknown",
            tone: app.state === "running" ? "good" : app.state === "failed" ? "bad" : "none",
          }),
        ],
        ["Version", app.version ?? "–"],
        ["Folder", app.path ? code(null, app.path) : "–"],
        ...(app.failure
          ? /** @type {const} */ ([
              ["Why it failed", app.failure.why ?? ""],
              [
                "Next start",
                h(When, {
                  at: app.failure.until,
                  empty: "at the next event or visit",
                }),
              ],
            ])
          : []),
      ],
    }),
    can("apps.write") &&
      div(
        { class: "row" },
        runs
          ? h(Do, { label: "Stop", title: `Stop ${app.name}?`, act: turn("stop") })
          : h(Do, { label: "Start", title: `Start ${app.name}?`, act: turn("start") }),
      ),
    h(Logs, { name: app.name ?? "" }),
  ];
}

/** @param {{ name: string }} props */
export function Runtime({ name }) {
  const app = useResource(
    name,
    async (signal) => (await api.get("/api/apps/{name}", { params: { name }, signal })).body,
  );
  return loaded({ of: app, show: (data) => h(Shown, { app: data, reload: app.reload }) });
}
