//! Speakers who may be one person across recordings. Machines suggest, named people decide.
//!
//! Every print of a voice is held against those of other recordings. What comes out is a likelihood ratio: how many times likelier such a
//! likeness is between two stretches of one person than of two, on the material it was measured on. A person confirms or rejects it; that is
//! a record with a reason, and the machine's score stands in it. Nothing here says who anybody is.

use crate::Result;
use crate::error::CaseError;
use crate::handover::{RecordRequest, current};
use crate::open::Casework;
use crate::view::{SpeakerRef, VoiceView, VoicesView};
use sha2::{Digest, Sha256};
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use zapys_domain::handover::{Answer, RecordBody, RecordKind, VoiceComparison};
use zapys_domain::media::Document;
use zapys_domain::transcript::{VoicePrint, VoicePrints};
use zapys_domain::{Actor, DerivativeKind, ItemId, ObjectId, Private, RecordId};
use zapys_store::{DerivationRow, DerivationState, RecordRow};

/// Items that are looked through at once.
const PART: u32 = 500;

/// From a cosine to a natural logarithm of the likelihood ratio, where both spoke for [`LEAST_MS`] or longer; measured as
/// `docs/decisions/0019-voices-across-recordings.md` tells.
const SLOPE: f64 = 25.84;
const OFFSET: f64 = -14.79;
/// No ratio is told that goes beyond what so little material can carry: ninety to one.
const MOST_LOG_RATIO: f64 = 4.5;
/// A suggestion from this cosine on: of stretches of different people 4 in 1000 reach it, of one person two thirds.
const SUGGESTED: f64 = 0.7;
/// Of less speech nothing is said, in milliseconds: two people are too often alike, and one too often is not.
const LEAST_MS: u64 = 6000;
/// Suggestions at most, the likeliest: nobody listens to more.
const MOST: usize = 2000;

/// A print of a voice with where it comes from.
struct Heard {
    item: ItemId,
    print: VoicePrint,
    /// The document that names the speaker.
    turns: ObjectId,
    tool: String,
}
/// The prints of a case, and how many recordings have none.
struct Known {
    all: Vec<Heard>,
    without: u64,
}

/// What somebody decides about a suggestion.
#[derive(Clone, Debug)]
pub struct VoiceDecision {
    /// Whether it is one person.
    pub same: Answer,
    /// Why.
    pub because: String,
    /// How the listener knows the voice.
    pub familiarity: Option<String>,
    /// How sure the listener is.
    pub confidence: Option<String>,
}

impl Casework {
    /// Pairs of speakers who may be one person, the likeliest first, and those that somebody decided about. `about`: only with a speaker
    /// of this recording.
    pub async fn voices(&self, about: Option<ItemId>) -> Result<VoicesView> {
        let Known { all, without } = self.known_voices().await?;
        let prints = all.len() as u64;
        let pairs = self.pairs_of(&Arc::new(all), about).await?;
        Ok(VoicesView { made: self.settings.compares_voices(), prints, without, pairs })
    }

    /// Pairs among these prints and those that somebody decided about, as they stand.
    async fn pairs_of(&self, all: &Arc<Vec<Heard>>, about: Option<ItemId>) -> Result<Vec<VoiceView>> {
        let (all, decided) = (all.clone(), self.decided_voices().await?);
        let found = tokio::task::spawn_blocking(move || pairs(&all, &decided, about)).await;
        let mut pairs = found.map_err(|_| CaseError::Lost)?;
        let mut titles: BTreeMap<ItemId, String> = BTreeMap::new();
        for speaker in pairs.iter_mut().flat_map(|p| &mut p.speakers) {
            if let Entry::Vacant(none) = titles.entry(speaker.item) {
                none.insert(crate::show::title(&self.row(speaker.item).await?));
            }
            speaker.title.clone_from(&titles[&speaker.item]);
        }
        Ok(pairs)
    }

