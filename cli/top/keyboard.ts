import { emitKeypressEvents } from 'node:readline';
import type { Key } from './top-state.ts';

/** Reads single keys from a terminal, without echo, until the returned function is called. */
export function readKeys(input: NodeJS.ReadStream, onKey: (key: Key) => void): () => void {
  const listener = (
    text: string | undefined,
    { name = '', ctrl = false, meta = false }: { name?: string; ctrl?: boolean; meta?: boolean },
  ): void => {
    const isText = text !== undefined && !ctrl && !meta && /^[^\p{Cc}]+$/u.test(text);
    onKey({ name: text === ' ' ? 'space' : name, ctrl, character: isText ? text : '' });
  };
  emitKeypressEvents(input);
  input.on('keypress', listener);
  input.setRawMode(true);
  input.resume();
  return () => {
    input.off('keypress', listener);
    input.setRawMode(false);
    input.pause();
  };
}
