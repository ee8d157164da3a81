//! JSON read without mercy, and written in exactly one way (RFC 8785).
//!
//! Two readers of the same bytes must never see two different values, so a key that occurs twice, a number that is not
//! an integer, or an integer that some readers would round is refused rather than resolved.

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use std::fmt;

/// Largest magnitude of an integer: 2^53 - 1.
pub const MAX_INTEGER: i64 = (1 << 53) - 1;

/// Why a JSON text is not accepted. Never repeats the text.
#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone, Copy)]
pub enum StrictError {
    /// Not JSON, nested too deeply, or followed by something.
    #[error("the text is not one well-formed JSON value")]
    Malformed,
    /// The same key twice in one object.
    #[error("a key occurs twice in one object")]
    DuplicateKey,
    /// A number with fraction or exponent, or beyond 2^53 - 1.
    #[error("a number is not an integer within 2^53 - 1")]
    Number,
}

struct Strict(Value);

const DUPLICATE: &str = "zapys: duplicate key";
const NUMBER: &str = "zapys: number";

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct V;
        impl<'de> Visitor<'de> for V {
            type Value = Strict;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON value")
            }
            fn visit_bool<E>(self, b: bool) -> Result<Strict, E> {
                Ok(Strict(b.into()))
            }
            fn visit_i64<E: de::Error>(self, n: i64) -> Result<Strict, E> {
                if n < -MAX_INTEGER { Err(E::custom(NUMBER)) } else { Ok(Strict(n.into())) }
            }
            fn visit_u64<E: de::Error>(self, n: u64) -> Result<Strict, E> {
                if n > MAX_INTEGER.unsigned_abs() { Err(E::custom(NUMBER)) } else { Ok(Strict(n.into())) }
            }
            fn visit_f64<E: de::Error>(self, _: f64) -> Result<Strict, E> {
                Err(E::custom(NUMBER))
            }
            fn visit_str<E>(self, s: &str) -> Result<Strict, E> {
                Ok(Strict(s.into()))
            }
            fn visit_unit<E>(self) -> Result<Strict, E> {
                Ok(Strict(Value::Null))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut a: A) -> Result<Strict, A::Error> {
                let mut list = Vec::new();
                while let Some(Strict(v)) = a.next_element()? {
                    list.push(v);
                }
                Ok(Strict(list.into()))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut a: A) -> Result<Strict, A::Error> {
                let mut map = Map::new();
                while let Some(key) = a.next_key::<String>()? {
                    let Strict(v) = a.next_value()?;
                    if map.insert(key, v).is_some() {
                        return Err(de::Error::custom(DUPLICATE));
                    }
                }
                Ok(Strict(map.into()))
            }
        }
        d.deserialize_any(V)
    }
}

/// Reads one JSON value. Errors: [`StrictError`]; nesting beyond 128 levels is malformed.
pub fn parse(bytes: &[u8]) -> Result<Value, StrictError> {
    serde_json::from_slice::<Strict>(bytes).map(|s| s.0).map_err(|e| {
        let text = e.to_string();
        if text.starts_with(DUPLICATE) {
            StrictError::DuplicateKey
        } else if text.starts_with(NUMBER) {
            StrictError::Number
        } else {
            StrictError::Malformed
        }
    })
}

/// The one way to write `value`: RFC 8785. Errors: [`StrictError::Number`] for numbers that [`parse`] would refuse,
/// [`StrictError::Malformed`] beyond 100 levels of nesting.
///
/// Written here because each entry and each commitment passes through it; without fractions only the order of keys is
/// left to do. Tests hold it against `serde_json_canonicalizer`.
pub fn canonical(value: &Value) -> Result<Vec<u8>, StrictError> {
    let mut out = Vec::with_capacity(512);
    write(value, 0, &mut out)?;
    Ok(out)
}

