//! Windows of sound in, words out: Whisper through CTranslate2.
//!
//! What makes it fast on processors without a graphics card: windows are as short as their speech and not padded to
//! 30 s; windows of similar length are heard together; each window passes the encoder once, and its output serves
//! language, text and word times; one worker thread per core, each with its own batch.
//!
//! Everything here repeats exactly on one machine: batches do not depend on the number of threads, and where a window
//! comes out badly, other fixed ways of hearing it are tried, not random ones.

use crate::Fault;
use crate::mel::{HOP, Mel};
use crate::vocabulary::Vocabulary;
use crate::words::{self, Passages};
use ct2rs::sys::{ComputeType, Config, Device, StorageView, Whisper, WhisperOptions};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, mpsc};
use zapys_host_protocol::guards;
use zapys_host_protocol::{Heard, WindowsAsk};

/// Windows heard together at most.
const BATCH: usize = 8;
/// Frames squared of all windows heard together at most: attention takes memory with the square of the length. Two
/// windows of 28 s; with eight, two workers would need more than 2 GB.
const BATCH_SQUARES: usize = 2 * 2_800 * 2_800;
/// A window shorter than this share of the longest in its batch goes to the next one: it would be mostly padding.
const SPREAD: f32 = 0.7;
/// Silence after the speech before the spectrogram, in samples. Without it Whisper does not see the end coming.
const TAIL: usize = 3 * 16_000;
/// The same for a window of less than 6 s, where more is needed.
const TAIL_SHORT: usize = 4 * 16_000;
const SHORT: usize = 6 * 16_000;
/// Most frames that the encoder takes.
const MAX_FRAMES: usize = 3000;
/// Batches that are listened to for the language of all.
const LANGUAGE_BATCHES: usize = 2;
/// A window is heard in its own language where that is surer than this and the common one is less likely than a tenth.
const SWITCH: f32 = 0.85;

/// What is wanted of the windows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Task {
    /// Words in the language spoken, with times.
    Transcribe,
    /// English, without times of words.
    Translate,
}

/// The loaded model.
pub struct Ears {
    whisper: Whisper,
    vocabulary: Vocabulary,
    mel: Mel,
    threads: usize,
}

/// Languages with their probability, best first.
pub type Languages = Vec<(String, f32)>;

/// Windows heard together, with the encoder's output once it is there.
struct Batch {
    /// Indices of the windows, longest first.
    windows: Vec<usize>,
    encoded: Option<StorageView<'static>>,
    /// Of each window.
    languages: Vec<Languages>,
}

/// One way of hearing a window.
#[derive(Clone, Copy)]
struct Way {
    times: bool,
    no_repeat: usize,
    penalty: f32,
}

/// What to try one after the other where the first way fails.
const OTHER_WAYS: [Way; 3] = [
    Way { times: true, no_repeat: 0, penalty: 1.0 },
    Way { times: false, no_repeat: 0, penalty: 1.0 },
    Way { times: false, no_repeat: 4, penalty: 1.1 },
];

/// Tokens with what the decoder thought of them.
struct Guess {
    tokens: Vec<usize>,
    text: String,
    mean_log_probability: f32,
    no_speech: f32,
    compression: f32,
    repeats: bool,
}
impl Guess {
    fn is_good(&self) -> bool {
        // Where nobody seems to speak, a low probability is to be expected and no reason to look for words.
        !self.loops() && (self.mean_log_probability > guards::MIN_LOG_PROBABILITY || self.no_speech > 0.6)
    }
    fn loops(&self) -> bool {
        self.repeats || self.compression > guards::MAX_COMPRESSION
    }
}

