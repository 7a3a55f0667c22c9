// The types of calls: which paths exist, and what each answers.
import type { paths } from "../api.js";

export interface Options {
  params?: Record<string, string>;
  query?: Record<string, string | number | boolean | null | undefined>;
  body?: unknown;
  /** The body as JSON text, for what must be sent as it was written. */
  text?: string;
  signal?: AbortSignal;
}

type Method = "get" | "post" | "put" | "patch" | "delete";
type All = paths;
/** The paths that have this method. */
type PathOf<M extends Method> = {
  [P in keyof All]: All[P] extends { [K in M]: { responses: unknown } } ? P : never;
}[keyof All];
type Responses<P extends keyof All, M extends Method> = All[P] extends { [K in M]: { responses: infer R } } ? R : never;
type Json<R> = R extends { content: { "application/json": infer Body } } ? Body : never;
type Good<R> = Json<R[keyof R & (200 | 201 | 202)]>;
/** What a call answers. */
export type Answer<P extends keyof All, M extends Method> = Good<Responses<P, M>>;

export type Client = {
  [M in Method]: <P extends PathOf<M>>(path: P, options?: Options) => Promise<Answer<P, M>>;
};

export type GetPath = PathOf<"get">;

/** The paths of lists. */
export type ListPath = {
  [P in PathOf<"get">]: Answer<P, "get"> extends { data: unknown[] } ? P : never;
}[PathOf<"get">];
export type Row<P extends ListPath> = Answer<P, "get"> extends { data: (infer R)[] } ? R : never;
