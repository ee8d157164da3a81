//! Words in pictures: screenshots of chats, pages, notices.
//!
//! Tesseract expects dark text on one light ground, and on a dark chat it loses every outgoing bubble. So the picture is
//! first taken apart into panels ([`panels`]), what is written in each is turned dark on white ([`ink`]) and read piece
//! by piece in one process ([`tesseract`]). A bubble's place also tells whose it is. Pictures without such panels are
//! read as they are. What was read is a guess with a confidence, never a quotation.

mod assemble;
mod ink;
mod panels;
mod tesseract;
#[cfg(test)]
mod tests;

use crate::picture::{self, Pixels};
use crate::probe::no_input;
use crate::sandbox::Sandbox;
use crate::{Contract, Emitted, Engine, EngineError, Input, Work, WriteJson};
use image::GrayImage;
use ink::{Crop, Ink};
use panels::Layout;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use tesseract::Division;
use zapys_domain::derivation::Repeatability;
use zapys_domain::text::{Block, ReadText};
use zapys_domain::{Checked, DerivativeKind, EngineIdentity, Finding, Lang, Severity, Step};

/// The longest side that is worked on; larger pictures are read scaled down, places are given in the original's pixels.
const LONGEST_SIDE: u32 = 16_000;
/// A picture without panels is a photograph: beyond this, more pixels only cost time.
const PHOTO_PIXELS: u32 = 12_000_000;
/// More pieces than any screen has.
const MAX_PIECES: usize = 400;
/// Languages read together, unless the parameter `languages` names others.
const LANGUAGES: &str = "rus+ukr+eng";

/// Engine: words of a screenshot or photograph, with places in pixels of the upright original.
pub struct ReadPicture {
    sandbox: Sandbox,
    identity: EngineIdentity,
    contract: Contract,
}
impl ReadPicture {
    /// `identity`: of the tesseract that is installed, with its languages as the model.
    pub fn new(sandbox: Sandbox, identity: EngineIdentity) -> Self {
        let contract = Contract { emits: DerivativeKind::Text, needs: &[], repeats: Repeatability::SameMachine };
        Self { sandbox, identity, contract }
    }

    /// Reads one picture.
    /// Findings: `no-text`, `low-confidence`, `pieces-left-out`.
    /// Errors: `Unreadable`, `Limit`, `Missing`.
    pub fn read(
        &self,
        input: &Input,
        languages: &str,
        scratch: &Path,
        cancel: &Arc<AtomicBool>,
    ) -> Result<Checked<ReadText>, EngineError> {
        let seen = picture::look(&self.sandbox, input, cancel)?;
        let pixels = picture::pixels(&self.sandbox, input, &seen, Some(LONGEST_SIDE), cancel)?;
        let mut findings = Vec::new();
        let (crops, division, places) = pieces(&pixels, &mut findings);
        let words = tesseract::read(&self.sandbox, scratch, &crops, division, languages, cancel)?;
        let blocks = assemble::blocks(&crops, &places, words);
        // Scaling keeps proportions; turning upright may have swapped the sides.
        let shown = (f64::from(seen.width.max(seen.height)) / f64::from(pixels.width.max(pixels.height))).max(1.0);
        let page = original_size(&seen, &pixels);
        let blocks: Vec<Block> = blocks.into_iter().map(|b| assemble::scaled(b, shown)).collect();
        notice(&blocks, &mut findings);
        let value = ReadText {
            language: language_of(&blocks),
            title: None,
            byline: None,
            publisher: None,
            published: None,
            modified: None,
            canonical: None,
            engine: self.identity.clone(),
            pages: vec![page],
            blocks,
            quotes: Vec::new(),
        };
        Ok(Checked { value, findings })
    }
}
impl Engine for ReadPicture {
    fn identity(&self) -> &EngineIdentity {
        &self.identity
    }
    fn contract(&self) -> &Contract {
        &self.contract
    }
    fn run(&self, work: &mut Work<'_>) -> Result<Checked<Emitted>, EngineError> {
        work.check_cancel()?;
        work.progress.step(Step::Reading);
        work.progress.total(Some(1));
        let input = work.inputs.first().ok_or_else(no_input)?;
        let languages = work.params.get("languages").and_then(|l| l.as_str()).unwrap_or(LANGUAGES);
        let word = |l: &str| (2..=20).contains(&l.len()) && l.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !languages.split('+').all(word) {
            return Err(EngineError::Failed {
                tool: tesseract::TESSERACT,
                reason: "the parameter `languages` is malformed".into(),
            });
        }
        let Checked { value, findings } = self.read(input, languages, work.scratch, &work.cancel)?;
        let emitted = work.write_json(&value, &findings)?;
        work.progress.advance(1);
        Ok(Checked { value: emitted, findings })
    }
}

