// The list of game servers: a row for each, which keeps its place.

import { isArena, nameOf } from './arena.js';
import { startCopying } from './copying.js';
import { HAS_WEBRTC } from './reasons.js';
import { address } from './wire.js';

/** @typedef {import('./socker/server.js').Server} Server */

/** What is gone stays for a moment, so that nothing jumps under a hand. In ms. */
const FADE = 4000;
/** More rows than that nobody reads; one more for each in which the page plays or is about to, for a moment. */
const ROWS = 40;

const byId = (id) => document.getElementById(id);
const list = byId('server-list');

export class ServerList {
  #directory;
  #chooses;
  /** @type {Map<Server, HTMLLIElement>} */
  #rows = new Map();
  /** Of those in which the page plays, and is about to. @type {Server | null} */
  #joined = null;
  #joining = null;

  /**
   * @param {import('./socker/directory.js').Directory} directory
   * @param {{join: (server: Server) => void, leave: () => void}} chooses  what the user does
   */
  constructor(directory, chooses) {
    this.#directory = directory;
    this.#chooses = chooses;
    byId('arena-command').value = `socker arena --directory ${new URL(address('/')).origin} --name second`;
    startCopying(byId('arena-command'), byId('arena-copy'), byId('arena-copied'));
    directory.addEventListener('serveradded', () => this.#fill());
    directory.addEventListener('serverchanged', ({ server }) => this.#describe(server));
    directory.addEventListener('serverremoved', ({ server }) => this.#remove(server));
    for (const type of ['connected', 'reconnecting', 'reconnected']) directory.addEventListener(type, () => this.#count());
    this.#count();
  }

  /** @param {Server | null} joined @param {Server | null} joining */
  mark(joined, joining) {
    const before = [this.#joined, this.#joining];
    [this.#joined, this.#joining] = [joined, joining];
    for (const server of [joined, joining]) if (server && !this.#rows.has(server)) this.#add(server);
    if (this.#rows.size > ROWS) setTimeout(() => this.#trim(), FADE);
    if (joined) this.#note(joined, '');
    if (joining) this.#note(joining, '');
    for (const server of new Set([...before, joined, joining])) {
      if (!server) continue;
      this.#describe(server);
      if (!server.isListed) this.#fade(server);
    }
    this.#count();
  }

  /** @param {Server} server @param {number | null} ms  there and back */
  showTrip(server, ms) {
    const row = this.#rows.get(server);
    if (!row || ms === null) return;
    row.dataset.trip = ms;
    write(row, 'ms', `${ms < 10 ? ms.toFixed(1) : ms.toFixed(0)} ms`);
    if (row.dataset.trouble === 'probe') this.#note(server, '');
  }

  /** @param {Server} server @param {string} why  what it did @param {'probe' | 'join'} trouble  in doing what */
  showTrouble(server, why, trouble) {
    const row = this.#rows.get(server);
    if (!row || (trouble === 'probe' && row.dataset.trouble === 'join')) return;
    if (trouble === 'probe') write(row, 'ms', '–');
    this.#note(server, why, trouble);
  }

  /** Gives rows to the first that have none, as long as there are any. */
  #fill() {
    for (const server of this.#directory.servers) {
      if (this.#rows.size >= ROWS) break;
      if (!this.#rows.has(server)) this.#add(server);
    }
    this.#count();
  }

  /** @param {Server} server */
  #add(server) {
    const row = byId('server-row').content.firstElementChild.cloneNode(true);
    row.dataset.server = server.id;
    row.querySelector('button').addEventListener('click', () => this.#click(server));
    if (!HAS_WEBRTC) write(row, 'ms', '–'); // nothing measures it
    this.#rows.set(server, row);
    list.append(row);
    this.#describe(server);
  }

  /** @param {Server} server */
  #remove(server) {
    this.#describe(server);
    this.#fade(server);
    this.#count();
  }

  /** Takes a row away that is gone for good. @param {Server} server */
  #fade(server) {
    setTimeout(() => this.#isSpare(server) && this.#drop(server), FADE);
  }

  /** Takes the last rows away, if there are too many. */
  #trim() {
    const spare = [...this.#rows.keys()].filter((server) => this.#isSpare(server));
    while (this.#rows.size > ROWS && spare.length > 0) this.#drop(spare.pop());
  }

  /** The page plays somewhere else. @param {Server} server */
  #isSpare(server) {
    return server !== this.#joined && server !== this.#joining;
  }

  /** @param {Server} server */
  #drop(server) {
    const row = this.#rows.get(server);
    if (!row) return;
    if (row.contains(document.activeElement)) byId('servers-title').focus();
    row.remove();
    this.#rows.delete(server);
    this.#fill();
  }

  /** @param {Server} server */
  #click(server) {
    if (server === this.#joined) this.#chooses.leave();
    else if (server !== this.#joining && server.isListed) this.#chooses.join(server);
  }

  /** @param {Server} server @param {string} words @param {string} [trouble] */
  #note(server, words, trouble = '') {
    const row = this.#rows.get(server);
    if (!row) return;
    row.dataset.trouble = words && trouble;
    row.dataset.why = words;
    this.#describe(server);
  }

  /** Shows what is to be said of it. @param {Server} server */
  #describe(server) {
    const row = this.#rows.get(server);
    if (!row) return;
    const [name, joined, joining] = [nameOf(server), server === this.#joined, server === this.#joining];
    row.dataset.state = joined ? 'joined' : joining ? 'joining' : server.isListed ? 'listed' : 'gone';
    write(row, 'server-name', name);
    write(row, 'players', playersOf(server));
    write(row, 'why', wordsFor(row.dataset, server));
    const button = row.querySelector('button');
    button.hidden = !isArena(server) || !HAS_WEBRTC;
    button.textContent = joined ? 'Leave' : joining ? 'Joining…' : 'Join';
    button.setAttribute('aria-label', `${button.textContent} ${name}`);
    button.setAttribute('aria-disabled', joining || (!joined && !server.isListed));
  }

  #count() {
    const { servers, state } = this.#directory;
    const count = servers.length;
    const more = count - [...this.#rows.keys()].filter(({ isListed }) => isListed).length;
    byId('servers').dataset.status = state;
    byId('servers-empty').hidden = this.#rows.size > 0 || count > 0;
    byId('servers-more').textContent = more > 0 ? `and ${more} more` : '';
    byId('servers-status').textContent =
      state !== 'connected' ? 'the directory is not connected' : count === 0 ? 'none is listed' : `${count} listed, live`;
    byId('servers-start').textContent = count === 0 ? 'Start one' : 'Start another one';
  }
}

const write = (row, part, words) => {
  const element = row.querySelector(`.${part}`);
  if (element.textContent !== words) element.textContent = words;
};

/** Metadata may be anything. @param {Server} server */
function playersOf(server) {
  const { players, places } = isArena(server) ? server.metadata : {};
  const isCount = (value) => Number.isInteger(value) && value >= 0 && value < 1e6;
  if (!isArena(server)) return 'not an arena';
  return isCount(players) && isCount(places) ? `${players} / ${places} players` : '–';
}

/** @param {DOMStringMap} shown */
function wordsFor({ state, why }, server) {
  if (why && state !== 'joining') return `It ${why}.`;
  if (state === 'joined') return server.isListed ? 'You play here.' : 'You play here. It has left the directory.';
  return { joining: 'Joining…', gone: 'Gone.', listed: '' }[state];
}
