// Mouse, keyboard, switches and the address; then the first view.
const search = document.getElementById("search");
const faceOf = (element) => faces[element?.closest("[data-face]")?.dataset.face];

document.addEventListener("click", (event) => {
  const face = faceOf(event.target);
  if (face) openFace(face);
  if (event.target.closest("a[href^='#/']")) {
    clicked = true;
    if (dialog.open) dialog.close();
  }
  if (event.target.matches("dialog")) event.target.close(); // beside the dialog
});

// The nearest element in a direction, as the page is laid out now.
function findNeighbour(from, key) {
  const middle = (element) => {
    const box = element.getBoundingClientRect();
    return [box.left + box.width / 2, box.top + box.height / 2];
  };
  const all = [...view.querySelectorAll(".face, .card")],
    place = all.indexOf(from);
  if (place < 0) return all[0];
  if (key === "ArrowLeft") return all[place - 1];
  if (key === "ArrowRight") return all[place + 1];
  const [x, y] = middle(from),
    down = key === "ArrowDown" ? 1 : -1;
  const reached = all
    .map((element) => [element, ...middle(element)])
    .filter((one) => down * (one[2] - y) > 8);
  const distance = (one) => 3 * Math.abs(one[2] - y) + Math.abs(one[1] - x);
  return reached.sort((a, b) => distance(a) - distance(b))[0]?.[0];
}

function step(key) {
  const next = findNeighbour(document.activeElement.closest?.(".face, .card"), key);
  next?.focus();
  next?.scrollIntoView({block: "nearest"});
}

const KEYS = {
  n: (face) => (face ? openFace(face, true) : document.querySelector("#group-form input")?.focus()),
  y: (face) => {
    if (face && guess(face)) sayYes(face, guess(face));
  },
  x: (face) => {
    if (face && refusable(face)) sayNot(face, refusable(face));
  },
  i: (face) => {
    if (face) ignore(face);
  },
  u: () => undoLast(),
  "/": () => search.select(),
};

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]"))
    return;
  if (event.key === "Escape") return leave();
  if (event.target.matches("input, textarea, select")) return;
  const act = KEYS[event.key];
  if (act) act(faceOf(document.activeElement));
  else if (event.key.startsWith("Arrow")) step(event.key);
  else return;
  event.preventDefault();
});

// Esc ends a search, or goes one level up.
function leave() {
  const name = location.hash.split("/")[1];
  const up = {
    search: "people",
    person: "people",
    group: "people",
    ignored: "people",
    photo: "photos",
  }[name];
  search.value = "";
  search.blur();
  if (up) location.hash = `#/${up}`;
}

search.addEventListener("input", () => {
  const query = search.value.trim(),
    searching = location.hash.startsWith("#/search/");
  const hash = query ? `#/search/${encode(query)}` : "#/people";
  if (searching) history.replaceState(null, "", hash);
  else history.pushState(null, "", hash);
  render();
});

// A switch stays as it is until the tab is closed, over every view and reload.
function addSwitch(id) {
  const element = document.getElementById(id);
  const set = (on) => {
    document.documentElement.classList.toggle(id, on);
    element.setAttribute("aria-pressed", String(on));
    try {
      sessionStorage.setItem(id, on ? "on" : "");
    } catch {
      /* it lasts until a reload */
    }
  };
  let stored = "";
  try {
    stored = sessionStorage.getItem(id);
  } catch {
    /* a browser may refuse */
  }
  set(stored === "on");
  element.addEventListener("click", () => set(element.getAttribute("aria-pressed") !== "true"));
}

addSwitch("hide-faces");
addSwitch("hide-names");
document.getElementById("undo").addEventListener("click", undoLast);
document.getElementById("save").addEventListener("click", saveCorrections);
document
  .getElementById("saved-close")
  .addEventListener("click", () => document.getElementById("saved-dialog").close());
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  view.focus();
});
addEventListener(
  "scroll",
  () => {
    remembered.y = scrollY;
  },
  {passive: true}
);
addEventListener("beforeunload", (event) => {
  if (countUnsaved()) event.preventDefault();
});
addEventListener("hashchange", () => {
  if (!location.hash.startsWith("#/search/")) search.value = "";
  render();
  view.querySelector("h1")?.focus({preventScroll: true});
});
addEventListener("storage", (event) => {
  if (follow(event)) render();
});
history.scrollRestoration = "manual";
restore();
render();
