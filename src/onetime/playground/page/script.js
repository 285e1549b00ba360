// The page: five parts with a tab each, of which four share the credential.

import { CodePanel } from "./code.js";
import { foldAfterUse, watch } from "./credential.js";
import { copyOnClick, find } from "./dom.js";
import { LoginPanel } from "./login.js";
import { MatchPanel } from "./match.js";
import { StepsPanel } from "./steps.js";
import { TablePanel } from "./table.js";

const panels = {
  code: new CodePanel(),
  steps: new StepsPanel(),
  table: new TablePanel(),
  match: new MatchPanel(),
  login: new LoginPanel(),
};
const names = Object.keys(panels);
let current = null;

/** Show a part. The address has only the part's name and the token. */
function show(name) {
  if (location.hash.slice(1) !== name) history.replaceState(null, "", `#${name}`);
  if (name === current) return;
  foldAfterUse();
  if (current) panels[current].leave();
  current = name;
  for (const other of names) {
    const tab = find(`tab-${other}`);
    tab.setAttribute("aria-selected", String(other === name));
    tab.tabIndex = other === name ? 0 : -1;
    find(`panel-${other}`).hidden = other !== name;
  }
  find("credential").hidden = name === "match"; // it has a secret of its own
  document.body.dataset.part = name;
  document.title = `${find(`tab-${name}`).textContent} – onetime playground`;
  panels[name].update();
}

const named = () => (names.includes(location.hash.slice(1)) ? location.hash.slice(1) : "code");

for (const name of names) find(`tab-${name}`).addEventListener("click", () => show(name));
document.querySelector("[role=tablist]").addEventListener("keydown", (event) => {
  const at = names.indexOf(current);
  const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: names.length - 1 }[event.key];
  if (to === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
  event.preventDefault();
  const name = names.at(to % names.length);
  show(name);
  find(`tab-${name}`).focus();
});
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault(); // the fragment of the address names a part
  find("result").focus();
});
addEventListener("hashchange", () => show(named()));
// A page that was asleep checks the clock again.
document.addEventListener("visibilitychange", () => document.hidden || panels[current].update());

copyOnClick();
watch(() => panels[current].update());
show(named());