impl Ears {
    /// Loads the model. `threads`: worker threads. Errors: [`Fault::Model`].
    pub fn open(folder: &Path, threads: usize) -> Result<Self, Fault> {
        let config = Config {
            device: Device::CPU,
            compute_type: ComputeType::INT8,
            // One replica per worker; they share the weights.
            device_indices: vec![0; threads],
            num_threads_per_replica: 1,
            ..Config::default()
        };
        let whisper = Whisper::new(folder, config).map_err(|_| Fault::Model("the Whisper model cannot be loaded"))?;
        let vocabulary = Vocabulary::read(folder)?;
        Ok(Self { mel: Mel::new(whisper.n_mels()), whisper, vocabulary, threads })
    }

    /// Hears all windows; each result is handed to `sink` as it comes, in any order, from the calling thread.
    /// Returns the language of all windows together. Errors: [`Fault::Request`] for an unknown language,
    /// [`Fault::Inference`], those of `sink`.
    pub fn hear(
        &self,
        windows: &[&[i16]],
        ask: &WindowsAsk,
        task: Task,
        mut sink: impl FnMut(Heard) -> Result<(), Fault>,
    ) -> Result<Option<String>, Fault> {
        if let Some(language) = &ask.language {
            self.vocabulary.language(language).ok_or(Fault::Request("the model does not know this language"))?;
        }
        let mut batches = batches(windows);
        // Windows heard together come out together: what is left of a batch is heard as it would have been.
        let known: BTreeSet<usize> = ask.heard.iter().map(|&w| w as usize).collect();
        let is_known = |b: &Batch| b.windows.iter().all(|w| known.contains(w));
        if ask.language.is_some() {
            batches.retain(|b| !is_known(b));
        }
        let n_first = batches.len().min(LANGUAGE_BATCHES);
        let first = self.in_parallel(batches.drain(..n_first).collect(), |mut batch| {
            self.encode(&mut batch, windows)?;
            Ok(batch)
        })?;
        let common = match &ask.language {
            Some(language) => Some(language.clone()),
            None => together(&first, windows),
        };
        let Some(common) = common else { return Ok(None) };
        let work: Vec<Batch> = first.into_iter().chain(batches).filter(|b| !is_known(b)).collect();
        let work: Vec<_> = work.into_iter().map(|b| Mutex::new(Some(b))).collect();
        let next = AtomicUsize::new(0);
        let (send, receive) = mpsc::channel();
        let failed = std::thread::scope(|scope| {
            let (next, work, common) = (&next, &work, &common);
            for _ in 0..self.threads {
                let send = send.clone();
                scope.spawn(move || {
                    while let Some(slot) = work.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let batch = slot.lock().ok().and_then(|mut s| s.take());
                        let Some(mut batch) = batch else { return };
                        let heard = self.hear_batch(&mut batch, windows, ask, task, common);
                        if send.send(heard).is_err() {
                            return;
                        }
                    }
                });
            }
            drop(send);
            for heard in &receive {
                for h in heard? {
                    sink(h)?;
                }
            }
            Ok(())
        });
        failed.map(|()| Some(common))
    }

    /// Languages of each window, best first, and of all together. Errors: [`Fault::Inference`].
    pub fn languages(&self, windows: &[&[i16]]) -> Result<(Vec<Languages>, Option<String>), Fault> {
        let done = self.in_parallel(batches(windows), |mut batch| {
            self.encode(&mut batch, windows)?;
            batch.encoded = None;
            Ok(batch)
        })?;
        let language = together(&done, windows);
        let mut each = vec![Vec::new(); windows.len()];
        for batch in done {
            for (window, languages) in batch.windows.into_iter().zip(batch.languages) {
                each[window] = languages.into_iter().take(5).collect();
            }
        }
        Ok((each, language))
    }

    /// Applies `act` to each batch on the worker threads, keeps the order.
    fn in_parallel(&self, batches: Vec<Batch>, act: impl Fn(Batch) -> Result<Batch, Fault> + Sync) -> Result<Vec<Batch>, Fault> {
        std::thread::scope(|scope| {
            let act = &act;
            let mut done = Vec::new();
            let mut waiting = batches.into_iter();
            loop {
                let running: Vec<_> = waiting.by_ref().take(self.threads).map(|b| scope.spawn(move || act(b))).collect();
                if running.is_empty() {
                    return Ok(done);
                }
                for r in running {
                    done.push(r.join().map_err(|_| Fault::Inference("a worker died"))??);
                }
            }
        })
    }

    fn encode(&self, batch: &mut Batch, windows: &[&[i16]]) -> Result<(), Fault> {
        if batch.encoded.is_some() {
            return Ok(());
        }
        let frames = batch
            .windows
            .iter()
            .map(|&w| frames(windows[w].len(), if windows[w].len() < SHORT { TAIL_SHORT } else { TAIL }))
            .max()
            .unwrap_or(2);
        let sound: Vec<&[i16]> = batch.windows.iter().map(|&w| windows[w]).collect();
        let encoded = self.encode_sound(&sound, frames)?;
        let found = self.whisper.detect_language(&encoded).map_err(|_| Fault::Inference("the language cannot be determined"))?;
        batch.languages =
            found.into_iter().map(|l| l.into_iter().map(|d| (bare(&d.language).to_owned(), d.probability)).collect()).collect();
        batch.encoded = Some(encoded);
        Ok(())
    }

    fn encode_sound(&self, sound: &[&[i16]], frames: usize) -> Result<StorageView<'static>, Fault> {
        let mut mel: Vec<f32> = Vec::with_capacity(sound.len() * self.mel.n_bands() * frames);
        for pcm in sound {
            mel.extend(self.mel.spectrogram(pcm, frames));
        }
        let view = StorageView::new(&[sound.len(), self.mel.n_bands(), frames], &mut mel, Device::CPU)
            .map_err(|_| Fault::Inference("the spectrogram cannot be handed over"))?;
        self.whisper.encode(&view, false).map_err(|_| Fault::Inference("the encoder failed"))
    }

    fn hear_batch(
        &self,
        batch: &mut Batch,
        windows: &[&[i16]],
        ask: &WindowsAsk,
        task: Task,
        common: &str,
    ) -> Result<Vec<Heard>, Fault> {
        self.encode(batch, windows)?;
        let encoded = batch.encoded.take().expect("encoded just now");
        let languages: Vec<&str> =
            batch.languages.iter().map(|l| if ask.follow_switches { switched(l, common) } else { common }).collect();
        let lengths: Vec<usize> = batch.windows.iter().map(|&w| windows[w].len()).collect();
        let first = Way { times: true, no_repeat: 0, penalty: 1.0 };
        let guesses = self.guess(&encoded, &languages, task, first, ask.beam, &lengths)?;
        let mut all = Vec::new();
        let mut align = Vec::new();
        for (i, guess) in guesses.into_iter().enumerate() {
            let (guess, attempts, own) = if guess.is_good() {
                (guess, 1, None)
            } else {
                self.try_other_ways(guess, windows[batch.windows[i]], languages[i], task, ask.beam)?
            };
            let passages = Passages::of(&guess.tokens, &self.vocabulary);
            all.push(Heard {
                window: u32::try_from(batch.windows[i]).unwrap_or(u32::MAX),
                language: languages[i].to_owned(),
                own_language: batch.languages[i].first().cloned().unwrap_or_default(),
                text: guess.text,
                words: Vec::new(),
                mean_log_probability: guess.mean_log_probability,
                no_speech: guess.no_speech,
                compression: guess.compression,
                repeats: guess.repeats,
                attempts,
            });
            align.push((passages, own));
        }
        if task == Task::Transcribe {
            self.align_batch(&encoded, &lengths, align, &mut all)?;
        }
        Ok(all)
    }

    /// Gives the words their times; windows of one language together, those heard in another way each alone.
    fn align_batch(
        &self,
        encoded: &StorageView<'_>,
        lengths: &[usize],
        mut texts: Vec<(Passages, Option<StorageView<'static>>)>,
        heard: &mut [Heard],
    ) -> Result<(), Fault> {
        let n = heard.len();
        // The library aligns a whole batch with one start sequence: other languages get their own pass.
        let mut languages: Vec<String> = heard.iter().map(|h| h.language.clone()).collect();
        languages.sort();
        languages.dedup();
        let frames = |i: usize| (lengths[i].div_ceil(HOP)).clamp(2, MAX_FRAMES);
        let finish = |i: usize, passages: &Passages, r: &ct2rs::sys::WhisperAlignmentResult, heard: &mut [Heard]| {
            let path: Vec<(i64, i64)> = r.alignments.iter().map(|a| (a.token_x, a.frame_x)).collect();
            let end_ms = u32::try_from(lengths[i] / 16).unwrap_or(u32::MAX);
            heard[i].words = words::join(passages, &self.vocabulary, &path, &r.text_token_probs, end_ms);
        };
        let failed = |_| Fault::Inference("the words cannot be placed");
        for language in languages {
            let mine = |i: usize, texts: &[(Passages, Option<StorageView<'static>>)], heard: &[Heard]| {
                heard[i].language == language && texts[i].1.is_none() && !texts[i].0.text.is_empty()
            };
            if !(0..n).any(|i| mine(i, &texts, heard)) {
                continue;
            }
            let start = self.start(&language, Task::Transcribe)?;
            let tokens: Vec<Vec<usize>> =
                (0..n).map(|i| if mine(i, &texts, heard) { texts[i].0.text.clone() } else { Vec::new() }).collect();
            let sizes: Vec<usize> = (0..n).map(frames).collect();
            let results = self.whisper.align(encoded, &start, &tokens, &sizes, 7).map_err(failed)?;
            for (i, r) in results.iter().enumerate() {
                if mine(i, &texts, heard) {
                    finish(i, &texts[i].0, r, heard);
                }
            }
        }
        for i in 0..n {
            let Some(own) = texts[i].1.take() else { continue };
            if texts[i].0.text.is_empty() {
                continue;
            }
            let start = self.start(&heard[i].language, Task::Transcribe)?;
            let results = self.whisper.align(&own, &start, &[texts[i].0.text.clone()], &[frames(i)], 7).map_err(failed)?;
            if let Some(r) = results.first() {
                finish(i, &texts[i].0, r, heard);
            }
        }
        Ok(())
    }

    /// Hears one window alone in other ways until one is good; the best of all is kept.
    /// Returns it with the number of attempts and, where it is not the first, the encoder's output it came from.
    fn try_other_ways(
        &self,
        first: Guess,
        pcm: &[i16],
        language: &str,
        task: Task,
        beam: u8,
    ) -> Result<(Guess, u8, Option<StorageView<'static>>), Fault> {
        let encoded = self.encode_sound(&[pcm], frames(pcm.len(), TAIL_SHORT))?;
        let mut guesses = vec![first];
        for way in OTHER_WAYS {
            let guess = self.guess(&encoded, &[language], task, way, beam, &[pcm.len()])?;
            guesses.extend(guess);
            if guesses.last().is_some_and(Guess::is_good) {
                break;
            }
        }
        let attempts = u8::try_from(guesses.len()).unwrap_or(u8::MAX);
        let best = best(&guesses);
        Ok((guesses.swap_remove(best), attempts, (best > 0).then_some(encoded)))
    }

    fn start(&self, language: &str, task: Task) -> Result<Vec<usize>, Fault> {
        let v = &self.vocabulary;
        let language = v.language(language).ok_or(Fault::Inference("the model does not know its own language"))?;
        Ok(vec![v.start, language, if task == Task::Transcribe { v.transcribe } else { v.translate }])
    }

    fn guess(
        &self,
        encoded: &StorageView<'_>,
        languages: &[&str],
        task: Task,
        way: Way,
        beam: u8,
        lengths: &[usize],
    ) -> Result<Vec<Guess>, Fault> {
        let task = if task == Task::Transcribe { "<|transcribe|>" } else { "<|translate|>" };
        let prompts: Vec<Vec<String>> = languages
            .iter()
            .map(|l| {
                let mut prompt = vec!["<|startoftranscript|>".to_owned(), format!("<|{l}|>"), task.to_owned()];
                if !way.times {
                    prompt.push("<|notimestamps|>".into());
                }
                prompt
            })
            .collect();
        let longest_s = lengths.iter().max().copied().unwrap_or(0) / 16_000 + 1;
        let options = WhisperOptions {
            beam_size: usize::from(beam),
            // A loop would run to the end; nobody says more than 16 tokens in a second. The library halves the number.
            max_length: (2 * (16 * longest_s + 32)).min(448),
            no_repeat_ngram_size: way.no_repeat,
            repetition_penalty: way.penalty,
            return_scores: true,
            return_no_speech_prob: true,
            ..WhisperOptions::default()
        };
        let results = self.whisper.generate(encoded, &prompts, &options).map_err(|_| Fault::Inference("the decoder failed"))?;
        Ok(results
            .into_iter()
            .zip(lengths)
            .map(|(r, length)| {
                let tokens = r.sequences_ids.into_iter().next().unwrap_or_default();
                let score = r.scores.first().copied().unwrap_or(f32::NEG_INFINITY);
                let text = self.vocabulary.text(&tokens).trim().to_owned();
                let length_ms = u32::try_from(length / 16).unwrap_or(u32::MAX);
                let n = tokens.len() as f32;
                Guess {
                    compression: guards::compression(&text),
                    repeats: guards::repeats(&text) || guards::too_much(&text, length_ms),
                    // The score leaves out the end token, which counts as one more.
                    mean_log_probability: if score.is_finite() { score * n / (n + 1.0) } else { -10.0 },
                    no_speech: r.no_speech_prob,
                    text,
                    tokens,
                }
            })
            .collect())
    }
}

/// Index of the best guess. What loops is taken only where everything does. Of the others, those that say much less
/// than the longest are left aside, because leaving words out makes a guess look surer than it is.
fn best(guesses: &[Guess]) -> usize {
    let length = |g: &Guess| g.text.chars().count();
    let longest = guesses.iter().filter(|g| !g.loops()).map(length).max();
    let Some(longest) = longest else { return 0 };
    (0..guesses.len())
        .filter(|&i| !guesses[i].loops() && length(&guesses[i]) * 5 >= longest * 4)
        .max_by(|&a, &b| guesses[a].mean_log_probability.total_cmp(&guesses[b].mean_log_probability))
        .unwrap_or(0)
}

/// Frames of a window with silence after it.
fn frames(samples: usize, tail: usize) -> usize {
    // An even number, because the encoder halves it.
    ((samples + tail).div_ceil(HOP).div_ceil(2) * 2).min(MAX_FRAMES)
}

/// Windows in batches of similar length, longest first. Depends on nothing but the lengths.
fn batches(windows: &[&[i16]]) -> Vec<Batch> {
    let mut order: Vec<usize> = (0..windows.len()).filter(|&w| !windows[w].is_empty()).collect();
    order.sort_by_key(|&w| (std::cmp::Reverse(windows[w].len()), w));
    // Few windows are spread over two batches, so that two cores have work.
    let few = order.len().div_ceil(2);
    let mut batches: Vec<Batch> = Vec::new();
    for w in order {
        match batches.last_mut() {
            Some(b)
                if {
                    let longest = windows[b.windows[0]].len();
                    let room = BATCH_SQUARES / frames(longest, TAIL).pow(2);
                    b.windows.len() < few.min(BATCH).min(room) && windows[w].len() as f32 >= SPREAD * longest as f32
                } =>
            {
                b.windows.push(w);
            }
            _ => batches.push(Batch { windows: vec![w], encoded: None, languages: Vec::new() }),
        }
    }
    batches
}

/// The language that is likeliest over all windows, each weighed by its length.
fn together(batches: &[Batch], windows: &[&[i16]]) -> Option<String> {
    let mut sums = std::collections::BTreeMap::<&str, f64>::new();
    for batch in batches {
        for (window, languages) in batch.windows.iter().zip(&batch.languages) {
            for (language, p) in languages {
                *sums.entry(language).or_default() += f64::from(*p) * windows[*window].len() as f64;
            }
        }
    }
    sums.into_iter().max_by(|a, b| a.1.total_cmp(&b.1)).map(|(l, _)| l.to_owned())
}

/// The language to hear a window in: its own where that is clear, else the common one.
fn switched<'l>(own: &'l [(String, f32)], common: &'l str) -> &'l str {
    match own.first() {
        Some((best, p)) if best != common && *p >= SWITCH => {
            let of_common = own.iter().find(|(l, _)| l == common).map_or(0.0, |(_, p)| *p);
            if of_common < 0.1 { best } else { common }
        }
        _ => common,
    }
}

/// `ru` of `<|ru|>`.
fn bare(token: &str) -> &str {
    token.trim_start_matches("<|").trim_end_matches("|>")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_hold_similar_lengths_and_every_window_once() {
        let sounds: Vec<Vec<i16>> = (0..40).map(|i| vec![0; (i * 7919) % 15_000 + 1]).chain([vec![]]).collect();
        let windows: Vec<&[i16]> = sounds.iter().map(Vec::as_slice).collect();
        let batches = batches(&windows);
        let mut seen: Vec<usize> = batches.iter().flat_map(|b| b.windows.clone()).collect();
        seen.sort_unstable();
        assert_eq!(seen, (0..40).collect::<Vec<_>>(), "the empty window is not heard");
        for b in &batches {
            assert!(b.windows.len() <= BATCH);
            let (longest, shortest) = (windows[b.windows[0]].len(), windows[*b.windows.last().expect("not empty")].len());
            assert!(shortest as f32 >= SPREAD * longest as f32);
        }
        assert!(super::batches(&[]).is_empty());
    }

    #[test]
    fn the_best_guess_says_everything_and_does_not_loop() {
        let guess = |text: &str, mean_log_probability: f32, repeats: bool| Guess {
            tokens: vec![],
            text: text.into(),
            mean_log_probability,
            no_speech: 0.0,
            compression: 1.0,
            repeats,
        };
        let (whole, half, loops) =
            (guess("сейчас приеду, жди меня", -0.6, false), guess("сейчас", -0.1, false), guess("да да", 0.0, true));
        assert_eq!(best(&[loops, half, whole]), 2);
        assert_eq!(best(&[guess("а", -1.0, true), guess("б", -0.5, true)]), 0);
    }

    #[test]
    fn a_window_keeps_the_common_language_unless_its_own_is_clear() {
        let own = |ru: f32, uk: f32| {
            let mut l = vec![("ru".to_owned(), ru), ("uk".to_owned(), uk)];
            l.sort_by(|a, b| b.1.total_cmp(&a.1));
            l
        };
        assert_eq!(switched(&own(0.05, 0.9), "ru"), "uk");
        assert_eq!(switched(&own(0.15, 0.85), "ru"), "ru", "the common one is not unlikely enough");
        assert_eq!(switched(&own(0.4, 0.6), "ru"), "ru");
        assert_eq!(switched(&[], "ru"), "ru");
    }

    #[test]
    fn the_common_language_is_weighed_by_length() {
        let sounds = [vec![0i16; 100], vec![0; 1000]];
        let windows: Vec<&[i16]> = sounds.iter().map(Vec::as_slice).collect();
        let batch = Batch {
            windows: vec![1, 0],
            encoded: None,
            languages: vec![vec![("uk".into(), 0.6), ("ru".into(), 0.4)], vec![("ru".into(), 1.0)]],
        };
        assert_eq!(together(&[batch], &windows).as_deref(), Some("uk"));
        assert_eq!(together(&[], &windows), None);
    }
}
