// The figures take the colour of the page's text, in the light and in the dark.
const figures = [...document.querySelectorAll(".figure[data-figure]")];
const ink = () => getComputedStyle(document.body).color;
const draw = (place) => {
  const { data, layout } = JSON.parse(document.getElementById(`data-${place.dataset.figure}`).textContent);
  const narrow = place.clientWidth < 560;
  const look = { ...layout, dragmode: false, font: { ...layout.font, color: ink(), size: narrow ? 11 : 13 } };
  if (narrow) { // on a phone the names in the legend stand below each other
    look.legend = { ...layout.legend, orientation: "v" };
    look.height = layout.height + 26 * data.length;
  }
  const buttons = ["select2d", "lasso2d", "autoScale2d"];
  Plotly.newPlot(place, data, look, { responsive: true, displaylogo: false, modeBarButtonsToRemove: buttons, displayModeBar: narrow ? false : "hover" });
};
figures.forEach(draw);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  figures.forEach((place) => Plotly.relayout(place, { "font.color": ink() }));
});
// A printer's paper is white and not as wide as the screen.
addEventListener("beforeprint", () => {
  document.querySelectorAll("details").forEach((part) => { part.open = true; });
  figures.forEach((place) => Plotly.relayout(place, { "font.color": "#1b1f24", autosize: false, width: 680 }));
});
addEventListener("afterprint", () => {
  figures.forEach((place) => Plotly.relayout(place, { "font.color": ink(), autosize: true, width: null }));
});

// The table of photos: only what is searched for.
const tools = document.querySelector(".tools");
if (tools) {
  const [search, action] = [tools.querySelector("input"), tools.querySelector("select")];
  const rows = [...document.querySelectorAll(".photos tbody tr")];
  const texts = rows.map((row) => row.textContent.normalize("NFKC").toLowerCase());
  const filter = () => {
    const words = search.value.normalize("NFKC").toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    rows.forEach((row, k) => {
      const fits = (!action.value || row.dataset.action === action.value) && words.every((word) => texts[k].includes(word));
      row.hidden = !fits;
      shown += fits;
    });
    tools.querySelector(".shown").textContent = `${shown} of ${rows.length} photo${rows.length === 1 ? "" : "s"}`;
  };
  tools.hidden = false;
  tools.addEventListener("input", filter);
  filter();
}
