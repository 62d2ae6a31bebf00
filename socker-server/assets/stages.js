// The list of stages: how far the connection has come, how fast, and by whose word.

const SAID = {
  connect: () => 'server → page: accepted',
  scene: (size) => `server → page: scene, ${size}`,
  ready: () => 'page → server: ready, reply: play',
  play: (size) => `server → page: snapshot, ${size}`,
};

export function clearStages() {
  for (const item of document.querySelectorAll('[data-stage]')) {
    delete item.dataset.reached;
    write(item, '', '');
  }
}

export function showStage(name, ms, size) {
  const item = document.querySelector(`[data-stage="${name}"]`);
  const time = ms.toFixed(1);
  item.dataset.reached = time;
  write(item, `${time} ms`, SAID[name](size === 1 ? '1\u00a0byte' : `${size}\u00a0bytes`));
}

function write(item, time, said) {
  item.querySelector('.time').textContent = time;
  item.querySelector('.said').textContent = said;
}
