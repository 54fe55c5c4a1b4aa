// The charts. Text takes the colour of the page, so that light, dark and paper need no second drawing.
(() => {
    "use strict";
    const { charts, sets } = JSON.parse(document.getElementById("data").textContent);
    const text = { labelColor: "currentColor", titleColor: "currentColor", labelFontSize: 12, titleFontSize: 12, titleFontWeight: "normal" };
    const config = {
        background: null,
        font: "system-ui, sans-serif",
        aria: false, // the figure says what it shows, and the table beneath it holds every number
        axis: { ...text, gridColor: "currentColor", gridOpacity: 0.12, domainColor: "currentColor", domainOpacity: 0.3, tickColor: "currentColor", tickOpacity: 0.3 },
        legend: { ...text, orient: "top", symbolStrokeWidth: 0 },
        view: { stroke: null },
    };

    // Of a chart with a line for each author, segment or topic: as high as there are such.
    function height(name) {
        const { height, usermeta: { lines, line_height } = {} } = charts[name];
        return height ?? line_height * new Set(sets[name].map((row) => row[lines])).size;
    }

    function draw(place) {
        const name = place.dataset.chart;
        const narrow = place.clientWidth < 560;
        const spec = {
            ...charts[name],
            width: "container",
            height: height(name),
            datasets: sets,
            config: { ...config, legend: { ...config.legend, columns: narrow ? 2 : 6 } },
        };
        return vegaEmbed(place, spec, {
            mode: "vega-lite",
            renderer: "svg",
            actions: false,
            ast: true, // nothing of a specification is run as code
            tooltip: { theme: "custom", disableDefaultStyle: false },
            loader: { http: () => Promise.reject(new Error("this page asks the net for nothing")) },
        });
    }

    for (const place of document.querySelectorAll("[data-chart]")) {
        draw(place).then(
            () => { place.dataset.drawn = ""; },
            (error) => { place.textContent = "This chart could not be drawn: " + error.message; console.error(error); },
        );
    }
})();
