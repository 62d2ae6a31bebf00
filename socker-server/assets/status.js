// What is said of the game: in the page's head, below the scene, and in the root's data attributes.

const byId = (id) => document.getElementById(id);
const root = document.documentElement;

/** Snapshots of the last few seconds. @type {{tick: number, at: number}[]} */
let ticks = [];

/** @param {number | null} tick  null: another server counts from now on */
export function countTick(tick) {
  if (tick === null) ticks = [];
  else ticks.push({ tick, at: performance.now() });
}

/**
 * @param {import('./world.js').World} world
 * @param {{state: 'connecting' | 'playing' | 'closed', source: 'arena' | 'socket' | null, why: string,
 *   arena?: string, isSeeking: boolean}} how  why there is no arena, or the name of that in which is played
 */
export function showStatus(world, { state, source, why, arena, isSeeking }) {
  const [count, rate, playing] = [world.peers.size, tickRate(), state === 'playing'];
  const inArena = source === 'arena';
  Object.assign(root.dataset, { state, source: source ?? 'none', peers: count, self: world.self ?? '', arena: arena ?? '' });
  write('state', playing ? (inArena ? `playing in ${arena}` : 'playing over the WebSocket') : state);
  write('status-you', playing && world.self !== null ? `you are #${world.self}` : '');
  write('status-peers', playing ? `${count}\u00a0${count === 1 ? 'peer' : 'peers'} connected` : 'not connected');
  write('status-ticks', rate === null ? '' : `${Math.round(rate)} ticks/s`);
  byId('status-you').style.setProperty('--hue', world.markers.get(world.self)?.hue ?? 0);
  if (!playing) write('status-way', '');
  else if (inArena) write('status-way', `Over data channels, in the arena ${arena}.`);
  else write('status-way', `Over the WebSocket: ${why}.${isSeeking ? ' The page joins one as soon as it can.' : ''}`);
  byId('hint').classList.toggle('shown', playing && count === 1);
}

function tickRate() {
  ticks = ticks.filter(({ at }) => performance.now() - at < 4000);
  const [first, last] = [ticks[0], ticks.at(-1)];
  if (!first || last.at - first.at < 400) return null;
  return (((last.tick - first.tick) >>> 0) * 1000) / (last.at - first.at); // >>> 0: ticks may wrap
}

/** What is there already is not said again. */
function write(id, words) {
  if (byId(id).textContent !== words) byId(id).textContent = words;
}
