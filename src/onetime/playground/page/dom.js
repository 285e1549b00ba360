// Small helpers for the elements of the page.

export const find = (id) => document.getElementById(id);

/** How people write the names of the hashes. */
export const HASHES = {
  SHA1: "SHA-1",
  SHA256: "SHA-256",
  SHA512: "SHA-512",
  SHA3_256: "SHA3-256",
  SHA3_512: "SHA3-512",
};

/** Make an element: its class, its text or children. */
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

/** Tell those who cannot see it. */
export function announce(text) {
  find("announcements").textContent = text;
}

const GROUPS = { 6: [3, 3], 7: [3, 4], 8: [4, 4], 9: [3, 3, 3], 10: [3, 3, 4] };

/** Show a code: in groups for the eye, digit by digit for the ear, and plain when it is copied. */
export function showCode(element, code) {
  if (element.dataset.code === code) return;
  element.dataset.code = code;
  const seen = make("span");
  seen.setAttribute("aria-hidden", "true");
  let from = 0;
  for (const size of GROUPS[code.length] ?? [code.length]) {
    seen.append(make("span", "group", code.slice(from, from + size)));
    from += size;
  }
  element.replaceChildren(seen, make("span", "unseen", [...code].join(" ")));
}

/** Copy a text, and say so on the button. */
export async function copy(text, button, what) {
  const words = (button.dataset.words ??= button.textContent);
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied ✓";
    announce(`${what} is copied`);
  } catch {
    button.textContent = "Not copied ✕";
    announce("The browser does not allow copying here. Select the text instead");
  }
  clearTimeout(button.timer);
  button.timer = setTimeout(() => (button.textContent = words), 1600);
}

/** Make a sentence of what the server says. */
export const sentence = (message) => `${message[0].toUpperCase()}${message.slice(1)}.`;

/** Put a message beside the field it belongs to; give whether there is such a field in this part. */
export function mark(root, name, message) {
  const field = root.querySelector(`[data-field="${name}"]`);
  const place = field?.querySelector(".error");
  if (!place || field.closest("[data-kind][hidden]")) return false;
  field.closest("details")?.setAttribute("open", "");
  place.textContent = sentence(message);
  for (const control of field.querySelectorAll("input, select, textarea"))
    control.setAttribute("aria-invalid", "true");
  return true;
}

/** Take all such messages away. */
export function unmark(root) {
  for (const place of root.querySelectorAll(".error")) if (place.textContent) place.textContent = "";
  for (const control of root.querySelectorAll("[aria-invalid]")) control.removeAttribute("aria-invalid");
}

/** Wait until nothing has changed for a moment, then do it once. */
export function settled(action, milliseconds = 120) {
  let timer;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(action, milliseconds);
  };
}

/** Count things in words. */
export const times = (count, word) => `${count} ${word}${Math.abs(count) === 1 ? "" : "s"}`;

/** Say a number of seconds in words. */
export function inWords(seconds) {
  const count = Math.max(0, Math.ceil(seconds));
  if (count < 120) return times(count, "second");
  if (count < 7200)
    return `${times(Math.floor(count / 60), "minute")}${count % 60 ? ` and ${times(count % 60, "second")}` : ""}`;
  if (count < 172800) return `about ${times(Math.round(count / 3600), "hour")}`;
  return `about ${times(Math.round(count / 86400), "day")}`;
}

/** Write a moment for people: UTC, to the second. */
export function utc(seconds) {
  const date = new Date(seconds * 1000);
  if (Number.isNaN(date.getTime())) return `Unix ${seconds}`;
  return date.toISOString().replace("T", " ").slice(0, -5);
}
