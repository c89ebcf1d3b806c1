// What was announced, an incident at a time: its last word first, its thread beneath.
"use strict";

const INCIDENTS_SHOWN = 8;
const WORDS = { updated: "still firing", known: "known again" };
const word = (state) => WORDS[state] ?? state;

// Transitions of one incident belong together, and so does an unknown within it.
function incidents() {
  const threads = new Map();
  for (const alert of alerts) {
    const key = `${alert.rule} ${alert.began ?? alert.id}`;
    threads.set(key, [...(threads.get(key) ?? []), alert]);
  }
  return [...threads.values()].sort((a, b) => a.at(-1).event_time < b.at(-1).event_time ? 1 : -1);
}

// The stretches in which a rule on the comparison on show was firing, in seconds.
function firing() {
  const stretches = [];
  for (const thread of incidents()) {
    const [first] = thread.filter(({ state }) => state === "firing");
    if (!first || first.pair !== shown.pair || first.comparison !== shown.comparison) continue;
    const end = thread.find(({ state }) => state === "resolved");
    stretches.push([Date.parse(first.event_time) / 1000, end ? Date.parse(end.event_time) / 1000 : Infinity]);
  }
  return stretches;
}

// The spread is told with every alert; a rule that watches something else tells that too.
function legs({ left, right, spread, watch, value }) {
  const watched = watch === "spread" || value === null ? "" : `, ${watch} ${value.toFixed(2)}`;
  return `${left.symbol} ${percent(left.value)} against ${right.symbol} ${percent(right.value)} (${points(spread)}${watched})`;
}

const lasted = (begin, end) => age((Date.parse(end) - Date.parse(begin)) / 1000);

function about(thread) {
  const last = thread.at(-1);
  const since = last.began ?? last.since;
  const words = [`${last.rule}: ${last.reason}`];
  if (last.state === "resolved") words.push(`lasted ${lasted(since, last.event_time)}`);
  else if (last.state !== "unknown") words.push(`since ${when(since)}`);
  if (last.peak !== null && last.watch === "spread") words.push(`peak ${points(last.peak)} at ${when(last.peak_at)}`);
  return words.join(", ");
}

function showAlerts() {
  const items = incidents().slice(0, INCIDENTS_SHOWN).map((thread) => {
    const last = thread.at(-1);
    const item = element("li", "");
    item.append(
      element("strong", word(last.state), { "data-state": last.state }),
      ` ${when(last.event_time)} – ${legs(last)}`,
      element("p", about(thread), { class: "quiet" }),
    );
    if (thread.length > 1) {
      const before = element("ol", "", { class: "thread quiet" });
      before.append(...thread.slice(0, -1).reverse().map((told) => element(
        "li",
        `${word(told.state)} ${when(told.event_time)} – ${told.state === "unknown" ? told.reason : legs(told)}`,
      )));
      item.append(before);
    }
    return item;
  });
  $("alerts").replaceChildren(...(items.length ? items : [element("li", "none yet", { class: "quiet" })]));
}
