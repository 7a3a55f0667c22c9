// Hooks and their lanes; with an id in the address, one of them.
import { Choices, command, h, Head, href, Status, useCommands } from "../../parts/kit.js";
import { AddHook, LaneList } from "./lanes.js";
import { STATES } from "./model.js";
import { HookScreen } from "./one.js";
import { TEXT } from "./text.js";

/** @import { ScreenProps } from "../../base/screens.js" */

/** @param {{ query: Record<string, string> }} props */
function All({ query }) {
  const { app, state } = query;
  useCommands({ path: "/api/v1/lanes", query: { app, state }, command: command(["lane", "list"]) });
  return [
    h(Head, { title: TEXT.title, sub: TEXT.sub }, h(AddHook, { app })),
    h(Choices, {
      label: "State",
      of: [
        { title: "All", href: href("/hooks", { app }), chosen: !state },
        ...STATES.map((one) => ({
          title: h(Status, { word: one }),
          href: href("/hooks", { app, state: one }),
          chosen: state === one,
        })),
      ],
    }),
    h(LaneList, { ...(app && { app }), ...(state && { state }) }),
  ];
}

/** @param {ScreenProps} props */
export default function Hooks({ query }) {
  const id = query["id"];
  return id ? h(HookScreen, { key: id, id }) : h(All, { key: "all", query });
}
