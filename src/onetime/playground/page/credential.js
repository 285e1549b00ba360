// The credential, which Code, Steps, Table and Login share: its fields and their messages.

import { ask, seconds, whole } from "./api.js";
import { announce, find, mark, settled, times, unmark } from "./dom.js";
import { fillIn, keepTogether, thisMoment } from "./moment.js";
import { Pasted, title } from "./pasted.js";

const root = find("credential");
const EXAMPLE = find("secret").value;
const NARROW = matchMedia("(max-width: 47.99rem)");

let origin = ""; // where the secret is from
let used = false; // whether the user has changed anything

const chosen = (name) => root.querySelector(`input[name="${name}"]:checked`).value;

export const kind = () => chosen("kind");
export const isNow = () => kind() === "hotp" || chosen("when") === "now";

/** Return the credential in the form that the server reads. */
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

/** Return the time in the form that the server reads: null for now. */
export const time = () => (isNow() ? null : seconds(find("time").value));

/** Return a text that identifies the credential, whatever the time. */
export const identity = () =>
  JSON.stringify(credential(), (_, value) => (typeof value === "bigint" ? String(value) : value));

/** Show the size and the origin of the secret, and a warning if it is short. */
export function describe(answer) {
  const example = find("secret").value === EXAMPLE && find("form").value === "base32";
  const size = times(answer.bytes, "byte");
  const from = example ? "from the examples of the RFCs" : origin;
  find("secret-hint").textContent = answer.weak
    ? `⚠ ${size}: RFC 4226 requires at least ${answer.least}`
    : [size, from].filter(Boolean).join(", ");
  find("secret-hint").classList.toggle("warning", answer.weak);
}

/** Show a refusal beside its field; return whether the form has this field. */
export function fault(refusal) {
  if (refusal.field === "secret") find("secret-hint").textContent = "";
  const placed = mark(root, refusal.field, refusal.message);
  if (placed) unfold();
  return placed;
}

export const faultless = () => unmark(root);

/** Summarize the settings in one line, for the folded form and for print. */
function summarize() {
  const word = (id) => find(id).selectedOptions[0].text;
  const totp = kind() === "totp";
  const words = [word("algorithm"), `${word("digits")} digits`, ...(totp ? [`${find("period").value} s`] : [])];
  find("settings-summary").textContent = words.join(", ");
  const name = title({ issuer: find("issuer").value.trim(), name: find("name").value.trim() });
  const when = totp ? "TOTP" : `HOTP, counter ${find("counter").value}`;
  find("credential-summary").textContent = [name, when, ...words].join(" · ");
}

function showKind() {
  for (const part of root.querySelectorAll("[data-kind]")) part.hidden = part.dataset.kind !== kind();
  find("moment").hidden = isNow();
}

function unfold() {
  root.classList.remove("folded");
  find("fold").setAttribute("aria-expanded", "true");
  find("fold").textContent = "Hide";
}

/** Fold the form away on a phone, so that the result can be seen. */
function fold() {
  root.classList.add("folded");
  find("fold").setAttribute("aria-expanded", "false");
  find("fold").textContent = "Change";
}

/** Fold the form away after its first use, unless it has an error or there are accounts to choose from. */
export function foldAfterUse() {
  if (used && NARROW.matches && !root.querySelector("[aria-invalid]") && find("accounts").hidden) fold();
}

/** Fill the fields with an account from a link. */
function fill(account) {
  const { secret, form, kind: sort, algorithm, digits, period, t0, counter } = account.credential;
  Object.entries({ secret, form, algorithm, digits, period: period ?? "30", t0: t0 ?? "0", counter }).forEach(
    ([id, value]) => (find(id).value = value),
  );
  root.querySelector(`input[name="kind"][value="${sort}"]`).checked = true;
  find("issuer").value = account.issuer;
  find("name").value = account.name;
  const lost = account.left_out.length ? ` The page leaves out ${account.left_out.join(", ")}.` : "";
  origin = "from a link";
  announce(`${title(account)} is filled in from a link.${lost}`);
}

/** Call `changed` when the credential or the time has changed. */
export function watch(changed) {
  const now = () => {
    showKind();
    summarize();
    changed();
  };
  const soon = settled(() => pasted.has() || now());
  keepTogether(find("date"), find("time"), soon);

  const pasted = new Pasted(find("secret"), find("accounts"), {
    chosen(account) {
      fill(account);
      const inside = root.contains(document.activeElement);
      now();
      if (!NARROW.matches) return;
      fold();
      if (inside) find("fold").focus();
    },
    refused(error, reason) {
      if (error && error.field === undefined) throw error;
      find("secret-hint").textContent = "";
      mark(root, "secret", reason ?? error.message);
    },
    offered() {
      faultless();
      find("secret-hint").textContent = "";
    },
  });

  root.addEventListener("input", (event) => {
    used = true;
    if (event.target.id === "secret") {
      pasted.join();
      origin = "";
    }
    summarize();
    if (event.target.matches("textarea, input:not([type=radio], #date, #time)")) soon();
  });
  root.addEventListener("change", (event) => {
    if (event.target.name === "when" && event.target.value === "moment" && !find("time").value) {
      fillIn(find("date"), find("time"), thisMoment());
    }
    if (event.target.matches("select, input[type=radio]")) now();
  });
  for (const id of ["issuer", "name"]) find(id).addEventListener("input", summarize);
  root.querySelector("form").addEventListener("submit", (event) => {
    event.preventDefault();
    used = true;
    foldAfterUse();
    if (root.classList.contains("folded")) find("result").focus();
  });
  find("fold").addEventListener("click", () => (root.classList.contains("folded") ? unfold() : fold()));
  find("secret").addEventListener("keydown", (event) => event.key === "Enter" && event.preventDefault());

  for (const [id, by] of [
    ["counter-down", -1n],
    ["counter-up", 1n],
  ]) {
    find(id).addEventListener("click", () => {
      const counter = whole(find("counter").value);
      const next = typeof counter === "bigint" ? counter + by : 0n;
      if (next < 0n) return; // the server refuses a counter that is too high
      find("counter").value = String(next);
      announce(`Counter ${next}`);
      now();
    });
  }

  find("make-secret").addEventListener("click", async () => {
    used = true;
    // Random bytes are not text, so they are written in the form that apps read.
    if (find("form").value === "text") find("form").value = "base32";
    try {
      const answer = await ask("secret", { algorithm: find("algorithm").value, form: find("form").value });
      find("secret").value = answer.secret;
      origin = "new";
      announce("A new secret was generated");
      now();
    } catch (refusal) {
      fault(refusal) || mark(root, "secret", refusal.message);
    }
  });

  if (matchMedia("(min-width: 60rem)").matches) find("settings").open = true;
  showKind();
  summarize();
}