fn write(value: &Value, depth: usize, out: &mut Vec<u8>) -> Result<(), StrictError> {
    if depth > 100 {
        return Err(StrictError::Malformed);
    }
    match value {
        Value::Null => out.extend(b"null"),
        Value::Bool(true) => out.extend(b"true"),
        Value::Bool(false) => out.extend(b"false"),
        Value::Number(n) => match n.as_i64() {
            Some(i) if (-MAX_INTEGER..=MAX_INTEGER).contains(&i) => put(&i, out)?,
            _ => return Err(StrictError::Number),
        },
        Value::String(text) => put(text, out)?,
        Value::Array(list) => {
            out.push(b'[');
            for (i, value) in list.iter().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                write(value, depth + 1, out)?;
            }
            out.push(b']');
        }
        Value::Object(fields) => {
            let mut fields: Vec<(&String, &Value)> = fields.iter().collect();
            fields.sort_unstable_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
            out.push(b'{');
            for (i, (key, value)) in fields.into_iter().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                put(key, out)?;
                out.push(b':');
                write(value, depth + 1, out)?;
            }
            out.push(b'}');
        }
    }
    Ok(())
}

/// Integers, and strings with the escapes of RFC 8785, which are those of `serde_json`.
fn put<T: serde::Serialize>(value: &T, out: &mut Vec<u8>) -> Result<(), StrictError> {
    serde_json::to_writer(out, value).map_err(|_| StrictError::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn what_two_readers_could_see_differently_is_refused() {
        let check = |text: &str, want: Result<Value, StrictError>| assert_eq!(parse(text.as_bytes()), want, "{text}");
        check(r#"{"a":[1,-2,true,null,"x"]}"#, Ok(json!({"a": [1, -2, true, null, "x"]})));
        check(r#"{"a":1,"a":1}"#, Err(StrictError::DuplicateKey));
        check(r#"{"a":1,"\u0061":2}"#, Err(StrictError::DuplicateKey));
        check(r#"{"x":{"a":1,"a":2}}"#, Err(StrictError::DuplicateKey));
        check("1.0", Err(StrictError::Number));
        check("1e3", Err(StrictError::Number));
        check("-0", Err(StrictError::Number));
        check("9007199254740991", Ok(json!(9007199254740991i64)));
        check("9007199254740992", Err(StrictError::Number));
        check("-9007199254740992", Err(StrictError::Number));
        check("99999999999999999999", Err(StrictError::Number));
        check("{} {}", Err(StrictError::Malformed));
        check("\"\u{1}\"", Err(StrictError::Malformed));
        check(r#""\ud800""#, Err(StrictError::Malformed));
        check(&"[".repeat(100_000), Err(StrictError::Malformed));
        assert_eq!(parse(b"\xff"), Err(StrictError::Malformed));
    }

    #[test]
    fn keys_are_sorted_by_utf16_units_and_strings_are_left_alone() {
        // U+10000 is a surrogate pair (D800...), which sorts before U+FB33.
        let v = json!({"\u{fb33}": 1, "\u{10000}": 2, "a": "е\u{301}\n\u{7f}"});
        let text = String::from_utf8(canonical(&v).expect("integers only")).expect("utf-8");
        assert_eq!(text, "{\"a\":\"е\u{301}\\n\u{7f}\",\"\u{10000}\":2,\"\u{fb33}\":1}");
        assert_eq!(canonical(&json!(1.5)), Err(StrictError::Number));
    }

    fn values() -> impl Strategy<Value = Value> {
        let one = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            (-MAX_INTEGER..=MAX_INTEGER).prop_map(Value::from),
            any::<String>().prop_map(Value::from),
            "[\\x00-\\x7f\u{2028}\u{e000}-\u{ffff}\u{10000}]{0,12}".prop_map(Value::from),
        ];
        one.prop_recursive(4, 32, 6, |inner| {
            let key = prop_oneof![any::<String>(), "[\\x00-\\x7f\u{e000}-\u{ffff}\u{10000}]{0,3}"];
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::vec((key, inner), 0..6).prop_map(|all| all.into_iter().collect()),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_what_another_writes_and_comes_back(value in values()) {
            let bytes = canonical(&value).expect("integers only");
            prop_assert_eq!(&bytes, &serde_json_canonicalizer::to_vec(&value).expect("writes"));
            prop_assert_eq!(parse(&bytes), Ok(value));
        }
    }
}
