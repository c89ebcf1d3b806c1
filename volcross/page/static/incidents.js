// What was announced, an incident at a time: its last word first, its thread beneath.
"use strict";

const INCIDENTS_SHOWN = 8;
const ALERTS_KEPT = 500; // of a page left open for months
const WORDS = { updated: "still firing", known: "known again" };
const word = (state) => WORDS[state] ?? state;
let threads = []; // the incidents, the latest first

// Transitions of one incident belong together, and so does an unknown within it.
function incidents() {
  const found = new Map();
  for (const alert of alerts) {
    const incident = `${alert.rule} ${alert.began ?? alert.id}`;
    if (!found.has(incident)) found.set(incident, []);
    found.get(incident).push(alert);
  }
  return [...found.values()].sort((a, b) => a.at(-1).event_time < b.at(-1).event_time ? 1 : -1);
}

// How the rules on a comparison stand: one that fires goes before one that cannot say.
function standing({ pair, comparison }) {
  const last = threads
    .filter(([first]) => first.pair === pair && first.comparison === comparison)
    .map((thread) => thread.at(-1));
  const fires = ({ state: told, began }) => ["firing", "updated"].includes(told) || (told === "known" && began !== null);
  const firing = last.find(fires);
  if (firing) return { state: "firing", word: `firing since ${when(firing.began ?? firing.since)}: ${firing.rule}` };
  const unknown = last.find(({ state: told }) => told === "unknown");
  return unknown && { state: "unknown", word: `unknown: ${unknown.rule}, ${unknown.reason}` };
}

// The stretches in which a rule on the comparison on show was firing, in seconds.
function firing() {
  const stretches = [];
  for (const thread of threads) {
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
  threads = incidents();
  const items = threads.slice(0, INCIDENTS_SHOWN).map((thread) => {
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
  const more = threads.length - items.length;
  if (more) items.push(element("li", `and ${more} more: volcross alerts list`, { class: "quiet" }));
  if (!items.length) items.push(element("li", "none yet", { class: "quiet" }));
  $("alerts").replaceChildren(...items);
}

// For who hears the page: what is new, and not the list again.
function announce(alert) {
  $("announced").textContent = `${word(alert.state)}: ${alert.rule}, ${alert.state === "unknown" ? alert.reason : legs(alert)}`;
}

function showSilences({ silences }) {
  $("silences").hidden = !silences.length;
  $("silences").replaceChildren(...silences.map(({ rule, until, author, comment }) =>
    element("li", `Silenced: ${rule} until ${when(until)} by ${author}: ${comment}`)));
}
