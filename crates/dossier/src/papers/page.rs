//! A draft as one HTML page without script.

use super::certificates::Page;
use crate::safe::html;
use std::fmt::Write as _;

/// The page. Blanks are lines to write on.
pub(crate) fn page(p: &Page) -> String {
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<meta name=\"robots\" content=\"noindex\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n<title>zapys certificate draft</title>\n<style>\n{}</style>\n</head>\n\
         <body>\n<main>\n<header class=\"cover\">\n<p class=\"word\">zapys<i></i></p>\n<p class=\"sub\">{}</p>\n<h1>{}</h1>\n\
         <div class=\"draft\"><p>{}</p></div>\n</header>\n",
        include_str!("../report/style.css"),
        html(&p.over),
        html(&p.title),
        html(&p.notice)
    );
    for s in &p.sections {
        let _ = writeln!(out, "<section class=\"part\">\n<h2>{}</h2>", html(&s.heading));
        if !s.lead.is_empty() {
            let _ = writeln!(out, "<p class=\"measure\">{}</p>", html(&s.lead));
        }
        if !s.facts.is_empty() {
            let _ = writeln!(out, "<dl class=\"facts\">");
            for (term, value) in &s.facts {
                let value = value.as_ref().map_or("<span class=\"blank\">to be completed</span>".into(), |v| {
                    let code = v.len() > 40 && v.bytes().all(|b| b.is_ascii_graphic());
                    format!("<bdi{}>{}</bdi>", if code { " class=\"mono\"" } else { "" }, html(v))
                });
                let _ = writeln!(out, "<div class=\"wide\"><dt>{}</dt><dd>{value}</dd></div>", html(term));
            }
            let _ = writeln!(out, "</dl>");
        }
        let _ = writeln!(out, "</section>");
    }
    out.push_str("</main>\n</body>\n</html>\n");
    out
}
