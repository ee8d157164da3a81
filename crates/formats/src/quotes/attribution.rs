//! Who says it: the words before and after a quotation, and those a Russian or Ukrainian one holds inside.

use super::Span;

/// Speaker and verb, as written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Attribution {
    pub(super) speaker: Option<String>,
    pub(super) verb: Option<String>,
}

/// Verbs of saying by stem (Ukrainian, Russian) or form (English). A word matches a stem that it begins with, if the rest
/// is an ending of that length or less.
const STEMS: &[&str] = &[
    // Ukrainian
    "сказа",
    "кажe",
    "каже",
    "кажут",
    "говори",
    "розпові",
    "розказа",
    "повідом",
    "заяви",
    "заявля",
    "зазнач",
    "наголо",
    "підкресл",
    "додa",
    "дода",
    "поясн",
    "відпові",
    "запита",
    "спита",
    "напис",
    "пише",
    "уточн",
    "зауваж",
    "запевн",
    "стверд",
    "стверджу",
    "заперечи",
    "заперечу",
    "визна",
    "пригад",
    "згад",
    "закли",
    "цитує",
    "процитува",
    "вигукн",
    "крикн",
    "попереди",
    "нагада",
    "прокоментува",
    "переказа",
    "констату",
    "запрося",
    "обіця",
    "пообіця",
    "свідч",
    // Russian
    "говор",
    "рассказ",
    "сообщ",
    "заявл",
    "отмет",
    "отмеча",
    "подчерк",
    "добав",
    "объясн",
    "ответ",
    "отвеча",
    "спрос",
    "спраш",
    "сказал",
    "скажет",
    "пиш",
    "уточня",
    "замет",
    "заверя",
    "завери",
    "утвержд",
    "отрица",
    "опроверг",
    "призна",
    "вспомн",
    "вспомин",
    "призва",
    "цитир",
    "процитир",
    "воскли",
    "крикну",
    "предупре",
    "напомн",
    "проком",
    "комментир",
    "поясни",
    "пообеща",
    "обеща",
    "свидетельств",
    "считает",
    "полагает",
    "вважає",
    "думає",
    "гадає",
    "возраз",
    "продолж",
    "продовж",
    "утверди",
];
const FORMS: &[&str] = &[
    "said",
    "says",
    "say",
    "saying",
    "told",
    "tells",
    "added",
    "adds",
    "wrote",
    "writes",
    "tweeted",
    "posted",
    "stated",
    "states",
    "explained",
    "explains",
    "asked",
    "asks",
    "replied",
    "replies",
    "answered",
    "noted",
    "notes",
    "claimed",
    "claims",
    "insisted",
    "warned",
    "warns",
    "announced",
    "argued",
    "argues",
    "recalled",
    "recalls",
    "confirmed",
    "denied",
    "denies",
    "declared",
    "continued",
    "admitted",
    "acknowledged",
    "testified",
    "reported",
    "commented",
    "responded",
    "remarked",
    "emphasized",
    "emphasised",
    "stressed",
    "suggested",
    "promised",
    "shouted",
    "exclaimed",
    "concluded",
    "observed",
    "repeated",
];
/// Nouns and participles that begin like a verb of saying.
const NOT_VERBS: &[&str] = &[
    "повідомлення",
    "пояснення",
    "відповідно",
    "відповідь",
    "відповіді",
    "відповідальний",
    "відповідальність",
    "заява",
    "зазначений",
    "розповідь",
    "розповіді",
    "згадка",
    "визначення",
    "визначений",
    "визначено",
    "письменник",
    "сообщение",
    "сообщения",
    "ответственный",
    "ответственность",
    "ответ",
    "ответы",
    "ответа",
    "добавка",
    "заявление",
    "заявления",
    "заявка",
    "рассказ",
    "рассказы",
    "рассказа",
    "объяснение",
    "признак",
    "признаки",
    "призвание",
    "пишущий",
    "обещание",
    "утверждение",
    "отметка",
    "отметки",
    "заметка",
    "заметки",
    "заметно",
    "свидетельство",
    "свидетельства",
    "комментарий",
    "свідчення",
    "говорун",
    "додаток",
    "додатковий",
    "додаткова",
    "додаткове",
    "додаткові",
    "додатково",
    "признание",
    "визнання",
    "ответный",
    "заметный",
    "додаючи",
    "предупреждение",
    "продолжение",
];
/// Phrases that name a speaker without a verb; the name follows.
const PHRASES: &[&str] =
    &["по словам", "со слов", "по его словам", "за словами", "зі слів", "за його словами", "according to", "in the words of"];
