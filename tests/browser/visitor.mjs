/** A tab with the client in it: it enters rooms, and notes what it is told. */

/** What went over each tab's connections, in both directions. */
const traffic = new WeakMap();

/** Opens a tab whose document is the client's own text: of the server's origin, and nothing else in it. */
export async function visit(browser, address) {
  const page = await browser.context.newPage();
  traffic.set(page, []);
  page.on('websocket', (socket) => {
    const note = ({ payload }) => traffic.get(page).push(JSON.parse(payload));
    socket.on('framesent', note);
    socket.on('framereceived', note);
  });
  await page.addInitScript(prepare);
  await page.goto(`${address}socker.js`);
  return page;
}

/** Runs in the page, before anything else. */
function prepare() {
  window.sockets = [];
  window.WebSocket = class extends WebSocket {
    constructor(...args) {
      super(...args);
      window.sockets.push(this);
    }
  };
  window.told = [];
  window.events = [];
  const note = (params, key, { state }) => window.told.push([key, ...params, state ? 'state' : 'action']);
  window.enter = async (how, ...args) => {
    const { Room } = await import('/socker.js');
    const room = (window.room = await Room[how]('/rooms', ...args));
    for (const key of ['a', 'b', 'c', 'd', 'e']) room.on(key, note);
    for (const type of ['connected', 'reconnecting', 'reconnected', 'closed', 'error']) {
      room.addEventListener(type, ({ code }) => window.events.push(code ? `${type} ${code}` : type));
    }
    return { uuid: room.uuid, token: room.token };
  };
}

/** Backs off so little that no test waits. */
export const SOON = { backoff: { first: 20, most: 50 } };
/** Backs off until the test says that the browser is online. */
export const LATE = { backoff: { first: 600_000, most: 600_000 } };

export const create = (page, options = SOON) => page.evaluate((options) => window.enter('create', options), options);
export const join = (page, uuid, options = SOON) =>
  page.evaluate(([uuid, options]) => window.enter('join', uuid, options), [uuid, options]);
/** @param {[key: string, params?: string[], how?: {state: boolean}][]} actions */
export const send = (page, ...actions) =>
  page.evaluate((actions) => actions.forEach((action) => window.room.send(...action)), actions);

/** The key and the params of a state message. */
export const state = (key, ...params) => [key, params, { state: true }];

export const told = (page) => page.evaluate(() => window.told);
export const events = (page) => page.evaluate(() => window.events);
export const phase = (page) => page.evaluate(() => window.room.state);

/** Waits until the page has noted an event. */
export const heard = (page, event) => page.waitForFunction((event) => window.events.includes(event), event);
/** Waits until the last that the page was told is this. */
export const toldLast = (page, ...action) =>
  page.waitForFunction((action) => window.told.at(-1)?.join() === action, action.join());
/** Waits for a message that the page's connections have carried. */
export async function carried(page, isIt) {
  for (;;) {
    const message = traffic.get(page).find(isIt);
    if (message) return message;
    await new Promise((later) => setTimeout(later, 10));
  }
}
/** Breaks the page's connection, as seen from the page. */
export const cut = (page) => page.evaluate(() => window.sockets.at(-1).close());
/** Makes the page try again now. */
export const hurry = (page) => page.evaluate(() => window.dispatchEvent(new Event('online')));
