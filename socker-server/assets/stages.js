// The list of stages, which is a timeline: how far the connection has come, when, and by whose word.

/** What is said in a stage, and over what. */
const SAID = {
  connect: () => 'server → page: accepted',
  scene: (size) => `server → page: scene, ${size}`,
  ready: (size) => `page ⇄ server: ready, play, ${size}`,
  offer: (size) => `page → arena: SDP, ${size}`,
  answer: (size) => `arena → page: SDP, ${size}`,
  channel: () => 'page ⇄ arena: joins, positions',
  play: (size) => `arena → page: positions, ${size}`,
  snapshot: (size) => `server → page: snapshot, ${size}`,
};
/** Over what the last stage, `play`, was reached: by an arena's positions, or by a snapshot of /play. */
const VIA = { play: 'WebRTC', snapshot: 'WebSocket' };
/** Those that lead to an arena. */
const ARENA = ['offer', 'answer', 'channel'];

const list = document.getElementById('stages');
const item = (name) => list.querySelector(`[data-stage="${name}"]`);

/** @param {string} [first]  it and all that come after */
export function clearStages(first = 'connect') {
  const items = [...list.children];
  for (const entry of items.slice(items.indexOf(item(first)))) {
    delete entry.dataset.reached;
    delete entry.dataset.passed;
    write(entry, '', '');
  }
  drawBars();
}

/** @param {string} name @param {number} ms  since the attempt began @param {number} size  of what was said */
export function showStage(name, ms, size) {
  const entry = item(VIA[name] ? 'play' : name);
  entry.dataset.reached = ms.toFixed(1);
  write(entry, `${ms.toFixed(1)} ms`, SAID[name](bytes(size)));
  if (VIA[name]) entry.querySelector('.via').textContent = VIA[name];
  drawBars();
}

/** The stages that lead to an arena are passed over. @param {string} why */
export function passStages(why) {
  for (const [at, name] of ARENA.entries()) {
    delete item(name).dataset.reached;
    item(name).dataset.passed = '';
    write(item(name), 'passed over', at === 0 ? sentence(why) : '\u00a0');
  }
  drawBars();
}

/** Each bar lasts from the stage before to its own, all to the same scale. */
function drawBars() {
  const reached = [...list.children].filter(({ dataset }) => dataset.reached);
  const total = Number(reached.at(-1)?.dataset.reached ?? 0) || 1;
  let before = 0;
  for (const { dataset, style } of list.children) {
    const now = Number(dataset.reached ?? before);
    style.setProperty('--from', before / total);
    style.setProperty('--share', (now - before) / total);
    before = now;
  }
}

function write(entry, time, said) {
  for (const [part, words] of [['time', time], ['said', said]]) {
    const element = entry.querySelector(`.${part}`);
    if (element.textContent !== words) element.textContent = words; // what is there already is not said again
  }
}

const bytes = (size) => (size === 1 ? '1\u00a0byte' : `${size}\u00a0bytes`);
const sentence = (words) => `${words.charAt(0).toUpperCase()}${words.slice(1)}.`;
