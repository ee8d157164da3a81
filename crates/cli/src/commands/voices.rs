//! `voices`: speakers who may be one person across recordings; confirmed or rejected by a named person.

use super::{actor, open};
use crate::Ended;
use crate::flags::{Decide, Judge, Voices};
use crate::out::Out;
use zapys_casework::view::{SpeakerRef, VoiceView};
use zapys_casework::{Access, CaseError, Settings, VoiceDecision};
use zapys_domain::handover::Answer;

const STATES: [&str; 3] = ["suggested", "confirmed", "rejected"];

pub async fn voices(args: Voices, settings: &Settings, out: &Out) -> Result<Ended, CaseError> {
    match args.decide {
        Some(Decide::Confirm(judge)) => return decide(judge, Answer::Yes, settings, out).await,
        Some(Decide::Reject(judge)) => return decide(judge, Answer::No, settings, out).await,
        None => {}
    }
    if args.status.as_ref().is_some_and(|s| !STATES.contains(&s.as_str())) {
        return Err(CaseError::Flag { flag: "--status", wants: "suggested, confirmed or rejected" });
    }
    let case = open(settings, Access::Read).await?;
    let about = match &args.item {
        Some(item) => Some(case.resolve(item).await?),
        None => None,
    };
    let found = case.voices(about).await?;
    let wanted = |p: &&VoiceView| args.status.as_ref().is_none_or(|s| p.status == *s);
    let pairs: Vec<&VoiceView> = found.pairs.iter().filter(wanted).collect();
    let shown = &pairs[..pairs.len().min(args.limit)];
    for pair in shown {
        out.object(pair);
    }
    say(shown, out);
    if pairs.len() > shown.len() {
        out.note(format!("{} more; --limit shows them.", pairs.len() - shown.len()));
    }
    if found.prints == 0 && !found.made {
        out.note("No prints of voices are made. Set `voices = \"on\"` in the settings and run `zapys process`.");
    } else if found.without > 0 {
        out.note(format!("{} recordings have no prints of voices yet; `zapys process` makes them.", found.without));
    }
    Ok(if pairs.is_empty() { Ended::No } else { Ended::Done })
}

async fn decide(judge: Judge, same: Answer, settings: &Settings, out: &Out) -> Result<Ended, CaseError> {
    let case = open(settings, Access::Write).await?;
    let Judge { suggestion, because, familiarity, confidence } = judge;
    let pair = case.decide_voice(&actor(), &suggestion, VoiceDecision { same, because, familiarity, confidence }).await?;
    out.object(&pair);
    say(&[&pair], out);
    Ok(Ended::Done)
}

fn say(pairs: &[&VoiceView], out: &Out) {
    let speaker = |s: &SpeakerRef| format!("{} in {} ({})", s.speaker, s.title, s.item);
    for p in pairs {
        let [a, b] = &p.speakers;
        out.say(format!("{}  {:<9}  {}  |  {}", p.suggestion, p.status, speaker(a), speaker(b)));
        if let (Some(score), Some(ratio), Some(likeness)) = (p.score, p.ratio, p.likeness) {
            let ratio = if ratio >= 10.0 { format!("{ratio:.0}") } else { format!("{ratio:.1}") };
            out.say(format!("              machine: so alike {ratio} times likelier of one person than of two (score {score}, cosine {likeness})"));
        }
        if let (Some(by), Some(time)) = (&p.by, &p.time) {
            let why = p.because.as_ref().map(|w| format!(": {w}")).unwrap_or_default();
            out.say(format!("              {by}, {time}{why}"));
        }
        if p.earlier {
            out.say("              speakers were told apart anew since: the letters may mean others");
        }
    }
    if !pairs.is_empty() {
        out.note("A likeness of voices is a suggestion and never by itself a ground to name anybody; listen to both.");
    }
}
