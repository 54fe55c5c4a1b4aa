// The table of authors: searched, sorted and turned page by page; every text is set as text.
(() => {
    "use strict";
    const { columns, rows } = JSON.parse(document.getElementById("data").textContent).authors;
    const PAGE = 50;
    const formats = {
        rank: new Intl.NumberFormat("en"),
        followers: new Intl.NumberFormat("en"),
        points: new Intl.NumberFormat("en", { minimumFractionDigits: 1, maximumFractionDigits: 1 }),
    };
    const state = columns.indexOf("state");
    const table = document.querySelector("table.authors");
    const form = document.querySelector("form.filter");
    const status = document.querySelector(".status");
    const buttons = document.querySelectorAll(".pages button");
    const haystacks = rows.map((row) => row.filter((cell) => typeof cell === "string").join("\n").toLowerCase());
    let sorted = { column: 0, direction: 1 };
    let found = [];
    let page = 0;

    function isNumber(column) {
        return !["handle", "name", "topic", "state"].includes(columns[column]);
    }

    function shown(cell, column) {
        if (cell === null) return "";
        if (columns[column] === "handle") return "@" + cell;
        if (!isNumber(column)) return cell.replaceAll("_", column === state ? " " : "_");
        return (formats[columns[column]] ?? formats.points).format(cell);
    }

    function compare(one, other) {
        const [a, b] = [rows[one][sorted.column], rows[other][sorted.column]];
        if (a === b) return one - other;
        if (a === null) return 1; // what is not known stands last, whichever way
        if (b === null) return -1;
        const order = typeof a === "number" ? a - b : a.localeCompare(b, "en", { sensitivity: "base" });
        return order * sorted.direction || one - other;
    }

    function find() {
        const words = form.words.value.toLowerCase().split(/\s+/).filter(Boolean).map((word) => word.replace(/^@/, ""));
        const wanted = form.state.value;
        found = rows.map((_, number) => number).filter(
            (number) => (!wanted || rows[number][state] === wanted) && words.every((word) => haystacks[number].includes(word)),
        );
        found.sort(compare);
        page = 0;
        show();
    }

    function show() {
        const first = page * PAGE;
        const lines = found.slice(first, first + PAGE).map((number) => {
            const line = document.createElement("tr");
            rows[number].forEach((cell, column) => {
                const place = line.insertCell();
                place.textContent = shown(cell, column);
                place.className = isNumber(column) ? "number" : columns[column];
            });
            return line;
        });
        table.tBodies[0].replaceChildren(...lines);
        const count = formats.rank.format(found.length);
        const authors = found.length === 1 ? "author" : "authors";
        status.textContent = found.length > PAGE
            ? `${formats.rank.format(first + 1)} to ${formats.rank.format(first + lines.length)} of ${count} authors`
            : found.length ? `${count} ${authors}` : "No author matches.";
        buttons[0].disabled = page === 0;
        buttons[1].disabled = first + PAGE >= found.length;
        document.querySelector(".pages").hidden = found.length <= PAGE;
    }

    function sortBy(column) {
        // numbers from the largest on, ranks and texts from the first on
        const usual = isNumber(column) && columns[column] !== "rank" ? -1 : 1;
        sorted = { column, direction: sorted.column === column ? -sorted.direction : usual };
        heads.forEach((head, number) => {
            if (number === column) head.setAttribute("aria-sort", sorted.direction > 0 ? "ascending" : "descending");
            else head.removeAttribute("aria-sort");
        });
        found.sort(compare);
        page = 0;
        show();
    }

    const heads = columns.map((name, column) => {
        const head = document.createElement("th");
        const button = document.createElement("button");
        head.scope = "col";
        head.className = isNumber(column) ? "number" : "";
        button.type = "button";
        button.textContent = name;
        button.addEventListener("click", () => sortBy(column));
        head.append(button);
        return head;
    });
    table.tHead.rows[0].append(...heads);
    heads[0].setAttribute("aria-sort", "ascending");
    for (const name of [...new Set(rows.map((row) => row[state]))].sort()) {
        form.state.add(new Option(name.replaceAll("_", " "), name));
    }
    form.addEventListener("submit", (event) => event.preventDefault());
    form.words.addEventListener("input", find);
    form.state.addEventListener("change", find);
    for (const button of buttons) {
        button.addEventListener("click", () => {
            page += Number(button.dataset.step);
            show();
            table.closest("section").scrollIntoView();
        });
    }
    find();
})();
