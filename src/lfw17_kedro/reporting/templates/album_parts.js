// The parts that views are made of. Text only ever enters as text.
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === false) continue;
    element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== ""));
  return element;
}

// Names and paths may be written from right to left, and can be hidden.
const bdi = (text) => make("bdi", {class: "private", dir: "auto"}, text);
const plural = (count, one, many = `${one}s`) =>
  `${count.toLocaleString("en")} ${count === 1 ? one : many}`;

function encode(text) {
  return encodeURIComponent(text.toWellFormed ? text.toWellFormed() : text);
}

function picture(url, className = "") {
  const image = make("img", {
    class: `picture ${className}`,
    loading: "lazy",
    decoding: "async",
    alt: "",
    draggable: "false",
  });
  image.addEventListener("error", () =>
    image.replaceWith(make("span", {class: `picture missing ${className}`, "aria-hidden": "true"}))
  );
  image.src = url;
  return image;
}

const facePicture = (face) => picture(`${DATA.pictures}/faces/${encode(face.id)}.jpg`);
const photoPicture = (photo) =>
  picture(`${DATA.pictures}/photos/${encode(photo.picture)}.jpg`, "whole");

function sayName(name) {
  if (name === UNKNOWN) return "Unknown";
  return name === IGNORED ? "Ignored" : bdi(name);
}

// The false accept rate for people who have never heard of it.
function sayRate(rate) {
  if (rate === null) return "";
  if (rate <= 0) return "no stranger this similar";
  if (rate < 0.1) return `1 in ${Math.round(1 / rate).toLocaleString("en")} strangers`;
  return `${Math.round(100 * rate)} in 100 strangers`;
}

const saySimilarity = (face) => (face.similarity === null ? "" : face.similarity.toFixed(2));

// Whether the face is as the model said, as the user said, or not saved yet.
function sayState(face) {
  const change = changes.get(face.id);
  if (change && change.kind === "forget") return "correction removed";
  if (change) return isSaved(face.id) ? "saved, not applied yet" : "not saved";
  return face.source === "correction" ? "corrected by you" : "";
}

function addBadge(face) {
  const text = sayState(face);
  return text ? make("span", {class: `badge ${changes.has(face.id) ? "new" : ""}`}, text) : null;
}

// Calls a function now and after each change, as long as the view is open.
function live(element, fill) {
  const update = () =>
    element.replaceChildren(
      ...[fill()].flat(Infinity).filter((child) => child !== null && child !== "")
    );
  updates.push(update);
  update();
  return element;
}

// A face to click on. `words` gives the lines below its name.
function faceTile(face, words = () => []) {
  const text = make("span", {class: "text"});
  const button = make(
    "button",
    {type: "button", class: "tile face", "data-face": face.index},
    facePicture(face),
    text
  );
  live(text, () => {
    const name = nameOf(face);
    button.classList.toggle("changed", changes.has(face.id));
    button.setAttribute(
      "aria-label",
      [
        `${isPerson(name) ? name : name === UNKNOWN ? "Unknown face" : "Ignored face"}`,
        `in ${photos[face.photo].path}`,
        sayState(face),
      ]
        .filter(Boolean)
        .join(", ")
    );
    return [
      make("span", {class: "name"}, sayName(name)),
      ...words(face).map((line) => make("small", {}, line)),
      addBadge(face),
    ];
  });
  return button;
}

function card(href, image, name, ...lines) {
  return make(
    "a",
    {class: "tile card", href},
    image,
    make(
      "span",
      {class: "text"},
      make("span", {class: "name"}, name),
      lines.filter((line) => line !== "").map((line) => make("small", {}, line))
    )
  );
}

// "a/b/c.jpg" -> ["a/b", "c.jpg"]
function splitPath(path) {
  const end = path.lastIndexOf("/");
  return [path.slice(0, Math.max(0, end)), path.slice(end + 1)];
}

function photoTile(photo) {
  const [folder, file] = splitPath(photo.path);
  return card(
    `#/photo/${photo.index}`,
    photoPicture(photo),
    bdi(file),
    folder && bdi(folder),
    plural(photo.faces.length, "face")
  );
}

// A grid that grows when its end comes into sight, or by a button; `box` takes its items
// where `whole`, which is shown, is no plain grid.
function grid(items, makeItem, {step = 200, grows = true, className = "", whole, box} = {}) {
  box ??= whole ??= make("div", {class: `grid ${className}`});
  const more = make("button", {type: "button", class: "quiet more"});
  let shown = 0;
  const grow = (count) => {
    box.append(...items.slice(shown, shown + count).map(makeItem));
    shown = Math.min(items.length, shown + count);
    more.hidden = shown >= items.length;
    more.textContent = `Show more (${(items.length - shown).toLocaleString("en")})`;
    remembered.shown = Math.max(remembered.shown, shown);
  };
  grow(Math.max(step, grows ? restored.shown : 0));
  more.addEventListener("click", () => grow(step));
  if (grows && !more.hidden) {
    new IntersectionObserver(
      (entries) => {
        if (entries.some((entry) => entry.isIntersecting) && !more.hidden) grow(step);
      },
      {rootMargin: "600px"}
    ).observe(more);
  }
  return [whole, more];
}

function section(title, note, ...children) {
  return make(
    "section",
    {},
    make("h2", {}, title),
    note ? make("p", {class: "muted"}, note) : null,
    children
  );
}

const notice = (...children) => make("div", {class: "note"}, children);
const code = (text) => make("code", {}, text);
