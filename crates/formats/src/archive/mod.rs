//! Containers: ZIP, tar, gzip. Lists and hands out members one after another, within limits; writes nothing anywhere.
//!
//! A member is a stream of bytes with a name to show. Names are checked, never used as paths here. Whatever is skipped or
//! stopped is a finding, and what was handed out before a stop stays handed out. See `docs/formats/containers.md`.

mod names;
mod stream;
mod zip;

pub use names::{NameFault, safe_name};
pub(crate) use zip::{first_names, stored_member};

use crate::error::FormatError;
use crate::random::RandomRead;
use std::io::Read;
use std::ops::ControlFlow;
use zapys_domain::{Finding, Locator, Private, Severity};

/// How much a container may give. All are ceilings for one container; `max_depth` is for containers inside containers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Number of members.
    pub max_members: u64,
    /// Bytes of one member, unpacked.
    pub max_member_bytes: u64,
    /// Bytes of all members, unpacked.
    pub max_total_bytes: u64,
    /// Bytes unpacked for one byte packed; what unpacks to less than `unmeasured_bytes` is not measured.
    pub max_ratio: u64,
    /// So many bytes may come out of anything: silence and empty tables pack a thousandfold.
    pub unmeasured_bytes: u64,
    /// How many containers may lie inside one another, this one included.
    pub max_depth: u32,
}
impl Default for Limits {
    fn default() -> Self {
        Self {
            max_members: 100_000,
            max_member_bytes: 16 << 30,
            max_total_bytes: 64 << 30,
            max_ratio: 250,
            unmeasured_bytes: 64 << 20,
            max_depth: 4,
        }
    }
}
impl Limits {
    /// The limits for a container found inside this one; `None` where it lies too deep to be opened.
    pub fn inside(self) -> Option<Self> {
        (self.max_depth > 1).then(|| Self { max_depth: self.max_depth - 1, ..self })
    }
}

/// A member about to be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberInfo {
    /// Place in the container, counted from 0, skipped members included.
    pub idx: u64,
    /// Checked name: relative, `/` between parts, no `..`, nothing that controls display.
    pub name: Private<String>,
    /// Length the container states, in bytes; the stream may prove it wrong.
    pub stated_bytes: Option<u64>,
    /// Time of last change as the container states it, without a zone unless it ends in `Z`.
    pub modified: Option<String>,
    /// An earlier member has the same name.
    pub same_name_before: bool,
}

/// What receives the members: reads as much of the stream as it wants, and says whether to go on.
pub type OnMember<'a> = dyn FnMut(&MemberInfo, &mut dyn Read) -> ControlFlow<()> + 'a;

/// Formats that [`members`] opens.
pub const FORMATS: &[&str] =
    &["zip", "whatsapp-zip", "wacz", "docx", "xlsx", "pptx", "odt", "ods", "epub", "tar", "tar-gz", "gzip"];

/// Goes through the members of a container in the order in which it lists them. `format`: as [`crate::recognise()`] names it.
/// Folders, links and devices are not members; skipped ones are findings.
/// A member's stream ends early with an `io::Error` where the data are damaged or a limit stops it: then what was read
/// so far is a part, and a finding says so.
/// Errors: `Empty`, `Read`, `Unsupported`, `Damaged` where no list of members can be found.
pub fn members(
    bytes: &dyn RandomRead,
    format: &str,
    limits: Limits,
    on_member: &mut OnMember<'_>,
) -> Result<Vec<Finding>, FormatError> {
    if bytes.is_empty() {
        return Err(FormatError::Empty);
    }
    if limits.max_depth == 0 {
        let message = "A container lies too deep inside other containers; it was not opened.";
        return Ok(vec![Finding::whole("container-too-deep", Severity::Serious, message)]);
    }
    let mut walk = Walk::new(limits);
    match format {
        "tar" => stream::tar(bytes, false, &mut walk, on_member)?,
        "tar-gz" => stream::tar(bytes, true, &mut walk, on_member)?,
        "gzip" => stream::gzip(bytes, &mut walk, on_member)?,
        f if FORMATS.contains(&f) => zip::walk(bytes, &mut walk, on_member)?,
        other => return Err(FormatError::Unsupported { format: other.to_owned() }),
    }
    Ok(walk.findings.close())
}