const NEGATIONS: &[&str] = &[
    "не",
    "ні",
    "никогда",
    "ніколи",
    "not",
    "never",
    "didn’t",
    "didn't",
    "hasn’t",
    "hasn't",
    "don't",
    "don’t",
    "doesn't",
    "doesn’t",
    "hadn't",
    "hadn’t",
];

#[derive(Debug, Clone)]
struct Word<'a> {
    text: &'a str,
    /// A comma, dash or stop stands before it.
    edge: bool,
    /// A full stop, question or exclamation mark stands before it.
    stop: bool,
}

fn words(text: &str) -> Vec<Word<'_>> {
    let mut out: Vec<Word<'_>> = Vec::new();
    let (mut start, mut edge, mut stop) = (None, false, false);
    let inside = |c: char| c.is_alphanumeric() || matches!(c, '\'' | '’' | 'ʼ' | '-' | '‑' | '@' | '_');
    for (i, c) in text.char_indices() {
        match (inside(c), start) {
            (true, None) => start = Some(i),
            (true, Some(_)) => {}
            (false, from) => {
                let mut initial = false;
                if let Some(from) = from {
                    let text = text[from..i].trim_matches(['-', '‑', '\'', '’']);
                    initial = text.chars().count() == 1 && text.chars().all(char::is_uppercase)
                        || matches!(
                            text,
                            "Mr" | "Mrs" | "Ms" | "Dr" | "Lt" | "Gen" | "Col" | "Maj" | "Sgt" | "Gov" | "Sen" | "Rep" | "St"
                        );
                    if !text.is_empty() {
                        out.push(Word { text, edge, stop });
                        (edge, stop) = (false, false);
                    }
                }
                start = None;
                match c {
                    '.' if initial => {}
                    '.' | '!' | '?' | '…' | ';' => (edge, stop) = (true, true),
                    ',' | ':' | '—' | '–' | '(' | ')' | '«' | '»' | '"' | '“' | '”' => edge = true,
                    _ => {}
                }
            }
        }
    }
    if let Some(from) = start {
        let text = text[from..].trim_matches(['-', '‑', '\'', '’']);
        if !text.is_empty() {
            out.push(Word { text, edge, stop });
        }
    }
    out
}

fn is_verb(word: &str) -> bool {
    let word = word.to_lowercase();
    if FORMS.contains(&word.as_str()) {
        return true;
    }
    if NOT_VERBS.contains(&word.as_str()) || word.ends_with("ння") || word.ends_with("ние") || word.ends_with("ния") {
        return false;
    }
    STEMS.iter().any(|s| word.strip_prefix(s).is_some_and(|rest| rest.chars().count() <= 5))
}

pub(super) fn has_verb(text: &str) -> bool {
    words(text).iter().any(|w| is_verb(w.text))
}

/// From what stands around a quotation: `left` to its opening mark, its closing mark to `right`.
pub(super) fn around(chars: &[char], left: usize, span: &Span, right: usize) -> Attribution {
    const REACH: usize = 200;
    let from = left.max((span.start - 1).saturating_sub(REACH)).min(span.start - 1);
    let after = span.after().min(chars.len());
    let before: String = chars[from..span.start - 1].iter().collect();
    let behind: String = chars[after..right.clamp(after, chars.len().min(after + REACH))].iter().collect();
    let last: Option<char> = chars[span.start..span.end].iter().rev().find(|c| !c.is_whitespace()).copied();

    // `…», — сказав Коваль`, `…,” said Koval`: the tail belongs to the quotation if it goes on without a new sentence.
    let tail = behind.trim_start();
    let goes_on = tail.starts_with([',', '—', '–', '-'])
        || last.is_some_and(|c| matches!(c, ',' | '!' | '?' | '…' | '.'))
        || tail.chars().next().is_some_and(char::is_lowercase);
    if goes_on {
        let clause = words(tail);
        let end = clause.iter().skip(1).position(|w| w.stop).map_or(clause.len(), |p| p + 1);
        let found = clause_attribution(&clause[..end], true);
        if found.verb.is_some() {
            return found;
        }
    }
    // `Коваль сказав: «…»`, `According to Koval, “…”`: the sentence that leads to the mark.
    let lead = words(&before);
    let start = lead.iter().rposition(|w| w.stop).unwrap_or(0);
    // A new sentence between the words and the mark cuts the tie, unless a colon introduces it.
    if before.trim_end().ends_with(['.', '!', '?', '…']) {
        return Attribution::default();
    }
    clause_attribution(&lead[start..], false)
}