    /// Puts on record what a person makes of a suggestion. `id`: of the suggestion, or the beginning of it. Gives the pair as it stands.
    pub async fn decide_voice(&self, actor: &Actor, id: &str, decision: VoiceDecision) -> Result<VoiceView> {
        let because = decision.because.trim().to_owned();
        if because.is_empty() {
            return Err(CaseError::Flag { flag: "--because", wants: "why it is, or is not, one person" });
        }
        let known = Arc::new(self.known_voices().await?.all);
        let pairs = self.pairs_of(&known, None).await?;
        let mut fitting = pairs.iter().filter(|p| p.suggestion.starts_with(&id.trim().to_lowercase()) && !id.trim().is_empty());
        let pair = match (fitting.next(), fitting.next()) {
            (Some(one), None) => one.clone(),
            (Some(_), Some(_)) => return Err(CaseError::Flag { flag: "SUGGESTION", wants: "more characters: several begin so" }),
            (None, _) => return Err(CaseError::NoSuchSuggestion),
        };
        let text = |t: Option<String>| t.map(|t| t.trim().to_owned()).filter(|t| !t.is_empty()).map(Private::new);
        let [first, second] = &pair.speakers;
        let turns = |s: &SpeakerRef| known.iter().find(|h| h.item == s.item && h.print.speaker == s.speaker).map(|h| h.turns);
        let body = VoiceComparison {
            speaker: first.speaker.clone(),
            with: second.item,
            with_speaker: second.speaker.clone(),
            same: decision.same,
            familiarity: text(decision.familiarity),
            confidence: text(decision.confidence),
            note: Some(Private::new(because.clone())),
            score: pair.score.map(|s| (s * 1000.0).round() as u16),
            tool: known.iter().find(|h| h.item == first.item).map(|h| h.tool.clone()),
            turns: turns(first),
            with_turns: turns(second),
        };
        let corrects = pair.record.as_deref().and_then(|r| r.parse::<RecordId>().ok());
        let request = RecordRequest {
            kind: RecordKind::Voice,
            items: if corrects.is_some() { Vec::new() } else { vec![first.item] },
            body: Some(RecordBody::Voice(body)),
            because: corrects.map(|_| because),
            corrects,
        };
        self.put_on_record(actor, request).await?;
        let now = self.pairs_of(&known, Some(first.item)).await?.into_iter().find(|p| p.suggestion == pair.suggestion);
        now.ok_or(CaseError::Inconsistent { what: "a comparison of voices" })
    }

    /// The prints of all recordings whose speakers are still those that the print was made of.
    async fn known_voices(&self) -> Result<Known> {
        let mut known = Known { all: Vec::new(), without: 0 };
        let mut last = None;
        loop {
            let items = self.store.items_after(last, PART).await?;
            let (Some(first), Some(end)) = (items.first(), items.last()) else { return Ok(known) };
            let made = self.store.derivations_of_items(first.id, end.id).await?;
            for item in &items {
                let newest =
                    |kind| made.iter().rev().find(|d| d.item == item.id && d.kind == kind && d.state == DerivationState::Done);
                let Some(turns) = newest(DerivativeKind::Speakers).and_then(|d| d.output) else { continue };
                let prints = newest(DerivativeKind::VoicePrints).filter(|d| d.inputs.contains(&turns));
                match prints.and_then(|d| Some((d, d.output?))) {
                    Some((made, output)) => self.take_prints(&mut known.all, item.id, made, output, turns).await?,
                    None => known.without += 1,
                }
            }
            last = Some(end.id);
        }
    }

    async fn take_prints(
        &self,
        all: &mut Vec<Heard>,
        item: ItemId,
        made: &DerivationRow,
        output: ObjectId,
        turns: ObjectId,
    ) -> Result<()> {
        // What was destroyed has no voice any more.
        if self.not_disposed(item).await.is_err() {
            return Ok(());
        }
        let bytes = self.read_object(output).await?;
        let prints: Document<VoicePrints> =
            serde_json::from_slice(&bytes).map_err(|_| CaseError::Inconsistent { what: "a derivative" })?;
        let tool = format!("{} {}", made.engine.name, made.engine.version);
        all.extend(prints.value.voices.into_iter().map(|print| Heard { item, print, turns, tool: tool.clone() }));
        Ok(())
    }

    /// What people decided, the newest of each pair.
    async fn decided_voices(&self) -> Result<BTreeMap<String, (RecordRow, VoiceComparison)>> {
        let mut decided = BTreeMap::new();
        for row in current(self.store.records_of_kind(RecordKind::Voice).await?) {
            if let (Some(item), Some(RecordBody::Voice(v))) = (row.item, row.body.clone()) {
                let pair = [(item, v.speaker.as_str()), (v.with, v.with_speaker.as_str())];
                decided.insert(suggestion_id(pair), (row, v));
            }
        }
        Ok(decided)
    }
}