/// State shared by all kinds of container.
struct Walk {
    limits: Limits,
    total: u64,
    seen: std::collections::HashSet<Vec<u8>>,
    findings: Findings,
}

/// Findings with a ceiling for each code, so that a hostile container cannot fill memory with them.
#[derive(Default)]
struct Findings {
    list: Vec<Finding>,
    counts: std::collections::BTreeMap<&'static str, (u64, Severity)>,
}
impl Findings {
    const EACH: u64 = 20;
    fn add(&mut self, code: &'static str, severity: Severity, locator: Locator, message: impl Into<String>) {
        let n = &mut self.counts.entry(code).or_insert((0, severity)).0;
        *n += 1;
        if *n <= Self::EACH {
            self.list.push(Finding { code: code.into(), severity, locator, message: message.into() });
        }
    }
    fn close(mut self) -> Vec<Finding> {
        for (code, (n, severity)) in self.counts {
            if n > Self::EACH {
                self.list.push(Finding::whole(code, severity, format!("The same was noticed {} more times.", n - Self::EACH)));
            }
        }
        self.list
    }
}

/// Whether the container goes on.
#[derive(PartialEq, Eq)]
enum Next {
    Member,
    Stop,
}

impl Walk {
    fn new(limits: Limits) -> Self {
        Self { limits, total: 0, seen: Default::default(), findings: Findings::default() }
    }

    /// Checks a member's name; `None` with a finding where the member must be skipped.
    fn name(&mut self, raw: &[u8], text: &str, locator: &Locator) -> Option<(Private<String>, bool)> {
        let same = !self.seen.insert(raw.to_vec());
        if same {
            let message = "Two members have the same name; both are kept, apart from each other.";
            self.findings.add("member-name-twice", Severity::Warning, locator.clone(), message);
        }
        match safe_name(text) {
            Ok(name) => {
                if name.as_str() != text {
                    let message = "A member's name was cleaned of what does not belong in a name, such as characters that change the direction of writing.";
                    self.findings.add("member-name-cleaned", Severity::Warning, locator.clone(), message);
                }
                Some((Private::new(name), same))
            }
            Err(fault) => {
                let message = format!("A member was skipped: {fault}.");
                self.findings.add("member-name-unsafe", Severity::Warning, locator.clone(), message);
                None
            }
        }
    }

    /// Hands out one member. `packed`: bytes it takes in the container, where known for it alone.
    fn hand_out(
        &mut self,
        info: &MemberInfo,
        packed: Packed<'_>,
        locator: &Locator,
        body: &mut dyn Read,
        on: &mut OnMember<'_>,
    ) -> Next {
        let mut bounded = Bounded {
            body,
            read: 0,
            packed,
            ratio: self.limits.max_ratio.max(1),
            unmeasured: self.limits.unmeasured_bytes,
            // What says itself that it is a bomb need not go on until it is one.
            stated: info.stated_bytes.unwrap_or(0),
            member_left: self.limits.max_member_bytes,
            total_left: self.limits.max_total_bytes.saturating_sub(self.total),
            stopped: None,
            failed: false,
            ended: false,
        };
        let flow = on(info, &mut bounded);
        let (read, stopped, failed, ended) = (bounded.read, bounded.stopped, bounded.failed, bounded.ended);
        self.total = self.total.saturating_add(read);
        let serious = Severity::Serious;
        match stopped {
            Some(Ceiling::Member) => {
                let message =
                    format!("A member is longer than {} bytes; reading it was stopped there.", self.limits.max_member_bytes);
                self.findings.add("member-too-large", serious, locator.clone(), message);
            }
            Some(Ceiling::Ratio) => {
                let message = format!(
                    "A member unpacks to more than {} times its packed size; reading it was stopped.",
                    self.limits.max_ratio
                );
                self.findings.add("member-bomb", serious, locator.clone(), message);
            }
            Some(Ceiling::Total) => {
                let message =
                    format!("The container holds more than {} bytes; it was left at this member.", self.limits.max_total_bytes);
                self.findings.add("container-too-large", serious, locator.clone(), message);
                return Next::Stop;
            }
            None if failed => {
                let message = "A member is damaged; what could be unpacked of it is a part only.";
                self.findings.add("member-damaged", serious, locator.clone(), message);
            }
            None if ended && info.stated_bytes.is_some_and(|stated| stated != read) => {
                let message = "A member's length is not what the container states.";
                self.findings.add("member-length-differs", Severity::Warning, locator.clone(), message);
            }
            None => {}
        }
        if flow.is_break() { Next::Stop } else { Next::Member }
    }

