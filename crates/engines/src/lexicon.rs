//! Words that must not be misheard or mistranslated: negations and numbers, in Russian, Ukrainian and English.

/// What turns a sentence into its opposite, as [`bare`] writes words.
pub(crate) const NEGATIONS: &[&str] = &[
    "не",
    "нет",
    "ни",
    "нету",
    "нельзя",
    "никогда",
    "никто",
    "никого",
    "никому",
    "никем",
    "ничего",
    "ничто",
    "ничему",
    "ничем",
    "никак",
    "нигде",
    "никуда",
    "никакой",
    "никакая",
    "никакие",
    "никаких",
    "невозможно",
    "без",
    "ні",
    "нема",
    "немає",
    "ніколи",
    "ніхто",
    "нікого",
    "нікому",
    "ніким",
    "нічого",
    "ніщо",
    "нічому",
    "нічим",
    "ніяк",
    "ніде",
    "нікуди",
    "ніякий",
    "ніяка",
    "ніякі",
    "ніяких",
    "неможливо",
    "no",
    "not",
    "never",
    "nobody",
    "nothing",
    "none",
    "nowhere",
    "neither",
    "nor",
    "cannot",
    "without",
    "dont",
    "doesnt",
    "didnt",
    "isnt",
    "arent",
    "wasnt",
    "werent",
    "wont",
    "cant",
    "couldnt",
    "shouldnt",
    "wouldnt",
    "hasnt",
    "havent",
    "hadnt",
    "aint",
];

/// Number words with what they stand for, as [`bare`] writes them: the forms that are said, ordinals where they name hours, days and
/// floors. One, first and second are left out: they stand for too much else.
const NUMBERS: &[(u64, &str)] = &[
    (0, "ноль нуль нуля нулю zero"),
    (2, "два две двух двум двумя дві двох двом двома two"),
    (3, "три трех трем тремя трьох трьом трьома третий третья третьего третью третій третя третьої третю three third"),
    (
        4,
        "четыре четырех четырем четвертый четвертая четвертого чотири чотирьох чотирьом четвертий четверта четвертої four fourth",
    ),
    (5, "пять пяти пятью пятый пятая пятого пять пять пятий пята пятої five fifth"),
    (6, "шесть шести шестью шестой шестая шестого шість шести шостий шоста шостої шостій six sixth"),
    (7, "семь семи семью седьмой седьмая седьмого сім сьомий сьома сьомої сьомій seven seventh"),
    (8, "восемь восьми восьмой восьмая восьмого вісім восьми восьмий восьма восьмої восьмій eight eighth"),
    (9, "девять девяти девятый девятая девятого девять девятий девята девятої девятій nine ninth"),
    (10, "десять десяти десятый десятая десятого десятий десята десятої десятій ten tenth"),
    (11, "одиннадцать одиннадцати одиннадцатый одинадцять одинадцяти одинадцятий одинадцятій eleven eleventh"),
    (12, "двенадцать двенадцати двенадцатый дванадцять дванадцяти дванадцятий дванадцятій twelve twelfth"),
    (13, "тринадцать тринадцати тринадцять тринадцяти thirteen thirteenth"),
    (14, "четырнадцать четырнадцати чотирнадцять чотирнадцяти fourteen fourteenth"),
    (15, "пятнадцать пятнадцати пятнадцять пятнадцяти fifteen fifteenth"),
    (16, "шестнадцать шестнадцати шістнадцять шістнадцяти sixteen sixteenth"),
    (17, "семнадцать семнадцати сімнадцять сімнадцяти seventeen seventeenth"),
    (18, "восемнадцать восемнадцати вісімнадцять вісімнадцяти eighteen eighteenth"),
    (19, "девятнадцать девятнадцати девятнадцять девятнадцяти nineteen nineteenth"),
    (20, "двадцать двадцати двадцатый двадцатого двадцять двадцяти двадцятий двадцятого twenty twentieth"),
    (30, "тридцать тридцати тридцять тридцяти thirty thirtieth"),
    (40, "сорок сорока forty fortieth"),
    (50, "пятьдесят пятидесяти пятдесят пятдесяти fifty fiftieth"),
    (60, "шестьдесят шестидесяти шістдесят шістдесяти sixty sixtieth"),
    (70, "семьдесят семидесяти сімдесят сімдесяти seventy seventieth"),
    (80, "восемьдесят восьмидесяти вісімдесят вісімдесяти eighty eightieth"),
    (90, "девяносто девяноста девяносто ninety ninetieth"),
    (100, "сто ста hundred hundreds"),
    (200, "двести двухсот двісті двохсот"),
    (300, "триста трехсот трьохсот"),
    (400, "четыреста четырехсот чотириста чотирьохсот"),
    (500, "пятьсот пятисот пятсот пятисот"),
    (600, "шестьсот шестисот шістсот шестисот"),
    (700, "семьсот семисот сімсот семисот"),
    (800, "восемьсот восьмисот вісімсот восьмисот"),
    (900, "девятьсот девятисот девятсот девятисот"),
    (1000, "тысяча тысячи тысяч тысячу тысячам тисяча тисячі тисяч тисячу thousand thousands"),
];

/// What a number word stands for. `word`: as [`bare`] writes it.
pub(crate) fn number(word: &str) -> Option<u64> {
    NUMBERS.iter().find(|(_, forms)| forms.split(' ').any(|f| f == word)).map(|(n, _)| *n)
}

/// A word as it is compared: letters and digits in lower case, `ё` as `е`.
pub(crate) fn bare(word: &str) -> String {
    word.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).map(|c| if c == 'ё' { 'е' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_as_words_are_compared() {
        assert!(NEGATIONS.iter().all(|w| bare(w) == **w));
        for (n, forms) in NUMBERS {
            for form in forms.split(' ') {
                assert_eq!((bare(form).as_str(), number(form)), (form, Some(*n)), "{form}");
            }
        }
        assert_eq!((bare("Don't,"), bare("ЁЛКА…")), ("dont".into(), "елка".into()));
    }
}
