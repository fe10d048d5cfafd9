// The views, and which one the address asks for.
const TABS = [["people", "People"], ["photos", "Photos"], ["check", "Check"], ["left-out", "Left out"]];
const SCORES = "Similarity is 1 for two equal pictures and near 0 for two strangers. “1 in 250 strangers” says: of 250 strangers, one would look this much like somebody enrolled.";
const COMMAND = document.querySelector("#saved-dialog li:last-child code").textContent;
const view = document.getElementById("view");
const places = new Map();  // address -> {y, shown}: Back leads to the same place
let remembered = {y: 0, shown: 0}, restored = remembered, clicked = false;

const heading = (...children) => make("h1", {tabindex: "-1"}, children);

function showPeople() {
  const [everyone, groups, singles, ignored] = [listPeople(), listGroups(), listSingles(), listIgnored()];
  if (!photos.length && !people.length) return [heading("People"), emptyPhotos()];
  return [
    heading("People"),
    everyone.length ? null : notice(make("strong", {}, "Nobody is enrolled yet. "),
      "Name a group of faces below and use it for enrolment, or make a folder of photos for each person, ",
      code("data/01_raw/people/<name>"), ", and run ", code(COMMAND), "."),
    everyone.length ? grid(everyone, personCard, {className: "round"}) : null,
    faces.length ? null : photos.length ? notice(`No face was found in ${plural(photos.length, "photo")}.`) : emptyPhotos(),
    groups.length ? section("Who is this?", "Each group seems to be one person. Open it and give it a name.",
      grid(groups, groupCard, {className: "round"})) : null,
    singles.length ? section("Seen once", "Faces that are nobody you named, and like no other face.",
      grid(singles, (face) => faceTile(face, fileLine), {className: "small"})) : null,
    ignored.length ? make("p", {class: "muted"}, make("a", {href: "#/ignored"}, `Show ${plural(ignored.length, "ignored face")}`)) : null,
  ];
}

const emptyPhotos = () => notice(make("strong", {}, "There are no photos yet. "),
  "Put photos into ", code("data/01_raw/photos"), " and run ", code(COMMAND), ".");

const scoreLines = (face) => face.source === "correction" ? []
  : [face.similarity === null ? "" : `similarity ${saySimilarity(face)}`, sayRate(face.rate),
    face.nearestPhoto ? make("span", {title: `Nearest enrolled photo: ${face.nearestPhoto}`}, "like ", bdi(face.nearestPhoto)) : ""].filter(Boolean);

const fileLine = (face) => [bdi(splitPath(photos[face.photo].path)[1])];

function showPerson(key) {
  const name = listNames().find((one) => encode(one) === key);
  if (name === undefined) return showNothing();
  const members = faces.filter((face) => nameOf(face) === name).sort(bySurety);
  const person = enrolled.get(name), lead = make("p", {class: "muted"});
  live(lead, () => {
    const now = faces.filter((face) => nameOf(face) === name);
    const where = new Set(now.map((face) => face.photo)).size;
    return [`${plural(now.length, "face")} in ${plural(where, "photo")}. `,
      person ? `${plural(person.photos ?? 0, "photo")} enrolled.` : "Not enrolled: the model does not look for this person yet."];
  });
  return [
    make("div", {class: "lead"}, make("div", {class: "portrait"}, personPicture(name, members)),
      make("div", {}, heading(bdi(name)), lead)),
    members.length ? make("p", {class: "muted help"}, "Surest first. ", SCORES) : notice("No face in these photos has this name."),
    grid(members, (face) => faceTile(face, scoreLines)),
  ];
}

function showGroup(key) {
  const members = faces.filter((face) => face.name === UNKNOWN && face.group && encode(face.group) === key);
  if (!members.length) return showNothing();
  const lead = make("p", {class: "muted"});
  live(lead, () => {
    const left = members.filter((face) => groupOf(face)).length;
    return left ? `${plural(left, "face")} without a name. They seem to be one person.` : "No face is left without a name.";
  });
  return [
    make("div", {class: "lead"}, make("div", {class: "portrait"}, facePicture(members[0])),
      make("div", {}, heading(sayGroup(members[0].group)), lead)),
    groupForm(members),
    grid(members, (face) => faceTile(face, fileLine)),
  ];
}

function showIgnored() {
  const members = listIgnored();
  return [heading("Ignored faces"), members.length ? grid(members, (face) => faceTile(face, fileLine)) : notice("No face is ignored.")];
}

function showPhotos() {
  return [heading("Photos"), photos.length ? grid(photos, photoTile, {className: "wide"}) : emptyPhotos()];
}

// A box in pixels of the upright photo, as shares of the picture at any size.
function faceBox(face, photo) {
  const [left, top, right, bottom] = face.box, {height, width} = photo;
  const label = make("span", {class: "label"});
  const box = make("button", {type: "button", class: "box face", "data-face": face.index}, label);
  const percent = (value, whole) => `${100 * value / (whole || 1)}%`;
  Object.assign(box.style, {left: percent(left, width), top: percent(top, height),
    width: percent(right - left, width), height: percent(bottom - top, height)});
  box.classList.toggle("from-right", left + right > width);
  box.classList.toggle("at-bottom", bottom > 0.88 * height);
  live(label, () => {
    const name = nameOf(face);
    box.classList.toggle("nobody", !isPerson(name));
    box.classList.toggle("changed", changes.has(face.id));
    return sayName(name);
  });
  return box;
}