    /// Counts a member; false with a finding once there are too many.
    fn count(&mut self, idx: u64) -> bool {
        if idx < self.limits.max_members {
            return true;
        }
        let message = format!("The container lists more than {} members; the others were not opened.", self.limits.max_members);
        self.findings.add("too-many-members", Severity::Serious, Locator::Whole, message);
        false
    }
}

#[derive(Clone, Copy)]
enum Ceiling {
    Member,
    Total,
    Ratio,
}

/// What a member is unpacked from.
#[derive(Clone, Copy)]
enum Packed<'a> {
    /// Nobody knows its share.
    Shared,
    /// So many bytes.
    Bytes(u64),
    /// So many bytes as of now.
    SoFar(&'a std::cell::Cell<u64>),
}
impl Packed<'_> {
    fn bytes(self) -> Option<u64> {
        match self {
            Self::Shared => None,
            Self::Bytes(n) => Some(n),
            Self::SoFar(n) => Some(n.get()),
        }
    }
}

/// A member's bytes, cut off at the limits.
struct Bounded<'a> {
    body: &'a mut dyn Read,
    read: u64,
    packed: Packed<'a>,
    ratio: u64,
    unmeasured: u64,
    stated: u64,
    member_left: u64,
    total_left: u64,
    stopped: Option<Ceiling>,
    failed: bool,
    ended: bool,
}

/// Most bytes unpacked at once, so that a limit is never overrun by more.
const PIECE: usize = 64 * 1024;

impl Read for Bounded<'_> {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        if buf.is_empty() || self.ended {
            return Ok(0);
        }
        if self.stopped.is_some() || self.failed {
            return Err(std::io::Error::other("reading this member was stopped"));
        }
        let room = self.member_left.min(self.total_left);
        // One byte beyond the limit is asked for, to tell "exactly full" from "too long".
        let want = usize::try_from(room.saturating_add(1)).unwrap_or(usize::MAX).min(buf.len()).min(PIECE);
        let n = match self.body.read(&mut buf[..want]) {
            Ok(n) => n as u64,
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => return Err(e),
            Err(e) => {
                self.failed = true;
                return Err(e);
            }
        };
        if n == 0 {
            self.ended = true;
            return Ok(0);
        }
        let far = (self.read + n).max(self.stated) / self.ratio;
        let over = self.read + n > self.unmeasured && self.packed.bytes().is_some_and(|packed| far > packed);
        self.stopped = match () {
            () if n > self.total_left => Some(Ceiling::Total),
            () if n > self.member_left => Some(Ceiling::Member),
            () if over => Some(Ceiling::Ratio),
            () => None,
        };
        let give = n.min(room);
        self.read += give;
        self.member_left -= give;
        self.total_left -= give;
        if self.stopped.is_some() && give == 0 {
            return Err(std::io::Error::other("reading this member was stopped"));
        }
        Ok(give as usize)
    }
}

#[cfg(test)]
mod tests;
