// Data from the server in a component. Old content stays until new content is there.
import { useCallback, useEffect, useState } from "../vendor/hooks.js";
import { api, asProblem } from "./api.js";

/** @import { Problem } from "./api.js" */
/** @import { Answer, GetPath, Options } from "./api-types.js" */
/**
 * @template T
 * @typedef {{ data: T | undefined, problem: Problem | undefined, loading: boolean, reload: () => void }} Resource
 */

/**
 * Loads again whenever `key` changes or `reload` is called.
 * @template T
 * @param {string} key @param {(signal: AbortSignal) => Promise<T>} load
 * @returns {Resource<T>}
 */
export function useResource(key, load) {
  const [turn, setTurn] = useState(0);
  const [state, setState] = useState(
    /** @type {Omit<Resource<T>, "reload">} */ ({ data: undefined, problem: undefined, loading: true }),
  );
  useEffect(() => {
    const abort = new AbortController();
    setState((old) => ({ ...old, loading: true }));
    load(abort.signal).then(
      (data) => abort.signal.aborted || setState({ data, problem: undefined, loading: false }),
      (error) => abort.signal.aborted || setState((old) => ({ ...old, problem: asProblem(error), loading: false })),
    );
    return () => abort.abort();
  }, [key, turn]);
  const reload = useCallback(() => setTurn((last) => last + 1), []);
  return { ...state, reload };
}

/**
 * The answer of an operation that reads.
 * @template {GetPath} P
 * @param {P} path @param {Options} [options]
 * @returns {Resource<Answer<P, "get">>}
 */
export const useGet = (path, options = {}) =>
  useResource(JSON.stringify([path, options]), (signal) => api.get(path, { ...options, signal }));

/**
 * Loads a resource again and again while it is `open`, but not in a tab that nobody sees.
 * @param {{ reload: () => void }} resource @param {boolean} open @param {number} every Milliseconds.
 */
export function useReloads({ reload }, open, every) {
  useEffect(() => {
    if (!open) return;
    const timer = setInterval(() => document.hidden || reload(), every);
    return () => clearInterval(timer);
  }, [open]);
}

/** True when `busy` has lasted 200 ms: what is faster needs no sign. @param {boolean} busy */
export function useSlow(busy) {
  const [slow, setSlow] = useState(false);
  useEffect(() => {
    if (!busy) return setSlow(false);
    const timer = setTimeout(() => setSlow(true), 200);
    return () => clearTimeout(timer);
  }, [busy]);
  return slow;
}

/**
 * An action of a button: `run` starts it, `busy` while it lasts, `problem` when it failed.
 * @template {unknown[]} A
 * @param {(...args: A) => Promise<unknown>} act
 */
export function useAction(act) {
  const [state, setState] = useState(/** @type {{ busy: boolean, problem?: Problem }} */ ({ busy: false }));
  /** @param {A} args */
  const run = async (...args) => {
    setState({ busy: true });
    try {
      await act(...args);
      setState({ busy: false });
    } catch (error) {
      setState({ busy: false, problem: asProblem(error) });
    }
  };
  return { ...state, run };
}
