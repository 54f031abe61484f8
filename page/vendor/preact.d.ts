/*
 * The part of htm/preact/standalone.module.js that the page uses; the module is served under this
 * name. The library's own types need the package preact, which is not installed.
 */

/** A rendered part of the page. */
export interface VNode {
  readonly type: unknown;
  readonly props: unknown;
}

/** Valid content between tags. */
export type Child = VNode | string | number | boolean | null | undefined | readonly Child[];

/** A component with type-checked properties; `html` does not check them. */
export function h<Props extends object>(
  type: (props: Props) => Child,
  props: Props & { readonly key?: string | number },
): VNode;

/** Creates elements from a template. */
export function html(strings: TemplateStringsArray, ...values: readonly unknown[]): VNode;

export function render(tree: Child, parent: Element): void;

export function useState<State>(
  initial: State | (() => State),
): [State, (next: State | ((before: State) => State)) => void];

export function useEffect(effect: () => void | (() => void), of?: readonly unknown[]): void;

export function useLayoutEffect(effect: () => void | (() => void), of?: readonly unknown[]): void;

export function useMemo<Value>(make: () => Value, of: readonly unknown[]): Value;

export function useCallback<Callback>(callback: Callback, of: readonly unknown[]): Callback;

export interface Ref<Value> {
  current: Value;
}

export function useRef<Value>(initial: Value): Ref<Value>;
