// Links and exports that are pasted into the field of a secret. If there are several accounts, the user chooses one.

import { Line } from "./api.js";
import { announce, button, find, make, settled, times } from "./dom.js";

const LINK = /otpauth(-migration)?:/i;

/** Return the title of an account, as in apps. */
export const title = ({ issuer, name }) =>
  [issuer, name].filter(Boolean).join(": ") || "an account without a name";

/**
 * Watch the field of a secret for links. `chosen` is called with the account, `refused` with an error or with null
 * and a reason, and `offered` when the user has to choose an account.
 */
export class Pasted {
  #line = new Line();
  #field;
  #list;
  #handlers;

  constructor(field, list, handlers) {
    this.#field = field;
    this.#list = list;
    this.#handlers = handlers;
    const soon = settled(() => this.#look());
    field.addEventListener("input", () => {
      this.#line.drop();
      this.#clear();
      if (this.has()) soon();
    });
  }

  /** Whether the field has links instead of a secret. */
  has() {
    return LINK.test(this.#field.value);
  }

  /** Join the lines of a secret. Links stay on their lines, so that other text does not become part of a link. */
  join() {
    if (!this.has()) this.#field.value = this.#field.value.replace(/[\r\n]+/g, "");
  }

  #clear() {
    this.#list.hidden = true;
    this.#list.replaceChildren();
  }

  async #look() {
    if (!this.has()) return;
    try {
      const answer = await this.#line.ask("read", { text: this.#field.value });
      if (answer === undefined) return;
      this.#show(answer);
    } catch (error) {
      this.#handlers.refused(error);
    }
  }

  #show({ accounts, refused }) {
    if (accounts.length === 1 && !refused.length) this.#handlers.chosen(accounts[0]);
    else if (!accounts.length && refused.length === 1) this.#handlers.refused(null, refused[0].reason);
    else this.#offer(accounts, refused);
  }

  /** Offer the accounts that were read, and list the faulty ones. */
  #offer(accounts, refused) {
    const heading = make("p", "hint", `${times(accounts.length, "account")}. Choose one:`);
    const choices = accounts.map((account) => {
      const { kind, digits } = account.credential;
      const words = make(
        "span",
        "",
        make("span", "name", title(account)),
        " ",
        make("small", "", `${kind.toUpperCase()}, ${digits} digits`),
      );
      return make("li", "", button(words, "choose", () => this.#choose(account)));
    });
    const lost = refused.map((each) => {
      const name = each.name || each.issuer ? ` (${title(each)})` : "";
      return make("li", "lost", `Entry ${each.position}${name} cannot be read: ${each.reason}.`);
    });
    this.#list.replaceChildren(heading, make("ul", "accounts", ...choices, ...lost));
    this.#list.hidden = false;
    announce(`${times(accounts.length, "account")} to choose from`);
    this.#handlers.offered?.();
  }

  #choose(account) {
    this.#clear();
    this.#handlers.chosen(account);
  }
}
