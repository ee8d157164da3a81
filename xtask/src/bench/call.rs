//! Russian speech with known words: telephone prompts one by one, and a call joined of them.

use std::path::{Path, PathBuf};

/// Samples per second of the prompts and of the call.
pub const RATE: usize = 8000;

/// Prompts of Debian's `asterisk-core-sounds-ru-wav`, and what is said in them: facts about the recordings.
/// Left out of the package: those that spell letters, name foreign companies, or say half a sentence.
pub const PROMPTS: &[(&str, &str)] = &[
    ("agent-alreadyon", "Этот оператор уже зарегистрирован. Введите номер оператора и нажмите решётку."),
    ("agent-pass", "Введите пароль и нажмите решётку."),
    ("all-circuits-busy-now", "На данный момент все линии заняты."),
    ("conf-getconfno", "Введите номер конференции и затем решётку."),
    ("conf-noempty", "Пустых конференций не существует."),
    ("conf-unlockednow", "Эта конференция теперь открыта."),
    (
        "conf-usermenu",
        "Нажмите 1 для включения или выключения микрофона, 4 или 6 для уменьшения или увеличения уровня громкости конференции, \
         7 или 9 для уменьшения или увеличения уровня вашей громкости, или 8 для выхода из конференции.",
    ),
    ("conf-waitforleader", "Конференция начнётся после прихода её инициатора."),
    ("enter-num-blacklist", "Введите номер, который вы хотите добавить в чёрный список."),
    ("entr-num-rmv-blklist", "Введите номер, который вы хотите убрать из чёрного списка."),
    ("followme/sorry", "Извините, в данный момент соединение невозможно."),
    ("pbx-invalidpark", "Извините, припаркованный вызов по данному номеру не найден."),
    ("pls-try-call-later", "Попробуйте позвонить позднее."),
    ("privacy-incorrect", "Извините, это неверный номер."),
    ("vm-advopts", "Нажмите 3 для расширенных настроек."),
    ("vm-forward-multiple", "Нажмите 1, чтобы отправить сообщение. Или нажмите 2, чтобы добавить ещё одного получателя."),
    ("vm-mismatch", "Введённые пароли не совпадают. Пожалуйста, введите пароли ещё раз."),
    (
        "vm-msginstruct",
        "Для прослушивания следующего сообщения нажмите 6. Для повторного прослушивания сообщения нажмите 5. \
         Для прослушивания предыдущего сообщения нажмите 4. Для удаления или восстановления сообщения нажмите 0. \
         Для выхода из голосовой почты нажмите решётку.",
    ),
    ("vm-next", "Нажмите 6 для прослушивания следующего сообщения."),
    ("vm-rec-unv", "После сигнала произнесите своё сообщение при статусе недоступен и нажмите решётку."),
    ("vm-star-cancel", "Нажмите клавишу звёздочка для отмены."),
    ("vm-starmain", "Нажмите звёздочку, чтобы вернуться в главное меню."),
    ("vm-tempgreeting", "Нажмите 1 для записи временного приветствия."),
    ("vm-tmpexists", "Активировано временное сообщение, которое заменяет ваши стандартные сообщения."),
    ("vm-tocallback", "Нажмите 2, чтобы позвонить абоненту, который оставил это сообщение."),
];

/// Whole numbers that are the same each time.
pub struct Numbers(u64);
impl Numbers {
    /// Any seed will do.
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }
    /// 64 bits (SplitMix64).
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
    /// From 0 to less than `n`, which is not 0.
    pub fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }
}

/// Copies the first `n` prompts into `dir`. Answers file name and words of each. Errors: the package is not installed.
pub fn clips(dir: &Path, n: usize) -> Result<Vec<(String, String)>, String> {
    let mut all = Vec::new();
    for (name, words) in PROMPTS.iter().take(n) {
        let file = format!("{}.wav", name.replace('/', "-"));
        let from = spoken(name);
        std::fs::copy(&from, dir.join(&file)).map_err(|e| missing(&from, &e))?;
        all.push((file, (*words).to_owned()));
    }
    Ok(all)
}

/// Writes a call of `seconds` to `path`, one channel: every prompt once in a shuffled order, then all of them in another one,
/// and so on, with 0.3 to 2.5 seconds of a quiet line between. Answers the words. Errors: the package is not installed.
pub fn join(path: &Path, seconds: usize) -> Result<String, String> {
    let sounds: Vec<Vec<i16>> = PROMPTS.iter().map(|(name, _)| read_wav(&spoken(name))).collect::<Result<_, _>>()?;
    let mut numbers = Numbers::new(10);
    let mut noise = Numbers::new(11);
    let mut quiet = move || (noise.below(29) as i16) - 14;
    let (mut samples, mut words) = (Vec::new(), Vec::new());
    let whole = seconds * RATE;
    'rounds: loop {
        for i in shuffled(sounds.len(), &mut numbers) {
            let pause = RATE * 3 / 10 + numbers.below(RATE * 22 / 10);
            if samples.len() + pause + sounds[i].len() > whole {
                break 'rounds;
            }
            samples.extend((0..pause).map(|_| quiet()));
            samples.extend(sounds[i].iter().map(|s| s.saturating_add(quiet())));
            words.push(PROMPTS[i].1);
        }
    }
    samples.extend((samples.len()..whole).map(|_| quiet()));
    write_wav(path, &samples)?;
    Ok(words.join(" "))
}