/// All pairs of speakers of different recordings that are alike enough or that somebody decided about.
fn pairs(all: &[Heard], decided: &BTreeMap<String, (RecordRow, VoiceComparison)>, about: Option<ItemId>) -> Vec<VoiceView> {
    let mut found: BTreeMap<String, VoiceView> = BTreeMap::new();
    let named: BTreeMap<(ItemId, &str), ObjectId> = all.iter().map(|h| ((h.item, h.print.speaker.as_str()), h.turns)).collect();
    // Most pairs are neither alike nor decided about, and need no name.
    let judged: BTreeSet<(ItemId, ItemId)> =
        decided.values().filter_map(|(row, said)| row.item.map(|item| (item.min(said.with), item.max(said.with)))).collect();
    for (n, a) in all.iter().enumerate() {
        for b in &all[n + 1..] {
            if a.item == b.item
                || a.print.heard_ms.min(b.print.heard_ms) < LEAST_MS
                || about.is_some_and(|i| i != a.item && i != b.item)
                || a.tool != b.tool
            {
                continue;
            }
            let cosine = a.print.likeness(&b.print);
            let (first, second) = if (a.item, &a.print.speaker) <= (b.item, &b.print.speaker) { (a, b) } else { (b, a) };
            if cosine < SUGGESTED && !judged.contains(&(first.item, second.item)) {
                continue;
            }
            let id = suggestion_id([(first.item, &first.print.speaker), (second.item, &second.print.speaker)]);
            if cosine < SUGGESTED && !decided.contains_key(&id) {
                continue;
            }
            let speaker = |h: &Heard| SpeakerRef {
                item: h.item,
                title: String::new(),
                speaker: h.print.speaker.clone(),
                heard_ms: Some(h.print.heard_ms),
            };
            let log_ratio = (SLOPE * cosine + OFFSET).clamp(-MOST_LOG_RATIO, MOST_LOG_RATIO);
            let mut view = VoiceView {
                score: Some(rounded(1.0 / (1.0 + (-log_ratio).exp()))),
                ratio: Some(rounded(log_ratio.exp())),
                likeness: Some(rounded(cosine)),
                tool: Some(first.tool.clone()),
                ..undecided(&id, [speaker(first), speaker(second)])
            };
            if let Some((row, said)) = decided.get(&id) {
                // Letters of other speakers than those that were listened to: what was decided is not about them.
                let same = |of: Option<ObjectId>, h: &Heard| of.is_none_or(|o| o == h.turns);
                let straight = row.item == Some(first.item) && said.speaker == first.print.speaker;
                let (mine, theirs) = if straight { (first, second) } else { (second, first) };
                if same(said.turns, mine) && same(said.with_turns, theirs) {
                    tell(&mut view, row, said);
                } else if cosine < SUGGESTED {
                    continue;
                }
            }
            found.insert(id, view);
        }
        if found.len() > 2 * MOST {
            found = likeliest(found);
        }
    }
    found = likeliest(found);
    for (id, (row, said)) in decided {
        let Some(item) = row.item.filter(|_| !found.contains_key(id)) else { continue };
        if about.is_some_and(|i| i != item && i != said.with) {
            continue;
        }
        // No machine has anything to say, or no longer of these.
        let speaker = |item, speaker: &str| SpeakerRef { item, title: String::new(), speaker: speaker.into(), heard_ms: None };
        let changed = |of: Option<ObjectId>, item, speaker: &str| of.is_some() && named.get(&(item, speaker)) != of.as_ref();
        let mut view = undecided(id, [speaker(item, &said.speaker), speaker(said.with, &said.with_speaker)]);
        tell(&mut view, row, said);
        view.earlier = changed(said.turns, item, &said.speaker) || changed(said.with_turns, said.with, &said.with_speaker);
        found.insert(id.clone(), view);
    }
    let mut pairs: Vec<VoiceView> = found.into_values().collect();
    let order = |p: &VoiceView| (p.status != "suggested", p.likeness.map_or(0, |l| -(l * 1e6) as i64));
    pairs.sort_by_key(order);
    pairs
}

