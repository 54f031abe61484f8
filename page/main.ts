import { App } from './app.ts';
import { Connection } from './data/connection.ts';
import { Store } from './data/store.ts';
import { h, render } from './vendor/preact.js';

const root = document.getElementById('app');
if (root !== null) {
  const store = new Store();
  const connection = new Connection(store);
  render(h(App, { store, retryNow: () => connection.retryNow() }), root);
  await connection.run();
}
