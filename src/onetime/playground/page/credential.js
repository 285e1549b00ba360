// The credential, which Code, Steps, Table and Login share: its fields, and what they say.

import { ask, seconds, whole } from "./api.js";
import { announce, find, mark, settled, times, unmark } from "./dom.js";
import { fillIn, keepTogether, thisMoment } from "./moment.js";

const root = find("credential");
const EXAMPLE = find("secret").value;

const chosen = (name) => root.querySelector(`input[name="${name}"]:checked`).value;

export const kind = () => chosen("kind");
export const isNow = () => kind() === "hotp" || chosen("when") === "now";

/** The credential as the server reads it. */
export function credential() {
  return {
    secret: find("secret").value,
    form: find("form").value,
    kind: kind(),
    algorithm: find("algorithm").value,
    digits: Number(find("digits").value),
    ...(kind() === "hotp"
      ? { counter: find("counter").value.trim() }
      : { period: whole(find("period").value), t0: whole(find("t0").value) }),
  };
}

/** The time as the server reads it: null for now. */
export const time = () => (isNow() ? null : seconds(find("time").value));

/** What tells two credentials apart, whatever the time. */
export const identity = () =>
  JSON.stringify(credential(), (_, value) => (typeof value === "bigint" ? String(value) : value));

/** Say how long the secret is, and that a short one is weak. */
export function describe(answer) {
  const example = find("secret").value === EXAMPLE && find("form").value === "base32";
  const size = times(answer.bytes, "byte");
  find("secret-hint").textContent = answer.weak
    ? `⚠ ${size}: RFC 4226 asks for ${answer.least} at least`
    : size + (example ? ", from the examples of the RFCs" : "");
  find("secret-hint").classList.toggle("warning", answer.weak);
}

/** Show a refusal beside its field; give whether it has one here. */
export function fault(refusal) {
  if (refusal.field === "secret") find("secret-hint").textContent = "";
  return mark(root, refusal.field, refusal.message);
}

export const faultless = () => unmark(root);

/** Name the settings in one line, for whoever keeps them folded. */
function summarize() {
  const word = (id) => find(id).selectedOptions[0].text;
  const totp = kind() === "totp";
  const words = [
    word("algorithm"),
    `${word("digits")} digits`,
    ...(totp ? [`${find("period").value} s`] : []),
  ];
  find("settings-summary").textContent = [...(totp ? [isNow() ? "now" : "a moment"] : []), ...words].join(
    ", ",
  );
}

function showKind() {
  for (const part of root.querySelectorAll("[data-kind]")) part.hidden = part.dataset.kind !== kind();
  find("moment").hidden = isNow();
}

/** Call `changed` whenever the credential or the time is another one. */
export function watch(changed) {
  const now = () => {
    showKind();
    summarize();
    changed();
  };
  const soon = settled(now);
  keepTogether(find("date"), find("time"), soon);

  root.addEventListener("input", (event) => {
    if (event.target.id === "secret") event.target.value = event.target.value.replace(/[\r\n]+/g, "");
    summarize();
    if (event.target.matches("textarea, input:not([type=radio], #date, #time)")) soon();
  });
  root.addEventListener("change", (event) => {
    if (event.target.name === "when" && event.target.value === "moment" && !find("time").value) {
      fillIn(find("date"), find("time"), thisMoment());
    }
    if (event.target.matches("select, input[type=radio]")) now();
  });
  root.querySelector("form").addEventListener("submit", (event) => event.preventDefault());
  find("secret").addEventListener("keydown", (event) => event.key === "Enter" && event.preventDefault());

  for (const [id, by] of [
    ["counter-down", -1n],
    ["counter-up", 1n],
  ]) {
    find(id).addEventListener("click", () => {
      const counter = whole(find("counter").value);
      const next = typeof counter === "bigint" ? counter + by : 0n;
      if (next < 0n) return; // the last one is the server's to know
      find("counter").value = String(next);
      announce(`Counter ${next}`);
      now();
    });
  }

  find("make-secret").addEventListener("click", async () => {
    // Random bytes are no text, so they are written in the form that apps know.
    if (find("form").value === "text") find("form").value = "base32";
    try {
      const answer = await ask("secret", { algorithm: find("algorithm").value, form: find("form").value });
      find("secret").value = answer.secret;
      announce("A new secret is made");
      now();
    } catch (refusal) {
      fault(refusal) || mark(root, "secret", refusal.message);
    }
  });

  if (matchMedia("(min-width: 60rem)").matches) find("settings").open = true;
  showKind();
  summarize();
}