/// The likeliest suggestions, and all pairs that somebody decided about.
fn likeliest(found: BTreeMap<String, VoiceView>) -> BTreeMap<String, VoiceView> {
    let (decided, mut open): (Vec<_>, Vec<_>) = found.into_iter().partition(|(_, p)| p.record.is_some());
    open.sort_by(|(_, a), (_, b)| b.likeness.unwrap_or(0.0).total_cmp(&a.likeness.unwrap_or(0.0)));
    open.into_iter().take(MOST).chain(decided).collect()
}

fn undecided(id: &str, speakers: [SpeakerRef; 2]) -> VoiceView {
    VoiceView {
        suggestion: id.into(),
        speakers,
        score: None,
        ratio: None,
        likeness: None,
        tool: None,
        status: "suggested".into(),
        record: None,
        by: None,
        time: None,
        because: None,
        familiarity: None,
        confidence: None,
        earlier: false,
    }
}

fn tell(view: &mut VoiceView, row: &RecordRow, said: &VoiceComparison) {
    view.status = match said.same {
        Answer::Yes => "confirmed",
        Answer::No => "rejected",
        Answer::Unknown => "suggested",
    }
    .into();
    let text = |t: &Option<Private<String>>| t.as_ref().map(|t| t.reveal().clone());
    view.record = Some(row.id.to_string());
    view.by = Some(row.actor.id.clone());
    view.time = Some(row.at.to_string());
    view.because = text(&said.note);
    view.familiarity = text(&said.familiarity);
    view.confidence = text(&said.confidence);
}

/// Stable name of a pair, whichever comes first.
fn suggestion_id(mut pair: [(ItemId, &str); 2]) -> String {
    pair.sort();
    let mut h = Sha256::new();
    h.update(b"zapys/voices/v1\0");
    for (item, speaker) in pair {
        h.update(item.to_string());
        h.update([0]);
        h.update(speaker);
        h.update([0]);
    }
    h.finalize().iter().take(6).map(|b| format!("{b:02x}")).collect()
}

fn rounded(x: f64) -> f64 {
    (x * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Speakers of recordings, each with a vector of two numbers at this angle in degrees.
    fn heard(all: &[(u64, &str, f64)]) -> Vec<Heard> {
        let one = |(item, speaker, angle): &(u64, &str, f64)| Heard {
            item: format!("01JB{item:022}").parse().expect("an id"),
            print: VoicePrint {
                speaker: (*speaker).into(),
                heard_ms: 6000,
                vector: [angle.to_radians().cos(), angle.to_radians().sin()].map(|x| (x * 10_000.0) as i16).to_vec(),
            },
            turns: ObjectId::of(b"turns"),
            tool: "t".into(),
        };
        all.iter().map(one).collect()
    }

    #[test]
    fn only_speakers_of_different_recordings_who_sound_alike_are_suggested() {
        let all = [(1, "A", 0.0), (1, "B", 5.0), (2, "A", 20.0), (3, "A", 90.0)];
        let told = |about: Option<u64>| {
            let about = about.map(|n| format!("01JB{n:022}").parse().expect("an id"));
            let pairs = pairs(&heard(&all), &BTreeMap::new(), about);
            pairs.iter().map(|p| (p.speakers[0].speaker.clone() + &p.speakers[1].speaker, p.ratio)).collect::<Vec<_>>()
        };
        // Cosines of 15 and 20 degrees; the nearer comes first.
        assert_eq!(told(None).iter().map(|(who, _)| who.as_str()).collect::<Vec<_>>(), ["BA", "AA"]);
        assert!(told(None).windows(2).all(|w| w[0].1 >= w[1].1) && told(None)[0].1 == Some(90.017), "never beyond ninety");
        assert_eq!((told(Some(2)).len(), told(Some(3)).len()), (2, 0));
    }

    #[test]
    fn there_are_never_more_than_anybody_listens_to() {
        let all: Vec<(u64, &str, f64)> = (0..120).map(|n| (n, "A", n as f64 / 10.0)).collect();
        let pairs = pairs(&heard(&all), &BTreeMap::new(), None);
        assert_eq!(pairs.len(), MOST);
        assert!(pairs.windows(2).all(|w| w[0].likeness >= w[1].likeness));
    }
}
