//! Telephone prompts spoken by people, and their words.
//!
//! The sounds are those of Debian's packages `asterisk-core-sounds-ru-wav` (provided by Maxim Topal, ivrvoice.ru; Creative
//! Commons Attribution 3.0) and `asterisk-core-sounds-en-wav` (recorded by Allison Smith, theivrvoice.com, paid for by
//! Digium; Creative Commons Attribution-ShareAlike 3.0). They are read from where the packages put them and are no part of
//! this repository; what is composed of them stays on the machine that made it, with [`CREDIT`] beside it. The words are
//! facts about the recordings: the scripts published with them, each heard again by a recogniser before it was taken.

use std::path::PathBuf;

/// Lies beside the sample, whose sounds are made of other people's.
pub const CREDIT: &str = "\
The calls and clips in this folder are composed of telephone prompts, cut together, mixed and encoded anew:
  Russian: provided by Maxim Topal, ivrvoice.ru. Creative Commons Attribution 3.0,
    https://creativecommons.org/licenses/by/3.0/
  English: recorded by Allison Smith, theivrvoice.com, paid for by Digium. Creative Commons Attribution-ShareAlike 3.0,
    https://creativecommons.org/licenses/by-sa/3.0/
Whoever hands them on does so under Creative Commons Attribution-ShareAlike 3.0, with this note.
Everything else here is invented: no such town, museum, newspaper, channel or person exists.
";

/// One prompt: language, file below the voice's folder, words.
pub type Prompt = (Voice, &'static str, &'static str);

/// Whose voice.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Voice {
    Russian,
    English,
}
impl Voice {
    pub fn lang(self) -> &'static str {
        match self {
            Self::Russian => "ru",
            Self::English => "en",
        }
    }
    /// Where the package puts a prompt.
    pub fn file(self, name: &str) -> PathBuf {
        let folder = match self {
            Self::Russian => "ru_RU_f_IvrvoiceRU",
            Self::English => "en_US_f_Allison",
        };
        PathBuf::from("/usr/share/asterisk/sounds").join(folder).join(format!("{name}.wav"))
    }
}
use Voice::{English as En, Russian as Ru};

/// The first call: two people who do not reach anybody. Each on a channel of her own.
pub const CALL_01: &[Prompt] = &[
    (En, "vm-nobodyavail", "Nobody is available to take your call at the moment."),
    (Ru, "privacy-incorrect", "Извините, это неверный номер."),
    (En, "ss-noservice", "The number you have dialed is not in service. Please check the number and try again."),
    (Ru, "all-circuits-busy-now", "На данный момент все линии заняты."),
    (En, "pls-hold-while-try", "Please hold while we try to connect you."),
    (Ru, "followme/sorry", "Извините, в данный момент соединение невозможно."),
    (En, "vm-sorry", "I'm sorry, I did not understand your response."),
    (Ru, "conf-noempty", "Пустых конференций не существует."),
    (En, "confbridge-removed", "You have been removed from the conference."),
    (Ru, "conf-waitforleader", "Конференция начнётся после прихода её инициатора."),
    (En, "confbridge-begin-leader", "The conference will begin when the leader arrives."),
    (Ru, "conf-unlockednow", "Эта конференция теперь открыта."),
    (Ru, "pls-try-call-later", "Попробуйте позвонить позднее."),
    (En, "vm-mismatch", "The passwords you entered and re-entered did not match. Please try again."),
    (Ru, "vm-mismatch", "Введённые пароли не совпадают. Пожалуйста, введите пароли ещё раз."),
    (En, "dir-nomatch", "No directory entries match your search."),
    (Ru, "agent-alreadyon", "Этот оператор уже зарегистрирован. Введите номер оператора и нажмите решётку."),
    (En, "conf-noempty", "No empty conferences currently exist."),
    (Ru, "vm-next", "Нажмите 6 для прослушивания следующего сообщения."),
];

/// The second call: the Russian voice again, one channel.
pub const CALL_02: &[Prompt] = &[
    (Ru, "conf-getconfno", "Введите номер конференции и затем решётку."),
    (Ru, "enter-num-blacklist", "Введите номер, который вы хотите добавить в чёрный список."),
    (Ru, "agent-pass", "Введите пароль и нажмите решётку."),
    (Ru, "entr-num-rmv-blklist", "Введите номер, который вы хотите убрать из чёрного списка."),
    (Ru, "vm-forward-multiple", "Нажмите 1, чтобы отправить сообщение. Или нажмите 2, чтобы добавить ещё одного получателя."),
    (Ru, "pbx-invalidpark", "Извините, припаркованный вызов по данному номеру не найден."),
    (Ru, "vm-tocallback", "Нажмите 2, чтобы позвонить абоненту, который оставил это сообщение."),
    (Ru, "vm-starmain", "Нажмите звёздочку, чтобы вернуться в главное меню."),
];