/// `«Ми їдемо, — сказав він. — Скоро будемо»`: Russian and Ukrainian put the speaker inside the marks.
pub(super) fn inside(inner: &str) -> Attribution {
    for dash in [", —", ", –", "! —", "! –", "? —", "? –", "… —", "… –", ",—", ",–", ", -"] {
        for (at, _) in inner.match_indices(dash).take(8) {
            let rest = &inner[at + dash.len()..];
            let rest = rest.char_indices().nth(200).map_or(rest, |(end, _)| &rest[..end]);
            // Behind the dash a verb of saying comes first or after a short subject, in lower case.
            let clause: Vec<_> = words(rest).into_iter().take(12).collect();
            let end = clause.iter().skip(1).position(|w| w.edge).map_or(clause.len(), |p| p + 1);
            let near = clause.iter().take(2).any(|w| is_verb(w.text) && w.text.chars().next().is_some_and(char::is_lowercase));
            if near {
                return clause_attribution(&clause[..end], true);
            }
        }
    }
    Attribution::default()
}

/// Verb and speaker in the words of one clause. `behind`: the clause follows the quotation.
fn clause_attribution(clause: &[Word<'_>], behind: bool) -> Attribution {
    let phrase = PHRASES.iter().find_map(|p| {
        let parts: Vec<_> = p.split(' ').collect();
        let at = clause.windows(parts.len()).position(|w| w.iter().zip(&parts).all(|(w, p)| w.text.to_lowercase() == *p))?;
        Some((at, parts.len()))
    });
    // The verb nearest to the mark.
    let verb = if behind { clause.iter().position(|w| is_verb(w.text)) } else { clause.iter().rposition(|w| is_verb(w.text)) };
    if let Some((at, n)) = phrase
        && verb.is_none_or(|v| behind || v < at || v > at + 8)
    {
        let speaker = named(&clause[at + n..], true);
        let verb = clause[at..at + n].iter().map(|w| w.text).collect::<Vec<_>>().join(" ");
        return Attribution { speaker, verb: Some(verb) };
    }
    let Some(v) = verb else { return Attribution::default() };
    // A verb far from the marks belongs to another statement.
    if behind && v > 9 || !behind && clause.len() - v > 14 {
        return Attribution::default();
    }
    let mut from = v;
    while from > 0 && v - from < 2 && !clause[from].edge && {
        let before = clause[from - 1].text.to_lowercase();
        NEGATIONS.contains(&before.as_str())
            || v == from && ["did", "has", "have", "had", "do", "does"].contains(&before.as_str())
    } {
        from -= 1;
    }
    if from > 0
        && clause[from].text.eq_ignore_ascii_case("not")
        && ["did", "has", "had", "does", "do"].contains(&clause[from - 1].text)
    {
        from -= 1;
    }
    // An auxiliary alone is no negation and no part of what is said to be the verb.
    if !clause[from..v].iter().any(|w| NEGATIONS.contains(&w.text.to_lowercase().as_str())) {
        from = v;
    }
    let text = clause[from..=v].iter().map(|w| w.text).collect::<Vec<_>>().join(" ");
    let after = &clause[v + 1..];
    let before = &clause[..from];
    // Behind a quotation the subject mostly follows the verb in Slavic texts and may in English; before one it leads.
    let speaker = if behind {
        if v == 0 { named(after, true) } else { named(before, false).or_else(|| named(after, true)) }
    } else {
        named(before, false).or_else(|| named(after, true))
    };
    Attribution { speaker, verb: Some(text) }
}

const PRONOUNS: &[&str] = &[
    "він",
    "вона",
    "вони",
    "воно",
    "я",
    "ми",
    "ти",
    "ви",
    "он",
    "она",
    "они",
    "оно",
    "мы",
    "ты",
    "вы",
    "he",
    "she",
    "they",
    "it",
    "i",
    "we",
    "you",
    "who",
    "that",
    "which",
    "the",
    "a",
    "an",
    "his",
    "her",
    "их",
    "їх",
    "його",
    "её",
    "его",
    "який",
    "яка",
    "которая",
    "который",
    "що",
    "что",
    "як",
    "как",
    "і",
    "и",
    "and",
    "but",
    "але",
    "но",
    "а",
    "у",
    "в",
    "на",
    "про",
    "о",
    "об",
    "to",
    "in",
    "on",
    "at",
    "of",
    "with",
    "about",
    "later",
    "also",
    "тоді",
    "тогда",
    "потім",
    "потом",
    "при",
    "цьому",
    "этом",
    "ще",
    "еще",
    "ещё",
    "також",
    "также",
    "так",
    "then",
    "when",
    "коли",
    "когда",
    "after",
    "before",
];

/// A name in these words: capitalised words in a row; else, right at the verb, a description such as `речниця міста`.
/// `forwards`: the words follow the verb, so the nearest name is the first; else the last.
fn named(words: &[Word<'_>], forwards: bool) -> Option<String> {
    // The clause ends at the first comma after the name has begun; what precedes the verb starts after the last one.
    let slice: &[Word<'_>] = if forwards {
        let end = words.iter().skip(1).position(|w| w.edge).map_or(words.len(), |p| p + 1);
        &words[..end.min(10)]
    } else {
        let with_name = words.iter().rposition(|w| capital(w.text)).unwrap_or(0);
        let start = words[..(with_name + 1).min(words.len())].iter().rposition(|w| w.stop).unwrap_or(0);
        &words[start.max(words.len().saturating_sub(14))..]
    };
    let mut runs: Vec<(usize, usize)> = Vec::new();
    let mut i = 0;
    while i < slice.len() {
        if !capital(slice[i].text) {
            i += 1;
            continue;
        }
        let start = i;
        i += 1;
        while i < slice.len()
            && !slice[i].edge
            && (capital(slice[i].text) || link(slice[i].text) && slice.get(i + 1).is_some_and(|n| capital(n.text) && !n.edge))
        {
            i += 1;
        }
        runs.push((start, i));
    }
    // A pronoun or connective at the start of a sentence is no name.
    runs.retain(|&(s, e)| !(e - s == 1 && PRONOUNS.contains(&slice[s].text.to_lowercase().as_str())));
    let run = if forwards { runs.last() } else { runs.iter().rev().find(|r| r.1 - r.0 >= 2).or(runs.last()) };
    if let Some(&(mut s, e)) = run {
        while e - s > 1 && PRONOUNS.contains(&slice[s].text.to_lowercase().as_str()) {
            s += 1;
        }
        // `речник ради України Іван Коваль`: country and name touch; a Slavic name is two words, three with a patronymic.
        let cyrillic = slice[e - 1].text.chars().any(|c| ('а'..='я').contains(&c) || "іїєґ".contains(c));
        if cyrillic && e - s == 3 && !patronymic(slice[s + 1].text) && !patronymic(slice[e - 1].text) && (s > 0 || !forwards) {
            s += 1;
        }
        return Some(slice[s..e].iter().map(|w| w.text).collect::<Vec<_>>().join(" "));
    }
    let role: Vec<&str> = if forwards {
        slice.iter().take(4).map(|w| w.text).collect()
    } else {
        let near = slice.iter().rposition(|w| w.edge).unwrap_or(0);
        slice[near.max(slice.len().saturating_sub(4))..].iter().map(|w| w.text).collect()
    };
    let mut role: Vec<&str> = role.into_iter().skip_while(|w| ["the", "a", "an"].contains(w)).collect();
    while role.last().is_some_and(|w| PRONOUNS.contains(&w.to_lowercase().as_str())) {
        role.pop();
    }
    let bad = role.first().is_none_or(|w| {
        PRONOUNS.contains(&w.to_lowercase().as_str())
            || NEGATIONS.contains(&w.to_lowercase().as_str())
            || w.chars().any(|c| c.is_ascii_digit())
    });
    (!bad).then(|| role.join(" "))
}

fn capital(word: &str) -> bool {
    word.chars().next().is_some_and(char::is_uppercase) || word.starts_with('@')
}
fn link(word: &str) -> bool {
    matches!(word, "de" | "van" | "von" | "der" | "bin" | "al" | "la" | "du" | "фон" | "ван" | "де")
}
fn patronymic(word: &str) -> bool {
    ["ович", "евич", "йович", "ич", "овна", "евна", "івна", "ївна", "ична"].iter().any(|s| word.ends_with(s))
}
