// What the lists of people and of their rights share.
import { can, tags } from "../../parts/kit.js";

/** What can be done with a row, at its end. @param {...any} children */
export const end = (...children) => tags.span({ class: "row tight end" }, children);

/** True if the person may change people and rights. */
export const may = () => can("users.write");
