// Pointer and keys on the scene, as wishes to move.

const KEY_SPEED = 620; // world units per second
const KEYS = {
  ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1],
  KeyA: [-1, 0], KeyD: [1, 0], KeyW: [0, -1], KeyS: [0, 1],
};

/**
 * Listens to an element. Returns what is to be called with every frame's duration in ms: it moves by the keys that
 * are held.
 * @param {HTMLElement} element
 * @param {(clientX: number, clientY: number) => void} moveTo  a point of the window
 * @param {(dx: number, dy: number) => void} moveBy  world units
 */
export function steer(element, moveTo, moveBy) {
  const held = new Set();

  function followKeys(elapsed) {
    const pull = (axis) => Math.sign([...held].reduce((sum, code) => sum + KEYS[code][axis], 0));
    const [dx, dy] = [pull(0), pull(1)];
    if (!dx && !dy) return;
    const step = (KEY_SPEED * elapsed) / 1000 / Math.hypot(dx, dy);
    moveBy(dx * step, dy * step);
  }

  const followPointer = ({ clientX, clientY }) => moveTo(clientX, clientY);

  element.addEventListener('pointermove', followPointer);
  element.addEventListener('pointerdown', (event) => {
    element.setPointerCapture(event.pointerId); // a drag may leave the element
    followPointer(event);
  });
  element.addEventListener('keydown', (event) => {
    if (!(event.code in KEYS) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault(); // the arrows would scroll the page
    held.add(event.code);
    if (!event.repeat) followKeys(16); // a tap shorter than a frame counts too
  });
  element.addEventListener('keyup', ({ code }) => held.delete(code));
  element.addEventListener('blur', () => held.clear()); // the keyup goes elsewhere
  return followKeys;
}
