// The shop lives on 127.0.0.1 and its chat on localhost: two sites, as for a real customer. The port is the page's own,
// so that a proxy on another one works. A real page writes the tag down, as the panel shows it.
const port = location.port ? ":" + location.port : "";
const source = `${location.protocol}//localhost${port}/seawall.js`;

const script = document.createElement("script");
script.async = true;
script.src = source;
script.dataset.site = new URLSearchParams(location.search).get("site") || "demo";
document.head.append(script);

document.getElementById("tag").textContent = `<script async src="${source}" data-site="${script.dataset.site}"></script>`;
document.getElementById("console").href = `${location.protocol}//console.localhost${port}/`;
