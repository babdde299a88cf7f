/// The style sheet of every report: light, dark and paper, no outside fonts or files.
enum PageStyle {
    static let css = """
        :root{--bg:#fff;--ink:#1a1d21;--soft:#5c6570;--line:#e3e7eb;--panel:#f6f8fa;--good:#1a7f4b;--bad:#c0322b;--good-panel:#1a7f4b;--bad-panel:#b42a24;\
        --a:#4477aa;--b:#228866;--c:#b8860b;--d:#dd8844;--e:#bb3355;--f:#7755aa;--g:#667788;--h:#99aa33}
        @media (prefers-color-scheme:dark){:root{--bg:#14171b;--ink:#e8eaed;--soft:#9aa4af;--line:#2b3138;\
        --panel:#1b2026;--good:#3fbf7f;--bad:#ff6b62;--good-panel:#17693f;--bad-panel:#a32822;--a:#6da3d8;--b:#4cc29a;--c:#e0b44a;--d:#f0a060;--e:#ee6688;--f:#a98be0;\
        --g:#9aa9ba;--h:#c3d45a}}
        *{box-sizing:border-box}
        body{margin:0;background:var(--bg);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
        main{max-width:1040px;margin:0 auto;padding:32px 24px 56px}
        h1{font-size:28px;line-height:1.2;margin:0}
        h2{font-size:18px;margin:40px 0 10px}
        p{margin:6px 0}.sub{color:var(--soft)}
        header{display:flex;gap:28px;justify-content:space-between;align-items:flex-start}.about{flex:1}
        @media (max-width:700px){main{padding:20px 16px 40px}header{display:block}.verdict{margin-top:14px;max-width:none}h1{font-size:24px}}
        .verdict{border-radius:8px;padding:10px 18px;font-weight:650;color:#fff;background:var(--good-panel);max-width:380px}
        .verdict.bad{background:var(--bad-panel)}.verdict small{display:block;font-weight:400}
        .tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(148px,1fr));gap:12px;margin:26px 0 6px}
        .tile{background:var(--panel);border:1px solid var(--line);border-radius:8px;padding:12px 14px}
        .tile b{display:block;font-size:22px;line-height:1.25;font-variant-numeric:tabular-nums}
        .tile span{color:var(--soft);font-size:13px}
        table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums;margin:6px 0}
        th,td{text-align:left;padding:5px 12px 5px 0;border-bottom:1px solid var(--line);vertical-align:top}
        th{color:var(--soft);font-weight:500;font-size:13px}
        td.n,th.n{text-align:right;white-space:nowrap}
        tr.bad td{color:var(--bad);font-weight:600}
        .wide{overflow-x:auto}
        .pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(380px,100%),1fr));gap:0 40px}.pair section{min-width:0}
        figure{margin:26px 0 0;break-inside:avoid}
        figcaption{color:var(--soft);font-size:13px}figcaption b{color:var(--ink);font-size:16px;margin-right:8px}
        .legend{font-size:13px;color:var(--soft);margin:2px 0 0}
        .legend span{margin-right:18px;white-space:nowrap}
        .legend i{display:inline-block;width:12px;height:12px;border-radius:3px;margin-right:6px;vertical-align:-1px;background:currentColor}
        svg{width:100%;height:auto;display:block;overflow:visible}
        svg text{font:11.5px system-ui,sans-serif;fill:var(--soft)}
        svg.narrow{display:none}svg.narrow text{font-size:12.5px}
        @media (max-width:1000px){svg.broad text{font-size:17px}}
        @media (max-width:700px){svg.broad{display:none}svg.narrow{display:block}}
        @media (min-width:520px) and (max-width:700px){svg.narrow text{font-size:10px}}
        td.long{overflow-wrap:anywhere}
        text.y{text-anchor:end}text.x{text-anchor:middle}
        .grid{stroke:var(--line);stroke-width:1}.minor{opacity:.45}.axis{stroke:var(--soft);stroke-width:1}
        .line{fill:none;stroke:currentColor;stroke-width:1.8;stroke-linejoin:round}
        .fill{fill:currentColor;stroke:none}
        .mark path{stroke:var(--soft);stroke-width:1;stroke-dasharray:3 3;opacity:.75}.mark text{text-anchor:middle;font-weight:600}
        .a,.a-soft,.a-faint{color:var(--a)}.b,.b-soft,.b-faint{color:var(--b)}.c,.c-soft,.c-faint{color:var(--c)}
        .d,.d-soft,.d-faint{color:var(--d)}.e,.e-soft,.e-faint{color:var(--e)}.f,.f-soft,.f-faint{color:var(--f)}
        .g{color:var(--g)}.h{color:var(--h)}
        [class$="-soft"]{opacity:.45}[class$="-faint"]{opacity:.2}
        footer{margin-top:40px;color:var(--soft);font-size:13px}
        @media print{:root{--bg:#fff;--ink:#000;--soft:#444;--line:#ccc;--panel:#fff}main{max-width:none;padding:0}\
        svg.broad{display:block}svg.narrow{display:none}.verdict{border:2px solid currentColor;color:var(--good);background:none}.verdict.bad{color:var(--bad)}\
        *{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
        """
}
