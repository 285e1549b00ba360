// Why doesn't it match? A search for the way in which unexpected codes were computed.

import { ask } from "./api.js";
import { announce, find, HASHES, make, put, sentence, unmark } from "./dom.js";
import { Given } from "./given.js";
import { Panel } from "./panel.js";
import { Pasted, title } from "./pasted.js";

const EVERY = 200; // milliseconds between two requests for the progress of a search
const MAX_CODES = 10;

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

export class MatchPanel extends Panel {
  #given = [];
  #job = null;

  constructor() {
    super("match");
    this.#add();
    const secret = find("match-secret");
    find("match-add").addEventListener("click", () => {
      this.#add();
      this.#given.at(-1).code.focus();
    });
    find("match-example").addEventListener("click", () => this.#example());
    find("match-cancel").addEventListener("click", () => this.#cancel("The search was canceled."));
    // The result does not apply to the new input.
    find("match-form").addEventListener("input", () => {
      find("match-result").replaceChildren();
      if (this.#job) announce("The search was canceled");
      this.#cancel("");
    });
    find("match-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#search();
    });
    const pasted = new Pasted(secret, find("match-accounts"), {
      chosen(account) {
        secret.value = account.link ?? account.credential.secret;
        find("match-hint").textContent = `${title(account)}. The settings of the link are tried first.`;
        unmark(find("match-form"));
      },
      refused: () => {}, // the search reads links that are broken, too
    });
    secret.addEventListener("input", () => {
      pasted.join();
      find("match-hint").textContent = "";
    });
    secret.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      this.#search();
    });
  }

  update() {}

  #add() {
    const given = new Given(() => {
      this.#given.splice(this.#given.indexOf(given), 1);
      given.element.remove();
      find("match-result").replaceChildren();
      this.#count();
      find("match-add").focus();
    });
    this.#given.push(given);
    find("match-codes").append(given.element);
    this.#count();
  }

  #count() {
    this.#given.forEach((given, index) => given.number(index + 1));
    find("match-codes").classList.toggle("alone", this.#given.length === 1);
    find("match-add").disabled = this.#given.length === MAX_CODES;
  }

  /** An example: a program reads a base32 secret as plain text, uses SHA-256, and its clock is 92 seconds slow. */
  #example() {
    while (this.#given.length > 1) this.#given.pop().element.remove();
    while (this.#given.length < 2) this.#add();
    find("match-secret").value = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
    find("match-hint").textContent = "";
    this.#given[0].set("950404", 1111111109);
    this.#given[1].set("001699", 1234567890);
    this.#search();
  }

  /** Mark every empty field that must be filled; return whether all are filled. */
  #complete() {
    this.clear();
    if (!find("match-secret").value.trim()) put(this.root, "secret", "a secret or a link is needed");
    this.#given.forEach((given, index) => {
      if (!given.code.value.trim()) put(this.root, `codes.${index + 1}.code`, "a code is needed");
    });
    const first = this.root.querySelector("[aria-invalid]");
    first?.focus();
    return !first;
  }

  async #search() {
    await this.#cancel("");
    find("match-result").replaceChildren();
    if (!this.#complete()) return;
    const mine = (this.#job = {});
    const codes = this.#given.map((given) => given.value());
    try {
      const { job } = await ask("diagnose", { secret: find("match-secret").value, codes });
      mine.name = job;
      if (mine !== this.#job) await ask("diagnose/cancel", { job }); // it was canceled before it had a name
      while (mine === this.#job) {
        const answer = await ask("diagnose/result", { job });
        if (mine !== this.#job) break;
        if (answer.findings) {
          this.#end();
          this.#show(answer, codes.length);
          return;
        }
        this.#progress(answer.progress);
        await pause(EVERY);
      }
    } catch (error) {
      if (mine !== this.#job) return;
      this.#end();
      this.refused(error);
    }
  }

  #progress(part) {
    find("match-searching").hidden = false;
    find("match-progress").value = part;
    find("match-percent").textContent = `${Math.floor(part * 100)} %`;
    const quarter = Math.floor(part * 4);
    if (quarter !== this.#job.quarter) announce(`Searched ${quarter * 25} percent`);
    this.#job.quarter = quarter;
  }

  #end() {
    this.#job = null;
    find("match-searching").hidden = true;
    find("match-progress").value = 0;
    find("match-percent").textContent = "0 %";
  }

  async #cancel(words) {
    const job = this.#job;
    if (!job) return;
    const focused = document.activeElement === find("match-cancel");
    this.#end();
    if (focused) find("match-search").focus();
    if (words) find("match-result").replaceChildren(make("p", "card", words));
    if (job.name) await ask("diagnose/cancel", { job: job.name }).catch(() => {});
  }

  #show({ findings, found, tried, not_tried, needs_second_code }, count) {
    const card = make("div", "card");
    if (findings.length) {
      card.append(make("h3", "", findings.length === 1 ? "This fits" : "These fit, best first"));
      card.append(make("ol", "findings", ...findings.map((finding) => this.#finding(finding))));
    } else card.append(make("h3", "", `Nothing fits ${count === 1 ? "this code" : "these codes"}`));
    const other = findings.length ? "" : " The device probably has another secret. Compare the secrets, or enroll the device again.";
    const more = needs_second_code ? " A second code, from another time or counter, would give a surer result." : "";
    card.append(make("p", "hint", `${tried.toLocaleString("en")} codes were computed and compared.${other}${more}`));
    if (!found && not_tried.length) {
      const list = make("ul", "wrong", ...not_tried.map((words) => make("li", "hint", sentence(words))));
      card.append(make("p", "hint", "Not tried:"), list);
    }
    find("match-result").replaceChildren(card);
  }

  #finding({ kind, reading, algorithm, digits, period, moving_factors, mistakes, advice, likelihood, convincing }) {
    const every = period === null ? "" : `, every ${period} s`;
    const head = `${HASHES[algorithm]}, ${digits} digits${every}, the secret read as ${reading}`;
    const many = moving_factors.length === 1 ? "" : "s";
    const name = kind === "totp" ? "step" : "counter";
    const origin = `Code${many} of ${name}${many} ${moving_factors.join(", ")}.`;
    const odds = `${convincing ? "Unlikely to be chance" : "⚠ This may be chance"} (${likelihood}).`;
    const wrong = make("ul", "wrong", ...mistakes.map((words) => make("li", "", sentence(words))));
    return make(
      "li",
      "",
      make("p", "strong", head),
      ...(mistakes.length ? [wrong] : []),
      make("p", "advice", advice),
      make("p", "hint", `${origin} ${odds}`),
    );
  }
}
