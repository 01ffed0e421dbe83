//! The page's looks, and the policy that allows them and nothing else.
//!
//! Invariant: every text has a contrast of 4.5 or more to what it stands on, light and dark (a test
//! computes it); what colour says is said in words, or by a form, too.

use sha2::{Digest as _, Sha256};

/// The style sheet.
pub(super) const STYLE: &str = "
:root{color-scheme:light dark;--ground:#ffffff;--text:#1f2328;--dim:#57606a;--line:#d0d7de;--card:#f6f8fa;
--link:#0550ae;--calm:#57606a;--busy:#0550ae;--done:#116329;--trouble:#b31622}
@media (prefers-color-scheme:dark){:root{--ground:#0d1117;--text:#e6edf3;--dim:#9198a1;--line:#3d444d;--card:#161b22;
--link:#79c0ff;--calm:#9198a1;--busy:#79c0ff;--done:#56d364;--trouble:#ff9492}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;text-size-adjust:100%}
body{margin:0 auto;max-width:76rem;padding:1rem 1.25rem 3rem;background:var(--ground);color:var(--text);
font:1rem/1.5 system-ui,-apple-system,'Segoe UI','Noto Sans','Noto Sans CJK SC','DejaVu Sans',sans-serif;overflow-wrap:anywhere}
h1{font-size:1.6rem;line-height:1.25;margin:.5rem 0}
h2{font-size:1.25rem;line-height:1.3;margin:2.2rem 0 .6rem;padding-bottom:.25rem;border-bottom:1px solid var(--line)}
a{color:var(--link)}
a:focus-visible,summary:focus-visible,[tabindex='0']:focus-visible{outline:3px solid var(--link);outline-offset:2px;border-radius:3px}
main:focus{outline:none}
.skip{position:absolute;left:-999rem}
.skip:focus{left:1rem;top:.5rem;background:var(--ground);padding:.5rem;z-index:1}
.dim,small{color:var(--dim)}
small{font-size:.85rem}
code,pre{font-family:ui-monospace,'DejaVu Sans Mono',monospace;font-size:.88em}
pre{white-space:pre-wrap;margin:.4rem 0;padding:.6rem .8rem;background:var(--card);border-radius:6px}
.facts{display:grid;grid-template-columns:max-content 1fr;gap:.15rem 1rem;margin:.6rem 0}
.facts dt{color:var(--dim)}.facts dd{margin:0}
.counts{list-style:none;display:flex;flex-wrap:wrap;gap:.1rem 1.1rem;margin:0;padding:0}
nav ul{list-style:none;display:flex;flex-wrap:wrap;gap:.3rem 1.2rem;margin:.8rem 0;padding:.6rem .8rem;background:var(--card);border-radius:6px}
.calm,.busy,.done,.trouble{font-weight:600}
.calm{color:var(--calm)}.busy{color:var(--busy)}.done{color:var(--done)}.trouble{color:var(--trouble)}
.trouble::before{content:'\\25B2\\00A0'}.done::before{content:'\\2713\\00A0'}.busy::before{content:'\\25CF\\00A0'}.calm::before{content:'\\25CB\\00A0'}
.list{padding-left:1.2rem}.list li{margin:.35rem 0}
table{width:100%;border-collapse:collapse;font-size:.94rem}
caption{text-align:left;color:var(--dim);padding:.2rem 0 .5rem}
th,td{text-align:left;vertical-align:top;padding:.45rem .6rem .45rem 0;border-bottom:1px solid var(--line)}
thead th{color:var(--dim);font-weight:600}
tbody th{font-weight:600}
.bar{display:block;width:100%;min-width:6rem;height:.8rem;margin:.2rem 0}
.lane{display:block;width:100%;min-width:10rem;height:1.6rem}
.plot{display:block;width:100%;min-width:10rem;height:4rem;border-bottom:1px solid var(--line)}
.trail{fill:none;stroke:var(--busy);stroke-width:2;vector-effect:non-scaling-stroke}.under{fill:var(--busy);opacity:.18}
.track{fill:var(--line)}
.fill-calm{fill:var(--calm)}.fill-busy{fill:var(--busy)}.fill-done{fill:var(--done)}.fill-trouble{fill:var(--trouble)}
.fill-none{fill:none;stroke:var(--dim);stroke-width:1;stroke-dasharray:4 4;vector-effect:non-scaling-stroke}
time,small,.calm,.busy,.done,.trouble{white-space:nowrap}
.key{list-style:none;display:flex;flex-wrap:wrap;gap:.2rem 1.4rem;padding:0;margin:.4rem 0}
.key svg{width:1.6rem;height:1rem;vertical-align:middle;margin-right:.4rem}
.key span::before{content:none}
.wide{overflow-x:auto;border:1px solid var(--line);border-radius:6px}
.wide svg{display:block}
summary{cursor:pointer;color:var(--link)}
@media (min-width:44.01rem){td{min-width:7.5rem}}
@media (max-width:44rem){
body{padding:.75rem .75rem 2rem}
.facts{grid-template-columns:1fr;gap:0}.facts dd{margin-bottom:.4rem}
table,caption,tbody,tr,th,td{display:block}
thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
tbody tr{border:1px solid var(--line);border-radius:6px;padding:.4rem .7rem;margin:0 0 .7rem}
tbody th,tbody td{border:0;padding:.15rem 0}
td:empty{display:none}
td[data-label]::before{content:attr(data-label);display:block;color:var(--dim);font-size:.82rem}
}
@media print{
:root{--ground:#ffffff;--text:#1f2328;--dim:#57606a;--line:#d0d7de;--card:#f6f8fa;--link:#0550ae;--calm:#57606a;--busy:#0550ae;--done:#116329;--trouble:#b31622}
body{max-width:none;padding:0;font-size:10pt}
nav,.skip{display:none}
details::details-content{content-visibility:visible;display:block}
tr,li,h2{break-inside:avoid}h2{break-after:avoid}
.wide{overflow:visible;border:0}.wide svg{max-width:100%;height:auto}
svg{print-color-adjust:exact;-webkit-print-color-adjust:exact}
}
";

/// A content security policy under which these style sheets apply, and nothing else is loaded or run.
pub(super) fn policy(sheets: &[&str]) -> String {
    let hashes: String = sheets.iter().map(|s| format!(" 'sha256-{}'", hash_of(s))).collect();
    format!("default-src 'none'; style-src{hashes}; base-uri 'none'; form-action 'none'")
}

fn hash_of(sheet: &str) -> String {
    base64(&Sha256::digest(sheet.as_bytes()))
}

/// As in RFC 4648.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for three in bytes.chunks(3) {
        let byte = |n: usize| u32::from(three.get(n).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for n in 0..4 {
            let letter = usize::try_from(bits >> (18 - 6 * n) & 63).unwrap_or(0);
            out.push(if n <= three.len() { char::from(LETTERS[letter]) } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn base64_is_that_of_the_rfc() {
        let texts = ["", "f", "fo", "foo", "foob", "fooba", "foobar"].map(|t| base64(t.as_bytes()));
        assert_eq!(texts, ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"]);
    }

    /// The colours that a block of the sheet names.
    fn colours(block: &str) -> BTreeMap<String, [f64; 3]> {
        let mut found = BTreeMap::new();
        for rule in block.split([';', '{', '}', '\n']) {
            let Some((name, value)) = rule.split_once(":#") else { continue };
            let part =
                |n: usize| f64::from(u8::from_str_radix(&value[n..n + 2], 16).unwrap()) / 255.0;
            found.insert(name.to_owned(), [part(0), part(2), part(4)]);
        }
        found
    }

    /// The relative luminance of WCAG 2.
    fn luminance(colour: [f64; 3]) -> f64 {
        let lin = |c: f64| if c <= 0.040_45 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) };
        0.2126 * lin(colour[0]) + 0.7152 * lin(colour[1]) + 0.0722 * lin(colour[2])
    }

    #[test]
    fn every_text_can_be_read_on_what_it_stands_on() {
        let blocks: Vec<&str> = STYLE.split(":root{").skip(1).collect();
        assert_eq!(blocks.len(), 3, "light, dark, print");
        for block in blocks {
            let colours = colours(block.split('}').next().unwrap());
            for ground in ["--ground", "--card"] {
                for text in ["--text", "--dim", "--link", "--calm", "--busy", "--done", "--trouble"]
                {
                    let (a, b) = (luminance(colours[ground]), luminance(colours[text]));
                    let contrast = (a.max(b) + 0.05) / (a.min(b) + 0.05);
                    assert!(contrast >= 4.5, "{text} on {ground}: {contrast}");
                }
            }
        }
    }
}
