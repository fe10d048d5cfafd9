// The views of photos.
function showPhotos() {
  return [
    heading("Photos"),
    photos.length ? grid(photos, photoTile, {className: "wide"}) : emptyPhotos(),
  ];
}

// A box in pixels of the upright photo, as fractions of the picture at any size.
function faceBox(face, photo) {
  const {left, top, right, bottom} = face,
    {height, width} = photo;
  const label = make("span", {class: "label"});
  const box = make("button", {type: "button", class: "box face", "data-face": face.index}, label);
  const percent = (value, whole) => `${(100 * value) / (whole || 1)}%`;
  Object.assign(box.style, {
    left: percent(left, width),
    top: percent(top, height),
    width: percent(right - left, width),
    height: percent(bottom - top, height),
  });
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
  const stage = make(
    "div",
    {class: "stage"},
    photoPicture(photo),
    photo.faces.map((face) => faceBox(face, photo))
  );
  stage.style.setProperty("--ratio", (photo.width || 1) / (photo.height || 1));
  stage.classList.toggle("crowded", photo.faces.length > 12);
  const step = (to, text, label) =>
    photos[to]
      ? make("a", {class: "pill", href: `#/photo/${to}`, "aria-label": label}, text)
      : make("span", {class: "pill off", "aria-hidden": "true"}, text);
  const [folder, file] = splitPath(photo.path);
  return [
    make(
      "div",
      {class: "lead line"},
      step(photo.index - 1, "‹", "Previous photo"),
      make("div", {}, heading(bdi(file)), make("p", {class: "muted"}, folder && bdi(folder))),
      step(photo.index + 1, "›", "Next photo")
    ),
    stage,
    make(
      "p",
      {class: "muted"},
      `${plural(photo.faces.length, "face")}, ${photo.width ?? "?"} × ${photo.height ?? "?"} pixels`
    ),
    grid(photo.faces, (face) => faceTile(face, scoreLines)),
  ];
}
