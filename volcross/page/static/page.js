// The live page: one history at the start, then a stream of what is new.
"use strict";

const MOST_POINTS = 6000; // past it the history is fetched again, thinned out
let shown = null; // the comparison on show: {pair, comparison}
let rows = { at: [], left: [], right: [] }; // at in seconds, as uPlot counts
let alerts = [];
let spreads = [];
let state = {}; // as the server tells it, key by key
let loading = 0;
let recent = null; // pieces that come while a history is on its way belong after it

const isShown = (line) => shown && line.pair === shown.pair && line.comparison === shown.comparison;
const chosenRange = () => document.querySelector("input[name=range]:checked");

function showClock({ now_ms, replayed, ready, reason }) {
  const market = new Date(now_ms).toISOString().slice(0, 19).replace("T", " ");
  $("clock").textContent = `${market} UTC${replayed ? " (replay)" : ""}`;
  tellLink(ready ? "good" : "silent", ready ? "live" : reason);
}

// Numbers that nobody renews are shown as what they are.
function tellLink(light, word) {
  $("link").textContent = word;
  $("link").dataset.light = light;
  $("numbers").classList.toggle("old", light !== "good");
}

// Before the first spread there is nothing to draw: say what it waits for instead.
function showNothing({ missing }) {
  const nothing = !spreads.some((line) => line.spread !== null);
  $("nothing").hidden = !nothing;
  for (const part of ["controls", "numbers", "charts"]) $(part).hidden = nothing;
  const first = missing[0];
  $("nothing").textContent = first
    ? `No spread yet. ${first.pair} ${first.comparison} waits for a volatility of each leg (${first.reason}).`
    : "No spread yet: no record of one was found.";
}

function listPairs() {
  const picker = $("pair");
  const wanted = spreads.map(key);
  const listed = [...picker.options].map((option) => option.value);
  if (wanted.join("|") === listed.join("|")) return;
  picker.replaceChildren(...wanted.map((text) => element("option", text, { value: text })));
  if (!shown) {
    const first = spreads.find((line) => line.comparison === "implied") ?? spreads[0];
    if (first) choose(first.pair, first.comparison);
  } else picker.value = key(shown);
}

// ---- loading --------------------------------------------------------------

async function choose(pair, comparison) {
  shown = { pair, comparison };
  $("pair").value = key(shown);
  await load();
}

async function load() {
  if (!shown) return;
  const turn = ++loading; // a later choice wins, whichever answer comes first
  recent = [];
  try {
    const range = chosenRange().value;
    const query = new URLSearchParams({ ...shown, ...(range && { last: range }) });
    const answer = await fetch("/api/v1/history?" + query);
    const told = answer.ok && await answer.json();
    if (!told || turn !== loading) return;
    rows = { at: told.at_ms.map((ms) => ms / 1000), left: told.left, right: told.right };
    recent.filter(isShown).forEach(append);
  } finally {
    if (turn === loading) recent = null;
  }
  build();
  showNumbers();
  showComparisons();
  showReadings();
  showStructure();
}

function append(piece) {
  const last = rows.at.length ? rows.at[rows.at.length - 1] : 0;
  piece.at_ms.forEach((ms, row) => {
    if (ms / 1000 <= last) return;
    rows.at.push(ms / 1000);
    rows.left.push(piece.left[row]);
    rows.right.push(piece.right[row]);
  });
  trim();
}

// A page left open goes on showing six hours, not six and all that came since.
function trim() {
  const first = rows.at.at(-1) - chosenRange().dataset.seconds;
  const gone = rows.at.findIndex((at) => at >= first);
  if (gone > 0) for (const column of Object.values(rows)) column.splice(0, gone);
}

// A message holds what has changed; all else stands.
function take({ rows: fresh, alerts: told, ...changed }) {
  state = { ...state, ...changed };
  if (!state.spreads) return;
  if (told.length) {
    alerts = alerts.concat(told).slice(-ALERTS_KEPT);
    showAlerts();
    announce(told.at(-1));
  }
  showClock(state);
  renewSessions();
  if (changed.feeds || changed.connections) showFeeds(state);
  if (changed.silences) showSilences(state);
  if (changed.missing) showMissing(state);
  if (changed.spreads) {
    spreads = state.spreads;
    listPairs();
    showNothing(state);
  }
  if (changed.spreads || changed.feeds || told.length) {
    showNumbers();
    showComparisons();
  }
  if (changed.readings) showReadings();
  if (changed.term_structures) showStructure();
  recent?.push(...fresh);
  fresh.filter(isShown).forEach(append);
  // Once at a time: a history that is slow to come would never be let arrive.
  if (rows.at.length > MOST_POINTS && recent === null) load();
  else if (told.length || fresh.some(isShown)) draw();
}

async function begin() {
  const told = await (await fetch("/api/v1/alerts")).json();
  alerts = told.reverse();
  showAlerts();
  showNumbers();
  loadSessions().catch(() => {}); // calendars take a while; nothing waits for them
  await loadAnnouncements();
  await load();
}

function follow() {
  const stream = new EventSource("/api/v1/events");
  // Also after every reconnection: what was missed is in the history.
  stream.onopen = () => begin().catch(() => {});
  stream.onmessage = (event) => take(JSON.parse(event.data));
  stream.onerror = () => {
    tellLink("late", "reconnecting");
    // The browser gives up on an answer that is no stream; we do not.
    if (stream.readyState === EventSource.CLOSED) setTimeout(follow, 1000);
  };
}

$("pair").addEventListener("change", (event) => {
  const [pair, comparison] = event.target.value.split(" ");
  choose(pair, comparison);
});
document.querySelectorAll("input[name=range]").forEach((input) => input.addEventListener("change", load));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  if (charts) build();
  showStructure();
});
new ResizeObserver(() => {
  if (!charts) return;
  for (const which of ["lines", "spread"]) {
    charts[which].setSize({ width: $(which).clientWidth, height: $(which).clientHeight });
  }
  showStructure();
}).observe($("lines"));
follow();
