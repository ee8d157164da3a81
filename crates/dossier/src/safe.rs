//! Text of unknown origin made harmless: nothing invisible, nothing that reorders what is read, nothing that is markup.

use std::fmt::Write as _;

/// True for characters that hide, reorder or control instead of showing something. Line feed and tab count as well.
pub fn is_hidden(c: char) -> bool {
    matches!(c,
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}'
        | '\u{ad}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180e}' | '\u{3164}' | '\u{ffa0}'
        | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}' | '\u{e0000}'..='\u{e0fff}')
}

/// One line of plain text: hidden characters become `[U+202E]`, line feeds and tabs become spaces.
pub fn line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\t' => out.push(' '),
            c if is_hidden(c) => {
                let _ = write!(out, "[U+{:04X}]", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

/// HTML or XML text or attribute value: markup escaped, hidden characters shown as `[U+202E]`, line feeds kept.
pub fn html(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\t' => out.push(c),
            c if is_hidden(c) => {
                let _ = write!(out, "[U+{:04X}]", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t10_markup_and_hidden_characters_are_shown_not_obeyed() {
        let check = |text: &str, want: &str| assert_eq!(html(text), want, "{text:?}");
        check("<script>alert('x')</script>", "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;");
        check("\" onload=\"x", "&quot; onload=&quot;x");
        check("a\u{202e}b\u{2066}c\0d\u{feff}", "a[U+202E]b[U+2066]c[U+0000]d[U+FEFF]");
        check("Її &amp;", "Її &amp;amp;");
        // XML cannot hold these, whatever is done to them.
        check("\u{1}\u{fffe}\u{ffff}", "[U+0001][U+FFFE][U+FFFF]");
        assert_eq!(line("a\nb\tc\u{1b}[31m"), "a b c[U+001B][31m");
    }
}
