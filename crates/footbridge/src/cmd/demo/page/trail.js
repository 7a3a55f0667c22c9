// The hops of each event: sender, receiver, time and content.

/** Most events in the list. */
const MOST = 30;
/** Time for which a message about an unknown event waits, in milliseconds: it may arrive before the answer with the id. */
const PATIENCE = 1500;

/**
 * @typedef {object} Hop
 * @property {string} from @property {string} to who passed it to whom
 * @property {string} what @property {string} [note] in words
 * @property {number} at milliseconds since 1970
 * @property {number} rank what came before in any case, whatever the clocks say
 * @property {"good" | "bad"} [mark]
 * @property {unknown} [content] what it said
 *
 * @typedef {object} Group
 * @property {string} way @property {string} title @property {number} at
 * @property {string[]} ids every name it goes by
 * @property {"running" | "good" | "bad" | "unknown"} state @property {string} text
 * @property {Hop[]} hops @property {boolean} [stranger] whether it was begun elsewhere
 * @property {boolean} [followed] whether its deliveries are
 */

export class Trail {
  /** @type {Group[]} the latest first */
  groups = [];
  /** @type {Map<string, Group>} */
  #named = new Map();
  /** @type {Map<string, ((group: Group) => void)[]>} */
  #waiting = new Map();
  #draw;

  /** @param {{ group: (group: Group) => void, gone: (group: Group) => void }} draw */
  constructor(draw) {
    this.#draw = draw;
  }

  /** @param {{ way: string, title: string, at: number, id?: string, stranger?: boolean }} about @returns {Group} */
  begin({ id, ...about }) {
    /** @type {Group} */
    const group = { ...about, ids: [], state: "running", text: "under way", hops: [] };
    this.groups.unshift(group);
    if (id) this.name(group, id);
    for (const old of this.groups.splice(MOST)) this.#forget(old);
    this.#draw.group(group);
    return group;
  }

  /** Adds an id of the event. @param {Group} group @param {string} id */
  name(group, id) {
    if (group.ids.includes(id)) return;
    group.ids.push(id);
    this.#named.set(id, group);
    for (const tell of this.#waiting.get(id) ?? []) tell(group);
    this.#waiting.delete(id);
    this.#draw.group(group);
  }

  /** @param {string} id */
  of(id) {
    return this.#named.get(id);
  }

  /**
   * Calls `tell` with the event of this id as soon as it is known. Makes one from `stranger` if it was not started here.
   * @param {string} id @param {(group: Group) => void} tell
   * @param {() => { way: string, title: string, at: number, stranger: true }} stranger
   */
  when(id, tell, stranger) {
    const known = this.of(id);
    if (known) return tell(known);
    const waiting = this.#waiting.get(id);
    if (waiting) return void waiting.push(tell);
    this.#waiting.set(id, [tell]);
    setTimeout(() => {
      if (this.#waiting.has(id)) this.begin({ id, ...stranger() });
    }, PATIENCE);
  }

  /** @param {Group} group @param {Hop} hop */
  hop(group, hop) {
    group.hops.push(hop);
    group.hops.sort((a, b) => a.rank - b.rank || a.at - b.at);
    this.#draw.group(group);
  }

  /** @param {Group} group @param {Group["state"]} state @param {string} text */
  tell(group, state, text) {
    if (group.state === state && group.text === text) return;
    Object.assign(group, { state, text });
    this.#draw.group(group);
  }

  clear() {
    for (const group of this.groups.splice(0)) this.#forget(group);
  }

  #forget(group) {
    for (const id of group.ids) this.#named.delete(id);
    this.#draw.gone(group);
  }
}
