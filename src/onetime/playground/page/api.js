// The server's JSON interface. Every value on the page comes from here; the page computes none itself.

// Other users of this machine reach the server, too. The token in the address keeps them out.
const TOKEN = new URLSearchParams(location.search).get("token") ?? "";

/** What the server refuses: the field that is at fault (null: the request as a whole), and why. */
export class Refusal extends Error {
  constructor(field, message) {
    super(message);
    this.field = field;
  }
}

/** JSON as JSON.stringify writes it, and a BigInt with all its digits. */
function write(value) {
  if (typeof value === "bigint") return String(value);
  if (Array.isArray(value)) return `[${value.map(write).join()}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const parts = Object.entries(value).map(([name, part]) => `${JSON.stringify(name)}:${write(part)}`);
  return `{${parts.join()}}`;
}

/** Ask the server; give its answer or throw a Refusal. */
export async function ask(path, body, signal) {
  let response;
  let answer;
  try {
    response = await fetch(`/api/${path}`, {
      method: "POST",
      headers: { "Content-Type": "application/json", Authorization: `Bearer ${TOKEN}` },
      body: write(body),
      signal,
    });
    answer = await response.json();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refusal(null, "The playground does not answer. Start it again, and open the address it prints");
  }
  if (answer.error) throw new Refusal(answer.error.field, answer.error.message);
  return answer;
}

/** Questions of which only the newest counts: an answer or a refusal that comes late is dropped. */
export class Line {
  #newest = null;

  /** Ask; give undefined if something newer was asked in the meantime. */
  async ask(path, body) {
    this.drop();
    const mine = (this.#newest = new AbortController());
    try {
      const answer = await ask(path, body, mine.signal);
      return mine === this.#newest ? answer : undefined;
    } catch (error) {
      if (mine === this.#newest) throw error;
      return undefined;
    }
  }

  /** Take no interest any more in what was asked. */
  drop() {
    this.#newest?.abort();
    this.#newest = null;
  }
}

/** What was typed as a whole number: exact if it is one, else as it stands, for the server to refuse. */
export function whole(text) {
  const trimmed = text.trim();
  return /^-?[0-9]{1,20}$/.test(trimmed) ? BigInt(trimmed) : trimmed;
}

/** What was typed as a number of seconds, a fraction allowed; else as it stands, for the server to refuse. */
export function seconds(text) {
  const trimmed = text.trim();
  return /^-?[0-9]{1,20}\.[0-9]+$/.test(trimmed) ? Number(trimmed) : whole(trimmed);
}
