// A verdict in words: for who runs the server, and what the person at the keyboard is told.

import { make, times } from "./dom.js";

const VERDICTS = {
  accepted: ["✓", "Accepted"],
  replayed: ["↺", "Replayed"],
  incorrect: ["✕", "Incorrect"],
  malformed: ["✎", "Malformed"],
  throttled: ["◷", "Slowed down"],
};

/** What the verdict means, for who runs the server. */
function meaning(answer) {
  const { verdict, accepted, state } = answer;
  const factor = state.kind === "totp" ? "step" : "counter";
  switch (verdict) {
    case "accepted": {
      const failures = accepted.failures_before
        ? ` ${times(accepted.failures_before, "wrong code")} since the login before: tell the owner.`
        : "";
      return `It is the code of ${factor} ${accepted.moving_factor}, which is spent now.${failures}`;
    }
    case "replayed":
      return "It was right, and is spent. It is not counted as a guess.";
    case "incorrect":
      return `It matches nothing in sight: ${times(state.failures, "wrong code")} in a row.`;
    case "malformed":
      return "It is no code: another length, or not digits. It is not counted as a guess.";
    default:
      return "Too many were wrong. It was not even looked at, right or wrong.";
  }
}

/** Show a verdict; give its name. */
export function showVerdict(box, answer) {
  const [sign, name] = VERDICTS[answer.verdict];
  const icon = make("span", "sign", sign);
  icon.setAttribute("aria-hidden", "true");
  box.className = `verdict ${answer.verdict}`;
  box.replaceChildren(make("p", "strong", icon, " ", name), make("p", "", meaning(answer)));
  if (answer.verdict === "throttled") {
    const next = make("p", "", "The next one is judged ", make("span", "left"), ".");
    next.setAttribute("aria-live", "off"); // it runs down; the verdict is said once
    box.append(next);
  }
  if (answer.message) box.append(make("p", "hint", `The person sees: “${answer.message}”`));
  return name;
}
