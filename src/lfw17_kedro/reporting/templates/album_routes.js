// Which view the address asks for.
const TABS = [
  ["people", "People"],
  ["photos", "Photos"],
  ["check", "Check"],
  ["left-out", "Left out"],
];
const view = document.getElementById("view");
const places = new Map(); // address -> {y, shown}: Back leads to the same place
let remembered = {y: 0, shown: 0},
  restored = remembered,
  clicked = false;

function decode(key) {
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  } // typed by hand
}

function showSearch(key) {
  const query = decode(key),
    found = findAll(query);
  const parts = [
    found.people.length
      ? section("People", "", grid(found.people, personCard, {className: "round"}))
      : null,
    found.groups.length
      ? section("Groups", "", grid(found.groups, groupCard, {className: "round"}))
      : null,
    found.photos.length
      ? section("Photos", "", grid(found.photos, photoTile, {className: "wide", step: 60}))
      : null,
    found.leftOut.length ? section("Left out", "", leftOutTable(found.leftOut)) : null,
  ];
  return [
    heading("Search"),
    parts.some(Boolean) ? parts : notice("Nothing has “", bdi(query), "” in its name."),
  ];
}

const showNothing = () => [
  heading("Not found"),
  notice(make("a", {href: "#/people"}, "Back to the people")),
];
const ROUTES = {
  people: showPeople,
  person: showPerson,
  group: showGroup,
  ignored: showIgnored,
  photos: showPhotos,
  photo: showPhoto,
  check: showCheck,
  "left-out": showLeftOut,
  search: showSearch,
};
const OF_TAB = {person: "people", group: "people", ignored: "people", photo: "photos"};

function render() {
  const [, name = "people", key = ""] = location.hash.split("/");
  updates = [showChanges];
  restored = (!clicked && places.get(location.hash)) || {y: 0, shown: 0};
  clicked = false;
  places.set(location.hash, (remembered = {...restored}));
  view.replaceChildren(...(ROUTES[name] || showPeople)(key).flat(Infinity).filter(Boolean));
  showTabs(OF_TAB[name] || name);
  showChanges();
  scrollTo(0, restored.y);
}

function showTabs(current) {
  const counts = {people: listNames().length, photos: photos.length, "left-out": leftOut.length};
  document
    .getElementById("tabs")
    .replaceChildren(
      ...TABS.map(([name, text]) =>
        make(
          "a",
          {href: `#/${name}`, "aria-current": name === current ? "page" : null},
          text,
          make("span", {class: "count"}, counts[name]?.toLocaleString("en") ?? "")
        )
      )
    );
}