/// Where a piece comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    /// Pieces with one number make one block of text; `None` where the reader's own paragraphs do.
    block: Option<usize>,
    /// `left` or `right` for a bubble.
    side: Option<&'static str>,
}

/// Takes the picture apart.
fn pieces(pixels: &Pixels, findings: &mut Vec<Finding>) -> (Vec<Crop>, Division, Vec<Place>) {
    let layout = Layout::of(pixels);
    let paragraphs = Place { block: None, side: None };
    if layout.flat_share() < 0.3 {
        return (vec![whole(pixels)], Division::Page, vec![paragraphs]);
    }
    let ink = Ink::of(pixels, &layout);
    let written = ink.written(&layout);
    let groups = assemble::groups(&layout, &ink, &written);
    if !groups.iter().any(|g| g.panel) {
        // One ground with text on it: a page, with columns and paragraphs to be found.
        let crop = ink.crop(pixels, &layout, &written);
        return (crop.into_iter().collect(), Division::Page, vec![paragraphs]);
    }
    if groups.len() > MAX_PIECES {
        let text = format!("The picture has {} pieces of text; the first {MAX_PIECES} were read.", groups.len());
        findings.push(Finding::whole("pieces-left-out", Severity::Warning, text));
    }
    let mut crops = Vec::new();
    let mut places = Vec::new();
    for (number, group) in groups.iter().take(MAX_PIECES).enumerate() {
        if let Some(crop) = ink.crop(pixels, &layout, &group.clusters) {
            crops.push(crop);
            places.push(Place { block: Some(number), side: group.side });
        }
    }
    (crops, Division::Block, places)
}

/// The picture in grey, as it is.
fn whole(pixels: &Pixels) -> Crop {
    let grey: Vec<u8> = pixels
        .rgb
        .chunks_exact(3)
        .map(|p| ((u32::from(p[0]) * 299 + u32::from(p[1]) * 587 + u32::from(p[2]) * 114) / 1000) as u8)
        .collect();
    let grey = GrayImage::from_raw(pixels.width, pixels.height, grey).expect("one byte for each pixel");
    let scale = (PHOTO_PIXELS as f32 / (pixels.width as f32 * pixels.height as f32)).sqrt().min(1.0);
    ink::framed(&grey, 0, 0, scale)
}

fn original_size(seen: &picture::Seen, pixels: &Pixels) -> (u32, u32) {
    let turned = (seen.width > seen.height) != (pixels.width > pixels.height) && seen.width != seen.height;
    if turned { (seen.height, seen.width) } else { (seen.width, seen.height) }
}

fn notice(blocks: &[Block], findings: &mut Vec<Finding>) {
    let sure: Vec<f32> = blocks.iter().filter_map(|b| b.confidence).collect();
    if sure.is_empty() {
        findings.push(Finding::whole("no-text", Severity::Note, "No text was found in the picture."));
    } else if sure.iter().sum::<f32>() / (sure.len() as f32) < 0.6 {
        let text = "The text was read with little confidence; compare every word with the picture.";
        findings.push(Finding::whole("low-confidence", Severity::Warning, text));
    }
}

/// Guesses the language from letters that only one of them has, in words that were read surely.
fn language_of(blocks: &[Block]) -> Lang {
    let (mut uk, mut ru, mut cyrillic, mut latin) = (0usize, 0usize, 0usize, 0usize);
    let sure = blocks.iter().flat_map(|b| &b.words).filter(|w| w.confidence >= 0.8 && w.text.chars().count() >= 2);
    for c in sure.flat_map(|w| w.text.chars()).flat_map(char::to_lowercase) {
        match c {
            'і' | 'ї' | 'є' | 'ґ' => uk += 1,
            'ы' | 'э' | 'ё' | 'ъ' => ru += 1,
            _ => {}
        }
        cyrillic += usize::from(('\u{400}'..='\u{52f}').contains(&c));
        latin += usize::from(c.is_ascii_alphabetic());
    }
    let tag = match () {
        () if cyrillic + latin < 6 => "und",
        () if latin > cyrillic => "en",
        // One letter in twelve of Ukrainian is among its four; a stray misread must not decide.
        () if uk > 2 * ru && uk * 50 >= cyrillic => "uk",
        // Forty letters without them are hardly Ukrainian, even where none of the four Russian ones turns up.
        () if ru > uk || (cyrillic >= 40 && uk * 70 < cyrillic) => "ru",
        () => "und",
    };
    Lang::parse(tag).unwrap_or_default()
}
