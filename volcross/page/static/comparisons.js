// Every comparison at a glance: what it stands at, which rule fires on it, what it lacks.
"use strict";

const key = ({ pair, comparison }) => `${pair} ${comparison}`;

function row(line) {
  const made = element("tr", "");
  const choice = element("button", key(line), { type: "button" });
  choice.addEventListener("click", () => choose(line.pair, line.comparison));
  const head = element("th", "", { scope: "row" });
  head.append(choice);
  made.append(head, ...["number", "number", "number", ""].map((kind) => element("td", "", { class: kind })));
  return made;
}

// Rows stay where they are, so that a keyboard's focus does.
function showComparisons() {
  const body = $("comparisons");
  const known = spreads.filter(({ spread }) => spread !== null);
  const keys = known.map(key).join("|");
  $("overview").hidden = known.length < 2;
  if (body.dataset.keys !== keys) {
    body.dataset.keys = keys;
    body.replaceChildren(...known.map(row));
  }
  known.forEach((line, place) => {
    const { cells } = body.rows[place];
    const stands = standing(line);
    cells[0].firstChild.setAttribute("aria-pressed", `${isShown(line)}`);
    cells[1].textContent = percent(line.left.value);
    cells[2].textContent = percent(line.right.value);
    cells[3].textContent = points(line.spread);
    cells[4].textContent = stands?.state ?? "";
    cells[4].dataset.state = stands?.state ?? "";
  });
}

function showMissing({ missing }) {
  $("missing").hidden = !missing.length;
  $("missing-list").replaceChildren(...missing.map(({ pair, comparison, reason }) => {
    const item = element("li", `${pair} ${comparison}`);
    item.append(element("p", reason, { class: "quiet" }));
    return item;
  }));
}
