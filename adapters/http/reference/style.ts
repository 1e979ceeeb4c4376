/** The style of the reference page; light and dark after the reader's own setting. */
export const style = `
:root{color-scheme:light dark;--ink:#1c2430;--soft:#5b6675;--line:#d9dee5;--back:#fff;--code:#f3f5f8;--mark:#0b63c5}
@media(prefers-color-scheme:dark){:root{--ink:#e4e9f0;--soft:#97a3b3;--line:#2d3744;--back:#12171e;--code:#1b222c;--mark:#6db3ff}}
*{box-sizing:border-box}
body{margin:0;display:grid;grid-template-columns:17rem minmax(0,56rem);gap:2.5rem;font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--back)}
nav{position:sticky;top:0;height:100vh;overflow:auto;padding:1.5rem 1rem;border-right:1px solid var(--line);font-size:13px}
nav h2{font-size:12px;text-transform:uppercase;letter-spacing:.06em;color:var(--soft);margin:1rem 0 .3rem}
nav ul{list-style:none;margin:0;padding:0}nav li{margin:.15rem 0}
main{padding:2rem 1.5rem 6rem 0}
a{color:var(--mark);text-decoration:none}a:hover{text-decoration:underline}
h1{margin-top:0}h2{margin-top:2.5rem;border-bottom:1px solid var(--line);padding-bottom:.3rem}h3{margin-bottom:.2rem}h4{margin:.9rem 0 .3rem}
section{scroll-margin-top:1rem;margin-bottom:2.5rem}
code,pre{font:13px/1.45 ui-monospace,monospace;background:var(--code);border-radius:4px}code{padding:.08em .3em}
pre{padding:.8rem;overflow:auto}
table{border-collapse:collapse;width:100%}td{border-top:1px solid var(--line);padding:.35rem .6rem .35rem 0;vertical-align:top}td p{margin:.1rem 0}
ul{margin:.2rem 0;padding-left:1.2rem}small,.meaning{color:var(--soft)}.type{color:var(--soft)}.address b{color:var(--mark)}
@media(max-width:60rem){body{display:block;padding:0 1rem}nav{position:static;height:auto;border:0}}
`;
