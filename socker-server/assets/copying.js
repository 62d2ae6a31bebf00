// A field with a text to take along, and the button that copies it.

/** How long the button says what it has done. In ms. */
const SAID = 2000;

/** @param {HTMLInputElement} field @param {HTMLButtonElement} button @param {HTMLElement} said  for what it did */
export function startCopying(field, button, said) {
  let timer = 0;

  function show(word, words) {
    button.textContent = word;
    button.classList.toggle('done', word === 'Copied');
    said.textContent = words;
  }

  button.addEventListener('click', async () => {
    const isCopied = await copy(field);
    clearTimeout(timer);
    show(isCopied ? 'Copied' : 'Copy', isCopied ? 'Copied.' : 'The browser does not copy: take it from the field.');
    said.classList.toggle('unseen', isCopied); // the button shows it
    if (isCopied) timer = setTimeout(() => show('Copy', ''), SAID);
  });
  field.addEventListener('focus', () => field.select());
}

/** Returns whether it did. @param {HTMLInputElement} field */
async function copy(field) {
  try {
    await navigator.clipboard.writeText(field.value);
    return true;
  } catch {
    // Not over plain HTTP, and not without permission: the old way, which leaves the text selected.
    field.focus();
    field.select();
    return document.execCommand('copy');
  }
}
