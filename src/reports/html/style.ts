/** Columns a table may declare as text. */
const TEXT_COLUMNS_MAX = 24;

const TEXT_COLUMNS = Array.from({ length: TEXT_COLUMNS_MAX }, (_, column) => {
  const place = column + 1;
  return `.t${column} th:nth-child(${place}),.t${column} td:nth-child(${place}){text-align:left}.t${column} td:nth-child(${place}){white-space:normal;min-width:8ch}`;
}).join("");

/**
 * Colours are Okabe and Ito's, which people with any kind of colour blindness can tell apart, darkened or lightened until
 * marks have 3:1 and text 4.5:1 against the page. Shape or word always says the same.
 */
export const STYLE = `
:root{color-scheme:light dark;--bg:#fff;--fg:#1a1c20;--soft:#f4f5f7;--rule:#d5d8de;--quiet:#565c67;--line:#0b5f93;--executed:#0072b2;--blocked:#b85c00;--infra:#6b7280;--venue:#a3447c;--gain:#00775a;--loss:#c23b00;--mark:#fff3c4}
@media screen and (prefers-color-scheme:dark){:root:not([data-theme=light]){--bg:#14161a;--fg:#e8eaee;--soft:#1e2127;--rule:#3a3f49;--quiet:#a6adba;--line:#6cc4f5;--executed:#56b4e9;--blocked:#f0a430;--infra:#9aa2b1;--venue:#dd92be;--gain:#2fc29b;--loss:#ff8355;--mark:#4a3f10}}
@media screen{:root[data-theme=dark]{--bg:#14161a;--fg:#e8eaee;--soft:#1e2127;--rule:#3a3f49;--quiet:#a6adba;--line:#6cc4f5;--executed:#56b4e9;--blocked:#f0a430;--infra:#9aa2b1;--venue:#dd92be;--gain:#2fc29b;--loss:#ff8355;--mark:#4a3f10}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--fg);font:15px/1.5 system-ui,sans-serif}
main,header,footer{max-width:1080px;margin:0 auto;padding:0 20px}
header{padding-top:20px}
h1{font-size:22px;margin:0 0 4px}
h2{font-size:18px;margin:40px 0 8px;padding-top:12px;border-top:2px solid var(--rule)}
h3{font-size:15px;margin:24px 0 6px}
p{margin:6px 0;max-width:75ch}
a{color:var(--line)}
nav{font-size:13px;margin:10px 0}
nav a{margin-right:12px;white-space:nowrap}
code,.id{font-family:ui-monospace,monospace;font-size:13px;overflow-wrap:anywhere}
.quiet,.note{color:var(--quiet);font-size:13px}
.strip{border:2px solid var(--rule);border-radius:6px;padding:12px 16px;margin:14px 0;background:var(--soft)}
.strip .verdict{font-size:19px;font-weight:600;margin:0 0 6px}
.badge{display:inline-block;border:1px solid currentColor;border-radius:4px;padding:0 6px;font-size:13px;font-weight:600;margin-right:6px}
.warning{background:var(--mark);border-left:4px solid var(--blocked);padding:4px 10px;margin:6px 0;max-width:none}
.findings{padding-left:28px}.findings li{margin:10px 0;padding-left:8px;border-left:4px solid var(--infra)}.findings li.error{border-color:var(--loss)}.findings li.warn{border-color:var(--blocked)}.findings p{max-width:none;margin:2px 0;overflow-wrap:anywhere}
.ok::before{content:"OK "}.fail::before{content:"!! "}.nodata::before{content:"?? "}.skipped::before{content:"-- "}
.ok{color:var(--gain)}.fail{color:var(--loss);font-weight:600}.nodata{color:var(--blocked)}
figure{margin:14px 0}
figcaption{font-weight:600;margin-bottom:4px;max-width:75ch}
.chart{overflow-x:auto}
.chart svg{display:block;max-width:100%;height:auto}
details{margin:6px 0}
summary{cursor:pointer;color:var(--quiet);font-size:13px}
.wide{overflow-x:auto;margin:8px 0}
table{border-collapse:collapse;font-size:13px;font-variant-numeric:tabular-nums}
caption{text-align:left;font-weight:600;padding:4px 0}
th,td{padding:3px 10px;text-align:right;border-bottom:1px solid var(--rule);white-space:nowrap}
th{font-weight:600}
tbody th{text-align:left}
${TEXT_COLUMNS}
tbody th{font-weight:400}
.sortable thead th button{all:unset;cursor:pointer}
.sortable thead th button:focus-visible,:focus-visible{outline:2px solid var(--line);outline-offset:2px}
.picker{margin:8px 0}
.picker select,.theme{font:inherit;background:var(--bg);color:var(--fg);border:1px solid var(--rule);border-radius:4px;padding:3px 8px}
.theme{float:right;cursor:pointer}
section{content-visibility:auto;contain-intrinsic-size:auto 600px}
section.first{content-visibility:visible}
footer{margin:48px auto 24px;color:var(--quiet);font-size:13px}
@media (max-width:600px){body{font-size:14px}main,header,footer{padding:0 10px}th,td{padding:3px 6px}}
@media (prefers-reduced-motion:reduce){*{scroll-behavior:auto!important}}
@media print{:root{color-scheme:light;--bg:#fff;--fg:#000;--soft:#fff;--rule:#999;--quiet:#333;--line:#0b5f93;--executed:#0072b2;--blocked:#b85c00;--infra:#555;--venue:#a3447c;--gain:#00664d;--loss:#a83200;--mark:#fff}
body{font-size:10.5pt}section{content-visibility:visible}.theme,.picker,nav{display:none}figure,tr,.strip{break-inside:avoid}thead{display:table-header-group}h2{break-after:avoid}.wide,.chart{overflow:visible}table{font-size:8.5pt}td,th{white-space:normal}.strip{break-after:page}@page{size:A4;margin:14mm}}
`.trim();
