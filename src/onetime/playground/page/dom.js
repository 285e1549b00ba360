// Helpers for the elements of the page.

export const find = (id) => document.getElementById(id);

/** The usual names of the hashes. */
export const HASHES = {
  SHA1: "SHA-1",
  SHA224: "SHA-224",
  SHA256: "SHA-256",
  SHA384: "SHA-384",
  SHA512: "SHA-512",
  SHA3_256: "SHA3-256",
  SHA3_512: "SHA3-512",
};

/** Make an element with a class, and texts or children. */
export function make(tag, kind = "", ...children) {
  const element = document.createElement(tag);
  if (kind) element.className = kind;
  element.append(...children);
  return element;
}

/** Make an element of a drawing. */
export function draw(tag, attributes) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

/** Make a button with a label. */
export function button(label, kind, pressed) {
  const element = make("button", kind, label);
  element.type = "button";
  element.addEventListener("click", pressed);
  return element;
}

/** Announce a text to screen readers. */
export function announce(text) {
  find("announcements").textContent = text;
}

const GROUPS = { 6: [3, 3], 7: [3, 4], 8: [4, 4], 9: [3, 3, 3], 10: [3, 3, 4] };

/** Show a code in groups on the screen, digit by digit for screen readers, and plain when it is copied. */
export function showCode(element, code) {
  if (element.dataset.code === code) return;
  element.dataset.code = code;
  element.dataset.digits = String(code.length);
  element.title = "Click to copy";
  const seen = make("span");
  seen.setAttribute("aria-hidden", "true");
  let from = 0;
  for (const size of GROUPS[code.length] ?? [code.length]) {
    seen.append(make("span", "group", code.slice(from, from + size)));
    from += size;
  }
  element.replaceChildren(seen, make("span", "unseen", [...code].join(" ")));
}

/** Show that the code is missing. */
export function showNoCode(element) {
  element.textContent = "–";
  element.removeAttribute("title");
  delete element.dataset.code;
}

async function toClipboard(text, what) {
  try {
    await navigator.clipboard.writeText(text);
    announce(`${what} is copied`);
    return true;
  } catch {
    announce("The browser does not allow copying here. Select the text instead");
    return false;
  }
}

/** Copy a text, and show the result on the button. */
export async function copy(text, button, what) {
  const words = (button.dataset.words ??= button.textContent);
  button.textContent = (await toClipboard(text, what)) ? "Copied ✓" : "Not copied ✕";
  clearTimeout(button.timer);
  button.timer = setTimeout(() => (button.textContent = words), 1600);
}

/** Copy any code on the page when the user clicks it, unless the user is selecting text. */
export function copyOnClick() {
  document.addEventListener("click", async ({ target }) => {
    const element = target.closest("[data-code]");
    if (!element || element.closest("[inert]") || !getSelection().isCollapsed) return;
    element.dataset.copied = (await toClipboard(element.dataset.code, "The code")) ? "Copied ✓" : "Not copied ✕";
    clearTimeout(element.timer);
    element.timer = setTimeout(() => delete element.dataset.copied, 1600);
  });
}

/** Turn a message of the server into a sentence. */
export const sentence = (message) => `${message[0].toUpperCase()}${message.slice(1)}.`;

/** Remove the messages beside fields. A message that will be shown again stays, so that it is announced once. */
export function unmark(root, except = null) {
  for (const place of root.querySelectorAll(".error"))
    if (place !== except && place.textContent) place.textContent = "";
  for (const control of root.querySelectorAll("[aria-invalid]")) control.removeAttribute("aria-invalid");
}

/** Return the place of a field's message: in the field, or in the elements around it. */
const placeOf = (field) =>
  field?.querySelector(".error") ?? field?.parentElement.closest("[data-field]")?.querySelector(":scope > .error");

/** Put a message beside a field, in addition to other messages; return whether this part has the field. */
export function put(root, name, message) {
  const field = root.querySelector(`[data-field="${name}"]`);
  const place = placeOf(field);
  if (!place || field.closest("[data-kind][hidden]")) return false;
  field.closest("details")?.setAttribute("open", "");
  const words = sentence(message);
  if (place.textContent !== words) place.textContent = words;
  for (const control of field.querySelectorAll("input, select, textarea"))
    if (control.closest("[data-field]") === field) control.setAttribute("aria-invalid", "true");
  return true;
}

/** Put a message beside the field at fault, and remove all other messages; return whether this part has the field. */
export function mark(root, name, message) {
  unmark(root, placeOf(root.querySelector(`[data-field="${name}"]`)));
  return put(root, name, message);
}

/** Call a function once nothing has changed for a moment. */
export function settled(action, milliseconds = 120) {
  let timer;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(action, milliseconds);
  };
}

/** Write a number with its noun. */
export const times = (count, word) => `${count} ${word}${Math.abs(count) === 1 ? "" : "s"}`;

/** Write a number of seconds in words. */
export function inWords(seconds) {
  const count = Math.max(0, Math.ceil(seconds));
  if (count < 120) return times(count, "second");
  if (count < 7200)
    return `${times(Math.floor(count / 60), "minute")}${count % 60 ? ` and ${times(count % 60, "second")}` : ""}`;
  if (count < 172800) return `about ${times(Math.round(count / 3600), "hour")}`;
  return `about ${times(Math.round(count / 86400), "day")}`;
}

/** Write a moment in UTC, to the second. */
export function utc(seconds) {
  const date = new Date(seconds * 1000);
  if (Number.isNaN(date.getTime())) return `Unix ${seconds}`;
  return date.toISOString().replace("T", " ").slice(0, -5);
}
