(function () {
  "use strict";
  const root = document.documentElement;
  const { lists, figures: specs } = JSON.parse(document.getElementById("figures").textContent);
  const places = Array.from(document.querySelectorAll(".plot"));
  const number = /^\s*[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?\s*$/i;

  /* Lists are put in their places. Names of colours, such as "--ink", become the colours of the page as it is shown now. */
  function colored(value, style) {
    if (Array.isArray(value)) {
      return value.length && typeof value[0] === "object" && value[0] !== null ? value.map((each) => colored(each, style)) : value;
    }
    if (value === null || typeof value !== "object") return value;
    if (value.list !== undefined) return lists[value.list];
    const copy = {};
    for (const [key, each] of Object.entries(value)) {
      const isColor = typeof each === "string" && each.startsWith("--") && key.endsWith("color");
      copy[key] = isColor ? style.getPropertyValue(each).trim() : colored(each, style);
    }
    return copy;
  }

  function layoutOf(spec, style, isNarrow) {
    const ink = style.getPropertyValue("--ink").trim(), line = style.getPropertyValue("--line").trim();
    const ground = style.getPropertyValue("--ground").trim();
    const layout = colored(spec.layout, style);
    for (const name of ["xaxis", "yaxis"]) {
      layout[name] = Object.assign({ gridcolor: line, linecolor: line, tickcolor: line, nticks: isNarrow ? 5 : 8 }, layout[name]);
    }
    return Object.assign(layout, {
      autosize: true,
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      font: { color: ink, size: isNarrow ? 11 : 13, family: getComputedStyle(document.body).fontFamily },
      margin: { l: 8, r: 12, t: spec.data.some((trace) => trace.showlegend) ? 36 : 8, b: 8 },
      hoverlabel: { bgcolor: ground, bordercolor: ink, font: { color: ink } },
      dragmode: isNarrow ? false : "zoom"
    });
  }

  function draw(place) {
    const spec = specs[Number(place.dataset.figure)], style = getComputedStyle(root);
    const data = spec.data.map((trace) => colored(trace, style));
    const options = { responsive: true, displaylogo: false, displayModeBar: false };
    place.dataset.drawn = "yes";
    return Plotly.react(place, data, layoutOf(spec, style, place.clientWidth < 480), options);
  }

  /* Figures are drawn when they come near; those that use the graphics card give it back when they leave. */
  const usesCard = (place) => specs[Number(place.dataset.figure)].data.some((trace) => trace.type === "scattergl");
  const watcher = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting && !target.dataset.drawn) draw(target);
      if (!isIntersecting && target.dataset.drawn && usesCard(target)) {
        Plotly.purge(target);
        delete target.dataset.drawn;
      }
    }
  }, { rootMargin: "600px" });
  places.forEach((place) => watcher.observe(place));

  function again(isAll) {
    places.filter((place) => isAll || place.dataset.drawn).forEach(draw);
  }
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => again(false));
  window.addEventListener("beforeprint", () => { root.classList.add("printing"); again(true); });
  window.addEventListener("afterprint", () => { root.classList.remove("printing"); again(false); });

  function keyOf(row, column) {
    const cell = row.cells[column], text = cell.textContent.trim();
    if (cell.dataset.v !== undefined) return Number(cell.dataset.v);
    return number.test(text) ? Number(text) : text;
  }

  /* Numbers before text, and cells without anything last, whichever way the rest is sorted. */
  function compare(a, b, sign) {
    const isMissing = (key) => key === "" || key === "–";
    if (isMissing(a) || isMissing(b)) return isMissing(a) - isMissing(b);
    if (typeof a === "number" && typeof b === "number") return sign * (a - b);
    if (typeof a !== typeof b) return typeof a === "number" ? -1 : 1;
    return sign * a.localeCompare(b, undefined, { numeric: true });
  }

  function sort(head) {
    const body = head.closest("table").tBodies[0], column = head.cellIndex;
    const isUp = head.getAttribute("aria-sort") !== "ascending";
    for (const other of head.parentNode.cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", isUp ? "ascending" : "descending");
    const rows = Array.from(body.rows, (row) => ({ row, key: keyOf(row, column) }));
    rows.sort((a, b) => compare(a.key, b.key, isUp ? 1 : -1));
    body.append(...rows.map((each) => each.row));
  }
  document.addEventListener("click", (event) => {
    const button = event.target.closest("th button");
    if (button) sort(button.closest("th"));
  });
})();