/// Writes `n` calls of 0.4 to 1.6 times the mean length, cut at different places from one long call, so that no two are alike and the words
/// repeat. Answers the seconds of all. Errors: the package is not installed, or they cannot be written.
pub fn many(dir: &Path, n: usize, seconds: f64) -> Result<f64, String> {
    let mean_s = (seconds / n as f64).max(2.0);
    let base = dir.with_file_name("base.wav");
    join(&base, (mean_s * 3.0).max(120.0) as usize)?;
    let sound = read_wav(&base)?;
    let mut numbers = Numbers::new(12);
    let mean = (mean_s * RATE as f64) as usize;
    let mut samples = 0;
    for name in names(n) {
        let len = (mean * 2 / 5 + numbers.below(mean * 6 / 5)).clamp(RATE, sound.len() - 1);
        let from = numbers.below(sound.len() - len);
        write_wav(&dir.join(name), &sound[from..from + len])?;
        samples += len;
    }
    std::fs::remove_file(&base).map_err(|e| format!("{} cannot be removed: {e}.", base.display()))?;
    Ok(samples as f64 / RATE as f64)
}

/// What [`many`] calls its files.
pub fn names(n: usize) -> impl Iterator<Item = String> {
    (0..n).map(|i| format!("call-{i:05}.wav"))
}

/// Where the package puts a prompt.
pub fn spoken(name: &str) -> PathBuf {
    Path::new("/usr/share/asterisk/sounds/ru_RU_f_IvrvoiceRU").join(format!("{name}.wav"))
}

/// The numbers below `n`, each once.
pub fn shuffled(n: usize, numbers: &mut Numbers) -> Vec<usize> {
    let mut order: Vec<usize> = (0..n).collect();
    for i in (1..n).rev() {
        order.swap(i, numbers.below(i + 1));
    }
    order
}

fn missing(path: &Path, e: &std::io::Error) -> String {
    format!("{} cannot be read: {e}. Install the Debian package asterisk-core-sounds-ru-wav.", path.display())
}

/// Samples of a WAV file: one channel, 8000 Hz, 16 bits.
pub fn read_wav(path: &Path) -> Result<Vec<i16>, String> {
    let bytes = std::fs::read(path).map_err(|e| missing(path, &e))?;
    samples(&bytes).ok_or_else(|| format!("{} is not a WAV file of one channel, 8000 Hz, 16 bits.", path.display()))
}

fn samples(bytes: &[u8]) -> Option<Vec<i16>> {
    let number = |at: usize| Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?) as usize);
    if bytes.get(..4)? != b"RIFF" || bytes.get(8..12)? != b"WAVE" {
        return None;
    }
    let mut at = 12;
    let mut fits = false;
    loop {
        let (name, len) = (bytes.get(at..at + 4)?, number(at + 4)?);
        let body = bytes.get(at + 8..bytes.len().min(at.checked_add(8)?.checked_add(len)?))?;
        match name {
            // Plain samples, one channel; rate; 16 bits.
            b"fmt " => {
                let head = [1, 0, 1, 0];
                fits = body.get(..4)? == head && number(at + 12)? == RATE && body.get(14..16)? == [16, 0];
            }
            b"data" if fits => return Some(body.chunks_exact(2).map(|b| i16::from_le_bytes([b[0], b[1]])).collect()),
            b"data" => return None,
            _ => {}
        }
        at = at.checked_add(8 + len + len % 2)?;
    }
}

/// Writes a WAV file of one channel, 8000 Hz, 16 bits. Errors: it cannot be written.
pub fn write_wav(path: &Path, samples: &[i16]) -> Result<(), String> {
    let size = samples.len() as u32 * 2;
    let rate = RATE as u32;
    let mut bytes = Vec::with_capacity(44 + samples.len() * 2);
    bytes.extend(b"RIFF");
    bytes.extend((36 + size).to_le_bytes());
    bytes.extend(b"WAVEfmt ");
    bytes.extend(16u32.to_le_bytes());
    bytes.extend([1, 0, 1, 0]);
    bytes.extend(rate.to_le_bytes());
    bytes.extend((rate * 2).to_le_bytes());
    bytes.extend([2, 0, 16, 0]);
    bytes.extend(b"data");
    bytes.extend(size.to_le_bytes());
    samples.iter().for_each(|s| bytes.extend(s.to_le_bytes()));
    std::fs::write(path, bytes).map_err(|e| format!("{} cannot be written: {e}.", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wav_there_and_back() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.wav");
        write_wav(&path, &[0, 1, -1, i16::MAX, i16::MIN]).unwrap();
        assert_eq!(read_wav(&path).unwrap(), [0, 1, -1, i16::MAX, i16::MIN]);
        let bytes = std::fs::read(&path).unwrap();
        for n in 0..44 {
            assert_eq!(samples(&bytes[..n]), None, "cut after {n} bytes");
        }
        let mut stereo = bytes.clone();
        stereo[22] = 2;
        assert_eq!(samples(&stereo), None);
    }

    #[test]
    fn a_joined_call_is_as_long_as_asked_and_the_same_each_time() {
        let dir = tempfile::tempdir().unwrap();
        let (a, b) = (dir.path().join("a.wav"), dir.path().join("b.wav"));
        let words = join(&a, 60).unwrap();
        assert_eq!(join(&b, 60).unwrap(), words);
        let bytes = std::fs::read(&a).unwrap();
        assert!(bytes == std::fs::read(&b).unwrap(), "two calls of the same seed differ");
        assert_eq!(bytes.len(), 44 + 60 * RATE * 2);
        assert!(words.split(' ').count() > 50 && words.contains("решётку"), "{words}");
    }

    #[test]
    fn an_order_has_everything_once() {
        let mut order = shuffled(25, &mut Numbers::new(3));
        assert_ne!(order, (0..25).collect::<Vec<_>>());
        order.sort_unstable();
        assert_eq!(order, (0..25).collect::<Vec<_>>());
    }
}
