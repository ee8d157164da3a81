//! Which column is which field, by the names that operators and programs give, in Ukrainian, Russian and English.

use super::values::Zone;

/// Fields of a call record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Field {
    ANumber,
    BNumber,
    Start,
    Date,
    Time,
    Duration,
    Direction,
    Imei,
    Imsi,
    CellStart,
    CellEnd,
}

/// Names, most telling first; a column belongs to the first field one of whose names it equals, else begins with.
const NAMES: &[(Field, &str, &[&str])] = &[
    (Field::Imei, "imei", &["imei", "imeisv", "imei a", "a imei", "imei abonenta", "імей"]),
    (Field::Imsi, "imsi", &["imsi", "imsi a", "a imsi"]),
    (
        Field::CellEnd,
        "cell_end",
        &[
            "cell end",
            "end cell",
            "last cell",
            "last cell id",
            "cell id end",
            "end cell id",
            "кінцева бс",
            "конечная бс",
            "базова станція кінець",
            "базовая станция конец",
            "cgi end",
            "last cgi",
        ],
    ),
    (
        Field::CellStart,
        "cell_start",
        &[
            "cell start",
            "start cell",
            "first cell",
            "first cell id",
            "cell id",
            "cellid",
            "cell",
            "cgi",
            "ecgi",
            "lac cell",
            "lac ci",
            "site",
            "base station",
            "bts",
            "базова станція",
            "базовая станция",
            "бс",
            "стільник",
            "сота",
            "первая бс",
            "перша бс",
            "адреса бс",
            "адрес бс",
        ],
    ),
    (
        Field::Start,
        "start_local",
        &[
            "start",
            "start time",
            "start date",
            "starttime",
            "start datetime",
            "call start",
            "call start time",
            "call time",
            "call date",
            "call datetime",
            "date time",
            "datetime",
            "date and time",
            "timestamp",
            "begin",
            "begin time",
            "setup time",
            "answer time",
            "connect time",
            "event time",
            "start local",
            "start utc",
            "дата та час",
            "дата і час",
            "дата и время",
            "дата час",
            "дата время",
            "дата/час",
            "дата/время",
            "дата й час",
            "початок",
            "начало",
            "час початку",
            "время начала",
            "початок розмови",
            "начало разговора",
            "дата початку",
            "дата начала",
            "дата дзвінка",
            "дата звонка",
            "час дзвінка",
            "время звонка",
            "початок з'єднання",
            "начало соединения",
            "дата соединения",
            "час з'єднання",
            "дата з'єднання",
            "дата події",
            "дата события",
        ],
    ),
    (Field::Date, "date", &["date", "day", "дата", "день"]),
    (Field::Time, "time", &["time", "час", "время", "time of day"]),
    (
        Field::Duration,
        "duration_s",
        &[
            "duration",
            "duration s",
            "duration sec",
            "duration seconds",
            "call duration",
            "length",
            "seconds",
            "secs",
            "sec",
            "billsec",
            "talk time",
            "тривалість",
            "тривалість розмови",
            "длительность",
            "длительность разговора",
            "продолжительность",
            "тривалість сек",
            "длительность сек",
            "секунд",
            "сек",
            "хвилин",
            "минут",
        ],
    ),
    (
        Field::Direction,
        "direction",
        &[
            "direction",
            "call type",
            "type",
            "call direction",
            "record type",
            "call kind",
            "service",
            "service type",
            "напрямок",
            "напрям",
            "тип",
            "тип дзвінка",
            "тип звонка",
            "тип з'єднання",
            "тип соединения",
            "направление",
            "вид дзвінка",
            "вид звонка",
            "вид соединения",
            "послуга",
            "услуга",
            "напрямок дзвінка",
            "направление звонка",
        ],
    ),
    (
        Field::ANumber,
        "a_number",
        &[
            "a number",
            "a-number",
            "number a",
            "a party",
            "a",
            "anumber",
            "calling number",
            "calling party",
            "calling",
            "caller",
            "caller number",
            "caller id",
            "from",
            "from number",
            "msisdn",
            "msisdn a",
            "a msisdn",
            "source",
            "src",
            "originating number",
            "subscriber",
            "абонент а",
            "номер а",
            "номер a",
            "абонент a",
            "хто дзвонив",
            "кто звонил",
            "номер абонента",
            "вихідний номер",
            "исходящий номер",
            "телефон а",
            "абонент",
            "номер, що дзвонив",
            "номер вызывающего",
            "вызывающий номер",
            "вызывающий",
            "викликаючий",
            "номер того, хто дзвонить",
            "сторона а",
            "номер телефону",
            "номер телефона",
        ],
    ),
    (
        Field::BNumber,
        "b_number",
        &[
            "b number",
            "b-number",
            "number b",
            "b party",
            "b",
            "bnumber",
            "called number",
            "called party",
            "called",
            "callee",
            "callee number",
            "dialed number",
            "dialled number",
            "to",
            "to number",
            "msisdn b",
            "b msisdn",
            "destination",
            "dst",
            "terminating number",
            "other party",
            "peer",
            "абонент б",
            "абонент в",
            "номер б",
            "номер в",
            "номер b",
            "абонент b",
            "кому дзвонили",
            "кому звонили",
            "набраний номер",
            "набранный номер",
            "номер співрозмовника",
            "номер собеседника",
            "телефон б",
            "вызываемый номер",
            "вызываемый",
            "викликаний номер",
            "співрозмовник",
            "собеседник",
            "сторона б",
            "контакт",
        ],
    ),
];

