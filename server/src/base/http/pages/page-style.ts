/** The style sheet of every page: one column, in the colours that the reader's system asks for. */
export const PAGE_STYLE = `
:root {
  color-scheme: light dark;
  --ground: #f4f5f7; --card: #fff; --line: #d9dce3; --field: #8a909c; --text: #191c22; --soft: #565d6b;
  --accent: #4f46c8; --accent-deep: #413ab0; --on-accent: #fff; --tint: #f0effc;
  --alarm: #a3201d; --alarm-tint: #fdefee; --ring: #4f46c8;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #101216; --card: #191c22; --line: #313640; --field: #7c8494; --text: #eceef2; --soft: #a7aebb;
    --accent: #8f88f5; --accent-deep: #a8a2f8; --on-accent: #14123a; --tint: #23233b;
    --alarm: #ffb0a9; --alarm-tint: #3a1f20; --ring: #b3aefa;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; min-height: 100vh; padding: 1.5rem 1rem; background: var(--ground); color: var(--text);
  display: flex; flex-direction: column; align-items: center; justify-content: center;
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
}
.brand { display: flex; align-items: center; gap: .6rem; margin: 0 0 1.25rem; font-weight: 650; font-size: 1.15rem; letter-spacing: -.01em; }
.brand svg { width: 1.75rem; height: 1.75rem; fill: var(--accent); }
main { width: 100%; max-width: 28rem; background: var(--card); border: 1px solid var(--line); border-radius: .75rem; padding: 1.75rem; }
h1 { margin: 0 0 .5rem; font-size: 1.375rem; line-height: 1.3; letter-spacing: -.015em; overflow-wrap: anywhere; }
p { margin: 0 0 1rem; }
a { color: var(--accent); }
code { font: .875em ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; overflow-wrap: anywhere; }
.soft, .soft code { color: var(--soft); }
.small { font-size: .875rem; }
.facts { margin: 0 0 1.1rem; padding: .7rem 0; border: solid var(--line); border-width: 1px 0; display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; }
.facts dt { color: var(--soft); }
.facts dd { margin: 0; font-weight: 600; overflow-wrap: anywhere; }
.alarm { margin: 0 0 1.25rem; padding: .7rem .9rem; border-radius: .5rem; background: var(--alarm-tint); color: var(--alarm); font-weight: 550; }
label.field { display: block; margin: 0 0 1rem; font-weight: 600; font-size: .9375rem; }
label.field input {
  display: block; width: 100%; margin-top: .3rem; padding: .6rem .75rem; border: 1px solid var(--field); border-radius: .5rem;
  background: var(--card); color: var(--text); font: inherit; font-weight: 400;
}
fieldset { margin: 0 0 1.25rem; padding: 0; border: 0; min-width: 0; }
legend { padding: 0; margin-bottom: .5rem; font-weight: 600; }
label.choice { display: grid; grid-template-columns: auto 1fr; gap: 0 .75rem; padding: .7rem .9rem; border: 1px solid var(--line); border-radius: .5rem; cursor: pointer; }
label.choice + label.choice { margin-top: .5rem; }
label.choice:has(:checked) { border-color: var(--accent); background: var(--tint); }
label.choice input { width: 1.1rem; height: 1.1rem; margin: .2rem 0 0; accent-color: var(--accent); }
label.choice b { font-weight: 600; }
label.choice small { display: block; grid-column: 2; font-size: .875rem; color: var(--soft); }
.actions { display: flex; gap: .75rem; margin-top: 1.25rem; }
button, a.button {
  flex: 1; padding: .65rem 1rem; border: 1px solid var(--field); border-radius: .5rem; background: transparent; color: var(--text);
  font: inherit; font-weight: 600; text-align: center; text-decoration: none; cursor: pointer;
}
button:hover, a.button:hover { border-color: var(--text); }
button.main { background: var(--accent); border-color: var(--accent); color: var(--on-accent); }
button.main:hover { background: var(--accent-deep); border-color: var(--accent-deep); }
.methods { display: grid; gap: .6rem; margin: 0 0 1.25rem; }
.or { display: flex; align-items: center; gap: .75rem; margin: 0 0 1.25rem; color: var(--soft); font-size: .875rem; }
.or::before, .or::after { content: ""; flex: 1; border-top: 1px solid var(--line); }
.after { margin: 1.25rem 0 0; padding-top: 1rem; border-top: 1px solid var(--line); }
:focus-visible { outline: 3px solid var(--ring); outline-offset: 2px; }
@media (max-width: 24rem) { main { padding: 1.25rem; } .actions { flex-direction: column; } }
@media (forced-colors: active) { label.choice:has(:checked) { outline: 2px solid; } }
`