function showPhoto(key) {
  const photo = photos[Number(key)];
  if (!photo) return showNothing();
  const stage = make("div", {class: "stage"}, photoPicture(photo), photo.faces.map((face) => faceBox(face, photo)));
  stage.style.setProperty("--ratio", (photo.width || 1) / (photo.height || 1));
  stage.classList.toggle("crowded", photo.faces.length > 12);
  const step = (to, text, label) => photos[to]
    ? make("a", {class: "pill", href: `#/photo/${to}`, "aria-label": label}, text) : make("span", {class: "pill off", "aria-hidden": "true"}, text);
  const [folder, file] = splitPath(photo.path);
  return [
    make("div", {class: "lead line"}, step(photo.index - 1, "‹", "Photo before"), make("div", {}, heading(bdi(file)), make("p", {class: "muted"}, folder && bdi(folder))), step(photo.index + 1, "›", "Next photo")),
    stage,
    make("p", {class: "muted"}, `${plural(photo.faces.length, "face")}, ${photo.width ?? "?"} × ${photo.height ?? "?"} pixels`),
    grid(photo.faces, (face) => faceTile(face, scoreLines), {className: "small"}),
  ];
}

function showCheck() {
  const pick = (rows) => rows.map((row) => faces[row]).filter((face) => !changes.has(face.id));
  const named = pick(DATA.check.named), unknown = pick(DATA.check.unknown);
  const small = {step: 24, grows: false, className: "pairs"};
  return [
    heading("Check"), make("p", {class: "muted help"}, "The faces that are easiest to mistake come first. ", SCORES),
    named.length || unknown.length ? null : notice("There is nothing to check."),
    named.length ? section("Is the name right?", `${plural(named.length, "named face")}, the most doubtful first.`, grid(named, pairCard, small)) : null,
    unknown.length ? section("Is this somebody you know?", `${plural(unknown.length, "unknown face")}, those first that nearly had a name.`, grid(unknown, pairCard, small)) : null,
  ];
}

function showLeftOut() {
  if (!leftOut.length) return [heading("Left out"), notice("No file was left out.")];
  return [heading("Left out"), make("p", {class: "muted"}, `${plural(leftOut.length, "file")} could not be used.`),
    leftOutTable(leftOut)];
}

function leftOutTable(rows) {
  return make("table", {}, make("thead", {}, make("tr", {}, make("th", {scope: "col"}, "Photo"), make("th", {scope: "col"}, "Why"))),
    make("tbody", {}, rows.map((row) => make("tr", {}, make("th", {scope: "row"}, bdi(row.photo)), make("td", {}, row.reason)))));
}

function decode(key) {
  try { return decodeURIComponent(key); } catch { return key; }  // typed by hand
}

function showSearch(key) {
  const query = decode(key), found = findAll(query);
  const parts = [
    found.people.length ? section("People", "", grid(found.people, personCard, {className: "round"})) : null,
    found.groups.length ? section("Groups", "", grid(found.groups, groupCard, {className: "round"})) : null,
    found.photos.length ? section("Photos", "", grid(found.photos, photoTile, {className: "wide", step: 60})) : null,
    found.leftOut.length ? section("Left out", "", leftOutTable(found.leftOut)) : null,
  ];
  return [heading("Search"), parts.some(Boolean) ? parts : notice("Nothing has “", bdi(query), "” in its name.")];
}

const showNothing = () => [heading("Not here"), notice(make("a", {href: "#/people"}, "Back to the people"))];
const ROUTES = {people: showPeople, person: showPerson, group: showGroup, ignored: showIgnored, photos: showPhotos,
  photo: showPhoto, check: showCheck, "left-out": showLeftOut, search: showSearch};
const OF_TAB = {person: "people", group: "people", ignored: "people", photo: "photos"};

function render() {
  const [, name = "people", key = ""] = location.hash.split("/");
  updates = [showChanges];
  restored = (!clicked && places.get(location.hash)) || {y: 0, shown: 0};
  clicked = false;
  places.set(location.hash, remembered = {...restored});
  view.replaceChildren(...(ROUTES[name] || showPeople)(key).flat(Infinity).filter(Boolean));
  showTabs(OF_TAB[name] || name);
  showChanges();
  scrollTo(0, restored.y);
}

function showTabs(current) {
  const counts = {people: listNames().length, photos: photos.length, "left-out": leftOut.length};
  document.getElementById("tabs").replaceChildren(...TABS.map(([name, text]) =>
    make("a", {href: `#/${name}`, "aria-current": name === current ? "page" : null}, text,
      make("span", {class: "count"}, counts[name]?.toLocaleString("en") ?? ""))));
}