/// The columns of a table.
#[derive(Clone, Debug)]
pub(super) struct Columns {
    pub(super) names: Vec<String>,
    /// Field and column index; each at most once.
    of: Vec<(Field, usize)>,
    zone: Zone,
}

/// The header among the first rows: the one that names most fields, calls' fields among them. `None` where there is none.
pub(super) fn find(rows: &[Vec<String>]) -> Option<(usize, Columns)> {
    let mut best: Option<(usize, usize, Columns)> = None;
    for (i, names) in rows.iter().enumerate() {
        let columns = Columns::new(names.clone());
        let has = |f| columns.idx(f).is_some();
        let number = has(Field::ANumber) || has(Field::BNumber);
        let when = has(Field::Start) || has(Field::Date);
        // A number and a time are in many tables; what else makes calls of them.
        let more = [Field::Duration, Field::Imei, Field::Imsi, Field::CellStart].into_iter().any(has)
            || has(Field::ANumber) && has(Field::BNumber);
        if number && when && more && best.as_ref().is_none_or(|(_, n, _)| columns.of.len() > *n) {
            best = Some((i, columns.of.len(), columns));
        }
    }
    best.map(|(i, _, c)| (i, c))
}

impl Columns {
    fn new(names: Vec<String>) -> Self {
        let keys: Vec<String> = names.iter().map(|n| key(n)).collect();
        let mut of: Vec<(Field, usize)> = Vec::new();
        for exact in [true, false] {
            for (field, _, known) in NAMES {
                for name in *known {
                    let name = key(name);
                    let free = |i: usize, of: &[(Field, usize)]| of.iter().all(|(f, j)| *j != i && f != field);
                    let hit = keys
                        .iter()
                        .position(|k| if exact { *k == name } else { name.len() >= 4 && k.starts_with(&format!("{name} ")) });
                    if let Some(i) = hit.filter(|i| free(*i, &of)) {
                        of.push((*field, i));
                    }
                }
            }
        }
        let mut this = Self { names, of, zone: Zone::Unknown };
        // One column for both is better than two halves; and two halves are needed both.
        if this.idx(Field::Start).is_some() {
            this.of.retain(|(f, _)| !matches!(f, Field::Date | Field::Time));
        }
        this.zone = [Field::Start, Field::Time, Field::Date]
            .into_iter()
            .filter_map(|f| this.idx(f))
            .map(|i| Zone::in_header(&this.names[i]))
            .find(|z| *z != Zone::Unknown)
            .unwrap_or(Zone::Unknown);
        this
    }
    fn idx(&self, field: Field) -> Option<usize> {
        self.of.iter().find(|(f, _)| *f == field).map(|(_, i)| *i)
    }
    /// The cell of a field; `None` where the column is absent or the row too short.
    pub(super) fn cell<'a>(&self, field: Field, cells: &'a [String]) -> Option<&'a str> {
        cells.get(self.idx(field)?).map(String::as_str).filter(|c| !c.is_empty())
    }
    /// Date and time as written, joined by a space where they stand in two columns.
    pub(super) fn date_text(&self, cells: &[String]) -> Option<String> {
        if let Some(start) = self.cell(Field::Start, cells) {
            return Some(start.to_owned());
        }
        let date = self.cell(Field::Date, cells)?;
        Some(match self.cell(Field::Time, cells) {
            Some(time) => format!("{date} {time}"),
            None => date.to_owned(),
        })
    }
    /// Zone that the header of the time states.
    pub(super) fn zone(&self) -> Zone {
        self.zone
    }
    /// The header of the duration says minutes.
    pub(super) fn duration_in_minutes(&self) -> bool {
        let Some(i) = self.idx(Field::Duration) else { return false };
        let k = key(&self.names[i]);
        k.split(' ').any(|w| matches!(w, "min" | "mins" | "minutes" | "мин" | "минут" | "минуты" | "хв" | "хвилин" | "хвилини"))
    }
    /// Number of columns that no field takes.
    pub(super) fn unmapped(&self) -> usize {
        self.names.len().saturating_sub(self.of.len())
    }
    /// Field name and column name, in the order of the fields.
    pub(super) fn mapping(&self) -> Vec<(String, String)> {
        let mut list: Vec<_> = self.of.clone();
        list.sort_unstable();
        let name = |f: Field| NAMES.iter().find(|(g, ..)| *g == f).map_or("", |(_, n, _)| *n).to_owned();
        list.into_iter().map(|(f, i)| (name(f), self.names[i].clone())).collect()
    }
}

/// Lower case, punctuation as one space.
fn key(name: &str) -> String {
    let mut out = String::new();
    for c in name.to_lowercase().chars() {
        if c.is_alphanumeric() || c == '\'' {
            out.push(c);
        } else if matches!(c, '’' | 'ʼ' | '`') {
            out.push('\'');
        } else if !out.ends_with(' ') {
            out.push(' ');
        }
    }
    out.trim().to_owned()
}
